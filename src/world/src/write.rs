//! Writes rows as a platform's own systems deliver them: CSV, NDJSON and Parquet, some compressed.
//!
//! Does not know what the rows are about. Holds one buffer per file that is being written, never a
//! table and never an open file: a buffer that is full is appended to its file, which is closed
//! again, so that a world of any number of days and datasets needs one file handle at a time.
//!
//! # Invariant
//! Equal rows give equal bytes: no time, host name or library version of ours goes into a file.
//!
//! # Rooms
//! - [`csv`], [`ndjson`], [`parquet`]: one format each.
//! - [`parts`]: a table in files of a bounded number of rows.

pub(crate) mod csv;
pub(crate) mod ndjson;
pub(crate) mod parquet;
pub(crate) mod parts;

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;

use self::csv::{CsvFile, Dump, Plain};
use self::ndjson::NdjsonFile;
use self::parquet::ParquetFile;
use crate::record::{Cell, Column};
use crate::table::{Format, Table};

/// Writes the rows of one file.
pub(crate) trait RowFile {
    /// Writes a row, its cells in the order of the columns.
    fn write(&mut self, cells: &[Cell<'_>]) -> io::Result<()>;

    /// Writes what is still held and ends the file.
    fn finish(self: Box<Self>) -> io::Result<()>;
}

/// Begins a file of a table that is not there yet.
pub(crate) fn create(table: &'static Table, path: &Path) -> io::Result<Box<dyn RowFile>> {
    let columns: &'static [Column] = table.columns;
    let is_compressed = table.format.ending().ends_with(".gz");
    let sink = Sink::create(path, is_compressed)?;
    Ok(match table.format {
        Format::Csv | Format::CsvGz => Box::new(CsvFile::<Plain>::begin(sink, columns)?),
        Format::DumpGz => Box::new(CsvFile::<Dump>::begin(sink, columns)?),
        Format::Ndjson | Format::NdjsonGz => Box::new(NdjsonFile::begin(sink, columns)),
        Format::Parquet => Box::new(ParquetFile::begin(sink, columns)?),
    })
}

/// Bytes of a file that are held until they are appended to it.
const BUFFER_BYTES: usize = 64 * 1024;

/// The bytes of a file, compressed or not.
pub(crate) enum Sink {
    /// As they are.
    Plain(BufWriter<Appended>),
    /// Through gzip, without name and time, so that equal content gives equal bytes.
    Gzip(Box<GzEncoder<BufWriter<Appended>>>),
}

impl Sink {
    /// Begins a file that is not there yet.
    fn create(path: &Path, is_compressed: bool) -> io::Result<Self> {
        File::create_new(path)?;
        let file = BufWriter::with_capacity(BUFFER_BYTES, Appended(path.to_owned()));
        if is_compressed {
            return Ok(Self::Gzip(Box::new(GzEncoder::new(file, Compression::fast()))));
        }
        Ok(Self::Plain(file))
    }

    /// Writes what is still held.
    pub(crate) fn finish(self) -> io::Result<()> {
        match self {
            Self::Plain(mut file) => file.flush(),
            Self::Gzip(encoder) => encoder.finish()?.flush(),
        }
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(file) => file.write(bytes),
            Self::Gzip(encoder) => encoder.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(file) => file.flush(),
            // A flush of the encoder would end a block and cost compression; `finish` ends it.
            Self::Gzip(_) => Ok(()),
        }
    }
}

/// A file that is open only while something is appended to it.
pub(crate) struct Appended(PathBuf);

impl Write for Appended {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        OpenOptions::new().append(true).open(&self.0)?.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
