//! Traders: who they are, how far they can be traced, and what became of their accounts.

use domain::Timestamp;

use crate::calendar::{DAY_S, HOUR_S, Season, Span};
use crate::draw::{Draw, Stream};
use crate::infringements as held;
use crate::marketplace::{Entity, Marketplace};
use crate::moderation_actions::{Action, Measures, Stage, Subject, Target};
use crate::places::SELLERS;
use crate::pseudonyms::Named;
use crate::record::{Cell, Column, Record, Shape};

/// How a trader keeps the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Conduct {
    /// Well.
    Careful,
    /// When reminded.
    Careless,
    /// On purpose not.
    Rogue,
}

impl Conduct {
    /// One of three numbers, by conduct.
    pub(crate) fn of(self, [careful, careless, rogue]: [u64; 3]) -> u64 {
        match self {
            Self::Careful => careful,
            Self::Careless => careless,
            Self::Rogue => rogue,
        }
    }
}

/// Why nothing of a trader is for sale any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Closing {
    /// The contract ended.
    Offboarded,
    /// The account is suspended.
    Suspended,
}

/// One trader.
#[derive(Debug)]
pub(crate) struct Trader {
    /// The trader's number; the listings follow from it.
    pub(crate) number: u64,
    /// `trader_id`
    pub(crate) id: String,
    /// How the rules are kept.
    pub(crate) conduct: Conduct,
    /// The accounts of the same operator.
    pub(crate) entity: Option<Entity>,
    /// Where the trader is established.
    pub(crate) country: &'static str,
    /// When the account was opened.
    pub(crate) onboarded_at: Timestamp,
    /// When nothing was for sale any more, and why.
    pub(crate) closed: Option<(Timestamp, Closing)>,
    /// The decision against the account.
    pub(crate) action: Option<Action>,
}

impl Marketplace {
    /// The trader with a number.
    pub(crate) fn trader(&self, number: u64) -> Trader {
        let mut draw = self.draw(Stream::Trader, number);
        let entity = self.entity_of(number);
        let country = draw.weighted(&SELLERS);
        let alone = conduct(&mut draw, [720, 230, 50]);
        let joint = entity
            .map(|entity| conduct(&mut self.draw(Stream::Entity, entity.number), [200, 250, 550]));
        let open = Span { from: self.opened_at, until: self.span.until.plus_s(-30 * DAY_S) };
        // Who has many listings has mostly been there for long: the earliest of some draws.
        let draws = if number < self.sizes.traders / 50 { 5 } else { 1 };
        let onboarded_at = (0..draws).map(|_| draw.moment(open, &Season::PUBLIC)).min();
        let mut trader = Trader {
            number,
            id: self.id(Named::Trader, number),
            conduct: joint.unwrap_or(alone),
            entity,
            country,
            onboarded_at: onboarded_at.unwrap_or(self.opened_at),
            closed: None,
            action: None,
        };
        let mut draw = self.draw(Stream::TraderHistory, number);
        trader.action = self.action_against(&trader, &mut draw);
        trader.closed = self.closing(&trader, &mut draw);
        trader
    }

    /// The decision against a trader's account, if there is one.
    fn action_against(&self, trader: &Trader, draw: &mut Draw) -> Option<Action> {
        let from = self.span.from.max(trader.onboarded_at.plus_s(2 * DAY_S));
        let span = Span { from, until: self.span.until.plus_s(-HOUR_S) };
        if !draw.chance(trader.conduct.of([4, 60, 380])) || span.is_empty() {
            return None;
        }
        let subject = Subject {
            target: Target::Trader,
            target_id: trader.id.clone(),
            listing_id: None,
            trader_id: Some(trader.id.clone()),
            posted_at: trader.onboarded_at,
            language: None,
            gtin: None,
            offered_in: None,
            orders: None,
        };
        let infringement = draw.weighted(&[
            (40, &held::INAUTHENTIC_LISTING),
            (25, &held::TRADER_INFORMATION),
            (20, &held::TRADEMARK),
            (15, &held::UNSAFE_PRODUCT),
        ]);
        let measures = draw.weighted(&[
            (45, Measures::account("DECISION_ACCOUNT_SUSPENDED")),
            (20, Measures::account("DECISION_ACCOUNT_TERMINATED")),
            (20, Measures::provision("DECISION_PROVISION_PARTIAL_SUSPENSION")),
            (15, Measures::monetary("DECISION_MONETARY_SUSPENSION")),
        ]);
        let decided_at = draw.moment(span, &Season::STAFF);
        let stage = Stage::PostListing;
        Some(self.decide(
            (trader.number, 0),
            subject,
            (decided_at, stage, measures, infringement),
            draw,
        ))
    }

