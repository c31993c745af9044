//! What a world is made from, and how large it is.

use std::fmt;
use std::str::FromStr;

use chrono::Months;
use domain::{Date, Timestamp};

use crate::calendar::Span;
use crate::seen::{EDITIONS, Seen};

/// How large a world is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// About 10⁵ rows in all; made in seconds.
    Small,
    /// About 10⁷ rows.
    Medium,
    /// About 10⁸ rows.
    Large,
}

impl Scale {
    /// Every scale, from the smallest.
    pub const ALL: [Self; 3] = [Self::Small, Self::Medium, Self::Large];

    /// The scale as the command line writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Small => "small",
            Self::Medium => "medium",
            Self::Large => "large",
        }
    }
}

impl fmt::Display for Scale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that names no scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is none of small, medium, large")]
pub struct InvalidScale;

impl FromStr for Scale {
    type Err = InvalidScale;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|scale| scale.as_str() == text).ok_or(InvalidScale)
    }
}

/// What a world is made from; equal settings give equal bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorldSettings {
    /// Chooses the world among all of its scale.
    pub seed: u64,
    /// How large it is.
    pub scale: Scale,
    /// The first day of which decisions and statements are there.
    pub from: Date,
    /// The day whose state the newest edition shows; the last day with decisions and statements is
    /// the one before. The edition before it shows the state of a month earlier.
    pub as_of: Date,
}

impl WorldSettings {
    /// The settings of the demo: decisions of two months at the small scale, so that the daily
    /// dumps stay few, and of six months at the others.
    #[must_use]
    pub fn new(seed: u64, scale: Scale) -> Self {
        let month = match scale {
            Scale::Small => 9,
            Scale::Medium | Scale::Large => 5,
        };
        let day = |month| Date::from_ymd_opt(2026, month, 1).expect("invariant: a day of 2026");
        Self { seed, scale, from: day(month), as_of: day(11) }
    }

    /// The days with decisions and statements, if that is a span a world can have.
    pub(crate) fn span(&self) -> Result<Span, InvalidSpan> {
        let days = (self.as_of - self.from).num_days();
        let years = [self.from, self.as_of].map(|day| chrono::Datelike::year(&day));
        if !(1..=DAYS_MAX).contains(&days) || !years.iter().all(|year| YEARS.contains(year)) {
            return Err(InvalidSpan);
        }
        let [from, until] = [self.from, self.as_of].map(Timestamp::start_of);
        Ok(Span { from, until })
    }

    /// The dates at which the world is looked at, the oldest first.
    pub(crate) fn editions(&self) -> Result<[Seen; EDITIONS], InvalidSpan> {
        let before = self.as_of.checked_sub_months(Months::new(1)).ok_or(InvalidSpan)?;
        if before <= self.from {
            return Err(InvalidSpan);
        }
        let seen = |edition, day| Seen { at: Timestamp::start_of(day), edition };
        Ok([seen(0, before), seen(1, self.as_of)])
    }

    /// How many rows of each kind it has.
    pub(crate) fn sizes(&self) -> Sizes {
        let times = match self.scale {
            Scale::Small => 1,
            Scale::Medium => 100,
            Scale::Large => 1_000,
        };
        Sizes {
            traders: 1_200 * times,
            listings: 12_000 * times,
            ads: 2_400 * times,
            foreign_statements: 8_000 * times,
        }
    }
}

/// Longest span: for each of its days a buffer is held while the world is written.
const DAYS_MAX: i64 = 366;
/// Years a world can lie in: from the first full year of the DSA's schema version 2 on.
const YEARS: std::ops::RangeInclusive<i32> = 2026..=2099;

/// A span of days that no world can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a world needs more than a month and at most {DAYS_MAX} days, from 2026 on")]
pub struct InvalidSpan;

/// How many rows there are of each kind that is not made by another.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sizes {
    /// Accounts of traders.
    pub(crate) traders: u64,
    /// Listings.
    pub(crate) listings: u64,
    /// Advertisements.
    pub(crate) ads: u64,
    /// Statements of reasons of other platforms.
    pub(crate) foreign_statements: u64,
}
