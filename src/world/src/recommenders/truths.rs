//! What is true of the newest edition's recommender systems: the answers to R10, R11 and R12.

use std::collections::BTreeMap;

use domain::{Date, Timestamp};
use serde_json::json;

use super::Choice;
use super::exposure::Exposure;
use super::systems::SystemRow;
use super::usage::OptionUsage;
use crate::calendar::first_of_month;
use crate::listings::Listing;
use crate::seen::Seen;
use crate::truths::{Answer, Truths, row};

/// What has been seen so far; holds numbers by group only.
#[derive(Debug, Default)]
pub(crate) struct RecommenderTruths {
    /// Impressions, and those of listings that were removed later, by surface and option.
    shown: BTreeMap<(&'static str, Choice), [i64; 2]>,
    /// Recipients, and those without profiling, by Member State and month.
    used: BTreeMap<(&'static str, Date), [i64; 2]>,
}

impl RecommenderTruths {
    /// Sees what was shown of a listing.
    pub(crate) fn shown(&mut self, exposure: &Exposure, listing: &Listing, seen: Seen) {
        if !seen.has(Timestamp::start_of(exposure.day)) {
            return;
        }
        let removal = listing.removal(seen.at).filter(|removal| removal.infringement.is_illegal());
        let removed_on = removal.and_then(|removal| Some(removal.applied_at?.date()));
        let place = (exposure.system.surface, exposure.choice);
        let [all, later_removed] = self.shown.entry(place).or_default();
        *all += exposure.impressions;
        if removed_on.is_some_and(|day| exposure.day < day) {
            *later_removed += exposure.impressions;
        }
    }

    /// Sees how many used an option.
    pub(crate) fn used(&mut self, usage: &OptionUsage, seen: Seen) {
        if !seen.has(Timestamp::start_of(usage.day)) {
            return;
        }
        let place = (usage.member_state, first_of_month(usage.day));
        let [all, without] = self.used.entry(place).or_default();
        *all += usage.recipients;
        if usage.choice == Choice::NonProfiling {
            *without += usage.recipients;
        }
    }

    /// States the answers.
    pub(crate) fn state(self, systems: impl Iterator<Item = SystemRow>, truths: &mut Truths) {
        let shown = self.shown.iter().map(|((surface, choice), [all, removed])| {
            row(json!({
                "surface": surface, "option": choice.as_str(), "impressions": all,
                "impressions_later_removed": removed, "share": *removed as f64 / *all as f64,
            }))
        });
        truths.answer("R10", Answer { key: &["surface", "option"], rows: shown.collect() });
        let used = self.used.iter().map(|((state, month), [all, without])| {
            row(json!({
                "member_state": state, "month": month.to_string(),
                "non_profiling_share": *without as f64 / *all as f64,
            }))
        });
        truths.answer("R11", Answer { key: &["member_state", "month"], rows: used.collect() });
        let systems = systems.filter(|row| row.is_in_force_on(super::systems::ASKED_ON));
        let key = &["surface", "system_id", "version"];
        truths.answer("R12", Answer { key, rows: systems.map(documentation).collect() });
    }
}

/// How a version is documented; one of which nothing is said counts as one thing left out.
fn documentation(system: SystemRow) -> serde_json::Map<String, serde_json::Value> {
    let parameters = system.version.parameters;
    let is_left_out = |parameter: &&super::parameters::Parameter| {
        parameter.rank.is_none() || parameter.reason.is_none()
    };
    let controllable = parameters.iter().any(|parameter| parameter.user_controllable);
    row(json!({
        "surface": system.system.surface,
        "system_id": system.system.id,
        "version": system.version.number,
        "non_profiling_option": system.version.has_non_profiling,
        "parameters": parameters.len(),
        "user_controllable": (!parameters.is_empty()).then_some(controllable),
        "undocumented": parameters.iter().filter(is_left_out).count().max(usize::from(parameters.is_empty())),
    }))
}
