//! Why a publication ends without a draft.
//!
//! Three kinds that never mix: what the steward can mend ([`RejectReport`]), what the operator
//! can ([`Fault`]), and, inside this room, that one file is unfit while the others go on.

use std::error::Error;
use std::io;

use datafusion::error::DataFusionError;
use domain::ColumnName;
use domain::publication::RejectReport;

use crate::rule::Rule;
use crate::source::budget::{UnpackError, is_spent};

/// Why a publication ends without a draft.
#[derive(Debug, thiserror::Error)]
pub enum PublishFailure {
    /// The sources break the codebook, or are not what they claim to be.
    #[error("the sources are rejected")]
    Rejected(RejectReport),
    /// A fault of ours; its text is for the log only.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// What went wrong on our side; never shown to a caller.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The job and the descriptors that came with it do not agree.
    #[error("the job names {named} files, but {given} came")]
    Descriptors {
        /// How many files the job names.
        named: usize,
        /// How many descriptors came.
        given: usize,
    },
    /// A rule of the codebook cannot be enforced as it is written.
    #[error("the codebook's rule for {column} cannot be enforced: {reason}")]
    Codebook {
        /// The column whose rule it is.
        column: ColumnName,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Keys of redactions do not fit the files that they are about.
    #[error("redactions do not fit the files")]
    Keys,
    /// What was told of the shares of a snapshot's files before cannot be gone on from.
    #[error("the columns so far are not those of the codebook")]
    SoFar,
    /// A delivered file is shorter than the job says.
    #[error("a source is shorter than the job says")]
    SourceShort,
    /// A file of an earlier snapshot, or one that keys point at, cannot be read.
    #[error("a published file cannot be read")]
    Published(#[source] parquet::errors::ParquetError),
    /// The scratch folder cannot be read or written.
    #[error("the scratch folder fails")]
    Scratch(#[source] io::Error),
    /// The engine could not sort.
    #[error("sorting fails")]
    Sort(#[source] DataFusionError),
    /// Rows could not be put together.
    #[error("rows cannot be put together")]
    Arrow(#[from] arrow::error::ArrowError),
    /// A new file could not be written.
    #[error("a file cannot be written")]
    Write(#[from] parquet::errors::ParquetError),
    /// A thread of ours ended by a panic.
    #[error("the {thread} thread panicked")]
    Panicked {
        /// Which one.
        thread: &'static str,
    },
}

impl Fault {
    /// Whether it is that the disk takes no more, which an operator can mend.
    #[must_use]
    pub fn is_disk_full(&self) -> bool {
        let is_full = |cause: &io::Error| {
            matches!(cause.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
        };
        let mut cause: Option<&(dyn Error + 'static)> = Some(self);
        while let Some(error) = cause {
            if error.downcast_ref::<io::Error>().is_some_and(is_full) {
                return true;
            }
            cause = error.source();
        }
        false
    }
}

/// Why one file, or all of a source, is of no use.
#[derive(Clone, Debug)]
pub(crate) struct Unfit {
    /// Where in it, if it is known.
    pub(crate) line: Option<u64>,
    /// The column, if it is about one.
    pub(crate) column: Option<ColumnName>,
    /// The rule it breaks.
    pub(crate) rule: Rule,
    /// What is wrong and what would pass.
    pub(crate) detail: String,
}

impl Unfit {
    /// A whole file breaks a rule.
    pub(crate) fn new(rule: Rule, detail: impl Into<String>) -> Self {
        Self { line: None, column: None, rule, detail: detail.into() }
    }

    /// The same, from a line on.
    pub(crate) fn at_line(self, line: u64) -> Self {
        Self { line: Some(line), ..self }
    }

    /// The same, about one column.
    pub(crate) fn of_column(self, column: &ColumnName) -> Self {
        Self { column: Some(column.clone()), ..self }
    }
}

/// Why reading stops, for one file or for all.
#[derive(Debug)]
pub(crate) enum Halt {
    /// This file is of no use; the next may be.
    Unfit(Unfit),
    /// Nobody wants the rows any more: what follows has failed, and says why itself.
    Stopped,
    /// A fault of ours.
    Fault(Fault),
}

impl Halt {
    /// What a failed read of a source means.
    pub(crate) fn unreadable(error: &io::Error) -> Self {
        Self::Unfit(if is_spent(error) {
            Unfit::new(
                Rule::Size,
                "the sources grow beyond what may be unpacked for one publication; deliver fewer \
                 at once",
            )
        } else {
            Unfit::new(
                Rule::Format,
                "it cannot be read to its end: it was cut or damaged on its way, or is not what \
                 its name says",
            )
        })
    }
}

impl From<Unfit> for Halt {
    fn from(unfit: Unfit) -> Self {
        Self::Unfit(unfit)
    }
}

impl From<Fault> for Halt {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<UnpackError> for Halt {
    fn from(error: UnpackError) -> Self {
        match error {
            UnpackError::Stream(error) => Self::unreadable(&error),
            UnpackError::Scratch(error) => Self::Fault(Fault::Scratch(error)),
        }
    }
}
