//! Budgets of a UTC day, and queries at one time.

use domain::limits::{DailyBudget, Usage};
use domain::{Principal, ProjectId, Role};

use super::authorize::{scan, verdict};
use super::{Desk, Forger, day, grant_draft};
use crate::{Algorithm, LimitReached, Policy, Reserved};

const USED: Usage = Usage { queries: 1, scan_bytes: 100, result_bytes: 10 };

impl Desk {
    /// A desk with small budgets, and Ada with a grant.
    fn small() -> (Self, ProjectId, Principal) {
        let desk = Self::with(Forger::new(Algorithm::EdDsa, "u-1"), |settings| {
            settings.daily_budget = DailyBudget { queries: 3, scan_bytes: 1_000, result_bytes: 50 };
        });
        let (project, token) = desk.ada();
        desk.grant(grant_draft(&project, "ads"));
        let ada = desk.principal(&token);
        (desk, project, ada)
    }

    /// Reserves a query that would read that many bytes.
    fn reserve(&self, principal: &Principal, scan_bytes: u64) -> Result<Reserved, LimitReached> {
        let mut verdict = verdict([scan("ads", &["id"])]);
        verdict.scan_bytes = scan_bytes;
        let scope = self.access.scope(principal).unwrap();
        let authorized = self.authorize(principal, &scope, verdict, &Default::default()).unwrap();
        self.access.reserve(authorized)
    }

    fn left(&self, project: &ProjectId) -> [u64; 4] {
        let left = self.access.left(project);
        [0, 1, 2, 3].map(|index: usize| left[index].remaining)
    }
}

#[test]
fn the_estimate_is_reserved_and_then_what_was_used_is_charged() {
    let (desk, project, ada) = Desk::small();

    let reserved = desk.reserve(&ada, 400).unwrap();

    assert_eq!(desk.left(&project), [2, 600, 50, 2]);
    reserved.settle(USED);
    assert_eq!(desk.left(&project), [2, 900, 40, 3]);
}

#[test]
fn a_query_that_never_ran_gives_its_place_back() {
    let (desk, project, ada) = Desk::small();

    drop(desk.reserve(&ada, 400).unwrap());

    assert_eq!(desk.left(&project), [3, 1_000, 50, 3]);
}

#[test]
fn a_failed_query_counts_for_nothing_and_a_stopped_one_for_what_it_scanned() {
    let (desk, project, ada) = Desk::small();

    desk.reserve(&ada, 400).unwrap().settle(Usage::default());
    assert_eq!(desk.left(&project), [3, 1_000, 50, 3]);
    desk.reserve(&ada, 400).unwrap().settle(Usage { scan_bytes: 300, ..Usage::default() });

    assert_eq!(desk.left(&project), [3, 700, 50, 3]);
}

#[test]
fn each_budget_says_no_when_it_is_used_up_and_says_when_to_come_back() {
    const TO_MIDNIGHT_S: u64 = 12 * 60 * 60;
    let cases = [
        (Usage { queries: 3, ..Usage::default() }, Policy::QueryDay, 3, 4),
        (Usage { scan_bytes: 901, ..Usage::default() }, Policy::ScanDay, 1_000, 1_001),
        (Usage { result_bytes: 50, ..Usage::default() }, Policy::ResultDay, 50, 51),
    ];

    for (used, policy, allowed, asked) in cases {
        let (desk, _, ada) = Desk::small();
        desk.reserve(&ada, 0).unwrap().settle(used);

        let limited = desk.reserve(&ada, 100).unwrap_err();

        let expected = LimitReached { policy, allowed, asked, retry_after_s: TO_MIDNIGHT_S };
        assert_eq!(limited, expected);
        assert!(limited.policy.is_budget());
    }
}

#[test]
fn a_project_runs_a_few_queries_at_one_time() {
    let (desk, project, ada) = Desk::small();
    let desk_queries = Usage { queries: 0, ..USED };
    let running: Vec<_> = (0..3).map(|_| desk.reserve(&ada, 1).unwrap()).collect();
    // Otherwise the budget of queries would say no first.
    let (desk2, _, ada2) = wide();
    let running2: Vec<_> = (0..3).map(|_| desk2.reserve(&ada2, 1).unwrap()).collect();

    let limited = desk2.reserve(&ada2, 1).unwrap_err();

    assert_eq!((limited.policy, limited.allowed, limited.retry_after_s), (Policy::Parallel, 3, 1));
    drop(running2);
    assert!(desk2.reserve(&ada2, 1).is_ok());
    running.into_iter().for_each(|reserved| reserved.settle(desk_queries));
    assert_eq!(desk.left(&project)[3], 3);
}

fn wide() -> (Desk, ProjectId, Principal) {
    let desk = Desk::open();
    let (project, token) = desk.ada();
    desk.grant(grant_draft(&project, "ads"));
    let ada = desk.principal(&token);
    (desk, project, ada)
}

#[test]
fn a_new_day_begins_with_full_budgets() {
    let (desk, project, ada) = Desk::small();
    desk.reserve(&ada, 0).unwrap().settle(USED);
    let over_midnight = desk.reserve(&ada, 400).unwrap();

    desk.clock.advance_s(12 * 60 * 60);

    assert_eq!(desk.left(&project), [3, 1_000, 50, 2]);
    // What was reserved yesterday is yesterday's; only its place is given back today.
    over_midnight.settle(USED);
    assert_eq!(desk.left(&project), [3, 1_000, 50, 3]);
}

#[test]
fn another_project_has_its_own_budget() {
    let (desk, _, ada) = Desk::small();
    desk.reserve(&ada, 0).unwrap().settle(Usage { queries: 3, ..USED });
    let regulator = desk.asks(Role::Regulator);

    assert!(desk.reserve(&ada, 0).is_err());

    assert!(desk.reserve(&regulator, 0).is_ok());
}

/// Budgets are in no file: the outcomes of today in the log bring them back.
#[test]
fn a_restart_gives_nothing_back() {
    let (desk, project, ada) = Desk::small();
    desk.reserve(&ada, 0).unwrap().settle(USED);
    let desk = desk.reopened();
    assert_eq!(desk.left(&project), [3, 1_000, 50, 3]);

    desk.access.charge_replay(&project, day("2026-11-22"), USED);
    desk.access.charge_replay(&project, day("2026-11-23"), USED);

    assert_eq!(desk.left(&project), [2, 900, 40, 3]);
}

#[test]
fn what_is_forgotten_is_only_what_is_over() {
    let (desk, project, ada) = Desk::small();
    desk.reserve(&ada, 0).unwrap().settle(USED);

    desk.access.forget_idle();

    assert_eq!(desk.left(&project)[0], 2);
}
