//! The thread that attends to one worker, from its first word to its burial.
//!
//! # Invariant
//! Every process is waited for exactly once, here. Its folder is swept after it is dead, and only
//! then does anybody hear that it is gone.

use std::os::unix::net::UnixStream;
use std::process::Child;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::crew::Crew;
use super::line::Inbox;
use super::process::Process;
use super::scratch::ScratchFolder;
use super::spawner::{Delivery, StartFailure, Started};
use crate::end::{Stop, WorkerEnd};
use crate::protocol::{self, FromWorker, Level, MESSAGE_BYTES_MAX, ProtocolError, ToWorker};

/// How long a worker may take to become ready: generous, since a loaded machine is no fault.
const GREETING: Duration = Duration::from_secs(60);

/// A worker that is ready and not busy. Dropping it kills it.
pub(super) struct Worker {
    /// Its process.
    pub(super) process: Arc<Process>,
    /// The gateway's end of its socket.
    pub(super) socket: Option<UnixStream>,
    /// Room for what it says.
    pub(super) inbox: Inbox,
    /// How many questions it was asked.
    pub(super) questions: u64,
}

impl Drop for Worker {
    fn drop(&mut self) {
        if self.socket.is_some() {
            self.process.kill(Stop::Evicted);
        }
    }
}

/// Who attends to one worker.
pub(super) struct Attendant {
    crew: Arc<Crew>,
    process: Arc<Process>,
    child: Child,
    folder: Option<ScratchFolder>,
    started: Instant,
    deliver: Option<Delivery>,
}

impl Attendant {
    /// Takes charge of a process that was just started.
    pub(super) fn new(
        crew: Arc<Crew>,
        process: Arc<Process>,
        child: Child,
        folder: ScratchFolder,
        started: Instant,
        deliver: Delivery,
    ) -> Self {
        let (folder, deliver) = (Some(folder), Some(deliver));
        Self { crew, process, child, folder, started, deliver }
    }

    /// Greets the worker, hands it over, and waits for its end.
    pub(super) fn attend(mut self, socket: UnixStream) {
        let greeted = self.greet(&socket);
        let Some((deliver, folder)) = self.deliver.take().zip(self.folder.clone()) else {
            return;
        };
        match greeted {
            Ok(()) => {
                self.crew.observer.spawned(self.started.elapsed());
                let process = Arc::clone(&self.process);
                let worker =
                    Worker { process, socket: Some(socket), inbox: Inbox::new(), questions: 0 };
                deliver(Ok(Started { worker, folder }));
                self.wait();
            }
            Err(source) => {
                drop(folder);
                // A worker that has died tells more by its own end than by our kill.
                if !source.is_gone() {
                    self.process.kill(Stop::NotReady);
                }
                drop(socket);
                let failure = StartFailure::Greeting { end: self.wait(), source };
                let error = &failure as &dyn std::error::Error;
                tracing::error!(worker.number = self.process.number, error, "a worker failed");
                deliver(Err(failure));
            }
        }
    }

    /// Tells the worker where it is, and waits until it is ready.
    fn greet(&self, socket: &UnixStream) -> Result<(), ProtocolError> {
        use std::io::Write as _;
        let Some(folder) = &self.folder else {
            return Err(ProtocolError::Truncated);
        };
        socket.set_read_timeout(Some(GREETING))?;
        socket.set_write_timeout(Some(GREETING))?;
        let scratch = folder.path().to_owned();
        let hello = ToWorker::Hello { scratch, threads: self.crew.settings.threads.max(1) };
        let mut stream = socket;
        stream.write_all(&protocol::encode(&hello)?)?;
        let level = ready(protocol::read_message(&mut stream, MESSAGE_BYTES_MAX)?)?;
        if *self.crew.level.get_or_init(|| level) != level {
            return Err(ProtocolError::Unexpected { name: "another sandbox level" });
        }
        Ok(socket.set_nonblocking(true)?)
    }

    /// Waits for the process, sweeps its folder, and says that it is gone.
    fn wait(&mut self) -> WorkerEnd {
        let end = match self.child.wait() {
            Ok(status) => self.process.classify(status),
            Err(_) => WorkerEnd::Unknown,
        };
        self.folder = None;
        self.process.bury(end);
        self.crew.observer.died(end);
        let (number, pid) = (self.process.number, self.process.pid);
        if end.is_expected() {
            tracing::debug!(worker.number = number, worker.pid = pid, worker.end = %end, "a worker ended");
        } else {
            tracing::warn!(worker.number = number, worker.pid = pid, worker.end = %end, "a worker ended early");
        }
        self.crew.discharge(number);
        end
    }
}

impl Drop for Attendant {
    /// Does the least when there could be no thread to attend.
    fn drop(&mut self) {
        if let Some(deliver) = self.deliver.take() {
            self.process.kill(Stop::NotReady);
            self.wait();
            deliver(Err(std::io::Error::from(std::io::ErrorKind::OutOfMemory).into()));
        }
    }
}

/// The level that a worker says it is ready at.
fn ready(said: Option<FromWorker>) -> Result<Level, ProtocolError> {
    match said {
        Some(FromWorker::Ready { sandbox_level }) => Ok(sandbox_level),
        Some(FromWorker::Fault { message }) => {
            tracing::error!(message, "a worker reports a fault before it is ready");
            Err(ProtocolError::Unexpected { name: "a fault" })
        }
        Some(other) => Err(ProtocolError::Unexpected { name: other.name() }),
        None => Err(ProtocolError::Truncated),
    }
}
