//! One column being gathered and encoded, from the first row of a file to the last.

use std::sync::Arc;

use arrow::array::{Array as _, ArrayRef, AsArray as _};
use arrow::datatypes::SchemaRef;
use domain::codebook::FieldType;
use parquet::arrow::arrow_writer::{ArrowColumnChunk, ArrowColumnWriter, compute_leaves};

use super::summary::ColumnFacts;
use crate::columns::{Column, Columns};
use crate::convert::lists;
use crate::failure::Fault;
use crate::fingerprint::{Encoder, hash};
use crate::sort::scattered::Scattered;

/// A column's writer, and what is known of the column.
pub(super) struct Lane {
    /// Its place in the codebook.
    place: usize,
    is_list: bool,
    schema: SchemaRef,
    /// Of the row group being written.
    writer: Option<ArrowColumnWriter>,
    /// Of the row group that ended.
    chunk: Option<ArrowColumnChunk>,
    facts: ColumnFacts,
}

impl Lane {
    /// A column at a place of the codebook.
    pub(super) fn new(columns: &Columns, place: usize) -> Self {
        Self {
            place,
            is_list: columns.all[place].field.field_type == FieldType::List,
            schema: Arc::clone(&columns.file_schema),
            writer: None,
            chunk: None,
            facts: ColumnFacts::default(),
        }
    }

    /// Its place in the codebook.
    pub(super) fn place(&self) -> usize {
        self.place
    }

    /// Begins a row group.
    pub(super) fn begin(&mut self, writer: Option<ArrowColumnWriter>) {
        self.writer = writer;
    }

    /// Gathers and encodes the column of some rows.
    ///
    /// # Errors
    /// When the values cannot be encoded.
    pub(super) fn encode(&mut self, rows: &Scattered) -> Result<(), Fault> {
        let Some(writer) = &mut self.writer else { return Ok(()) };
        let mut values = rows.column(self.place)?;
        self.facts.note(&values);
        if self.is_list {
            values = lists::to_lists(values.as_string_view())?;
        }
        for leaf in compute_leaves(self.schema.field(self.place), &values)? {
            writer.write(&leaf)?;
        }
        Ok(())
    }

    /// Ends the row group.
    ///
    /// # Errors
    /// When the values cannot be encoded.
    pub(super) fn end_group(&mut self) -> Result<(), Fault> {
        self.chunk = self.writer.take().map(ArrowColumnWriter::close).transpose()?;
        Ok(())
    }

    /// The column's part of the row group that ended.
    pub(super) fn take_chunk(&mut self) -> Option<ArrowColumnChunk> {
        self.chunk.take()
    }

    /// What is known of the column in the file that ended.
    pub(super) fn take_facts(&mut self) -> ColumnFacts {
        std::mem::take(&mut self.facts)
    }
}

/// About how long a column takes to encode, beside one of numbers.
pub(super) fn weight(column: &Column) -> u32 {
    match column.field.field_type {
        FieldType::List => 6,
        FieldType::String if column.field.free_text => 6,
        FieldType::String if column.categories.is_none() => 4,
        FieldType::String => 2,
        FieldType::Integer
        | FieldType::Number
        | FieldType::Decimal
        | FieldType::Boolean
        | FieldType::Date
        | FieldType::Datetime => 1,
    }
}

impl ColumnFacts {
    /// Takes note of values.
    fn note(&mut self, values: &ArrayRef) {
        self.null_count += values.null_count() as u64;
        if values.null_count() == values.len() {
            return;
        }
        let encoder = Encoder::new([values]);
        let mut encoding = Vec::new();
        for row in (0..values.len()).filter(|row| values.is_valid(*row)) {
            // Sorted rows bring the same value many times over.
            if 0 < row && encoder.is_as_before(row) {
                continue;
            }
            encoding.clear();
            encoder.write(row, &mut encoding);
            self.sketch.add(hash(&encoding));
        }
    }
}
