//! The measures of the commitments are what the datasets of the edition that they cite give.

use std::collections::{BTreeMap, BTreeSet};

use domain::Timestamp;

use super::delivered::{Delivered, Row, moment, number, text};
use super::reported::{median_hours, thousandths};

/// The month that is measured, whose end is the day of the older edition.
const MONTH: [&str; 2] = ["2026-09-01T00:00:00Z", "2026-10-01T00:00:00Z"];

/// Whether something happened in the month.
fn is_in_month(row: &Row, column: &str) -> bool {
    let [from, until] = MONTH.map(|at| Timestamp::parse(at).unwrap());
    moment(row, column).is_some_and(|at| from <= at && at < until)
}

/// The part of some rows of the month, in thousandths.
fn share(rows: &[Row], of_month: &str, is_part: impl Fn(&Row) -> bool) -> Option<i64> {
    let rows: Vec<_> = rows.iter().filter(|row| is_in_month(row, of_month)).collect();
    let part = rows.iter().filter(|row| is_part(row)).count();
    (!rows.is_empty()).then(|| thousandths(part, rows.len()))
}

fn is(row: &Row, column: &str, value: &str) -> bool {
    row.get(column)
        .is_some_and(|cell| cell.as_str().map_or(cell.to_string(), str::to_owned) == value)
}

/// Some of the rows.
fn some(rows: &[Row], is_one: impl Fn(&Row) -> bool) -> Vec<Row> {
    rows.iter().filter(|row| is_one(row)).cloned().collect()
}

/// Whether a moment follows another one within some days.
fn follows(row: &Row, [from, until]: [&str; 2], days: i64) -> bool {
    let [from, until] = [from, until].map(|column| moment(row, column));
    from.zip(until).is_some_and(|(from, until)| until <= from.plus_s(days * 86_400))
}

fn notices_and_complaints(edition: &Delivered, computed: &mut BTreeMap<&str, Option<i64>>) {
    let notices = edition.rows("notices");
    let of_month = notices.iter().filter(|row| is_in_month(row, "submitted_at"));
    let of_flaggers = of_month.clone().filter(|row| is(row, "notifier_type", "TRUSTED_FLAGGER"));
    let decided = ["submitted_at", "decided_at"];
    computed.insert("median hours to decision", median_hours(of_month, decided));
    let flaggers = "median hours to decision, trusted flaggers";
    computed.insert(flaggers, median_hours(of_flaggers, decided));
    let acknowledged = share(notices, "submitted_at", |row| row.contains_key("acknowledged_at"));
    computed.insert("share of notices acknowledged", acknowledged);
    let complaints = edition.rows("complaints");
    let reviewed = share(complaints, "decided_at", |row| is(row, "human_reviewed", "true"));
    computed.insert("share of complaints reviewed by staff", reviewed);
    let reversed = some(complaints, |row| is(row, "outcome", "DECISION_REVERSED"));
    let back = |row: &Row| follows(row, ["decided_at", "reinstated_at"], 1);
    let back = share(&reversed, "decided_at", back);
    computed.insert("share of reversals put back within a day", back);
}

fn decisions(edition: &Delivered, computed: &mut BTreeMap<&str, Option<i64>>) {
    let actions = edition.rows("moderation_actions");
    let own = share(actions, "decided_at", |row| is(row, "source_type", "SOURCE_VOLUNTARY"));
    computed.insert("proactive control rate", own);
    let automated = share(actions, "decided_at", |row| {
        is(row, "automated_decision", "AUTOMATED_DECISION_FULLY")
    });
    computed.insert("share of decisions by automated means alone", automated);
    let by_id = edition.by("moderation_actions", "action_id");
    let hidden = some(edition.rows("affiliate_links"), |row| is(row, "hidden_link", "true"));
    let cut = share(&hidden, "detected_at", |row| {
        let decided_at =
            text(row, "action_id").and_then(|action| moment(by_id[action], "decided_at"));
        let detected_at = moment(row, "detected_at").unwrap();
        decided_at.is_some_and(|at| at <= detected_at.plus_s(2 * 86_400))
    });
    computed.insert("share of hidden links cut within two days", cut);
}

