//! The recommender systems and their versions, since the platform was designated.

use domain::{Date, Timestamp};

use super::parameters::{self as made_from, Parameter};
use crate::record::{Cell, Column, Record, Shape};
use crate::seen::Seen;
use crate::table::{Files, Format, Table};

/// One recommender system.
#[derive(Debug)]
pub(crate) struct System {
    /// `system_id`
    pub(crate) id: &'static str,
    /// `surface`: where its recommendations are seen.
    pub(crate) surface: &'static str,
    /// Where the terms say what it is made from.
    terms_url: &'static str,
    /// Whether the options stand beside the recommendations (Art. 27(3)).
    is_choice_at_hand: bool,
    /// Its versions, the oldest first.
    versions: &'static [Version],
}

/// One version of a recommender system.
#[derive(Debug)]
pub(crate) struct Version {
    /// `version`
    pub(crate) number: i64,
    /// Whether there is an option that is not based on profiling (Art. 38).
    pub(crate) has_non_profiling: bool,
    /// What the terms say it is made from.
    pub(crate) parameters: &'static [Parameter],
    /// Year, month and day of its first day.
    from: (i32, u32, u32),
}

/// The day that R12 asks about.
pub(super) const ASKED_ON: (i32, u32, u32) = (2026, 6, 30);

/// Shortens the table below.
const fn version(
    number: i64,
    from: (i32, u32, u32),
    has_non_profiling: bool,
    parameters: &'static [Parameter],
) -> Version {
    Version { number, has_non_profiling, parameters, from }
}

/// The systems; of one version nothing is documented, and messages had one option for long.
pub(crate) static SYSTEMS: [System; 6] = [
    System {
        id: "home-feed",
        surface: "HOME",
        terms_url: "https://market.example/terms/recommendations#home-feed",
        is_choice_at_hand: true,
        versions: &[
            version(3, (2025, 3, 3), true, made_from::HOME),
            version(4, (2026, 2, 10), true, made_from::HOME_WITH_STORES),
            version(5, (2026, 10, 15), true, made_from::HOME_WITH_SAFETY),
        ],
    },
    System {
        id: "search-order",
        surface: "SEARCH",
        terms_url: "https://market.example/terms/recommendations#search-order",
        is_choice_at_hand: true,
        versions: &[
            version(6, (2025, 6, 2), true, made_from::SEARCH),
            version(7, (2026, 4, 20), true, made_from::SEARCH_WITH_PRICES),
        ],
    },
    System {
        id: "also-liked",
        surface: "YOU_MAY_ALSO_LIKE",
        terms_url: "https://market.example/terms/recommendations#also-liked",
        is_choice_at_hand: true,
        versions: &[
            version(2, (2025, 9, 15), true, made_from::ALSO_LIKED),
            version(3, (2026, 9, 8), true, made_from::ALSO_LIKED_WITH_RATINGS),
        ],
    },
    System {
        id: "product-related",
        surface: "PDP_RELATED",
        terms_url: "https://market.example/terms/recommendations#product-related",
        is_choice_at_hand: false,
        versions: &[
            version(4, (2025, 1, 20), true, made_from::RELATED),
            version(5, (2026, 5, 5), true, made_from::RELATED_WITH_STORE),
        ],
    },
    System {
        id: "cart-also",
        surface: "CART",
        terms_url: "https://market.example/terms/recommendations#cart-also",
        is_choice_at_hand: true,
        versions: &[
            version(1, (2025, 11, 3), true, made_from::CART),
            version(2, (2026, 6, 1), true, &[]),
            version(3, (2026, 8, 17), true, made_from::CART),
        ],
    },
    System {
        id: "push-messages",
        surface: "PUSH",
        terms_url: "https://market.example/terms/recommendations#push-messages",
        is_choice_at_hand: false,
        versions: &[
            version(1, (2025, 2, 3), false, made_from::PUSH),
            version(2, (2026, 8, 3), true, made_from::PUSH),
        ],
    },
];

impl Version {
    /// Its first day.
    pub(crate) fn first_day(&self) -> Date {
        let (year, month, day) = self.from;
        Date::from_ymd_opt(year, month, day).expect("invariant: the table has days of the calendar")
    }
}

impl System {
    /// The version in force on a day, if there was one.
    pub(crate) fn version_on(&self, day: Date) -> Option<&'static Version> {
        self.versions.iter().rev().find(|version| version.first_day() <= day)
    }

    /// The rows of its versions.
    fn rows(&'static self) -> impl Iterator<Item = SystemRow> {
        let next = self.versions.iter().skip(1).map(|version| Some(version.first_day()));
        let rows = self.versions.iter().zip(next.chain([None]));
        rows.map(move |(version, until)| SystemRow { system: self, version, until })
    }
}

