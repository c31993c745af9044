//! The pool: who gets a worker, when, for how long.
//!
//! Spawning hides behind warm spares; stopping is a kill and does not ask the worker. Whoever
//! leases a worker speaks to it through the [`Lease`]; whoever drops a lease in the middle of a
//! question has it killed.
//!
//! # Invariant
//! At most `workers_max` workers run at once. No process outlives the pool, no zombie and no
//! private folder stays behind.
//!
//! # Rooms
//! - [`admission`]: places, shares, the queue.
//! - [`crew`]: which worker serves whom; [`spawner`] starts one, [`attendant`] stays with it;
//!   [`backoff`]: when, after some that did not start.
//! - [`lease`], [`publisher`]: one use of a worker; [`line`]: its socket meanwhile.
//! - [`process`], [`scratch`]: what is killed and what is swept.
//! - [`self_test`]: that the wall holds.

mod admission;
mod attendant;
mod backoff;
mod crew;
mod lease;
mod line;
mod process;
mod publisher;
mod scratch;
mod self_test;
mod spawner;

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use domain::PseudonymKey;
use domain::ids::ProjectId;

use admission::NoPlace;
use crew::Crew;
use spawner::{Purpose, Request, StartFailure, Started};

use crate::end::WorkerEnd;
use crate::protocol::ProtocolError;
use crate::wall::{Layer, Level, ProcessLimits, Wall};

pub use lease::{KillHandle, Lease, NoVerdict, RunEnd, WorkerError};
pub use publisher::{CompactEnd, PublishEnd, Publisher};
pub use scratch::ScratchFolder;
pub use self_test::SelfTestFailure;

/// How a pool works.
#[derive(Clone, Debug)]
pub struct PoolSettings {
    /// The program that is the worker.
    pub executable: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// The folder that holds the workers' private folders.
    pub scratch: PathBuf,
    /// Most workers that run queries at once; at least one.
    pub workers_max: usize,
    /// Workers that are kept ready for projects that have none.
    pub warm: usize,
    /// How long a worker may rest before it is killed.
    pub idle_s: u64,
    /// How many queries one worker plans before it is replaced.
    pub queries_per_worker_max: u64,
    /// How long a worker may plan one query before it is killed.
    pub plan_ms_max: u64,
    /// Most queries that wait for a worker.
    pub queue_max: usize,
    /// How long a query may wait for a worker.
    pub queue_wait_ms: u64,
    /// How many threads each worker runs a query on; at least one.
    pub threads: usize,
    /// Most workers that publish at once; at least one. They come on top of `workers_max`.
    pub publishers_max: usize,
    /// After two workers in a row that did not start, how long the next one is not tried; doubled
    /// with each further one, up to `restart_wait_max`.
    pub restart_wait: Duration,
    /// The longest wait after workers that did not start.
    pub restart_wait_max: Duration,
    /// The wall around each.
    pub wall: WallSettings,
}

/// How many workers there are of which kind, and how many questions wait for one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolCounts {
    /// Questions that wait for a worker.
    pub waiting: usize,
    /// Workers that serve a question, or are being ended after one.
    pub running: usize,
    /// Workers that wait for the next question of their project.
    pub resting: usize,
    /// Warm workers that serve no project yet.
    pub spare: usize,
    /// Workers that publish.
    pub publishing: usize,
}

/// The wall around a pool's workers.
#[derive(Clone, Debug)]
pub struct WallSettings {
    /// How much of it must stand.
    pub level: Level,
    /// What a process that answers questions may use.
    pub queries: ProcessLimits,
    /// What a process that publishes may use.
    pub publications: ProcessLimits,
    /// Whether the pool proves at its start that the wall holds.
    pub is_tested: bool,
    /// A layer that is left out. Only to show that the self-test finds that.
    pub without: Option<Layer>,
}

/// Hears what the pool does, for metrics. Called on the pool's threads; must not wait.
pub trait PoolObserver: Send + Sync {
    /// A worker became ready that long after it was asked for.
    fn spawned(&self, elapsed: Duration);

    /// A worker is gone.
    fn died(&self, end: WorkerEnd);
}

/// The sink of an answer takes no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the sink takes no more")]
pub struct SinkFull;

/// Why a pool does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The folder for the workers' private folders cannot be made or emptied.
    #[error("the workers' scratch folder cannot be made ready")]
    Scratch(#[source] io::Error),
    /// The pool's thread, or the first worker's process, cannot be started.
    #[error("no worker can be started")]
    Spawn(#[source] io::Error),
    /// The first worker did not become ready.
    #[error("the first worker did not become ready: {end}")]
    Greeting {
        /// How its process ended.
        end: WorkerEnd,
        /// What was wrong with what it said.
        source: ProtocolError,
    },
    /// A layer of the wall that must stand cannot be put up.
    #[error(
        "this machine cannot put up the layer {layer} of the sandbox ({reason}), which level strict \
         asks for; choose level best-effort to run with the layers that it has, or off to run without"
    )]
    NoWall {
        /// Which.
        layer: Layer,
        /// Why, in the kernel's words.
        reason: String,
    },
    /// A worker was let do what the wall should have held back.
    #[error(transparent)]
    SelfTest(#[from] SelfTestFailure),
}