fn returns(edition: &Delivered, computed: &mut BTreeMap<&str, Option<i64>>) {
    let mut returns = BTreeMap::<_, Vec<_>>::new();
    for event in edition.rows("listing_events") {
        if let Some(listing) = text(event, "relist_of_listing_id") {
            returns.entry(listing).or_default().push(moment(event, "occurred_at").unwrap());
        }
    }
    let removed = some(edition.rows("moderation_actions"), |row| {
        let kinds = row.get("decision_visibility").map(ToString::to_string).unwrap_or_default();
        row.contains_key("listing_id") && kinds.contains("CONTENT_REMOVED")
    });
    let later = |row: &Row| -> Vec<i64> {
        let applied_at = moment(row, "applied_at").unwrap();
        let times = returns.get(text(row, "listing_id").unwrap()).into_iter().flatten();
        let times = times.filter(|at| applied_at < **at);
        times.map(|at| at.unix_us() - applied_at.unix_us()).collect()
    };
    let again = share(&removed, "applied_at", |row| !later(row).is_empty());
    computed.insert("share of removed products offered again", again);
    let of_month = removed.iter().filter(|row| is_in_month(row, "applied_at"));
    let mut times: Vec<_> = of_month.flat_map(later).collect();
    times.sort_unstable();
    let days = times.len().checked_sub(1).map(|last| {
        let hour_us = 3_600_000_000.0;
        let median = (times[last / 2] + times[last.div_ceil(2)]) as f64 / 2.0 / hour_us;
        (median * 1_000.0).round() as i64 / 24
    });
    computed.insert("median days until offered again", days);
}

fn advertisements(edition: &Delivered, computed: &mut BTreeMap<&str, Option<i64>>) {
    let listings = edition.by("listings", "listing_id");
    let actions = edition.by("moderation_actions", "action_id");
    let ran_on = edition.rows("ads").iter().filter(|ad| {
        let listing = text(ad, "listing_id").map(|listing| listings[listing]);
        let removal = listing.and_then(|row| text(row, "removal_action_id")).map(|id| actions[id]);
        let illegal =
            removal.filter(|row| is(row, "decision_ground", "DECISION_GROUND_ILLEGAL_CONTENT"));
        illegal.is_some_and(|row| {
            let removed_on = Timestamp::start_of(moment(row, "applied_at").unwrap().date());
            is_in_month(row, "applied_at") && Some(removed_on) < moment(ad, "last_shown")
        })
    });
    let ran_on = i64::try_from(ran_on.count()).unwrap() * 1_000;
    computed.insert("advertisements still shown after removal", Some(ran_on));
    let aimed: BTreeSet<_> =
        edition.rows("ad_targeting").iter().map(|row| text(row, "ad_id").unwrap()).collect();
    let there = some(edition.rows("ads"), |ad| !ad.contains_key("removal_action_id"));
    let complete = share(&there, "first_shown", |ad| {
        let has = |columns: &[&str]| columns.iter().all(|column| ad.contains_key(*column));
        has(&["creative_text", "product_name", "subject_matter", "beneficiary_name"])
            && (has(&["payer_name"]) || is(ad, "payer_same_as_beneficiary", "true"))
            && (is(ad, "targeted", "false") || aimed.contains(text(ad, "ad_id").unwrap()))
            && has(&["total_recipients_eu"])
    });
    computed.insert("share of advertisements with every field", complete);
}

