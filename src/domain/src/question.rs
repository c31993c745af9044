//! Questions: what a caller asks, as it crosses the wall.
//!
//! The SQL text is opaque outside the worker.

use std::collections::HashSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::codebook::{Class, Field, Tier};
use crate::grant::RowBounds;
use crate::ids::{ColumnName, DatasetName, GrantId, Sha256Digest, SnapshotId};
use crate::limits::Limits;
use crate::redaction::MountedRedactions;
use crate::time::Date;
use crate::verdict::{Position, Verdict};

/// The form in which an answer leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// `application/json`: one object with columns and rows.
    Json,
    /// `application/x-ndjson`: one object a line.
    Ndjson,
    /// `text/csv` (RFC 4180) with a header line.
    Csv,
    /// `application/vnd.apache.arrow.stream`.
    Arrow,
    /// `application/vnd.apache.parquet`.
    Parquet,
}

impl Format {
    /// All formats, the default first.
    pub const ALL: [Self; 5] = [Self::Json, Self::Ndjson, Self::Csv, Self::Arrow, Self::Parquet];

    /// Its media type.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Ndjson => "application/x-ndjson",
            Self::Csv => "text/csv",
            Self::Arrow => "application/vnd.apache.arrow.stream",
            Self::Parquet => "application/vnd.apache.parquet",
        }
    }
}

/// What happens when an answer would pass its row or byte limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnLimit {
    /// The query stops with a problem.
    #[default]
    Stop,
    /// The answer is cut at the row limit, and says so.
    Truncate,
}

impl OnLimit {
    /// The word that callers and the log have for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Truncate => "truncate",
        }
    }
}

/// One question, as the gateway hands it to a worker for planning.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Question {
    /// The SQL text.
    pub sql: String,
    /// The values of `$1, $2 …`, as JSON text; typed by the plan.
    pub parameters_json: String,
    /// `now()` and `current_date` are this day at 00:00 UTC.
    pub as_of: Date,
    /// The limits in force.
    pub limits: Limits,
    /// What happens at the row or byte limit.
    pub on_limit: OnLimit,
    /// The form of the answer.
    pub format: Format,
    /// Whether the verdict should carry the plan as text.
    pub explain: bool,
    /// What may be consulted.
    pub mounts: Vec<Mount>,
    /// The versions that the statement pins, as far as they are resolved; empty until the worker
    /// has asked for them.
    pub pins: Vec<Pin>,
    /// What there is beside that, for messages only.
    pub known: Vec<KnownDataset>,
}

/// One snapshot of one dataset, as far as a project may consult it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mount {
    /// The dataset, which is the table's name in SQL.
    pub dataset: DatasetName,
    /// The snapshot.
    pub snapshot: SnapshotId,
    /// The granted columns, in the codebook's order.
    pub fields: Vec<MountedField>,
    /// Rows that the grant leaves out, if it does.
    pub rows: RowBounds,
    /// The column that `rows.from` and `rows.until` bound.
    pub time_column: Option<Field>,
    /// The column that `rows.member_states` bounds.
    pub member_state_column: Option<Field>,
    /// The files, in the manifest's order; *go* brings the descriptors of [`Mount::descriptors`].
    pub files: Vec<MountedFile>,
    /// The order in which each file's rows are laid out.
    pub sort_order: Vec<ColumnName>,
    /// What the law takes out of it, unless its files lack that already.
    pub redactions: Option<Box<MountedRedactions>>,
}

impl Mount {
    /// The files whose descriptors *go* brings, in that order: those of the snapshot, then the
    /// keys of its redactions.
    pub fn descriptors(&self) -> impl Iterator<Item = &MountedFile> {
        self.files.iter().chain(self.redacted_keys())
    }

    /// The file with the keys of its redactions.
    #[must_use]
    pub fn redacted_keys(&self) -> Option<&MountedFile> {
        self.redactions.as_ref()?.keys.as_ref()
    }
}

/// How many versions one statement may pin: a year of months, and some more. Each costs the
/// planning of a table and a descriptor for each of its files.
pub const PINS_MAX: usize = 16;

/// A version of a dataset, as a statement names it.
///
/// # Shape
/// The id of a snapshot, or a day `2026-10-01`: the snapshot that the newest edition not later than
/// that day has.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Version {
    /// This snapshot.
    Snapshot(SnapshotId),
    /// The one that was current on a day.
    Day(Date),
}

/// A text that names no version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a version is a date, such as 2026-10-01, or the id of a snapshot")]
pub struct InvalidVersion;

