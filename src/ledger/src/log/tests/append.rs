//! Appending: durable together, in order, and never again after a failure.

use std::fs::OpenOptions;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, RwLock, mpsc};
use std::time::Duration;

use super::super::seal::Sealer;
use super::super::*;
use crate::entries::Offsets;
use crate::record::ATTACHMENT_BYTES_MAX;
use crate::scan::FIRST_RECORD_OFFSET;
use crate::specimen::{fill, key, open, open_observed, record, try_open};
use crate::tree::Integrator;

/// Tells of each batch, and holds the writer until it may go on.
struct Gate {
    batches: SyncSender<usize>,
    go: Mutex<Receiver<()>>,
}

impl Observer for Gate {
    fn on_commit(&self, entries: usize, _elapsed: Duration) {
        self.batches.send(entries).ok();
        self.go.lock().unwrap().recv().ok();
    }
}

/// An observer that holds the writer after each batch, with its two ends.
fn gate() -> (Arc<Gate>, Receiver<usize>, SyncSender<()>) {
    let (batches, told) = sync_channel(100);
    let (go, held) = sync_channel(100);
    (Arc::new(Gate { batches, go: Mutex::new(held) }), told, go)
}

/// Keeps what ended the writing.
#[derive(Default)]
struct Failures(Mutex<Vec<String>>);

impl Observer for Failures {
    fn on_failure(&self, failure: &Failure) {
        self.0.lock().unwrap().push(failure.to_string());
    }
}

#[test]
fn an_appended_record_can_be_read_with_its_attachment() {
    let folder = tempfile::tempdir().unwrap();
    let (log, recovery) = open(folder.path(), &key());

    fill(&log, 3);

    assert!(recovery.is_new);
    let read = log.record(LeafIndex::new(1)).unwrap().unwrap();
    assert_eq!(Record { entry: read.entry, attachment: read.attachment }, record(1));
    assert_eq!(log.record(LeafIndex::new(3)).unwrap(), None);
    let rest: Vec<_> =
        log.records_from(LeafIndex::new(1)).map(|read| read.unwrap().index).collect();
    assert_eq!(rest, [LeafIndex::new(1), LeafIndex::new(2)]);
}

/// What waits while the disk is busy shares the next sync, however many they are.
#[test]
fn appends_that_wait_become_durable_together() {
    let folder = tempfile::tempdir().unwrap();
    let (gate, batches, go) = gate();
    let (log, _) = open_observed(folder.path(), &key(), gate).unwrap();
    let first = log.append(record(0));
    assert_eq!(batches.recv(), Ok(1));

    let waiting: Vec<_> = (1..=40).map(|number| log.append(record(number))).collect();
    go.send(()).unwrap();

    assert_eq!(batches.recv(), Ok(40));
    assert_eq!(first.wait(), Ok(LeafIndex::FIRST));
    for (append, number) in waiting.into_iter().zip(1..) {
        assert_eq!(append.wait(), Ok(LeafIndex::new(number)));
    }
    drop(go);
}

#[test]
fn many_threads_append_and_each_gets_its_own_place() {
    let folder = tempfile::tempdir().unwrap();
    let (log, _) = open(folder.path(), &key());

    let places = std::thread::scope(|scope| {
        let one = |thread: u64| {
            let log = &log;
            move || {
                (0..25)
                    .map(|n| (thread * 100 + n, log.append(record(thread * 100 + n)).wait()))
                    .collect::<Vec<_>>()
            }
        };
        let threads: Vec<_> = (0..8).map(|thread| scope.spawn(one(thread))).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });

    assert_eq!(log.size(), TreeSize::new(200));
    for (number, place) in places {
        assert_eq!(log.record(place.unwrap()).unwrap().unwrap().entry, record(number).entry);
    }
}

#[test]
fn a_record_that_no_log_would_take_is_refused_and_the_log_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let (log, _) = open(folder.path(), &key());

    let refused = log.append(Record { entry: Vec::new(), attachment: Vec::new() }).wait();

    assert_eq!(refused, Err(AppendError::Invalid(InvalidRecord::Empty)));
    assert_eq!(log.append(record(0)).wait(), Ok(LeafIndex::FIRST));
}

