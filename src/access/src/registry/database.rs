//! What the registry keeps, in SQLite.
//!
//! Knows rows, not rules. Rows hold the words of the domain as JSON, beside the names they are
//! found by; all of it is read once, at start.
//!
//! # Invariant
//! A change and the tree size it belongs to are written in one transaction. What is deleted is
//! overwritten (`secure_delete`).

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use domain::{Timestamp, TokenId};
use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::holdings::{Holdings, Row};

/// The registry cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// The file cannot be made or opened.
    #[error("the registry cannot be opened")]
    File(#[from] std::io::Error),
    /// SQLite failed.
    #[error("the registry failed")]
    Sqlite(#[from] rusqlite::Error),
    /// A row is not what was written.
    #[error("the registry has a row that cannot be read")]
    Row(#[from] serde_json::Error),
    /// The file is an SQLite database of something else.
    #[error("the file is no registry")]
    Foreign,
    /// The file was written by a later version.
    #[error("the registry was written by a later version ({found}; this one knows {known})")]
    Later {
        /// Its version.
        found: i64,
        /// The newest version known here.
        known: i64,
    },
    /// A change names a project that was never recorded: an earlier entry is missing.
    #[error("a change names a project that no earlier entry recorded")]
    ProjectUnknown,
    /// An earlier write failed; the next start reads the log again from there.
    #[error("the registry is behind the log since a write failed; restart to catch up")]
    Behind,
}

/// Marks a file as a registry: `RRrg` in ASCII.
const APPLICATION_ID: i64 = 0x5252_7267;

/// What brings a file from each version to the next.
const MIGRATIONS: [&str; 1] = ["
    CREATE TABLE projects (id TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE members (
        project TEXT NOT NULL REFERENCES projects (id),
        subject TEXT NOT NULL,
        body TEXT NOT NULL,
        PRIMARY KEY (project, subject)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE grants (
        number INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        project TEXT NOT NULL REFERENCES projects (id),
        body TEXT NOT NULL
    ) STRICT;
    CREATE TABLE tokens_revoked (id TEXT PRIMARY KEY, at TEXT NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE subjects_revoked (subject TEXT PRIMARY KEY, until_s INTEGER NOT NULL)
        STRICT, WITHOUT ROWID;
    CREATE TABLE assertions_used (
        key TEXT NOT NULL,
        id TEXT NOT NULL,
        expires_s INTEGER NOT NULL,
        PRIMARY KEY (key, id)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX assertions_used_by_end ON assertions_used (expires_s);
    CREATE TABLE log (only INTEGER PRIMARY KEY CHECK (only = 1), applied INTEGER NOT NULL) STRICT;
    INSERT INTO log (only, applied) VALUES (1, 0);
"];

/// One open file.
pub(super) struct Database {
    connection: Connection,
}

impl Database {
    /// Opens a file, making it for the operator's eyes only, and brings it to this version.
    ///
    /// # Errors
    /// When that fails, or it is something else.
    pub(super) fn open(path: &Path) -> Result<Self, RegistryError> {
        OpenOptions::new().create(true).append(true).mode(0o600).open(path)?;
        let mut connection = Connection::open(path)?;
        let application: i64 = connection.pragma_query_value(None, "application_id", first)?;
        let version: i64 = connection.pragma_query_value(None, "user_version", first)?;
        let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], first)?;
        if application != APPLICATION_ID && !(application == 0 && version == 0 && tables == 0) {
            return Err(RegistryError::Foreign);
        }
        // NORMAL: a power cut may take back the last changes, and the log gives them again.
        connection.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; \
             PRAGMA secure_delete = ON; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;",
        )?;
        migrate(&mut connection, version)?;
        Ok(Self { connection })
    }

    /// Reads everything.
    ///
    /// # Errors
    /// When a row cannot be read.
    pub(super) fn load(&self) -> Result<Holdings, RegistryError> {
        let mut held = Holdings::default();
        for project in self.bodies("SELECT body FROM projects")? {
            held.put_project(project);
        }
        for member in self.bodies("SELECT body FROM members")? {
            held.put_member(member)?;
        }
        for grant in self.bodies("SELECT body FROM grants ORDER BY number")? {
            held.put_grant(grant)?;
        }
        let mut tokens = self.connection.prepare("SELECT id FROM tokens_revoked")?;
        for id in tokens.query_map([], first::<String>)? {
            held.put_token(unquoted(id?)?);
        }
        let mut subjects =
            self.connection.prepare("SELECT subject, until_s FROM subjects_revoked")?;
        let subjects = subjects.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get(1)?)))?;
        for row in subjects {
            let (subject, until_s) = row?;
            held.put_subject(unquoted(subject)?, until_s);
        }
        let applied = self.connection.query_row("SELECT applied FROM log", [], first::<i64>)?;
        held.note_applied(u64::try_from(applied).unwrap_or_default());
        Ok(held)
    }

    /// Writes what a change left behind, with the tree size that is applied with it.
    ///
    /// # Errors
    /// When it cannot be written; then nothing of it is.
    pub(super) fn store(&mut self, applied: u64, row: &Row) -> Result<(), RegistryError> {
        let transaction = self.write()?;
        put(&transaction, row)?;
        set_applied(&transaction, applied)?;
        Ok(transaction.commit()?)
    }

    /// Writes the tree size that is applied.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn note_applied(&mut self, tree_size: u64) -> Result<(), RegistryError> {
        let transaction = self.write()?;
        set_applied(&transaction, tree_size)?;
        Ok(transaction.commit()?)
    }

    /// Remembers an assertion, forgets those that ended, and says whether this one is new.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn first_use(
        &mut self,
        key: &str,
        assertion: &TokenId,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<bool, RegistryError> {
        let transaction = self.write()?;
        transaction
            .execute("DELETE FROM assertions_used WHERE expires_s < ?1", params![now.unix_s()])?;
        let known = transaction
            .query_row(
                "SELECT 1 FROM assertions_used WHERE key = ?1 AND id = ?2",
                params![key, assertion.as_str()],
                first::<i64>,
            )
            .optional()?;
        if known.is_none() {
            transaction.execute(
                "INSERT INTO assertions_used (key, id, expires_s) VALUES (?1, ?2, ?3)",
                params![key, assertion.as_str(), expires_at.unix_s()],
            )?;
        }
        transaction.commit()?;
        Ok(known.is_none())
    }

    fn write(&mut self) -> Result<Transaction<'_>, RegistryError> {
        Ok(self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?)
    }

    fn bodies<T: DeserializeOwned>(&self, sql: &str) -> Result<Vec<T>, RegistryError> {
        let mut statement = self.connection.prepare(sql)?;
        let rows = statement.query_map([], first::<String>)?;
        rows.map(|body| Ok(serde_json::from_str(&body?)?)).collect()
    }
}

