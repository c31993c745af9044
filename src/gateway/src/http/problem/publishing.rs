//! The problems that a publication can come to.

use std::io;

use catalogue::{AdoptError, DamageKind, FolderError, ProposeError, ReopenError};
use domain::publication::{REASON_CHARACTERS_MAX, RejectReport};

use crate::http::absent;
use crate::http::problem::{Kind, Problem, capitalised, log_unavailable};
use crate::publish::inbox::ReceiveError;
use crate::publish::label::{Label, LabelError};
use crate::publish::{
    ByAnother, CancelError, CompareError, InvalidReason, OrderError, PublishError,
};
use crate::withdraw::WithdrawError;

/// When trying again makes sense after something was short for a moment.
const SHORT_RETRY_S: u64 = 5;

/// When trying again makes sense once an operator must have looked.
const LONG_RETRY_S: u64 = 60;

impl From<&PublishError> for Problem {
    fn from(error: &PublishError) -> Self {
        match error {
            PublishError::Order(order) => Self::from(order),
            PublishError::Label(label) => Self::from(*label),
            PublishError::Busy { dataset, publication } => {
                let which = match publication {
                    Some(id) => format!("publication {id} is on its way"),
                    None => "a delivery is being received".to_owned(),
                };
                let of = match dataset {
                    Some(dataset) => format!("Of {dataset}"),
                    None => "Of an edition".to_owned(),
                };
                Kind::Conflict.problem(format!(
                    "{of}, {which}. Publish again when it has ended, or cancel it."
                ))
            }
            PublishError::ByAnother(what) => by_another(what),
            PublishError::ReasonMissing(id) => Kind::Conflict.problem(format!(
                "{id} is held: its manifest names what was found. Say in `reason` why it may be \
                 activated all the same."
            )),
            PublishError::KeyReused { publication } => Kind::Conflict.problem(format!(
                "The Idempotency-Key stands for publication {publication}, which was of other \
                 bytes or asked for something else. Send a new key."
            )),
            PublishError::Receive(receive) => Self::from(receive),
            PublishError::Closing => Kind::TooBusy
                .problem("The server is being stopped; publish again when it is back.")
                .retry_after_s(SHORT_RETRY_S),
            PublishError::Cancelled => {
                Kind::Conflict.problem("The publication was cancelled; nothing was published.")
            }
            PublishError::Rejected(report) => rejected(report),
            PublishError::TooLong { wall_s } => Kind::PublishRejected.problem(format!(
                "The publication took longer than {wall_s} s; nothing was published. Deliver \
                 smaller pieces, or raise `publish.wall_s`."
            )),
            PublishError::DiskFull => disk_full(),
            PublishError::Worker(_) | PublishError::NoWorker(_) => Kind::WorkerLost.problem(
                "The worker process ended before the snapshot was made; nothing was published. \
                 Publish again.",
            ),
            PublishError::Scratch(cause) => disk(cause),
            PublishError::Damaged(_)
            | PublishError::Keys(_)
            | PublishError::DraftPlace
            | PublishError::Contents => Self::internal(),
            PublishError::Adopt(adopt) => Self::from(adopt),
            PublishError::ReasonNeeded => Kind::Conflict.problem(
                "The snapshot was withdrawn. Say why it may be asked again: activate it with a \
                 reason.",
            ),
            PublishError::Reopen(ReopenError::Unsettled) => unsettled(),
            PublishError::Reopen(ReopenError::Unknown { dataset, snapshot }) => {
                absent::unknown_snapshot(dataset, snapshot)
            }
            PublishError::Propose(propose) => Self::from(propose),
            PublishError::Log(_) => log_unavailable(),
            PublishError::Settle(folder) => Self::from(folder),
        }
    }
}

impl From<PublishError> for Problem {
    fn from(error: PublishError) -> Self {
        Self::from(&error).logged(&error)
    }
}

impl From<CompareError> for Problem {
    fn from(error: CompareError) -> Self {
        match error {
            CompareError::Withdrawn(withdrawn) => Self::from(&*withdrawn),
            CompareError::Worker(error) => Self::from(error),
        }
    }
}

