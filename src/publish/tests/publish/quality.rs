//! What is found in every publication, and what happens beyond a limit.

use std::collections::BTreeMap;

use domain::SnapshotId;
use domain::codebook::Codebook;
use domain::manifest::FindingVerdict;
use domain::publication::PreviousFigures;

use crate::desk::{Desk, actions, traders};

/// The figures of a snapshot before: its rows, and the rows without a country.
fn before(row_count: u64, nulls: u64) -> Option<PreviousFigures> {
    let snapshot = SnapshotId::from_digest(&domain::Sha256Digest::of(b"before"));
    let nulls = BTreeMap::from([("country".to_owned().try_into().unwrap(), nulls)]);
    Some(PreviousFigures { snapshot, row_count, nulls })
}

fn limited(change: impl FnOnce(&mut Codebook)) -> Codebook {
    let mut codebook = traders();
    change(&mut codebook);
    codebook
}

#[test]
fn every_publication_tells_nulls_ranges_codes_and_keys() {
    let rows = "trader_id,country,offers\na,AT,1\nb,,2\nc,XX,3\nd,AT,5000\na,AT,1\n";
    let made = Desk::of(traders()).file("a.csv", rows).with(|job| job.rejects_max = 9).made();

    let told = |rule: &str| -> Vec<(Option<&str>, u64)> {
        let findings = made.findings(rule).into_iter();
        findings.map(|it| (it.field.as_ref().map(|name| name.as_str()), it.count)).collect()
    };
    assert_eq!(told("unknown_category"), [(None, 1), (Some("country"), 1)]);
    assert_eq!(told("out_of_range"), [(None, 1), (Some("offers"), 1)]);
    assert_eq!(told("primary_key_duplicate"), [(None, 1)]);
    assert_eq!(told("primary_key_conflict"), [(None, 0)]);
    let nulls = told("null_share");
    assert!(nulls.contains(&(Some("country"), 1)) && nulls.contains(&(Some("offers"), 0)));
    assert!(told("rows_drop").is_empty(), "there was nothing before");
}

/// The gravest limit that is exceeded counts.
#[test]
fn a_limit_reports_holds_or_rejects() {
    let codebook = limited(|codebook| {
        let quality = &mut codebook.quality;
        quality.report.insert("null_share.country".parse().unwrap(), 0.1);
        quality.hold.insert("null_share.country".parse().unwrap(), 0.3);
        quality.reject.insert("null_share".parse().unwrap(), 0.6);
    });
    let verdict = |with: usize, without: usize| {
        let rows: String = (0..with + without)
            .map(|row| format!("t{row},{},1\n", if row < with { "AT" } else { "" }))
            .collect();
        let text = format!("trader_id,country,offers\n{rows}");
        let desk = Desk::of(codebook.clone()).file("a.csv", text);
        // Columns that the file lacks are null throughout, which the general limit rejects.
        let desk = desk.with(|job| {
            let kept = ["trader_id", "country", "offers"];
            job.codebook.fields.retain(|field| kept.contains(&field.name.as_str()));
        });
        let made = desk.made();
        let finding = made.findings("null_share");
        let of = finding.iter().find(|it| it.field.as_ref().unwrap().as_str() == "country");
        (of.unwrap().verdict, of.unwrap().limit)
    };

    assert_eq!(verdict(9, 1), (FindingVerdict::Ok, Some(0.1)));
    assert_eq!(verdict(8, 2), (FindingVerdict::Exceeded, Some(0.1)));
    assert_eq!(verdict(6, 4), (FindingVerdict::Held, Some(0.3)));
}

#[test]
fn a_drop_of_rows_or_a_jump_of_nulls_against_the_snapshot_before_holds() {
    let codebook = limited(|codebook| {
        codebook.quality.hold.insert("rows_drop".parse().unwrap(), 0.2);
        codebook.quality.hold.insert("null_share_jump".parse().unwrap(), 0.1);
    });
    let made = |previous: Option<PreviousFigures>| {
        let rows = "trader_id,country\na,AT\nb,AT\nc,AT\nd,\n";
        let desk = Desk::of(codebook.clone()).file("a.csv", rows);
        desk.with(|job| job.previous = previous).made()
    };
    let rows = |previous| {
        let made = made(previous);
        let [drop] = made.findings("rows_drop")[..] else { panic!("one") };
        (drop.count, drop.verdict)
    };
    let jump = |previous| {
        let made = made(previous);
        let jumps = made.findings("null_share_jump");
        let of = jumps.iter().find(|it| it.field.as_ref().unwrap().as_str() == "country");
        of.map(|it| it.verdict)
    };

    assert_eq!(rows(None), (0, FindingVerdict::NotChecked));
    assert_eq!(rows(before(5, 0)), (1, FindingVerdict::Ok));
    assert_eq!(rows(before(6, 0)), (2, FindingVerdict::Held));
    assert_eq!(jump(before(4, 1)), Some(FindingVerdict::Ok));
    assert_eq!(jump(before(10, 1)), Some(FindingVerdict::Held));
    assert_eq!(jump(None), None);
}

