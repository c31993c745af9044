//! What a project may use in one UTC day, and how many queries at one time.
//!
//! Held in memory. At start, the outcomes of today in the log are charged again
//! ([`Budgets::charge`]), so that a restart gives nothing back.
//!
//! # Invariant
//! What is used and what is reserved never exceed the budget of queries and of scanned bytes,
//! except by what running queries read beyond their estimate. A reservation is settled or given
//! back exactly once. Result bytes cannot be known before; a query may begin while any are left.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::limits::{DailyBudget, Usage};
use domain::{Clock, Date, ProjectId, Timestamp};

use super::{LimitReached, Policy, PolicyQuota, PolicyState};

/// Seconds of a day.
const DAY_S: u64 = 24 * 60 * 60;

/// The budgets of all projects.
pub(crate) struct Budgets {
    daily: DailyBudget,
    parallel: u32,
    clock: Arc<dyn Clock>,
    projects: Mutex<HashMap<ProjectId, Account>>,
}

/// What one project has used of a day.
#[derive(Clone, Copy)]
struct Account {
    day: Date,
    used: Usage,
    reserved: Usage,
    /// Whatever the day.
    running: u32,
}

impl Account {
    fn new(day: Date) -> Self {
        Self { day, used: Usage::default(), reserved: Usage::default(), running: 0 }
    }

    /// Begins the day, if it is a later one.
    fn turn_to(&mut self, day: Date) {
        if self.day < day {
            *self = Self { running: self.running, ..Self::new(day) };
        }
    }

    fn queries(&self) -> u64 {
        self.used.queries.saturating_add(self.reserved.queries)
    }

    fn scan_bytes(&self) -> u64 {
        self.used.scan_bytes.saturating_add(self.reserved.scan_bytes)
    }

    fn charge(&mut self, usage: Usage) {
        let Usage { queries, scan_bytes, result_bytes } = usage;
        self.used.queries = self.used.queries.saturating_add(queries);
        self.used.scan_bytes = self.used.scan_bytes.saturating_add(scan_bytes);
        self.used.result_bytes = self.used.result_bytes.saturating_add(result_bytes);
    }
}

impl Budgets {
    pub(crate) fn new(daily: DailyBudget, parallel: u32, clock: Arc<dyn Clock>) -> Self {
        Self { daily, parallel, clock, projects: Mutex::default() }
    }

    /// Keeps a place for one query that would read that many bytes.
    ///
    /// # Errors
    /// The first policy that has no room for it.
    pub(crate) fn reserve(
        self: &Arc<Self>,
        project: &ProjectId,
        scan_bytes: u64,
    ) -> Result<Reservation, LimitReached> {
        let now = self.clock.now();
        let mut projects = self.accounts();
        let account = account(&mut projects, project, now.date());
        self.admit(account, scan_bytes, now)?;
        account.running += 1;
        account.reserved.queries += 1;
        account.reserved.scan_bytes += scan_bytes;
        let budgets = Arc::clone(self);
        Ok(Reservation {
            budgets,
            project: project.clone(),
            day: now.date(),
            scan_bytes,
            used: None,
        })
    }

    fn admit(
        &self,
        account: &Account,
        scan_bytes: u64,
        now: Timestamp,
    ) -> Result<(), LimitReached> {
        let tomorrow_s = now.seconds_to_midnight();
        let queries = account.queries().saturating_add(1);
        let scanned = account.scan_bytes().saturating_add(scan_bytes);
        let results = account.used.result_bytes.saturating_add(1);
        let running = u64::from(account.running) + 1;
        let bounds = [
            (Policy::QueryDay, self.daily.queries, queries, tomorrow_s),
            (Policy::ScanDay, self.daily.scan_bytes, scanned, tomorrow_s),
            (Policy::ResultDay, self.daily.result_bytes, results, tomorrow_s),
            (Policy::Parallel, u64::from(self.parallel), running, 1),
        ];
        match bounds.into_iter().find(|(_, allowed, asked, _)| allowed < asked) {
            None => Ok(()),
            Some((policy, allowed, asked, retry_after_s)) => {
                Err(LimitReached { policy, allowed, asked, retry_after_s })
            }
        }
    }

    /// Charges what the log says was used on a day; other days than today are over.
    pub(crate) fn charge(&self, project: &ProjectId, day: Date, usage: Usage) {
        let today = self.clock.today();
        if day == today {
            account(&mut self.accounts(), project, today).charge(usage);
        }
    }

    /// How much each policy allows.
    pub(crate) fn quotas(&self) -> [PolicyQuota; 4] {
        let window_s = Some(DAY_S);
        let parallel = u64::from(self.parallel);
        [
            PolicyQuota { policy: Policy::QueryDay, quota: self.daily.queries, window_s },
            PolicyQuota { policy: Policy::ScanDay, quota: self.daily.scan_bytes, window_s },
            PolicyQuota { policy: Policy::ResultDay, quota: self.daily.result_bytes, window_s },
            PolicyQuota { policy: Policy::Parallel, quota: parallel, window_s: None },
        ]
    }

    /// What is left to a project.
    pub(crate) fn left(&self, project: &ProjectId) -> [PolicyState; 4] {
        let now = self.clock.now();
        let reset_s = Some(now.seconds_to_midnight());
        let account = *account(&mut self.accounts(), project, now.date());
        let queries = self.daily.queries.saturating_sub(account.queries());
        let scanned = self.daily.scan_bytes.saturating_sub(account.scan_bytes());
        let results = self.daily.result_bytes.saturating_sub(account.used.result_bytes);
        let parallel = u64::from(self.parallel.saturating_sub(account.running));
        [
            PolicyState { policy: Policy::QueryDay, remaining: queries, reset_s },
            PolicyState { policy: Policy::ScanDay, remaining: scanned, reset_s },
            PolicyState { policy: Policy::ResultDay, remaining: results, reset_s },
            PolicyState { policy: Policy::Parallel, remaining: parallel, reset_s: None },
        ]
    }

    /// Forgets projects that used nothing today.
    pub(crate) fn forget_idle(&self) {
        let today = self.clock.today();
        self.accounts().retain(|_, account| account.day == today || account.running > 0);
    }

    fn accounts(&self) -> MutexGuard<'_, HashMap<ProjectId, Account>> {
        self.projects.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A project's account, on the day that it is.
fn account<'a>(
    projects: &'a mut HashMap<ProjectId, Account>,
    project: &ProjectId,
    today: Date,
) -> &'a mut Account {
    let account = projects.entry(project.clone()).or_insert_with(|| Account::new(today));
    account.turn_to(today);
    account
}

/// A place kept for one query; dropping it gives the place back.
pub(crate) struct Reservation {
    budgets: Arc<Budgets>,
    project: ProjectId,
    day: Date,
    scan_bytes: u64,
    used: Option<Usage>,
}

impl fmt::Debug for Reservation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes for {} on {}", self.scan_bytes, self.project, self.day)
    }
}

impl Reservation {
    /// Charges what was used in place of what was reserved.
    pub(crate) fn settle(mut self, used: Usage) {
        self.used = Some(used);
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let today = self.budgets.clock.today();
        let mut projects = self.budgets.accounts();
        let account = account(&mut projects, &self.project, today);
        account.running = account.running.saturating_sub(1);
        // Reserved on an earlier day, it belongs to that day's account, which is over.
        if account.day == self.day {
            account.reserved.queries = account.reserved.queries.saturating_sub(1);
            account.reserved.scan_bytes =
                account.reserved.scan_bytes.saturating_sub(self.scan_bytes);
            account.charge(self.used.unwrap_or_default());
        }
    }
}
