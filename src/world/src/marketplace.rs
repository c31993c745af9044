//! The marketplace: which listing is whose, which accounts and which products are the same.
//!
//! # Invariant
//! Holds keys, sizes and suspensions only. Every row is found again from its index, so that a table of
//! any size can be written without holding it, and any other table can ask about any of its rows.

use std::ops::Range;

use domain::Timestamp;

use crate::calendar::{DAY_S, Span};
use crate::draw::{Draw, Keys, Stream, StreamKey};
use crate::mix::Permutation;
use crate::octaves::{position, share, value};
use crate::pseudonyms::{Named, Pseudonyms};
use crate::seen::{EDITIONS, Seen};
use crate::settings::{InvalidSpan, Sizes, WorldSettings};
use crate::suspensions::SuspensionsByTrader;

/// One marketplace.
#[derive(Debug)]
pub(crate) struct Marketplace {
    /// How many rows of each kind there are.
    pub(crate) sizes: Sizes,
    /// The days of which decisions and statements are there; the last moment is the world's present.
    pub(crate) span: Span,
    /// The dates at which it is looked at, the oldest first.
    pub(crate) editions: [Seen; EDITIONS],
    /// When it opened.
    pub(crate) opened_at: Timestamp,
    pseudonyms: Pseudonyms,
    streams: [StreamKey; Stream::ROWS.len()],
    entities: Permutation,
    clusters: Permutation,
    /// When traders are suspended.
    pub(crate) suspensions: SuspensionsByTrader,
}

/// The place of a trader among the accounts of one economic operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entity {
    /// The operator's number.
    pub(crate) number: u64,
    /// The account's place, the oldest first.
    pub(crate) place: u64,
    /// How many accounts it has.
    pub(crate) accounts: u64,
}

impl Marketplace {
    /// The marketplace that settings describe.
    pub(crate) fn new(settings: &WorldSettings) -> Result<Self, InvalidSpan> {
        Self::of_sizes(settings, settings.sizes())
    }

    /// The marketplace that settings describe, but of other sizes.
    pub(crate) fn of_sizes(settings: &WorldSettings, sizes: Sizes) -> Result<Self, InvalidSpan> {
        /// How long before the present it opened.
        const YEARS: i64 = 3;
        let (keys, span) = (Keys::new(settings.seed), settings.span()?);
        let shuffle = |row, size| {
            let mut draw = keys.stream(Stream::Key).row(row);
            Permutation::new(size, std::array::from_fn(|_| draw.bits()))
        };
        let mut marketplace = Self {
            sizes,
            span,
            editions: settings.editions()?,
            opened_at: span.until.plus_s(-YEARS * 365 * DAY_S),
            pseudonyms: Pseudonyms::new(&keys),
            streams: Stream::ROWS.map(|stream| keys.stream(stream)),
            entities: shuffle(1, sizes.traders),
            clusters: shuffle(2, sizes.listings),
            suspensions: SuspensionsByTrader::default(),
        };
        marketplace.find_suspensions();
        Ok(marketplace)
    }

    /// The last date at which it is looked at.
    pub(crate) fn newest(&self) -> Seen {
        self.editions[EDITIONS - 1]
    }

    /// The draws of one row.
    pub(crate) fn draw(&self, stream: Stream, index: u64) -> Draw {
        self.streams[stream as usize].row(index)
    }

    /// The identifier of the thing with a number.
    pub(crate) fn id(&self, named: Named, number: u64) -> String {
        self.pseudonyms.of(named, number)
    }

    /// The UUID of the statement with a number.
    pub(crate) fn uuid(&self, number: u64) -> String {
        self.pseudonyms.uuid(number)
    }

    /// The listings of a trader: few have many, as Zipf's law has it.
    pub(crate) fn listings_of(&self, trader: u64) -> Range<u64> {
        self.dealt(self.sizes.listings, trader)
    }

    /// The trader of a listing.
    pub(crate) fn trader_of(&self, listing: u64) -> u64 {
        self.holder(self.sizes.listings, listing)
    }

    /// The advertisements of a trader, dealt as listings are.
    pub(crate) fn ads_of(&self, trader: u64) -> Range<u64> {
        self.dealt(self.ads_of_traders(), trader)
    }

    /// The trader of an advertisement, where the advertiser is one.
    pub(crate) fn trader_of_ad(&self, ad: u64) -> Option<u64> {
        let count = self.ads_of_traders();
        (ad < count).then(|| self.holder(count, ad))
    }

    /// How many advertisements are of traders; those of others have the numbers from there on.
    pub(crate) fn ads_of_traders(&self) -> u64 {
        share(self.sizes.ads, 85, 100)
    }

