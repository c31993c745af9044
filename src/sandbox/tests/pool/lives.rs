//! The life of a worker: whom it serves, how it ends, what it leaves.

use std::sync::Arc;
use std::time::Duration;

use domain::PseudonymKey;
use domain::limits::LimitName;
use sandbox::{LeaseError, Pool, PoolSettings, RunEnd, Stop, WorkerEnd, WorkerError};

use super::script::{self};
use super::{LONG, Lives, Room, folders, key_of, loss, project_id, question, rows};

#[tokio::test]
async fn a_worker_keeps_serving_its_project_and_never_another() {
    let room = Room::open();

    let ada = room.server_of("p-ada").await;
    let bob = room.server_of("p-bob").await;

    assert_ne!(ada, bob);
    assert_eq!(room.server_of("p-ada").await, ada);
    assert_eq!(room.server_of("p-bob").await, bob);
}

/// Each worker has the key of the project that it serves: once, however much it is asked, and no
/// other, also when workers are replaced all the time.
#[tokio::test]
async fn no_worker_holds_the_key_of_another_project() {
    let room = Room::with(|settings| settings.workers_max = 2);

    for project in ["p-ada", "p-bob", "p-ada", "p-eve", "p-bob", "p-ada", "p-ada", "p-eve"] {
        let (end, keys) = room.ask(project, "keys").await;

        assert!(rows(end) > 0);
        let keys: Vec<PseudonymKey> = serde_json::from_slice(&keys).unwrap();
        assert_eq!(keys, [key_of(project)], "{project}");
    }
}

/// Whoever only leased a worker has not told it anything; the next question of the project does.
#[tokio::test]
async fn a_worker_is_told_the_key_with_its_first_question() {
    let room = Room::open();
    drop(room.lease("p-ada").await);

    let (_, keys) = room.ask("p-ada", "keys").await;

    let keys: Vec<PseudonymKey> = serde_json::from_slice(&keys).unwrap();
    assert_eq!(keys, [key_of("p-ada")]);
}

/// With one place, the worker at rest of one project makes room for the other's, and dies.
#[tokio::test]
async fn a_worker_that_must_make_room_dies_rather_than_change_projects() {
    let room = Room::with(|settings| settings.workers_max = 1);

    let mut seen = Vec::new();
    for project in ["p-ada", "p-bob", "p-ada", "p-bob"] {
        seen.push(room.server_of(project).await);
    }
    let ends = room.lives.ends(3).await;

    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 4);
    assert_eq!(ends, [WorkerEnd::Stopped(Stop::Evicted); 3]);
}

/// The promise of the wall: a crash costs one query.
#[tokio::test]
async fn a_worker_killed_in_the_middle_of_a_run_is_lost_and_the_next_one_works() {
    let room = Room::open();
    let mut lease = room.planned("p-ada", "pid then park").await;

    let sink = |pid: &[u8]| {
        kill_from_outside(pid);
        Ok(())
    };
    let end = lease.execute(Vec::new(), &[], LONG, sink).await;
    drop(lease);
    let (next, answer) = room.ask("p-ada", "chunk 5").await;

    assert_eq!(loss(end), WorkerEnd::Killed);
    assert!(rows(next) > 0);
    assert_eq!(answer.len(), 5);
}

/// Sends SIGKILL as an operator would.
fn kill_from_outside(pid: &[u8]) {
    let pid = std::str::from_utf8(pid).unwrap().parse().unwrap();
    let pid = rustix::process::Pid::from_raw(pid).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
}

#[tokio::test]
async fn each_way_to_crash_is_told_apart() {
    let room = Room::open();
    let cases = [
        ("exit 101", WorkerEnd::Panicked),
        ("exit 3", WorkerEnd::Exited { code: 3 }),
        ("exit 0", WorkerEnd::Left),
    ];
    for (sql, expected) in cases {
        let (end, _) = room.ask("p-ada", sql).await;

        assert_eq!(loss(end), expected, "{sql}");
    }
}

/// An allocation that failed aborts: the question had more than it may, and the pool knows how.
#[tokio::test]
async fn an_abort_is_told_as_the_limit_of_memory() {
    let room = Room::open();

    let (end, _) = room.ask("p-ada", "abort").await;

    assert_eq!(end.unwrap(), RunEnd::Outgrown(LimitName::MemoryBytes));
    assert_eq!(room.lives.ends(1).await, [WorkerEnd::Aborted]);
}

#[tokio::test]
async fn a_worker_that_breaks_the_protocol_or_reports_a_fault_is_killed() {
    let room = Room::open();

    let (garbage, _) = room.ask("p-ada", "garbage").await;
    let (verdict, _) = room.ask("p-ada", "verdict again").await;
    let (fault, _) = room.ask("p-ada", "fault").await;
    let ends = room.lives.ends(3).await;

    assert!(matches!(garbage, Err(WorkerError::Protocol { .. })), "{garbage:?}");
    assert!(matches!(verdict, Err(WorkerError::Protocol { .. })), "{verdict:?}");
    assert!(matches!(fault, Err(WorkerError::Fault { message }) if message == "at line 1"));
    assert_eq!(ends, [WorkerEnd::Stopped(Stop::Fault); 3]);
}

#[tokio::test]
async fn a_worker_retires_after_its_last_query() {
    let room = Room::with(|settings| settings.queries_per_worker_max = 2);

    let first = room.server_of("p-ada").await;
    let second = room.server_of("p-ada").await;
    let third = room.server_of("p-ada").await;
    let ends = room.lives.ends(1).await;

    assert_eq!(first, second);
    assert_ne!(first, third);
    assert_eq!(ends, [WorkerEnd::Stopped(Stop::Served)]);
}

