//! What a worker gives up before it reads anything that is not the gateway's own.
//!
//! Knows the process it runs in; does not know what the worker is for.
//!
//! # Order
//! Single-threaded, before the runtime and the engine exist: what is given up here binds every
//! thread that starts later. Dying with the gateway comes first, so that nothing that fails
//! afterwards leaves an orphan; descriptors are closed before `/proc/self` is closed to us. Then
//! the gateway's first message, which says where the private folder is, and then the wall.
//!
//! # Rooms
//! The layers of the wall: [`limits`], [`namespaces`], [`landlock`], [`seccomp`].
//!
//! # Source
//! prctl(2), unix(7) on `SO_PEERCRED`, setrlimit(2), proc(5) on `oom_score_adj`.

mod landlock;
mod limits;
mod namespaces;
mod seccomp;

use std::fs::File;
use std::io;
use std::os::fd::{AsFd as _, AsRawFd as _, RawFd};
use std::os::unix::net::UnixStream;

use rustix::fs::{Dir, Mode, OFlags};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketType};
use rustix::process::{DumpableBehavior, Resource, Rlimit, Signal};

use crate::protocol::{FromWorker, ProtocolError, Sender};
use crate::wall::{Layer, Level, Wall, WallWanted};

/// Why a process cannot become a worker.
#[derive(Debug, thiserror::Error)]
pub enum IsolateError {
    /// Descriptor 0 is not the control socket that a gateway gives.
    #[error("standard input is not a control socket: only the server starts workers")]
    NoControlSocket,
    /// The gateway that started it is gone, or is not its parent.
    #[error("the server that started this worker is gone")]
    Orphaned,
    /// The kernel refused a step.
    #[error("the kernel refused to {step}")]
    Step {
        /// Which.
        step: &'static str,
        /// What it said.
        source: io::Error,
    },
}

/// Turns this process into a worker, and hands out its control socket.
///
/// # Errors
/// [`IsolateError`]; the process must end then.
pub fn enter() -> Result<UnixStream, IsolateError> {
    let socket = control_socket()?;
    die_with_the_gateway(&socket)?;
    step("give up new privileges", rustix::thread::set_no_new_privs(true))?;
    step("close inherited descriptors", close_inherited(socket.as_raw_fd()))?;
    go_first();
    step("keep its memory to itself", {
        rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable)
    })?;
    step("limit core dumps", {
        let none = Rlimit { current: Some(0), maximum: Some(0) };
        rustix::process::setrlimit(Resource::Core, none)
    })?;
    step("raise its limit of open files", raise_open_files())?;
    Ok(socket)
}

/// A layer of the wall that cannot be put up.
#[derive(Debug, thiserror::Error)]
#[error("the layer {layer} cannot be put up: {source}")]
pub struct NoLayer {
    /// Which.
    pub layer: Layer,
    /// Why. It names no more than the kernel's own words.
    pub source: io::Error,
}

/// Puts up the wall around this process; what stands is the answer.
///
/// # Order
/// After [`enter`], before any thread is started.
///
/// # Errors
/// [`NoLayer`] where one that must stand cannot; the process must end then.
pub fn raise(wanted: &WallWanted) -> Result<Wall, NoLayer> {
    let mut wall = Wall { level: wanted.level, ..Wall::default() };
    if wanted.level == Level::Off {
        return Ok(wall);
    }
    for layer in Layer::ALL.into_iter().filter(|layer| wanted.without != Some(*layer)) {
        match put_up(layer, wanted) {
            Ok(()) => drop(wall.layers.insert(layer)),
            Err(source) if wanted.level == Level::Strict && layer.is_required() => {
                return Err(NoLayer { layer, source });
            }
            // Level `best-effort`, or a layer that is a second lock: who asks is told what stands.
            Err(_) => {}
        }
    }
    Ok(wall)
}

