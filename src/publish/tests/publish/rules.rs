//! Each rule of a codebook, broken once.

use crate::desk::{Desk, traders};

const HEADER: &str =
    "trader_id,country,offers,rating,turnover,is_company,since,seen_at,sells_to,legal_name";

fn desk(rows: &str) -> Desk {
    Desk::of(traders()).file("traders.csv", format!("{HEADER}\n{rows}"))
}

#[test]
fn each_broken_rule_is_told_with_its_line_and_column() {
    for (row, column, rule) in [
        (",,,,,,,,,", "trader_id", "not_null"),
        ("t,XX,,,,,,,,", "country", "category"),
        ("t,,seven,,,,,,,", "offers", "type"),
        ("t,,-1,,,,,,,", "offers", "constraint"),
        ("t,,1001,,,,,,,", "offers", "constraint"),
        ("t,,,NaN,,,,,,", "rating", "type"),
        ("t,,,,1.005,,,,,", "turnover", "type"),
        ("t,,,,,maybe,,,,", "is_company", "type"),
        ("t,,,,,,2025-02-29,,,", "since", "type"),
        ("t,,,,,,,2025-02-01,,", "seen_at", "type"),
        ("t,,,,,,,,AT,", "sells_to", "type"),
        ("t,,,,,,,,\"[\"\"XX\"\"]\",", "sells_to", "category"),
        ("t,,,,,true,,,,\"Far too long a name\"", "legal_name", "constraint"),
        ("t,,,,,true,,,,lower", "legal_name", "constraint"),
        ("t,,,,,false,,,,Name", "legal_name", "null_unless"),
        ("t,,,,,,,,,Name", "legal_name", "null_unless"),
    ] {
        let report = desk(&format!("good,,,,,,,,,\n{row}\n")).rejected();

        assert_eq!((report.rows_rejected, report.rows_read), (1, 2), "{row}");
        let [reject] = report.rejects.as_slice() else { panic!("{row}: {report:#?}") };
        assert_eq!(reject.column.as_ref().map(|name| name.as_str()), Some(column), "{row}");
        assert_eq!((reject.rule.as_str(), reject.line), (rule, Some(3)), "{row}");
        assert_eq!(reject.file, "traders.csv");
    }
}

#[test]
fn a_message_never_shows_a_value_that_is_not_public() {
    let report = desk("t,,,,secret,true,,,,secret\n").rejected();

    assert_eq!(report.rejects.len(), 2);
    assert!(report.rejects.iter().all(|reject| !reject.detail.contains("secret")), "{report:#?}");
    assert!(desk("t,secret,,,,,,,,\n").reject().detail.contains("secret"));
}

#[test]
fn the_first_of_each_kind_is_named_and_the_others_counted() {
    let rows: String = (0..3000).map(|row| format!("t{row},XX,{row},,,,,,,\n")).collect();

    let report = desk(&rows).rejected();

    assert_eq!(report.rows_rejected, 3000);
    let [category, constraint] = report.rejects.as_slice() else { panic!("{report:#?}") };
    assert_eq!((category.line, category.count), (Some(2), 3000));
    assert_eq!((constraint.line, constraint.count), (Some(1003), 1999));
}

#[test]
fn as_many_rows_as_the_steward_bears_are_left_out_and_told() {
    let rows = "a,,,,,,,,,\nb,XX,,,,,,,,\nc,,x,,,,,,,\nd,,,,,,,,,\n";

    assert_eq!(desk(rows).with(|job| job.rejects_max = 1).rejected().rows_rejected, 2);
    let made = desk(rows).with(|job| job.rejects_max = 2).made();

    assert_eq!(made.rows(&["trader_id"]), ["a", "d"]);
    assert_eq!(made.draft.rejects.rows_rejected, 2);
    assert_eq!(made.draft.rejects.rejects.len(), 2);
    assert_eq!(made.draft.sources[0].rows_rejected, 2);
}

#[test]
fn a_share_beyond_the_codebooks_limit_rejects_all() {
    let mut codebook = traders();
    codebook.quality.reject.insert("null_share.country".parse().unwrap(), 0.4);
    let desk =
        |rows: &str| Desk::of(codebook.clone()).file("a.csv", format!("trader_id,country\n{rows}"));

    assert_eq!(desk("a,AT\nb,AT\nc,\n").made().draft.row_count, 3);
    let reject = desk("a,AT\nc,\n").reject();

    assert_eq!(reject.rule, "not_null");
    assert_eq!(reject.column.unwrap().as_str(), "country");
}

#[test]
fn a_dry_run_tells_everything_and_makes_nothing() {
    let made = desk("a,,,,,,,,,\na,,,,,,,,,\n").with(|job| job.dry_run = true).made();

    assert!(made.draft.files.is_empty());
    assert_eq!(made.draft.row_count, 1);
    assert_eq!(made.draft.sources[0].rows_duplicate, 1);
    assert!(!made.draft.quality.is_empty());
    assert_eq!(desk("a,XX,,,,,,,,\n").with(|job| job.dry_run = true).reject().rule, "category");
}

#[test]
fn ndjson_and_csv_are_held_to_the_same_rules() {
    let reject = |line: &str| Desk::of(traders()).file("t.ndjson", line).reject();

    assert_eq!(reject(r#"{"trader_id":1}"#).rule, "type");
    assert_eq!(reject(r#"{"trader_id":"t","country":"XX"}"#).rule, "category");
    assert_eq!(reject(r#"{"country":"AT"}"#).rule, "not_null");
    assert_eq!(reject(r#"{"trader_id":"t","offers":"x"}"#).rule, "type");
    assert_eq!(reject(r#"{"trader_id":"t","turnover":1234567890123456.7}"#).rule, "type");
    assert_eq!(reject(r#"{"trader_id":"t","sells_to":[1]}"#).rule, "type");
    assert_eq!(reject(r#"{"trader_id":"t","Country":"AT"}"#).rule, "header");
    assert_eq!(reject(r#"{"trader_id":"t"} {"#).rule, "format");
}
