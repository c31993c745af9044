//! Frames: where one message ends and the next begins.
//!
//! Knows bytes and lengths; does not know descriptors, sockets or who speaks.

use std::io::{self, Read};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{CHUNK_BYTES_MAX, DESCRIPTORS_PER_FRAME_MAX, JOB_BYTES_MAX, MESSAGE_BYTES_MAX};

/// Why bytes from the other side are not what the protocol allows, or could not be passed.
#[derive(Debug, thiserror::Error)]
pub enum ProtocolError {
    /// No such kind of frame.
    #[error("a frame of unknown kind {kind}")]
    UnknownKind {
        /// The kind's byte.
        kind: u8,
    },
    /// A frame that is longer than its kind may be; read or about to be written.
    #[error("a frame of {length_bytes} bytes where {length_bytes_max} are allowed")]
    TooLong {
        /// Its length.
        length_bytes: usize,
        /// The longest allowed.
        length_bytes_max: usize,
    },
    /// The other side closed the socket in the middle of a frame.
    #[error("the socket was closed in the middle of a frame")]
    Truncated,
    /// A message that is not the JSON of any. The text is left out: it may hold values.
    #[error("a message that does not read, at byte {column}")]
    Malformed {
        /// Where reading stopped.
        column: usize,
    },
    /// A frame or a message that does not belong here.
    #[error("{name} where it does not belong")]
    Unexpected {
        /// Which.
        name: &'static str,
    },
    /// The descriptors that came are not those that were announced.
    #[error("{arrived} descriptors came where {announced} were announced")]
    Descriptors {
        /// How many should have come.
        announced: usize,
        /// How many came.
        arrived: usize,
    },
    /// A draft names a file that is no plain file of the worker's private folder.
    #[error("a draft names a file that is not there")]
    DraftFile,
    /// The socket failed.
    #[error("the socket failed")]
    Socket(#[from] io::Error),
}

impl ProtocolError {
    /// Whether the other side simply is not there any more.
    pub(crate) fn is_gone(&self) -> bool {
        match self {
            Self::Truncated => true,
            Self::Socket(error) => matches!(
                error.kind(),
                io::ErrorKind::BrokenPipe
                    | io::ErrorKind::ConnectionReset
                    | io::ErrorKind::UnexpectedEof
            ),
            Self::UnknownKind { .. }
            | Self::TooLong { .. }
            | Self::Malformed { .. }
            | Self::Unexpected { .. }
            | Self::Descriptors { .. }
            | Self::DraftFile => false,
        }
    }
}

/// What a frame holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// JSON.
    Message,
    /// Bytes of an answer.
    Chunk,
    /// Descriptors, attached to a count.
    Descriptors,
    /// JSON that goes on in the next frame.
    Part,
}

/// The head of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    /// What the frame holds.
    pub(crate) kind: Kind,
    /// How many bytes follow.
    pub(crate) length_bytes: usize,
}

impl Header {
    /// One byte kind, four bytes length.
    pub(crate) const BYTES: usize = 1 + 4;

    /// The head of a frame that is about to be written.
    pub(crate) fn new(kind: Kind, length_bytes: usize) -> Result<Self, ProtocolError> {
        let length_bytes_max = match kind {
            Kind::Message | Kind::Part => MESSAGE_BYTES_MAX,
            Kind::Chunk => CHUNK_BYTES_MAX,
            Kind::Descriptors => 1,
        };
        check_length(length_bytes, length_bytes_max)?;
        // So that a message in parts grows with each of them, and ends at its limit.
        if kind == Kind::Part && length_bytes != MESSAGE_BYTES_MAX {
            return Err(ProtocolError::Unexpected { name: "a part that is not full" });
        }
        Ok(Self { kind, length_bytes })
    }

    /// Reads the head of a frame that came.
    pub(crate) fn parse([kind, length @ ..]: [u8; Self::BYTES]) -> Result<Self, ProtocolError> {
        let kind = match kind {
            1 => Kind::Message,
            2 => Kind::Chunk,
            3 => Kind::Descriptors,
            4 => Kind::Part,
            kind => return Err(ProtocolError::UnknownKind { kind }),
        };
        // A length that does not fit would only be too long.
        Self::new(kind, usize::try_from(u32::from_le_bytes(length)).unwrap_or(usize::MAX))
    }

    /// The head as bytes.
    pub(crate) fn to_bytes(self) -> [u8; Self::BYTES] {
        let kind = match self.kind {
            Kind::Message => 1,
            Kind::Chunk => 2,
            Kind::Descriptors => 3,
            Kind::Part => 4,
        };
        let length = u32::try_from(self.length_bytes).expect("invariant: every limit fits 32 bits");
        let [a, b, c, d] = length.to_le_bytes();
        [kind, a, b, c, d]
    }
}

