//! Sorts rows by their keys alone, and spills what does not fit in memory.
//!
//! Keys are laid out so that their bytes compare as the rows do; places of rows are sorted by them,
//! and wide rows are moved once, when they leave. Memory is bounded by bytes, never by counting
//! rows: where rows are wide, fewer of them are read back at once.
//!
//! # Order
//! By period, then by the codebook's `sort_order` (ascending, nulls last), then as rows were
//! read; so the order of any rows is one order, however many threads brought them, and whether
//! they were spilled or not.
//!
//! # Rooms
//! - [`keys`]: what rows are sorted by.
//! - [`held`]: rows in memory, and their [`order`].
//! - [`scattered`]: rows as they leave.
//! - [`spill`]: sorted rows in files without a name.
//! - [`merge`]: several such files as one.

mod held;
pub(crate) mod keys;
mod merge;
mod order;
pub(crate) mod scattered;
mod spill;

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::Receiver;

use arrow::datatypes::SchemaRef;
use datafusion::error::DataFusionError;

use held::{Held, Sorted};
use keys::{Keyed, Keys};
use merge::Merge;
use scattered::Scattered;
use spill::{Scratch, Spilled};

/// Rows that the sort hands on at once.
pub(crate) const BATCH_ROWS: usize = 8192;

/// Bytes of rows that are read back at once from each file.
const CHUNK_BYTES: usize = 512 * 1024;

/// How often the rows of a chunk may be in memory while files are merged: as they were read, with
/// their keys, the chunk before whose last rows are still waited for, and as they leave.
const CHUNK_COPIES: usize = 4;

/// What sorting may use.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SortLimits<'a> {
    /// Bytes of memory.
    pub(crate) memory_bytes: u64,
    /// Bytes of the scratch folder.
    pub(crate) spill_bytes: u64,
    /// The scratch folder.
    pub(crate) scratch: &'a Path,
}

/// All rows in order.
pub(crate) enum InOrder {
    /// From memory.
    Held(Sorted),
    /// From files.
    Merged(Box<Merge>),
}

impl Iterator for InOrder {
    type Item = Result<Scattered, DataFusionError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::Held(rows) => rows.next().map(Ok),
            Self::Merged(rows) => rows.next(),
        }
    }
}

/// Sorts all rows that come through a channel.
///
/// # Errors
/// When memory or disk do not suffice.
pub(crate) fn sorted(
    rows: &Receiver<Keyed>,
    schema: &SchemaRef,
    keys: &Arc<Keys>,
    limits: SortLimits<'_>,
) -> Result<InOrder, DataFusionError> {
    let scratch = Arc::new(Scratch::new(limits.scratch, limits.spill_bytes));
    let memory_bytes = usize::try_from(limits.memory_bytes).unwrap_or(usize::MAX);
    let mut held = Held::default();
    let mut spilled = Vec::new();
    for some in rows {
        held.push(some);
        if memory_bytes <= held.bytes() {
            spilled.push(spill::write(std::mem::take(&mut held).sorted(), schema, &scratch)?);
        }
    }
    if spilled.is_empty() {
        return Ok(InOrder::Held(held.sorted()));
    }
    if !held.is_empty() {
        spilled.push(spill::write(held.sorted(), schema, &scratch)?);
    }
    let fan_in = (memory_bytes / (CHUNK_BYTES * CHUNK_COPIES)).max(2);
    let merged = merge_down(spilled, fan_in, keys, schema, &scratch)?;
    Ok(InOrder::Merged(Box::new(merged)))
}

/// Merges files until so few are left that they can be merged while rows leave.
fn merge_down(
    mut spilled: Vec<Spilled>,
    fan_in: usize,
    keys: &Arc<Keys>,
    schema: &SchemaRef,
    scratch: &Arc<Scratch>,
) -> Result<Merge, DataFusionError> {
    while fan_in < spilled.len() {
        let some = spilled.drain(..fan_in).collect();
        let merged = Merge::new(some, Arc::clone(keys))?;
        spilled.push(spill::write_pieces(merged, schema, scratch)?);
    }
    Merge::new(spilled, Arc::clone(keys))
}

#[cfg(test)]
mod tests;
