//! The dates at which the world is looked at: what is known then, and what is still to come.
//!
//! # Invariant
//! The world is drawn once, to its last day. What an earlier edition shows is the same world with
//! the later facts left out, so that two editions differ in what happened between them only.

use domain::{Date, Timestamp};

/// How many editions a world has.
pub(crate) const EDITIONS: usize = 2;

/// One date at which the world is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    /// The first moment that is not known yet: the start of the edition's day.
    pub(crate) at: Timestamp,
    /// The edition's place, the oldest first.
    pub(crate) edition: usize,
}

impl Seen {
    /// Whether something that happens at a moment is known.
    pub(crate) fn has(self, moment: Timestamp) -> bool {
        moment < self.at
    }

    /// A moment, if it is known.
    pub(crate) fn known(self, moment: Option<Timestamp>) -> Option<Timestamp> {
        moment.filter(|moment| self.has(*moment))
    }

    /// The last day of which everything is known.
    pub(crate) fn last_day(self) -> Date {
        self.at.plus_s(-1).date()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edition_knows_what_happened_before_its_day() {
        let at = Timestamp::parse("2026-10-01T00:00:00Z").unwrap();
        let seen = Seen { at, edition: 0 };

        assert!(seen.has(at.plus_s(-1)));
        assert_eq!(seen.known(Some(at)), None);
        assert_eq!(seen.last_day().to_string(), "2026-09-30");
    }
}
