//! The write-ahead file: every record, in order, durable before anyone hears of it.
//!
//! One writer, many readers. Does not know the tree, checkpoints or signatures.
//!
//! # Invariant
//! What readers see is durable: a record is published to them after `fdatasync` only.

use std::fs::File;
use std::io::{self, BufReader};
use std::os::unix::fs::FileExt as _;
use std::sync::{Arc, PoisonError, RwLock};

use crate::leaf::{LeafIndex, TreeSize};
use crate::record::{Record, StoredRecord};
use crate::scan::{ReaderAt, ScanError, Scanner, Spot};

/// The name of the write-ahead file in the log's folder.
pub(crate) const ENTRIES_FILE: &str = "entries";

/// How much is read at once when records are read in order.
const READ_AHEAD_BYTES: usize = 256 * 1024;

/// Why a stored record was not read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The system did not read the file.
    #[error("the write-ahead file cannot be read")]
    Unreadable(#[source] io::Error),
    /// The file has changed since it was checked at start.
    #[error("the write-ahead file is damaged")]
    Damaged(#[from] Spot),
}

impl From<ScanError> for ReadError {
    fn from(error: ScanError) -> Self {
        match error {
            ScanError::Io(source) => Self::Unreadable(source),
            ScanError::Damaged(spot) => Self::Damaged(spot),
        }
    }
}

/// Where each durable record begins.
#[derive(Debug)]
pub(crate) struct Offsets {
    /// One per record, 8 bytes each.
    pub(crate) starts_bytes: Vec<u64>,
    /// Where the next record will begin.
    pub(crate) end_bytes: u64,
}

/// The open write-ahead file.
#[derive(Debug)]
pub(crate) struct Entries {
    file: Arc<File>,
    offsets: RwLock<Offsets>,
}

impl Entries {
    /// Takes over a file whose records have been scanned.
    pub(crate) fn new(file: Arc<File>, offsets: Offsets) -> Self {
        Self { file, offsets: RwLock::new(offsets) }
    }

    /// How many records are durable.
    pub(crate) fn size(&self) -> TreeSize {
        let offsets = self.offsets.read().unwrap_or_else(PoisonError::into_inner);
        TreeSize::new(offsets.starts_bytes.len() as u64)
    }

    /// Makes records durable with one write and one `fdatasync`, then shows them to readers.
    ///
    /// Only the one writing thread calls this; after an error it must not be called again,
    /// since nobody can say what of the batch is on the disk.
    pub(crate) fn commit(&self, records: &[&Record]) -> io::Result<LeafIndex> {
        let (first, end_bytes) = {
            let offsets = self.offsets.read().unwrap_or_else(PoisonError::into_inner);
            (LeafIndex::new(offsets.starts_bytes.len() as u64), offsets.end_bytes)
        };
        let length_bytes = records.iter().map(|record| record.encoded_bytes()).sum();
        let mut buffer = Vec::with_capacity(length_bytes);
        let mut starts_bytes = Vec::with_capacity(records.len());
        let mut index = first;
        for record in records {
            starts_bytes.push(end_bytes + buffer.len() as u64);
            record.encode(index, &mut buffer);
            index = index.next();
        }
        self.file.write_all_at(&buffer, end_bytes)?;
        self.file.sync_data()?;
        let mut offsets = self.offsets.write().unwrap_or_else(PoisonError::into_inner);
        offsets.starts_bytes.extend(starts_bytes);
        offsets.end_bytes = end_bytes + buffer.len() as u64;
        Ok(first)
    }

    /// Reads one record.
    pub(crate) fn read(&self, index: LeafIndex) -> Result<Option<StoredRecord>, ReadError> {
        self.range(index, index.next()).scanner.read().map_err(ReadError::from)
    }

    /// Reads all records from one on that are durable now.
    pub(crate) fn records_from(&self, index: LeafIndex) -> Records {
        self.range(index, LeafIndex::new(u64::MAX))
    }

    fn range(&self, from: LeafIndex, until: LeafIndex) -> Records {
        let offsets = self.offsets.read().unwrap_or_else(PoisonError::into_inner);
        let offset = |index: LeafIndex| {
            let place = usize::try_from(index.get()).unwrap_or(usize::MAX);
            offsets.starts_bytes.get(place).copied().unwrap_or(offsets.end_bytes)
        };
        let (start_bytes, end_bytes) = (offset(from), offset(until));
        let length_bytes = usize::try_from(end_bytes - start_bytes).unwrap_or(usize::MAX);
        let reader = ReaderAt::new(Arc::clone(&self.file), start_bytes);
        let reader = BufReader::with_capacity(length_bytes.min(READ_AHEAD_BYTES), reader);
        Records { scanner: Scanner::new(reader, from, start_bytes..end_bytes), failed: false }
    }
}

/// Durable records in order, read from the file as they are asked for.
///
/// Ends after the first error.
pub struct Records {
    scanner: Scanner<BufReader<ReaderAt<Arc<File>>>>,
    failed: bool,
}

impl Iterator for Records {
    type Item = Result<StoredRecord, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let step = self.scanner.read().map_err(ReadError::from).transpose();
        self.failed = matches!(step, Some(Err(_)));
        step
    }
}