#[tokio::test]
async fn a_worker_that_nobody_needs_is_ended() {
    let room = Room::with(|settings| settings.idle_s = 0);

    room.server_of("p-ada").await;
    let ends = room.lives.ends(1).await;

    assert_eq!(ends, [WorkerEnd::Stopped(Stop::Idle)]);
}

/// A room where workers do not start any more, and are not tried again; gives what is told to
/// who asks first and to who asks then.
async fn without_new_workers(room: &Room) -> (LeaseError, Duration) {
    room.break_workers();
    let bob = project_id("p-bob");
    let first = room.pool.lease(&bob, key_of("p-bob")).await.err().unwrap();
    // One that fails is tried again at once; from the second on the next one waits.
    loop {
        match room.pool.lease(&bob, key_of("p-bob")).await.err().unwrap() {
            LeaseError::Busy { retry_after } => return (first, retry_after),
            LeaseError::Lost { .. } => {}
            LeaseError::Stopped => panic!("the pool has ended"),
        }
    }
}

fn impatient(settings: &mut PoolSettings) {
    settings.warm = 0;
    (settings.restart_wait, settings.restart_wait_max) = (LONG, LONG);
}

/// Whoever asks meanwhile is told at once, rather than after a start that fails again.
#[tokio::test]
async fn while_workers_do_not_start_who_asks_is_put_off() {
    let room = Room::with(impatient);
    let failures = || {
        let ends = room.lives.ends.lock().unwrap();
        ends.iter().filter(|end| **end == WorkerEnd::Exited { code: 3 }).count()
    };

    let (first, retry_after) = without_new_workers(&room).await;
    let before = failures();
    let again = room.pool.lease(&project_id("p-eve"), key_of("p-eve")).await.err();

    assert!(matches!(first, LeaseError::Lost { end: WorkerEnd::Exited { code: 3 } }), "{first}");
    assert!(Duration::ZERO < retry_after && retry_after <= LONG, "{retry_after:?}");
    assert!(matches!(again, Some(LeaseError::Busy { .. })), "{again:?}");
    assert_eq!(failures(), before, "nothing was started for it");
}

/// A project that has a worker keeps it: starting one is what does not work.
#[tokio::test]
async fn while_workers_do_not_start_those_at_rest_serve_on() {
    let room = Room::with(impatient);
    let server = room.server_of("p-ada").await;

    without_new_workers(&room).await;

    assert_eq!(room.server_of("p-ada").await, server);
}

/// Nobody asks, and no operator does anything: the spare is there again.
#[tokio::test]
async fn a_pool_recovers_by_itself_once_workers_start_again() {
    let room = Room::with(|settings| settings.warm = 1);
    let mut lease = room.lease("p-ada").await;
    // A spare took its place; there is no third worker.
    room.lives.births(2).await;
    room.break_workers();
    let second = room.lease("p-bob").await;
    let deaths = room.lives.ends(3).await;

    room.mend_workers();
    room.lives.births(3).await;

    assert!(deaths.iter().all(|end| *end == WorkerEnd::Exited { code: 3 }), "{deaths:?}");
    assert!(lease.plan(&question("chunk 1")).await.unwrap().is_ok());
    drop((lease, second));
    room.server_of("p-eve").await;
}

#[tokio::test]
async fn what_a_worker_leaves_in_its_folder_goes_with_it() {
    let room = Room::with(|settings| settings.warm = 0);

    let (end, _) = room.ask("p-ada", "spill then abort").await;

    assert_eq!(end.unwrap(), RunEnd::Outgrown(LimitName::MemoryBytes));
    assert_eq!(room.folders(), 0);
}

#[tokio::test]
async fn what_an_earlier_server_left_is_swept_at_start() {
    let folder = tempfile::tempdir().unwrap();
    let settings = script::settings(folder.path());
    std::fs::create_dir_all(settings.scratch.join("worker-1-1/spill")).unwrap();

    let pool = Pool::start(settings, Arc::new(Lives::default())).unwrap();

    assert!(!folder.path().join("scratch/worker-1-1").exists());
    drop(pool);
}

#[tokio::test]
async fn the_end_of_a_pool_is_the_end_of_all_its_processes() {
    let room = Room::with(|settings| settings.warm = 2);
    let mut lease = room.planned("p-ada", "park").await;
    room.server_of("p-bob").await;

    room.pool.stop();

    let spawned = *room.lives.spawned.lock().unwrap();
    let ends = room.lives.ends.lock().unwrap().clone();
    assert!(spawned <= ends.len(), "{spawned} were spawned, {ends:?}");
    assert!(ends.iter().all(|end| end.is_expected()), "{ends:?}");
    assert_eq!(folders(room.folder.path()), 0);
    let late = room.pool.lease(&project_id("p-bob"), key_of("p-bob")).await;
    assert!(matches!(late, Err(LeaseError::Stopped)));
    let end = lease.execute(Vec::new(), &[], LONG, |_| Ok(())).await;
    assert_eq!(loss(end), WorkerEnd::Stopped(Stop::PoolStopped));
}

#[test]
fn a_program_that_is_no_worker_is_a_clear_error() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing");
    let cases = [
        ("/bin/true".as_ref(), "the first worker did not become ready: left"),
        ("/bin/false".as_ref(), "the first worker did not become ready: exited with code 1"),
        (missing.as_path(), "no worker can be started"),
    ];
    for (executable, sentence) in cases {
        let mut settings = script::settings(folder.path());
        settings.executable = executable.to_owned();

        let error = Pool::start(settings, Arc::new(Lives::default())).err().unwrap();

        assert_eq!(error.to_string(), sentence);
        assert_eq!(folders(folder.path()), 0);
    }
}