/// Of a dataset in periods, only a period that comes again can lose rows.
#[test]
fn a_new_period_drops_nothing_and_one_that_comes_again_may() {
    let mut codebook = actions();
    codebook.quality.hold.insert("rows_drop".parse().unwrap(), 0.2);
    let month = |month: u32, rows: u32| {
        let rows = (0..rows).map(|row| format!("a{month}-{row},2025-{month:02}-01T10:00:00Z\n"));
        format!("action_id,decided_at\n{}", rows.collect::<String>())
    };
    let first = Desk::of(codebook.clone()).file("a.csv", month(1, 10)).made();
    let after = |text: String| {
        let desk = Desk::of(codebook.clone()).file("b.csv", text).beside(&first);
        let made = desk.with(|job| job.previous = before(10, 0)).made();
        let [drop] = made.findings("rows_drop")[..] else { panic!("one") };
        (drop.count, drop.verdict)
    };

    assert_eq!(after(month(2, 1)), (0, FindingVerdict::NotChecked));
    assert_eq!(after(month(1, 7)), (3, FindingVerdict::Held));
    assert_eq!(after(month(1, 9)), (1, FindingVerdict::Ok));
}

#[test]
fn moments_in_the_wrong_order_are_told_with_both_columns() {
    let mut codebook = actions();
    let reviewed = codebook.field("decided_at").unwrap().clone();
    let name: domain::ColumnName = "reviewed_at".to_owned().try_into().unwrap();
    codebook.fields.push(domain::codebook::Field {
        name: name.clone(),
        nullable: true,
        ..reviewed
    });
    codebook.quality.order = vec![("decided_at".to_owned().try_into().unwrap(), name)];
    codebook.quality.reject.insert("time_order".parse().unwrap(), 0.5);
    let rows = |second: &str| {
        format!(
            "action_id,decided_at,reviewed_at\n\
             a,2025-07-01T10:00:00Z,2025-07-01T10:00:00Z\n\
             b,2025-07-01T10:00:00Z,{second}\n\
             c,2025-07-01T10:00:00Z,2025-06-30T10:00:00Z\n"
        )
    };

    let made = Desk::of(codebook.clone()).file("a.csv", rows("")).made();
    let reject = Desk::of(codebook).file("a.csv", rows("2025-01-01T00:00:00Z")).reject();

    let [order] = made.findings("time_order")[..] else { panic!("one") };
    assert_eq!(order.field.as_ref().unwrap().as_str(), "reviewed_at");
    assert_eq!((order.against.as_deref(), order.count), (Some("decided_at"), 1));
    assert_eq!((reject.rule.as_str(), reject.count), ("time_order", 2));
}

/// The report names the first row that points at nothing.
#[test]
fn orphans_that_reject_are_told_with_file_and_line() {
    let mut codebook = actions();
    codebook.quality.reject.insert("foreign_key_orphan".parse().unwrap(), 0.0);
    let targets = Desk::of(traders()).file("t.csv", "trader_id\nt-1\n").made();
    let rows = "action_id,trader_id,decided_at\n\
                a,t-1,2025-07-01T10:00:00Z\nb,t-9,2025-07-01T10:00:00Z\n";

    let desk = Desk::of(codebook).file("a.csv", rows).pointing_at("traders", &targets);
    let report = desk.rejected();

    let reject = report.rejects.iter().find(|it| it.rule == "foreign_key").unwrap();
    assert_eq!((reject.file.as_str(), reject.line, reject.count), ("a.csv", Some(3), 1));
    assert!(reject.detail.contains("against traders"), "{}", reject.detail);
}
