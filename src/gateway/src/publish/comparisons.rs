//! Comparisons that were made: snapshots never change, so neither do these.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use domain::SnapshotId;
use domain::task::Comparison;

/// How many are kept.
const KEPT_MAX: usize = 500;

/// Comparisons that were made, by both snapshots.
#[derive(Debug, Default)]
pub struct Comparisons(Mutex<BTreeMap<(SnapshotId, SnapshotId), Arc<Comparison>>>);

impl Comparisons {
    /// The comparison of two snapshots, if it is kept.
    pub(super) fn find(&self, from: &SnapshotId, to: &SnapshotId) -> Option<Arc<Comparison>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(&(from.clone(), to.clone())).cloned()
    }

    /// Keeps a comparison; where there are too many, all others go.
    pub(super) fn keep(&self, from: &SnapshotId, to: &SnapshotId, made: &Arc<Comparison>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if KEPT_MAX <= kept.len() {
            kept.clear();
        }
        kept.insert((from.clone(), to.clone()), Arc::clone(made));
    }
}
