//! The half-year that is running: counts of this world's rows so far.

use super::{ALL, CATEGORIES, Figure, HalfYear, Sheet, UNION};
use crate::monitoring::tally::{Counted, Tally};
use crate::seen::EDITIONS;

/// What has been counted of a half-year.
pub(super) fn figures(half_year: HalfYear, tally: &Tally) -> Vec<Figure> {
    let mut sheet = Sheet::new(half_year);
    let days = [half_year.first_day(), half_year.next_first_day()];
    let sum = |counted, category| tally.sum((counted, category), days);
    sheet.on("15(1)(c)");
    for (indicator, counted) in [
        ("OWN_INITIATIVE_ON_LAW", Counted::OwnOnLaw),
        ("OWN_INITIATIVE_ON_TERMS", Counted::OwnOnTerms),
        ("OWN_INITIATIVE_BY_AUTOMATED_MEANS", Counted::OwnByMachine),
    ] {
        for category in CATEGORIES {
            sheet.count(indicator, [category, UNION], sum(counted, Some(category)));
        }
        sheet.count(indicator, [ALL, UNION], sum(counted, None));
    }
    sheet.on("15(1)(e)");
    let automated = sum(Counted::Automated, None);
    let reversed = sum(Counted::AutomatedReversed, None);
    let wrong: [i64; EDITIONS] =
        std::array::from_fn(|edition| per_mille(reversed[edition], automated[edition]));
    sheet.count("DECISIONS_FULLY_AUTOMATED", [ALL, UNION], automated);
    sheet.put(("AUTOMATED_ACCURACY", "SHARE"), [ALL, UNION], wrong.map(|wrong| 1_000 - wrong));
    sheet.put(("AUTOMATED_ERROR_RATE", "SHARE"), [ALL, UNION], wrong);
    sheet.figures
}

/// A part in thousandths of a whole; none of nothing.
fn per_mille(part: i64, whole: i64) -> i64 {
    part * 1_000 / whole.max(1)
}
