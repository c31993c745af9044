//! Rows in memory, and the places of all of them in the order of their keys.

use std::sync::Arc;
use std::thread;

use arrow::compute::interleave_record_batch;
use arrow::record_batch::RecordBatch;
use arrow::row::Rows;
use datafusion::error::DataFusionError;

use super::Keys;

/// Where a row is, behind the bytes of its key that tell most rows apart.
type Place = (u128, u32, u32);

/// Bytes of a key that are compared at once.
const PREFIX_BYTES: usize = size_of::<u128>();

/// From so many rows on two threads sort.
const SHARED_ROWS_MIN: usize = 1 << 15;

/// Rows that came, in no order.
#[derive(Debug, Default)]
pub(super) struct Held {
    batches: Vec<RecordBatch>,
    keys: Vec<Rows>,
    bytes: usize,
}

impl Held {
    /// Takes rows.
    pub(super) fn push(&mut self, batch: RecordBatch, keys: &Keys) -> Result<(), DataFusionError> {
        let rows = keys.of(&batch)?;
        self.bytes += batch.get_array_memory_size() + rows.size();
        // Sorting takes the places once more.
        self.bytes += batch.num_rows() * size_of::<Place>() * 2;
        self.batches.push(batch);
        self.keys.push(rows);
        Ok(())
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
        let Self { batches, keys, bytes } = self;
        let shared = shared_prefix(&keys);
        let mut places: Vec<Place> = Vec::with_capacity(keys.iter().map(Rows::num_rows).sum());
        for (batch, rows) in (0_u32..).zip(&keys) {
            let prefixes = rows.iter().map(|key| prefix(&key.as_ref()[shared..]));
            places.extend((0_u32..).zip(prefixes).map(|(row, prefix)| (prefix, batch, row)));
        }
        let key = |place: &Place| keys[place.1 as usize].row(place.2 as usize);
        let order =
            |one: &Place, two: &Place| one.0.cmp(&two.0).then_with(|| key(one).cmp(&key(two)));
        if SHARED_ROWS_MIN <= places.len() {
            let middle = places.len() / 2;
            let (first, second) = places.split_at_mut(middle);
            thread::scope(|scope| {
                scope.spawn(|| first.sort_unstable_by(order));
                second.sort_unstable_by(order);
            });
        }
        // Two runs in order are found as such, and merged.
        places.sort_by(order);
        let places = places.into_iter().map(|(_, batch, row)| (batch, row)).collect();
        Sorted { batches, places, next: 0, bytes, rows: 0 }
    }
}

/// How many bytes all keys begin with in common.
fn shared_prefix(keys: &[Rows]) -> usize {
    let mut all = keys.iter().flat_map(Rows::iter);
    let Some(first) = all.next() else { return 0 };
    let first = first.as_ref();
    all.fold(first.len(), |shared, key| {
        let pairs = first[..shared].iter().zip(key.as_ref());
        pairs.take_while(|(one, other)| one == other).count()
    })
}

/// The first bytes of a key as a number that compares as they do.
fn prefix(key: &[u8]) -> u128 {
    let mut bytes = [0; PREFIX_BYTES];
    let count = key.len().min(PREFIX_BYTES);
    bytes[..count].copy_from_slice(&key[..count]);
    u128::from_be_bytes(bytes)
}

/// Rows in order, to be moved when they leave.
#[derive(Debug)]
pub(super) struct Sorted {
    batches: Vec<RecordBatch>,
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
    pub(super) fn batches(self, rows: usize) -> Self {
        Self { rows: rows.max(1), ..self }
    }
}

impl Iterator for Sorted {
    type Item = Result<RecordBatch, DataFusionError>;

    fn next(&mut self) -> Option<Self::Item> {
        let end = (self.next + self.rows).min(self.places.len());
        let places = &self.places[self.next..end];
        if places.is_empty() {
            return None;
        }
        let places: Vec<(usize, usize)> =
            places.iter().map(|(batch, row)| (*batch as usize, *row as usize)).collect();
        self.next = end;
        Some(interleaved(&self.batches, &places))
    }
}

/// The rows at some places of some batches.
pub(super) fn interleaved(
    batches: &[RecordBatch],
    places: &[(usize, usize)],
) -> Result<RecordBatch, DataFusionError> {
    let batches: Vec<&RecordBatch> = batches.iter().collect();
    Ok(interleave_record_batch(&batches, places)?)
}

/// The same rows, holding no more text than they have.
pub(super) fn compact(batch: &RecordBatch) -> Result<RecordBatch, DataFusionError> {
    use arrow::array::{ArrayRef, AsArray as _};
    use arrow::datatypes::DataType;

    let columns = batch.columns().iter().map(|column| -> ArrayRef {
        if column.data_type() == &DataType::Utf8View {
            Arc::new(column.as_string_view().gc())
        } else {
            Arc::clone(column)
        }
    });
    Ok(RecordBatch::try_new(batch.schema(), columns.collect())?)
}
