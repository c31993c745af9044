//! What was held against one trader, and the points that it cost.

use domain::Timestamp;

use super::policies::{POLICIES, policy_of};
use crate::calendar::{DAY_S, HOUR_S};
use crate::draw::Stream;
use crate::infringements::Infringement;
use crate::marketplace::Marketplace;
use crate::moderation_actions::{Action, Target};

/// What was held against one trader so far; numbers only, never the decisions.
#[derive(Debug, Default)]
pub(crate) struct Career {
    pub(super) violations: Vec<Violation>,
    /// How many illegal things stood, and when the first and the last of them were decided on.
    pub(crate) illegal: Option<(u64, [Timestamp; 2])>,
}

/// One decision that may cost points.
#[derive(Clone, Copy, Debug)]
pub(super) struct Violation {
    /// The number of the decision.
    pub(super) action: u64,
    /// When the listing was put up.
    pub(super) posted_at: Timestamp,
    /// When it was decided on.
    pub(super) decided_at: Timestamp,
    /// When the decision was reversed.
    pub(super) reversed_at: Option<Timestamp>,
    /// What is held against it.
    pub(super) infringement: &'static Infringement,
    /// Whether that is manifestly illegal.
    pub(super) is_manifest: bool,
    policy: usize,
}

/// Points that were given.
#[derive(Clone, Copy, Debug)]
pub(super) struct Given {
    /// When.
    pub(super) at: Timestamp,
    /// The policy's place and its version.
    pub(super) policy: usize,
    pub(super) version: usize,
    /// How many.
    pub(super) points: i64,
    /// For what.
    pub(super) violation: Violation,
}

impl Career {
    /// Notes a decision. Listings cost points; an advertisement for one, or a sanction, costs no more.
    pub(crate) fn add(&mut self, action: &Action) {
        if action.infringement.is_illegal() && action.reversed_at.is_none() {
            let at = action.decided_at;
            let (count, [first, last]) = self.illegal.unwrap_or((0, [at; 2]));
            self.illegal = Some((count + 1, [first.min(at), last.max(at)]));
        }
        let policy = policy_of(action.infringement);
        let Some(policy) = policy.filter(|_| action.subject.target == Target::Listing) else {
            return;
        };
        self.violations.push(Violation {
            action: action.number,
            posted_at: action.subject.posted_at,
            decided_at: action.decided_at,
            reversed_at: action.reversed_at,
            infringement: action.infringement,
            is_manifest: action.manifestly_illegal,
            policy,
        });
    }
}

impl Marketplace {
    /// The points that violations are given, in the order of time; a few never are.
    ///
    /// What is drawn for a violation does not depend on the others, so that it is the same whether
    /// these happened or not.
    pub(super) fn points_given(&self, violations: Vec<Violation>) -> Vec<Given> {
        /// Apart from the draws for traders.
        const POINTS: u64 = 1 << 60;
        let give = |violation: Violation| {
            let mut draw = self.draw(Stream::Sanction, POINTS | violation.action);
            let at = draw.after(violation.decided_at, 20..6 * HOUR_S);
            let version = self.version_at(at);
            let points = super::policies::points(violation.infringement, version);
            let is_given = 0 < points && at < self.span.until && !draw.chance(60);
            let Violation { policy, .. } = violation;
            is_given.then_some(Given { at, policy, version, points, violation })
        };
        let mut given: Vec<_> = violations.into_iter().filter_map(give).collect();
        given.sort_by_key(|given| given.at);
        given
    }
}

/// The points of one trader under one policy, within the windows of its versions.
#[derive(Debug, Default)]
pub(super) struct Account {
    given: Vec<(Timestamp, i64)>,
    /// For each version: the sum within its window, and the place of the first points in it.
    windows: [(i64, usize); 2],
}

impl Account {
    /// Adds points, which come in the order of time; gives back those within the window that holds.
    pub(super) fn add(&mut self, given: &Given) -> i64 {
        self.given.push((given.at, given.points));
        let versions = &POLICIES[given.policy].versions;
        for ((sum, first), terms) in self.windows.iter_mut().zip(versions) {
            *sum += given.points;
            let from = given.at.plus_s(-terms.window_days * DAY_S);
            while self.given[*first].0 <= from {
                *sum -= self.given[*first].1;
                *first += 1;
            }
        }
        self.windows[given.version].0
    }
}
