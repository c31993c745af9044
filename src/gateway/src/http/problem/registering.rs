//! The problems that a change of the registry, a token or an assertion can come to.

use access::{AssertionError, ChangeRefused, IssueRefused};

use super::asking::log_unavailable;
use super::{Kind, Problem, capitalised, unauthenticated};
use crate::register::RegisterError;

/// When trying again makes sense after something was short for a moment.
const SHORT_RETRY_S: u64 = 5;

impl From<&RegisterError> for Problem {
    fn from(error: &RegisterError) -> Self {
        match error {
            RegisterError::Change(refused) => Self::from(refused),
            RegisterError::Issue(refused) => Self::from(refused),
            RegisterError::Assertion(AssertionError::Unauthenticated(_)) => unauthenticated(),
            RegisterError::Assertion(AssertionError::Registry(_)) => Self::internal(),
            RegisterError::Log(_) => log_unavailable(),
            RegisterError::Closing => Kind::TooBusy
                .problem("The server is being stopped; ask again when it is back.")
                .retry_after_s(SHORT_RETRY_S),
        }
    }
}

impl From<RegisterError> for Problem {
    fn from(error: RegisterError) -> Self {
        // Whatever is refused was logged where it was refused.
        Self::from(&error).logged(&error).recorded()
    }
}

impl From<&ChangeRefused> for Problem {
    fn from(refused: &ChangeRefused) -> Self {
        let kind = match refused {
            ChangeRefused::ProjectUnknown { .. }
            | ChangeRefused::MemberUnknown { .. }
            | ChangeRefused::GrantUnknown { .. } => Kind::NotFound,
            ChangeRefused::ProjectExists { .. }
            | ChangeRefused::ProjectClosed { .. }
            | ChangeRefused::Oversight { .. }
            | ChangeRefused::StateUnchanged { .. }
            | ChangeRefused::KeyTaken
            | ChangeRefused::RowsDiffer { .. }
            | ChangeRefused::GrantUsed { .. } => Kind::Conflict,
            ChangeRefused::DatesDisordered { .. }
            | ChangeRefused::Text { .. }
            | ChangeRefused::Key(_)
            | ChangeRefused::DatasetUnknown { .. }
            | ChangeRefused::ColumnUnknown { .. }
            | ChangeRefused::ColumnsEmpty { .. }
            | ChangeRefused::BasisMissing { .. }
            | ChangeRefused::OversightOnly { .. }
            | ChangeRefused::RowsUnbounded { .. }
            | ChangeRefused::MemberStateUnknown { .. }
            | ChangeRefused::LimitOutOfRange { .. } => Kind::BodyInvalid,
        };
        kind.problem(format!("{}.", capitalised(&refused.to_string())))
    }
}

impl From<&IssueRefused> for Problem {
    fn from(refused: &IssueRefused) -> Self {
        match refused {
            IssueRefused::Signing => Self::internal(),
            IssueRefused::Ttl
            | IssueRefused::ProjectMissing
            | IssueRefused::ProjectNotForRole { .. }
            | IssueRefused::ProjectUnknown { .. }
            | IssueRefused::NotMember { .. } => {
                Kind::BodyInvalid.problem(format!("{}.", capitalised(&refused.to_string())))
            }
        }
    }
}
