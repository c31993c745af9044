//! Tiles: the pieces in which the tree and its entries are kept and served.
//!
//! Each tile is 256 hashes of one level, each entry bundle 256 entries; the last one of a level
//! may be partial and then says its width in its name. A full tile never changes.
//!
//! # Shape
//! `tile/<L>/<N>[.p/<W>]` and `tile/entries/<N>[.p/<W>]`; `<N>` in groups of three digits, all
//! but the last with an `x` before them: `tile/0/x001/x234/067`.
//!
//! # Source
//! C2SP tlog-tiles, "Merkle tree" and "Log entries".

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tlog_tiles::Tile;

use crate::disk::read_file;
use crate::leaf::TreeSize;
use crate::record::ENTRY_BYTES_MAX;

/// Hashes in a full tile, entries in a full bundle: 2 to the power of the tiles' height, 8.
pub const TILE_WIDTH: usize = 1 << TILE_HEIGHT;

/// Levels of the tree that one level of tiles stands for.
pub(crate) const TILE_HEIGHT: u8 = 8;

/// Bytes of one hash.
pub(crate) const HASH_BYTES: usize = tlog_tiles::HASH_SIZE;

/// Largest tile or bundle: 256 entries, each with its length before it.
pub const TILE_BYTES_MAX: u64 = (TILE_WIDTH * (2 + ENTRY_BYTES_MAX)) as u64;

/// Levels of tiles that a tree of 2⁶⁴ entries can have.
const LEVELS_MAX: u8 = 64 / TILE_HEIGHT;

/// The name of one tile or entry bundle, which is also its path in the log's folder and its
/// address under the log's prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TilePath(Tile);

/// A text that names no tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the path of a tile, such as tile/0/x001/234 or tile/entries/000.p/17")]
pub struct InvalidTilePath;

impl TilePath {
    /// The tile of a level that many tiles from the left; level and width must be possible.
    pub(crate) fn hashes(level: u8, number: u64, width: usize) -> Self {
        Self::new(level, number, width, false)
    }

    /// The entry bundle that many bundles from the left.
    pub(crate) fn entries(number: u64, width: usize) -> Self {
        Self::new(0, number, width, true)
    }

    fn new(level: u8, number: u64, width: usize, is_data: bool) -> Self {
        let width = u32::try_from(width).expect("invariant: a tile has at most 256 hashes");
        Self(Tile::new(TILE_HEIGHT, level, number, width, is_data))
    }

    pub(crate) fn from_tile(tile: Tile) -> Self {
        Self(tile)
    }

    /// Reads a path that came from outside; only the one right spelling of a tile passes, so
    /// it never leads out of the log's folder.
    ///
    /// # Errors
    /// When the text is anything else.
    pub fn parse(text: &str) -> Result<Self, InvalidTilePath> {
        let rest = text.strip_prefix("tile/").ok_or(InvalidTilePath)?;
        let (level, number) = rest.split_once('/').ok_or(InvalidTilePath)?;
        // The crate's parser panics on a width of zero and on levels that cannot be, so these
        // are looked at here.
        let level = match level.as_bytes() {
            b"entries" => "data",
            [digit @ b'0'..=b'9'] if digit - b'0' < LEVELS_MAX => level,
            _ => return Err(InvalidTilePath),
        };
        if let Some((_, width)) = number.rsplit_once(".p/")
            && !matches!(width.as_bytes(), [b'1'..=b'9', ..])
        {
            return Err(InvalidTilePath);
        }
        Tile::from_path(&format!("tile/{TILE_HEIGHT}/{level}/{number}"))
            .map(Self)
            .map_err(|_| InvalidTilePath)
    }

    /// Whether it is an entry bundle, which not everyone may read.
    #[must_use]
    pub fn is_entries(&self) -> bool {
        self.0.is_data()
    }

    /// How many hashes or entries it has, 1 to 256.
    #[must_use]
    pub fn width(&self) -> usize {
        self.0.width() as usize
    }

