//! Redactions: what the law takes out of every snapshot of a dataset, old editions included.
//!
//! # Invariant
//! The list of a dataset's redactions only grows. A [`Redaction`] names rows by their primary key
//! or by their age, never by another column: what it hits does not change with what it hides.
//!
//! # Rooms
//! - [`order`]: what a steward asks for, checked against the codebook.
//! - [`combine`]: all redactions of a dataset as one answer to "what of this row stays".
//!
//! # Source
//! GDPR Art. 16, 17; DSA Art. 30(5), 39(3).

mod combine;
mod order;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

pub use combine::{Combined, combine};
pub use order::{InvalidRedaction, key_form, retention_cutoff};

use crate::codebook::Field;
use crate::ids::{ColumnName, DatasetName};
use crate::question::MountedFile;
use crate::time::Date;

/// Why something is taken out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Ground {
    /// GDPR Art. 16: it was wrong.
    #[serde(rename = "art16")]
    Art16,
    /// GDPR Art. 17: the person wants it erased.
    #[serde(rename = "art17")]
    Art17,
    /// DSA Art. 30(5): six months after the contract with a trader ended.
    #[serde(rename = "dsa30_5")]
    Dsa30Paragraph5,
    /// DSA Art. 39(3): of an advertisement that was removed, its content and its sponsor.
    #[serde(rename = "dsa39_3")]
    Dsa39Paragraph3,
    /// An authority or a court ordered it.
    #[serde(rename = "order")]
    Order,
    /// The dataset's own retention, on the basis that its codebook names.
    #[serde(rename = "retention")]
    Retention,
}

impl Ground {
    /// The grounds that a steward can name; [`Ground::Retention`] follows from a codebook.
    pub const STATED: [Self; 5] =
        [Self::Art16, Self::Art17, Self::Dsa30Paragraph5, Self::Dsa39Paragraph3, Self::Order];

    /// The ground as commands, the log and notices write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Art16 => "art16",
            Self::Art17 => "art17",
            Self::Dsa30Paragraph5 => "dsa30_5",
            Self::Dsa39Paragraph3 => "dsa39_3",
            Self::Order => "order",
            Self::Retention => "retention",
        }
    }

    /// The law behind it, for a reader.
    #[must_use]
    pub fn law(self) -> &'static str {
        match self {
            Self::Art16 => "GDPR Art. 16",
            Self::Art17 => "GDPR Art. 17",
            Self::Dsa30Paragraph5 => "DSA Art. 30(5)",
            Self::Dsa39Paragraph3 => "DSA Art. 39(3)",
            Self::Order => "an order",
            Self::Retention => "the dataset's retention",
        }
    }
}

/// A text that is no ground that a steward can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is no ground; one of art16, art17, dsa30_5, dsa39_3, order is")]
pub struct InvalidGround;

impl std::str::FromStr for Ground {
    type Err = InvalidGround;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::STATED.into_iter().find(|ground| ground.as_str() == text).ok_or(InvalidGround)
    }
}

impl fmt::Display for Ground {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The values of a row's primary key, in the key's order, each in its type's one spelling.
pub type Key = Vec<String>;

/// Which rows a redaction is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RedactedRows {
    /// Those with one of some keys.
    Keys {
        /// The columns of the primary key.
        columns: Vec<ColumnName>,
        /// Their values.
        keys: BTreeSet<Key>,
    },
    /// Those whose clock stands before a day; a row whose clock says nothing stays.
    Before {
        /// The column that tells a row's age.
        clock: ColumnName,
        /// The first day that stays.
        day: Date,
    },
}

/// Something that is taken out of every snapshot of a dataset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redaction {
    /// The dataset.
    pub dataset: DatasetName,
    /// Why, by law.
    pub ground: Ground,
    /// Why, in the steward's words, or the basis that the codebook names.
    pub reason: String,
    /// The columns whose cells become null; none where whole rows vanish.
    pub columns: BTreeSet<ColumnName>,
    /// The rows.
    pub rows: RedactedRows,
}

impl Redaction {
    /// Whether it takes out nothing that another of the same ground does not take out already.
    #[must_use]
    pub fn is_within(&self, other: &Self) -> bool {
        let same = self.dataset == other.dataset && self.ground == other.ground;
        same && self.columns == other.columns && self.rows.is_within(&other.rows)
    }

    /// How many keys it names; none of one by age.
    #[must_use]
    pub fn key_count(&self) -> u64 {
        match &self.rows {
            RedactedRows::Keys { keys, .. } => keys.len() as u64,
            RedactedRows::Before { .. } => 0,
        }
    }
}

impl RedactedRows {
    fn is_within(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Keys { columns, keys }, Self::Keys { columns: theirs, keys: known }) => {
                columns == theirs && keys.is_subset(known)
            }
            (Self::Before { clock, day }, Self::Before { clock: theirs, day: known }) => {
                clock == theirs && day <= known
            }
            (Self::Keys { .. } | Self::Before { .. }, _) => false,
        }
    }
}

/// What becomes of a row that a key names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RedactionTarget {
    /// The columns that the keys are values of.
    pub key: Vec<ColumnName>,
    /// The whole row vanishes, on this ground.
    pub row: Option<Ground>,
    /// These cells become null, each on its ground.
    pub cells: BTreeMap<ColumnName, Ground>,
}

/// Rows that vanish because of their age.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Cutoff {
    /// The column that tells a row's age.
    pub clock: ColumnName,
    /// The first day that stays.
    pub before: Date,
    /// Why.
    pub ground: Ground,
}

/// The redactions of a mounted snapshot, as they cross the wall.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MountedRedactions {
    /// What becomes of the rows that keys name; the lists of keys stand in [`Self::keys`].
    pub targets: Vec<RedactionTarget>,
    /// What vanishes because of its age.
    pub cutoffs: Vec<Cutoff>,
    /// The columns that keys and ages are told by, granted or not.
    pub fields: Vec<Field>,
    /// The keys, if there are any: JSON, a list of keys for each of the targets. Its descriptor
    /// comes behind those of the snapshot's files.
    pub keys: Option<MountedFile>,
}

impl MountedRedactions {
    /// Whether cells of a column may become null.
    #[must_use]
    pub fn nulls(&self, column: &ColumnName) -> bool {
        self.targets.iter().any(|target| target.cells.contains_key(column))
    }
}

/// How much was taken out on one ground.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RedactionCount {
    /// Whole rows.
    pub rows: u64,
    /// Single cells of rows that stayed.
    pub cells: u64,
}

/// How much was taken out, by ground.
pub type RedactionCounts = BTreeMap<Ground, RedactionCount>;

/// Adds counts to counts.
pub fn add_counts(sum: &mut RedactionCounts, more: &RedactionCounts) {
    for (ground, count) in more {
        let own = sum.entry(*ground).or_default();
        own.rows += count.rows;
        own.cells += count.cells;
    }
}
