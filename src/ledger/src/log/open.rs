//! Opening: checks everything that is there before anything is written.
//!
//! The whole write-ahead file is read once: every checksum, every index, and the root hash of
//! what the checkpoint covers.
//!
//! # The torn tail
//! A crash can leave the last batch half written. Nobody was told that its entries are durable,
//! so it is cut off. It looks like this: from some byte on, the file holds no whole sound record
//! any more, and the checkpoint covers nothing from there on. Everything else (a damaged record
//! with a sound one after it, a record of another index, damage to what a checkpoint covers) is
//! no trace of a crash, and the log is not opened.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, Read as _};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::sync::{Arc, RwLock, mpsc};
use std::thread;
use std::time::Duration;

use super::folder::{TILE_FOLDER, sweep};
use super::seal::{Sealer, seal};
use super::{Log, Observer, SealError, Shared, Worker, commit};
use crate::checkpoint::{CHECKPOINT_BYTES_MAX, CHECKPOINT_FILE, Checkpoint, CheckpointError};
use crate::disk::{read_file, sync_folder, sync_name};
use crate::entries::{ENTRIES_FILE, Entries, Offsets};
use crate::key::SigningKey;
use crate::leaf::TreeSize;
use crate::scan::{
    Damage, FILE_HEADER, FIRST_RECORD_OFFSET, ReaderAt, ScanError, Scanner, Spot,
    holds_record_after,
};
use crate::tree::Integrator;

/// How much is read at once while the file is checked.
const READ_AHEAD_BYTES: usize = 1024 * 1024;

/// What was found in a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recovery {
    /// Whether the log begins now.
    pub is_new: bool,
    /// How many entries it has.
    pub size: TreeSize,
    /// How many of them the checkpoint covered that was found.
    pub sealed: TreeSize,
    /// Length of the torn tail that was cut off; zero after a clean close.
    pub torn_bytes: u64,
}

