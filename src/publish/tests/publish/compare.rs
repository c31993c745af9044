//! Two snapshots compared: what a steward is told of a new version.

use domain::ColumnName;
use domain::codebook::Codebook;
use domain::redaction::{Ground, RedactedRows, Redaction};
use domain::task::{
    CompareTask, Comparison, GroupChanges, RowChanges, SeenSnapshot, Task, TaskEnd,
};

use crate::desk::{Desk, Made, mounted, traders};

/// A snapshot of these rows: id, country, offers.
fn snapshot(codebook: &Codebook, rows: &str) -> Made {
    Desk::of(codebook.clone()).file("a.csv", format!("trader_id,country,offers\n{rows}")).made()
}

/// What a worker tells of two snapshots, in so much memory.
fn compared(
    former: &Codebook,
    from: &Made,
    codebook: &Codebook,
    to: &Made,
    memory_bytes: u64,
) -> Comparison {
    told([(former, from), (codebook, to)], &[], memory_bytes)
}

/// What a worker tells of two snapshots without what the law takes out of both.
fn told(both: [(&Codebook, &Made); 2], redactions: &[Redaction], memory_bytes: u64) -> Comparison {
    let mut files = Vec::new();
    let [from, to] = both.map(|(codebook, made)| {
        files.extend(made.open());
        let mut seen =
            SeenSnapshot { codebook: codebook.clone(), files: made.mounted(), redactions: None };
        if !redactions.is_empty() {
            let (told, keys) = mounted(redactions, codebook);
            seen.redactions = Some(Box::new(told));
            files.push(keys);
        }
        seen
    });
    let task = CompareTask { from, to, memory_bytes, spill_bytes: 1 << 30 };
    let task = Task::Compare(Box::new(task));
    let scratch = tempfile::tempdir().unwrap();
    let end = publish::perform(&task, files, scratch.path(), &mut |_| {}).unwrap();
    let TaskEnd::Compared(comparison) = end else { panic!("{end:?}") };
    comparison
}

/// Traders taken out as whole rows, or only some of their cells.
fn taken_out(keys: &[&str], columns: &[&str]) -> Redaction {
    let column = |name: &&str| ColumnName::parse(name).unwrap();
    Redaction {
        dataset: traders().name,
        ground: Ground::Art17,
        reason: "a request".to_owned(),
        columns: columns.iter().map(column).collect(),
        rows: RedactedRows::Keys {
            columns: vec![column(&"trader_id")],
            keys: keys.iter().map(|key| vec![(*key).to_owned()]).collect(),
        },
    }
}

fn group(value: Option<&str>, added: u64, removed: u64, changed: u64) -> GroupChanges {
    let rows = RowChanges { added, removed, changed };
    GroupChanges { value: value.map(str::to_owned), rows }
}

#[test]
fn rows_are_told_by_category_and_changes_by_column() {
    let mut codebook = traders();
    codebook.diff_by = Some("country".to_owned().try_into().unwrap());
    let from = snapshot(&codebook, "same,AT,1\nmoved,AT,2\nmore,DE,3\ngone,DE,4\n");
    let to = snapshot(&codebook, "same,AT,1\nmoved,DE,2\nmore,DE,30\nnew,,5\nboth,AT,6\n");

    let comparison = compared(&codebook, &from, &codebook, &to, 1 << 20);

    assert_eq!(comparison.rows, Some(RowChanges { added: 2, removed: 1, changed: 2 }));
    assert_eq!(comparison.by.unwrap().as_str(), "country");
    let groups = [group(Some("AT"), 1, 0, 0), group(Some("DE"), 0, 1, 2), group(None, 1, 0, 0)];
    assert_eq!(comparison.groups, groups);
    let columns: Vec<_> =
        comparison.columns.iter().map(|column| (column.name.as_str(), column.rows)).collect();
    assert_eq!(columns, [("country", 1), ("offers", 1)]);
}

