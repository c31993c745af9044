//! Disputes before a certified body: after a complaint that did not help, seldom without one.

use domain::Timestamp;

use super::{About, Complaint, Outcome};
use crate::calendar::{DAY_S, HOUR_S};
use crate::draw::Stream;
use crate::marketplace::Marketplace;
use crate::monitoring::tally::{Counted, Tally, Waited};
use crate::pseudonyms::Named;
use crate::record::{Cell, Column, Record, Shape};
use crate::seen::Seen;
use crate::table::{Files, Format, Table};

/// The certified bodies with how many disputes they get, and where they are.
const BODIES: [(u64, [&str; 2]); 5] = [
    (44, ["Example Dispute Centre", "IE"]),
    (24, ["Example Schlichtung", "DE"]),
    (16, ["Example Rada", "PL"]),
    (10, ["Example Médiation", "FR"]),
    (6, ["Example Arbitrato", "IT"]),
];

/// One dispute: a row of `disputes`.
#[derive(Debug)]
pub(crate) struct Dispute {
    id: String,
    complaint_id: Option<String>,
    about: About,
    complainant: &'static str,
    member_state: Option<&'static str>,
    body: [&'static str; 2],
    submitted_at: Timestamp,
    closed: Option<(Timestamp, &'static str)>,
    implemented: Option<bool>,
}

impl Marketplace {
    /// The dispute that follows a complaint, if one does.
    pub(crate) fn dispute_after(&self, complaint: &Complaint) -> Option<Dispute> {
        let decision = complaint.decision.as_ref()?;
        let mut draw = self.draw(Stream::Dispute, complaint.number);
        let share = match decision.outcome {
            Outcome::Stands => 240,
            Outcome::Inadmissible => 120,
            Outcome::PartlyReversed => 60,
            Outcome::Reversed => 0,
        };
        let submitted_at = draw.after(decision.decided_at, 12 * HOUR_S..20 * DAY_S);
        if !draw.chance(share) || self.span.until <= submitted_at {
            return None;
        }
        let closed_at = draw.after(submitted_at, 3 * DAY_S..60 * DAY_S);
        let outcome = draw.weighted(&[
            (38, "DECISION_STANDS"),
            (30, "DECISION_REVERSED"),
            (10, "DECISION_PARTLY_REVERSED"),
            (9, "SETTLED"),
            (5, "NOT_ENGAGED"),
            (8, "DISCONTINUED"),
        ]);
        let asks = ["DECISION_REVERSED", "DECISION_PARTLY_REVERSED", "SETTLED"].contains(&outcome);
        // Bodies take disputes that nobody complained about before, too (Art. 21(1)).
        let follows = !draw.chance(80);
        Some(Dispute {
            id: self.id(Named::Dispute, complaint.number),
            complaint_id: follows.then(|| complaint.id.clone()),
            about: complaint.about.clone(),
            complainant: complaint.complainant,
            member_state: complaint.member_state,
            body: draw.weighted(&BODIES),
            submitted_at,
            closed: (closed_at < self.span.until).then_some((closed_at, outcome)),
            implemented: asks.then(|| draw.chance(640)),
        })
    }
}

impl Dispute {
    /// Counts it, how it ended, and whether the platform did what was asked.
    pub(crate) fn count(&self, tally: &mut Tally) {
        let (month, at) = (self.submitted_at.date(), self.submitted_at);
        tally.count((Counted::Disputes, ""), month, (at, 1));
        let Some((closed_at, outcome)) = self.closed else { return };
        tally.wait(Waited::DisputeClosed, [at, closed_at]);
        let mut one = |counted| tally.count((counted, ""), month, (closed_at, 1));
        if ["DECISION_REVERSED", "DECISION_PARTLY_REVERSED"].contains(&outcome) {
            one(Counted::DisputesForRecipient);
        }
        if let Some(is_done) = self.implemented {
            one(Counted::DisputesToImplement);
            if is_done {
                one(Counted::DisputesImplemented);
            }
        }
    }
}

/// The columns, in the codebook's order.
const COLUMNS: &[Column] = &[
    ("dispute_id", Shape::Text),
    ("complaint_id", Shape::Text),
    ("action_id", Shape::Text),
    ("notice_id", Shape::Text),
    ("complainant_type", Shape::Text),
    ("member_state", Shape::Text),
    ("body", Shape::Text),
    ("body_member_state", Shape::Text),
    ("submitted_at", Shape::Moment),
    ("closed_at", Shape::Moment),
    ("outcome", Shape::Text),
    ("implemented", Shape::Boolean),
];

impl Record for Dispute {
    const TABLE: &'static Table =
        &Table { dataset: "disputes", columns: COLUMNS, format: Format::Csv, files: Files::Months };

    fn since(&self) -> Timestamp {
        self.submitted_at
    }

    fn cells(&self, seen: Seen) -> Vec<Cell<'_>> {
        let (action, notice) = match &self.about {
            About::Action(id) => (Some(id), None),
            About::Notice(id) => (None, Some(id)),
        };
        let closed = self.closed.filter(|(at, _)| seen.has(*at));
        let [body, state] = self.body;
        vec![
            (&self.id).into(),
            self.complaint_id.as_ref().into(),
            action.into(),
            notice.into(),
            self.complainant.into(),
            self.member_state.into(),
            body.into(),
            state.into(),
            self.submitted_at.into(),
            closed.map(|(at, _)| at).into(),
            closed.map_or("PENDING", |(_, outcome)| outcome).into(),
            self.implemented.filter(|_| closed.is_some()).into(),
        ]
    }
}
