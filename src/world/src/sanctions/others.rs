//! Sanctions against those who are no traders: affiliates, notifiers and complainants.

use super::policies::{POLICIES, Policy, number};
use super::{Sanction, Subject};
use crate::GenerateError;
use crate::calendar::{DAY_S, HOUR_S, Season, Span};
use crate::deliver::Desk;
use crate::draw::Stream;
use crate::marketplace::Marketplace;
use crate::moderation_actions::Action;
use crate::pseudonyms::Named;

/// The numbers of sanctions against affiliates begin here.
const AFFILIATES: u64 = 1 << 61;
/// The numbers of sanctions against notifiers and complainants begin here.
const OTHERS: u64 = 1 << 62;

impl Marketplace {
    /// The sanction that the decision on a link with a number brought its affiliate, if it did.
    pub(crate) fn sanction_of_affiliate(
        &self,
        number: u64,
        affiliate_id: &str,
        action: &Action,
    ) -> Option<Sanction> {
        let mut draw = self.draw(Stream::Sanction, AFFILIATES | number);
        let imposed_at = draw.after(action.decided_at, 60..3 * DAY_S);
        let kind = draw.weighted(&[
            (40, "WARNING"),
            (34, "STRIKE"),
            (16, "FUNDS_HOLD"),
            (10, "TERMINATION"),
        ]);
        if !draw.chance(710) || self.span.until <= imposed_at {
            return None;
        }
        let affiliate = Subject::Affiliate(affiliate_id.to_owned());
        Some(Sanction {
            points: (kind == "STRIKE").then_some(1),
            ends_at: (kind == "FUNDS_HOLD").then(|| imposed_at.plus_s(60 * DAY_S)),
            trigger_action_id: Some(action.id.clone()),
            is_automated: draw.chance(500),
            ..self.other(
                AFFILIATES | number,
                (affiliate, policy("sp-affiliates")),
                kind,
                imposed_at,
            )
        })
    }

    /// Writes the sanctions against notifiers and complainants.
    pub(super) fn write_other_sanctions(&self, desk: &mut Desk<'_>) -> Result<(), GenerateError> {
        let count = self.sizes.listings / 400;
        (0..count).try_for_each(|number| {
            self.misuse_sanctions(number).iter().try_for_each(|sanction| {
                sanction.count(&mut desk.tally);
                desk.write(sanction)
            })
        })
    }

    /// The warning and the suspension of one who misuses notices or complaints.
    fn misuse_sanctions(&self, place: u64) -> Vec<Sanction> {
        let mut draw = self.draw(Stream::Sanction, OTHERS | place);
        let notifies = draw.chance(700);
        let subject = self.id(if notifies { Named::Notifier } else { Named::Complainant }, place);
        let (subject, policy) = if notifies {
            (Subject::Notifier(subject), policy("sp-notices"))
        } else {
            (Subject::Complainant(subject), policy("sp-complaints"))
        };
        let span = Span { from: self.span.from, until: self.span.until.plus_s(-HOUR_S) };
        let warned_at = draw.moment(span, &Season::STAFF);
        let misused = draw.spread(8..60);
        let items = Some([misused, misused + draw.spread(1..30)]);
        let who = (subject, policy);
        let warning = Sanction {
            items,
            ..self.other(OTHERS | place << 1, who.clone(), "WARNING", warned_at)
        };
        let at = draw.after(warned_at, 3 * DAY_S..30 * DAY_S);
        if !draw.chance(560) || self.span.until <= at {
            return vec![warning];
        }
        let terms = &policy.versions[self.version_at(at)];
        let suspension = Sanction {
            items,
            ends_at: terms.days.map(|days| at.plus_s(days * DAY_S)),
            prior_warning_at: Some(warned_at),
            gravity: Some(draw.weighted(&[(55, "LOW"), (35, "MEDIUM"), (10, "HIGH")])),
            ..self.other(OTHERS | place << 1 | 1, who, terms.required, at)
        };
        vec![warning, suspension]
    }

    /// A sanction of which nothing else is known.
    fn other(
        &self,
        sanction: u64,
        (subject, policy): (Subject, &'static Policy),
        kind: &'static str,
        imposed_at: domain::Timestamp,
    ) -> Sanction {
        Sanction {
            id: self.id(Named::Sanction, sanction),
            imposed_at,
            subject,
            misuse: policy.misuse,
            kind,
            points: None,
            ends_at: None,
            prior_warning_at: None,
            items: None,
            gravity: None,
            trigger_action_id: None,
            policy: Some((policy.code, number(self.version_at(imposed_at)))),
            is_automated: false,
            lifted: None,
        }
    }
}

/// The policy with a code.
fn policy(code: &str) -> &'static Policy {
    let found = POLICIES.iter().find(|policy| policy.code == code);
    found.expect("invariant: a policy of the table")
}
