//! What gateway and worker say to each other.
//!
//! The gateway asks, the worker answers. Questions have two phases: *plan*, without any data, and
//! *go*, which brings the files of what the plan scans as open descriptors.
//!
//! # Shape
//! Frames: one byte kind, four bytes length (little-endian), then the body.
//! - kind 1, a message: JSON of a [`ToWorker`] or a [`FromWorker`], at most 8 MiB;
//! - kind 2, a chunk of an answer, as it will leave, at most 256 KiB; never parsed outside the worker;
//! - kind 3, descriptors: a body of one byte, their number (at most 250), with as many attached
//!   to it as `SCM_RIGHTS`;
//! - kind 4, a part of a message that is longer than one frame may be: 8 MiB of its JSON, of which
//!   more follows, at last in a frame of kind 1. Only what publishing workers are told and say may
//!   be as long as that: the files of a dataset in many periods.
//!
//! ```text
//! gateway: Hello, descriptors…         worker: Ready | NoWall | Probed
//! gateway: Bind                        (no answer; once, before the first Plan)
//! gateway: Plan                        worker: Verdict | Refused | Versions
//! gateway: Go, descriptors…            worker: chunk… then Finished | Failed | LimitHit
//! gateway: Publish, descriptors…       worker: Progress… then Drafted | Rejected | DiskFull
//! gateway: Compact, descriptors…       worker: Compacted | DiskFull
//! gateway: Task, descriptors…          worker: Progress… then TaskEnded
//! ```
//! *Versions* is not the end of a plan: the gateway resolves what the statement pins, and sends the
//! question again with it. `Fault` may come instead of any answer; the worker ends after it. A closed socket ends it too.
//!
//! # Invariant
//! Bytes from the other side never panic and never allocate more than a message may hold.
//!
//! # Source
//! unix(7), cmsg(3).

mod connection;
mod descriptors;
mod frame;

use std::borrow::Cow;

use domain::outcome::{FailureKind, LimitHit, Summary};
use domain::publication::{CompactDraft, CompactJob, Draft, Progress, PublishJob, RejectReport};
use domain::question::{Question, VersionWanted};
use domain::task::{Task, TaskEnd};
use domain::verdict::{Refusal, Verdict};
use domain::{Notice, PseudonymKey};
use serde::{Deserialize, Serialize};

use crate::wall::{Layer, Wall, WallWanted};

pub use connection::{Receiver, Sender};
pub(crate) use descriptors::send_batch;
pub use frame::ProtocolError;
pub(crate) use frame::{
    Header, Kind, check_length, decode, encode, encode_descriptors, encode_job, read_message,
};

/// The longest message of one frame, in bytes: a question with a list of 100 000 values has room.
pub const MESSAGE_BYTES_MAX: usize = 8 << 20;
/// The longest message to or from a publishing worker, in bytes, in as many parts as it takes: a
/// hundred thousand files have room, and the lists of a few thousand snapshots that share them.
pub const JOB_BYTES_MAX: usize = 8 * MESSAGE_BYTES_MAX;
/// The longest chunk of an answer, in bytes.
pub const CHUNK_BYTES_MAX: usize = 256 << 10;
/// How many descriptors one frame brings; the kernel takes 253 (`SCM_MAX_FD`).
pub const DESCRIPTORS_PER_FRAME_MAX: usize = 250;

/// What the gateway says to a worker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToWorker<'a> {
    /// First of all: where and how to work.
    Hello {
        /// The wall that it puts up before anything else.
        wall: WallWanted,
        /// How many threads it runs queries on.
        threads: usize,
        /// How many descriptors follow: those that a probe tries.
        descriptors: usize,
    },
    /// From here on it serves one project; a worker that publishes serves none.
    Bind {
        /// The key of the project's pseudonyms, the only key that the worker ever has.
        key: PseudonymKey,
    },
    /// Plan this, reading nothing.
    Plan(Cow<'a, Question>),
    /// Run what was planned last.
    Go {
        /// What the answer must say of the snapshots that it rests on.
        notices: Cow<'a, [Notice]>,
        /// How many descriptors follow, in the order of [`Question::files`].
        descriptors: usize,
    },
    /// Publish this.
    Publish {
        /// What to do.
        job: Box<Cow<'a, PublishJob>>,
        /// How many descriptors follow, in the order that [`PublishJob`] names.
        descriptors: usize,
    },
    /// Write published files anew.
    Compact {
        /// What to do.
        job: Box<Cow<'a, CompactJob>>,
        /// How many descriptors follow, in the order that [`CompactJob`] names.
        descriptors: usize,
    },
    /// Find this out.
    Task {
        /// What to find out.
        task: Box<Cow<'a, Task>>,
        /// How many descriptors follow, in the order that [`Task`] names.
        descriptors: usize,
    },
}

impl ToWorker<'_> {
    /// How many descriptors follow the message.
    #[must_use]
    pub fn descriptors(&self) -> usize {
        match self {
            Self::Bind { .. } | Self::Plan(_) => 0,
            Self::Hello { descriptors, .. }
            | Self::Go { descriptors, .. }
            | Self::Publish { descriptors, .. }
            | Self::Compact { descriptors, .. }
            | Self::Task { descriptors, .. } => *descriptors,
        }
    }
}

/// What a worker says to the gateway.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FromWorker {
    /// It is warm, behind this wall.
    Ready(Wall),
    /// A layer that must stand cannot be put up. It ends.
    NoWall {
        /// Which.
        layer: Layer,
        /// Why, in the kernel's words.
        reason: String,
    },
    /// It was let do what its probe tries, or the kernel said no with this error. It ends.
    Probed {
        /// The error's number; none where it was let.
        errno: Option<i32>,
    },
    /// The plan stands, and this is what it would consult.
    Verdict(Verdict),
    /// The plan is refused.
    Refused(Refusal),
    /// The statement pins these versions; it can be planned once the question says what they are.
    Versions(Vec<VersionWanted>),
    /// The answer is complete.
    Finished(Summary),
    /// The query met a run-time error.
    Failed(FailureKind),
    /// The query hit a limit.
    LimitHit(LimitHit),
    /// The publication is this far.
    Progress(Progress),
    /// The publication's files lie in the private folder.
    Drafted(Box<Draft>),
    /// The sources break the codebook.
    Rejected(RejectReport),
    /// The publication found no room left on the disk.
    DiskFull,
    /// The files that were written anew lie in the private folder.
    Compacted(Box<CompactDraft>),
    /// What was to be found out.
    TaskEnded(Box<TaskEnd>),
    /// Something is wrong with the worker itself. For the server's log only.
    Fault {
        /// What, without any value from the data.
        message: String,
    },
}

impl FromWorker {
    /// The message's name, for the log.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Ready(_) => "ready",
            Self::NoWall { .. } => "no_wall",
            Self::Probed { .. } => "probed",
            Self::Verdict(_) => "verdict",
            Self::Refused(_) => "refused",
            Self::Versions(_) => "versions",
            Self::Finished(_) => "finished",
            Self::Failed(_) => "failed",
            Self::LimitHit(_) => "limit_hit",
            Self::Progress(_) => "progress",
            Self::Drafted(_) => "drafted",
            Self::Rejected(_) => "rejected",
            Self::DiskFull => "disk_full",
            Self::Compacted(_) => "compacted",
            Self::TaskEnded(_) => "task_ended",
            Self::Fault { .. } => "fault",
        }
    }
}

#[cfg(test)]
mod tests;
