//! The run: the worker executes, the spool takes the bytes, and whatever stops it stops it.

use std::time::{Duration, Instant};

use domain::limits::{LimitName, Usage};
use domain::outcome::Summary;
use sandbox::{Lease, RunEnd, SinkFull};
use tokio::task::block_in_place;

use crate::Application;
use crate::ask::admit::Admission;
use crate::ask::running::RunningQuery;
use crate::ask::{AskError, Stopped};
use crate::spool::{SpoolError, SpoolWriter, Stored};

/// A complete answer, hashed and stored, that the log does not know yet.
pub(crate) struct Answer {
    pub(crate) stored: Stored,
    pub(crate) summary: Summary,
}

/// How a run ended, and what the project is charged for it.
pub(crate) struct Ended {
    pub(crate) result: Result<Answer, AskError>,
    pub(crate) charged: Usage,
}

impl Application {
    /// Runs an admitted question to its end.
    pub(crate) async fn run(
        &self,
        admission: &Admission,
        mut lease: Lease,
        running: &mut RunningQuery,
    ) -> Ended {
        let begun = Instant::now();
        let authorized = admission.authorized();
        let mut writer = self.spool().begin(authorized.limits().bytes);
        let files = block_in_place(|| admission.prepared.open_files(authorized.verdict()));
        let end = match files {
            Err(error) => Err(self.explain_missing(admission, error)),
            Ok(files) => {
                let standing = authorized.standing();
                let wall = wall(authorized.limits().wall_ms, admission);
                let sink = |chunk: &[u8]| take(&mut writer, chunk);
                let execution = lease.execute(files, &admission.notices, wall, sink);
                // Leaving the execution unfinished kills the worker.
                tokio::select! {
                    end = execution => end.map_err(AskError::Worker),
                    denial = self.access().withdrawn(standing) => {
                        Err(Stopped::Withdrawn(Box::new(denial)).into())
                    }
                    stop = running.stopped() => Err(stop),
                }
            }
        };
        drop(lease);
        self.phase("execute", begun);
        self.conclude(admission, end, writer)
    }

    /// Turns the end of a run into an answer or a no, with what is charged.
    fn conclude(
        &self,
        admission: &Admission,
        end: Result<RunEnd, AskError>,
        writer: SpoolWriter,
    ) -> Ended {
        let limits = admission.authorized().limits();
        let estimate = admission.authorized().verdict().scan_bytes;
        let scanned = |scan_bytes| Usage { queries: 0, scan_bytes, result_bytes: 0 };
        let (error, charged) = match end {
            Ok(RunEnd::Finished(summary)) => return self.store(summary, writer),
            Ok(RunEnd::Failed(kind)) => (AskError::Failed(kind), Usage::default()),
            Ok(RunEnd::LimitHit(hit)) => (stopped(hit.name, hit.allowed), scanned(hit.scan_bytes)),
            Ok(RunEnd::Outgrown(name)) => (stopped(name, limits.get(name)), scanned(estimate)),
            Ok(RunEnd::WallTime) => (stopped(LimitName::WallMs, limits.wall_ms), scanned(estimate)),
            Ok(RunEnd::Sink) => match self.spool().store(writer, self.clock().now()) {
                Err(SpoolError::Disk(error)) => (AskError::Spool(error), Usage::default()),
                Ok(_) | Err(SpoolError::TooLong { .. }) => {
                    (stopped(LimitName::Bytes, limits.bytes), scanned(estimate))
                }
            },
            // What it read until then only the worker knew; what it was to read bounds it.
            Err(error @ AskError::Stopped(_)) => (error, scanned(estimate)),
            Err(error) => (error, Usage::default()),
        };
        Ended { result: Err(error), charged }
    }

    /// Stores a complete answer.
    fn store(&self, summary: Summary, writer: SpoolWriter) -> Ended {
        let begun = Instant::now();
        let stored = block_in_place(|| self.spool().store(writer, self.clock().now()));
        self.phase("spool", begun);
        match stored {
            Ok(stored) => {
                let (scan_bytes, result_bytes) = (summary.scan_bytes, stored.bytes.length());
                let charged = Usage { queries: 1, scan_bytes, result_bytes };
                Ended { result: Ok(Answer { stored, summary }), charged }
            }
            Err(SpoolError::TooLong { bytes_max }) => {
                let charged = Usage { queries: 0, scan_bytes: summary.scan_bytes, result_bytes: 0 };
                Ended { result: Err(stopped(LimitName::Bytes, bytes_max)), charged }
            }
            Err(SpoolError::Disk(error)) => {
                Ended { result: Err(AskError::Spool(error)), charged: Usage::default() }
            }
        }
    }
}

/// What is left of the wall time after planning.
fn wall(wall_ms: u64, admission: &Admission) -> Duration {
    let left = Duration::from_millis(wall_ms).saturating_sub(admission.begun.elapsed());
    left.max(Duration::from_millis(1))
}

/// Hands bytes to the spool; where they go to the disk, the runtime may put another thread to work.
fn take(writer: &mut SpoolWriter, chunk: &[u8]) -> Result<(), SinkFull> {
    let is_taken = match writer.fits_memory(chunk.len()) {
        true => writer.take(chunk),
        false => block_in_place(|| writer.take(chunk)),
    };
    if is_taken { Ok(()) } else { Err(SinkFull) }
}

/// The no of a limit that was hit while the query ran.
fn stopped(name: LimitName, allowed: u64) -> AskError {
    Stopped::Limit { name, allowed }.into()
}
