//! The row of a decision.

use domain::Timestamp;

use super::Action;
use crate::record::{Cell, Column, Record, Shape};
use crate::seen::Seen;
use crate::table::{Files, Format, Table};

/// The columns, in the codebook's order.
const COLUMNS: &[Column] = &[
    ("action_id", Shape::Text),
    ("sor_uuid", Shape::Text),
    ("sor_exempt", Shape::Boolean),
    ("platform_uid", Shape::Text),
    ("target_type", Shape::Text),
    ("target_id", Shape::Text),
    ("listing_id", Shape::Text),
    ("trader_id", Shape::Text),
    ("decided_at", Shape::Moment),
    ("applied_at", Shape::Moment),
    ("end_at", Shape::Moment),
    ("decision_visibility", Shape::Texts),
    ("decision_monetary", Shape::Text),
    ("decision_provision", Shape::Text),
    ("decision_account", Shape::Text),
    ("decision_ground", Shape::Text),
    ("manifestly_illegal", Shape::Boolean),
    ("category", Shape::Text),
    ("keywords", Shape::Texts),
    ("source_type", Shape::Text),
    ("notice_id", Shape::Text),
    ("detection_stage", Shape::Text),
    ("detector_id", Shape::Text),
    ("automated_detection", Shape::Boolean),
    ("automated_decision", Shape::Text),
    ("policy_code", Shape::Text),
    ("territorial_scope", Shape::Texts),
    ("reversed_at", Shape::Moment),
    ("complaint_id", Shape::Text),
    ("exposure_before_action_eu", Shape::Integer),
    ("orders_before_action_eu", Shape::Integer),
];

impl Record for Action {
    const TABLE: &'static Table = &Table {
        dataset: "moderation_actions",
        columns: COLUMNS,
        format: Format::Csv,
        files: Files::Months,
    };

    fn since(&self) -> Timestamp {
        self.decided_at
    }

    fn cells(&self, seen: Seen) -> Vec<Cell<'_>> {
        let filing = self.filing.as_ref();
        let complaint = self.complaint.as_ref().filter(|complaint| seen.has(complaint.lodged_at));
        let filed = filing.filter(|filing| seen.has(filing.created_at));
        vec![
            (&self.id).into(),
            filed.map(|filing| &filing.uuid).into(),
            filing.is_none().into(),
            filing.map(|filing| &filing.platform_uid).into(),
            self.subject.target.as_str().into(),
            (&self.subject.target_id).into(),
            self.subject.listing_id.as_ref().into(),
            self.subject.trader_id.as_ref().into(),
            self.decided_at.into(),
            seen.known(self.applied_at).into(),
            self.end_at.into(),
            self.measures.visibility.into(),
            self.measures.monetary.into(),
            self.measures.provision.into(),
            self.measures.account.into(),
            self.infringement.ground().into(),
            self.manifestly_illegal.into(),
            self.infringement.category.into(),
            self.infringement.keywords.into(),
            self.finding.source_type.into(),
            self.finding.notice_id.as_ref().into(),
            self.stage.as_str().into(),
            self.finding.detector_id.into(),
            self.finding.detector_id.is_some().into(),
            self.finding.automated_decision.into(),
            self.infringement.policy.into(),
            (&self.territorial_scope).into(),
            seen.known(self.reversed_at).into(),
            complaint.map(|complaint| &complaint.id).into(),
            self.exposure.into(),
            self.orders.into(),
        ]
    }
}
