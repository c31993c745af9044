//! Writes each trader with all that is offered and advertised, and what was decided about that.

use std::collections::BTreeSet;

use super::{Trader, TraderRow};
use crate::GenerateError;
use crate::ads::{Ad, GroupReach, Reach, Targeting};
use crate::complaints::{Complaint, Dispute};
use crate::consumers::ConsumerNotification;
use crate::deliver::{Desk, Group};
use crate::enforcement::{Twin, repeats};
use crate::listing_events::ListingEvent;
use crate::listings::{Listing, Status};
use crate::marketplace::Marketplace;
use crate::moderation_actions::Action;
use crate::notices::{Notice, NoticeAction};
use crate::orders::Order;
use crate::pseudonyms::Named;
use crate::record::Record;
use crate::seen::EDITIONS;
use crate::statements::Statement;
use crate::verifications::{TraderName, Verification};

/// Traders, their listings and advertisements, and the decisions on all of these.
pub(crate) const GROUP: Group = Group {
    tables: &[
        TraderRow::TABLE,
        TraderName::TABLE,
        Verification::TABLE,
        Listing::TABLE,
        Statement::TABLE,
        Action::TABLE,
        ListingEvent::TABLE,
        Notice::TABLE,
        NoticeAction::TABLE,
        Order::TABLE,
        Complaint::TABLE,
        Dispute::TABLE,
        ConsumerNotification::TABLE,
        Ad::TABLE,
        Targeting::TABLE,
        Reach::TABLE,
        GroupReach::TABLE,
    ],
    rows_expected: |marketplace| {
        let sizes = marketplace.sizes;
        sizes.traders * 6 + sizes.listings * 16 / 5 + sizes.ads * 9
    },
    write: |marketplace, desk| {
        (0..marketplace.sizes.traders)
            .try_for_each(|number| marketplace.write_trader(number, desk))?;
        let others = marketplace.ads_of_traders()..marketplace.sizes.ads;
        others.into_iter().try_for_each(|number| marketplace.write_ad(number, desk))?;
        desk.enforcement.relisted.next_trader(&mut desk.tally);
        (0..marketplace.notices_elsewhere())
            .try_for_each(|number| marketplace.write_notice_elsewhere(number, desk))?;
        marketplace.write_other_orders(desk)?;
        std::mem::take(&mut desk.ads).state(&mut desk.truths);
        Ok(())
    },
};

impl Marketplace {
    /// Writes a trader with what is offered and advertised, and the decisions on it.
    fn write_trader(&self, number: u64, desk: &mut Desk<'_>) -> Result<(), GenerateError> {
        let trader = self.trader(number);
        let mut active_listings = [0; EDITIONS];
        let mut repeated = BTreeSet::new();
        for number in self.listings_of(number) {
            let listing = self.listing_of(&trader, number);
            for (count, seen) in active_listings.iter_mut().zip(self.editions) {
                let is_there = seen.has(listing.published_at);
                *count += i64::from(is_there && listing.state_at(seen.at).0 == Status::Active);
            }
            self.write_listing((&trader, number), &listing, desk)?;
            repeated.extend(self.came_back(&trader, number, &listing));
        }
        for number in self.ads_of(number) {
            self.write_ad(number, desk)?;
        }
        let row = self.trader_row(&trader, active_listings);
        desk.write(&row)?;
        self.write_traceability(&trader, &row, desk)?;
        self.write_actions(&trader.action, desk)?;
        self.write_sanctions(&trader, desk)?;
        if let Some(entity) = trader.entity {
            let accounts: BTreeSet<_> = repeated.iter().map(|(_, trader)| trader).collect();
            let operator = self.id(Named::Entity, entity.number);
            let [clones, accounts] = [repeated.len() as u64, accounts.len() as u64];
            desk.enforcement.relisted.operator(operator, clones, accounts);
        }
        desk.enforcement.relisted.next_trader(&mut desk.tally);
        Ok(())
    }

    /// Writes a listing with what happened to it.
    fn write_listing(
        &self,
        (trader, number): (&Trader, u64),
        listing: &Listing,
        desk: &mut Desk<'_>,
    ) -> Result<(), GenerateError> {
        desk.write(listing)?;
        self.write_events(number, listing, desk)?;
        self.write_actions(&listing.history, desk)?;
        self.write_idle_notice((trader, number), listing, desk)?;
        let returns = listing.copies.iter().filter_map(|copy| {
            let returned = self.relisting_event(copy.number, (number, copy.published_at));
            returned.map(|relisting| relisting.recognised_at)
        });
        desk.enforcement.relisted.came_back(listing, returns.collect());
        Ok(())
    }

    /// The listings of other accounts, with their traders, that repeat one that had been removed.
    fn came_back(&self, trader: &Trader, number: u64, listing: &Listing) -> BTreeSet<(u64, u64)> {
        let twin = |(number, trader), listing: &Listing| Twin {
            number,
            trader,
            published_at: listing.published_at,
            removed_at: Some(listing.state)
                .filter(|(status, _)| *status == Status::Removed)
                .map(|(_, at)| at),
        };
        let mut twins = vec![twin((number, trader.number), listing)];
        for copy in &listing.copies {
            twins.push(twin((copy.number, copy.trader), &self.listing(copy.number)));
        }
        repeats(&twins)
    }
}
