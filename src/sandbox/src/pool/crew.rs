//! The crew: which workers there are, and who serves whom.
//!
//! Knows which worker is bound to which project; does not know how one is started or asked.
//!
//! # Invariant
//! A worker that served a project comes back to that project or dies. Workers at rest and taken
//! places are together at most `workers_max`; beside them there are the warm, unbound spares.

use std::collections::{HashMap, VecDeque};
use std::sync::mpsc;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use domain::ids::ProjectId;
use tokio::sync::oneshot;

use super::admission::Admission;
use super::attendant::Worker;
use super::backoff::Backoff;
use super::process::Process;
use super::spawner::{Purpose, Request, StartFailure, Started};
use super::{LeaseError, PoolCounts, PoolObserver, PoolSettings};
use crate::end::{Stop, WorkerEnd};
use crate::wall::Wall;

/// What all parts of a pool share.
pub(super) struct Crew {
    /// How the pool was told to work.
    pub(super) settings: PoolSettings,
    /// Who counts.
    pub(super) observer: Arc<dyn PoolObserver>,
    /// Places for queries.
    pub(super) admission: Admission,
    /// Places for publications.
    pub(super) publishing: Admission,
    /// The wall that the first worker said stands.
    pub(super) wall: OnceLock<Wall>,
    requests: mpsc::Sender<Request>,
    state: Mutex<State>,
    /// Told whenever a process is gone.
    gone: Condvar,
}

/// Which workers there are.
struct State {
    stopped: bool,
    /// Bound and at rest; the one that rests longest first.
    resting: VecDeque<Resting>,
    /// Warm and unbound.
    spares: Vec<Worker>,
    /// Being started for the pool.
    starting: usize,
    /// What the latest starts came to.
    backoff: Backoff,
    /// Who has a place and waits for a worker.
    waiters: VecDeque<oneshot::Sender<Result<Worker, WorkerEnd>>>,
    /// Every process that is not gone, by its number.
    processes: HashMap<u64, Arc<Process>>,
}

/// A worker that waits for the next question of its project.
struct Resting {
    project: ProjectId,
    worker: Worker,
    since: Instant,
}

impl Crew {
    /// A crew without workers.
    pub(super) fn new(
        settings: PoolSettings,
        observer: Arc<dyn PoolObserver>,
        requests: mpsc::Sender<Request>,
    ) -> Self {
        let queue_wait = Duration::from_millis(settings.queue_wait_ms);
        let state = State {
            stopped: false,
            resting: VecDeque::new(),
            spares: Vec::new(),
            starting: 0,
            backoff: Backoff::new(settings.restart_wait, settings.restart_wait_max),
            waiters: VecDeque::new(),
            processes: HashMap::new(),
        };
        Self {
            admission: Admission::new(settings.workers_max, settings.queue_max, queue_wait),
            publishing: Admission::new(settings.publishers_max, 0, Duration::ZERO),
            settings,
            observer,
            wall: OnceLock::new(),
            requests,
            state: Mutex::new(state),
            gone: Condvar::new(),
        }
    }

    /// A worker for a project: its own if one rests, else a spare, else one that must be started;
    /// not while workers do not start.
    pub(super) async fn take(self: &Arc<Self>, project: &ProjectId) -> Result<Worker, LeaseError> {
        let waiting = {
            let mut state = self.lock();
            if state.stopped {
                return Err(LeaseError::Stopped);
            }
            if let Some(worker) = state.resting_for(project).or_else(|| state.spares.pop()) {
                self.evict(&mut state);
                self.refill(&mut state);
                return Ok(worker);
            }
            if let Some(retry_after) = state.backoff.left(Instant::now()) {
                return Err(LeaseError::Busy { retry_after });
            }
            let (sender, waiting) = oneshot::channel();
            state.waiters.push_back(sender);
            self.evict(&mut state);
            self.refill(&mut state);
            waiting
        };
        match waiting.await {
            Ok(Ok(worker)) => Ok(worker),
            Ok(Err(end)) => Err(LeaseError::Lost { end }),
            Err(_) => Err(LeaseError::Stopped),
        }
    }