/// A version of a system: a row of `recommender_systems`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SystemRow {
    /// The system.
    pub(crate) system: &'static System,
    /// The version.
    pub(crate) version: &'static Version,
    /// The first day of the next version.
    pub(crate) until: Option<Date>,
}

/// The rows of all versions of all systems.
pub(crate) fn rows() -> impl Iterator<Item = SystemRow> {
    SYSTEMS.iter().flat_map(System::rows)
}

/// Of the parameters in force on a day, how many have a rank and a reason, and how many there are.
pub(crate) fn documented(day: Date) -> [i64; 2] {
    let in_force = SYSTEMS.iter().filter_map(|system| system.version_on(day));
    let mut parameters = [0; 2];
    for parameter in in_force.flat_map(|version| version.parameters) {
        let is_told = parameter.rank.is_some() && parameter.reason.is_some();
        parameters[0] += i64::from(is_told);
        parameters[1] += 1;
    }
    parameters
}

impl SystemRow {
    /// The rows of its parameters.
    pub(crate) fn parameters(self) -> impl Iterator<Item = ParameterRow> {
        self.version.parameters.iter().map(move |parameter| ParameterRow { of: self, parameter })
    }

    /// Whether it was in use on a day.
    pub(crate) fn is_in_force_on(self, (year, month, day): (i32, u32, u32)) -> bool {
        let day = Date::from_ymd_opt(year, month, day).unwrap_or_default();
        self.version.first_day() <= day && self.until.is_none_or(|until| day < until)
    }

    /// The last day of it in a table that knows only what had begun.
    fn until(self, seen: Seen) -> Option<Date> {
        self.until.filter(|day| seen.has(Timestamp::start_of(*day)))
    }
}

/// A parameter of a version: a row of `recommender_parameters`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ParameterRow {
    of: SystemRow,
    /// The parameter.
    pub(crate) parameter: &'static Parameter,
}

/// The columns of `recommender_systems`, in the codebook's order.
const COLUMNS: &[Column] = &[
    ("system_id", Shape::Text),
    ("surface", Shape::Text),
    ("version", Shape::Integer),
    ("effective_from", Shape::Date),
    ("effective_to", Shape::Date),
    ("uses_profiling", Shape::Boolean),
    ("non_profiling_option", Shape::Boolean),
    ("option_directly_accessible", Shape::Boolean),
    ("terms_url", Shape::Text),
];

impl Record for SystemRow {
    const TABLE: &'static Table = &Table {
        dataset: "recommender_systems",
        columns: COLUMNS,
        format: Format::Csv,
        files: Files::One,
    };

    fn since(&self) -> Timestamp {
        Timestamp::start_of(self.version.first_day())
    }

    fn cells(&self, seen: Seen) -> Vec<Cell<'_>> {
        let has_choice = self.version.has_non_profiling;
        let is_documented = !self.version.parameters.is_empty();
        vec![
            self.system.id.into(),
            self.system.surface.into(),
            self.version.number.into(),
            self.version.first_day().into(),
            self.until(seen).into(),
            true.into(),
            has_choice.into(),
            has_choice.then_some(self.system.is_choice_at_hand).into(),
            is_documented.then_some(self.system.terms_url).into(),
        ]
    }
}

/// The columns of `recommender_parameters`, in the codebook's order.
const PARAMETER_COLUMNS: &[Column] = &[
    ("system_id", Shape::Text),
    ("surface", Shape::Text),
    ("version", Shape::Integer),
    ("effective_from", Shape::Date),
    ("effective_to", Shape::Date),
    ("parameter", Shape::Text),
    ("importance_rank", Shape::Integer),
    ("reason", Shape::Text),
    ("user_controllable", Shape::Boolean),
    ("non_profiling_option", Shape::Boolean),
];

impl Record for ParameterRow {
    const TABLE: &'static Table = &Table {
        dataset: "recommender_parameters",
        columns: PARAMETER_COLUMNS,
        format: Format::Ndjson,
        files: Files::One,
    };

    fn since(&self) -> Timestamp {
        self.of.since()
    }

    fn cells(&self, seen: Seen) -> Vec<Cell<'_>> {
        let SystemRow { system, version, .. } = self.of;
        vec![
            system.id.into(),
            system.surface.into(),
            version.number.into(),
            version.first_day().into(),
            self.of.until(seen).into(),
            self.parameter.name.into(),
            self.parameter.rank.into(),
            self.parameter.reason.into(),
            self.parameter.user_controllable.into(),
            version.has_non_profiling.into(),
        ]
    }
}
