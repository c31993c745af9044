//! Probes: what a worker tries behind the wall, to prove that it stands.
//!
//! Each is tried in a process of its own, since most of them end it. A wall that says that it
//! stands, and lets one through, is no wall.
//!
//! Knows what is tried; does not know who is told.
//!
//! # Source
//! The list is that of docs/sandbox.md: what each layer alone would let through.

use std::fs::File;
use std::io::{self, Read as _};
use std::net::{Ipv4Addr, TcpStream, UdpSocket};
use std::os::fd::AsRawFd as _;
use std::os::unix::net::UnixDatagram;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::Command;

use libc::{c_long, c_void};
use serde::{Deserialize, Serialize};

use crate::wall::Layer;

/// Something that a worker must not be able to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Probe {
    /// Read a file of the machine, or of another worker.
    ReadFile(PathBuf),
    /// Make a file outside of its folder.
    MakeFile(PathBuf),
    /// Open a file that it was sent for reading once more, for writing.
    Reopen,
    /// Have more memory than its limit.
    HaveMemory {
        /// How much.
        bytes: u64,
    },
    /// Connect to a server on this machine.
    ConnectTcp(u16),
    /// Send a datagram to a server on this machine.
    SendUdp(u16),
    /// Make a socket for other processes of this machine.
    MakeUnixSocket,
    /// Become another program.
    Execute,
    /// Make another process.
    Fork,
    /// Look into the process that started it.
    TraceParent,
    /// Signal the process that started it.
    SignalParent,
    /// Have the kernel make calls for it.
    MakeIoUring,
    /// Load a program into the kernel.
    LoadBpf,
    /// Have memory that other processes can map.
    MakeMemoryFile,
    /// Have memory that instructions run from.
    HaveExecutableMemory,
    /// Raise its limits.
    RaiseLimit,
}

impl Probe {
    /// The layer that must hold it back, whatever others do.
    #[must_use]
    pub fn layer(&self) -> Layer {
        match self {
            Self::ReadFile(_) | Self::MakeFile(_) | Self::Reopen => Layer::Landlock,
            Self::HaveMemory { .. } => Layer::Rlimits,
            Self::ConnectTcp(_)
            | Self::SendUdp(_)
            | Self::MakeUnixSocket
            | Self::Execute
            | Self::Fork
            | Self::TraceParent
            | Self::SignalParent
            | Self::MakeIoUring
            | Self::LoadBpf
            | Self::MakeMemoryFile
            | Self::HaveExecutableMemory
            | Self::RaiseLimit => Layer::Seccomp,
        }
    }

    /// What is tried, for messages.
    #[must_use]
    pub fn what(&self) -> &'static str {
        match self {
            Self::ReadFile(_) => "read a file outside of its folder",
            Self::MakeFile(_) => "make a file outside of its folder",
            Self::Reopen => "open a file that it may read for writing",
            Self::HaveMemory { .. } => "have more memory than it may",
            Self::ConnectTcp(_) => "connect over TCP",
            Self::SendUdp(_) => "send over UDP",
            Self::MakeUnixSocket => "make a Unix socket",
            Self::Execute => "execute a program",
            Self::Fork => "make a process",
            Self::TraceParent => "trace the server",
            Self::SignalParent => "signal the server",
            Self::MakeIoUring => "make an io_uring",
            Self::LoadBpf => "load a BPF program",
            Self::MakeMemoryFile => "make a memory file",
            Self::HaveExecutableMemory => "have executable memory",
            Self::RaiseLimit => "raise its limits",
        }
    }

    /// Tries it. Most walls end the process meanwhile.
    ///
    /// # Errors
    /// What the kernel says where it holds the process back; that is the answer hoped for.
    pub fn attempt(&self, sent: &[File]) -> io::Result<()> {
        match self {
            Self::ReadFile(path) => File::open(path)?.read(&mut [0]).map(drop),
            Self::MakeFile(path) => File::create_new(path).map(drop),
            Self::Reopen => reopen(sent),
            Self::HaveMemory { bytes } => map(*bytes, libc::PROT_READ | libc::PROT_WRITE),
            Self::ConnectTcp(port) => TcpStream::connect((Ipv4Addr::LOCALHOST, *port)).map(drop),
            Self::SendUdp(port) => {
                let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
                socket.send_to(b"probe", (Ipv4Addr::LOCALHOST, *port)).map(drop)
            }
            Self::MakeUnixSocket => UnixDatagram::unbound().map(drop),
            Self::Execute => Err(Command::new("/proc/self/exe").arg("--version").exec()),
            Self::Fork => fork(),
            Self::TraceParent => call(libc::SYS_ptrace, [libc::PTRACE_ATTACH.into(), parent(), 0]),
            Self::SignalParent => call(libc::SYS_kill, [parent(), 0, 0]),
            Self::MakeIoUring => make_io_uring(),
            Self::LoadBpf => call(libc::SYS_bpf, [0, 0, 0]),
            Self::MakeMemoryFile => make_memory_file(),
            Self::HaveExecutableMemory => map(4096, libc::PROT_READ | libc::PROT_EXEC),
            Self::RaiseLimit => raise_limit(),
        }
    }
}

