//! Writing anew: what workers make of the files of a compaction, one share of them after the other.
//!
//! # Invariant
//! No process holds more than [`files_max`] of the files open, however many a snapshot has.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use catalogue::{DatasetRedactions, Rewritten, Snapshot, View};
use domain::manifest::ColumnSummary;
use domain::publication::{CompactDraft, CompactJob, CompactedFile, DraftFile};
use domain::question::MountedFile;
use domain::redaction::{MountedRedactions, RedactionCounts, add_counts};
use domain::task::{ColumnsTask, Task, TaskEnd};
use domain::{DatasetName, Sha256Digest};
use sandbox::{CompactEnd, LeaseError, ScratchFolder};
use tokio::task::block_in_place;

use super::batches::Share;
use crate::Application;
use crate::publish::PublishError;

/// The most files of one job: each is a descriptor that is held, and connections leave 4 096 of
/// these to everything else.
const FILES_MAX: usize = 2_000;

/// The most files of one job here: where few may be open, a quarter of those.
pub(super) fn files_max() -> usize {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    let quarter = limit.and_then(|limit| usize::try_from(limit / 4).ok());
    quarter.unwrap_or(FILES_MAX).clamp(1, FILES_MAX)
}

/// What workers wrote anew in one compaction so far.
#[derive(Default)]
pub(super) struct Anew {
    /// What stands in the place of each file that held something.
    pub(super) files: BTreeMap<Sha256Digest, Rewritten>,
    /// How much each of them held.
    held: BTreeMap<Sha256Digest, RedactionCounts>,
    /// Where new files lie, until snapshots have them.
    folders: Vec<ScratchFolder>,
    /// Files that turned out not to be as they were signed, with what is wrong.
    damaged: BTreeMap<Sha256Digest, String>,
}

/// A file of a snapshot as it will be.
struct Standing {
    file: MountedFile,
    /// Where it lies if it is new and no snapshot has it yet.
    drafted: Option<PathBuf>,
}

impl Anew {
    /// Takes in what came of a share of the files.
    fn add(
        &mut self,
        share: &Share,
        draft: CompactDraft,
        folder: ScratchFolder,
    ) -> Result<(), PublishError> {
        for compacted in draft.files {
            let old = share.files.get(compacted.of).ok_or(PublishError::DraftPlace)?.sha256;
            let folder = folder.path().to_owned();
            let rewritten = Rewritten { files: compacted.files, folder };
            // Something stands in the place of each, if only a file without rows.
            let is_unsound = rewritten.files.is_empty();
            if is_unsound || self.files.insert(old, rewritten).is_some() {
                return Err(PublishError::DraftPlace);
            }
            self.held.insert(old, compacted.counts);
        }
        self.folders.push(folder);
        Ok(())
    }

    /// Reads files whole and notes those that are not as they were signed; says whether any is not.
    fn find_damaged(&mut self, view: &View, dataset: &DatasetName, files: &[MountedFile]) -> bool {
        let before = self.damaged.len();
        for file in files {
            if let Err(damage) = block_in_place(|| view.check_file(dataset, file)) {
                self.damaged.insert(file.sha256, damage.to_string());
            }
        }
        before < self.damaged.len()
    }

    /// Whether a file is not known as damaged.
    fn is_sound(&self, file: &MountedFile) -> bool {
        !self.damaged.contains_key(&file.sha256)
    }

    /// What is wrong with a file of a snapshot, if that is known.
    pub(super) fn damage_of(&self, snapshot: &Snapshot) -> Option<&String> {
        snapshot.files().iter().find_map(|file| self.damaged.get(&file.sha256))
    }

    /// How much a snapshot held; nothing of one that stays as it is.
    pub(super) fn removed_from(&self, snapshot: &Snapshot) -> Option<RedactionCounts> {
        let files = snapshot.files();
        let held: Vec<_> = files.iter().filter_map(|file| self.held.get(&file.sha256)).collect();
        let mut removed = RedactionCounts::new();
        held.iter().for_each(|counts| add_counts(&mut removed, counts));
        (!held.is_empty()).then_some(removed)
    }

