//! Adopting: a worker's draft becomes files of the catalogue and a signed manifest.
//!
//! Nothing is visible yet when this is done: the log comes first.

use std::path::Path;
use std::sync::Arc;

use domain::canonical::{self, CanonicalizeError};
use domain::manifest::MANIFEST_PROFILE;
use domain::publication::{Draft, DraftFile};
use domain::task::RowChanges;
use domain::{DatasetName, Date, Manifest, Sha256Digest, SnapshotId, Timestamp};

use crate::codebooks::StoredCodebook;
use crate::damage::DamageKind;
use crate::digest::digest;
use crate::draft::{self, DraftFault};
use crate::folder::{self, FolderError, TEMP_PREFIX};
use crate::layout::{CODEBOOK_FILE, FILES_FOLDER, Layout, MANIFEST_FILE, MANIFEST_SEAL_FILE};
use crate::seal::{Sealed, Sealer};
use crate::snapshot::Snapshot;
use crate::view::{View, open_regular};

/// A draft, and what the gateway knows of how it came to be.
#[derive(Debug)]
pub struct Adoption<'a> {
    /// What the worker was told to enforce.
    pub codebook: Arc<StoredCodebook>,
    /// The snapshot that was current when the worker began, whose files it may keep.
    pub base: Option<Arc<Snapshot>>,
    /// The day whose state the snapshot shows.
    pub as_of: Date,
    /// When it was made.
    pub created: Timestamp,
    /// Who published it: `operator:<user id>`, or a steward by commitment.
    pub publisher: String,
    /// The program that made it, with its version.
    pub tool: String,
    /// The snapshot it replaces because that one was wrong.
    pub supersedes: Option<SnapshotId>,
    /// Why.
    pub reason: Option<String>,
    /// How many of its rows differ from those of the base, where that could be told.
    pub changes: Option<RowChanges>,
    /// What the worker handed back.
    pub draft: &'a Draft,
    /// The worker's folder, where the draft's files lie; the worker is gone.
    pub folder: &'a Path,
}

