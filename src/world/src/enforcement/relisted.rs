//! What was removed and came back: R07 and R08.

use std::collections::{BTreeMap, BTreeSet};

use domain::Timestamp;

use super::numbers::Numbers;
use crate::listings::Listing;
use crate::moderation_actions::Action;
use crate::monitoring::tally::{Counted, Tally, Waited};

/// What has been seen of removals so far.
#[derive(Debug, Default)]
pub(crate) struct Relisted {
    /// By category, listings that were removed or that removed advertisements led to.
    pub(super) removed: BTreeMap<&'static str, u64>,
    /// Of these, the ones that came back.
    pub(super) relisted: BTreeMap<&'static str, u64>,
    /// How long that took, for each removal and each time it came back.
    pub(super) delays: BTreeMap<&'static str, Numbers>,
    /// Of the trader at hand: removals by listing and category, with when they took effect.
    at_hand: BTreeMap<(String, &'static str), Vec<Option<Timestamp>>>,
    /// Of the trader at hand: when listings of other accounts were found to repeat one of these.
    returns: BTreeMap<String, Vec<Timestamp>>,
    /// R08: operators with how many listings came back under how many accounts.
    pub(super) operators: Vec<(String, u64, u64)>,
}

impl Relisted {
    /// Sees a decision about a listing or an advertisement of the trader at hand, or of no trader.
    pub(crate) fn action(&mut self, action: &Action) {
        let Some(listing) =
            action.subject.listing_id.as_ref().filter(|_| action.measures.removes())
        else {
            return;
        };
        let category = action.infringement.category;
        self.at_hand.entry((listing.clone(), category)).or_default().push(action.applied_at);
    }

    /// Sees when a listing of the trader at hand came back under other accounts.
    pub(crate) fn came_back(&mut self, listing: &Listing, times: Vec<Timestamp>) {
        if !times.is_empty() {
            self.returns.insert(listing.id.clone(), times);
        }
    }

    /// Sees an operator of whom listings came back under other accounts.
    pub(crate) fn operator(&mut self, operator: String, clones: u64, accounts: u64) {
        if 0 < clones {
            self.operators.push((operator, clones, accounts));
        }
    }

    /// Counts what the trader at hand had removed, and goes on to the next.
    pub(crate) fn next_trader(&mut self, tally: &mut Tally) {
        let returns = std::mem::take(&mut self.returns);
        for ((listing, category), applied) in std::mem::take(&mut self.at_hand) {
            *self.removed.entry(category).or_default() += 1;
            let mut is_back = false;
            for applied_at in applied.into_iter().flatten() {
                let times = returns.get(&listing).into_iter().flatten();
                let times = times.filter(|at| applied_at < **at);
                let month = applied_at.date();
                tally.count((Counted::Removals, ""), month, (applied_at, 1));
                if let Some(first) = times.clone().min() {
                    tally.count((Counted::RemovalsUndercut, ""), month, (*first, 1));
                }
                for at in times {
                    is_back = true;
                    tally.wait(Waited::OfferedAgain, [applied_at, *at]);
                    let delay = at.unix_us() - applied_at.unix_us();
                    self.delays.entry(category).or_default().extend([delay]);
                }
            }
            *self.relisted.entry(category).or_default() += u64::from(is_back);
        }
    }
}

/// One of the listings of a product.
#[derive(Debug)]
pub(crate) struct Twin {
    /// The listing's number.
    pub(crate) number: u64,
    /// Its trader's.
    pub(crate) trader: u64,
    /// When it was put up.
    pub(crate) published_at: Timestamp,
    /// Since when it is removed, if it is.
    pub(crate) removed_at: Option<Timestamp>,
}

/// Those of some listings that were put up after another account's had been removed.
pub(crate) fn repeats(listings: &[Twin]) -> BTreeSet<(u64, u64)> {
    let comes_later = |later: &&Twin| {
        listings.iter().any(|earlier| {
            let removed_at = earlier.removed_at.filter(|_| earlier.trader != later.trader);
            removed_at.is_some_and(|removed_at| removed_at < later.published_at)
        })
    };
    listings.iter().filter(comes_later).map(|listing| (listing.number, listing.trader)).collect()
}
