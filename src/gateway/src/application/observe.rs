//! What the rooms below tell of their work, for the metrics and the server's log.

use std::time::Duration;

use ledger::TreeSize;
use ledger::log::observe::Failure;
use sandbox::{PoolObserver, WorkerEnd};

use crate::http::problem::chain;
use crate::metrics::Metrics;

/// Counts what the rooms below tell.
pub(super) struct Observer(pub(super) Metrics);

impl ledger::Observer for Observer {
    fn on_commit(&self, entries: usize, elapsed: Duration) {
        self.0.log_commit(entries, elapsed);
    }

    fn on_seal(&self, size: TreeSize, elapsed: Duration) {
        self.0.log_seal(size.get(), elapsed);
    }

    fn on_failure(&self, failure: &Failure) {
        tracing::error!(cause = %chain(failure), "the log accepts no entries any more");
    }
}

impl PoolObserver for Observer {
    fn spawned(&self, elapsed: Duration) {
        self.0.worker_started(elapsed);
    }

    fn died(&self, end: WorkerEnd) {
        self.0.worker_ended(end.as_str());
    }
}
