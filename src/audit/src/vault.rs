//! The vault: the keys under which private parts are sealed, one per project and person.
//!
//! Erasing a person is destroying that person's keys; the log still verifies.
//!
//! # Invariant
//! A key is durable before anything sealed under it is recorded. No name of a person stands in the
//! vault: holders are known by a keyed digest.

use std::collections::HashMap;
use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::hmac;
use domain::change::Change;
use domain::{ProjectId, Sha256Digest, Subject};
use rusqlite::{Connection, OptionalExtension, params};

use crate::entry::Commitment;
use crate::event::Actor;
use crate::private::{UnsealError, random_bytes};

/// Length of a key and of a key's id, in bytes.
const KEY_BYTES: usize = 32;
const KEY_ID_BYTES: usize = 16;

/// The first byte of a sealed part: which form it has.
const SEAL_VERSION: u8 = 1;

/// The vault failed; its text is for the server's log.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// Its file cannot be made.
    #[error("the vault of private parts cannot be made")]
    File(#[from] io::Error),
    /// Its database fails.
    #[error("the vault of private parts cannot be read or written")]
    Database(#[from] rusqlite::Error),
}

/// Whose key seals a private part. An empty text stands for "none".
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Holder {
    project: String,
    subject: String,
}

impl Holder {
    /// A person within a project, or outside any.
    pub(crate) fn person(project: Option<&ProjectId>, subject: &Subject) -> Self {
        let project = project.map(|project| project.as_str().to_owned()).unwrap_or_default();
        Self { project, subject: subject.as_str().to_owned() }
    }

    /// The one who acts.
    pub(crate) fn of(actor: &Actor) -> Self {
        Self::person(actor.project.as_ref(), &actor.subject)
    }

    /// A project itself.
    fn project(project: &ProjectId) -> Self {
        Self { project: project.as_str().to_owned(), subject: String::new() }
    }

    /// Both parts as bytes that no other holder has: an id of a project has no NUL in it.
    fn to_bytes(&self) -> Vec<u8> {
        [self.project.as_bytes(), &[0], self.subject.as_bytes()].concat()
    }

    /// The house, for what is about no person.
    pub(crate) fn house() -> Self {
        Self { project: String::new(), subject: String::new() }
    }

    /// The one a change is about.
    pub(crate) fn of_change(change: &Change) -> Self {
        match change {
            Change::ProjectCreated { project } => Self::project(&project.id),
            Change::ProjectStateSet { project, .. } | Change::GrantRevoked { project, .. } => {
                Self::project(project)
            }
            Change::GrantAdded { grant } => Self::project(&grant.project),
            Change::MemberAdded { member } => Self::person(Some(&member.project), &member.subject),
            Change::MemberRemoved { project, subject } => Self::person(Some(project), subject),
            Change::TokenRevoked { .. } => Self::house(),
            Change::SubjectRevoked { subject, .. } => Self::person(None, subject),
        }
    }
}

/// One person's key within one project.
pub(crate) struct PersonKey {
    id: [u8; KEY_ID_BYTES],
    seal: LessSafeKey,
    commit: hmac::Key,
}

impl PersonKey {
    fn new(id: [u8; KEY_ID_BYTES], secret: &[u8; KEY_BYTES]) -> Self {
        // Two uses, two keys: one secret must not both encrypt and authenticate.
        let root = hmac::Key::new(hmac::HMAC_SHA256, secret);
        let seal = hmac::sign(&root, b"reading-room/seal");
        let commit = hmac::sign(&root, b"reading-room/actor");
        let seal = UnboundKey::new(&AES_256_GCM, seal.as_ref())
            .expect("invariant: an HMAC-SHA-256 tag has the length of an AES-256 key");
        Self {
            id,
            seal: LessSafeKey::new(seal),
            commit: hmac::Key::new(hmac::HMAC_SHA256, commit.as_ref()),
        }
    }

    /// The commitment to this person that entries show.
    pub(crate) fn commit(&self, bytes: &[u8]) -> Commitment {
        Commitment::from_tag(hmac::sign(&self.commit, bytes).as_ref())
    }

    /// Seals a private part to its entry.
    ///
    /// # Shape
    /// A byte for the version, the key's id, a nonce, then AES-256-GCM over the text with the
    /// entry's digest as associated data.
    pub(crate) fn seal(&self, entry: &Sha256Digest, text: &[u8]) -> Vec<u8> {
        let nonce: [u8; NONCE_LEN] = random_bytes();
        let mut sealed = vec![SEAL_VERSION];
        sealed.extend_from_slice(&self.id);
        sealed.extend_from_slice(&nonce);
        let mut text = text.to_vec();
        self.seal
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(entry.as_bytes()),
                &mut text,
            )
            .expect("invariant: a private part is far shorter than AES-GCM's bound");
        sealed.extend_from_slice(&text);
        sealed
    }

    /// Opens what [`PersonKey::seal`] closed.
    fn open(&self, entry: &Sha256Digest, sealed: &[u8]) -> Result<Vec<u8>, UnsealError> {
        let (nonce, text) = sealed.split_at_checked(NONCE_LEN).ok_or(UnsealError::Damaged)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| UnsealError::Damaged)?;
        let mut text = text.to_vec();
        let opened = self
            .seal
            .open_in_place(nonce, Aad::from(entry.as_bytes()), &mut text)
            .map_err(|_| UnsealError::Damaged)?;
        Ok(opened.to_vec())
    }
}

