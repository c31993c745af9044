//! How often, and how much a day: rate limits and daily budgets.
//!
//! A rate limit smooths requests over seconds; a budget bounds what one project may use in one
//! UTC day; *parallel* bounds its queries at one time. One number each, with the names under which
//! the `RateLimit` fields show them. The fields themselves are the door's.
//!
//! # Rooms
//! - [`rate`]: requests per time.
//! - [`budget`]: what a project may use in a day, and at one time.

mod budget;
mod rate;

pub(crate) use budget::{Budgets, Reservation};
pub(crate) use rate::RateLimits;
pub use rate::{RateClock, RateDecision};

/// A limit on how often or how much, by the name under which callers see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Policy {
    /// Requests of one principal.
    Principal,
    /// Requests of one project.
    Project,
    /// Queries of one project in one UTC day.
    QueryDay,
    /// Bytes read from snapshots by one project in one UTC day.
    ScanDay,
    /// Bytes of answers of one project in one UTC day.
    ResultDay,
    /// Queries of one project at one time.
    Parallel,
}

impl Policy {
    /// Its name, as in the `RateLimit` fields and in `violated-policies`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Principal => "principal",
            Self::Project => "project",
            Self::QueryDay => "query-day",
            Self::ScanDay => "scan-day",
            Self::ResultDay => "result-day",
            Self::Parallel => "parallel",
        }
    }

    /// The quota unit (`qu`) of its number; requests, where it is not said.
    ///
    /// # Source
    /// draft-ietf-httpapi-ratelimit-headers-10, the registry of quota units.
    #[must_use]
    pub fn unit(self) -> Option<&'static str> {
        match self {
            Self::Principal | Self::Project | Self::QueryDay => None,
            Self::ScanDay | Self::ResultDay => Some("content-bytes"),
            Self::Parallel => Some("concurrent-requests"),
        }
    }

    /// Whether it is a daily budget (a quota), and not a rate.
    #[must_use]
    pub fn is_budget(self) -> bool {
        match self {
            Self::QueryDay | Self::ScanDay | Self::ResultDay => true,
            Self::Principal | Self::Project | Self::Parallel => false,
        }
    }
}

/// How much a policy allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PolicyQuota {
    /// Which.
    pub policy: Policy,
    /// How much (`q`), in the policy's unit.
    pub quota: u64,
    /// In which time (`w`), in seconds, if in any.
    pub window_s: Option<u64>,
}

/// What is left of a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PolicyState {
    /// Which.
    pub policy: Policy,
    /// How much is left (`r`).
    pub remaining: u64,
    /// Until when all of it is back (`t`), in seconds, if time alone brings it back.
    pub reset_s: Option<u64>,
}

/// A rate limit or a budget is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.explanation())]
pub struct LimitReached {
    /// Which.
    pub policy: Policy,
    /// How much it allows.
    pub allowed: u64,
    /// How much it would have had to allow.
    pub asked: u64,
    /// When asking again can help, in seconds.
    pub retry_after_s: u64,
}

impl LimitReached {
    /// The explanation for the one who asks.
    #[must_use]
    pub fn explanation(&self) -> String {
        let Self { allowed, asked, retry_after_s, .. } = self;
        match self.policy {
            Policy::Principal => format!(
                "You may make {allowed} requests at once, which refill with time; \
                 ask again in {retry_after_s} s."
            ),
            Policy::Project => format!(
                "Your project may make {allowed} requests at once, which refill with time; \
                 ask again in {retry_after_s} s."
            ),
            Policy::QueryDay => format!(
                "Your project may have {allowed} queries answered a day (UTC), and they are used \
                 up; ask again tomorrow."
            ),
            Policy::ScanDay => format!(
                "Your project may read {allowed} bytes a day (UTC), and with this query it would be \
                 {asked}; read fewer columns or periods, or ask again tomorrow."
            ),
            Policy::ResultDay => format!(
                "Your project may take {allowed} bytes of answers a day (UTC), and they are used \
                 up; ask again tomorrow."
            ),
            Policy::Parallel => {
                format!("Your project may run {allowed} queries at one time; wait for one to end.")
            }
        }
    }
}
