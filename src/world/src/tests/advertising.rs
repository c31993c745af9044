//! Whom advertisements are aimed at and reach is told as it happened.

use std::collections::{BTreeMap, BTreeSet};

use super::delivered::{Delivered, Row, moment, number, text};

/// The rows of a dataset, by advertisement.
fn by_ad<'a>(edition: &'a Delivered, dataset: &str) -> BTreeMap<&'a str, Vec<&'a Row>> {
    let mut by_ad = BTreeMap::<_, Vec<_>>::new();
    for row in edition.rows(dataset) {
        by_ad.entry(text(row, "ad_id").unwrap()).or_default().push(row);
    }
    by_ad
}

/// R13 must not count an advertisement twice, so some must tempt it to.
#[test]
fn some_advertisements_have_several_values_of_one_parameter_and_some_leave_people_out() {
    let village = Delivered::village(5);
    let several = by_ad(&village, "ad_targeting").into_values().filter(|rows| {
        let aims: BTreeSet<_> =
            rows.iter().map(|row| [text(row, "parameter"), text(row, "operator")]).collect();
        aims.len() < rows.len()
    });
    let rows = village.rows("ad_targeting").iter();
    let excluded = rows.filter(|row| text(row, "operator") == Some("EXCLUDE"));

    assert!(100 < several.count());
    assert!(100 < excluded.count());
}

/// R15: of some targeted advertisements the repository does not say whom they were meant for.
#[test]
fn a_few_targeted_advertisements_lack_their_targeting() {
    let village = Delivered::village(5);
    let told = by_ad(&village, "ad_targeting");
    let targeted: Vec<_> = village.rows("ads").iter().filter(|ad| ad["targeted"] == true).collect();

    let silent = targeted.iter().filter(|ad| !told.contains_key(text(ad, "ad_id").unwrap()));

    assert!((10..60).contains(&silent.count()), "of {}", targeted.len());
    assert!(told.keys().all(|ad| targeted.iter().any(|other| text(other, "ad_id") == Some(ad))));
}

#[test]
fn reach_lies_in_the_months_in_which_an_advertisement_was_shown() {
    for edition in Delivered::editions(5) {
        let ads = edition.by("ads", "ad_id");
        for row in edition.rows("ad_reach") {
            let ad = ads[text(row, "ad_id").unwrap()];
            let month = |row, column: &str| text(row, column).map(|day| day[..7].to_owned());

            assert!(month(ad, "first_shown") <= month(row, "period_start"));
            assert!(month(row, "period_start") <= month(ad, "last_shown"));
        }
    }
}

/// Recipients of all months are between those of the best month and those of all months together.
#[test]
fn recipients_are_counted_once_in_the_whole() {
    let village = Delivered::village(5);
    let reach = by_ad(&village, "ad_reach");
    for ad in village.rows("ads").iter().filter(|ad| ad.contains_key("total_recipients_eu")) {
        let mut months = BTreeMap::<_, i64>::new();
        for row in &reach[text(ad, "ad_id").unwrap()] {
            *months.entry(text(row, "period_start")).or_default() +=
                number(row, "recipients_reached");
        }
        let all = number(ad, "total_recipients_eu");

        assert!(*months.values().max().unwrap() <= all, "{ad:?}");
        assert!(all <= months.values().sum(), "{ad:?}");
    }
}

#[test]
fn a_group_is_one_that_was_aimed_at_and_a_part_of_those_who_were_reached() {
    let village = Delivered::village(5);
    let place = |row: &Row| ["ad_id", "member_state", "period_start"].map(|c| row[c].clone());
    let reach: BTreeMap<_, _> =
        village.rows("ad_reach").iter().map(|row| (format!("{:?}", place(row)), row)).collect();
    let aims: BTreeSet<_> = village
        .rows("ad_targeting")
        .iter()
        .filter(|row| text(row, "operator") == Some("INCLUDE"))
        .map(|row| {
            let group = ["parameter", "value"].map(|column| text(row, column).unwrap());
            (text(row, "ad_id"), group.join("="))
        })
        .collect();
    for group in village.rows("ad_group_reach") {
        let of = reach[&format!("{:?}", place(group))];
        let targeted = number(of, "targeted_recipients_reached");
        let name = text(group, "targeted_group").unwrap().to_owned();

        assert!(number(group, "recipients_reached") <= targeted);
        assert!(targeted <= number(of, "recipients_reached"));
        assert!(aims.contains(&(text(group, "ad_id"), name)));
    }
}

/// An edition's numbers of a month that was over do not change, but where a decision was reversed.
#[test]
fn months_that_were_over_are_the_same_in_the_next_edition() {
    let [older, newer] = Delivered::editions(5);
    let key =
        |row: &Row| format!("{} {} {}", row["ad_id"], row["member_state"], row["period_start"]);
    let newer: BTreeMap<_, _> = newer.rows("ad_reach").iter().map(|row| (key(row), row)).collect();
    let older = older.rows("ad_reach");

    let changed = older.iter().filter(|row| newer[&key(row)] != *row);

    assert!(changed.count() * 200 < older.len());
}

#[test]
fn no_targeting_begins_after_the_last_day() {
    let village = Delivered::village(5);
    let ads = village.by("ads", "ad_id");
    for row in village.rows("ad_targeting") {
        let ad = ads[text(row, "ad_id").unwrap()];

        assert!(moment(ad, "first_shown") <= moment(row, "first_targeted_on"));
    }
}
