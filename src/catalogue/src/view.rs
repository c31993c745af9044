//! The catalogue at one instant: what there is to read, unchanged for as long as someone holds it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::Arc;

use domain::codebook::Field;
use domain::grant::RowBounds;
use domain::question::{Mount, MountedFile};
use domain::{DatasetName, Date, Edition, EditionId, SnapshotId};

use crate::codebooks::{Codebooks, StoredCodebook};
use crate::damage::{Damage, DamageKind};
use crate::digest::digest;
use crate::edition::SignedEdition;
use crate::layout::Layout;
use crate::redactions::{DatasetRedactions, Redactions};
use crate::snapshot::Snapshot;
use crate::tombstone::SignedTombstone;
use crate::withdrawal::Withdrawal;

/// Why there is no edition for a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoEdition {
    /// Nothing has been published.
    #[error("nothing has been published yet")]
    NothingPublished,
    /// The first edition is later.
    #[error("the earliest edition is of {earliest}")]
    BeforeFirst {
        /// The date of the first edition.
        earliest: Date,
    },
}

/// Where a snapshot stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SnapshotState {
    /// The newest edition has it.
    Current,
    /// An earlier edition has it, the newest does not.
    Former,
    /// No edition has had it yet.
    Staged,
    /// No edition has had it yet, and a person must look at what was found before one has.
    Held,
}

impl SnapshotState {
    /// The state as listings write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Former => "former",
            Self::Staged => "staged",
            Self::Held => "held",
        }
    }
}

/// The catalogue at one instant.
#[derive(Clone, Debug)]
pub struct View {
    pub(crate) layout: Layout,
    pub(crate) codebooks: Codebooks,
    pub(crate) snapshots: BTreeMap<DatasetName, BTreeMap<SnapshotId, Arc<Snapshot>>>,
    pub(crate) editions: Vec<Arc<SignedEdition>>,
    pub(crate) tombstones: BTreeMap<DatasetName, BTreeMap<SnapshotId, Arc<SignedTombstone>>>,
    pub(crate) redactions: Redactions,
    pub(crate) withdrawn: BTreeMap<DatasetName, BTreeMap<SnapshotId, Withdrawal>>,
}

impl View {
    /// The names of all datasets: those of this program, and those published by an earlier one.
    #[must_use]
    pub fn datasets(&self) -> BTreeSet<&DatasetName> {
        self.codebooks.keys().chain(self.snapshots.keys()).collect()
    }

    /// What a reader is told of a dataset: the codebook of its current snapshot, or, while nothing
    /// of it is published, the one that the next snapshot must keep to.
    #[must_use]
    pub fn codebook(&self, dataset: &DatasetName) -> Option<&Arc<StoredCodebook>> {
        let of_current = self.current(dataset).map(|snapshot| snapshot.stored_codebook());
        of_current
            .or_else(|| self.enforced(dataset))
            .or_else(|| Some(self.snapshots(dataset).first()?.stored_codebook()))
    }

    /// The codebook that the next snapshot of a dataset must keep to: this program's.
    #[must_use]
    pub fn enforced(&self, dataset: &DatasetName) -> Option<&Arc<StoredCodebook>> {
        self.codebooks.get(dataset)
    }

    /// The snapshots of a dataset, newest first.
    #[must_use]
    pub fn snapshots(&self, dataset: &DatasetName) -> Vec<&Arc<Snapshot>> {
        let all = self.snapshots.get(dataset).into_iter().flat_map(BTreeMap::values);
        let mut all: Vec<_> = all.collect();
        all.sort_by(|a, b| (b.manifest.created, &b.id).cmp(&(a.manifest.created, &a.id)));
        all
    }

    /// One snapshot.
    #[must_use]
    pub fn snapshot(&self, dataset: &DatasetName, id: &SnapshotId) -> Option<&Arc<Snapshot>> {
        self.snapshots.get(dataset)?.get(id)
    }

    /// The snapshot of a dataset that the newest edition has.
    #[must_use]
    pub fn current(&self, dataset: &DatasetName) -> Option<&Arc<Snapshot>> {
        self.in_edition(self.newest()?.edition(), dataset)
    }

    /// The snapshot of a dataset that an edition has.
    #[must_use]
    pub fn in_edition(&self, edition: &Edition, dataset: &DatasetName) -> Option<&Arc<Snapshot>> {
        self.resolve(dataset, &edition.snapshots.get(dataset)?.id)
    }

    /// What stays of a snapshot that was written anew without what the law takes out.
    #[must_use]
    pub fn tombstone(
        &self,
        dataset: &DatasetName,
        id: &SnapshotId,
    ) -> Option<&Arc<SignedTombstone>> {
        self.tombstones.get(dataset)?.get(id)
    }

    /// One snapshot, or the one that stands in its place.
    #[must_use]
    pub fn resolve(&self, dataset: &DatasetName, id: &SnapshotId) -> Option<&Arc<Snapshot>> {
        let mut id = id;
        // Successors are newer than what they stand for, so that no way is longer than all there are.
        for _ in 0..=self.tombstones.get(dataset).map_or(0, BTreeMap::len) {
            match self.tombstone(dataset, id) {
                Some(stone) => id = &stone.tombstone().successor.id,
                None => return self.snapshot(dataset, id),
            }
        }
        None
    }

