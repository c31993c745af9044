//! Whom advertisements are aimed at (Art. 39(2)(e)).

use std::collections::BTreeSet;

use chrono::Days;
use domain::{Date, Timestamp};

use super::Ad;
use crate::draw::{Draw, Stream};
use crate::marketplace::Marketplace;
use crate::places::{BUYERS, MEMBER_STATES, buyers_state};
use crate::record::{Cell, Column, Record, Shape};
use crate::seen::Seen;
use crate::table::{Files, Format, Table};

/// Whether those with a value are meant or left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Operator {
    /// They are meant.
    Include,
    /// They are left out.
    Exclude,
}

impl Operator {
    /// `operator`
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Include => "INCLUDE",
            Self::Exclude => "EXCLUDE",
        }
    }
}

/// One value by which an advertisement is aimed: a row of `ad_targeting`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Targeting {
    /// `parameter`
    pub(crate) parameter: &'static str,
    /// `operator`
    pub(crate) operator: Operator,
    /// `value`
    pub(crate) value: &'static str,
    ad_id: String,
    /// `first_targeted_on`
    since: Date,
}

/// For whom an advertisement is meant.
#[derive(Debug, Default)]
pub(crate) struct Audience {
    /// The Member States it is shown in, by their place in [`MEMBER_STATES`]; one at least.
    pub(super) states: Vec<usize>,
    /// What it is aimed by, in the order of the rows.
    pub(super) targeting: Vec<Targeting>,
    /// Whether the repository holds that.
    pub(super) is_recorded: bool,
}

/// A parameter, its values, and how many of them one advertisement takes at most.
struct Parameter {
    name: &'static str,
    values: &'static [&'static str],
    values_max: i64,
}

/// Shortens the table below.
const fn parameter(
    name: &'static str,
    values: &'static [&'static str],
    values_max: i64,
) -> Parameter {
    Parameter { name, values, values_max }
}

/// What recipients are interested in: product categories, but none that tells of health (Art. 26(3)).
const INTERESTS: [&str; 9] =
    ["Baby", "Beauty", "Car", "Electronics", "Fashion", "Garden", "Home", "Pets", "Toys"];

/// The parameters with how common they are; the places of the Member States come from the audience.
const PARAMETERS: [(u64, &Parameter); 9] = [
    (22, &parameter("AGE", &["18-24", "25-34", "35-44", "45-54", "55-64", "65+"], 3)),
    (9, &parameter("GENDER", &["FEMALE", "MALE"], 1)),
    (11, &parameter("LANGUAGE", &["de", "en", "es", "fr", "it", "nl", "pl", "pt"], 2)),
    (20, &parameter("INTEREST", &INTERESTS, 3)),
    (11, &parameter("PURCHASE_HISTORY", &["30-DAYS", "90-DAYS", "180-DAYS", "NEVER"], 1)),
    (8, &parameter("SEARCH_HISTORY", &["7-DAYS", "30-DAYS", "90-DAYS"], 2)),
    (5, &parameter("CUSTOM_LIST", &["CART-LEFT", "NEWSLETTER", "STORE-FOLLOWERS"], 2)),
    (5, &parameter("LOOKALIKE", &["BUYERS-1-PERCENT", "BUYERS-5-PERCENT"], 1)),
    (9, &parameter("DEVICE", &["ANDROID", "DESKTOP", "IOS"], 2)),
];

