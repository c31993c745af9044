//! What the platform says about itself agrees with what it did.

use std::collections::{BTreeMap, BTreeSet};

use super::delivered::{Delivered, moment, number, text};

/// Art. 15(1)(e): what a detector is said to have confirmed are decisions that name it and stand.
#[test]
fn confirmed_detections_are_decisions() {
    for edition in Delivered::editions(5) {
        let mut decided = BTreeMap::<_, i64>::new();
        for action in edition.rows("moderation_actions") {
            let Some(detector) = text(action, "detector_id") else { continue };
            let day = &text(action, "decided_at").unwrap()[..10];
            let stands = i64::from(!action.contains_key("reversed_at"));
            let place = (day, detector, text(action, "category").unwrap());
            *decided.entry(place).or_default() += stands;
        }
        for row in edition.rows("detection_metrics") {
            let place = ["day", "detector_id", "category"].map(|column| text(row, column).unwrap());
            let counted = decided.entry(place.into()).or_default();
            *counted -= number(row, "confirmed");
            assert!(number(row, "confirmed") <= number(row, "flagged"));
            assert!(number(row, "flagged") <= number(row, "screened"));
            assert!(number(row, "qa_missed") <= number(row, "qa_sampled"));
        }
        assert!(decided.values().all(|left| *left == 0), "{decided:?}");
    }
}

/// Art. 15(1)(c): what is reported of the half-year that is running can be counted again.
#[test]
fn own_initiative_is_counted_right() {
    let village = Delivered::village(5);
    let own = |category: &str| {
        let actions = village.rows("moderation_actions").iter();
        let own = actions.filter(|row| text(row, "source_type") == Some("SOURCE_VOLUNTARY"));
        let illegal = own
            .filter(|row| text(row, "decision_ground") == Some("DECISION_GROUND_ILLEGAL_CONTENT"));
        illegal.filter(|row| text(row, "category") == Some(category)).count()
    };
    let mut reported = 0;
    for row in village.rows("transparency_report") {
        let category = text(row, "category").unwrap();
        let is_asked = text(row, "indicator") == Some("OWN_INITIATIVE_ON_LAW");
        if is_asked && text(row, "period") == Some("2026-H2") && category != "ALL" {
            assert_eq!(text(row, "value").unwrap(), format!("{}.000", own(category)), "{category}");
            reported += own(category);
        }
    }
    assert!(100 < reported);
}

/// Figures by kind of infringement add up to the figure for all kinds.
#[test]
fn what_is_broken_down_adds_up() {
    let village = Delivered::village(5);
    let mut sums = BTreeMap::<_, [f64; 2]>::new();
    for row in village.rows("transparency_report") {
        let [kinds, all] = sums.entry([text(row, "period"), text(row, "indicator")]).or_default();
        let value: f64 = text(row, "value").unwrap().parse().unwrap();
        match (text(row, "unit"), text(row, "category")) {
            (Some("COUNT"), Some("ALL")) => *all += value,
            (Some("COUNT"), _) => *kinds += value,
            _ => {}
        }
    }
    let broken_down = sums.values().filter(|[kinds, _]| 0.0 < *kinds);

    assert!(12 < broken_down.clone().count());
    assert!(broken_down.clone().all(|[kinds, all]| kinds == all), "{sums:?}");
}

/// Hidden links are found out and acted on; an honest one seldom is.
#[test]
fn hidden_links_are_acted_on() {
    let village = Delivered::village(5);
    let actions = village.by("moderation_actions", "action_id");
    let links = village.rows("affiliate_links");
    for link in links {
        let Some(action) = text(link, "action_id").map(|action| actions[action]) else { continue };
        assert_eq!(action["target_type"], "AFFILIATE_LINK");
        assert_eq!(text(action, "target_id"), text(link, "link_id"));
        assert_eq!(text(action, "category"), text(link, "observed_category"));
        assert!(moment(link, "detected_at") < moment(action, "decided_at"));
    }
    let acted_on = |hidden: bool| {
        let links = links.iter().filter(|link| link["hidden_link"] == hidden);
        let acted = links.clone().filter(|link| link.contains_key("action_id"));
        acted.count() * 100 / links.count().max(1)
    };

    assert!(60 < acted_on(true));
    assert!(acted_on(false) < 15);
}

/// A sample of what is live is a few per cent bad, and what is found is of a kind.
#[test]
fn few_of_the_live_listings_are_bad() {
    let village = Delivered::village(5);
    let listings = village.by("listings", "listing_id");
    let samples = village.rows("prevalence_samples");
    let bad: Vec<_> =
        samples.iter().filter(|row| text(row, "found_violating") == Some("true")).collect();
    for sample in samples {
        let listing = listings[text(sample, "listing_id").unwrap()];
        assert!(moment(listing, "first_published_at") < moment(sample, "drawn_at"));
    }

    assert!(bad.iter().all(|row| row.contains_key("category")));
    assert!((samples.len() / 100..samples.len() / 4).contains(&bad.len()), "{}", bad.len());
    assert!(samples.iter().any(|row| !row.contains_key("found_violating")));
}

/// Each area of the commitments has some, and between editions something moves.
#[test]
fn commitments_move_on() {
    let [older, newer] = Delivered::editions(5);
    let areas: BTreeSet<_> =
        newer.rows("commitments").iter().filter_map(|row| text(row, "area")).collect();
    let statuses = |edition: &Delivered, dataset: &str| -> Vec<_> {
        let rows = edition.rows(dataset).iter();
        rows.filter_map(|row| text(row, "status").map(str::to_owned)).collect()
    };

    assert_eq!(areas.len(), 9);
    for dataset in ["commitments", "trustee_findings"] {
        assert_ne!(statuses(&older, dataset), statuses(&newer, dataset), "{dataset}");
    }
    assert!(older.rows("commitment_kpis").len() < newer.rows("commitment_kpis").len());
}
