//! When traders' accounts are suspended, for a time or for good.
//!
//! A suspension follows from decisions on a trader's listings, and decides what becomes of all of them.
//! So suspensions are found first, from what would happen without them, in the order of time: what
//! comes before one does not depend on it.
//!
//! # Invariant
//! Holds some numbers for each suspension, and nothing for a trader who never had one.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::Timestamp;

use crate::calendar::{Span, earlier, moment};
use crate::marketplace::Marketplace;

/// One suspension, or several that follow each other without a break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Suspension {
    /// When it took effect.
    pub(crate) from: Timestamp,
    /// When it is over; none where it is for good.
    pub(crate) until: Option<Timestamp>,
    /// The number of the decision that began it.
    pub(crate) action: u64,
}

impl Suspension {
    /// Whether it is in force at a moment.
    fn holds_at(&self, moment: Timestamp) -> bool {
        self.from < moment && self.until.is_none_or(|until| moment < until)
    }

    /// Whether it is over before the other one begins.
    fn is_before(&self, other: &Self) -> bool {
        self.until.is_some_and(|until| until < other.from)
    }

    /// Both as one, which the earlier one began.
    fn joined(self, other: Self) -> Self {
        let first = if self.from <= other.from { self } else { other };
        let until = self.until.zip(other.until).map(|(one, another)| one.max(another));
        Self { until, ..first }
    }
}

/// The suspensions of one trader, the oldest first, with breaks between them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Suspensions(Arc<[Suspension]>);

impl Suspensions {
    /// Each of them.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &Suspension> {
        self.0.iter()
    }

    /// The one in force at a moment.
    pub(crate) fn at(&self, moment: Timestamp) -> Option<&Suspension> {
        self.iter().find(|suspension| suspension.holds_at(moment))
    }

    /// Whether one is in force at some time of a span.
    pub(crate) fn touch(&self, span: Span) -> bool {
        self.iter().any(|suspension| {
            suspension.from < span.until && suspension.until.is_none_or(|until| span.from < until)
        })
    }

    /// When the next one begins after a moment.
    pub(crate) fn next_after(&self, moment: Timestamp) -> Option<Timestamp> {
        self.iter().map(|suspension| suspension.from).find(|from| moment < *from)
    }

    /// When the last one was over, by a moment.
    pub(crate) fn over_by(&self, moment: Timestamp) -> Option<Timestamp> {
        self.iter().filter_map(|suspension| suspension.until).rfind(|until| *until < moment)
    }

    /// A moment that lies in none of them: the moment itself, or one as long before a suspension as
    /// that lies after its beginning, but after the earliest there can be.
    pub(crate) fn before(&self, at: Timestamp, earliest: Timestamp) -> Timestamp {
        let mut at = at;
        for suspension in self.iter().rev().filter(|suspension| earliest < suspension.from) {
            if suspension.holds_at(at) {
                let from = suspension.from.unix_us();
                let (late, room) = (at.unix_us() - from, from - earliest.unix_us());
                at = moment(from - if late < room { late } else { room - room / 2 });
            }
        }
        at
    }

    /// The longest part of a span without any of them, the first one where several are.
    pub(crate) fn longest_break(&self, span: Span) -> Span {
        let mut longest = Span { until: span.from, ..span };
        let mut from = Some(span.from);
        let starts = self.iter().map(|suspension| (suspension.from, suspension.until));
        for (start, end) in starts.chain([(span.until, None)]) {
            let Some(open) = from else { break };
            let part = Span { from: open, until: earlier([start, span.until]) };
            if longest.length_us() < part.length_us() {
                longest = part;
            }
            from = end.map(|end| end.max(open));
        }
        longest
    }
}

/// The suspensions of a trader while they are being found.
#[derive(Debug, Default)]
pub(crate) struct Found(Vec<Suspension>);

impl Found {
    /// Adds one, and joins what it touches.
    pub(crate) fn add(&mut self, suspension: Suspension) {
        let mut joined = suspension;
        self.0.retain(|other| {
            let is_apart = other.is_before(&joined) || joined.is_before(other);
            if !is_apart {
                joined = joined.joined(*other);
            }
            is_apart
        });
        self.0.push(joined);
        self.0.sort_unstable_by_key(|suspension| suspension.from);
    }

    /// Whether one is in force at a moment.
    pub(crate) fn hold_at(&self, moment: Timestamp) -> bool {
        self.0.iter().rev().any(|suspension| suspension.holds_at(moment))
    }
}

/// The suspensions of all traders who had some, by the trader's number.
#[derive(Debug, Default)]
pub(crate) struct SuspensionsByTrader(BTreeMap<u64, Suspensions>);

impl SuspensionsByTrader {
    /// Those of one trader.
    pub(crate) fn of(&self, trader: u64) -> Suspensions {
        self.0.get(&trader).cloned().unwrap_or_default()
    }

    /// Adds those of one trader.
    fn add(&mut self, trader: u64, Found(found): Found) {
        if !found.is_empty() {
            self.0.insert(trader, Suspensions(found.into()));
        }
    }
}

impl Marketplace {
    /// Finds the suspensions of all traders.
    ///
    /// # Order
    /// The oldest account of an operator comes before the others, which put up again what was removed
    /// under it.
    pub(crate) fn find_suspensions(&mut self) {
        for is_copying in [false, true] {
            for number in 0..self.sizes.traders {
                let copies = self.entity_of(number).is_some_and(|entity| entity.place != 0);
                if copies == is_copying {
                    let found = self.suspensions_of(&self.fresh_trader(number));
                    self.suspensions.add(number, found);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(day: i64) -> Timestamp {
        moment(day * 24 * 3_600 * 1_000_000)
    }

    fn suspensions(days: &[(i64, Option<i64>)]) -> Suspensions {
        let mut found = Found::default();
        for ((from, until), action) in days.iter().zip(0..) {
            found.add(Suspension { from: at(*from), until: until.map(at), action });
        }
        Suspensions(found.0.into())
    }

    #[test]
    fn suspensions_that_touch_are_one_that_the_first_began() {
        let one = suspensions(&[(10, Some(20)), (40, Some(50)), (15, Some(30))]);

        let joined: Vec<_> = one.iter().map(|s| (s.from, s.until, s.action)).collect();

        assert_eq!(joined, [(at(10), Some(at(30)), 0), (at(40), Some(at(50)), 1)]);
        assert!(suspensions(&[(10, None), (15, Some(30))]).at(at(99)).is_some());
    }

    #[test]
    fn what_falls_into_a_suspension_comes_before_it() {
        let two = suspensions(&[(10, Some(20)), (22, None)]);

        assert_eq!(two.before(at(8), at(1)), at(8));
        assert_eq!(two.before(at(14), at(1)), at(6));
        assert_eq!(two.before(at(23), at(1)), at(21));
        // Mirrored at the second one, it falls into the first.
        assert_eq!(two.before(at(26), at(1)), at(2));
        let early = two.before(at(19), at(8));
        assert!(at(8) < early && early < at(10));
    }

    #[test]
    fn the_longest_break_is_found() {
        let two = suspensions(&[(10, Some(20)), (40, Some(45))]);
        let days = |from, until| {
            let part = two.longest_break(Span { from: at(from), until: at(until) });
            (part.from, part.until)
        };

        assert_eq!(days(1, 60), (at(20), at(40)));
        assert_eq!(days(5, 24), (at(5), at(10)));
        assert_eq!(days(12, 24), (at(20), at(24)));
        assert_eq!(days(12, 18), (at(12), at(12)));
    }
}
