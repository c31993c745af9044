//! Spans of time and the seasons of a week.

use chrono::{Datelike as _, Months};
use domain::{Date, Timestamp};

/// Microseconds of an hour.
const HOUR_US: i64 = 3_600 * 1_000_000;
/// Seconds of a day.
pub(crate) const DAY_S: i64 = 24 * 3_600;
/// Seconds of an hour.
pub(crate) const HOUR_S: i64 = 3_600;

/// From a moment until another, the latter excluded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    /// The first moment in it.
    pub(crate) from: Timestamp,
    /// The first moment after it.
    pub(crate) until: Timestamp,
}

impl Span {
    /// Whether no moment lies in it.
    pub(crate) fn is_empty(self) -> bool {
        self.until <= self.from
    }

    /// How long it is, in microseconds; zero where it is empty.
    pub(crate) fn length_us(self) -> i64 {
        (self.until.unix_us() - self.from.unix_us()).max(0)
    }

    /// The moment that many microseconds after its start.
    pub(crate) fn at(self, offset_us: i64) -> Timestamp {
        moment(self.from.unix_us() + offset_us)
    }
}

/// How busy the hours of a week are, in hundredths of the busiest.
#[derive(Debug)]
pub(crate) struct Season {
    /// Monday to Sunday.
    weekdays: [u64; 7],
    /// From midnight, UTC, two hours each.
    hours: [u64; 12],
}

impl Season {
    /// The weight of the busiest hour: 100 for the day × 100 for the hour.
    pub(crate) const WEIGHT_MAX: u64 = 100 * 100;

    /// When people sell, shop and post: evenings and weekends.
    pub(crate) const PUBLIC: Self = Self {
        weekdays: [74, 70, 72, 76, 84, 96, 100],
        hours: [35, 18, 14, 30, 55, 66, 72, 74, 82, 100, 92, 60],
    };

    /// When reviewers decide: working days, and a night shift.
    pub(crate) const STAFF: Self = Self {
        weekdays: [100, 97, 95, 94, 88, 42, 36],
        hours: [22, 18, 25, 60, 100, 96, 84, 95, 88, 55, 36, 28],
    };

    /// How busy the hour around a moment is.
    pub(crate) fn weight(&self, moment: Timestamp) -> u64 {
        let hours = moment.unix_us().div_euclid(HOUR_US);
        let days = hours.div_euclid(24);
        self.weekdays[slot(days + THURSDAY, 7)] * self.hours[slot(hours.rem_euclid(24) / 2, 12)]
    }

    /// How busy a day is, in hundredths of the busiest.
    pub(crate) fn weight_of_day(&self, day: Date) -> u64 {
        let days = Timestamp::start_of(day).unix_s().div_euclid(DAY_S);
        self.weekdays[slot(days + THURSDAY, 7)]
    }
}

/// The weekday of 1970-01-01, where Monday is zero.
const THURSDAY: i64 = 3;

/// A number's place in a cycle.
fn slot(number: i64, cycle: i64) -> usize {
    usize::try_from(number.rem_euclid(cycle)).unwrap_or(0)
}

/// The moment that many microseconds after 1970.
pub(crate) fn moment(unix_us: i64) -> Timestamp {
    Timestamp::from_unix_us(unix_us).expect("invariant: the world's years are in the calendar")
}

/// A moment without its part of a second.
pub(crate) fn whole_second(moment: Timestamp) -> Timestamp {
    Timestamp::from_unix_s(moment.unix_s()).unwrap_or(moment)
}

/// The earlier of two moments.
pub(crate) fn earlier(moments: [Timestamp; 2]) -> Timestamp {
    moments[0].min(moments[1])
}

/// The days from one until another, the latter excluded.
pub(crate) fn days(span: Span) -> impl Iterator<Item = Date> {
    let until = span.until.date();
    span.from.date().iter_days().take_while(move |day| *day < until)
}

/// The first day of the month that a day lies in.
pub(crate) fn first_of_month(day: Date) -> Date {
    day.with_day(1).unwrap_or(day)
}

/// The first day of the quarter that a day lies in.
pub(crate) fn first_of_quarter(day: Date) -> Date {
    let first = first_of_month(day);
    first.checked_sub_months(Months::new(first.month0() % 3)).unwrap_or(first)
}

/// The months that some days lie in, from the first until the last, by their first days.
pub(crate) fn months([first, last]: [Date; 2]) -> impl Iterator<Item = Date> {
    let next = |month: &Date| month.checked_add_months(Months::new(1));
    std::iter::successors(Some(first_of_month(first)), next).take_while(move |month| *month <= last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sunday_evening_is_busier_than_monday_night() {
        let sunday = Timestamp::parse("2026-11-01T19:00:00Z").unwrap();
        let monday = Timestamp::parse("2026-11-02T03:00:00Z").unwrap();

        assert_eq!(Season::PUBLIC.weight(sunday), Season::WEIGHT_MAX);
        assert_eq!(Season::PUBLIC.weight(monday), 74 * 18);
    }
}
