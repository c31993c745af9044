//! How often recommender systems showed a listing.
//!
//! # Invariant
//! A listing is shown on days on which it was for sale from midnight to midnight, where it is
//! offered, and by an option that the system had. What was shown to fewer than
//! [`COUNT_MIN`] is not told.

use std::collections::BTreeMap;

use domain::{Date, Timestamp};

use super::systems::{SYSTEMS, System};
use super::{Choice, non_profiling_per_mille};
use crate::calendar::Span;
use crate::draw::{Draw, Stream};
use crate::listings::{Listing, Status};
use crate::marketplace::Marketplace;
use crate::places::{MEMBER_STATES, buyers_state};
use crate::record::{Cell, Column, Record, Shape};
use crate::seen::Seen;
use crate::table::{Files, Format, Table};

/// Fewer impressions or clicks could tell whose they are.
pub(crate) const COUNT_MIN: i64 = 10;

/// What tells the rows of one listing apart: the day, the system, the option and the Member State.
type Place = (Date, usize, Choice, usize);

/// Impressions of one listing: a row of `recommender_exposure`.
#[derive(Debug)]
pub(crate) struct Exposure {
    /// `day`
    pub(crate) day: Date,
    /// The system, whose surface it was.
    pub(crate) system: &'static System,
    /// `option`
    pub(crate) choice: Choice,
    /// `member_state`, by its place among them.
    pub(crate) state: usize,
    /// `impressions`
    pub(crate) impressions: i64,
    listing_id: String,
    clicks: i64,
}

impl Marketplace {
    /// Whether the listing with a number is one that is shown often enough to be told of.
    pub(crate) fn is_exposed(&self, number: u64) -> bool {
        const PER_MILLE: u64 = 90;
        self.draw(Stream::Exposure, number).chance(PER_MILLE)
    }

    /// How often such a listing was shown on the days that are counted, in their order.
    pub(crate) fn exposure_of(&self, number: u64, listing: &Listing) -> Vec<Exposure> {
        let mut draw = self.draw(Stream::Exposure, number | 1 << 40);
        let from = self.span.from.max(listing.published_at);
        let days: Vec<_> = Self::counting_days(Span { from, until: self.span.until })
            .filter(|day| listing.is_for_sale_on(*day))
            .collect();
        if days.is_empty() {
            return Vec::new();
        }
        let mut places = BTreeMap::new();
        for _ in 0..draw.spread(1..18) {
            if let Some(place) = place(listing, draw.pick(&days), &mut draw) {
                places.insert(place, impressions(listing, place.2, &mut draw));
            }
        }
        let rows = places.into_iter().map(|(place, counts)| Exposure::new(listing, place, counts));
        within_decisions(listing, rows.collect())
    }
}

/// Draws where a listing is shown on a day, if it is offered there by that option.
fn place(listing: &Listing, day: Date, draw: &mut Draw) -> Option<Place> {
    let system = draw.weighted(&[(34, 0), (36, 1), (12, 2), (10, 3), (4, 4), (4, 5)]);
    let state = buyers_state(draw);
    // Counts of an option that few have chosen are more often too small to be told.
    let without = draw.chance(3 * u64::try_from(non_profiling_per_mille(state, day)).unwrap_or(0));
    let choice = if without { Choice::NonProfiling } else { Choice::Profiling };
    let version = SYSTEMS[system].version_on(day)?;
    let is_there = choice == Choice::Profiling || version.has_non_profiling;
    let is_offered = listing.offered_in.contains(&MEMBER_STATES[state]);
    (is_there && is_offered).then_some((day, system, choice, state))
}

/// Draws impressions and clicks; what tempts is shown more by profiling.
fn impressions(listing: &Listing, choice: Choice, draw: &mut Draw) -> [i64; 2] {
    let tempting = choice == Choice::Profiling && listing.state.0 == Status::Removed;
    let impressions = draw.spread(COUNT_MIN..6_000) * if tempting { 2 } else { 1 };
    [impressions, impressions * draw.within(2..75) / 1_000]
}

/// Leaves out what would make more impressions than a decision says there were before it.
fn within_decisions(listing: &Listing, rows: Vec<Exposure>) -> Vec<Exposure> {
    let mut shown = 0;
    let mut kept = Vec::new();
    for row in rows {
        let decisions = listing.history.iter();
        let later = decisions.filter(|action| {
            action.applied_at.is_none_or(|applied_at| Timestamp::start_of(row.day) < applied_at)
        });
        if later.filter_map(|action| action.exposure).all(|most| shown + row.impressions <= most) {
            shown += row.impressions;
            kept.push(row);
        }
    }
    kept
}

impl Exposure {
    fn new(
        listing: &Listing,
        (day, system, choice, state): Place,
        [impressions, clicks]: [i64; 2],
    ) -> Self {
        let (system, listing_id) = (&SYSTEMS[system], listing.id.clone());
        Self { day, system, choice, state, impressions, listing_id, clicks }
    }
}

/// The columns, in the codebook's order.
const COLUMNS: &[Column] = &[
    ("day", Shape::Date),
    ("system_id", Shape::Text),
    ("surface", Shape::Text),
    ("option", Shape::Text),
    ("listing_id", Shape::Text),
    ("member_state", Shape::Text),
    ("impressions", Shape::Integer),
    ("clicks", Shape::Integer),
];

impl Record for Exposure {
    const TABLE: &'static Table = &Table {
        dataset: "recommender_exposure",
        columns: COLUMNS,
        format: Format::CsvGz,
        files: Files::Days,
    };

    fn since(&self) -> Timestamp {
        Timestamp::start_of(self.day)
    }

    fn cells(&self, _: Seen) -> Vec<Cell<'_>> {
        vec![
            self.day.into(),
            self.system.id.into(),
            self.system.surface.into(),
            self.choice.as_str().into(),
            (&self.listing_id).into(),
            MEMBER_STATES[self.state].into(),
            self.impressions.into(),
            Some(self.clicks).filter(|clicks| COUNT_MIN <= *clicks).into(),
        ]
    }
}
