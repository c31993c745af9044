//! Errors of a run as kinds, read by their structure.
//!
//! # Invariant
//! The engine's text prints values of the data, so none of it is kept: neither for the caller nor
//! for the log.

use std::error::Error;

use arrow::error::ArrowError;
use datafusion::error::DataFusionError;
use domain::limits::LimitName;
use domain::outcome::FailureKind;
use parquet::errors::ParquetError;

use crate::encode::EncodeError;
use crate::mount::Mismatched;

/// What the engine says when a query that stands for one value gave several rows; it has no
/// variant of its own. A test holds the two together.
const MANY_ROWS: &str = "Scalar subquery returned more than one row";

/// A run that failed for no reason of the query's.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The descriptors are not those of the plan's files.
    #[error("the files do not fit the plan: {0}")]
    Files(Mismatch),
    /// A file could not be read or decoded.
    #[error("a snapshot's file could not be read")]
    Unreadable,
    /// Nobody took the answer.
    #[error("the answer was not taken")]
    SinkClosed,
    /// The answer could not be encoded.
    #[error("the answer could not be encoded")]
    Unencodable,
    /// The engine contradicted itself.
    #[error("the engine failed")]
    Engine,
    /// The engine panicked.
    #[error("the engine panicked")]
    Panicked,
}

/// How descriptors differ from the files of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(transparent)]
pub struct Mismatch(Mismatched);

impl From<Mismatched> for Mismatch {
    fn from(mismatched: Mismatched) -> Self {
        Self(mismatched)
    }
}

/// What an error comes down to.
#[derive(Debug)]
pub(super) enum Cause {
    /// The query failed on a value.
    Kind(FailureKind),
    /// A limit was hit.
    Limit(LimitName),
    /// The engine failed.
    Fault(Fault),
}

impl Cause {
    /// The cause of an engine error.
    pub(super) fn of(error: &DataFusionError) -> Self {
        match error {
            DataFusionError::ArrowError(error, _) => Self::of_arrow(error),
            DataFusionError::Execution(text) if text == MANY_ROWS => {
                Self::Kind(FailureKind::ManyRows)
            }
            DataFusionError::Execution(_) => Self::Kind(FailureKind::Value),
            DataFusionError::ResourcesExhausted(_) => Self::Limit(LimitName::MemoryBytes),
            DataFusionError::Context(_, inner) | DataFusionError::Diagnostic(_, inner) => {
                Self::of(inner)
            }
            DataFusionError::Shared(inner) => Self::of(inner),
            DataFusionError::Collection(errors) => match errors.first() {
                Some(first) => Self::of(first),
                None => Self::Fault(Fault::Engine),
            },
            DataFusionError::External(error) => Self::of_external(error.as_ref()),
            DataFusionError::ParquetError(error) => Self::of_parquet(error),
            DataFusionError::ObjectStore(_) | DataFusionError::IoError(_) => {
                Self::Fault(Fault::Unreadable)
            }
            DataFusionError::ExecutionJoin(error) if error.is_panic() => {
                Self::Fault(Fault::Panicked)
            }
            DataFusionError::SQL(..)
            | DataFusionError::NotImplemented(_)
            | DataFusionError::Internal(_)
            | DataFusionError::Plan(_)
            | DataFusionError::Configuration(_)
            | DataFusionError::SchemaError(..)
            | DataFusionError::ExecutionJoin(_)
            | DataFusionError::Substrait(_)
            | DataFusionError::Ffi(_) => Self::Fault(Fault::Engine),
        }
    }

    /// The cause of an encoding error.
    pub(super) fn of_encoding(error: &EncodeError) -> Self {
        match error {
            EncodeError::Unprintable => Self::Kind(FailureKind::Overflow),
            EncodeError::Limit(name) => Self::Limit(*name),
            EncodeError::Closed(_) => Self::Fault(Fault::SinkClosed),
            EncodeError::Arrow(error) => Self::of_arrow(error),
            EncodeError::Parquet(_) => Self::Fault(Fault::Unencodable),
        }
    }

    fn of_arrow(error: &ArrowError) -> Self {
        match error {
            ArrowError::CastError(_) | ArrowError::ParseError(_) => Self::Kind(FailureKind::Cast),
            ArrowError::DivideByZero => Self::Kind(FailureKind::DivideByZero),
            ArrowError::ArithmeticOverflow(_) | ArrowError::OffsetOverflowError(_) => {
                Self::Kind(FailureKind::Overflow)
            }
            ArrowError::ComputeError(_) | ArrowError::InvalidArgumentError(_) => {
                Self::Kind(FailureKind::Value)
            }
            ArrowError::MemoryError(_) => Self::Limit(LimitName::MemoryBytes),
            ArrowError::ExternalError(error) => Self::of_external(error.as_ref()),
            ArrowError::IoError(..) | ArrowError::IpcError(_) | ArrowError::ParquetError(_) => {
                Self::Fault(Fault::Unreadable)
            }
            ArrowError::NotYetImplemented(_)
            | ArrowError::SchemaError(_)
            | ArrowError::CsvError(_)
            | ArrowError::JsonError(_)
            | ArrowError::AvroError(_)
            | ArrowError::CDataInterface(_)
            | ArrowError::DictionaryKeyOverflowError
            | ArrowError::RunEndIndexOverflowError => Self::Fault(Fault::Engine),
        }
    }

    fn of_parquet(error: &ParquetError) -> Self {
        if let ParquetError::External(error) = error {
            return Self::of_external(error.as_ref());
        }
        Self::Fault(Fault::Unreadable)
    }

    /// The cause of an error that another library wrapped.
    fn of_external(error: &(dyn Error + Send + Sync + 'static)) -> Self {
        if let Some(error) = error.downcast_ref::<DataFusionError>() {
            return Self::of(error);
        }
        if let Some(error) = error.downcast_ref::<ArrowError>() {
            return Self::of_arrow(error);
        }
        if let Some(error) = error.downcast_ref::<ParquetError>() {
            return Self::of_parquet(error);
        }
        Self::Fault(Fault::Unreadable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind_of(error: ArrowError) -> Option<FailureKind> {
        let wrapped = DataFusionError::Context("a".to_owned(), Box::new(error.into()));
        match Cause::of(&wrapped) {
            Cause::Kind(kind) => Some(kind),
            Cause::Limit(_) | Cause::Fault(_) => None,
        }
    }

    #[test]
    fn a_failure_on_a_value_is_told_by_its_kind_however_it_is_wrapped() {
        let cast = || ArrowError::CastError("Cannot cast string 'alice' to Int64".to_owned());

        assert_eq!(kind_of(cast()), Some(FailureKind::Cast));
        assert_eq!(kind_of(ArrowError::ExternalError(Box::new(cast()))), Some(FailureKind::Cast));
        assert_eq!(kind_of(ArrowError::DivideByZero), Some(FailureKind::DivideByZero));
        assert_eq!(kind_of(ArrowError::SchemaError(String::new())), None);
    }
}
