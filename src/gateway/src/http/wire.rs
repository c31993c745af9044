//! What stands on the wire: bodies in, bodies out, parameters, and their rules.
//!
//! # Rooms
//! - [`json`]: JSON bodies, read strictly and written plainly.
//! - [`params`]: path and query parameters.

pub mod json;
pub mod params;

pub use json::{JsonBody, ReadsJson, json};
pub use params::Params;