/// A message as one whole frame.
pub(crate) fn encode<M: Serialize>(message: &M) -> Result<Vec<u8>, ProtocolError> {
    let mut frame = vec![0; Header::BYTES];
    serde_json::to_writer(&mut frame, message).map_err(|error| malformed(&error))?;
    let header = Header::new(Kind::Message, frame.len() - Header::BYTES)?;
    frame[..Header::BYTES].copy_from_slice(&header.to_bytes());
    Ok(frame)
}

/// A message of a publication as one frame, or as parts where it is longer than one may be.
pub(crate) fn encode_job<M: Serialize>(message: &M) -> Result<Vec<u8>, ProtocolError> {
    let body = serde_json::to_vec(message).map_err(|error| malformed(&error))?;
    check_length(body.len(), JOB_BYTES_MAX)?;
    let mut frames = Vec::with_capacity(body.len() + 2 * Header::BYTES);
    let mut rest = body.as_slice();
    while MESSAGE_BYTES_MAX < rest.len() {
        let part;
        (part, rest) = rest.split_at(MESSAGE_BYTES_MAX);
        frames.extend(Header::new(Kind::Part, part.len())?.to_bytes());
        frames.extend(part);
    }
    frames.extend(Header::new(Kind::Message, rest.len())?.to_bytes());
    frames.extend(rest);
    Ok(frames)
}

/// Checks that a message is no longer than it may be.
pub(crate) fn check_length(
    length_bytes: usize,
    length_bytes_max: usize,
) -> Result<(), ProtocolError> {
    if length_bytes_max < length_bytes {
        return Err(ProtocolError::TooLong { length_bytes, length_bytes_max });
    }
    Ok(())
}

/// A frame of that many descriptors, which the caller attaches.
pub(crate) fn encode_descriptors(count: usize) -> Result<[u8; Header::BYTES + 1], ProtocolError> {
    let count = u8::try_from(count).ok().filter(|&count| is_batch(count)).ok_or(
        ProtocolError::Descriptors { announced: DESCRIPTORS_PER_FRAME_MAX, arrived: count },
    )?;
    let [a, b, c, d, e] = Header::new(Kind::Descriptors, 1)?.to_bytes();
    Ok([a, b, c, d, e, count])
}

/// Whether one frame may bring that many descriptors.
pub(super) fn is_batch(count: u8) -> bool {
    (1..=DESCRIPTORS_PER_FRAME_MAX).contains(&usize::from(count))
}

/// Reads the body of a message.
pub(crate) fn decode<M: DeserializeOwned>(body: &[u8]) -> Result<M, ProtocolError> {
    serde_json::from_slice(body).map_err(|error| malformed(&error))
}

/// Where reading or writing JSON failed, without its text.
fn malformed(error: &serde_json::Error) -> ProtocolError {
    ProtocolError::Malformed { column: error.column() }
}

/// Reads the next frame's head; none when the other side has closed the socket between frames.
pub(super) fn read_header(source: &mut impl Read) -> Result<Option<Header>, ProtocolError> {
    let mut head = [0; Header::BYTES];
    let mut filled = 0;
    while filled < head.len() {
        match source.read(&mut head[filled..]) {
            Ok(0) if filled == 0 => return Ok(None),
            Ok(0) => return Err(ProtocolError::Truncated),
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
    Header::parse(head).map(Some)
}

/// Reads a frame's body.
pub(super) fn read_body(source: &mut impl Read, header: Header) -> Result<Vec<u8>, ProtocolError> {
    let mut body = vec![0; header.length_bytes];
    source.read_exact(&mut body).map_err(|error| {
        let is_cut = error.kind() == io::ErrorKind::UnexpectedEof;
        if is_cut { ProtocolError::Truncated } else { error.into() }
    })?;
    Ok(body)
}

/// Reads the next frame, which must be a message, or the next frames, which must be its parts.
pub(crate) fn read_message<M: DeserializeOwned>(
    source: &mut impl Read,
    bytes_max: usize,
) -> Result<Option<M>, ProtocolError> {
    let mut body = Vec::new();
    loop {
        let Some(header) = read_header(source)? else {
            return if body.is_empty() { Ok(None) } else { Err(ProtocolError::Truncated) };
        };
        match header.kind {
            Kind::Message | Kind::Part => {
                check_length(body.len() + header.length_bytes, bytes_max)?;
                body.append(&mut read_body(source, header)?);
            }
            Kind::Chunk => return Err(ProtocolError::Unexpected { name: "a chunk" }),
            Kind::Descriptors => {
                return Err(ProtocolError::Unexpected { name: "a frame of descriptors" });
            }
        }
        if header.kind == Kind::Message {
            return decode(&body).map(Some);
        }
    }
}
