//! Answers in their five forms, streamed to a sink under the limits of the question.
//!
//! Knows no SQL and no snapshots.
//!
//! # Shape
//! Types are decided per column, never per value. Integers are JSON numbers; amounts texts with
//! all their digits; moments `2026-11-23T18:20:31.114210Z`; days `2026-11-23`; lists JSON arrays,
//! in CSV as JSON text; bytes hexadecimal digits; durations ISO 8601 (`PT90S`). A number that is
//! none (NaN, infinite) is `null` in JSON and empty in CSV, as a missing value is: JSON has no
//! word for it, and a text in a column of numbers would break its type. In CSV an empty text is
//! `""` and a missing value is nothing at all. Arrow and Parquet hold what the columns hold.
//!
//! # Invariant
//! Equal answers are equal bytes: no times, no ids, no metadata of this run.
//!
//! # Rooms
//! - [`shape`]: the columns of an answer, and batches brought into their types.
//! - [`column`], [`text`]: one value as text.
//! - [`json`], [`lines`], [`table`], [`stream`], [`file`]: JSON, NDJSON, CSV, Arrow, Parquet.
//! - [`answer`]: the limits, and the way to the sink.
//! - [`digest`]: the digest of the rows.

mod answer;
mod column;
mod digest;
mod file;
mod json;
mod lines;
mod shape;
mod stream;
mod table;
mod text;

use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use domain::limits::LimitName;
use domain::{Format, Notice};
use parquet::errors::ParquetError;

pub(crate) use answer::{Answer, Flow};
pub(crate) use digest::RowsDigest;
pub(crate) use shape::Shape;

/// Takes the bytes of an answer, in order.
pub trait Sink {
    /// Takes the next bytes.
    ///
    /// # Errors
    /// When nobody takes them any more.
    fn write(&mut self, bytes: &[u8]) -> Result<(), SinkClosed>;
}

/// Nobody takes the answer any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the answer is not taken any more")]
pub struct SinkClosed;

/// Why an answer could not be encoded.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EncodeError {
    /// A value has no form, such as a day in the year 12 000.
    #[error("a value has no form in the format")]
    Unprintable,
    /// The rows or bytes allowed are used up.
    #[error("the answer is over its {} limit", .0.as_str())]
    Limit(LimitName),
    /// Nobody takes the answer.
    #[error(transparent)]
    Closed(#[from] SinkClosed),
    /// Arrow could not bring a column into its type, or write it.
    #[error("a column could not be encoded")]
    Arrow(#[from] ArrowError),
    /// Parquet could not be written.
    #[error("the file could not be encoded")]
    Parquet(#[from] ParquetError),
}

/// What is known at the end of an answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct End {
    rows: u64,
    is_truncated: bool,
}

/// One form of an answer.
pub(crate) trait Encoder {
    /// Appends what stands before the rows.
    fn begin(&mut self, out: &mut Vec<u8>) -> Result<(), EncodeError>;

    /// Appends rows.
    fn rows(&mut self, batch: &RecordBatch, out: &mut Vec<u8>) -> Result<(), EncodeError>;

    /// Appends what stands behind the rows.
    fn end(&mut self, end: End, out: &mut Vec<u8>) -> Result<(), EncodeError>;

    /// How many bytes [`Encoder::rows`] appends for these rows, now or at the end.
    fn measure(&mut self, batch: &RecordBatch) -> Result<usize, EncodeError>;

    /// How many bytes [`Encoder::end`] appends at most, beside rows.
    fn end_bytes_max(&self) -> usize;

    /// How many bytes of rows wait within, to be appended later.
    fn waiting_bytes(&self) -> usize {
        0
    }
}

/// The encoder of a format. Only JSON has a place for notices; with the others they stand in the
/// headers.
///
/// # Errors
/// A shape that the format cannot hold.
pub(crate) fn encoder(
    format: Format,
    shape: &Shape,
    notices: &[Notice],
) -> Result<Box<dyn Encoder>, EncodeError> {
    Ok(match format {
        Format::Json => Box::new(json::Json::new(shape, notices)?),
        Format::Ndjson => Box::new(lines::Lines::new(shape)),
        Format::Csv => Box::new(table::Table::new(shape)),
        Format::Arrow => Box::new(stream::Stream::new(shape)?),
        Format::Parquet => Box::new(file::File::new(shape)?),
    })
}
