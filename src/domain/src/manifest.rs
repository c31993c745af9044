//! Manifests: the signed list of what a snapshot is.
//!
//! # Invariant
//! A snapshot's id follows from its content: [`Manifest::snapshot_id`].
//!
//! # Shape
//! Canonical JSON (RFC 8785), a Frictionless Data Package with words of ours; `design` of the
//! fields in `docs/architecture.md`.

use serde::{Deserialize, Serialize};

use crate::canonical::{self, CanonicalizeError};
use crate::codebook::FieldType;
use crate::ids::{ColumnName, DatasetName, Sha256Digest, SnapshotId};
use crate::task::RowChanges;
use crate::time::{Date, Timestamp};

/// What a snapshot is: its files by digest, its columns, its sources and what was found in them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The profile it follows.
    #[serde(rename = "$schema")]
    pub schema: String,
    /// The dataset.
    pub name: DatasetName,
    /// The day whose state it shows.
    pub as_of: Date,
    /// When it was made.
    pub created: Timestamp,
    /// The codebook that was enforced.
    pub codebook_sha256: Sha256Digest,
    /// That codebook's schema version.
    pub schema_version: u32,
    /// Rows of all resources.
    pub row_count: u64,
    /// The snapshot that was current before, if any.
    pub previous: Option<SnapshotId>,
    /// The snapshot that this one replaces because that one was wrong, if any.
    pub supersedes: Option<SnapshotId>,
    /// Why, where it supersedes one.
    pub reason: Option<String>,
    /// Who published it: `operator:<user id>` or the token's subject as a commitment.
    pub publisher: String,
    /// The program that made it.
    pub tool: String,
    /// Which periods are there.
    pub coverage: Coverage,
    /// The files.
    pub resources: Vec<Resource>,
    /// The columns.
    pub columns: Vec<ColumnSummary>,
    /// What it was made from.
    pub sources: Vec<Source>,
    /// What was found.
    pub quality: Vec<Finding>,
    /// How many rows differ from those of the snapshot before, where that could be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changes: Option<RowChanges>,
}

/// The profile that manifests of this version name.
pub const MANIFEST_PROFILE: &str = "https://reading-room.example/profiles/snapshot-1.json";

/// Which periods a snapshot has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Coverage {
    /// The periods present, in order.
    pub periods: Vec<String>,
    /// The periods between the first and the last that are not there.
    pub missing: Vec<String>,
}

/// One content-addressed file of a snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resource {
    /// `<dataset>-<period>-<number>`, or `<dataset>-<number>` of a state.
    pub name: String,
    /// Where it lies, relative to the manifest: `files/<sha256>.parquet`. Data Packages may not
    /// name what lies above them, so `files` beside the manifest leads to the dataset's files.
    pub path: String,
    /// Always `parquet`.
    pub format: String,
    /// Its length.
    pub bytes: u64,
    /// `sha256:<digest>`.
    pub hash: FileHash,
    /// Its rows.
    pub row_count: u64,
    /// The period it belongs to, of a dataset in periods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period: Option<String>,
}

/// A file's digest as manifests write it.
///
/// # Shape
/// `sha256:` and 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FileHash(pub Sha256Digest);

impl TryFrom<String> for FileHash {
    type Error = crate::ids::InvalidId;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        const FORM: crate::ids::InvalidId = crate::ids::InvalidId::Form { form: "sha256:<digest>" };
        Sha256Digest::parse(text.strip_prefix("sha256:").ok_or(FORM)?).map(Self)
    }
}

impl From<FileHash> for String {
    fn from(hash: FileHash) -> Self {
        format!("sha256:{}", hash.0)
    }
}

/// What may be told of one column to anyone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColumnSummary {
    /// Its name.
    pub name: ColumnName,
    /// Its type.
    #[serde(rename = "type")]
    pub field_type: FieldType,
    /// Its compressed bytes in all files, from which a scan is estimated.
    pub bytes: u64,
    /// Rows that lack it.
    pub null_count: u64,
    /// About how many different values there are.
    pub distinct_estimate: u64,
    /// Smallest value, only where the class is public, the dataset's tier too, and it is no free text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<serde_json::Value>,
    /// Largest value, as `min`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<serde_json::Value>,
}

/// What a snapshot was made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// The file's name as it was given.
    pub name: String,
    /// Its length.
    pub bytes: u64,
    /// Its digest.
    pub hash: FileHash,
    /// Rows read from it.
    pub rows_read: u64,
    /// Rows rejected, where the steward allowed any.
    pub rows_rejected: u64,
    /// Rows dropped because an equal row was there already.
    pub rows_duplicate: u64,
    /// The period they went into, of a dataset in periods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period: Option<String>,
}

/// One thing found about the data's quality.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// The rule, one of `QualityRule`: `null_share`, `unknown_category`, `foreign_key_orphan` …
    pub rule: String,
    /// The column it is about, if it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<ColumnName>,
    /// What it was held against: the dataset that a foreign key points at, the earlier column of a
    /// pair, the snapshot before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub against: Option<String>,
    /// Rows concerned.
    pub count: u64,
    /// That as a share of the rows.
    pub share: f64,
    /// The codebook's limit for it, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<f64>,
    /// Whether the limit was kept.
    pub verdict: FindingVerdict,
}

/// Whether a finding keeps the codebook's limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingVerdict {
    /// Within the limit, or there is none.
    Ok,
    /// Beyond a limit that is only reported.
    Exceeded,
    /// Beyond a limit that holds the snapshot until a person activates it.
    Held,
    /// Beyond a limit that rejects.
    Rejected,
    /// What it would be checked against is not there yet.
    NotChecked,
}

/// What a snapshot's id is made from.
#[derive(Serialize)]
struct Identity<'a> {
    name: &'a DatasetName,
    as_of: Date,
    codebook_sha256: Sha256Digest,
    resources: &'a [Resource],
}

impl Manifest {
    /// The snapshot's id: from the digest over what makes it this snapshot and no other.
    ///
    /// # Errors
    /// Never for a manifest that was read or built from checked parts.
    pub fn snapshot_id(&self) -> Result<SnapshotId, CanonicalizeError> {
        let identity = Identity {
            name: &self.name,
            as_of: self.as_of,
            codebook_sha256: self.codebook_sha256,
            resources: &self.resources,
        };
        Ok(SnapshotId::from_digest(&canonical::digest(&identity)?))
    }
}