/// The problem of a source that breaks the codebook.
fn rejected(report: &RejectReport) -> Problem {
    let RejectReport { rows_rejected, rows_read, .. } = report;
    let what = if *rows_rejected == 0 {
        "The source breaks the codebook".to_owned()
    } else {
        format!("{rows_rejected} of {rows_read} rows break the codebook")
    };
    Kind::PublishRejected
        .problem(format!("{what}; the report names the first of each kind. Nothing was published."))
        .report(report.clone())
}

/// The problem of whoever would activate what they published.
fn by_another(what: &ByAnother) -> Problem {
    const RULE: &str = "This server has `publish.activation_by_another = true`";
    match what {
        ByAnother::Publish => Kind::Conflict.problem(format!(
            "{RULE}: nobody publishes and activates at once. Publish with `stage=true`; another \
             steward activates it then."
        )),
        ByAnother::Activate(id) => Kind::Conflict
            .problem(format!("{RULE}: you published {id}, so another steward must activate it.")),
    }
}

/// The problem of a publication before this one that may or may not be in the log.
fn unsettled() -> Problem {
    Kind::LogUnavailable
        .problem(
            "An earlier publication could not be brought to its end; nothing is published until \
             the server was started again.",
        )
        .retry_after_s(LONG_RETRY_S)
}

impl From<WithdrawError> for Problem {
    fn from(error: WithdrawError) -> Self {
        let problem = match &error {
            WithdrawError::Unknown => Kind::NotFound.problem("There is no such snapshot any more."),
            WithdrawError::Again(withdrawn) => Kind::Conflict.problem(format!(
                "{} was withdrawn on {} already.",
                withdrawn.snapshot,
                withdrawn.at.date()
            )),
            WithdrawError::Log(_) => log_unavailable(),
            WithdrawError::Replay(_) => Self::internal(),
            WithdrawError::Closing => Kind::TooBusy
                .problem("The server is being stopped; withdraw when it is back.")
                .retry_after_s(SHORT_RETRY_S),
        };
        problem.logged(&error)
    }
}

impl From<InvalidReason> for Problem {
    fn from(error: InvalidReason) -> Self {
        let said = capitalised(&error.to_string());
        Kind::BodyInvalid.problem(format!(
            "{said}. Say why in one line of 1 to {REASON_CHARACTERS_MAX} characters."
        ))
    }
}

impl From<OrderError> for Problem {
    fn from(error: OrderError) -> Self {
        Self::from(&error)
    }
}

impl From<&OrderError> for Problem {
    fn from(error: &OrderError) -> Self {
        let kind = match error {
            OrderError::DatasetUnknown | OrderError::SupersedesUnknown(_) => Kind::NotFound,
            OrderError::AsOfBeforeNewest { .. }
            | OrderError::CurrentWithdrawn(_)
            | OrderError::ColumnsChanged(_) => Kind::Conflict,
            OrderError::AsOfFuture { .. }
            | OrderError::PeriodOfState
            | OrderError::Period(_)
            | OrderError::ReasonMissing
            | OrderError::ReasonAlone => Kind::BodyInvalid,
        };
        let way_out = match error {
            OrderError::DatasetUnknown => "`GET /v1/datasets` lists them",
            OrderError::AsOfFuture { .. } => "Give today's date or an earlier one",
            OrderError::AsOfBeforeNewest { .. } => {
                "Editions never go back; give that date or a later one"
            }
            OrderError::PeriodOfState => "Leave `period` out",
            OrderError::Period(_) => "Write `period` so, or leave it out where the source tells it",
            OrderError::ReasonMissing => "Say why in `reason`",
            OrderError::ReasonAlone => "Leave `reason` out, or name the snapshot in `supersedes`",
            OrderError::SupersedesUnknown(_) => "The dataset's list of snapshots has the ids",
            OrderError::CurrentWithdrawn(_) => {
                "Activate the one before it first, or say in `supersedes` that this one corrects it"
            }
            OrderError::ColumnsChanged(_) => {
                "Periods that are kept must have the columns of today's codebook; its changelog \
                 says what changed"
            }
        };
        kind.problem(format!("{}. {way_out}.", capitalised(&error.to_string())))
    }
}

