//! Advertisements: the repository of Art. 39, a year back.
//!
//! # Rooms
//! - `targeting`: whom they are aimed at.
//! - `reach`: whom they reached.
//! - `truths`: what is true of them.

mod reach;
mod targeting;
mod truths;

use chrono::Months;
use domain::{Date, Timestamp};
use serde_json::json;

use crate::GenerateError;
use crate::calendar::{DAY_S, HOUR_S, Season, Span, earlier};
use crate::deliver::Desk;
use crate::draw::{Draw, Stream};
use crate::infringements::{self as held, Infringement};
use crate::listings::{Listing, Status};
use crate::marketplace::Marketplace;
use crate::moderation_actions::{Action, Measures, Stage, Subject, Target};
use crate::monitoring::tally::{Counted, Tally};
use crate::places::SELLERS;
use crate::products::CATEGORIES;
use crate::pseudonyms::Named;
use crate::record::{Cell, Column, Record, Shape};
use crate::seen::{EDITIONS, Seen};
use crate::suspensions::Suspensions;
use crate::table::{Files, Format, Table};
use crate::words;

pub(crate) use self::reach::{GroupReach, Reach};
use self::targeting::Audience;
pub(crate) use self::targeting::{Operator, Targeting};
pub(crate) use self::truths::AdTruths;

