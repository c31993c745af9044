//! Counts of what happens in the world, by month: what reports and measures are made from.
//!
//! # Invariant
//! Holds a number per month, thing counted and kind of infringement, however much happens. A count
//! is a true one: nothing is in it that is not a row of the world.

use std::collections::BTreeMap;

use domain::{Date, Timestamp};

use crate::calendar::first_of_month;
use crate::moderation_actions::Action;
use crate::seen::{EDITIONS, Seen};

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Counted {
    /// Decisions.
    Decisions,
    /// Decisions that nobody outside had asked for.
    Own,
    /// Of these, the ones on what is illegal.
    OwnOnLaw,
    /// The same, on what breaks the terms.
    OwnOnTerms,
    /// The same, where a machine found it.
    OwnByMachine,
    /// Decisions by machines alone.
    Automated,
    /// Of these, the ones that were reversed.
    AutomatedReversed,
    /// Advertisements.
    Ads,
    /// Of these, the ones of which the repository has every field of Art. 39(2).
    AdsComplete,
    /// Hidden links of affiliates.
    HiddenLinks,
    /// Of these, the ones with a decision within two days.
    HiddenLinksInTime,
    /// Recipients of recommender systems, on the days that are counted.
    Recipients,
    /// Of these, the ones who have chosen to be without profiling.
    RecipientsWithout,
}

/// The month of a count, what is counted, and the kind of infringement or nothing.
type Place = (Date, Counted, &'static str);

/// All counts, as each edition knows them.
#[derive(Debug)]
pub(crate) struct Tally {
    editions: [Seen; EDITIONS],
    counts: BTreeMap<Place, [i64; EDITIONS]>,
}

impl Tally {
    /// Nothing counted yet.
    pub(crate) fn new(editions: [Seen; EDITIONS]) -> Self {
        Self { editions, counts: BTreeMap::new() }
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
}
