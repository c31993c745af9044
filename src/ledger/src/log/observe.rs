//! Observing: what the log tells about its work, for metrics and for the server's own log.

use std::io;
use std::time::Duration;

use crate::leaf::TreeSize;
use crate::log::seal::SealError;

/// Hears of the log's work, on the log's own threads; so it must be quick.
pub trait Observer: Send + Sync {
    /// That many entries became durable together, by one write and one `fdatasync`.
    fn on_commit(&self, entries: usize, elapsed: Duration) {
        let _ = (entries, elapsed);
    }

    /// A checkpoint of that size was published.
    fn on_seal(&self, size: TreeSize, elapsed: Duration) {
        let _ = (size, elapsed);
    }

    /// Writing has ended for good; those who append learn only that, so this is the one place
    /// where the cause is told.
    fn on_failure(&self, failure: &Failure) {
        let _ = failure;
    }
}

/// Observes nothing.
impl Observer for () {}

/// Why writing has ended.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Entries could not be made durable.
    #[error("writing entries to the disk failed")]
    Commit(#[source] io::Error),
    /// Tiles or checkpoint could not be published.
    #[error("sealing failed")]
    Seal(#[source] SealError),
}
