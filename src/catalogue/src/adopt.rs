//! Adopting: a worker's draft becomes files of the catalogue and a signed manifest.
//!
//! Nothing is visible yet when this is done: the log comes first.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::sync::Arc;

use domain::canonical::{self, CanonicalizeError};
use domain::manifest::MANIFEST_PROFILE;
use domain::publication::{Draft, DraftFile};
use domain::{Date, Manifest, Sha256Digest, SnapshotId, Timestamp};
use sha2::{Digest as _, Sha256};

use crate::codebooks::StoredCodebook;
use crate::damage::DamageKind;
use crate::draft::{self, DraftFault};
use crate::folder::{self, FolderError, TEMP_PREFIX};
use crate::layout::{CODEBOOK_FILE, Layout, MANIFEST_FILE, MANIFEST_SEAL_FILE};
use crate::seal::{Sealed, Sealer};
use crate::snapshot::Snapshot;
use crate::view::{View, open_regular};

/// Bytes that are read, digested and written at once.
const BLOCK_BYTES: usize = 256 * 1024;

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
    /// What the worker handed back.
    pub draft: &'a Draft,
    /// The worker's folder, where the draft's files lie.
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
        && view.snapshot(&dataset, id).is_none()
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
    };
    let id = manifest.snapshot_id()?;
    let bytes = canonical::to_bytes(&manifest)?;
    let sha256 = Sha256Digest::of(&bytes);
    let signature = sealer.seal(Sealed::Snapshot(&manifest.name, &id), sha256);
    Ok(Snapshot { id, manifest, bytes, sha256, signature, codebook })
}

/// Makes a snapshot durable under its pending name: files first, then the manifest.
pub(crate) fn store(
    layout: &Layout,
    snapshot: &Snapshot,
    files: &[DraftFile],
    from: &Path,
) -> Result<(), AdoptError> {
    let dataset = snapshot.dataset();
    let home = layout.files(dataset);
    folder::create(&home)?;
    for file in files {
        import(&from.join(&file.file), file, &home, &layout.file(dataset, &file.sha256))?;
    }
    folder::sync(&home)?;

    let pending = layout.pending_snapshot(dataset, snapshot.id());
    let temp = layout.dataset(dataset).join(format!("{TEMP_PREFIX}{}", snapshot.id()));
    // What an earlier attempt left under these names was given up.
    folder::discard(&pending)?;
    folder::remove(&temp)?;
    folder::create(&temp)?;
    folder::write_new(&temp.join(CODEBOOK_FILE), snapshot.codebook.bytes())?;
    folder::write_new(&temp.join(MANIFEST_SEAL_FILE), snapshot.signature.as_bytes())?;
    folder::write_new(&temp.join(MANIFEST_FILE), &snapshot.bytes)?;
    folder::sync(&temp)?;
    folder::rename(&temp, &pending)?;
    Ok(())
}

/// Copies one file of a draft under its digest, which is computed on the way.
///
/// A copy, not a rename: the worker that made the file may still hold it open for writing.
fn import(from: &Path, told: &DraftFile, home: &Path, to: &Path) -> Result<(), AdoptError> {
    let mut source = open_regular(from).map_err(AdoptError::File)?;
    let temp = tempfile::Builder::new().prefix(TEMP_PREFIX).tempfile_in(home);
    let mut temp = temp.map_err(folder::failed("written", home))?;
    let (found, found_bytes) = copy(&mut source, &mut temp, told.bytes, home)?;
    if found_bytes != told.bytes {
        let kind = DamageKind::Length { expected_bytes: told.bytes, found_bytes };
        return Err(AdoptError::File(kind));
    }
    if found != told.sha256 {
        return Err(AdoptError::File(DamageKind::Digest { expected: told.sha256, found }));
    }
    folder::finish(temp, to).map_err(folder::failed("written", to))?;
    Ok(())
}

/// Copies and digests, until the end or until one byte more than was told.
fn copy(
    source: &mut File,
    temp: &mut tempfile::NamedTempFile,
    bytes_told: u64,
    home: &Path,
) -> Result<(Sha256Digest, u64), AdoptError> {
    let mut hasher = Sha256::new();
    let mut block = vec![0; BLOCK_BYTES];
    let mut copied: u64 = 0;
    while copied <= bytes_told {
        let read = source.read(&mut block).map_err(|e| AdoptError::File(DamageKind::from_io(e)))?;
        if read == 0 {
            break;
        }
        hasher.update(&block[..read]);
        temp.write_all(&block[..read]).map_err(folder::failed("written", home))?;
        copied += read as u64;
    }
    Ok((Sha256Digest::from_bytes(hasher.finalize().into()), copied))
}
