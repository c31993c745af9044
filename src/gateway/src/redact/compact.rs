//! Compacting: every file that still holds something of what was taken out is written anew.
//!
//! # Order
//! For each snapshot: new files, manifest and tombstone durable but pending → `compact` entry
//! durable → the new snapshot stands in the place of the old, whose files go.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::sync::Arc;
use std::time::Duration;

use audit::entry::Compacted;
use audit::{Attribution, Event, RecordError};
use catalogue::{Compaction, DamagedSnapshot, Snapshot, View};
use domain::manifest::ColumnSummary;
use domain::publication::{CompactDraft, CompactJob, DraftFile};
use domain::redaction::{MountedRedactions, RedactionCounts, add_counts};
use domain::{DatasetName, Sha256Digest, SnapshotId, Timestamp};
use ledger::AppendError;
use sandbox::{CompactEnd, LeaseError, ScratchFolder};
use tokio::task::block_in_place;
use tracing::Instrument as _;

use super::groups::{Group, Groups};
use crate::Application;
use crate::application::open::BUILD;
use crate::http::problem::chain;
use crate::publish::PublishError;

/// Seconds of a day.
const DAY_S: i64 = 24 * 60 * 60;

/// What a compaction did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CompactReport {
    /// How many redactions of the dataset are in it.
    pub redactions: u64,
    /// The snapshots that went, each with the one that stands in its place.
    pub snapshots: Vec<(SnapshotId, SnapshotId)>,
    /// Files that were looked through; one that two jobs share counts with each.
    pub files_searched: usize,
    /// Files that were written anew, likewise.
    pub files_rewritten: usize,
    /// How much was taken out of them, by ground.
    pub removed: RedactionCounts,
    /// The snapshots that stayed as they were, since they are damaged, with what is wrong.
    pub damaged: Vec<(SnapshotId, String)>,
}

/// What a worker wrote anew.
struct Rewritten {
    draft: Box<CompactDraft>,
    folder: ScratchFolder,
}

impl Application {
    /// Writes the files of a dataset anew that still hold something of what was taken out.
    ///
    /// Once begun it goes to its end, whether anybody waits for it or not.
    ///
    /// # Errors
    /// [`PublishError`]; what was done until then stays done.
    pub async fn compact(
        self: &Arc<Self>,
        dataset: DatasetName,
        attribution: Attribution,
    ) -> Result<CompactReport, PublishError> {
        if self.is_closing() {
            return Err(PublishError::Closing);
        }
        let room = Arc::clone(self);
        let way = async move { room.write_anew(&dataset, &attribution).await };
        self.spawn(way.in_current_span()).await.unwrap_or(Err(PublishError::Closing))
    }

    async fn write_anew(
        &self,
        dataset: &DatasetName,
        attribution: &Attribution,
    ) -> Result<CompactReport, PublishError> {
        let _place = self.publications().occupy(dataset)?;
        let view = self.catalogue().view();
        let Some(list) = view.redactions(dataset) else { return Ok(CompactReport::default()) };
        let mut report = CompactReport { redactions: list.count(), ..CompactReport::default() };
        let Groups { sound, damaged } = block_in_place(|| Groups::find(&view, dataset, list));
        let left_out = self.catalogue().damaged().iter().filter(|it| it.dataset == *dataset);
        for DamagedSnapshot { snapshot, damage, .. } in left_out.chain(&damaged) {
            tracing::warn!(%dataset, %snapshot, %damage, "a damaged snapshot is not compacted");
            report.damaged.push((snapshot.clone(), damage.to_string()));
        }
        for group in sound {
            let Some(redactions) = list.mounted(group.codebook.codebook()) else {
                // Nothing of it is shown, since its rows cannot be told apart.
                tracing::warn!(%dataset, "snapshots without the key's columns are not compacted");
                continue;
            };
            let keys = list.open_keys().map_err(PublishError::Keys)?;
            let job = self.job(&group, redactions, false);
            let rewritten = self.rewrite(&job, &group, keys, &view).await?;
            self.put_in_place(&group, &rewritten, list.count(), attribution, &mut report).await?;
            report.files_searched += group.searched.len();
            self.note_clean(dataset, &group, &rewritten, list.count());
        }
        self.note_redaction_state();
        Ok(report)
    }

