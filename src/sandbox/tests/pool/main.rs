//! The pool with real processes: this program is its own worker.
//!
//! Each test starts a pool whose executable is this test program, told to run the one "test"
//! that is a worker. What the worker does is written in the question's SQL.
#![expect(clippy::unwrap_used, reason = "a test may fail where it stands")]

mod lives;
mod publications;
mod questions;
mod script;
mod server;
mod wall;

use std::fs::File;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::ids::ProjectId;
use domain::{PseudonymKey, Sha256Digest};
use sandbox::{Lease, Pool, PoolObserver, PoolSettings, RunEnd, WorkerEnd, WorkerError};
use script::question;
use tempfile::TempDir;

/// A wall time that no run of these tests reaches.
const LONG: Duration = Duration::from_secs(3600);

/// The worker itself; does nothing when it is run as a test.
#[test]
fn worker_main() {
    script::work();
}

/// Counts births, remembers how workers died, and lets a test wait for the next of either.
#[derive(Default)]
struct Lives {
    spawned: Mutex<usize>,
    ends: Mutex<Vec<WorkerEnd>>,
    told: tokio::sync::Notify,
}

impl PoolObserver for Lives {
    fn spawned(&self, _: Duration) {
        *self.spawned.lock().unwrap() += 1;
        self.told.notify_one();
    }

    fn died(&self, end: WorkerEnd) {
        self.ends.lock().unwrap().push(end);
        self.told.notify_one();
    }
}

impl Lives {
    /// Waits until as many workers became ready.
    async fn births(&self, count: usize) {
        while *self.spawned.lock().unwrap() < count {
            self.told.notified().await;
        }
    }

    /// Waits until as many workers died, and tells how.
    async fn ends(&self, count: usize) -> Vec<WorkerEnd> {
        loop {
            let ends = self.ends.lock().unwrap().clone();
            if count <= ends.len() {
                return ends;
            }
            self.told.notified().await;
        }
    }
}

/// A pool in a folder of its own.
struct Room {
    pool: Pool,
    lives: Arc<Lives>,
    folder: TempDir,
}

impl Room {
    fn open() -> Self {
        Self::with(|_| {})
    }

    fn with(change: impl FnOnce(&mut PoolSettings)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = script::settings(folder.path());
        change(&mut settings);
        let lives = Arc::new(Lives::default());
        let observer: Arc<dyn PoolObserver> = Arc::<Lives>::clone(&lives);
        let pool = Pool::start(settings, observer).unwrap();
        Self { pool, lives, folder }
    }

    async fn lease(&self, project: &str) -> Lease {
        self.pool.lease(&project_id(project), key_of(project)).await.unwrap()
    }

    /// A lease whose worker has planned something.
    async fn planned(&self, project: &str, sql: &str) -> Lease {
        let mut lease = self.lease(project).await;
        lease.plan(&question(sql)).await.unwrap().unwrap();
        lease
    }

    /// Asks as a project, and gives back the end and the answer.
    async fn ask(&self, project: &str, sql: &str) -> (Result<RunEnd, WorkerError>, Vec<u8>) {
        run(&mut self.planned(project, sql).await, Vec::new()).await
    }

    /// Asks as a project, and gives back which process served it.
    async fn server_of(&self, project: &str) -> u64 {
        rows(self.ask(project, "chunk 1").await.0)
    }

    /// From now on no worker becomes ready.
    fn break_workers(&self) {
        std::fs::write(self.folder.path().join(script::BROKEN), "").unwrap();
    }

    /// From now on workers become ready again.
    fn mend_workers(&self) {
        std::fs::remove_file(self.folder.path().join(script::BROKEN)).unwrap();
    }

    /// How many workers have a private folder.
    fn folders(&self) -> usize {
        folders(self.folder.path())
    }
}

fn project_id(name: &str) -> ProjectId {
    ProjectId::parse(name).unwrap()
}

/// The key of a project's pseudonyms.
fn key_of(project: &str) -> PseudonymKey {
    PseudonymKey::new(*Sha256Digest::of(project.as_bytes()).as_bytes())
}

fn folders(folder: &Path) -> usize {
    std::fs::read_dir(folder.join("scratch")).unwrap().count()
}

/// Runs what was planned, and gives back the end and the answer.
async fn run(lease: &mut Lease, files: Vec<File>) -> (Result<RunEnd, WorkerError>, Vec<u8>) {
    let mut answer = Vec::new();
    let sink = |bytes: &[u8]| {
        answer.extend_from_slice(bytes);
        Ok(())
    };
    let end = lease.execute(files, &[], LONG, sink).await;
    (end, answer)
}

/// The rows that a finished run reports; the script tells its process id there.
fn rows(end: Result<RunEnd, WorkerError>) -> u64 {
    match end {
        Ok(RunEnd::Finished(summary)) => summary.rows,
        other => panic!("no clean end: {other:?}"),
    }
}

/// How the worker was lost.
fn loss(end: Result<RunEnd, WorkerError>) -> WorkerEnd {
    match end {
        Err(WorkerError::Lost { end }) => end,
        other => panic!("not lost: {other:?}"),
    }
}
