//! Notices: who told the platform of what, and what it did with that.
//!
//! A decision that was taken on a notice has one, and mostly duplicates of it; other notices led to
//! nothing, or to nothing yet.
//!
//! # Rooms
//! - `notifier`: who they are and through which door they come.
//! - `row`: the rows.

mod notifier;
mod row;

use domain::Timestamp;

use self::notifier::Notifier;
pub(crate) use self::row::NoticeAction;
use crate::GenerateError;
use crate::calendar::{DAY_S, HOUR_S, Season, Span};
use crate::deliver::Desk;
use crate::draw::{Draw, Stream};
use crate::infringements::Infringement;
use crate::listings::Listing;
use crate::marketplace::Marketplace;
use crate::moderation_actions::{Action, Target};
use crate::pseudonyms::Named;
use crate::traders::Trader;

/// One notice: a row of `notices`.
#[derive(Debug)]
pub(crate) struct Notice {
    /// `notice_id`
    pub(crate) id: String,
    /// When it was submitted.
    pub(crate) submitted_at: Timestamp,
    /// Who submitted it.
    pub(crate) notifier: Notifier,
    /// What it says the content is.
    pub(crate) alleged_category: &'static str,
    /// When its receipt was confirmed.
    pub(crate) acknowledged_at: Option<Timestamp>,
    /// What the platform did with it, if it has yet.
    pub(crate) decision: Option<NoticeDecision>,
    number: u64,
    about: About,
}

/// What a notice is about.
#[derive(Clone, Debug)]
struct About {
    target_type: &'static str,
    target_id: String,
    listing_id: Option<String>,
    language: Option<String>,
}

/// What the platform did with a notice.
#[derive(Debug)]
pub(crate) struct NoticeDecision {
    /// When.
    pub(crate) decided_at: Timestamp,
    /// `decision`
    pub(crate) kind: &'static str,
    /// When the notifier was told.
    pub(crate) notified_at: Option<Timestamp>,
    /// The decision that it led to, and when that was taken.
    action: Option<(String, Timestamp)>,
    duplicate_of: Option<String>,
    automated: bool,
    manifestly_unfounded: bool,
    redress_information_given: bool,
}

/// The most notices about one thing that led to one decision, as a power of two.
const PLACES: u64 = 8;
/// The numbers of notices that led to nothing begin here.
const OTHER: u64 = 1 << 60;
/// The numbers of notices about what is no listing begin here.
const ELSEWHERE: u64 = 1 << 61;

impl Marketplace {
    /// The identifier of the first notice that led to the decision with a number.
    pub(crate) fn notice_id(&self, action: u64) -> String {
        self.id(Named::Notice, action * PLACES)
    }

    /// Writes the notices that led to a decision, and that they did.
    pub(crate) fn write_notices_of(
        &self,
        action: &Action,
        desk: &mut Desk<'_>,
    ) -> Result<(), GenerateError> {
        let Some(first) = &action.finding.notice_id else { return Ok(()) };
        if *first != self.notice_id(action.number) {
            // The notice was about something else that this hangs on.
            return desk.write(&NoticeAction::new(first, action));
        }
        for notice in self.notices_of(action) {
            desk.enforcement.notice(&notice, Some(action), self.newest());
            notice.count(&mut desk.tally);
            desk.write(&notice)?;
            desk.write(&NoticeAction::new(&notice.id, action))?;
        }
        Ok(())
    }

    /// The notices that led to a decision, the first one first.
    fn notices_of(&self, action: &Action) -> Vec<Notice> {
        let mut draw = self.draw(Stream::Notice, action.number);
        let is_flagged = action.finding.source_type == "SOURCE_TRUSTED_FLAGGER";
        let delay =
            draw.spread(if is_flagged { HOUR_S..4 * DAY_S } else { 5 * HOUR_S..16 * DAY_S });
        let life = action.decided_at.unix_s() - action.subject.posted_at.unix_s();
        let submitted_at = action.decided_at.plus_s(-delay.min(life * 9 / 10));
        let notifier = if is_flagged {
            Notifier::flagger(&mut draw)
        } else {
            Notifier::of(action.infringement, &mut draw)
        };
        let first = self.notice_of(action, 0, (submitted_at, notifier), &mut draw);
        let more = draw.weighted(&[(58, 0), (24, 1), (11, 2), (5, 3), (2, 5)]);
        let mut notices = vec![first];
        for place in 1..=more {
            let mut draw = self.draw(Stream::Notice, action.number | place << 56);
            let span = Span { from: submitted_at, until: action.decided_at };
            let later = span.at(draw.within(0..span.length_us()));
            let notifier = Notifier::of(action.infringement, &mut draw);
            let mut notice = self.notice_of(action, place, (later, notifier), &mut draw);
            if let Some(decision) = &mut notice.decision {
                decision.kind = "DUPLICATE";
                decision.duplicate_of = Some(notices[0].id.clone());
            }
            notices.push(notice);
        }
        notices
    }

