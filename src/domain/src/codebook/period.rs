//! Periods: the pieces in which a dataset of [`super::Kind::Periods`] is published.

use chrono::{Datelike, Days, Months};

use super::PeriodUnit;
use crate::time::Date;

/// A text that is no period of the unit it was taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is no period; a period is written {form}")]
pub struct InvalidPeriod {
    /// How the unit's periods are written.
    pub form: &'static str,
}

impl PeriodUnit {
    /// How periods of this unit are written, for messages.
    #[must_use]
    pub fn form(self) -> &'static str {
        match self {
            Self::Day => "as a day, such as 2025-07-01",
            Self::Month => "as a month, such as 2025-07",
        }
    }

    /// The period that a day lies in, as manifests write it; sorts as time does.
    #[must_use]
    pub fn containing(self, day: Date) -> String {
        match self {
            Self::Day => day.format("%Y-%m-%d").to_string(),
            Self::Month => day.format("%Y-%m").to_string(),
        }
    }

    /// The first day of a period.
    ///
    /// # Errors
    /// When the text is no period of this unit, in the one spelling it has.
    pub fn first_day(self, period: &str) -> Result<Date, InvalidPeriod> {
        let invalid = InvalidPeriod { form: self.form() };
        let day = match self {
            Self::Day => Date::parse_from_str(period, "%Y-%m-%d"),
            Self::Month => Date::parse_from_str(&format!("{period}-01"), "%Y-%m-%d"),
        };
        let day = day.map_err(|_| invalid)?;
        if self.containing(day) == period { Ok(day) } else { Err(invalid) }
    }

    /// The first day of the period that follows the one which a day lies in, if the calendar has it.
    #[must_use]
    pub fn next_first_day(self, day: Date) -> Option<Date> {
        match self {
            Self::Day => day.checked_add_days(Days::new(1)),
            Self::Month => day.with_day(1)?.checked_add_months(Months::new(1)),
        }
    }

    /// The last day of a period.
    ///
    /// # Errors
    /// As [`PeriodUnit::first_day`].
    pub fn last_day(self, period: &str) -> Result<Date, InvalidPeriod> {
        let first = self.first_day(period)?;
        Ok(self.next_first_day(first).and_then(|next| next.pred_opt()).unwrap_or(first))
    }

    /// The periods strictly between the first and the last of some that are not among them.
    ///
    /// # Errors
    /// When one of them is no period of this unit.
    pub fn missing_between<'a>(
        self,
        present: impl IntoIterator<Item = &'a str>,
    ) -> Result<Vec<String>, InvalidPeriod> {
        let days: Result<std::collections::BTreeSet<_>, _> =
            present.into_iter().map(|period| self.first_day(period)).collect();
        let days = days?;
        let (Some(&first), Some(&last)) = (days.first(), days.last()) else {
            return Ok(Vec::new());
        };
        let following = std::iter::successors(Some(first), |&day| self.next_first_day(day));
        let between = following.take_while(|day| *day < last).filter(|day| !days.contains(day));
        Ok(between.map(|day| self.containing(day)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_has_one_spelling() {
        for text in ["2025-07-01", "2024-02-29"] {
            let day = PeriodUnit::Day.first_day(text).unwrap();
            assert_eq!(PeriodUnit::Day.containing(day), text);
        }
        assert!(PeriodUnit::Month.first_day("2025-07").is_ok());
        for text in ["2025-7-1", "2025-02-30", "2025-07", "", "2025-07-01 ", "+2025-07-01"] {
            assert!(PeriodUnit::Day.first_day(text).is_err(), "{text}");
        }
        for text in ["2025-13", "2025-7", "2025-07-01", "2025"] {
            assert!(PeriodUnit::Month.first_day(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_period_ends_the_day_before_the_next() {
        let last = |unit: PeriodUnit, period| unit.last_day(period).unwrap().to_string();

        assert_eq!(last(PeriodUnit::Day, "2024-02-29"), "2024-02-29");
        assert_eq!(last(PeriodUnit::Month, "2024-02"), "2024-02-29");
    }

    #[test]
    fn the_periods_between_the_first_and_the_last_are_expected() {
        let months = PeriodUnit::Month.missing_between(["2025-01", "2024-11"]).unwrap();
        let days = PeriodUnit::Day.missing_between(["2024-02-28", "2024-03-02"]).unwrap();

        assert_eq!(months, ["2024-12"]);
        assert_eq!(days, ["2024-02-29", "2024-03-01"]);
        assert!(PeriodUnit::Day.missing_between([]).unwrap().is_empty());
    }
}
