//! What a listing shows, and its row.

use domain::Timestamp;

use super::{Listing, Status};
use crate::draw::Draw;
use crate::places::{BUYERS, LANGUAGES, Language, MEMBER_STATES, RESPONSIBLE_PERSONS, SELLERS};
use crate::products::Product;
use crate::record::{Cell, Cents, Column, Record, Shape};
use crate::seen::Seen;
use crate::table::{Files, Format, Table};
use crate::traders::Trader;

/// What a listing says, beyond what it offers.
#[derive(Debug)]
pub(super) struct Details {
    title: String,
    description: String,
    url: String,
    fingerprint: String,
    price: Cents,
    ships_from: &'static str,
    responsible_person: Option<&'static str>,
    ce_marking: Option<bool>,
    safety_warning: Option<bool>,
    labelling: Option<bool>,
    /// Whether the product can be identified, and whether a sign of the trader is shown.
    complete: [bool; 2],
}

impl Details {
    /// Draws what a listing says.
    pub(super) fn new(
        id: &str,
        (product, language): (&Product, &Language),
        trader: &Trader,
        draw: &mut Draw,
    ) -> Self {
        let category = product.category;
        let place = LANGUAGES.iter().position(|other| other.code == language.code).unwrap_or(0);
        let noun = category.nouns[place];
        let brand = product.brand.as_deref().unwrap_or_default();
        let [before, after] = language.delivery;
        let sloppy = trader.conduct.of([0, 120, 380]);
        let mut keeps = |share: u64| draw.chance(share.saturating_sub(sloppy));
        let [identified, signed, warned, labelled, marked, answered] =
            [970, 960, 930, 940, 950, 900].map(&mut keeps);
        let fingerprint = if draw.chance(900) { product.fingerprint } else { draw.bits() };
        Self {
            title: format!("{brand} {noun} {}", product.model).trim_start().to_owned(),
            description: format!("{noun} {}. {before}{}{after}", product.model, 2 + draw.below(18)),
            url: format!("https://market.example/item/{id}"),
            fingerprint: format!("{fingerprint:016x}"),
            price: Cents((product.price * draw.within(85..116) / 100).max(99)),
            ships_from: if draw.chance(850) { trader.country } else { draw.weighted(&SELLERS) },
            responsible_person: answered.then(|| draw.weighted(&RESPONSIBLE_PERSONS)),
            ce_marking: category.needs_ce.then_some(marked),
            safety_warning: category.needs_warning.then_some(warned),
            labelling: (category.needs_ce || category.needs_warning).then_some(labelled),
            complete: [identified, signed],
        }
    }
}

/// Draws the Member States of an offer: all, or the larger ones rather than the smaller.
pub(super) fn offered_in(draw: &mut Draw) -> Vec<&'static str> {
    if draw.chance(560) {
        return MEMBER_STATES.to_vec();
    }
    let home = draw.below(MEMBER_STATES.len() as u64);
    let states = (0..).zip(MEMBER_STATES.iter().zip(BUYERS));
    states
        .filter(|(place, (_, buyers))| *place == home || draw.chance(80 + 4 * buyers))
        .map(|(_, (state, _))| *state)
        .collect()
}

impl Listing {
    /// How many orders it had had by then, as a range; they come evenly over its life.
    fn orders_bucket(&self, seen: Seen, newest: Timestamp) -> &'static str {
        let since = |at: Timestamp| (at.unix_s() - self.published_at.unix_s()).max(1);
        match self.orders * since(seen.at) / since(newest) {
            ..=0 => "0",
            1..=9 => "1-9",
            10..=99 => "10-99",
            100..=999 => "100-999",
            1000.. => "1000+",
        }
    }
}

impl Status {
    fn as_str(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Hidden => "HIDDEN",
            Self::Removed => "REMOVED",
            Self::Delisted => "DELISTED_BY_TRADER",
            Self::Expired => "EXPIRED",
        }
    }
}

/// The columns, in the codebook's order.
const COLUMNS: &[Column] = &[
    ("listing_id", Shape::Text),
    ("trader_id", Shape::Text),
    ("title", Shape::Text),
    ("listing_url", Shape::Text),
    ("title_lang", Shape::Text),
    ("description", Shape::Text),
    ("category_id", Shape::Text),
    ("category_path", Shape::Text),
    ("brand_claimed", Shape::Text),
    ("gtin", Shape::Text),
    ("manufacturer_name", Shape::Text),
    ("eu_responsible_person_present", Shape::Boolean),
    ("eu_responsible_person_country", Shape::Text),
    ("ce_marking_declared", Shape::Boolean),
    ("safety_warning_present", Shape::Boolean),
    ("product_identification_complete", Shape::Boolean),
    ("trader_sign_present", Shape::Boolean),
    ("labelling_info_present", Shape::Boolean),
    ("price_eur", Shape::Decimal),
    ("ships_from_country", Shape::Text),
    ("offered_in", Shape::Texts),
    ("first_published_at", Shape::Moment),
    ("status", Shape::Text),
    ("status_changed_at", Shape::Moment),
    ("removal_action_id", Shape::Text),
    ("content_fingerprint", Shape::Text),
    ("duplicate_cluster_id", Shape::Text),
    ("age_restricted", Shape::Boolean),
    ("orders_eu_bucket", Shape::Text),
];

impl Record for Listing {
    const TABLE: &'static Table = &Table {
        dataset: "listings",
        columns: COLUMNS,
        format: Format::NdjsonGz,
        files: Files::Parts,
    };

    fn since(&self) -> Timestamp {
        self.published_at
    }

    fn cells(&self, seen: Seen) -> Vec<Cell<'_>> {
        let (details, category) = (&self.details, self.product.category);
        let [identified, signed] = details.complete;
        let (status, changed_at) = self.state_at(seen.at);
        let url = Some(&details.url).filter(|_| status != Status::Removed);
        let cluster = self.cluster.as_ref().filter(|(_, since)| seen.has(*since));
        vec![
            (&self.id).into(),
            (&self.trader_id).into(),
            (&details.title).into(),
            url.into(),
            self.language.code.into(),
            (&details.description).into(),
            category.id.into(),
            category.path.into(),
            self.product.brand.as_ref().into(),
            self.product.gtin.as_ref().into(),
            self.product.manufacturer.as_ref().into(),
            details.responsible_person.is_some().into(),
            details.responsible_person.into(),
            details.ce_marking.into(),
            details.safety_warning.into(),
            identified.into(),
            signed.into(),
            details.labelling.into(),
            details.price.into(),
            details.ships_from.into(),
            (&self.offered_in).into(),
            self.published_at.into(),
            status.as_str().into(),
            changed_at.into(),
            self.removal(seen.at).map(|action| &action.id).into(),
            (&details.fingerprint).into(),
            cluster.map(|(id, _)| id).into(),
            category.for_adults.into(),
            self.orders_bucket(seen, self.present).into(),
        ]
    }
}
