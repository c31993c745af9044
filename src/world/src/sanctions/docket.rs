//! The sanctions against one trader, one after the other: what policies require, mostly.

use std::collections::{BTreeMap, BTreeSet};

use domain::Timestamp;
use serde_json::json;

use super::career::{Account, Career, Given, Violation};
use super::policies::{Misuse, POLICIES, number, policy_of};
use super::{Sanction, Subject};
use crate::GenerateError;
use crate::calendar::{DAY_S, HOUR_S};
use crate::deliver::Desk;
use crate::draw::{Draw, Stream, signed};
use crate::marketplace::Marketplace;
use crate::moderation_actions::Action;
use crate::monitoring::tally::{Counted, Tally};
use crate::pseudonyms::Named;
use crate::suspensions::{Found, Suspension};
use crate::traders::Trader;

/// The longest that a required sanction may take.
const DUE_S: i64 = 30 * DAY_S;
/// The most violations that are looked at when a sanction is weighed.
const ITEMS_MAX: usize = 1_000;
/// The most sanctions of one trader, as a power of two.
const PLACES: u64 = 1 << 24;

/// The sanctions of one trader while they are being imposed.
pub(super) struct Docket<'a> {
    pub(super) marketplace: &'a Marketplace,
    pub(super) trader: &'a Trader,
    sanctions: Vec<Sanction>,
    /// The decisions that sanctions under policies are.
    pub(super) actions: Vec<Action>,
    /// When the account is suspended, as far as is known.
    suspensions: Found,
    /// The points that were given so far, and their sums by policy.
    given: Vec<Given>,
    accounts: [Account; POLICIES.len()],
    /// When there were too many points: policy, required sanction and time.
    over: Vec<(&'static str, &'static str, Timestamp)>,
    /// When sanctions of each kind were imposed that a policy may require.
    imposed: BTreeMap<&'static str, BTreeSet<Timestamp>>,
    /// When the trader was warned, by policy.
    warned: BTreeMap<usize, Timestamp>,
}

impl Marketplace {
    /// The suspensions of a trader of whom nothing of that kind is known yet.
    pub(crate) fn suspensions_of(&self, trader: &Trader) -> Found {
        let mut career = Career::default();
        for number in self.listings_of(trader.number) {
            let listing = self.listing_alone(trader, number);
            listing.history.iter().for_each(|action| career.add(action));
        }
        self.docket(trader, career.violations).suspensions
    }

    /// Writes the sanctions against a trader and the decisions they are, and states what is true of
    /// them.
    pub(crate) fn write_sanctions(
        &self,
        trader: &Trader,
        desk: &mut Desk<'_>,
    ) -> Result<(), GenerateError> {
        let violations = std::mem::take(&mut desk.career.violations);
        let mut docket = self.docket(trader, violations);
        self.write_actions(&docket.actions, desk)?;
        let illegal = std::mem::take(&mut desk.career).illegal;
        docket.state(illegal, desk);
        docket.plant_orphans(desk);
        docket.sanctions.iter().try_for_each(|sanction| {
            sanction.count(&mut desk.tally);
            desk.write(sanction)
        })
    }

    /// Imposes all sanctions on a trader.
    fn docket<'a>(&'a self, trader: &'a Trader, violations: Vec<Violation>) -> Docket<'a> {
        let mut docket = Docket {
            marketplace: self,
            trader,
            sanctions: Vec::new(),
            actions: Vec::new(),
            suspensions: Found::default(),
            given: Vec::new(),
            accounts: std::array::from_fn(|_| Account::default()),
            over: Vec::new(),
            imposed: BTreeMap::new(),
            warned: BTreeMap::new(),
        };
        let mut draw = self.draw(Stream::Sanction, trader.number);
        docket.account(&mut draw);
        docket.policies(self.points_given(violations), &mut draw);
        docket
    }
}

