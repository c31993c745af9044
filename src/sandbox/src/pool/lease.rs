//! A lease: one project's use of one worker for one question.
//!
//! # Invariant
//! A worker goes back to its project only from a clean end. On every other way out, dropping the
//! lease in the middle included, it is killed, and its place stays taken until it is gone.

use std::borrow::Cow;
use std::fs::File;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::ids::ProjectId;
use domain::limits::{LimitName, Limits};
use domain::outcome::{FailureKind, LimitHit, Summary};
use domain::question::{Question, VersionWanted};
use domain::verdict::{Refusal, RefusalCode, Verdict};
use domain::{Notice, PseudonymKey};
use zeroize::Zeroizing;

use super::admission::Place;
use super::attendant::Worker;
use super::crew::Crew;
use super::line::{Incoming, Line};
use super::process::{Allowance, Process};
use super::{LeaseError, SinkFull};
use crate::end::{Stop, WorkerEnd};
use crate::protocol::{FromWorker, ProtocolError, ToWorker, encode};
use crate::wall::{Layer, ProcessLimits};

/// How long a worker that closed its socket may take to end before it is killed.
const FAREWELL: Duration = Duration::from_secs(1);

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunEnd {
    /// The answer is complete.
    Finished(Summary),
    /// The query met a run-time error.
    Failed(FailureKind),
    /// The worker found that the query hit a limit.
    LimitHit(LimitHit),
    /// The run took longer than its wall time; the worker was killed.
    WallTime,
    /// Its process asked the kernel for more than this limit gives it; the worker is dead.
    Outgrown(LimitName),
    /// The sink takes no more; the worker was killed.
    Sink,
}

/// Why there is no verdict on a question.
#[derive(Clone, Debug, PartialEq)]
pub enum NoVerdict {
    /// Planning said no.
    Refused(Refusal),
    /// The statement pins versions that the question does not have yet: plan again with them.
    Versions(Vec<VersionWanted>),
}

/// Why a worker gave no answer that it should have given. It is dead.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    /// Its process ended in the middle.
    #[error("the worker was lost: {end}")]
    Lost {
        /// How.
        end: WorkerEnd,
    },
    /// It reported a fault of its own. The message is for the server's log only.
    #[error("the worker reported a fault: {message}")]
    Fault {
        /// What it said.
        message: String,
    },
    /// It said what the protocol does not allow, or could not be spoken to.
    #[error("the worker broke the protocol")]
    Protocol {
        /// What was wrong.
        #[from]
        source: ProtocolError,
    },
}

/// Kills the worker of one lease, from anywhere, for as long as the lease lasts.
#[derive(Clone)]
pub struct KillHandle {
    process: Arc<Mutex<Option<Arc<Process>>>>,
}

impl KillHandle {
    /// A handle on a process.
    pub(super) fn on(process: &Arc<Process>) -> Self {
        Self { process: Arc::new(Mutex::new(Some(Arc::clone(process)))) }
    }

    /// Kills the worker. Does nothing when the lease is over: the worker may serve another
    /// question by then.
    pub fn kill(&self) {
        let process = self.process.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(process) = &*process {
            process.kill(Stop::Cancelled);
        }
    }

    /// Lets go of the process.
    pub(super) fn let_go(&self) {
        *self.process.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// Where a lease's worker stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// It waits for a question.
    Clean,
    /// It holds a vetted plan.
    Planned,
    /// It works, or what it does is not known.
    Busy,
}

/// One project's use of one worker for one question.
pub struct Lease {
    crew: Arc<Crew>,
    project: ProjectId,
    /// The key of the project's pseudonyms, until the worker has it.
    key: Option<PseudonymKey>,
    process: Arc<Process>,
    line: Option<Line>,
    place: Option<Place>,
    questions: u64,
    phase: Phase,
    kill_handle: KillHandle,
}

impl Lease {
    /// Binds a worker to a project; within a runtime.
    pub(super) fn open(
        crew: Arc<Crew>,
        (project, key): (ProjectId, PseudonymKey),
        place: Place,
        mut worker: Worker,
    ) -> Result<Self, LeaseError> {
        let process = Arc::clone(&worker.process);
        let inbox = std::mem::take(&mut worker.inbox);
        let line = worker.socket.take().map(|socket| Line::open(socket, inbox));
        let Some(Ok(line)) = line else {
            process.kill(Stop::Fault);
            process.keep(place);
            return Err(LeaseError::Lost { end: WorkerEnd::Stopped(Stop::Fault) });
        };
        let kill_handle = KillHandle::on(&process);
        let (line, place, questions) = (Some(line), Some(place), worker.questions);
        let (key, phase) = ((!worker.is_bound).then_some(key), Phase::Clean);
        Ok(Self { crew, project, key, process, line, place, questions, phase, kill_handle })
    }

