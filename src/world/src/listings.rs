//! Listings: what is offered, what was decided about it, and what state that leaves it in.

mod page;

use domain::Timestamp;

use self::page::Details;
use crate::calendar::{DAY_S, HOUR_S, Season, Span};
use crate::draw::{Draw, Stream};
use crate::marketplace::{Entity, Marketplace};
use crate::moderation_actions::{Action, Measures, Stage, Subject, Target};
use crate::places::{LANGUAGES, LISTING_LANGUAGES, Language, MEMBER_STATES};
use crate::products::Product;
use crate::pseudonyms::Named;
use crate::traders::{Closing, Trader};

/// One listing: a row of `listings`.
#[derive(Debug)]
pub(crate) struct Listing {
    /// `listing_id`
    pub(crate) id: String,
    /// `trader_id`
    pub(crate) trader_id: String,
    /// What is offered.
    pub(crate) product: Product,
    /// What was decided about it, the oldest first.
    pub(crate) history: Vec<Action>,
    /// When it was first shown or submitted.
    pub(crate) published_at: Timestamp,
    /// Its state and since when.
    pub(crate) state: (Status, Timestamp),
    /// Its language.
    pub(crate) language: &'static Language,
    /// The Member States it is offered in.
    pub(crate) offered_in: Vec<&'static str>,
    /// All orders from the Union it has had.
    orders: i64,
    cluster_id: Option<String>,
    details: Details,
}

/// `status`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// For sale.
    Active,
    /// Not shown for the time being.
    Hidden,
    /// Removed by a decision.
    Removed,
    /// Taken down by the trader.
    Delisted,
    /// Ended by time.
    Expired,
}

impl Marketplace {
    /// The listing with a number.
    pub(crate) fn listing(&self, number: u64) -> Listing {
        self.listing_of(&self.trader(self.trader_of(number)), number)
    }

    /// The listing with a number, whose trader is at hand.
    pub(crate) fn listing_of(&self, trader: &Trader, number: u64) -> Listing {
        let origin = match trader.entity {
            Some(entity) => {
                self.original_of(entity, trader, number).map_or(Origin::Own, Origin::Copy)
            }
            None => self.cluster_of(number).map_or(Origin::Own, Origin::Shared),
        };
        let mut listing = self.fresh_listing(trader, number, origin);
        if self.has_copy(trader, number, &listing) {
            listing.cluster_id = Some(self.id(Named::Cluster, number));
        }
        listing
    }

    /// The listing of the operator's oldest account that this one puts up again.
    fn original_of(&self, entity: Entity, trader: &Trader, number: u64) -> Option<Relisted> {
        if entity.place == 0 {
            return None;
        }
        let oldest = self.account(entity, 0);
        let offset = number - self.listings_of(trader.number).start;
        let source = self.listings_of(oldest).start + offset;
        if !self.listings_of(oldest).contains(&source) {
            return None;
        }
        let original = self.fresh_listing(&self.trader(oldest), source, Origin::Own);
        self.relisting(trader, number, (source, &original))
    }

    /// Whether another account of the operator puts a listing up again.
    fn has_copy(&self, trader: &Trader, number: u64, listing: &Listing) -> bool {
        let Some(entity) = trader.entity.filter(|entity| entity.place == 0) else { return false };
        let offset = number - self.listings_of(trader.number).start;
        listing.state.0 == Status::Removed
            && (1..entity.accounts).any(|place| {
                let other = self.trader(self.account(entity, place));
                let listings = self.listings_of(other.number);
                let copy = listings.start + offset;
                listings.contains(&copy)
                    && self.relisting(&other, copy, (number, listing)).is_some()
            })
    }

    /// How a removed listing comes back under another account, if it does.
    fn relisting(
        &self,
        trader: &Trader,
        number: u64,
        (source, original): (u64, &Listing),
    ) -> Option<Relisted> {
        /// Apart from the draws that [`Marketplace::fresh_listing`] makes.
        const RELISTING: u64 = 1 << 40;
        let (Status::Removed, removed_at) = original.state else { return None };
        let mut draw = self.draw(Stream::Listing, number | RELISTING);
        let published_at = draw.after(removed_at.max(trader.onboarded_at), HOUR_S..20 * DAY_S);
        let in_time = published_at < self.last_publication(trader);
        (draw.chance(650) && in_time).then(|| Relisted {
            source,
            product: original.product.clone(),
            published_at,
        })
    }

