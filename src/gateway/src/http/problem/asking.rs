//! The problems that a question can come to.

use std::time::Duration;

use access::{Denial, LimitReached, Policy};
use catalogue::{NoEdition, Withdrawn};
use domain::limits::{LimitName, LimitRaised};
use domain::outcome::FailureKind;
use domain::verdict::{Refusal, RefusalCode};

use crate::ask::{AskError, Stopped};
use crate::http::problem::{Kind, LimitMember, Problem};

/// When asking again makes sense after the log failed: an operator must have looked.
const LOG_RETRY_S: u64 = 60;

/// When asking again makes sense after something was short for a moment.
const SHORT_RETRY_S: u64 = 5;

impl From<&AskError> for Problem {
    fn from(error: &AskError) -> Self {
        match error {
            AskError::Denied(denial) => Self::from(denial),
            AskError::Limited(limit) => Self::from(limit),
            AskError::Refused(refused) => Self::from(&*refused.0),
            AskError::NoEdition(none) => Self::from(*none),
            AskError::Version { none, position } => {
                Kind::NotFound.problem(none.to_string()).at(*position)
            }
            AskError::SnapshotWithdrawn(withdrawn) => Self::from(&**withdrawn),
            AskError::LimitRaised(raised) => Self::from(*raised),
            AskError::Stopped(stopped) => Self::from(stopped),
            AskError::Failed(kind) => Kind::QueryFailed.problem(advice(*kind)).failure(*kind),
            AskError::Busy { retry_after } => Kind::TooBusy
                .problem("All workers are busy; ask again later.")
                .retry_after_s(whole_seconds(*retry_after)),
            AskError::Closing => Kind::TooBusy
                .problem("The server is being stopped; ask again when it is back.")
                .retry_after_s(SHORT_RETRY_S),
            AskError::Worker(_) | AskError::NoWorker(_) => Kind::WorkerLost.problem(
                "The worker process ended before the answer was complete. Nothing was released \
                 and nothing is charged; ask again.",
            ),
            AskError::Damaged(_) | AskError::Keys(_) => Self::internal(),
            AskError::Redacted { dataset } => Kind::TooBusy
                .problem(format!(
                    "While the query was on its way, something was taken out of {dataset} by law, \
                     or its files were written anew without it. Nothing was released and nothing \
                     is charged; ask again."
                ))
                .retry_after_s(1),
            AskError::Spool(_) => Kind::TooBusy
                .problem("There is no room to store the answer; ask again later.")
                .retry_after_s(LOG_RETRY_S),
            AskError::Log(_) => log_unavailable(),
        }
    }
}

impl From<AskError> for Problem {
    fn from(error: AskError) -> Self {
        // Every way that a question can end is an entry.
        Self::from(&error).logged(&error).recorded()
    }
}

/// A wait in seconds, rounded up: who comes back too early is sent away again.
fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs().saturating_add(u64::from(0 < wait.subsec_nanos())).max(1)
}

/// The problem of a log that takes no entries.
pub(crate) fn log_unavailable() -> Problem {
    Kind::LogUnavailable
        .problem("The log accepts no entries, so nothing is released.")
        .retry_after_s(LOG_RETRY_S)
}

impl From<audit::RecordError> for Problem {
    fn from(error: audit::RecordError) -> Self {
        log_unavailable().logged(&error)
    }
}

impl From<&Denial> for Problem {
    fn from(denial: &Denial) -> Self {
        let kind = match denial {
            Denial::RoleAsksNothing { .. } | Denial::TierNotPermitted { .. } => Kind::NotPermitted,
            Denial::TokenRevoked => return crate::http::problem::unauthenticated(),
            Denial::NotMember { .. }
            | Denial::ProjectSuspended { .. }
            | Denial::ProjectClosed { .. }
            | Denial::ProjectNotYetValid { .. }
            | Denial::ProjectExpired { .. } => Kind::ProjectSuspended,
            Denial::GrantMissing { .. } => Kind::GrantMissing,
            Denial::GrantExpired { .. } => Kind::GrantExpired,
            Denial::GrantChanged { .. } => Kind::Conflict,
            Denial::ColumnNotGranted { .. } => Kind::ColumnNotGranted,
            Denial::LimitRaised(raised) => return Self::from(*raised),
            Denial::ScanTooLarge { allowed, asked } => {
                let limit = LimitMember::of(LimitName::ScanBytes, *allowed, Some(*asked));
                return Kind::QueryStopped.problem(denial.explanation()).limit(limit);
            }
        };
        kind.problem(denial.explanation())
    }
}