/// Brings a file to this version, one step at a time.
fn migrate(connection: &mut Connection, version: i64) -> Result<(), RegistryError> {
    let known = MIGRATIONS.len() as i64;
    if known < version {
        return Err(RegistryError::Later { found: version, known });
    }
    for (step, migration) in (0_i64..).zip(MIGRATIONS) {
        if step < version {
            continue;
        }
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute_batch(migration)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", step + 1)?;
        transaction.commit()?;
    }
    Ok(())
}

fn put(transaction: &Transaction<'_>, row: &Row) -> Result<(), RegistryError> {
    match row {
        Row::Project(project) => transaction.execute(
            "INSERT INTO projects (id, body) VALUES (?1, ?2) \
             ON CONFLICT (id) DO UPDATE SET body = excluded.body",
            params![project.id.as_str(), body(project)?],
        )?,
        Row::Member(member) => transaction.execute(
            "INSERT INTO members (project, subject, body) VALUES (?1, ?2, ?3) \
             ON CONFLICT (project, subject) DO UPDATE SET body = excluded.body",
            params![member.project.as_str(), member.subject.as_str(), body(member)?],
        )?,
        Row::MemberGone(project, subject) => transaction.execute(
            "DELETE FROM members WHERE project = ?1 AND subject = ?2",
            params![project.as_str(), subject.as_str()],
        )?,
        Row::Grant(grant) => transaction.execute(
            "INSERT INTO grants (id, project, body) VALUES (?1, ?2, ?3) \
             ON CONFLICT (id) DO UPDATE SET body = excluded.body",
            params![grant.id.as_str(), grant.project.as_str(), body(grant)?],
        )?,
        Row::Token(token_id, at) => transaction.execute(
            "INSERT INTO tokens_revoked (id, at) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
            params![token_id.as_str(), at.to_string()],
        )?,
        Row::Subject(subject, until_s) => transaction.execute(
            "INSERT INTO subjects_revoked (subject, until_s) VALUES (?1, ?2) \
             ON CONFLICT (subject) DO UPDATE SET until_s = excluded.until_s",
            params![subject.as_str(), until_s],
        )?,
        Row::Nothing => 0,
    };
    Ok(())
}

fn set_applied(transaction: &Transaction<'_>, applied: u64) -> Result<(), RegistryError> {
    // A log of 2^63 entries is out of reach, so the number always fits.
    let applied = i64::try_from(applied).unwrap_or(i64::MAX);
    transaction.execute("UPDATE log SET applied = ?1", params![applied])?;
    Ok(())
}

fn body<T: Serialize>(value: &T) -> Result<String, RegistryError> {
    Ok(serde_json::to_string(value)?)
}

/// Reads a text back as the identifier it was written from.
fn unquoted<T: DeserializeOwned>(text: String) -> Result<T, RegistryError> {
    Ok(serde_json::from_value(serde_json::Value::String(text))?)
}

fn first<T: rusqlite::types::FromSql>(row: &rusqlite::Row<'_>) -> rusqlite::Result<T> {
    row.get(0)
}
