//! What is to be compacted: the snapshots of a dataset that may hold something, with their files.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use catalogue::{Damage, DamagedSnapshot, DatasetRedactions, Snapshot, StoredCodebook, View};
use domain::question::MountedFile;
use domain::{DatasetName, Sha256Digest};

/// Files of one codebook: what one job is about.
#[derive(Clone)]
pub(super) struct Share {
    pub(super) codebook: Arc<StoredCodebook>,
    pub(super) files: Vec<MountedFile>,
}

/// Snapshots that are written anew one after the other, once all their files are.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) snapshots: Vec<Arc<Snapshot>>,
    /// Their files that may hold something, but for those of earlier batches.
    files: Vec<MountedFile>,
}

/// All batches of a compaction: what one of them did stays done, whatever becomes of the next.
pub(super) struct Batches {
    /// In the order in which they are compacted.
    pub(super) all: Vec<Batch>,
    /// Snapshots with a file that is not there as it was signed.
    pub(super) damaged: Vec<DamagedSnapshot>,
    /// By which codebook each file is written anew: the oldest that names it. One by a later
    /// codebook would have columns that an earlier snapshot does not.
    codebooks: BTreeMap<Sha256Digest, Arc<StoredCodebook>>,
    /// Files that are in a batch; each is in one, however many snapshots share it.
    known: BTreeSet<Sha256Digest>,
    /// The most files of one job.
    files_max: usize,
}

impl Batches {
    fn new(files_max: usize) -> Self {
        Self {
            all: Vec::new(),
            damaged: Vec::new(),
            codebooks: BTreeMap::new(),
            known: BTreeSet::new(),
            files_max,
        }
    }

    /// Finds every snapshot that may hold something, staged ones too; waits for the disk.
    pub(super) fn find(
        view: &View,
        dataset: &DatasetName,
        list: &DatasetRedactions,
        files_max: usize,
    ) -> Self {
        let (mut batches, mut sound) = (Self::new(files_max), BTreeSet::new());
        // The oldest first, so that what comes of them is in that order, too.
        for snapshot in view.snapshots(dataset).into_iter().rev() {
            let files = snapshot.files();
            if files.iter().all(|file| list.is_clean(&file.sha256)) {
                continue;
            }
            if list.mounted(snapshot.codebook()).is_none() {
                // Nothing of it is shown, since its rows cannot be told apart.
                let id = snapshot.id();
                tracing::warn!(%dataset, snapshot = %id, "has no key's columns: not compacted");
                continue;
            }
            if let Some(damage) = damage(view, dataset, &files, &mut sound) {
                let (dataset, snapshot) = (dataset.clone(), snapshot.id().clone());
                batches.damaged.push(DamagedSnapshot { dataset, snapshot, damage });
                continue;
            }
            batches.note_codebook(snapshot.stored_codebook(), &files);
            let batch = batches.place(files, |file| !list.is_clean(file));
            batch.snapshots.push(Arc::clone(snapshot));
        }
        batches
    }

    /// Notes the codebook of a snapshot with some files.
    fn note_codebook(&mut self, codebook: &Arc<StoredCodebook>, files: &[MountedFile]) {
        for file in files {
            let known = self.codebooks.entry(file.sha256).or_insert_with(|| Arc::clone(codebook));
            if codebook.codebook().schema_version < known.codebook().schema_version {
                *known = Arc::clone(codebook);
            }
        }
    }

    /// The batch of a snapshot with some files: the last, where those that no batch has yet have
    /// room in it. A snapshot is never cut in two, so its batch may take several jobs.
    fn place(
        &mut self,
        mut files: Vec<MountedFile>,
        may_hold: impl Fn(&Sha256Digest) -> bool,
    ) -> &mut Batch {
        files.retain(|file| may_hold(&file.sha256) && self.known.insert(file.sha256));
        let taken = self.all.last().map_or(self.files_max, |last| last.files.len());
        if self.all.is_empty() || self.files_max < taken + files.len() {
            self.all.push(Batch::default());
        }
        let last = self.all.len() - 1;
        self.all[last].files.extend(files);
        &mut self.all[last]
    }

    /// The jobs of a batch.
    pub(super) fn shares(&self, batch: &Batch) -> Vec<Share> {
        let mut by_codebook: BTreeMap<Sha256Digest, Share> = BTreeMap::new();
        for file in &batch.files {
            let Some(codebook) = self.codebooks.get(&file.sha256) else { continue };
            let empty = || Share { codebook: Arc::clone(codebook), files: Vec::new() };
            let share = by_codebook.entry(codebook.sha256()).or_insert_with(empty);
            share.files.push(file.clone());
        }
        by_codebook.values().flat_map(|share| share.cut(self.files_max)).collect()
    }
}

impl Share {
    /// The same in pieces that a process can hold open at one time.
    pub(super) fn cut(&self, files_max: usize) -> Vec<Self> {
        let piece = |files: &[MountedFile]| Self {
            codebook: Arc::clone(&self.codebook),
            files: files.to_vec(),
        };
        self.files.chunks(files_max).map(piece).collect()
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

    /// How many files each batch has.
    fn sizes(batches: &Batches) -> Vec<usize> {
        batches.all.iter().map(|batch| batch.files.len()).collect()
    }

    /// However many snapshots share a file, it is looked through with the first of them.
    #[test]
    fn a_batch_takes_snapshots_until_it_has_too_many_files() {
        let mut batches = Batches::new(2_000);

        batches.place(files(0, 1_500), |_| true);
        batches.place(files(1_000, 600), |file| *file != files(1_599, 1)[0].sha256);
        assert_eq!(sizes(&batches), [1_599]);

        batches.place(files(1_200, 800), |_| true);
        assert_eq!(sizes(&batches), [2_000], "of which one was clean before, and 400 are new");
        batches.place(files(1_000, 1_000), |_| true);
        assert_eq!(sizes(&batches), [2_000], "none of them is new");
        batches.place(files(0, 2_001), |_| true);
        assert_eq!(sizes(&batches), [2_000, 1]);
    }

    /// 40 years of days, each a file of one snapshot: no process need hold all of them open.
    #[test]
    fn one_snapshot_of_more_files_than_a_process_may_open_takes_several_jobs() {
        let codebooks = catalogue::embedded_codebooks().unwrap();
        let codebook = codebooks.values().next().unwrap();
        let mut batches = Batches::new(2_000);
        batches.note_codebook(codebook, &files(0, 14_600));

        batches.place(files(0, 14_600), |_| true);

        let [batch] = batches.all.as_slice() else { panic!("{:?}", sizes(&batches)) };
        let jobs = batches.shares(batch);
        let sizes: Vec<_> = jobs.iter().map(|share| share.files.len()).collect();
        assert_eq!(sizes, [2_000, 2_000, 2_000, 2_000, 2_000, 2_000, 2_000, 600]);
        let all: BTreeSet<_> = jobs.iter().flat_map(|it| &it.files).map(|it| it.sha256).collect();
        assert_eq!(all.len(), 14_600);
    }
}
