//! What a listing shows, and its row.

use super::{Listing, Status};
use crate::draw::Draw;
use crate::places::{BUYERS, LANGUAGES, Language, MEMBER_STATES, RESPONSIBLE_PERSONS, SELLERS};
use crate::products::Product;
use crate::record::{Cell, Cents, Column, Record, Shape};
use crate::traders::Trader;

/// What a listing says, beyond what it offers.
#[derive(Debug)]
pub(super) struct Details {
    title: String,
    description: String,
    /// `listing_url`, which is known once its state is.
    pub(super) url: Option<String>,
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
        product: &Product,
        language: &Language,
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
            url: None,
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
    /// How many orders it has had, as a range.
    fn orders_bucket(&self) -> &'static str {
        match self.orders {
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

impl Record for Listing {
    const COLUMNS: &'static [Column] = &[
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

    fn cells(&self) -> Vec<Cell<'_>> {
        let (details, category) = (&self.details, self.product.category);
        let [identified, signed] = details.complete;
        let (status, changed_at) = self.state;
        vec![
            (&self.id).into(),
            (&self.trader_id).into(),
            (&details.title).into(),
            details.url.as_ref().into(),
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
            self.removal().map(|action| &action.id).into(),
            (&details.fingerprint).into(),
            self.cluster_id.as_ref().into(),
            category.for_adults.into(),
            self.orders_bucket().into(),
        ]
    }
}
