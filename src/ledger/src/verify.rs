//! Verification: the whole log against the public key, and against nothing else.
//!
//! Recomputes every leaf from its entry, every tile from the leaves, and the root hash, which
//! must be the one that the checkpoint's signature vouches for. Needs no writer, no network and
//! no trust in where the bytes come from: a folder, a copy, or an address.
//!
//! # Rooms
//! - `write_ahead`: the write-ahead file of a folder, where it is there.

#[cfg(test)]
mod tests;
mod write_ahead;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

pub use write_ahead::WriteAhead;

use crate::checkpoint::{CHECKPOINT_BYTES_MAX, CHECKPOINT_FILE, Checkpoint, CheckpointError};
use crate::disk::read_file;
use crate::entries::ENTRIES_FILE;
use crate::key::VerifyingKey;
use crate::leaf::{LeafIndex, TreeSize};
use crate::scan::Spot;
use crate::tile::{HASH_BYTES, TILE_BYTES_MAX, TILE_WIDTH, TilePath, bundle_entries};
use crate::tree::{Frontier, leaf_hash};

/// Where a log's published files come from.
pub trait TileSource {
    /// Gets a file by its path under the log's prefix (`checkpoint`, `tile/0/000`), or nothing
    /// when it is not there.
    ///
    /// # Errors
    /// When it cannot be fetched, or is longer than allowed.
    fn fetch(&self, path: &str, bytes_max: u64) -> io::Result<Option<Vec<u8>>>;
}

/// A log's folder as a source.
#[derive(Debug, Clone)]
pub struct Folder(PathBuf);

impl Folder {
    /// The log in a folder.
    #[must_use]
    pub fn new(path: &Path) -> Self {
        Self(path.to_owned())
    }
}

impl TileSource for Folder {
    fn fetch(&self, path: &str, bytes_max: u64) -> io::Result<Option<Vec<u8>>> {
        match TilePath::parse(path) {
            Ok(tile) => tile.read_from(&self.0),
            Err(_) if path == CHECKPOINT_FILE => read_file(&self.0.join(path), bytes_max),
            Err(_) => Ok(None),
        }
    }
}

/// A log that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The checkpoint that it was verified against; worth keeping for the next time.
    pub checkpoint: Checkpoint,
    /// The size of the earlier checkpoint that it continues, if one was given.
    pub since: Option<TreeSize>,
    /// What the write-ahead file has beyond the checkpoint, where there is one.
    pub write_ahead: Option<WriteAhead>,
}

/// A file of a log, as messages name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFile {
    /// The checkpoint.
    Checkpoint,
    /// A tile or an entry bundle.
    Tile(TilePath),
    /// The write-ahead file.
    Entries,
}

impl fmt::Display for LogFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Checkpoint => f.write_str(CHECKPOINT_FILE),
            Self::Tile(path) => path.fmt(f),
            Self::Entries => f.write_str(ENTRIES_FILE),
        }
    }
}

