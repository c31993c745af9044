//! Keys: within what is delivered, beside what was published, and across datasets.

use domain::manifest::FindingVerdict;

use crate::desk::{Desk, Made, actions, traders};

fn month(rows: &str) -> Desk {
    Desk::of(actions()).file("a.csv", format!("action_id,trader_id,reverses,decided_at\n{rows}"))
}

fn october() -> Made {
    month("a1,t1,,2026-10-01T00:00:00Z\na2,t2,a1,2026-10-31T23:59:59Z\n").made()
}

#[test]
fn an_equal_row_is_dropped_and_counted() {
    let row = "a1,t1,,2026-10-01T00:00:00Z\n";

    let made = month(&format!("{row}a2,,,2026-10-02T00:00:00Z\n{row}{row}")).made();

    assert_eq!(made.draft.row_count, 2);
    assert_eq!(made.draft.sources[0].rows_duplicate, 2);
    assert_eq!(made.findings("primary_key_duplicate")[0].count, 2);
}

#[test]
fn rows_are_equal_however_they_are_written() {
    let made = month("a1,,,2026-10-01T00:00:00Z\na1,\"\",,\"2026-10-01 00:00:00\"\n").made();

    assert_eq!(made.draft.row_count, 1);
}

#[test]
fn a_key_with_two_different_rows_is_rejected_with_both() {
    let report = month("a1,t1,,2026-10-01T00:00:00Z\na1,t2,,2026-10-01T00:00:00Z\n").rejected();

    let [reject] = report.rejects.as_slice() else { panic!("{report:#?}") };
    assert_eq!((reject.rule.as_str(), reject.line, reject.count), ("primary_key", Some(2), 2));
    assert!(reject.detail.contains("line 3 of a.csv"), "{}", reject.detail);
}

#[test]
fn rows_find_their_own_period() {
    let made = month(
        "a3,,,2026-12-05T00:00:00Z\na1,,,2026-10-01T00:00:00Z\na2,,,2026-10-31T23:59:59.999999Z\n",
    )
    .made();

    let periods: Vec<_> =
        made.draft.files.iter().map(|file| (file.period.as_deref(), file.row_count)).collect();
    assert_eq!(periods, [(Some("2026-10"), 2), (Some("2026-12"), 1)]);
    assert_eq!(made.draft.coverage.missing, ["2026-11"]);
    assert_eq!(made.draft.sources[0].period, None);
}

#[test]
fn a_period_that_the_steward_names_holds_for_every_row() {
    let rows = "a1,,,2026-10-01T00:00:00Z\na2,,,2026-11-01T00:00:00Z\n";

    assert_eq!(month(rows).period("2026-10").reject().rule, "period");
    assert_eq!(month(rows).period("2026-10-01").reject().rule, "period");
    assert_eq!(Desk::of(traders()).period("2026-10").reject().rule, "period");
}

#[test]
fn times_that_cannot_all_be_meant_are_rejected() {
    let reject = month("a1,,,0202-10-01T00:00:00Z\na2,,,2026-10-01T00:00:00Z\n").reject();

    assert_eq!(reject.rule, "period");
}

#[test]
fn a_period_published_again_replaces_its_files_only() {
    let october = october();
    let november = month("b1,,,2026-11-01T00:00:00Z\n").beside(&october).made();

    let again = month("a1,t1,,2026-10-02T00:00:00Z\n").beside(&october).beside(&november).made();

    assert_eq!(again.draft.kept, [november.draft.files[0].sha256]);
    assert_eq!(again.draft.coverage.periods, ["2026-10", "2026-11"]);
    assert_eq!(again.draft.row_count, 2);
}

#[test]
fn a_row_that_another_period_has_is_dropped_if_equal_and_rejected_if_not() {
    // The file is of October by name only; its row was published for October before.
    let october = october();
    let conflict = month("a1,t9,,2026-11-01T00:00:00Z\nb1,,,2026-11-02T00:00:00Z\n");

    let reject = conflict.beside(&october).reject();

    assert_eq!((reject.rule.as_str(), reject.line, reject.count), ("primary_key", Some(2), 1));
    assert!(reject.detail.contains("another period"), "{}", reject.detail);
}

#[test]
fn orphans_are_counted_where_the_other_dataset_is_there() {
    let traders = Desk::of(traders()).file("t.csv", "trader_id\nt1\nt2\n").made();
    let rows = "a1,t1,,2026-10-01T00:00:00Z\na2,t2,a1,2026-10-01T00:00:00Z\n\
                a3,t3,a9,2026-10-01T00:00:00Z\na4,,a3,2026-10-01T00:00:00Z\n";

    let made = month(rows).pointing_at("traders", &traders).made();
    let alone = month(rows).made();

    let orphans = made.findings("foreign_key_orphan");
    assert_eq!((orphans[0].count, orphans[0].verdict), (1, FindingVerdict::Exceeded));
    assert_eq!((orphans[1].count, orphans[1].verdict), (1, FindingVerdict::Exceeded));
    assert_eq!(orphans[0].share, 0.25);
    assert_eq!(alone.findings("foreign_key_orphan")[0].verdict, FindingVerdict::NotChecked);
}

#[test]
fn a_row_may_point_at_one_of_a_kept_period() {
    let october = october();

    let made =
        month("b1,,a1,2026-11-01T00:00:00Z\nb2,,a7,2026-11-01T00:00:00Z\n").beside(&october).made();

    assert_eq!(made.findings("foreign_key_orphan")[1].count, 1);
}

#[test]
fn many_keys_are_told_apart_in_little_memory() {
    let row = |number: usize| format!("a{number},t{},,2026-10-01T00:00:00Z\n", number % 7);
    let rows: String = (0..60_000).map(row).chain((0..100).map(row)).collect();

    let small = month(&rows).with(|job| job.memory_bytes = 32 * 1024 * 1024).made();

    assert_eq!(small.draft.row_count, 60_000);
    assert_eq!(small.draft.sources[0].rows_duplicate, 100);
}
