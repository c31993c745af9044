//! Orders of authorities: to act against something, or to say something about someone.

use domain::Timestamp;

use crate::GenerateError;
use crate::calendar::{DAY_S, HOUR_S, Season, Span};
use crate::deliver::Desk;
use crate::draw::{Draw, Stream};
use crate::infringements::{self as held, Infringement};
use crate::marketplace::Marketplace;
use crate::moderation_actions::Action;
use crate::monitoring::tally::{Counted, Tally, Waited};
use crate::places::{MEMBER_STATES, buyers_state};
use crate::pseudonyms::Named;
use crate::record::{Cell, Column, Record, Shape};
use crate::seen::Seen;
use crate::table::{Files, Format, Table};

/// One order: a row of `authority_orders`.
#[derive(Debug)]
pub(crate) struct Order {
    id: String,
    asks_for_information: bool,
    member_state: &'static str,
    authority: &'static str,
    infringement: &'static Infringement,
    legal_basis: Option<&'static str>,
    /// Reasons, an exact location, information on redress.
    elements: [bool; 3],
    territorial_scope: Option<Vec<&'static str>>,
    language: String,
    received_at: Timestamp,
    acknowledged_at: Option<Timestamp>,
    effected_at: Option<Timestamp>,
    recipient_informed_at: Option<Timestamp>,
    action: Option<(String, Timestamp)>,
}

/// The numbers of orders that led to no decision begin here.
const OTHER: u64 = 1 << 60;

impl Marketplace {
    /// The order that a decision gave effect to.
    pub(crate) fn order_behind(&self, action: &Action) -> Option<Order> {
        if !action.finding.is_ordered {
            return None;
        }
        let mut draw = self.draw(Stream::Order, action.number);
        let life = action.decided_at.unix_s() - action.subject.posted_at.unix_s();
        let delay = draw.spread(2 * HOUR_S..6 * DAY_S).min(life * 9 / 10);
        let received_at = action.decided_at.plus_s(-delay);
        let mut order =
            self.order(action.number, (false, received_at, action.infringement), &mut draw);
        order.acknowledged_at = order.acknowledged_at.map(|at| at.min(action.decided_at));
        order.effected_at = action.applied_at;
        order.recipient_informed_at = action
            .applied_at
            .map(|at| draw.after(at, 60..3 * DAY_S))
            .filter(|at| *at < self.span.until && !draw.chance(120));
        order.action = Some((action.id.clone(), action.decided_at));
        Some(order)
    }

    /// How many orders led to no decision.
    fn other_orders(&self) -> u64 {
        self.sizes.listings / 300
    }

    /// Writes the orders that led to no decision.
    pub(crate) fn write_other_orders(&self, desk: &mut Desk<'_>) -> Result<(), GenerateError> {
        (0..self.other_orders()).try_for_each(|number| {
            let order = self.other_order(number);
            order.count(&mut desk.tally);
            desk.write(&order)
        })
    }

    /// An order that led to no decision: for information, or to act against what was gone already.
    fn other_order(&self, number: u64) -> Order {
        let mut draw = self.draw(Stream::Order, OTHER | number);
        let asks_for_information = draw.chance(860);
        let span = Span { from: self.span.from, until: self.span.until.plus_s(-60) };
        let received_at = draw.moment(span, &Season::STAFF);
        let infringement = draw.weighted(BEHIND);
        let asked = (asks_for_information, received_at, infringement);
        let mut order = self.order(OTHER | number, asked, &mut draw);
        let effected_at = draw.after(received_at, 3 * HOUR_S..12 * DAY_S);
        let informed_at = draw.after(effected_at, HOUR_S..5 * DAY_S);
        let known = |at: Timestamp| Some(at).filter(|at| *at < self.span.until);
        order.acknowledged_at = order.acknowledged_at.map(|at| at.min(effected_at));
        order.effected_at = known(effected_at);
        order.recipient_informed_at =
            known(informed_at).filter(|_| order.effected_at.is_some() && !draw.chance(400));
        order
    }

