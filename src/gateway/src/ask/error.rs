//! Why a question got no answer: one variant per fact that a caller can act on.

use std::io;
use std::time::Duration;

use access::{Denial, LimitReached};
use audit::RecordError;
use catalogue::{Damage, NoEdition, NoVersion, Withdrawn};
use domain::DatasetName;
use domain::limits::{LimitName, LimitRaised};
use domain::outcome::FailureKind;
use domain::verdict::{Position, Refusal};
use sandbox::{LeaseError, WorkerError};

use crate::http::problem::Problem;

/// Why a question got no answer.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// The project has no right to ask this.
    #[error("denied")]
    Denied(#[from] Denial),
    /// A budget is used up.
    #[error("limited")]
    Limited(#[from] LimitReached),
    /// Planning said no.
    #[error("refused: {}", .0.code_text())]
    Refused(RefusedPlan),
    /// There is no edition for the date.
    #[error(transparent)]
    NoEdition(#[from] NoEdition),
    /// The statement pins a version that is not there.
    #[error("{none}")]
    Version {
        /// What there is instead.
        none: Box<NoVersion>,
        /// Where in the SQL.
        position: Option<Position>,
    },
    /// A snapshot that it would read was withdrawn.
    #[error(transparent)]
    SnapshotWithdrawn(#[from] Box<Withdrawn>),
    /// The caller asked for more than the grant gives.
    #[error(transparent)]
    LimitRaised(#[from] LimitRaised),
    /// The query was stopped.
    #[error("stopped")]
    Stopped(#[from] Stopped),
    /// The query failed on a value; only the kind of failure may be told.
    #[error("failed: {}", .0.as_str())]
    Failed(FailureKind),
    /// All workers are busy.
    #[error("all workers are busy")]
    Busy {
        /// When asking again makes sense.
        retry_after: Duration,
    },
    /// The server is being stopped.
    #[error("the server is being stopped")]
    Closing,
    /// The worker did not come to an end.
    #[error("the worker failed")]
    Worker(#[source] WorkerError),
    /// No worker could be started.
    #[error("no worker could be started")]
    NoWorker(#[source] LeaseError),
    /// A snapshot's file is not what the manifest says.
    #[error("a snapshot is damaged")]
    Damaged(#[from] Damage),
    /// The keys of what was taken out cannot be handed over.
    #[error("the keys of redactions cannot be handed over")]
    Keys(#[source] io::Error),
    /// What the law takes out changed while the query was on its way.
    #[error("a redaction of {dataset} came while the query was on its way")]
    Redacted {
        /// Of which dataset.
        dataset: DatasetName,
    },
    /// The answer could not be stored.
    #[error("the answer could not be stored")]
    Spool(#[source] io::Error),
    /// The entry could not be made durable, so nothing was released.
    #[error("the log accepts no entries")]
    Log(#[from] RecordError),
}

/// A refusal with its own display, since the refusal's is the detail for the caller.
#[derive(Debug)]
pub struct RefusedPlan(pub Box<Refusal>);

impl RefusedPlan {
    fn code_text(&self) -> String {
        format!("{:?}", self.0.code)
    }
}

/// Why a query was stopped while it ran, or on its way there.
#[derive(Debug, thiserror::Error)]
pub enum Stopped {
    /// It hit a limit.
    #[error("hit the limit {}", .name.as_str())]
    Limit {
        /// Which.
        name: LimitName,
        /// How much is allowed.
        allowed: u64,
    },
    /// Its project cancelled it.
    #[error("was cancelled")]
    Cancelled,
    /// Whoever waited for it went away.
    #[error("was abandoned")]
    Abandoned,
    /// A right that it ran under was taken back.
    #[error("lost a right it ran under")]
    Withdrawn(Box<Denial>),
}

impl AskError {
    /// The code of the problem it becomes, as the log writes it.
    #[must_use]
    pub fn code(&self) -> &'static str {
        Problem::from(self).kind().code()
    }
}

impl From<Refusal> for AskError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(RefusedPlan(Box::new(refusal)))
    }
}

impl From<LeaseError> for AskError {
    fn from(error: LeaseError) -> Self {
        match error {
            LeaseError::Busy { retry_after } => Self::Busy { retry_after },
            LeaseError::Stopped => Self::Closing,
            lost @ LeaseError::Lost { .. } => Self::NoWorker(lost),
        }
    }
}
