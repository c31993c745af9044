//! Compacting: a snapshot that was written anew becomes a snapshot of its own, and the old one a
//! tombstone.
//!
//! # Order
//! New files, manifest and tombstone durable but pending → the entry of the log durable → the new
//! snapshot visible, the old one gone → files that nothing names any more removed. A crash before
//! the entry leaves the old, one after it is completed by the next start.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use domain::canonical;
use domain::manifest::{ColumnSummary, FileHash, Resource};
use domain::publication::DraftFile;
use domain::redaction::RedactionCounts;
use domain::{Sha256Digest, Timestamp};

use crate::adopt::{self, AdoptError};
use crate::folder::FolderError;
use crate::layout::{Layout, path_in_manifest};
use crate::seal::{Sealed, Sealer};
use crate::snapshot::Snapshot;
use crate::tombstone::{SignedTombstone, Tombstone};
use crate::{Catalogue, draft, load};

/// What stands in the place of a file that held something.
#[derive(Clone, Debug)]
pub struct Rewritten {
    /// The new files, in their order.
    pub files: Vec<DraftFile>,
    /// The folder of the worker that wrote them, where they lie until a snapshot that names them is
    /// stored; the worker is gone.
    pub folder: PathBuf,
}

/// A snapshot as it was written anew by workers.
#[derive(Debug)]
pub struct Compaction<'a> {
    /// The snapshot that is to go.
    pub snapshot: &'a Arc<Snapshot>,
    /// What stands in the place of files that held something: of its own, and of others, too.
    pub rewritten: &'a BTreeMap<Sha256Digest, Rewritten>,
    /// The columns over what stays and what is new.
    pub columns: Vec<ColumnSummary>,
    /// How much was taken out.
    pub removed: RedactionCounts,
    /// How many redactions of the dataset are in it.
    pub redactions: u64,
    /// When it was made.
    pub created: Timestamp,
    /// The program that made it, with its version.
    pub tool: String,
}

/// A compaction that is durable and not visible yet; as [`crate::Pending`] is.
#[derive(Debug)]
#[must_use = "it stays invisible until settled, and in the way of the next until settled or abandoned"]
pub struct PendingCompaction {
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) is_new: bool,
    pub(crate) tombstone: Arc<SignedTombstone>,
}

impl PendingCompaction {
    /// The snapshot that will stand in the place of the old one.
    #[must_use]
    pub fn snapshot(&self) -> &Arc<Snapshot> {
        &self.snapshot
    }

    /// What will stay of the old one.
    #[must_use]
    pub fn tombstone(&self) -> &Arc<SignedTombstone> {
        &self.tombstone
    }
}

impl Catalogue {
    /// Makes a snapshot that a worker wrote anew durable, and the tombstone of the old, as pending.
    ///
    /// # Errors
    /// [`AdoptError`]; then nothing is left behind.
    pub fn compact(&self, compaction: &Compaction<'_>) -> Result<PendingCompaction, AdoptError> {
        let mut is_taken = self.writing();
        if *is_taken {
            return Err(AdoptError::Unsettled);
        }
        let snapshot = assemble(compaction, &self.sealer)?;
        let existing = self.view().snapshot(snapshot.dataset(), snapshot.id()).cloned();
        let is_new = existing.is_none();
        let snapshot = existing.unwrap_or_else(|| Arc::new(snapshot));
        let stone = Arc::new(tombstone(compaction, &snapshot, &self.sealer)?);
        let write = || {
            if is_new {
                store(&self.layout, &snapshot, compaction)?;
            }
            Ok::<(), AdoptError>(crate::tombstone::store(&self.layout, &stone)?)
        };
        if let Err(error) = write() {
            // Nothing more to say if sweeping fails, too: the next start sweeps again.
            let _ = crate::tombstone::discard(&self.layout, &stone);
            let _ = if is_new { self.discard(&snapshot) } else { Ok(()) };
            return Err(error);
        }
        *is_taken = true;
        Ok(PendingCompaction { snapshot, is_new, tombstone: stone })
    }

    /// Makes a pending compaction visible, after the log has its entry, and removes the files that
    /// nothing names any more.
    ///
    /// # Errors
    /// When the data folder cannot be written: then the next start completes it.
    pub fn settle_compaction(&self, pending: PendingCompaction) -> Result<(), FolderError> {
        let mut is_taken = self.writing();
        if pending.is_new {
            self.reveal(std::slice::from_ref(&pending.snapshot), None)?;
        }
        self.reveal_tombstone(&pending.tombstone)?;
        *is_taken = false;
        Ok(())
    }

