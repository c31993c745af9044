//! Editions: one consistent set of snapshots, which a paper cites.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::ids::{DatasetName, EditionId, Sha256Digest, SnapshotId};
use crate::time::{Date, Timestamp};

/// One consistent set of snapshots. Editions form a chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edition {
    /// Its id, `e-<number>`.
    pub id: EditionId,
    /// Its place in the chain, from one.
    pub number: u64,
    /// The day whose state it shows; never before that of the edition before it.
    pub as_of: Date,
    /// When it was made.
    pub created: Timestamp,
    /// The edition before it, by digest.
    pub previous: Option<PreviousEdition>,
    /// The snapshot of each dataset.
    pub snapshots: BTreeMap<DatasetName, SnapshotRef>,
}

/// The edition that one follows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PreviousEdition {
    /// Its id.
    pub id: EditionId,
    /// The digest over its canonical JSON.
    pub sha256: Sha256Digest,
}

/// A snapshot, pinned by its manifest's digest.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SnapshotRef {
    /// Its id.
    pub id: SnapshotId,
    /// The digest over its manifest's bytes.
    pub manifest_sha256: Sha256Digest,
}
