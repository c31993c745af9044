//! The automated means that look for infringements, and what they found.
//!
//! # Invariant
//! What a detector's row says was confirmed are the decisions of that day that name it. Holds a
//! number per day, detector, kind of infringement and language, however many decisions there are.

use std::collections::BTreeMap;

use domain::{Date, Timestamp};

use crate::calendar::{DAY_S, days};
use crate::deliver::Group;
use crate::draw::{Draw, Stream};
use crate::marketplace::Marketplace;
use crate::moderation_actions::{Action, Stage, Target};
use crate::places::LANGUAGES;
use crate::record::{Cell, Column, Record, Shape};
use crate::seen::{EDITIONS, Seen};
use crate::table::{Files, Format, Table};

/// The table of what detectors found, written once all decisions are.
pub(crate) const GROUP: Group = Group {
    tables: &[Detection::TABLE],
    rows_expected: |marketplace| marketplace.sizes.listings / 20 + 600,
    write: |marketplace, desk| {
        let none = DetectionTally::new(marketplace.editions);
        let tally = std::mem::replace(&mut desk.detections, none);
        marketplace.detections(&tally).try_for_each(|detection| desk.write(&detection))
    },
};

/// One automated means.
#[derive(Debug)]
pub(crate) struct Detector {
    /// `detector_id`
    pub(crate) id: &'static str,
    /// When it looks.
    stage: &'static str,
    /// The version before and the one from the day of the change on.
    versions: [&'static str; 2],
    /// The day of the change.
    changed_on: (i32, u32, u32),
    /// How many it looks at for one that it flags.
    looks_per_flag: i64,
}

/// Shortens the table below.
const fn detector(
    id: &'static str,
    stage: &'static str,
    versions: [&'static str; 2],
    changed_on: (i32, u32, u32),
    looks_per_flag: i64,
) -> Detector {
    Detector { id, stage, versions, changed_on, looks_per_flag }
}

const BEFORE: &str = "PRE_LISTING";
const WHILE: &str = "POST_LISTING";

/// All of them, in the order of their identifiers.
static DETECTORS: [Detector; 8] = [
    detector("s-image", BEFORE, ["4.2", "4.3"], (2026, 9, 21), 240),
    detector("s-text", BEFORE, ["2.7", "2.8"], (2026, 10, 6), 310),
    detector("x-account", WHILE, ["1.4", "1.5"], (2026, 10, 19), 90),
    detector("x-ad", WHILE, ["3.0", "3.1"], (2026, 9, 8), 120),
    detector("x-image", WHILE, ["4.2", "4.3"], (2026, 9, 21), 420),
    detector("x-link", WHILE, ["0.9", "1.0"], (2026, 9, 29), 30),
    detector("x-price", WHILE, ["1.1", "1.2"], (2026, 10, 12), 650),
    detector("x-text", WHILE, ["2.7", "2.8"], (2026, 10, 6), 380),
];

/// Draws which of them found what a decision is about.
pub(crate) fn finder(target: Target, stage: Stage, draw: &mut Draw) -> &'static str {
    let found_by = draw.weighted(&[(50, "image"), (30, "text"), (20, "price")]);
    match (target, stage) {
        (Target::Ad, _) => "x-ad",
        (Target::Trader, _) => "x-account",
        (Target::AffiliateLink, _) => "x-link",
        (Target::Listing, Stage::PreListing) if found_by == "image" => "s-image",
        (Target::Listing, Stage::PreListing) => "s-text",
        (Target::Listing, _) if found_by == "image" => "x-image",
        (Target::Listing, _) if found_by == "price" => "x-price",
        (Target::Listing, _) => "x-text",
    }
}

/// What tells rows apart: day, detector, kind of infringement and language.
type Place = (Date, &'static str, &'static str, &'static str);

/// The decisions that detectors led to, and of those the ones that stand as each edition knows.
#[derive(Clone, Copy, Debug, Default)]
struct Decisions {
    all: i64,
    stand: [i64; EDITIONS],
}

/// The decisions that detectors have led to so far.
#[derive(Debug)]
pub(crate) struct DetectionTally {
    editions: [Seen; EDITIONS],
    decisions: BTreeMap<Place, Decisions>,
}

impl DetectionTally {
    /// Nothing counted yet.
    pub(crate) fn new(editions: [Seen; EDITIONS]) -> Self {
        Self { editions, decisions: BTreeMap::new() }
    }

    /// Counts a decision, if a detector led to it.
    pub(crate) fn add(&mut self, action: &Action) {
        let Some(detector) = action.finding.detector_id else { return };
        let category = action.infringement.category;
        let place = (action.decided_at.date(), detector, category, language(action));
        let decisions = self.decisions.entry(place).or_default();
        decisions.all += 1;
        for (stand, seen) in decisions.stand.iter_mut().zip(self.editions) {
            *stand += i64::from(seen.known(action.reversed_at).is_none());
        }
    }
}

/// The language of what a decision is about.
fn language(action: &Action) -> &'static str {
    let upper = action.subject.language;
    let known = LANGUAGES.iter().find(|language| Some(language.upper) == upper);
    known.map_or("und", |language| language.code)
}

impl Marketplace {
    /// What detectors found day by day, once all decisions are counted.
    pub(crate) fn detections<'a>(
        &'a self,
        tally: &'a DetectionTally,
    ) -> impl Iterator<Item = Detection> + 'a {
        let places = days(self.span)
            .flat_map(|day| DETECTORS.iter().map(move |detector| (day, detector)))
            .flat_map(|(day, detector)| self.places(day, detector, tally));
        places.map(|(detector, place)| self.detection(detector, place, tally))
    }

    /// Where a detector found something on a day, and some of where it looked in vain.
    fn places(
        &self,
        day: Date,
        detector: &'static Detector,
        tally: &DetectionTally,
    ) -> Vec<(&'static Detector, Place)> {
        let first = (day, detector.id, "", "");
        let of_day = |place: &Place| (place.0, place.1) == (day, detector.id);
        let found = tally.decisions.range(first..).map(|(place, _)| *place).take_while(of_day);
        let mut places: Vec<_> = found.collect();
        let mut draw = self.draw(Stream::Detection, row(&first));
        for _ in 0..draw.within(0..4) {
            let category = draw.pick(&[
                "STATEMENT_CATEGORY_CONSUMER_INFORMATION",
                "STATEMENT_CATEGORY_INTELLECTUAL_PROPERTY_INFRINGEMENTS",
                "STATEMENT_CATEGORY_SCAMS_AND_FRAUD",
                "STATEMENT_CATEGORY_UNSAFE_AND_PROHIBITED_PRODUCTS",
            ]);
            let place = (day, detector.id, category, draw.pick(&LANGUAGES.each_ref()).code);
            if !places.contains(&place) {
                places.push(place);
            }
        }
        places.into_iter().map(|place| (detector, place)).collect()
    }

    fn detection(
        &self,
        detector: &'static Detector,
        place: Place,
        tally: &DetectionTally,
    ) -> Detection {
        let decisions = tally.decisions.get(&place).copied().unwrap_or_default();
        let mut draw = self.draw(Stream::Detection, row(&place));
        let flagged =
            decisions.all + decisions.all * draw.within(30..260) / 1_000 + draw.within(0..3);
        let looks = detector.looks_per_flag * draw.within(70..131) / 100;
        let screened = (flagged + 1) * looks;
        let sampled = screened.min(20) + screened * draw.within(4..12) / 1_000;
        let wrong = (flagged - decisions.all) * sampled / screened;
        Detection {
            detector,
            place,
            screened,
            flagged,
            confirmed: decisions.stand,
            sampled,
            missed: sampled * draw.within(0..31) / 1_000,
            false_positive: wrong.max(i64::from(decisions.all < flagged && draw.chance(60))),
        }
    }
}