impl From<&LimitReached> for Problem {
    fn from(reached: &LimitReached) -> Self {
        let kind = match reached.policy {
            Policy::Principal | Policy::Project => Kind::RateLimited,
            Policy::QueryDay | Policy::ScanDay | Policy::ResultDay | Policy::Parallel => {
                Kind::QuotaExceeded
            }
        };
        let limit = LimitMember {
            name: reached.policy.as_str().into(),
            allowed: reached.allowed,
            asked: Some(reached.asked),
            unit: reached.policy.unit().unwrap_or("requests").into(),
        };
        kind.problem(reached.explanation())
            .limit(limit)
            .retry_after_s(reached.retry_after_s)
            .violated(vec![reached.policy.as_str().to_owned()])
    }
}

impl From<&Refusal> for Problem {
    fn from(refusal: &Refusal) -> Self {
        let kind = match refusal.code {
            RefusalCode::SqlInvalid => Kind::SqlInvalid,
            RefusalCode::QueryRefused => Kind::QueryRefused,
            RefusalCode::TableUnknown => Kind::TableUnknown,
            RefusalCode::ColumnUnknown => Kind::ColumnUnknown,
            RefusalCode::GrantMissing => Kind::GrantMissing,
            RefusalCode::GrantExpired => Kind::GrantExpired,
            RefusalCode::ColumnNotGranted => Kind::ColumnNotGranted,
            RefusalCode::NotFound => Kind::NotFound,
            RefusalCode::BodyInvalid => Kind::BodyInvalid,
        };
        kind.problem(refusal.detail.clone()).at(refusal.position)
    }
}

impl From<&Withdrawn> for Problem {
    fn from(withdrawn: &Withdrawn) -> Self {
        Kind::SnapshotWithdrawn.problem(withdrawn.to_string())
    }
}

impl From<NoEdition> for Problem {
    fn from(none: NoEdition) -> Self {
        match none {
            NoEdition::NothingPublished => Kind::NotFound
                .problem("Nothing has been published yet, so there is no edition to ask."),
            NoEdition::BeforeFirst { earliest } => Kind::NotFound.problem(format!(
                "There is no edition as early as that; the earliest is of {earliest}."
            )),
        }
    }
}

impl From<LimitRaised> for Problem {
    fn from(raised: LimitRaised) -> Self {
        let LimitRaised { name, allowed, asked } = raised;
        Kind::BodyInvalid
            .problem(format!("{raised}. Leave it out, or ask for less."))
            .limit(LimitMember::of(name, allowed, Some(asked)))
    }
}

impl From<&Stopped> for Problem {
    fn from(stopped: &Stopped) -> Self {
        match stopped {
            Stopped::Limit { name, allowed } => {
                let (text, unit) = (narrowing(*name), name.unit());
                Kind::QueryStopped
                    .problem(format!("The query passed its limit of {allowed} {unit}. {text}"))
                    .limit(LimitMember::of(*name, *allowed, None))
            }
            Stopped::Cancelled => Kind::QueryStopped.problem("The query was cancelled."),
            Stopped::Abandoned => Kind::QueryStopped.problem(
                "The query was stopped when the connection that waited for it was closed. Ask with \
                 `Prefer: respond-async` or `wait=N` and it goes on without you.",
            ),
            Stopped::Withdrawn(denial) => Kind::QueryStopped.problem(format!(
                "A right that the query ran under was taken back. {}",
                denial.explanation()
            )),
        }
    }
}

/// How to stay below a limit.
fn narrowing(name: LimitName) -> &'static str {
    match name {
        LimitName::WallMs => "Read a shorter period or fewer columns, or aggregate earlier.",
        LimitName::MemoryBytes => {
            "Group by fewer values, join on fewer rows, or leave out an ORDER BY without LIMIT."
        }
        LimitName::SpillBytes => "Filter before joining or sorting.",
        LimitName::ScanBytes => "Read fewer columns or a shorter period.",
        LimitName::Rows => {
            "Aggregate, filter or add LIMIT; with \"on_limit\": \"truncate\" the rows up to the \
             limit come, and the answer says that it was cut."
        }
        LimitName::Bytes => "Take fewer columns or rows, or a more compact form of the answer.",
    }
}

/// How to avoid a kind of failure.
fn advice(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::Cast => {
            "A value could not be turned into the type asked for. `try_cast` gives null for such \
             values."
        }
        FailureKind::DivideByZero => {
            "A number was divided by zero. `x / nullif(y, 0)` gives null instead."
        }
        FailureKind::Overflow => {
            "A result does not fit its type. Cast to a wider one, such as `double`."
        }
        FailureKind::Pattern => "A pattern is no regular expression.",
        FailureKind::ManyRows => {
            "A subquery that is used as a value gave several rows. Aggregate it, or add LIMIT 1."
        }
        FailureKind::Value => "A value does not fit what the query does with it.",
    }
}
