//! Two snapshots compared: what a steward is told of a new version.

use std::fs::File;

use domain::codebook::Codebook;
use domain::publication::DraftFile;
use domain::question::MountedFile;
use domain::task::{CompareTask, Comparison, GroupChanges, RowChanges, Task, TaskEnd};

use crate::desk::{Desk, Made, traders};

/// A snapshot of these rows: id, country, offers.
fn snapshot(codebook: &Codebook, rows: &str) -> Made {
    Desk::of(codebook.clone()).file("a.csv", format!("trader_id,country,offers\n{rows}")).made()
}

fn mounted(files: &[DraftFile]) -> Vec<MountedFile> {
    let file = |file: &DraftFile| MountedFile {
        sha256: file.sha256,
        bytes: file.bytes,
        row_count: file.row_count,
        period: file.period.clone(),
    };
    files.iter().map(file).collect()
}

/// What a worker tells of two snapshots, in so much memory.
fn compared(
    former: &Codebook,
    from: &Made,
    codebook: &Codebook,
    to: &Made,
    memory_bytes: u64,
) -> Comparison {
    let files = [from, to].into_iter().flat_map(|made| {
        let files = made.draft.files.iter();
        files.map(|file| File::open(made.path(&file.file)).unwrap())
    });
    let files = files.collect();
    let task = Task::Compare(Box::new(CompareTask {
        codebook: codebook.clone(),
        former: former.clone(),
        from: mounted(&from.draft.files),
        to: mounted(&to.draft.files),
        memory_bytes,
        spill_bytes: 1 << 30,
    }));
    let scratch = tempfile::tempdir().unwrap();
    let end = publish::perform(&task, files, scratch.path(), &mut |_| {}).unwrap();
    let TaskEnd::Compared(comparison) = end else { panic!("{end:?}") };
    comparison
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
