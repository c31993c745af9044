//! What is due: compactions that nobody asked for in time, and what is told of those to come.

use std::sync::Arc;

use audit::Attribution;
use domain::{DatasetName, Timestamp};

use crate::Application;
use crate::http::problem::chain;
use crate::publish::PublishError;

/// Seconds of a day.
const DAY_S: i64 = 24 * 60 * 60;

impl Application {
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