    /// Takes back a pending compaction of which the log certainly has no entry.
    ///
    /// # Errors
    /// When the data folder cannot be written: then the next start takes it back.
    pub fn abandon_compaction(&self, pending: PendingCompaction) -> Result<(), FolderError> {
        let mut is_taken = self.writing();
        crate::tombstone::discard(&self.layout, &pending.tombstone)?;
        if pending.is_new {
            self.discard(&pending.snapshot)?;
        }
        *is_taken = false;
        Ok(())
    }

    /// Puts a tombstone in the place of a snapshot, in the folder and in the view; then the files go
    /// that only that snapshot named.
    pub(crate) fn reveal_tombstone(
        &self,
        signed: &Arc<SignedTombstone>,
    ) -> Result<(), FolderError> {
        crate::tombstone::reveal(&self.layout, signed)?;
        let stone = signed.tombstone();
        let mut gone = None;
        self.change_view(|view| {
            let all = view.snapshots.get_mut(&stone.dataset);
            gone = all.and_then(|all| all.remove(&stone.snapshot.id));
            let all = view.tombstones.entry(stone.dataset.clone()).or_default();
            all.insert(stone.snapshot.id.clone(), Arc::clone(signed));
        });
        gone.map_or(Ok(()), |gone| load::remove_files_of(&gone, &self.view()))
    }
}

/// Builds the signed snapshot that a compaction gives; writes nothing.
pub(crate) fn assemble(
    compaction: &Compaction<'_>,
    sealer: &Sealer,
) -> Result<Snapshot, AdoptError> {
    let old = compaction.snapshot;
    draft::check_summaries(&compaction.columns, old.codebook())?;
    let mut manifest = old.manifest().clone();
    manifest.created = compaction.created;
    manifest.tool.clone_from(&compaction.tool);
    manifest.columns.clone_from(&compaction.columns);
    manifest.resources =
        old.manifest().resources.iter().flat_map(|it| replaced(it, compaction)).collect();
    manifest.row_count = manifest.resources.iter().map(|resource| resource.row_count).sum();
    let id = manifest.snapshot_id()?;
    let bytes = canonical::to_bytes(&manifest)?;
    let sha256 = Sha256Digest::of(&bytes);
    let signature = sealer.seal(Sealed::Snapshot(&manifest.name, &id), sha256);
    let codebook = Arc::clone(old.stored_codebook());
    Ok(Snapshot { id, manifest, bytes, sha256, signature, codebook })
}

/// What stands in the place of a file.
fn replaced(resource: &Resource, compaction: &Compaction<'_>) -> Vec<Resource> {
    let Some(Rewritten { files, .. }) = compaction.rewritten.get(&resource.hash.0) else {
        return vec![resource.clone()];
    };
    let several = 1 < files.len();
    let anew = files.iter().enumerate().map(|(number, file)| Resource {
        name: if several { format!("{}-{number}", resource.name) } else { resource.name.clone() },
        path: path_in_manifest(&file.sha256),
        bytes: file.bytes,
        hash: FileHash(file.sha256),
        row_count: file.row_count,
        ..resource.clone()
    });
    anew.collect()
}

/// Makes the new snapshot durable under its pending name.
pub(crate) fn store(
    layout: &Layout,
    snapshot: &Snapshot,
    compaction: &Compaction<'_>,
) -> Result<(), AdoptError> {
    let dataset = snapshot.dataset();
    let named: BTreeSet<Sha256Digest> =
        snapshot.manifest().resources.iter().map(|resource| resource.hash.0).collect();
    // One that another snapshot brought in already is there.
    let is_wanted = |file: &&DraftFile| {
        named.contains(&file.sha256) && !layout.file(dataset, &file.sha256).exists()
    };
    for Rewritten { files, folder } in compaction.rewritten.values() {
        if files.iter().any(|file| is_wanted(&file)) {
            adopt::take_in(layout, dataset, files.iter().filter(is_wanted), folder)?;
        }
    }
    adopt::store(layout, snapshot)
}

/// The tombstone of the old snapshot.
pub(crate) fn tombstone(
    compaction: &Compaction<'_>,
    successor: &Snapshot,
    sealer: &Sealer,
) -> Result<SignedTombstone, AdoptError> {
    let tombstone = Tombstone {
        state: "redacted".to_owned(),
        dataset: compaction.snapshot.dataset().clone(),
        snapshot: compaction.snapshot.reference(),
        successor: successor.reference(),
        at: compaction.created,
        redactions: compaction.redactions,
        removed: compaction.removed.clone(),
    };
    Ok(SignedTombstone::of(tombstone, sealer)?)
}
