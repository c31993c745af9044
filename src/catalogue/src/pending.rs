//! Pending publications: durable, but visible to nobody until the log has their entries.
//!
//! # Order
//! Files and manifest durable → edition durable → entries of the log durable → visible, by one
//! rename each. A crash before the entries undoes it, a crash after them completes it.

use std::sync::Arc;

use domain::canonical::CanonicalizeError;
use domain::codebook::Kind;
use domain::edition::SnapshotRef;
use domain::{DatasetName, Date, EditionId, Sha256Digest, SnapshotId};

use crate::edition::SignedEdition;
use crate::folder::FolderError;
use crate::snapshot::Snapshot;
use crate::view::{SnapshotState, View};

/// A publication that is durable and not visible yet.
///
/// One that is neither settled nor abandoned keeps the catalogue from taking another: whether the
/// log has its entries is then known only after the next start.
#[derive(Debug)]
#[must_use = "it stays invisible until settled, and in the way of the next until settled or abandoned"]
pub struct Pending {
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) is_new: bool,
    pub(crate) edition: Option<Arc<SignedEdition>>,
}

impl Pending {
    /// The snapshot that is published or activated.
    #[must_use]
    pub fn snapshot(&self) -> &Arc<Snapshot> {
        &self.snapshot
    }

    /// Whether the snapshot was not there before; if it was, the log has its entry already.
    #[must_use]
    pub fn is_new(&self) -> bool {
        self.is_new
    }

    /// The edition that will be the newest, if one was proposed and changes anything.
    #[must_use]
    pub fn edition(&self) -> Option<&Arc<SignedEdition>> {
        self.edition.as_ref()
    }
}

/// Why an existing snapshot cannot be taken up for activation.
#[derive(Debug, thiserror::Error)]
pub enum ReopenError {
    /// Another publication stands between its files and its entry in the log.
    #[error("another publication is not settled yet")]
    Unsettled,
    /// There is no such snapshot.
    #[error("there is no snapshot {snapshot} of {dataset}")]
    Unknown {
        /// Of which dataset.
        dataset: DatasetName,
        /// Which.
        snapshot: SnapshotId,
    },
}

/// Why no edition was proposed.
#[derive(Debug, thiserror::Error)]
pub enum ProposeError {
    /// Its date is before that of the newest edition.
    #[error("the newest edition is of {newest}, and editions never go back")]
    AsOfBeforeNewest {
        /// The newest edition's date.
        newest: Date,
    },
    /// Another snapshot became current since this one was made, and its periods would be lost.
    #[error("the snapshot builds on {}, but {current} is current", base_text(.base.as_ref()))]
    BaseNotCurrent {
        /// What it builds on.
        base: Option<SnapshotId>,
        /// What is current.
        current: SnapshotId,
    },
    /// The data folder cannot be written.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The edition has no canonical form.
    #[error(transparent)]
    Canonicalize(#[from] CanonicalizeError),
}

fn base_text(base: Option<&SnapshotId>) -> &str {
    base.map_or("nothing", SnapshotId::as_str)
}

/// What a crash left between its making and its entry in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unsettled {
    /// A snapshot.
    Snapshot {
        /// Of which dataset.
        dataset: DatasetName,
        /// Which, and its manifest's digest.
        snapshot: SnapshotRef,
    },
    /// What stays of a snapshot that was written anew.
    Tombstone {
        /// Of which dataset.
        dataset: DatasetName,
        /// Which snapshot.
        id: SnapshotId,
        /// The digest over the tombstone's canonical JSON.
        sha256: Sha256Digest,
    },
    /// An edition.
    Edition {
        /// Which.
        id: EditionId,
        /// The digest over its canonical JSON.
        sha256: Sha256Digest,
    },
}

/// Checks that an edition with a snapshot may come next.
pub(crate) fn check_proposal(
    view: &View,
    snapshot: &Snapshot,
    as_of: Date,
) -> Result<(), ProposeError> {
    if let Some(newest) = view.newest().map(|newest| newest.edition().as_of)
        && as_of < newest
    {
        return Err(ProposeError::AsOfBeforeNewest { newest });
    }
    // A snapshot of periods carries those of its base along. One that was current before may be
    // taken up again on purpose; one that never was must not undo what came in the meantime.
    let is_staged = view.state(snapshot) == SnapshotState::Staged;
    let carries_periods = snapshot.codebook().kind == Kind::Periods;
    if let Some(current) = view.current(snapshot.dataset())
        && is_staged
        && carries_periods
        && snapshot.manifest.previous.as_ref() != Some(current.id())
    {
        let base = snapshot.manifest.previous.clone();
        return Err(ProposeError::BaseNotCurrent { base, current: current.id().clone() });
    }
    Ok(())
}
