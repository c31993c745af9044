//! Pending publications: durable, but visible to nobody until the log has their entries.
//!
//! # Order
//! Files and manifests durable → edition durable → entries of the log durable → visible, by one
//! rename each. A crash before the first entry undoes the whole; once the log has one of them, the
//! next start adds those that are missing and completes the whole.

use std::sync::Arc;

use domain::canonical::CanonicalizeError;
use domain::codebook::Kind;
use domain::{DatasetName, Date, Sha256Digest, SnapshotId};

use crate::edition::SignedEdition;
use crate::folder::FolderError;
use crate::snapshot::Snapshot;
use crate::tombstone::SignedTombstone;
use crate::view::{SnapshotState, View};

/// A publication that is durable and not visible yet.
///
/// One that is neither settled nor abandoned keeps the catalogue from taking another: whether the
/// log has its entries is then known only after the next start.
#[derive(Debug)]
#[must_use = "it stays invisible until settled, and in the way of the next until settled or abandoned"]
pub struct Pending {
    pub(crate) parts: Vec<Part>,
    pub(crate) edition: Option<Arc<SignedEdition>>,
}

/// One snapshot of a pending publication.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) snapshot: Arc<Snapshot>,
    /// Whether it was not there before; if it was, the log has its entry already.
    pub(crate) is_new: bool,
}

impl Pending {
    /// The snapshots that are published or activated together.
    pub fn snapshots(&self) -> impl Iterator<Item = &Arc<Snapshot>> {
        self.parts.iter().map(|part| &part.snapshot)
    }

    /// Those of them that were not there before, so that the log has no entry of them yet.
    pub fn new_snapshots(&self) -> impl Iterator<Item = &Arc<Snapshot>> {
        self.parts.iter().filter(|part| part.is_new).map(|part| &part.snapshot)
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
#[derive(Clone, Debug)]
pub enum Unsettled {
    /// A snapshot.
    Snapshot(Arc<Snapshot>),
    /// What stays of a snapshot that was written anew.
    Tombstone(Arc<SignedTombstone>),
    /// An edition.
    Edition(Arc<SignedEdition>),
}

impl Unsettled {
    /// The digest by which the log knows a manifest or an edition.
    #[must_use]
    pub fn sha256(&self) -> Sha256Digest {
        match self {
            Self::Snapshot(snapshot) => snapshot.manifest_sha256(),
            Self::Tombstone(stone) => stone.sha256(),
            Self::Edition(edition) => edition.sha256(),
        }
    }
}

/// What becomes of what a crash left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolution {
    /// The log has every entry: it becomes visible.
    Complete,
    /// The log has none: it goes.
    TakeBack,
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
    let is_staged = matches!(view.state(snapshot), SnapshotState::Staged | SnapshotState::Held);
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