impl From<LabelError> for Problem {
    fn from(error: LabelError) -> Self {
        match error {
            LabelError::MediaType => Kind::UnsupportedMediaType
                .problem(format!("Send the source as one of {}.", Label::media_types())),
            LabelError::Charset => Kind::UnsupportedMediaType
                .problem("Send text as UTF-8, and say so or nothing in `Content-Type`."),
            LabelError::NoTar => Kind::UnsupportedMediaType.problem(
                "Send an edition as a tar archive with one folder for each dataset, with \
                 `Content-Type: application/x-tar`.",
            ),
            LabelError::Nameless => Kind::UnsupportedMediaType.problem(
                "The media type does not say what the source is; name it, with \
                 `Content-Disposition: attachment; filename=\"listings.csv.gz\"`.",
            ),
            LabelError::Name => Kind::BodyInvalid.problem(
                "The filename in `Content-Disposition` is none that a file can have: at most 255 \
                 bytes, no control characters.",
            ),
        }
    }
}

impl From<&ReceiveError> for Problem {
    fn from(error: &ReceiveError) -> Self {
        match error {
            ReceiveError::TooLarge { bytes_max } => Kind::TooLarge.problem(format!(
                "A delivery may have at most {bytes_max} bytes here; deliver smaller pieces, or \
                 compress them."
            )),
            ReceiveError::Empty => {
                Kind::BodyInvalid.problem("The body is empty; it must be the source's bytes.")
            }
            ReceiveError::Digest => Kind::BodyInvalid.problem(
                "The source's bytes are not those that `Content-Digest` is of: they changed on \
                 their way, or the digest is of something else. Send it again.",
            ),
            ReceiveError::BrokenOff(_) => {
                Kind::BodyInvalid.problem("The source could not be read to its end.")
            }
            ReceiveError::Disk(cause) => disk(cause),
        }
    }
}

impl From<&AdoptError> for Problem {
    fn from(error: &AdoptError) -> Self {
        match error {
            AdoptError::Unsettled => unsettled(),
            AdoptError::SupersedesUnknown(id) => {
                Self::from(&OrderError::SupersedesUnknown(id.clone()))
            }
            AdoptError::Withdrawn(id) => Kind::Conflict.problem(format!(
                "The delivery is the snapshot {id}, which was withdrawn. Activate that with a \
                 reason if it may be asked again."
            )),
            AdoptError::CorrectsNothing(id) => Kind::Conflict.problem(format!(
                "The delivery is the snapshot {id}, which is there already, so that it corrects \
                 nothing. Activate that, or deliver what is right."
            )),
            AdoptError::Folder(folder) => Self::from(folder),
            AdoptError::File(DamageKind::Unreadable(cause)) => disk(cause),
            AdoptError::Draft(_) | AdoptError::File(_) | AdoptError::Canonicalize(_) => {
                Self::internal()
            }
        }
    }
}

impl From<&ProposeError> for Problem {
    fn from(error: &ProposeError) -> Self {
        match error {
            ProposeError::AsOfBeforeNewest { newest } => {
                Self::from(&OrderError::AsOfBeforeNewest { newest: *newest })
            }
            ProposeError::BaseNotCurrent { current, .. } => Kind::Conflict.problem(format!(
                "Since this snapshot was made, {current} became current, and its periods would \
                 be lost. Publish the delivery again."
            )),
            ProposeError::Folder(folder) => Self::from(folder),
            ProposeError::Canonicalize(_) => Self::internal(),
        }
    }
}

impl From<&FolderError> for Problem {
    fn from(error: &FolderError) -> Self {
        disk(&error.source)
    }
}

/// The problem of a disk that takes no more, or fails.
fn disk(cause: &io::Error) -> Problem {
    if cause.kind() == io::ErrorKind::StorageFull {
        return disk_full();
    }
    Problem::internal()
}

fn disk_full() -> Problem {
    Kind::TooBusy
        .problem("The server's disk is full; nothing was published. An operator must make room.")
        .retry_after_s(LONG_RETRY_S)
}

impl From<CancelError> for Problem {
    fn from(error: CancelError) -> Self {
        match error {
            CancelError::Unknown => {
                Kind::NotFound.problem("There is no such publication any more.")
            }
            CancelError::Ended => Kind::Conflict
                .problem("The publication has ended already, so there is nothing to cancel."),
            CancelError::TooLate => Kind::Conflict.problem(
                "The publication is being activated and can no longer be cancelled. Publish the \
                 former delivery again to take it back.",
            ),
        }
    }
}
