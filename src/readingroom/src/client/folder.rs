//! A data folder as a server: the one that runs on it, or one that this command opens for itself.

use std::fs::File;
use std::os::fd::AsRawFd as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::commands::server::settings_of;
use crate::hosting::{Doors, Hosted};

/// The socket of a data folder.
const SOCKET: &str = "control.sock";

/// Longest path that a Unix socket's address takes for sure, in bytes.
const SOCKET_PATH_BYTES_MAX: usize = 100;

/// A data folder that this command opened, with only the control socket to reach it by.
pub(crate) struct OpenFolder {
    /// Closes the folder in good order when it is dropped.
    _hosted: Hosted,
}

impl OpenFolder {
    /// Opens a data folder for the time of one command.
    pub(super) fn open(data: &Path) -> anyhow::Result<Self> {
        let hosted = Hosted::open(data, settings_of(data, None)?, Doors::ControlOnly)?;
        Ok(Self { _hosted: hosted })
    }
}

/// A path by which a socket can be reached, however long the folder's own path is.
pub(crate) struct SocketPath {
    path: PathBuf,
    /// What `/proc/self/fd/N` stands for.
    _folder: Option<File>,
}

impl SocketPath {
    /// The path.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

/// The path of the control socket in a folder, through a descriptor where it is too long.
pub(crate) fn socket_in(data: &Path) -> anyhow::Result<SocketPath> {
    let path = data.join(SOCKET);
    if path.as_os_str().as_bytes().len() <= SOCKET_PATH_BYTES_MAX {
        return Ok(SocketPath { path, _folder: None });
    }
    let folder =
        File::open(data).with_context(|| format!("{} cannot be opened", data.display()))?;
    let path = PathBuf::from(format!("/proc/self/fd/{}/{SOCKET}", folder.as_raw_fd()));
    Ok(SocketPath { path, _folder: Some(folder) })
}

/// Whether a server runs on a folder.
pub(super) fn is_served(data: &Path) -> bool {
    socket_in(data).is_ok_and(|socket| UnixStream::connect(socket.path()).is_ok())
}