    /// The last moment at which a trader puts something up.
    fn last_publication(&self, trader: &Trader) -> Timestamp {
        let until = trader.closed.map_or(self.span.until, |(at, _)| at);
        until.plus_s(-2 * HOUR_S)
    }

    /// Draws a listing and what becomes of it.
    fn fresh_listing(&self, trader: &Trader, number: u64, origin: Origin) -> Listing {
        let mut draw = self.draw(Stream::Listing, number);
        let product = |row| Product::new(&mut self.draw(Stream::Product, row));
        // The later of two draws: the marketplace grows.
        let [first, second] = [0; 2].map(|_| self.publication(trader, &mut draw));
        let published_at = first.max(second);
        let (product, published_at, cluster) = match origin {
            Origin::Own => (product(number), published_at, None),
            Origin::Shared(cluster) => {
                let row = self.sizes.listings + cluster;
                (product(row), published_at, Some(row))
            }
            Origin::Copy(copied) => (copied.product, copied.published_at, Some(copied.source)),
        };
        let language = &LANGUAGES[draw.weighted(&LISTING_LANGUAGES)];
        let offered_in = page::offered_in(&mut draw);
        let orders = if draw.chance(330) { 0 } else { draw.spread(1..6_000) };
        let mut listing = Listing {
            id: self.id(Named::Listing, number),
            trader_id: trader.id.clone(),
            details: Details::new(&product, language, trader, &mut draw),
            product,
            history: Vec::new(),
            published_at,
            state: (Status::Active, published_at),
            language,
            offered_in,
            orders,
            cluster_id: cluster.map(|cluster| self.id(Named::Cluster, cluster)),
        };
        let mut draw = self.draw(Stream::ListingHistory, number);
        self.moderate(&mut listing, trader, number, &mut draw);
        listing.state = self.state(&listing, trader, &mut draw);
        let page = || format!("https://market.example/item/{}", listing.id);
        listing.details.url = (listing.state.0 != Status::Removed).then(page);
        listing
    }

    /// A moment at which a trader may put something up.
    fn publication(&self, trader: &Trader, draw: &mut Draw) -> Timestamp {
        let span =
            Span { from: trader.onboarded_at.plus_s(HOUR_S), until: self.last_publication(trader) };
        draw.moment(span, &Season::PUBLIC)
    }

    /// Takes the decisions on a listing, one after the other.
    fn moderate(&self, listing: &mut Listing, trader: &Trader, number: u64, draw: &mut Draw) {
        const DECISIONS_MAX: u64 = 3;
        let Some((mut decided_at, mut stage)) = self.first_decision(listing, trader, draw) else {
            return;
        };
        if stage == Stage::PreListing {
            listing.orders = 0;
        }
        let until = self.last_publication(trader).plus_s(HOUR_S);
        let infringement = draw.weighted(listing.product.category.infringements);
        for place in 0..DECISIONS_MAX {
            let measures = measures(stage, draw);
            let ruling = (decided_at, stage, measures, infringement);
            let action = self.decide((number, place), listing.subject(), ruling, draw);
            let next = match (action.reversed_at, action.applied_at) {
                (Some(reversed_at), _) if draw.chance(300) => Some(reversed_at),
                (None, Some(applied_at)) if !measures.removes() && draw.chance(400) => {
                    Some(applied_at)
                }
                _ => None,
            };
            listing.history.push(action);
            let Some(next) = next.map(|next| draw.after(next, DAY_S..30 * DAY_S)) else { return };
            if until <= next {
                return;
            }
            (decided_at, stage) = (next, Stage::PostListing);
        }
    }

    /// When something is first decided about a listing, if it is.
    fn first_decision(
        &self,
        listing: &Listing,
        trader: &Trader,
        draw: &mut Draw,
    ) -> Option<(Timestamp, Stage)> {
        let from = self.span.from.max(listing.published_at.plus_s(60));
        let span = Span { from, until: self.last_publication(trader).plus_s(HOUR_S) };
        if !draw.chance(trader.conduct.of([90, 330, 720])) || span.is_empty() {
            return None;
        }
        let intercepted = self.span.from <= listing.published_at && draw.chance(350);
        if intercepted {
            let decided_at = draw.after(listing.published_at, 2..HOUR_S);
            return (decided_at < span.until).then_some((decided_at, Stage::PreListing));
        }
        let bought = 0 < listing.orders && draw.chance(300);
        let stage = if bought { Stage::PostSale } else { Stage::PostListing };
        Some((draw.moment(span, &Season::STAFF), stage))
    }

