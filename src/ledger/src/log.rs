//! The one writer of a log: append, seal, read, prove.
//!
//! Two threads live as long as the log is open. One makes entries durable, all that wait at once;
//! the other seals: it publishes tiles and signs a checkpoint, without holding up the first.
//! Does not know what entries say, nor the time of day.
//!
//! # Invariant
//! - An append resolves to a place only after its record is durable.
//! - A checkpoint covers durable entries only, and is consistent with every earlier one.
//! - The first failed write or sync is the last: nothing is tried again, every later append
//!   fails. What was durable can still be read.
//!
//! # Rooms
//! - [`open`]: checks what is there, heals a torn last record, or refuses.
//! - `commit`: the thread that makes entries durable.
//! - `seal`: the thread that publishes; `folder`: its files.
//! - [`observe`]: what the log tells about its work.

mod commit;
mod folder;
pub mod observe;
pub mod open;
mod seal;
#[cfg(test)]
mod tests;

use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock, mpsc};
use std::task::{Context, Poll};
use std::thread::JoinHandle;

use futures_channel::oneshot;

pub use observe::{Failure, Observer};
pub use open::{OpenError, Recovery};
pub use seal::SealError;

#[cfg(test)]
pub(crate) use open::open as open_sealing_after;

use crate::checkpoint::Checkpoint;
use crate::entries::{Entries, ReadError, Records};
use crate::key::SigningKey;
use crate::leaf::{LeafIndex, TreeSize};
use crate::proof::{ConsistencyProof, InclusionProof, ProveError};
use crate::record::{InvalidRecord, Record, StoredRecord};
use crate::tile::TilePath;
use crate::verify::Folder;

/// Most bytes of records that wait to be written; past this an append is turned away.
pub const QUEUE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// An open log, and the right to append to it.
///
/// Dropping it writes what waits, seals, and ends the threads.
#[derive(Debug)]
pub struct Log {
    shared: Arc<Shared>,
    committer: Option<Worker<commit::Pending>>,
    sealer: Option<Worker<seal::Message>>,
}

/// What the log's threads and its readers have in common.
struct Shared {
    folder: PathBuf,
    entries: Entries,
    sealed: RwLock<Arc<Checkpoint>>,
    queued_bytes: AtomicUsize,
    has_failed: AtomicBool,
    observer: Arc<dyn Observer>,
}

/// A thread and the way to hand it work.
#[derive(Debug)]
struct Worker<Work> {
    work: mpsc::Sender<Work>,
    thread: JoinHandle<()>,
}

/// Why an entry was not made durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// No log would take this record.
    #[error(transparent)]
    Invalid(#[from] InvalidRecord),
    /// Too much waits for the disk already; later it may pass.
    #[error("too many entries wait to be written")]
    Busy,
    /// A write failed, now or earlier; nothing will be accepted until the log is opened again.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// The log accepts nothing any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the log accepts no entries")]
pub struct Unavailable;

/// An entry on its way to the disk: a future that resolves once it is durable, or never will be.
///
/// Dropping it does not call the entry back.
#[derive(Debug)]
#[must_use = "an entry counts only once it is durable"]
pub struct Append(oneshot::Receiver<Result<LeafIndex, AppendError>>);

impl Append {
    /// Waits on this thread; not for use inside a future.
    ///
    /// # Errors
    /// See [`AppendError`].
    pub fn wait(self) -> Result<LeafIndex, AppendError> {
        futures_executor::block_on(self)
    }
}

impl Future for Append {
    type Output = Result<LeafIndex, AppendError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        // The writer gives up what waits by dropping it.
        let unavailable = Err(AppendError::Unavailable(Unavailable));
        Pin::new(&mut self.0).poll(context).map(|told| told.unwrap_or(unavailable))
    }
}

impl Log {
    /// Opens the log in a folder, or begins one there; the key's name is the log's origin.
    ///
    /// One process at a time: the folder stays locked until the log is dropped.
    ///
    /// # Errors
    /// See [`OpenError`]. Nothing is changed in a folder that is refused.
    pub fn open(
        folder: &Path,
        key: Arc<SigningKey>,
        observer: Arc<dyn Observer>,
    ) -> Result<(Self, Recovery), OpenError> {
        open::open(folder, key, observer, seal::SEAL_AFTER)
    }

    /// Hands a record to the writer.
    ///
    /// # Errors
    /// By the future: see [`AppendError`].
    pub fn append(&self, record: Record) -> Append {
        let (reply, told) = oneshot::channel();
        if let Err(error) = self.enqueue(record, reply) {
            let (reply, told) = oneshot::channel();
            reply.send(Err(error)).ok();
            return Append(told);
        }
        Append(told)
    }

