//! Withdrawals: snapshots from which nothing is answered any more, by name and with the reason.
//!
//! What is withdrawn the log says; here it is only remembered, and told again at each start. The
//! manifest and the files stay: a withdrawal can be undone.
//!
//! # Invariant
//! A withdrawn snapshot is never skipped in silence: whoever means it is refused.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::{DatasetName, Date, SnapshotId, Timestamp};

use crate::Catalogue;
use crate::snapshot::Snapshot;
use crate::view::View;

/// Why and when a snapshot was withdrawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Withdrawal {
    /// Why.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

/// The no of a snapshot that was withdrawn.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "The snapshot {snapshot} of `{dataset}` was withdrawn on {}: “{reason}”. {}",
    at.date(), advice(before.as_ref())
)]
pub struct Withdrawn {
    /// The dataset.
    pub dataset: DatasetName,
    /// The snapshot.
    pub snapshot: SnapshotId,
    /// Why it was withdrawn.
    pub reason: String,
    /// When.
    pub at: Timestamp,
    /// The snapshot before it that still stands, and the date of the last edition that had it.
    pub before: Option<(SnapshotId, Date)>,
}

fn advice(before: Option<&(SnapshotId, Date)>) -> String {
    match before {
        Some((id, as_of)) => format!(
            "The one before it is {id}, in the edition of {as_of}: ask that by `as_of`, or write \
             VERSION AS OF '{id}' after the dataset's name."
        ),
        None => {
            "There is none before it; ask again when the steward has published anew.".to_owned()
        }
    }
}

impl Catalogue {
    /// Takes a snapshot back, after the log has the entry.
    pub fn withdraw(&self, dataset: &DatasetName, id: &SnapshotId, withdrawal: Withdrawal) {
        self.change_view(|view| {
            let of_dataset = view.withdrawn.entry(dataset.clone()).or_default();
            of_dataset.insert(id.clone(), withdrawal);
        });
    }

    /// Lets a snapshot that was withdrawn be asked again, after the log has the entry.
    pub fn reinstate(&self, dataset: &DatasetName, id: &SnapshotId) {
        self.change_view(|view| {
            let withdrawn = view.withdrawn.get(dataset).into_iter().flat_map(BTreeMap::keys);
            let alike = withdrawn.filter(|other| view.is_same(dataset, other, id));
            let alike: Vec<SnapshotId> = alike.cloned().collect();
            if let Some(of_dataset) = view.withdrawn.get_mut(dataset) {
                of_dataset.retain(|other, _| !alike.contains(other));
            }
        });
    }
}

impl View {
    /// Why and when a snapshot was withdrawn, if it was: itself, or what it stands in the place of.
    #[must_use]
    pub fn withdrawal(&self, dataset: &DatasetName, id: &SnapshotId) -> Option<&Withdrawal> {
        let mut withdrawn = self.withdrawn.get(dataset)?.iter();
        withdrawn.find(|(other, _)| self.is_same(dataset, other, id)).map(|(_, found)| found)
    }

    /// Whether two ids mean one snapshot, since one stands in the place of the other.
    fn is_same(&self, dataset: &DatasetName, one: &SnapshotId, other: &SnapshotId) -> bool {
        let standing = |id| self.resolve(dataset, id).map(|snapshot| snapshot.id());
        one == other || standing(one).is_some_and(|one| standing(other) == Some(one))
    }

    /// Checks that a snapshot was not withdrawn.
    ///
    /// # Errors
    /// [`Withdrawn`], which names the one before it.
    pub fn check_standing(&self, dataset: &DatasetName, id: &SnapshotId) -> Result<(), Withdrawn> {
        let Some(withdrawal) = self.withdrawal(dataset, id) else { return Ok(()) };
        let Withdrawal { reason, at } = withdrawal.clone();
        let (dataset, snapshot) = (dataset.clone(), id.clone());
        let before = self.standing_before(&dataset, &snapshot);
        Err(Withdrawn { dataset, snapshot, reason, at, before })
    }

    /// The snapshots that were published in place of one and were not withdrawn themselves.
    #[must_use]
    pub fn superseded_by(&self, snapshot: &Snapshot) -> Vec<&Arc<Snapshot>> {
        let mut all = self.snapshots(snapshot.dataset());
        all.retain(|other| {
            let names_it = other.manifest().supersedes.as_ref() == Some(snapshot.id());
            names_it && self.withdrawal(other.dataset(), other.id()).is_none()
        });
        all
    }

    /// The last snapshot that was current before one and still stands, with the date of the last
    /// edition that had it; of one that no edition had, the last of all.
    fn standing_before(
        &self,
        dataset: &DatasetName,
        id: &SnapshotId,
    ) -> Option<(SnapshotId, Date)> {
        let named = self.editions().iter().filter_map(|signed| {
            let edition = signed.edition();
            Some((self.in_edition(edition, dataset)?.id().clone(), edition.as_of))
        });
        let earlier: Vec<_> =
            named.take_while(|(named, _)| !self.is_same(dataset, named, id)).collect();
        let stands = |(named, _): &(SnapshotId, Date)| self.withdrawal(dataset, named).is_none();
        earlier.into_iter().rev().find(stands)
    }
}
