//! The tree: from entries to tiles and the root hash.
//!
//! Keeps only what is unfinished, the last partial tile of each level, so that it never has to
//! read a tile again. Pure computing; does not know files.
//!
//! # Source
//! RFC 6962 §2.1 (hashes), C2SP tlog-tiles (how they are cut into tiles).

use domain::Sha256Digest;
use tlog_tiles::{EMPTY_HASH, Hash, Tile, node_hash, record_hash};

use crate::leaf::TreeSize;
use crate::tile::{HASH_BYTES, TILE_HEIGHT, TILE_WIDTH, TilePath, push_entry};

/// A tile with its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TileBytes {
    pub(crate) path: TilePath,
    pub(crate) bytes: Vec<u8>,
}

/// The hash of an entry as a leaf of the tree.
pub(crate) fn leaf_hash(entry: &[u8]) -> Hash {
    record_hash(entry)
}

/// The right edge of a growing tree: what the next leaf and the root hash need.
#[derive(Debug, Default)]
pub(crate) struct Frontier {
    size: u64,
    /// Per level of tiles, the hashes of the last tile while it is not full.
    unfinished: Vec<Vec<u8>>,
}

impl Frontier {
    pub(crate) fn size(&self) -> TreeSize {
        TreeSize::new(self.size)
    }

    /// Adds a leaf and gives the tiles that it completes, lowest level first; mostly none.
    pub(crate) fn push(&mut self, leaf: Hash) -> Vec<TileBytes> {
        let mut complete = Vec::new();
        let mut hash = leaf;
        self.size += 1;
        for level in 0u8.. {
            let place = usize::from(level);
            if self.unfinished.len() == place {
                self.unfinished.push(Vec::new());
            }
            let tile = &mut self.unfinished[place];
            tile.extend(hash.0);
            if tile.len() < TILE_WIDTH * HASH_BYTES {
                break;
            }
            let bytes = std::mem::take(tile);
            hash = Tile::subtree_hash(&bytes);
            let path = TilePath::hashes(level, self.nodes(level + 1) - 1, TILE_WIDTH);
            complete.push(TileBytes { path, bytes });
        }
        complete
    }

    /// The partial tiles at the right edge, lowest level first.
    pub(crate) fn unfinished(&self) -> Vec<(TilePath, &[u8])> {
        let levels = (0u8..).zip(&self.unfinished).filter(|(_, bytes)| !bytes.is_empty());
        let named = levels.map(|(level, bytes)| {
            let width = bytes.len() / HASH_BYTES;
            (TilePath::hashes(level, self.nodes(level + 1), width), bytes.as_slice())
        });
        named.collect()
    }

    /// The root hash over all leaves so far.
    pub(crate) fn root(&self) -> Sha256Digest {
        let mut root = None;
        for hashes in &self.unfinished {
            let mut left = hashes.as_slice();
            // Of each tile, the smallest whole subtree stands furthest right.
            while !left.is_empty() {
                let count = left.len() / HASH_BYTES;
                let subtree = 1 << count.trailing_zeros();
                let (rest, last) = left.split_at((count - subtree) * HASH_BYTES);
                let hash = Tile::subtree_hash(last);
                root = Some(root.map_or(hash, |right| node_hash(hash, right)));
                left = rest;
            }
        }
        Sha256Digest::from_bytes(root.unwrap_or(EMPTY_HASH).0)
    }

    /// How many whole subtrees as wide as one hash of that level's tiles there are.
    fn nodes(&self, level: u8) -> u64 {
        self.size.checked_shr(u32::from(level * TILE_HEIGHT)).unwrap_or(0)
    }
}

/// A growing tree together with its entry bundles: everything that is published.
#[derive(Debug, Default)]
pub(crate) struct Integrator {
    frontier: Frontier,
    bundle: Vec<u8>,
}

impl Integrator {
    pub(crate) fn size(&self) -> TreeSize {
        self.frontier.size()
    }

    pub(crate) fn root(&self) -> Sha256Digest {
        self.frontier.root()
    }

    /// Adds an entry and gives the tiles and the bundle that it completes.
    pub(crate) fn push(&mut self, entry: &[u8]) -> Vec<TileBytes> {
        push_entry(&mut self.bundle, entry);
        let mut complete = self.frontier.push(leaf_hash(entry));
        let size = self.frontier.size;
        if size.is_multiple_of(TILE_WIDTH as u64) {
            let path = TilePath::entries(self.frontier.nodes(1) - 1, TILE_WIDTH);
            complete.push(TileBytes { path, bytes: std::mem::take(&mut self.bundle) });
        }
        complete
    }

    /// The partial tiles, and the partial bundle, at the right edge.
    pub(crate) fn unfinished(&self) -> Vec<(TilePath, &[u8])> {
        let mut tiles = self.frontier.unfinished();
        if !self.bundle.is_empty() {
            let width = (self.frontier.size % TILE_WIDTH as u64) as usize;
            let path = TilePath::entries(self.frontier.nodes(1), width);
            tiles.push((path, self.bundle.as_slice()));
        }
        tiles
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use ct_merkle::mem_backed_tree::MemoryBackedTree;
    use sha2::Sha256;

    use super::*;

    /// The oracle is another implementation of RFC 6962, which keeps the whole tree.
    #[test]
    fn the_root_of_every_small_tree_is_the_oracle_s() {
        let mut frontier = Frontier::default();
        let mut oracle = MemoryBackedTree::<Sha256, Vec<u8>>::new();

        for number in 0u32..1100 {
            assert_eq!(frontier.root().as_bytes()[..], oracle.root().as_bytes()[..], "{number}");
            let entry = number.to_le_bytes().to_vec();
            frontier.push(leaf_hash(&entry));
            oracle.push(entry);
        }
    }

    /// Two levels of full tiles, which take 65 536 leaves, and the beginning of a third.
    #[test]
    fn a_tree_of_three_levels_of_tiles_has_the_oracle_s_root() {
        let mut frontier = Frontier::default();
        let mut oracle = MemoryBackedTree::<Sha256, [u8; 4]>::new();

        for number in 0u32..65_536 + 3 {
            frontier.push(leaf_hash(&number.to_le_bytes()));
            oracle.push(number.to_le_bytes());
        }

        assert_eq!(frontier.root().as_bytes()[..], oracle.root().as_bytes()[..]);
        let edge: Vec<_> = frontier.unfinished().iter().map(|(path, _)| path.to_string()).collect();
        assert_eq!(edge, ["tile/0/256.p/3", "tile/2/000.p/1"]);
    }

    /// The tiles published over a log's life are those that the specification's own crate
    /// counts for the same growth.
    #[test]
    fn the_published_tiles_are_those_of_the_specification() {
        let mut integrator = Integrator::default();
        let mut published = HashMap::new();
        let mut sealed = 0;

        for step in [1, 1, 3, 250, 1, 1, 300, 700, 30] {
            for number in 0..step {
                let entry = format!("{sealed}/{number}");
                published.extend(
                    integrator
                        .push(entry.as_bytes())
                        .into_iter()
                        .map(|tile| (tile.path, tile.bytes)),
                );
            }
            let edge = integrator.unfinished();
            published.extend(edge.into_iter().map(|(path, bytes)| (path, bytes.to_vec())));
            for tile in Tile::new_tiles(TILE_HEIGHT, sealed, sealed + step) {
                let path = TilePath::from_tile(tile);
                assert_eq!(published[&path].len(), path.width() * HASH_BYTES, "{path}");
            }
            sealed += step;
        }

        assert_eq!(integrator.size(), TreeSize::new(sealed));
    }
}