/// The keys of a data folder.
pub(crate) struct Vault {
    connection: Mutex<Connection>,
    /// Turns holders into what the database knows them by.
    pepper: hmac::Key,
    keys: Mutex<HashMap<Holder, Arc<PersonKey>>>,
}

impl Vault {
    /// Opens the vault, making it where it is not there yet.
    pub(crate) fn open(path: &Path) -> Result<Self, VaultError> {
        // For the operator's eyes only; SQLite itself would leave it to the umask.
        OpenOptions::new().create(true).append(true).mode(0o600).open(path)?;
        let connection = Connection::open(path)?;
        connection.execute_batch(
            "PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;
             CREATE TABLE IF NOT EXISTS pepper (
                 only INTEGER PRIMARY KEY CHECK (only = 1), secret BLOB NOT NULL
             ) STRICT;
             CREATE TABLE IF NOT EXISTS person_key (
                 id BLOB PRIMARY KEY, holder BLOB NOT NULL UNIQUE, secret BLOB NOT NULL
             ) STRICT;",
        )?;
        connection.execute(
            "INSERT OR IGNORE INTO pepper (only, secret) VALUES (1, ?1)",
            params![random_bytes::<KEY_BYTES>()],
        )?;
        let pepper: [u8; KEY_BYTES] =
            connection.query_row("SELECT secret FROM pepper", [], |row| row.get(0))?;
        let pepper = hmac::Key::new(hmac::HMAC_SHA256, &pepper);
        let connection = Mutex::new(connection);
        Ok(Self { connection, pepper, keys: Mutex::new(HashMap::new()) })
    }

    /// The key of a holder, made durable first where there is none yet.
    pub(crate) fn key(&self, holder: &Holder) -> Result<Arc<PersonKey>, VaultError> {
        let mut keys = lock(&self.keys);
        if let Some(key) = keys.get(holder) {
            return Ok(Arc::clone(key));
        }
        let (id, secret) = self.stored_or_new(holder)?;
        let key = Arc::new(PersonKey::new(id, &secret));
        keys.insert(holder.clone(), Arc::clone(&key));
        Ok(key)
    }

    /// Opens a sealed part; nothing where its key was destroyed.
    pub(crate) fn unseal(
        &self,
        entry: &Sha256Digest,
        attachment: &[u8],
    ) -> Result<Option<Result<Vec<u8>, UnsealError>>, VaultError> {
        let Some((&SEAL_VERSION, rest)) = attachment.split_first() else {
            return Ok(Some(Err(UnsealError::Damaged)));
        };
        let Some((id, sealed)) = rest.split_first_chunk::<KEY_ID_BYTES>() else {
            return Ok(Some(Err(UnsealError::Damaged)));
        };
        let secret: Option<[u8; KEY_BYTES]> = lock(&self.connection)
            .prepare("SELECT secret FROM person_key WHERE id = ?1")?
            .query_row(params![id], |row| row.get(0))
            .optional()?;
        Ok(secret.map(|secret| PersonKey::new(*id, &secret).open(entry, sealed)))
    }

    fn stored_or_new(
        &self,
        holder: &Holder,
    ) -> Result<([u8; KEY_ID_BYTES], [u8; KEY_BYTES]), VaultError> {
        let name = hmac::sign(&self.pepper, &holder.to_bytes());
        let connection = lock(&self.connection);
        let stored = connection
            .query_row(
                "SELECT id, secret FROM person_key WHERE holder = ?1",
                params![name.as_ref()],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .optional()?;
        if let Some(stored) = stored {
            return Ok(stored);
        }
        let new = (random_bytes::<KEY_ID_BYTES>(), random_bytes::<KEY_BYTES>());
        connection.execute(
            "INSERT INTO person_key (id, holder, secret) VALUES (?1, ?2, ?3)",
            params![new.0, name.as_ref(), new.1],
        )?;
        Ok(new)
    }
}

/// A lock whose holder may have panicked: what it guards is consistent at every step.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
