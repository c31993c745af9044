//! Periods as numbers: the day each begins, in days since 1970.
//!
//! # Invariant
//! A period's number sorts as time does, and names one period of its unit only.

use chrono::Datelike as _;
use domain::codebook::{InvalidPeriod, PeriodUnit};

use crate::convert::values::{day, days_of};

/// The periods of a unit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Periods {
    unit: PeriodUnit,
    /// The day looked up last and where its period begins, since neighbours mostly share both.
    last: Option<(i32, i32)>,
}

impl Periods {
    /// The periods of a unit.
    pub(crate) fn new(unit: PeriodUnit) -> Self {
        Self { unit, last: None }
    }

    /// Where the period of a day begins, if the day is one of the years 1 to 9999.
    pub(crate) fn begin(&mut self, days: i32) -> Option<i32> {
        if let Some((known, begin)) = self.last
            && known == days
        {
            return Some(begin);
        }
        let date = day(days).filter(|day| (1..=9999).contains(&day.year()))?;
        let begin = match self.unit {
            PeriodUnit::Day => days,
            PeriodUnit::Month => days_of(date.with_day(1)?),
        };
        self.last = Some((days, begin));
        Some(begin)
    }

    /// The name of the period that begins on a day.
    pub(crate) fn name(&self, begin: i32) -> String {
        day(begin).map(|day| self.unit.containing(day)).unwrap_or_default()
    }

    /// Reads a period's name.
    ///
    /// # Errors
    /// When it is no period of this unit.
    pub(crate) fn parse(&self, name: &str) -> Result<i32, InvalidPeriod> {
        self.unit.first_day(name).map(days_of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_reads_back_as_it_is_named() {
        let months = Periods::new(PeriodUnit::Month);
        let days = Periods::new(PeriodUnit::Day);

        assert_eq!(months.parse("2025-07").map(|begin| months.name(begin)).unwrap(), "2025-07");
        assert_eq!(days.parse("1969-12-31").unwrap(), -1);
        assert_eq!(days.name(-1), "1969-12-31");
    }

    #[test]
    fn each_day_of_a_month_lies_in_it() {
        let mut months = Periods::new(PeriodUnit::Month);
        let begin = months.parse("2024-02").unwrap();

        assert_eq!(months.begin(begin), Some(begin));
        assert_eq!(months.begin(begin + 28), Some(begin));
        assert_ne!(months.begin(begin + 29), Some(begin));
        assert_eq!(months.begin(i32::MAX), None);
    }
}
