//! Sorted rows in files without a name, within a budget.
//!
//! # Invariant
//! A file's rows are in order, and together files never hold more than the budget.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Seek as _, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::{ArrayRef, AsArray as _};
use arrow::datatypes::SchemaRef;
use arrow::ipc::CompressionType;
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::{IpcWriteOptions, StreamWriter};
use arrow::record_batch::RecordBatch;
use datafusion::error::DataFusionError;

use super::CHUNK_BYTES;
use super::held::Sorted;
use super::scattered::Scattered;

/// Bytes that are read and written at once.
const FILE_BUFFER_BYTES: usize = 128 * 1024;

/// Where files go, and how much they may hold together.
#[derive(Debug)]
pub(super) struct Scratch {
    folder: PathBuf,
    bytes_max: u64,
    bytes: AtomicU64,
}

impl Scratch {
    /// A folder for so many bytes.
    pub(super) fn new(folder: &Path, bytes_max: u64) -> Self {
        Self { folder: folder.to_owned(), bytes_max, bytes: AtomicU64::new(0) }
    }
}

/// A file being written, and what it takes of the budget.
#[derive(Debug)]
struct Counted {
    file: File,
    bytes: u64,
    scratch: Arc<Scratch>,
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.scratch.bytes.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let length = bytes.len() as u64;
        let before = self.scratch.bytes.fetch_add(length, Ordering::Relaxed);
        self.bytes += length;
        if self.scratch.bytes_max < before + length {
            return Err(io::Error::from(io::ErrorKind::QuotaExceeded));
        }
        self.file.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Sorted rows in a file.
#[derive(Debug)]
pub(super) struct Spilled {
    file: Counted,
}

/// Writes sorted rows, in batches of about [`CHUNK_BYTES`].
pub(super) fn write(
    rows: Sorted,
    schema: &SchemaRef,
    scratch: &Arc<Scratch>,
) -> Result<Spilled, DataFusionError> {
    let at_once = rows.rows_of(CHUNK_BYTES);
    write_pieces(rows.at_once(at_once).map(Ok), schema, scratch)
}

/// Writes rows, as many at once as they come.
pub(super) fn write_pieces(
    pieces: impl Iterator<Item = Result<Scattered, DataFusionError>>,
    schema: &SchemaRef,
    scratch: &Arc<Scratch>,
) -> Result<Spilled, DataFusionError> {
    let file = tempfile::tempfile_in(&scratch.folder).map_err(DataFusionError::IoError)?;
    let counted = Counted { file, bytes: 0, scratch: Arc::clone(scratch) };
    let buffered = BufWriter::with_capacity(FILE_BUFFER_BYTES, counted);
    let options = IpcWriteOptions::default();
    let options = options.try_with_compression(Some(CompressionType::LZ4_FRAME))?;
    let mut writer = StreamWriter::try_new_with_options(buffered, schema, options)
        .map_err(|error| beyond_budget(error, scratch))?;
    for piece in pieces {
        writer.write(&compact(&piece?.batch()?)?).map_err(|error| beyond_budget(error, scratch))?;
    }
    let buffered = writer.into_inner().map_err(|error| beyond_budget(error, scratch))?;
    let written = buffered.into_inner().map_err(io::IntoInnerError::into_error);
    let mut file = written.map_err(|error| beyond_budget(error.into(), scratch))?;
    file.file.rewind().map_err(DataFusionError::IoError)?;
    Ok(Spilled { file })
}

/// The same rows, holding no more text than they have.
fn compact(batch: &RecordBatch) -> Result<RecordBatch, DataFusionError> {
    let columns = batch.columns().iter().map(|column| -> ArrayRef {
        match column.as_string_view_opt() {
            Some(texts) => Arc::new(texts.gc()),
            None => Arc::clone(column),
        }
    });
    Ok(RecordBatch::try_new(batch.schema(), columns.collect())?)
}

/// An error of writing, which is one of its own kind where the budget is used up.
fn beyond_budget(error: arrow::error::ArrowError, scratch: &Scratch) -> DataFusionError {
    if scratch.bytes_max < scratch.bytes.load(Ordering::Relaxed) {
        return DataFusionError::ResourcesExhausted("the spill limit is used up".to_owned());
    }
    if let arrow::error::ArrowError::IoError(_, error) = error {
        return DataFusionError::IoError(error);
    }
    error.into()
}

/// The rows of a file, read back.
pub(super) struct Reading {
    reader: StreamReader<BufReader<File>>,
    /// Holds the file's part of the budget while it is read.
    _file: Counted,
}

impl Spilled {
    /// Reads the rows back.
    pub(super) fn read(self) -> Result<Reading, DataFusionError> {
        let file = self.file.file.try_clone().map_err(DataFusionError::IoError)?;
        let buffered = BufReader::with_capacity(FILE_BUFFER_BYTES, file);
        Ok(Reading { reader: StreamReader::try_new(buffered, None)?, _file: self.file })
    }
}

impl Iterator for Reading {
    type Item = Result<RecordBatch, DataFusionError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.reader.next().map(|batch| batch.map_err(DataFusionError::from))
    }
}
