//! What the law takes out is out, however one asks.

use domain::codebook::FieldType;
use domain::grant::RowBounds;
use domain::redaction::{Ground, RedactedRows, Redaction};
use domain::{ColumnName, DatasetName};

use super::world::{SECRET, World};
use crate::RunResult;

/// A redaction of rows by the values of their key, of some cells or of the whole.
fn redaction(key: &[&str], keys: &[&[&str]], columns: &[&str]) -> Redaction {
    let name = |name: &&str| ColumnName::parse(name).unwrap();
    let keys = keys.iter().map(|key| key.iter().map(|value| (*value).to_owned()).collect());
    Redaction {
        dataset: DatasetName::parse("ads").unwrap(),
        ground: Ground::Art17,
        reason: "a request".to_owned(),
        columns: columns.iter().map(name).collect(),
        rows: RedactedRows::Keys { columns: key.iter().map(name).collect(), keys: keys.collect() },
    }
}

/// Every cell of the advertisement A1 but its key is null.
fn without_cells() -> World {
    let all = [
        "advertiser",
        "first_shown",
        "shown_at",
        "price_eur",
        "targeted",
        "impressions",
        "score",
        "states",
        "secret",
    ];
    World::open().with_secret().redacted("ads", &[redaction(&["ad_id"], &[&["A1"]], &all)])
}

/// The row of the advertisement A1 is gone.
fn without_row() -> World {
    World::open().with_secret().redacted("ads", &[redaction(&["ad_id"], &[&["A1"]], &[])])
}

#[test]
fn cells_of_every_type_become_null() {
    let world = without_cells();

    let row = world.rows("SELECT * FROM ads WHERE ad_id = 'A1'");

    assert_eq!(row, ["A1,,,,,,,,,"]);
    for column in ["first_shown", "shown_at", "price_eur", "targeted", "impressions", "score"] {
        let sql = format!("SELECT ad_id FROM ads WHERE {column} IS NULL ORDER BY ad_id LIMIT 1");
        assert_eq!(world.rows(&sql), ["A1"], "{column}");
    }
}

/// No question whose answer would depend on a redacted cell tells the cell.
#[test]
fn no_question_tells_a_redacted_cell() {
    let world = without_cells();

    for (sql, told) in [
        ("SELECT count(*) FROM ads", "4"),
        ("SELECT count(secret) FROM ads", "3"),
        ("SELECT count(impressions) FROM ads", "2"),
        ("SELECT max(secret) FROM ads", "9"),
        ("SELECT min(first_shown) FROM ads", "2026-02-01"),
        ("SELECT min(shown_at) FROM ads", "1969-12-31T23:59:59.999999Z"),
        ("SELECT max(price_eur) FROM ads", "0.99"),
        ("SELECT sum(impressions) FROM ads", "20"),
        ("SELECT count(DISTINCT targeted) FROM ads", "2"),
        ("SELECT count(*) FROM ads WHERE advertiser = 'Acme'", "1"),
        ("SELECT count(*) FROM ads WHERE secret LIKE 'alice%'", "0"),
        ("SELECT count(*) FROM ads WHERE secret IN ('alice-secret', 'x')", "0"),
        ("SELECT count(*) FROM ads WHERE secret IS NULL", "1"),
        ("SELECT count(*) FROM ads WHERE secret IS NOT NULL", "3"),
        ("SELECT count(*) FROM ads WHERE impressions = 10", "0"),
        ("SELECT count(*) FROM ads WHERE first_shown < DATE '2026-02-01'", "0"),
        ("SELECT count(*) FROM ads WHERE price_eur > 5 OR targeted AND score = 0.5", "0"),
        ("SELECT count(*) FROM ads WHERE array_has(states, 'DE')", "0"),
        ("SELECT count(*) FROM ads a JOIN ads b ON a.secret = b.secret", "3"),
        ("SELECT count(*) FROM ads WHERE secret = (SELECT max(secret) FROM ads)", "1"),
        ("SELECT ad_id FROM ads ORDER BY secret DESC NULLS LAST LIMIT 1", "A4"),
        ("SELECT ad_id FROM ads ORDER BY first_shown NULLS LAST LIMIT 1", "A2"),
        ("SELECT count(*) FROM ads WHERE ad_id = 'A1' AND secret = 'alice-secret'", "0"),
        ("SELECT count(*) FROM (SELECT secret FROM ads GROUP BY secret HAVING secret > 'a')", "0"),
        ("SELECT first_value(ad_id) OVER (ORDER BY secret DESC NULLS LAST) FROM ads LIMIT 1", "A4"),
    ] {
        assert_eq!(world.rows(sql), [told], "{sql}");
    }
    let everything = world.tell("SELECT ads.* FROM ads, ad_reach").text();
    assert!(!everything.contains(SECRET), "{everything}");
}

/// A row that is gone is in no count, and no failure tells that it was there.
#[test]
fn no_question_tells_a_redacted_row() {
    let world = without_row();

    for (sql, told) in [
        ("SELECT count(*) FROM ads", "3"),
        ("SELECT count(*) FROM ads WHERE ad_id = 'A1'", "0"),
        ("SELECT count(*) FROM ads WHERE ad_id IN ('A1', 'A2')", "1"),
        ("SELECT min(ad_id) FROM ads", "A2"),
        ("SELECT max(secret) FROM ads", "9"),
        ("SELECT count(*) FROM (SELECT * FROM ads LIMIT 4)", "3"),
        ("SELECT ad_id FROM ads ORDER BY ad_id LIMIT 1", "A2"),
        ("SELECT count(*) FROM ads a JOIN ad_reach r ON a.ad_id = r.ad_id", "6"),
        ("SELECT count(*) FROM ads RIGHT JOIN ad_reach USING (ad_id) WHERE secret IS NULL", "6"),
        ("SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM ads WHERE ad_id = 'A1')", "1"),
        ("SELECT sum(impressions) FROM ads", "20"),
        // A1 is the only one with ten impressions.
        ("SELECT count(*) FROM ads WHERE 1 / (impressions - 10) >= 0", "2"),
        ("SELECT count(*) FROM ads WHERE ad_id < 'A2' AND cast(secret AS bigint) > 0", "0"),
        ("SELECT sum(cast(secret AS bigint)) FROM ads", "24"),
    ] {
        assert_eq!(world.rows(sql), [told], "{sql}");
    }
}