/// Why a log was not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it open.
    #[error("another process has the log open")]
    Locked,
    /// The system does not let us read or write the folder.
    #[error("the log's folder cannot be used")]
    Folder(#[from] io::Error),
    /// The write-ahead file is none, or one of another version.
    #[error("`entries` is not a write-ahead file of this version")]
    Foreign,
    /// There are remains of a log, but no entries.
    #[error("there is a checkpoint or tiles, but `entries` is missing or empty")]
    EntriesMissing,
    /// There are entries, but no checkpoint.
    #[error("there are entries, but `checkpoint` is missing")]
    CheckpointMissing,
    /// The checkpoint does not hold.
    #[error("`checkpoint` is damaged or of another log")]
    Checkpoint(#[from] CheckpointError),
    /// Entries that a checkpoint covers are no longer there.
    #[error("`entries` ends after {size} entries, the checkpoint covers {sealed}")]
    Shortened {
        /// How many are there.
        size: TreeSize,
        /// How many there must be.
        sealed: TreeSize,
    },
    /// The write-ahead file is damaged, and not by a crash.
    #[error("`entries` is damaged")]
    Damaged(#[from] Spot),
    /// The entries are sound one by one, but not those that were sealed.
    #[error("the first {sealed} entries do not have the checkpoint's root hash")]
    Rewritten {
        /// How many the checkpoint covers.
        sealed: TreeSize,
    },
    /// What was durable could not be published.
    #[error("sealing failed")]
    Seal(#[from] SealError),
}

impl From<ScanError> for OpenError {
    fn from(error: ScanError) -> Self {
        match error {
            ScanError::Io(source) => Self::Folder(source),
            ScanError::Damaged(spot) => Self::Damaged(spot),
        }
    }
}

/// What a scan of the write-ahead file gives.
struct Survey {
    offsets: Offsets,
    torn_bytes: u64,
    /// The tree as the checkpoint saw it.
    integrator: Integrator,
}

/// See [`Log::open`].
pub(crate) fn open(
    folder: &Path,
    key: Arc<SigningKey>,
    observer: Arc<dyn Observer>,
    seal_after: Duration,
) -> Result<(Log, Recovery), OpenError> {
    let file = lock(folder)?;
    let checkpoint = read_checkpoint(folder, &key)?;
    let is_new = begin(&file, checkpoint.as_ref())?;
    let survey = survey(&file, checkpoint.as_ref())?;
    heal(&file, folder, &survey)?;

    let Survey { offsets, torn_bytes, mut integrator } = survey;
    let sealed = integrator.size();
    let entries = Entries::new(Arc::new(file), offsets);
    let checkpoint = match checkpoint {
        Some(checkpoint) if sealed == entries.size() => checkpoint,
        _ => seal(folder, &entries, &mut integrator, &key)?,
    };
    let current: HashSet<_> = integrator.unfinished().into_iter().map(|(path, _)| path).collect();
    sweep(folder, &current)?;

    let recovery = Recovery { is_new, size: entries.size(), sealed, torn_bytes };
    let shared = Arc::new(Shared {
        folder: folder.to_owned(),
        entries,
        sealed: RwLock::new(Arc::new(checkpoint)),
        queued_bytes: AtomicUsize::new(0),
        has_failed: AtomicBool::new(false),
        observer,
    });
    let sealer = Sealer { shared: Arc::clone(&shared), key, integrator, seal_after };
    Ok((start(shared, sealer)?, recovery))
}

/// Opens the write-ahead file for this process alone; an empty one if there is no log yet.
fn lock(folder: &Path) -> Result<File, OpenError> {
    fs::create_dir_all(folder)?;
    let path = folder.join(ENTRIES_FILE);
    if !path.try_exists()? {
        for remains in [CHECKPOINT_FILE, TILE_FOLDER] {
            if folder.join(remains).try_exists()? {
                return Err(OpenError::EntriesMissing);
            }
        }
    }
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    let file = options.open(path)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(fs::TryLockError::WouldBlock) => Err(OpenError::Locked),
        Err(fs::TryLockError::Error(source)) => Err(OpenError::Folder(source)),
    }
}

fn read_checkpoint(folder: &Path, key: &SigningKey) -> Result<Option<Checkpoint>, OpenError> {
    let note = read_file(&folder.join(CHECKPOINT_FILE), CHECKPOINT_BYTES_MAX)?;
    let parsed = note.map(|note| Checkpoint::parse(&note, key.verifying_key())).transpose();
    Ok(parsed?)
}

/// Writes the header of a new log, or checks that of an old one; tells which it is.
///
/// A crash while a log began leaves a piece of the header and no checkpoint.
fn begin(file: &File, checkpoint: Option<&Checkpoint>) -> Result<bool, OpenError> {
    let length_bytes = file.metadata()?.len();
    let mut header = Vec::new();
    ReaderAt::new(file, 0).take(FIRST_RECORD_OFFSET).read_to_end(&mut header)?;
    if !FILE_HEADER.starts_with(&header) {
        return Err(OpenError::Foreign);
    }
    match checkpoint {
        Some(_) if header.len() < FILE_HEADER.len() => Err(OpenError::EntriesMissing),
        Some(_) => Ok(false),
        None if FIRST_RECORD_OFFSET < length_bytes => Err(OpenError::CheckpointMissing),
        None => {
            file.write_all_at(FILE_HEADER, 0)?;
            Ok(true)
        }
    }
}

/// Reads the whole file and checks it against the checkpoint.
fn survey(file: &File, checkpoint: Option<&Checkpoint>) -> Result<Survey, OpenError> {
    let sealed = checkpoint.map_or(TreeSize::EMPTY, Checkpoint::size);
    let length_bytes = file.metadata()?.len();
    let start = FIRST_RECORD_OFFSET;
    let reader = BufReader::with_capacity(READ_AHEAD_BYTES, ReaderAt::new(file, start));
    let mut scanner = Scanner::new(reader, TreeSize::EMPTY.end(), start..length_bytes);
    let mut starts_bytes = Vec::new();
    let mut integrator = Integrator::default();
    let torn_bytes = loop {
        let start_bytes = scanner.offset_bytes();
        match scanner.read() {
            Ok(Some(record)) => {
                starts_bytes.push(start_bytes);
                if sealed.holds(record.index) {
                    integrator.push(&record.entry);
                }
            }
            Ok(None) => break 0,
            Err(ScanError::Damaged(spot)) if is_torn(file, &spot, sealed, length_bytes)? => {
                break length_bytes - start_bytes;
            }
            Err(error) => return Err(error.into()),
        }
    };
    if integrator.size() < sealed {
        return Err(OpenError::Shortened { size: integrator.size(), sealed });
    }
    if checkpoint.is_some_and(|checkpoint| *checkpoint.root() != integrator.root()) {
        return Err(OpenError::Rewritten { sealed });
    }
    let offsets = Offsets { starts_bytes, end_bytes: length_bytes - torn_bytes };
    Ok(Survey { offsets, torn_bytes, integrator })
}

/// Whether a damaged place is where a crash interrupted the last write.
fn is_torn(file: &File, spot: &Spot, sealed: TreeSize, end_bytes: u64) -> io::Result<bool> {
    match spot.damage {
        Damage::Index { .. } => Ok(false),
        Damage::Incomplete | Damage::Head | Damage::Body => {
            Ok(!sealed.holds(spot.index) && !holds_record_after(file, spot, end_bytes)?)
        }
    }
}

/// Cuts off a torn tail, and makes durable what the last writer may not have.
fn heal(file: &File, folder: &Path, survey: &Survey) -> io::Result<()> {
    if survey.torn_bytes != 0 {
        file.set_len(survey.offsets.end_bytes)?;
    }
    file.sync_all()?;
    sync_folder(folder)?;
    sync_name(folder)
}

pub(super) fn start(shared: Arc<Shared>, sealer: Sealer) -> Result<Log, OpenError> {
    let (messages, told) = mpsc::channel();
    let thread = thread::Builder::new().name("log-seal".to_owned());
    let thread = thread.spawn(move || sealer.run(&told))?;
    let sealer = Worker { work: messages.clone(), thread };

    let (work, queue) = mpsc::channel();
    let thread = thread::Builder::new().name("log-commit".to_owned());
    let committing = Arc::clone(&shared);
    let thread = thread.spawn(move || commit::run(&committing, &queue, &messages))?;
    Ok(Log { shared, committer: Some(Worker { work, thread }), sealer: Some(sealer) })
}