    /// Whether it will never change again.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.width() == TILE_WIDTH
    }

    /// Whether a tree of that size has all of it.
    #[must_use]
    pub fn is_within(&self, size: TreeSize) -> bool {
        let nodes = size.get().checked_shr(u32::from(self.0.level() * TILE_HEIGHT)).unwrap_or(0);
        let before = self.0.level_index().checked_mul(TILE_WIDTH as u64);
        before
            .and_then(|before| before.checked_add(self.width() as u64))
            .is_some_and(|end| end <= nodes)
    }

    /// The level of tiles that it belongs to; zero for entry bundles.
    pub(crate) fn level(&self) -> u8 {
        self.0.level()
    }

    /// The file in a log's folder that holds it.
    #[must_use]
    pub fn file_in(&self, folder: &Path) -> PathBuf {
        folder.join(self.to_string())
    }

    /// The same tile when it is full.
    fn full(&self) -> Self {
        Self::new(self.0.level(), self.0.level_index(), TILE_WIDTH, self.is_entries())
    }

    /// The part of a wider version's bytes that is this version.
    fn cut(&self, mut bytes: Vec<u8>) -> Option<Vec<u8>> {
        let length_bytes = match self.is_entries() {
            false => self.width() * HASH_BYTES,
            true => {
                let mut entries = bundle_entries(&bytes);
                for _ in 0..self.width() {
                    entries.next()?.ok()?;
                }
                entries.offset_bytes
            }
        };
        (length_bytes <= bytes.len()).then(|| {
            bytes.truncate(length_bytes);
            bytes
        })
    }

    /// Reads a tile from a log's folder.
    ///
    /// A partial tile that has been superseded is cut from the narrowest wider one, so whoever
    /// holds an earlier checkpoint still finds all its tiles.
    ///
    /// # Errors
    /// When a file is there and cannot be read.
    pub fn read_from(&self, folder: &Path) -> io::Result<Option<Vec<u8>>> {
        if let Some(bytes) = read_file(&self.file_in(folder), TILE_BYTES_MAX)? {
            return Ok(Some(bytes));
        }
        if self.is_full() {
            return Ok(None);
        }
        for wider in self.wider_in(folder)? {
            let bytes = read_file(&wider.file_in(folder), TILE_BYTES_MAX)?;
            if let Some(cut) = bytes.and_then(|bytes| self.cut(bytes)) {
                return Ok(Some(cut));
            }
        }
        Ok(None)
    }

    /// The wider versions that may be there, the narrowest first, the full one last.
    fn wider_in(&self, folder: &Path) -> io::Result<Vec<Self>> {
        let file = self.file_in(folder);
        let versions = match file.parent().map(fs::read_dir) {
            Some(Ok(versions)) => Some(versions),
            Some(Err(error)) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => None,
        };
        let mut widths = Vec::new();
        for version in versions.into_iter().flatten() {
            let name = version?.file_name();
            widths.extend(name.to_str().and_then(|name| name.parse::<usize>().ok()));
        }
        widths.retain(|width| (self.width() + 1..TILE_WIDTH).contains(width));
        widths.sort_unstable();
        let (level, number) = (self.0.level(), self.0.level_index());
        let partial = |width| Self::new(level, number, width, self.is_entries());
        Ok(widths.into_iter().map(partial).chain([self.full()]).collect())
    }
}

impl fmt::Display for TilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The crate writes the Go module's form, with the height and `data` for entries.
        let path = self.0.path();
        let rest = path.strip_prefix("tile/8/").unwrap_or(&path);
        match rest.strip_prefix("data/") {
            Some(number) => write!(f, "tile/entries/{number}"),
            None => write!(f, "tile/{rest}"),
        }
    }
}

/// Adds one entry to a bundle: its length in two bytes, big-endian, then the entry.
pub(crate) fn push_entry(bundle: &mut Vec<u8>, entry: &[u8]) {
    let length = u16::try_from(entry.len());
    let length = length.expect("invariant: lengths are checked before the queue");
    bundle.extend(length.to_be_bytes());
    bundle.extend(entry);
}

/// A bundle ends within an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BundleEnds;

/// The entries of a bundle, in order, as far as they are whole.
pub(crate) fn bundle_entries(bundle: &[u8]) -> BundleEntries<'_> {
    BundleEntries { bundle, offset_bytes: 0 }
}