/// What is wrong with a log, and where.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// A file was not read.
    #[error("{file} cannot be read")]
    Unreadable {
        /// Which.
        file: LogFile,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file is not there.
    #[error("{file} is missing")]
    Missing {
        /// Which.
        file: LogFile,
    },
    /// The checkpoint does not hold.
    #[error("checkpoint: {0}")]
    Checkpoint(CheckpointError),
    /// The earlier checkpoint does not hold.
    #[error("the earlier checkpoint: {0}")]
    Since(CheckpointError),
    /// The log has fewer entries than it had.
    #[error("the log has {size} entries, the earlier checkpoint covers {since}")]
    Shrunk {
        /// How many it had.
        since: TreeSize,
        /// How many it has.
        size: TreeSize,
    },
    /// The log has another past than it had.
    #[error("the first {since} entries are not those that the earlier checkpoint covers")]
    Forked {
        /// How many it had.
        since: TreeSize,
    },
    /// A tile has too few or too many hashes.
    #[error("{path} has {found_bytes} bytes instead of {expected_bytes}")]
    Length {
        /// Which.
        path: TilePath,
        /// How long it is.
        found_bytes: usize,
        /// How long it must be.
        expected_bytes: usize,
    },
    /// A bundle's lengths do not lead through it.
    #[error(
        "{path} entry {index}: the bundle has no such whole entry, or bytes after its last one"
    )]
    Bundle {
        /// Which.
        path: TilePath,
        /// The entry from which on it makes no sense.
        index: LeafIndex,
    },
    /// An entry and its leaf hash differ.
    #[error("{path} entry {index} does not have the hash that {tile} gives")]
    Entry {
        /// The bundle.
        path: TilePath,
        /// The tile of leaf hashes.
        tile: TilePath,
        /// The entry.
        index: LeafIndex,
    },
    /// A hash above the leaves is not that of the tile below.
    #[error("{path} hash {position} is not that of the tiles below it")]
    Hash {
        /// The tile.
        path: TilePath,
        /// The first wrong hash in it, from zero.
        position: usize,
    },
    /// Everything fits, but it is not what was signed.
    #[error("the {size} entries do not have the checkpoint's root hash")]
    Root {
        /// How many entries.
        size: TreeSize,
    },
    /// The write-ahead file is none of this version.
    #[error("entries: not a write-ahead file of this version")]
    Foreign,
    /// The write-ahead file is damaged.
    #[error("entries: {0}")]
    Entries(Spot),
    /// The write-ahead file lacks sealed entries.
    #[error("entries: ends after {size} entries, the checkpoint covers {sealed}")]
    Shortened {
        /// How many it has.
        size: TreeSize,
        /// How many it must have.
        sealed: TreeSize,
    },
    /// The write-ahead file and the tree have different entries.
    #[error(
        "entries: entry {index} at byte {offset_bytes} does not have the hash that {tile} gives"
    )]
    Differs {
        /// The entry.
        index: LeafIndex,
        /// Where its record begins.
        offset_bytes: u64,
        /// The tile of leaf hashes.
        tile: TilePath,
    },
}

/// Verifies the log in a folder, its write-ahead file included.
///
/// The folder may be a copy, and may be in use.
///
/// # Errors
/// The first thing that is wrong: see [`VerifyError`].
pub fn verify_directory(
    folder: &Path,
    key: &VerifyingKey,
    since: Option<&str>,
) -> Result<Verified, VerifyError> {
    let source = Folder::new(folder);
    let verified = verify_source(&source, key, since)?;
    let write_ahead =
        write_ahead::verify(&folder.join(ENTRIES_FILE), &verified.checkpoint, &source)?;
    Ok(Verified { write_ahead, ..verified })
}

/// Verifies the published files of a log, wherever they come from.
///
/// `since` is a checkpoint of the same log that was kept from earlier.
///
/// # Errors
/// The first thing that is wrong: see [`VerifyError`].
pub fn verify_source(
    source: &dyn TileSource,
    key: &VerifyingKey,
    since: Option<&str>,
) -> Result<Verified, VerifyError> {
    let unreadable = |source| VerifyError::Unreadable { file: LogFile::Checkpoint, source };
    let note = source.fetch(CHECKPOINT_FILE, CHECKPOINT_BYTES_MAX).map_err(unreadable)?;
    let note = note.ok_or(VerifyError::Missing { file: LogFile::Checkpoint })?;
    let checkpoint = Checkpoint::parse(&note, key).map_err(VerifyError::Checkpoint)?;
    let parsed = since.map(|since| Checkpoint::parse(since.as_bytes(), key)).transpose();
    let earlier = parsed.map_err(VerifyError::Since)?;
    if let Some(earlier) = &earlier
        && checkpoint.size() < earlier.size()
    {
        return Err(VerifyError::Shrunk { since: earlier.size(), size: checkpoint.size() });
    }
    Walk { source, earlier: earlier.as_ref(), frontier: Frontier::default() }.run(&checkpoint)?;
    Ok(Verified { checkpoint, since: earlier.map(|earlier| earlier.size()), write_ahead: None })
}

