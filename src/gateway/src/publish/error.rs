//! Why a publication does not succeed: one variant per fact that a steward can act on.

use std::io;

use audit::RecordError;
use catalogue::{AdoptError, Damage, FolderError, ProposeError, ReopenError};
use domain::ids::PublicationId;
use domain::publication::RejectReport;
use domain::{DatasetName, SnapshotId};
use sandbox::{LeaseError, WorkerError};

use crate::publish::inbox::ReceiveError;
use crate::publish::label::LabelError;
use crate::publish::{OrderError, PublicationState};

/// Why a publication does not succeed.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// What is asked for cannot be.
    #[error(transparent)]
    Order(#[from] OrderError),
    /// The source's headers do not say what it is.
    #[error(transparent)]
    Label(#[from] LabelError),
    /// Another publication of the dataset, or of an edition, is on its way.
    #[error("another publication is on its way")]
    Busy {
        /// Of which dataset; none of an edition.
        dataset: Option<DatasetName>,
        /// Which; none while its source is being received.
        publication: Option<PublicationId>,
    },
    /// The key stands for another delivery.
    #[error("the key stands for another delivery")]
    KeyReused {
        /// Which publication it stands for.
        publication: PublicationId,
    },
    /// The source was not received.
    #[error(transparent)]
    Receive(#[from] ReceiveError),
    /// Somebody else must do it.
    #[error("another person must activate: {0:?}")]
    ByAnother(ByAnother),
    /// A snapshot that is held is activated without a reason.
    #[error("the snapshot {0} is held, and no reason is given")]
    ReasonMissing(SnapshotId),
    /// What a worker made cannot be handed to the next.
    #[error("a worker's files cannot be opened")]
    Scratch(#[source] io::Error),
    /// What an archive holds is not what the worker said.
    #[error("the worker listed files that are not in the archive")]
    Contents,
    /// The server is being stopped.
    #[error("the server is being stopped")]
    Closing,
    /// A steward took it back.
    #[error("was cancelled")]
    Cancelled,
    /// The source breaks the codebook.
    #[error("the source breaks the codebook")]
    Rejected(Box<RejectReport>),
    /// It took longer than it may.
    #[error("took longer than {wall_s} s")]
    TooLong {
        /// How long it may take.
        wall_s: u64,
    },
    /// There is no room on the disk for what it would make.
    #[error("the disk is full")]
    DiskFull,
    /// The worker did not come to an end.
    #[error("the worker failed")]
    Worker(#[source] WorkerError),
    /// No worker could be started.
    #[error("no worker could be started")]
    NoWorker(#[source] LeaseError),
    /// A file of a snapshot that it needs is not what the manifest says.
    #[error("a snapshot is damaged")]
    Damaged(#[from] Damage),
    /// The keys of what was taken out cannot be handed over.
    #[error("the keys of redactions cannot be handed over")]
    Keys(#[source] std::io::Error),
    /// The worker says it wrote a file anew that there is not.
    #[error("the worker's draft names a file that is not there")]
    DraftPlace,
    /// The draft did not become a snapshot.
    #[error("the draft did not become a snapshot")]
    Adopt(#[from] AdoptError),
    /// The snapshot cannot be taken up.
    #[error("the snapshot cannot be taken up")]
    Reopen(#[from] ReopenError),
    /// The snapshot was withdrawn, and nobody says why it may be asked again.
    #[error("the snapshot was withdrawn, and no reason is given")]
    ReasonNeeded,
    /// No edition could be made.
    #[error("no edition could be made")]
    Propose(#[from] ProposeError),
    /// The entries could not be made durable, so nothing became visible.
    #[error("the log accepts no entries")]
    Log(#[from] RecordError),
    /// What is durable could not be made visible; the next start does.
    #[error("the catalogue cannot be written")]
    Settle(#[from] FolderError),
}

impl PublishError {
    /// The state of a publication that ended so.
    #[must_use]
    pub fn state(&self) -> PublicationState {
        match self {
            Self::Cancelled => PublicationState::Cancelled,
            Self::Rejected(_) => PublicationState::Rejected,
            Self::Order(_)
            | Self::Label(_)
            | Self::Busy { .. }
            | Self::KeyReused { .. }
            | Self::Receive(_)
            | Self::ByAnother(_)
            | Self::ReasonMissing(_)
            | Self::Contents
            | Self::Scratch(_)
            | Self::Closing
            | Self::TooLong { .. }
            | Self::DiskFull
            | Self::Worker(_)
            | Self::NoWorker(_)
            | Self::Damaged(_)
            | Self::Keys(_)
            | Self::DraftPlace
            | Self::Adopt(_)
            | Self::Reopen(_)
            | Self::ReasonNeeded
            | Self::Propose(_)
            | Self::Log(_)
            | Self::Settle(_) => PublicationState::Failed,
        }
    }
}

/// What the configuration leaves to somebody else than whoever published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ByAnother {
    /// To publish without stopping before activation.
    Publish,
    /// To activate this snapshot.
    Activate(SnapshotId),
}

/// Why a publication is not taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CancelError {
    /// There is none of that id.
    #[error("there is no such publication")]
    Unknown,
    /// It has ended.
    #[error("the publication has ended")]
    Ended,
    /// It is being made visible.
    #[error("the publication is being activated")]
    TooLate,
}
