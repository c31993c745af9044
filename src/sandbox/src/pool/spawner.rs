//! The one thread that starts workers.
//!
//! # Invariant
//! It lives as long as the pool: the kernel kills a worker when the *thread* that started it
//! ends (`PR_SET_PDEATHSIG`), so no borrowed thread of a runtime may do this.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Instant;

use super::PoolSettings;
use super::attendant::{Attendant, Worker};
use super::crew::Crew;
use super::process::Process;
use super::scratch::ScratchFolder;
use crate::end::WorkerEnd;
use crate::protocol::ProtocolError;
use crate::wall::Layer;

/// What the spawner is asked for.
pub(super) enum Request {
    /// Start a worker, and hand it over when it is ready.
    Spawn(Purpose, Delivery),
    /// Look again when the next thing is due.
    Look,
    /// End.
    Quit,
}

/// What a worker is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Questions of one project.
    Query,
    /// One publication.
    Publish,
}

/// Takes a worker when it is ready, or hears why there is none; called exactly once.
pub(super) type Delivery = Box<dyn FnOnce(Result<Started, StartFailure>) + Send>;

/// A worker that is ready, and its private folder.
pub(super) struct Started {
    /// The worker.
    pub(super) worker: Worker,
    /// Its folder.
    pub(super) folder: ScratchFolder,
}

/// Why a worker did not become ready.
#[derive(Debug, thiserror::Error)]
pub(super) enum StartFailure {
    /// Its folder, its process or its attendant could not be made.
    #[error("could not be started")]
    Spawn(#[from] io::Error),
    /// It ended, or said something else than that it is ready.
    #[error("did not become ready: {end}")]
    Greeting {
        /// How its process ended.
        end: WorkerEnd,
        /// What was wrong with what it said.
        source: ProtocolError,
    },
    /// A layer of the wall that must stand cannot be put up.
    #[error("cannot put up the layer {layer} of its wall: {reason}")]
    NoWall {
        /// Which.
        layer: Layer,
        /// Why, in the kernel's words.
        reason: String,
    },
}

impl StartFailure {
    /// How the worker ended, as far as there was one.
    pub(super) fn end(&self) -> WorkerEnd {
        match self {
            Self::Spawn(_) | Self::NoWall { .. } => WorkerEnd::Unknown,
            Self::Greeting { end, .. } => *end,
        }
    }
}

/// Starts workers and ends the rest of those at rest, until it is told to quit.
pub(super) fn run(crew: &Arc<Crew>, requests: &Receiver<Request>) {
    for number in 1.. {
        let Some((purpose, deliver)) = next_spawn(crew, requests) else {
            return;
        };
        if let Err(failure) = spawn(crew, number, purpose, deliver) {
            let error = &failure as &dyn std::error::Error;
            tracing::error!(worker.number = number, error, "a worker could not be started");
        }
    }
}

/// Waits for the next worker to start; none when it is time to quit.
fn next_spawn(crew: &Arc<Crew>, requests: &mpsc::Receiver<Request>) -> Option<(Purpose, Delivery)> {
    loop {
        let request = match crew.due() {
            Some(end) => requests.recv_timeout(end.saturating_duration_since(Instant::now())),
            None => requests.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        match request {
            Ok(Request::Spawn(purpose, deliver)) => return Some((purpose, deliver)),
            Ok(Request::Look) => {}
            Ok(Request::Quit) | Err(RecvTimeoutError::Disconnected) => return None,
            Err(RecvTimeoutError::Timeout) => crew.tick(Instant::now()),
        }
    }
}

/// Starts one worker's process and the thread that attends to it.
fn spawn(crew: &Arc<Crew>, number: u64, purpose: Purpose, deliver: Delivery) -> io::Result<()> {
    let started = Instant::now();
    let made = ScratchFolder::create(&crew.settings.scratch, number)
        .and_then(|folder| Ok((process(&crew.settings, number)?, folder)));
    let ((process, child, socket), folder) = match made {
        Ok(made) => made,
        Err(error) => {
            let told = io::Error::from(error.kind());
            deliver(Err(error.into()));
            return Err(told);
        }
    };
    crew.enlist(&process);
    let crew = Arc::clone(crew);
    let attendant = Attendant::new(crew, process, child, folder, started, purpose, deliver);
    // When there can be no thread, the attendant is dropped, which kills, reaps and tells.
    thread::Builder::new()
        .name(format!("worker-{number}"))
        .spawn(move || attendant.attend(socket))
        .map(drop)
}

/// Starts the process, with one end of a new socket pair as its standard input.
///
/// Without a hook before exec and with nothing but a socket to hand over, std spawns by vfork:
/// fast, however large this process is.
pub(super) fn process(
    settings: &PoolSettings,
    number: u64,
) -> io::Result<(Arc<Process>, std::process::Child, UnixStream)> {
    let (ours, theirs) = UnixStream::pair()?;
    let mut child = Command::new(&settings.executable)
        .args(&settings.arguments)
        .env_clear()
        .stdin(Stdio::from(OwnedFd::from(theirs)))
        .stdout(Stdio::null())
        // An interrupt at the terminal is the server's to handle, not its workers'.
        .process_group(0)
        .spawn()?;
    match Process::of(&child, number) {
        Ok(process) => Ok((Arc::new(process), child, ours)),
        Err(error) => {
            child.kill()?;
            child.wait()?;
            Err(error)
        }
    }
}