    fn enqueue(&self, record: Record, reply: commit::Reply) -> Result<(), AppendError> {
        record.check()?;
        let committer = self.committer.as_ref().ok_or(Unavailable)?;
        let length_bytes = record.encoded_bytes();
        let queued_bytes = &self.shared.queued_bytes;
        let before = queued_bytes.fetch_add(length_bytes, Ordering::Relaxed);
        if QUEUE_BYTES_MAX < before + length_bytes {
            queued_bytes.fetch_sub(length_bytes, Ordering::Relaxed);
            // What waited when the writer ended will never leave the queue.
            return Err(if self.is_available() { AppendError::Busy } else { Unavailable.into() });
        }
        let pending = commit::Pending { record, reply };
        committer.work.send(pending).map_err(|_| AppendError::Unavailable(Unavailable))
    }

    /// Publishes everything that is durable now, and gives the checkpoint that covers it.
    ///
    /// The log does this by itself soon after an append; this is for those who cannot wait.
    ///
    /// # Errors
    /// When sealing fails, now or earlier.
    pub fn seal_now(&self) -> Result<Arc<Checkpoint>, Unavailable> {
        let (reply, told) = mpsc::channel();
        let sealer = self.sealer.as_ref().ok_or(Unavailable)?;
        sealer.work.send(seal::Message::SealNow(reply)).map_err(|_| Unavailable)?;
        told.recv().map_err(|_| Unavailable)
    }

    /// Whether an append could still succeed.
    #[must_use]
    pub fn is_available(&self) -> bool {
        !self.shared.has_failed()
            && self.committer.as_ref().is_some_and(|worker| !worker.thread.is_finished())
            && self.sealer.as_ref().is_some_and(|worker| !worker.thread.is_finished())
    }

    /// How many entries are durable; the newest of them may not be sealed yet.
    #[must_use]
    pub fn size(&self) -> TreeSize {
        self.shared.entries.size()
    }

    /// The newest checkpoint.
    #[must_use]
    pub fn checkpoint(&self) -> Arc<Checkpoint> {
        Arc::clone(&self.shared.sealed.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads one durable record, with its attachment.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn record(&self, index: LeafIndex) -> Result<Option<StoredRecord>, ReadError> {
        self.shared.entries.read(index)
    }

    /// Reads the records from one on, in order, as far as they are durable now.
    #[must_use]
    pub fn records_from(&self, index: LeafIndex) -> Records {
        self.shared.entries.records_from(index)
    }

    /// Reads a tile or entry bundle that the newest checkpoint covers.
    ///
    /// # Errors
    /// When its file is there and cannot be read.
    pub fn tile(&self, path: &TilePath) -> io::Result<Option<Vec<u8>>> {
        match path.is_within(self.checkpoint().size()) {
            true => path.read_from(&self.shared.folder),
            false => Ok(None),
        }
    }

    /// Proves an entry under the newest checkpoint.
    ///
    /// # Errors
    /// See [`ProveError`]; an entry that is not sealed yet has no proof yet.
    pub fn prove_inclusion(&self, index: LeafIndex) -> Result<InclusionProof, ProveError> {
        InclusionProof::prove(index, &self.checkpoint(), &Folder::new(&self.shared.folder))
    }

    /// Proves that the newest checkpoint continues the log that had an earlier size.
    ///
    /// # Errors
    /// See [`ProveError`].
    pub fn prove_consistency(&self, from: TreeSize) -> Result<ConsistencyProof, ProveError> {
        ConsistencyProof::prove(from, &self.checkpoint(), &Folder::new(&self.shared.folder))
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        // The committer first: it still tells the sealer of its last batch.
        if let Some(committer) = self.committer.take() {
            committer.end();
        }
        if let Some(sealer) = self.sealer.take() {
            sealer.end();
        }
    }
}

impl<Work> Worker<Work> {
    /// Lets the thread finish what it was given.
    fn end(self) {
        drop(self.work);
        // A panic in there has been printed, and everyone who waited has been told.
        self.thread.join().ok();
    }
}

impl Shared {
    fn has_failed(&self) -> bool {
        self.has_failed.load(Ordering::Acquire)
    }

    fn fail(&self, failure: &Failure) {
        self.has_failed.store(true, Ordering::Release);
        self.observer.on_failure(failure);
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared")
            .field("folder", &self.folder)
            .field("size", &self.entries.size())
            .finish_non_exhaustive()
    }
}
