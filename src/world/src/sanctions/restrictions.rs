//! The decisions that sanctions under policies are: each restricts an account, with reasons (Art. 17).

use domain::Timestamp;

use super::career::Given;
use super::docket::Docket;
use super::policies::POLICIES;
use crate::calendar::DAY_S;
use crate::draw::Draw;
use crate::moderation_actions::{Action, Finding, Measures, Stage, Target};

/// The numbers of these decisions begin here.
const RESTRICTIONS: u64 = 1 << 44;
/// The most of one trader, as a power of two.
const PLACES: u64 = 1 << 16;

impl Docket<'_> {
    /// The decision on the account of a trader who has too many points.
    pub(super) fn restriction(
        &self,
        points: &Given,
        decided_at: Timestamp,
        draw: &mut Draw,
    ) -> Action {
        let place = self.actions.len() as u64;
        let number =
            RESTRICTIONS | (self.trader.number * PLACES + place) << 4 | Target::Trader as u64;
        let applied_at = draw.after(decided_at, 60..DAY_S);
        let finding = Finding {
            source_type: "SOURCE_VOLUNTARY",
            notice_id: None,
            detector_id: None,
            automated_decision: draw.weighted(&[
                (33, "AUTOMATED_DECISION_FULLY"),
                (37, "AUTOMATED_DECISION_PARTIALLY"),
                (30, "AUTOMATED_DECISION_NOT_AUTOMATED"),
            ]),
            is_ordered: false,
        };
        let terms = &POLICIES[points.policy].versions[points.version];
        let measures = Measures::required(terms.required);
        let ruling = (decided_at, Stage::PostListing, measures, points.violation.infringement);
        let found = (number, applied_at, finding);
        let action = self.marketplace.decide_on(found, self.trader.subject(), ruling, draw);
        let end_at = terms.days.map(|days| applied_at.plus_s(days * DAY_S));
        Action { end_at, ..action }
    }
}

impl Measures {
    /// What a sanction of a kind does to an account.
    fn required(kind: &str) -> Self {
        match kind {
            "SUSPENSION" => Self::account("DECISION_ACCOUNT_SUSPENDED"),
            "TERMINATION" => Self::account("DECISION_ACCOUNT_TERMINATED"),
            "FUNDS_HOLD" => Self::monetary("DECISION_MONETARY_SUSPENSION"),
            "LISTING_LIMIT" => Self::provision("DECISION_PROVISION_PARTIAL_SUSPENSION"),
            _ => Self::visibility(&["DECISION_VISIBILITY_CONTENT_DEMOTED"]),
        }
    }

    /// The kind of sanction that a restriction of an account is.
    pub(super) fn sanction(&self) -> &'static str {
        match (self.account, self.monetary, self.provision) {
            (Some(_), _, _) if self.terminates() => "TERMINATION",
            (Some(_), _, _) => "SUSPENSION",
            (None, Some(_), _) => "FUNDS_HOLD",
            (None, None, Some(_)) => "LISTING_LIMIT",
            (None, None, None) => "TRAFFIC_LIMIT",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_required_sanction_of_a_trader_is_a_restriction() {
        let versions = POLICIES.iter().flat_map(|policy| &policy.versions);
        let of_traders =
            versions.filter(|terms| !terms.required.ends_with("PROCESSING_SUSPENSION"));

        for terms in of_traders {
            assert_eq!(Measures::required(terms.required).sanction(), terms.required);
        }
    }
}
