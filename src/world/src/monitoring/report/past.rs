//! Half-years whose report is public: figures as such a platform reports them.
//!
//! Drawn, since no other table of this world reaches back to their first day; but the people who
//! moderate are those of `moderation_resources`, less the ones who are in it under two languages.
//!
//! # Invariant
//! What is broken down adds up to what is not; what is a part of something is not more than it.

use super::{ALL, CATEGORIES, Figure, HalfYear, Sheet, UNION};
use crate::draw::{Draw, Stream, signed};
use crate::marketplace::Marketplace;
use crate::monitoring::resources::Resources;
use crate::places::{BUYERS, MEMBER_STATES};
use crate::seen::EDITIONS;

impl Marketplace {
    /// The figures of a report.
    pub(super) fn past_figures(&self, half_year: HalfYear, people: &[Resources]) -> Vec<Figure> {
        let first_day = half_year.first_day();
        let halves = (first_day - crate::monitoring::day((2024, 1, 1))).num_days() / 180;
        let mut draw = self.draw(Stream::Report, halves.unsigned_abs());
        let mut sheet = Sheet::new(half_year);
        // As many notices as a marketplace of that size has, a little more in each half-year.
        let volume = signed(self.sizes.listings) * (85 + 5 * halves) / 100;
        orders(&mut sheet, &mut draw);
        let notices = notices(&mut sheet, volume / 6, &mut draw);
        let own = own_initiative(&mut sheet, volume / 3, &mut draw);
        complaints(&mut sheet, (notices + own) / 8, &mut draw);
        automated(&mut sheet, own, &mut draw);
        disputes(&mut sheet, 20 + (notices + own) / 500, &mut draw);
        suspensions(&mut sheet, volume / 90, &mut draw);
        recipients(&mut sheet, halves, &mut draw);
        let people = people.iter().filter(|row| row.period_start() == first_day);
        // Who works in two languages counts in both there, and once here.
        let staff = people.map(|row| row.staff).sum::<i64>() * 93 / 100;
        sheet.on("42(2)(a)").put(
            ("MODERATORS", "PEOPLE"),
            [ALL, UNION],
            known(Some(staff * 1_000)),
        );
        sheet.figures
    }
}

/// A figure that every edition knows.
fn known<T: Copy>(value: T) -> [T; EDITIONS] {
    [value; EDITIONS]
}

fn orders(sheet: &mut Sheet, draw: &mut Draw) {
    sheet.on("15(1)(a)");
    for (indicator, most) in [("ORDERS_TO_ACT", 420), ("ORDERS_FOR_INFORMATION", 640)] {
        for (state, buyers) in MEMBER_STATES.into_iter().zip(BUYERS) {
            let orders = most * signed(buyers) / 188 * draw.within(55..146) / 100;
            sheet.count(indicator, [ALL, state], known(orders));
        }
    }
    let hours = [
        ("ORDERS_MEDIAN_HOURS_TO_ACKNOWLEDGE", 900..4_200),
        ("ORDERS_MEDIAN_HOURS_TO_EFFECT", 9_000..31_000),
    ];
    for (indicator, range) in hours {
        let median = known(Some(draw.within(range) / 100 * 100));
        sheet.put((indicator, "HOURS"), [ALL, UNION], median);
    }
}

/// Puts down a count for each kind of infringement and their sum; gives back the sum.
fn by_category(sheet: &mut Sheet, indicator: &'static str, counts: [i64; CATEGORIES.len()]) -> i64 {
    for (category, count) in CATEGORIES.into_iter().zip(counts) {
        sheet.count(indicator, [category, UNION], known(count));
    }
    let all = counts.iter().sum();
    sheet.count(indicator, [ALL, UNION], known(all));
    all
}

/// Draws how a volume is spread over the kinds of infringement.
fn spread(volume: i64, draw: &mut Draw) -> [i64; CATEGORIES.len()] {
    [32, 29, 15, 11, 8, 4, 1].map(|share| volume * share / 100 * draw.within(80..121) / 100)
}

fn notices(sheet: &mut Sheet, volume: i64, draw: &mut Draw) -> i64 {
    sheet.on("15(1)(b)");
    let all = spread(volume, draw);
    let mut part = |per_cent: std::ops::Range<i64>| {
        all.map(|count| count * draw.within(per_cent.clone()) / 100)
    };
    let [flaggers, law, terms] = [part(4..11), part(26..41), part(12..24)];
    by_category(sheet, "NOTICES_BY_TRUSTED_FLAGGERS", flaggers);
    by_category(sheet, "NOTICES_ACTION_ON_LAW", law);
    by_category(sheet, "NOTICES_ACTION_ON_TERMS", terms);
    let sum = by_category(sheet, "NOTICES", all);
    let by_machine = known(sum * draw.within(8..22) / 100);
    sheet.count("NOTICES_PROCESSED_BY_AUTOMATED_MEANS", [ALL, UNION], by_machine);
    let median = known(Some(draw.within(14_000..41_000) / 100 * 100));
    sheet.put(("NOTICES_MEDIAN_HOURS_TO_ACTION", "HOURS"), [ALL, UNION], median);
    sum
}

