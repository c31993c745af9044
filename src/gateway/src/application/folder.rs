//! The data folder: where everything lies, by what it is known, and who owns it.
//!
//! # Shape
//! `format` marks the folder as ours and names the version of its form; `lock` is held by the
//! process that owns it; the rest as in `docs/operating.md`.

use std::fs::{File, OpenOptions, Permissions, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::application::Application;
use crate::application::keys::{Keys, KeysError};
use crate::settings::{REFERENCE, Settings, SettingsError};

/// The file that marks a folder as a data folder of this form.
const FORMAT_FILE: &str = "format";

/// What it says.
const FORMAT: &str = "reading-room data folder 1\n";

/// The configuration inside a data folder.
pub const SETTINGS_FILE: &str = "readingroom.toml";

/// Where the registry lies in it.
pub(crate) const REGISTRY_FILE: &str = "registry.sqlite";

/// How long a folder that is locked is tried again: a child that a killed server was just about to
/// start holds the lock until it notices.
const LOCK_PATIENCE: Duration = Duration::from_secs(1);

/// How often.
const LOCK_LOOK_AGAIN: Duration = Duration::from_millis(20);

/// A folder cannot be used as data folder.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// There is no folder, or it is empty.
    #[error("{path} is no data folder yet; `readingroom init --data {path}` makes one")]
    Missing {
        /// Which.
        path: PathBuf,
    },
    /// The folder is something else.
    #[error("{path} is not empty and no data folder of Reading Room; nothing was changed in it")]
    Foreign {
        /// Which.
        path: PathBuf,
    },
    /// The folder is of another version.
    #[error("{path} is a data folder of another version of Reading Room")]
    OtherVersion {
        /// Which.
        path: PathBuf,
    },
    /// Another process owns it.
    #[error("another process uses {path}")]
    Locked {
        /// Which.
        path: PathBuf,
    },
    /// The system does not let us.
    #[error("cannot use {path}")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// A data folder cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// The folder cannot be used.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// It is one already.
    #[error("{path} is a data folder already")]
    Exists {
        /// Which.
        path: PathBuf,
    },
    /// Its configuration cannot be used.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// No keys can be made.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// The log cannot be begun.
    #[error("the log cannot be begun")]
    Log(#[from] ledger::OpenError),
    /// The registry cannot be made.
    #[error(transparent)]
    Registry(#[from] access::RegistryError),
}

/// A data folder that this process owns.
#[derive(Debug)]
pub(crate) struct DataFolder {
    path: PathBuf,
    _lock: File,
}

impl DataFolder {
    /// Takes a data folder.
    pub(crate) fn take(path: &Path) -> Result<Self, FolderError> {
        check(path)?;
        Self::lock(path)
    }

    /// Locks a folder, whatever is in it.
    fn lock(path: &Path) -> Result<Self, FolderError> {
        let owned = || path.to_owned();
        let io = |source| FolderError::Io { path: path.to_owned(), source };
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(path.join("lock"))
            .map_err(io)?;
        let begun = Instant::now();
        loop {
            match lock.try_lock() {
                Ok(()) => return Ok(Self { path: owned(), _lock: lock }),
                Err(TryLockError::WouldBlock) if begun.elapsed() < LOCK_PATIENCE => {
                    std::thread::sleep(LOCK_LOOK_AGAIN);
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(FolderError::Locked { path: owned() });
                }
                Err(TryLockError::Error(source)) => return Err(io(source)),
            }
        }
    }

    /// Where it lies.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

/// Checks that a folder is a data folder of this version.
fn check(path: &Path) -> Result<(), FolderError> {
    let owned = || path.to_owned();
    match std::fs::read_to_string(path.join(FORMAT_FILE)) {
        Ok(text) if text == FORMAT => Ok(()),
        Ok(text) if text.starts_with("reading-room data folder") => {
            Err(FolderError::OtherVersion { path: owned() })
        }
        Ok(_) => Err(FolderError::Foreign { path: owned() }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => match is_vacant(path)? {
            true => Err(FolderError::Missing { path: owned() }),
            false => Err(FolderError::Foreign { path: owned() }),
        },
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            Err(FolderError::Foreign { path: owned() })
        }
        Err(source) => Err(FolderError::Io { path: owned(), source }),
    }
}

/// Whether there is nothing in a folder, or only a configuration and what a broken-off `init` left.
fn is_vacant(path: &Path) -> Result<bool, FolderError> {
    let io = |source| FolderError::Io { path: path.to_owned(), source };
    let entries = match std::fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
        Err(source) => return Err(io(source)),
    };
    for entry in entries {
        let name = entry.map_err(io)?.file_name();
        if name != SETTINGS_FILE && name != "lock" {
            return Ok(false);
        }
    }
    Ok(true)
}

impl Application {
    /// Makes a data folder: keys, a log with its first checkpoint, a commented configuration.
    ///
    /// A configuration that lies in the folder already is used.
    ///
    /// # Errors
    /// [`InitError`]. A folder with anything else in it is left as it is.
    pub fn init(path: &Path) -> Result<(), InitError> {
        let io = |source| FolderError::Io { path: path.to_owned(), source };
        match check(path) {
            Ok(()) => return Err(InitError::Exists { path: path.to_owned() }),
            Err(FolderError::Missing { .. }) => {}
            Err(other) => return Err(other.into()),
        }
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(io)?;
        // A folder that was there already may be open to others.
        std::fs::set_permissions(path, Permissions::from_mode(0o700)).map_err(io)?;
        let _folder = DataFolder::lock(path)?;
        let file = path.join(SETTINGS_FILE);
        if !file.exists() {
            write_new(&file, REFERENCE.as_bytes()).map_err(io)?;
        }
        let settings = Settings::load(&file)?;
        let keys = Keys::generate(path, &settings)?;
        let log = audit::Audit::log_folder(path);
        std::fs::create_dir_all(&log).map_err(io)?;
        drop(ledger::Log::open(&log, keys.log, std::sync::Arc::new(()))?);
        access::make_registry(&path.join(REGISTRY_FILE))?;
        // Last: with it the folder is a data folder, whole.
        write_new(&path.join(FORMAT_FILE), FORMAT.as_bytes()).map_err(io)?;
        Ok(())
    }
}

/// Writes a new file and makes it durable.
fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o644).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_made_once_and_then_owned_by_one() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("room");

        Application::init(&path).unwrap();
        let owner = DataFolder::take(&path).unwrap();

        assert!(matches!(DataFolder::take(&path), Err(FolderError::Locked { .. })));
        assert!(matches!(Application::init(&path), Err(InitError::Exists { .. })));
        drop(owner);
        assert!(DataFolder::take(&path).is_ok());
    }

    #[test]
    fn a_folder_that_is_something_else_is_left_alone() {
        let temp = tempfile::tempdir().unwrap();
        std::fs::write(temp.path().join("thesis.txt"), "years of work").unwrap();

        let made = Application::init(temp.path());
        let taken = DataFolder::take(temp.path());

        assert!(matches!(made, Err(InitError::Folder(FolderError::Foreign { .. }))));
        assert!(matches!(taken, Err(FolderError::Foreign { .. })));
        assert_eq!(std::fs::read_dir(temp.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_folder_that_is_not_there_is_told_how_to_make() {
        let temp = tempfile::tempdir().unwrap();

        let error = DataFolder::take(&temp.path().join("nowhere")).unwrap_err();

        assert!(error.to_string().contains("readingroom init"), "{error}");
    }

    #[test]
    fn the_configuration_that_is_there_already_is_used() {
        let temp = tempfile::tempdir().unwrap();
        let settings = "[log]\norigin = \"trustee.example/log\"\n";
        std::fs::write(temp.path().join(SETTINGS_FILE), settings).unwrap();

        Application::init(temp.path()).unwrap();

        let checkpoint = std::fs::read_to_string(temp.path().join("log/checkpoint")).unwrap();
        assert!(checkpoint.starts_with("trustee.example/log\n"), "{checkpoint}");
    }
}
