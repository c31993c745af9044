//! Listings: what is offered, what was decided about it, and what state that leaves it in.
//!
//! # Rooms
//! - `state`: that state, at any moment.
//! - `page`: what a listing shows, and its row.

mod page;
mod state;

use domain::Timestamp;

use self::page::Details;
use crate::calendar::{DAY_S, HOUR_S, Season, Span};
use crate::draw::{Draw, Stream};
use crate::listing_events::Relisting;
use crate::marketplace::{Entity, Marketplace};
use crate::moderation_actions::{Action, Measures, Stage, Subject, Target};
use crate::places::{LANGUAGES, LISTING_LANGUAGES, Language, MEMBER_STATES};
use crate::products::Product;
use crate::pseudonyms::Named;
use crate::suspensions::Suspensions;
use crate::traders::Trader;

/// One listing: a row of `listings`.
#[derive(Debug)]
pub(crate) struct Listing {
    /// Its number.
    pub(crate) number: u64,
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
    /// Its state in the end, and since when.
    pub(crate) state: (Status, Timestamp),
    /// How it was recognised as a removed listing that was put up again.
    pub(crate) relisting: Option<Relisting>,
    /// The listings of other accounts of the same operator that put it up again.
    pub(crate) copies: Vec<Copied>,
    /// The world's present.
    present: Timestamp,
    /// When its trader's offers ended.
    left_at: Option<Timestamp>,
    /// When its trader is suspended, and it is not shown.
    pub(crate) suspensions: Suspensions,
    /// When the trader or time ended it, and how.
    pub(crate) ended: Option<(Timestamp, Status)>,
    /// Its language.
    pub(crate) language: &'static Language,
    /// The Member States it is offered in.
    pub(crate) offered_in: Vec<&'static str>,
    /// All orders from the Union it has had.
    orders: i64,
    /// The group of listings of the same product, and since when it has several.
    cluster: Option<(String, Timestamp)>,
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

impl Status {
    /// Whether it is for sale.
    pub(crate) fn is_active(self) -> bool {
        self == Self::Active
    }
}

/// A listing that puts another one up again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Copied {
    /// Its number.
    pub(crate) number: u64,
    /// Its trader's number.
    pub(crate) trader: u64,
    /// When it was put up.
    pub(crate) published_at: Timestamp,
}

impl Marketplace {
    /// The listing with a number.
    pub(crate) fn listing(&self, number: u64) -> Listing {
        self.listing_of(&self.trader(self.trader_of(number)), number)
    }

    /// The listing with a number, whose trader is at hand.
    pub(crate) fn listing_of(&self, trader: &Trader, number: u64) -> Listing {
        let mut listing = self.listing_alone(trader, number);
        listing.copies = self.copies_of(trader, number, &listing);
        if let Some(since) = listing.copies.iter().map(|copy| copy.published_at).min() {
            listing.cluster = Some((self.id(Named::Cluster, number), since));
        }
        listing
    }

