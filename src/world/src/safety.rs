//! Alerts of Safety Gate, and the listings that were found to be of the dangerous product (Art. 31(3)).
//!
//! # Rooms
//! - `matches`: the listings.

mod matches;

use domain::{Date, Timestamp};

pub(crate) use self::matches::AlertMatch;
use crate::GenerateError;
use crate::calendar::{DAY_S, HOUR_S, Season, Span};
use crate::deliver::{Desk, Group};
use crate::draw::{Draw, Stream};
use crate::listings::Listing;
use crate::marketplace::Marketplace;
use crate::moderation_actions::Action;
use crate::places::ECONOMIC_AREA;
use crate::record::{Cell, Column, Record, Shape};
use crate::seen::Seen;
use crate::table::{Files, Format, Table};

/// Alerts and what matched them.
pub(crate) const GROUP: Group = Group {
    tables: &[Alert::TABLE, AlertMatch::TABLE],
    rows_expected: |marketplace| marketplace.alerts() * 3,
    write: |marketplace, desk| {
        (0..marketplace.alerts()).try_for_each(|number| marketplace.write_alert(number, desk))
    },
};

/// One alert: a row of `safety_alerts`.
#[derive(Debug)]
pub(crate) struct Alert {
    id: String,
    /// The day it came.
    day: Date,
    country: &'static str,
    category: &'static str,
    product_name: Option<String>,
    brand: Option<String>,
    model: Option<String>,
    gtin: Option<String>,
    risk_type: &'static str,
    is_serious: bool,
    measures: &'static str,
}

/// The listing that an alert was made for, and the decision that followed.
#[derive(Debug)]
pub(crate) struct Dangerous {
    /// Its number.
    number: u64,
    /// The listing.
    listing: Listing,
    /// The place of the decision in its history, if one followed.
    removal: Option<usize>,
}

impl Dangerous {
    /// The decision that followed.
    fn removal(&self) -> Option<&Action> {
        self.removal.map(|place| &self.listing.history[place])
    }
}

impl Marketplace {
    /// How many alerts came.
    pub(crate) fn alerts(&self) -> u64 {
        self.sizes.listings / 120
    }

    /// Writes an alert and what matched it.
    fn write_alert(&self, number: u64, desk: &mut Desk<'_>) -> Result<(), GenerateError> {
        let mut draw = self.draw(Stream::Alert, number);
        let dangerous = self.dangerous(&mut draw);
        let alert = self.alert(number, &dangerous, &mut draw);
        desk.write(&alert)?;
        self.matches(&alert, &dangerous, &mut draw).iter().try_for_each(|found| desk.write(found))
    }

    /// Looks for a listing that was removed for being unsafe, or takes one that might be.
    fn dangerous(&self, draw: &mut Draw) -> Dangerous {
        /// So many listings are looked at.
        const TRIES: usize = 40;
        let mut fallback = None;
        for _ in 0..TRIES {
            let number = draw.below(self.sizes.listings);
            let listing = self.listing(number);
            let category = listing.product.category;
            if !(category.needs_ce || category.needs_warning) {
                continue;
            }
            let removal = listing.history.iter().position(|action| {
                action.infringement.policy == "sp-safety" && action.measures.removes()
            });
            if removal.is_some() {
                return Dangerous { number, listing, removal };
            }
            fallback = Some(Dangerous { number, listing, removal: None });
        }
        fallback.unwrap_or_else(|| Dangerous { number: 0, listing: self.listing(0), removal: None })
    }

