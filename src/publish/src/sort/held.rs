//! Rows in memory, and all of them in the order of their keys.

use std::sync::Arc;

use arrow::record_batch::RecordBatch;
use arrow::row::Rows;

use super::keys::Keyed;
use super::order::{Place, order};
use super::scattered::Scattered;

/// Rows that came, in no order.
#[derive(Debug, Default)]
pub(super) struct Held {
    batches: Vec<RecordBatch>,
    keys: Vec<Rows>,
    bytes: usize,
}

impl Held {
    /// Takes rows.
    pub(super) fn push(&mut self, Keyed { batch, keys }: Keyed) {
        self.bytes += batch.get_array_memory_size() + keys.size();
        // Merging takes the places twice.
        self.bytes += batch.num_rows() * size_of::<Place>() * 2;
        self.batches.push(batch);
        self.keys.push(keys);
    }

    /// What they take, and what sorting them will.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.batches.is_empty()
    }

    /// The same rows in order.
    pub(super) fn sorted(self) -> Sorted {
        let places = order(&self.keys);
        let batches = self.batches.into();
        Sorted { batches, places, next: 0, bytes: self.bytes, rows: super::BATCH_ROWS }
    }
}

/// Rows in order.
#[derive(Debug)]
pub(crate) struct Sorted {
    batches: Arc<[RecordBatch]>,
    places: Vec<(u32, u32)>,
    next: usize,
    bytes: usize,
    /// Rows that leave at once.
    rows: usize,
}

impl Sorted {
    /// So many rows of these as take about so many bytes, within what is handed on at once.
    pub(super) fn rows_of(&self, bytes: usize) -> usize {
        let row_bytes = (self.bytes / self.places.len().max(1)).max(1);
        (bytes / row_bytes).clamp(1, super::BATCH_ROWS)
    }

    /// The rows, so many at once.
    pub(super) fn at_once(self, rows: usize) -> Self {
        Self { rows: rows.max(1), ..self }
    }
}

impl Iterator for Sorted {
    type Item = Scattered;

    fn next(&mut self) -> Option<Self::Item> {
        let end = (self.next + self.rows).min(self.places.len());
        let places = &self.places[self.next..end];
        if places.is_empty() {
            return None;
        }
        let places = places.iter().map(|(batch, row)| (*batch as usize, *row as usize)).collect();
        self.next = end;
        Some(Scattered::new(Arc::clone(&self.batches), places))
    }
}
