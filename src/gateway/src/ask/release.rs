//! The last stage: the outcome's entry, and then what may leave.
//!
//! # Invariant
//! [`Released`] and [`Planned`] are made here alone, after the entry that covers them is durable.

use std::time::Instant;

use audit::entry::{Download, Outcome};
use audit::{Attribution, Event};
use domain::limits::Usage;
use domain::{
    DatasetName, EditionId, Format, Limits, Notice, QueryId, Sha256Digest, SnapshotId, Verdict,
};
use ledger::LeafIndex;

use crate::Application;
use crate::ask::admit::{Admission, Admitted};
use crate::ask::run::{Answer, Ended};
use crate::ask::{AskError, Asking};
use crate::records::{Answered, Record};
use crate::spool::Stored;

/// An answer that the log knows: it may leave.
#[derive(Clone, Debug)]
pub struct Released {
    facts: Facts,
    stored: Stored,
}

/// What an answer's headers say.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The query.
    pub query: QueryId,
    /// The edition asked.
    pub edition: EditionId,
    /// The snapshots scanned.
    pub snapshots: Vec<(DatasetName, SnapshotId)>,
    /// The order-free digest of the rows.
    pub rows_sha256: Option<Sha256Digest>,
    /// The outcome's place in the log.
    pub log_index: LeafIndex,
    /// Whether the answer was cut, as the caller allowed.
    pub truncated: bool,
    /// Its form.
    pub format: Format,
    /// What is told of the snapshots.
    pub notices: Vec<Notice>,
}

/// A verdict that the log knows.
#[derive(Clone, Debug)]
pub struct Planned {
    /// The query.
    pub query: QueryId,
    /// The edition asked.
    pub edition: EditionId,
    /// What the query would do.
    pub verdict: Verdict,
    /// The limits that would hold.
    pub limits: Limits,
    /// What would be told of the snapshots.
    pub notices: Vec<Notice>,
    /// The outcome's place in the log.
    pub log_index: LeafIndex,
}

impl Released {
    /// What the answer's headers say.
    #[must_use]
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// Its bytes and their digest.
    #[must_use]
    pub fn stored(&self) -> &Stored {
        &self.stored
    }
}

impl Application {
    /// Makes a run's outcome durable, then releases its answer.
    ///
    /// # Errors
    /// Why there is no answer; or that the log does not take the entry, whatever the answer was.
    pub(crate) async fn release(
        &self,
        asking: &Asking,
        admission: Admission,
        ended: Ended,
    ) -> Result<Released, AskError> {
        let begun = Instant::now();
        // Nothing is taken out by law between this check and the outcome's entry.
        let shared = self.redaction_gate().read().await;
        let Ended { result, charged } = self.lawful(&admission, ended);
        let outcome = outcome(asking, &admission, &result, charged);
        let index = self.log_outcome(asking, &admission, outcome).await;
        if let (Ok(index), Ok(answer)) = (&index, &result) {
            let datasets = admission.snapshots().iter().map(|it| it.dataset().clone()).collect();
            let (at, sha256) = (self.clock().now(), answer.stored.sha256);
            self.records().note_answer(*index, Answered { at, sha256, datasets });
        }
        drop(shared);
        self.phase("log_outcome", begun);
        let snapshots = admission.snapshots();
        let edition = admission.prepared.edition.id().clone();
        let notices = admission.notices;
        admission.reserved.settle(charged);
        let (log_index, Answer { stored, summary }) = (index?, result?);
        let facts = Facts {
            query: asking.query.clone(),
            edition,
            snapshots: snapshots.iter().map(|it| (it.dataset().clone(), it.id().clone())).collect(),
            rows_sha256: Some(summary.rows_sha256),
            log_index,
            truncated: summary.truncated,
            format: asking.format,
            notices,
        };
        Ok(Released { facts, stored })
    }

    /// A run's end, unless something of what it read was taken out since: then its answer goes.
    fn lawful(&self, admission: &Admission, ended: Ended) -> Ended {
        let Ended { result: Ok(answer), charged } = ended else { return ended };
        match self.still_lawful(admission) {
            Ok(()) => Ended { result: Ok(answer), charged },
            Err(error) => {
                self.forget_answer(&answer);
                Ended { result: Err(error), charged: Usage::default() }
            }
        }
    }

