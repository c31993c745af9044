//! A vetted plan, run over the files that *go* brought, into an answer.
//!
//! Knows no grants and no names of files; what went wrong leaves as a kind.
//!
//! # Order
//! The files are attached, then the physical plan is made: its making reads footers.
//!
//! # Rooms
//! - [`session`]: what one question may use: memory, spill, files.
//! - [`spill`]: files without a name, within a budget.
//! - [`pushdown`]: whether conditions are checked while files are decoded.
//! - [`failure`]: errors as kinds.

mod failure;
mod pushdown;
mod session;
mod spill;

use std::fs::File;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;

use arrow::record_batch::RecordBatch;
use datafusion::error::{DataFusionError, Result as EngineResult};
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::{ExecutionPlan, execute_stream};
use datafusion::physical_planner::{DefaultPhysicalPlanner, PhysicalPlanner as _};
use domain::limits::LimitName;
use domain::outcome::{FailureKind, LimitHit, Summary};
use domain::question::{MountedFile, OnLimit};
use domain::{Format, Limits, Notice};
use futures::StreamExt as _;
use tokio::runtime::Runtime;
use tokio::sync::mpsc::{Receiver, channel};

pub use failure::Fault;
pub(crate) use pushdown::is_worthwhile;
pub(crate) use session::{Session, footers};

use crate::encode::{Answer, EncodeError, Flow, RowsDigest, Shape, Sink, encoder};
use crate::on_planner_thread;
use failure::Cause;

/// Batches that may wait between the engine and the encoder, and between encoder and digest.
const WAITING_BATCHES: usize = 4;

/// How a run ended.
#[derive(Debug)]
pub enum RunResult {
    /// The answer is complete.
    Finished(Summary),
    /// The query failed on a value.
    Failed(FailureKind),
    /// The query hit a limit.
    LimitHit(LimitHit),
    /// The engine or its files failed; nothing of it concerns the caller.
    Fault(Fault),
}

/// A plan with all that its run needs, but the files.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) plan: LogicalPlan,
    pub(crate) session: Session,
    pub(crate) shape: Shape,
    pub(crate) files: Vec<MountedFile>,
    pub(crate) limits: Limits,
    pub(crate) on_limit: OnLimit,
    pub(crate) format: Format,
}

/// Why a run stopped.
#[derive(Debug)]
enum Stop {
    Engine(DataFusionError),
    Encode(EncodeError),
    Fault(Fault),
}

impl From<EncodeError> for Stop {
    fn from(error: EncodeError) -> Self {
        Self::Encode(error)
    }
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl Prepared {
    /// Runs the plan over its files, in the order of [`Prepared::files`].
    pub(crate) fn run(
        self,
        files: Vec<File>,
        notices: &[Notice],
        runtime: &Runtime,
        sink: &mut dyn Sink,
    ) -> RunResult {
        match self.answer(files, notices, runtime, sink) {
            Ok(summary) => RunResult::Finished(summary),
            Err(stop) => self.explain(stop),
        }
    }

    fn answer(
        &self,
        files: Vec<File>,
        notices: &[Notice],
        runtime: &Runtime,
        sink: &mut dyn Sink,
    ) -> Result<Summary, Stop> {
        self.session
            .store()
            .open(&self.files, files)
            .map_err(|files| Fault::Files(files.into()))?;
        let physical = self.physical(runtime)?;
        let encoder = encoder(self.format, &self.shape, notices)?;
        let mut answer = Answer::begin(&self.shape, encoder, &self.limits, self.on_limit, sink)?;
        let (digest_sender, digest_batches) = sync_channel::<RecordBatch>(WAITING_BATCHES);
        let digest = thread::scope(|scope| {
            let digesting = scope.spawn(move || -> Result<RowsDigest, EncodeError> {
                let mut digest = RowsDigest::default();
                digest_batches.iter().try_for_each(|batch| digest.add(&batch))?;
                Ok(digest)
            });
            let pumped = self.pump(physical, runtime, &mut answer, digest_sender);
            let digest = digesting.join().map_err(|_| Stop::Fault(Fault::Panicked));
            pumped.and(digest)
        })??;
        let (rows, truncated) = answer.finish()?;
        Ok(Summary {
            rows,
            rows_sha256: digest.finish(self.shape.columns()),
            truncated,
            scan_bytes: self.session.store().scan_bytes(),
            memory_peak_bytes: self.session.memory_peak_bytes(),
        })
    }

    /// Makes the physical plan, on a thread with a stack for deep plans.
    fn physical(&self, runtime: &Runtime) -> Result<Arc<dyn ExecutionPlan>, Stop> {
        let planned = on_planner_thread(|| {
            let planner = DefaultPhysicalPlanner::default();
            runtime.block_on(planner.create_physical_plan(&self.plan, self.session.state()))
        });
        planned.map_err(|_| Stop::Fault(Fault::Panicked))?.map_err(Stop::Engine)
    }

    /// Moves batches from the engine, which works ahead on its own threads, into the answer.
    fn pump(
        &self,
        physical: Arc<dyn ExecutionPlan>,
        runtime: &Runtime,
        answer: &mut Answer<'_>,
        digest: SyncSender<RecordBatch>,
    ) -> Result<(), Stop> {
        let (sender, receiver) = channel::<EngineResult<RecordBatch>>(WAITING_BATCHES);
        let context = self.session.state().task_ctx();
        let working = runtime.spawn(async move {
            let mut batches = execute_stream(physical, context)?;
            while let Some(batch) = batches.next().await {
                if sender.send(batch).await.is_err() {
                    break;
                }
            }
            Ok::<(), DataFusionError>(())
        });
        let taken = self.take(receiver, answer, &digest);
        working.abort();
        let worked = runtime.block_on(working);
        taken?;
        match worked {
            Ok(result) => result.map_err(Stop::Engine),
            Err(error) if error.is_panic() => Err(Stop::Fault(Fault::Panicked)),
            Err(_) => Ok(()),
        }
    }

    fn take(
        &self,
        mut batches: Receiver<EngineResult<RecordBatch>>,
        answer: &mut Answer<'_>,
        digest: &SyncSender<RecordBatch>,
    ) -> Result<(), Stop> {
        while let Some(batch) = batches.blocking_recv() {
            let batch = batch.map_err(Stop::Engine)?;
            let batch = self.shape.fit(&batch).map_err(EncodeError::Arrow)?;
            let (taken, flow) = answer.push(&batch)?;
            if digest.send(taken).is_err() {
                // The digest gave up; joining it tells why.
                return Ok(());
            }
            if flow == Flow::Full {
                return Ok(());
            }
        }
        Ok(())
    }

    /// What a stop means to those outside.
    fn explain(&self, stop: Stop) -> RunResult {
        let cause = match stop {
            // The limits of reading and spilling are noted where they are hit, since the
            // engine wraps their errors in others.
            Stop::Engine(_) if self.session.store().is_exhausted() => {
                Cause::Limit(LimitName::ScanBytes)
            }
            Stop::Engine(_) if self.session.spill_is_exhausted() => {
                Cause::Limit(LimitName::SpillBytes)
            }
            Stop::Engine(error) => Cause::of(&error),
            Stop::Encode(error) => Cause::of_encoding(&error),
            Stop::Fault(fault) => Cause::Fault(fault),
        };
        match cause {
            Cause::Kind(kind) => RunResult::Failed(kind),
            Cause::Limit(name) => RunResult::LimitHit(LimitHit {
                name,
                allowed: self.limits.get(name),
                scan_bytes: self.session.store().scan_bytes(),
            }),
            Cause::Fault(fault) => RunResult::Fault(fault),
        }
    }
}