    /// Counts what a dataset's current snapshot holds of some rows; writes nothing.
    pub(super) async fn count_rows(
        &self,
        snapshot: &Arc<Snapshot>,
        redactions: MountedRedactions,
    ) -> Result<RedactionCounts, PublishError> {
        let mut group = Group::of(snapshot.stored_codebook());
        group.add(snapshot, |_| true);
        let job = self.job(&group, redactions, true);
        let view = self.catalogue().view();
        let Rewritten { draft, .. } = self.rewrite(&job, &group, None, &view).await?;
        let mut counts = RedactionCounts::new();
        draft.files.iter().for_each(|file| add_counts(&mut counts, &file.counts));
        Ok(counts)
    }

    /// What the worker is told.
    fn job(&self, group: &Group, redactions: MountedRedactions, dry_run: bool) -> CompactJob {
        let snapshots = group.snapshots.iter().map(|snapshot| group.places(snapshot));
        CompactJob {
            codebook: group.codebook.codebook().clone(),
            files: group.files.clone(),
            searched: group.searched.clone(),
            snapshots: snapshots.collect(),
            redactions,
            dry_run,
            memory_bytes: self.settings().publish.memory_bytes,
            spill_bytes: self.settings().publish.spill_bytes,
        }
    }

    /// Has a worker write files anew, within its time.
    async fn rewrite(
        &self,
        job: &CompactJob,
        group: &Group,
        keys: Option<File>,
        view: &View,
    ) -> Result<Rewritten, PublishError> {
        let dataset = &group.codebook.codebook().name;
        let open = || group.files.iter().map(|file| view.open_file(dataset, file)).collect();
        let files: Result<Vec<File>, _> = block_in_place(open);
        let files = files?.into_iter().chain(keys).collect();
        let wall_s = self.settings().publish.wall_s;
        let run = async {
            let publisher = self.pool().publisher().await.map_err(|error| match error {
                LeaseError::Stopped => PublishError::Closing,
                other @ (LeaseError::Busy { .. } | LeaseError::Lost { .. }) => {
                    PublishError::NoWorker(other)
                }
            })?;
            publisher.compact(job, files).await.map_err(PublishError::Worker)
        };
        let ended = tokio::time::timeout(Duration::from_secs(wall_s), run).await;
        match ended.map_err(|_| PublishError::TooLong { wall_s })?? {
            CompactEnd::Compacted { draft, folder } => Ok(Rewritten { draft, folder }),
            CompactEnd::DiskFull => Err(PublishError::DiskFull),
        }
    }

    /// Puts every snapshot that was written anew in the place of the old one.
    async fn put_in_place(
        &self,
        group: &Group,
        rewritten: &Rewritten,
        redactions: u64,
        attribution: &Attribution,
        report: &mut CompactReport,
    ) -> Result<(), PublishError> {
        let _turn = self.publications().turn().await;
        let mut anew: BTreeMap<Sha256Digest, Vec<DraftFile>> = BTreeMap::new();
        let mut held: BTreeMap<Sha256Digest, &RedactionCounts> = BTreeMap::new();
        for file in &rewritten.draft.files {
            let old = group.files.get(file.of).ok_or(PublishError::DraftPlace)?;
            anew.insert(old.sha256, file.files.clone());
            held.insert(old.sha256, &file.counts);
            add_counts(&mut report.removed, &file.counts);
        }
        report.files_rewritten += anew.len();
        for (place, snapshot) in group.snapshots.iter().enumerate() {
            let mut removed = RedactionCounts::new();
            let files = snapshot.files();
            let touched: Vec<_> = files.iter().filter_map(|it| held.get(&it.sha256)).collect();
            touched.iter().for_each(|counts| add_counts(&mut removed, counts));
            if touched.is_empty() {
                continue;
            }
            let columns: Vec<ColumnSummary> =
                rewritten.draft.columns.get(place).cloned().unwrap_or_default();
            let compaction = Compaction {
                snapshot,
                rewritten: &anew,
                columns,
                removed,
                redactions,
                created: self.clock().now(),
                tool: format!("readingroom {BUILD}"),
                folder: rewritten.folder.path(),
            };
            let successor = self.replace(&compaction, attribution).await?;
            report.snapshots.push((snapshot.id().clone(), successor));
        }
        Ok(())
    }

