//! Open descriptors that travel beside bytes (`SCM_RIGHTS`).
//!
//! # Invariant
//! A received descriptor is owned from the moment it arrives, and closed on exec; on every way
//! out it is handed on or closed. The gateway's side never receives any: it reads without room
//! for them, and the kernel closes what a worker might send.

use std::io::{self, IoSlice, IoSliceMut, Read};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;

use rustix::io::Errno;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags,
};

use super::DESCRIPTORS_PER_FRAME_MAX;

/// The most that the kernel attaches to one message (`SCM_MAX_FD`).
const ATTACHED_MAX: usize = 253;

/// Sends bytes with descriptors attached to the first of them; tells how many bytes were taken.
///
/// # Errors
/// The socket's, among them [`io::ErrorKind::WouldBlock`] when nothing was taken.
pub(crate) fn send_batch(
    socket: impl AsFd,
    bytes: &[u8],
    descriptors: &[BorrowedFd<'_>],
) -> io::Result<usize> {
    let mut space =
        [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTORS_PER_FRAME_MAX))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !control.push(SendAncillaryMessage::ScmRights(descriptors)) {
        return Err(Errno::TOOMANYREFS.into());
    }
    let bytes = [IoSlice::new(bytes)];
    let sent = rustix::io::retry_on_intr(|| {
        rustix::net::sendmsg(&socket, &bytes, &mut control, SendFlags::NOSIGNAL)
    })?;
    Ok(sent)
}

/// The reading end of a socket that collects the descriptors which arrive beside the bytes.
pub(super) struct Inlet {
    /// Where from.
    pub(super) socket: UnixStream,
    /// What came and was not taken yet, in order.
    pub(super) arrived: Vec<OwnedFd>,
}

impl Read for Inlet {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(ATTACHED_MAX))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let mut buffers = [IoSliceMut::new(buffer)];
        let received = rustix::io::retry_on_intr(|| {
            let flags = RecvFlags::CMSG_CLOEXEC;
            rustix::net::recvmsg(&self.socket, &mut buffers, &mut control, flags)
        })?;
        for message in control.drain() {
            if let RecvAncillaryMessage::ScmRights(descriptors) = message {
                self.arrived.extend(descriptors);
            }
        }
        if received.flags.contains(ReturnFlags::CTRUNC) {
            // There is room for all that the kernel attaches, so this process may open no more.
            return Err(Errno::MFILE.into());
        }
        Ok(received.bytes)
    }
}
