//! What happened to each listing, from its submission to its end.

use domain::Timestamp;

use crate::GenerateError;
use crate::calendar::{DAY_S, Season, Span};
use crate::deliver::Desk;
use crate::draw::Stream;
use crate::listings::{Listing, Status};
use crate::marketplace::Marketplace;
use crate::moderation_actions::{Action, Stage};
use crate::pseudonyms::Named;
use crate::record::{Cell, Column, Record, Shape, Thousandths};
use crate::seen::Seen;
use crate::table::{Files, Format, Table};

/// One event: a row of `listing_events`.
#[derive(Debug)]
pub(crate) struct ListingEvent<'a> {
    id: String,
    listing_id: &'a str,
    kind: &'static str,
    occurred_at: Timestamp,
    action_id: Option<String>,
    relisting: Option<Relisting>,
}

/// How a removed product was recognised under another listing.
#[derive(Clone, Debug)]
pub(crate) struct Relisting {
    /// When.
    pub(crate) recognised_at: Timestamp,
    /// The removed listing.
    pub(crate) of_listing_id: String,
    match_method: &'static str,
    match_score: Thousandths,
}

/// What happened, when, and by the decision with which number.
type Happened = (&'static str, Timestamp, Option<u64>);

impl Marketplace {
    /// How the listing with a number was recognised as a removed one that was put up again.
    pub(crate) fn relisting_event(
        &self,
        number: u64,
        (source, published_at): (u64, Timestamp),
    ) -> Option<Relisting> {
        /// Apart from the draws for the other events.
        const RELISTED: u64 = 1 << 40;
        let mut draw = self.draw(Stream::ListingEvent, number | RELISTED);
        let recognised_at = draw.after(published_at, 20..8 * DAY_S);
        let (match_method, [least, most]) = draw.weighted(&[
            (18, ("EXACT", [1_000, 1_000])),
            (38, ("FINGERPRINT", [910, 999])),
            (22, ("GTIN", [1_000, 1_000])),
            (14, ("IMAGE", [740, 980])),
            (8, ("TEXT", [680, 960])),
        ]);
        let match_score = Thousandths(draw.within(least..most + 1));
        (recognised_at < self.span.until).then(|| Relisting {
            recognised_at,
            of_listing_id: self.id(Named::Listing, source),
            match_method,
            match_score,
        })
    }

    /// Writes what happened to the listing with a number.
    pub(crate) fn write_events(
        &self,
        number: u64,
        listing: &Listing,
        desk: &mut Desk<'_>,
    ) -> Result<(), GenerateError> {
        /// The most events of one listing, as a power of two.
        const PLACES: u64 = 64;
        let mut events = self.happened(number, listing);
        events.retain(|(_, at, _)| *at < self.span.until);
        events.sort_by_key(|(_, at, _)| *at);
        let relisted = listing.relisting.iter().map(|relisting| {
            (("RELISTED", relisting.recognised_at, None), Some(relisting.clone()))
        });
        let all = events.into_iter().map(|happened| (happened, None)).chain(relisted);
        for (((kind, occurred_at, action), relisting), place) in all.zip(0..) {
            desk.write(&ListingEvent {
                id: self.id(Named::ListingEvent, number * PLACES + place),
                listing_id: &listing.id,
                kind,
                occurred_at,
                action_id: action.map(|number| self.id(Named::Action, number)),
                relisting,
            })?;
        }
        Ok(())
    }

    /// What happened to a listing, in any order.
    fn happened(&self, number: u64, listing: &Listing) -> Vec<Happened> {
        let mut draw = self.draw(Stream::ListingEvent, number);
        let is_blocked =
            |action: &&Action| action.stage == Stage::PreListing && action.applied_at.is_some();
        let blocked = listing.history.first().filter(is_blocked);
        let mut events = Vec::new();
        // Of earlier listings, the platform has kept only when they were first shown.
        let is_recent = self.span.from <= listing.published_at;
        let submitted_at = match blocked {
            Some(_) => listing.published_at,
            None => listing.published_at.plus_s(-draw.spread(2..600)),
        };
        if is_recent {
            events.push(("SUBMITTED", submitted_at, None));
        }
        if blocked.is_none() {
            events.push(("PUBLISHED", listing.published_at, None));
        }
        for action in &listing.history {
            happened_by(action, &mut events);
        }
        if let Some((at, status)) = listing.ended {
            let kind = if status == Status::Expired { "EXPIRED" } else { "HIDDEN" };
            events.push((kind, at, None));
        }
        if let ((Status::Delisted, at), None) = (listing.state, listing.ended) {
            events.push(("HIDDEN", at, None));
        }
        happened_by_suspensions(listing, &mut events);
        let until = events.iter().skip(1).map(|(_, at, _)| *at).min().unwrap_or(self.span.until);
        let shown = Span { from: listing.published_at.max(self.span.from), until };
        if blocked.is_none() && !shown.is_empty() && draw.chance(140) {
            events.push(("EDITED", draw.moment(shown, &Season::PUBLIC), None));
        }
        events
    }
}

/// What a decision did to a listing.
fn happened_by(action: &Action, events: &mut Vec<Happened>) {
    let kind = match (action.stage, action.measures.removes(), action.measures.disables()) {
        (Stage::PreListing, true, _) => "PRESCREEN_BLOCKED",
        (_, true, _) => "REMOVED",
        (_, false, true) => "HIDDEN",
        (_, false, false) => return,
    };
    let Some(applied_at) = action.applied_at else { return };
    events.push((kind, applied_at, Some(action.number)));
    if let Some(over_at) = action.over_at() {
        events.push(("REINSTATED", over_at, Some(action.number)));
    }
}

/// What the suspensions of its trader did to a listing. One that a decision gives back meanwhile is
/// hidden at once.
fn happened_by_suspensions(listing: &Listing, events: &mut Vec<Happened>) {
    for suspension in listing.suspensions.iter() {
        let action = Some(suspension.action);
        let took_down = listing.history.iter().filter(|action| {
            action.applied_at.is_some() && (action.measures.removes() || action.measures.disables())
        });
        let given_back = took_down.filter_map(Action::over_at);
        let is_within = |at: &Timestamp| listing.suspensions.at(*at) == Some(suspension);
        for at in given_back.filter(is_within).chain([suspension.from]) {
            if listing.is_suspended_at(at.plus_s(1)) {
                events.push(("HIDDEN", at, action));
            }
        }
        let Some(until) = suspension.until else { continue };
        if listing.is_suspended_at(until.plus_s(-1)) {
            events.push(("REINSTATED", until, action));
        }
    }
}

/// The columns, in the codebook's order.
const COLUMNS: &[Column] = &[
    ("event_id", Shape::Text),
    ("listing_id", Shape::Text),
    ("event_type", Shape::Text),
    ("occurred_at", Shape::Moment),
    ("action_id", Shape::Text),
    ("relist_of_listing_id", Shape::Text),
    ("match_method", Shape::Text),
    ("match_score", Shape::Number),
];

impl Record for ListingEvent<'_> {
    const TABLE: &'static Table = &Table {
        dataset: "listing_events",
        columns: COLUMNS,
        format: Format::Parquet,
        files: Files::Parts,
    };

    fn since(&self) -> Timestamp {
        self.occurred_at
    }

    fn cells(&self, _: Seen) -> Vec<Cell<'_>> {
        let relisting = self.relisting.as_ref();
        vec![
            (&self.id).into(),
            self.listing_id.into(),
            self.kind.into(),
            self.occurred_at.into(),
            self.action_id.as_ref().into(),
            relisting.map(|relisting| &relisting.of_listing_id).into(),
            relisting.map(|relisting| relisting.match_method).into(),
            relisting.map(|relisting| relisting.match_score).into(),
        ]
    }
}
