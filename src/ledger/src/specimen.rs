//! Logs for tests: small real ones in temp folders.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;

use crate::key::SigningKey;
use crate::leaf::LeafIndex;
use crate::log::{Log, Observer, OpenError, Recovery, open_sealing_after};
use crate::record::Record;

/// Long enough that a log under test seals only when it is told to, or closed.
const NEVER: Duration = Duration::from_secs(24 * 60 * 60);

pub(crate) fn key() -> Arc<SigningKey> {
    Arc::new(SigningKey::generate("example.com/room").unwrap())
}

pub(crate) fn try_open(folder: &Path, key: &Arc<SigningKey>) -> Result<(Log, Recovery), OpenError> {
    open_observed(folder, key, Arc::new(()))
}

pub(crate) fn open(folder: &Path, key: &Arc<SigningKey>) -> (Log, Recovery) {
    try_open(folder, key).unwrap()
}

pub(crate) fn open_observed(
    folder: &Path,
    key: &Arc<SigningKey>,
    observer: Arc<dyn Observer>,
) -> Result<(Log, Recovery), OpenError> {
    open_sealing_after(folder, Arc::clone(key), observer, NEVER)
}

/// A record whose entry and attachment say its number.
pub(crate) fn record(number: u64) -> Record {
    Record {
        entry: format!("entry {number}").into_bytes(),
        attachment: format!("behind {number}").into_bytes(),
    }
}

/// Appends that many records, numbered by their place.
pub(crate) fn fill(log: &Log, count: u64) {
    let first = log.size().get();
    let appends: Vec<_> = (first..first + count).map(|n| log.append(record(n))).collect();
    for (append, number) in appends.into_iter().zip(first..) {
        assert_eq!(append.wait(), Ok(LeafIndex::new(number)));
    }
}

/// What a crash at this moment would leave.
pub(crate) fn crashed(folder: &Path) -> TempDir {
    let copy = tempfile::tempdir().unwrap();
    copy_folder(folder, copy.path());
    copy
}

fn copy_folder(from: &Path, to: &Path) {
    for child in fs::read_dir(from).unwrap() {
        let child = child.unwrap();
        let target = to.join(child.file_name());
        if child.file_type().unwrap().is_dir() {
            fs::create_dir(&target).unwrap();
            copy_folder(&child.path(), &target);
        } else {
            fs::copy(child.path(), &target).unwrap();
        }
    }
}

/// All files of a folder, as paths relative to it, sorted.
pub(crate) fn files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for child in fs::read_dir(next).unwrap() {
            let child = child.unwrap();
            match child.file_type().unwrap().is_dir() {
                true => folders.push(child.path()),
                false => {
                    let path = child.path();
                    found.push(path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned());
                }
            }
        }
    }
    found.sort();
    found
}