/// Why a draft did not become a snapshot.
#[derive(Debug, thiserror::Error)]
pub enum AdoptError {
    /// Another publication stands between its files and its entry in the log.
    #[error("another publication is not settled yet")]
    Unsettled,
    /// The snapshot it is to replace is not there.
    #[error("the snapshot {0} that it supersedes is not there")]
    SupersedesUnknown(SnapshotId),
    /// The same snapshot is there already, and was withdrawn.
    #[error("the snapshot {0} is there already, and was withdrawn")]
    Withdrawn(SnapshotId),
    /// The same snapshot is there already, and was published in place of no other, or of another.
    #[error("the snapshot {0} is there already, so that it corrects nothing")]
    CorrectsNothing(SnapshotId),
    /// The draft does not hold together.
    #[error("the worker's draft {0}")]
    Draft(#[from] DraftFault),
    /// A file of the draft is not what the draft says.
    #[error("a file of the worker's draft {0}")]
    File(#[source] DamageKind),
    /// The data folder cannot be written.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The manifest has no canonical form.
    #[error(transparent)]
    Canonicalize(#[from] CanonicalizeError),
}

/// Checks a draft and builds the signed snapshot it becomes; writes nothing.
pub(crate) fn assemble(
    adoption: Adoption<'_>,
    view: &View,
    sealer: &Sealer,
) -> Result<Snapshot, AdoptError> {
    let Adoption { codebook, base, draft, .. } = adoption;
    let dataset = codebook.codebook().name.clone();
    if let Some(id) = &adoption.supersedes
        && view.resolve(&dataset, id).is_none()
    {
        return Err(AdoptError::SupersedesUnknown(id.clone()));
    }
    let resources = draft::resources(draft, codebook.codebook(), base.as_deref())?;
    let manifest = Manifest {
        schema: MANIFEST_PROFILE.to_owned(),
        name: dataset,
        as_of: adoption.as_of,
        created: adoption.created,
        codebook_sha256: codebook.sha256(),
        schema_version: codebook.codebook().schema_version,
        row_count: draft.row_count,
        previous: base.map(|base| base.id().clone()),
        supersedes: adoption.supersedes,
        reason: adoption.reason,
        publisher: adoption.publisher,
        tool: adoption.tool,
        coverage: draft.coverage.clone(),
        resources,
        columns: draft.columns.clone(),
        sources: draft.sources.clone(),
        quality: draft.quality.clone(),
        changes: adoption.changes,
    };
    let id = manifest.snapshot_id()?;
    let bytes = canonical::to_bytes(&manifest)?;
    let sha256 = Sha256Digest::of(&bytes);
    let signature = sealer.seal(Sealed::Snapshot(&manifest.name, &id), sha256);
    Ok(Snapshot { id, manifest, bytes, sha256, signature, codebook })
}

/// Checks that a snapshot which is there already may be published again.
pub(crate) fn check_existing(
    existing: Option<&Snapshot>,
    again: &Snapshot,
    view: &View,
) -> Result<(), AdoptError> {
    let Some(existing) = existing else { return Ok(()) };
    if view.withdrawal(existing.dataset(), existing.id()).is_some() {
        return Err(AdoptError::Withdrawn(existing.id().clone()));
    }
    // A signed manifest cannot say later what it corrects.
    let supersedes = &again.manifest.supersedes;
    if supersedes.is_some() && *supersedes != existing.manifest.supersedes {
        return Err(AdoptError::CorrectsNothing(existing.id().clone()));
    }
    Ok(())
}

/// Makes files of a worker's folder durable under their digests; no snapshot names them yet.
pub(crate) fn take_in<'a>(
    layout: &Layout,
    dataset: &DatasetName,
    files: impl IntoIterator<Item = &'a DraftFile>,
    from: &Path,
) -> Result<(), AdoptError> {
    let home = layout.files(dataset);
    folder::create(&home)?;
    for file in files {
        import(&from.join(&file.file), file, &layout.file(dataset, &file.sha256))?;
    }
    Ok(folder::sync(&home)?)
}

/// Makes a snapshot durable under its pending name; its files are.
pub(crate) fn store(layout: &Layout, snapshot: &Snapshot) -> Result<(), AdoptError> {
    let dataset = snapshot.dataset();
    let pending = layout.pending_snapshot(dataset, snapshot.id());
    let temp = layout.dataset(dataset).join(format!("{TEMP_PREFIX}{}", snapshot.id()));
    // What an earlier attempt left under these names was given up.
    folder::discard(&pending)?;
    folder::remove(&temp)?;
    folder::create(&temp)?;
    folder::write_new(&temp.join(CODEBOOK_FILE), snapshot.codebook.bytes())?;
    folder::write_new(&temp.join(MANIFEST_SEAL_FILE), snapshot.signature.as_bytes())?;
    folder::write_new(&temp.join(MANIFEST_FILE), &snapshot.bytes)?;
    folder::link(&Path::new("..").join(FILES_FOLDER), &temp.join(FILES_FOLDER))?;
    folder::sync(&temp)?;
    folder::rename(&temp, &pending)?;
    Ok(())
}

/// Takes one file of a draft in under its digest, which is computed again.
///
/// # Order
/// After the worker that made it is gone: until then it could change what was digested.
fn import(from: &Path, told: &DraftFile, to: &Path) -> Result<(), AdoptError> {
    let mut file = open_regular(from).map_err(AdoptError::File)?;
    // First the length: a file that is not as told may be of any, and reading it take for ever.
    let metadata = file.metadata();
    let found_bytes = metadata.map_err(|e| AdoptError::File(DamageKind::Unreadable(e)))?.len();
    if found_bytes != told.bytes {
        let expected_bytes = told.bytes;
        return Err(AdoptError::File(DamageKind::Length { expected_bytes, found_bytes }));
    }
    let found = digest(&mut file).map_err(AdoptError::File)?;
    found.check(told.sha256, told.bytes).map_err(AdoptError::File)?;
    folder::take(&mut file, from, to)?;
    Ok(())
}
