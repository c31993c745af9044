//! All snapshots that a dataset ever had, for a list.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use domain::{DatasetName, SnapshotId};

use crate::snapshot::Snapshot;
use crate::tombstone::SignedTombstone;
use crate::view::View;

/// A snapshot in a list, or what stays of one.
#[derive(Clone, Copy, Debug)]
pub enum Listed<'a> {
    /// It is there.
    Snapshot(&'a Arc<Snapshot>),
    /// It was written anew, and another stands in its place.
    Tombstone(&'a Arc<SignedTombstone>),
}

impl<'a> Listed<'a> {
    /// Its id.
    #[must_use]
    pub fn id(self) -> &'a SnapshotId {
        match self {
            Self::Snapshot(snapshot) => snapshot.id(),
            Self::Tombstone(stone) => &stone.tombstone().snapshot.id,
        }
    }
}

impl View {
    /// The snapshots of a dataset, by the day they show, the latest first; each is followed by those
    /// in whose place it stands.
    #[must_use]
    pub fn listed(&self, dataset: &DatasetName) -> Vec<Listed<'_>> {
        let mut stones: BTreeMap<Option<&SnapshotId>, Vec<&Arc<SignedTombstone>>> = BTreeMap::new();
        for stone in self.tombstones.get(dataset).into_iter().flat_map(BTreeMap::values) {
            let standing = self.resolve(dataset, &stone.tombstone().snapshot.id);
            stones.entry(standing.map(|it| it.id())).or_default().push(stone);
        }
        stones.values_mut().for_each(|all| all.sort_by_key(|it| Reverse(it.tombstone().at)));
        let mut snapshots = self.snapshots(dataset);
        // What was written anew today shows the day that it always showed.
        snapshots.sort_by_key(|snapshot| Reverse(snapshot.manifest.as_of));
        let mut listed = Vec::new();
        for snapshot in snapshots {
            let before = stones.remove(&Some(snapshot.id())).into_iter().flatten();
            listed.push(Listed::Snapshot(snapshot));
            listed.extend(before.map(Listed::Tombstone));
        }
        // Of what is left out since it is damaged, the tombstones still stand.
        listed.extend(stones.into_values().flatten().map(Listed::Tombstone));
        listed
    }
}
