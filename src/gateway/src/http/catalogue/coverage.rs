//! Which days the rows of a snapshot are about.

use domain::codebook::{Codebook, Kind, PeriodUnit};
use domain::{Date, Manifest};
use serde_json::Value;

/// How often a dataset grows, and the smallest time its rows are told apart by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rhythm {
    /// A day at a time.
    Daily,
    /// A month at a time.
    Monthly,
    /// As a whole, whenever stewards publish it.
    Whole,
}

impl Rhythm {
    /// The rhythm of a dataset.
    pub(super) fn of(codebook: &Codebook) -> Self {
        match (codebook.kind, codebook.period_unit) {
            (Kind::Periods, Some(PeriodUnit::Day)) => Self::Daily,
            (Kind::Periods, Some(PeriodUnit::Month)) => Self::Monthly,
            (Kind::Periods, None) | (Kind::State, _) => Self::Whole,
        }
    }
}

/// The first and the last day that a snapshot is about, as far as its manifest tells.
///
/// From its periods, or from the bounds of its time column where those may be told.
pub(super) fn days(codebook: &Codebook, manifest: &Manifest) -> Option<(Date, Date)> {
    match codebook.period_unit {
        Some(unit) => {
            let first = unit.first_day(manifest.coverage.periods.first()?).ok()?;
            let last = unit.first_day(manifest.coverage.periods.last()?).ok()?;
            Some((first, unit.next_first_day(last)?.pred_opt()?))
        }
        None => {
            let time = codebook.time_column.as_ref()?;
            let column = manifest.columns.iter().find(|column| column.name == *time)?;
            Some((day(column.min.as_ref()?)?, day(column.max.as_ref()?)?))
        }
    }
}

/// The day of a date or a moment as manifests write it.
fn day(value: &Value) -> Option<Date> {
    Date::parse_from_str(value.as_str()?.get(..10)?, "%Y-%m-%d").ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_day_of_a_moment_is_its_first_ten_characters() {
        let expected = Date::from_ymd_opt(2026, 10, 1);

        assert_eq!(day(&json!("2026-10-01")), expected);
        assert_eq!(day(&json!("2026-10-01T23:59:59.000000Z")), expected);
        assert_eq!((day(&json!(20_261_001)), day(&json!("2026"))), (None, None));
    }
}
