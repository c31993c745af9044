//! Recommender systems: what they are made of (Art. 27), which option is chosen (Art. 38), and what
//! they show.
//!
//! # Invariant
//! The systems are the same in every world: their history is part of the platform, not of chance.
//!
//! # Rooms
//! - [`systems`]: their versions and parameters.
//! - [`usage`]: who uses which option.
//! - [`exposure`]: how often a listing was shown.
//! - [`totals`]: how much was seen at all.
//! - [`truths`]: what is true of them.

pub(crate) mod exposure;
mod parameters;
pub(crate) mod systems;
pub(crate) mod totals;
mod truths;
pub(crate) mod usage;

use domain::Date;

use self::exposure::Exposure;
use self::systems::{ParameterRow, SystemRow};
use self::totals::{ExposureTally, ExposureTotal};
use self::truths::RecommenderTruths;
use self::usage::OptionUsage;
use crate::GenerateError;
use crate::calendar::{Span, days};
use crate::deliver::{Desk, Group};
use crate::marketplace::Marketplace;
use crate::record::Record as _;

/// The tables of recommender systems.
pub(crate) const GROUP: Group = Group {
    tables: &[
        SystemRow::TABLE,
        ParameterRow::TABLE,
        OptionUsage::TABLE,
        ExposureTotal::TABLE,
        Exposure::TABLE,
    ],
    rows_expected: |marketplace| marketplace.sizes.listings * 2 / 5 + 12_000,
    write,
};

fn write(marketplace: &Marketplace, desk: &mut Desk<'_>) -> Result<(), GenerateError> {
    let seen = marketplace.newest();
    let mut truths = RecommenderTruths::default();
    for system in systems::rows() {
        desk.write(&system)?;
        system.parameters().try_for_each(|parameter| desk.write(&parameter))?;
    }
    for usage in marketplace.option_usage() {
        truths.used(&usage, seen);
        usage.count(&mut desk.tally);
        desk.write(&usage)?;
    }
    let mut tally = ExposureTally::default();
    for number in (0..marketplace.sizes.listings).filter(|number| marketplace.is_exposed(*number)) {
        let listing = marketplace.listing(number);
        for exposure in marketplace.exposure_of(number, &listing) {
            truths.shown(&exposure, &listing, seen);
            tally.add(listing.product.category, &exposure);
            desk.write(&exposure)?;
        }
    }
    marketplace.exposure_totals(&tally).try_for_each(|total| desk.write(&total))?;
    truths.state(systems::rows(), &mut desk.truths);
    Ok(())
}

/// An option of a recommender system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Choice {
    /// It is based on profiling.
    Profiling,
    /// It is not (Art. 38).
    NonProfiling,
}

impl Choice {
    /// `option`
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Profiling => "PROFILING",
            Self::NonProfiling => "NON_PROFILING",
        }
    }
}

impl Marketplace {
    /// The days of a span on which the platform counts what recommender systems do: every sixth, so
    /// that each weekday has its turn.
    pub(crate) fn counting_days(span: Span) -> impl Iterator<Item = Date> {
        const EVERY: i64 = 6;
        let number = |day: &Date| (*day - Date::default()).num_days();
        days(span).filter(move |day| number(day).rem_euclid(EVERY) == 0)
    }
}

/// How many of a thousand recipients in a Member State have chosen the option without profiling.
fn non_profiling_per_mille(state: usize, day: Date) -> i64 {
    /// In the order of the Member States, at the start of 2026.
    const BASE: [i64; 27] = [
        78, 61, 24, 22, 44, 92, 88, 71, 39, 83, 57, 27, 31, 33, 49, 36, 42, 66, 38, 29, 86, 35, 34,
        21, 90, 47, 30,
    ];
    let since = day - Date::from_ymd_opt(2026, 1, 1).unwrap_or_default();
    // A little faster where more people have chosen it already.
    (BASE[state] + since.num_days() * (60 + BASE[state]) / 730).clamp(0, 900)
}
