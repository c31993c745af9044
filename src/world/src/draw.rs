//! Seeded draws: each row of the world has a stream of its own, found by its index.
//!
//! # Invariant
//! A draw depends on the seed, the stream and the index only, never on what was drawn for another
//! row: any row can be made again without the others.

use std::ops::Range;

use domain::Timestamp;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

use crate::calendar::{Season, Span};
use crate::octaves;

/// What a stream of draws decides; each has a key of its own.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Stream {
    /// The groups of accounts that are one economic operator.
    Entity,
    /// Traders.
    Trader,
    /// What became of a trader's account.
    TraderHistory,
    /// Products, which several listings may offer.
    Product,
    /// Listings.
    Listing,
    /// What became of a listing.
    ListingHistory,
    /// Advertisements.
    Ad,
    /// What became of an advertisement.
    AdHistory,
    /// Notices.
    Notice,
    /// Orders of authorities.
    Order,
    /// Disputes.
    Dispute,
    /// What else happened to a listing.
    ListingEvent,
    /// Sanctions.
    Sanction,
    /// What consumers are told.
    Consumers,
    /// Alerts about dangerous products.
    Alert,
    /// Checks of traders.
    Verification,
    /// For whom an advertisement is meant.
    AdAudience,
    /// Whom an advertisement reached.
    AdReach,
    /// How often recommender systems showed a listing.
    Exposure,
    /// How many chose which option of a recommender system.
    OptionUsage,
    /// How much of a category of products was seen.
    ExposureTotal,
    /// Links of affiliates.
    AffiliateLink,
    /// What detectors found.
    Detection,
    /// Samples of live listings.
    PrevalenceSample,
    /// The people who moderate.
    Resources,
    /// Reports of times before the world's decisions begin.
    Report,
    /// How commitments are kept.
    Commitment,
    /// Statements of other platforms.
    ForeignStatement,
    /// The keys of pseudonyms and shuffles.
    Key,
}

impl Stream {
    /// The streams of rows, in their order.
    pub(crate) const ROWS: [Self; 28] = [
        Self::Entity,
        Self::Trader,
        Self::TraderHistory,
        Self::Product,
        Self::Listing,
        Self::ListingHistory,
        Self::Ad,
        Self::AdHistory,
        Self::Notice,
        Self::Order,
        Self::Dispute,
        Self::ListingEvent,
        Self::Sanction,
        Self::Consumers,
        Self::Alert,
        Self::Verification,
        Self::AdAudience,
        Self::AdReach,
        Self::Exposure,
        Self::OptionUsage,
        Self::ExposureTotal,
        Self::AffiliateLink,
        Self::Detection,
        Self::PrevalenceSample,
        Self::Resources,
        Self::Report,
        Self::Commitment,
        Self::ForeignStatement,
    ];
}

/// The keys of all streams of one world.
#[derive(Debug)]
pub(crate) struct Keys(ChaCha8Rng);

impl Keys {
    /// The keys that a seed gives.
    pub(crate) fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// The key of one stream, from which its rows' draws come.
    pub(crate) fn stream(&self, stream: Stream) -> StreamKey {
        let mut rng = self.0.clone();
        rng.set_stream(stream as u64);
        let mut key = [0; 32];
        rng.fill_bytes(&mut key);
        StreamKey(key)
    }
}

/// The key of one stream.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StreamKey([u8; 32]);

impl StreamKey {
    /// The draws of one row.
    pub(crate) fn row(&self, index: u64) -> Draw {
        let mut rng = ChaCha8Rng::from_seed(self.0);
        rng.set_stream(index);
        Draw(rng)
    }
}

/// The draws of one row, in their order.
#[derive(Debug)]
pub(crate) struct Draw(ChaCha8Rng);

