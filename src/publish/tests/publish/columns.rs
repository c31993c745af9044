//! Columns of a snapshot, told over more files than one process holds open.

use std::fs::File;

use domain::Codebook;
use domain::question::MountedFile;
use domain::task::{ColumnsTask, ColumnsTold, Task, TaskEnd};
use publish::Fault;
use serde_json::{Value, json};

use crate::desk::{Desk, Made, codebook};

/// Readings of every type that has bounds, a day in a file.
const READINGS: &str = "
name: readings
title: Readings
description: One row for each reading.
legal_basis: [DSA Art. 40]
tier: public
row_unit: reading
kind: periods
period_unit: day
primaryKey: [reading_id]
sort_order: [taken_at]
time_column: taken_at
schema_version: 1
fields:
  - {name: reading_id, type: string, class: public, nullable: false, description: Its id.}
  - {name: taken_at, type: datetime, class: public, nullable: false, description: When.}
  - {name: count, type: integer, class: public, nullable: true, description: How many.}
  - {name: level, type: number, class: public, nullable: true, description: How much.}
  - {name: price, type: decimal, class: public, nullable: true, description: Money.}
  - {name: since, type: date, class: public, nullable: true, description: Since.}
  - {name: owner, type: string, class: restricted, nullable: true, description: Whose.}
changelog:
  - {schema_version: 1, date: 2026-11-23, note: First.}
";

/// Four days, of which one lacks most values; 0.1 + 0.2 is a number that decimals cut short.
fn made() -> Made {
    let csv = "reading_id,taken_at,count,level,price,since,owner\n\
               r-1,2026-01-01T00:00:00Z,-7,0.30000000000000004,-1.05,1969-12-31,Ada\n\
               r-2,2026-01-02T00:00:00Z,9007199254740993,-0.1,0.99,2024-02-29,Bo\n\
               r-3,2026-01-03T00:00:00Z,,,,,\n\
               r-4,2026-01-04T00:00:00Z,3,5e-324,7.00,2026-01-01,Ada\n";
    let made = Desk::of(codebook(READINGS)).file("readings.csv", csv).made();
    assert_eq!(made.draft.files.len(), 4);
    made
}

/// What is told of columns over some files, and those before.
pub(crate) fn told(
    codebook: &Codebook,
    files: &[MountedFile],
    opened: Vec<File>,
    so_far: Option<Value>,
) -> ColumnsTold {
    let end = perform(codebook, files, opened, so_far).unwrap();
    let TaskEnd::Columns(told) = end else { panic!("{end:?}") };
    told
}

fn perform(
    codebook: &Codebook,
    files: &[MountedFile],
    opened: Vec<File>,
    so_far: Option<Value>,
) -> Result<TaskEnd, Fault> {
    let (codebook, files) = (codebook.clone(), files.to_vec());
    let task = Task::Columns(Box::new(ColumnsTask { codebook, files, so_far }));
    // As it comes over the socket.
    let task = serde_json::from_slice(&serde_json::to_vec(&task).unwrap()).unwrap();
    let scratch = tempfile::tempdir().unwrap();
    publish::perform(&task, opened, scratch.path(), &mut |_| {})
}

/// However many files a snapshot has, its manifest says the same: as if one worker saw them all.
#[test]
fn columns_told_in_shares_are_those_told_at_once() {
    let made = made();
    let files = made.mounted();

    for size in 1..=4 {
        let (mut opened, mut last) = (made.open().into_iter(), None);
        for share in files.chunks(size) {
            let files_of_share = opened.by_ref().take(share.len()).collect();
            let so_far = last.map(|told: ColumnsTold| told.so_far);
            last = Some(told(&made.codebook, share, files_of_share, so_far));
        }
        let columns = last.unwrap().columns;
        assert_eq!(columns, made.draft.columns, "{size} at a time");
        assert_eq!(columns[3].max, Some(json!(0.1 + 0.2)));
        assert_eq!(columns[6].distinct_estimate, 2);
    }
}

/// The gateway carries it from worker to worker, and no value that it may not show with it.
#[test]
fn what_goes_from_share_to_share_tells_no_value_of_a_restricted_column() {
    let made = made();

    let so_far = told(&made.codebook, &made.mounted(), made.open(), None).so_far.to_string();

    assert!(so_far.contains("r-4"), "a public column's bound: {so_far}");
    assert!(!so_far.contains("Ada") && !so_far.contains("Bo\""), "{so_far}");
}

#[test]
fn shares_of_other_columns_are_not_gone_on_from() {
    let made = made();

    for so_far in [json!([]), json!({"columns": 7}), json!([{"bytes": -1}])] {
        let end = perform(&made.codebook, &made.mounted(), made.open(), Some(so_far));
        assert!(matches!(end, Err(Fault::SoFar)), "{end:?}");
    }
}
