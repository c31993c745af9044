//! Taking out: what the law takes out of datasets, at once under every scan and of every stored
//! answer, then from the disk.
//!
//! One way: a redaction is checked, becomes an entry of the log, is in force; answers that were
//! made before it are removed; files that still hold something of it are written anew.
//!
//! # Invariant
//! No answer is released that was made before a redaction of what it read: whoever releases holds
//! the gate shared, whoever redacts holds it alone.
//!
//! # Rooms
//! - [`purge`]: stored answers that were made before a redaction; [`compact`], over [`batches`] and
//!   [`rewrite`]: files written anew; [`due`]: when nobody asked for it; [`retention`]: redactions
//!   that a codebook asks for.

mod batches;
pub mod compact;
mod due;
mod purge;
pub mod retention;
mod rewrite;

use std::sync::Arc;

use audit::{Attribution, Event, RecordError};
use catalogue::Recorded;
use domain::{DatasetName, Redaction};
use tokio::task::block_in_place;
use tracing::Instrument as _;

use crate::Application;
use crate::ask::AskError;
use crate::ask::admit::Admission;
use crate::http::problem::chain;

/// Why something was not taken out.
#[derive(Debug, thiserror::Error)]
pub enum RedactError {
    /// The entry could not be made durable, so nothing is in force.
    #[error("the log accepts no entries")]
    Log(#[from] RecordError),
    /// The keys could not be laid out for workers; the next start does.
    #[error("the redaction could not be put in force")]
    Folder(#[from] catalogue::FolderError),
    /// The server is being stopped.
    #[error("the server is being stopped")]
    Closing,
}

/// A redaction that is in force.
#[derive(Clone, Debug)]
pub struct InForce {
    /// It, in its place.
    pub recorded: Arc<Recorded>,
    /// Whether it was in force already.
    pub already: bool,
    /// How many stored answers were removed because of it.
    pub answers_purged: usize,
}

impl Application {
    /// Takes something out of every snapshot of a dataset, from the next query on.
    ///
    /// Once begun it goes to its end, whether anybody waits for it or not.
    ///
    /// # Errors
    /// [`RedactError`].
    pub async fn redact(
        self: &Arc<Self>,
        redaction: Redaction,
        attribution: Attribution,
    ) -> Result<InForce, RedactError> {
        if self.is_closing() {
            return Err(RedactError::Closing);
        }
        let room = Arc::clone(self);
        let way = async move { room.put_in_force(redaction, &attribution).await };
        self.spawn(way.in_current_span()).await.unwrap_or(Err(RedactError::Closing))
    }

    async fn put_in_force(
        &self,
        redaction: Redaction,
        attribution: &Attribution,
    ) -> Result<InForce, RedactError> {
        let dataset = redaction.dataset.clone();
        let alone = self.redaction_gate().write().await;
        let view = self.catalogue().view();
        let known = view.redactions(&dataset).and_then(|known| known.covering(&redaction));
        if let Some(recorded) = known.cloned() {
            return Ok(InForce { recorded, already: true, answers_purged: 0 });
        }
        let at = self.clock().now();
        let entry = self.audit().append(attribution, Event::Redact(redaction.clone())).await?;
        self.records().note_redaction(&dataset, entry);
        let written = block_in_place(|| self.catalogue().redact(entry.get(), at, redaction));
        drop(alone);
        let answers_purged = block_in_place(|| self.purge_answers());
        self.note_redaction_state();
        let view = self.catalogue().view();
        let known = view.redactions(&dataset).map(|known| known.recorded());
        let last = known.and_then(|known| known.last()).filter(|last| last.entry == entry.get());
        match (last.cloned(), written) {
            (Some(recorded), Ok(())) => Ok(InForce { recorded, already: false, answers_purged }),
            (Some(recorded), Err(error)) => {
                // It is in force, and the log has it: the next start writes it down.
                tracing::error!(cause = %chain(&error), "a redaction could not be written down");
                Ok(InForce { recorded, already: false, answers_purged })
            }
            (None, written) => Err(written.err().map_or(RedactError::Closing, RedactError::Folder)),
        }
    }

    /// Checks that nothing was taken out of what a query read since it was prepared.
    ///
    /// # Errors
    /// [`AskError::Redacted`].
    pub(crate) fn still_lawful(&self, admission: &Admission) -> Result<(), AskError> {
        let (then, now) = (admission.prepared.view(), self.catalogue().view());
        let scans = &admission.authorized().verdict().scans;
        let changed = scans.iter().find(|scan| {
            let count = |view: &catalogue::View, dataset: &DatasetName| {
                view.redactions(dataset).map_or(0, |redactions| redactions.count())
            };
            count(then, &scan.dataset) != count(&now, &scan.dataset)
        });
        match changed {
            Some(scan) => Err(AskError::Redacted { dataset: scan.dataset.clone() }),
            None => Ok(()),
        }
    }

    /// What a file that is not there means: a compaction may have written it anew meanwhile.
    pub(crate) fn explain_missing(&self, admission: &Admission, error: AskError) -> AskError {
        let now = self.catalogue().view();
        let mut snapshots = admission.snapshots().into_iter();
        let gone = snapshots.find(|it| now.snapshot(it.dataset(), it.id()).is_none());
        match (error, gone) {
            (AskError::Damaged(_), Some(gone)) => {
                AskError::Redacted { dataset: gone.dataset().clone() }
            }
            (error, _) => error,
        }
    }
}
