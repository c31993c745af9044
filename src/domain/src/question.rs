//! Questions: what a caller asks, as it crosses the wall.
//!
//! The SQL text is opaque outside the worker.

use serde::{Deserialize, Serialize};

use crate::codebook::{Field, Tier};
use crate::grant::RowBounds;
use crate::ids::{ColumnName, DatasetName, GrantId, Sha256Digest, SnapshotId};
use crate::limits::Limits;
use crate::redaction::MountedRedactions;
use crate::time::Date;

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
    pub columns: Vec<(ColumnName, crate::codebook::Class)>,
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
