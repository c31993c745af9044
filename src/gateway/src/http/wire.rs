//! What stands on the wire: bodies in, bodies out, parameters, and their rules.
//!
//! # Rooms
//! - [`json`]: JSON bodies, read strictly and written plainly.
//! - [`params`]: path and query parameters.
//! - [`accept`]: the form of an answer; [`prefer`]: how long to wait for it.
//! - [`range`]: parts of an answer, and answers known already.
//! - `digest`: what a body is said to be.
//! - `notice`: what is told of snapshots, in a header.
//! - `document`: what goes out byte for byte; `nothing`: bodies that may be left out.

pub mod accept;
pub(crate) mod digest;
pub(crate) mod document;
pub mod json;
pub(crate) mod nothing;
pub(crate) mod notice;
pub mod params;
pub mod prefer;
pub mod range;

pub use json::{JsonBody, ReadsJson, json};
pub use params::{Page, Params};