    /// The new files.
    pub(super) fn new_files(&self) -> BTreeSet<Sha256Digest> {
        self.files.values().flat_map(|it| &it.files).map(|file| file.sha256).collect()
    }

    /// Gives the workers' folders back: snapshots have the new files.
    pub(super) fn release(&mut self) {
        self.folders.clear();
    }

    /// The files of a snapshot as it will be, in their order.
    fn standing(&self, snapshot: &Snapshot) -> Vec<Standing> {
        let standing = snapshot.files().into_iter().flat_map(|file| {
            let Some(rewritten) = self.files.get(&file.sha256) else {
                return vec![Standing { file, drafted: None }];
            };
            let new = |draft: &DraftFile| Standing {
                file: mounted(draft),
                drafted: Some(rewritten.folder.join(&draft.file)),
            };
            rewritten.files.iter().map(new).collect()
        });
        standing.collect()
    }
}

impl Standing {
    /// Opens it where it lies now: a snapshot that shares it may have it already.
    fn open(&self, snapshot: &Snapshot, view: &View) -> Result<File, PublishError> {
        match &self.drafted {
            Some(path) if path.exists() => File::open(path).map_err(PublishError::Scratch),
            _ => Ok(view.open_file(snapshot.dataset(), &self.file)?),
        }
    }
}

impl Application {
    /// Looks a share of the files through, and has those written anew that hold something; gives
    /// how much was found, and the files that hold nothing.
    ///
    /// What comes of a file that is not as it was signed is not kept: it would be signed as sound.
    pub(super) async fn look_through(
        &self,
        share: &Share,
        list: &DatasetRedactions,
        view: &View,
        anew: &mut Anew,
    ) -> Result<(RedactionCounts, BTreeSet<Sha256Digest>), PublishError> {
        let dataset = &share.codebook.codebook().name;
        let (share, mut draft, folder) = self.rewrite_sound(share, list, view, anew).await?;
        let place = |file: &CompactedFile| share.files.get(file.of).ok_or(PublishError::DraftPlace);
        let held = draft.files.iter().map(|file| place(file).cloned());
        anew.find_damaged(view, dataset, &held.collect::<Result<Vec<_>, _>>()?);
        draft.files.retain(|file| place(file).is_ok_and(|file| anew.is_sound(file)));
        let mut counts = RedactionCounts::new();
        draft.files.iter().for_each(|file| add_counts(&mut counts, &file.counts));
        let mut clean: BTreeSet<_> = share.files.iter().map(|file| file.sha256).collect();
        anew.add(&share, draft, folder)?;
        clean.retain(|file| !anew.files.contains_key(file) && !anew.damaged.contains_key(file));
        Ok((counts, clean))
    }

    /// Has a worker look through those files of a share that are sound, and says which these were.
    ///
    /// Whether they are is found out only where a worker fails over them, since reading all of them
    /// whole takes much longer than looking them through.
    async fn rewrite_sound(
        &self,
        share: &Share,
        list: &DatasetRedactions,
        view: &View,
        anew: &mut Anew,
    ) -> Result<(Share, CompactDraft, ScratchFolder), PublishError> {
        let codebook = share.codebook.codebook();
        let mut share = share.clone();
        loop {
            let redactions = list.mounted(codebook).ok_or(PublishError::DraftPlace)?;
            let keys = list.open_keys().map_err(PublishError::Keys)?;
            match self.rewrite(&share, redactions, keys, false, view).await {
                Ok((draft, folder)) => return Ok((share, draft, folder)),
                Err(error) if !is_of_files(&error) => return Err(error),
                Err(error) => {
                    if !anew.find_damaged(view, &codebook.name, &share.files) {
                        return Err(error);
                    }
                    share.files.retain(|file| anew.is_sound(file));
                }
            }
        }
    }

