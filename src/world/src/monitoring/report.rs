//! The figures of transparency reports (Art. 15, 24 and 42).
//!
//! # Invariant
//! Of the half-year that is running, each figure is counted from this world's rows until the edition's
//! day. Reports that are public tell of whole half-years, to which the rows of this world do not reach
//! back, and of recipients, of whom no table tells: their figures were drawn, all but the number of
//! people who moderate, which follows from the table of these.

mod past;
mod running;

use domain::Timestamp;

use super::half_years::HalfYear;
use super::resources::Resources;
use super::tally::Tally;
use crate::marketplace::Marketplace;
use crate::record::{Cell, Column, Record, Shape, Thousandths};
use crate::seen::{EDITIONS, Seen};
use crate::table::{Files, Format, Table};

/// One figure: a row of `transparency_report`.
#[derive(Debug)]
pub(crate) struct Figure {
    half_year: HalfYear,
    period: String,
    article: &'static str,
    indicator: &'static str,
    /// The kind of infringement and the Member State, where it is broken down.
    of: [&'static str; 2],
    /// As each edition knows it; none where there was nothing to measure.
    value: [Option<Thousandths>; EDITIONS],
    unit: &'static str,
}

/// The kind of infringement where a figure is not broken down.
const ALL: &str = "ALL";
/// The Member State where a figure is not broken down.
const UNION: &str = "EU";

/// The kinds of infringement that occur on a marketplace, from the most common.
const CATEGORIES: [&str; 7] = [
    "STATEMENT_CATEGORY_UNSAFE_AND_PROHIBITED_PRODUCTS",
    "STATEMENT_CATEGORY_INTELLECTUAL_PROPERTY_INFRINGEMENTS",
    "STATEMENT_CATEGORY_CONSUMER_INFORMATION",
    "STATEMENT_CATEGORY_SCAMS_AND_FRAUD",
    "STATEMENT_CATEGORY_OTHER_VIOLATION_TC",
    "STATEMENT_CATEGORY_PROTECTION_OF_MINORS",
    "STATEMENT_CATEGORY_ANIMAL_WELFARE",
];

/// The figures of one half-year while they are being put together.
#[derive(Debug)]
struct Sheet {
    half_year: HalfYear,
    article: &'static str,
    figures: Vec<Figure>,
}

impl Sheet {
    fn new(half_year: HalfYear) -> Self {
        Self { half_year, article: "", figures: Vec::new() }
    }

    /// Turns to the figures that a point of the law asks for.
    fn on(&mut self, article: &'static str) -> &mut Self {
        self.article = article;
        self
    }

    /// Adds a figure in thousandths of its unit, as each edition knows it.
    fn put(
        &mut self,
        (indicator, unit): (&'static str, &'static str),
        of: [&'static str; 2],
        value: [Option<i64>; EDITIONS],
    ) {
        self.figures.push(Figure {
            half_year: self.half_year,
            period: self.half_year.to_string(),
            article: self.article,
            indicator,
            of,
            value: value.map(|value| value.map(Thousandths)),
            unit,
        });
    }

    /// Adds a count, as each edition knows it.
    fn count(&mut self, indicator: &'static str, of: [&'static str; 2], count: [i64; EDITIONS]) {
        self.put((indicator, "COUNT"), of, count.map(|count| Some(count * 1_000)));
    }
}

impl Marketplace {
    /// The figures of the last half-years, the oldest first, once everything is counted.
    pub(crate) fn figures(&self, tally: &Tally, resources: &[Resources]) -> Vec<Figure> {
        const HALF_YEARS: usize = 4;
        let newest = HalfYear::containing(self.newest().last_day());
        let half_years = std::iter::successors(Some(newest), |half_year| Some(half_year.before()));
        let mut half_years: Vec<_> = half_years.take(HALF_YEARS).collect();
        half_years.reverse();
        let figures = half_years.into_iter().flat_map(|half_year| {
            if half_year.published(self.newest()).is_some() {
                self.past_figures(half_year, resources)
            } else {
                running::figures(half_year, tally)
            }
        });
        figures.collect()
    }
}

/// The columns, in the codebook's order.
const COLUMNS: &[Column] = &[
    ("period", Shape::Text),
    ("period_start", Shape::Date),
    ("published_on", Shape::Date),
    ("article", Shape::Text),
    ("indicator", Shape::Text),
    ("category", Shape::Text),
    ("member_state", Shape::Text),
    ("value", Shape::Number),
    ("unit", Shape::Text),
];

impl Record for Figure {
    const TABLE: &'static Table = &Table {
        dataset: "transparency_report",
        columns: COLUMNS,
        format: Format::Csv,
        files: Files::One,
    };

    fn since(&self) -> Timestamp {
        Timestamp::start_of(self.half_year.first_day())
    }

    fn cells(&self, seen: Seen) -> Vec<Cell<'_>> {
        let [category, member_state] = self.of;
        vec![
            (&self.period).into(),
            self.half_year.first_day().into(),
            self.half_year.published(seen).into(),
            self.article.into(),
            self.indicator.into(),
            category.into(),
            member_state.into(),
            self.value[seen.edition].into(),
            self.unit.into(),
        ]
    }
}
