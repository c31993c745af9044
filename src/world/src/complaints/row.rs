//! The row of a complaint.

use domain::Timestamp;

use super::{About, Complaint, Outcome};
use crate::calendar::DAY_S;
use crate::monitoring::tally::{Counted, Tally, Waited};
use crate::record::{Cell, Column, Record, Shape};
use crate::seen::Seen;
use crate::table::{Files, Format, Table};

/// The columns, in the codebook's order.
const COLUMNS: &[Column] = &[
    ("complaint_id", Shape::Text),
    ("action_id", Shape::Text),
    ("notice_id", Shape::Text),
    ("complainant_type", Shape::Text),
    ("basis", Shape::Text),
    ("member_state", Shape::Text),
    ("lodged_at", Shape::Moment),
    ("decided_at", Shape::Moment),
    ("outcome", Shape::Text),
    ("human_reviewed", Shape::Boolean),
    ("informed_at", Shape::Moment),
    ("odr_information_given", Shape::Boolean),
    ("reinstated_at", Shape::Moment),
    ("manifestly_unfounded", Shape::Boolean),
];

impl Record for Complaint {
    const TABLE: &'static Table = &Table {
        dataset: "complaints",
        columns: COLUMNS,
        format: Format::NdjsonGz,
        files: Files::Months,
    };

    fn since(&self) -> Timestamp {
        self.lodged_at
    }

    fn cells(&self, seen: Seen) -> Vec<Cell<'_>> {
        let (action, notice) = match &self.about {
            About::Action(id) => (Some(id), None),
            About::Notice(id) => (None, Some(id)),
        };
        let decision = self.decision.as_ref().filter(|decision| seen.has(decision.decided_at));
        vec![
            (&self.id).into(),
            action.into(),
            notice.into(),
            self.complainant.into(),
            self.basis.into(),
            self.member_state.into(),
            self.lodged_at.into(),
            decision.map(|decision| decision.decided_at).into(),
            decision.map_or("PENDING", |decision| decision.outcome.as_str()).into(),
            decision.map(|decision| decision.human_reviewed).into(),
            decision.and_then(|decision| seen.known(decision.informed_at)).into(),
            decision.map(|decision| decision.odr_information_given).into(),
            decision.and_then(|decision| seen.known(decision.reinstated_at)).into(),
            decision.map(|decision| decision.manifestly_unfounded).into(),
        ]
    }
}

impl Complaint {
    /// Counts it, how it was decided, and what came of a reversal.
    pub(crate) fn count(&self, tally: &mut Tally) {
        let lodged_at = self.lodged_at;
        tally.count((Counted::Complaints, ""), lodged_at.date(), (lodged_at, 1));
        let Some(decision) = &self.decision else { return };
        let at = decision.decided_at;
        let outcome = match decision.outcome {
            Outcome::Stands => Some(Counted::ComplaintsUpheld),
            Outcome::Reversed => Some(Counted::ComplaintsReversed),
            Outcome::PartlyReversed | Outcome::Inadmissible => None,
        };
        if let Some(outcome) = outcome {
            tally.count((outcome, ""), lodged_at.date(), (at, 1));
        }
        tally.wait(Waited::ComplaintDecided, [lodged_at, at]);
        tally.count((Counted::ComplaintsDecided, ""), at.date(), (at, 1));
        if decision.human_reviewed {
            tally.count((Counted::ComplaintsReviewed, ""), at.date(), (at, 1));
        }
        if decision.outcome == Outcome::Reversed {
            tally.count((Counted::Reversals, ""), at.date(), (at, 1));
            let back_at = decision.reinstated_at.filter(|back_at| *back_at <= at.plus_s(DAY_S));
            if let Some(back_at) = back_at {
                tally.count((Counted::ReversalsInTime, ""), at.date(), (back_at, 1));
            }
        }
    }

    /// The decision by which something was reversed, if there is one.
    pub(crate) fn reversal(&self) -> Option<&super::Decision> {
        self.decision.as_ref().filter(|decision| decision.outcome == Outcome::Reversed)
    }
}
