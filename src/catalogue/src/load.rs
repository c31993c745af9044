//! Loading: what lies in the data folder is believed only as far as its seals say so.
//!
//! # Invariant
//! What is loaded was signed by a trusted key, is what its name says, and has all its files, each
//! as long as it should be. Whether every byte is right, verification tells.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::Arc;

use domain::edition::SnapshotRef;
use domain::{DatasetName, Edition, EditionId, Manifest, Sha256Digest, SnapshotId};

use crate::codebooks::{Codebooks, StoredCodebook};
use crate::damage::{Damage, DamageKind, DamagedSnapshot};
use crate::edition::SignedEdition;
use crate::folder::{self, FolderError, PENDING_PREFIX, TEMP_PREFIX};
use crate::layout::{self, CODEBOOK_FILE, Layout, MANIFEST_FILE, MANIFEST_SEAL_FILE};
use crate::redactions;
use crate::seal::{Sealed, Sealer};
use crate::signed::Signed;
use crate::snapshot::Snapshot;
use crate::tombstone::{self, SignedTombstone};
use crate::view::{View, open_regular};

/// What was found in the data folder.
pub(crate) struct Loaded {
    /// What is published.
    pub(crate) view: View,
    /// Snapshots that a crash left between their making and their entry in the log.
    pub(crate) pending_snapshots: Vec<Arc<Snapshot>>,
    /// An edition that a crash left so.
    pub(crate) pending_edition: Option<Arc<SignedEdition>>,
    /// Tombstones that a crash left so.
    pub(crate) pending_tombstones: Vec<Arc<SignedTombstone>>,
    /// Damaged snapshots that no edition names: left out.
    pub(crate) damaged: Vec<DamagedSnapshot>,
}

/// Why loading stopped.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoadError {
    #[error(transparent)]
    Damaged(#[from] Damage),
    #[error(transparent)]
    Folder(#[from] FolderError),
}

/// Reads a data folder.
pub(crate) struct Loader<'a> {
    layout: &'a Layout,
    sealer: &'a Sealer,
    /// Codebooks of snapshots, each held once.
    known: BTreeMap<Sha256Digest, Arc<StoredCodebook>>,
    loaded: Loaded,
    /// Damaged snapshots: by dataset and id, to be judged when the editions are known.
    suspects: BTreeMap<(DatasetName, SnapshotId), Damage>,
}

impl<'a> Loader<'a> {
    pub(crate) fn new(layout: &'a Layout, sealer: &'a Sealer, codebooks: &Codebooks) -> Self {
        let known = codebooks.values().map(|codebook| (codebook.sha256(), Arc::clone(codebook)));
        let view = View {
            layout: layout.clone(),
            codebooks: codebooks.clone(),
            snapshots: BTreeMap::new(),
            editions: Vec::new(),
            tombstones: BTreeMap::new(),
            redactions: BTreeMap::new(),
            withdrawn: BTreeMap::new(),
        };
        Self {
            layout,
            sealer,
            known: known.collect(),
            loaded: Loaded {
                view,
                pending_snapshots: Vec::new(),
                pending_edition: None,
                pending_tombstones: Vec::new(),
                damaged: Vec::new(),
            },
            suspects: BTreeMap::new(),
        }
    }

    /// Loads everything, and sweeps what a crash left half-written.
    pub(crate) fn load(mut self) -> Result<Loaded, LoadError> {
        folder::create(&self.layout.snapshots())?;
        folder::create(&self.layout.editions())?;
        self.loaded.view.redactions = redactions::read(self.layout)?;
        for name in folder::names(&self.layout.snapshots())? {
            if let Ok(dataset) = DatasetName::parse(&name) {
                self.load_dataset(&dataset)?;
            }
        }
        self.load_editions()?;
        self.judge_suspects()?;
        Ok(self.loaded)
    }

    fn load_dataset(&mut self, dataset: &DatasetName) -> Result<(), LoadError> {
        let home = self.layout.dataset(dataset);
        let files = FileLengths::read(&self.layout.files(dataset))?;
        for name in folder::names(&home)? {
            let path = home.join(&name);
            if name.starts_with(TEMP_PREFIX) {
                folder::remove(&path)?;
            } else if let Some(pending) = name.strip_prefix(PENDING_PREFIX) {
                if let Ok(id) = SnapshotId::parse(pending) {
                    let snapshot = self.load_snapshot(&path, dataset, &id, &files)?;
                    self.loaded.pending_snapshots.push(Arc::new(snapshot));
                }
            } else if let Ok(id) = SnapshotId::parse(&name)
                && !self.load_tombstone(&path, dataset, &id)?
            {
                self.load_published(&path, dataset, id, &files);
            }
        }
        Ok(())
    }

