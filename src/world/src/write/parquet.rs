//! Parquet, as a writer leaves it that was not told how it will be asked.

use std::io;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanBuilder, Date32Builder, Decimal128Builder, Float64Builder, Int64Builder,
    ListBuilder, RecordBatch, StringBuilder, TimestampMicrosecondBuilder,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use domain::{Date, Timestamp};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;

use super::{RowFile, Sink};
use crate::record::{Cell, Column, Shape};

/// Rows that are turned into columns at once.
const BATCH_ROWS: usize = 8 * 1024;
/// Rows of a row group: what is held in memory, encoded, until it is written.
const ROW_GROUP_ROWS: usize = 32 * 1024;

/// A Parquet file.
pub(crate) struct ParquetFile {
    writer: ArrowWriter<Sink>,
    schema: SchemaRef,
    builders: Vec<Builder>,
    rows: usize,
}

impl ParquetFile {
    /// Begins a file.
    pub(crate) fn begin(sink: Sink, columns: &'static [Column]) -> io::Result<Self> {
        let fields: Vec<_> = columns
            .iter()
            .map(|(name, shape)| Field::new(*name, data_type(*shape), true))
            .collect();
        let schema = Arc::new(Schema::new(fields));
        let properties = WriterProperties::builder()
            .set_created_by("world".to_owned())
            .set_compression(Compression::SNAPPY)
            .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
            .build();
        let writer = ArrowWriter::try_new(sink, Arc::clone(&schema), Some(properties))?;
        let builders = columns.iter().map(|(_, shape)| Builder::new(*shape)).collect();
        Ok(Self { writer, schema, builders, rows: 0 })
    }

    /// Hands the rows held so far to the writer.
    fn flush(&mut self) -> io::Result<()> {
        if self.rows == 0 {
            return Ok(());
        }
        let columns = self.builders.iter_mut().map(Builder::finish).collect();
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), columns);
        self.writer.write(&batch.map_err(ParquetError::from)?)?;
        self.rows = 0;
        Ok(())
    }
}

impl RowFile for ParquetFile {
    fn write(&mut self, cells: &[Cell<'_>]) -> io::Result<()> {
        for (builder, cell) in self.builders.iter_mut().zip(cells) {
            builder.append(cell);
        }
        self.rows += 1;
        if self.rows == BATCH_ROWS { self.flush() } else { Ok(()) }
    }

    fn finish(mut self: Box<Self>) -> io::Result<()> {
        self.flush()?;
        self.writer.into_inner()?.finish()
    }
}

/// The Arrow type of a shape.
fn data_type(shape: Shape) -> DataType {
    match shape {
        Shape::Text => DataType::Utf8,
        Shape::Integer => DataType::Int64,
        Shape::Boolean => DataType::Boolean,
        Shape::Decimal => DataType::Decimal128(18, 2),
        Shape::Number => DataType::Float64,
        Shape::Date => DataType::Date32,
        Shape::Moment => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        Shape::Texts => DataType::new_list(DataType::Utf8, true),
    }
}

/// Collects the cells of one column.
enum Builder {
    Text(StringBuilder),
    Integer(Int64Builder),
    Boolean(BooleanBuilder),
    Decimal(Decimal128Builder),
    Number(Float64Builder),
    Date(Date32Builder),
    Moment(TimestampMicrosecondBuilder),
    Texts(ListBuilder<StringBuilder>),
}

impl Builder {
    fn new(shape: Shape) -> Self {
        let data_type = data_type(shape);
        match shape {
            Shape::Text => Self::Text(StringBuilder::new()),
            Shape::Integer => Self::Integer(Int64Builder::new()),
            Shape::Boolean => Self::Boolean(BooleanBuilder::new()),
            Shape::Decimal => Self::Decimal(Decimal128Builder::new().with_data_type(data_type)),
            Shape::Number => Self::Number(Float64Builder::new()),
            Shape::Date => Self::Date(Date32Builder::new()),
            Shape::Moment => {
                Self::Moment(TimestampMicrosecondBuilder::new().with_data_type(data_type))
            }
            Shape::Texts => Self::Texts(ListBuilder::new(StringBuilder::new())),
        }
    }

    /// Appends a cell; one of another shape than the column's would be a fault of ours.
    fn append(&mut self, cell: &Cell<'_>) {
        match (self, cell) {
            (Self::Text(builder), Cell::Text(text)) => builder.append_value(text),
            (Self::Integer(builder), Cell::Integer(number)) => builder.append_value(*number),
            (Self::Boolean(builder), Cell::Boolean(fact)) => builder.append_value(*fact),
            (Self::Decimal(builder), Cell::Decimal(amount)) => {
                builder.append_value(i128::from(amount.0));
            }
            (Self::Number(builder), Cell::Number(number)) => builder.append_value(number.as_f64()),
            (Self::Date(builder), Cell::Date(day)) => builder.append_value(days_since_1970(*day)),
            (Self::Moment(builder), Cell::Moment(moment)) => builder.append_value(moment.unix_us()),
            (Self::Texts(builder), Cell::Texts(texts)) => {
                builder.append_value(texts.iter().map(Some));
            }
            (builder, cell) => {
                debug_assert!(
                    matches!(cell, Cell::Null),
                    "invariant: a cell has its column's shape"
                );
                builder.append_null();
            }
        }
    }

    fn append_null(&mut self) {
        match self {
            Self::Text(builder) => builder.append_null(),
            Self::Integer(builder) => builder.append_null(),
            Self::Boolean(builder) => builder.append_null(),
            Self::Decimal(builder) => builder.append_null(),
            Self::Number(builder) => builder.append_null(),
            Self::Date(builder) => builder.append_null(),
            Self::Moment(builder) => builder.append_null(),
            Self::Texts(builder) => builder.append_null(),
        }
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Text(builder) => Arc::new(builder.finish()),
            Self::Integer(builder) => Arc::new(builder.finish()),
            Self::Boolean(builder) => Arc::new(builder.finish()),
            Self::Decimal(builder) => Arc::new(builder.finish()),
            Self::Number(builder) => Arc::new(builder.finish()),
            Self::Date(builder) => Arc::new(builder.finish()),
            Self::Moment(builder) => Arc::new(builder.finish()),
            Self::Texts(builder) => Arc::new(builder.finish()),
        }
    }
}

/// A day as Arrow counts it.
fn days_since_1970(day: Date) -> i32 {
    let days = Timestamp::start_of(day).unix_s().div_euclid(24 * 3600);
    i32::try_from(days).unwrap_or(i32::MAX)
}
