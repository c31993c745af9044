//! Proofs: that an entry is in a log, and that a log only grew.
//!
//! Making one needs the log's tiles; checking one needs a checkpoint that its key vouches for,
//! and nothing else.
//!
//! # Source
//! RFC 6962 §2.1.1 and §2.1.2.

use std::cell::RefCell;
use std::io;

use domain::Sha256Digest;
use tlog_tiles::{Hash, Tile, TileHashReader, TileReader};

use crate::checkpoint::Checkpoint;
use crate::leaf::{LeafIndex, TreeSize};
use crate::tile::{TILE_BYTES_MAX, TILE_HEIGHT, TilePath};
use crate::tree::leaf_hash;
use crate::verify::TileSource;

/// The hashes that lead from one entry to the root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InclusionProof {
    /// Which entry.
    pub index: LeafIndex,
    /// In a tree of which size.
    pub size: TreeSize,
    /// The neighbours' hashes, from the leaf upwards.
    pub hashes: Vec<Sha256Digest>,
}

/// The hashes that lead from an earlier root to a later one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsistencyProof {
    /// The earlier size.
    pub from: TreeSize,
    /// The later size.
    pub to: TreeSize,
    /// The subtrees' hashes, in the order of RFC 6962.
    pub hashes: Vec<Sha256Digest>,
}

/// Why no proof was made.
#[derive(Debug, thiserror::Error)]
pub enum ProveError {
    /// The tree does not have that entry, or never had that size.
    #[error("the tree of size {size} has no such entry or earlier size")]
    Outside {
        /// The tree's size.
        size: TreeSize,
    },
    /// A tile was not read.
    #[error("the tile {path} cannot be read")]
    Unreadable {
        /// Which.
        path: TilePath,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The tiles do not lead to the root hash.
    #[error("the tiles do not lead to the checkpoint's root hash")]
    Inconsistent,
}

/// A proof that does not prove what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the proof does not lead to the root hash")]
pub struct InvalidProof;

impl InclusionProof {
    /// Proves an entry that a checkpoint covers.
    ///
    /// The tiles are checked against the root hash on the way.
    ///
    /// # Errors
    /// See [`ProveError`].
    pub fn prove(
        index: LeafIndex,
        checkpoint: &Checkpoint,
        source: &dyn TileSource,
    ) -> Result<Self, ProveError> {
        let size = checkpoint.size();
        if !size.holds(index) {
            return Err(ProveError::Outside { size });
        }
        let tiles = Tiles::new(source);
        let reader = TileHashReader::new(size.get(), root_of(checkpoint), &tiles);
        let hashes = tiles.told(tlog_tiles::prove_record(size.get(), index.get(), &reader))?;
        Ok(Self { index, size, hashes })
    }

    /// Checks that a checkpoint covers an entry at the proof's place.
    ///
    /// # Errors
    /// When it does not.
    pub fn verify(&self, checkpoint: &Checkpoint, entry: &[u8]) -> Result<(), InvalidProof> {
        if self.size != checkpoint.size() || !self.size.holds(self.index) {
            return Err(InvalidProof);
        }
        let (proof, root) = (from_digests(&self.hashes), root_of(checkpoint));
        let (size, index) = (self.size.get(), self.index.get());
        tlog_tiles::check_record(&proof, size, root, index, leaf_hash(entry))
            .map_err(|_| InvalidProof)
    }
}

impl ConsistencyProof {
    /// Proves that a checkpoint continues the log that had an earlier size.
    ///
    /// # Errors
    /// See [`ProveError`]; an empty tree is the beginning of every tree and has no proof.
    pub fn prove(
        from: TreeSize,
        checkpoint: &Checkpoint,
        source: &dyn TileSource,
    ) -> Result<Self, ProveError> {
        let to = checkpoint.size();
        if from == TreeSize::EMPTY || to < from {
            return Err(ProveError::Outside { size: to });
        }
        let tiles = Tiles::new(source);
        let reader = TileHashReader::new(to.get(), root_of(checkpoint), &tiles);
        let hashes = tiles.told(tlog_tiles::prove_tree(to.get(), from.get(), &reader))?;
        Ok(Self { from, to, hashes })
    }

