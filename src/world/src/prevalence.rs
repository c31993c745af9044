//! Random samples of live listings, reviewed by people: what automated means miss.

use domain::Timestamp;

use crate::calendar::{DAY_S, HOUR_S, Season, Span};
use crate::deliver::Group;
use crate::draw::{Draw, Stream};
use crate::infringements::Infringement;
use crate::listings::Listing;
use crate::marketplace::Marketplace;
use crate::pseudonyms::Named;
use crate::record::{Cell, Column, Record, Shape};
use crate::seen::Seen;
use crate::table::{Files, Format, Table};
use crate::traders::{Conduct, Trader};

/// The table of samples.
pub(crate) const GROUP: Group = Group {
    tables: &[Sample::TABLE],
    rows_expected: Marketplace::samples_expected,
    write: |marketplace, desk| marketplace.samples().try_for_each(|sample| desk.write(&sample)),
};

/// One draw of a listing: a row of `prevalence_samples`.
#[derive(Debug)]
pub(crate) struct Sample {
    id: String,
    drawn_at: Timestamp,
    listing_id: String,
    /// When people had reviewed it.
    reviewed_at: Timestamp,
    /// What they found.
    found: Option<&'static Infringement>,
}

/// Length of the week in which a number of listings is drawn.
const WEEK_S: i64 = 7 * DAY_S;

impl Marketplace {
    /// How many listings are drawn each week.
    fn samples_per_week(&self) -> u64 {
        100 + self.sizes.listings / 2_000
    }

    /// About how many listings are drawn in all.
    pub(crate) fn samples_expected(&self) -> u64 {
        self.weeks() * self.samples_per_week()
    }

    fn weeks(&self) -> u64 {
        u64::try_from(self.span.length_us() / 1_000_000 / WEEK_S).unwrap_or(0)
    }

    /// The listings drawn in all whole weeks.
    pub(crate) fn samples(&self) -> impl Iterator<Item = Sample> + '_ {
        (0..self.samples_expected()).filter_map(|number| self.sample(number))
    }

    /// The draw with a number; none where no live listing was met.
    fn sample(&self, number: u64) -> Option<Sample> {
        const TRIES: usize = 40;
        let mut draw = self.draw(Stream::PrevalenceSample, number);
        let week = i64::try_from(number / self.samples_per_week()).unwrap_or(0);
        let from = self.span.from.plus_s(week * WEEK_S);
        let drawn_at = draw.moment(Span { from, until: from.plus_s(WEEK_S) }, &Season::STAFF);
        let (trader, listing) = (0..TRIES)
            .map(|_| draw.below(self.sizes.listings))
            .map(|number| {
                let trader = self.trader(self.trader_of(number));
                let listing = self.listing_of(&trader, number);
                (trader, listing)
            })
            .find(|(_, listing)| listing.is_for_sale_on(drawn_at.date()))?;
        let mut verdicts = self.draw(Stream::PrevalenceSample, number | 1 << 40);
        Some(Sample {
            id: self.id(Named::Sample, number),
            drawn_at,
            found: found(&trader, &listing, drawn_at, &mut verdicts),
            listing_id: listing.id,
            reviewed_at: verdicts.after(drawn_at, 2 * HOUR_S..12 * DAY_S),
        })
    }
}

/// What reviewers find: what will be decided about a listing, or what nobody else will find.
fn found(
    trader: &Trader,
    listing: &Listing,
    drawn_at: Timestamp,
    draw: &mut Draw,
) -> Option<&'static Infringement> {
    let decisions = listing.history.iter().filter(|action| action.reversed_at.is_none());
    let later = decisions.filter(|action| drawn_at < action.decided_at);
    if let Some(action) = later.min_by_key(|action| action.decided_at) {
        return draw.chance(820).then_some(action.infringement);
    }
    let missed_per_mille = match trader.conduct {
        Conduct::Careful => 4,
        Conduct::Careless => 35,
        Conduct::Rogue => 160,
    };
    draw.chance(missed_per_mille).then(|| draw.weighted(listing.product.category.infringements))
}

/// The columns, in the codebook's order.
const COLUMNS: &[Column] = &[
    ("sample_id", Shape::Text),
    ("drawn_at", Shape::Moment),
    ("listing_id", Shape::Text),
    ("found_violating", Shape::Boolean),
    ("category", Shape::Text),
];

impl Record for Sample {
    const TABLE: &'static Table = &Table {
        dataset: "prevalence_samples",
        columns: COLUMNS,
        format: Format::Csv,
        files: Files::Months,
    };

    fn since(&self) -> Timestamp {
        self.drawn_at
    }

    fn cells(&self, seen: Seen) -> Vec<Cell<'_>> {
        let is_reviewed = seen.has(self.reviewed_at);
        let found = self.found.filter(|_| is_reviewed);
        vec![
            (&self.id).into(),
            self.drawn_at.into(),
            (&self.listing_id).into(),
            is_reviewed.then_some(self.found.is_some()).into(),
            found.map(|infringement| infringement.category).into(),
        ]
    }
}
