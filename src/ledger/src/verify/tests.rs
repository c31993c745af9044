//! Verification finds whatever was changed, and says where.

use std::fs;

use tempfile::TempDir;

use super::*;
use crate::key::SigningKey;
use crate::specimen::{crashed, files, fill, key, open};
use std::sync::Arc;

/// A log of that many entries, sealed and closed.
fn closed(entries: u64) -> (Arc<SigningKey>, TempDir) {
    let (key, folder) = (key(), tempfile::tempdir().unwrap());
    let (log, _) = open(folder.path(), &key);
    fill(&log, entries);
    drop(log);
    (key, folder)
}

/// Flips bytes of every file, one at a time, and gives those that nobody noticed.
fn unnoticed(key: &SigningKey, folder: &Path, step: usize) -> Vec<(String, usize)> {
    let mut unnoticed = Vec::new();
    for file in files(folder) {
        let path = folder.join(&file);
        let sound = fs::read(&path).unwrap();
        for place in (0..sound.len()).step_by(step) {
            let mut flipped = sound.clone();
            flipped[place] ^= 1 << (place % 8);
            fs::write(&path, &flipped).unwrap();
            if verify_directory(folder, key.verifying_key(), None).is_ok() {
                unnoticed.push((file.clone(), place));
            }
        }
        fs::write(&path, &sound).unwrap();
    }
    unnoticed
}

#[test]
fn every_flipped_byte_of_a_small_log_is_found() {
    let (key, folder) = closed(5);

    assert_eq!(unnoticed(&key, folder.path(), 1), []);
    assert!(verify_directory(folder.path(), key.verifying_key(), None).is_ok());
}

/// Full tiles, partial tiles, and a level above them.
#[test]
fn flipped_bytes_of_a_log_with_two_levels_of_tiles_are_found() {
    let (key, folder) = closed(260);

    assert_eq!(unnoticed(&key, folder.path(), 31), []);
}

#[test]
fn the_message_names_the_file_and_the_entry() {
    let (key, folder) = closed(260);
    let message = |file: &str, place: usize| {
        let copy = crashed(folder.path());
        let mut bytes = fs::read(copy.path().join(file)).unwrap();
        bytes[place] ^= 1;
        fs::write(copy.path().join(file), bytes).unwrap();
        verify_directory(copy.path(), key.verifying_key(), None).unwrap_err().to_string()
    };

    let entry_one = 2 + "entry 0".len() + 2;
    assert_eq!(
        message("tile/entries/000", entry_one),
        "tile/entries/000 entry 1 does not have the hash that tile/0/000 gives"
    );
    assert_eq!(
        message("tile/1/000.p/1", 0),
        "tile/1/000.p/1 hash 0 is not that of the tiles below it"
    );
    assert_eq!(
        message("entries", 24),
        "entries: entry 0 at byte 24: the record's head does not fit its checksum"
    );
    assert_eq!(message("checkpoint", 0), "checkpoint: the signature does not fit the text");
}

#[test]
fn a_missing_tile_is_named() {
    let (key, folder) = closed(260);
    fs::remove_file(folder.path().join("tile/0/000")).unwrap();

    let error = verify_directory(folder.path(), key.verifying_key(), None).unwrap_err();

    assert_eq!(error.to_string(), "tile/0/000 is missing");
}

#[test]
fn a_copy_without_the_write_ahead_file_verifies_by_its_tiles() {
    let (key, folder) = closed(3);
    fs::remove_file(folder.path().join("entries")).unwrap();

    let verified = verify_directory(folder.path(), key.verifying_key(), None).unwrap();

    assert_eq!((verified.checkpoint.size(), verified.write_ahead), (TreeSize::new(3), None));
}

#[test]
fn a_log_in_use_verifies_with_entries_beyond_its_checkpoint() {
    let (key, folder) = (key(), tempfile::tempdir().unwrap());
    let (log, _) = open(folder.path(), &key);
    fill(&log, 3);
    log.seal_now().unwrap();
    fill(&log, 2);
    let copy = crashed(folder.path());
    let entries = copy.path().join("entries");
    let bytes = fs::read(&entries).unwrap();
    fs::write(&entries, &bytes[..bytes.len() - 1]).unwrap();

    let live = verify_directory(folder.path(), key.verifying_key(), None).unwrap();
    let torn = verify_directory(copy.path(), key.verifying_key(), None).unwrap();

    assert_eq!(live.checkpoint.size(), TreeSize::new(3));
    let beyond = WriteAhead { size: TreeSize::new(5), unfinished_bytes: 0 };
    assert_eq!(live.write_ahead, Some(beyond));
    let torn = torn.write_ahead.unwrap();
    assert_eq!((torn.size, torn.unfinished_bytes > 0), (TreeSize::new(4), true));
}

#[test]
fn a_write_ahead_file_with_other_entries_than_the_tree_is_found() {
    let (key, folder) = closed(3);
    let (_, other) = closed(2);
    fs::copy(other.path().join("entries"), folder.path().join("entries")).unwrap();

    let error = verify_directory(folder.path(), key.verifying_key(), None).unwrap_err();

    let (size, sealed) = (TreeSize::new(2), TreeSize::new(3));
    assert!(
        matches!(error, VerifyError::Shortened { size: s, sealed: c } if (s, c) == (size, sealed))
    );
}

/// A platform that starts its log again, with the same key, cannot hide it from whoever kept a
/// checkpoint.
#[test]
fn a_log_with_another_past_is_found_by_an_earlier_checkpoint() {
    let key = key();
    let log_of = |entries: &[&str]| {
        let folder = tempfile::tempdir().unwrap();
        let (log, _) = open(folder.path(), &key);
        for entry in entries {
            let entry = entry.as_bytes().to_vec();
            log.append(crate::Record { entry, attachment: Vec::new() }).wait().unwrap();
        }
        let checkpoint = log.seal_now().unwrap();
        (folder, checkpoint)
    };
    let (_, kept) = log_of(&["a", "b"]);
    let verify = |entries: &[&str]| {
        let (folder, _) = log_of(entries);
        verify_directory(folder.path(), key.verifying_key(), Some(kept.as_str()))
    };

    assert!(matches!(verify(&["a", "B", "c"]), Err(VerifyError::Forked { .. })));
    assert!(matches!(verify(&["a"]), Err(VerifyError::Shrunk { .. })));
    let since = verify(&["a", "b", "c"]).unwrap().since;
    assert_eq!(since, Some(TreeSize::new(2)));
}

#[test]
fn a_log_under_another_key_does_not_verify() {
    let (_, folder) = closed(1);

    let error = verify_directory(folder.path(), key().verifying_key(), None).unwrap_err();

    assert!(matches!(error, VerifyError::Checkpoint(CheckpointError::Note(_))));
}

#[test]
fn a_folder_without_a_log_does_not_verify() {
    let folder = tempfile::tempdir().unwrap();

    let error = verify_directory(folder.path(), key().verifying_key(), None).unwrap_err();

    assert_eq!(error.to_string(), "checkpoint is missing");
}
