//! What recommender systems show and who chooses what is told as it happened.

use std::collections::BTreeMap;

use super::delivered::{Delivered, Row, moment, number, text};

/// R10: what is removed later was seen before, and of that some counts are there.
#[test]
fn a_listing_is_shown_only_while_it_is_for_sale() {
    let village = Delivered::village(5);
    let listings = village.by("listings", "listing_id");
    let actions = village.by("moderation_actions", "action_id");
    let mut shown_before_removal = 0;
    for row in village.rows("recommender_exposure") {
        let listing = listings[text(row, "listing_id").unwrap()];
        let day = moment(row, "day").unwrap();
        let states = listing["offered_in"].as_array().unwrap();

        assert!(moment(listing, "first_published_at").unwrap() < day);
        assert!(states.contains(&row["member_state"]));
        if text(listing, "status") != Some("ACTIVE") {
            assert!(day < moment(listing, "status_changed_at").unwrap(), "{listing:?}");
        }
        let removal = text(listing, "removal_action_id").map(|action| actions[action]);
        let removed_at = removal.and_then(|action| moment(action, "applied_at"));
        shown_before_removal += u64::from(removed_at.is_some_and(|removed_at| day < removed_at));
    }
    assert!(20 < shown_before_removal);
}

/// A decision says how often its listing was seen before; what is told in detail is a part of that.
#[test]
fn a_listing_was_not_seen_more_often_than_its_decision_says() {
    let village = Delivered::village(5);
    let mut shown = BTreeMap::<_, Vec<_>>::new();
    for row in village.rows("recommender_exposure") {
        shown.entry(text(row, "listing_id")).or_default().push(row);
    }
    for action in village.rows("moderation_actions") {
        let Some(applied_at) = moment(action, "applied_at") else { continue };
        let rows = shown.get(&text(action, "listing_id")).into_iter().flatten();
        let before = rows.filter(|row| moment(row, "day").unwrap() < applied_at);
        let sum: i64 = before.map(|row| number(row, "impressions")).sum();

        if action.contains_key("exposure_before_action_eu") {
            assert!(sum <= number(action, "exposure_before_action_eu"), "{action:?}");
        }
    }
}

#[test]
fn totals_are_not_less_than_what_they_are_totals_of() {
    let village = Delivered::village(5);
    let listings = village.by("listings", "listing_id");
    let mut shown = BTreeMap::<_, i64>::new();
    for row in village.rows("recommender_exposure") {
        let category = text(listings[text(row, "listing_id").unwrap()], "category_id");
        *shown.entry([text(row, "day"), category, text(row, "member_state")]).or_default() +=
            number(row, "impressions");
    }
    for row in village.rows("exposure_totals") {
        let place = ["day", "category_id", "member_state"].map(|column| text(row, column));
        assert!(shown.remove(&place).unwrap_or(0) <= number(row, "impressions"));
        assert!(number(row, "refunds_bucketed") <= number(row, "orders_bucketed"));
    }
    assert!(shown.is_empty());
}

/// Art. 38: more people choose to be without profiling, in each Member State.
#[test]
fn the_share_without_profiling_rises() {
    let village = Delivered::village(5);
    let mut months = BTreeMap::<_, [i64; 2]>::new();
    for row in village.rows("recommender_option_usage") {
        let (state, month) = (text(row, "member_state").unwrap(), &text(row, "day").unwrap()[..7]);
        let [all, without] = months.entry((state, month)).or_default();
        *all += number(row, "recipients");
        if text(row, "option") == Some("NON_PROFILING") {
            *without += number(row, "recipients");
        }
    }
    let shares: Vec<_> = months
        .into_iter()
        .map(|((state, _), [all, without])| (state, without as f64 / all as f64))
        .collect();
    let rises = |pair: &&[(&str, f64)]| pair[0].0 == pair[1].0 && pair[0].1 < pair[1].1;
    let pairs = shares.windows(2).filter(|pair| pair[0].0 == pair[1].0).count();

    assert!(27 * 2 <= pairs);
    assert!(pairs * 9 < shares.windows(2).filter(rises).count() * 10);
}

/// R12: the versions of a day are one for each system; of some too little is said.
#[test]
fn the_documentation_of_a_day_has_gaps_to_be_found() {
    let village = Delivered::village(5);
    let day = "2026-06-30";
    let in_force: Vec<&Row> = village
        .rows("recommender_systems")
        .iter()
        .filter(|row| text(row, "effective_from").unwrap() <= day)
        .filter(|row| text(row, "effective_to").is_none_or(|until| day < until))
        .collect();
    let of = |row: &Row| format!("{} {}", text(row, "system_id").unwrap(), number(row, "version"));
    let parameters = village.rows("recommender_parameters");
    let is_silent = |row: &&&Row| parameters.iter().all(|parameter| of(parameter) != of(row));
    let without = |row: &&&Row| text(row, "non_profiling_option") == Some("false");

    assert_eq!(in_force.len(), 6);
    assert_eq!(in_force.iter().filter(is_silent).count(), 1);
    assert_eq!(in_force.iter().filter(without).count(), 1);
    assert!(parameters.iter().any(|parameter| !parameter.contains_key("reason")));
}

/// What had not begun is not known yet.
#[test]
fn an_earlier_edition_does_not_know_the_next_version() {
    let [older, newer] = Delivered::editions(5);
    let current = |edition: &Delivered| {
        let rows = edition.rows("recommender_systems").iter();
        let home = rows.filter(|row| text(row, "surface") == Some("HOME"));
        let mut current = home.filter(|row| !row.contains_key("effective_to"));
        number(current.next().unwrap(), "version")
    };

    assert_eq!([current(&older), current(&newer)], [4, 5]);
}
