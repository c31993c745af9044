//! Half-years, for which transparency reports are made (Reg. (EU) 2024/2835).

use std::fmt;

use chrono::{Datelike as _, Months};
use domain::{Date, Timestamp};

use crate::seen::Seen;

/// One half-year.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct HalfYear {
    year: i32,
    /// Zero or one.
    half: u32,
}

impl HalfYear {
    /// The one that a day lies in.
    pub(super) fn containing(day: Date) -> Self {
        Self { year: day.year(), half: u32::from(6 < day.month()) }
    }

    /// The one before.
    pub(super) fn before(self) -> Self {
        match self.half {
            0 => Self { year: self.year - 1, half: 1 },
            _ => Self { half: 0, ..self },
        }
    }

    /// Its first day.
    pub(super) fn first_day(self) -> Date {
        super::day((self.year, 1 + 6 * self.half, 1))
    }

    /// The first day after it.
    pub(super) fn next_first_day(self) -> Date {
        let first = self.first_day();
        first.checked_add_months(Months::new(6)).unwrap_or(first)
    }

    /// The day on which its report is made public: within two months.
    pub(super) fn published_on(self) -> Date {
        let day = if self.half == 0 { 27 } else { 24 };
        let month = self.next_first_day().checked_add_months(Months::new(1));
        month.and_then(|month| month.with_day(day)).unwrap_or(self.next_first_day())
    }

    /// The day on which its report was made public, if it was.
    pub(super) fn published(self, seen: Seen) -> Option<Date> {
        Some(self.published_on()).filter(|day| seen.has(Timestamp::start_of(*day)))
    }
}

impl fmt::Display for HalfYear {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-H{}", self.year, self.half + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_public_two_months_after_its_half_year_at_the_latest() {
        let autumn = HalfYear::containing(crate::monitoring::day((2026, 11, 1)));

        let spring = autumn.before();

        assert_eq!([spring, autumn].map(|half| half.to_string()), ["2026-H1", "2026-H2"]);
        assert_eq!(spring.next_first_day(), autumn.first_day());
        assert_eq!(spring.published_on().to_string(), "2026-08-27");
        assert_eq!(autumn.published_on().to_string(), "2027-02-24");
    }
}
