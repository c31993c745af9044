//! The disk: files that are there as a whole after a crash, and files of others' making.

use std::fs::File;
use std::io::{self, Read as _, Write};
use std::path::Path;

/// Writes bytes into an open file and makes them durable; its name is another matter.
pub(crate) fn write_durable(mut file: File, bytes: &[u8]) -> io::Result<()> {
    file.write_all(bytes)?;
    file.sync_all()
}

/// Makes the names in a folder durable.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Makes the name of a file or folder durable.
pub(crate) fn sync_name(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => sync_folder(folder),
        Some(_) => sync_folder(Path::new(".")),
        None => Ok(()),
    }
}

/// Reads a whole file, or nothing when it is not there.
///
/// # Errors
/// When it cannot be read, or is longer than anything that belongs there.
pub(crate) fn read_file(path: &Path, bytes_max: u64) -> io::Result<Option<Vec<u8>>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut bytes = Vec::new();
    file.take(bytes_max.saturating_add(1)).read_to_end(&mut bytes)?;
    match bytes.len() as u64 <= bytes_max {
        true => Ok(Some(bytes)),
        false => Err(io::ErrorKind::FileTooLarge.into()),
    }
}
