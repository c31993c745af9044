//! The model: a log under random append, seal, crash and reopen is nothing but a list.

use std::fs::OpenOptions;
use std::io::Write as _;

use proptest::prelude::*;

use super::super::*;
use crate::specimen::{crashed, key, open};
use crate::verify::verify_directory;

/// What happens to a log.
#[derive(Debug, Clone)]
enum Act {
    /// Entries of these lengths are appended and acknowledged.
    Append(Vec<usize>),
    Seal,
    /// The machine stops; of one more record that many bytes had reached the disk.
    Crash(usize),
    Reopen,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => prop::collection::vec(1usize..3000, 1..120).prop_map(Act::Append),
        2 => Just(Act::Seal),
        2 => (0usize..60).prop_map(Act::Crash),
        1 => Just(Act::Reopen),
    ]
}

/// A record that can be told from all others.
fn numbered(number: usize, length: usize) -> Record {
    let mut entry = number.to_le_bytes().to_vec();
    entry.resize(length.max(entry.len()), b'.');
    Record { entry, attachment: vec![number as u8; length % 7] }
}

/// The half-written record that a crash leaves.
fn tear(folder: &Path, number: usize, reached: usize) -> u64 {
    let mut bytes = Vec::new();
    numbered(number, 50).encode(LeafIndex::new(number as u64), &mut bytes);
    let torn = &bytes[..reached.min(bytes.len() - 1)];
    let mut file = OpenOptions::new().append(true).open(folder.join("entries")).unwrap();
    file.write_all(torn).unwrap();
    torn.len() as u64
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    #[test]
    fn a_log_keeps_every_acknowledged_entry_and_only_grows(
        acts in prop::collection::vec(act(), 1..10),
    ) {
        let key = key();
        let mut folder = tempfile::tempdir().unwrap();
        let mut log = Some(open(folder.path(), &key).0);
        let mut model: Vec<Record> = Vec::new();
        let mut since: Option<String> = None;

        for act in acts.into_iter().chain([Act::Reopen]) {
            let opened = log.take().unwrap();
            match act {
                Act::Append(lengths) => {
                    let from = model.len();
                    let records = lengths.iter().zip(from..);
                    model.extend(records.map(|(length, number)| numbered(number, *length)));
                    let appends: Vec<_> =
                        model[from..].iter().map(|record| opened.append(record.clone())).collect();
                    for (append, number) in appends.into_iter().zip(from as u64..) {
                        prop_assert_eq!(append.wait(), Ok(LeafIndex::new(number)));
                    }
                    log = Some(opened);
                }
                Act::Seal => {
                    let checkpoint = opened.seal_now().unwrap();
                    prop_assert_eq!(checkpoint.size().get(), model.len() as u64);
                    log = Some(opened);
                }
                Act::Crash(reached) => {
                    let copy = crashed(folder.path());
                    drop(opened);
                    let torn_bytes = tear(copy.path(), model.len(), reached);
                    let (reopened, recovery) = open(copy.path(), &key);
                    prop_assert_eq!(recovery.torn_bytes, torn_bytes);
                    folder = copy;
                    log = Some(reopened);
                }
                Act::Reopen => {
                    drop(opened);
                    let (reopened, recovery) = open(folder.path(), &key);
                    prop_assert_eq!(recovery.torn_bytes, 0);
                    prop_assert_eq!(recovery.sealed, recovery.size);
                    log = Some(reopened);
                }
            }
            let log = log.as_ref().unwrap();
            let stored = log.records_from(LeafIndex::FIRST).map(|read| read.unwrap());
            let stored: Vec<_> = stored
                .map(|read| Record { entry: read.entry, attachment: read.attachment })
                .collect();
            prop_assert!(stored == model);
            let verified = verify_directory(folder.path(), key.verifying_key(), since.as_deref());
            since = Some(verified.unwrap().checkpoint.as_str().to_owned());
        }
    }
}
