//! The write-ahead file of a folder that is being verified: every checksum, and the same entries
//! as the tree.
//!
//! A writer may be at work, so records beyond the checkpoint are expected, and a last one that
//! is not whole yet is told but is no error.

use std::fs::File;
use std::io::{self, BufReader, Read as _};
use std::path::Path;

use super::{LogFile, TileSource, VerifyError, fetch_hashes, width_of};
use crate::checkpoint::Checkpoint;
use crate::leaf::TreeSize;
use crate::record::StoredRecord;
use crate::scan::{Damage, FILE_HEADER, FIRST_RECORD_OFFSET, ScanError, Scanner};
use crate::tile::{HASH_BYTES, TILE_WIDTH, TilePath};
use crate::tree::leaf_hash;

/// How much is read at once.
const READ_AHEAD_BYTES: usize = 1024 * 1024;

/// What a sound write-ahead file has beyond the checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WriteAhead {
    /// How many entries it has in all.
    pub size: TreeSize,
    /// Length of a last record that is not whole: one being written, or torn by a crash.
    pub unfinished_bytes: u64,
}

/// Verifies a write-ahead file, where it is there.
pub(super) fn verify(
    path: &Path,
    checkpoint: &Checkpoint,
    source: &dyn TileSource,
) -> Result<Option<WriteAhead>, VerifyError> {
    let unreadable = |source| VerifyError::Unreadable { file: LogFile::Entries, source };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(error)),
    };
    let length_bytes = file.metadata().map_err(unreadable)?.len();
    let mut reader = BufReader::with_capacity(READ_AHEAD_BYTES, file);
    let mut header = Vec::new();
    reader.by_ref().take(FIRST_RECORD_OFFSET).read_to_end(&mut header).map_err(unreadable)?;
    if header != FILE_HEADER {
        return Err(VerifyError::Foreign);
    }
    let first = TreeSize::EMPTY.end();
    let mut scanner = Scanner::new(reader, first, FIRST_RECORD_OFFSET..length_bytes);
    let mut comparison = Comparison { sealed: checkpoint.size(), source, hashes: Vec::new() };
    let mut size = TreeSize::EMPTY;
    let unfinished_bytes = loop {
        let offset_bytes = scanner.offset_bytes();
        match scanner.read() {
            Ok(Some(record)) => {
                comparison.compare(&record, offset_bytes)?;
                size = TreeSize::new(record.index.next().get());
            }
            Ok(None) => break 0,
            Err(ScanError::Io(source)) => return Err(unreadable(source)),
            Err(ScanError::Damaged(spot)) => match spot.damage {
                Damage::Incomplete if checkpoint.size() <= size => {
                    break length_bytes - offset_bytes;
                }
                Damage::Incomplete | Damage::Head | Damage::Body | Damage::Index { .. } => {
                    return Err(VerifyError::Entries(spot));
                }
            },
        }
    };
    match checkpoint.size() <= size {
        true => Ok(Some(WriteAhead { size, unfinished_bytes })),
        false => Err(VerifyError::Shortened { size, sealed: checkpoint.size() }),
    }
}

/// Compares records with the leaf hashes, which are read a tile at a time.
struct Comparison<'source> {
    sealed: TreeSize,
    source: &'source dyn TileSource,
    hashes: Vec<u8>,
}

impl Comparison<'_> {
    fn compare(&mut self, record: &StoredRecord, offset_bytes: u64) -> Result<(), VerifyError> {
        if !self.sealed.holds(record.index) {
            return Ok(());
        }
        let number = record.index.get() / TILE_WIDTH as u64;
        let tile = TilePath::hashes(0, number, width_of(number, self.sealed));
        let position = (record.index.get() % TILE_WIDTH as u64) as usize;
        if position == 0 {
            self.hashes = fetch_hashes(self.source, tile)?;
        }
        let expected = self.hashes.chunks_exact(HASH_BYTES).nth(position);
        match expected == Some(leaf_hash(&record.entry).0.as_slice()) {
            true => Ok(()),
            false => Err(VerifyError::Differs { index: record.index, offset_bytes, tile }),
        }
    }
}