    /// The state that decisions, the trader and time leave a listing in.
    fn state(&self, listing: &Listing, trader: &Trader, draw: &mut Draw) -> (Status, Timestamp) {
        let standing = |action: &&Action| action.stands_at(self.span.until);
        let mut in_force = listing.history.iter().rev().filter(standing);
        let gone = in_force.find(|action| action.measures.removes() || action.measures.disables());
        let last_event = listing.last_event(self.span.until);
        if let Some((action, applied_at)) = gone.and_then(|gone| Some((gone, gone.applied_at?))) {
            let status = if action.measures.removes() { Status::Removed } else { Status::Hidden };
            return (status, applied_at);
        }
        match trader.closed {
            Some((at, Closing::Offboarded)) => return (Status::Delisted, at.max(last_event)),
            Some((at, Closing::Suspended)) => return (Status::Hidden, at.max(last_event)),
            None => {}
        }
        let ended = draw.weighted(&[
            (720, None),
            (120, Some(Status::Delisted)),
            (100, Some(Status::Expired)),
            (60, Some(Status::Hidden)),
        ]);
        let left = Span { from: last_event, until: self.span.until };
        match ended {
            Some(status) => (status, draw.moment(left, &Season::PUBLIC)),
            None => (Status::Active, listing.active_since()),
        }
    }
}

/// Where a listing's product comes from.
#[derive(Debug)]
enum Origin {
    /// No other listing is known to have it.
    Own,
    /// The other listings of a cluster have it too.
    Shared(u64),
    /// It was removed under another account of the same operator.
    Copy(Relisted),
}

/// A listing that is put up again.
#[derive(Debug)]
struct Relisted {
    /// The number of the listing it copies.
    source: u64,
    product: Product,
    published_at: Timestamp,
}

impl Listing {
    /// The decision that removed it last.
    pub(crate) fn removal(&self) -> Option<&Action> {
        self.history
            .iter()
            .rev()
            .find(|action| action.measures.removes() && action.applied_at.is_some())
    }

    /// What a decision on it is about.
    fn subject(&self) -> Subject {
        let everywhere = self.offered_in.len() == MEMBER_STATES.len();
        Subject {
            target: Target::Listing,
            target_id: self.id.clone(),
            listing_id: Some(self.id.clone()),
            trader_id: Some(self.trader_id.clone()),
            posted_at: self.published_at,
            language: Some(self.language.upper),
            gtin: self.product.gtin.clone(),
            offered_in: (!everywhere).then(|| self.offered_in.clone()),
            orders: Some(self.orders),
        }
    }

    /// The last time that a decision changed something, or it was put up.
    fn last_event(&self, present: Timestamp) -> Timestamp {
        let events = |action: &Action| [action.applied_at, action.reversed_at, action.end_at];
        self.history
            .iter()
            .flat_map(events)
            .flatten()
            .filter(|at| *at < present)
            .fold(self.published_at, Timestamp::max)
    }

    /// Since when it is for sale without a break, where no decision stands against it.
    fn active_since(&self) -> Timestamp {
        self.history
            .iter()
            .filter(|action| action.applied_at.is_some())
            .filter(|action| action.measures.removes() || action.measures.disables())
            .filter_map(|action| action.reversed_at.or(action.end_at))
            .fold(self.published_at, Timestamp::max)
    }
}

/// Draws what is done about a listing.
fn measures(stage: Stage, draw: &mut Draw) -> Measures {
    const REMOVED: &[&str] = &["DECISION_VISIBILITY_CONTENT_REMOVED"];
    const DISABLED: &[&str] = &["DECISION_VISIBILITY_CONTENT_DISABLED"];
    const DEMOTED: &[&str] = &["DECISION_VISIBILITY_CONTENT_DEMOTED"];
    const LABELLED: &[&str] =
        &["DECISION_VISIBILITY_CONTENT_DEMOTED", "DECISION_VISIBILITY_CONTENT_LABELLED"];
    const AGE_RESTRICTED: &[&str] = &["DECISION_VISIBILITY_CONTENT_AGE_RESTRICTED"];
    let kinds = match stage {
        Stage::PreListing => REMOVED,
        Stage::PostListing | Stage::PostSale => draw.weighted(&[
            (70, REMOVED),
            (12, DISABLED),
            (10, DEMOTED),
            (4, LABELLED),
            (4, AGE_RESTRICTED),
        ]),
    };
    Measures::visibility(kinds)
}
