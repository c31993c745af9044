//! Nothing happens before its cause, and nothing after the present.

use domain::Timestamp;

use super::delivered::{Delivered, Row, moment, text};
use crate::{Scale, WorldSettings};

/// Whether the moments that are there stand in this order, equal ones allowed.
fn in_order(row: &Row, columns: &[&str]) -> bool {
    columns.iter().filter_map(|column| moment(row, column)).is_sorted()
}

#[test]
fn nothing_happens_in_the_future() {
    let present = Timestamp::start_of(WorldSettings::new(5, Scale::Small).as_of);
    let village = Delivered::village(5);
    let events = [
        (
            "traders",
            &["onboarded_at", "offboarded_at", "self_certified_at", "last_verified_at"][..],
        ),
        ("listings", &["first_published_at", "status_changed_at"]),
        ("moderation_actions", &["decided_at", "applied_at", "reversed_at"]),
        ("statements_of_reasons", &["created_at", "application_date", "content_date"]),
        ("ads", &["first_shown", "last_shown"]),
        ("ad_targeting", &["first_targeted_on"]),
        ("ad_reach", &["period_start"]),
        ("ad_group_reach", &["period_start"]),
        ("recommender_systems", &["effective_from", "effective_to"]),
        ("recommender_exposure", &["day"]),
        ("recommender_option_usage", &["day"]),
        ("exposure_totals", &["day"]),
        ("affiliate_links", &["detected_at"]),
        ("detection_metrics", &["day"]),
        ("prevalence_samples", &["drawn_at"]),
        ("transparency_report", &["period_start", "published_on"]),
        ("commitment_kpis", &["period_start"]),
        ("trustee_findings", &["closed_at"]),
        ("notices", &["submitted_at", "acknowledged_at", "decided_at", "notified_at"]),
        ("authority_orders", &["received_at", "acknowledged_at", "effected_at"]),
        ("authority_orders", &["recipient_informed_at"]),
        ("complaints", &["lodged_at", "decided_at", "informed_at", "reinstated_at"]),
        ("disputes", &["submitted_at", "closed_at"]),
        ("listing_events", &["occurred_at"]),
        ("sanctions", &["imposed_at", "prior_warning_at", "lifted_at"]),
        ("sanction_policies", &["effective_from", "effective_to"]),
        ("trader_verifications", &["checked_at", "remedy_requested_at", "remedied_at"]),
        ("trader_verifications", &["suspended_at"]),
        ("safety_alerts", &["alert_date"]),
        ("safety_alert_matches", &["matched_at"]),
        ("consumer_notifications", &["notified_at"]),
    ];
    for (dataset, columns) in events {
        for row in village.rows(dataset) {
            let mut moments = columns.iter().filter_map(|column| moment(row, column));
            assert!(moments.all(|at| at < present), "{dataset}: {row:?}");
        }
    }
}

#[test]
fn each_row_tells_a_story_in_order() {
    let village = Delivered::village(5);
    let stories = [
        ("traders", &["onboarded_at", "self_certified_at"][..]),
        ("traders", &["onboarded_at", "last_verified_at"]),
        ("traders", &["onboarded_at", "offboarded_at"]),
        ("listings", &["first_published_at", "status_changed_at"]),
        ("moderation_actions", &["decided_at", "applied_at", "reversed_at"]),
        ("moderation_actions", &["decided_at", "end_at"]),
        ("statements_of_reasons", &["content_date", "application_date"]),
        ("ads", &["first_shown", "last_shown", "repository_until"]),
        ("notices", &["submitted_at", "acknowledged_at", "decided_at", "notified_at"]),
        ("authority_orders", &["received_at", "acknowledged_at", "effected_at"]),
        ("authority_orders", &["effected_at", "recipient_informed_at"]),
        ("complaints", &["lodged_at", "decided_at", "reinstated_at"]),
        ("complaints", &["decided_at", "informed_at"]),
        ("disputes", &["submitted_at", "closed_at"]),
        ("sanctions", &["prior_warning_at", "imposed_at", "lifted_at"]),
        ("sanctions", &["imposed_at", "ends_at"]),
        ("sanction_policies", &["effective_from", "effective_to"]),
        (
            "trader_verifications",
            &["checked_at", "remedy_requested_at", "suspended_at", "remedied_at"],
        ),
    ];
    for (dataset, story) in stories {
        for row in village.rows(dataset) {
            assert!(in_order(row, story), "{dataset}: {story:?} in {row:?}");
        }
    }
}

