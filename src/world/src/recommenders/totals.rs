//! How much of each category was seen and bought at all: what shares are shares of.
//!
//! # Invariant
//! Holds a number per counted day, category and Member State, however many listings there are.

use std::collections::BTreeMap;

use domain::{Date, Timestamp};

use super::exposure::Exposure;
use crate::calendar::{DAY_S, Season};
use crate::draw::{Stream, signed};
use crate::marketplace::Marketplace;
use crate::places::{BUYERS, MEMBER_STATES};
use crate::products::{CATEGORIES, ProductCategory};
use crate::record::{Cell, Column, Record, Shape};
use crate::seen::Seen;
use crate::table::{Files, Format, Table};

/// What has been shown so far, by day, category and Member State.
#[derive(Debug, Default)]
pub(crate) struct ExposureTally(BTreeMap<(Date, &'static str, usize), i64>);

/// All impressions, orders and refunds of a category: a row of `exposure_totals`.
#[derive(Debug)]
pub(crate) struct ExposureTotal {
    day: Date,
    category_id: &'static str,
    member_state: &'static str,
    impressions: i64,
    orders: i64,
    refunds: i64,
}

impl ExposureTally {
    /// Counts what was shown of a listing.
    pub(crate) fn add(&mut self, category: &'static ProductCategory, exposure: &Exposure) {
        let place = (exposure.day, category.id, exposure.state);
        *self.0.entry(place).or_default() += exposure.impressions;
    }
}

impl Marketplace {
    /// How much was seen on the days that are counted, once all listings are.
    pub(crate) fn exposure_totals<'a>(
        &'a self,
        tally: &'a ExposureTally,
    ) -> impl Iterator<Item = ExposureTotal> + 'a {
        Self::counting_days(self.span)
            .flat_map(|day| (0..CATEGORIES.len()).map(move |category| (day, category)))
            .flat_map(|(day, category)| self.totals_on(tally, day, category))
    }

    fn totals_on(&self, tally: &ExposureTally, day: Date, category: usize) -> Vec<ExposureTotal> {
        /// What is told is a multiple of this.
        const ROUNDED_TO: i64 = 5;
        let number = Timestamp::start_of(day).unix_s() / DAY_S * 64;
        let mut draw =
            self.draw(Stream::ExposureTotal, u64::try_from(number).unwrap_or(0) + category as u64);
        let season = signed(Season::PUBLIC.weight_of_day(day));
        // As Zipf's law has it: the second category has half of the first one's views.
        let volume = 48_000_000 / (signed(category as u64) + 1);
        let of_state = |(state, member_state): (usize, &'static str)| {
            let told = tally.0.get(&(day, CATEGORIES[category].id, state)).copied().unwrap_or(0);
            let views = volume * signed(BUYERS[state]) / 1_000 * season / 100;
            let impressions = told + views * draw.within(850..1_151) / 1_000;
            let orders = impressions * draw.within(6..19) / 1_000;
            let refunds = orders * draw.within(20..120) / 1_000;
            ExposureTotal {
                day,
                category_id: CATEGORIES[category].id,
                member_state,
                impressions,
                orders: orders / ROUNDED_TO * ROUNDED_TO,
                refunds: refunds / ROUNDED_TO * ROUNDED_TO,
            }
        };
        MEMBER_STATES.into_iter().enumerate().map(of_state).collect()
    }
}

/// The columns, in the codebook's order.
const COLUMNS: &[Column] = &[
    ("day", Shape::Date),
    ("category_id", Shape::Text),
    ("member_state", Shape::Text),
    ("impressions", Shape::Integer),
    ("orders_bucketed", Shape::Integer),
    ("refunds_bucketed", Shape::Integer),
];

impl Record for ExposureTotal {
    const TABLE: &'static Table = &Table {
        dataset: "exposure_totals",
        columns: COLUMNS,
        format: Format::Csv,
        files: Files::Months,
    };

    fn since(&self) -> Timestamp {
        Timestamp::start_of(self.day)
    }

    fn cells(&self, _: Seen) -> Vec<Cell<'_>> {
        vec![
            self.day.into(),
            self.category_id.into(),
            self.member_state.into(),
            self.impressions.into(),
            self.orders.into(),
            self.refunds.into(),
        ]
    }
}