    /// Notes that a worker has served its project, so that workers are known to be well.
    pub(super) fn note_served(&self) {
        self.lock().backoff.served();
    }

    /// Lets a worker rest until its project's next question, or has it killed.
    pub(super) fn give_back(&self, project: ProjectId, worker: Worker) -> Result<(), Worker> {
        let mut state = self.lock();
        if state.stopped || worker.process.is_over() {
            return Err(worker);
        }
        let is_first = state.resting.is_empty();
        state.resting.push_back(Resting { project, worker, since: Instant::now() });
        drop(state);
        if is_first {
            self.request(Request::Look);
        }
        Ok(())
    }

    /// Starts a worker that does not belong to the pool of query workers.
    pub(super) async fn start_apart(self: &Arc<Self>) -> Result<Started, LeaseError> {
        let (sender, started) = oneshot::channel();
        // Whoever asked may be gone by then; the worker is dropped, which kills it.
        let deliver = Box::new(move |result| drop(sender.send(result)));
        self.request(Request::Spawn(Purpose::Publish, deliver));
        match started.await {
            Ok(Ok(started)) => Ok(started),
            Ok(Err(failure)) => Err(LeaseError::Lost { end: failure.end() }),
            Err(_) => Err(LeaseError::Stopped),
        }
    }

    /// Starts spares until there are as many as there should be.
    pub(super) fn warm_up(self: &Arc<Self>) {
        self.refill(&mut self.lock());
    }

    /// Takes a worker that was started for the pool.
    pub(super) fn ready(&self, result: Result<Started, StartFailure>) {
        let mut state = self.lock();
        state.starting = state.starting.saturating_sub(1);
        match result {
            Ok(started) => {
                state.backoff.ready();
                state.place(started.worker, self.settings.warm);
            }
            Err(failure) => {
                let wait = state.backoff.failed(Instant::now());
                let (wait_ms, failures) = (wait.as_millis(), state.backoff.failures());
                tracing::error!(wait_ms, failures, "workers do not start; the next one waits");
                state.disappoint(failure.end());
                drop(state);
                self.request(Request::Look);
            }
        }
    }

    /// How many workers there are of which kind, and how many questions wait for one.
    pub(super) fn counts(&self) -> PoolCounts {
        let (taken, waiting) = (self.admission.taken(), self.admission.waiting());
        let publishing = self.publishing.taken();
        let state = self.lock();
        let unserved = state.waiters.iter().filter(|waiter| !waiter.is_closed()).count();
        PoolCounts {
            waiting: waiting + unserved,
            running: taken.saturating_sub(unserved),
            resting: state.resting.len(),
            spare: state.spares.len(),
            publishing,
        }
    }

    /// Notes a process, so that the pool's end is its end too.
    pub(super) fn enlist(&self, process: &Arc<Process>) {
        let mut state = self.lock();
        if state.stopped {
            process.kill(Stop::PoolStopped);
        }
        state.processes.insert(process.number, Arc::clone(process));
    }

    /// Forgets a process that is gone.
    pub(super) fn discharge(&self, number: u64) {
        let mut state = self.lock();
        state.processes.remove(&number);
        state.resting.retain(|resting| resting.worker.process.number != number);
        state.spares.retain(|worker| worker.process.number != number);
        drop(state);
        self.gone.notify_all();
    }

    /// When there is something to do that nobody asks for: the worker that rests longest has rested
    /// long enough, or a start that failed is to be tried again.
    pub(super) fn due(&self) -> Option<Instant> {
        let rest = Duration::from_secs(self.settings.idle_s);
        let state = self.lock();
        let rest_ends = state.resting.front().and_then(|resting| resting.since.checked_add(rest));
        let retry = state.backoff.not_before().filter(|_| state.starting == 0);
        rest_ends.into_iter().chain(retry).min()
    }

    /// Does what is due.
    pub(super) fn tick(self: &Arc<Self>, now: Instant) {
        self.retire(now);
        self.try_again(now);
    }