    /// Checks that an earlier checkpoint and a later one belong to one log.
    ///
    /// # Errors
    /// When they do not.
    pub fn verify(&self, earlier: &Checkpoint, later: &Checkpoint) -> Result<(), InvalidProof> {
        let (from, to) = (earlier.size(), later.size());
        if (self.from, self.to) != (from, to) || from == TreeSize::EMPTY || to < from {
            return Err(InvalidProof);
        }
        let proof = from_digests(&self.hashes);
        let (earlier, later) = (root_of(earlier), root_of(later));
        tlog_tiles::check_tree(&proof, to.get(), later, from.get(), earlier)
            .map_err(|_| InvalidProof)
    }
}

fn root_of(checkpoint: &Checkpoint) -> Hash {
    Hash(*checkpoint.root().as_bytes())
}

fn from_digests(digests: &[Sha256Digest]) -> Vec<Hash> {
    digests.iter().map(|digest| Hash(*digest.as_bytes())).collect()
}

/// A source of tiles, as the crate that makes proofs reads them; keeps the reason of a failure,
/// for which the crate has no word.
struct Tiles<'source> {
    source: &'source dyn TileSource,
    failure: RefCell<Option<ProveError>>,
}

impl<'source> Tiles<'source> {
    fn new(source: &'source dyn TileSource) -> Self {
        Self { source, failure: RefCell::new(None) }
    }

    fn read(&self, path: TilePath) -> Result<Vec<u8>, ProveError> {
        let unreadable = |source| ProveError::Unreadable { path, source };
        let bytes = self.source.fetch(&path.to_string(), TILE_BYTES_MAX).map_err(unreadable)?;
        bytes.ok_or_else(|| unreadable(io::ErrorKind::NotFound.into()))
    }

    fn told(
        &self,
        proof: Result<Vec<Hash>, tlog_tiles::Error>,
    ) -> Result<Vec<Sha256Digest>, ProveError> {
        match proof {
            Ok(hashes) => Ok(hashes.iter().map(|hash| Sha256Digest::from_bytes(hash.0)).collect()),
            Err(_) => Err(self.failure.take().unwrap_or(ProveError::Inconsistent)),
        }
    }
}

