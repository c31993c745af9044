//! Where an entry stands, and how many there are.
//!
//! Two numbers that must not be taken for each other: the entry with index 4 is the fifth, so
//! the smallest tree that holds it has size 5.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The place of one entry in the log, from zero.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct LeafIndex(u64);

/// How many entries a log, or a checkpoint of it, has.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct TreeSize(u64);

impl LeafIndex {
    /// The first entry's place.
    pub const FIRST: Self = Self(0);

    /// The place with a number.
    #[must_use]
    pub const fn new(index: u64) -> Self {
        Self(index)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The place after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl TreeSize {
    /// A log without entries.
    pub const EMPTY: Self = Self(0);

    /// The size with a number.
    #[must_use]
    pub const fn new(size: u64) -> Self {
        Self(size)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// Whether a tree of this size has an entry at that place.
    #[must_use]
    pub const fn holds(self, index: LeafIndex) -> bool {
        index.0 < self.0
    }

    /// The place that the next entry will take.
    #[must_use]
    pub const fn end(self) -> LeafIndex {
        LeafIndex(self.0)
    }
}

impl fmt::Display for LeafIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for TreeSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
