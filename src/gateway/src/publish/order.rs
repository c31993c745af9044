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

/// What a steward asks for of several datasets at once, as it came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EditionWishes {
    /// The day whose state the sources show; today unless given.
    pub as_of: Option<Date>,
    /// Whether to stop before activation.
    pub stage: bool,
    /// Whether to stop before anything is made.
    pub dry_run: bool,
    /// How many rows of each dataset may be rejected before the whole is.
    pub rejects_max: u64,
}

/// What a steward asks for of several datasets at once, and what the catalogue allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EditionOrder {
    /// The day whose state the sources show.
    pub as_of: Date,
    /// The rest, as it came.
    pub wishes: EditionWishes,
}

impl EditionOrder {
    /// Checks what a steward asks for.
    ///
    /// # Errors
    /// The first thing that stands against it.
    pub fn check(wishes: EditionWishes, view: &View, today: Date) -> Result<Self, OrderError> {
        let as_of = check_as_of(wishes.as_of, view, today)?;
        Ok(Self { as_of, wishes })
    }

    /// The order of one of its datasets.
    ///
    /// # Errors
    /// The first thing that stands against it.
    pub fn of(&self, dataset: DatasetName, view: &View) -> Result<Order, OrderError> {
        let EditionWishes { stage, dry_run, rejects_max, .. } = self.wishes;
        let as_of = Some(self.as_of);
        let wishes = Wishes { as_of, stage, dry_run, rejects_max, ..Wishes::default() };
        Order::check(dataset, wishes, view, self.as_of)
    }
}

/// Why an order is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OrderError {
    /// There is no such dataset.
    #[error("there is no such dataset")]
    DatasetUnknown,
    /// The day is still to come.
    #[error("`as_of` is later than today, {today}")]
    AsOfFuture {
        /// Today in UTC.
        today: Date,
    },
    /// The day is before that of the newest edition.
    #[error("`as_of` is earlier than the newest edition's, {newest}")]
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
    #[error("`supersedes` is given without `reason`")]
    ReasonMissing,
    /// A reason is given for nothing.
    #[error("`reason` is given without `supersedes`")]
    ReasonAlone,
    /// The snapshot to be replaced is not there.
    #[error("there is no snapshot {0} to supersede")]
    SupersedesUnknown(SnapshotId),
    /// The snapshot whose periods would be kept was withdrawn.
    #[error("the current snapshot {0} was withdrawn")]
    CurrentWithdrawn(SnapshotId),
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
        let as_of = check_as_of(wishes.as_of, view, today)?;
        check_period(codebook, wishes.period.as_deref())?;
        check_supersedes(&wishes, view, &dataset)?;
        check_base(&wishes, view, codebook)?;
        check_columns(codebook, view.current(&dataset).map(AsRef::as_ref))?;
        Ok(Self { dataset, as_of, wishes })
    }
}

