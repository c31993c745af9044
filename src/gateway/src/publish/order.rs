//! Orders: what a steward asks for, held against the catalogue before a byte is received.

use catalogue::{Snapshot, View};
use domain::codebook::{Codebook, InvalidPeriod, Kind};
use domain::{DatasetName, Date, SnapshotId};

/// What a steward asks for, as it came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wishes {
    /// The day whose state the source shows; today unless given.
    pub as_of: Option<Date>,
    /// The period the source belongs to.
    pub period: Option<String>,
    /// The snapshot this one replaces because that one was wrong.
    pub supersedes: Option<SnapshotId>,
    /// Why.
    pub reason: Option<String>,
    /// Whether to stop before activation.
    pub stage: bool,
    /// Whether to stop before anything is made.
    pub dry_run: bool,
    /// How many rows may be rejected before the whole is.
    pub rejects_max: u64,
}

/// What a steward asks for, and what the catalogue allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// The dataset.
    pub dataset: DatasetName,
    /// The day whose state the source shows.
    pub as_of: Date,
    /// The rest, as it came.
    pub wishes: Wishes,
}

/// Why an order is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OrderError {
    /// There is no such dataset.
    #[error("there is no such dataset")]
    DatasetUnknown,
    /// The day is still to come.
    #[error("as_of is later than today, {today}")]
    AsOfFuture {
        /// Today in UTC.
        today: Date,
    },
    /// The day is before that of the newest edition.
    #[error("as_of is earlier than the newest edition's, {newest}")]
    AsOfBeforeNewest {
        /// The newest edition's date.
        newest: Date,
    },
    /// The dataset has no periods.
    #[error("a period is given, but the dataset is published as a whole")]
    PeriodOfState,
    /// The period is not written as the dataset's codebook asks.
    #[error("the period {0}")]
    Period(#[from] InvalidPeriod),
    /// A snapshot is replaced without a reason.
    #[error("supersedes is given without reason")]
    ReasonMissing,
    /// A reason is given for nothing.
    #[error("reason is given without supersedes")]
    ReasonAlone,
    /// The snapshot to be replaced is not there.
    #[error("there is no snapshot {0} to supersede")]
    SupersedesUnknown(SnapshotId),
    /// The columns changed since the periods were published that would be kept.
    #[error("the columns of the current snapshot {0} are not those of the codebook")]
    ColumnsChanged(SnapshotId),
}

impl Order {
    /// Checks what a steward asks for.
    ///
    /// # Errors
    /// The first thing that stands against it.
    pub fn check(
        dataset: DatasetName,
        wishes: Wishes,
        view: &View,
        today: Date,
    ) -> Result<Self, OrderError> {
        let codebook = view.enforced(&dataset).ok_or(OrderError::DatasetUnknown)?.codebook();
        let as_of = wishes.as_of.unwrap_or(today);
        if today < as_of {
            return Err(OrderError::AsOfFuture { today });
        }
        let newest = view.newest().map(|newest| newest.edition().as_of);
        if let Some(newest) = newest.filter(|newest| as_of < *newest) {
            return Err(OrderError::AsOfBeforeNewest { newest });
        }
        check_period(codebook, wishes.period.as_deref())?;
        check_supersedes(&wishes, view, &dataset)?;
        check_columns(codebook, view.current(&dataset).map(AsRef::as_ref))?;
        Ok(Self { dataset, as_of, wishes })
    }
}

fn check_period(codebook: &Codebook, period: Option<&str>) -> Result<(), OrderError> {
    match (codebook.period_unit, period) {
        (Some(unit), Some(period)) => {
            unit.first_day(period)?;
            Ok(())
        }
        (None, Some(_)) => Err(OrderError::PeriodOfState),
        (_, None) => Ok(()),
    }
}

fn check_supersedes(
    wishes: &Wishes,
    view: &View,
    dataset: &DatasetName,
) -> Result<(), OrderError> {
    let reason = wishes.reason.as_deref().filter(|reason| !reason.trim().is_empty());
    match (&wishes.supersedes, reason) {
        (Some(_), None) => Err(OrderError::ReasonMissing),
        (None, Some(_)) => Err(OrderError::ReasonAlone),
        (Some(id), Some(_)) if view.snapshot(dataset, id).is_none() => {
            Err(OrderError::SupersedesUnknown(id.clone()))
        }
        _ => Ok(()),
    }
}

/// Periods are kept as they were laid out, so their columns must be those of today.
fn check_columns(codebook: &Codebook, current: Option<&Snapshot>) -> Result<(), OrderError> {
    let Some(current) = current.filter(|_| codebook.kind == Kind::Periods) else { return Ok(()) };
    let columns = |codebook: &Codebook| -> Vec<_> {
        let fields = codebook.fields.iter();
        fields.map(|field| (field.name.clone(), field.field_type, field.nullable)).collect()
    };
    if columns(current.codebook()) == columns(codebook) {
        Ok(())
    } else {
        Err(OrderError::ColumnsChanged(current.id().clone()))
    }
}
