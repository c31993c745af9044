//! Rows in order, still scattered over the batches that they came in.
//!
//! Wide rows are moved once only, and column by column: whoever encodes a column gathers it, so
//! that this is done on as many threads as encode.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, AsArray as _, BooleanArray, make_array, new_null_array,
};
use arrow::buffer::{BooleanBuffer, NullBuffer};
use arrow::compute::interleave;
use arrow::datatypes::{DataType, Schema};
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;

/// Some rows of some batches.
#[derive(Clone, Debug)]
pub(crate) struct Scattered {
    batches: Arc<[RecordBatch]>,
    /// For each row, its batch and its place there.
    places: Vec<(usize, usize)>,
}

impl Scattered {
    /// Rows of batches, by their places.
    pub(super) fn new(batches: Arc<[RecordBatch]>, places: Vec<(usize, usize)>) -> Self {
        Self { batches, places }
    }

    /// How many rows there are.
    pub(crate) fn rows(&self) -> usize {
        self.places.len()
    }

    /// Gathers one column.
    ///
    /// # Errors
    /// Never for batches of one schema.
    pub(crate) fn column(&self, column: usize) -> Result<ArrayRef, ArrowError> {
        let values: Vec<&dyn Array> =
            self.batches.iter().map(|batch| batch.column(column).as_ref()).collect();
        let Some(first) = values.first() else { return Ok(new_null_array(&DataType::Null, 0)) };
        if values.iter().all(|values| values.null_count() == values.len()) {
            return Ok(new_null_array(first.data_type(), self.rows()));
        }
        if first.data_type() == &DataType::Boolean {
            return without_idle_nulls(self.truths(&values));
        }
        without_idle_nulls(interleave(&values, &self.places)?)
    }

    /// Gathers truths bit by bit; the general way, which copies them run by run, takes far longer
    /// where a run is one row.
    fn truths(&self, values: &[&dyn Array]) -> ArrayRef {
        let values: Vec<&BooleanArray> = values.iter().map(|values| values.as_boolean()).collect();
        let place = |row: usize| self.places[row];
        let truths = BooleanBuffer::collect_bool(self.rows(), |row| {
            let (batch, row) = place(row);
            values[batch].values().value(row)
        });
        let has_nulls = values.iter().any(|values| 0 < values.null_count());
        let valid = has_nulls.then(|| {
            BooleanBuffer::collect_bool(self.rows(), |row| {
                let (batch, row) = place(row);
                values[batch].nulls().is_none_or(|nulls| nulls.is_valid(row))
            })
        });
        Arc::new(BooleanArray::new(truths, valid.map(NullBuffer::new)))
    }

    /// Gathers all columns.
    ///
    /// # Errors
    /// Never for batches of one schema.
    pub(super) fn batch(&self) -> Result<RecordBatch, ArrowError> {
        let schema =
            self.batches.first().map_or_else(|| Arc::new(Schema::empty()), RecordBatch::schema);
        let columns = (0..schema.fields().len()).map(|column| self.column(column));
        RecordBatch::try_new(schema, columns.collect::<Result<_, _>>()?)
    }

    /// The values of a column of numbers, row by row.
    pub(crate) fn numbers<T: ArrowPrimitiveType>(&self, column: usize) -> Vec<T::Native> {
        let values: Vec<_> = self
            .batches
            .iter()
            .map(|batch| batch.column(column).as_primitive::<T>().values().as_ref())
            .collect();
        self.places.iter().map(|(batch, row)| values[*batch][*row]).collect()
    }

    /// The rows of a range only.
    pub(crate) fn slice(&self, start: usize, rows: usize) -> Self {
        let places = self.places[start..start + rows].to_vec();
        Self { batches: Arc::clone(&self.batches), places }
    }

    /// Keeps the rows that are wanted, which are told in order.
    pub(crate) fn keep(&mut self, is_wanted: impl IntoIterator<Item = bool>) {
        let mut is_wanted = is_wanted.into_iter();
        self.places.retain(|_| is_wanted.next().unwrap_or(false));
    }

    /// Adds rows behind these.
    pub(crate) fn append(&mut self, other: Self) {
        if self.places.is_empty() {
            *self = other;
            return;
        }
        if Arc::ptr_eq(&self.batches, &other.batches) {
            self.places.extend(other.places);
            return;
        }
        self.let_go();
        let known = self.batches.len();
        self.batches = self.batches.iter().chain(&*other.batches).cloned().collect();
        self.places.extend(other.places.into_iter().map(|(batch, row)| (known + batch, row)));
    }

    /// Lets batches go that have none of the rows.
    fn let_go(&mut self) {
        let mut kept = Vec::new();
        let mut places = vec![None; self.batches.len()];
        for (batch, _) in &mut self.places {
            *batch = *places[*batch].get_or_insert_with(|| {
                kept.push(self.batches[*batch].clone());
                kept.len() - 1
            });
        }
        self.batches = kept.into();
    }

    /// Takes the first rows off.
    pub(crate) fn take_first(&mut self, rows: usize) -> Self {
        let rest = self.places.split_off(rows.min(self.places.len()));
        let places = std::mem::replace(&mut self.places, rest);
        Self { batches: Arc::clone(&self.batches), places }
    }
}

/// The same values, without a record of nulls that has none.
///
/// Whether there is one hangs on what other rows lay beside these; Parquet's writer cuts values
/// into smaller portions where there is one, and so falls back from a dictionary elsewhere.
fn without_idle_nulls(values: ArrayRef) -> Result<ArrayRef, ArrowError> {
    if values.nulls().is_none_or(|nulls| 0 < nulls.null_count()) {
        return Ok(values);
    }
    Ok(make_array(values.to_data().into_builder().nulls(None).build()?))
}

impl From<RecordBatch> for Scattered {
    fn from(batch: RecordBatch) -> Self {
        let places = (0..batch.num_rows()).map(|row| (0, row)).collect();
        Self { batches: Arc::new([batch]), places }
    }
}

impl Default for Scattered {
    fn default() -> Self {
        Self { batches: Arc::new([]), places: Vec::new() }
    }
}