/// Where some key of several columns is named, only that combination is meant.
#[test]
fn a_key_of_several_columns_names_one_row() {
    let key = ["ad_id", "member_state", "day"];
    let one: &[&str] = &["A1", "DE", "2026-01-01"];
    let none: &[&str] = &["A2", "DE", "2026-01-01"];
    let world = World::open().redacted("ad_reach", &[redaction(&key, &[one, none], &[])]);

    assert_eq!(world.rows("SELECT count(*) FROM ad_reach"), ["11"]);
    assert_eq!(world.rows("SELECT count(*) FROM ad_reach WHERE day = DATE '2026-01-01'"), ["2"]);
    let nulled = World::open().redacted("ad_reach", &[redaction(&key, &[one], &["recipients"])]);
    assert_eq!(nulled.rows("SELECT count(*), count(recipients) FROM ad_reach"), ["12,11"]);
}

/// Rows before a day go; those whose clock says nothing stay.
#[test]
fn rows_go_by_their_age() {
    let before = |clock: &str, day: &str| Redaction {
        rows: RedactedRows::Before {
            clock: ColumnName::parse(clock).unwrap(),
            day: day.parse().unwrap(),
        },
        ..redaction(&[], &[], &[])
    };
    let by_date = World::open().redacted("ads", &[before("first_shown", "2026-02-01")]);
    let by_moment = World::open().redacted("ads", &[before("shown_at", "2026-01-01")]);

    assert_eq!(by_date.rows("SELECT ad_id FROM ads ORDER BY ad_id"), ["A2", "A3", "A4"]);
    assert_eq!(by_moment.rows("SELECT ad_id FROM ads"), ["A3"]);
    let both = [before("first_shown", "2026-03-01"), redaction(&["ad_id"], &[&["A3"]], &["score"])];
    let both = World::open().redacted("ads", &both);
    assert_eq!(both.rows("SELECT ad_id, score FROM ads ORDER BY ad_id"), ["A3,", "A4,"]);
}

/// What is taken out is taken out before the grant looks: a bound must not tell of it.
#[test]
fn a_bound_does_not_tell_a_redacted_cell() {
    let key: &[&str] = &["A1", "DE", "2026-02-01"];
    let redaction = redaction(&["ad_id", "member_state", "day"], &[key], &["recipients"]);
    let rows = RowBounds {
        from: Some("2026-02-01".parse().unwrap()),
        until: Some("2026-02-01".parse().unwrap()),
        member_states: Some(["DE".to_owned()].into()),
    };
    let world = World::open().bounded("ad_reach", rows).redacted("ad_reach", &[redaction]);

    assert_eq!(world.rows("SELECT * FROM ad_reach"), ["A1,DE,2026-02-01,"]);
    let not_granted = world.without("ad_reach", &["ad_id", "member_state", "day"]);
    assert_eq!(not_granted.rows("SELECT * FROM ad_reach"), [""]);
    assert_eq!(not_granted.rows("SELECT count(*) FROM ad_reach"), ["1"]);
}

/// A column that never was null may be null now, and says so.
#[test]
fn a_column_that_was_never_null_can_be() {
    let fields = [("id", FieldType::String), ("ad_id", FieldType::String)];
    let column = |values: Vec<&str>| -> arrow::array::ArrayRef {
        std::sync::Arc::new(arrow::array::StringArray::from(values))
    };
    let rows = arrow::record_batch::RecordBatch::try_from_iter_with_nullable([
        ("id", column(vec!["x", "y"]), true),
        ("ad_id", column(vec!["A1", "A2"]), true),
    ])
    .unwrap();
    let mut world = World::open().with_dataset("copies", &fields, &rows);
    world.mount_mut("copies").fields[0].field.nullable = false;
    let world = world.redacted("copies", &[redaction(&["ad_id"], &[&["A1"]], &["id"])]);

    assert_eq!(world.rows("SELECT count(*) FROM copies WHERE id IS NULL"), ["1"]);
    assert_eq!(world.rows("SELECT id FROM copies ORDER BY ad_id"), ["", "y"]);
}

/// A hundred thousand keys are hashed, and nobody is charged for reading them.
#[test]
fn many_keys_cost_no_scan() {
    let many: Vec<String> = (0..100_000).map(|number| format!("B{number}")).collect();
    let keys: Vec<[&str; 1]> = many.iter().map(|key| [key.as_str()]).collect();
    let mut keys: Vec<&[&str]> = keys.iter().map(<[&str; 1]>::as_slice).collect();
    keys.push(&["A1"]);
    let world = World::open().redacted("ads", &[redaction(&["ad_id"], &keys, &[])]);

    let told = world.tell("SELECT count(*) FROM ads");

    assert_eq!(told.text(), "count(*)\r\n3\r\n");
    let RunResult::Finished(summary) = told.result else { panic!("{told:?}") };
    assert!(summary.scan_bytes < 100_000, "{}", summary.scan_bytes);
}
