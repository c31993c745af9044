//! Verdicts: what planning found, before anything is read.

use serde::{Deserialize, Serialize};

use crate::codebook::Class;
use crate::ids::{ColumnName, DatasetName, Sha256Digest, SnapshotId};

/// What a vetted plan would consult and give.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// Each snapshot the plan scans, once.
    pub scans: Vec<Scan>,
    /// The columns of the answer, in order.
    pub columns: Vec<AnswerColumn>,
    /// Estimate of the bytes read, from the manifests.
    pub scan_bytes: u64,
    /// The digest of the vetted plan.
    pub plan_sha256: Sha256Digest,
    /// The plan as text, where it was asked for; holds names and the caller's literals, no data.
    pub explanation: Option<String>,
}

/// One snapshot that a plan scans.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scan {
    /// The dataset.
    pub dataset: DatasetName,
    /// Its snapshot.
    pub snapshot: SnapshotId,
    /// The columns read, with their class.
    pub columns: Vec<(ColumnName, Class)>,
}

/// One column of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnswerColumn {
    /// Its name.
    pub name: String,
    /// Its type, in the words of codebooks where they have one, else Arrow's.
    #[serde(rename = "type")]
    pub column_type: String,
}

/// A place in the SQL text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// Line, from one.
    pub line: u64,
    /// Column in characters, from one.
    pub column: u64,
}

/// What planning says no to, by the code of the problem it becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalCode {
    /// It does not parse or plan.
    SqlInvalid,
    /// It asks for what is never allowed.
    QueryRefused,
    /// No such dataset.
    TableUnknown,
    /// No such column.
    ColumnUnknown,
    /// The dataset exists, but the project has no grant of it.
    GrantMissing,
    /// The dataset exists, but the project's grant of it has ended.
    GrantExpired,
    /// The column exists, but outside the grant.
    ColumnNotGranted,
    /// The table exists, but the edition has no snapshot of it.
    NotFound,
    /// Parameters that do not fit the statement.
    BodyInvalid,
}

/// A no from planning, written for the one who asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{detail}")]
pub struct Refusal {
    /// Which problem it becomes.
    pub code: RefusalCode,
    /// What was wrong and what would pass, in our words.
    pub detail: String,
    /// Where in the SQL.
    pub position: Option<Position>,
}