    /// The same, without a look at the listings that put it up again.
    pub(crate) fn listing_alone(&self, trader: &Trader, number: u64) -> Listing {
        let origin = match trader.entity {
            Some(entity) => match self.original_of(entity, trader, number) {
                Some(copied) if trader.suspensions.at(copied.published_at).is_some() => {
                    Origin::Withheld
                }
                Some(copied) => Origin::Copy(copied),
                None => Origin::Own,
            },
            None => self.cluster_of(number).map_or(Origin::Own, Origin::Shared),
        };
        self.fresh_listing(trader, number, origin)
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

    /// The listings of the operator's other accounts that put a removed one up again.
    fn copies_of(&self, trader: &Trader, number: u64, listing: &Listing) -> Vec<Copied> {
        let entity = trader.entity.filter(|entity| entity.place == 0);
        let Some(entity) = entity.filter(|_| listing.state.0 == Status::Removed) else {
            return Vec::new();
        };
        let offset = number - self.listings_of(trader.number).start;
        let copies = (1..entity.accounts).filter_map(|place| {
            let other = self.trader(self.account(entity, place));
            let listings = self.listings_of(other.number);
            let copy = Some(listings.start + offset).filter(|copy| listings.contains(copy))?;
            let published_at = self.relisting(&other, copy, (number, listing))?.published_at;
            let is_open = other.suspensions.at(published_at).is_none();
            is_open.then_some(Copied { number: copy, trader: other.number, published_at })
        });
        copies.collect()
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
        trader.offboarded_at.unwrap_or(self.span.until).plus_s(-2 * HOUR_S)
    }

    /// Draws a listing and what becomes of it.
    fn fresh_listing(&self, trader: &Trader, number: u64, origin: Origin) -> Listing {
        let mut draw = self.draw(Stream::Listing, number);
        let product = |row| Product::new(&mut self.draw(Stream::Product, row));
        let drawn_at = self.publication(trader, &mut draw);
        let planned_at = match &origin {
            Origin::Copy(copied) => copied.published_at,
            Origin::Own | Origin::Shared(_) | Origin::Withheld => drawn_at,
        };
        // What a suspended trader would have put up was put up before, and nothing is held against it.
        let published_at = trader.in_business(planned_at);
        let is_blameless = published_at != planned_at || matches!(origin, Origin::Withheld);
        let relisting = match &origin {
            Origin::Copy(copied) => {
                self.relisting_event(number, (copied.source, copied.published_at))
            }
            Origin::Own | Origin::Shared(_) | Origin::Withheld => None,
        };
        let (product, published_at, cluster) = match origin {
            Origin::Own | Origin::Withheld => (product(number), published_at, None),
            Origin::Shared(cluster) => {
                let row = self.sizes.listings + cluster;
                let since = self.shared_since(cluster);
                (product(row), published_at, Some((row, since)))
            }
            Origin::Copy(copied) => {
                (copied.product, published_at, Some((copied.source, published_at)))
            }
        };
        let language = &LANGUAGES[draw.weighted(&LISTING_LANGUAGES)];
        let offered_in = page::offered_in(&mut draw);
        let orders = if draw.chance(330) { 0 } else { draw.spread(1..6_000) };
        let id = self.id(Named::Listing, number);
        let mut listing = Listing {
            number,
            id: id.clone(),
            trader_id: trader.id.clone(),
            details: Details::new(&id, (&product, language), trader, &mut draw),
            product,
            history: Vec::new(),
            published_at,
            state: (Status::Active, published_at),
            relisting,
            copies: Vec::new(),
            present: self.span.until,
            left_at: trader.offboarded_at,
            suspensions: trader.suspensions.clone(),
            ended: None,
            language,
            offered_in,
            orders,
            cluster: cluster.map(|(row, since)| (self.id(Named::Cluster, row), since)),
        };
        let mut draw = self.draw(Stream::ListingHistory, number);
        if !is_blameless {
            self.moderate(&mut listing, trader, number, &mut draw);
            // Nobody decides about what nobody can see.
            listing.history.retain(|action| trader.suspensions.at(action.decided_at).is_none());
        }
        listing.ended = self.ending(&listing, &mut draw);
        listing.state = listing.state_at(self.span.until);
        listing
    }

    /// A moment at which a trader puts something up.
    fn publication(&self, trader: &Trader, draw: &mut Draw) -> Timestamp {
        let span = Span { from: trader.in_business_from(), until: self.last_publication(trader) };
        // The later of two draws: the marketplace grows.
        let [first, second] = [0; 2].map(|_| draw.moment(span, &Season::PUBLIC));
        first.max(second)
    }

    /// Since when a cluster of listings of one product has several.
    fn shared_since(&self, cluster: u64) -> Timestamp {
        let published = |listing| {
            let trader = self.trader(self.trader_of(listing));
            trader.in_business(self.publication(&trader, &mut self.draw(Stream::Listing, listing)))
        };
        let mut moments: Vec<_> = self.listings_of_cluster(cluster).map(published).collect();
        moments.sort_unstable();
        moments.get(1).copied().unwrap_or(self.span.until)
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
            let next = match (action.lifted_at, action.applied_at) {
                (Some(lifted_at), _) if draw.chance(300) => Some(lifted_at),
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

    /// When the trader or time ends a listing that nothing else had ended by then.
    fn ending(&self, listing: &Listing, draw: &mut Draw) -> Option<(Timestamp, Status)> {
        let present = self.span.until;
        let suspended_at = listing.suspensions.at(present).map(|suspension| suspension.from);
        let until = suspended_at.unwrap_or(present);
        let left = Span { from: listing.last_event(present), until };
        let is_gone = listing.left_at.is_some() || listing.standing_decision(present).is_some();
        if is_gone || left.is_empty() {
            return None;
        }
        let status = draw.weighted(&[
            (720, None),
            (120, Some(Status::Delisted)),
            (100, Some(Status::Expired)),
            (60, Some(Status::Hidden)),
        ]);
        status.map(|status| (draw.moment(left, &Season::PUBLIC), status))
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
    /// It would have been such a copy, but then the account was suspended.
    Withheld,
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
