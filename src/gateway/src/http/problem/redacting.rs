//! The problems that taking something out can come to.

use domain::redaction::InvalidRedaction;

use super::asking::log_unavailable;
use super::{Kind, Problem, capitalised};
use crate::redact::RedactError;
use crate::redact::retention::RetentionError;

/// When trying again makes sense after something was short for a moment.
const SHORT_RETRY_S: u64 = 5;

impl From<InvalidRedaction> for Problem {
    fn from(invalid: InvalidRedaction) -> Self {
        let way_out = match &invalid {
            InvalidRedaction::KeysEmpty => "Name at least one row in `keys`",
            InvalidRedaction::Reason => "Say in `reason` why, so that whoever audits can follow",
            InvalidRedaction::ColumnUnknown(_) => "The dataset's codebook has its columns",
            InvalidRedaction::ColumnIsKey(_) => "Nothing was taken out",
            InvalidRedaction::KeyForm { .. } => "Write each key so",
            InvalidRedaction::KeyValue { .. } => "The codebook has the type of each column",
            InvalidRedaction::KeyType(_) => "Publish a corrected delivery instead",
        };
        Kind::BodyInvalid.problem(format!("{}. {way_out}.", capitalised(&invalid.to_string())))
    }
}

impl From<RedactError> for Problem {
    fn from(error: RedactError) -> Self {
        let problem = match &error {
            RedactError::Log(_) => log_unavailable(),
            RedactError::Folder(folder) => Self::from(folder),
            RedactError::Closing => Kind::TooBusy
                .problem("The server is being stopped; ask again when it is back.")
                .retry_after_s(SHORT_RETRY_S),
        };
        problem.logged(&error)
    }
}

impl From<RetentionError> for Problem {
    fn from(error: RetentionError) -> Self {
        match error {
            RetentionError::DatasetUnknown => {
                Kind::NotFound.problem("There is no such dataset any more.")
            }
            RetentionError::NoRetention => Kind::Conflict.problem(format!(
                "{}, so nothing goes by its age. Its `retention` names a column that is a date or \
                 a moment, and a time such as 6m.",
                capitalised(&error.to_string())
            )),
            RetentionError::Count(cause) => Self::from(cause),
            RetentionError::Redact(cause) => Self::from(cause),
        }
    }
}