/// One advertisement: a row of `ads`.
#[derive(Debug)]
pub(crate) struct Ad {
    /// `ad_id`
    pub(crate) id: String,
    /// The decision about it, which may have been reversed.
    pub(crate) action: Option<Action>,
    /// First and last day on which it is shown if no decision stops it; the last may be to come.
    pub(crate) run: [Date; 2],
    number: u64,
    advertiser: Advertiser,
    listing_id: Option<String>,
    /// What is held against its listing and when that was removed, where it was illegal, as each edition
    /// knows it.
    illegal_listing: [Option<(&'static str, Date)>; EDITIONS],
    content: Content,
    targeted: bool,
    audience: Audience,
    is_commercial_communication: bool,
    /// Recipients as each edition knows them; none where they were not counted.
    recipients: Option<[i64; EDITIONS]>,
    placement: &'static str,
}

/// Who advertises.
#[derive(Debug)]
struct Advertiser {
    id: String,
    trader_id: Option<String>,
    /// The name that the repository gives, and the payer's where that is another.
    names: [Option<String>; 2],
    pays: bool,
}

/// What it shows (Art. 39(2)(a)).
#[derive(Debug)]
struct Content {
    text: Option<String>,
    media_sha256: Option<String>,
    product: Option<String>,
    brand: Option<String>,
    subject: Option<&'static str>,
}

impl Marketplace {
    /// The advertisement with a number.
    pub(crate) fn ad(&self, number: u64) -> Ad {
        let mut draw = self.draw(Stream::Ad, number);
        let trader = self.trader_of_ad(number);
        let listing = trader
            .filter(|_| draw.chance(940))
            .and_then(|trader| self.advertised(trader, &mut draw));
        let suspensions = trader.map(|trader| self.suspensions.of(trader)).unwrap_or_default();
        let run = self.run((listing.as_ref(), &suspensions), &mut draw);
        let advertiser = self.advertiser(trader, &mut draw);
        let content = Content::new(listing.as_ref(), &mut draw);
        let mut ad = Ad {
            id: self.id(Named::Ad, number),
            action: None,
            run,
            number,
            advertiser,
            listing_id: listing.as_ref().map(|listing| listing.id.clone()),
            illegal_listing: self
                .editions
                .map(|seen| listing.as_ref().and_then(|listing| illegal(listing, seen))),
            content,
            targeted: draw.chance(620),
            audience: Audience::default(),
            is_commercial_communication: draw.chance(70),
            recipients: None,
            placement: draw.weighted(&[
                (44, "SEARCH"),
                (26, "RECOMMENDATION"),
                (11, "PDP"),
                (9, "HOME"),
                (6, "AFFILIATE"),
                (4, "LIVE"),
            ]),
        };
        let (is_counted, again_per_cent) = (!draw.chance(15), draw.within(20..75));
        let mut draw = self.draw(Stream::AdHistory, number);
        self.stop(&mut ad, number, listing.as_ref(), &mut draw);
        ad.audience = self.audience(&ad, listing.as_ref().map(|listing| &*listing.offered_in));
        ad.recipients = is_counted.then(|| reach::total(&self.reach_of(&ad), again_per_cent));
        ad
    }

    /// Writes an advertisement with its targeting and its reach, and the decision on it.
    pub(crate) fn write_ad(&self, number: u64, desk: &mut Desk<'_>) -> Result<(), GenerateError> {
        let ad = self.ad(number);
        let reach = self.reach_of(&ad);
        desk.write(&ad)?;
        ad.targeting().iter().try_for_each(|targeting| desk.write(targeting))?;
        for row in &reach {
            desk.write(row)?;
            row.groups.iter().try_for_each(|group| desk.write(group))?;
        }
        ad.count(&mut desk.tally, self.editions);
        desk.ads.add(&ad, &reach, self.newest());
        if let Some((listing, removed_on)) = ad.ran_on(self.newest()) {
            let example = json!({"ad_id": ad.id, "listing_id": listing, "removed_on": removed_on.to_string()});
            desk.truths.tell("ads_that_ran_on", example);
        }
        self.write_actions(&ad.action, desk)
    }

    /// A listing of a trader that was up for some days, the first ones rather than the others.
    fn advertised(&self, trader: u64, draw: &mut Draw) -> Option<Listing> {
        let listings = self.listings_of(trader);
        let count = listings.end - listings.start;
        if count == 0 {
            return None;
        }
        let listing = self.listing(listings.start + draw.rank(count));
        let up = self.shown_span((Some(&listing), &listing.suspensions));
        (DAY_S * 2 * 1_000_000 < up.length_us()).then_some(listing)
    }

    /// When an advertisement can be shown and still be in the repository: without a break.
    fn shown_span(&self, (listing, suspensions): (Option<&Listing>, &Suspensions)) -> Span {
        let from = self.span.until.plus_s(-360 * DAY_S).max(self.opened_at);
        let span = match listing {
            None => Span { from, until: self.span.until },
            Some(listing) => {
                let (status, changed_at) = listing.state;
                let down = if status == Status::Active { self.span.until } else { changed_at };
                Span { from: from.max(listing.published_at.plus_s(DAY_S)), until: down }
            }
        };
        suspensions.longest_break(span)
    }

    /// Draws when an advertisement is shown.
    fn run(
        &self,
        (listing, suspensions): (Option<&Listing>, &Suspensions),
        draw: &mut Draw,
    ) -> [Date; 2] {
        let span = self.shown_span((listing, suspensions));
        let first = draw.moment(span, &Season::PUBLIC);
        let planned = first.plus_s(draw.spread(1..150) * DAY_S);
        let (status, changed_at) = match listing {
            Some(listing) => listing.state,
            None => (Status::Active, self.span.until),
        };
        // What leads to a listing that is gone is switched off, but where it was removed, some run on.
        let runs_on = status == Status::Active || (status == Status::Removed && draw.chance(450));
        let last = if runs_on { planned } else { earlier([planned, changed_at]) };
        // Who is suspended does not advertise.
        let suspended_at = suspensions.next_after(first).unwrap_or(last);
        [first.date(), earlier([last, suspended_at]).date()]
    }

    /// Takes the decision on an advertisement, if there is one.
    fn stop(&self, ad: &mut Ad, number: u64, listing: Option<&Listing>, draw: &mut Draw) {
        let [first, last] = ad.run.map(Timestamp::start_of);
        let shown = Span {
            from: self.span.from.max(first.plus_s(HOUR_S)),
            until: earlier([last.plus_s(DAY_S), self.span.until.plus_s(-HOUR_S)]),
        };
        let removal = listing
            .filter(|listing| listing.state.0 == Status::Removed)
            .and_then(|listing| listing.removal(self.span.until))
            .filter(|removal| removal.decided_at < shown.until);
        let share = if removal.is_some() { 450 } else { 30 };
        let from = removal.map_or(shown.from, |removal| removal.decided_at.max(shown.from));
        let span = Span { from, until: shown.until };
        if !draw.chance(share) || span.is_empty() {
            return;
        }
        let infringement = match removal {
            Some(removal) => removal.infringement,
            None => draw.weighted(AD_INFRINGEMENTS),
        };
        let kind = draw.weighted(&[
            (80, &["DECISION_VISIBILITY_CONTENT_REMOVED"]),
            (20, &["DECISION_VISIBILITY_CONTENT_DISABLED"]),
        ]);
        let decided_at = draw.moment(span, &Season::STAFF);
        let ruling = (decided_at, Stage::PostListing, Measures::visibility(kind), infringement);
        let mut action = self.decide((number, 0), ad.subject(first, listing), ruling, draw);
        // What was decided on because of a notice about the listing goes on because of the same one.
        let behind = removal.map(|removal| &removal.finding);
        if let Some(behind) = behind.filter(|behind| behind.notice_id.is_some() && draw.chance(900))
        {
            action.finding.source_type = behind.source_type;
            action.finding.notice_id.clone_from(&behind.notice_id);
            action.finding.detector_id = None;
        }
        // Whoever counts how often a listing was seen before counts what recommended it too.
        let recommended = listing.filter(|listing| self.is_exposed(listing.number));
        let recommended = recommended.map_or(0, |listing| {
            let exposure = self.exposure_of(listing.number, listing);
            exposure.iter().map(|shown| shown.impressions).sum()
        });
        action.exposure = action.exposure.map(|shown| shown + recommended);
        ad.action = Some(action);
    }

    /// Draws who advertises: a trader, or a company that sells elsewhere.
    fn advertiser(&self, trader: Option<u64>, draw: &mut Draw) -> Advertiser {
        /// Advertisers who are no traders, a few of whom have most of the advertisements.
        const OTHERS: u64 = 400;
        /// Apart from the numbers of traders.
        const OTHER: u64 = 1 << 40;
        let number = trader.unwrap_or_else(|| OTHER | draw.rank(OTHERS));
        let is_company = draw.chance(930);
        let name = if is_company {
            words::company(number, draw.weighted(&SELLERS))
        } else {
            words::person(number)
        };
        let pays = draw.chance(880);
        let agency = format!("{} Media", words::company(draw.rank(60) | 1 << 50, ""));
        Advertiser {
            id: self.id(Named::Advertiser, number),
            trader_id: trader.map(|trader| self.id(Named::Trader, trader)),
            // In a few cases the repository names nobody.
            names: [
                Some(name).filter(|_| !draw.chance(12)),
                Some(agency).filter(|_| !pays && !draw.chance(60)),
            ],
            pays,
        }
    }
}

/// What is held against a listing that was removed as illegal, and when it was.
fn illegal(listing: &Listing, seen: Seen) -> Option<(&'static str, Date)> {
    let removal = listing.removal(seen.at);
    let removal = removal.filter(|removal| removal.infringement.is_illegal())?;
    Some((removal.infringement.category, removal.applied_at?.date()))
}

/// What is held against advertisements whose listing is not removed.
const AD_INFRINGEMENTS: &[(u64, &Infringement)] = &[
    (40, &held::MISLEADING_CLAIM),
    (25, &held::NOT_PERMITTED),
    (20, &held::TRADEMARK),
    (15, &held::PRICING),
];

impl Content {
    /// Draws what an advertisement shows; in a few cases the repository lacks a part of it.
    fn new(listing: Option<&Listing>, draw: &mut Draw) -> Self {
        let (brand, category, noun) = match listing {
            Some(listing) => {
                let category = listing.product.category;
                (listing.product.brand.clone(), category, category.nouns[0])
            }
            None => {
                let category = draw.pick(&[&CATEGORIES[0], &CATEGORIES[4], &CATEGORIES[5]]);
                (Some(words::brand(draw.rank(600))), category, category.nouns[0])
            }
        };
        let product = format!("{} {noun}", brand.as_deref().unwrap_or_default());
        let product = product.trim_start();
        let offer = draw.pick(&["Now in the shop:", "This week:", "New:", "Back again:"]);
        let digest: [u64; 4] = std::array::from_fn(|_| draw.bits());
        let digest = digest.iter().map(|part| format!("{part:016x}")).collect();
        let mut kept = || !draw.chance(14);
        Self {
            text: kept().then(|| format!("{offer} {product}")),
            media_sha256: kept().then_some(digest),
            product: kept().then(|| product.to_owned()),
            brand,
            subject: kept().then_some(category.path),
        }
    }
}

impl Ad {
    /// What a decision on it is about.
    fn subject(&self, first_shown: Timestamp, listing: Option<&Listing>) -> Subject {
        Subject {
            target: Target::Ad,
            target_id: self.id.clone(),
            listing_id: self.listing_id.clone(),
            trader_id: self.advertiser.trader_id.clone(),
            posted_at: first_shown,
            language: listing.map(|listing| listing.language.upper),
            gtin: None,
            offered_in: None,
            orders: None,
        }
    }

    /// The decision that keeps it down at a date.
    pub(crate) fn removal(&self, seen: Seen) -> Option<&Action> {
        self.action.as_ref().filter(|action| action.stands_at(seen.at))
    }

    /// The last day on which it was shown by then.
    pub(crate) fn last_shown(&self, seen: Seen) -> Date {
        let [_, last] = self.run;
        let stopped = self.removal(seen).and_then(|action| action.applied_at);
        last.min(stopped.map_or(seen.last_day(), Timestamp::date))
    }

    /// Its listing and when that was removed as illegal, where it was shown after that day.
    fn ran_on(&self, seen: Seen) -> Option<(&String, Date)> {
        let illegal = self.illegal_listing[seen.edition];
        let (_, removed_on) = illegal.filter(|(_, day)| *day < self.last_shown(seen))?;
        Some((self.listing_id.as_ref()?, removed_on))
    }

    /// The recipients it had reached by then.
    fn recipients(&self, seen: Seen) -> Option<i64> {
        self.recipients.map(|recipients| recipients[seen.edition])
    }

    /// What the repository says it is aimed by; of some it lacks that.
    pub(crate) fn targeting(&self) -> &[Targeting] {
        if self.audience.is_recorded { &self.audience.targeting } else { &[] }
    }

    /// Counts it as each edition knows it: whether the repository has all of it, where it was not removed
    /// and need not, and whether it was shown after its listing was removed.
    fn count(&self, tally: &mut Tally, editions: [Seen; EDITIONS]) {
        for seen in editions.into_iter().filter(|seen| seen.has(self.since())) {
            let mut one = |counted, month| tally.count_in(counted, month, seen.edition);
            if let Some((_, removed_on)) = self.ran_on(seen) {
                one(Counted::AdsRunOn, removed_on);
            }
            if self.removal(seen).is_none() {
                one(Counted::Ads, self.run[0]);
                if self.lacks(seen) == [false; 6] {
                    one(Counted::AdsComplete, self.run[0]);
                }
            }
        }
    }

    /// Whether the repository lacks something of Art. 39(2)(a), (b), (c), (d), (e) and (g).
    pub(crate) fn lacks(&self, seen: Seen) -> [bool; 6] {
        let Content { text, product, subject, .. } = &self.content;
        let [beneficiary, payer] = &self.advertiser.names;
        [
            text.is_none() || product.is_none() || subject.is_none(),
            beneficiary.is_none(),
            payer.is_none() && !self.advertiser.pays,
            false,
            self.targeted && !self.targeting().iter().any(|row| row.is_known(seen)),
            self.recipients.is_none(),
        ]
    }

    /// `status`
    fn status(&self, seen: Seen) -> &'static str {
        let [_, last] = self.run;
        match self.removal(seen) {
            Some(_) => "REMOVED",
            None if seen.last_day() <= last => "ACTIVE",
            None => "ENDED",
        }
    }

    /// The last day on which the repository must hold it (Art. 39(1)).
    fn repository_until(&self, seen: Seen) -> Option<Date> {
        let ended = Some(self.last_shown(seen)).filter(|_| self.status(seen) != "ACTIVE");
        ended.and_then(|last| last.checked_add_months(Months::new(12)))
    }
}

/// The columns, in the codebook's order.
const COLUMNS: &[Column] = &[
    ("ad_id", Shape::Text),
    ("advertiser_id", Shape::Text),
    ("advertiser_trader_id", Shape::Text),
    ("creative_text", Shape::Text),
    ("creative_media_sha256", Shape::Text),
    ("product_name", Shape::Text),
    ("brand", Shape::Text),
    ("subject_matter", Shape::Text),
    ("beneficiary_name", Shape::Text),
    ("payer_name", Shape::Text),
    ("payer_same_as_beneficiary", Shape::Boolean),
    ("first_shown", Shape::Date),
    ("last_shown", Shape::Date),
    ("targeted", Shape::Boolean),
    ("is_commercial_communication", Shape::Boolean),
    ("total_recipients_eu", Shape::Integer),
    ("listing_id", Shape::Text),
    ("placement", Shape::Text),
    ("status", Shape::Text),
    ("removal_action_id", Shape::Text),
    ("repository_until", Shape::Date),
];

impl Record for Ad {
    const TABLE: &'static Table =
        &Table { dataset: "ads", columns: COLUMNS, format: Format::Parquet, files: Files::One };