impl Version {
    /// Reads a version that came from outside.
    ///
    /// # Errors
    /// When the text is neither a day, in the one spelling it has, nor the id of a snapshot.
    pub fn parse(text: &str) -> Result<Self, InvalidVersion> {
        if let Ok(id) = SnapshotId::parse(text) {
            return Ok(Self::Snapshot(id));
        }
        let day = text.parse::<Date>().map_err(|_| InvalidVersion)?;
        if day.to_string() == text { Ok(Self::Day(day)) } else { Err(InvalidVersion) }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Snapshot(id) => write!(f, "{id}"),
            Self::Day(day) => write!(f, "{day}"),
        }
    }
}

impl TryFrom<String> for Version {
    type Error = InvalidVersion;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<Version> for String {
    fn from(version: Version) -> Self {
        version.to_string()
    }
}

/// A version that a statement pins, for the gateway to resolve.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionWanted {
    /// Of which dataset.
    pub dataset: DatasetName,
    /// Which.
    pub version: Version,
    /// Where in the SQL.
    pub position: Option<Position>,
}

/// A version that a statement pins, resolved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pin {
    /// What the statement names.
    pub version: Version,
    /// The snapshot that it is, as far as the project may consult it.
    pub mount: Mount,
    /// All columns of that snapshot with their class, for messages only.
    pub columns: Vec<(ColumnName, Class)>,
}

impl Question {
    /// The pin of a dataset's version, if it is resolved.
    #[must_use]
    pub fn pin(&self, dataset: &str, version: &Version) -> Option<&Pin> {
        let mut pins = self.pins.iter();
        pins.find(|pin| pin.mount.dataset.as_str() == dataset && pin.version == *version)
    }

    /// The mount of a snapshot, whether of the edition or pinned.
    #[must_use]
    pub fn mount(&self, dataset: &DatasetName, snapshot: &SnapshotId) -> Option<&Mount> {
        let mut all = self.mounts.iter().chain(self.pins.iter().map(|pin| &pin.mount));
        all.find(|mount| mount.dataset == *dataset && mount.snapshot == *snapshot)
    }

    /// Whether a file holds the keys of what the law takes out of a dataset, and no rows.
    #[must_use]
    pub fn is_of_keys(&self, dataset: &DatasetName, file: &MountedFile) -> bool {
        let mut all = self.mounts.iter().chain(self.pins.iter().map(|pin| &pin.mount));
        all.any(|mount| mount.dataset == *dataset && mount.redacted_keys() == Some(file))
    }

    /// The files that a verdict scans, in the order in which *go* brings them: scan by scan those of
    /// [`Mount::descriptors`], each once, however many snapshots have it.
    #[must_use]
    pub fn files(&self, verdict: &Verdict) -> Vec<(&DatasetName, &MountedFile)> {
        let mut seen = HashSet::new();
        let mounts =
            verdict.scans.iter().filter_map(|scan| self.mount(&scan.dataset, &scan.snapshot));
        let files =
            mounts.flat_map(|mount| mount.descriptors().map(move |file| (&mount.dataset, file)));
        files.filter(|(_, file)| seen.insert(file.sha256)).collect()
    }
}

/// One granted column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MountedField {
    /// What the codebook says of it.
    pub field: Field,
    /// Its compressed bytes in all files of the snapshot.
    pub bytes: u64,
}

/// One file of a mounted snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MountedFile {
    /// Its digest.
    pub sha256: Sha256Digest,
    /// Its length.
    pub bytes: u64,
    /// Its rows.
    pub row_count: u64,
    /// The period it belongs to, of a dataset in periods.
    pub period: Option<String>,
}

/// A dataset that exists, for messages: which names are near, and what a grant lacks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KnownDataset {
    /// Its name.
    pub name: DatasetName,
    /// Who may be granted it.
    pub tier: Tier,
    /// All its columns with their class.
    pub columns: Vec<(ColumnName, Class)>,
    /// Why it is not mounted, if it is not.
    pub absence: Option<Absence>,
}

/// Why a dataset that exists is not mounted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Absence {
    /// The project has no grant of it.
    GrantMissing,
    /// The project's grant of it has ended; of several, this one was given last.
    GrantExpired(GrantId),
    /// Nothing of it has been published in this edition.
    NotPublished,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_a_day_or_a_snapshot_in_one_spelling() {
        let id = SnapshotId::from_digest(&Sha256Digest::of(b"ads"));

        for text in ["2026-10-01", id.as_str()] {
            assert_eq!(Version::parse(text).unwrap().to_string(), text);
        }
        for text in ["", "2026-10", "2026-1-01", "2026-02-30", " 2026-10-01", "s-1", "latest"] {
            assert_eq!(Version::parse(text), Err(InvalidVersion), "{text}");
        }
    }
}