    /// Loads the tombstone of a snapshot; says whether it stands.
    fn load_tombstone(
        &mut self,
        path: &Path,
        dataset: &DatasetName,
        id: &SnapshotId,
    ) -> Result<bool, LoadError> {
        if let Some(signed) = tombstone::read(self.layout, self.sealer, dataset, id, false)? {
            // A crash may have come before all of the snapshot was removed.
            tombstone::sweep(path)?;
            tombstone::sweep_unfinished(path, true)?;
            let all = self.loaded.view.tombstones.entry(dataset.clone()).or_default();
            all.insert(id.clone(), Arc::new(signed));
            return Ok(true);
        }
        let pending = tombstone::read(self.layout, self.sealer, dataset, id, true)?;
        tombstone::sweep_unfinished(path, pending.is_some())?;
        self.loaded.pending_tombstones.extend(pending.map(Arc::new));
        Ok(false)
    }

    fn load_published(
        &mut self,
        path: &Path,
        dataset: &DatasetName,
        id: SnapshotId,
        files: &FileLengths,
    ) {
        match self.load_snapshot(path, dataset, &id, files) {
            Ok(snapshot) => {
                let all = self.loaded.view.snapshots.entry(dataset.clone()).or_default();
                all.insert(id, Arc::new(snapshot));
            }
            Err(damage) => {
                self.suspects.insert((dataset.clone(), id), damage);
            }
        }
    }

    fn load_snapshot(
        &mut self,
        path: &Path,
        dataset: &DatasetName,
        id: &SnapshotId,
        files: &FileLengths,
    ) -> Result<Snapshot, Damage> {
        let known = &self.known;
        let snapshot = read_snapshot(self.layout, self.sealer, path, dataset, id, |digest| {
            known.get(&digest).cloned()
        })?;
        for resource in &snapshot.manifest.resources {
            files.check(&resource.hash.0, resource.bytes).map_err(|kind| {
                let file = self.layout.file(dataset, &resource.hash.0);
                Damage { file: self.layout.relative(&file), kind }
            })?;
        }
        self.known.insert(snapshot.codebook.sha256(), Arc::clone(&snapshot.codebook));
        Ok(snapshot)
    }

    fn load_editions(&mut self) -> Result<(), LoadError> {
        let home = self.layout.editions();
        let names = folder::names(&home)?;
        let mut numbers = BTreeSet::new();
        let mut pending = None;
        for name in &names {
            if name.starts_with(TEMP_PREFIX) {
                folder::remove(&home.join(name))?;
            } else if let Some(id) = edition_of_name(name) {
                numbers.insert(id.number());
            } else if let Some(id) = name.strip_prefix(PENDING_PREFIX).and_then(edition_of_name) {
                pending = Some(id);
            }
        }
        for number in 1..=numbers.last().copied().unwrap_or(0) {
            let id = EditionId::from_number(number);
            let edition = self.load_edition(&self.layout.edition(&id), &id)?;
            self.loaded.view.editions.push(Arc::new(edition));
        }
        if let Some(id) = &pending {
            let edition = self.load_edition(&self.layout.pending_edition(id), id)?;
            self.loaded.pending_edition = Some(Arc::new(edition));
        }
        self.sweep_seals(&names, pending.as_ref())?;
        Ok(())
    }

    /// Reads one edition and checks that it continues the chain so far.
    fn load_edition(&mut self, path: &Path, id: &EditionId) -> Result<SignedEdition, Damage> {
        let edition = read_edition(self.layout, self.sealer, path, id)?;
        if !edition.follows(self.loaded.view.editions.last().map(Arc::as_ref)) {
            let kind = DamageKind::ChainBroken;
            return Err(Damage { file: self.layout.relative(path), kind });
        }
        for (dataset, named) in &edition.edition().snapshots {
            if !self.has(dataset, named) {
                return Err(self.absent(path, dataset, &named.id));
            }
        }
        Ok(edition)
    }

    /// Whether a snapshot is there as an edition names it, or one that stands in its place.
    fn has(&self, dataset: &DatasetName, named: &SnapshotRef) -> bool {
        let view = &self.loaded.view;
        if let Some(stone) = view.tombstone(dataset, &named.id) {
            let is_as_named = stone.tombstone().snapshot == *named;
            return is_as_named && view.resolve(dataset, &named.id).is_some();
        }
        let mut pending = self.loaded.pending_snapshots.iter();
        self.loaded.view.snapshot(dataset, &named.id).is_some_and(|it| it.reference() == *named)
            || pending.any(|it| it.dataset() == dataset && it.reference() == *named)
    }

