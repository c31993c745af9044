//! The control socket: HTTP for the operator of this machine, in the data folder.
//!
//! # Invariant
//! Nobody but the folder's owner can connect: the socket has mode 0600 before it listens.

use std::fs::{File, Permissions};
use std::io;
use std::os::fd::AsRawFd as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};

/// The socket's name in a data folder.
const NAME: &str = "control.sock";

/// Longest path that a socket can be bound to as it is; the kernel's bound is 107 bytes.
const PATH_BYTES_MAX: usize = 100;

/// How many connections may wait to be taken.
const BACKLOG: i32 = 128;

/// The control socket of a data folder; its file is removed when this is dropped.
#[derive(Debug)]
pub struct ControlSocket {
    path: PathBuf,
}

impl ControlSocket {
    /// Where the control socket of a data folder is.
    #[must_use]
    pub fn path_in(data_dir: &Path) -> PathBuf {
        data_dir.join(NAME)
    }

    /// Makes the socket; whoever owns the folder may take away what an earlier owner left.
    pub(super) fn open(data_dir: &Path) -> io::Result<(Self, UnixListener)> {
        let path = Self::path_in(data_dir);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        let folder = File::open(data_dir)?;
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let socket =
            rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
        let address = SocketAddrUnix::new(short_path(&path, &folder))?;
        rustix::net::bind(&socket, &address)?;
        std::fs::set_permissions(&path, Permissions::from_mode(0o600))?;
        rustix::net::listen(&socket, BACKLOG)?;
        Ok((Self { path }, UnixListener::from(socket)))
    }
}

/// A path to the same file that is short enough for a socket's address, while `folder` is open.
fn short_path(path: &Path, folder: &File) -> PathBuf {
    if path.as_os_str().as_bytes().len() < PATH_BYTES_MAX {
        return path.to_owned();
    }
    PathBuf::from(format!("/proc/self/fd/{}", folder.as_raw_fd())).join(NAME)
}

impl Drop for ControlSocket {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_file(&self.path) {
            tracing::warn!(cause = %error, "the control socket cannot be removed");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixStream;

    use super::*;

    #[test]
    fn only_its_owner_can_open_the_socket_and_it_goes_with_its_server() {
        let folder = tempfile::tempdir().unwrap();
        let path = ControlSocket::path_in(folder.path());

        let (socket, _listener) = ControlSocket::open(folder.path()).unwrap();

        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(UnixStream::connect(&path).is_ok());
        drop(socket);
        assert!(!path.exists());
    }

    #[test]
    fn a_folder_with_a_long_path_has_its_socket_too() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("d".repeat(120));
        std::fs::create_dir(&deep).unwrap();

        let (_socket, _listener) = ControlSocket::open(&deep).unwrap();

        assert!(ControlSocket::path_in(&deep).exists());
    }

    #[test]
    fn what_a_killed_server_left_is_in_nobodys_way() {
        let folder = tempfile::tempdir().unwrap();
        let (socket, _) = ControlSocket::open(folder.path()).unwrap();
        std::mem::forget(socket);

        assert!(ControlSocket::open(folder.path()).is_ok());
    }
}
