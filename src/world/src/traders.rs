//! Traders: who they are, how far they can be traced, and what became of their accounts.
//!
//! # Rooms
//! - `write`: writes them with all that is theirs.

mod write;

use domain::Timestamp;

pub(crate) use self::write::GROUP;

use crate::calendar::{DAY_S, HOUR_S, Season, Span, earlier};
use crate::draw::{Draw, Stream};
use crate::infringements as held;
use crate::marketplace::{Entity, Marketplace};
use crate::moderation_actions::{Action, Measures, Stage, Subject, Target};
use crate::places::SELLERS;
use crate::pseudonyms::Named;
use crate::record::{Cell, Column, Record, Shape};
use crate::seen::{EDITIONS, Seen};
use crate::suspensions::Suspensions;
use crate::table::{Files, Format, Table};

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
    /// When the contract ended.
    pub(crate) offboarded_at: Option<Timestamp>,
    /// The decision against the account that no policy required.
    pub(crate) action: Option<Action>,
    /// When the account is suspended.
    pub(crate) suspensions: Suspensions,
}

impl Marketplace {
    /// The trader with a number.
    pub(crate) fn trader(&self, number: u64) -> Trader {
        Trader { suspensions: self.suspensions.of(number), ..self.fresh_trader(number) }
    }

    /// The trader with a number, as long as nothing is known of suspensions.
    pub(crate) fn fresh_trader(&self, number: u64) -> Trader {
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
            offboarded_at: None,
            action: None,
            suspensions: Suspensions::default(),
        };
        let mut draw = self.draw(Stream::TraderHistory, number);
        trader.action = self.action_against(&trader, &mut draw);
        trader.offboarded_at = self.offboarding(&trader, &mut draw);
        trader
    }

    /// The decision against a trader's account, if there is one.
    fn action_against(&self, trader: &Trader, draw: &mut Draw) -> Option<Action> {
        let from = self.span.from.max(trader.onboarded_at.plus_s(2 * DAY_S));
        let span = Span { from, until: self.span.until.plus_s(-HOUR_S) };
        if !draw.chance(trader.conduct.of([4, 60, 380])) || span.is_empty() {
            return None;
        }
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
            trader.subject(),
            (decided_at, stage, measures, infringement),
            draw,
        ))
    }

    /// When the contract with a trader ends, by a decision that stands or because the trader leaves.
    fn offboarding(&self, trader: &Trader, draw: &mut Draw) -> Option<Timestamp> {
        let standing = trader.action.as_ref().filter(|action| action.stands_at(self.span.until));
        if let Some(termination) = standing.filter(|action| action.measures.terminates()) {
            return termination.applied_at;
        }
        // Half a year after the end, the items are deleted (DSA Art. 30(5)), and the row with them.
        let from = self.span.until.plus_s(-180 * DAY_S).max(trader.onboarded_at.plus_s(20 * DAY_S));
        let span = Span { from, until: self.span.until };
        let leaves = draw.chance(50) && trader.action.is_none();
        leaves.then(|| draw.moment(span, &Season::STAFF))
    }
}

impl Trader {
    /// From when on something can be put up.
    pub(crate) fn in_business_from(&self) -> Timestamp {
        self.onboarded_at.plus_s(HOUR_S)
    }

    /// A moment at which the account was not suspended: the moment itself, or one before.
    pub(crate) fn in_business(&self, at: Timestamp) -> Timestamp {
        self.suspensions.before(at, self.in_business_from())
    }

