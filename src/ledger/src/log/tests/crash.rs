//! What is found at the next start: a torn tail is healed, everything else is refused.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use tempfile::TempDir;

use super::super::*;
use crate::scan::{Damage, FILE_HEADER, Spot};
use crate::specimen::{crashed, files, fill, key, open, record, try_open};
use crate::verify::verify_directory;

/// Two sealed records and two durable ones, after a crash.
struct Crash {
    key: Arc<SigningKey>,
    folder: TempDir,
    /// The write-ahead file as it was.
    bytes: Vec<u8>,
    /// Where each record ends; the header's end first.
    ends: Vec<usize>,
}

const SEALED: usize = 2;
const DURABLE: usize = 4;

impl Crash {
    fn new() -> Self {
        let (key, folder) = (key(), tempfile::tempdir().unwrap());
        let (log, _) = open(folder.path(), &key);
        fill(&log, SEALED as u64);
        log.seal_now().unwrap();
        fill(&log, (DURABLE - SEALED) as u64);
        let folder = crashed(folder.path());
        let bytes = fs::read(folder.path().join("entries")).unwrap();
        let mut ends = vec![FILE_HEADER.len()];
        ends.extend((0..DURABLE as u64).map(|number| record(number).encoded_bytes()));
        for place in 1..ends.len() {
            ends[place] += ends[place - 1];
        }
        assert_eq!(ends[DURABLE], bytes.len());
        Self { key, folder, bytes, ends }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Opens a copy of the folder with other bytes in the write-ahead file.
    fn open_with(&self, bytes: &[u8]) -> (Result<(Log, Recovery), OpenError>, TempDir) {
        let copy = crashed(self.path());
        fs::write(copy.path().join("entries"), bytes).unwrap();
        (try_open(copy.path(), &self.key), copy)
    }

    /// How many records lie wholly within the first bytes.
    fn whole(&self, length: usize) -> usize {
        self.ends[1..].iter().filter(|end| **end <= length).count()
    }
}

fn assert_holds(log: &Log, records: usize) {
    assert_eq!(log.size(), TreeSize::new(records as u64));
    for (read, number) in log.records_from(LeafIndex::FIRST).zip(0..) {
        let read = read.unwrap();
        let expected = record(number);
        assert_eq!((read.entry, read.attachment), (expected.entry, expected.attachment));
    }
}

/// Whatever the crash left of the last write, what was durable before is there, and the log
/// goes on.
#[test]
fn a_file_that_ends_anywhere_is_healed_as_long_as_nothing_sealed_is_lost() {
    let crash = Crash::new();

    for length in 0..=crash.bytes.len() {
        let (opened, copy) = crash.open_with(&crash.bytes[..length]);
        let whole = crash.whole(length);
        if whole < SEALED {
            assert!(opened.is_err(), "{length}");
            assert_eq!(fs::read(copy.path().join("entries")).unwrap().len(), length);
            continue;
        }
        let (log, recovery) = opened.unwrap();
        assert_eq!(recovery.torn_bytes, (length - crash.ends[whole]) as u64, "{length}");
        assert_eq!(recovery.sealed, TreeSize::new(SEALED as u64));
        assert_holds(&log, whole);
    }
}

#[test]
fn a_healed_log_takes_new_entries_and_verifies() {
    let crash = Crash::new();
    let (opened, copy) = crash.open_with(&crash.bytes[..crash.bytes.len() - 1]);
    let (log, _) = opened.unwrap();

    fill(&log, 2);
    drop(log);

    let verified = verify_directory(copy.path(), crash.key.verifying_key(), None).unwrap();
    assert_eq!(verified.checkpoint.size(), TreeSize::new(5));
}

/// The last record that nothing covers cannot be told from a torn one; every other flipped
/// byte is damage, and the error says where.
#[test]
fn a_flipped_byte_is_refused_unless_it_is_in_the_unsealed_last_record() {
    let crash = Crash::new();

    for place in 0..crash.bytes.len() {
        let mut bytes = crash.bytes.clone();
        bytes[place] ^= 0x20;
        let (opened, copy) = crash.open_with(&bytes);
        let record = crash.whole(place);
        match opened {
            Err(OpenError::Foreign) => assert!(place < FILE_HEADER.len()),
            Err(OpenError::Damaged(spot)) => {
                assert_eq!(spot.index, LeafIndex::new(record as u64), "{place}");
                assert_eq!(spot.offset_bytes, crash.ends[record] as u64, "{place}");
                assert_eq!(fs::read(copy.path().join("entries")).unwrap(), bytes);
            }
            Err(other) => panic!("{place}: {other}"),
            Ok((log, recovery)) => {
                assert_eq!(record, DURABLE - 1, "{place}");
                assert_eq!(recovery.torn_bytes, (bytes.len() - crash.ends[record]) as u64);
                assert_holds(&log, DURABLE - 1);
            }
        }
    }
}

/// Some file systems lengthen a file before its content arrives.
#[test]
fn a_tail_of_zeros_is_a_torn_one() {
    let crash = Crash::new();
    let mut bytes = crash.bytes.clone();
    bytes.resize(bytes.len() + 10_000, 0);

    let (opened, _copy) = crash.open_with(&bytes);

    let (log, recovery) = opened.unwrap();
    assert_eq!(recovery.torn_bytes, 10_000);
    assert_holds(&log, DURABLE);
}

#[test]
fn a_record_that_was_cut_out_is_noticed() {
    let crash = Crash::new();
    let without = |record: usize| {
        let mut bytes = crash.bytes.clone();
        bytes.drain(crash.ends[record]..crash.ends[record + 1]);
        crash.open_with(&bytes).0
    };

    let gap = |result: Result<(Log, Recovery), OpenError>| match result {
        Err(OpenError::Damaged(Spot { damage: Damage::Index { found }, .. })) => found.get(),
        other => panic!("{other:?}"),
    };
    assert_eq!(gap(without(0)), 1);
    assert_eq!(gap(without(2)), 3);
}

/// Every checksum fits; only the root hash knows that these are not the entries of before.
#[test]
fn a_sealed_record_that_was_written_anew_is_noticed() {
    let crash = Crash::new();
    let mut forged = Vec::new();
    Record { entry: b"entry X".to_vec(), ..record(1) }.encode(LeafIndex::new(1), &mut forged);
    let mut bytes = crash.bytes.clone();
    bytes.splice(crash.ends[1]..crash.ends[2], forged);

    let (opened, _copy) = crash.open_with(&bytes);

    let sealed = TreeSize::new(SEALED as u64);
    assert!(matches!(opened, Err(OpenError::Rewritten { sealed: found }) if found == sealed));
}

#[test]
fn a_log_that_lost_a_part_is_not_begun_anew() {
    let crash = Crash::new();
    let key = &crash.key;

    let without_checkpoint = crashed(crash.path());
    fs::remove_file(without_checkpoint.path().join("checkpoint")).unwrap();
    let refused = try_open(without_checkpoint.path(), key);
    assert!(matches!(refused, Err(OpenError::CheckpointMissing)));

    for lost in ["entries", "checkpoint"] {
        fs::remove_file(crash.path().join(lost)).unwrap();
        assert!(matches!(try_open(crash.path(), key), Err(OpenError::EntriesMissing)));
        assert!(!crash.path().join("entries").exists());
    }
}

#[test]
fn a_log_is_not_opened_with_another_key() {
    let crash = Crash::new();

    let refused = try_open(crash.path(), &key());

    assert!(matches!(refused, Err(OpenError::Checkpoint(_))));
}

#[test]
fn a_log_that_had_only_begun_begins_again() {
    for length in 0..=FILE_HEADER.len() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("entries"), &FILE_HEADER[..length]).unwrap();

