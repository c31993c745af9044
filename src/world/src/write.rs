//! Writes rows as a platform's own systems deliver them: CSV, NDJSON and Parquet, some compressed.
//!
//! Does not know what the rows are about. Holds one buffer per open file, never a table.
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

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::record::{Cell, Column};

/// Writes the rows of one file.
pub(crate) trait Table: Sized {
    /// Begins a file.
    fn create(path: &Path, columns: &'static [Column]) -> io::Result<Self>;

    /// Writes a row, its cells in the order of the columns.
    fn write(&mut self, cells: &[Cell<'_>]) -> io::Result<()>;

    /// Writes what is still held and ends the file.
    fn finish(self) -> io::Result<()>;
}

/// The bytes of a file, compressed where its name ends in `.gz`.
pub(crate) enum Sink {
    /// As they are.
    Plain(BufWriter<File>),
    /// Through gzip, without name and time, so that equal content gives equal bytes.
    Gzip(Box<GzEncoder<BufWriter<File>>>),
}

impl Sink {
    /// Begins a file that is not there yet.
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        let file = BufWriter::new(File::create_new(path)?);
        if path.extension().is_some_and(|extension| extension == "gz") {
            let encoder = GzEncoder::new(file, Compression::fast());
            return Ok(Self::Gzip(Box::new(encoder)));
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
