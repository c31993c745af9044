//! Published files, written anew without what the law takes out.

use std::fs::{self, File};

use domain::manifest::ColumnSummary;
use domain::publication::{CompactDraft, CompactJob};
use domain::question::MountedFile;
use domain::redaction::{Ground, RedactedRows, Redaction, RedactionCount};
use domain::{Codebook, ColumnName};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use tempfile::TempDir;

use crate::columns;
use crate::desk::{Desk, Made, actions, mounted, traders};

/// Traders whose country is always known.
fn codebook() -> Codebook {
    let mut codebook = traders();
    codebook.fields[1].nullable = false;
    codebook
}

/// Four traders, one of which has a name that nothing else has.
fn made() -> Made {
    let csv = "trader_id,country,offers,rating,turnover,is_company,since,seen_at,sells_to,legal_name\n\
               t-1,DE,1,0.5,1.00,true,2024-01-01,2024-01-01T00:00:00Z,\"[\"\"AT\"\"]\",Alpha\n\
               t-2,BE,2,0.5,1.00,true,2024-01-01,2024-01-01T00:00:00Z,\"[\"\"AT\"\"]\",Beta\n\
               t-3,AT,3,0.5,1.00,true,2024-01-01,2024-01-01T00:00:00Z,\"[\"\"AT\"\"]\",Gamma\n\
               t-4,DE,4,0.5,1.00,false,2024-01-01,2024-01-01T00:00:00Z,,\n";
    Desk::of(codebook()).file("traders.csv", csv).made()
}

fn redaction(keys: &[&str], columns: &[&str]) -> Redaction {
    let column = |name: &&str| ColumnName::parse(name).unwrap();
    Redaction {
        dataset: traders().name,
        ground: Ground::Order,
        reason: "a ruling".to_owned(),
        columns: columns.iter().map(column).collect(),
        rows: RedactedRows::Keys {
            columns: vec![column(&"trader_id")],
            keys: keys.iter().map(|key| vec![(*key).to_owned()]).collect(),
        },
    }
}

/// Compacts what was made; gives the draft and the folder with its files.
fn compact(made: &Made, redactions: &[Redaction], dry_run: bool) -> (CompactDraft, TempDir) {
    compact_of(made, codebook(), redactions, dry_run)
}

/// Compacts what was made of any dataset.
fn compact_of(
    made: &Made,
    codebook: Codebook,
    redactions: &[Redaction],
    dry_run: bool,
) -> (CompactDraft, TempDir) {
    let (redactions, keys) = mounted(redactions, &codebook);
    let files = made.mounted();
    let job = CompactJob {
        codebook,
        redactions,
        dry_run,
        memory_bytes: 64 << 20,
        spill_bytes: 1 << 30,
        files,
    };
    let opened = made.open().into_iter().chain([keys]).collect();
    let scratch = tempfile::tempdir().unwrap();
    let draft = publish::compact(&job, opened, scratch.path()).unwrap();
    (draft, scratch)
}

/// What is told of a column once compacted files stand in the place of others.
fn told_of(made: &Made, draft: &CompactDraft, scratch: &TempDir, column: &str) -> ColumnSummary {
    let (mut files, mut opened) = (made.mounted(), made.open());
    for compacted in &draft.files {
        let [new] = compacted.files.as_slice() else { panic!("{compacted:?}") };
        opened[compacted.of] = File::open(scratch.path().join(&new.file)).unwrap();
        let (bytes, row_count) = (new.bytes, new.row_count);
        let old = files[compacted.of].clone();
        files[compacted.of] = MountedFile { sha256: new.sha256, bytes, row_count, ..old };
    }
    let told = columns::told(&made.codebook, &files, opened, None).columns;
    told.into_iter().find(|told| told.name.as_str() == column).unwrap()
}

/// All rows of the files that were written anew, as text.
fn rows(draft: &CompactDraft, scratch: &TempDir) -> String {
    let files = draft.files.iter().flat_map(|file| &file.files);
    let shown = files.map(|file| {
        let bytes = fs::read(scratch.path().join(&file.file)).unwrap();
        assert_eq!(domain::Sha256Digest::of(&bytes), file.sha256);
        let reader = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(bytes)).unwrap();
        let batches: Vec<_> = reader.build().unwrap().collect::<Result<_, _>>().unwrap();
        let count: usize = batches.iter().map(arrow::record_batch::RecordBatch::num_rows).sum();
        assert_eq!(count as u64, file.row_count);
        arrow::util::pretty::pretty_format_batches(&batches).unwrap().to_string()
    });
    shown.collect()
}

