//! Normalising: from what a source says to what the codebook means, value by value.
//!
//! One way for all formats: what reads the same comes out the same, whether it came as CSV, NDJSON
//! or Parquet. The empty text and the codebook's missing-value codes are null everywhere.
//!
//! # Rooms
//! - [`values`]: reads one number, day, moment or truth from its text.
//! - [`lists`]: reads and writes lists as canonical JSON text.
//! - [`column`]: turns a column of cells into an Arrow array.
//! - [`parquet`]: turns a column of a Parquet file into an Arrow array.

pub(crate) mod column;
pub(crate) mod lists;
pub(crate) mod parquet;
pub(crate) mod values;
