//! Moments and days, and the clock that everything asks for them.
//!
//! # Invariant
//! All moments are UTC with microseconds; only [`SystemClock`] looks at the machine's clock.

use std::fmt;
use std::sync::Mutex;

use chrono::{DateTime, Datelike, NaiveDate, SecondsFormat, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// A calendar day in UTC.
pub type Date = NaiveDate;

/// A moment in UTC, to the microsecond.
///
/// # Shape
/// RFC 3339 with six digits and `Z`: `2026-11-23T18:20:31.114210Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Timestamp(DateTime<Utc>);

/// A text that is no RFC 3339 moment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a moment in RFC 3339 form, such as 2026-11-23T18:20:31.114210Z")]
pub struct InvalidTimestamp;

impl Timestamp {
    /// Reads a moment that came from outside; any offset is turned into UTC.
    ///
    /// # Errors
    /// When the text is not RFC 3339.
    pub fn parse(text: &str) -> Result<Self, InvalidTimestamp> {
        let moment = DateTime::parse_from_rfc3339(text).map_err(|_| InvalidTimestamp)?;
        Self::from_unix_us(moment.timestamp_micros()).ok_or(InvalidTimestamp)
    }

    /// The moment that many microseconds after 1970-01-01T00:00:00Z, if the calendar has it.
    #[must_use]
    pub fn from_unix_us(unix_us: i64) -> Option<Self> {
        DateTime::from_timestamp_micros(unix_us).map(Self)
    }

    /// The moment that many seconds after 1970-01-01T00:00:00Z, if the calendar has it.
    #[must_use]
    pub fn from_unix_s(unix_s: i64) -> Option<Self> {
        unix_s.checked_mul(1_000_000).and_then(Self::from_unix_us)
    }

    /// 00:00 UTC of a day.
    #[must_use]
    pub fn start_of(day: Date) -> Self {
        Self(day.and_time(chrono::NaiveTime::MIN).and_utc())
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn unix_us(self) -> i64 {
        self.0.timestamp_micros()
    }

    /// Whole seconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn unix_s(self) -> i64 {
        self.0.timestamp()
    }

    /// The UTC day this moment lies in.
    #[must_use]
    pub fn date(self) -> Date {
        self.0.date_naive()
    }

    /// This moment, that many seconds later (or earlier, if negative).
    #[must_use]
    pub fn plus_s(self, seconds: i64) -> Self {
        Self(self.0 + TimeDelta::seconds(seconds))
    }

    /// Whole seconds until the next UTC day begins, at least one.
    #[must_use]
    pub fn seconds_to_midnight(self) -> u64 {
        let tomorrow = self.date().succ_opt().unwrap_or(self.date());
        let left = Self::start_of(tomorrow).unix_s() - self.unix_s();
        u64::try_from(left).unwrap_or(0).max(1)
    }

    /// The year, for ids and reports.
    #[must_use]
    pub fn year(self) -> i32 {
        self.0.year()
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.to_rfc3339_opts(SecondsFormat::Micros, true))
    }
}

impl TryFrom<String> for Timestamp {
    type Error = InvalidTimestamp;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<Timestamp> for String {
    fn from(moment: Timestamp) -> Self {
        moment.to_string()
    }
}

/// Tells the time; handed to everything that needs one, so that tests can stand still.
pub trait Clock: Send + Sync {
    /// The moment it is.
    fn now(&self) -> Timestamp;

    /// The UTC day it is.
    fn today(&self) -> Date {
        self.now().date()
    }
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        #[expect(
            clippy::disallowed_methods,
            reason = "this is the one place that asks the machine"
        )]
        let now = std::time::SystemTime::now();
        let since = now.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        let unix_us = i64::try_from(since.as_micros()).unwrap_or(i64::MAX);
        Timestamp::from_unix_us(unix_us).unwrap_or(Timestamp(DateTime::<Utc>::MAX_UTC))
    }
}

/// A clock that stands where it was set, for tests and for deterministic worlds.
#[derive(Debug)]
pub struct FixedClock(Mutex<Timestamp>);

impl FixedClock {
    /// A clock that stands at a moment.
    #[must_use]
    pub fn at(moment: Timestamp) -> Self {
        Self(Mutex::new(moment))
    }

    /// Moves the clock by that many seconds.
    pub fn advance_s(&self, seconds: i64) {
        let mut now = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *now = now.plus_s(seconds);
    }
}

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_rendered_with_six_digits_in_utc() {
        let moment = Timestamp::parse("2026-11-23T19:20:31.11421+01:00").unwrap();

        assert_eq!(moment.to_string(), "2026-11-23T18:20:31.114210Z");
        assert_eq!(Timestamp::parse(&moment.to_string()), Ok(moment));
    }

    #[test]
    fn a_day_without_a_time_is_no_moment() {
        assert_eq!(Timestamp::parse("2026-11-23"), Err(InvalidTimestamp));
    }

    #[test]
    fn a_fixed_clock_moves_only_when_told() {
        let clock = FixedClock::at(Timestamp::parse("2026-11-23T23:59:59Z").unwrap());

        assert_eq!(clock.now().seconds_to_midnight(), 1);
        clock.advance_s(1);

        assert_eq!(clock.today(), Date::from_ymd_opt(2026, 11, 24).unwrap());
    }
}
