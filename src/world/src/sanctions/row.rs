//! The row of a sanction.

use domain::Timestamp;

use super::{Misuse, Sanction, Subject};
use crate::monitoring::tally::{Counted, Tally};
use crate::record::{Cell, Column, Record, Shape};
use crate::seen::Seen;
use crate::table::{Files, Format, Table};

/// The columns, in the codebook's order.
const COLUMNS: &[Column] = &[
    ("sanction_id", Shape::Text),
    ("subject_type", Shape::Text),
    ("subject_id", Shape::Text),
    ("trader_id", Shape::Text),
    ("misuse", Shape::Text),
    ("sanction_type", Shape::Text),
    ("points", Shape::Integer),
    ("imposed_at", Shape::Moment),
    ("ends_at", Shape::Moment),
    ("prior_warning_at", Shape::Moment),
    ("items_misused", Shape::Integer),
    ("items_total", Shape::Integer),
    ("gravity", Shape::Text),
    ("trigger_action_id", Shape::Text),
    ("policy_code", Shape::Text),
    ("policy_version", Shape::Integer),
    ("automated", Shape::Boolean),
    ("lifted_at", Shape::Moment),
    ("lift_reason", Shape::Text),
];

impl Sanction {
    /// Counts it, where it is a suspension for what Art. 23 is about.
    pub(super) fn count(&self, tally: &mut Tally) {
        let counted = match (self.kind, self.misuse) {
            ("SUSPENSION", Misuse::IllegalContent) => Counted::SuspensionsForContent,
            ("NOTICE_PROCESSING_SUSPENSION", _) => Counted::SuspensionsForNotices,
            ("COMPLAINT_PROCESSING_SUSPENSION", _) => Counted::SuspensionsForComplaints,
            _ => return,
        };
        tally.count((counted, ""), self.imposed_at.date(), (self.imposed_at, 1));
    }
}

impl Record for Sanction {
    const TABLE: &'static Table = &Table {
        dataset: "sanctions",
        columns: COLUMNS,
        format: Format::Parquet,
        files: Files::Months,
    };

    fn since(&self) -> Timestamp {
        self.imposed_at
    }

    fn cells(&self, seen: Seen) -> Vec<Cell<'_>> {
        let (subject_type, subject_id) = self.subject.parts();
        let trader_id = match &self.subject {
            Subject::Trader(id) => Some(id),
            Subject::Affiliate(_) | Subject::Notifier(_) | Subject::Complainant(_) => None,
        };
        let lifted = self.lifted.filter(|(at, _)| seen.has(*at));
        vec![
            (&self.id).into(),
            subject_type.into(),
            subject_id.into(),
            trader_id.into(),
            self.misuse.as_str().into(),
            self.kind.into(),
            self.points.into(),
            self.imposed_at.into(),
            self.ends_at.into(),
            self.prior_warning_at.into(),
            self.items.map(|[misused, _]| misused).into(),
            self.items.map(|[_, all]| all).into(),
            self.gravity.into(),
            self.trigger_action_id.as_ref().into(),
            self.policy.map(|(code, _)| code).into(),
            self.policy.map(|(_, version)| version).into(),
            self.is_automated.into(),
            lifted.map(|(at, _)| at).into(),
            lifted.map(|(_, reason)| reason).into(),
        ]
    }
}
