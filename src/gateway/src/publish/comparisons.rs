//! Comparisons that were made: they hold for as long as nothing more is taken out.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use domain::SnapshotId;
use domain::task::Comparison;

/// How many are kept.
const KEPT_MAX: usize = 500;

/// Comparisons that were made, by both snapshots.
#[derive(Debug, Default)]
pub struct Comparisons(Mutex<BTreeMap<(SnapshotId, SnapshotId), Kept>>);

/// A comparison, and how many redactions of the dataset were in force when it was made.
#[derive(Debug)]
struct Kept {
    redactions: u64,
    comparison: Arc<Comparison>,
}

impl Comparisons {
    /// The comparison of two snapshots, if it is kept and nothing was taken out since.
    pub(super) fn find(
        &self,
        from: &SnapshotId,
        to: &SnapshotId,
        redactions: u64,
    ) -> Option<Arc<Comparison>> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = all.get(&(from.clone(), to.clone()));
        kept.filter(|kept| kept.redactions == redactions).map(|kept| Arc::clone(&kept.comparison))
    }

    /// Keeps a comparison that was made under so many redactions; where there are too many, all
    /// others go.
    pub(super) fn keep(
        &self,
        from: &SnapshotId,
        to: &SnapshotId,
        redactions: u64,
        made: Comparison,
    ) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if KEPT_MAX <= all.len() {
            all.clear();
        }
        let kept = Kept { redactions, comparison: Arc::new(made) };
        all.insert((from.clone(), to.clone()), kept);
    }
}

#[cfg(test)]
mod tests {
    use domain::Sha256Digest;

    use super::*;

    #[test]
    fn a_comparison_is_kept_until_more_is_taken_out() {
        let [from, to] = [b"one", b"two"].map(|it| SnapshotId::from_digest(&Sha256Digest::of(it)));
        let kept = Comparisons::default();

        kept.keep(&from, &to, 1, Comparison::default());

        assert!(kept.find(&from, &to, 1).is_some());
        assert!(kept.find(&from, &to, 2).is_none());
        assert!(kept.find(&to, &from, 1).is_none());
    }
}
