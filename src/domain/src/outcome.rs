//! How a run ended, in the words that leave the wall.
//!
//! # Invariant
//! Nothing here holds a value from the data.

use serde::{Deserialize, Serialize};

use crate::ids::Sha256Digest;
use crate::limits::LimitName;

/// What a worker vouches for when an answer is complete.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Rows of the answer.
    pub rows: u64,
    /// Digest of the rows, free of their order and of the format.
    pub rows_sha256: Sha256Digest,
    /// Whether the answer was cut at the row or byte limit, as the caller allowed.
    pub truncated: bool,
    /// Bytes read from snapshots.
    pub scan_bytes: u64,
    /// Highest memory of the worker during the run.
    pub memory_peak_bytes: u64,
}

/// A limit that a run hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitHit {
    /// Which.
    pub name: LimitName,
    /// How much is allowed.
    pub allowed: u64,
    /// Bytes read from snapshots until then.
    pub scan_bytes: u64,
}

/// What kind of run-time error a query met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// A value could not be turned into the type asked for.
    Cast,
    /// A number was divided by zero.
    DivideByZero,
    /// A result does not fit its type.
    Overflow,
    /// A pattern is no regular expression.
    Pattern,
    /// A subquery used as a value gave several rows.
    ManyRows,
    /// Anything else that lies in the query's values.
    Value,
}

impl FailureKind {
    /// The kind as problems and the log write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cast => "cast",
            Self::DivideByZero => "divide_by_zero",
            Self::Overflow => "overflow",
            Self::Pattern => "pattern",
            Self::ManyRows => "many_rows",
            Self::Value => "value",
        }
    }
}