#[test]
fn the_same_rows_do_not_differ_whatever_their_order() {
    let codebook = traders();
    let from = snapshot(&codebook, "a,AT,1\nb,DE,2\n");
    let to = snapshot(&codebook, "b,DE,2\na,AT,1\n");

    let comparison = compared(&codebook, &from, &codebook, &to, 1 << 20);

    assert_eq!(comparison.rows, Some(RowChanges::default()));
    assert!(comparison.groups.is_empty() && comparison.columns.is_empty());
}

/// More rows than fit in the memory that is given: buckets go to the disk and come back.
#[test]
fn many_rows_are_compared_in_little_memory() {
    let codebook = traders();
    let rows = |count: u32, offers: u32| -> String {
        (0..count).map(|row| format!("t{row},AT,{}\n", (row + offers) % 1000)).collect()
    };
    let (from, to) = (snapshot(&codebook, &rows(40_000, 0)), snapshot(&codebook, &rows(50_000, 7)));

    let comparison = compared(&codebook, &from, &codebook, &to, 1 << 18);

    assert_eq!(comparison.rows, Some(RowChanges { added: 10_000, removed: 0, changed: 40_000 }));
    assert_eq!(comparison.columns.len(), 1);
    assert_eq!(comparison.columns[0].rows, 40_000);
}

/// A column that only one of them has changes no row; another key makes rows incomparable.
#[test]
fn columns_that_only_one_has_are_left_out() {
    let codebook = traders();
    let mut former = codebook.clone();
    former.fields.retain(|field| field.name.as_str() != "offers");
    let short = Desk::of(former.clone()).file("a.csv", "trader_id,country\na,AT\nb,AT\n").made();
    let to = snapshot(&codebook, "a,AT,1\nb,DE,2\n");

    let comparison = compared(&former, &short, &codebook, &to, 1 << 20);
    assert_eq!(comparison.rows, Some(RowChanges { added: 0, removed: 0, changed: 1 }));

    former.primary_key = vec!["country".to_owned().try_into().unwrap()];
    let comparison = compared(&former, &short, &codebook, &to, 1 << 20);
    assert_eq!(comparison, Comparison::default());
}

/// Whoever could count what is taken out could tell that it was there.
#[test]
fn what_the_law_takes_out_is_in_neither_of_two_snapshots() {
    let mut codebook = traders();
    codebook.diff_by = Some("country".to_owned().try_into().unwrap());
    let from = snapshot(&codebook, "same,AT,1\ngone,AT,2\nmore,DE,3\nless,DE,4\n");
    let to = snapshot(&codebook, "same,AT,1\nnew,BE,2\nmore,DE,30\nless,AT,5\n");
    let rows = taken_out(&["gone", "new"], &[]);
    let cells = taken_out(&["more", "less"], &["offers"]);

    let comparison = told([(&codebook, &from), (&codebook, &to)], &[rows, cells], 1 << 20);

    assert_eq!(comparison.rows, Some(RowChanges { added: 0, removed: 0, changed: 1 }));
    assert_eq!(comparison.groups, [group(Some("AT"), 0, 0, 1)], "its country shows, no offers do");
    let columns: Vec<_> = comparison.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(columns, ["country"]);
}

/// Rows that vanish for their age vanish by a column that may not be compared at all.
#[test]
fn rows_that_are_too_old_are_in_neither_of_two_snapshots() {
    let later = traders();
    let mut former = traders();
    former.fields.retain(|field| field.name.as_str() != "rating");
    let csv = "trader_id,since\nold,2020-01-01\nyoung,2024-01-01\n";
    let from = Desk::of(former.clone()).file("a.csv", csv).made();
    let to = Desk::of(later.clone()).file("a.csv", "trader_id,since\nyoung,2024-01-01\n").made();
    let rows = RedactedRows::Before {
        clock: ColumnName::parse("since").unwrap(),
        day: "2023-01-01".parse().unwrap(),
    };
    let redaction = Redaction { rows, ..taken_out(&[], &[]) };

    let comparison = told([(&former, &from), (&later, &to)], &[redaction], 1 << 20);

    assert_eq!(comparison.rows, Some(RowChanges::default()));
}
