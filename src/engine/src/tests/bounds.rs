//! Rows outside a grant stay outside, however one asks.

use std::collections::BTreeSet;

use domain::Date;
use domain::codebook::{Class, FieldType};
use domain::grant::RowBounds;

use super::world::World;

fn bounds(from: Option<&str>, until: Option<&str>, states: &[&str]) -> RowBounds {
    let day = |text: &str| text.parse::<Date>().unwrap();
    let states: BTreeSet<String> = states.iter().map(|state| (*state).to_owned()).collect();
    RowBounds {
        from: from.map(day),
        until: until.map(day),
        member_states: (!states.is_empty()).then_some(states),
    }
}

fn february_in_germany() -> World {
    World::open().bounded("ad_reach", bounds(Some("2026-02-01"), Some("2026-02-15"), &["DE"]))
}

#[test]
fn a_grants_days_and_member_states_bound_every_scan() {
    let world = february_in_germany();

    assert_eq!(world.rows("SELECT * FROM ad_reach"), ["A1,DE,2026-02-01,1"]);
    assert_eq!(world.rows("SELECT count(*) FROM ad_reach"), ["1"]);
    assert_eq!(world.rows("SELECT sum(recipients) FROM ad_reach LIMIT 5"), ["1"]);
}

#[test]
fn no_rewrite_lifts_the_bounds() {
    let world = february_in_germany();

    for sql in [
        "SELECT count(*) FROM ad_reach WHERE true OR member_state = 'FR'",
        "SELECT count(*) FROM ad_reach WHERE member_state = 'DE' OR member_state <> 'DE'",
        "SELECT (SELECT count(*) FROM ad_reach)",
        "SELECT count(*) FROM (SELECT * FROM ad_reach UNION ALL SELECT * FROM ad_reach \
         WHERE member_state = 'FR')",
        "SELECT count(*) FROM ads a JOIN ad_reach r ON a.ad_id = r.ad_id OR true WHERE a.ad_id = 'A1'",
        "WITH r AS (SELECT * FROM ad_reach ORDER BY day LIMIT 100) SELECT count(*) FROM r",
        "SELECT max(n) FROM (SELECT row_number() OVER (ORDER BY day) AS n FROM ad_reach)",
        "SELECT count(*) FROM (SELECT * FROM ad_reach LIMIT 3)",
        "SELECT count(DISTINCT ad_id) FROM ad_reach",
    ] {
        assert_eq!(world.rows(sql), ["1"], "{sql}");
    }
    assert_eq!(world.rows("SELECT 1 FROM ad_reach WHERE member_state = 'FR'"), [""; 0]);
    assert_eq!(
        world.rows("SELECT 1 WHERE EXISTS (SELECT 1 FROM ad_reach WHERE day < DATE '2026-02-01')"),
        [""; 0]
    );
}

#[test]
fn bounds_hold_on_columns_that_are_not_granted() {
    let world = february_in_germany().without("ad_reach", &["day", "member_state"]);

    assert_eq!(world.rows("SELECT * FROM ad_reach"), ["A1,1"]);
    assert_eq!(world.rows("SELECT recipients FROM ad_reach WHERE ad_id = 'A1'"), ["1"]);
    assert_eq!(world.rows("SELECT count(*) FROM ad_reach"), ["1"]);
    let verdict = world.tell("SELECT recipients FROM ad_reach").verdict;
    assert_eq!(verdict.scans[0].columns.len(), 1, "what only the bounds read is not consulted");
}

#[test]
fn of_a_moment_the_last_day_is_within_and_a_missing_time_is_not() {
    let mut world = World::open();
    let mount = world.mount_mut("ads");
    mount.time_column =
        mount.fields.iter().map(|m| m.field.clone()).find(|f| f.name.as_str() == "shown_at");
    let world = world.bounded("ads", bounds(None, Some("2025-12-31"), &[]));

    assert_eq!(world.rows("SELECT ad_id FROM ads ORDER BY 1"), ["A1", "A2", "A4"]);
}

#[test]
fn of_a_list_any_member_state_is_enough() {
    let mut world = World::open();
    let mount = world.mount_mut("ads");
    mount.member_state_column =
        mount.fields.iter().map(|m| m.field.clone()).find(|f| f.name.as_str() == "states");
    let world = world.bounded("ads", bounds(None, None, &["FR", "IT"]));

    assert_eq!(world.rows("SELECT ad_id FROM ads"), ["A1"]);
}

#[test]
fn a_bound_that_cannot_be_checked_gives_no_rows() {
    let world = World::open().bounded("ads", bounds(Some("2000-01-01"), None, &[]));

    assert_eq!(world.rows("SELECT ad_id FROM ads"), [""; 0]);
    assert_eq!(world.rows("SELECT count(*) FROM ads"), ["0"]);
}

#[test]
fn a_look_up_goes_through_the_bounds_too() {
    // Equality on a key is checked while files are decoded.
    let world = february_in_germany();

    assert_eq!(world.rows("SELECT count(*) FROM ad_reach WHERE ad_id = 'A1'"), ["1"]);
    assert_eq!(world.rows("SELECT count(*) FROM ad_reach WHERE ad_id = 'A2'"), ["0"]);
    let world = world.without("ad_reach", &["day", "member_state"]);
    assert_eq!(world.rows("SELECT recipients FROM ad_reach WHERE ad_id = 'A1'"), ["1"]);
}

#[test]
fn select_star_means_the_granted_columns() {
    let header = |world: &World| {
        let text = world.tell("SELECT * FROM ads").text();
        text.lines().next().unwrap_or_default().to_owned()
    };

    assert!(!header(&World::open()).contains("secret"));
    assert!(header(&World::open().with_secret()).contains("secret"));
    let field = &World::open().with_secret().mounts[0].fields[9].field.clone();
    assert_eq!((field.class, field.field_type), (Class::Restricted, FieldType::String));
}
