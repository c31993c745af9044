//! What is to be compacted: the snapshots of a dataset that may hold something, with their files.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use catalogue::{Damage, DamagedSnapshot, DatasetRedactions, Snapshot, StoredCodebook, View};
use domain::question::MountedFile;
use domain::{DatasetName, Sha256Digest};

/// The snapshots of one dataset that keep to one codebook, with their files.
pub(super) struct Group {
    pub(super) codebook: Arc<StoredCodebook>,
    pub(super) snapshots: Vec<Arc<Snapshot>>,
    /// Each once, however many snapshots have it.
    pub(super) files: Vec<MountedFile>,
    /// The places of files that may hold something.
    pub(super) searched: Vec<usize>,
    places: BTreeMap<Sha256Digest, usize>,
}

/// What of a dataset is to be compacted, and what cannot be.
pub(super) struct Groups {
    /// By codebook.
    pub(super) sound: Vec<Group>,
    /// Snapshots with a file that is not there as it was signed.
    pub(super) damaged: Vec<DamagedSnapshot>,
}

impl Group {
    /// One without snapshots yet.
    pub(super) fn of(codebook: &Arc<StoredCodebook>) -> Self {
        Self {
            codebook: Arc::clone(codebook),
            snapshots: Vec::new(),
            files: Vec::new(),
            searched: Vec::new(),
            places: BTreeMap::new(),
        }
    }

    /// Adds a snapshot with those of its files that no other brought.
    pub(super) fn add(
        &mut self,
        snapshot: &Arc<Snapshot>,
        may_hold: impl Fn(&Sha256Digest) -> bool,
    ) {
        for file in snapshot.files() {
            let Entry::Vacant(place) = self.places.entry(file.sha256) else { continue };
            let place = *place.insert(self.files.len());
            if may_hold(&file.sha256) {
                self.searched.push(place);
            }
            self.files.push(file);
        }
        self.snapshots.push(Arc::clone(snapshot));
    }

    /// The places of a snapshot's files.
    pub(super) fn places(&self, snapshot: &Snapshot) -> Vec<usize> {
        let files = snapshot.manifest().resources.iter().map(|resource| resource.hash.0);
        files.filter_map(|sha256| self.places.get(&sha256).copied()).collect()
    }
}

impl Groups {
    /// Finds every snapshot that may hold something, staged ones too; waits for the disk.
    pub(super) fn find(view: &View, dataset: &DatasetName, list: &DatasetRedactions) -> Self {
        let mut groups: Vec<Group> = Vec::new();
        let (mut damaged, mut sound) = (Vec::new(), BTreeSet::new());
        // The oldest first, so that what comes of them is in that order, too.
        for snapshot in view.snapshots(dataset).into_iter().rev() {
            let files = snapshot.files();
            if files.iter().all(|file| list.is_clean(&file.sha256)) {
                continue;
            }
            if let Some(damage) = damage(view, dataset, &files, &mut sound) {
                let (dataset, snapshot) = (dataset.clone(), snapshot.id().clone());
                damaged.push(DamagedSnapshot { dataset, snapshot, damage });
                continue;
            }
            let codebook = snapshot.stored_codebook();
            let known = groups.iter().position(|it| it.codebook.sha256() == codebook.sha256());
            let place = known.unwrap_or_else(|| {
                groups.push(Group::of(codebook));
                groups.len() - 1
            });
            groups[place].add(snapshot, |file| !list.is_clean(file));
        }
        Self { sound: groups, damaged }
    }
}

/// What is wrong with one of some files, if anything; each is looked at until it is known as sound.
fn damage(
    view: &View,
    dataset: &DatasetName,
    files: &[MountedFile],
    sound: &mut BTreeSet<Sha256Digest>,
) -> Option<Damage> {
    for file in files {
        if sound.contains(&file.sha256) {
            continue;
        }
        if let Err(damage) = view.open_file(dataset, file) {
            return Some(damage);
        }
        sound.insert(file.sha256);
    }
    None
}