/// See [`bundle_entries`].
pub(crate) struct BundleEntries<'bundle> {
    bundle: &'bundle [u8],
    offset_bytes: usize,
}

impl<'bundle> Iterator for BundleEntries<'bundle> {
    type Item = Result<&'bundle [u8], BundleEnds>;

    fn next(&mut self) -> Option<Self::Item> {
        let left = self.bundle.get(self.offset_bytes..).filter(|left| !left.is_empty())?;
        let entry = left
            .split_first_chunk()
            .and_then(|(length, rest)| rest.get(..usize::from(u16::from_be_bytes(*length))));
        self.offset_bytes = match entry {
            Some(entry) => self.offset_bytes + 2 + entry.len(),
            None => self.bundle.len(),
        };
        Some(entry.ok_or(BundleEnds))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_path_is_read_as_it_was_written(
            level in 0..LEVELS_MAX, number: u64, width in 1..=TILE_WIDTH, is_entries: bool,
        ) {
            let path = match is_entries {
                true => TilePath::entries(number, width),
                false => TilePath::hashes(level, number, width),
            };

            prop_assert_eq!(TilePath::parse(&path.to_string()), Ok(path));
        }

        /// Whatever a client sends, parsing neither panics nor accepts a second spelling.
        #[test]
        fn a_text_is_the_one_spelling_of_a_tile_or_no_tile(
            text in "tile/([0-9]{1,2}|entries|data)(/x?[0-9.px+]{1,4}){1,3}(\\.p/[0-9+]{1,4})?",
        ) {
            if let Ok(path) = TilePath::parse(&text) {
                prop_assert_eq!(path.to_string(), text);
            }
        }
    }

    #[test]
    fn paths_that_are_no_tiles_are_refused() {
        for text in [
            "",
            "tile",
            "tile/",
            "tile/0",
            "tile/0/",
            "tile/8/000",
            "tile/64/000",
            "tile/00/000",
            "tile/0/0",
            "tile/0/0000",
            "tile/0/000.p/0",
            "tile/0/000.p/00",
            "tile/0/000.p/+0",
            "tile/0/000.p/256",
            "tile/0/000.p/1/",
            "tile/0/000.p/01",
            "tile/0/../checkpoint",
            "tile/entries/../../entries",
            "tile/data/000",
            "/tile/0/000",
            "tile/0/x000/000",
            "tile/0/000.p/",
            "tile/0/000.p",
            "tile/-1/000",
            "tile/0/x001/x234/067.p/1.p/1",
        ] {
            assert_eq!(TilePath::parse(text), Err(InvalidTilePath), "{text}");
        }
    }

    #[test]
    fn the_first_paths_of_the_specification_are_understood() {
        for text in ["tile/0/x001/x234/067", "tile/1/000.p/5", "tile/entries/000", "tile/7/000"] {
            assert_eq!(TilePath::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_tile_is_within_a_tree_that_has_all_of_it() {
        let partial = TilePath::hashes(1, 0, 2);

        assert!(!partial.is_within(TreeSize::new(511)));
        assert!(partial.is_within(TreeSize::new(512)));
        assert!(!TilePath::entries(u64::MAX, 256).is_within(TreeSize::new(u64::MAX)));
    }

    #[test]
    fn a_superseded_partial_bundle_is_cut_from_a_wider_one() {
        let folder = tempfile::tempdir().unwrap();
        let mut bundle = Vec::new();
        for entry in ["one", "two", "three"] {
            push_entry(&mut bundle, entry.as_bytes());
        }
        let wider = TilePath::entries(0, 3).file_in(folder.path());
        fs::create_dir_all(wider.parent().unwrap()).unwrap();
        fs::write(&wider, &bundle).unwrap();

        let cut = TilePath::entries(0, 2).read_from(folder.path()).unwrap();

        assert_eq!(cut.as_deref(), Some(b"\0\x03one\0\x03two".as_slice()));
        assert_eq!(TilePath::entries(0, 4).read_from(folder.path()).unwrap(), None);
        assert_eq!(TilePath::entries(1, 2).read_from(folder.path()).unwrap(), None);
    }
}
