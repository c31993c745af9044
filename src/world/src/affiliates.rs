//! Links of affiliates that were looked into: hidden ones lead to something else than they declare.

use domain::Timestamp;

use crate::calendar::{DAY_S, HOUR_S, Season, Span};
use crate::deliver::Group;
use crate::draw::{Draw, Stream};
use crate::infringements::{self as held, Infringement};
use crate::marketplace::Marketplace;
use crate::moderation_actions::{Action, Measures, Stage, Subject, Target};
use crate::monitoring::tally::{Counted, Tally};
use crate::pseudonyms::Named;
use crate::record::{Cell, Column, Record, Shape};
use crate::sanctions::Sanction;
use crate::seen::Seen;
use crate::table::{Files, Format, Table};

/// The table of affiliates' links; the decisions on them go where all decisions do.
pub(crate) const GROUP: Group = Group {
    tables: &[AffiliateLink::TABLE],
    rows_expected: Marketplace::affiliate_links,
    write: |marketplace, desk| {
        for link in
            (0..marketplace.affiliate_links()).map(|number| marketplace.affiliate_link(number))
        {
            marketplace.write_actions(&link.action, desk)?;
            link.sanction.iter().try_for_each(|sanction| desk.write(sanction))?;
            link.count(&mut desk.tally);
            desk.write(&link)?;
        }
        Ok(())
    },
};

/// One link: a row of `affiliate_links`.
#[derive(Debug)]
pub(crate) struct AffiliateLink {
    /// `link_id`
    pub(crate) id: String,
    /// `affiliate_id`
    pub(crate) affiliate_id: String,
    /// What it led to, where that infringed something.
    pub(crate) infringement: Option<&'static Infringement>,
    /// Whether it led to something else than it declares.
    pub(crate) is_hidden: bool,
    /// When it was found or checked.
    pub(crate) detected_at: Timestamp,
    /// The decision that followed.
    pub(crate) action: Option<Action>,
    /// What it brought the affiliate.
    sanction: Option<Sanction>,
    declared_listing_id: Option<String>,
    detected_by: &'static str,
}

/// What hidden links lead to.
const BEHIND: &[(u64, &Infringement)] = &[
    (38, &held::TRADEMARK),
    (24, &held::PROHIBITED_PRODUCT),
    (16, &held::INAUTHENTIC_LISTING),
    (12, &held::UNSAFE_PRODUCT),
    (10, &held::MINORS),
];

impl Marketplace {
    /// How many links were looked into.
    pub(crate) fn affiliate_links(&self) -> u64 {
        self.sizes.listings / 50
    }

    /// The link with a number.
    pub(crate) fn affiliate_link(&self, number: u64) -> AffiliateLink {
        let mut draw = self.draw(Stream::AffiliateLink, number);
        // Few affiliates have most of the links.
        let affiliate = draw.rank(1 + self.affiliate_links() / 6);
        let listing = self.listing(draw.below(self.sizes.listings));
        let span = Span {
            from: self.span.from.max(listing.published_at.plus_s(HOUR_S)),
            until: self.span.until.plus_s(-HOUR_S),
        };
        let detected_at = draw.moment(span, &Season::STAFF);
        let is_hidden = draw.chance(340);
        // A few that hide nothing lead to a listing that should not be there.
        let infringes = if is_hidden { draw.chance(930) } else { draw.chance(30) };
        let infringement = infringes.then(|| draw.weighted(BEHIND));
        let declares = !draw.chance(if is_hidden { 180 } else { 0 });
        let mut link = AffiliateLink {
            id: self.id(Named::AffiliateLink, number),
            affiliate_id: self.id(Named::Affiliate, affiliate),
            infringement,
            is_hidden,
            detected_at,
            action: None,
            sanction: None,
            declared_listing_id: declares.then_some(listing.id),
            detected_by: draw.weighted(&[(70, "INTERNAL"), (30, "THIRD_PARTY")]),
        };
        self.act_on(&mut link, number, &mut draw);
        link
    }

    /// Takes the decision on a link, if there is one.
    fn act_on(&self, link: &mut AffiliateLink, number: u64, draw: &mut Draw) {
        let Some(infringement) = link.infringement.filter(|_| draw.chance(880)) else { return };
        let decided_at = draw.after(link.detected_at, 60..6 * DAY_S);
        if self.span.until <= decided_at {
            return;
        }
        let subject = Subject {
            target: Target::AffiliateLink,
            target_id: link.id.clone(),
            listing_id: None,
            trader_id: None,
            posted_at: link.detected_at.plus_s(-draw.spread(HOUR_S..120 * DAY_S)),
            language: None,
            gtin: None,
            offered_in: None,
            orders: None,
        };
        let kind = draw.weighted(&[
            (75, &["DECISION_VISIBILITY_CONTENT_DISABLED"]),
            (25, &["DECISION_VISIBILITY_CONTENT_REMOVED"]),
        ]);
        let ruling = (decided_at, Stage::PostListing, Measures::visibility(kind), infringement);
        let action = self.decide((number, 0), subject, ruling, draw);
        link.detected_by = match action.finding.source_type {
            "SOURCE_VOLUNTARY" => "INTERNAL",
            "SOURCE_TYPE_OTHER_NOTIFICATION" => "THIRD_PARTY",
            _ => "NOTICE",
        };
        link.sanction = self.sanction_of_affiliate(number, &link.affiliate_id, &action);
        link.action = Some(action);
    }
}

impl AffiliateLink {
    /// Counts it, where it is hidden.
    fn count(&self, tally: &mut Tally) {
        if !self.is_hidden {
            return;
        }
        let (month, decided_at) =
            (self.detected_at.date(), self.action.as_ref().map(|a| a.decided_at));
        tally.count((Counted::HiddenLinks, ""), month, (self.detected_at, 1));
        if let Some(at) = decided_at.filter(|at| *at <= self.detected_at.plus_s(2 * DAY_S)) {
            tally.count((Counted::HiddenLinksInTime, ""), month, (at, 1));
        }
    }
}

/// The columns, in the codebook's order.
const COLUMNS: &[Column] = &[
    ("link_id", Shape::Text),
    ("affiliate_id", Shape::Text),
    ("declared_listing_id", Shape::Text),
    ("observed_category", Shape::Text),
    ("hidden_link", Shape::Boolean),
    ("detected_by", Shape::Text),
    ("detected_at", Shape::Moment),
    ("action_id", Shape::Text),
    ("sanction_id", Shape::Text),
];

impl Record for AffiliateLink {
    const TABLE: &'static Table = &Table {
        dataset: "affiliate_links",
        columns: COLUMNS,
        format: Format::Ndjson,
        files: Files::Months,
    };

    fn since(&self) -> Timestamp {
        self.detected_at
    }

    fn cells(&self, seen: Seen) -> Vec<Cell<'_>> {
        let action = self.action.as_ref().filter(|action| seen.has(action.decided_at));
        let sanction = self.sanction.as_ref().filter(|sanction| seen.has(sanction.imposed_at));
        vec![
            (&self.id).into(),
            (&self.affiliate_id).into(),
            self.declared_listing_id.as_ref().into(),
            self.infringement.map(|infringement| infringement.category).into(),
            self.is_hidden.into(),
            self.detected_by.into(),
            self.detected_at.into(),
            action.map(|action| &action.id).into(),
            sanction.map(|sanction| &sanction.id).into(),
        ]
    }
}
