//! What the platform reports about itself, and how its commitments are watched.
//!
//! # Rooms
//! - [`counted`], [`tally`]: counts of what happens in the world, month by month.
//! - [`report`]: the figures of transparency reports (Art. 15, 24, 42).
//! - [`resources`]: the people who moderate (Art. 42(2)).
//! - [`commitments`], [`kpis`], [`findings`]: what was promised, measured and found wanting.

pub(crate) mod commitments;
pub(crate) mod counted;
pub(crate) mod findings;
mod half_years;
pub(crate) mod kpis;
pub(crate) mod report;
pub(crate) mod resources;
pub(crate) mod tally;

use domain::{Date, Timestamp};

use self::commitments::{COMMITMENTS, Commitment};
use self::findings::{FINDINGS, Finding};
use self::kpis::Kpi;
use self::report::Figure;
use self::resources::Resources;
use crate::GenerateError;
use crate::deliver::{Desk, Group};
use crate::marketplace::Marketplace;
use crate::record::Record as _;

/// The tables of reports and commitments, written once everything is counted.
pub(crate) const GROUP: Group = Group {
    tables: &[Resources::TABLE, Figure::TABLE, Commitment::TABLE, Kpi::TABLE, Finding::TABLE],
    rows_expected: |_| 1_000,
    write,
};

fn write(marketplace: &Marketplace, desk: &mut Desk<'_>) -> Result<(), GenerateError> {
    let resources = marketplace.resources();
    resources.iter().try_for_each(|people| desk.write(people))?;
    let figures = marketplace.figures(&desk.tally, &resources);
    figures.iter().try_for_each(|figure| desk.write(figure))?;
    COMMITMENTS.iter().try_for_each(|commitment| desk.write(commitment))?;
    let kpis: Vec<_> = marketplace.kpis(&desk.tally).collect();
    kpis.iter().try_for_each(|kpi| desk.write(kpi))?;
    FINDINGS.iter().try_for_each(|finding| desk.write(finding))
}

/// A day of the calendar, for tables of what is the same in every world.
fn day((year, month, day): (i32, u32, u32)) -> Date {
    Date::from_ymd_opt(year, month, day).expect("invariant: tables have days of the calendar")
}

/// The start of a day of the calendar.
fn start(date: (i32, u32, u32)) -> Timestamp {
    Timestamp::start_of(day(date))
}