/// Whether an error is one by which a wall holds a process back, and no mishap.
#[must_use]
pub(crate) fn is_denial(errno: i32) -> bool {
    [libc::EACCES, libc::EPERM, libc::ENOSYS, libc::ENOMEM, libc::ENETUNREACH].contains(&errno)
}

fn reopen(sent: &[File]) -> io::Result<()> {
    let file = sent.first().ok_or(io::ErrorKind::InvalidInput)?;
    let again = format!("/proc/self/fd/{}", file.as_raw_fd());
    File::options().write(true).open(again).map(drop)
}

/// Memory, as much of it and as it is wanted.
#[expect(unsafe_code, reason = "no safe call maps executable memory")]
fn map(bytes: u64, protection: i32) -> io::Result<()> {
    let length = usize::try_from(bytes).map_err(io::Error::other)?;
    // Nothing is set aside for it, so that it fails by a limit and not by what the machine has.
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
    // SAFETY: a new mapping is put where nothing is, and nobody learns where that was.
    let memory = unsafe { libc::mmap(std::ptr::null_mut(), length, protection, flags, -1, 0) };
    if memory == libc::MAP_FAILED { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// A second process, which ends at once.
#[expect(unsafe_code, reason = "std has no fork")]
fn fork() -> io::Result<()> {
    // SAFETY: the child does nothing but end; this process has one thread.
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        // SAFETY: as above.
        0 => unsafe { libc::_exit(0) },
        _ => Ok(()),
    }
}

fn parent() -> c_long {
    rustix::process::Pid::as_raw(rustix::process::getppid()).into()
}

fn make_io_uring() -> io::Result<()> {
    // As long as the kernel's `io_uring_params` is or will be.
    let mut params = [0_u8; 256];
    call(libc::SYS_io_uring_setup, [1, params.as_mut_ptr() as c_long, 0])
}

fn make_memory_file() -> io::Result<()> {
    call(libc::SYS_memfd_create, [c"probe".as_ptr() as c_long, 0, 0])
}

fn raise_limit() -> io::Result<()> {
    use rustix::process::{Resource, getrlimit, setrlimit};
    setrlimit(Resource::Stack, getrlimit(Resource::Stack)).map_err(io::Error::from)
}

/// A system call that no library offers safely, or at all.
#[expect(unsafe_code, reason = "there is no safe way to call what must not be called")]
fn call(number: c_long, [a, b, c]: [c_long; 3]) -> io::Result<()> {
    let nothing = std::ptr::null_mut::<c_void>();
    // SAFETY: pointers among the arguments are to memory that outlives the call; the others are
    // numbers. What succeeds leaves a descriptor at most, in a process that ends.
    match unsafe { libc::syscall(number, a, b, c, nothing, nothing) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}