    /// Counts what a dataset's current snapshot holds of some rows; writes nothing.
    pub(super) async fn count_rows(
        &self,
        snapshot: &Arc<Snapshot>,
        redactions: MountedRedactions,
    ) -> Result<RedactionCounts, PublishError> {
        let view = self.catalogue().view();
        let codebook = Arc::clone(snapshot.stored_codebook());
        let whole = Share { codebook, files: snapshot.files() };
        let mut counts = RedactionCounts::new();
        for share in whole.cut(files_max()) {
            let (draft, _) = self.rewrite(&share, redactions.clone(), None, true, &view).await?;
            draft.files.iter().for_each(|file| add_counts(&mut counts, &file.counts));
        }
        Ok(counts)
    }

    /// Has workers tell of the columns of a snapshot as it will be; nothing where a file of it turns
    /// out to be damaged.
    pub(super) async fn columns(
        &self,
        snapshot: &Snapshot,
        anew: &mut Anew,
    ) -> Result<Option<Vec<ColumnSummary>>, PublishError> {
        let view = self.catalogue().view();
        match self.columns_over(snapshot, &anew.standing(snapshot), &view).await {
            Ok(columns) => Ok(Some(columns)),
            Err(error) => {
                let finds = |anew: &mut Anew| {
                    anew.find_damaged(&view, snapshot.dataset(), &snapshot.files())
                };
                if is_of_files(&error) && finds(anew) { Ok(None) } else { Err(error) }
            }
        }
    }

    /// The same over files that are sound.
    async fn columns_over(
        &self,
        snapshot: &Snapshot,
        files: &[Standing],
        view: &View,
    ) -> Result<Vec<ColumnSummary>, PublishError> {
        let (mut columns, mut so_far) = (Vec::new(), None);
        for share in files.chunks(files_max()) {
            let open = || share.iter().map(|it| it.open(snapshot, view)).collect();
            let files: Result<Vec<File>, _> = block_in_place(open);
            let task = Task::Columns(Box::new(ColumnsTask {
                codebook: snapshot.codebook().clone(),
                files: share.iter().map(|it| it.file.clone()).collect(),
                so_far: so_far.take(),
            }));
            let TaskEnd::Columns(told) = self.perform_alone(&task, files?).await? else {
                return Err(PublishError::Contents);
            };
            columns = told.columns;
            so_far = Some(told.so_far);
        }
        Ok(columns)
    }

    /// Has a worker write files anew, within its time.
    async fn rewrite(
        &self,
        share: &Share,
        redactions: MountedRedactions,
        keys: Option<File>,
        dry_run: bool,
        view: &View,
    ) -> Result<(CompactDraft, ScratchFolder), PublishError> {
        let settings = &self.settings().publish;
        let job = CompactJob {
            codebook: share.codebook.codebook().clone(),
            files: share.files.clone(),
            redactions,
            dry_run,
            memory_bytes: settings.memory_bytes,
            spill_bytes: settings.spill_bytes,
        };
        let open = || share.files.iter().map(|it| view.open_file(&job.codebook.name, it)).collect();
        let files: Result<Vec<File>, _> = block_in_place(open);
        let files = files?.into_iter().chain(keys).collect();
        let wall_s = settings.wall_s;
        let run = async {
            let publisher = self.pool().publisher().await.map_err(|error| match error {
                LeaseError::Stopped => PublishError::Closing,
                other @ (LeaseError::Busy { .. } | LeaseError::Lost { .. }) => {
                    PublishError::NoWorker(other)
                }
            })?;
            publisher.compact(&job, files).await.map_err(PublishError::Worker)
        };
        let ended = tokio::time::timeout(Duration::from_secs(wall_s), run).await;
        match ended.map_err(|_| PublishError::TooLong { wall_s })?? {
            CompactEnd::Compacted { draft, folder } => Ok((*draft, folder)),
            CompactEnd::DiskFull => Err(PublishError::DiskFull),
        }
    }
}

/// Whether a failure may be of the files that a worker was given.
fn is_of_files(error: &PublishError) -> bool {
    matches!(error, PublishError::Worker(_) | PublishError::Damaged(_))
}

/// A new file as a job names it.
fn mounted(file: &DraftFile) -> MountedFile {
    MountedFile {
        sha256: file.sha256,
        bytes: file.bytes,
        row_count: file.row_count,
        period: file.period.clone(),
    }
}
