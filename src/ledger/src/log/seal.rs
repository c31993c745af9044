//! Sealing: publishes tiles and signs a checkpoint over all that is durable.
//!
//! A thread of its own, since its several syncs must not hold up an append.

use std::collections::HashSet;
use std::io;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use super::folder::{Publication, remove_tile};
use super::{Failure, Shared};
use crate::checkpoint::Checkpoint;
use crate::entries::{Entries, ReadError};
use crate::key::SigningKey;
use crate::tree::Integrator;

/// How long the first unsealed entry waits for company. With the time that sealing itself
/// takes, a checkpoint covers every entry within a second.
pub(super) const SEAL_AFTER: Duration = Duration::from_millis(500);

/// Why a checkpoint was not published.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The entries to be published cannot be read back.
    #[error("the entries to be sealed cannot be read back")]
    Entries(#[from] ReadError),
    /// Tiles or checkpoint cannot be written.
    #[error("the published files cannot be written")]
    Folder(#[from] io::Error),
}

/// What the sealing thread is told.
#[derive(Debug)]
pub(super) enum Message {
    /// There are new durable entries.
    Appended,
    /// Someone needs a checkpoint over everything now.
    SealNow(Sender<Arc<Checkpoint>>),
}

/// The sealing thread's own things.
pub(super) struct Sealer {
    pub(super) shared: Arc<Shared>,
    pub(super) key: Arc<SigningKey>,
    pub(super) integrator: Integrator,
    pub(super) seal_after: Duration,
}

impl Sealer {
    /// Seals until there is nobody left who could append, or until sealing fails.
    pub(super) fn run(mut self, messages: &Receiver<Message>) {
        while let Ok(message) = messages.recv() {
            let waiting = self.gather(message, messages);
            let checkpoint = match self.seal() {
                Ok(checkpoint) => checkpoint,
                Err(error) => return self.shared.fail(&Failure::Seal(error)),
            };
            if let Some(reply) = waiting {
                reply.send(checkpoint).ok();
            }
        }
    }

    /// Waits until it is time to seal, and gives who asked for it, if somebody did.
    fn gather(
        &self,
        first: Message,
        messages: &Receiver<Message>,
    ) -> Option<Sender<Arc<Checkpoint>>> {
        let deadline = Instant::now() + self.seal_after;
        let mut message = first;
        loop {
            match message {
                Message::SealNow(reply) => return Some(reply),
                Message::Appended => {}
            }
            let left = deadline.saturating_duration_since(Instant::now());
            message = messages.recv_timeout(left).ok()?;
        }
    }

    fn seal(&mut self) -> Result<Arc<Checkpoint>, SealError> {
        let start = Instant::now();
        let shared = &self.shared;
        if shared.entries.size() == self.integrator.size() {
            let sealed = shared.sealed.read().unwrap_or_else(PoisonError::into_inner);
            return Ok(Arc::clone(&sealed));
        }
        let checkpoint = seal(&shared.folder, &shared.entries, &mut self.integrator, &self.key)?;
        let checkpoint = Arc::new(checkpoint);
        *shared.sealed.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&checkpoint);
        shared.observer.on_seal(checkpoint.size(), start.elapsed());
        Ok(checkpoint)
    }
}

/// Brings a log's published files from where the integrator stands to what is durable.
///
/// After an error the integrator is ahead of the files and must not be used again.
pub(super) fn seal(
    folder: &Path,
    entries: &Entries,
    integrator: &mut Integrator,
    key: &SigningKey,
) -> Result<Checkpoint, SealError> {
    let before: HashSet<_> = integrator.unfinished().into_iter().map(|(path, _)| path).collect();
    let mut publication = Publication::new(folder);
    for record in entries.records_from(integrator.size().end()) {
        for tile in integrator.push(&record?.entry) {
            publication.write_tile(&tile.path, &tile.bytes)?;
        }
    }
    let edge = integrator.unfinished();
    for (path, bytes) in &edge {
        if !before.contains(path) {
            publication.write_tile(path, bytes)?;
        }
    }
    let checkpoint = Checkpoint::sign(key, integrator.size(), integrator.root());
    publication.publish(&checkpoint)?;
    let current: HashSet<_> = edge.into_iter().map(|(path, _)| path).collect();
    for superseded in before.difference(&current) {
        remove_tile(folder, superseded)?;
    }
    Ok(checkpoint)
}