        let (log, recovery) = open(folder.path(), &key());

        assert!(recovery.is_new);
        fill(&log, 1);
    }
}

/// The crash came after the tiles and before the checkpoint.
#[test]
fn tiles_without_their_checkpoint_are_published_again() {
    let (key, folder) = (key(), tempfile::tempdir().unwrap());
    let (log, _) = open(folder.path(), &key);
    fill(&log, 250);
    let before = log.seal_now().unwrap();
    fill(&log, 10);
    log.seal_now().unwrap();
    let crash = crashed(folder.path());
    fs::write(crash.path().join("checkpoint"), before.as_str()).unwrap();
    fs::write(crash.path().join("checkpoint.new"), "half a check").unwrap();
    fs::write(crash.path().join("tile/0/000"), "half a tile").unwrap();

    let (log, recovery) = open(crash.path(), &key);
    drop(log);

    assert_eq!((recovery.size.get(), recovery.sealed.get()), (260, 250));
    verify_directory(crash.path(), key.verifying_key(), Some(before.as_str())).unwrap();
    assert_eq!(files(crash.path()), files(folder.path()));
}

/// The crash came after the checkpoint and before the superseded tiles were deleted.
#[test]
fn superseded_tiles_are_deleted_at_the_next_start() {
    let (key, folder) = (key(), tempfile::tempdir().unwrap());
    let (log, _) = open(folder.path(), &key);
    fill(&log, 260);
    drop(log);
    let expected = files(folder.path());
    for stale in ["tile/0/000.p/7", "tile/entries/000.p/7", "tile/0/001.p/3"] {
        let file = folder.path().join(stale);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, "stale").unwrap();
    }

    drop(open(folder.path(), &key));

    assert_eq!(files(folder.path()), expected);
    assert!(!folder.path().join("tile/0/000.p").exists());
}
