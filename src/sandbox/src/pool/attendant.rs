//! The thread that attends to one worker, from its first word to its burial.
//!
//! # Invariant
//! Every process is waited for exactly once, here. Its folder is swept after it is dead, and only
//! then does anybody hear that it is gone.

use std::fs::File;
use std::io::Write as _;
use std::os::fd::{AsFd as _, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::process::Child;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::PoolSettings;
use super::crew::Crew;
use super::line::Inbox;
use super::process::Process;
use super::scratch::ScratchFolder;
use super::spawner::{Delivery, Purpose, StartFailure, Started};
use crate::end::{Stop, WorkerEnd};
use crate::probe::Probe;
use crate::protocol::{self, FromWorker, MESSAGE_BYTES_MAX, ProtocolError, ToWorker};
use crate::wall::{Layer, Wall, WallWanted};

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
    /// Whether it was told which project it serves.
    pub(super) is_bound: bool,
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
    purpose: Purpose,
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
        purpose: Purpose,
        deliver: Delivery,
    ) -> Self {
        let (folder, deliver) = (Some(folder), Some(deliver));
        Self { crew, process, child, folder, started, purpose, deliver }
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
                let (socket, inbox) = (Some(socket), Inbox::new());
                let worker = Worker { process, socket, inbox, questions: 0, is_bound: false };
                deliver(Ok(Started { worker, folder }));
                self.wait();
            }
            Err(not_ready) => {
                drop(folder);
                // A worker that has died tells more by its own end than by our kill.
                if !not_ready.is_gone() {
                    self.process.kill(Stop::NotReady);
                }
                drop(socket);
                let failure = not_ready.explain(self.wait());
                let error = &failure as &dyn std::error::Error;
                tracing::error!(worker.number = self.process.number, error, "a worker failed");
                deliver(Err(failure));
            }
        }
    }

    /// Tells the worker where it is and what wall to put up, and waits until it is ready.
    fn greet(&self, socket: &UnixStream) -> Result<(), NotReady> {
        let Some(folder) = &self.folder else {
            return Err(ProtocolError::Truncated.into());
        };
        let settings = &self.crew.settings;
        let hello = hello(settings, self.purpose, folder, None);
        let wall = ready(say_hello(socket, &hello, &[])?)?;
        if !wall.holds(settings.wall.level) && settings.wall.without.is_none() {
            return Err(ProtocolError::Unexpected { name: "another wall" }.into());
        }
        self.crew.wall.get_or_init(|| wall);
        Ok(socket.set_nonblocking(true).map_err(ProtocolError::from)?)
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

/// Why a worker is not ready.
enum NotReady {
    /// It said something else.
    Said(ProtocolError),
    /// It has not the wall that it must have.
    NoWall { layer: Layer, reason: String },
}

impl NotReady {
    /// Whether it has ended, or will by itself.
    fn is_gone(&self) -> bool {
        match self {
            Self::Said(error) => error.is_gone(),
            Self::NoWall { .. } => true,
        }
    }

    fn explain(self, end: WorkerEnd) -> StartFailure {
        match self {
            Self::Said(source) => StartFailure::Greeting { end, source },
            Self::NoWall { layer, reason } => StartFailure::NoWall { layer, reason },
        }
    }
}

impl From<ProtocolError> for NotReady {
    fn from(error: ProtocolError) -> Self {
        Self::Said(error)
    }
}

/// What a worker is told first.
pub(super) fn hello(
    settings: &PoolSettings,
    purpose: Purpose,
    folder: &ScratchFolder,
    probe: Option<(Probe, usize)>,
) -> ToWorker<'static> {
    let limits = match purpose {
        Purpose::Query => settings.wall.queries,
        Purpose::Publish => settings.wall.publications,
    };
    let descriptors = probe.as_ref().map_or(0, |(_, descriptors)| *descriptors);
    let wall = WallWanted {
        level: settings.wall.level,
        limits,
        scratch: folder.path().to_owned(),
        without: settings.wall.without,
        probe: probe.map(|(probe, _)| probe),
    };
    ToWorker::Hello { wall, threads: settings.threads.max(1), descriptors }
}

/// Tells a worker the first word, with a few descriptors; gives its own, if it says one.
pub(super) fn say_hello(
    mut socket: &UnixStream,
    hello: &ToWorker<'_>,
    files: &[File],
) -> Result<Option<FromWorker>, ProtocolError> {
    socket.set_read_timeout(Some(GREETING))?;
    socket.set_write_timeout(Some(GREETING))?;
    socket.write_all(&protocol::encode(hello)?)?;
    if !files.is_empty() {
        let frame = protocol::encode_descriptors(files.len())?;
        let descriptors: Vec<BorrowedFd<'_>> = files.iter().map(File::as_fd).collect();
        let sent = protocol::send_batch(socket, &frame, &descriptors)?;
        socket.write_all(frame.get(sent..).unwrap_or_default())?;
    }
    protocol::read_message(&mut socket, MESSAGE_BYTES_MAX)
}

/// The wall behind which a worker says it is ready.
fn ready(said: Option<FromWorker>) -> Result<Wall, NotReady> {
    match said {
        Some(FromWorker::Ready(wall)) => Ok(wall),
        Some(FromWorker::NoWall { layer, reason }) => Err(NotReady::NoWall { layer, reason }),
        Some(FromWorker::Fault { message }) => {
            tracing::error!(message, "a worker reports a fault before it is ready");
            Err(ProtocolError::Unexpected { name: "a fault" }.into())
        }
        Some(other) => Err(ProtocolError::Unexpected { name: other.name() }.into()),
        None => Err(ProtocolError::Truncated.into()),
    }
}
