//! Requests per time, of each principal and of each project (GCRA, by `governor`).
//!
//! # Invariant
//! A request is counted only for who was authenticated, so nobody can use up another's rate.

use std::time::{Duration, Instant};

use domain::{Principal, ProjectId, Subject};
use governor::clock::{Clock, FakeRelativeClock};
use governor::middleware::{StateInformationMiddleware, StateSnapshot};
use governor::nanos::Nanos;
use governor::state::keyed::DashMapStateStore;
use governor::{NotUntil, Quota, RateLimiter};

use super::{LimitReached, Policy, PolicyQuota, PolicyState};
use crate::settings::Rate;

/// The time that rates are measured in: the machine's, or one that a test moves.
#[derive(Clone, Debug)]
pub enum RateClock {
    /// Time since a moment in the past.
    Monotonic(Instant),
    /// A clock that stands still until it is moved.
    Fake(FakeRelativeClock),
}

impl Default for RateClock {
    fn default() -> Self {
        Self::Monotonic(Instant::now())
    }
}

impl Clock for RateClock {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        match self {
            Self::Monotonic(since) => Nanos::from(since.elapsed()),
            Self::Fake(clock) => clock.now(),
        }
    }
}

/// Whether a request may go on, and what is left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateDecision {
    /// The limit that was reached, if one was.
    pub limited: Option<LimitReached>,
    /// How much each policy allows.
    pub policies: Vec<PolicyQuota>,
    /// What is left of each.
    pub states: Vec<PolicyState>,
}

/// Whose request it is: a subject is one person only in the words of one issuer.
type PrincipalKey = (String, Subject);

/// The rates of all principals and projects.
pub(crate) struct RateLimits {
    principals: Limiter<PrincipalKey>,
    projects: Limiter<ProjectId>,
}

impl RateLimits {
    pub(crate) fn new(principal: Rate, project: Rate, clock: &RateClock) -> Self {
        Self {
            principals: Limiter::new(Policy::Principal, principal, clock.clone()),
            projects: Limiter::new(Policy::Project, project, clock.clone()),
        }
    }

    /// Counts one request, of the principal and of its project.
    pub(crate) fn count(&self, principal: &Principal) -> RateDecision {
        let key = (principal.issuer.clone(), principal.subject.clone());
        let mut counted = vec![self.principals.count(&key)];
        let mut policies = vec![self.principals.quota()];
        if let Some(project) = &principal.project {
            policies.push(self.projects.quota());
            // What a principal may not do must not be counted against the others of its project.
            if counted.iter().all(|(_, limited)| limited.is_none()) {
                counted.push(self.projects.count(project));
            }
        }
        let limited = counted.iter().find_map(|(_, limited)| *limited);
        let states = counted.into_iter().map(|(state, _)| state).collect();
        RateDecision { limited, policies, states }
    }

    /// Forgets who has not asked for long.
    pub(crate) fn forget_idle(&self) {
        self.principals.limiter.retain_recent();
        self.projects.limiter.retain_recent();
    }
}

/// One rate, counted for each key by itself.
struct Limiter<K: std::hash::Hash + Eq + Clone> {
    policy: Policy,
    rate: Rate,
    clock: RateClock,
    limiter: RateLimiter<K, DashMapStateStore<K>, RateClock, StateInformationMiddleware>,
}

impl<K: std::hash::Hash + Eq + Clone> Limiter<K> {
    fn new(policy: Policy, rate: Rate, clock: RateClock) -> Self {
        // One nanosecond at least: an interval of zero is no rate.
        let interval = (window(rate) / rate.burst.get()).max(Duration::from_nanos(1));
        let quota = Quota::with_period(interval)
            .expect("invariant: the interval is longer than zero")
            .allow_burst(rate.burst);
        let limiter = RateLimiter::new(quota, DashMapStateStore::default(), clock.clone());
        Self { policy, rate, clock, limiter }
    }

    fn quota(&self) -> PolicyQuota {
        let Self { policy, rate, .. } = self;
        let window_s = Some(u64::from(rate.window_s.get()));
        PolicyQuota { policy: *policy, quota: u64::from(rate.burst.get()), window_s }
    }

    fn count(&self, key: &K) -> (PolicyState, Option<LimitReached>) {
        match self.limiter.check_key(key) {
            Ok(snapshot) => (self.state(&snapshot), None),
            Err(not_until) => self.limited(&not_until),
        }
    }

    fn state(&self, snapshot: &StateSnapshot) -> PolicyState {
        let remaining = snapshot.remaining_burst_capacity();
        let used = self.rate.burst.get().saturating_sub(remaining);
        let back_in = window(self.rate) * used / self.rate.burst.get();
        let reset_s = Some(whole_seconds(back_in));
        PolicyState { policy: self.policy, remaining: u64::from(remaining), reset_s }
    }

    fn limited(&self, not_until: &NotUntil<Nanos>) -> (PolicyState, Option<LimitReached>) {
        let policy = self.policy;
        let retry_after_s = whole_seconds(not_until.wait_time_from(self.clock.now())).max(1);
        let allowed = u64::from(self.rate.burst.get());
        let state = PolicyState { policy, remaining: 0, reset_s: Some(retry_after_s) };
        (state, Some(LimitReached { policy, allowed, asked: allowed + 1, retry_after_s }))
    }
}

fn window(rate: Rate) -> Duration {
    Duration::from_secs(u64::from(rate.window_s.get()))
}

/// Whole seconds, rounded up: who waits that long has waited long enough.
fn whole_seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}
