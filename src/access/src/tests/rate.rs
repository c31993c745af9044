//! Requests per time.

use std::time::Duration;

use domain::{Principal, Role};

use super::{Desk, Forger, positive};
use crate::{Algorithm, LimitReached, Policy, PolicyQuota, PolicyState, Rate, RateDecision};

impl RateDecision {
    fn state(&self, policy: Policy) -> PolicyState {
        *self.states.iter().find(|state| state.policy == policy).unwrap()
    }
}

/// Counts requests until one is limited; at most as many as the largest burst here.
fn exhaust(desk: &Desk, principal: &Principal) -> (u32, LimitReached) {
    for count in 0..1_000 {
        if let Some(limited) = desk.access.rate(principal).limited {
            return (count, limited);
        }
    }
    panic!("no request was limited");
}

#[test]
fn the_request_after_a_full_burst_is_limited_until_one_is_back() {
    let desk = Desk::open();
    let ada = desk.ada_asks();

    let (count, limited) = exhaust(&desk, &ada);

    assert_eq!(count, 60);
    let expected =
        LimitReached { policy: Policy::Principal, allowed: 60, asked: 61, retry_after_s: 1 };
    assert_eq!(limited, expected);
    assert!(!limited.policy.is_budget());
    desk.rate_clock.advance(Duration::from_millis(999));
    assert!(desk.access.rate(&ada).limited.is_some());
    desk.rate_clock.advance(Duration::from_millis(1));
    assert!(desk.access.rate(&ada).limited.is_none());
    assert!(desk.access.rate(&ada).limited.is_some());
}

#[test]
fn what_is_left_and_when_all_is_back_is_told() {
    let desk = Desk::open();
    let ada = desk.ada_asks();
    let state = |remaining, reset_s| PolicyState {
        policy: Policy::Principal,
        remaining,
        reset_s: Some(reset_s),
    };

    assert_eq!(desk.access.rate(&ada).state(Policy::Principal), state(59, 1));
    let _second = desk.access.rate(&ada);
    let third = desk.access.rate(&ada);

    assert_eq!(third.state(Policy::Principal), state(57, 3));
    assert_eq!(third.state(Policy::Project).remaining, 297);
    let quota = |policy, quota, window_s| PolicyQuota { policy, quota, window_s };
    let expected = [
        quota(Policy::Principal, 60, Some(60)),
        quota(Policy::Project, 300, Some(60)),
        quota(Policy::QueryDay, 10_000, Some(86_400)),
        quota(Policy::ScanDay, 1 << 40, Some(86_400)),
        quota(Policy::ResultDay, 64 << 30, Some(86_400)),
        quota(Policy::Parallel, 3, None),
    ];
    assert_eq!(third.policies, expected);
    exhaust(&desk, &ada);
    assert_eq!(desk.access.rate(&ada).state(Policy::Principal), state(0, 1));
}

#[test]
fn one_principals_requests_are_not_anothers() {
    let desk = Desk::open();
    let (project, token) = desk.ada();
    desk.member(&project, "bob");
    let bob = desk.principal(&desk.token("bob", Role::Researcher, Some(&project)));

    exhaust(&desk, &desk.principal(&token));

    assert!(desk.access.rate(&bob).limited.is_none());
    assert!(desk.access.rate(&desk.asks(Role::Steward)).limited.is_none());
}

#[test]
fn members_share_their_projects_rate_and_another_project_has_its_own() {
    let two_a_minute = Rate { burst: positive(2), window_s: positive(60) };
    let desk = Desk::with(Forger::new(Algorithm::EdDsa, "u-1"), |settings| {
        settings.project_rate = two_a_minute;
    });
    let (project, token) = desk.ada();
    desk.member(&project, "bob");
    let bob = desk.principal(&desk.token("bob", Role::Researcher, Some(&project)));
    let rare = desk.project("Rare goods");
    desk.member(&rare, "cyn");
    let cyn = desk.principal(&desk.token("cyn", Role::Researcher, Some(&rare)));

    let (count, limited) = exhaust(&desk, &desk.principal(&token));

    assert_eq!((count, limited.policy, limited.retry_after_s), (2, Policy::Project, 30));
    assert_eq!(exhaust(&desk, &bob).0, 0);
    assert!(desk.access.rate(&cyn).limited.is_none());
}

/// A name is one person only in the words of one issuer.
#[test]
fn the_same_name_of_another_issuer_is_someone_else() {
    let desk = Desk::open();
    let ours = desk.principal(&desk.token("sam", Role::Steward, None));
    let theirs = desk.principal(&desk.card().signed_by(&desk.university));
    assert_eq!(ours.subject, theirs.subject);

    exhaust(&desk, &ours);

    assert!(desk.access.rate(&theirs).limited.is_none());
}

#[test]
fn what_is_forgotten_is_only_what_is_full_again() {
    let desk = Desk::open();
    let ada = desk.ada_asks();
    exhaust(&desk, &ada);

    desk.access.forget_idle();

    assert!(desk.access.rate(&ada).limited.is_some());
    desk.rate_clock.advance(Duration::from_secs(120));
    desk.access.forget_idle();
    assert_eq!(exhaust(&desk, &ada).0, 60);
}
