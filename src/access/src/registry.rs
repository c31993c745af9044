//! The registry: projects, members, grants and revocations, as the log says.
//!
//! The log comes first: a change is an entry, then it is applied here. What is applied is held in
//! memory, where every request looks, and kept in SQLite, so that a start need not read the whole
//! log. The tree size applied is kept in the same transaction as the change; whatever a crash takes
//! back is replayed from the log, so no fsync of its own is needed.
//!
//! # Invariant
//! Applying the same entries gives the same registry, however often and with whatever restarts
//! between. After a write to SQLite failed, none is tried again: memory stays right, and the next
//! start replays from the last entry that was kept.
//!
//! # Rooms
//! - [`holdings`]: what is held, in memory.
//! - [`database`]: what is kept, in SQLite.
//! - [`check`]: may this change be written into the log?
//! - [`draft`]: new projects, members and grants, and their ids.
//! - [`warn`]: what should a registrar know of a new grant?

mod check;
mod database;
mod draft;
mod holdings;
mod warn;

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};

use domain::change::Change;
use domain::{ProjectId, Timestamp, TokenId};
use tokio::sync::watch;

pub use check::ChangeRefused;
pub(crate) use check::Rules;
use database::Database;
pub use database::RegistryError;
pub use draft::{GrantDraft, ProjectDraft, Turn};
pub(crate) use holdings::{Holdings, member_key};
pub(crate) use warn::warnings;
pub use warn::{ColumnOf, GrantWarning, TellsBy};

/// The registry of one data folder.
pub(crate) struct Registry {
    kept: Mutex<Kept>,
    held: RwLock<Holdings>,
    /// Counts changes, for who waits for one.
    changes: watch::Sender<u64>,
}

struct Kept {
    database: Database,
    /// Set when a write failed: what is kept is behind, and must stay so until the next start.
    is_behind: bool,
}

impl Registry {
    /// Opens the registry in a file, making it if it is not there.
    ///
    /// # Errors
    /// When the file cannot be opened, or is no registry of this or an earlier version.
    pub(crate) fn open(path: &Path) -> Result<Self, RegistryError> {
        let database = Database::open(path)?;
        let held = RwLock::new(database.load()?);
        let kept = Mutex::new(Kept { database, is_behind: false });
        Ok(Self { kept, held, changes: watch::Sender::new(0) })
    }

    /// What is held now.
    pub(crate) fn held(&self) -> RwLockReadGuard<'_, Holdings> {
        self.held.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes up at every change.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Applies the change of the entry with an index, unless it was applied before.
    ///
    /// # Errors
    /// When it cannot be kept; what is held has it all the same, since the log has it.
    pub(crate) fn apply(&self, index: u64, change: &Change) -> Result<(), RegistryError> {
        let mut kept = self.kept();
        let row = {
            let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
            if index < held.applied() {
                return Ok(());
            }
            held.apply(index, change)?
        };
        self.changes.send_modify(|count| *count = count.wrapping_add(1));
        kept.write(|database| database.store(index + 1, &row))
    }

    /// Notes that no entry before a tree size concerns the registry any more.
    ///
    /// # Errors
    /// When that cannot be kept.
    pub(crate) fn note_applied(&self, tree_size: u64) -> Result<(), RegistryError> {
        let mut kept = self.kept();
        {
            let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
            if tree_size <= held.applied() {
                return Ok(());
            }
            held.note_applied(tree_size);
        }
        kept.write(|database| database.note_applied(tree_size))
    }

    /// Remembers an assertion until it ends; says whether it is the first time.
    ///
    /// # Errors
    /// When it cannot be remembered; then it must not be taken.
    pub(crate) fn first_use(
        &self,
        key: &str,
        assertion: &TokenId,
        lifetime: (Timestamp, Timestamp),
    ) -> Result<bool, RegistryError> {
        let (now, expires_at) = lifetime;
        self.kept().database.first_use(key, assertion, now, expires_at)
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn write(
        &mut self,
        write: impl FnOnce(&mut Database) -> Result<(), RegistryError>,
    ) -> Result<(), RegistryError> {
        if self.is_behind {
            return Err(RegistryError::Behind);
        }
        let written = write(&mut self.database);
        self.is_behind = written.is_err();
        written
    }
}

/// Makes an empty registry in a file, or brings one that is there to this version.
///
/// # Errors
/// When that fails, or the file is something else.
pub fn make_registry(path: &Path) -> Result<(), RegistryError> {
    Database::open(path).map(drop)
}

/// A page of projects, in the order of their ids.
#[derive(Clone, Copy, Debug)]
pub struct ProjectPage<'a> {
    /// The last project of the page before.
    pub after: Option<&'a ProjectId>,
    /// Most projects of this page.
    pub projects_max: usize,
}
