//! Whom advertisements reached (Art. 39(2)(g)), and how many of those they were aimed at.
//!
//! # Invariant
//! A month's numbers do not depend on the months after it, so that what an earlier edition says of a
//! month that was over still holds in a later one.

use domain::{Date, Timestamp};

use super::{Ad, Targeting};
use crate::calendar::{DAY_S, first_of_month, months};
use crate::draw::{Draw, Stream, signed};
use crate::marketplace::Marketplace;
use crate::places::{BUYERS, MEMBER_STATES};
use crate::record::{Cell, Column, Record, Shape};
use crate::seen::{EDITIONS, Seen};
use crate::table::{Files, Format, Table};

/// Recipients as each edition knows them.
type Counts = [i64; EDITIONS];

/// Recipients of one advertisement in one Member State and month: a row of `ad_reach`.
#[derive(Debug)]
pub(crate) struct Reach {
    /// `member_state`
    pub(crate) member_state: &'static str,
    /// `recipients_reached`
    pub(crate) recipients: Counts,
    /// `targeted_recipients_reached`; none where it is aimed at nobody.
    pub(crate) targeted: Option<Counts>,
    /// The part of them that each of its groups is.
    pub(crate) groups: Vec<GroupReach>,
    at: Place,
}

/// What tells the reach of an advertisement apart.
#[derive(Clone, Debug)]
struct Place {
    ad_id: String,
    /// The first day of it in the month.
    since: Date,
    period_start: Date,
}

/// Recipients of one of the groups that an advertisement is aimed at: a row of `ad_group_reach`.
#[derive(Debug)]
pub(crate) struct GroupReach {
    member_state: &'static str,
    targeted_group: String,
    recipients: Counts,
    at: Place,
}

impl Marketplace {
    /// Whom an advertisement reached in the months in which it was shown, in their order.
    pub(crate) fn reach_of(&self, ad: &Ad) -> Vec<Reach> {
        let mut draw = self.draw(Stream::AdReach, ad.number);
        let volume = draw.spread(3_000..9_000_000);
        let mut reach = Vec::new();
        let shown = self.editions.map(|seen| [ad.run[0], ad.last_shown(seen)]);
        for month in months([ad.run[0], ad.last_shown(self.newest())]) {
            let days = shown.map(|shown| days(shown, month));
            for state in &ad.audience.states {
                let whole = volume * signed(BUYERS[*state]) / 1_000 * draw.within(70..131) / 100;
                // People who see it on several days count once: half a month reaches more than half.
                let recipients =
                    days.map(
                        |[shown, all]| {
                            if shown == 0 { 0 } else { (whole * (shown + 4) / (all + 4)).max(1) }
                        },
                    );
                reach.push(Reach::new(ad, (month, *state), recipients, &mut draw));
            }
        }
        reach
    }
}

impl Reach {
    fn new(ad: &Ad, (month, state): (Date, usize), recipients: Counts, draw: &mut Draw) -> Self {
        let since = month.max(ad.run[0]);
        let at = Place { ad_id: ad.id.clone(), since, period_start: month };
        let member_state = MEMBER_STATES[state];
        let part = |of: Counts, per_cent: i64| of.map(|count| count * per_cent / 100);
        let targeted = part(recipients, draw.within(86..101));
        let group = |group: &Targeting| GroupReach {
            member_state,
            targeted_group: format!("{}={}", group.parameter, group.value),
            recipients: part(targeted, draw.within(8..81)),
            at: at.clone(),
        };
        let groups = ad.groups().map(group).collect();
        let targeted = ad.targeted.then_some(targeted);
        Self { member_state, recipients, targeted, groups, at }
    }
}

/// How many distinct recipients a reach is in all, as each edition knows: someone is in one Member
/// State only, but many see an advertisement in one month and again in the next.
pub(super) fn total(reach: &[Reach], again_per_cent: i64) -> Counts {
    let of_month = |month: Date, edition: usize| {
        let rows = reach.iter().filter(move |row| row.at.period_start == month);
        rows.map(move |row| row.recipients[edition]).sum::<i64>()
    };
    let mut months: Vec<_> = reach.iter().map(|row| row.at.period_start).collect();
    months.dedup();
    std::array::from_fn(|edition| {
        let sums = months.iter().map(|month| of_month(*month, edition));
        let largest = sums.clone().max().unwrap_or(0);
        largest + (sums.sum::<i64>() - largest) * (100 - again_per_cent) / 100
    })
}

/// On how many days of a month an advertisement was shown, and how many days the month has.
fn days([first, last]: [Date; 2], month: Date) -> [i64; 2] {
    let next = first_of_month(Timestamp::start_of(month).plus_s(32 * DAY_S).date());
    let until = next.min(last.succ_opt().unwrap_or(last));
    [(until - month.max(first)).num_days().max(0), (next - month).num_days()]
}

impl Reach {
    /// Whether an edition has its row.
    pub(super) fn is_known(&self, seen: Seen) -> bool {
        seen.has(self.since())
    }
}

impl Ad {
    /// The groups whose recipients are counted; none where the repository does not know them.
    fn groups(&self) -> impl Iterator<Item = &Targeting> {
        self.targeting().iter().filter(|targeting| targeting.makes_a_group()).take(3)
    }
}

/// The columns of `ad_reach`, in the codebook's order.
const COLUMNS: &[Column] = &[
    ("ad_id", Shape::Text),
    ("member_state", Shape::Text),
    ("period_start", Shape::Date),
    ("recipients_reached", Shape::Integer),
    ("targeted_recipients_reached", Shape::Integer),
];

impl Record for Reach {
    const TABLE: &'static Table = &Table {
        dataset: "ad_reach",
        columns: COLUMNS,
        format: Format::Parquet,
        files: Files::Months,
    };

    fn since(&self) -> Timestamp {
        Timestamp::start_of(self.at.since)
    }

    fn cells(&self, seen: Seen) -> Vec<Cell<'_>> {
        vec![
            (&self.at.ad_id).into(),
            self.member_state.into(),
            self.at.period_start.into(),
            self.recipients[seen.edition].into(),
            self.targeted.map(|targeted| targeted[seen.edition]).into(),
        ]
    }
}

/// The columns of `ad_group_reach`, in the codebook's order.
const GROUP_COLUMNS: &[Column] = &[
    ("ad_id", Shape::Text),
    ("member_state", Shape::Text),
    ("period_start", Shape::Date),
    ("targeted_group", Shape::Text),
    ("recipients_reached", Shape::Integer),
];

impl Record for GroupReach {
    const TABLE: &'static Table = &Table {
        dataset: "ad_group_reach",
        columns: GROUP_COLUMNS,
        format: Format::CsvGz,
        files: Files::Months,
    };

    fn since(&self) -> Timestamp {
        Timestamp::start_of(self.at.since)
    }

    fn cells(&self, seen: Seen) -> Vec<Cell<'_>> {
        vec![
            (&self.at.ad_id).into(),
            self.member_state.into(),
            self.at.period_start.into(),
            (&self.targeted_group).into(),
            self.recipients[seen.edition].into(),
        ]
    }
}
