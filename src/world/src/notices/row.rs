//! The rows of a notice, and of a notice that led to a decision.

use domain::Timestamp;

use super::Notice;
use crate::moderation_actions::Action;
use crate::monitoring::tally::{Counted, Tally, Waited};
use crate::record::{Cell, Column, Record, Shape};
use crate::seen::Seen;
use crate::table::{Files, Format, Table};

/// The columns, in the codebook's order.
const COLUMNS: &[Column] = &[
    ("notice_id", Shape::Text),
    ("target_type", Shape::Text),
    ("target_id", Shape::Text),
    ("listing_id", Shape::Text),
    ("submitted_at", Shape::Moment),
    ("channel", Shape::Text),
    ("notifier_type", Shape::Text),
    ("trusted_flagger_id", Shape::Text),
    ("within_expertise", Shape::Boolean),
    ("registered_user", Shape::Boolean),
    ("alleged_category", Shape::Text),
    ("member_state", Shape::Text),
    ("language", Shape::Text),
    ("explanation_present", Shape::Boolean),
    ("exact_location_present", Shape::Boolean),
    ("notifier_contact_present", Shape::Boolean),
    ("good_faith_statement", Shape::Boolean),
    ("acknowledged_at", Shape::Moment),
    ("decided_at", Shape::Moment),
    ("decision", Shape::Text),
    ("duplicate_of", Shape::Text),
    ("automated_processing", Shape::Boolean),
    ("manifestly_unfounded", Shape::Boolean),
    ("notified_at", Shape::Moment),
    ("redress_information_given", Shape::Boolean),
    ("action_id", Shape::Text),
];

impl Record for Notice {
    const TABLE: &'static Table = &Table {
        dataset: "notices",
        columns: COLUMNS,
        format: Format::CsvGz,
        files: Files::Months,
    };

    fn since(&self) -> Timestamp {
        self.submitted_at
    }

    fn cells(&self, seen: Seen) -> Vec<Cell<'_>> {
        let (notifier, about) = (&self.notifier, &self.about);
        let [explanation, location, good_faith] = notifier.elements;
        let decision = self.decision.as_ref().filter(|decision| seen.has(decision.decided_at));
        let led_to = decision.and_then(|decision| decision.action.as_ref());
        vec![
            (&self.id).into(),
            about.target_type.into(),
            Some(&about.target_id).filter(|_| location).into(),
            about.listing_id.as_ref().into(),
            self.submitted_at.into(),
            notifier.channel.into(),
            notifier.kind.into(),
            notifier.flagger.as_ref().map(|(id, _)| id).into(),
            notifier.flagger.as_ref().map(|(_, within)| *within).into(),
            notifier.is_registered.into(),
            self.alleged_category.into(),
            notifier.member_state.into(),
            about.language.as_ref().into(),
            explanation.into(),
            location.into(),
            notifier.has_contact.into(),
            good_faith.into(),
            seen.known(self.acknowledged_at).into(),
            decision.map(|decision| decision.decided_at).into(),
            decision.map(|decision| decision.kind).into(),
            decision.and_then(|decision| decision.duplicate_of.as_ref()).into(),
            decision.map(|decision| decision.automated).into(),
            decision.map(|decision| decision.manifestly_unfounded).into(),
            decision.and_then(|decision| seen.known(decision.notified_at)).into(),
            decision.map(|decision| decision.redress_information_given).into(),
            led_to.filter(|(_, decided_at)| seen.has(*decided_at)).map(|(id, _)| id).into(),
        ]
    }
}

impl Notice {
    /// Counts it, and what was done with it.
    pub(super) fn count(&self, tally: &mut Tally) {
        let (month, at) = (self.submitted_at.date(), self.submitted_at);
        let is_flagged = self.notifier.kind == "TRUSTED_FLAGGER";
        let mut one = |counted, at| tally.count((counted, self.alleged_category), month, (at, 1));
        one(Counted::Notices, at);
        if is_flagged {
            one(Counted::NoticesByFlaggers, at);
        }
        if let Some(at) = self.acknowledged_at {
            one(Counted::NoticesAcknowledged, at);
        }
        let Some(decision) = &self.decision else { return };
        let led_to = match decision.kind {
            "ACTION_LAW" => Some(Counted::NoticesOnLaw),
            "ACTION_TC" => Some(Counted::NoticesOnTerms),
            _ => None,
        };
        if decision.automated {
            one(Counted::NoticesByMachine, decision.decided_at);
        }
        if let Some(counted) = led_to {
            one(counted, decision.decided_at);
            tally.wait(Waited::NoticeActedOn, [at, decision.decided_at]);
        }
        let waited =
            if is_flagged { Waited::FlaggersNoticeDecided } else { Waited::OthersNoticeDecided };
        tally.wait(waited, [at, decision.decided_at]);
    }
}

/// A notice that led to a decision: a row of `notice_actions`.
#[derive(Debug)]
pub(crate) struct NoticeAction {
    notice_id: String,
    action_id: String,
    decided_at: Timestamp,
}

impl NoticeAction {
    /// The notice with an identifier led to a decision.
    pub(crate) fn new(notice_id: &str, action: &Action) -> Self {
        Self {
            notice_id: notice_id.to_owned(),
            action_id: action.id.clone(),
            decided_at: action.decided_at,
        }
    }
}

impl Record for NoticeAction {
    const TABLE: &'static Table = &Table {
        dataset: "notice_actions",
        columns: &[
            ("notice_id", Shape::Text),
            ("action_id", Shape::Text),
            ("decided_at", Shape::Moment),
        ],
        format: Format::Csv,
        files: Files::Months,
    };

    fn since(&self) -> Timestamp {
        self.decided_at
    }

    fn cells(&self, _: Seen) -> Vec<Cell<'_>> {
        vec![(&self.notice_id).into(), (&self.action_id).into(), self.decided_at.into()]
    }
}
