//! The answers, from what has been seen.

use serde_json::{Map, Value, json};

use super::numbers::share;
use super::{Enforcement, OFFENCES_MIN};
use crate::truths::{Answer, Truths, row};

/// Microseconds of an hour and of a day.
const HOUR_US: i64 = 3_600 * 1_000_000;
const DAY_US: i64 = 24 * HOUR_US;

impl Enforcement {
    /// States the answers to R01 to R09.
    pub(crate) fn state(mut self, truths: &mut Truths) {
        if let Some((count, times)) = self.of_no_trader.filter(|(count, _)| OFFENCES_MIN <= *count)
        {
            self.repeat_offenders.push((None, count, times));
        }
        let mut answer = |question, key, rows| truths.answer(question, Answer { key, rows });
        answer("R01", &["trader_id"], self.repeat_offenders());
        answer("R02", &["policy_code", "required_sanction"], self.thresholds());
        answer("R03", &["alleged_category", "notifier_type"], self.removals());
        answer("R04", &["month"], self.decisions());
        answer("R05", &["member_state", "channel", "registered_user"], self.neglect());
        answer("R06", &["month", "category"], self.detection());
        answer("R07", &["category"], self.relisted());
        answer("R08", &["entity_cluster_id"], self.operators());
        answer("R09", &["category", "source_type"], self.harm());
    }

    fn repeat_offenders(&self) -> Vec<Map<String, Value>> {
        let rows = self.repeat_offenders.iter().map(|(trader, count, [first, last])| {
            row(json!({
                "trader_id": trader, "illegal_actions": count,
                "first_action": first.to_string(), "last_action": last.to_string(),
            }))
        });
        rows.collect()
    }

    fn thresholds(&self) -> Vec<Map<String, Value>> {
        let rows = self.thresholds.iter().map(|((policy, required), [over, missing])| {
            row(json!({
                "policy_code": policy, "required_sanction": required,
                "traders_over": over, "traders_not_sanctioned": missing,
            }))
        });
        rows.collect()
    }

    fn removals(&mut self) -> Vec<Map<String, Value>> {
        let rows = self.removals.iter_mut().map(|((category, notifier), (notices, hours))| {
            row(json!({
                "alleged_category": category, "notifier_type": notifier, "notices": *notices,
                "median_hours": hours.percentile(50, HOUR_US),
                "p90_hours": hours.percentile(90, HOUR_US),
            }))
        });
        rows.collect()
    }

    fn decisions(&mut self) -> Vec<Map<String, Value>> {
        let rows = self.decisions.iter_mut().map(|(month, [flaggers, others])| {
            row(json!({
                "month": month.to_string(),
                "tf_hours": flaggers.percentile(50, HOUR_US),
                "other_hours": others.percentile(50, HOUR_US),
                "tf_notices": flaggers.count(),
            }))
        });
        rows.collect()
    }

    fn neglect(&self) -> Vec<Map<String, Value>> {
        /// Fewer notices are no row of R05.
        const NOTICES_MIN: u64 = 10;
        let large = self.neglect.iter().filter(|(_, [all, _, _])| NOTICES_MIN <= *all);
        let rows = large.map(|((state, channel, registered), [all, unacknowledged, undecided])| {
            row(json!({
                "member_state": state, "channel": channel, "registered_user": registered,
                "notices": all,
                "share_unacknowledged": share(*unacknowledged, *all),
                "share_undecided": share(*undecided, *all),
            }))
        });
        rows.collect()
    }

    fn detection(&self) -> Vec<Map<String, Value>> {
        let rows = self.detection.iter().map(|((month, category), [all, proactive, early])| {
            row(json!({
                "month": month.to_string(), "category": category, "actions": all,
                "proactive_control_rate": share(*proactive, *all),
                "pre_listing_interception_rate": share(*early, *all),
            }))
        });
        rows.collect()
    }

    fn relisted(&mut self) -> Vec<Map<String, Value>> {
        let relisted = &mut self.relisted;
        let rows = relisted.removed.iter().map(|(category, removed)| {
            let delays = relisted.delays.get_mut(category);
            row(json!({
                "category": category, "removed": removed,
                "relisted": relisted.relisted.get(category).copied().unwrap_or(0),
                "median_days_to_relist": delays.and_then(|delays| delays.percentile(50, DAY_US)),
            }))
        });
        rows.collect()
    }

    fn operators(&self) -> Vec<Map<String, Value>> {
        let rows = self.relisted.operators.iter().map(|(operator, clones, accounts)| {
            row(json!({"entity_cluster_id": operator, "clones": clones, "accounts": accounts}))
        });
        rows.collect()
    }

    fn harm(&mut self) -> Vec<Map<String, Value>> {
        let rows = self.harm.iter_mut().map(|((category, source), harm)| {
            row(json!({
                "category": category, "source_type": source, "removals": harm.removals,
                "impressions_before": harm.impressions.sum(), "orders_before": harm.orders,
                "p95_impressions": harm.impressions.percentile(95, 1),
            }))
        });
        rows.collect()
    }
}
