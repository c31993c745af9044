//! Stored answers: each is written once, whole, under the digest of its bytes.
//!
//! Knows bytes only; whose answer it is, and who may fetch it, others know.
//!
//! # Invariant
//! A file that stands under a digest has exactly the bytes of that digest: it is renamed there
//! after its last byte was written.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use domain::{Sha256Digest, Timestamp};
use sha2::{Digest as _, Sha256};
use tempfile::NamedTempFile;

/// Answers up to this many bytes are sent from memory.
const MEMORY_BYTES_MAX: usize = 256 << 10;

/// Why an answer could not be stored.
#[derive(Debug, thiserror::Error)]
pub enum SpoolError {
    /// It has more bytes than the query may give.
    #[error("the answer has more than {bytes_max} bytes")]
    TooLong {
        /// How many it may give.
        bytes_max: u64,
    },
    /// The disk took no more.
    #[error("the answer cannot be stored")]
    Disk(#[from] io::Error),
}

/// The folder of stored answers.
#[derive(Clone, Debug)]
pub struct Spool {
    folder: PathBuf,
    keep: Duration,
}

/// The bytes of an answer, whole.
#[derive(Clone, Debug)]
pub enum AnswerBytes {
    /// In memory.
    Memory(Bytes),
    /// In a file that is open, so that it stays readable when it is swept meanwhile.
    File {
        /// The file.
        file: Arc<File>,
        /// Its length.
        length: u64,
    },
}

/// An answer that was stored.
#[derive(Clone, Debug)]
pub struct Stored {
    /// The digest of its bytes.
    pub sha256: Sha256Digest,
    /// Its bytes.
    pub bytes: AnswerBytes,
}

impl AnswerBytes {
    /// How many bytes there are.
    #[must_use]
    pub fn length(&self) -> u64 {
        match self {
            Self::Memory(bytes) => bytes.len() as u64,
            Self::File { length, .. } => *length,
        }
    }

    /// Reads some bytes of a file; waits for the disk.
    ///
    /// # Errors
    /// When the file cannot be read, or ends early.
    pub fn read_at(file: &File, offset: u64, length: usize) -> io::Result<Bytes> {
        let mut buffer = vec![0; length];
        file.read_exact_at(&mut buffer, offset)?;
        Ok(buffer.into())
    }
}

impl Spool {
    /// Opens the folder, making it where it is not there yet, and removes what was never finished.
    ///
    /// # Errors
    /// When the folder cannot be made or read.
    pub fn open(folder: PathBuf, keep_hours: u64) -> io::Result<Self> {
        std::fs::create_dir_all(&folder)?;
        let keep = Duration::from_secs(keep_hours.saturating_mul(3_600));
        let spool = Self { folder, keep };
        for entry in std::fs::read_dir(&spool.folder)? {
            let path = entry?.path();
            if digest_of(&path).is_none() && path.is_file() {
                std::fs::remove_file(path)?;
            }
        }
        Ok(spool)
    }

    /// Whether an answer of that moment is still kept at another.
    #[must_use]
    pub fn keeps(&self, answered: Timestamp, now: Timestamp) -> bool {
        now < self.expiry(answered)
    }

    /// Until when an answer of that moment is kept.
    #[must_use]
    pub fn expiry(&self, answered: Timestamp) -> Timestamp {
        answered.plus_s(i64::try_from(self.keep.as_secs()).unwrap_or(i64::MAX / 1_000_000))
    }

    /// Begins to take an answer of so many bytes at most.
    #[must_use]
    pub fn begin(&self, bytes_max: u64) -> SpoolWriter {
        SpoolWriter {
            folder: self.folder.clone(),
            bytes_max,
            length: 0,
            digest: Sha256::new(),
            memory: Vec::new(),
            file: None,
            failure: None,
        }
    }

