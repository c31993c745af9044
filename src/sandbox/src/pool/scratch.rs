//! Private folders: where one worker spills, and drafts files for the gateway to take.
//!
//! # Invariant
//! A folder belongs to one worker, mode 0700, and is gone when that worker is dead and nobody
//! holds its drafts any more. What earlier processes left is removed at start.

use std::fs::{self, DirBuilder, DirEntry, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::publication::DraftFile;

use crate::protocol::ProtocolError;

/// What every worker's folder is called, before its number.
const PREFIX: &str = "worker-";
/// Only the owner reads, writes and enters.
const PRIVATE: u32 = 0o700;

/// A worker's private folder, kept until the last of these is dropped.
#[derive(Clone, Debug)]
pub struct ScratchFolder(Arc<Folder>);

/// Removes the folder when it is dropped.
#[derive(Debug)]
struct Folder {
    path: PathBuf,
}

impl ScratchFolder {
    /// Makes the folder of a worker. The process id tells it from a folder that could not be
    /// removed earlier.
    pub(super) fn create(root: &Path, number: u64) -> io::Result<Self> {
        let path = root.join(format!("{PREFIX}{}-{number}", std::process::id()));
        DirBuilder::new().mode(PRIVATE).create(&path)?;
        Ok(Self(Arc::new(Folder { path })))
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// Makes sure that a draft names plain files of this folder and nothing else.
    ///
    /// # Order
    /// After the worker is dead: until then it could exchange them.
    pub(super) fn check<'a>(
        &self,
        mut files: impl Iterator<Item = &'a DraftFile>,
    ) -> Result<(), ProtocolError> {
        let is_there = |name: &str| {
            let is_plain = !name.is_empty() && name != "." && name != ".." && !name.contains('/');
            is_plain && is_own_file(&self.path().join(name))
        };
        if files.all(|file| is_there(&file.file)) { Ok(()) } else { Err(ProtocolError::DraftFile) }
    }
}

/// Whether a path is a file, not a link to one, and has no other name elsewhere.
fn is_own_file(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    path.symlink_metadata().is_ok_and(|metadata| metadata.is_file() && metadata.nlink() == 1)
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = remove(&self.path) {
            tracing::warn!(
                path = %self.path.display(),
                error = &error as &dyn std::error::Error,
                "a worker's folder could not be removed; the next start tries again"
            );
        }
    }
}

/// Makes the folder that holds the workers' folders, and removes what earlier processes left.
///
/// # Errors
/// When it cannot be made or read.
pub(super) fn prepare(root: &Path) -> io::Result<PathBuf> {
    DirBuilder::new().recursive(true).mode(PRIVATE).create(root)?;
    fs::set_permissions(root, Permissions::from_mode(PRIVATE))?;
    for entry in fs::read_dir(root)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(PREFIX) {
            remove(&entry.path())?;
        }
    }
    root.canonicalize()
}

/// Removes a folder, whatever its worker made in it.
///
/// Folders within are moved up before they are emptied, so that no nesting, however deep, uses
/// up descriptors or the stack, as plain recursion would.
fn remove(path: &Path) -> io::Result<()> {
    let mut moved: u64 = 0;
    loop {
        let mut is_flat = true;
        for entry in fs::read_dir(path)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                is_flat = false;
                empty(&entry, path, &mut moved)?;
            } else {
                fs::remove_file(entry.path())?;
            }
        }
        if is_flat {
            return fs::remove_dir(path);
        }
    }
}

/// Removes one folder within, and moves the folders that it holds up to `top`.
fn empty(folder: &DirEntry, top: &Path, moved: &mut u64) -> io::Result<()> {
    // Entering, emptying and moving a folder need the owner's permissions on it.
    fs::set_permissions(folder.path(), Permissions::from_mode(PRIVATE))?;
    for entry in fs::read_dir(folder.path())? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            fs::set_permissions(entry.path(), Permissions::from_mode(PRIVATE))?;
            fs::rename(entry.path(), vacant(top, moved))?;
        } else {
            fs::remove_file(entry.path())?;
        }
    }
    fs::remove_dir(folder.path())
}

/// A name in `top` that nothing has.
fn vacant(top: &Path, moved: &mut u64) -> PathBuf {
    loop {
        let path = top.join(format!("moved-{moved}"));
        *moved += 1;
        if path.symlink_metadata().is_err() {
            return path;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A worker may make folders that nobody may enter, and nest them as deep as it likes.
    #[test]
    fn a_folder_goes_whatever_its_worker_made_in_it() {
        let root = tempfile::tempdir().unwrap();
        let folder = ScratchFolder::create(root.path(), 1).unwrap();
        let path = folder.path().to_owned();
        let mut deep = path.join("deep");
        for _ in 0..300 {
            fs::create_dir(&deep).unwrap();
            fs::write(deep.join("spill"), "rows").unwrap();
            deep.push("d");
        }
        fs::create_dir(path.join("moved-0")).unwrap();
        std::os::unix::fs::symlink("/etc", path.join("link")).unwrap();
        fs::set_permissions(path.join("deep"), Permissions::from_mode(0o0)).unwrap();

        drop(folder);

        assert!(!path.exists());
        assert!(Path::new("/etc").exists());
    }

    #[test]
    fn what_earlier_processes_left_is_removed_and_nothing_else() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("worker-1-1/spill")).unwrap();
        fs::write(root.path().join("notes.txt"), "mine").unwrap();

        prepare(root.path()).unwrap();

        assert!(!root.path().join("worker-1-1").exists());
        assert!(root.path().join("notes.txt").exists());
        let mode = fs::metadata(root.path()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, PRIVATE);
    }

    #[test]
    fn a_folder_lives_as_long_as_anyone_holds_it() {
        let root = tempfile::tempdir().unwrap();
        let folder = ScratchFolder::create(root.path(), 7).unwrap();
        let held = folder.clone();

        drop(folder);
        assert!(held.path().exists());
        let path = held.path().to_owned();
        drop(held);

        assert!(!path.exists());
    }
}
