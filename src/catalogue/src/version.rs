//! Versions: which snapshot a statement means by an id or a day.

use std::sync::Arc;

use domain::question::Version;
use domain::{DatasetName, Date, SnapshotId};

use crate::snapshot::Snapshot;
use crate::view::{SnapshotState, View};

/// Why a version is not there; says which is nearest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoVersion {
    /// Nothing of the dataset is in any edition.
    #[error("No edition has a snapshot of `{dataset}` yet.")]
    NothingPublished {
        /// The dataset.
        dataset: DatasetName,
    },
    /// The dataset has no such snapshot.
    #[error(
        "There is no snapshot {wanted} of `{dataset}`. The newest is {newest} of {as_of}; \
         `GET /v1/datasets/{dataset}/snapshots` lists all."
    )]
    Unknown {
        /// The dataset.
        dataset: DatasetName,
        /// What was asked for.
        wanted: SnapshotId,
        /// The snapshot that became current last.
        newest: SnapshotId,
        /// The day whose state that one shows.
        as_of: Date,
    },
    /// The snapshot was not activated.
    #[error(
        "The snapshot {wanted} of `{dataset}` is staged: no edition has had it yet. The newest \
         that can be asked is {newest} of {as_of}."
    )]
    Staged {
        /// The dataset.
        dataset: DatasetName,
        /// What was asked for.
        wanted: SnapshotId,
        /// The snapshot that became current last.
        newest: SnapshotId,
        /// The day whose state that one shows.
        as_of: Date,
    },
    /// The day is before the first edition that has the dataset.
    #[error(
        "There is no version of `{dataset}` as early as {wanted}; the next after it is {first}, in \
         the edition of {as_of}."
    )]
    TooEarly {
        /// The dataset.
        dataset: DatasetName,
        /// What was asked for.
        wanted: Date,
        /// The first snapshot that was current.
        first: SnapshotId,
        /// The date of the first edition that has it.
        as_of: Date,
    },
}

impl View {
    /// The snapshot that a version of a dataset means: of an id that one, or what stands in its
    /// place; of a day that which the newest edition not later has.
    ///
    /// # Errors
    /// [`NoVersion`], which names the nearest. A snapshot that no edition has had is none.
    pub fn version(
        &self,
        dataset: &DatasetName,
        version: &Version,
    ) -> Result<&Arc<Snapshot>, NoVersion> {
        match version {
            Version::Snapshot(id) => self.version_by_id(dataset, id),
            Version::Day(day) => {
                let found = self.snapshot_at(dataset, *day).ok().flatten();
                found.ok_or_else(|| self.too_early(dataset, *day))
            }
        }
    }

    fn version_by_id(
        &self,
        dataset: &DatasetName,
        id: &SnapshotId,
    ) -> Result<&Arc<Snapshot>, NoVersion> {
        let found = self.resolve(dataset, id);
        let is_staged = found.is_some_and(|found| self.state(found) == SnapshotState::Staged);
        if let Some(found) = found.filter(|_| !is_staged) {
            return Ok(found);
        }
        let (dataset, wanted) = (dataset.clone(), id.clone());
        let Some(newest) = self.current(&dataset) else {
            return Err(NoVersion::NothingPublished { dataset });
        };
        let (newest, as_of) = (newest.id().clone(), newest.manifest().as_of);
        Err(match is_staged {
            true => NoVersion::Staged { dataset, wanted, newest, as_of },
            false => NoVersion::Unknown { dataset, wanted, newest, as_of },
        })
    }

    /// That there is nothing as early as a day, and what comes next.
    fn too_early(&self, dataset: &DatasetName, wanted: Date) -> NoVersion {
        let dataset = dataset.clone();
        let mut editions = self.editions().iter().map(|signed| signed.edition());
        let first = editions.find_map(|edition| Some((edition, edition.snapshots.get(&dataset)?)));
        match first {
            Some((edition, named)) => {
                let (first, as_of) = (named.id.clone(), edition.as_of);
                NoVersion::TooEarly { dataset, wanted, first, as_of }
            }
            None => NoVersion::NothingPublished { dataset },
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::Sha256Digest;

    use super::*;
    use crate::fixture::{Room, day, name};

    #[test]
    fn a_version_is_a_snapshot_or_what_was_current_on_a_day() {
        let room = Room::new();
        let catalogue = room.open().unwrap();
        let first = room.publish(&catalogue, "listings", day("2026-10-01"), &[(None, b"first")]);
        let second = room.publish(&catalogue, "listings", day("2026-11-01"), &[(None, b"second")]);
        let staged = room.stage(&catalogue, "listings", day("2026-11-02"), &[(None, b"staged")]);
        let view = catalogue.view();
        let version = |text: &str| {
            let version = Version::parse(text).unwrap();
            view.version(&name("listings"), &version).map(|found| found.id().clone())
        };

        for (text, found) in [
            (first.id().as_str(), &first),
            ("2026-10-01", &first),
            ("2026-10-31", &first),
            ("2026-11-01", &second),
            ("2030-01-01", &second),
        ] {
            assert_eq!(version(text).as_ref(), Ok(found.id()), "{text}");
        }
        let early = version("2026-09-30").unwrap_err().to_string();
        assert!(early.contains(first.id().as_str()) && early.contains("2026-10-01"), "{early}");
        let none = version(SnapshotId::from_digest(&Sha256Digest::of(b"")).as_str()).unwrap_err();
        assert!(none.to_string().contains(second.id().as_str()), "{none}");
        assert!(matches!(version(staged.id().as_str()), Err(NoVersion::Staged { .. })));
        let notices = view.version(&name("notices"), &Version::Day(day("2026-11-01")));
        assert!(matches!(notices, Err(NoVersion::NothingPublished { .. })));
    }
}
