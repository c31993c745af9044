//! Asking: from a question to an answer that the log knows.
//!
//! One way, no stage looks back, and each hands the next a value that only it can make:
//! `Scope` → `Prepared` → `Verdict` → `Authorized` → `Reserved` → [`admit::Admitted`] →
//! [`run::Answer`] → [`Released`]. Whoever holds a [`Released`] knows that its entry is durable;
//! the door sends nothing else.
//!
//! # Invariant
//! Every way out has its entry: a no before the run is a `denied`, a run has an `intent` and an
//! `outcome`. Where the entry cannot be written, nothing is released.
//!
//! # Rooms
//! - [`question`]: what may be consulted, for the worker; [`admit`]: everything before the run.
//! - [`run`]: the run; [`release`]: its outcome, and answers fetched again.
//! - [`running`]: which queries run now; [`error`]: why there is no answer.

pub mod admit;
pub mod error;
pub mod question;
pub mod release;
pub mod run;
pub mod running;

use std::sync::Arc;
use std::time::Instant;

use domain::question::OnLimit;
use domain::{Date, Format, LimitsPatch, Principal, QueryId, RequestId};
use tokio::sync::oneshot;
use tracing::Instrument as _;

pub use error::{AskError, Stopped};
pub use release::{Planned, Released};
pub use running::Running;

use crate::Application;
use crate::ask::admit::Admitted;
use crate::ask::running::RunningQuery;

/// What a caller asks.
#[derive(Clone, Debug)]
pub struct Asking {
    /// Who asks.
    pub principal: Arc<Principal>,
    /// The request that asks.
    pub request: RequestId,
    /// The query's id, the same number as the request's.
    pub query: QueryId,
    /// The SQL text; opaque here.
    pub sql: String,
    /// The values of `$1, $2 …`, as JSON text.
    pub parameters_json: String,
    /// The date of the edition, or the newest.
    pub as_of: Option<Date>,
    /// What the caller lowers.
    pub limits: LimitsPatch,
    /// What happens at the row or byte limit.
    pub on_limit: OnLimit,
    /// The form of the answer.
    pub format: Format,
    /// Whether to run it, or only to tell what it would do.
    pub purpose: Purpose,
}

/// What a caller wants of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The answer.
    Answer,
    /// The verdict alone.
    DryRun,
    /// The verdict with the plan as text.
    Explain,
}

impl Purpose {
    /// The word that the log has for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Answer => "answer",
            Self::DryRun => "dry_run",
            Self::Explain => "explain",
        }
    }
}

/// How a question ended well.
#[derive(Clone, Debug)]
pub enum Reply {
    /// With an answer.
    Answer(Box<Released>),
    /// With a verdict, since no more was asked.
    Plan(Box<Planned>),
}

/// A question on its way. It goes its way to the end, unless somebody stops it:
/// docs/decisions/0013-who-hangs-up-ends-the-question.md.
pub struct Asked {
    /// Told once the question was allowed and its intent is durable.
    pub admitted: oneshot::Receiver<()>,
    /// Told how it ended.
    pub ended: oneshot::Receiver<Result<Reply, AskError>>,
}

impl Application {
    /// Sends a question on its way.
    pub fn ask(self: &Arc<Self>, asking: Asking) -> Asked {
        let (tell_admitted, admitted) = oneshot::channel();
        let (tell_end, ended) = oneshot::channel();
        let room = Arc::clone(self);
        // Listed from here, so that stopping it finds it, until the entry of its end is durable.
        let mut running = self.running().enter(&asking, self.clock().now());
        let way = async move {
            let end = room.answer(&asking, &mut running, tell_admitted).await;
            let project = asking.principal.project.as_ref();
            let has_record = project
                .is_some_and(|project| room.records().find(project, &asking.query).is_some());
            if let (Err(error), true) = (&end, has_record) {
                room.running().remember(&asking, error, room.clock().now());
            }
            drop(running);
            // Whoever asked may be gone; the answer is stored.
            let _ = tell_end.send(end);
        };
        self.spawn(way.in_current_span());
        Asked { admitted, ended }
    }

    /// Answers one question, or says which floor said no.
    ///
    /// # Order
    /// Intent durable before execution, outcome durable before the first byte.
    ///
    /// # Errors
    /// [`AskError`]. If an entry cannot be written nothing is released: an unlogged answer is
    /// worse than none.
    async fn answer(
        &self,
        asking: &Asking,
        running: &mut RunningQuery,
        tell_admitted: oneshot::Sender<()>,
    ) -> Result<Reply, AskError> {
        let admitted = match self.admit(asking, running).await {
            Ok(admitted) => admitted,
            Err(error) => return Err(self.deny(asking, error).await),
        };
        if asking.purpose != Purpose::Answer {
            let planned = self.release_plan(asking, admitted).await?;
            return Ok(Reply::Plan(Box::new(planned)));
        }
        // Whoever waits for this may be gone.
        let _ = tell_admitted.send(());
        let Admitted { admission, lease } = admitted;
        let mut ended = self.run(&admission, lease, running).await;
        // What was withdrawn in its last moments does not leave either.
        if let Err(withdrawn) = self.check_withdrawn(&admission.prepared, &admission.reserved)
            && ended.result.is_ok()
        {
            ended.result = Err(withdrawn.into());
        }
        let released = self.release(asking, admission, ended).await?;
        Ok(Reply::Answer(Box::new(released)))
    }

    /// Measures a phase of a query.
    pub(crate) fn phase(&self, name: &'static str, begun: Instant) {
        self.metrics().query_phase(name, begun.elapsed());
    }
}