    /// The numbers below a total that belong to a trader.
    fn dealt(&self, total: u64, trader: u64) -> Range<u64> {
        self.first(total, trader)..self.first(total, trader + 1)
    }

    /// The trader to whom a number below a total belongs.
    fn holder(&self, total: u64, number: u64) -> u64 {
        let place = share(position(self.sizes.traders + 1), number, total);
        let mut trader = value(place).saturating_sub(1).min(self.sizes.traders - 1);
        while 0 < trader && number < self.first(total, trader) {
            trader -= 1;
        }
        while self.first(total, trader + 1) <= number {
            trader += 1;
        }
        trader
    }

    fn first(&self, total: u64, trader: u64) -> u64 {
        share(total, position(trader + 1), position(self.sizes.traders + 1))
    }

    /// The operator behind a trader who has several accounts.
    ///
    /// # Shape
    /// Nine of a hundred traders, shuffled, are dealt in fives: an operator of three, one of two.
    pub(crate) fn entity_of(&self, trader: u64) -> Option<Entity> {
        let dealt = share(self.sizes.traders, 9, 100) / 5 * 5;
        let seat = self.entities.forward(trader);
        if dealt <= seat {
            return None;
        }
        let (table, seat) = (seat / 5, seat % 5);
        Some(match seat {
            0..3 => Entity { number: 2 * table, place: seat, accounts: 3 },
            _ => Entity { number: 2 * table + 1, place: seat - 3, accounts: 2 },
        })
    }

    /// The trader who has a place among an operator's accounts.
    pub(crate) fn account(&self, entity: Entity, place: u64) -> u64 {
        let (table, second) = (entity.number / 2, entity.number % 2);
        self.entities.backward(table * 5 + second * 3 + place)
    }

    /// The group of listings of one product that a listing belongs to, if it is not alone.
    ///
    /// # Shape
    /// Twelve of a hundred listings, shuffled, are dealt in threes. Those of operators with several
    /// accounts stand aside: theirs are copies of each other.
    pub(crate) fn cluster_of(&self, listing: u64) -> Option<u64> {
        let dealt = share(self.sizes.listings, 12, 100) / 3 * 3;
        let seat = self.clusters.forward(listing);
        if dealt <= seat || !self.may_join_cluster(listing) {
            return None;
        }
        let table = seat / 3;
        (1 < self.listings_of_cluster(table).count()).then_some(table)
    }

    /// The listings of one product.
    pub(crate) fn listings_of_cluster(&self, cluster: u64) -> impl Iterator<Item = u64> {
        (0..3)
            .map(move |place| self.clusters.backward(cluster * 3 + place))
            .filter(|listing| self.may_join_cluster(*listing))
    }

    fn may_join_cluster(&self, listing: u64) -> bool {
        self.entity_of(self.trader_of(listing)).is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Scale;

    fn marketplace() -> Marketplace {
        Marketplace::new(&WorldSettings::new(1, Scale::Small)).unwrap()
    }

    #[test]
    fn every_listing_has_one_trader() {
        let marketplace = marketplace();
        let mut next = 0;
        for trader in 0..marketplace.sizes.traders {
            let listings = marketplace.listings_of(trader);
            assert_eq!(listings.start, next);
            assert!(listings.clone().all(|listing| marketplace.trader_of(listing) == trader));
            next = listings.end;
        }
        assert_eq!(next, marketplace.sizes.listings);
    }

    #[test]
    fn every_account_of_an_operator_knows_the_others() {
        let marketplace = marketplace();
        let entities: Vec<_> = (0..marketplace.sizes.traders)
            .filter_map(|trader| marketplace.entity_of(trader).map(|entity| (trader, entity)))
            .collect();

        assert_eq!(entities.len(), 105);
        for (trader, entity) in entities {
            assert_eq!(marketplace.account(entity, entity.place), trader);
            let other = marketplace.account(entity, (entity.place + 1) % entity.accounts);
            assert_eq!(marketplace.entity_of(other).map(|other| other.number), Some(entity.number));
        }
    }

    #[test]
    fn no_cluster_has_a_single_listing() {
        let marketplace = marketplace();
        let mut members = std::collections::BTreeMap::<_, u64>::new();
        for cluster in (0..marketplace.sizes.listings).filter_map(|l| marketplace.cluster_of(l)) {
            *members.entry(cluster).or_default() += 1;
        }

        assert!(members.values().all(|count| (2..=3).contains(count)));
        assert!(300 < members.len());
    }
}