impl TileReader for Tiles<'_> {
    fn height(&self) -> u8 {
        TILE_HEIGHT
    }

    fn read_tiles(&self, tiles: &[Tile]) -> Result<Vec<Vec<u8>>, tlog_tiles::Error> {
        let read = tiles.iter().map(|tile| self.read(TilePath::from_tile(*tile)));
        read.collect::<Result<_, _>>().map_err(|error| {
            self.failure.replace(Some(error));
            tlog_tiles::Error::InvalidTile
        })
    }

    fn save_tiles(&self, _tiles: &[Tile], _data: &[Vec<u8>]) {}
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use ct_merkle::RootHash;
    use ct_merkle::mem_backed_tree::MemoryBackedTree;
    use proptest::prelude::*;
    use sha2::Sha256;

    use super::*;
    use crate::specimen::key;
    use crate::tree::Integrator;

    /// A log's tiles in memory.
    #[derive(Default)]
    struct InMemory(HashMap<String, Vec<u8>>);

    impl TileSource for InMemory {
        fn fetch(&self, path: &str, _bytes_max: u64) -> io::Result<Option<Vec<u8>>> {
            Ok(self.0.get(path).cloned())
        }
    }

    struct Tree {
        checkpoint: Checkpoint,
        tiles: InMemory,
        oracle: MemoryBackedTree<Sha256, Vec<u8>>,
    }

    fn tree(entries: u64) -> Tree {
        let (mut integrator, mut tiles) = (Integrator::default(), InMemory::default());
        let mut oracle = MemoryBackedTree::new();
        for number in 0..entries {
            let complete = integrator.push(&number.to_le_bytes());
            tiles.0.extend(complete.into_iter().map(|tile| (tile.path.to_string(), tile.bytes)));
            oracle.push(number.to_le_bytes().to_vec());
        }
        let edge = integrator.unfinished();
        tiles.0.extend(edge.into_iter().map(|(path, bytes)| (path.to_string(), bytes.to_vec())));
        let checkpoint = Checkpoint::sign(&key(), integrator.size(), integrator.root());
        Tree { checkpoint, tiles, oracle }
    }

    fn concatenated(hashes: &[Sha256Digest]) -> Vec<u8> {
        hashes.iter().flat_map(|hash| *hash.as_bytes()).collect()
    }

    #[test]
    fn every_inclusion_proof_of_every_small_tree_is_the_oracle_s() {
        for entries in 1..40 {
            let tree = tree(entries);
            for index in 0..entries {
                let leaf = LeafIndex::new(index);
                let proof = InclusionProof::prove(leaf, &tree.checkpoint, &tree.tiles).unwrap();

                let oracle = tree.oracle.prove_inclusion(index as usize);
                assert_eq!(concatenated(&proof.hashes), oracle.as_bytes());
                assert_eq!(proof.verify(&tree.checkpoint, &index.to_le_bytes()), Ok(()));
            }
        }
    }

    #[test]
    fn every_consistency_proof_of_every_small_tree_is_the_oracle_s() {
        for entries in 1..40 {
            let to = tree(entries);
            for earlier in 1..=entries {
                let from = tree(earlier);
                let proof =
                    ConsistencyProof::prove(from.checkpoint.size(), &to.checkpoint, &to.tiles);
                let proof = proof.unwrap();

                let oracle = to.oracle.prove_consistency((entries - earlier) as usize);
                assert_eq!(concatenated(&proof.hashes), oracle.as_bytes());
                assert_eq!(proof.verify(&from.checkpoint, &to.checkpoint), Ok(()));
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        /// RFC 6962 §2.1.1: each entry proves its place, and nothing else passes for it.
        #[test]
        fn each_entry_proves_itself_and_nothing_else(
            entries in 1u64..1500, pick: prop::sample::Index, other: prop::sample::Index,
        ) {
            let tree = tree(entries);
            let index = pick.index(entries as usize) as u64;
            let leaf = LeafIndex::new(index);

            let proof = InclusionProof::prove(leaf, &tree.checkpoint, &tree.tiles).unwrap();

            let root = *tree.checkpoint.root().as_bytes();
            let root = RootHash::<Sha256>::new(root.into(), entries);
            let oracle = ct_merkle::InclusionProof::try_from_bytes(concatenated(&proof.hashes));
            let oracle = root.verify_inclusion(&index.to_le_bytes(), index, &oracle.unwrap());
            prop_assert!(oracle.is_ok());
            let stranger = other.index(entries as usize) as u64;
            let verified = proof.verify(&tree.checkpoint, &stranger.to_le_bytes());
            prop_assert_eq!(verified.is_ok(), stranger == index);
        }

        /// RFC 6962 §2.1.2: a later tree is consistent with each earlier one, and with no other.
        #[test]
        fn a_log_is_consistent_with_each_of_its_pasts(
            entries in 2u64..1500, pick: prop::sample::Index,
        ) {
            let earlier = 1 + pick.index(entries as usize - 1) as u64;
            let (from, to) = (tree(earlier), tree(entries));

            let size = from.checkpoint.size();
            let proof = ConsistencyProof::prove(size, &to.checkpoint, &to.tiles).unwrap();

            prop_assert_eq!(proof.verify(&from.checkpoint, &to.checkpoint), Ok(()));
            let other = Checkpoint::sign(&key(), size, Sha256Digest::of(b"other"));
            prop_assert_eq!(proof.verify(&other, &to.checkpoint), Err(InvalidProof));
            prop_assert_eq!(proof.verify(&to.checkpoint, &from.checkpoint), Err(InvalidProof));
        }
    }

    #[test]
    fn what_is_not_in_the_tree_has_no_proof() {
        let tree = tree(5);
        let end = tree.checkpoint.size().end();

        let beyond = InclusionProof::prove(end, &tree.checkpoint, &tree.tiles);
        assert!(matches!(beyond, Err(ProveError::Outside { .. })));
        let empty = ConsistencyProof::prove(TreeSize::EMPTY, &tree.checkpoint, &tree.tiles);
        assert!(matches!(empty, Err(ProveError::Outside { .. })));
    }

    #[test]
    fn a_missing_or_changed_tile_gives_no_proof() {
        let mut tree = tree(5);
        let tile = "tile/0/000.p/5";
        tree.tiles.0.get_mut(tile).unwrap()[0] ^= 1;
        let prove =
            |tree: &Tree| InclusionProof::prove(LeafIndex::FIRST, &tree.checkpoint, &tree.tiles);

        assert!(matches!(prove(&tree), Err(ProveError::Inconsistent)));
        tree.tiles.0.clear();
        let message = prove(&tree).unwrap_err().to_string();
        assert_eq!(message, format!("the tile {tile} cannot be read"));
    }
}