    /// Draws a notice that led to a decision.
    fn notice_of(
        &self,
        action: &Action,
        place: u64,
        (submitted_at, notifier): (Timestamp, Notifier),
        draw: &mut Draw,
    ) -> Notice {
        let subject = &action.subject;
        let target_type = match subject.target {
            Target::Listing => "LISTING",
            Target::Ad => "AD",
            Target::Trader => "STORE",
            Target::AffiliateLink => "LINK",
        };
        let about = About {
            target_type,
            target_id: subject.target_id.clone(),
            listing_id: subject.listing_id.clone(),
            language: subject.language.map(str::to_lowercase),
        };
        let kind = if action.infringement.is_illegal() { "ACTION_LAW" } else { "ACTION_TC" };
        let mut notice = self.fresh_notice(
            action.number * PLACES + place,
            (about, submitted_at, notifier),
            action.infringement,
            draw,
        );
        let told = self.notice_decision(&notice, (action.decided_at, kind), draw);
        let led_to = Some((action.id.clone(), action.decided_at));
        notice.acknowledged_at = notice.acknowledged_at.map(|at| at.min(action.decided_at));
        notice.decision = Some(NoticeDecision { action: led_to, ..told });
        notice
    }

    /// Draws a notice that is not decided.
    fn fresh_notice(
        &self,
        number: u64,
        (about, submitted_at, notifier): (About, Timestamp, Notifier),
        infringement: &Infringement,
        draw: &mut Draw,
    ) -> Notice {
        // Whoever has no account is confirmed to by mail, and sometimes is not.
        let acknowledged = draw.chance(if notifier.is_registered { 985 } else { 900 });
        let acknowledged_at = acknowledged
            .then(|| draw.after(submitted_at, 1..2 * HOUR_S))
            .filter(|at| notifier.has_contact && *at < self.span.until);
        let is_vague = draw.chance(60);
        let alleged_category = if is_vague {
            "STATEMENT_CATEGORY_NOT_SPECIFIED_NOTICE"
        } else {
            infringement.category
        };
        Notice {
            id: self.id(Named::Notice, number),
            submitted_at,
            notifier,
            alleged_category,
            acknowledged_at,
            decision: None,
            number,
            about,
        }
    }