/// The number of a place, under which its draws are found.
fn row((day, detector, category, language): &Place) -> u64 {
    let texts = detector.bytes().chain(category.bytes()).chain(language.bytes());
    let days = Timestamp::start_of(*day).unix_s() / DAY_S;
    texts.fold(days.unsigned_abs(), |row, byte| crate::mix::mix(row ^ u64::from(byte)))
}

impl Detector {
    /// The version in use on a day.
    fn version_on(&self, day: Date) -> &'static str {
        let (year, month, first) = self.changed_on;
        let changed = Date::from_ymd_opt(year, month, first).is_some_and(|change| change <= day);
        self.versions[usize::from(changed)]
    }
}

/// What a detector did on a day: a row of `detection_metrics`.
#[derive(Debug)]
pub(crate) struct Detection {
    detector: &'static Detector,
    place: Place,
    screened: i64,
    flagged: i64,
    confirmed: [i64; EDITIONS],
    sampled: i64,
    missed: i64,
    false_positive: i64,
}

/// The columns, in the codebook's order.
const COLUMNS: &[Column] = &[
    ("day", Shape::Date),
    ("detector_id", Shape::Text),
    ("version", Shape::Text),
    ("stage", Shape::Text),
    ("category", Shape::Text),
    ("language", Shape::Text),
    ("screened", Shape::Integer),
    ("flagged", Shape::Integer),
    ("confirmed", Shape::Integer),
    ("qa_sampled", Shape::Integer),
    ("qa_missed", Shape::Integer),
    ("qa_false_positive", Shape::Integer),
];

impl Record for Detection {
    const TABLE: &'static Table = &Table {
        dataset: "detection_metrics",
        columns: COLUMNS,
        format: Format::Csv,
        files: Files::Months,
    };

    fn since(&self) -> Timestamp {
        Timestamp::start_of(self.place.0)
    }

    fn cells(&self, seen: Seen) -> Vec<Cell<'_>> {
        let (day, _, category, language) = self.place;
        vec![
            day.into(),
            self.detector.id.into(),
            self.detector.version_on(day).into(),
            self.detector.stage.into(),
            category.into(),
            language.into(),
            self.screened.into(),
            self.flagged.into(),
            self.confirmed[seen.edition].into(),
            self.sampled.into(),
            self.missed.into(),
            self.false_positive.into(),
        ]
    }
}