    /// Puts one snapshot in the place of another: durable, logged, visible.
    async fn replace(
        &self,
        compaction: &Compaction<'_>,
        attribution: &Attribution,
    ) -> Result<SnapshotId, PublishError> {
        let catalogue = self.catalogue();
        let pending = block_in_place(|| catalogue.compact(compaction))?;
        let successor = pending.snapshot().id().clone();
        let stone = pending.tombstone().tombstone();
        let event = Event::Compact(Compacted {
            dataset: stone.dataset.clone(),
            snapshot: stone.snapshot.clone(),
            successor: stone.successor.clone(),
            tombstone_sha256: pending.tombstone().sha256(),
            redactions: stone.redactions,
            removed: stone.removed.clone(),
        });
        if let Err(error) = self.audit().append(attribution, event).await {
            // Only of a log that failed while writing nobody knows what it has.
            if !matches!(error, RecordError::Append(AppendError::Unavailable(_))) {
                block_in_place(|| catalogue.abandon_compaction(pending))?;
            }
            return Err(error.into());
        }
        block_in_place(|| catalogue.settle_compaction(pending))?;
        Ok(successor)
    }

    /// Notes which files hold nothing any more.
    fn note_clean(
        &self,
        dataset: &DatasetName,
        group: &Group,
        rewritten: &Rewritten,
        redactions: u64,
    ) {
        let touched: BTreeSet<usize> = rewritten.draft.files.iter().map(|file| file.of).collect();
        let stayed = group.searched.iter().filter(|place| !touched.contains(place));
        let stayed = stayed.filter_map(|place| group.files.get(*place)).map(|file| file.sha256);
        let anew = rewritten.draft.files.iter().flat_map(|file| &file.files);
        let clean = stayed.chain(anew.map(|file| file.sha256)).collect();
        let noted = block_in_place(|| self.catalogue().note_clean(dataset, &clean, redactions));
        if let Err(error) = noted {
            // They are looked through again.
            tracing::warn!(cause = %chain(&error), "clean files could not be noted");
        }
    }

    /// Tells the metrics and the server's log how much is still to be compacted, and begins with
    /// what is due.
    pub(crate) fn compact_what_is_due(self: &Arc<Self>) {
        let now = self.clock().now();
        let within_days = i64::from(self.settings().redaction.compact_within_days);
        // A day before the end, where there is one, so that a failure can still be mended.
        let due_s = (within_days * DAY_S - DAY_S).max(within_days * DAY_S / 2);
        for (dataset, oldest) in self.note_redaction_state() {
            if oldest.plus_s(within_days * DAY_S) < now {
                tracing::warn!(%dataset, %oldest, "a redaction is overdue for compaction");
            }
            if oldest.plus_s(due_s) <= now && !self.is_closing() {
                let room = Arc::clone(self);
                self.spawn(async move { room.compact_by_itself(&dataset).await });
            }
        }
    }

    /// Compacts a dataset because that is due; another time where something keeps it.
    async fn compact_by_itself(&self, dataset: &DatasetName) {
        match self.write_anew(dataset, &Attribution::default()).await {
            Ok(_) | Err(PublishError::Busy { .. }) => {}
            Err(error) => {
                tracing::error!(%dataset, cause = %chain(&error), "a compaction that is due failed");
            }
        }
    }

    /// The datasets that have files which may still hold something, with the moment of the oldest
    /// redaction concerned; the metrics are told.
    pub(super) fn note_redaction_state(&self) -> Vec<(DatasetName, Timestamp)> {
        let view = self.catalogue().view();
        let datasets: Vec<DatasetName> = view.datasets().into_iter().cloned().collect();
        let pending: Vec<_> = datasets
            .into_iter()
            .filter_map(|dataset| {
                let list = view.redactions(&dataset)?;
                let snapshots = view.snapshots(&dataset).into_iter();
                let files = snapshots.flat_map(|snapshot| &snapshot.manifest().resources);
                let oldest = files.filter_map(|file| Some(list.oldest_within(&file.hash.0)?.at));
                Some((dataset.clone(), oldest.min()?))
            })
            .collect();
        let within_s = i64::from(self.settings().redaction.compact_within_days) * DAY_S;
        let now = self.clock().now();
        let overdue = pending.iter().filter(|(_, oldest)| oldest.plus_s(within_s) < now).count();
        self.metrics().redactions(pending.len(), overdue);
        pending
    }
}
