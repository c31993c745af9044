//! Tasks: what a publishing worker is asked beside making a draft.
//!
//! The gateway never looks into an archive or a data file, so a worker does that for it, too.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::codebook::Codebook;
use crate::ids::ColumnName;
use crate::manifest::{ColumnSummary, Finding};
use crate::publication::{ReferencedSnapshot, Reject, RejectReport};
use crate::question::MountedFile;
use crate::redaction::MountedRedactions;

/// What a publishing worker is to find out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// Which files an archive holds; one descriptor.
    List(ListTask),
    /// Which rows of new files point at nothing; descriptors in the order of [`OrphansTask`].
    Orphans(Box<OrphansTask>),
    /// How two snapshots differ; descriptors in the order of [`CompareTask`].
    Compare(Box<CompareTask>),
    /// What is to be told of columns; descriptors in the order of [`ColumnsTask::files`].
    Columns(Box<ColumnsTask>),
}

/// An archive to look into.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListTask {
    /// Its name, for the report.
    pub name: String,
    /// Its length.
    pub bytes: u64,
}

/// New files whose foreign keys are held against snapshots that were not there when they were made.
///
/// # Order
/// Descriptors come in the order of `files`, then the files of each of `references`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OrphansTask {
    /// Whose foreign keys; only those that point at one of `references` are looked at.
    pub codebook: Codebook,
    /// The new files.
    pub files: Vec<MountedFile>,
    /// Where the keys point.
    pub references: Vec<ReferencedSnapshot>,
    /// Memory for joining, in bytes.
    pub memory_bytes: u64,
}

/// Files of a snapshot over which its columns are told.
///
/// A snapshot may have more files than a process may open, so it is told in shares.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ColumnsTask {
    /// Its codebook.
    pub codebook: Codebook,
    /// This share of its files.
    pub files: Vec<MountedFile>,
    /// What came of the shares before, as [`ColumnsTold::so_far`] has it; nothing before the first.
    pub so_far: Option<Value>,
}

/// Columns over the files of all shares so far.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ColumnsTold {
    /// In the codebook's order.
    pub columns: Vec<ColumnSummary>,
    /// What the next share goes on from; only workers look into it.
    pub so_far: Value,
}

/// What a publishing worker found out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskEnd {
    /// The archive's files, in its order.
    Listed(Vec<PackedFile>),
    /// What the foreign keys came to.
    Orphans(OrphansFound),
    /// How the snapshots differ.
    Compared(Comparison),
    /// What is told of columns.
    Columns(ColumnsTold),
    /// What was delivered is not what it claims to be.
    Rejected(RejectReport),
    /// There was no room left on the disk.
    DiskFull,
}

/// A file that lies unpacked in an archive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackedFile {
    /// Its path in the archive.
    pub path: String,
    /// Where in the archive it begins.
    pub offset: u64,
    /// Its length.
    pub bytes: u64,
}

/// What foreign keys came to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct OrphansFound {
    /// One for each foreign key that was looked at.
    pub findings: Vec<Finding>,
    /// Those that go beyond a limit that rejects.
    pub rejects: Vec<Reject>,
}

/// Two snapshots of one dataset to compare, without the files that both have.
///
/// # Order
/// Descriptors come in the order of `from`, then `to`; of each, that of [`SeenSnapshot::files_told`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CompareTask {
    /// The earlier one.
    pub from: SeenSnapshot,
    /// The later one.
    pub to: SeenSnapshot,
    /// Memory for comparing, in bytes.
    pub memory_bytes: u64,
    /// Disk for comparing, in bytes.
    pub spill_bytes: u64,
}

/// A snapshot to compare, as its readers see it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SeenSnapshot {
    /// Its codebook.
    pub codebook: Codebook,
    /// Those of its files that are read.
    pub files: Vec<MountedFile>,
    /// What the law takes out of them; none where they hold nothing of it.
    pub redactions: Option<Box<MountedRedactions>>,
}

impl SeenSnapshot {
    /// The files that come with it: its own, then that of the redactions' keys.
    pub fn files_told(&self) -> impl Iterator<Item = &MountedFile> {
        let keys = self.redactions.iter().filter_map(|redactions| redactions.keys.as_ref());
        self.files.iter().chain(keys)
    }
}

/// How many rows differ between two snapshots.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RowChanges {
    /// Rows whose key only the later one has.
    pub added: u64,
    /// Rows whose key only the earlier one has.
    pub removed: u64,
    /// Rows of which both have the key, with other values.
    pub changed: u64,
}

/// What a comparison of two snapshots came to; counts only, never a value but a category's code.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comparison {
    /// Of all rows; none where the two have no key in common, so that rows cannot be compared.
    pub rows: Option<RowChanges>,
    /// The column by which they are grouped, if there is one.
    pub by: Option<ColumnName>,
    /// Of the rows of each category where there are any; a changed row is in that of the later
    /// snapshot.
    pub groups: Vec<GroupChanges>,
    /// The columns that both have and in which rows changed.
    pub columns: Vec<ColumnChanges>,
}

/// How many rows of one category differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupChanges {
    /// The category's code; none of rows that lack one.
    pub value: Option<String>,
    /// How many rows.
    pub rows: RowChanges,
}

/// In how many changed rows one column differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnChanges {
    /// The column.
    pub name: ColumnName,
    /// How many rows.
    pub rows: u64,
}
