//! The measures of the commitments, month by month.
//!
//! # Invariant
//! Where this world has the rows, a measure is computed from them, as the edition at the month's end
//! knew them, and has no value where there was nothing to measure. Drawn are the months before, and
//! what no table holds: requests for data, the columns of all datasets, and whether a trader was checked
//! more than once, since of each item the last check is kept only.

use chrono::Months;
use domain::{Date, Timestamp};

use super::day;
use super::tally::{Counted, Tally, Waited};
use crate::calendar::{DAY_S, first_of_month, months};
use crate::draw::{Stream, signed};
use crate::marketplace::Marketplace;
use crate::recommenders::systems;
use crate::record::{Cell, Column, Record, Shape, Thousandths};
use crate::seen::Seen;
use crate::table::{Files, Format, Table};

/// What is measured.
#[derive(Debug)]
struct Measure {
    commitment_id: &'static str,
    kpi: &'static str,
    query_id: Option<&'static str>,
    /// In thousandths.
    target: Option<i64>,
    /// What it was in the first month and what it comes to, in thousandths.
    course: [i64; 2],
    /// What it is computed from, where this world has that.
    basis: Basis,
}

/// What a measure is computed from.
#[derive(Clone, Copy, Debug)]
enum Basis {
    /// No table of this world holds it.
    Drawn,
    /// The first is a part of the second.
    Share([Counted; 2]),
    /// How many there are.
    Count(Counted),
    /// The median in hours.
    Hours(&'static [Waited]),
    /// The median in days.
    Days(&'static [Waited]),
    /// The part of the parameters in force of which rank and reason are told.
    Parameters,
    /// The part of these measures that have a query and an edition.
    Measures,
}

use Basis::{Count, Days, Drawn, Hours, Share};

/// Shortens the table below: commitment and name; query; target and course; what is counted.
const fn measure(
    [commitment_id, kpi]: [&'static str; 2],
    query_id: Option<&'static str>,
    (target, course): (Option<i64>, [i64; 2]),
    basis: Basis,
) -> Measure {
    Measure { commitment_id, kpi, query_id, target, course, basis }
}

/// All of them.
static MEASURES: [Measure; 20] = [
    measure(
        ["C-01", "median hours to decision"],
        Some("R04"),
        (Some(72_000), [97_500, 44_000]),
        Hours(&[Waited::FlaggersNoticeDecided, Waited::OthersNoticeDecided]),
    ),
    measure(
        ["C-01", "share of notices acknowledged"],
        Some("R05"),
        (Some(1_000), [948, 996]),
        Share([Counted::NoticesAcknowledged, Counted::Notices]),
    ),
    measure(
        ["C-02", "median hours to decision, trusted flaggers"],
        Some("R04"),
        (Some(48_000), [71_000, 31_000]),
        Hours(&[Waited::FlaggersNoticeDecided]),
    ),
    measure(
        ["C-03", "share of reversals put back within a day"],
        None,
        (Some(990), [810, 942]),
        Share([Counted::ReversalsInTime, Counted::Reversals]),
    ),
    measure(
        ["C-03", "share of complaints reviewed by staff"],
        None,
        (Some(1_000), [902, 991]),
        Share([Counted::ComplaintsReviewed, Counted::ComplaintsDecided]),
    ),
    measure(
        ["C-05", "share of advertisements with every field"],
        Some("R15"),
        (Some(990), [702, 880]),
        Share([Counted::AdsComplete, Counted::Ads]),
    ),
    measure(
        ["C-06", "advertisements still shown after removal"],
        Some("R14"),
        (Some(0), [64_000, 21_000]),
        Count(Counted::AdsRunOn),
    ),
    measure(
        ["C-07", "share of parameters with rank and reason"],
        Some("R12"),
        (Some(1_000), [780, 905]),
        Basis::Parameters,
    ),
    measure(
        ["C-08", "share of recipients without profiling"],
        Some("R11"),
        (None, [41, 66]),
        Share([Counted::RecipientsWithout, Counted::Recipients]),
    ),
    measure(
        ["C-09", "share of new traders verified before the first offer"],
        None,
        (Some(1_000), [871, 997]),
        Drawn,
    ),
    measure(
        ["C-10", "share of earlier traders verified again"],
        None,
        (Some(1_000), [120, 918]),
        Drawn,
    ),
    measure(
        ["C-12", "share of due suspensions imposed within five days"],
        Some("R02"),
        (Some(950), [540, 868]),
        Share([Counted::SuspensionsInTime, Counted::SuspensionsDue]),
    ),
    measure(
        ["C-13", "proactive control rate"],
        Some("R06"),
        (Some(700), [522, 688]),
        Share([Counted::Own, Counted::Decisions]),
    ),
    measure(
        ["C-13", "share of decisions by automated means alone"],
        None,
        (None, [290, 360]),
        Share([Counted::Automated, Counted::Decisions]),
    ),
    measure(
        ["C-14", "share of hidden links cut within two days"],
        None,
        (Some(900), [430, 705]),
        Share([Counted::HiddenLinksInTime, Counted::HiddenLinks]),
    ),
    measure(
        ["C-15", "share of removed products offered again"],
        Some("R07"),
        (Some(20), [118, 57]),
        Share([Counted::RemovalsUndercut, Counted::Removals]),
    ),
    measure(
        ["C-15", "median days until offered again"],
        Some("R07"),
        (None, [4_200, 8_700]),
        Days(&[Waited::OfferedAgain]),
    ),
    measure(
        ["C-16", "share of requests answered within the period"],
        None,
        (Some(1_000), [760, 985]),
        Drawn,
    ),
    measure(["C-17", "share of columns described"], None, (Some(1_000), [610, 984]), Drawn),
    measure(
        ["C-19", "share of measures that can be computed again"],
        None,
        (Some(1_000), [150, 720]),
        Basis::Measures,
    ),
];

/// A measure in a month: a row of `commitment_kpis`.
#[derive(Debug)]
pub(crate) struct Kpi {
    measure: &'static Measure,
    month: Date,
    period: String,
    actual: Option<Thousandths>,
    /// The edition it was computed on, where there was one.
    edition_id: Option<String>,
}

impl Marketplace {
    /// All measures of all months that are over, once everything is counted.
    pub(crate) fn kpis<'a>(&'a self, tally: &'a Tally) -> impl Iterator<Item = Kpi> + 'a {
        let first = day((2025, 9, 1));
        let months = months([first, self.newest().last_day()]);
        let months: Vec<_> = (0..).zip(months).collect();
        MEASURES.iter().zip(0..).flat_map(move |(measure, row)| {
            let months = months.clone();
            months.into_iter().map(move |at| self.kpi((measure, row), at, tally))
        })
    }

    /// One measure in one month, which has a number.
    fn kpi(
        &self,
        (measure, row): (&'static Measure, u64),
        (number, month): (i64, Date),
        tally: &Tally,
    ) -> Kpi {
        /// Months until a measure has come to what it comes to.
        const MONTHS: i64 = 14;
        let mut draw = self.draw(Stream::Commitment, row << 16 | number.unsigned_abs());
        let [from, to] = measure.course;
        let drawn = from + (to - from) * number.min(MONTHS) / MONTHS;
        let drawn = drawn * draw.within(965..1_036) / 1_000;
        // A share is not above one.
        let drawn = if from < 1_000 { drawn.min(1_000) } else { drawn / 100 * 100 };
        let drawn = (!draw.chance(15)).then_some(drawn);
        let next = next(month);
        let edition = self.editions.iter().position(|seen| next <= seen.at.date());
        let edition = edition.filter(|_| first_of_month(self.span.from.date()) <= month);
        let actual = match (measure.basis, edition) {
            (Drawn, _) | (_, None) => drawn,
            (basis, Some(edition)) => self.computed(basis, ([month, next], edition), tally),
        };
        let on = self.editions.iter().position(|seen| seen.at.date() == next);
        Kpi {
            measure,
            month,
            period: month.format("%Y-%m").to_string(),
            actual: actual.map(Thousandths),
            edition_id: on.map(|edition| format!("e-{}", edition + 1)),
        }
    }
}

impl Marketplace {
    /// What a measure was in some days, as an edition knows it.
    fn computed(
        &self,
        basis: Basis,
        (days, edition): ([Date; 2], usize),
        tally: &Tally,
    ) -> Option<i64> {
        let sum = |counted| tally.sum((counted, None), days)[edition];
        let hours = |waited| tally.median_hours(waited, days)[edition];
        let share = |part: i64, whole: i64| (0 < whole).then(|| part * 1_000 / whole);
        match basis {
            Drawn => None,
            Share([part, whole]) => share(sum(part), sum(whole)),
            Count(counted) => Some(sum(counted) * 1_000),
            Hours(waited) => hours(waited),
            Days(waited) => hours(waited).map(|hours| hours / 24),
            Basis::Parameters => {
                let [told, all] = systems::documented(days[1].pred_opt()?);
                share(told, all)
            }
            Basis::Measures => {
                let is_cited = self.editions.iter().any(|seen| seen.at.date() == days[1]);
                let can = |measure: &&Measure| is_cited && measure.query_id.is_some();
                let count = MEASURES.iter().filter(can).count() as u64;
                share(signed(count), signed(MEASURES.len() as u64))
            }
        }
    }
}

/// The first day of the month after.
fn next(month: Date) -> Date {
    month.checked_add_months(Months::new(1)).unwrap_or(month)
}

/// The columns, in the codebook's order.
const COLUMNS: &[Column] = &[
    ("commitment_id", Shape::Text),
    ("kpi", Shape::Text),
    ("period", Shape::Text),
    ("period_start", Shape::Date),
    ("target", Shape::Number),
    ("actual", Shape::Number),
    ("query_id", Shape::Text),
    ("snapshot_id", Shape::Text),
];

impl Record for Kpi {
    const TABLE: &'static Table = &Table {
        dataset: "commitment_kpis",
        columns: COLUMNS,
        format: Format::Csv,
        files: Files::One,
    };

    /// On the fifth of the next month, once the month's edition is there.
    fn since(&self) -> Timestamp {
        Timestamp::start_of(next(self.month)).plus_s(4 * DAY_S)
    }

    fn cells(&self, _: Seen) -> Vec<Cell<'_>> {
        vec![
            self.measure.commitment_id.into(),
            self.measure.kpi.into(),
            (&self.period).into(),
            self.month.into(),
            self.measure.target.map(Thousandths).into(),
            self.actual.into(),
            self.measure.query_id.into(),
            self.edition_id.as_ref().into(),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::monitoring::commitments::COMMITMENTS;

    #[test]
    fn every_measure_is_of_a_commitment() {
        let is_there = |id| COMMITMENTS.iter().any(|commitment| commitment.id == id);

        assert!(MEASURES.iter().all(|measure| is_there(measure.commitment_id)));
    }
}
