//! The gateway's end of a worker's socket while it is busy: asynchronous.
//!
//! Knows frames; does not know what a question is, nor what may follow what.
//!
//! # Invariant
//! Bytes of an answer go through one buffer of a fixed size, however long the answer is.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd as _, BorrowedFd};

use rustix::net::SendFlags;
use tokio::io::{AsyncReadExt as _, Interest};
use tokio::net::UnixStream;

use super::SinkFull;
use crate::protocol::{
    self, CHUNK_BYTES_MAX, DESCRIPTORS_PER_FRAME_MAX, FromWorker, Header, JOB_BYTES_MAX, Kind,
    MESSAGE_BYTES_MAX, ProtocolError,
};

/// How many bytes of an answer are passed on before other tasks get their turn.
const TURN_BYTES: usize = 1 << 20;

/// What came from a worker.
pub(super) enum Incoming {
    /// A message.
    Message(FromWorker),
    /// The sink takes no more of the answer.
    Full,
    /// The worker has closed the socket.
    Closed,
}

/// Bytes that were read and not used yet.
#[derive(Default)]
pub(super) struct Inbox {
    bytes: Box<[u8]>,
    start: usize,
    end: usize,
}

impl Inbox {
    /// Room for one chunk and its head.
    pub(super) fn new() -> Self {
        Self { bytes: vec![0; Header::BYTES + CHUNK_BYTES_MAX].into(), start: 0, end: 0 }
    }

    /// Whether nothing is left over.
    pub(super) fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// What was read and not used yet, at most that many bytes.
    fn peek(&self, bytes_max: usize) -> &[u8] {
        &self.bytes[self.start..self.end.min(self.start.saturating_add(bytes_max))]
    }

    /// Notes that the first of them were used.
    fn advance(&mut self, bytes: usize) {
        self.start += bytes;
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        }
    }

    /// Moves what is left to the front, so that there is room behind it.
    fn room(&mut self) -> &mut [u8] {
        if self.end == self.bytes.len() {
            self.bytes.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        &mut self.bytes[self.end..]
    }
}

/// A worker's socket, registered with the runtime of whoever leased the worker.
pub(super) struct Line {
    socket: UnixStream,
    inbox: Inbox,
    /// The longest message that is taken, in bytes.
    message_bytes_max: usize,
}

impl Line {
    /// Registers a socket that does not block; within a runtime.
    pub(super) fn open(socket: std::os::unix::net::UnixStream, inbox: Inbox) -> io::Result<Self> {
        let socket = UnixStream::from_std(socket)?;
        Ok(Self { socket, inbox, message_bytes_max: MESSAGE_BYTES_MAX })
    }

    /// The same line, on which messages in parts are taken.
    pub(super) fn for_jobs(self) -> Self {
        Self { message_bytes_max: JOB_BYTES_MAX, ..self }
    }

    /// Takes the socket back from the runtime.
    pub(super) fn close(self) -> io::Result<(std::os::unix::net::UnixStream, Inbox)> {
        Ok((self.socket.into_std()?, self.inbox))
    }

    /// Sends a frame.
    pub(super) async fn send(&mut self, frame: &[u8]) -> io::Result<()> {
        self.send_rest(frame, 0).await
    }

    /// Sends files as descriptors, in as many frames as they need.
    pub(super) async fn send_files(&mut self, files: &[File]) -> Result<(), ProtocolError> {
        for batch in files.chunks(DESCRIPTORS_PER_FRAME_MAX) {
            let frame = protocol::encode_descriptors(batch.len())?;
            let descriptors: Vec<BorrowedFd<'_>> = batch.iter().map(File::as_fd).collect();
            let write = || protocol::send_batch(&self.socket, &frame, &descriptors);
            let sent = self.socket.async_io(Interest::WRITABLE, write).await?;
            self.send_rest(&frame, sent).await?;
        }
        Ok(())
    }