    /// What is wrong where an edition names a snapshot that is not there: the damage to that
    /// snapshot says more than the edition that misses it.
    fn absent(&mut self, path: &Path, dataset: &DatasetName, id: &SnapshotId) -> Damage {
        let suspect = self.suspects.remove(&(dataset.clone(), id.clone()));
        suspect.unwrap_or_else(|| {
            let (dataset, snapshot) = (dataset.clone(), id.clone());
            let kind = DamageKind::SnapshotAbsent { dataset, snapshot };
            Damage { file: self.layout.relative(path), kind }
        })
    }

    /// Removes seals whose edition never came to be.
    fn sweep_seals(
        &self,
        names: &[String],
        pending: Option<&EditionId>,
    ) -> Result<(), FolderError> {
        for name in names {
            let Some(id) = name.strip_suffix(".sig").and_then(edition_of_name) else { continue };
            let is_published = id.number() <= self.loaded.view.editions.len() as u64;
            if !is_published && pending != Some(&id) {
                folder::remove(&self.layout.editions().join(name))?;
            }
        }
        Ok(())
    }

    /// Leaves out damaged snapshots that no edition names, and sweeps files that nothing names.
    fn judge_suspects(&mut self) -> Result<(), FolderError> {
        let unsure: BTreeSet<_> =
            self.suspects.keys().map(|(dataset, _)| dataset.clone()).collect();
        let suspects = std::mem::take(&mut self.suspects).into_iter();
        let damaged = suspects.map(|((dataset, snapshot), damage)| DamagedSnapshot {
            dataset,
            snapshot,
            damage,
        });
        self.loaded.damaged = damaged.collect();
        for name in folder::names(&self.layout.snapshots())? {
            // A damaged manifest may name any file, so none of its dataset is swept.
            if let Ok(dataset) = DatasetName::parse(&name)
                && !unsure.contains(&dataset)
            {
                sweep_files(&self.loaded.view, &self.loaded.pending_snapshots, &dataset)?;
            }
        }
        Ok(())
    }
}

impl From<redactions::ReadError> for LoadError {
    fn from(error: redactions::ReadError) -> Self {
        match error {
            redactions::ReadError::Damaged(damage) => Self::Damaged(damage),
            redactions::ReadError::Folder(error) => Self::Folder(error),
        }
    }
}

/// The files of one dataset, with their lengths.
struct FileLengths(BTreeMap<Sha256Digest, u64>);

impl FileLengths {
    fn read(path: &Path) -> Result<Self, FolderError> {
        let mut lengths = BTreeMap::new();
        if !path.is_dir() {
            return Ok(Self(lengths));
        }
        for name in folder::names(path)? {
            let path = path.join(&name);
            let metadata = fs::symlink_metadata(&path).map_err(folder::failed("read", &path))?;
            if let Some(sha256) = layout::digest_of_name(&name)
                && metadata.is_file()
            {
                lengths.insert(sha256, metadata.len());
            }
        }
        Ok(Self(lengths))
    }

    fn check(&self, sha256: &Sha256Digest, expected_bytes: u64) -> Result<(), DamageKind> {
        match self.0.get(sha256) {
            Some(&found_bytes) if found_bytes == expected_bytes => Ok(()),
            Some(&found_bytes) => Err(DamageKind::Length { expected_bytes, found_bytes }),
            None => Err(DamageKind::Missing),
        }
    }
}

