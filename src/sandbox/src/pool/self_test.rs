//! The self-test: workers try what they must not be able to do, and each must be held back.
//!
//! # Invariant
//! What is held back by a mishap counts as let through: a denial is one of the errors that a wall
//! gives, or the end that seccomp gives a process.

use std::fs::File;
use std::io;
use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::os::unix::net::UnixStream;
use std::process::Child;
use std::sync::Arc;

use super::PoolSettings;
use super::attendant::{hello, say_hello};
use super::process::Process;
use super::scratch::ScratchFolder;
use super::spawner::{Purpose, process};
use crate::end::{Stop, WorkerEnd};
use crate::probe::{Probe, is_denial};
use crate::protocol::FromWorker;
use crate::wall::{Layer, Level, Wall};

/// More than a limit, by as much as nothing else takes.
const BEYOND_BYTES: u64 = 1 << 20;

/// Why a wall is not trusted.
#[derive(Debug, thiserror::Error)]
pub enum SelfTestFailure {
    /// A worker was let do what it must not.
    #[error(
        "the sandbox has a hole: a worker could {what}, which the layer {layer} should hold back; \
         the server does not start"
    )]
    Hole {
        /// What it could do.
        what: &'static str,
        /// The layer that has the hole.
        layer: Layer,
    },
    /// A probe ended in a way that proves nothing.
    #[error("the sandbox could not be tested: a worker that tried to {what} ended: {end}")]
    Unclear {
        /// What was tried.
        what: &'static str,
        /// How its process ended.
        end: WorkerEnd,
    },
    /// The test itself could not be made.
    #[error("the sandbox could not be tested")]
    Mishap(#[from] io::Error),
}

/// What the probes are aimed at, for as long as they are tried.
struct Targets {
    /// A file beside the workers' private folders, as another worker's would be.
    canary: File,
    tcp: TcpListener,
    udp: UdpSocket,
    folder: ScratchFolder,
}

/// A process that tries one thing.
struct Trial {
    probe: Probe,
    process: Arc<Process>,
    child: Child,
    socket: UnixStream,
    /// Removed when the process has ended.
    folder: ScratchFolder,
}

/// Proves that the layers that stand hold back what they should. At level `off` there is nothing
/// to prove.
///
/// # Errors
/// [`SelfTestFailure`] names the first hole and its layer.
pub(super) fn prove(settings: &PoolSettings, wall: &Wall) -> Result<(), SelfTestFailure> {
    if wall.level == Level::Off {
        return Ok(());
    }
    let targets = Targets::set(settings)?;
    let stands =
        |probe: &Probe| wall.level == Level::Strict || wall.layers.contains(&probe.layer());
    let probes = targets.probes(settings)?.into_iter().filter(stands);
    // All at once: they take their time side by side.
    let trials: Vec<Trial> = probes
        .enumerate()
        .map(|(number, probe)| Trial::start(settings, number as u64, probe))
        .collect::<io::Result<_>>()?;
    trials.into_iter().try_for_each(|trial| trial.judge(settings, &targets))
}

impl Targets {
    fn set(settings: &PoolSettings) -> io::Result<Self> {
        let folder = ScratchFolder::create(&settings.scratch, 0)?;
        let path = folder.path().join(CANARY);
        std::fs::write(&path, "canary")?;
        Ok(Self {
            canary: File::open(path)?,
            tcp: TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?,
            udp: UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?,
            folder,
        })
    }

    fn probes(&self, settings: &PoolSettings) -> io::Result<Vec<Probe>> {
        let too_much = settings.wall.queries.memory_bytes.saturating_add(BEYOND_BYTES);
        Ok(vec![
            Probe::ReadFile("/etc/passwd".into()),
            Probe::ReadFile(self.folder.path().join(CANARY)),
            Probe::MakeFile(self.folder.path().join("made")),
            Probe::Reopen,
            Probe::HaveMemory { bytes: too_much },
            Probe::ConnectTcp(self.tcp.local_addr()?.port()),
            Probe::SendUdp(self.udp.local_addr()?.port()),
            Probe::MakeUnixSocket,
            Probe::Execute,
            Probe::Fork,
            Probe::TraceParent,
            Probe::SignalParent,
            Probe::MakeIoUring,
            Probe::LoadBpf,
            Probe::MakeMemoryFile,
            Probe::HaveExecutableMemory,
            Probe::RaiseLimit,
        ])
    }
}

/// The name of the canary.
const CANARY: &str = "canary";

/// Numbers of private folders, beyond those of workers.
const NUMBER_MIN: u64 = u64::MAX / 2;

impl Trial {
    fn start(settings: &PoolSettings, number: u64, probe: Probe) -> io::Result<Self> {
        let number = NUMBER_MIN + number;
        let folder = ScratchFolder::create(&settings.scratch, number)?;
        let (process, child, socket) = process(settings, number)?;
        Ok(Self { probe, process, child, socket, folder })
    }

    /// Lets the process try, and says whether it was held back.
    fn judge(mut self, settings: &PoolSettings, targets: &Targets) -> Result<(), SelfTestFailure> {
        let files = [targets.canary.try_clone()?];
        let probe = (self.probe.clone(), files.len());
        let hello = hello(settings, Purpose::Query, &self.folder, Some(probe));
        let said = say_hello(&self.socket, &hello, &files);
        // Whatever it does after its answer is of no interest; without one it has ended.
        if said.as_ref().is_err_and(|error| !error.is_gone()) || matches!(said, Ok(Some(_))) {
            self.process.kill(Stop::Served);
        }
        let end = self.process.classify(self.child.wait()?);
        let (what, layer) = (self.probe.what(), self.probe.layer());
        match said {
            Ok(Some(FromWorker::Probed { errno: Some(errno) })) if is_denial(errno) => Ok(()),
            Ok(Some(FromWorker::Probed { errno: None })) => {
                Err(SelfTestFailure::Hole { what, layer })
            }
            Ok(None) | Err(_) if end == WorkerEnd::SystemCallRefused => Ok(()),
            _ => Err(SelfTestFailure::Unclear { what, end }),
        }
    }
}
