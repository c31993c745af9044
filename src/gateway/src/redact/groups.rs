//! What is to be compacted: the snapshots of a dataset that may hold something, with their files.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use catalogue::{Damage, DamagedSnapshot, DatasetRedactions, Snapshot, StoredCodebook, View};
use domain::question::MountedFile;
use domain::{DatasetName, Sha256Digest};

/// The most files of one job, where it is of several snapshots: each is a descriptor that is held,
/// and connections leave 4 096 of these to everything else.
const FILES_MAX: usize = 2_000;

/// Snapshots of one dataset that keep to one codebook, with their files: what one job is about.
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
    /// In the order in which they are compacted: a file that two of them share is written anew with
    /// each, to the same bytes.
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

    /// Adds a snapshot.
    pub(super) fn add(
        &mut self,
        snapshot: &Arc<Snapshot>,
        may_hold: impl Fn(&Sha256Digest) -> bool,
    ) {
        self.add_files(snapshot.files(), may_hold);
        self.snapshots.push(Arc::clone(snapshot));
    }

    /// Adds those files that no other snapshot brought.
    fn add_files(&mut self, files: Vec<MountedFile>, may_hold: impl Fn(&Sha256Digest) -> bool) {
        for file in files {
            let Entry::Vacant(place) = self.places.entry(file.sha256) else { continue };
            let place = *place.insert(self.files.len());
            if may_hold(&file.sha256) {
                self.searched.push(place);
            }
            self.files.push(file);
        }
    }

    /// Whether a snapshot with some files can be added; the first one always can.
    fn has_room_for(&self, files: &[MountedFile]) -> bool {
        let new = files.iter().filter(|file| !self.places.contains_key(&file.sha256)).count();
        self.files.is_empty() || self.files.len() + new <= FILES_MAX
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
            let takes = |group: &Group| {
                group.codebook.sha256() == codebook.sha256() && group.has_room_for(&files)
            };
            let place = groups.iter().rposition(takes).unwrap_or_else(|| {
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

#[cfg(test)]
mod tests {
    use super::*;

    /// That many files, from a number on.
    fn files(first: usize, count: usize) -> Vec<MountedFile> {
        let file = |number: usize| MountedFile {
            sha256: Sha256Digest::of(&number.to_le_bytes()),
            bytes: 1,
            row_count: 1,
            period: None,
        };
        (first..first + count).map(file).collect()
    }

    /// However many snapshots there are, one job holds so many files; those that are shared count once.
    #[test]
    fn a_job_takes_snapshots_until_it_has_too_many_files() {
        let codebooks = catalogue::embedded_codebooks().unwrap();
        let mut group = Group::of(codebooks.values().next().unwrap());
        assert!(group.has_room_for(&files(0, 50_000)), "one snapshot is never cut in two");

        group.add_files(files(0, 1_500), |_| true);
        group.add_files(files(1_000, 600), |file| *file != files(1_599, 1)[0].sha256);

        assert_eq!((group.files.len(), group.searched.len()), (1_600, 1_599));
        assert!(group.has_room_for(&files(1_200, 800)));
        assert!(!group.has_room_for(&files(1_200, 801)));
    }
}