    /// Has the worker plan a question, reading nothing.
    ///
    /// # Errors
    /// [`WorkerError`]; the lease is of no further use then.
    pub async fn plan(
        &mut self,
        question: &Question,
    ) -> Result<Result<Verdict, NoVerdict>, WorkerError> {
        let frame = match encode(&ToWorker::Plan(Cow::Borrowed(question))) {
            Ok(frame) => frame,
            Err(ProtocolError::TooLong { length_bytes_max, .. }) => {
                return Ok(Err(NoVerdict::Refused(too_long(length_bytes_max))));
            }
            Err(source) => return Err(source.into()),
        };
        self.phase = Phase::Busy;
        self.questions += 1;
        let deadline = Duration::from_millis(self.crew.settings.plan_ms_max);
        self.allow(&question.limits)?;
        self.allow_cpu(deadline)?;
        let bind = self.key.take().map(|key| encode(&ToWorker::Bind { key })).transpose()?;
        let line = line_of(&mut self.line)?;
        let said = tokio::time::timeout(deadline, async {
            if let Some(bind) = bind {
                line.send(&Zeroizing::new(bind)).await?;
            }
            line.send(&frame).await?;
            line.receive_message().await
        });
        let Ok(said) = said.await else {
            self.process.kill(Stop::PlanTime);
            self.process.ended().await;
            return Ok(Err(NoVerdict::Refused(took_too_long(deadline))));
        };
        match said {
            Ok(Incoming::Message(FromWorker::Verdict(verdict))) => {
                self.phase = Phase::Planned;
                Ok(Ok(verdict))
            }
            Ok(Incoming::Message(FromWorker::Refused(refusal))) => {
                self.phase = Phase::Clean;
                Ok(Err(NoVerdict::Refused(refusal)))
            }
            Ok(Incoming::Message(FromWorker::Versions(wanted))) => {
                self.phase = Phase::Clean;
                Ok(Err(NoVerdict::Versions(wanted)))
            }
            other => Err(explain(&self.process, other).await),
        }
    }

    /// Has the worker run what it planned last, on these files, for that long at most. The notices
    /// go into answers whose form has a place for them.
    ///
    /// The sink gets the answer's bytes as they come, in pieces of any size, on the caller's task.
    ///
    /// # Errors
    /// [`WorkerError`]; the lease is of no further use then.
    pub async fn execute<S>(
        &mut self,
        files: Vec<File>,
        notices: &[Notice],
        wall: Duration,
        mut sink: S,
    ) -> Result<RunEnd, WorkerError>
    where
        S: FnMut(&[u8]) -> Result<(), SinkFull>,
    {
        if self.phase != Phase::Planned {
            return Err(ProtocolError::Unexpected { name: "a go without a plan" }.into());
        }
        self.phase = Phase::Busy;
        let frame =
            encode(&ToWorker::Go { notices: Cow::Borrowed(notices), descriptors: files.len() })?;
        self.allow_cpu(wall)?;
        let line = line_of(&mut self.line)?;
        let said = tokio::time::timeout(wall, async {
            line.send(&frame).await?;
            line.send_files(&files).await?;
            drop(files);
            line.receive(&mut sink).await
        });
        let end = match said.await {
            Err(_) => return Ok(self.stop(Stop::WallTime, RunEnd::WallTime).await),
            Ok(Ok(Incoming::Full)) => return Ok(self.stop(Stop::SinkFull, RunEnd::Sink).await),
            Ok(Ok(Incoming::Message(FromWorker::Finished(summary)))) => RunEnd::Finished(summary),
            Ok(Ok(Incoming::Message(FromWorker::Failed(kind)))) => RunEnd::Failed(kind),
            Ok(Ok(Incoming::Message(FromWorker::LimitHit(hit)))) => RunEnd::LimitHit(hit),
            Ok(other) => {
                let error = explain(&self.process, other).await;
                return outgrown(&error).map(RunEnd::Outgrown).ok_or(error);
            }
        };
        self.phase = Phase::Clean;
        Ok(end)
    }

    /// Lets the worker's process have what a question may, and no more.
    ///
    /// # Order
    /// Before it is planned: planning allocates, too.
    fn allow(&self, limits: &Limits) -> Result<(), ProtocolError> {
        if !self.is_limited() {
            return Ok(());
        }
        let hard = self.crew.settings.wall.queries;
        let limits = ProcessLimits::for_data(limits.memory_bytes, limits.spill_bytes);
        Ok(self.process.allow(&Allowance { hard, limits })?)
    }

    /// Lets each of its threads use the processor for that long.
    fn allow_cpu(&self, wall: Duration) -> Result<(), ProtocolError> {
        if !self.is_limited() {
            return Ok(());
        }
        let threads = u32::try_from(self.crew.settings.threads.max(1)).unwrap_or(u32::MAX);
        Ok(self.process.allow_cpu(wall.saturating_mul(threads))?)
    }

    fn is_limited(&self) -> bool {
        self.crew.wall.get().is_some_and(|wall| wall.layers.contains(&Layer::Rlimits))
    }

