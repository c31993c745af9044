//! The wall around real processes, and that its self-test has teeth.

use std::sync::Arc;

use domain::limits::LimitName;
use sandbox::{
    Layer, Level, Pool, PoolSettings, ProcessLimits, RunEnd, SelfTestFailure, StartError, WorkerEnd,
};

use super::script::{self, question};
use super::{Lives, Room, loss, rows, run};

/// Memory that this program needs as a worker, and some more.
const MEMORY_BYTES: u64 = 256 << 20;

/// Behind a wall with a self-test, but without these.
fn walled(level: Level, without: Option<Layer>) -> impl FnOnce(&mut PoolSettings) {
    move |settings| {
        settings.wall.level = level;
        settings.wall.without = without;
        settings.wall.is_tested = true;
        settings.wall.queries = ProcessLimits { memory_bytes: MEMORY_BYTES, file_bytes: 1 << 20 };
    }
}

/// The hole that the self-test finds where a layer is left out.
fn hole(without: Layer) -> SelfTestFailure {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = script::settings(folder.path());
    walled(Level::Strict, Some(without))(&mut settings);
    match Pool::start(settings, Arc::new(Lives::default())) {
        Err(StartError::SelfTest(failure)) => failure,
        Err(other) => panic!("not by the self-test: {other:?}"),
        Ok(_) => panic!("nobody misses {without}"),
    }
}

#[tokio::test]
async fn every_required_layer_stands_at_level_strict_and_work_is_done_behind_it() {
    let room = Room::with(walled(Level::Strict, None));

    assert!(room.pool.wall().holds(Level::Strict), "{:?}", room.pool.wall());
    assert!(rows(room.ask("p-ada", "chunk 3000000").await.0) > 0);
}

#[test]
fn the_self_test_misses_each_layer_and_names_it() {
    for layer in Layer::ALL.into_iter().filter(|layer| layer.is_required()) {
        let failure = hole(layer);

        assert!(
            matches!(failure, SelfTestFailure::Hole { layer: found, .. } if found == layer),
            "{layer}: {failure}"
        );
        assert!(failure.to_string().contains(layer.as_str()), "{failure}");
    }
}

#[tokio::test]
async fn level_off_has_no_layers_and_says_so() {
    let room = Room::with(walled(Level::Off, None));

    assert_eq!(room.pool.wall().level, Level::Off);
    assert_eq!(room.pool.wall().missing().count(), Layer::ALL.len());
    assert!(rows(room.ask("p-ada", "chunk 1").await.0) > 0);
}

#[tokio::test]
async fn a_call_that_a_worker_does_not_need_ends_it() {
    let room = Room::with(walled(Level::Strict, None));

    let (end, _) = room.ask("p-ada", "fork").await;

    assert_eq!(loss(end), WorkerEnd::SystemCallRefused);
    assert!(rows(room.ask("p-ada", "chunk 1").await.0) > 0, "another serves on");
}

#[tokio::test]
async fn memory_beyond_the_limit_ends_the_worker_and_not_the_machine() {
    let room = Room::with(walled(Level::Strict, None));

    let (end, _) = room.ask("p-ada", "allocate 1024").await;

    assert_eq!(end.unwrap(), RunEnd::Outgrown(LimitName::MemoryBytes));
}

#[tokio::test]
async fn a_file_longer_than_the_limit_ends_the_worker() {
    let room = Room::with(walled(Level::Strict, None));

    let (end, _) = room.ask("p-ada", "write 2").await;

    assert_eq!(end.unwrap(), RunEnd::Outgrown(LimitName::SpillBytes));
}

/// The process could have more, but this question may not; the next one may again.
#[tokio::test]
async fn a_question_has_its_own_memory_within_the_workers() {
    let room = Room::with(|settings| {
        walled(Level::Strict, None)(settings);
        settings.wall.queries.memory_bytes = 2 << 30;
    });
    let mut lease = room.lease("p-ada").await;
    let mut small = question("allocate 512");
    small.limits.memory_bytes = 1 << 20;

    lease.plan(&small).await.unwrap().unwrap();
    let (end, _) = run(&mut lease, Vec::new()).await;
    drop(lease);

    assert_eq!(end.unwrap(), RunEnd::Outgrown(LimitName::MemoryBytes));
    assert_eq!(rows(room.ask("p-ada", "allocate 512").await.0), 512 << 20);
}
