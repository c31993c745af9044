//! Complaints against decisions and against notices not acted on, and the disputes that follow.
//!
//! Does not know what was decided at first; draws what a complaint makes of it.

mod disputes;
mod row;

use domain::Timestamp;

pub(crate) use self::disputes::Dispute;
use crate::calendar::{DAY_S, HOUR_S};
use crate::draw::Draw;
use crate::marketplace::Marketplace;
use crate::moderation_actions::{Measures, Target};
use crate::places::{MEMBER_STATES, buyers_state};
use crate::pseudonyms::Named;

/// What a complaint is about.
#[derive(Clone, Debug)]
pub(crate) enum About {
    /// A decision, by its identifier.
    Action(String),
    /// A notice that was not acted on, by its identifier.
    Notice(String),
}

/// What became of the decision complained about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It stands.
    Stands,
    /// It is reversed.
    Reversed,
    /// It is reversed in part.
    PartlyReversed,
    /// It was not looked at.
    Inadmissible,
}

impl Outcome {
    /// `outcome`
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Stands => "DECISION_STANDS",
            Self::Reversed => "DECISION_REVERSED",
            Self::PartlyReversed => "DECISION_PARTLY_REVERSED",
            Self::Inadmissible => "INADMISSIBLE",
        }
    }
}

/// One complaint: a row of `complaints`.
#[derive(Debug)]
pub(crate) struct Complaint {
    /// `complaint_id`
    pub(crate) id: String,
    /// When it was lodged.
    pub(crate) lodged_at: Timestamp,
    /// What it is about.
    pub(crate) about: About,
    /// How it was decided, if it was.
    pub(crate) decision: Option<Decision>,
    number: u64,
    complainant: &'static str,
    basis: &'static str,
    member_state: Option<&'static str>,
}

/// How a complaint was decided.
#[derive(Debug)]
pub(crate) struct Decision {
    /// When.
    pub(crate) decided_at: Timestamp,
    /// What became of the decision complained about.
    pub(crate) outcome: Outcome,
    /// When the content or the account was restored, where it was.
    pub(crate) reinstated_at: Option<Timestamp>,
    informed_at: Option<Timestamp>,
    human_reviewed: bool,
    odr_information_given: bool,
    manifestly_unfounded: bool,
}

impl Marketplace {
    /// The complaint against the decision with a number that could be felt from a moment on.
    pub(crate) fn complaint_against(
        &self,
        number: u64,
        (target, measures, felt_at): (Target, &Measures, Timestamp),
        draw: &mut Draw,
    ) -> Option<Complaint> {
        let complainant = match target {
            Target::Listing | Target::Trader => {
                draw.weighted(&[(88, "TRADER"), (7, "BUYER"), (5, "OTHER")])
            }
            Target::Ad | Target::AffiliateLink => draw.weighted(&[(60, "TRADER"), (40, "OTHER")]),
        };
        let basis = match (measures.monetary, measures.provision, measures.account) {
            (Some(_), _, _) => "MONETISATION",
            (_, Some(_), _) => "SERVICE",
            (_, _, Some(_)) => "ACCOUNT",
            (None, None, None) => "VISIBILITY",
        };
        let outcomes = [
            (43, Outcome::Stands),
            (41, Outcome::Reversed),
            (7, Outcome::PartlyReversed),
            (9, Outcome::Inadmissible),
        ];
        let about = About::Action(self.id(Named::Action, number));
        self.complaint(number, (about, complainant, basis, felt_at), &outcomes, draw)
    }

    /// The complaint of a notifier whose notice with a number was not acted on.
    pub(crate) fn complaint_about_inaction(
        &self,
        (number, notice_id): (u64, &str),
        notified_at: Timestamp,
        draw: &mut Draw,
    ) -> Option<Complaint> {
        /// Apart from the numbers of decisions.
        const INACTION: u64 = 1 << 62;
        let outcomes = [(70, Outcome::Stands), (30, Outcome::Inadmissible)];
        let about = About::Notice(notice_id.to_owned());
        let told = (about, "NOTIFIER", "VISIBILITY", notified_at);
        self.complaint(INACTION | number, told, &outcomes, draw)
    }

    /// Draws a complaint, if it comes before the present.
    fn complaint(
        &self,
        number: u64,
        (about, complainant, basis, felt_at): (About, &'static str, &'static str, Timestamp),
        outcomes: &[(u64, Outcome)],
        draw: &mut Draw,
    ) -> Option<Complaint> {
        let lodged_at = draw.after(felt_at, HOUR_S..25 * DAY_S);
        let member_state = (!draw.chance(180)).then(|| MEMBER_STATES[buyers_state(draw)]);
        let decision = self.complaint_decision(lodged_at, draw.weighted(outcomes), draw);
        (lodged_at < self.span.until).then(|| Complaint {
            id: self.id(Named::Complaint, number),
            lodged_at,
            about,
            decision,
            number,
            complainant,
            basis,
            member_state,
        })
    }

    /// Draws how a complaint is decided, if that is before the present.
    fn complaint_decision(
        &self,
        lodged_at: Timestamp,
        outcome: Outcome,
        draw: &mut Draw,
    ) -> Option<Decision> {
        /// Of a thousand reversed decisions, so many whose effect stays all the same.
        const FORGOTTEN: u64 = 140;
        let decided_at = draw.after(lodged_at, 2 * HOUR_S..20 * DAY_S);
        let known = |at: Timestamp| Some(at).filter(|at| *at < self.span.until);
        let informed_at = known(draw.after(decided_at, 5..2 * DAY_S));
        let reinstated_at = known(draw.after(decided_at, 60..2 * DAY_S));
        let is_forgotten = draw.chance(FORGOTTEN);
        let is_back = match outcome {
            Outcome::Reversed => !is_forgotten,
            // What stands of a decision in part keeps its effect.
            Outcome::PartlyReversed | Outcome::Stands | Outcome::Inadmissible => false,
        };
        known(decided_at).map(|decided_at| Decision {
            decided_at,
            outcome,
            reinstated_at: reinstated_at.filter(|_| is_back),
            informed_at,
            human_reviewed: !draw.chance(60),
            odr_information_given: !draw.chance(90),
            manifestly_unfounded: outcome != Outcome::Reversed && draw.chance(70),
        })
    }
}