/// Puts up the wall that the gateway wants, and tells it where that is not to be; tries a probe if
/// there is one. Gives what stands, to a worker that goes on.
///
/// # Errors
/// The gateway cannot be told.
pub fn raise_or_tell(
    wanted: &WallWanted,
    sent: &[File],
    mut sender: Sender,
) -> Result<Option<(Wall, Sender)>, ProtocolError> {
    let wall = match raise(wanted) {
        Ok(wall) => wall,
        Err(NoLayer { layer, source }) => {
            sender.send(&FromWorker::NoWall { layer, reason: source.to_string() })?;
            return Ok(None);
        }
    };
    let Some(probe) = &wanted.probe else { return Ok(Some((wall, sender))) };
    // An error without a number is none of the kernel's.
    let errno = probe.attempt(sent).err().map(|error| error.raw_os_error().unwrap_or_default());
    sender.send(&FromWorker::Probed { errno })?;
    Ok(None)
}

fn put_up(layer: Layer, wanted: &WallWanted) -> io::Result<()> {
    match layer {
        Layer::Rlimits => limits::set(&wanted.limits),
        Layer::Namespaces => {
            let left = namespaces::leave();
            // Not only of those that the namespace gave.
            namespaces::give_up_capabilities()?;
            left
        }
        Layer::Landlock => landlock::close_all_but(&wanted.scratch),
        Layer::Seccomp => seccomp::leave_few_calls(),
    }
}

/// Names the step that failed.
fn step<T>(step: &'static str, result: Result<T, Errno>) -> Result<T, IsolateError> {
    result.map_err(|source| IsolateError::Step { step, source: source.into() })
}

/// Descriptor 0, if it is a connected Unix stream socket.
///
/// It is duplicated, since standard input cannot be taken out of its place; both descriptors
/// close when the process ends.
fn control_socket() -> Result<UnixStream, IsolateError> {
    let stdin = io::stdin();
    let is_unix = rustix::net::sockopt::socket_domain(&stdin) == Ok(AddressFamily::UNIX)
        && rustix::net::sockopt::socket_type(&stdin) == Ok(SocketType::STREAM)
        && rustix::net::getpeername(&stdin).is_ok();
    if !is_unix {
        return Err(IsolateError::NoControlSocket);
    }
    let socket = stdin.as_fd().try_clone_to_owned();
    let socket = socket.map_err(|source| IsolateError::Step { step: "take its socket", source })?;
    Ok(UnixStream::from(socket))
}

/// Has the kernel kill this process when the thread that started it ends.
///
/// The gateway may have died before that took effect, and then nobody would: the socket knows
/// who made it, and that must still be the parent.
fn die_with_the_gateway(socket: &UnixStream) -> Result<(), IsolateError> {
    step("die with the server", {
        rustix::process::set_parent_process_death_signal(Some(Signal::KILL))
    })?;
    let gateway = step("name its peer", rustix::net::sockopt::socket_peercred(socket))?.pid;
    if rustix::process::getppid() == Some(gateway) { Ok(()) } else { Err(IsolateError::Orphaned) }
}

/// Closes every descriptor but the standard ones and the control socket.
///
/// The gateway's own are closed on exec; these are what the gateway itself inherited.
#[expect(unsafe_code, reason = "only the numbers of inherited descriptors are known")]
fn close_inherited(socket: RawFd) -> Result<(), Errno> {
    const STANDARD_MAX: RawFd = 2;
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let mut folder = Dir::new(rustix::fs::open("/proc/self/fd", flags, Mode::empty())?)?;
    let own = folder.fd()?.as_raw_fd();
    let mut inherited = Vec::new();
    while let Some(entry) = folder.read() {
        let entry = entry?;
        let number = entry.file_name().to_str().ok().and_then(|name| name.parse::<RawFd>().ok());
        inherited.extend(number.filter(|&fd| STANDARD_MAX < fd && fd != own && fd != socket));
    }
    for descriptor in inherited {
        // SAFETY: the descriptor is open, as /proc says, and nothing in this process owns it: no
        // other thread runs, this function's caller holds none but `socket`, and std holds none
        // beyond the standard ones.
        unsafe { rustix::io::close(descriptor) };
    }
    Ok(())
}

/// Where memory runs out, the kernel ends this process before any other.
///
/// A machine that does not let it say so has a worse choice to make, and nothing else changes.
fn go_first() {
    let _ = std::fs::write("/proc/self/oom_score_adj", "1000");
}

/// Raises the soft limit of open files to the hard one: a question may bring thousands.
fn raise_open_files() -> Result<(), Errno> {
    let limit = rustix::process::getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    rustix::process::setrlimit(Resource::Nofile, raised)
}
