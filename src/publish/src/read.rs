//! Reading: files of rows in, accepted rows out, on several threads.
//!
//! One thread walks the sources and cuts text into blocks (or decodes Parquet); the others take
//! blocks apart, convert and check them, and hand accepted rows to the sort. What is found on the
//! way goes to the thread that started them, which adds it up.
//!
//! # Rooms
//! - [`header`]: which column of a source is which column of the codebook.
//! - [`reader`]: the first thread.
//! - [`parser`]: the others.

pub(crate) mod header;
pub(crate) mod parser;
pub(crate) mod reader;

use std::sync::Arc;

use arrow::record_batch::RecordBatch;

use crate::failure::Unfit;
use crate::fingerprint::{KEY_ENTRY_BYTES, REFERENCE_ENTRY_BYTES};
use crate::leaf::Leaf;
use crate::rejects::FlawKind;
use crate::text::blocks::Block as TextBlock;
use crate::text::csv::Dialect;
use header::Header;

/// Something to be parsed.
pub(crate) enum Work {
    /// Rows of a CSV file.
    Csv(Arc<Leaf>, Arc<Header>, Dialect, TextBlock),
    /// Lines of an NDJSON file.
    Ndjson(Arc<Leaf>, TextBlock),
    /// Rows of a Parquet file, and the number of the first.
    Parquet(Arc<Leaf>, Arc<Header>, RecordBatch, u64),
}

/// What came to light while reading.
pub(crate) enum Event {
    /// A file of rows was found.
    Leaf(Arc<Leaf>),
    /// A file is of no use: its path, and why.
    Unfit(String, Unfit),
    /// A block was parsed.
    Block(Box<ParsedBlock>),
}

/// What is known of a block once its rows are on their way.
pub(crate) struct ParsedBlock {
    /// The file it is of.
    pub(crate) leaf: Arc<Leaf>,
    /// Rows that the source had.
    pub(crate) rows_read: u64,
    /// Rows that were rejected.
    pub(crate) rows_rejected: u64,
    /// Why.
    pub(crate) flaws: Vec<FlawKind>,
    /// For each column, accepted rows that lack it.
    pub(crate) nulls: Vec<u64>,
    /// For each column, accepted rows whose value was renamed.
    pub(crate) renamed: Vec<u64>,
    /// For each column, accepted rows with a value that has no successor.
    pub(crate) successor_missing: Vec<u64>,
    /// For each pair of `quality.order`, accepted rows in which the later is before the earlier.
    pub(crate) disorder: Vec<u64>,
    /// The periods of accepted rows, as the days they begin.
    pub(crate) periods: std::collections::BTreeSet<i32>,
    /// The keys of accepted rows.
    pub(crate) keys: Vec<[u8; KEY_ENTRY_BYTES]>,
    /// For each foreign key, what accepted rows point at.
    pub(crate) pointers: Vec<Vec<[u8; REFERENCE_ENTRY_BYTES]>>,
    /// For each foreign key within the dataset, what accepted rows can be pointed at by.
    pub(crate) targets: Vec<Vec<[u8; 8]>>,
}