impl Docket<'_> {
    /// The sanction that the decision against the account is.
    fn account(&mut self, draw: &mut Draw) {
        let trader = self.trader;
        let Some(action) = &trader.action else { return };
        let gravity = Some(draw.pick(&["MEDIUM", "HIGH"]));
        let policy = policy_of(action.infringement).unwrap_or_default();
        let kind = action.measures.sanction();
        self.impose_decided(action, (kind, policy), draw, |sanction| Sanction {
            trigger_action_id: Some(action.id.clone()),
            gravity,
            ..sanction
        });
    }

    /// A sanction under a policy of which nothing else is known.
    fn blank(&self, kind: &'static str, (imposed_at, policy): (Timestamp, usize)) -> Sanction {
        let place = self.sanctions.len() as u64;
        let version = self.marketplace.version_at(imposed_at);
        Sanction {
            id: self.marketplace.id(Named::Sanction, self.trader.number * PLACES + place),
            imposed_at,
            subject: Subject::Trader(self.trader.id.clone()),
            misuse: POLICIES[policy].misuse,
            kind,
            points: None,
            ends_at: None,
            prior_warning_at: self.warned.get(&policy).copied().filter(|at| *at < imposed_at),
            items: None,
            gravity: None,
            trigger_action_id: None,
            policy: Some((POLICIES[policy].code, number(version))),
            is_automated: false,
            lifted: None,
        }
    }

    fn impose(&mut self, sanction: Sanction) {
        self.imposed.entry(sanction.kind).or_default().insert(sanction.imposed_at);
        self.sanctions.push(sanction);
    }

    /// Imposes the sanction that a decision is, once that has taken effect.
    fn impose_decided(
        &mut self,
        action: &Action,
        (kind, policy): (&'static str, usize),
        draw: &mut Draw,
        complete: impl FnOnce(Sanction) -> Sanction,
    ) {
        let own = draw.weighted(&[
            (40, "OWN_REVIEW"),
            (30, "REMEDIED"),
            (14, "DISPUTE_FOLLOWED"),
            (8, "COURT_OR_AUTHORITY"),
            (8, "OTHER"),
        ]);
        let Some(applied_at) = action.applied_at else { return };
        if action.measures.suspends() {
            let (from, until, action) = (applied_at, action.over_at(), action.number);
            self.suspensions.add(Suspension { from, until, action });
        }
        let reason = if action.complaint.is_some() { "COMPLAINT_UPHELD" } else { own };
        let lifted_at = action.lifted_at.filter(|at| action.end_at.is_none_or(|end| *at < end));
        let sanction = Sanction {
            ends_at: action.end_at,
            is_automated: action.finding.automated_decision == "AUTOMATED_DECISION_FULLY",
            lifted: lifted_at.map(|at| (at, reason)),
            ..self.blank(kind, (applied_at, policy))
        };
        self.impose(complete(sanction));
    }

    /// Gives points one after the other, and imposes what the policies require, mostly.
    fn policies(&mut self, given: Vec<Given>, draw: &mut Draw) {
        let per_mille = self.spared_per_mille();
        let spared: Vec<_> = POLICIES.iter().map(|_| draw.chance(per_mille)).collect();
        for points in given {
            if !self.can_have_happened(&points.violation) {
                continue;
            }
            self.warn(&points, draw);
            self.give(&points, draw);
            let policy = &POLICIES[points.policy];
            let terms = &policy.versions[points.version];
            let sum = self.accounts[points.policy].add(&points);
            self.given.push(points);
            if sum < terms.threshold_points {
                continue;
            }
            self.over.push((policy.code, terms.required, points.at));
            if !spared[points.policy] && !self.is_answered(points.at, terms.required) {
                self.require(&points, draw);
            }
        }
    }

    /// Of a thousand such traders, so many are spared whatever they do, policy by policy: rather those
    /// who offer many things, of which the bad ones are a small part (Art. 23(3)(b)).
    fn spared_per_mille(&self) -> u64 {
        /// Whoever has more listings offers many things.
        const FEW: u64 = 40;
        let listings = self.marketplace.listings_of(self.trader.number);
        let offers_much = FEW < listings.end - listings.start;
        let per_mille = if offers_much { [960, 820, 600] } else { [600, 300, 150] };
        self.trader.conduct.of(per_mille)
    }

    /// Whether the trader was not suspended then: what is found before suspensions are known holds
    /// more than can have happened.
    fn can_have_happened(&self, violation: &Violation) -> bool {
        let moments = [violation.posted_at, violation.decided_at];
        !moments.into_iter().any(|at| self.suspensions.hold_at(at))
    }

    /// Warns a trader who is given points under a policy for the first time.
    fn warn(&mut self, points: &Given, draw: &mut Draw) {
        let at = draw.after(points.at, 1..60);
        let is_first = !self.warned.contains_key(&points.policy);
        if is_first && draw.chance(880) && at < self.marketplace.span.until {
            let trigger = self.marketplace.id(Named::Action, points.violation.action);
            let warning = Sanction {
                trigger_action_id: Some(trigger),
                is_automated: draw.chance(900),
                ..self.blank("WARNING", (at, points.policy))
            };
            self.warned.insert(points.policy, at);
            self.impose(warning);
        }
    }

    /// Writes the points down.
    fn give(&mut self, points: &Given, draw: &mut Draw) {
        let kind = if points.points < 3 { "POINTS" } else { "STRIKE" };
        let terms = &POLICIES[points.policy].versions[points.version];
        let reversed_at = points.violation.reversed_at.filter(|at| points.at < *at);
        let sanction = Sanction {
            points: Some(points.points),
            ends_at: Some(points.at.plus_s(terms.window_days * DAY_S)),
            trigger_action_id: Some(self.marketplace.id(Named::Action, points.violation.action)),
            is_automated: draw.chance(820),
            lifted: reversed_at.filter(|_| draw.chance(760)).map(|at| (at, "COMPLAINT_UPHELD")),
            ..self.blank(kind, (points.at, points.policy))
        };
        self.impose(sanction);
    }

    /// Whether a sanction of a kind was imposed within the time that a policy gives.
    fn is_answered(&self, at: Timestamp, kind: &str) -> bool {
        let imposed = self.imposed.get(kind);
        imposed.is_some_and(|imposed| imposed.range(at..at.plus_s(DUE_S)).next().is_some())
    }

    /// Decides on what a policy requires of a trader who has too many points, in time, if at all.
    fn require(&mut self, points: &Given, draw: &mut Draw) {
        let decided_at = draw.after(points.at, HOUR_S..26 * DAY_S);
        let has_left = self.trader.offboarded_at.is_some_and(|left_at| left_at <= decided_at);
        if !draw.chance(830) || has_left || self.marketplace.span.until <= decided_at {
            return;
        }
        let policy = &POLICIES[points.policy];
        let weighed = policy.misuse == Misuse::IllegalContent && draw.chance(900);
        let items = weighed.then(|| self.items(points.policy));
        let gravity = weighed.then(|| draw.weighted(&[(30, "LOW"), (45, "MEDIUM"), (25, "HIGH")]));
        let trigger = self.marketplace.id(Named::Action, points.violation.action);
        let terms = &policy.versions[points.version];
        let action = self.restriction(points, decided_at, draw);
        self.impose_decided(&action, (terms.required, points.policy), draw, |sanction| Sanction {
            items,
            gravity,
            trigger_action_id: Some(trigger),
            ..sanction
        });
        self.actions.push(action);
    }

    /// Manifestly illegal items that count under a policy, and all items.
    fn items(&self, policy: usize) -> [i64; 2] {
        let is_counted = |given: &&Given| given.violation.is_manifest && given.policy == policy;
        let manifest = self.given.iter().rev().take(ITEMS_MAX).filter(is_counted).count();
        let listings = self.marketplace.listings_of(self.trader.number);
        let all = signed(listings.end - listings.start).max(signed(self.given.len() as u64));
        [signed(manifest as u64), all]
    }

    /// States what is true of a trader's sanctions.
    fn state(&self, illegal: Option<(u64, [Timestamp; 2])>, desk: &mut Desk<'_>) {
        let is_out =
            ["SUSPENSION", "TERMINATION"].iter().any(|kind| self.imposed.contains_key(kind));
        if let Some(illegal) = illegal.filter(|_| !is_out) {
            desk.enforcement.never_suspended(Some(&self.trader.id), illegal);
        }
        let mut over = BTreeMap::new();
        for (policy, required, at) in &self.over {
            self.count_due(required, *at, &mut desk.tally);
            let is_missing = over.entry((*policy, *required)).or_insert(false);
            *is_missing |= !self.is_answered(*at, required);
        }
        for ((policy, required), is_missing) in over {
            desk.enforcement.over_threshold((policy, required), is_missing);
        }
        for (kind, times) in &self.imposed {
            let is_counted = !["WARNING", "POINTS", "STRIKE"].contains(kind);
            if is_counted && 1 < times.len() {
                let example = json!({
                    "trader_id": self.trader.id, "sanction_type": kind, "times": times.len(),
                });
                desk.truths.tell("repeated_sanctions", example);
            }
        }
    }

    /// Counts a suspension that a policy requires, and whether it came within five days.
    fn count_due(&self, required: &str, at: Timestamp, tally: &mut Tally) {
        if required != "SUSPENSION" {
            return;
        }
        tally.count((Counted::SuspensionsDue, ""), at.date(), (at, 1));
        let imposed = self.imposed.get(required);
        let first = imposed.and_then(|imposed| imposed.range(at..at.plus_s(5 * DAY_S)).next());
        if let Some(imposed_at) = first {
            tally.count((Counted::SuspensionsInTime, ""), at.date(), (*imposed_at, 1));
        }
    }

    /// Makes a few sanctions name a decision that is not there: plants orphans.
    fn plant_orphans(&mut self, desk: &mut Desk<'_>) {
        /// Apart from the numbers of decisions that are there, and from the draws for traders.
        const GONE: u64 = 1 << 59;
        let mut draw = self.marketplace.draw(Stream::Sanction, GONE | self.trader.number);
        for (sanction, place) in self.sanctions.iter_mut().zip(0..) {
            let is_planted = draw.below(1_200) == 0 && sanction.kind == "POINTS";
            if is_planted {
                let number = GONE | (self.trader.number * PLACES + place);
                let gone = self.marketplace.id(Named::Action, number);
                desk.truths.orphan("sanctions", "trigger_action_id", (&sanction.id, &gone));
                sanction.trigger_action_id = Some(gone);
            }
        }
    }
}
