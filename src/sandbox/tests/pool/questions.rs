//! One question: planned, run, refused, stopped.

use std::fs::File;
use std::task::Poll;
use std::time::Duration;

use domain::Verdict;
use sandbox::{
    LeaseError, Level, NoVerdict, PoolCounts, RunEnd, SinkFull, Stop, WorkerEnd, WorkerError,
};

use super::script::{self, question};
use super::{LONG, Room, key_of, loss, project_id, rows, run};

#[tokio::test]
async fn a_question_is_planned_then_run_and_its_answer_comes_whole() {
    let room = Room::open();

    let (end, answer) = room.ask("p-ada", "chunk 3000000").await;

    assert_eq!(room.pool.wall().level, Level::Off);
    assert!(rows(end) > 0);
    assert!(answer == script::answer(3_000_000));
}

#[tokio::test]
async fn files_reach_the_worker_read_only_and_in_order() {
    let room = Room::open();
    let mut lease = room.planned("p-ada", "concatenate").await;
    let file = |index: u32| {
        let path = room.folder.path().join(index.to_string());
        std::fs::write(&path, format!("{index} ")).unwrap();
        File::open(path).unwrap()
    };
    let files: Vec<File> = (0..600).map(file).collect();

    let (end, answer) = run(&mut lease, files).await;

    let expected: String = (0..600).map(|index| format!("{index} ")).collect();
    assert!(rows(end) > 0);
    assert_eq!(String::from_utf8(answer).unwrap(), expected);
}

#[tokio::test]
async fn a_refused_question_leaves_the_worker_as_it_was() {
    let room = Room::open();
    let mut lease = room.lease("p-ada").await;

    let refused = lease.plan(&question("refuse")).await.unwrap();
    let planned = lease.plan(&question("chunk 1")).await.unwrap();
    let (end, answer) = run(&mut lease, Vec::new()).await;

    assert!(refused.is_err());
    assert!(planned.is_ok());
    assert!(rows(end) > 0);
    assert_eq!(answer.len(), 1);
}

#[tokio::test]
async fn nothing_runs_that_was_not_planned() {
    let room = Room::open();
    let mut lease = room.lease("p-ada").await;

    let (end, _) = run(&mut lease, Vec::new()).await;

    assert!(matches!(end, Err(WorkerError::Protocol { .. })), "{end:?}");
}

#[tokio::test]
async fn a_question_too_long_to_hand_over_is_refused() {
    let room = Room::open();
    let mut lease = room.lease("p-ada").await;
    let long = "x".repeat(sandbox::protocol::MESSAGE_BYTES_MAX);

    let refused = lease.plan(&question(&long)).await.unwrap();
    let planned = lease.plan(&question("chunk 1")).await.unwrap();

    assert!(is_refused(refused, "8 MiB"));
    assert!(planned.is_ok());
}

/// A deadline does not ask for the worker's cooperation.
#[tokio::test]
async fn wall_time_kills_and_the_worker_is_gone_when_the_caller_hears_of_it() {
    let room = Room::with(|settings| settings.warm = 0);
    let mut lease = room.planned("p-ada", "park").await;

    let end = lease.execute(Vec::new(), &[], Duration::from_millis(1), |_| Ok(())).await;

    assert!(matches!(end, Ok(RunEnd::WallTime)), "{end:?}");
    assert_eq!(room.folders(), 0);
}

#[tokio::test]
async fn planning_that_takes_too_long_is_refused() {
    let room = Room::with(|settings| settings.plan_ms_max = 1);
    let mut lease = room.lease("p-ada").await;

    let planned = lease.plan(&question("park in planning")).await.unwrap();
    let ends = room.lives.ends(1).await;

    assert!(is_refused(planned, "took too long"));
    assert_eq!(ends, [WorkerEnd::Stopped(Stop::PlanTime)]);
}

#[tokio::test]
async fn a_sink_that_takes_no_more_stops_the_run() {
    let room = Room::open();
    let mut lease = room.planned("p-ada", "chunk 10000000").await;

    let mut taken = 0;
    let sink = |bytes: &[u8]| {
        taken += bytes.len();
        if taken < 1_000_000 { Ok(()) } else { Err(SinkFull) }
    };
    let end = lease.execute(Vec::new(), &[], LONG, sink).await;

    assert!(matches!(end, Ok(RunEnd::Sink)), "{end:?}");
}

/// A caller that hangs up drops the future, in the middle of whatever it was.
#[tokio::test]
async fn a_caller_that_hangs_up_kills() {
    let room = Room::open();
    let mut lease = room.planned("p-ada", "pid then park").await;

    let (sender, began) = tokio::sync::oneshot::channel::<()>();
    let mut sender = Some(sender);
    let sink = |_: &[u8]| {
        drop(sender.take());
        Ok(())
    };
    tokio::select! {
        _ = lease.execute(Vec::new(), &[], LONG, sink) => panic!("it parks"),
        _ = began => {}
    }
    drop(lease);
    let ends = room.lives.ends(1).await;

    assert_eq!(ends, [WorkerEnd::Stopped(Stop::Abandoned)]);
}

