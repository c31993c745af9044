//! The violations of one trader, and the sanctions that came of them, or should have.

use std::collections::{BTreeMap, BTreeSet};

use domain::Timestamp;

use super::policies::{Misuse, POLICIES, number, points, policy_of};
use super::{Sanction, Subject};
use crate::GenerateError;
use crate::calendar::{DAY_S, HOUR_S};
use crate::deliver::Desk;
use crate::draw::{Draw, Stream, signed};
use crate::marketplace::Marketplace;
use crate::moderation_actions::{Action, Target};
use crate::pseudonyms::Named;
use crate::traders::Trader;

/// What was held against one trader so far; numbers only, never the decisions.
#[derive(Debug, Default)]
pub(crate) struct Career {
    violations: Vec<Violation>,
    /// How many illegal things stood, and when the first and the last of them were decided on.
    pub(crate) illegal: Option<(u64, [Timestamp; 2])>,
}

/// One decision that may cost points.
#[derive(Clone, Copy, Debug)]
struct Violation {
    action: u64,
    decided_at: Timestamp,
    reversed_at: Option<Timestamp>,
    policy: usize,
    /// Points under each version of the policy.
    points: [i64; 2],
    is_manifest: bool,
}

/// Points that were given.
#[derive(Clone, Copy, Debug)]
struct Given {
    at: Timestamp,
    policy: usize,
    version: usize,
    points: i64,
    violation: Violation,
}

/// The longest that a required sanction may take.
const DUE_S: i64 = 30 * DAY_S;
/// The most violations that are looked at when a sanction is weighed.
const ITEMS_MAX: usize = 1_000;
/// The most sanctions of one trader, as a power of two.
const PLACES: u64 = 1 << 24;

impl Career {
    /// Notes a decision; one on an account is a sanction itself, and costs no points.
    pub(crate) fn add(&mut self, action: &Action) {
        if action.infringement.is_illegal() && action.reversed_at.is_none() {
            let at = action.decided_at;
            let (count, [first, last]) = self.illegal.unwrap_or((0, [at; 2]));
            self.illegal = Some((count + 1, [first.min(at), last.max(at)]));
        }
        let policy = policy_of(action.infringement);
        let Some(policy) = policy.filter(|_| action.subject.target != Target::Trader) else {
            return;
        };
        self.violations.push(Violation {
            action: action.number,
            decided_at: action.decided_at,
            reversed_at: action.reversed_at,
            policy,
            points: [0, 1].map(|version| points(action.infringement, version)),
            is_manifest: action.manifestly_illegal,
        });
    }
}

/// The sanctions of one trader while they are being imposed.
struct Docket<'a> {
    marketplace: &'a Marketplace,
    trader: &'a Trader,
    sanctions: Vec<Sanction>,
    /// When sanctions of each kind were imposed that a policy may require.
    imposed: BTreeMap<&'static str, BTreeSet<Timestamp>>,
    /// When the trader was warned, by policy.
    warned: BTreeMap<usize, Timestamp>,
}

impl Marketplace {
    /// Writes the sanctions against a trader, and states what is true of them.
    pub(crate) fn write_sanctions(
        &self,
        trader: &Trader,
        desk: &mut Desk<'_>,
    ) -> Result<(), GenerateError> {
        let career = std::mem::take(&mut desk.career);
        let mut draw = self.draw(Stream::Sanction, trader.number);
        let given = self.points_given(career.violations, &mut draw);
        let mut docket = Docket {
            marketplace: self,
            trader,
            sanctions: Vec::new(),
            imposed: BTreeMap::new(),
            warned: BTreeMap::new(),
        };
        docket.account(&mut draw);
        docket.policies(&given, &mut draw);
        docket.state(&given, career.illegal, desk);
        docket.plant_orphans(&mut draw, desk);
        docket.sanctions.iter().try_for_each(|sanction| desk.write(sanction))
    }

    /// The points that violations were given; a few never were.
    fn points_given(&self, violations: Vec<Violation>, draw: &mut Draw) -> Vec<Given> {
        let mut given: Vec<_> = violations
            .into_iter()
            .filter_map(|violation| {
                let at = draw.after(violation.decided_at, 20..6 * HOUR_S);
                let version = self.version_at(at);
                let points = violation.points[version];
                let is_given = 0 < points && at < self.span.until && !draw.chance(60);
                let Violation { policy, .. } = violation;
                is_given.then_some(Given { at, policy, version, points, violation })
            })
            .collect();
        given.sort_by_key(|given| given.at);
        given
    }
}

