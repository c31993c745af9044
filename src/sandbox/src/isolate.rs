//! What a worker gives up before it reads its first message.
//!
//! Knows the process it runs in; does not know what the worker is for.
//!
//! # Order
//! Single-threaded, before the runtime and the engine exist: what is given up here binds every
//! thread that starts later. Dying with the gateway comes first, so that nothing that fails
//! afterwards leaves an orphan; descriptors are closed before `/proc/self` is closed to us.
//!
//! # Source
//! prctl(2), unix(7) on `SO_PEERCRED`, setrlimit(2).

use std::io;
use std::os::fd::{AsFd as _, AsRawFd as _, RawFd};
use std::os::unix::net::UnixStream;

use rustix::fs::{Dir, Mode, OFlags};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketType};
use rustix::process::{DumpableBehavior, Resource, Rlimit, Signal};

use crate::protocol::Level;

/// How much of the wall [`enter`] puts up.
pub const LEVEL: Level = Level::Process;

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

/// Raises the soft limit of open files to the hard one: a question may bring thousands.
fn raise_open_files() -> Result<(), Errno> {
    let limit = rustix::process::getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    rustix::process::setrlimit(Resource::Nofile, raised)
}
