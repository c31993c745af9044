//! What is true of the newest edition's notices, decisions and sanctions: the answers to R01 to R07
//! and R09.
//!
//! Holds numbers by group. Where a question asks for a median, it holds each number of the group:
//! eight bytes for a notice or a decision, the only thing here that grows with the world.
//!
//! # Rooms
//! - `numbers`: medians and shares.
//! - `relisted`: what was removed and came back, R07 and R08.
//! - `state`: the answers.

mod numbers;
mod relisted;
mod state;

use std::collections::BTreeMap;

use domain::{Date, Timestamp};

use self::numbers::Numbers;
pub(crate) use self::relisted::{Relisted, Twin, repeats};
use crate::calendar::first_of_month;
use crate::moderation_actions::{Action, Stage};
use crate::notices::Notice;
use crate::seen::Seen;

/// What has been seen so far.
#[derive(Debug, Default)]
pub(crate) struct Enforcement {
    /// R01: traders who were never suspended, with how many illegal things stood and from when to
    /// when; without a trader, the same of those who are none.
    repeat_offenders: Vec<(Option<String>, u64, [Timestamp; 2])>,
    of_no_trader: Option<(u64, [Timestamp; 2])>,
    /// R02: by policy and required sanction, traders over the threshold, and not sanctioned.
    thresholds: BTreeMap<(&'static str, &'static str), [u64; 2]>,
    /// R03: by category and notifier, how many notices, and how long until the removal.
    removals: BTreeMap<(&'static str, &'static str), (u64, Numbers)>,
    /// R04: by month, how long until the decision, of trusted flaggers and of others.
    decisions: BTreeMap<Date, [Numbers; 2]>,
    /// R05: by Member State, channel and registration, how many, unacknowledged and undecided.
    neglect: BTreeMap<(&'static str, &'static str, bool), [u64; 3]>,
    /// R06: by month and category, how many, proactive, and before the listing.
    detection: BTreeMap<(Date, &'static str), [u64; 3]>,
    /// R07 and R08.
    pub(crate) relisted: Relisted,
    /// R09: by category and source.
    harm: BTreeMap<(&'static str, &'static str), Harm>,
}

/// What was seen and bought before it was removed.
#[derive(Debug, Default)]
struct Harm {
    removals: u64,
    orders: Option<i64>,
    impressions: Numbers,
}

/// Fewer illegal things make no repeat offender.
const OFFENCES_MIN: u64 = 3;

impl Enforcement {
    /// Sees a decision.
    pub(crate) fn action(&mut self, action: &Action) {
        let infringement = action.infringement;
        let source = action.finding.source_type;
        if infringement.is_illegal() {
            let month = first_of_month(action.decided_at.date());
            let [all, proactive, early] =
                self.detection.entry((month, infringement.category)).or_default();
            *all += 1;
            *proactive += u64::from(source == "SOURCE_VOLUNTARY");
            *early += u64::from(action.stage == Stage::PreListing);
        }
        let stands = infringement.is_illegal() && action.reversed_at.is_none();
        if stands && action.subject.trader_id.is_none() {
            let at = action.decided_at;
            let (count, [first, last]) = self.of_no_trader.unwrap_or((0, [at; 2]));
            self.of_no_trader = Some((count + 1, [first.min(at), last.max(at)]));
        }
        if action.subject.listing_id.is_some() {
            let harm = self.harm.entry((infringement.category, source)).or_default();
            harm.removals += 1;
            harm.impressions.extend(action.exposure);
            if let Some(orders) = action.orders {
                *harm.orders.get_or_insert(0) += orders;
            }
        }
    }

    /// Sees a notice, and the decision that it led to.
    pub(crate) fn notice(&mut self, notice: &Notice, action: Option<&Action>, seen: Seen) {
        let notifier = &notice.notifier;
        let decision = notice.decision.as_ref().filter(|decision| seen.has(decision.decided_at));
        let door = (notifier.member_state, notifier.channel, notifier.is_registered);
        let [all, unacknowledged, undecided] = self.neglect.entry(door).or_default();
        *all += 1;
        *unacknowledged += u64::from(notice.acknowledged_at.is_none());
        *undecided += u64::from(decision.is_none());
        let Some(decision) = decision else { return };
        let waited = |until: Timestamp| until.unix_us() - notice.submitted_at.unix_us();
        let month = first_of_month(notice.submitted_at.date());
        let place = usize::from(notifier.kind != "TRUSTED_FLAGGER");
        let by_notifier = self.decisions.entry(month).or_default();
        by_notifier[place].extend([waited(decision.decided_at)]);
        let led = action.filter(|_| ["ACTION_LAW", "ACTION_TC"].contains(&decision.kind));
        if let Some(action) = led {
            let group = (notice.alleged_category, notifier.kind);
            let (notices, hours) = self.removals.entry(group).or_default();
            *notices += 1;
            hours.extend(action.applied_at.map(waited));
        }
    }

    /// Sees a trader who was never suspended, and how often something illegal stood.
    pub(crate) fn never_suspended(
        &mut self,
        trader: Option<&String>,
        (count, times): (u64, [Timestamp; 2]),
    ) {
        if OFFENCES_MIN <= count {
            self.repeat_offenders.push((trader.cloned(), count, times));
        }
    }

    /// Sees a trader who had too many points under a policy.
    pub(crate) fn over_threshold(
        &mut self,
        policy: (&'static str, &'static str),
        is_missing: bool,
    ) {
        let [over, missing] = self.thresholds.entry(policy).or_default();
        *over += 1;
        *missing += u64::from(is_missing);
    }
}