#[test]
fn a_listing_follows_its_trader_and_a_decision_its_listing() {
    let village = Delivered::village(5);
    let traders = village.by("traders", "trader_id");
    let listings = village.by("listings", "listing_id");
    for listing in listings.values() {
        let trader = traders[text(listing, "trader_id").unwrap()];
        assert!(moment(trader, "onboarded_at") < moment(listing, "first_published_at"));
    }
    for action in village.rows("moderation_actions") {
        if let Some(listing) = text(action, "listing_id").map(|listing| listings[listing]) {
            assert!(moment(listing, "first_published_at") < moment(action, "decided_at"));
            assert_eq!(text(action, "trader_id"), text(listing, "trader_id"));
        }
    }
}

#[test]
fn a_statement_follows_its_decision() {
    let village = Delivered::village(5);
    let statements = village.by("statements_of_reasons", "uuid");
    for action in village.rows("moderation_actions") {
        let Some(uuid) = text(action, "sor_uuid") else { continue };
        let statement = statements[uuid];

        assert!(moment(action, "decided_at") < moment(statement, "created_at"));
        for same in ["category", "decision_ground", "source_type", "platform_uid"] {
            assert_eq!(text(action, same), text(statement, same), "{same}");
        }
    }
}

/// A listing is removed when its last removal took effect, and is so as long as that was not undone.
#[test]
fn a_removed_listing_was_removed_by_a_decision_that_was_not_undone() {
    let village = Delivered::village(5);
    let actions = village.by("moderation_actions", "action_id");
    let complaints = village.by("complaints", "complaint_id");
    let mut removed = 0;
    for listing in village.rows("listings") {
        let action = text(listing, "removal_action_id").map(|action| actions[action]);
        let complaint = action.and_then(|action| text(action, "complaint_id"));
        let undone = complaint.and_then(|complaint| moment(complaints[complaint], "reinstated_at"));
        if text(listing, "status") == Some("REMOVED") {
            let action = action.unwrap();
            assert_eq!(moment(action, "applied_at"), moment(listing, "status_changed_at"));
            assert_eq!(undone, None, "{listing:?}");
            removed += 1;
        } else if let Some(action) = action {
            assert!(moment(action, "reversed_at").is_some(), "{listing:?}");
        }
    }
    assert!(0 < removed);
}

#[test]
fn an_advertisement_is_removed_while_it_is_shown_and_not_shown_afterwards() {
    let village = Delivered::village(5);
    let actions = village.by("moderation_actions", "action_id");
    let ads: Vec<_> =
        village.rows("ads").iter().filter(|ad| ad.contains_key("removal_action_id")).collect();
    assert!(!ads.is_empty());
    for ad in ads {
        let action = actions[text(ad, "removal_action_id").unwrap()];
        let applied_on = moment(action, "applied_at").unwrap().date();

        assert!(moment(ad, "first_shown") < moment(action, "decided_at"));
        assert!(moment(ad, "last_shown").unwrap().date() <= applied_on);
    }
}

/// What follows a decision names it and comes after it; what led to one comes before.
#[test]
fn what_hangs_on_a_decision_happens_on_its_side_of_it() {
    let village = Delivered::village(5);
    let actions = village.by("moderation_actions", "action_id");
    let sides = [
        ("notices", "submitted_at", true),
        ("authority_orders", "received_at", true),
        ("safety_alert_matches", "matched_at", true),
        ("complaints", "lodged_at", false),
        ("disputes", "submitted_at", false),
        ("sanctions", "imposed_at", false),
        ("consumer_notifications", "notified_at", false),
    ];
    for (dataset, column, comes_before) in sides {
        let key = if dataset == "sanctions" { "trigger_action_id" } else { "action_id" };
        let mut followed = 0;
        for row in village.rows(dataset) {
            let Some(action) = text(row, key).and_then(|action| actions.get(action)) else {
                continue;
            };
            let (at, decided_at) = (moment(row, column), moment(action, "decided_at"));
            assert!(if comes_before { at < decided_at } else { decided_at < at }, "{row:?}");
            followed += 1;
        }
        assert!(0 < followed, "{dataset}");
    }
}
