//! What surrounds every operation, before its handler and after it.
//!
//! # Order
//! Request (id, trace, span, problem rendering), then caller, rate and permission, then the
//! handler. None of them reads a byte of the body.
//!
//! # Rooms
//! - [`contract`]: which operations there are; [`permission`]: which is open to whom.
//! - [`request`]: the request's id and span; [`trace`]: the trace it belongs to.
//! - [`caller`]: who asks.

pub mod caller;
pub mod contract;
pub mod permission;
pub mod request;
pub mod trace;