impl Marketplace {
    /// For whom an advertisement is meant, which leads to where its listing is offered.
    pub(super) fn audience(&self, ad: &Ad, offered_in: Option<&[&'static str]>) -> Audience {
        let mut draw = self.draw(Stream::AdAudience, ad.number);
        let offered_in = offered_in.unwrap_or(&MEMBER_STATES);
        let states = states(offered_in, &mut draw);
        let mut targeting = BTreeSet::new();
        if ad.targeted {
            for _ in 0..draw.within(1..4) {
                aim(ad, &mut targeting, &mut draw);
            }
            if draw.chance(260) {
                aim_at_places(ad, &states, &mut targeting, &mut draw);
            }
            if draw.chance(180) {
                // Art. 28(2): no profiling of minors.
                targeting.insert(Targeting::new(ad, "AGE", Operator::Exclude, "0-17"));
            }
        }
        // In a few cases the repository lacks what the advertisement was aimed by.
        let is_recorded = !draw.chance(45);
        let mut targeting: Vec<_> = targeting.into_iter().collect();
        targeting.iter_mut().for_each(|row| row.put_off(ad.run[1], &mut draw));
        Audience { states, targeting, is_recorded }
    }
}

/// The Member States an advertisement is shown in: mostly one, seldom all where it can be bought.
fn states(offered_in: &[&'static str], draw: &mut Draw) -> Vec<usize> {
    let offered: Vec<_> = (0..MEMBER_STATES.len())
        .filter(|place| offered_in.contains(&MEMBER_STATES[*place]))
        .collect();
    let mut chosen = BTreeSet::new();
    let wanted = match draw.below(100) {
        0..72 => 1,
        72..97 => 2 + draw.below(4),
        _ => 27,
    };
    for _ in 0..wanted {
        chosen.extend(Some(buyers_state(draw)).filter(|state| offered.contains(state)));
    }
    if wanted == 27 {
        return offered;
    }
    if chosen.is_empty() {
        // The largest of those where it can be bought.
        chosen.extend(offered.iter().copied().max_by_key(|place| BUYERS[*place]));
    }
    chosen.into_iter().collect()
}

/// Adds values of one parameter, included or excluded, but none as both.
fn aim(ad: &Ad, targeting: &mut BTreeSet<Targeting>, draw: &mut Draw) {
    let parameter = draw.weighted(&PARAMETERS);
    let operator = draw.weighted(&[(84, Operator::Include), (16, Operator::Exclude)]);
    for _ in 0..draw.within(1..parameter.values_max + 1) {
        let value = draw.pick(parameter.values);
        let said = |other: &Targeting| (other.parameter, other.value) == (parameter.name, value);
        if !targeting.iter().any(said) {
            targeting.insert(Targeting::new(ad, parameter.name, operator, value));
        }
    }
}

/// Adds the Member States it is shown in, or one in which it is not.
fn aim_at_places(ad: &Ad, states: &[usize], targeting: &mut BTreeSet<Targeting>, draw: &mut Draw) {
    let excluded = draw.pick(&MEMBER_STATES);
    let is_shown = states.iter().any(|place| MEMBER_STATES[*place] == excluded);
    if draw.chance(150) && !is_shown {
        targeting.insert(Targeting::new(ad, "LOCATION", Operator::Exclude, excluded));
        return;
    }
    let included = states.iter().map(|place| MEMBER_STATES[*place]);
    targeting
        .extend(included.map(|state| Targeting::new(ad, "LOCATION", Operator::Include, state)));
}

impl Targeting {
    fn new(ad: &Ad, parameter: &'static str, operator: Operator, value: &'static str) -> Self {
        Self { parameter, operator, value, ad_id: ad.id.clone(), since: ad.run[0] }
    }

    /// Whether its recipients are counted as a group of their own; those of a place are already.
    pub(super) fn makes_a_group(&self) -> bool {
        self.operator == Operator::Include && self.parameter != "LOCATION"
    }

    /// Whether an edition has its row.
    pub(super) fn is_known(&self, seen: Seen) -> bool {
        seen.has(self.since())
    }

    /// Whom it leaves out may have been decided on a little later.
    fn put_off(&mut self, last: Date, draw: &mut Draw) {
        if self.operator == Operator::Exclude && draw.chance(400) {
            let later = self.since.checked_add_days(Days::new(1 + draw.below(9)));
            self.since = later.unwrap_or(last).min(last).max(self.since);
        }
    }
}

/// The columns, in the codebook's order.
const COLUMNS: &[Column] = &[
    ("ad_id", Shape::Text),
    ("parameter", Shape::Text),
    ("operator", Shape::Text),
    ("value", Shape::Text),
    ("first_targeted_on", Shape::Date),
];

impl Record for Targeting {
    const TABLE: &'static Table = &Table {
        dataset: "ad_targeting",
        columns: COLUMNS,
        format: Format::Csv,
        files: Files::Months,
    };

    fn since(&self) -> Timestamp {
        Timestamp::start_of(self.since)
    }

    fn cells(&self, _: Seen) -> Vec<Cell<'_>> {
        vec![
            (&self.ad_id).into(),
            self.parameter.into(),
            self.operator.as_str().into(),
            self.value.into(),
            self.since.into(),
        ]
    }
}
