//! The bytes of a parcel on their way: one file as it is, several as a tar archive.
//!
//! # Invariant
//! A stream ends well only if every byte of every file was in it. Else reading it fails, so that
//! the request breaks off and nothing is published, and [`Fault`] says which file it was.

use std::fs::File;
use std::io::{self, PipeReader, Read};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;

use super::Item;
use crate::telemetry;

/// Which file broke a stream off and why, once one did.
#[derive(Clone, Debug, Default)]
pub(in crate::commands::publish) struct Fault(Arc<OnceLock<String>>);

impl Fault {
    /// What to tell.
    pub(in crate::commands::publish) fn told(&self) -> Option<&str> {
        self.0.get().map(String::as_str)
    }

    fn note(&self, item: &Item, error: &io::Error) {
        let why = telemetry::of_system(error);
        // The first one is why the others came.
        let _ = self.0.set(format!("{} cannot be read: {why}", item.path.display()));
    }
}

/// A file, which must stay as long as it was when it was gathered.
pub(super) struct Whole {
    file: io::Result<File>,
    item: Item,
    left: u64,
    fault: Fault,
}

impl Whole {
    /// A file at its beginning; that it cannot be opened is told when it is read.
    pub(super) fn open(item: Item, fault: &Fault) -> Self {
        let (file, left) = (File::open(&item.path), item.bytes);
        Self { file, item, left, fault: fault.clone() }
    }

    fn fill(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let changed = || io::Error::other("it changed while it was read; deliver it again");
        let file = match &mut self.file {
            Ok(file) => file,
            Err(error) => return Err(std::mem::replace(error, changed())),
        };
        if self.left == 0 {
            return if file.read(&mut [0])? == 0 { Ok(0) } else { Err(changed()) };
        }
        let wanted = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let count = file.read(&mut buffer[..wanted])?;
        if count == 0 && 0 < wanted {
            return Err(changed());
        }
        self.left -= count as u64;
        Ok(count)
    }
}

impl Read for Whole {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let filled = self.fill(buffer);
        if let Err(error) = &filled {
            // Whoever reads again tries again, which is no fault.
            if error.kind() != io::ErrorKind::Interrupted {
                self.fault.note(&self.item, error);
            }
        }
        filled
    }
}

/// A tar archive that a thread writes; the thread ends with the reader.
pub(super) struct Archive {
    pipe: PipeReader,
    /// How the thread ended, until that was asked.
    writer: Option<JoinHandle<io::Result<()>>>,
}

impl Archive {
    /// An archive of files.
    pub(super) fn of(files: Vec<Item>, fault: &Fault) -> io::Result<Self> {
        let (pipe, writer) = io::pipe()?;
        let fault = fault.clone();
        let writer = std::thread::spawn(move || {
            let mut archive = tar::Builder::new(writer);
            for item in files {
                let mut header = tar::Header::new_gnu();
                header.set_size(item.bytes);
                header.set_mode(0o644);
                let name = item.name.clone();
                archive.append_data(&mut header, name, Whole::open(item, &fault))?;
            }
            archive.into_inner().map(drop)
        });
        Ok(Self { pipe, writer: Some(writer) })
    }
}

impl Read for Archive {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.pipe.read(buffer)?;
        if count == 0 && !buffer.is_empty() {
            // A builder writes the archive's end even where a file broke off: only the thread
            // knows whether it is whole.
            let ended = self.writer.take().map(JoinHandle::join);
            ended
                .unwrap_or(Ok(Ok(())))
                .unwrap_or_else(|_| Err(io::ErrorKind::BrokenPipe.into()))?;
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn items(folder: &Path, texts: &[(&str, &str)]) -> Vec<Item> {
        let item = |(name, text): &(&str, &str)| {
            let path = folder.join(name);
            std::fs::write(&path, text).unwrap();
            Item { path, name: (*name).to_owned(), bytes: text.len() as u64 }
        };
        texts.iter().map(item).collect()
    }

    fn read(mut stream: impl Read) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).map(|_| bytes)
    }

    #[test]
    fn an_archive_holds_every_file_and_ends() {
        let (folder, fault) = (tempfile::tempdir().unwrap(), Fault::default());
        let files = items(folder.path(), &[("a.csv", "id\n1\n"), ("b.csv", "id\n")]);

        let bytes = read(Archive::of(files, &fault).unwrap()).unwrap();

        let mut archive = tar::Archive::new(bytes.as_slice());
        let names = archive.entries().unwrap().map(|entry| entry.unwrap().path().unwrap().into());
        let names: Vec<std::path::PathBuf> = names.collect();
        assert_eq!(names, [Path::new("a.csv"), Path::new("b.csv")]);
        assert!(bytes.ends_with(&[0; 1024]));
        assert_eq!(fault.told(), None);
    }

    /// Else the rest would be published as if it were all.
    #[test]
    fn a_file_that_vanishes_breaks_the_archive_off_and_is_named() {
        let (folder, fault) = (tempfile::tempdir().unwrap(), Fault::default());
        let files = items(folder.path(), &[("a.csv", "id\n"), ("b.csv", "id\n")]);
        std::fs::remove_file(folder.path().join("b.csv")).unwrap();

        let read = read(Archive::of(files, &fault).unwrap());

        assert!(read.is_err());
        assert!(fault.told().unwrap().ends_with("b.csv cannot be read: it is not there"));
    }

    #[test]
    fn a_file_that_becomes_shorter_or_longer_is_not_delivered() {
        for now in ["id\n", "id\n1\n2\n"] {
            let (folder, fault) = (tempfile::tempdir().unwrap(), Fault::default());
            let mut files = items(folder.path(), &[("a.csv", "id\n1\n")]);
            std::fs::write(folder.path().join("a.csv"), now).unwrap();

            let read = read(Whole::open(files.remove(0), &fault));

            assert!(read.is_err(), "{now}");
            assert!(fault.told().unwrap().contains("it changed while it was read"));
        }
    }
}
