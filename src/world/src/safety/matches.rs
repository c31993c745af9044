//! The listings that were found to be of a dangerous product.

use domain::Timestamp;

use super::{Alert, Dangerous};
use crate::calendar::{DAY_S, HOUR_S};
use crate::draw::Draw;
use crate::listings::{Listing, Status};
use crate::marketplace::Marketplace;
use crate::record::{Cell, Column, Record, Shape, Thousandths};
use crate::seen::Seen;
use crate::table::{Files, Format, Table};

/// A listing that matched an alert: a row of `safety_alert_matches`.
#[derive(Debug)]
pub(crate) struct AlertMatch {
    alert_id: String,
    listing_id: String,
    matched_at: Timestamp,
    method: &'static str,
    score: Option<Thousandths>,
    status: &'static str,
    action: Option<(String, Timestamp)>,
}

impl Marketplace {
    /// The listings that matched an alert: the dangerous one and those of the same product.
    pub(super) fn matches(
        &self,
        alert: &Alert,
        dangerous: &Dangerous,
        draw: &mut Draw,
    ) -> Vec<AlertMatch> {
        let number = dangerous.number;
        let of_cluster = self.cluster_of(number).into_iter();
        let mates = of_cluster.flat_map(|cluster| self.listings_of_cluster(cluster));
        let copies = dangerous.listing.copies.iter().map(|copy| copy.number);
        let others: Vec<_> = mates.chain(copies).filter(|other| *other != number).collect();
        let mut found: Vec<_> = self.found(alert, &dangerous.listing, draw).into_iter().collect();
        for other in others {
            found.extend(self.found(alert, &self.listing(other), draw));
        }
        found
    }

    /// How a listing was found, if it was before the present.
    fn found(&self, alert: &Alert, listing: &Listing, draw: &mut Draw) -> Option<AlertMatch> {
        let from = alert.came_at().max(listing.published_at);
        let removal = listing.history.iter().find(|action| {
            from < action.decided_at
                && action.measures.removes()
                && action.infringement.policy == "sp-safety"
        });
        // Whoever decides because of an alert has found the listing before.
        let mut matched_at = draw.after(from, HOUR_S..8 * DAY_S);
        if let Some(removal) = removal {
            let half = (removal.decided_at.unix_s() - from.unix_s()) / 2;
            matched_at = matched_at.min(from.plus_s(half));
        }
        let (method, least) = match (&alert.gtin, &listing.product.gtin) {
            (Some(_), Some(_)) => ("GTIN", 1_000),
            _ => draw.weighted(&[
                (50, ("IMAGE", 760)),
                (30, ("TEXT", 700)),
                (20, ("FINGERPRINT", 900)),
            ]),
        };
        let score = (!draw.chance(20)).then(|| Thousandths(draw.within(least..1_001)));
        let status = match listing.state_at(matched_at).0 {
            Status::Active => "ACTIVE",
            Status::Removed => "REMOVED",
            Status::Hidden => "HIDDEN",
            Status::Delisted | Status::Expired => "DELISTED_BY_TRADER",
        };
        (matched_at < self.span.until).then(|| AlertMatch {
            alert_id: alert.id.clone(),
            listing_id: listing.id.clone(),
            matched_at,
            method,
            score,
            status,
            action: removal.map(|removal| (removal.id.clone(), removal.decided_at)),
        })
    }
}

/// The columns, in the codebook's order.
const COLUMNS: &[Column] = &[
    ("alert_id", Shape::Text),
    ("listing_id", Shape::Text),
    ("matched_at", Shape::Moment),
    ("match_method", Shape::Text),
    ("match_score", Shape::Number),
    ("status_at_match", Shape::Text),
    ("action_id", Shape::Text),
];

impl Record for AlertMatch {
    const TABLE: &'static Table = &Table {
        dataset: "safety_alert_matches",
        columns: COLUMNS,
        format: Format::Parquet,
        files: Files::Months,
    };

    fn since(&self) -> Timestamp {
        self.matched_at
    }

    fn cells(&self, seen: Seen) -> Vec<Cell<'_>> {
        let action = self.action.as_ref().filter(|(_, decided_at)| seen.has(*decided_at));
        vec![
            (&self.alert_id).into(),
            (&self.listing_id).into(),
            self.matched_at.into(),
            self.method.into(),
            self.score.into(),
            self.status.into(),
            action.map(|(id, _)| id).into(),
        ]
    }
}
