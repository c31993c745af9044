//! The worker's end of the socket: blocking, since a worker does one thing at a time.

use std::fs::File;
use std::io::{self, IoSlice, Write as _};
use std::os::unix::net::UnixStream;

use super::descriptors::Inlet;
use super::frame::{self, Header, Kind, ProtocolError};
use super::{CHUNK_BYTES_MAX, FromWorker, JOB_BYTES_MAX, ToWorker};

/// Takes what the gateway says.
pub struct Receiver {
    inlet: Inlet,
}

/// Says what the gateway takes.
pub struct Sender {
    socket: UnixStream,
}

impl Receiver {
    /// Both directions of a worker's control socket.
    ///
    /// # Errors
    /// When the process may open no more descriptors.
    pub fn open(socket: UnixStream) -> io::Result<(Self, Sender)> {
        let sender = Sender { socket: socket.try_clone()? };
        Ok((Self { inlet: Inlet { socket, arrived: Vec::new() } }, sender))
    }

    /// Waits for the next message and for the files that come with it; none when the gateway has
    /// closed the socket, which ends the worker.
    ///
    /// # Errors
    /// [`ProtocolError`]; nothing can be read after that.
    pub fn receive(&mut self) -> Result<Option<(ToWorker<'static>, Vec<File>)>, ProtocolError> {
        let message = frame::read_message::<ToWorker<'static>>(&mut self.inlet, JOB_BYTES_MAX)?;
        let Some(message) = message else { return Ok(None) };
        let files = self.files(message.descriptors())?;
        Ok(Some((message, files)))
    }

    /// Takes that many descriptors, and sees to it that no others came.
    fn files(&mut self, announced: usize) -> Result<Vec<File>, ProtocolError> {
        let mut files = Vec::new();
        while files.len() < announced {
            let count = self.batch()?;
            let arrived = self.inlet.arrived.len();
            if count != arrived {
                return Err(ProtocolError::Descriptors { announced: count, arrived });
            }
            files.extend(self.inlet.arrived.drain(..).map(File::from));
        }
        let arrived = files.len() + self.inlet.arrived.len();
        if arrived != announced {
            return Err(ProtocolError::Descriptors { announced, arrived });
        }
        Ok(files)
    }

    /// Reads a frame of descriptors: how many it says it brings.
    fn batch(&mut self) -> Result<usize, ProtocolError> {
        let header = frame::read_header(&mut self.inlet)?.ok_or(ProtocolError::Truncated)?;
        if header.kind != Kind::Descriptors {
            return Err(ProtocolError::Unexpected { name: "a frame without descriptors" });
        }
        match frame::read_body(&mut self.inlet, header)?.as_slice() {
            [count] if frame::is_batch(*count) => Ok(usize::from(*count)),
            _ => Err(ProtocolError::Unexpected { name: "a frame with a wrong count" }),
        }
    }
}

impl Sender {
    /// Sends a message; the gateway takes a long one of publishing workers only.
    ///
    /// # Errors
    /// [`ProtocolError::TooLong`], or the socket's.
    pub fn send(&mut self, message: &FromWorker) -> Result<(), ProtocolError> {
        Ok(self.socket.write_all(&frame::encode_job(message)?)?)
    }

    /// Sends the next bytes of an answer, in as many chunks as they need.
    ///
    /// # Errors
    /// The socket's: the gateway has gone, or wants no more.
    pub fn send_chunk(&mut self, bytes: &[u8]) -> Result<(), ProtocolError> {
        for chunk in bytes.chunks(CHUNK_BYTES_MAX) {
            let head = Header::new(Kind::Chunk, chunk.len())?.to_bytes();
            write_both(&mut self.socket, &head, chunk)?;
        }
        Ok(())
    }
}

/// Writes a head and its body with as few system calls as it takes.
fn write_both(socket: &mut UnixStream, head: &[u8], body: &[u8]) -> io::Result<()> {
    let mut slices = [IoSlice::new(head), IoSlice::new(body)];
    let mut left = slices.as_mut_slice();
    while !left.is_empty() {
        match socket.write_vectored(left) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => IoSlice::advance_slices(&mut left, count),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
