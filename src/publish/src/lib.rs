//! The publish path inside the wall: from what a steward delivers to files that can be queried.
//!
//! read → validate → normalise → lay out; signing and activating are the gateway's. Runs in a
//! worker process, on bytes that may be hostile.
//!
//! Floor 3. Knows codebooks and the engine's types and operators; does not know who publishes,
//! where snapshots lie, which edition there is, or HTTP.
//!
//! # Invariant
//! Every row of the sources is in a new file, or equal to one that is, or counted as rejected; and
//! the same sources give the same files, byte for byte.
//!
//! # Rooms
//! - [`source`]: what is in a delivered file.
//! - [`text`]: text into cells.
//! - [`columns`], [`categories`], [`transparency`]: the codebook made ready.
//! - [`convert`], [`normalise`], [`check`]: cells into values that the codebook accepts.
//! - [`read`]: all of that on several threads.
//! - [`duplicates`], [`orphans`], over [`fingerprint`] and [`buckets`]: keys.
//! - [`sort`], [`layout`], [`sketch`]: rows into files.
//! - [`tally`], [`findings`], [`summary`], [`draft`], [`rejects`]: what is told of it.
//! - [`compare`]: how two snapshots differ.
//! - [`run`]: the plot; [`list`], [`late`]: what an edition of several datasets needs beside.
//! - [`compact`]: published files, written anew without what the law takes out; [`redacted`]: what
//!   that is.

mod buckets;
mod categories;
mod check;
mod columns;
mod compact;
mod compare;
mod convert;
mod draft;
mod duplicates;
mod failure;
mod findings;
mod fingerprint;
mod late;
mod layout;
mod leaf;
mod list;
mod normalise;
mod orphans;
mod period;
mod published;
mod read;
mod redacted;
mod rejects;
mod rule;
mod run;
mod sketch;
mod sort;
mod source;
mod summary;
mod tally;
mod text;
mod transparency;

use std::fs::File;
use std::path::Path;

use domain::publication::{CompactDraft, CompactJob, Draft, Progress, PublishJob};
use domain::task::{Task, TaskEnd};

pub use failure::{Fault, PublishFailure};

/// Makes a draft of a snapshot from what was delivered.
///
/// `files` are the descriptors of the job's sources, kept files and referenced files, in that
/// order; they are read by position and never moved. New files are left in `scratch`, where
/// everything else that was put there is gone when this returns.
///
/// # Errors
/// A report of what was rejected, or a fault of ours.
pub fn run(
    job: PublishJob,
    files: Vec<File>,
    scratch: &Path,
    on_progress: &mut dyn FnMut(Progress),
) -> Result<Draft, PublishFailure> {
    let sections = source::sections_of(&job, files)?;
    run::Run::new(&job, sections, scratch)?.run(on_progress)
}

/// Writes published files anew without what the law takes out of them.
///
/// `files` are the descriptors of the job's files, then that of the keys, if there are any. New
/// files are left in `scratch`.
///
/// # Errors
/// A fault of ours.
pub fn compact(job: &CompactJob, files: Vec<File>, scratch: &Path) -> Result<CompactDraft, Fault> {
    let published = job.files.iter().map(|file| file.bytes);
    let keys = job.redactions.keys.iter().map(|keys| keys.bytes);
    let sections = source::sections(files, published.chain(keys))?;
    compact::run(job, sections, scratch)
}

/// Finds out what is asked beside drafts; `files` are the descriptors in the task's order.
///
/// # Errors
/// A fault of ours; that something is rejected is an end like others.
pub fn perform(
    task: &Task,
    files: Vec<File>,
    scratch: &Path,
    on_progress: &mut dyn FnMut(Progress),
) -> Result<TaskEnd, Fault> {
    match task {
        Task::List(task) => list::list(task, files),
        Task::Orphans(task) => late::orphans(task, files, scratch).map(TaskEnd::Orphans),
        Task::Columns(task) => summary::share(task, files).map(TaskEnd::Columns),
        Task::Compare(task) => {
            compare::compare(task, files, scratch, on_progress).map(TaskEnd::Compared)
        }
    }
}
