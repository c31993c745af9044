//! The world is skewed as life is, and has the stories that are looked for in it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::delivered::{Delivered, moment, text};

/// How often each value of a column occurs, the most common first.
fn counts(village: &Delivered, dataset: &str, column: &str) -> Vec<(u64, String)> {
    let mut counts = BTreeMap::<_, u64>::new();
    for value in village.rows(dataset).iter().filter_map(|row| text(row, column)) {
        *counts.entry(value.to_owned()).or_default() += 1;
    }
    let mut counts: Vec<_> = counts.into_iter().map(|(value, count)| (count, value)).collect();
    counts.sort_by(|a, b| b.cmp(a));
    counts
}

#[test]
fn few_traders_have_most_listings() {
    let village = Delivered::village(5);

    let traders = counts(&village, "listings", "trader_id");

    let large: u64 = traders.iter().take(40).map(|(count, _)| count).sum();
    assert!((2_000..3_200).contains(&large), "{large} of 4000 are of a tenth of the traders");
}

#[test]
fn every_member_state_platform_and_language_occurs() {
    let village = Delivered::village(5);
    let listings = village.rows("listings").iter();
    let states: BTreeSet<_> = listings
        .filter_map(|row| row["offered_in"].as_array())
        .flatten()
        .filter_map(Value::as_str)
        .collect();

    assert_eq!(states.len(), 27);
    assert_eq!(counts(&village, "listings", "title_lang").len(), 8);
    assert_eq!(counts(&village, "statements_of_reasons", "platform_name").len(), 7);
    assert!(20 < counts(&village, "statements_of_reasons", "content_language").len());
    assert!(12 < counts(&village, "statements_of_reasons", "category").len());
}

/// A trader's number of active listings is a count that anyone can make again.
#[test]
fn active_listings_are_counted_right() {
    let village = Delivered::village(5);
    let mut active = BTreeMap::<_, u64>::new();
    for row in village.rows("listings").iter().filter(|row| row["status"] == "ACTIVE") {
        *active.entry(text(row, "trader_id").unwrap()).or_default() += 1;
    }

    for trader in village.rows("traders") {
        let counted = active.get(text(trader, "trader_id").unwrap()).copied().unwrap_or(0);
        assert_eq!(text(trader, "active_listings"), Some(counted.to_string().as_str()));
    }
}

/// Re-registration: what was removed comes back under another account of the same operator.
#[test]
fn removed_products_come_back_under_another_account() {
    let village = Delivered::village(5);
    let traders = village.by("traders", "trader_id");
    let operator = |row| text(traders[text(row, "trader_id").unwrap()], "entity_cluster_id");
    let listings = village.rows("listings");
    let of_cluster = |row| text(row, "duplicate_cluster_id");
    let removed: Vec<_> = listings
        .iter()
        .filter(|row| row["status"] == "REMOVED" && of_cluster(row).is_some())
        .collect();

    let back = listings.iter().filter(|copy| {
        removed.iter().any(|original| {
            of_cluster(original) == of_cluster(copy)
                && operator(original).is_some()
                && operator(original) == operator(copy)
                && text(original, "trader_id") != text(copy, "trader_id")
                && moment(original, "status_changed_at") < moment(copy, "first_published_at")
        })
    });

    assert!(2 < back.count());
}

#[test]
fn every_cluster_of_duplicates_has_several_listings() {
    let village = Delivered::village(5);

    let clusters = counts(&village, "listings", "duplicate_cluster_id");

    assert!(100 < clusters.len());
    assert!(clusters.iter().all(|(count, _)| (2..=3).contains(count)));
}

/// Reviewers rest at weekends, people who post do not.
#[test]
fn weeks_have_a_season() {
    let village = Delivered::village(5);
    let weekend = |own: bool| {
        let rows = village.rows("statements_of_reasons").iter();
        let days = rows
            .filter(|row| (text(row, "platform_name") == Some("Example Market")) == own)
            .filter_map(|row| moment(row, "created_at"));
        let (weekend, week): (Vec<_>, Vec<_>) =
            days.partition(|at| 4 < chrono::Datelike::weekday(&at.date()).num_days_from_monday());
        weekend.len() * 100 / (weekend.len() + week.len())
    };

    assert!(weekend(true) < 24, "{}", weekend(true));
    assert!(31 < weekend(false), "{}", weekend(false));
}

/// Art. 39(3): the advertisements that ran on after their listing was removed are there to be found.
#[test]
fn some_advertisements_run_on_after_their_listing_was_removed() {
    let village = Delivered::village(5);
    let listings = village.by("listings", "listing_id");
    let run_on = village.rows("ads").iter().filter(|ad| {
        let listing = text(ad, "listing_id").map(|listing| listings[listing]);
        listing.is_some_and(|listing| {
            listing["status"] == "REMOVED"
                && moment(listing, "status_changed_at").map(|at| at.date())
                    < moment(ad, "last_shown").map(|at| at.date())
        })
    });

    assert!(0 < run_on.count());
}
