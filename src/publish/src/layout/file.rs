//! One Parquet file, digested while it is written.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::Arc;

use domain::Sha256Digest;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowRowGroupWriterFactory;
use parquet::file::metadata::ParquetMetaData;
use parquet::file::writer::SerializedFileWriter;
use sha2::{Digest as _, Sha256};

use super::lanes::Lanes;
use super::properties::{ROW_GROUP_ROWS, properties};
use super::summary::{ColumnFacts, Summary};
use crate::columns::Columns;
use crate::failure::Fault;
use crate::sort::scattered::Scattered;

/// Bytes that are written at once.
const WRITE_BYTES: usize = 1024 * 1024;

/// A file being written.
pub(crate) struct OpenFile {
    name: String,
    number: usize,
    period: i32,
    writer: SerializedFileWriter<Digesting>,
    factory: ArrowRowGroupWriterFactory,
    rows: usize,
    /// Rows of the row group being written.
    group_rows: usize,
}

/// A file that is written.
#[derive(Debug)]
pub(crate) struct WrittenFile {
    /// Its name in the folder.
    pub(crate) name: String,
    /// Its number, in the order of writing.
    pub(crate) number: usize,
    /// Its period, as the day it begins.
    pub(crate) period: i32,
    /// Its length.
    pub(crate) bytes: u64,
    /// Its digest.
    pub(crate) sha256: Sha256Digest,
    /// What Parquet says of it.
    pub(crate) metadata: ParquetMetaData,
    /// What we say of its columns, in the codebook's order.
    pub(crate) facts: Vec<ColumnFacts>,
}

impl OpenFile {
    /// Creates a file in a folder.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub(crate) fn create(
        columns: &Columns,
        folder: &Path,
        number: usize,
        period: i32,
    ) -> Result<Self, Fault> {
        let name = format!("{number:05}.parquet");
        let file = File::create_new(folder.join(&name)).map_err(Fault::Scratch)?;
        let writer = ArrowWriter::try_new(
            Digesting::new(file),
            Arc::clone(&columns.file_schema),
            Some(properties(columns)?),
        )?;
        let (writer, factory) = writer.into_serialized_writer()?;
        Ok(Self { name, number, period, writer, factory, rows: 0, group_rows: 0 })
    }

    /// How many rows it has.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// Appends rows, of which full row groups are whole multiples.
    ///
    /// # Errors
    /// When they cannot be encoded or written.
    pub(crate) fn append(&mut self, rows: Scattered, lanes: &mut Lanes) -> Result<(), Fault> {
        if self.group_rows == 0 {
            let group = self.writer.flushed_row_groups().len();
            lanes.begin(self.factory.create_column_writers(group)?)?;
        }
        self.rows += rows.rows();
        self.group_rows += rows.rows();
        lanes.rows(rows)?;
        if ROW_GROUP_ROWS <= self.group_rows { self.end_group(lanes) } else { Ok(()) }
    }

    fn end_group(&mut self, lanes: &mut Lanes) -> Result<(), Fault> {
        if self.group_rows == 0 {
            return Ok(());
        }
        let mut group = self.writer.next_row_group()?;
        for chunk in lanes.end_group()? {
            chunk.append_to_row_group(&mut group)?;
        }
        group.close()?;
        self.group_rows = 0;
        Ok(())
    }

    /// Writes what is left, and closes it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn close(mut self, lanes: &mut Lanes) -> Result<WrittenFile, Fault> {
        self.end_group(lanes)?;
        let facts = lanes.end_file()?;
        Summary::write(&facts, &mut self.writer)?;
        let metadata = self.writer.finish()?;
        let digesting = self.writer.inner_mut();
        digesting.flush().map_err(Fault::Scratch)?;
        let (bytes, sha256) = digesting.digest();
        let Self { name, number, period, .. } = self;
        Ok(WrittenFile { name, number, period, bytes, sha256, metadata, facts })
    }
}

/// Writes a file and digests what is written.
struct Digesting {
    file: BufWriter<File>,
    digest: Sha256,
    bytes: u64,
}

impl Digesting {
    fn new(file: File) -> Self {
        let file = BufWriter::with_capacity(WRITE_BYTES, file);
        Self { file, digest: Sha256::new(), bytes: 0 }
    }

    fn digest(&self) -> (u64, Sha256Digest) {
        (self.bytes, Sha256Digest::from_bytes(self.digest.clone().finalize().into()))
    }
}

impl Write for Digesting {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let count = self.file.write(buffer)?;
        self.digest.update(&buffer[..count]);
        self.bytes += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
