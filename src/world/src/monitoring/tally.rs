//! Counts of what happens in the world, by month: what reports and measures are made from.
//!
//! # Invariant
//! Holds a number per month, thing counted and kind of infringement, however much happens; for medians,
//! eight bytes for each thing measured. A count is a true one: nothing is in it that is not a row of
//! the world.

use std::collections::BTreeMap;

use domain::{Date, Timestamp};

pub(crate) use super::counted::{Counted, Waited};
use crate::calendar::first_of_month;
use crate::moderation_actions::Action;
use crate::seen::{EDITIONS, Seen};

/// The month of a count, what is counted, and the kind of infringement, the Member State or nothing.
type Place = (Date, Counted, &'static str);

/// All counts, as each edition knows them.
#[derive(Debug)]
pub(crate) struct Tally {
    editions: [Seen; EDITIONS],
    counts: BTreeMap<Place, [i64; EDITIONS]>,
    /// Times in microseconds, by the first edition that knows them.
    waits: BTreeMap<(Date, Waited), [Vec<i64>; EDITIONS]>,
}

impl Tally {
    /// Nothing counted yet.
    pub(crate) fn new(editions: [Seen; EDITIONS]) -> Self {
        Self { editions, counts: BTreeMap::new(), waits: BTreeMap::new() }
    }

    /// Counts something of a month that came to be known at a moment.
    pub(crate) fn count(
        &mut self,
        (counted, category): (Counted, &'static str),
        month: Date,
        (known_at, times): (Timestamp, i64),
    ) {
        let counts = self.counts.entry((first_of_month(month), counted, category)).or_default();
        for (count, seen) in counts.iter_mut().zip(self.editions) {
            *count += if seen.has(known_at) { times } else { 0 };
        }
    }

    /// Counts one of a month as a single edition knows it.
    pub(crate) fn count_in(&mut self, counted: Counted, month: Date, edition: usize) {
        self.counts.entry((first_of_month(month), counted, "")).or_default()[edition] += 1;
    }

    /// Measures the time from one moment until another.
    pub(crate) fn wait(&mut self, waited: Waited, [from, until]: [Timestamp; 2]) {
        let Some(edition) = self.editions.iter().position(|seen| seen.has(until)) else { return };
        let waits = self.waits.entry((first_of_month(from.date()), waited)).or_default();
        waits[edition].push(until.unix_us() - from.unix_us());
    }

    /// Counts a decision.
    pub(crate) fn action(&mut self, action: &Action) {
        let (month, category) = (action.decided_at.date(), action.infringement.category);
        let mut one = |counted, category, at| self.count((counted, category), month, (at, 1));
        let decided_at = action.decided_at;
        one(Counted::Decisions, category, decided_at);
        if action.finding.source_type == "SOURCE_VOLUNTARY" {
            let on_law = action.infringement.is_illegal();
            let own = if on_law { Counted::OwnOnLaw } else { Counted::OwnOnTerms };
            one(own, category, decided_at);
            one(Counted::Own, category, decided_at);
            if action.finding.detector_id.is_some() {
                one(Counted::OwnByMachine, category, decided_at);
            }
        }
        if action.finding.automated_decision == "AUTOMATED_DECISION_FULLY" {
            one(Counted::Automated, category, decided_at);
            if let Some(reversed_at) = action.reversed_at {
                one(Counted::AutomatedReversed, category, reversed_at);
            }
        }
    }

    /// How many were counted in some months, of one kind of infringement or of all.
    pub(super) fn sum(
        &self,
        (counted, category): (Counted, Option<&str>),
        [first, until]: [Date; 2],
    ) -> [i64; EDITIONS] {
        let mut sum = [0; EDITIONS];
        for ((month, other, of), counts) in &self.counts {
            let is_asked = *other == counted && category.is_none_or(|category| category == *of);
            if is_asked && first <= *month && *month < until {
                sum.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
            }
        }
        sum
    }

    /// The kinds of infringement or the Member States that a count has in some months.
    pub(super) fn kinds(&self, counted: Counted, [first, until]: [Date; 2]) -> Vec<&'static str> {
        let of = |(month, other, kind): &Place| {
            (*other == counted && first <= *month && *month < until).then_some(*kind)
        };
        let mut kinds: Vec<_> = self.counts.keys().filter_map(of).collect();
        kinds.sort_unstable();
        kinds.dedup();
        kinds
    }

    /// The median of some times that began in some months, in thousandths of hours as each edition
    /// knows it; none of nothing.
    pub(super) fn median_hours(
        &self,
        waited: &[Waited],
        [first, until]: [Date; 2],
    ) -> [Option<i64>; EDITIONS] {
        const THOUSANDTH_US: i64 = 3_600 * 1_000;
        std::array::from_fn(|edition| {
            let asked = self.waits.iter().filter(|((month, other), _)| {
                waited.contains(other) && first <= *month && *month < until
            });
            let known = asked.flat_map(|(_, times)| times.iter().take(edition + 1).flatten());
            let mut known: Vec<_> = known.copied().collect();
            let last = known.len().checked_sub(1)?;
            known.sort_unstable();
            let twice = known[last / 2] + known[last.div_ceil(2)];
            Some((twice + THOUSANDTH_US) / (2 * THOUSANDTH_US))
        })
    }
}
