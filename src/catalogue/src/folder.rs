//! Writing into folders so that a crash at any instant leaves the old or the new, never a mixture.
//!
//! Everything is written under a name that no reader looks at, made durable, then renamed.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

/// What half-written things begin with; they are swept when the catalogue opens.
pub(crate) const TEMP_PREFIX: &str = ".tmp-";

/// What finished things begin with that the log does not have yet.
pub(crate) const PENDING_PREFIX: &str = ".pending-";

/// The mode of files that never change.
const MODE_READ_ONLY: u32 = 0o444;

/// A file or folder of the catalogue could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("{} cannot be {action}", path.display())]
pub struct FolderError {
    /// What was tried: `read`, `written`, `removed`.
    pub action: &'static str,
    /// On what.
    pub path: PathBuf,
    /// Why not.
    #[source]
    pub source: io::Error,
}

/// Says of an I/O error what was tried on which path.
pub(crate) fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> FolderError {
    move |source| FolderError { action, path: path.to_owned(), source }
}

/// Makes a folder and its parents, durably.
pub(crate) fn create(path: &Path) -> Result<(), FolderError> {
    if path.is_dir() {
        return Ok(());
    }
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    if let Some(parent) = parent {
        create(parent)?;
    }
    match fs::create_dir(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            return Err(failed("made", path)(error));
        }
        _ => {}
    }
    sync(parent.unwrap_or(Path::new(".")))
}

/// Makes the names in a folder durable.
pub(crate) fn sync(path: &Path) -> Result<(), FolderError> {
    File::open(path).and_then(|folder| folder.sync_all()).map_err(failed("made durable", path))
}

/// Writes a new read-only file durably; its name becomes durable with its folder's [`sync`].
pub(crate) fn write_new(path: &Path, bytes: &[u8]) -> Result<(), FolderError> {
    let write = || {
        let mut file =
            OpenOptions::new().write(true).create_new(true).mode(MODE_READ_ONLY).open(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(failed("written", path))
}

/// Makes a symbolic link; its name becomes durable with its folder's [`sync`].
pub(crate) fn link(target: &Path, path: &Path) -> Result<(), FolderError> {
    std::os::unix::fs::symlink(target, path).map_err(failed("made", path))
}

/// Writes a read-only file in place of an older one, if any, atomically and durably.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), FolderError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let write = || {
        let mut temp = tempfile::Builder::new().prefix(TEMP_PREFIX).tempfile_in(folder)?;
        temp.write_all(bytes)?;
        finish(temp, path)
    };
    write().map_err(failed("written", path))?;
    sync(folder)
}

/// Moves a file in from elsewhere, durable and read-only; copies it where the disk is another.
pub(crate) fn take(file: &mut File, from: &Path, to: &Path) -> Result<(), FolderError> {
    let mut take = || {
        file.set_permissions(fs::Permissions::from_mode(MODE_READ_ONLY))?;
        file.sync_all()?;
        match fs::rename(from, to) {
            Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
                let folder = to.parent().unwrap_or(Path::new("."));
                let mut temp = tempfile::Builder::new().prefix(TEMP_PREFIX).tempfile_in(folder)?;
                file.seek(SeekFrom::Start(0))?;
                io::copy(file, &mut temp)?;
                finish(temp, to)
            }
            other => other,
        }
    };
    take().map_err(failed("written", to))
}

/// Makes a temporary file durable and read-only, and gives it its name.
fn finish(temp: tempfile::NamedTempFile, path: &Path) -> io::Result<()> {
    temp.as_file().set_permissions(fs::Permissions::from_mode(MODE_READ_ONLY))?;
    temp.as_file().sync_all()?;
    temp.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// Renames within one folder, durably.
pub(crate) fn rename(from: &Path, to: &Path) -> Result<(), FolderError> {
    fs::rename(from, to).map_err(failed("renamed", from))?;
    sync(to.parent().unwrap_or(Path::new(".")))
}

/// Removes a file or a folder with all it holds, if it is there.
pub(crate) fn remove(path: &Path) -> Result<(), FolderError> {
    let removed = match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other.map_err(failed("removed", path)),
    }
}

/// Removes a finished thing so that a crash leaves it whole or gone: renamed first, then removed.
pub(crate) fn discard(path: &Path) -> Result<(), FolderError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let temp = path.with_file_name(format!("{TEMP_PREFIX}{name}"));
    remove(&temp)?;
    match fs::rename(path, &temp) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(failed("removed", path)(error)),
        Ok(()) => {
            sync(path.parent().unwrap_or(Path::new(".")))?;
            remove(&temp)
        }
    }
}

/// The names in a folder, sorted; names that are no text are left out, as nothing of ours has such.
pub(crate) fn names(path: &Path) -> Result<Vec<String>, FolderError> {
    let list = || -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(path)? {
            if let Ok(name) = entry?.file_name().into_string() {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    };
    list().map_err(failed("read", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replaced_file_leaves_nothing_beside_it_and_cannot_be_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep").join("e-1.json");
        create(path.parent().unwrap()).unwrap();

        replace(&path, b"old").unwrap();
        replace(&path, b"new").unwrap();

        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(names(path.parent().unwrap()).unwrap(), ["e-1.json"]);
        assert!(fs::metadata(&path).unwrap().permissions().readonly());
    }

    /// `/dev/shm` is another disk than the folder of temporary files, where there is one.
    #[test]
    fn a_file_from_another_disk_is_taken_in_all_the_same() {
        let here = tempfile::tempdir().unwrap();
        let elsewhere = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
        let (from, to) = (elsewhere.path().join("0.parquet"), here.path().join("a.parquet"));
        fs::write(&from, b"rows").unwrap();
        let mut file = File::open(&from).unwrap();
        io::Read::read_to_end(&mut file, &mut Vec::new()).unwrap();

        take(&mut file, &from, &to).unwrap();

        assert_eq!(fs::read(&to).unwrap(), b"rows");
        assert!(fs::metadata(&to).unwrap().permissions().readonly());
        assert_eq!(names(here.path()).unwrap(), ["a.parquet"]);
    }

    #[test]
    fn what_is_not_there_is_removed_already() {
        let folder = tempfile::tempdir().unwrap();

        assert!(remove(&folder.path().join("none")).is_ok());
    }

    #[test]
    fn an_error_says_what_was_tried_on_what() {
        let error = sync(Path::new("/nowhere/at/all")).unwrap_err();

        assert_eq!(error.to_string(), "/nowhere/at/all cannot be made durable");
    }
}