/// Why there is no worker for a project.
#[derive(Debug, thiserror::Error)]
pub enum LeaseError {
    /// All places are taken, and the queue is full or its deadline passed; or workers do not start.
    #[error("all workers are busy")]
    Busy {
        /// When asking again makes sense.
        retry_after: Duration,
    },
    /// The worker that was started for it did not become ready.
    #[error("the worker was lost: {end}")]
    Lost {
        /// How its process ended.
        end: WorkerEnd,
    },
    /// The pool has ended.
    #[error("the workers are stopped")]
    Stopped,
}

impl From<NoPlace> for LeaseError {
    fn from(none: NoPlace) -> Self {
        match none {
            NoPlace::Busy { retry_after } => Self::Busy { retry_after },
            NoPlace::Stopped => Self::Stopped,
        }
    }
}

impl From<StartFailure> for StartError {
    fn from(failure: StartFailure) -> Self {
        match failure {
            StartFailure::Spawn(source) => Self::Spawn(source),
            StartFailure::Greeting { end, source } => Self::Greeting { end, source },
            StartFailure::NoWall { layer, reason } => Self::NoWall { layer, reason },
        }
    }
}

/// The workers of one server. Dropping it ends them all.
pub struct Pool {
    crew: Arc<Crew>,
    spawner: Mutex<Option<JoinHandle<()>>>,
}

impl Pool {
    /// How long the end of the pool waits for killed workers to be gone.
    const PATIENCE: Duration = Duration::from_secs(10);

    /// Sweeps what earlier processes left, tests the wall, and starts the warm workers; returns
    /// when the first of them has shown that workers become ready.
    ///
    /// # Errors
    /// [`StartError`]; nothing is left behind then.
    pub fn start(
        mut settings: PoolSettings,
        observer: Arc<dyn PoolObserver>,
    ) -> Result<Self, StartError> {
        settings.scratch = scratch::prepare(&settings.scratch).map_err(StartError::Scratch)?;
        let (sender, requests) = mpsc::channel();
        let crew = Arc::new(Crew::new(settings, observer, sender));
        let spawner = thread::Builder::new().name("spawner".to_owned()).spawn({
            let crew = Arc::clone(&crew);
            move || spawner::run(&crew, &requests)
        });
        let spawner = Mutex::new(Some(spawner.map_err(StartError::Spawn)?));
        let pool = Self { crew, spawner };
        pool.prove_that_workers_start()?;
        if pool.crew.settings.wall.is_tested {
            self_test::prove(&pool.crew.settings, &pool.wall())?;
        }
        pool.crew.warm_up();
        Ok(pool)
    }

    /// The wall that stands around the workers.
    #[must_use]
    pub fn wall(&self) -> Wall {
        let wanted = || Wall { level: self.crew.settings.wall.level, ..Wall::default() };
        self.crew.wall.get().cloned().unwrap_or_else(wanted)
    }

    /// How many workers there are of which kind now, for metrics.
    #[must_use]
    pub fn counts(&self) -> PoolCounts {
        self.crew.counts()
    }

    /// A worker for one question of a project, now or when its turn comes; within a runtime. The
    /// key is that of the project's pseudonyms.
    ///
    /// # Errors
    /// [`LeaseError`].
    pub async fn lease(&self, project: &ProjectId, key: PseudonymKey) -> Result<Lease, LeaseError> {
        let place = self.crew.admission.place(project).await?;
        let worker = self.crew.take(project).await?;
        Lease::open(Arc::clone(&self.crew), (project.clone(), key), place, worker)
    }

    /// A worker for one publication, when its turn comes; within a runtime.
    ///
    /// # Errors
    /// [`LeaseError`], but never busy: publications wait.
    pub async fn publisher(&self) -> Result<Publisher, LeaseError> {
        let place = self.crew.publishing.any_place().await?;
        let started = self.crew.start_apart().await?;
        Publisher::open(started, place)
    }

    /// Kills every worker, and returns when they are gone. Whoever holds a lease loses it; no
    /// new ones are given. Does nothing the second time.
    pub fn stop(&self) {
        let spawner = self.spawner.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(spawner) = spawner else {
            return;
        };
        self.crew.close();
        self.crew.request(Request::Quit);
        // It ends after the request before this one; a panic there has been reported.
        let _ = spawner.join();
        self.crew.bury(Self::PATIENCE);
    }

    /// Starts one worker for the pool and waits until it is ready.
    fn prove_that_workers_start(&self) -> Result<(), StartError> {
        let (sender, ready) = mpsc::channel();
        let crew = Arc::clone(&self.crew);
        let deliver = Box::new(move |result: Result<Started, StartFailure>| {
            let _ = sender.send(result.map(|started| crew.ready(Ok(started))));
        });
        self.crew.request(Request::Spawn(Purpose::Query, deliver));
        match ready.recv() {
            Ok(told) => Ok(told?),
            Err(_) => Err(StartError::Spawn(io::ErrorKind::Other.into())),
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.stop();
    }
}
