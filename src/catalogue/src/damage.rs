//! Damage: what is wrong with a stored file, and with which.

use std::io;
use std::path::PathBuf;

use domain::{DatasetName, EditionId, Sha256Digest, SnapshotId};
use ledger::note::VerifyNoteError;

/// A stored file that is not what was signed.
#[derive(Debug, thiserror::Error)]
#[error("{}: {kind}", file.display())]
pub struct Damage {
    /// The file, relative to the data folder.
    pub file: PathBuf,
    /// What is wrong with it.
    #[source]
    pub kind: DamageKind,
}

/// A snapshot that is not as it was signed.
#[derive(Debug)]
pub struct DamagedSnapshot {
    /// Of which dataset.
    pub dataset: DatasetName,
    /// Which.
    pub snapshot: SnapshotId,
    /// What is wrong with it.
    pub damage: Damage,
}

/// What is wrong with a stored file.
#[derive(Debug, thiserror::Error)]
pub enum DamageKind {
    /// It is not there.
    #[error("is missing")]
    Missing,
    /// It is there but cannot be read.
    #[error("cannot be read")]
    Unreadable(#[source] io::Error),
    /// It is no regular file.
    #[error("is not a regular file")]
    NotAFile,
    /// It is shorter or longer than its manifest says.
    #[error("has {found_bytes} bytes where the manifest says {expected_bytes}")]
    Length {
        /// What the manifest says.
        expected_bytes: u64,
        /// What it has.
        found_bytes: u64,
    },
    /// Its bytes are not those that the manifest names.
    #[error("has the digest {found} where {expected} was signed")]
    Digest {
        /// What was signed.
        expected: Sha256Digest,
        /// What it has.
        found: Sha256Digest,
    },
    /// Nobody vouches for it.
    #[error("has no valid signature: {0}")]
    Signature(#[source] VerifyNoteError),
    /// The signature beside it is over something else.
    #[error("is not what the signature beside it was made for")]
    SignedElse,
    /// It is not of the form that was stored.
    #[error("is not of the form it should have")]
    Malformed(#[source] serde_json::Error),
    /// The manifest is that of another snapshot.
    #[error("is the manifest of {dataset} {snapshot}")]
    OtherSnapshot {
        /// Of which dataset.
        dataset: DatasetName,
        /// Of which snapshot.
        snapshot: SnapshotId,
    },
    /// The edition is another than its file name says.
    #[error("is the edition {0}")]
    OtherEdition(EditionId),
    /// The edition does not follow the one before it.
    #[error("does not follow the edition before it")]
    ChainBroken,
    /// The edition names a snapshot that is not there as it was.
    #[error("names the snapshot {snapshot} of {dataset}, which is not there as it was signed")]
    SnapshotAbsent {
        /// Of which dataset.
        dataset: DatasetName,
        /// Which.
        snapshot: SnapshotId,
    },
}

impl DamageKind {
    /// What an I/O error on a file means.
    pub(crate) fn from_io(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::NotFound {
            Self::Missing
        } else {
            Self::Unreadable(error)
        }
    }
}