impl Docket<'_> {
    /// The sanction that the decision against the account is.
    fn account(&mut self, draw: &mut Draw) {
        let Some(action) = &self.trader.action else { return };
        let Some(applied_at) = action.applied_at else { return };
        let measures = &action.measures;
        let kind = match (measures.account, measures.monetary) {
            (Some("DECISION_ACCOUNT_TERMINATED"), _) => "TERMINATION",
            (Some(_), _) => "SUSPENSION",
            (None, Some(_)) => "FUNDS_HOLD",
            (None, None) => "LISTING_LIMIT",
        };
        let policy = policy_of(action.infringement).unwrap_or_default();
        let lifted = action.lifted_at.map(|at| (at, "COMPLAINT_UPHELD"));
        let lifted = lifted.map(|(at, reason)| {
            (at, if action.complaint.is_some() { reason } else { "OWN_REVIEW" })
        });
        let sanction = Sanction {
            ends_at: action.end_at,
            trigger_action_id: Some(action.id.clone()),
            gravity: Some(draw.pick(&["MEDIUM", "HIGH"])),
            lifted,
            ..self.blank(kind, (applied_at, policy))
        };
        self.impose(sanction);
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

    /// Gives points one after the other, and imposes what the policies require, mostly.
    fn policies(&mut self, given: &[Given], draw: &mut Draw) {
        // Some traders are spared whatever they do, policy by policy.
        let spared: Vec<_> = POLICIES.iter().map(|_| draw.chance(210)).collect();
        let sums = sums(given);
        for (place, points) in given.iter().enumerate() {
            self.warn(points, draw);
            self.give(points, draw);
            let terms = &POLICIES[points.policy].versions[points.version];
            let is_over = terms.threshold_points <= sums[place];
            if !is_over || spared[points.policy] || self.is_answered(points.at, terms.required) {
                continue;
            }
            let at = draw.after(points.at, HOUR_S..26 * DAY_S);
            if draw.chance(830) && at < self.marketplace.span.until {
                self.require((points, &given[..=place]), at, draw);
            }
        }
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

    /// Imposes what a policy requires of a trader who has too many points.
    fn require(&mut self, (points, before): (&Given, &[Given]), at: Timestamp, draw: &mut Draw) {
        let terms = &POLICIES[points.policy].versions[points.version];
        let ends_at = terms.days.map(|days| at.plus_s(days * DAY_S));
        let is_counted =
            |given: &&Given| given.violation.is_manifest && given.policy == points.policy;
        let manifest = before.iter().rev().take(ITEMS_MAX).filter(is_counted).count();
        let listings = self.marketplace.listings_of(self.trader.number);
        let all = signed(listings.end - listings.start).max(signed(before.len() as u64));
        let weighed = POLICIES[points.policy].misuse == Misuse::IllegalContent && draw.chance(900);
        let reviewed_at = draw.after(at, DAY_S..10 * DAY_S);
        let reason = draw.weighted(&[
            (40, "OWN_REVIEW"),
            (30, "REMEDIED"),
            (14, "DISPUTE_FOLLOWED"),
            (8, "COURT_OR_AUTHORITY"),
            (8, "OTHER"),
        ]);
        let is_lifted = draw.chance(90) && reviewed_at < self.marketplace.span.until;
        let sanction = Sanction {
            ends_at,
            items: weighed.then_some([signed(manifest as u64), all]),
            gravity: weighed.then(|| draw.weighted(&[(30, "LOW"), (45, "MEDIUM"), (25, "HIGH")])),
            trigger_action_id: Some(self.marketplace.id(Named::Action, points.violation.action)),
            is_automated: draw.chance(330),
            lifted: is_lifted.then_some((reviewed_at, reason)),
            ..self.blank(terms.required, (at, points.policy))
        };
        self.impose(sanction);
    }

    /// States what is true of a trader's sanctions.
    fn state(&self, given: &[Given], illegal: Option<(u64, [Timestamp; 2])>, desk: &mut Desk<'_>) {
        let is_out =
            ["SUSPENSION", "TERMINATION"].iter().any(|kind| self.imposed.contains_key(kind));
        if let Some(illegal) = illegal.filter(|_| !is_out) {
            desk.enforcement.never_suspended(Some(&self.trader.id), illegal);
        }
        let mut over = BTreeMap::new();
        for (points, sum) in given.iter().zip(sums(given)) {
            let policy = &POLICIES[points.policy];
            let terms = &policy.versions[points.version];
            if terms.threshold_points <= sum {
                let is_missing = over.entry((policy.code, terms.required)).or_insert(false);
                *is_missing |= !self.is_answered(points.at, terms.required);
            }
        }
        for ((policy, required), is_missing) in over {
            desk.enforcement.over_threshold((policy, required), is_missing);
        }
        for (kind, times) in &self.imposed {
            let is_counted = !["WARNING", "POINTS", "STRIKE"].contains(kind);
            if is_counted && 1 < times.len() {
                let example = serde_json::json!({
                    "trader_id": self.trader.id, "sanction_type": kind, "times": times.len(),
                });
                desk.truths.tell("repeated_sanctions", example);
            }
        }
    }

    /// Makes a few sanctions name a decision that is not there: plants orphans.
    fn plant_orphans(&mut self, draw: &mut Draw, desk: &mut Desk<'_>) {
        /// Apart from the numbers of decisions that are there.
        const GONE: u64 = 1 << 59;
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

/// The points of each policy within its window, at each time that points were given.
fn sums(given: &[Given]) -> Vec<i64> {
    let mut sums = vec![0; given.len()];
    for (policy, of) in POLICIES.iter().enumerate() {
        let places: Vec<_> =
            (0..given.len()).filter(|place| given[*place].policy == policy).collect();
        for (version, terms) in of.versions.iter().enumerate() {
            let (mut sum, mut first) = (0, 0);
            for place in &places {
                sum += given[*place].points;
                let from = given[*place].at.plus_s(-terms.window_days * DAY_S);
                while given[places[first]].at <= from {
                    sum -= given[places[first]].points;
                    first += 1;
                }
                if given[*place].version == version {
                    sums[*place] = sum;
                }
            }
        }
    }
    sums
}
