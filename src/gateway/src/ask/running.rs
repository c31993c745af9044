//! Which queries run now, and what became of those that ended without an answer.
//!
//! # Invariant
//! A query is listed here from before it waits for a worker until its outcome is durable, so that
//! cancelling it finds it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use catalogue::Withdrawn;
use domain::{DatasetName, ProjectId, QueryId, Role, SnapshotId, Timestamp};
use tokio::sync::{oneshot, watch};

use crate::ask::{AskError, Asking, Stopped};
use crate::http::problem::Problem;

/// Which queries run now.
#[derive(Debug)]
pub struct Running {
    state: Arc<Mutex<State>>,
    count: watch::Sender<usize>,
}

#[derive(Debug, Default)]
struct State {
    running: HashMap<QueryId, Handle>,
    ended: HashMap<QueryId, (Timestamp, Problem)>,
}

/// What is needed to stop a query.
#[derive(Debug)]
struct Handle {
    project: Option<ProjectId>,
    role: Role,
    asked_at: Timestamp,
    /// What it reads, once that is known.
    snapshots: Vec<(DatasetName, SnapshotId)>,
    stop: Option<oneshot::Sender<StopReason>>,
}

/// Why a query is stopped from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
enum StopReason {
    Cancelled,
    Abandoned,
    Closing,
    Withdrawn(Box<Withdrawn>),
}

/// A query's place among those that run; given up when dropped.
pub(crate) struct RunningQuery {
    query: QueryId,
    stop: oneshot::Receiver<StopReason>,
    state: Arc<Mutex<State>>,
    count: watch::Sender<usize>,
}

impl Default for Running {
    fn default() -> Self {
        Self { state: Arc::default(), count: watch::Sender::new(0) }
    }
}

impl Running {
    /// Lists a query.
    pub(crate) fn enter(&self, asking: &Asking, asked_at: Timestamp) -> RunningQuery {
        let (stop, stopped) = oneshot::channel();
        let (project, role) = (asking.principal.project.clone(), asking.principal.role);
        let (snapshots, stop) = (Vec::new(), Some(stop));
        let handle = Handle { project, role, asked_at, snapshots, stop };
        let mut state = lock(&self.state);
        state.running.insert(asking.query.clone(), handle);
        self.count.send_replace(state.running.len());
        let (state, count) = (Arc::clone(&self.state), self.count.clone());
        RunningQuery { query: asking.query.clone(), stop: stopped, state, count }
    }

    /// Stops a query that a project asked in a role. False where it does not run.
    pub fn cancel(&self, project: &ProjectId, role: Role, query: &QueryId) -> bool {
        let mut state = lock(&self.state);
        let handle = state.running.get_mut(query);
        let Some(handle) = handle.filter(|handle| handle.is_of(project, role)) else {
            return false;
        };
        if let Some(stop) = handle.stop.take() {
            // It may be ending at this very moment.
            let _ = stop.send(StopReason::Cancelled);
        }
        true
    }

    /// Stops a query that nobody waits for any more. Nothing happens where it has ended.
    pub(crate) fn abandon(&self, query: &QueryId) {
        let mut state = lock(&self.state);
        if let Some(stop) = state.running.get_mut(query).and_then(|handle| handle.stop.take()) {
            // It may be ending at this very moment.
            let _ = stop.send(StopReason::Abandoned);
        }
    }

    /// Stops every query that reads a snapshot which was withdrawn.
    pub(crate) fn withdraw(&self, withdrawn: &Withdrawn) {
        for handle in lock(&self.state).running.values_mut() {
            let mut read = handle.snapshots.iter();
            let reads_it = read
                .any(|(dataset, id)| (dataset, id) == (&withdrawn.dataset, &withdrawn.snapshot));
            if reads_it && let Some(stop) = handle.stop.take() {
                // It may be ending at this very moment.
                let _ = stop.send(StopReason::Withdrawn(Box::new(withdrawn.clone())));
            }
        }
    }

    /// The queries that a project asked in a role and that are on their way, newest first, with
    /// the moments at which they were asked.
    #[must_use]
    pub fn of(&self, project: &ProjectId, role: Role) -> Vec<(QueryId, Timestamp)> {
        let state = lock(&self.state);
        let own = state.running.iter().filter(|(_, handle)| handle.is_of(project, role));
        let mut own: Vec<_> = own.map(|(query, it)| (query.clone(), it.asked_at)).collect();
        own.sort_unstable_by(|one, other| other.0.cmp(&one.0));
        own
    }

    /// Notes what a query reads, so that withdrawing it stops the query.
    pub(crate) fn note_reads(&self, query: &QueryId, snapshots: Vec<(DatasetName, SnapshotId)>) {
        if let Some(handle) = lock(&self.state).running.get_mut(query) {
            handle.snapshots = snapshots;
        }
    }

    /// Whether a query runs.
    #[must_use]
    pub fn runs(&self, query: &QueryId) -> bool {
        lock(&self.state).running.contains_key(query)
    }

    /// Stops all queries, since the server is being stopped.
    pub(crate) fn stop_all(&self) {
        for handle in lock(&self.state).running.values_mut() {
            if let Some(stop) = handle.stop.take() {
                let _ = stop.send(StopReason::Closing);
            }
        }
    }

    /// Waits until no query runs.
    pub(crate) async fn idle(&self) {
        // The sender lives as long as this does.
        let _ = self.count.subscribe().wait_for(|count| *count == 0).await;
    }

    /// Remembers why a query has no answer, for who asks after it.
    pub(crate) fn remember(&self, asking: &Asking, error: &AskError, now: Timestamp) {
        let problem = Problem::from(error);
        lock(&self.state).ended.insert(asking.query.clone(), (now, problem));
    }

    /// Why a query has no answer, if that is remembered.
    #[must_use]
    pub fn problem_of(&self, query: &QueryId) -> Option<Problem> {
        lock(&self.state).ended.get(query).map(|(_, problem)| problem.clone())
    }

    /// Forgets what ended before a moment.
    pub(crate) fn forget_before(&self, moment: Timestamp) {
        lock(&self.state).ended.retain(|_, (ended, _)| moment <= *ended);
    }
}

impl Handle {
    /// Whether a project asked it in a role; regulators and auditors share a project.
    fn is_of(&self, project: &ProjectId, role: Role) -> bool {
        self.project.as_ref() == Some(project) && self.role == role
    }
}

impl RunningQuery {
    /// Waits until the query is to be stopped.
    pub(crate) async fn stopped(&mut self) -> AskError {
        match (&mut self.stop).await {
            Ok(StopReason::Cancelled) => Stopped::Cancelled.into(),
            Ok(StopReason::Abandoned) => Stopped::Abandoned.into(),
            Ok(StopReason::Closing) => AskError::Closing,
            Ok(StopReason::Withdrawn(withdrawn)) => AskError::SnapshotWithdrawn(withdrawn),
            // Nobody can stop it any more.
            Err(_) => std::future::pending().await,
        }
    }
}

impl Drop for RunningQuery {
    fn drop(&mut self) {
        let mut state = lock(&self.state);
        state.running.remove(&self.query);
        self.count.send_replace(state.running.len());
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