#[test]
fn rows_go_cells_become_null_and_the_rest_stays() {
    let made = made();
    let redactions =
        [redaction(&["t-2"], &[]), redaction(&["t-1", "t-9"], &["legal_name", "country"])];

    let (draft, scratch) = compact(&made, &redactions, false);

    let [file] = draft.files.as_slice() else { panic!("{draft:?}") };
    assert_eq!(file.counts[&Ground::Order], RedactionCount { rows: 1, cells: 2 });
    let told = rows(&draft, &scratch);
    assert!(!told.contains("Alpha") && !told.contains("Beta") && told.contains("Gamma"), "{told}");
    let order: Vec<_> = ["t-3", "t-4", "t-1"].map(|key| told.find(key).unwrap()).into();
    assert!(order.is_sorted(), "a row whose country went is sorted anew: {told}");
    let names = told_of(&made, &draft, &scratch, "legal_name");
    assert_eq!(names.null_count, 2);
    let countries = told_of(&made, &draft, &scratch, "country");
    assert_eq!(countries.null_count, 1, "even of a column that never was null");
    for file in fs::read_dir(scratch.path()).unwrap() {
        let bytes = fs::read(file.unwrap().path()).unwrap();
        assert!(!bytes.windows(4).any(|window| window == b"Beta"), "not in statistics either");
    }
}

/// A correction of one month writes one month's file.
#[test]
fn of_periods_only_those_are_written_anew_that_hold_something() {
    let csv = "action_id,trader_id,reverses,decided_at\n\
               a-1,t-1,,2026-01-02T00:00:00Z\n\
               a-2,t-1,,2026-02-03T00:00:00Z\n\
               a-3,t-2,,2026-02-04T00:00:00Z\n";
    let made = Desk::of(actions()).file("actions.csv", csv).made();
    let column = |name: &str| ColumnName::parse(name).unwrap();
    let redaction = Redaction {
        dataset: actions().name,
        rows: RedactedRows::Keys {
            columns: vec![column("action_id")],
            keys: [vec!["a-3".to_owned()]].into(),
        },
        ..redaction(&[], &["trader_id"])
    };

    let (draft, scratch) = compact_of(&made, actions(), &[redaction], false);

    let [file] = draft.files.as_slice() else { panic!("{draft:?}") };
    assert_eq!(made.draft.files[file.of].period.as_deref(), Some("2026-02"));
    assert_eq!(file.files[0].period.as_deref(), Some("2026-02"));
    assert_eq!(file.files[0].row_count, 2);
    assert!(!rows(&draft, &scratch).contains("t-2"));
    let told = told_of(&made, &draft, &scratch, "trader_id");
    assert_eq!(told.null_count, 1, "over both months");
}

#[test]
fn a_file_that_holds_nothing_stays_as_it_is() {
    let (draft, scratch) = compact(&made(), &[redaction(&["t-9"], &[])], false);

    assert!(draft.files.is_empty());
    assert_eq!(fs::read_dir(scratch.path()).unwrap().count(), 0);
}

#[test]
fn a_dry_run_counts_and_writes_nothing() {
    let (draft, scratch) = compact(&made(), &[redaction(&["t-1", "t-2"], &[])], true);

    assert_eq!(draft.files[0].counts[&Ground::Order], RedactionCount { rows: 2, cells: 0 });
    assert!(draft.files[0].files.is_empty());
    assert_eq!(fs::read_dir(scratch.path()).unwrap().count(), 0);
}

#[test]
fn a_file_whose_rows_all_go_is_empty_and_there() {
    let all = redaction(&["t-1", "t-2", "t-3", "t-4"], &[]);

    let (draft, _scratch) = compact(&made(), &[all], false);

    assert_eq!(draft.files[0].files.len(), 1);
    assert_eq!(draft.files[0].files[0].row_count, 0);
}
