//! Scanning: reads the write-ahead file record by record and says where it is damaged.
//!
//! Knows the shape of the file; decides nothing. What damage means is decided where the file is
//! opened (a torn tail is healed) and where it is verified (nothing is).
//!
//! # Shape
//! The file begins with [`FILE_HEADER`]; records follow without gaps, in the order of their
//! index.

use std::borrow::Borrow;
use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::os::unix::fs::FileExt as _;

use crate::leaf::LeafIndex;
use crate::record::{RecordHead, StoredRecord};

/// The first bytes of every write-ahead file: what it is, and the version of its shape.
pub(crate) const FILE_HEADER: &[u8; 24] = b"reading-room entries v1\n";

/// Where the first record begins.
pub(crate) const FIRST_RECORD_OFFSET: u64 = FILE_HEADER.len() as u64;

/// How much of the file is looked through at once for records after a damaged one.
const WINDOW_BYTES: usize = 1024 * 1024;

/// What is wrong with a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// The file ends within the record.
    #[error("the file ends within the record")]
    Incomplete,
    /// The record's head (lengths and index) does not fit its checksum.
    #[error("the record's head does not fit its checksum")]
    Head,
    /// The record's body (entry and attachment) does not fit its checksum.
    #[error("the record's body does not fit its checksum")]
    Body,
    /// A sound record, but not the one that belongs there.
    #[error("the record there says it is entry {found}")]
    Index {
        /// The index that the record has.
        found: LeafIndex,
    },
}

/// Where a write-ahead file is damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("entry {index} at byte {offset_bytes}: {damage}")]
pub struct Spot {
    /// The entry that should be there.
    pub index: LeafIndex,
    /// Where its record begins.
    pub offset_bytes: u64,
    /// What is wrong with it.
    pub damage: Damage,
}

/// Why a scan ended early.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ScanError {
    #[error("the file cannot be read")]
    Io(#[from] io::Error),
    #[error(transparent)]
    Damaged(#[from] Spot),
}

/// Reads records in order, from a place where one begins to a given end.
pub(crate) struct Scanner<R> {
    reader: R,
    next: LeafIndex,
    offset_bytes: u64,
    end_bytes: u64,
}

impl<R: Read> Scanner<R> {
    /// Starts where the record `next` begins, which is where `reader` stands, and reads no
    /// further than the bytes given.
    pub(crate) fn new(reader: R, next: LeafIndex, bytes: Range<u64>) -> Self {
        Self { reader, next, offset_bytes: bytes.start, end_bytes: bytes.end }
    }

    /// Where the next record begins.
    pub(crate) fn offset_bytes(&self) -> u64 {
        self.offset_bytes
    }

    /// Reads one record, or nothing at the end.
    pub(crate) fn read(&mut self) -> Result<Option<StoredRecord>, ScanError> {
        let left = self.end_bytes.saturating_sub(self.offset_bytes);
        if left == 0 {
            return Ok(None);
        }
        if left < RecordHead::BYTES as u64 {
            return Err(self.damaged(Damage::Incomplete));
        }
        let mut bytes = [0; RecordHead::BYTES];
        self.reader.read_exact(&mut bytes)?;
        let head = RecordHead::decode(&bytes).map_err(|damage| self.damaged(damage))?;
        if head.index != self.next {
            return Err(self.damaged(Damage::Index { found: head.index }));
        }
        if left < head.record_bytes() {
            return Err(self.damaged(Damage::Incomplete));
        }
        let mut body = vec![0; head.body_bytes()];
        self.reader.read_exact(&mut body)?;
        let record = head.open(body).map_err(|damage| self.damaged(damage))?;
        self.next = self.next.next();
        self.offset_bytes += head.record_bytes();
        Ok(Some(record))
    }

    fn damaged(&self, damage: Damage) -> ScanError {
        Spot { index: self.next, offset_bytes: self.offset_bytes, damage }.into()
    }
}

/// A reader over an open file that has its own position, so that many can share the file.
pub(crate) struct ReaderAt<F> {
    file: F,
    offset_bytes: u64,
}

impl<F: Borrow<File>> ReaderAt<F> {
    pub(crate) fn new(file: F, offset_bytes: u64) -> Self {
        Self { file, offset_bytes }
    }
}

impl<F: Borrow<File>> Read for ReaderAt<F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.borrow().read_at(buffer, self.offset_bytes)?;
        self.offset_bytes += read as u64;
        Ok(read)
    }
}

/// Whether a whole, sound record that belongs there or later begins anywhere in a part of the file.
///
/// A torn write leaves none; so where there is one, the file was damaged after it was written.
pub(crate) fn holds_record_after(file: &File, spot: &Spot, end_bytes: u64) -> io::Result<bool> {
    let mut window = Vec::new();
    let mut start = spot.offset_bytes + 1;
    while start + RecordHead::BYTES as u64 <= end_bytes {
        let left = usize::try_from(end_bytes - start).unwrap_or(usize::MAX);
        window.resize(left.min(WINDOW_BYTES), 0);
        file.read_exact_at(&mut window, start)?;
        for (at, bytes) in window.array_windows::<{ RecordHead::BYTES }>().enumerate() {
            let Ok(head) = RecordHead::decode(bytes) else { continue };
            if head.index >= spot.index && is_record(file, &head, start + at as u64..end_bytes)? {
                return Ok(true);
            }
        }
        // The next window begins with the first place that this one could not decode.
        start += (window.len() - RecordHead::BYTES + 1) as u64;
    }
    Ok(false)
}

fn is_record(file: &File, head: &RecordHead, bytes: Range<u64>) -> io::Result<bool> {
    if bytes.end - bytes.start < head.record_bytes() {
        return Ok(false);
    }
    let mut body = vec![0; head.body_bytes()];
    file.read_exact_at(&mut body, bytes.start + RecordHead::BYTES as u64)?;
    Ok(head.open(body).is_ok())
}
