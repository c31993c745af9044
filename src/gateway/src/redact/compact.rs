//! Compacting: every file that still holds something of what was taken out is written anew.
//!
//! # Order
//! For each batch of snapshots: their files written anew, each stored file once → for each of the
//! snapshots: manifest and tombstone durable but pending → `compact` entry durable → the new
//! snapshot stands in the place of the old, whose files go unless others name them.

use std::collections::BTreeSet;
use std::sync::Arc;

use audit::entry::Compacted;
use audit::{Attribution, Event, RecordError};
use catalogue::{Compaction, DamagedSnapshot, Snapshot};
use domain::redaction::{RedactionCounts, add_counts};
use domain::{DatasetName, Sha256Digest, SnapshotId};
use ledger::AppendError;
use tokio::task::block_in_place;
use tracing::Instrument as _;

use super::batches::Batches;
use super::rewrite::{Anew, files_max};
use crate::Application;
use crate::application::open::BUILD;
use crate::http::problem::chain;
use crate::publish::PublishError;

/// What a compaction did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CompactReport {
    /// How many redactions of the dataset are in it.
    pub redactions: u64,
    /// The snapshots that went, each with the one that stands in its place.
    pub snapshots: Vec<(SnapshotId, SnapshotId)>,
    /// Files that were looked through, each once, however many snapshots share it.
    pub files_searched: usize,
    /// Files that were written anew, likewise.
    pub files_rewritten: usize,
    /// How much was taken out of them, by ground.
    pub removed: RedactionCounts,
    /// The snapshots that stayed as they were, since they are damaged, with what is wrong.
    pub damaged: Vec<(SnapshotId, String)>,
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

    pub(super) async fn write_anew(
        &self,
        dataset: &DatasetName,
        attribution: &Attribution,
    ) -> Result<CompactReport, PublishError> {
        let _place = self.publications().occupy(dataset)?;
        let view = self.catalogue().view();
        let Some(list) = view.redactions(dataset) else { return Ok(CompactReport::default()) };
        let redactions = list.count();
        let mut report = CompactReport { redactions, ..CompactReport::default() };
        let batches = block_in_place(|| Batches::find(&view, dataset, list, files_max()));
        let left_out = self.catalogue().damaged().iter().filter(|it| it.dataset == *dataset);
        for DamagedSnapshot { snapshot, damage, .. } in left_out.chain(&batches.damaged) {
            tracing::warn!(%dataset, %snapshot, %damage, "a damaged snapshot is not compacted");
            report.damaged.push((snapshot.clone(), damage.to_string()));
        }
        let mut anew = Anew::default();
        for batch in &batches.all {
            for share in batches.shares(batch) {
                let before = anew.files.len();
                let (held, clean) = self.look_through(&share, list, &view, &mut anew).await?;
                report.files_searched += share.files.len();
                report.files_rewritten += anew.files.len() - before;
                add_counts(&mut report.removed, &held);
                self.note_clean(dataset, &clean, redactions);
            }
            for snapshot in &batch.snapshots {
                self.put_in_place(snapshot, &mut anew, attribution, &mut report).await?;
            }
            self.note_clean(dataset, &anew.new_files(), redactions);
            anew.release();
        }
        self.note_redaction_state();
        Ok(report)
    }

    /// Puts a snapshot that was written anew in the place of the old one, if it held anything and is
    /// sound.
    async fn put_in_place(
        &self,
        snapshot: &Arc<Snapshot>,
        anew: &mut Anew,
        attribution: &Attribution,
        report: &mut CompactReport,
    ) -> Result<(), PublishError> {
        let removed = anew.removed_from(snapshot);
        let columns = match removed.is_some() && anew.damage_of(snapshot).is_none() {
            true => self.columns(snapshot, anew).await?,
            false => None,
        };
        if let Some(damage) = anew.damage_of(snapshot) {
            let (dataset, id) = (snapshot.dataset(), snapshot.id());
            tracing::warn!(%dataset, snapshot = %id, %damage, "a damaged snapshot is not compacted");
            report.damaged.push((id.clone(), damage.clone()));
            return Ok(());
        }
        let Some((removed, columns)) = removed.zip(columns) else { return Ok(()) };
        let _turn = self.publications().turn().await;
        let compaction = Compaction {
            snapshot,
            rewritten: &anew.files,
            columns,
            removed,
            redactions: report.redactions,
            created: self.clock().now(),
            tool: format!("readingroom {BUILD}"),
        };
        let successor = self.replace(&compaction, attribution).await?;
        report.snapshots.push((snapshot.id().clone(), successor));
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
    fn note_clean(&self, dataset: &DatasetName, clean: &BTreeSet<Sha256Digest>, redactions: u64) {
        let noted = block_in_place(|| self.catalogue().note_clean(dataset, clean, redactions));
        if let Err(error) = noted {
            // They are looked through again.
            tracing::warn!(cause = %chain(&error), "clean files could not be noted");
        }
    }
}