    /// Draws how a notice is decided on.
    fn notice_decision(
        &self,
        notice: &Notice,
        (decided_at, kind): (Timestamp, &'static str),
        draw: &mut Draw,
    ) -> NoticeDecision {
        let notified_at = draw.after(decided_at, 5..DAY_S);
        NoticeDecision {
            decided_at,
            kind,
            notified_at: (notice.notifier.has_contact && notified_at < self.span.until)
                .then_some(notified_at),
            action: None,
            duplicate_of: None,
            automated: draw.chance(420),
            manifestly_unfounded: kind == "NO_ACTION" && draw.chance(110),
            redress_information_given: !draw.chance(70),
        }
    }

    /// Writes the notice about a listing that led to nothing, if there is one.
    pub(crate) fn write_idle_notice(
        &self,
        (trader, number): (&Trader, u64),
        listing: &Listing,
        desk: &mut Desk<'_>,
    ) -> Result<(), GenerateError> {
        let mut draw = self.draw(Stream::Notice, OTHER | number);
        let from = self.span.from.max(listing.published_at.plus_s(HOUR_S));
        let (_, changed_at) = listing.state;
        let is_up = listing.state.0.is_active();
        let until = if is_up { self.span.until.plus_s(-60) } else { changed_at };
        let span = Span { from, until };
        if !draw.chance(trader.conduct.of([55, 90, 130])) || span.is_empty() {
            return Ok(());
        }
        let about = About {
            target_type: "LISTING",
            target_id: listing.id.clone(),
            listing_id: Some(listing.id.clone()),
            language: Some(listing.language.code.to_owned()),
        };
        let infringement = draw.weighted(listing.product.category.infringements);
        self.write_idle((OTHER | number, about, span), infringement, draw, desk)
    }

    /// How many notices are about what is no listing.
    pub(crate) fn notices_elsewhere(&self) -> u64 {
        self.sizes.listings / 60
    }

    /// Writes a notice about what is neither listing nor advertisement.
    pub(crate) fn write_notice_elsewhere(
        &self,
        number: u64,
        desk: &mut Desk<'_>,
    ) -> Result<(), GenerateError> {
        let mut draw = self.draw(Stream::Notice, ELSEWHERE | number);
        let (target_type, infringement) = draw.weighted(notifier::ELSEWHERE);
        let target_id = match target_type {
            "REVIEW" => self.id(Named::Review, number),
            "MESSAGE" => self.id(Named::Message, number),
            _ => self.id(Named::Trader, draw.rank(self.sizes.traders)),
        };
        let language = Some(draw.weighted(&crate::places::POST_LANGUAGES).to_lowercase());
        let about = About { target_type, target_id, listing_id: None, language };
        let span = Span { from: self.span.from, until: self.span.until.plus_s(-60) };
        self.write_idle((ELSEWHERE | number, about, span), infringement, draw, desk)
    }

    /// Writes a notice that led to nothing, or to nothing yet.
    fn write_idle(
        &self,
        (number, about, span): (u64, About, Span),
        infringement: &'static Infringement,
        mut draw: Draw,
        desk: &mut Desk<'_>,
    ) -> Result<(), GenerateError> {
        let submitted_at = draw.moment(span, &Season::PUBLIC);
        let is_flagged = draw.chance(40);
        let notifier = if is_flagged {
            Notifier::flagger(&mut draw)
        } else {
            Notifier::of(infringement, &mut draw)
        };
        // Who has no account waits longest, and some for good.
        let forgotten = if is_flagged {
            15
        } else if notifier.is_registered {
            110
        } else {
            280
        };
        let mut notice =
            self.fresh_notice(number, (about, submitted_at, notifier), infringement, &mut draw);
        let delay = if is_flagged { HOUR_S..5 * DAY_S } else { 6 * HOUR_S..24 * DAY_S };
        let decided_at = draw.after(submitted_at, delay);
        let kind = if notice.notifier.is_complete() {
            draw.weighted(&[(92, "NO_ACTION"), (8, "INCOMPLETE")])
        } else {
            draw.weighted(&[(40, "NO_ACTION"), (60, "INCOMPLETE")])
        };
        if !draw.chance(forgotten) && decided_at < self.span.until {
            notice.acknowledged_at = notice.acknowledged_at.map(|at| at.min(decided_at));
            notice.decision = Some(self.notice_decision(&notice, (decided_at, kind), &mut draw));
        }
        self.plant_orphan(&mut notice, &mut draw, desk);
        desk.enforcement.notice(&notice, None, self.newest());
        notice.count(&mut desk.tally);
        desk.write(&notice)?;
        self.write_complaint_of(&notice, draw, desk)
    }

    /// Makes a few notices duplicates of ones that are not there: plants orphans.
    fn plant_orphan(&self, notice: &mut Notice, draw: &mut Draw, desk: &mut Desk<'_>) {
        /// Apart from the numbers of notices that are there.
        const GONE: u64 = 1 << 59;
        let Some(decision) = &mut notice.decision else { return };
        if !draw.chance(4) {
            return;
        }
        let gone = self.id(Named::Notice, GONE | notice.number);
        decision.kind = "DUPLICATE";
        decision.manifestly_unfounded = false;
        desk.truths.orphan("notices", "duplicate_of", (&notice.id, &gone));
        decision.duplicate_of = Some(gone);
    }

    /// Writes the complaint of a notifier on whose notice nothing was done, if there is one.
    fn write_complaint_of(
        &self,
        notice: &Notice,
        mut draw: Draw,
        desk: &mut Desk<'_>,
    ) -> Result<(), GenerateError> {
        let told_at = notice.decision.as_ref().filter(|decision| decision.kind == "NO_ACTION");
        let told_at = told_at.and_then(|decision| decision.notified_at);
        let Some(told_at) = told_at.filter(|_| draw.chance(70)) else { return Ok(()) };
        let about = (notice.number & !OTHER, &*notice.id);
        match self.complaint_about_inaction(about, told_at, &mut draw) {
            Some(complaint) => self.write_complaint(&complaint, desk),
            None => Ok(()),
        }
    }
}
