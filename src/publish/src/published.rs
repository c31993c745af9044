//! Reading files that were published before: kept ones, and those that keys point at.
//!
//! # Invariant
//! Values come out as rows on their way have them: text as views, lists as canonical text.
#![expect(clippy::wildcard_enum_match_arm, reason = "Arrow has more types than our files have")]

use std::sync::Arc;

use arrow::array::{ArrayRef, new_null_array};
use arrow::datatypes::{DataType, Field, Schema};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use domain::ColumnName;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
    ParquetRecordBatchReaderBuilder, RowSelection,
};
use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaData;

use crate::columns::{Columns, row_type};
use crate::convert::lists;
use crate::failure::Fault;
use crate::sort::BATCH_ROWS;
use crate::source::section::Section;

/// A published file, its footer read.
#[derive(Clone, Debug)]
pub(crate) struct Published {
    section: Section,
    metadata: ArrowReaderMetadata,
}

impl Published {
    /// Reads a file's footer.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn open(section: Section) -> Result<Self, Fault> {
        let plain = ArrowReaderMetadata::load(&section, ArrowReaderOptions::new())
            .map_err(Fault::Published)?;
        let fields: Vec<Field> =
            plain.schema().fields().iter().map(|field| as_view(field)).collect();
        let options = ArrowReaderOptions::new().with_schema(Arc::new(Schema::new(fields)));
        let metadata = ArrowReaderMetadata::try_new(Arc::clone(plain.metadata()), options)
            .map_err(Fault::Published)?;
        Ok(Self { section, metadata })
    }

    /// What Parquet says of it.
    pub(crate) fn metadata(&self) -> &ParquetMetaData {
        self.metadata.metadata()
    }

    /// The file itself.
    pub(crate) fn section(&self) -> &Section {
        &self.section
    }

    /// Whether it has a column.
    pub(crate) fn has(&self, name: &ColumnName) -> bool {
        self.metadata.schema().field_with_name(name.as_str()).is_ok()
    }

    /// Reads some columns of some rows, or of all.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(crate) fn read<'a>(
        &self,
        names: impl Iterator<Item = &'a ColumnName>,
        rows: Option<RowSelection>,
    ) -> Result<ParquetRecordBatchReader, Fault> {
        let names = names
            .map(ColumnName::as_str)
            .filter(|name| self.metadata.schema().field_with_name(name).is_ok());
        let mask = ProjectionMask::columns(self.metadata.parquet_schema(), names);
        let mut builder = ParquetRecordBatchReaderBuilder::new_with_metadata(
            self.section.clone(),
            self.metadata.clone(),
        )
        .with_projection(mask)
        .with_batch_size(BATCH_ROWS);
        if let Some(rows) = rows {
            builder = builder.with_row_selection(rows);
        }
        builder.build().map_err(Fault::Published)
    }
}

/// The rows of a file with some columns, as rows on their way have them.
///
/// # Errors
/// When the file cannot be read.
pub(crate) fn rows<'a>(
    file: &Published,
    columns: &'a Columns,
    places: Vec<usize>,
) -> Result<impl Iterator<Item = Result<RecordBatch, Fault>> + use<'a>, Fault> {
    let schema = Arc::new(columns.row_schema.project(&places)?);
    let reader = file.read(places.iter().map(|place| columns.name(*place)), None)?;
    Ok(reader.map(move |batch| {
        let rows = batch.as_ref().map_or(0, RecordBatch::num_rows);
        let arrays = columns_of(batch, columns, places.iter().copied())?;
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        Ok(RecordBatch::try_new_with_options(Arc::clone(&schema), arrays, &options)?)
    }))
}

/// The columns of a batch by name, as rows on their way have them; nulls for those that it lacks.
///
/// # Errors
/// When the batch could not be read.
pub(crate) fn columns_of(
    batch: Result<RecordBatch, arrow::error::ArrowError>,
    columns: &Columns,
    places: impl Iterator<Item = usize>,
) -> Result<Vec<ArrayRef>, Fault> {
    let batch = batch.map_err(|error| Fault::Published(error.into()))?;
    let column = |place: usize| {
        let missing = || {
            let field_type = columns.all[place].field.field_type;
            Ok(new_null_array(&row_type(field_type), batch.num_rows()))
        };
        batch.column_by_name(columns.name(place).as_str()).map_or_else(missing, as_text)
    };
    places.map(column).collect()
}

/// The columns of a batch of another dataset by name, if it has them all.
///
/// # Errors
/// When the batch could not be read.
pub(crate) fn named(
    batch: Result<RecordBatch, arrow::error::ArrowError>,
    names: &[ColumnName],
) -> Result<Vec<ArrayRef>, Fault> {
    let batch = batch.map_err(|error| Fault::Published(error.into()))?;
    let column = |name: &ColumnName| {
        let missing =
            || Fault::Published(ParquetError::General("a column went missing".to_owned()));
        batch.column_by_name(name.as_str()).ok_or_else(missing).and_then(as_text)
    };
    names.iter().map(column).collect()
}

/// A column with its lists as text.
fn as_text(values: &ArrayRef) -> Result<ArrayRef, Fault> {
    match values.data_type() {
        DataType::List(_) => Ok(Arc::new(lists::to_texts(values)?.0)),
        _ => Ok(Arc::clone(values)),
    }
}

/// A field whose text is read as views.
fn as_view(field: &Field) -> Field {
    match field.data_type() {
        DataType::Utf8 => field.clone().with_data_type(DataType::Utf8View),
        _ => field.clone(),
    }
}