    /// Draws an order that nothing has been done about.
    fn order(
        &self,
        number: u64,
        (asks_for_information, received_at, infringement): (bool, Timestamp, &'static Infringement),
        draw: &mut Draw,
    ) -> Order {
        let member_state = MEMBER_STATES[buyers_state(draw)];
        let mut has = |per_mille| draw.chance(per_mille);
        let elements = [has(970), has(950), has(930)];
        let acknowledged_at =
            has(975).then(|| draw.after(received_at, 5..DAY_S)).filter(|at| *at < self.span.until);
        let is_national = draw.chance(760);
        let scope = if is_national { vec![member_state] } else { MEMBER_STATES.to_vec() };
        Order {
            id: self.id(Named::Order, number),
            asks_for_information,
            member_state,
            authority: draw.weighted(&[(64, "ADMINISTRATIVE"), (36, "JUDICIAL")]),
            infringement,
            legal_basis: infringement.law.filter(|_| !draw.chance(40)),
            elements,
            territorial_scope: (!asks_for_information).then_some(scope),
            language: match member_state {
                "AT" => "de".to_owned(),
                "BE" => "fr".to_owned(),
                "CY" | "GR" => "el".to_owned(),
                "IE" => "en".to_owned(),
                "CZ" => "cs".to_owned(),
                "DK" => "da".to_owned(),
                "EE" => "et".to_owned(),
                "SE" => "sv".to_owned(),
                "SI" => "sl".to_owned(),
                "LU" => "fr".to_owned(),
                other => other.to_lowercase(),
            },
            received_at,
            acknowledged_at,
            effected_at: None,
            recipient_informed_at: None,
            action: None,
        }
    }
}

impl Order {
    /// Counts it, and how long it took.
    pub(crate) fn count(&self, tally: &mut Tally) {
        let counted = if self.asks_for_information {
            Counted::OrdersForInformation
        } else {
            Counted::OrdersToAct
        };
        let received_at = self.received_at;
        tally.count((counted, self.member_state), received_at.date(), (received_at, 1));
        if let Some(at) = self.acknowledged_at {
            tally.wait(Waited::OrderAcknowledged, [received_at, at]);
        }
        if let Some(at) = self.effected_at {
            tally.wait(Waited::OrderEffected, [received_at, at]);
        }
    }
}

/// What is behind orders that lead to no decision.
const BEHIND: &[(u64, &Infringement)] = &[
    (34, &held::UNSAFE_PRODUCT),
    (22, &held::PROHIBITED_PRODUCT),
    (20, &held::PHISHING),
    (14, &held::TRADEMARK),
    (10, &held::TRADER_INFORMATION),
];

/// The columns, in the codebook's order.
const COLUMNS: &[Column] = &[
    ("order_id", Shape::Text),
    ("order_type", Shape::Text),
    ("member_state", Shape::Text),
    ("authority_type", Shape::Text),
    ("category", Shape::Text),
    ("legal_basis_reference", Shape::Text),
    ("reasons_present", Shape::Boolean),
    ("exact_location_present", Shape::Boolean),
    ("redress_information_present", Shape::Boolean),
    ("territorial_scope", Shape::Texts),
    ("language", Shape::Text),
    ("received_at", Shape::Moment),
    ("acknowledged_at", Shape::Moment),
    ("effected_at", Shape::Moment),
    ("recipient_informed_at", Shape::Moment),
    ("action_id", Shape::Text),
];

impl Record for Order {
    const TABLE: &'static Table = &Table {
        dataset: "authority_orders",
        columns: COLUMNS,
        format: Format::Ndjson,
        files: Files::Months,
    };

    fn since(&self) -> Timestamp {
        self.received_at
    }

    fn cells(&self, seen: Seen) -> Vec<Cell<'_>> {
        let [reasons, location, redress] = self.elements;
        let order_type = if self.asks_for_information { "ART10_INFORMATION" } else { "ART9_ACT" };
        let led_to = self.action.as_ref().filter(|(_, decided_at)| seen.has(*decided_at));
        vec![
            (&self.id).into(),
            order_type.into(),
            self.member_state.into(),
            self.authority.into(),
            self.infringement.category.into(),
            self.legal_basis.into(),
            reasons.into(),
            Some(location).filter(|_| !self.asks_for_information).into(),
            redress.into(),
            self.territorial_scope.as_ref().into(),
            (&self.language).into(),
            self.received_at.into(),
            seen.known(self.acknowledged_at).into(),
            seen.known(self.effected_at).into(),
            seen.known(self.recipient_informed_at).into(),
            led_to.map(|(id, _)| id).into(),
        ]
    }
}