    /// A handle that kills this lease's worker.
    #[must_use]
    pub fn kill_handle(&self) -> KillHandle {
        self.kill_handle.clone()
    }

    /// Kills the worker, waits until it is gone, and says how the run ended by that.
    async fn stop(&self, stop: Stop, end: RunEnd) -> RunEnd {
        self.process.kill(stop);
        self.process.ended().await;
        end
    }

    /// The worker, if it may serve its project again.
    ///
    /// # Order
    /// Of one that may not, the socket stays open until it is killed: a worker that finds it closed
    /// leaves by itself, and how it ended would be told wrongly.
    fn clean_worker(&mut self, stop: Stop) -> Option<Worker> {
        let may_serve =
            self.phase != Phase::Busy && self.questions < self.crew.settings.queries_per_worker_max;
        if !may_serve {
            return None;
        }
        let (socket, inbox) = self.line.take()?.close().ok()?;
        if !inbox.is_empty() {
            self.process.kill(stop);
            return None;
        }
        let process = Arc::clone(&self.process);
        let (socket, is_bound) = (Some(socket), self.key.is_none());
        Some(Worker { process, socket, inbox, questions: self.questions, is_bound })
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.kill_handle.let_go();
        let stop = if self.phase == Phase::Busy { Stop::Abandoned } else { Stop::Served };
        if self.phase != Phase::Busy && 0 < self.questions {
            self.crew.note_served();
        }
        let place = self.place.take();
        let returned = self
            .clean_worker(stop)
            .is_some_and(|worker| self.crew.give_back(self.project.clone(), worker).is_ok());
        if !returned {
            self.process.kill(stop);
            if let Some(place) = place {
                self.process.keep(place);
            }
        }
    }
}

/// The line of a lease that still has one: it only goes when the lease is dropped.
fn line_of(line: &mut Option<Line>) -> Result<&mut Line, ProtocolError> {
    line.as_mut().ok_or(ProtocolError::Truncated)
}

/// The limit that a lost worker's process outgrew, if that is how it was lost.
///
/// Where memory cannot be had the process aborts; processor time is threads times wall time, so whoever
/// used it up ran for too long. A kill from elsewhere says nothing of the question: when the machine has
/// no more memory the kernel may pick a neighbour.
fn outgrown(error: &WorkerError) -> Option<LimitName> {
    let WorkerError::Lost { end } = error else { return None };
    match end {
        WorkerEnd::Aborted => Some(LimitName::MemoryBytes),
        WorkerEnd::ProcessorTime => Some(LimitName::WallMs),
        WorkerEnd::FileSize => Some(LimitName::SpillBytes),
        WorkerEnd::Stopped(_)
        | WorkerEnd::Left
        | WorkerEnd::Panicked
        | WorkerEnd::Exited { .. }
        | WorkerEnd::Killed
        | WorkerEnd::SystemCallRefused
        | WorkerEnd::MemoryFault
        | WorkerEnd::Signalled { .. }
        | WorkerEnd::Unknown => None,
    }
}

/// Says why a worker did not answer as it should; it is dead when this returns.
pub(super) async fn explain(
    process: &Process,
    said: Result<Incoming, ProtocolError>,
) -> WorkerError {
    let error = match said {
        Ok(Incoming::Message(FromWorker::Fault { message })) => WorkerError::Fault { message },
        Ok(Incoming::Message(other)) => ProtocolError::Unexpected { name: other.name() }.into(),
        Ok(Incoming::Full) => ProtocolError::Unexpected { name: "a chunk" }.into(),
        Ok(Incoming::Closed) => return lost(process).await,
        Err(source) if source.is_gone() => return lost(process).await,
        Err(source) => source.into(),
    };
    process.kill(Stop::Fault);
    process.ended().await;
    error
}

/// Waits for the end of a worker that is no longer there, and sees to it that it comes.
async fn lost(process: &Process) -> WorkerError {
    let end = match tokio::time::timeout(FAREWELL, process.ended()).await {
        Ok(end) => end,
        Err(_) => {
            process.kill(Stop::Fault);
            process.ended().await
        }
    };
    WorkerError::Lost { end }
}

/// The refusal of a question that is too long to be handed over.
fn too_long(length_bytes_max: usize) -> Refusal {
    let detail = format!(
        "the question and its parameters are longer than the {} MiB that a worker takes; \
         ask with fewer values",
        length_bytes_max >> 20
    );
    Refusal { code: RefusalCode::BodyInvalid, detail, position: None }
}

/// The refusal of a question whose planning was stopped.
fn took_too_long(deadline: Duration) -> Refusal {
    let detail = format!(
        "planning took too long: it was stopped after {} ms; ask with fewer joins, subqueries \
         or operators",
        deadline.as_millis()
    );
    Refusal { code: RefusalCode::QueryRefused, detail, position: None }
}