fn recommenders(edition: &Delivered, computed: &mut BTreeMap<&str, Option<i64>>) {
    let mut recipients = [0; 2];
    for row in edition.rows("recommender_option_usage") {
        if is_in_month(row, "day") {
            recipients[0] += number(row, "recipients");
            if is(row, "option", "NON_PROFILING") {
                recipients[1] += number(row, "recipients");
            }
        }
    }
    let without = recipients[1] * 1_000 / recipients[0];
    computed.insert("share of recipients without profiling", Some(without));
    let parameters = edition.rows("recommender_parameters").iter();
    let in_force: Vec<_> = parameters
        .filter(|row| text(row, "effective_from").unwrap() <= "2026-09-30")
        .filter(|row| text(row, "effective_to").is_none_or(|until| "2026-09-30" < until))
        .collect();
    let told = in_force
        .iter()
        .filter(|row| row.contains_key("importance_rank") && row.contains_key("reason"));
    let told = thousandths(told.count(), in_force.len());
    computed.insert("share of parameters with rank and reason", Some(told));
}

/// How many points gave too many under a policy that requires a suspension then, and how many of these
/// a suspension followed in time.
fn suspensions(edition: &Delivered, computed: &mut BTreeMap<&str, Option<i64>>) {
    let policies = edition.rows("sanction_policies");
    let sanctions: Vec<_> =
        edition.rows("sanctions").iter().filter(|row| row.contains_key("trader_id")).collect();
    let at = |row: &Row| moment(row, "imposed_at").unwrap();
    let key = |row: &Row| ["policy_code", "policy_version"].map(|c| row[c].to_string());
    let [mut due, mut in_time] = [0; 2];
    for given in sanctions.iter().filter(|row| row.contains_key("points")) {
        let same =
            |row: &&Row| ["policy_code", "version"].map(|c| row[c].to_string()) == key(given);
        let terms = policies.iter().find(same).unwrap();
        let from = at(given).plus_s(-number(terms, "window_days") * 86_400);
        let of_trader = sanctions.iter().filter(|row| row["trader_id"] == given["trader_id"]);
        let counted = of_trader.clone().filter(|row| {
            row.contains_key("points")
                && row["policy_code"] == given["policy_code"]
                && from < at(row)
                && at(row) <= at(given)
        });
        let sum: i64 = counted.map(|row| number(row, "points")).sum();
        let is_due = is(terms, "required_sanction", "SUSPENSION")
            && number(terms, "threshold_points") <= sum;
        if is_due && is_in_month(given, "imposed_at") {
            due += 1;
            in_time += usize::from(of_trader.clone().any(|row| {
                let last = at(given).plus_s(5 * 86_400);
                is(row, "sanction_type", "SUSPENSION") && at(given) <= at(row) && at(row) < last
            }));
        }
    }
    let share = (0 < due).then(|| thousandths(in_time, due));
    computed.insert("share of due suspensions imposed within five days", share);
}

/// Art. 72(1): whoever may ask the edition that a measure cites computes the same.
#[test]
fn every_measure_that_the_datasets_give_is_what_they_give() {
    let [older, newer] = Delivered::editions(5);
    let mut computed = BTreeMap::new();
    let chapters =
        [notices_and_complaints, decisions, returns, advertisements, recommenders, suspensions];
    chapters.into_iter().for_each(|chapter| chapter(&older, &mut computed));
    let rows = newer.rows("commitment_kpis").iter();
    let rows: Vec<_> = rows.filter(|row| is(row, "period", "2026-09")).collect();
    let cited = rows
        .iter()
        .filter(|row| row.contains_key("query_id") && row.contains_key("snapshot_id"))
        .count();
    let again = "share of measures that can be computed again";
    computed.insert(again, Some(thousandths(cited, rows.len())));

    let measured: BTreeMap<_, _> = rows
        .iter()
        .map(|row| {
            let actual = text(row, "actual").map(|text| text.replace('.', "").parse().unwrap());
            (text(row, "kpi").unwrap(), actual)
        })
        .filter(|(kpi, _)| computed.contains_key(kpi))
        .collect();

    assert_eq!(measured.len(), 16);
    assert_eq!(measured, computed);
}