    /// The tombstones in whose place a snapshot stands, those of earlier compactions too.
    #[must_use]
    pub fn replaced_by(&self, snapshot: &Snapshot) -> Vec<&Arc<SignedTombstone>> {
        let all = self.tombstones.get(snapshot.dataset()).into_iter().flat_map(BTreeMap::values);
        let dataset = snapshot.dataset();
        all.filter(|stone| {
            let resolved = self.resolve(dataset, &stone.tombstone().snapshot.id);
            resolved.is_some_and(|resolved| resolved.id() == snapshot.id())
        })
        .collect()
    }

    /// What the law takes out of a dataset.
    #[must_use]
    pub fn redactions(&self, dataset: &DatasetName) -> Option<&Arc<DatasetRedactions>> {
        self.redactions.get(dataset)
    }

    /// What a worker mounts of a snapshot: the fields that are covered and the rows within bounds,
    /// without what the law takes out.
    #[must_use]
    pub fn mount(
        &self,
        snapshot: &Snapshot,
        covers: impl Fn(&Field) -> bool,
        rows: RowBounds,
    ) -> Mount {
        let mut mount = snapshot.mount(covers, rows);
        if let Some(redactions) = self.redactions(snapshot.dataset()) {
            redactions.apply(&mut mount, snapshot.codebook());
        }
        mount
    }

    /// Where a snapshot stands.
    #[must_use]
    pub fn state(&self, snapshot: &Snapshot) -> SnapshotState {
        let has = |edition: &Arc<SignedEdition>| {
            let named = self.in_edition(edition.edition(), snapshot.dataset());
            named.is_some_and(|named| named.id() == snapshot.id())
        };
        match self.editions.split_last() {
            Some((newest, _)) if has(newest) => SnapshotState::Current,
            Some((_, earlier)) if earlier.iter().any(has) => SnapshotState::Former,
            _ if snapshot.is_held() => SnapshotState::Held,
            _ => SnapshotState::Staged,
        }
    }

    /// All editions, oldest first.
    #[must_use]
    pub fn editions(&self) -> &[Arc<SignedEdition>] {
        &self.editions
    }

    /// The newest edition.
    #[must_use]
    pub fn newest(&self) -> Option<&Arc<SignedEdition>> {
        self.editions.last()
    }

    /// The newest edition, or the newest not later than a date.
    ///
    /// # Errors
    /// When nothing is published, or nothing as early as that; says which date is the earliest.
    pub fn edition(&self, as_of: Option<Date>) -> Result<&Arc<SignedEdition>, NoEdition> {
        let (Some(first), Some(newest)) = (self.editions.first(), self.editions.last()) else {
            return Err(NoEdition::NothingPublished);
        };
        let Some(as_of) = as_of else { return Ok(newest) };
        let later = self.editions.partition_point(|edition| edition.edition().as_of <= as_of);
        later
            .checked_sub(1)
            .and_then(|index| self.editions.get(index))
            .ok_or(NoEdition::BeforeFirst { earliest: first.edition().as_of })
    }

    /// The edition with an id.
    #[must_use]
    pub fn edition_by_id(&self, id: &EditionId) -> Option<&Arc<SignedEdition>> {
        self.editions.iter().find(|edition| edition.id() == id)
    }

    /// The snapshot of a dataset that was current on a day: that of the newest edition not later.
    ///
    /// # Errors
    /// As [`View::edition`]; where that edition lacks the dataset, there is none.
    pub fn snapshot_at(
        &self,
        dataset: &DatasetName,
        day: Date,
    ) -> Result<Option<&Arc<Snapshot>>, NoEdition> {
        Ok(self.in_edition(self.edition(Some(day))?.edition(), dataset))
    }

    /// Opens one file of a snapshot for reading, to be passed to a worker.
    ///
    /// # Errors
    /// When it is not there, or not as long as the manifest says. Its digest is not looked at:
    /// that is what verification is for.
    pub fn open_file(&self, dataset: &DatasetName, file: &MountedFile) -> Result<File, Damage> {
        let path = self.layout.file(dataset, &file.sha256);
        let damage = |kind| Damage { file: self.layout.relative(&path), kind };
        let opened = open_regular(&path).map_err(damage)?;
        let found_bytes =
            opened.metadata().map_err(|error| damage(DamageKind::from_io(error)))?.len();
        if found_bytes != file.bytes {
            let expected_bytes = file.bytes;
            return Err(damage(DamageKind::Length { expected_bytes, found_bytes }));
        }
        Ok(opened)
    }

    /// Reads a file of a dataset whole, and holds it against its digest.
    ///
    /// # Errors
    /// When it is not what was signed.
    pub fn check_file(&self, dataset: &DatasetName, file: &MountedFile) -> Result<(), Damage> {
        let mut opened = self.open_file(dataset, file)?;
        let found = digest(&mut opened).and_then(|found| found.check(file.sha256, file.bytes));
        let path = self.layout.file(dataset, &file.sha256);
        found.map_err(|kind| Damage { file: self.layout.relative(&path), kind })
    }
}

/// Opens a regular file for reading; never follows a link, never waits for a pipe.
pub(crate) fn open_regular(path: &Path) -> Result<File, DamageKind> {
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    let flags = i32::try_from(flags.bits()).expect("invariant: flags of open(2) are an int");
    let file = File::options().read(true).custom_flags(flags).open(path);
    let file = file.map_err(DamageKind::from_io)?;
    if file.metadata().map_err(DamageKind::from_io)?.is_file() {
        Ok(file)
    } else {
        Err(DamageKind::NotAFile)
    }
}