    /// Removes the bytes of an answer that is not released, unless others have the same bytes.
    fn forget_answer(&self, answer: &Answer) {
        let sha256 = answer.stored.sha256;
        if self.records().keeps(&sha256) {
            return;
        }
        if let Err(error) = tokio::task::block_in_place(|| self.spool().remove(&sha256)) {
            tracing::error!(cause = %error, "an answer that is not released could not be removed");
        }
    }

    /// Makes durable that a question was planned and not run, then releases its verdict.
    ///
    /// # Errors
    /// When the log does not take the entry.
    pub(crate) async fn release_plan(
        &self,
        asking: &Asking,
        admitted: Admitted,
    ) -> Result<Planned, AskError> {
        let Admitted { admission, lease } = admitted;
        drop(lease);
        let outcome = blank(asking, &admission, "planned".to_owned(), Usage::default());
        let log_index = self.log_outcome(asking, &admission, outcome).await?;
        let planned = Planned {
            query: asking.query.clone(),
            edition: admission.prepared.edition.id().clone(),
            verdict: admission.authorized().verdict().clone(),
            limits: *admission.authorized().limits(),
            notices: admission.notices,
            log_index,
        };
        admission.reserved.settle(Usage::default());
        Ok(planned)
    }

    /// Makes durable that a stored answer is fetched again, then releases it, with what is told of
    /// its snapshots now.
    ///
    /// # Errors
    /// When the log does not take the entry.
    pub(crate) async fn release_again(
        &self,
        attribution: &Attribution,
        record: &Record,
        stored: Stored,
    ) -> Result<Option<Released>, AskError> {
        let notices = self.notices(record.snapshots());
        let Some(facts) = record.facts(notices) else { return Ok(None) };
        let download = Download { query: facts.query.clone(), body_sha256: stored.sha256 };
        self.audit().append(attribution, Event::Download(download)).await?;
        Ok(Some(Released { facts, stored }))
    }

    /// Makes an outcome durable.
    async fn log_outcome(
        &self,
        asking: &Asking,
        admission: &Admission,
        outcome: Outcome,
    ) -> Result<LeafIndex, AskError> {
        let event = Event::Outcome(outcome);
        let index = self.audit().append(&admission.attribution, event).await?;
        let project = &admission.authorized().project().id;
        self.records().end(project, &asking.query, index);
        Ok(index)
    }

    /// The stored bytes of a digest, if they are still there; waits for the disk.
    pub(crate) fn stored(&self, sha256: Sha256Digest) -> std::io::Result<Option<Stored>> {
        let bytes = self.spool().fetch(&sha256)?;
        Ok(bytes.map(|bytes| Stored { sha256, bytes }))
    }
}

/// What the log says of a run's end.
fn outcome(
    asking: &Asking,
    admission: &Admission,
    result: &Result<Answer, AskError>,
    charged: Usage,
) -> Outcome {
    match result {
        Err(error) => blank(asking, admission, error.code().to_owned(), charged),
        Ok(Answer { stored, summary }) => Outcome {
            rows: Some(summary.rows),
            bytes: Some(stored.bytes.length()),
            truncated: Some(summary.truncated),
            body_sha256: Some(stored.sha256),
            rows_sha256: Some(summary.rows_sha256),
            memory_peak_mb: Some(summary.memory_peak_bytes >> 20),
            ..blank(asking, admission, "answered".to_owned(), charged)
        },
    }
}

/// An outcome without an answer.
fn blank(asking: &Asking, admission: &Admission, outcome: String, charged: Usage) -> Outcome {
    Outcome {
        intent: admission.intent.get(),
        query: asking.query.clone(),
        outcome,
        rows: None,
        bytes: None,
        truncated: None,
        body_sha256: None,
        rows_sha256: None,
        charged,
        duration_ms_class: duration_class(admission.begun),
        memory_peak_mb: None,
    }
}

/// The time since a moment, rounded up to a power of ten of milliseconds: exact times tell of data.
fn duration_class(begun: Instant) -> u64 {
    let elapsed_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    let classes = std::iter::successors(Some(1_u64), |class| class.checked_mul(10));
    classes.into_iter().find(|class| elapsed_ms <= *class).unwrap_or(u64::MAX)
}