    fn since(&self) -> Timestamp {
        Timestamp::start_of(self.run[0])
    }

    fn cells(&self, seen: Seen) -> Vec<Cell<'_>> {
        let [first, _] = self.run;
        let [beneficiary, payer] = &self.advertiser.names;
        let removal = self.removal(seen);
        let content = Some(&self.content).filter(|_| removal.is_none());
        let people = Some(&self.advertiser).filter(|_| removal.is_none());
        vec![
            (&self.id).into(),
            (&self.advertiser.id).into(),
            self.advertiser.trader_id.as_ref().into(),
            content.and_then(|content| content.text.as_ref()).into(),
            content.and_then(|content| content.media_sha256.as_ref()).into(),
            content.and_then(|content| content.product.as_ref()).into(),
            content.and_then(|content| content.brand.as_ref()).into(),
            content.and_then(|content| content.subject).into(),
            people.and(beneficiary.as_ref()).into(),
            people.and(payer.as_ref()).into(),
            people.map(|people| people.pays).into(),
            first.into(),
            self.last_shown(seen).into(),
            self.targeted.into(),
            self.is_commercial_communication.into(),
            self.recipients(seen).into(),
            self.listing_id.as_ref().into(),
            self.placement.into(),
            self.status(seen).into(),
            removal.map(|action| &action.id).into(),
            self.repository_until(seen).into(),
        ]
    }
}
