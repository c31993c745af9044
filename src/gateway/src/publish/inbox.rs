//! The inbox: where a source is received, byte by byte, and digested on the way.
//!
//! # Invariant
//! A source that was received has no name any more: it is gone when nobody holds it open, also
//! after a crash. Who holds it can only read it.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::PathBuf;

use actix_web::error::PayloadError;
use bytes::Bytes;
use domain::Sha256Digest;
use futures::{Stream, StreamExt as _};
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

/// What half-received sources are called.
const PREFIX: &str = "delivery-";

/// How many pieces of a source may wait for the disk.
const PIECES_WAITING_MAX: usize = 16;

/// Why a source was not received.
#[derive(Debug, thiserror::Error)]
pub enum ReceiveError {
    /// It is longer than allowed.
    #[error("the source has more than {bytes_max} bytes")]
    TooLarge {
        /// How many are allowed.
        bytes_max: u64,
    },
    /// It is empty.
    #[error("the source is empty")]
    Empty,
    /// It is not what it was said to be.
    #[error("the source has another digest than it was said to have")]
    Digest,
    /// The connection broke off.
    #[error("the source broke off")]
    BrokenOff(#[source] PayloadError),
    /// The disk took no more.
    #[error("the source cannot be stored")]
    Disk(#[source] io::Error),
}

/// The folder where sources are received.
#[derive(Debug)]
pub struct Inbox {
    folder: PathBuf,
}

/// A source that has arrived whole.
#[derive(Debug)]
pub struct Received {
    /// The source, at its beginning, to be read only.
    pub file: File,
    /// Its length.
    pub bytes: u64,
    /// Its digest.
    pub sha256: Sha256Digest,
}

impl Inbox {
    /// Opens the folder, making it where it is not there yet, and removes what a crash left.
    ///
    /// # Errors
    /// When the folder cannot be made or emptied.
    pub fn open(folder: PathBuf) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with(PREFIX) {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(Self { folder })
    }

    /// Receives a source of so many bytes at most.
    ///
    /// # Errors
    /// [`ReceiveError`]; nothing stays of it then, nor when this is dropped half-way.
    pub async fn receive<S>(&self, mut source: S, bytes_max: u64) -> Result<Received, ReceiveError>
    where
        S: Stream<Item = Result<Bytes, PayloadError>> + Unpin,
    {
        let (sender, pieces) = mpsc::channel(PIECES_WAITING_MAX);
        let folder = self.folder.clone();
        let writer = spawn_blocking(move || write(&folder, pieces));
        let mut bytes: u64 = 0;
        while let Some(piece) = source.next().await {
            let piece = piece.map_err(ReceiveError::BrokenOff)?;
            bytes += piece.len() as u64;
            if bytes_max < bytes {
                return Err(ReceiveError::TooLarge { bytes_max });
            }
            if sender.send(piece).await.is_err() {
                // The writer has stopped; its result says why.
                break;
            }
        }
        drop(sender);
        let written = writer.await.map_err(|error| ReceiveError::Disk(io::Error::other(error)))?;
        let received = written.map_err(ReceiveError::Disk)?;
        if received.bytes == 0 { Err(ReceiveError::Empty) } else { Ok(received) }
    }
}

/// Writes pieces into a file that loses its name once it is whole.
fn write(folder: &PathBuf, mut pieces: mpsc::Receiver<Bytes>) -> io::Result<Received> {
    let mut temp = tempfile::Builder::new().prefix(PREFIX).tempfile_in(folder)?;
    let mut digest = Sha256::new();
    let mut bytes: u64 = 0;
    while let Some(piece) = pieces.blocking_recv() {
        digest.update(&piece);
        temp.write_all(&piece)?;
        bytes += piece.len() as u64;
    }
    // Not the descriptor that was written through: the worker is to read, nothing else.
    let file = File::open(temp.path())?;
    Ok(Received { file, bytes, sha256: Sha256Digest::from_bytes(digest.finalize().into()) })
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use futures::stream;

    use super::*;

    fn pieces(texts: &[&'static str]) -> impl Stream<Item = Result<Bytes, PayloadError>> + Unpin {
        let pieces: Vec<_> =
            texts.iter().map(|text| Ok(Bytes::from_static(text.as_bytes()))).collect();
        stream::iter(pieces)
    }

    fn is_vacant(folder: &tempfile::TempDir) -> bool {
        fs::read_dir(folder.path()).unwrap().next().is_none()
    }

    #[tokio::test]
    async fn a_received_source_is_whole_digested_and_without_a_name() {
        let folder = tempfile::tempdir().unwrap();
        let inbox = Inbox::open(folder.path().to_owned()).unwrap();

        let mut received = inbox.receive(pieces(&["id,", "title\n"]), 9).await.unwrap();

        let mut text = String::new();
        received.file.read_to_string(&mut text).unwrap();
        assert_eq!(text, "id,title\n");
        assert_eq!((received.bytes, received.sha256), (9, Sha256Digest::of(b"id,title\n")));
        assert!(received.file.write_all(b"more").is_err());
        assert!(is_vacant(&folder));
    }

    #[tokio::test]
    async fn a_source_that_is_too_long_or_empty_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let inbox = Inbox::open(folder.path().to_owned()).unwrap();

        let long = inbox.receive(pieces(&["id,", "title\n"]), 8).await;
        let empty = inbox.receive(pieces(&[]), 8).await;

        assert!(matches!(long, Err(ReceiveError::TooLarge { bytes_max: 8 })));
        assert!(matches!(empty, Err(ReceiveError::Empty)));
    }

    #[tokio::test]
    async fn a_connection_that_breaks_off_is_no_whole_source() {
        let folder = tempfile::tempdir().unwrap();
        let inbox = Inbox::open(folder.path().to_owned()).unwrap();
        let broken =
            stream::iter([Ok(Bytes::from_static(b"id")), Err(PayloadError::Incomplete(None))]);

        let refused = inbox.receive(broken, 100).await;

        assert!(matches!(refused, Err(ReceiveError::BrokenOff(_))));
    }

    #[test]
    fn what_a_crash_left_is_gone_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("delivery-abc"), b"half").unwrap();

        Inbox::open(folder.path().to_owned()).unwrap();

        assert!(is_vacant(&folder));
    }
}
