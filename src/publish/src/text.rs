//! Text sources: from bytes to cells.
//!
//! A stream is cut into blocks at the ends of records, so that several threads can take blocks
//! apart at once; each block becomes a table of cells that point into its text.
//!
//! Knows nothing of types: what a cell's text means, its column decides.
//!
//! # Rooms
//! - [`blocks`]: cuts a stream.
//! - [`encoding`]: makes sure that a block is text.
//! - [`csv`], [`ndjson`]: take a block apart.
//! - [`cells`]: what comes out.

pub(crate) mod blocks;
pub(crate) mod cells;
pub(crate) mod csv;
pub(crate) mod encoding;
pub(crate) mod ndjson;
