//! What is told with every answer: notices of the snapshots that it rests on, as of now.
//!
//! # Invariant
//! An answer that leaves now carries what is known now, also one that was stored earlier.

use domain::{DatasetName, Notice, SnapshotId};

use crate::Application;

impl Application {
    /// What is told of some snapshots now, in their order.
    pub(crate) fn notices<'a>(
        &self,
        snapshots: impl Iterator<Item = (&'a DatasetName, &'a SnapshotId)>,
    ) -> Vec<Notice> {
        let view = self.catalogue().view();
        let found = snapshots.filter_map(|(dataset, id)| view.resolve(dataset, id));
        found.flat_map(|snapshot| view.notices(snapshot)).collect()
    }
}
