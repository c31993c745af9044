//! Publications: one run of the publish path, as it crosses the wall.
//!
//! The gateway hands a worker a [`PublishJob`] and the sources as descriptors; the worker hands
//! back a [`Draft`] or a [`RejectReport`]. The gateway assembles and signs the manifest.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::codebook::Codebook;
use crate::ids::{ColumnName, DatasetName, Sha256Digest, SnapshotId};
use crate::manifest::{ColumnSummary, Coverage, Finding, Resource, Source};
use crate::question::MountedFile;
use crate::redaction::{MountedRedactions, RedactionCounts};
use crate::time::Date;

/// The longest reason that a steward may give, in characters.
pub const REASON_CHARACTERS_MAX: usize = 1_000;

/// What a publishing worker is to do.
///
/// # Order
/// Descriptors come in the order of `sources` (or the one that all of them lie in), then `kept`,
/// then the files of each of `references`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PublishJob {
    /// What to enforce.
    pub codebook: Codebook,
    /// The day whose state the sources show.
    pub as_of: Date,
    /// The period they belong to, where the steward said so.
    pub period: Option<String>,
    /// What was delivered.
    pub sources: Vec<SourceFile>,
    /// Where each of them begins in the one descriptor that all of them lie in; none where each
    /// has a descriptor of its own.
    pub offsets: Vec<u64>,
    /// The figures of the snapshot that is current, for what may change only so much.
    pub previous: Option<PreviousFigures>,
    /// The files of the snapshot before, of a dataset in periods; those of a period that the
    /// sources bring anew are replaced.
    pub kept: Vec<Resource>,
    /// The snapshots that foreign keys point at, as far as the edition has them.
    pub references: Vec<ReferencedSnapshot>,
    /// How many rows may be rejected before the whole is.
    pub rejects_max: u64,
    /// Whether to stop before writing files.
    pub dry_run: bool,
    /// Memory for sorting and joining, in bytes.
    pub memory_bytes: u64,
    /// Disk for sorting and joining, in bytes.
    pub spill_bytes: u64,
    /// Bytes that the sources may grow to when decompressed.
    pub expanded_bytes_max: u64,
}

/// One file that a steward delivered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceFile {
    /// Its name, without folders.
    pub name: String,
    /// Its media type, where the delivery said so.
    pub media_type: Option<String>,
    /// Its length.
    pub bytes: u64,
}

/// What of the snapshot before is compared with what comes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreviousFigures {
    /// Which.
    pub snapshot: SnapshotId,
    /// Its rows.
    pub row_count: u64,
    /// For each of its columns, the rows that lack it.
    pub nulls: BTreeMap<ColumnName, u64>,
}

/// A snapshot that a foreign key points at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReferencedSnapshot {
    /// Whose snapshot.
    pub dataset: DatasetName,
    /// Its files.
    pub files: Vec<MountedFile>,
}

/// Where a publication is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The sources are being received.
    Receive,
    /// The sources are being read and checked value by value.
    Read,
    /// Keys, duplicates and references are being checked.
    Validate,
    /// Rows are being sorted and written.
    LayOut,
    /// Files are being digested, the manifest signed.
    Sign,
    /// The edition is being made.
    Activate,
}

/// How far a publication is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Where it is.
    pub stage: Stage,
    /// Bytes of the sources read so far.
    pub bytes_read: u64,
    /// Bytes of the sources.
    pub bytes_total: u64,
    /// Rows read so far.
    pub rows: u64,
}

/// What a publishing worker made; files lie in its private folder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Draft {
    /// The new files; none in a dry run.
    pub files: Vec<DraftFile>,
    /// The kept files that stay, by digest, in the manifest's order.
    pub kept: Vec<Sha256Digest>,
    /// Rows of the new and the kept files.
    pub row_count: u64,
    /// Periods there are then.
    pub coverage: Coverage,
    /// The columns over the new and the kept files.
    pub columns: Vec<ColumnSummary>,
    /// What was read.
    pub sources: Vec<Source>,
    /// What was found.
    pub quality: Vec<Finding>,
    /// Rows that were rejected within `rejects_max`.
    pub rejects: RejectReport,
}

/// One new file in a worker's private folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DraftFile {
    /// Its name in that folder.
    pub file: String,
    /// Its length.
    pub bytes: u64,
    /// Its digest, which the gateway computes again.
    pub sha256: Sha256Digest,
    /// Its rows.
    pub row_count: u64,
    /// The period it belongs to, of a dataset in periods.
    pub period: Option<String>,
}

/// Why rows, or whole sources, were rejected.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RejectReport {
    /// Rows rejected in all.
    pub rows_rejected: u64,
    /// Rows read in all.
    pub rows_read: u64,
    /// The first of each kind, with how many more.
    pub rejects: Vec<Reject>,
}

/// Rows rejected by one rule at one column of one source; the first of them is named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reject {
    /// The source, with the path inside an archive: `dump.zip/part.csv`.
    pub file: String,
    /// The line (CSV, NDJSON: from one) or row (Parquet) of the first.
    pub line: Option<u64>,
    /// The column.
    pub column: Option<ColumnName>,
    /// The rule it breaks: `type`, `category`, `constraint`, `not_null`, `null_unless`, `header`,
    /// `encoding`, `format`, `primary_key`, `foreign_key`, `period`, `time_order`, `quality`, `size`.
    pub rule: String,
    /// What was wrong and what would pass; names rules and columns, never a value of a class
    /// other than public.
    pub detail: String,
    /// How many rows break it there.
    pub count: u64,
}

/// What a publishing worker is to write anew without what the law takes out.
///
/// # Order
/// Descriptors come in the order of `files`, then that of the redactions' keys.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CompactJob {
    /// The codebook of all these files.
    pub codebook: Codebook,
    /// The files that may hold something, each once.
    pub files: Vec<MountedFile>,
    /// What is to be taken out.
    pub redactions: MountedRedactions,
    /// Whether to count only.
    pub dry_run: bool,
    /// Memory for sorting, in bytes.
    pub memory_bytes: u64,
    /// Disk for sorting, in bytes.
    pub spill_bytes: u64,
}

/// What came of a [`CompactJob`]; new files lie in the worker's private folder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CompactDraft {
    /// The files that held something.
    pub files: Vec<CompactedFile>,
}

/// A file that held something that is to be taken out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CompactedFile {
    /// Its place among the job's files.
    pub of: usize,
    /// How much it held.
    pub counts: RedactionCounts,
    /// What stands in its place; none in a dry run.
    pub files: Vec<DraftFile>,
}