impl Draw {
    /// 64 random bits.
    pub(crate) fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A number below a bound, each as likely.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        octaves::share(bound, self.bits() >> 1, 1 << 63)
    }

    /// A number in a range, each as likely; its start where the range is empty.
    pub(crate) fn within(&mut self, range: Range<i64>) -> i64 {
        let width = u64::try_from(range.end - range.start).unwrap_or(0);
        range.start + signed(self.below(width))
    }

    /// A number in a range from one on, each octave as likely; its start where the range is empty.
    pub(crate) fn spread(&mut self, range: Range<i64>) -> i64 {
        let [start, end] = [range.start, range.end].map(|n| u64::try_from(n).unwrap_or(0).max(1));
        let low = octaves::position(start);
        let width = octaves::position(end).saturating_sub(low);
        signed(octaves::value(low + self.below(width)))
            .clamp(range.start, range.end.max(range.start))
    }

    /// A rank from zero below a count, as Zipf's law has it.
    pub(crate) fn rank(&mut self, count: u64) -> u64 {
        let place = self.below(octaves::position(count + 1));
        octaves::value(place).saturating_sub(1).min(count.saturating_sub(1))
    }

    /// True in that many cases of a thousand.
    pub(crate) fn chance(&mut self, per_mille: u64) -> bool {
        self.below(1000) < per_mille
    }

    /// One of several, each as likely.
    ///
    /// # Panics
    /// When there is nothing to pick from.
    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[index(self.below(from.len() as u64))]
    }

    /// One of several, by weight.
    ///
    /// # Panics
    /// When there is nothing to pick from.
    pub(crate) fn weighted<T: Copy>(&mut self, from: &[(u64, T)]) -> T {
        let total = from.iter().map(|(weight, _)| weight).sum();
        let mut place = self.below(total);
        for (weight, item) in from {
            if place < *weight {
                return *item;
            }
            place -= weight;
        }
        from[from.len() - 1].1
    }

    /// A moment in a span, by the season's days and hours; the span's start where it is empty.
    pub(crate) fn moment(&mut self, span: Span, season: &Season) -> Timestamp {
        const TRIES_MAX: usize = 12;
        let mut moment = span.from;
        for _ in 0..TRIES_MAX {
            moment = span.at(self.within(0..span.length_us()));
            if self.below(Season::WEIGHT_MAX) < season.weight(moment) {
                break;
            }
        }
        moment
    }

    /// The moment a while after another: some seconds by octaves, and a part of one.
    pub(crate) fn after(&mut self, moment: Timestamp, seconds: Range<i64>) -> Timestamp {
        let seconds = self.spread(seconds);
        Span { from: moment.plus_s(seconds), until: moment.plus_s(seconds + 1) }
            .at(self.within(0..1_000_000))
    }
}

/// A number of this world as a signed one; all of them fit.
pub(crate) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A number below the length of a slice, as its index.
pub(crate) fn index(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_drawn_the_same_whatever_was_drawn_before() {
        let key = Keys::new(7).stream(Stream::Listing);
        let first = key.row(12).bits();

        key.row(11).bits();

        assert_eq!(key.row(12).bits(), first);
        assert_ne!(key.row(13).bits(), first);
        assert_ne!(Keys::new(8).stream(Stream::Listing).row(12).bits(), first);
        assert_ne!(Keys::new(7).stream(Stream::Trader).row(12).bits(), first);
    }

    #[test]
    fn draws_stay_in_their_range() {
        let mut draw = Keys::new(1).stream(Stream::Key).row(0);
        for _ in 0..2000 {
            assert!((3..9).contains(&draw.within(3..9)));
            assert!((3..9_000).contains(&draw.spread(3..9_000)));
            assert!(draw.rank(5) < 5);
        }
        assert_eq!((draw.within(4..4), draw.spread(4..4)), (4, 4));
    }

    /// The first of a thousand takes about a tenth, as in life.
    #[test]
    fn ranks_follow_zipfs_law() {
        let mut draw = Keys::new(1).stream(Stream::Key).row(0);
        let first = (0..10_000).filter(|_| draw.rank(1000) == 0).count();

        assert!((800..1200).contains(&first), "{first}");
    }
}