    /// What a decision on the account is about.
    pub(crate) fn subject(&self) -> Subject {
        Subject {
            target: Target::Trader,
            target_id: self.id.clone(),
            listing_id: None,
            trader_id: Some(self.id.clone()),
            posted_at: self.onboarded_at,
            language: None,
            gtin: None,
            offered_in: None,
            orders: None,
        }
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
    /// Identity document and payment account, as they are since the last check.
    documents: [&'static str; 2],
    register_number_present: Option<bool>,
    self_certified_at: Option<Timestamp>,
    /// Whether everything else is displayed that the law wants to be.
    displayed: bool,
    /// The first check of the items and the last one, where there were some.
    checked: Option<[Timestamp; 2]>,
    offboarded_at: Option<Timestamp>,
    suspensions: Suspensions,
    onboarded_at: Timestamp,
    affiliate_member: bool,
    entity_cluster_id: Option<String>,
    /// By edition.
    active_listings: [i64; EDITIONS],
}

impl Marketplace {
    /// The row of a trader of whose listings that many are active, by edition.
    pub(crate) fn trader_row(
        &self,
        trader: &Trader,
        active_listings: [i64; EDITIONS],
    ) -> TraderRow {
        /// Apart from the draws that [`Marketplace::trader`] makes.
        const TRACEABILITY: u64 = 1 << 40;
        let mut draw = self.draw(Stream::Trader, trader.number | TRACEABILITY);
        let is_legal = draw.chance(720);
        let contacts =
            [995, 985, 970, 996].map(|share| draw.chance(share - trader.conduct.of([0, 20, 180])));
        let verified = trader.conduct.of([880, 740, 420]);
        let documents =
            [document(&mut draw, verified, true), document(&mut draw, verified + 40, false)];
        let register_number_present =
            (is_legal || draw.chance(300)).then(|| draw.chance(verified + 80));
        let certified = draw.chance(trader.conduct.of([985, 940, 800]));
        let self_certified_at = certified
            .then(|| draw.after(trader.onboarded_at, 60..30 * DAY_S))
            .filter(|at| *at < self.span.until);
        let checked = Span { from: trader.onboarded_at, until: self.span.until };
        let never = documents.contains(&"RECEIVED") && draw.chance(600);
        let first = draw.after(trader.onboarded_at, HOUR_S..30 * DAY_S);
        let last = draw.moment(checked, &Season::STAFF);
        TraderRow {
            trader_id: trader.id.clone(),
            trader_type: if is_legal { "LEGAL" } else { "NATURAL" },
            country: trader.country,
            contacts,
            documents,
            register_number_present,
            self_certified_at,
            displayed: contacts.iter().all(|there| *there) && draw.chance(970),
            checked: (!never).then(|| [earlier([first, last]), last]),
            offboarded_at: trader.offboarded_at,
            suspensions: trader.suspensions.clone(),
            onboarded_at: trader.onboarded_at,
            affiliate_member: draw.chance(120),
            entity_cluster_id: trader.entity.map(|entity| self.id(Named::Entity, entity.number)),
            active_listings,
        }
    }
}

impl TraderRow {
    /// Whether the trader is a legal person.
    pub(crate) fn is_legal(&self) -> bool {
        self.trader_type == "LEGAL"
    }

    /// When the contract with the trader ended.
    pub(crate) fn offboarded_at(&self) -> Option<Timestamp> {
        self.offboarded_at
    }

    /// The check of one of the items (a) to (e) of Art. 30(1), and when it was, if it was checked.
    pub(crate) fn checked(&self, item: &str) -> Option<(&'static str, Timestamp)> {
        let [first, last] = self.checked?;
        let found = |holds: bool| if holds { "MATCH" } else { "MISMATCH" };
        let document = |state: &str| match state {
            "VERIFIED" => Some(("MATCH", last)),
            "EXPIRED" => Some(("MISMATCH", last)),
            "RECEIVED" => Some(("UNVERIFIABLE", last)),
            _ => None,
        };
        let [identity, payment] = self.documents;
        match item {
            "A_CONTACT" => Some((found(self.contacts.iter().all(|there| *there)), first)),
            "B_ID" => document(identity).or(Some(("MISMATCH", last))),
            "C_PAYMENT" => document(payment),
            "D_REGISTER" => self.register_number_present.map(|there| (found(there), first)),
            _ => {
                let looked_at = self.self_certified_at.map(|at| at.max(first));
                looked_at.filter(|at| *at <= last).map(|at| ("MATCH", at))
            }
        }
    }

    /// The state of the documents as it was known: of a document that has come but was not looked at
    /// yet, no more than that.
    fn documents(&self, seen: Seen) -> [&'static str; 2] {
        let is_checked = self.checked.is_none_or(|[_, last]| seen.has(last));
        let early = |state: &'static str| if state == "NONE" { state } else { "RECEIVED" };
        if is_checked { self.documents } else { self.documents.map(early) }
    }

    /// The last check that was known.
    fn last_verified_at(&self, seen: Seen) -> Option<Timestamp> {
        self.checked?.into_iter().rev().find(|at| seen.has(*at))
    }

    /// What the platform made of the items.
    fn verification(&self, seen: Seen) -> &'static str {
        if seen.known(self.offboarded_at).is_some() {
            return "EXEMPT";
        }
        if self.suspensions.at(seen.at).is_some() {
            return "SUSPENDED";
        }
        let documents = self.documents(seen);
        if documents == ["VERIFIED"; 2] && self.contacts.iter().all(|there| *there) {
            "VERIFIED"
        } else if documents.contains(&"RECEIVED") {
            "PENDING"
        } else {
            "FAILED"
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

/// The columns, in the codebook's order.
const COLUMNS: &[Column] = &[
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

impl Record for TraderRow {
    const TABLE: &'static Table =
        &Table { dataset: "traders", columns: COLUMNS, format: Format::Csv, files: Files::One };

    fn since(&self) -> Timestamp {
        self.onboarded_at
    }

    fn cells(&self, seen: Seen) -> Vec<Cell<'_>> {
        let [name, address, phone, email] = self.contacts;
        let [identity, payment] = self.documents(seen);
        let certified_at = seen.known(self.self_certified_at);
        vec![
            (&self.trader_id).into(),
            self.trader_type.into(),
            name.into(),
            self.country.into(),
            address.into(),
            phone.into(),
            email.into(),
            identity.into(),
            payment.into(),
            self.register_number_present.into(),
            certified_at.is_some().into(),
            certified_at.into(),
            self.verification(seen).into(),
            self.last_verified_at(seen).into(),
            (self.displayed && certified_at.is_some()).into(),
            self.onboarded_at.into(),
            seen.known(self.offboarded_at()).into(),
            self.affiliate_member.into(),
            self.entity_cluster_id.as_ref().into(),
            self.active_listings[seen.edition].into(),
        ]
    }
}