/// Reads one snapshot's manifest, seal and codebook, and checks that they belong together.
///
/// # Errors
/// The first file that is not what was signed.
pub(crate) fn read_snapshot(
    layout: &Layout,
    sealer: &Sealer,
    path: &Path,
    dataset: &DatasetName,
    id: &SnapshotId,
    known: impl Fn(Sha256Digest) -> Option<Arc<StoredCodebook>>,
) -> Result<Snapshot, Damage> {
    let read = |name: &str| read_file(layout, &path.join(name));
    let damage = |name: &str, kind| Damage { file: layout.relative(&path.join(name)), kind };
    let bytes = read(MANIFEST_FILE)?;
    let sha256 = Sha256Digest::of(&bytes);
    let signature = read(MANIFEST_SEAL_FILE)?;
    sealer
        .check(Sealed::Snapshot(dataset, id), sha256, &signature)
        .map_err(|kind| damage(MANIFEST_FILE, kind))?;
    let signature = String::from_utf8(signature)
        .map_err(|_| damage(MANIFEST_SEAL_FILE, DamageKind::SignedElse))?;
    let manifest: Manifest = serde_json::from_slice(&bytes)
        .map_err(|error| damage(MANIFEST_FILE, DamageKind::Malformed(error)))?;
    let found = manifest.snapshot_id().expect("invariant: what came from JSON is JSON");
    if found != *id || manifest.name != *dataset {
        let kind = DamageKind::OtherSnapshot { dataset: manifest.name, snapshot: found };
        return Err(damage(MANIFEST_FILE, kind));
    }
    let expected = manifest.codebook_sha256;
    let stored = read(CODEBOOK_FILE)?;
    let found = Sha256Digest::of(&stored);
    if found != expected {
        return Err(damage(CODEBOOK_FILE, DamageKind::Digest { expected, found }));
    }
    let codebook = match known(expected) {
        Some(codebook) => codebook,
        None => Arc::new(
            StoredCodebook::read(stored)
                .map_err(|error| damage(CODEBOOK_FILE, DamageKind::Malformed(error)))?,
        ),
    };
    Ok(Snapshot { id: id.clone(), manifest, bytes, sha256, signature, codebook })
}

/// Reads one edition and the seal on it.
fn read_edition(
    layout: &Layout,
    sealer: &Sealer,
    path: &Path,
    id: &EditionId,
) -> Result<SignedEdition, Damage> {
    let damage = |kind| Damage { file: layout.relative(path), kind };
    let bytes = read_file(layout, path)?;
    let sha256 = Sha256Digest::of(&bytes);
    let signature = read_file(layout, &layout.edition_seal(id))?;
    sealer.check(Sealed::Edition(id), sha256, &signature).map_err(damage)?;
    let signature = String::from_utf8(signature).map_err(|_| damage(DamageKind::SignedElse))?;
    let edition: Edition =
        serde_json::from_slice(&bytes).map_err(|error| damage(DamageKind::Malformed(error)))?;
    if edition.id != *id {
        return Err(damage(DamageKind::OtherEdition(edition.id)));
    }
    Ok(Signed { document: edition, bytes, sha256, signature })
}

/// Reads a small file whole.
pub(crate) fn read_file(layout: &Layout, path: &Path) -> Result<Vec<u8>, Damage> {
    let damage = |kind| Damage { file: layout.relative(path), kind };
    let mut file = open_regular(path).map_err(damage)?;
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut file, &mut bytes)
        .map_err(|error| damage(DamageKind::from_io(error)))?;
    Ok(bytes)
}

/// The edition that a file is named after.
fn edition_of_name(name: &str) -> Option<EditionId> {
    EditionId::parse(name.strip_suffix(".json")?).ok()
}

/// Removes the files of a snapshot that has gone which no other names.
///
/// Those alone: what a damaged snapshot left out of the view names must be there once its missing
/// file is back.
pub(crate) fn remove_files_of(gone: &Snapshot, view: &View) -> Result<(), FolderError> {
    let dataset = gone.dataset();
    let others = view.snapshots.get(dataset).into_iter().flat_map(BTreeMap::values);
    let resources = others.flat_map(|snapshot| &snapshot.manifest.resources);
    let named: BTreeSet<_> = resources.map(|resource| resource.hash.0).collect();
    let own = gone.manifest.resources.iter().map(|resource| resource.hash.0);
    for sha256 in own.filter(|sha256| !named.contains(sha256)) {
        folder::remove(&view.layout.file(dataset, &sha256))?;
    }
    Ok(())
}

/// Removes the files of a dataset that no snapshot names.
pub(crate) fn sweep_files(
    view: &View,
    pending: &[Arc<Snapshot>],
    dataset: &DatasetName,
) -> Result<(), FolderError> {
    let home = view.layout.files(dataset);
    if !home.is_dir() {
        return Ok(());
    }
    let published = view.snapshots.get(dataset).into_iter().flat_map(BTreeMap::values);
    let pending = pending.iter().filter(|pending| pending.dataset() == dataset);
    let named: BTreeSet<_> = published
        .chain(pending)
        .flat_map(|snapshot| &snapshot.manifest.resources)
        .map(|resource| layout::file_name(&resource.hash.0))
        .collect();
    for name in folder::names(&home)? {
        let is_ours = name.starts_with(TEMP_PREFIX) || layout::digest_of_name(&name).is_some();
        if is_ours && !named.contains(&name) {
            folder::remove(&home.join(name))?;
        }
    }
    Ok(())
}