fn check_as_of(as_of: Option<Date>, view: &View, today: Date) -> Result<Date, OrderError> {
    let as_of = as_of.unwrap_or(today);
    if today < as_of {
        return Err(OrderError::AsOfFuture { today });
    }
    let newest = view.newest().map(|newest| newest.edition().as_of);
    match newest.filter(|newest| as_of < *newest) {
        Some(newest) => Err(OrderError::AsOfBeforeNewest { newest }),
        None => Ok(as_of),
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

fn check_supersedes(wishes: &Wishes, view: &View, dataset: &DatasetName) -> Result<(), OrderError> {
    let reason = wishes.reason.as_deref().filter(|reason| !reason.trim().is_empty());
    match (&wishes.supersedes, reason) {
        (Some(_), None) => Err(OrderError::ReasonMissing),
        (None, Some(_)) => Err(OrderError::ReasonAlone),
        (Some(id), Some(_)) if view.resolve(dataset, id).is_none() => {
            Err(OrderError::SupersedesUnknown(id.clone()))
        }
        _ => Ok(()),
    }
}

/// Periods of a withdrawn snapshot are not carried along in silence: only what supersedes it may.
fn check_base(wishes: &Wishes, view: &View, codebook: &Codebook) -> Result<(), OrderError> {
    let base = view.current(&codebook.name).filter(|_| codebook.kind == Kind::Periods);
    let withdrawn = base.filter(|base| view.withdrawal(base.dataset(), base.id()).is_some());
    match withdrawn {
        Some(base) if wishes.supersedes.as_ref() != Some(base.id()) => {
            Err(OrderError::CurrentWithdrawn(base.id().clone()))
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use catalogue::{Adoption, Catalogue};
    use domain::manifest::{ColumnSummary, Coverage};
    use domain::publication::{Draft, DraftFile, RejectReport};
    use domain::{Sha256Digest, Timestamp};
    use ledger::SigningKey;

    use super::*;

    const TODAY: &str = "2026-11-23";

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    fn name(text: &str) -> DatasetName {
        DatasetName::parse(text).unwrap()
    }

    /// A catalogue in which `traders` is current as of the first of November.
    fn catalogue(folder: &tempfile::TempDir) -> Catalogue {
        let key = SigningKey::generate("room.example").unwrap();
        let catalogue = Catalogue::open(folder.path(), Arc::new(key), &[]).unwrap();
        std::fs::write(folder.path().join("0.parquet"), b"rows").unwrap();
        let codebook = Arc::clone(catalogue.view().enforced(&name("traders")).unwrap());
        let column = |field: &domain::codebook::Field| ColumnSummary {
            name: field.name.clone(),
            field_type: field.field_type,
            bytes: 1,
            null_count: 0,
            distinct_estimate: 1,
            min: None,
            max: None,
        };
        let file = DraftFile {
            file: "0.parquet".to_owned(),
            bytes: 4,
            sha256: Sha256Digest::of(b"rows"),
            row_count: 1,
            period: None,
        };
        let draft = Draft {
            files: vec![file],
            kept: Vec::new(),
            row_count: 1,
            coverage: Coverage::default(),
            columns: codebook.codebook().fields.iter().map(column).collect(),
            sources: Vec::new(),
            quality: Vec::new(),
            rejects: RejectReport::default(),
        };
        let created = Timestamp::parse("2026-11-01T12:00:00Z").unwrap();
        let adoption = Adoption {
            codebook,
            base: None,
            as_of: day("2026-11-01"),
            created,
            publisher: "operator:1000".to_owned(),
            tool: "readingroom".to_owned(),
            supersedes: None,
            reason: None,
            changes: None,
            draft: &draft,
            folder: folder.path(),
        };
        let mut pending = catalogue.adopt(adoption).unwrap();
        catalogue.propose(&mut pending, day("2026-11-01"), created).unwrap();
        catalogue.settle(pending).unwrap();
        catalogue
    }

    fn check(dataset: &str, wishes: Wishes) -> Result<Order, OrderError> {
        let folder = tempfile::tempdir().unwrap();
        Order::check(name(dataset), wishes, &catalogue(&folder).view(), day(TODAY))
    }

    #[test]
    fn a_day_is_today_unless_given_and_between_the_newest_editions_and_today() {
        let on = |date: &str| Wishes { as_of: Some(day(date)), ..Wishes::default() };

        assert_eq!(check("traders", Wishes::default()).unwrap().as_of, day(TODAY));
        assert!(check("traders", on("2026-11-01")).is_ok());
        let newest = day("2026-11-01");
        let early = check("traders", on("2026-10-31"));
        assert_eq!(early, Err(OrderError::AsOfBeforeNewest { newest }));
        let today = day(TODAY);
        assert_eq!(check("traders", on("2026-11-24")), Err(OrderError::AsOfFuture { today }));
    }

    #[test]
    fn a_period_is_for_datasets_that_have_periods() {
        let of = |period: &str| Wishes { period: Some(period.to_owned()), ..Wishes::default() };

        assert_eq!(check("traders", of("2025-07-01")), Err(OrderError::PeriodOfState));
        assert!(check("statements_of_reasons", of("2025-07-01")).is_ok());
        let month = check("statements_of_reasons", of("2025-07"));
        assert!(matches!(month, Err(OrderError::Period(_))));
    }

    #[test]
    fn a_correction_names_what_it_corrects_and_why() {
        let folder = tempfile::tempdir().unwrap();
        let view = catalogue(&folder).view();
        let there = view.current(&name("traders")).unwrap().id().clone();
        let absent = SnapshotId::from_digest(&Sha256Digest::of(b""));
        let check = |supersedes: Option<&SnapshotId>, reason: Option<&str>| {
            let (supersedes, reason) = (supersedes.cloned(), reason.map(str::to_owned));
            let wishes = Wishes { supersedes, reason, ..Wishes::default() };
            Order::check(name("traders"), wishes, &view, day(TODAY)).map(|_| ())
        };

        assert_eq!(check(Some(&there), Some("prices were in cents")), Ok(()));
        assert_eq!(check(Some(&there), Some(" ")), Err(OrderError::ReasonMissing));
        assert_eq!(check(None, Some("why")), Err(OrderError::ReasonAlone));
        let unknown = check(Some(&absent), Some("why"));
        assert_eq!(unknown, Err(OrderError::SupersedesUnknown(absent.clone())));
    }

    #[test]
    fn a_dataset_that_is_not_there_is_not_published() {
        assert_eq!(check("secrets", Wishes::default()), Err(OrderError::DatasetUnknown));
    }
}
