//! What surrounds every operation, before its handler and after it.
//!
//! # Order
//! Request (id, trace, span, problem rendering), then caller, rate and permission, then the
//! handler. None of them reads a byte of the body.
//!
//! # Rooms
//! - [`contract`]: which operations there are; [`permission`]: which is open to whom.
//! - [`request`]: the request's id and span; [`trace`]: the trace it belongs to.
//! - [`admit`]: who asks, how often, whether it may; [`caller`]: who that can be.
//! - [`rate_fields`]: what is told of rates.

pub(crate) mod admit;
pub mod caller;
pub mod contract;
pub mod permission;
mod rate_fields;
pub mod request;
pub mod trace;