/// Gets a tile that must be there.
fn fetch_tile(source: &dyn TileSource, path: TilePath) -> Result<Vec<u8>, VerifyError> {
    let file = LogFile::Tile(path);
    let unreadable = |source| VerifyError::Unreadable { file, source };
    let bytes = source.fetch(&path.to_string(), TILE_BYTES_MAX).map_err(unreadable)?;
    bytes.ok_or(VerifyError::Missing { file })
}

/// Gets a tile of hashes that must be there and have its width.
fn fetch_hashes(source: &dyn TileSource, path: TilePath) -> Result<Vec<u8>, VerifyError> {
    let bytes = fetch_tile(source, path)?;
    let (found_bytes, expected_bytes) = (bytes.len(), path.width() * HASH_BYTES);
    match found_bytes == expected_bytes {
        true => Ok(bytes),
        false => Err(VerifyError::Length { path, found_bytes, expected_bytes }),
    }
}

/// How many entries the last bundle or tile that begins at a number of bundles has.
fn width_of(number: u64, size: TreeSize) -> usize {
    let left = size.get() - number * TILE_WIDTH as u64;
    usize::try_from(left).unwrap_or(usize::MAX).min(TILE_WIDTH)
}

/// One walk through all entries of a log.
struct Walk<'walk> {
    source: &'walk dyn TileSource,
    earlier: Option<&'walk Checkpoint>,
    frontier: Frontier,
}

impl Walk<'_> {
    fn run(mut self, checkpoint: &Checkpoint) -> Result<(), VerifyError> {
        let size = checkpoint.size();
        self.compare_past()?;
        for number in 0..size.get().div_ceil(TILE_WIDTH as u64) {
            self.take_bundle(number, width_of(number, size))?;
        }
        for (path, bytes) in self.frontier.unfinished() {
            self.compare_tile(path, bytes)?;
        }
        match self.frontier.root() == *checkpoint.root() {
            true => Ok(()),
            false => Err(VerifyError::Root { size }),
        }
    }

    fn take_bundle(&mut self, number: u64, width: usize) -> Result<(), VerifyError> {
        let path = TilePath::entries(number, width);
        let tile = TilePath::hashes(0, number, width);
        let bundle = fetch_tile(self.source, path)?;
        let hashes = fetch_hashes(self.source, tile)?;
        let mut entries = bundle_entries(&bundle);
        for expected in hashes.chunks_exact(HASH_BYTES) {
            let index = self.frontier.size().end();
            let entry = entries.next().and_then(Result::ok);
            let leaf = leaf_hash(entry.ok_or(VerifyError::Bundle { path, index })?);
            if leaf.0 != expected {
                return Err(VerifyError::Entry { path, tile, index });
            }
            for complete in self.frontier.push(leaf) {
                self.compare_tile(complete.path, &complete.bytes)?;
            }
            self.compare_past()?;
        }
        match entries.next() {
            None => Ok(()),
            Some(_) => Err(VerifyError::Bundle { path, index: self.frontier.size().end() }),
        }
    }

    /// Compares a published tile with the one that follows from the entries.
    fn compare_tile(&self, path: TilePath, computed: &[u8]) -> Result<(), VerifyError> {
        // Those of level 0 have been compared entry by entry.
        if path.level() == 0 {
            return Ok(());
        }
        let published = fetch_hashes(self.source, path)?;
        let hashes = published.chunks(HASH_BYTES).zip(computed.chunks(HASH_BYTES));
        match hashes.into_iter().position(|(published, computed)| published != computed) {
            None => Ok(()),
            Some(position) => Err(VerifyError::Hash { path, position }),
        }
    }

    /// Where the earlier checkpoint ended, the log must have had its root hash.
    fn compare_past(&self) -> Result<(), VerifyError> {
        match self.earlier {
            Some(earlier)
                if earlier.size() == self.frontier.size()
                    && *earlier.root() != self.frontier.root() =>
            {
                Err(VerifyError::Forked { since: earlier.size() })
            }
            _ => Ok(()),
        }
    }
}