    /// Draws an alert about a dangerous listing's product.
    fn alert(&self, number: u64, dangerous: &Dangerous, draw: &mut Draw) -> Alert {
        let product = &dangerous.listing.product;
        let earliest = self.span.from.plus_s(-20 * DAY_S);
        let came_at = match dangerous.removal() {
            Some(removal) => removal.decided_at.plus_s(-draw.spread(DAY_S..20 * DAY_S)),
            None => {
                let span = Span { from: earliest, until: self.span.until.plus_s(-DAY_S) };
                draw.moment(span, &Season::STAFF)
            }
        };
        let day = came_at.max(earliest).date();
        let (category, risks) = gate(product.category.id);
        let year = chrono::Datelike::year(&day) % 100;
        Alert {
            id: format!("SR/{:05}/{year:02}", number % 100_000),
            day,
            country: draw.pick(&ECONOMIC_AREA),
            category,
            product_name: (!draw.chance(4)).then(|| product.category.nouns[0].to_owned()),
            brand: product.brand.clone(),
            model: draw.chance(700).then(|| product.model.to_string()),
            gtin: product.gtin.clone(),
            risk_type: draw.pick(risks),
            is_serious: draw.chance(860),
            measures: draw.weighted(&[
                (50, "Withdrawal from the market and recall from end users"),
                (30, "Withdrawal from the market"),
                (20, "Removal of the listing by the online marketplace"),
            ]),
        }
    }
}

/// The category of Safety Gate that a category of products belongs to, and its risks.
fn gate(category: &str) -> (&'static str, &'static [&'static str]) {
    match category {
        "k-102" | "k-105" => ("ELECTRICAL", &["ELECTRIC_SHOCK", "FIRE", "BURNS"]),
        "k-104" | "k-108" => ("TOYS", &["CHOKING", "CHEMICAL", "INJURIES", "STRANGULATION"]),
        "k-106" | "k-113" => ("COSMETICS", &["CHEMICAL", "MICROBIOLOGICAL"]),
        "k-109" => ("LIGHTING_CHAINS", &["ELECTRIC_SHOCK", "FIRE"]),
        "k-110" => ("CHEMICAL_PRODUCTS", &["HEALTH", "CHEMICAL"]),
        "k-111" => ("JEWELLERY", &["CHEMICAL", "ENVIRONMENT"]),
        "k-112" => ("PROTECTIVE", &["INJURIES", "CUTS"]),
        "k-115" => ("CHILDCARE", &["SUFFOCATION", "STRANGULATION", "CHOKING"]),
        "k-116" => ("MOTOR_VEHICLES", &["INJURIES", "FIRE"]),
        "k-118" => ("MACHINERY", &["CUTS", "INJURIES", "DAMAGE_TO_HEARING"]),
        _ => ("OTHER", &["HEALTH", "OTHER"]),
    }
}

/// The columns, in the codebook's order.
const COLUMNS: &[Column] = &[
    ("alert_id", Shape::Text),
    ("alert_date", Shape::Date),
    ("notifying_country", Shape::Text),
    ("product_category", Shape::Text),
    ("product_name", Shape::Text),
    ("brand", Shape::Text),
    ("model", Shape::Text),
    ("gtin", Shape::Text),
    ("risk_type", Shape::Text),
    ("risk_level", Shape::Text),
    ("measures", Shape::Text),
];

impl Record for Alert {
    const TABLE: &'static Table = &Table {
        dataset: "safety_alerts",
        columns: COLUMNS,
        format: Format::CsvGz,
        files: Files::One,
    };

    fn since(&self) -> Timestamp {
        Timestamp::start_of(self.day)
    }

    fn cells(&self, _: Seen) -> Vec<Cell<'_>> {
        vec![
            (&self.id).into(),
            self.day.into(),
            self.country.into(),
            self.category.into(),
            self.product_name.as_ref().into(),
            self.brand.as_ref().into(),
            self.model.as_ref().into(),
            self.gtin.as_ref().into(),
            self.risk_type.into(),
            if self.is_serious { "serious" } else { "other" }.into(),
            self.measures.into(),
        ]
    }
}

impl Alert {
    /// When the platform could begin to look for the product: in the morning of the day.
    fn came_at(&self) -> Timestamp {
        Timestamp::start_of(self.day).plus_s(8 * HOUR_S)
    }
}