    /// Stores an answer under its digest; waits for the disk.
    ///
    /// # Errors
    /// What went wrong while it was written, or now.
    pub fn store(&self, writer: SpoolWriter, now: Timestamp) -> Result<Stored, SpoolError> {
        let SpoolWriter { length, digest, memory, file, failure, .. } = writer;
        if let Some(failure) = failure {
            return Err(failure);
        }
        let sha256 = Sha256Digest::from_bytes(digest.finalize().into());
        let is_small = file.is_none();
        let mut file = match file {
            Some(file) => file,
            None => unfinished(&self.folder)?,
        };
        if is_small {
            file.write_all(&memory)?;
        }
        file.as_file().set_modified(system_time(now))?;
        let file = file.persist(self.path(&sha256)).map_err(|error| error.error)?;
        let bytes = match is_small {
            true => AnswerBytes::Memory(memory.into()),
            false => AnswerBytes::File { file: Arc::new(file), length },
        };
        Ok(Stored { sha256, bytes })
    }

    /// The answer with a digest, if it is still there; waits for the disk.
    ///
    /// # Errors
    /// When it is there and cannot be read.
    pub fn fetch(&self, sha256: &Sha256Digest) -> io::Result<Option<AnswerBytes>> {
        let file = match File::open(self.path(sha256)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let length = file.metadata()?.len();
        Ok(Some(AnswerBytes::File { file: Arc::new(file), length }))
    }

    /// Removes the answer with a digest; waits for the disk.
    ///
    /// # Errors
    /// When it is not there, or cannot be removed.
    pub fn remove(&self, sha256: &Sha256Digest) -> io::Result<()> {
        std::fs::remove_file(self.path(sha256))
    }

    /// Removes the answers whose time is past; waits for the disk.
    ///
    /// # Errors
    /// When the folder cannot be read or a file not be removed.
    pub fn sweep(&self, now: Timestamp) -> io::Result<()> {
        let now = system_time(now);
        for entry in std::fs::read_dir(&self.folder)? {
            let entry = entry?;
            if digest_of(&entry.path()).is_none() {
                continue;
            }
            let stored = entry.metadata()?.modified()?;
            if now.duration_since(stored).is_ok_and(|age| self.keep <= age) {
                std::fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }

    fn path(&self, sha256: &Sha256Digest) -> PathBuf {
        self.folder.join(sha256.to_string())
    }
}

/// An answer that is being taken.
#[derive(Debug)]
pub struct SpoolWriter {
    folder: PathBuf,
    bytes_max: u64,
    length: u64,
    digest: Sha256,
    /// The bytes, as long as they are few.
    memory: Vec<u8>,
    /// The bytes, once they are many.
    file: Option<NamedTempFile>,
    failure: Option<SpoolError>,
}

impl SpoolWriter {
    /// Takes some bytes. False when no more are taken; [`Spool::store`] then says why.
    pub fn take(&mut self, chunk: &[u8]) -> bool {
        if self.failure.is_none()
            && let Err(failure) = self.write(chunk)
        {
            self.failure = Some(failure);
        }
        self.failure.is_none()
    }

    /// Whether so many more bytes stay in memory, so that taking them waits for no disk.
    #[must_use]
    pub fn fits_memory(&self, length: usize) -> bool {
        self.file.is_none() && self.memory.len() + length <= MEMORY_BYTES_MAX
    }

    fn write(&mut self, chunk: &[u8]) -> Result<(), SpoolError> {
        self.length += chunk.len() as u64;
        if self.bytes_max < self.length {
            return Err(SpoolError::TooLong { bytes_max: self.bytes_max });
        }
        self.digest.update(chunk);
        if let Some(file) = &mut self.file {
            return Ok(file.write_all(chunk)?);
        }
        if self.fits_memory(chunk.len()) {
            self.memory.extend_from_slice(chunk);
            return Ok(());
        }
        let mut file = unfinished(&self.folder)?;
        file.write_all(&self.memory)?;
        file.write_all(chunk)?;
        self.memory = Vec::new();
        self.file = Some(file);
        Ok(())
    }
}

/// A file that is removed unless it is renamed.
fn unfinished(folder: &Path) -> io::Result<NamedTempFile> {
    tempfile::Builder::new().prefix("unfinished-").tempfile_in(folder)
}

/// The digest that a stored answer's file is named after.
fn digest_of(path: &Path) -> Option<Sha256Digest> {
    Sha256Digest::parse(path.file_name()?.to_str()?).ok()
}

/// A moment as files have it.
fn system_time(moment: Timestamp) -> SystemTime {
    let since = Duration::from_micros(u64::try_from(moment.unix_us()).unwrap_or(0));
    SystemTime::UNIX_EPOCH + since
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: &str = "2026-11-23T12:00:00Z";

    fn moment(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn spool(folder: &tempfile::TempDir) -> Spool {
        Spool::open(folder.path().join("results"), 24).unwrap()
    }

    fn content(bytes: &AnswerBytes) -> Vec<u8> {
        match bytes {
            AnswerBytes::Memory(bytes) => bytes.to_vec(),
            AnswerBytes::File { file, length } => {
                AnswerBytes::read_at(file, 0, usize::try_from(*length).unwrap()).unwrap().to_vec()
            }
        }
    }

    fn names(spool: &Spool) -> Vec<String> {
        let entries = std::fs::read_dir(&spool.folder).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn a_small_answer_stands_under_its_digest() {
        let folder = tempfile::tempdir().unwrap();
        let spool = spool(&folder);
        let mut writer = spool.begin(10);

        assert!(writer.take(b"hello ") && writer.take(b"you"));
        let stored = spool.store(writer, moment(NOON)).unwrap();

        assert_eq!(stored.sha256, Sha256Digest::of(b"hello you"));
        assert!(matches!(stored.bytes, AnswerBytes::Memory(_)));
        let fetched = spool.fetch(&stored.sha256).unwrap().unwrap();
        assert_eq!(content(&fetched), b"hello you");
    }

    #[test]
    fn a_large_answer_goes_to_the_disk_as_it_comes() {
        let folder = tempfile::tempdir().unwrap();
        let spool = spool(&folder);
        let mut writer = spool.begin(u64::MAX);
        let chunk = vec![7; 100_000];

        for _ in 0..10 {
            assert!(writer.take(&chunk));
        }
        assert!(writer.memory.is_empty());
        let stored = spool.store(writer, moment(NOON)).unwrap();

        assert_eq!(stored.bytes.length(), 1_000_000);
        assert_eq!(Sha256Digest::of(&content(&stored.bytes)), stored.sha256);
        assert_eq!(names(&spool), [stored.sha256.to_string()]);
    }

    #[test]
    fn an_answer_that_grows_too_long_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let spool = spool(&folder);
        let mut writer = spool.begin(300_000);

        assert!(writer.take(&vec![1; 290_000]));
        assert!(!writer.take(&vec![1; 10_001]));
        assert!(!writer.take(b""));
        let refused = spool.store(writer, moment(NOON));

        assert!(matches!(refused, Err(SpoolError::TooLong { bytes_max: 300_000 })));
        assert_eq!(names(&spool), Vec::<String>::new());
    }

    #[test]
    fn an_answer_is_swept_when_its_time_is_past_and_stays_readable_to_who_has_it() {
        let folder = tempfile::tempdir().unwrap();
        let spool = spool(&folder);
        let mut writer = spool.begin(10);
        assert!(writer.take(b"old"));
        let old = spool.store(writer, moment(NOON)).unwrap().sha256;
        let held = spool.fetch(&old).unwrap().unwrap();

        spool.sweep(moment("2026-11-24T11:59:59Z")).unwrap();
        assert!(spool.fetch(&old).unwrap().is_some());
        spool.sweep(moment("2026-11-24T12:00:00Z")).unwrap();

        assert!(spool.fetch(&old).unwrap().is_none());
        assert_eq!(content(&held), b"old");
    }

    #[test]
    fn what_was_never_finished_is_gone_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let first = spool(&folder);
        std::fs::write(first.folder.join("unfinished-x"), b"half").unwrap();

        let second = spool(&folder);

        assert_eq!(names(&second), Vec::<String>::new());
    }
}