#[tokio::test]
async fn a_kill_handle_cancels_its_question() {
    let room = Room::open();
    let mut lease = room.planned("p-ada", "pid then park").await;
    let handle = lease.kill_handle();

    let sink = |_: &[u8]| {
        handle.kill();
        Ok(())
    };
    let end = lease.execute(Vec::new(), &[], LONG, sink).await;

    assert_eq!(loss(end), WorkerEnd::Stopped(Stop::Cancelled));
}

/// The same worker may serve the project's next question by then.
#[tokio::test]
async fn a_kill_handle_does_nothing_once_its_question_is_over() {
    let room = Room::open();
    let lease = room.planned("p-ada", "chunk 1").await;
    let handle = lease.kill_handle();
    drop(lease);

    let mut next = room.planned("p-ada", "chunk 7").await;
    handle.kill();
    let (end, answer) = run(&mut next, Vec::new()).await;

    assert!(rows(end) > 0);
    assert_eq!(answer.len(), 7);
}

/// A worker that was cancelled between two phases is not put back for the next question.
#[tokio::test]
async fn a_worker_killed_while_it_waits_serves_nobody_any_more() {
    let room = Room::open();
    let lease = room.planned("p-ada", "chunk 1").await;

    lease.kill_handle().kill();
    drop(lease);
    let (end, _) = room.ask("p-ada", "chunk 1").await;

    assert!(rows(end) > 0);
}

/// Whoever gives up while the worker plans leaves nothing running.
#[tokio::test]
async fn a_lease_dropped_in_planning_kills() {
    let room = Room::open();
    let mut lease = room.lease("p-ada").await;

    let question = question("park in planning");
    tokio::select! {
        biased;
        _ = lease.plan(&question) => panic!("it parks"),
        () = tokio::task::yield_now() => {}
    }
    drop(lease);
    let ends = room.lives.ends(1).await;

    assert_eq!(ends, [WorkerEnd::Stopped(Stop::Abandoned)]);
}

#[tokio::test]
async fn workers_are_counted_by_what_they_do() {
    let room = Room::with(|settings| settings.workers_max = 2);
    let fresh = room.pool.counts();
    let (ada, bob) = (room.lease("p-ada").await, room.lease("p-bob").await);
    let eve = project_id("p-eve");
    let mut waits = std::pin::pin!(room.pool.lease(&eve, key_of("p-eve")));
    let polled = std::future::poll_fn(|ctx| Poll::Ready(waits.as_mut().poll(ctx).is_pending()));

    let is_waiting = polled.await;
    let full = room.pool.counts();
    drop(ada);
    let served = waits.await;
    drop((served, bob));
    let rested = room.pool.counts();

    assert_eq!(fresh, PoolCounts { spare: 1, ..PoolCounts::default() });
    assert!(is_waiting);
    assert_eq!((full.waiting, full.running, full.resting), (1, 2, 0));
    assert_eq!((rested.waiting, rested.running, rested.resting), (0, 0, 2));
}

#[tokio::test]
async fn the_queue_has_a_deadline() {
    let room = Room::with(|settings| {
        settings.workers_max = 1;
        settings.queue_wait_ms = 1;
    });
    let held = room.lease("p-ada").await;

    let late = room.pool.lease(&project_id("p-bob"), key_of("p-bob")).await;
    drop(held);
    let served = room.pool.lease(&project_id("p-bob"), key_of("p-bob")).await;

    let Err(LeaseError::Busy { retry_after }) = late else { panic!("not busy") };
    assert_eq!(retry_after, Duration::from_secs(1));
    assert!(served.is_ok());
}

/// A statement that pins versions is planned in two steps, on one lease.
#[tokio::test]
async fn a_worker_may_ask_for_versions_before_it_plans() {
    let room = Room::open();
    let mut lease = room.lease("p-ada").await;

    let asked = lease.plan(&question("pin")).await.unwrap();
    let planned = lease.plan(&question("chunk 1")).await.unwrap();

    let Err(NoVerdict::Versions(wanted)) = asked else { panic!("{asked:?}") };
    assert_eq!(wanted[0].version.to_string(), "2026-10-01");
    assert!(planned.is_ok());
}

fn is_refused(planned: Result<Verdict, NoVerdict>, because: &str) -> bool {
    matches!(planned, Err(NoVerdict::Refused(refusal)) if refusal.detail.contains(because))
}