    /// When and why nothing of a trader is for sale any more.
    fn closing(&self, trader: &Trader, draw: &mut Draw) -> Option<(Timestamp, Closing)> {
        let standing = trader.action.as_ref().filter(|action| action.stands_at(self.span.until));
        let account =
            standing.and_then(|action| Some((action.applied_at?, action.measures.account?)));
        match account {
            Some((applied_at, "DECISION_ACCOUNT_TERMINATED")) => {
                return Some((applied_at, Closing::Offboarded));
            }
            Some((applied_at, _)) => return Some((applied_at, Closing::Suspended)),
            None => {}
        }
        // Half a year after the end, the items are deleted (DSA Art. 30(5)), and the row with them.
        let from = self.span.until.plus_s(-180 * DAY_S).max(trader.onboarded_at.plus_s(20 * DAY_S));
        let span = Span { from, until: self.span.until };
        let leaves = draw.chance(50) && trader.action.is_none();
        leaves.then(|| (draw.moment(span, &Season::STAFF), Closing::Offboarded))
    }
}

/// Draws a conduct by weight.
fn conduct(draw: &mut Draw, [careful, careless, rogue]: [u64; 3]) -> Conduct {
    draw.weighted(&[
        (careful, Conduct::Careful),
        (careless, Conduct::Careless),
        (rogue, Conduct::Rogue),
    ])
}

/// A row of `traders`.
#[derive(Debug)]
pub(crate) struct TraderRow {
    trader_id: String,
    trader_type: &'static str,
    country: &'static str,
    /// Name, address, telephone, electronic mail.
    contacts: [bool; 4],
    id_document_status: &'static str,
    payment_account_status: &'static str,
    register_number_present: Option<bool>,
    self_certified_at: Option<Timestamp>,
    verification_status: &'static str,
    last_verified_at: Option<Timestamp>,
    public_display_complete: bool,
    onboarded_at: Timestamp,
    offboarded_at: Option<Timestamp>,
    affiliate_member: bool,
    entity_cluster_id: Option<String>,
    active_listings: i64,
}

