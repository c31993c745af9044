//! Tombstones: what stays of a snapshot that was written anew without what the law takes out.
//!
//! # Invariant
//! A tombstone tells no value: it names the snapshot by its manifest's digest, its successor, and
//! how much was taken out on which ground. The manifest itself goes, since bounds of columns stand
//! in it.
//!
//! # Shape
//! `snapshots/<dataset>/<id>/redacted.json` and its seal, canonical JSON.

use domain::canonical::CanonicalizeError;
use domain::edition::SnapshotRef;
use domain::redaction::RedactionCounts;
use domain::{DatasetName, Sha256Digest, SnapshotId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::damage::{Damage, DamageKind};
use crate::folder::{self, FolderError, PENDING_PREFIX, TEMP_PREFIX};
use crate::layout::{CODEBOOK_FILE, FILES_FOLDER, Layout, MANIFEST_FILE, MANIFEST_SEAL_FILE};
use crate::load::read_file;
use crate::seal::{Sealed, Sealer};
use crate::signed::Signed;

/// The tombstone in a snapshot's folder.
pub(crate) const TOMBSTONE_FILE: &str = "redacted.json";

/// The seal on it.
pub(crate) const TOMBSTONE_SEAL_FILE: &str = "redacted.json.sig";

/// What stays of a snapshot that was written anew.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tombstone {
    /// Always `redacted`.
    pub state: String,
    /// The dataset.
    pub dataset: DatasetName,
    /// The snapshot that was, with its manifest's digest.
    pub snapshot: SnapshotRef,
    /// The snapshot that stands in its place.
    pub successor: SnapshotRef,
    /// When that was made.
    pub at: Timestamp,
    /// How many redactions of the dataset are in it.
    pub redactions: u64,
    /// How much was taken out, by ground.
    pub removed: RedactionCounts,
}

/// A tombstone with the bytes that were signed.
pub type SignedTombstone = Signed<Tombstone>;

impl SignedTombstone {
    /// What it says.
    #[must_use]
    pub fn tombstone(&self) -> &Tombstone {
        self.document()
    }

    /// Signs a tombstone.
    pub(crate) fn of(tombstone: Tombstone, sealer: &Sealer) -> Result<Self, CanonicalizeError> {
        Self::sign(tombstone, |it| Sealed::Tombstone(&it.dataset, &it.snapshot.id), sealer)
    }
}

/// Where the tombstone of a snapshot is, while it is pending or once it stands.
fn path(layout: &Layout, tombstone: &Tombstone, is_pending: bool) -> std::path::PathBuf {
    let folder = layout.snapshot(&tombstone.dataset, &tombstone.snapshot.id);
    let prefix = if is_pending { PENDING_PREFIX } else { "" };
    folder.join(format!("{prefix}{TOMBSTONE_FILE}"))
}

/// Makes a tombstone durable as pending.
pub(crate) fn store(layout: &Layout, signed: &SignedTombstone) -> Result<(), FolderError> {
    let pending = path(layout, &signed.document, true);
    // The seal first: a tombstone without one would be damage.
    let seal = pending.with_file_name(TOMBSTONE_SEAL_FILE);
    folder::replace(&seal, signed.signature.as_bytes())?;
    folder::replace(&pending, &signed.bytes)
}

/// Gives a pending tombstone its name; from then on the snapshot is not there any more.
pub(crate) fn reveal(layout: &Layout, signed: &SignedTombstone) -> Result<(), FolderError> {
    let (from, to) = (path(layout, &signed.document, true), path(layout, &signed.document, false));
    folder::rename(&from, &to)?;
    sweep(&layout.snapshot(&signed.document.dataset, &signed.document.snapshot.id))
}

/// Takes a pending tombstone back.
pub(crate) fn discard(layout: &Layout, signed: &SignedTombstone) -> Result<(), FolderError> {
    let pending = path(layout, &signed.document, true);
    folder::remove(&pending)?;
    folder::remove(&pending.with_file_name(TOMBSTONE_SEAL_FILE))
}

/// Removes from a folder with a tombstone what the snapshot left.
pub(crate) fn sweep(folder: &std::path::Path) -> Result<(), FolderError> {
    for name in [MANIFEST_FILE, MANIFEST_SEAL_FILE, CODEBOOK_FILE, FILES_FOLDER] {
        folder::remove(&folder.join(name))?;
    }
    folder::sync(folder)
}

/// Removes from a snapshot's folder what a crash left of a tombstone that never came to be.
pub(crate) fn sweep_unfinished(
    folder: &std::path::Path,
    has_tombstone: bool,
) -> Result<(), FolderError> {
    if !folder.is_dir() {
        // Whatever else it is, reading the snapshot says.
        return Ok(());
    }
    for name in folder::names(folder)? {
        // The seal is written first.
        if name.starts_with(TEMP_PREFIX) || !has_tombstone && name == TOMBSTONE_SEAL_FILE {
            folder::remove(&folder.join(name))?;
        }
    }
    Ok(())
}

/// Reads the tombstone in a snapshot's folder, if it has one, pending or not.
///
/// # Errors
/// When it is not what was signed.
pub(crate) fn read(
    layout: &Layout,
    sealer: &Sealer,
    dataset: &DatasetName,
    id: &SnapshotId,
    is_pending: bool,
) -> Result<Option<SignedTombstone>, Damage> {
    let prefix = if is_pending { PENDING_PREFIX } else { "" };
    let path = layout.snapshot(dataset, id).join(format!("{prefix}{TOMBSTONE_FILE}"));
    if !path.exists() {
        return Ok(None);
    }
    let damage = |kind| Damage { file: layout.relative(&path), kind };
    let bytes = read_file(layout, &path)?;
    let sha256 = Sha256Digest::of(&bytes);
    let signature = read_file(layout, &path.with_file_name(TOMBSTONE_SEAL_FILE))?;
    sealer.check(Sealed::Tombstone(dataset, id), sha256, &signature).map_err(damage)?;
    let signature = String::from_utf8(signature).map_err(|_| damage(DamageKind::SignedElse))?;
    let tombstone: Tombstone =
        serde_json::from_slice(&bytes).map_err(|error| damage(DamageKind::Malformed(error)))?;
    if tombstone.dataset != *dataset || tombstone.snapshot.id != *id {
        let (dataset, snapshot) = (tombstone.dataset, tombstone.snapshot.id);
        return Err(damage(DamageKind::OtherSnapshot { dataset, snapshot }));
    }
    Ok(Some(Signed { document: tombstone, bytes, sha256, signature }))
}
