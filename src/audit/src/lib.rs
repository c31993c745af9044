//! The visitors' book: what happens in the house, as entries of the log.
//!
//! Floor 2. Knows `domain` and `ledger`; does not know HTTP, SQL, or who may do what.
//!
//! # Invariant
//! [`Audit::append`] returns an index only for an entry that is durable. What identifies a person,
//! and the text of a question, leaves this room only sealed under that person's key.
//!
//! # Rooms
//! - [`event`]: what the house hands in; [`entry`]: what the log holds.
//! - [`change_body`]: which part of a registry change the log shows.
//! - [`private`]: what only a disclosure shows; [`vault`]: the keys it is sealed under.
//! - [`replay`]: reading entries back; [`recover`]: closing what a crash left open.
//!
//! # Source
//! DSA Art. 40; C2SP tlog-tiles; `docs/architecture.md`.

mod change_body;
pub mod entry;
pub mod event;
mod private;
mod recover;
mod replay;
mod vault;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::{Clock, Sha256Digest};
use ledger::{AppendError, LeafIndex, Log, Record};

pub use entry::{Body, Commitment, Entry};
pub use event::{Actor, Attribution, Event};
pub use private::{Private, UnsealError};
pub use recover::Recovery;
pub use replay::{ReplayError, Replayed};
pub use vault::VaultError;

use vault::Vault;

/// The file in the data folder that holds the keys of private parts.
const VAULT_FILE: &str = "vault.sqlite";

/// The folder in the data folder that holds the log.
const LOG_FOLDER: &str = "log";

/// Why the book could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The log did not open.
    #[error("the log cannot be opened: {0}")]
    Log(#[source] ledger::OpenError),
    /// The vault did not open.
    #[error("the vault of private parts cannot be opened")]
    Vault(#[from] VaultError),
    /// The entries of a recovery could not be written.
    #[error("the entries that close what a crash left open cannot be written")]
    Append(#[from] RecordError),
    /// An entry cannot be read back.
    #[error(transparent)]
    Replay(#[from] ReplayError),
}

/// Why an event did not become an entry. Nothing that depends on it may be released.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The log accepts no entries.
    #[error("the log accepts no entries")]
    Append(#[from] AppendError),
    /// The key of its private part cannot be had.
    #[error("the key of a private part cannot be had")]
    Vault(#[from] VaultError),
    /// It has no canonical form.
    #[error(transparent)]
    Canonicalize(#[from] domain::canonical::CanonicalizeError),
}

/// The visitors' book, open for writing.
pub struct Audit {
    log: Arc<Log>,
    vault: Vault,
    clock: Arc<dyn Clock>,
    build: String,
}

impl Audit {
    /// Opens the book of a data folder over an open log, and closes what a crash left open.
    ///
    /// # Errors
    /// When the vault or an entry cannot be read, or the closing entries not be written.
    pub fn open(
        data_dir: &Path,
        log: Arc<Log>,
        log_recovery: &ledger::Recovery,
        build: &str,
        clock: Arc<dyn Clock>,
    ) -> Result<(Self, Recovery), OpenError> {
        let vault = Vault::open(&data_dir.join(VAULT_FILE))?;
        let audit = Self { log, vault, clock, build: build.to_owned() };
        let recovery = recover::close_open_intents(&audit, log_recovery)?;
        Ok((audit, recovery))
    }

    /// Where the log of a data folder lies.
    #[must_use]
    pub fn log_folder(data_dir: &Path) -> PathBuf {
        data_dir.join(LOG_FOLDER)
    }

    /// The log beneath, for reading checkpoints, tiles and proofs.
    #[must_use]
    pub fn log(&self) -> &Arc<Log> {
        &self.log
    }

    /// Makes an event an entry; ready when that entry is durable.
    ///
    /// # Errors
    /// [`RecordError`]; then nothing that depends on the entry may be released.
    pub async fn append(
        &self,
        attribution: &Attribution,
        event: Event,
    ) -> Result<LeafIndex, RecordError> {
        let record = self.record(attribution, event)?;
        Ok(self.log.append(record).await?)
    }

    /// As [`Audit::append`], for threads that may wait.
    ///
    /// # Errors
    /// As [`Audit::append`].
    pub fn append_blocking(
        &self,
        attribution: &Attribution,
        event: Event,
    ) -> Result<LeafIndex, RecordError> {
        let record = self.record(attribution, event)?;
        Ok(self.log.append(record).wait()?)
    }

    /// What stands for someone's name in entries: the same for one person within one project.
    ///
    /// # Errors
    /// When the vault cannot be read or written.
    pub fn commitment(&self, actor: &Actor) -> Result<Commitment, RecordError> {
        let key = self.vault.key(&vault::Holder::of(actor))?;
        Ok(key.commit(actor.subject.as_str().as_bytes()))
    }

    /// Reads the entries back from an index on, with their private parts.
    pub fn replay(
        &self,
        from: LeafIndex,
    ) -> impl Iterator<Item = Result<Replayed, ReplayError>> + '_ {
        replay::from(self, from)
    }

    /// The private part behind one entry, if it has one and its key still exists.
    ///
    /// # Errors
    /// When the entry or the vault cannot be read.
    pub fn disclose(&self, index: LeafIndex) -> Result<Option<Private>, ReplayError> {
        replay::private_at(self, index)
    }

    /// Builds the record of an event: its entry, and beside it the sealed private part.
    fn record(&self, attribution: &Attribution, event: Event) -> Result<Record, RecordError> {
        let (body, holder, mut private) = event.into_parts(attribution)?;
        let actor = match &attribution.actor {
            Some(actor) => {
                private.subject = Some(actor.subject.clone());
                Some(self.commitment(actor)?)
            }
            None => None,
        };
        let entry = Entry {
            v: entry::VERSION,
            time: self.clock.now(),
            nonce: entry::Nonce::random(),
            request_id: attribution.request_id.clone(),
            actor,
            role: attribution.actor.as_ref().map(|actor| actor.role.clone()),
            organisation: attribution.actor.as_ref().and_then(|actor| actor.organisation.clone()),
            project: attribution.actor.as_ref().and_then(|actor| actor.project.clone()),
            build: self.build.clone(),
            body,
        };
        let entry = domain::canonical::to_bytes(&entry)?;
        let attachment = match holder {
            Some(holder) if !private.is_empty() => {
                let key = self.vault.key(&holder)?;
                key.seal(&Sha256Digest::of(&entry), &domain::canonical::to_bytes(&private)?)
            }
            _ => Vec::new(),
        };
        Ok(Record { entry, attachment })
    }
}