fn own_initiative(sheet: &mut Sheet, volume: i64, draw: &mut Draw) -> i64 {
    sheet.on("15(1)(c)");
    let (law, terms) = (spread(volume * 3 / 4, draw), spread(volume / 4, draw));
    let by_machine = std::array::from_fn(|kind| {
        let all: i64 = law[kind] + terms[kind];
        all * draw.within(70..93) / 100
    });
    by_category(sheet, "OWN_INITIATIVE_BY_AUTOMATED_MEANS", by_machine);
    by_category(sheet, "OWN_INITIATIVE_ON_LAW", law)
        + by_category(sheet, "OWN_INITIATIVE_ON_TERMS", terms)
}

fn complaints(sheet: &mut Sheet, all: i64, draw: &mut Draw) {
    sheet.on("15(1)(d)");
    let reversed = all * draw.within(28..46) / 100;
    let upheld = (all - reversed) * draw.within(88..98) / 100;
    sheet.count("COMPLAINTS", [ALL, UNION], known(all));
    sheet.count("COMPLAINTS_UPHELD", [ALL, UNION], known(upheld));
    sheet.count("COMPLAINTS_REVERSED", [ALL, UNION], known(reversed));
    let median = known(Some(draw.within(31_000..88_000) / 100 * 100));
    sheet.put(("COMPLAINTS_MEDIAN_HOURS_TO_DECISION", "HOURS"), [ALL, UNION], median);
}

fn automated(sheet: &mut Sheet, own: i64, draw: &mut Draw) {
    let wrong = draw.within(28..71);
    let decisions = known(own * draw.within(44..58) / 100);
    sheet.on("15(1)(e)").count("DECISIONS_FULLY_AUTOMATED", [ALL, UNION], decisions);
    sheet.put(("AUTOMATED_ACCURACY", "SHARE"), [ALL, UNION], known(Some(1_000 - wrong)));
    sheet.put(("AUTOMATED_ERROR_RATE", "SHARE"), [ALL, UNION], known(Some(wrong)));
    sheet.on("42(2)(c)");
    for category in CATEGORIES {
        let accuracy = known(Some((1_000 - wrong + draw.within(-30..26)).min(999)));
        sheet.put(("AUTOMATED_ACCURACY", "SHARE"), [category, UNION], accuracy);
    }
}

fn disputes(sheet: &mut Sheet, all: i64, draw: &mut Draw) {
    let for_recipient = all * draw.within(20..47) / 100;
    sheet.on("24(1)(a)").count("DISPUTES", [ALL, UNION], known(all));
    sheet.count("DISPUTES_FOR_RECIPIENT", [ALL, UNION], known(for_recipient));
    let median = known(Some(draw.within(610_000..1_900_000) / 1_000 * 1_000));
    sheet.put(("DISPUTES_MEDIAN_HOURS_TO_COMPLETE", "HOURS"), [ALL, UNION], median);
    let done = known(Some(draw.within(790..985)));
    sheet.put(("DISPUTES_IMPLEMENTED", "SHARE"), [ALL, UNION], done);
}

fn suspensions(sheet: &mut Sheet, volume: i64, draw: &mut Draw) {
    sheet.on("24(1)(b)");
    for (indicator, per_cent) in [
        ("SUSPENSIONS_FOR_ILLEGAL_CONTENT", 100),
        ("SUSPENSIONS_FOR_UNFOUNDED_NOTICES", 9),
        ("SUSPENSIONS_FOR_UNFOUNDED_COMPLAINTS", 5),
    ] {
        let count = volume * per_cent / 100 * draw.within(80..121) / 100;
        sheet.count(indicator, [ALL, UNION], known(count));
    }
}

/// The average monthly active recipients, rounded as such reports do.
fn recipients(sheet: &mut Sheet, halves: i64, draw: &mut Draw) {
    let all = 96_000_000 + 2_100_000 * halves;
    let states = MEMBER_STATES.into_iter().zip(BUYERS);
    let counts: Vec<_> = states
        .map(|(state, buyers)| {
            let count = all * signed(buyers) / 1_000 * draw.within(92..109) / 100;
            (state, count / 10_000 * 10_000)
        })
        .collect();
    let sum: i64 = counts.iter().map(|(_, count)| count).sum();
    sheet.on("24(2)").put(("ACTIVE_RECIPIENTS", "PEOPLE"), [ALL, UNION], known(Some(sum * 1_000)));
    sheet.on("42(3)");
    for (state, count) in counts {
        sheet.put(("ACTIVE_RECIPIENTS", "PEOPLE"), [ALL, state], known(Some(count * 1_000)));
    }
}
