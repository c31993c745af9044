//! The people who moderate content, by language (Art. 42(2)).

use domain::{Date, Timestamp};

use super::half_years::HalfYear;
use crate::draw::Stream;
use crate::marketplace::Marketplace;
use crate::record::{Cell, Column, Record, Shape, Thousandths};
use crate::seen::Seen;
use crate::table::{Files, Format, Table};

/// Official languages of the Member States, and about how many people moderate in each.
const LANGUAGES: [(&str, i64); 24] = [
    ("bg", 9),
    ("cs", 16),
    ("da", 11),
    ("de", 118),
    ("el", 14),
    ("en", 240),
    ("es", 86),
    ("et", 3),
    ("fi", 9),
    ("fr", 104),
    ("ga", 1),
    ("hr", 6),
    ("hu", 15),
    ("it", 82),
    ("lt", 5),
    ("lv", 4),
    ("mt", 1),
    ("nl", 38),
    ("pl", 61),
    ("pt", 29),
    ("ro", 26),
    ("sk", 8),
    ("sl", 4),
    ("sv", 19),
];

/// The people of one language and half-year: a row of `moderation_resources`.
#[derive(Debug)]
pub(crate) struct Resources {
    half_year: HalfYear,
    period: String,
    language: &'static str,
    /// `staff`
    pub(crate) staff: i64,
    contracted: Option<i64>,
    proficient: Option<i64>,
    training_hours: Option<Thousandths>,
    accuracy: Option<Thousandths>,
}

impl Marketplace {
    /// The people of the last half-years whose reports are public, the oldest first.
    pub(crate) fn resources(&self) -> Vec<Resources> {
        const HALF_YEARS: usize = 4;
        let newest = HalfYear::containing(self.newest().last_day());
        let mut half_years: Vec<_> =
            std::iter::successors(Some(newest), |half_year| Some(half_year.before()))
                .filter(|half_year| half_year.published(self.newest()).is_some())
                .take(HALF_YEARS)
                .collect();
        half_years.reverse();
        half_years.into_iter().flat_map(|half_year| self.resources_of(half_year)).collect()
    }

    /// The people of one half-year, of whom there are more from one to the next.
    fn resources_of(&self, half_year: HalfYear) -> Vec<Resources> {
        let since_2025 = (half_year.first_day() - super::day((2025, 1, 1))).num_days() / 180;
        let period = half_year.to_string();
        let row = since_2025.unsigned_abs();
        let mut draw = self.draw(Stream::Resources, row);
        let of_language = |(language, usual): (&'static str, i64)| {
            let staff = (usual * (100 + 6 * since_2025) * draw.within(92..109) / 10_000).max(1);
            // Of few people, a number could tell how one of them works.
            let is_told = 3 < staff;
            let accuracy = 905 + 6 * since_2025 + draw.within(-25..40);
            Resources {
                half_year,
                period: period.clone(),
                language,
                staff,
                contracted: is_told.then(|| staff * draw.within(30..71) / 100),
                proficient: (!draw.chance(40)).then(|| (staff * draw.within(84..101) / 100).max(1)),
                training_hours: Some(Thousandths(draw.within(11_000..38_000) / 250 * 250)),
                accuracy: is_told.then(|| Thousandths(accuracy.min(995))),
            }
        };
        LANGUAGES.into_iter().map(of_language).collect()
    }
}

impl Resources {
    /// The first day of the half-year.
    pub(crate) fn period_start(&self) -> Date {
        self.half_year.first_day()
    }
}

/// The columns, in the codebook's order.
const COLUMNS: &[Column] = &[
    ("period", Shape::Text),
    ("period_start", Shape::Date),
    ("language", Shape::Text),
    ("staff", Shape::Integer),
    ("staff_contracted", Shape::Integer),
    ("staff_proficient", Shape::Integer),
    ("training_hours", Shape::Number),
    ("accuracy", Shape::Number),
];

impl Record for Resources {
    const TABLE: &'static Table = &Table {
        dataset: "moderation_resources",
        columns: COLUMNS,
        format: Format::Csv,
        files: Files::One,
    };

    fn since(&self) -> Timestamp {
        Timestamp::start_of(self.half_year.published_on())
    }

    fn cells(&self, _: Seen) -> Vec<Cell<'_>> {
        vec![
            (&self.period).into(),
            self.half_year.first_day().into(),
            self.language.into(),
            self.staff.into(),
            self.contracted.into(),
            self.proficient.into(),
            self.training_hours.into(),
            self.accuracy.into(),
        ]
    }
}