impl Marketplace {
    /// The row of a trader of whose listings that many are active.
    pub(crate) fn trader_row(&self, trader: &Trader, active_listings: i64) -> TraderRow {
        /// Apart from the draws that [`Marketplace::trader`] makes.
        const TRACEABILITY: u64 = 1 << 40;
        let mut draw = self.draw(Stream::Trader, trader.number | TRACEABILITY);
        let is_legal = draw.chance(720);
        let contacts =
            [995, 985, 970, 996].map(|share| draw.chance(share - trader.conduct.of([0, 20, 180])));
        let documents = trader.conduct.of([880, 740, 420]);
        let id_document_status = document(&mut draw, documents, true);
        let payment_account_status = document(&mut draw, documents + 40, false);
        let register_number_present =
            (is_legal || draw.chance(300)).then(|| draw.chance(documents + 80));
        let certified = draw.chance(trader.conduct.of([985, 940, 800]));
        let self_certified_at = certified
            .then(|| draw.after(trader.onboarded_at, 60..30 * DAY_S))
            .filter(|at| *at < self.span.until);
        let verification_status =
            verification(trader, contacts, [id_document_status, payment_account_status]);
        let checked = Span { from: trader.onboarded_at, until: self.span.until };
        let never = verification_status == "PENDING" && draw.chance(600);
        TraderRow {
            trader_id: trader.id.clone(),
            trader_type: if is_legal { "LEGAL" } else { "NATURAL" },
            country: trader.country,
            contacts,
            id_document_status,
            payment_account_status,
            register_number_present,
            self_certified_at,
            verification_status,
            last_verified_at: (!never).then(|| draw.moment(checked, &Season::STAFF)),
            public_display_complete: contacts.iter().all(|there| *there)
                && self_certified_at.is_some()
                && draw.chance(970),
            onboarded_at: trader.onboarded_at,
            offboarded_at: trader
                .closed
                .and_then(|(at, closing)| (closing == Closing::Offboarded).then_some(at)),
            affiliate_member: draw.chance(120),
            entity_cluster_id: trader.entity.map(|entity| self.id(Named::Entity, entity.number)),
            active_listings,
        }
    }
}

/// The state of a document that is verified in so many cases of a thousand.
fn document(draw: &mut Draw, verified: u64, may_expire: bool) -> &'static str {
    let rest = 1000 - verified;
    let expired = if may_expire { rest * 3 / 10 } else { 0 };
    draw.weighted(&[
        (verified, "VERIFIED"),
        (rest * 5 / 10, "RECEIVED"),
        (rest * 2 / 10, "NONE"),
        (expired, "EXPIRED"),
    ])
}

/// What the platform makes of a trader's items.
fn verification(trader: &Trader, contacts: [bool; 4], documents: [&str; 2]) -> &'static str {
    match trader.closed {
        Some((_, Closing::Offboarded)) => return "EXEMPT",
        Some((_, Closing::Suspended)) => return "SUSPENDED",
        None => {}
    }
    if documents == ["VERIFIED"; 2] && contacts.iter().all(|there| *there) {
        "VERIFIED"
    } else if documents.contains(&"RECEIVED") {
        "PENDING"
    } else {
        "FAILED"
    }
}

impl Record for TraderRow {
    const COLUMNS: &'static [Column] = &[
        ("trader_id", Shape::Text),
        ("trader_type", Shape::Text),
        ("legal_name_present", Shape::Boolean),
        ("country", Shape::Text),
        ("address_present", Shape::Boolean),
        ("phone_present", Shape::Boolean),
        ("email_present", Shape::Boolean),
        ("id_document_status", Shape::Text),
        ("payment_account_status", Shape::Text),
        ("register_number_present", Shape::Boolean),
        ("self_certification", Shape::Boolean),
        ("self_certified_at", Shape::Moment),
        ("verification_status", Shape::Text),
        ("last_verified_at", Shape::Moment),
        ("public_display_complete", Shape::Boolean),
        ("onboarded_at", Shape::Moment),
        ("offboarded_at", Shape::Moment),
        ("affiliate_member", Shape::Boolean),
        ("entity_cluster_id", Shape::Text),
        ("active_listings", Shape::Integer),
    ];

    fn cells(&self) -> Vec<Cell<'_>> {
        let [name, address, phone, email] = self.contacts;
        vec![
            (&self.trader_id).into(),
            self.trader_type.into(),
            name.into(),
            self.country.into(),
            address.into(),
            phone.into(),
            email.into(),
            self.id_document_status.into(),
            self.payment_account_status.into(),
            self.register_number_present.into(),
            self.self_certified_at.is_some().into(),
            self.self_certified_at.into(),
            self.verification_status.into(),
            self.last_verified_at.into(),
            self.public_display_complete.into(),
            self.onboarded_at.into(),
            self.offboarded_at.into(),
            self.affiliate_member.into(),
            self.entity_cluster_id.as_ref().into(),
            self.active_listings.into(),
        ]
    }
}
