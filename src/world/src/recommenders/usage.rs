//! How many recipients use which option of a recommender system.

use domain::{Date, Timestamp};

use super::systems::{SYSTEMS, System};
use super::{Choice, non_profiling_per_mille};
use crate::calendar::{DAY_S, Season, Span, earlier};
use crate::draw::{Stream, signed};
use crate::marketplace::Marketplace;
use crate::monitoring::tally::{Counted, Tally};
use crate::places::{BUYERS, MEMBER_STATES};
use crate::record::{Cell, Column, Record, Shape};
use crate::seen::Seen;
use crate::table::{Files, Format, Table};

/// Recipients of one option on one day in one Member State: a row of `recommender_option_usage`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OptionUsage {
    /// `day`
    pub(crate) day: Date,
    /// `option`
    pub(crate) choice: Choice,
    /// `member_state`
    pub(crate) member_state: &'static str,
    /// `recipients`
    pub(crate) recipients: i64,
    system: &'static System,
}

/// Recipients whom a surface reaches in the Union on its busiest day, in the order of [`SYSTEMS`].
const RECIPIENTS: [i64; 6] = [14_200_000, 11_700_000, 6_100_000, 5_300_000, 1_900_000, 3_400_000];

impl Marketplace {
    /// How many used which option on the days that are counted.
    pub(crate) fn option_usage(&self) -> impl Iterator<Item = OptionUsage> + '_ {
        /// Three months at least, so that there is a trend to see.
        const DAYS_MIN: i64 = 92;
        let from = earlier([self.span.from, self.span.until.plus_s(-DAYS_MIN * DAY_S)]);
        let days = Self::counting_days(Span { from, until: self.span.until });
        days.flat_map(|day| (0..SYSTEMS.len()).map(move |system| (day, system)))
            .flat_map(|(day, system)| self.usage_on(day, system))
    }

    /// How many used which option of a system on a day.
    fn usage_on(&self, day: Date, system: usize) -> Vec<OptionUsage> {
        let number = Timestamp::start_of(day).unix_s() / DAY_S * 8;
        let row = u64::try_from(number).unwrap_or(0) + system as u64;
        let mut draw = self.draw(Stream::OptionUsage, row);
        let has_choice =
            SYSTEMS[system].version_on(day).is_some_and(|version| version.has_non_profiling);
        let season = signed(Season::PUBLIC.weight_of_day(day));
        let mut rows = Vec::new();
        for (state, member_state) in MEMBER_STATES.into_iter().enumerate() {
            let busiest = RECIPIENTS[system] * signed(BUYERS[state]) / 1_000;
            let all = busiest * season / 100 * draw.within(940..1_061) / 1_000;
            let per_mille = non_profiling_per_mille(state, day) * draw.within(960..1_041) / 1_000;
            let without = if has_choice { all * per_mille / 1_000 } else { 0 };
            let of = |choice, recipients| OptionUsage {
                day,
                choice,
                member_state,
                recipients,
                system: &SYSTEMS[system],
            };
            rows.push(of(Choice::Profiling, all - without));
            rows.extend(has_choice.then(|| of(Choice::NonProfiling, without)));
        }
        rows
    }
}

impl OptionUsage {
    /// Counts its recipients.
    pub(super) fn count(&self, tally: &mut Tally) {
        let mut add = |counted| {
            tally.count((counted, ""), self.day, (self.since(), self.recipients));
        };
        add(Counted::Recipients);
        if self.choice == Choice::NonProfiling {
            add(Counted::RecipientsWithout);
        }
    }
}

/// The columns, in the codebook's order.
const COLUMNS: &[Column] = &[
    ("day", Shape::Date),
    ("surface", Shape::Text),
    ("system_id", Shape::Text),
    ("option", Shape::Text),
    ("member_state", Shape::Text),
    ("recipients", Shape::Integer),
];

impl Record for OptionUsage {
    const TABLE: &'static Table = &Table {
        dataset: "recommender_option_usage",
        columns: COLUMNS,
        format: Format::CsvGz,
        files: Files::Months,
    };

    fn since(&self) -> Timestamp {
        Timestamp::start_of(self.day)
    }

    fn cells(&self, _: Seen) -> Vec<Cell<'_>> {
        vec![
            self.day.into(),
            self.system.surface.into(),
            self.system.id.into(),
            self.choice.as_str().into(),
            self.member_state.into(),
            self.recipients.into(),
        ]
    }
}
