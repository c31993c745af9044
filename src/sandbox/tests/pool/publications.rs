//! Publications: a worker for each, whose files the gateway takes.

use std::fs::File;

use domain::task::{ListTask, Task, TaskEnd};
use sandbox::{CompactEnd, PublishEnd, Stop, WorkerEnd, WorkerError};

use super::{Room, script};

#[tokio::test]
async fn a_draft_outlives_its_worker_and_goes_when_it_is_dropped() {
    let room = Room::with(|settings| settings.warm = 0);
    let publisher = room.pool.publisher().await.unwrap();
    let source = room.folder.path().join("source.csv");
    std::fs::write(&source, "rows").unwrap();

    let mut stages = Vec::new();
    let files = vec![File::open(source).unwrap()];
    let job = script::job("draft");
    let end = publisher.run(&job, files, |progress| stages.push(progress.stage)).await;

    let Ok(PublishEnd::Drafted { draft, folder }) = end else { panic!("no draft: {end:?}") };
    let ends = room.lives.ends(2).await;
    assert_eq!(stages.len(), 2);
    assert!(ends.contains(&WorkerEnd::Stopped(Stop::Served)), "{ends:?}");
    let path = folder.path().join(&draft.files[0].file);
    assert_eq!(std::fs::read_to_string(path).unwrap(), "rows");
    assert_eq!(room.folders(), 1);
    drop(folder);
    assert_eq!(room.folders(), 0);
}

/// A draft may name the worker's own files only: the gateway opens what it names.
#[tokio::test]
async fn a_draft_that_names_anything_else_is_not_taken() {
    let room = Room::open();
    for case in ["draft link", "draft hard link", "draft elsewhere", "draft nothing"] {
        let publisher = room.pool.publisher().await.unwrap();

        let end = publisher.run(&script::job(case), Vec::new(), |_| {}).await;

        assert!(matches!(end, Err(WorkerError::Protocol { .. })), "{case}: {end:?}");
    }
}

/// An archive is looked into by a worker, too, which ends with its task.
#[tokio::test]
async fn a_task_is_performed_by_a_worker_of_its_own() {
    let room = Room::with(|settings| settings.warm = 0);
    let source = room.folder.path().join("edition.tar");
    std::fs::write(&source, "rows").unwrap();
    let list = |name: &str| Task::List(ListTask { name: name.to_owned(), bytes: 4 });

    let publisher = room.pool.publisher().await.unwrap();
    let files = vec![File::open(&source).unwrap()];
    let listed = publisher.perform(&list("edition.tar"), files, |_| {}).await;
    let publisher = room.pool.publisher().await.unwrap();
    let lost = publisher.perform(&list("abort"), vec![File::open(source).unwrap()], |_| {}).await;

    let Ok(TaskEnd::Listed(files)) = listed else { panic!("nothing listed: {listed:?}") };
    assert_eq!((files[0].path.as_str(), files[0].bytes), ("rows", 4));
    assert!(matches!(lost, Err(WorkerError::Lost { .. })), "{lost:?}");
}

/// A dataset in many periods has more files than one frame names, there and back.
#[tokio::test]
async fn tens_of_thousands_of_files_are_compacted_in_one_job() {
    let room = Room::with(|settings| settings.warm = 0);
    let publisher = room.pool.publisher().await.unwrap();

    let end = publisher.compact(&script::compaction(70_000), Vec::new()).await;

    let Ok(CompactEnd::Compacted { draft, .. }) = end else { panic!("no draft: {end:?}") };
    assert_eq!(draft.files.len(), 70_000);
    let answer = serde_json::to_vec(&draft).unwrap();
    assert!(sandbox::protocol::MESSAGE_BYTES_MAX < answer.len());
}

#[tokio::test]
async fn rejected_sources_are_reported() {
    let room = Room::open();
    let publisher = room.pool.publisher().await.unwrap();

    let end = publisher.run(&script::job("reject"), Vec::new(), |_| {}).await;

    assert!(matches!(end, Ok(PublishEnd::Rejected(report)) if report.rows_rejected == 7));
}

#[tokio::test]
async fn publications_do_not_wait_for_queries_nor_queries_for_them() {
    let room = Room::with(|settings| settings.workers_max = 1);
    let lease = room.lease("p-ada").await;
    let publisher = room.pool.publisher().await.unwrap();

    let end = publisher.run(&script::job("reject"), Vec::new(), |_| {}).await;
    drop(lease);
    room.server_of("p-bob").await;

    assert!(matches!(end, Ok(PublishEnd::Rejected(_))));
}
