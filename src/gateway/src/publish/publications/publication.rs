//! One publication: what is noted of it from its arrival to its end.

use domain::ids::PublicationId;
use domain::manifest::{Coverage, Finding, Source};
use domain::publication::{Draft, Progress, Reject, RejectReport, SourceFile};
use domain::{DatasetName, EditionId, Sha256Digest, SnapshotId, Timestamp};

use crate::http::problem::Problem;
use crate::publish::{DeliveryKey, Subject};

/// Where a publication stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PublicationState {
    /// It is on its way.
    Running,
    /// Its snapshot is current in a new edition.
    Published,
    /// Its snapshot is there, to be activated later.
    Staged,
    /// Its snapshot is there, and a person must look at what was found before it is activated.
    Held,
    /// A dry run found nothing that rejects it.
    Checked,
    /// Its source breaks the codebook.
    Rejected,
    /// It could not be carried out.
    Failed,
    /// A steward took it back.
    Cancelled,
}

impl PublicationState {
    /// All states.
    pub const ALL: [Self; 8] = [
        Self::Running,
        Self::Published,
        Self::Staged,
        Self::Held,
        Self::Checked,
        Self::Rejected,
        Self::Failed,
        Self::Cancelled,
    ];

    /// The state as clients read it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Published => "published",
            Self::Staged => "staged",
            Self::Held => "held",
            Self::Checked => "checked",
            Self::Rejected => "rejected",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// What was found in a source.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// Rows read.
    pub rows_read: u64,
    /// Rows rejected.
    pub rows_rejected: u64,
    /// Rows of the snapshot; none where there is none.
    pub row_count: Option<u64>,
    /// The first rejected row of each kind, with how many more.
    pub rejects: Vec<Reject>,
    /// What was read, source by source.
    pub sources: Vec<Source>,
    /// What was found about the data's quality.
    pub quality: Vec<Finding>,
    /// Which periods the snapshot has.
    pub coverage: Coverage,
}

impl Report {
    /// What a draft tells.
    pub(crate) fn of(draft: &Draft) -> Self {
        Self {
            row_count: Some(draft.row_count),
            sources: draft.sources.clone(),
            quality: draft.quality.clone(),
            coverage: draft.coverage.clone(),
            ..Self::of_rejects(&draft.rejects)
        }
    }

    /// What a report on rejects tells.
    pub(crate) fn of_rejects(report: &RejectReport) -> Self {
        Self {
            rows_read: report.rows_read,
            rows_rejected: report.rows_rejected,
            rejects: report.rejects.clone(),
            ..Self::default()
        }
    }
}

/// One run of the publish path, as stewards see it.
#[derive(Clone, Debug, PartialEq)]
pub struct Publication {
    /// What was noted when its source had arrived.
    pub receipt: Receipt,
    /// Where it stands.
    pub state: PublicationState,
    /// How far it is, or was.
    pub progress: Progress,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// What was found in its source.
    pub report: Option<Report>,
    /// Its snapshot.
    pub snapshot: Option<SnapshotId>,
    /// The edition in which that is current.
    pub edition: Option<EditionId>,
    /// The datasets of an edition; none of a single snapshot.
    pub members: Vec<Member>,
    /// Why it did not succeed.
    pub problem: Option<Problem>,
}

/// What is noted of a delivery when it has arrived.
#[derive(Clone, Debug, PartialEq)]
pub struct Receipt {
    /// The publication's id.
    pub id: PublicationId,
    /// When it had arrived.
    pub created: Timestamp,
    /// What is asked for.
    pub subject: Subject,
    /// What was delivered.
    pub source: SourceFile,
    /// Its digest.
    pub source_sha256: Sha256Digest,
    /// What the steward wants it to be known by.
    pub key: Option<DeliveryKey>,
}

/// How a publication ended well.
#[derive(Debug)]
pub(crate) struct Success {
    pub(crate) state: PublicationState,
    pub(crate) snapshot: Option<SnapshotId>,
    pub(crate) edition: Option<EditionId>,
    /// What was found in the source of a single snapshot.
    pub(crate) report: Option<Report>,
    /// The snapshots of an edition, each with where it stands.
    pub(crate) members: Vec<(DatasetName, SnapshotId, MemberState)>,
}

/// Where one dataset of an edition stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemberState {
    /// Its turn has not come.
    Waiting,
    /// It is being read, validated and laid out.
    Running,
    /// Nothing in it stands against the edition.
    Checked,
    /// It breaks the codebook.
    Rejected,
    /// Its snapshot is current, in a new edition or already in the one before.
    Published,
    /// Its snapshot is there, to be activated with the others.
    Staged,
    /// Its snapshot is there, and a person must look at what was found in it.
    Held,
    /// It did not come to an end.
    Stopped,
}

impl MemberState {
    /// The state as clients read it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Checked => "checked",
            Self::Rejected => "rejected",
            Self::Published => "published",
            Self::Staged => "staged",
            Self::Held => "held",
            Self::Stopped => "stopped",
        }
    }
}

/// One dataset of an edition.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// Which.
    pub dataset: DatasetName,
    /// Where it stands.
    pub state: MemberState,
    /// How far it is, once its turn has come.
    pub progress: Option<Progress>,
    /// What was found in its sources.
    pub report: Option<Report>,
    /// Its snapshot.
    pub snapshot: Option<SnapshotId>,
}

impl Member {
    /// One whose turn has not come.
    pub(crate) fn waiting(dataset: DatasetName) -> Self {
        Self { dataset, state: MemberState::Waiting, progress: None, report: None, snapshot: None }
    }
}

impl Publication {
    /// Notes how an edition's datasets ended.
    pub(crate) fn end_members(&mut self, ends: &[(DatasetName, SnapshotId, MemberState)]) {
        for member in &mut self.members {
            let end = ends.iter().find(|(dataset, _, _)| *dataset == member.dataset);
            let Some((_, snapshot, state)) = end else { continue };
            member.snapshot = Some(snapshot.clone());
            member.state = *state;
        }
    }

    /// Notes that an edition's datasets that have not ended never will.
    pub(crate) fn fail_members(&mut self) {
        for member in &mut self.members {
            if matches!(member.state, MemberState::Waiting | MemberState::Running) {
                member.state = MemberState::Stopped;
            }
        }
    }
}