    /// Sends what is left of a frame after its first bytes.
    async fn send_rest(&mut self, frame: &[u8], mut sent: usize) -> io::Result<()> {
        while let Some(rest) = frame.get(sent..).filter(|rest| !rest.is_empty()) {
            // The socket is nearly always ready; asking the runtime first would cost a turn.
            let write = || -> io::Result<usize> {
                Ok(rustix::net::send(&self.socket, rest, SendFlags::NOSIGNAL)?)
            };
            sent += match write() {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.socket.async_io(Interest::WRITABLE, write).await?
                }
                result => result?,
            };
        }
        Ok(())
    }

    /// Waits for the next message; bytes of the answer that come before it go to the sink.
    ///
    /// The sink gets them as they come, in pieces of any size.
    pub(super) async fn receive<S>(&mut self, sink: &mut S) -> Result<Incoming, ProtocolError>
    where
        S: FnMut(&[u8]) -> Result<(), SinkFull>,
    {
        let mut passed = 0;
        let mut message = Vec::new();
        loop {
            let Some(header) = self.header().await? else {
                return Ok(Incoming::Closed);
            };
            match header.kind {
                Kind::Message | Kind::Part => {
                    let length_bytes = message.len() + header.length_bytes;
                    protocol::check_length(length_bytes, self.message_bytes_max)?;
                    self.body(length_bytes, &mut message).await?;
                    if header.kind == Kind::Message {
                        return Ok(Incoming::Message(protocol::decode(&message)?));
                    }
                }
                Kind::Chunk => {
                    if self.pass(header.length_bytes, sink).await?.is_err() {
                        return Ok(Incoming::Full);
                    }
                    passed += header.length_bytes;
                }
                Kind::Descriptors => {
                    return Err(ProtocolError::Unexpected { name: "a frame of descriptors" });
                }
            }
            if TURN_BYTES <= passed {
                passed = 0;
                tokio::task::yield_now().await;
            }
        }
    }

    /// Waits for the next message, which no bytes of an answer may precede.
    pub(super) async fn receive_message(&mut self) -> Result<Incoming, ProtocolError> {
        match self.receive(&mut |_| Err(SinkFull)).await? {
            Incoming::Full => Err(ProtocolError::Unexpected { name: "a chunk" }),
            incoming @ (Incoming::Message(_) | Incoming::Closed) => Ok(incoming),
        }
    }

    /// Reads a frame's head; none when the socket was closed between frames.
    async fn header(&mut self) -> Result<Option<Header>, ProtocolError> {
        loop {
            if let Some(head) = self.inbox.peek(Header::BYTES).first_chunk() {
                let header = Header::parse(*head)?;
                self.inbox.advance(Header::BYTES);
                return Ok(Some(header));
            }
            let is_between_frames = self.inbox.is_empty();
            if self.read().await? == 0 {
                return if is_between_frames { Ok(None) } else { Err(ProtocolError::Truncated) };
            }
        }
    }

    /// Reads a message's body, or more of it, until it is that long.
    async fn body(&mut self, length_bytes: usize, body: &mut Vec<u8>) -> Result<(), ProtocolError> {
        loop {
            let part = self.inbox.peek(length_bytes - body.len());
            body.extend_from_slice(part);
            let count = part.len();
            self.inbox.advance(count);
            if body.len() == length_bytes {
                return Ok(());
            }
            if self.read().await? == 0 {
                return Err(ProtocolError::Truncated);
            }
        }
    }

    /// Passes a chunk's body to the sink.
    async fn pass<S>(
        &mut self,
        mut left: usize,
        sink: &mut S,
    ) -> Result<Result<(), SinkFull>, ProtocolError>
    where
        S: FnMut(&[u8]) -> Result<(), SinkFull>,
    {
        while 0 < left {
            let part = self.inbox.peek(left);
            let count = part.len();
            if 0 < count {
                if sink(part).is_err() {
                    return Ok(Err(SinkFull));
                }
                left -= count;
                self.inbox.advance(count);
            } else if self.read().await? == 0 {
                return Err(ProtocolError::Truncated);
            }
        }
        Ok(Ok(()))
    }

    /// Reads what is there, or waits for something; zero when the socket was closed.
    async fn read(&mut self) -> io::Result<usize> {
        let count = self.socket.read(self.inbox.room()).await?;
        self.inbox.end += count;
        Ok(count)
    }
}
