//! What rows are sorted by, laid out beside them.
//!
//! Rows that came together are put in order at once, while they are in a core's cache: what is
//! left to do is to merge, which reads each of them from front to back.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray as _, StringViewArray, UInt32Array};
use arrow::compute::{SortOptions, take_record_batch};
use arrow::datatypes::Schema;
use arrow::record_batch::RecordBatch;
use arrow::row::{RowConverter, Rows, SortField};
use datafusion::error::DataFusionError;

use super::order::order;
use crate::columns::{Columns, LOCATION, PERIOD};

/// The columns that rows are sorted by, and how their keys are laid out.
#[derive(Debug)]
pub(crate) struct Keys {
    places: Vec<usize>,
    converter: RowConverter,
}

/// Rows in order, and their keys.
#[derive(Debug)]
pub(crate) struct Keyed {
    pub(super) batch: RecordBatch,
    pub(super) keys: Rows,
}

impl Keys {
    /// The keys of a dataset's rows.
    ///
    /// # Errors
    /// When a column of the sort order cannot be compared.
    pub(crate) fn new(columns: &Columns) -> Result<Self, DataFusionError> {
        let schema = &columns.row_schema;
        let mut places = Vec::new();
        if columns.has_periods() {
            places.push(schema.index_of(PERIOD)?);
        }
        places.extend(&columns.sort_order);
        places.push(schema.index_of(LOCATION)?);
        Self::by(schema, places)
    }

    /// The keys of rows that are sorted by columns at some places.
    pub(super) fn by(schema: &Schema, places: Vec<usize>) -> Result<Self, DataFusionError> {
        let options = SortOptions { descending: false, nulls_first: false };
        let types = places.iter().map(|place| schema.field(*place).data_type().clone());
        let fields = types.map(|kind| SortField::new_with_options(kind, options));
        Ok(Self { converter: RowConverter::new(fields.collect())?, places })
    }

    /// Puts rows in order, and lays out their keys beside them.
    ///
    /// # Errors
    /// Never for rows of the dataset.
    pub(crate) fn beside(&self, batch: &RecordBatch) -> Result<Keyed, DataFusionError> {
        let keys = self.of(batch)?;
        let order = order(std::slice::from_ref(&keys));
        let bytes = keys.iter().map(|key| key.as_ref().len()).sum();
        let mut in_order = self.converter.empty_rows(order.len(), bytes);
        order.iter().for_each(|(_, row)| in_order.push(keys.row(*row as usize)));
        let rows = UInt32Array::from_iter_values(order.into_iter().map(|(_, row)| row));
        Ok(Keyed { batch: texts_in_order(&take_record_batch(batch, &rows)?)?, keys: in_order })
    }

    /// Lays out the keys of rows.
    ///
    /// # Errors
    /// Never for rows of the dataset.
    pub(super) fn of(&self, batch: &RecordBatch) -> Result<Rows, DataFusionError> {
        let columns: Vec<_> =
            self.places.iter().map(|place| Arc::clone(batch.column(*place))).collect();
        Ok(self.converter.convert_columns(&columns)?)
    }
}

/// The same rows, their texts in the order of the rows and in no more memory than they need.
fn texts_in_order(batch: &RecordBatch) -> Result<RecordBatch, DataFusionError> {
    let columns = batch.columns().iter().map(|column| -> ArrayRef {
        match column.as_string_view_opt().filter(|texts| are_own(texts)) {
            Some(texts) => Arc::new(texts.gc()),
            None => Arc::clone(column),
        }
    });
    Ok(RecordBatch::try_new(batch.schema(), columns.collect())?)
}

/// Whether each text lies in memory once, and not, as codes do, for many rows together.
fn are_own(texts: &StringViewArray) -> bool {
    let held: usize = texts.data_buffers().iter().map(|buffer| buffer.len()).sum();
    0 < held && texts.total_buffer_bytes_used() <= held
}