    /// Kills the workers that nobody needed for too long.
    fn retire(&self, now: Instant) {
        let rest = Duration::from_secs(self.settings.idle_s);
        let mut state = self.lock();
        while let Some(resting) = state
            .resting
            .pop_front_if(|resting| rest <= now.saturating_duration_since(resting.since))
        {
            resting.worker.process.kill(Stop::Idle);
        }
    }

    /// Starts a worker after starts that failed, so that the pool is well again before anybody asks;
    /// one is enough to see.
    fn try_again(self: &Arc<Self>, now: Instant) {
        let mut state = self.lock();
        let is_due = state.backoff.not_before().is_some_and(|due| due <= now);
        if is_due && state.starting == 0 && !state.stopped {
            self.start(&mut state);
        }
    }

    /// Ends everything: kills every process, and sends everybody away who waits.
    pub(super) fn close(&self) {
        self.admission.close();
        self.publishing.close();
        let mut state = self.lock();
        state.stopped = true;
        for process in state.processes.values() {
            process.kill(Stop::PoolStopped);
        }
        state.resting.clear();
        state.spares.clear();
        state.waiters.clear();
    }

    /// Waits until every process is gone, for as long as `patience`.
    ///
    /// # Order
    /// After the spawner has quit: it may have been starting one more.
    pub(super) fn bury(&self, patience: Duration) {
        let state = self.lock();
        let is_alive = |state: &mut State| !state.processes.is_empty();
        let waited = self.gone.wait_timeout_while(state, patience, is_alive);
        let (state, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
        if timeout.timed_out() {
            let left = state.processes.len();
            tracing::error!(workers = left, "workers were killed but did not end in time");
        }
    }

    /// Asks the spawner; once the pool has ended nobody listens, and nobody needs to.
    pub(super) fn request(&self, request: Request) {
        let _ = self.requests.send(request);
    }

    /// Asks for as many workers as there are waiters and missing spares.
    fn refill(self: &Arc<Self>, state: &mut State) {
        if state.stopped || state.backoff.left(Instant::now()).is_some() {
            return;
        }
        state.waiters.retain(|waiter| !waiter.is_closed());
        let wanted = state.waiters.len() + self.settings.warm;
        for _ in state.spares.len() + state.starting..wanted {
            self.start(state);
        }
    }

    /// Asks for one worker.
    fn start(self: &Arc<Self>, state: &mut State) {
        state.starting += 1;
        let crew = Arc::clone(self);
        let deliver = Box::new(move |result| crew.ready(result));
        self.request(Request::Spawn(Purpose::Query, deliver));
    }

    /// Kills workers at rest until those that may run have room.
    fn evict(&self, state: &mut State) {
        let room = self.admission.free();
        while room < state.resting.len() {
            if let Some(resting) = state.resting.pop_front() {
                resting.worker.process.kill(Stop::Evicted);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The worker of a project that rested shortest: its caches are the warmest.
    fn resting_for(&mut self, project: &ProjectId) -> Option<Worker> {
        let index = self.resting.iter().rposition(|resting| resting.project == *project)?;
        self.resting.remove(index).map(|resting| resting.worker)
    }

    /// Gives a new worker to whoever waits longest, else keeps it as a spare.
    fn place(&mut self, mut worker: Worker, warm: usize) {
        while let Some(waiter) = self.waiters.pop_front() {
            match waiter.send(Ok(worker)) {
                Ok(()) => return,
                Err(Ok(unwanted)) => worker = unwanted,
                Err(Err(_)) => return,
            }
        }
        if !self.stopped && self.spares.len() < warm {
            self.spares.push(worker);
        }
    }

    /// Tells those who wait longest that their workers did not start, until those that are still
    /// being started are enough for the others.
    fn disappoint(&mut self, end: WorkerEnd) {
        self.waiters.retain(|waiter| !waiter.is_closed());
        while self.starting < self.waiters.len()
            && let Some(waiter) = self.waiters.pop_front()
        {
            // Whoever gave up at this very moment needs no word.
            let _ = waiter.send(Err(end));
        }
    }
}