#[test]
fn too_much_that_waits_is_turned_away_until_the_disk_has_caught_up() {
    let folder = tempfile::tempdir().unwrap();
    let (gate, batches, go) = gate();
    let (log, _) = open_observed(folder.path(), &key(), gate).unwrap();
    let first = log.append(record(0));
    assert_eq!(batches.recv(), Ok(1));
    let large = || Record { attachment: vec![0; ATTACHMENT_BYTES_MAX], ..record(1) };
    let fitting = QUEUE_BYTES_MAX / large().encoded_bytes();
    let waiting: Vec<_> = (0..fitting).map(|_| log.append(large())).collect();

    let refused = log.append(large()).wait();

    assert_eq!(refused, Err(AppendError::Busy));
    drop(go);
    assert!(waiting.into_iter().all(|append| append.wait().is_ok()));
    assert!(first.wait().is_ok());
    assert!(log.append(record(2)).wait().is_ok());
}

/// A log whose write-ahead file lies on a full disk.
fn log_on_a_full_disk(folder: &Path, observer: Arc<dyn Observer>) -> Log {
    let key = key();
    let file = OpenOptions::new().read(true).write(true).open("/dev/full").unwrap();
    let offsets = Offsets { starts_bytes: Vec::new(), end_bytes: FIRST_RECORD_OFFSET };
    let integrator = Integrator::default();
    let checkpoint = Checkpoint::sign(&key, integrator.size(), integrator.root());
    let shared = Arc::new(Shared {
        folder: folder.to_owned(),
        entries: Entries::new(Arc::new(file), offsets),
        sealed: RwLock::new(Arc::new(checkpoint)),
        queued_bytes: AtomicUsize::new(0),
        has_failed: AtomicBool::new(false),
        observer,
    });
    let seal_after = Duration::ZERO;
    let sealer = Sealer { shared: Arc::clone(&shared), key, integrator, seal_after };
    open::start(shared, sealer).unwrap()
}

#[test]
fn on_a_full_disk_no_append_succeeds_and_none_is_tried_again() {
    let folder = tempfile::tempdir().unwrap();
    let failures = Arc::new(Failures::default());
    let observer: Arc<Failures> = Arc::clone(&failures);
    let log = log_on_a_full_disk(folder.path(), observer);

    let first = log.append(record(0)).wait();
    let second = log.append(record(1)).wait();

    let unavailable = Err(AppendError::Unavailable(Unavailable));
    assert_eq!((first, second), (unavailable, unavailable));
    assert_eq!((log.is_available(), log.size()), (false, TreeSize::EMPTY));
    assert_eq!(*failures.0.lock().unwrap(), ["writing entries to the disk failed"]);
}

#[test]
fn a_log_that_cannot_publish_accepts_nothing_more_but_can_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let failures = Arc::new(Failures::default());
    let observer: Arc<Failures> = Arc::clone(&failures);
    let (log, _) = open_observed(folder.path(), &key(), observer).unwrap();
    fill(&log, 1);
    std::fs::write(folder.path().join("tile"), "in the way").unwrap();

    assert_eq!(log.seal_now(), Err(Unavailable));

    assert_eq!(log.append(record(1)).wait(), Err(AppendError::Unavailable(Unavailable)));
    assert_eq!(*failures.0.lock().unwrap(), ["sealing failed"]);
    assert_eq!(log.record(LeafIndex::FIRST).unwrap().unwrap().entry, record(0).entry);
    assert_eq!(log.checkpoint().size(), TreeSize::EMPTY);
}

#[test]
fn a_log_has_one_owner_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let key = key();
    let (log, _) = open(folder.path(), &key);

    assert!(matches!(try_open(folder.path(), &key), Err(OpenError::Locked)));

    drop(log);
    assert!(try_open(folder.path(), &key).is_ok());
}

/// Nobody calls for it: an entry is under a checkpoint soon after it was appended.
#[test]
fn new_entries_are_sealed_without_being_asked_for() {
    struct Seals(mpsc::Sender<TreeSize>);
    impl Observer for Seals {
        fn on_seal(&self, size: TreeSize, _elapsed: Duration) {
            self.0.send(size).ok();
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let (seals, told) = mpsc::channel();
    let observer = Arc::new(Seals(seals));
    let (log, _) = open::open(folder.path(), key(), observer, Duration::ZERO).unwrap();

    log.append(record(0)).wait().unwrap();

    assert_eq!(told.recv(), Ok(TreeSize::new(1)));
    assert_eq!(log.checkpoint().size(), TreeSize::new(1));
}
