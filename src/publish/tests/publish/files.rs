//! The files that come out: sorted, described, and the same for the same rows.

use std::fs::File;

use domain::publication::Stage;
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::file::serialized_reader::ReadOptionsBuilder;

use crate::desk::{Desk, Made, actions, traders};

/// Rows in an order that is far from sorted.
fn shuffled(count: u64) -> String {
    let mut csv = "trader_id,country,offers,legal_name,is_company\n".to_owned();
    for number in 0..count {
        let number = number.wrapping_mul(7919) % count;
        let country = ["AT", "BE", "DE", ""][usize::try_from(number % 4).unwrap()];
        csv += &format!("t{number:06},{country},{},Name{number},true\n", number % 900);
    }
    csv
}

fn publish(count: u64) -> Desk {
    Desk::of(traders()).file("traders.csv", shuffled(count))
}

#[test]
fn rows_are_sorted_by_the_codebooks_order_with_nulls_last() {
    let rows = publish(5_000).made().rows(&["country", "trader_id"]);

    assert!(rows.is_sorted(), "the sign for null sorts behind the letters");
    assert!(rows[0].starts_with("AT t0") && rows[4_999].starts_with("∅ t0"));
}

#[test]
fn a_sort_that_spills_gives_the_same_bytes() {
    let csv = shuffled(300_000);
    let publish = |memory_bytes: u64| {
        let desk = Desk::of(traders()).file("traders.csv", &csv);
        desk.with(|job| job.memory_bytes = memory_bytes * 1024 * 1024).made()
    };

    let (roomy, tight) = (publish(1024), publish(40));

    assert_eq!(roomy.draft.files, tight.draft.files);
    assert_eq!(roomy.draft.row_count, 300_000);
}

#[test]
fn a_sort_that_may_not_spill_enough_is_told_to_the_steward() {
    let reject = publish(300_000)
        .with(|job| {
            job.memory_bytes = 40 * 1024 * 1024;
            job.spill_bytes = 1024;
        })
        .reject();

    assert_eq!(reject.rule, "size");
}

fn reader(made: &Made) -> SerializedFileReader<File> {
    let file = File::open(made.path(&made.draft.files[0].file)).unwrap();
    let options = ReadOptionsBuilder::new().with_page_index().build();
    SerializedFileReader::new_with_options(file, options).unwrap()
}

#[test]
fn a_file_tells_its_order_and_has_filters_for_its_keys() {
    let made = publish(300_000).made();

    let reader = reader(&made);
    let metadata = reader.metadata();
    assert_eq!(metadata.num_row_groups(), 3);
    assert!(metadata.column_index().is_some() && metadata.offset_index().is_some());
    for group in metadata.row_groups() {
        let sorting = group.sorting_columns().unwrap();
        assert_eq!(sorting.iter().map(|column| column.column_idx).collect::<Vec<_>>(), [1, 0]);
        assert!(group.column(0).bloom_filter_offset().is_some(), "keys are looked up");
        assert!(group.column(1).bloom_filter_offset().is_none());
        assert!(group.column(1).dictionary_page_offset().is_some());
    }
    assert_eq!(metadata.file_metadata().created_by(), Some("Reading Room layout 2"));
}

#[test]
fn columns_are_described_over_new_and_kept_files() {
    let header = "action_id,trader_id,reverses,decided_at\n";
    let month = |rows: &str| Desk::of(actions()).file("a.csv", format!("{header}{rows}"));
    let first = month("a1,t1,,2026-10-01T00:00:00Z\na2,t2,a1,2026-10-02T00:00:00Z\n").made();

    let both =
        month("b1,t2,,2026-11-01T00:00:00Z\nb2,,,2026-11-02T00:00:00Z\n").beside(&first).made();

    let column =
        |name: &str| both.draft.columns.iter().find(|column| column.name.as_str() == name).unwrap();
    assert_eq!(column("action_id").distinct_estimate, 4);
    assert_eq!(column("trader_id").distinct_estimate, 2);
    assert_eq!((column("reverses").null_count, column("trader_id").null_count), (3, 1));
    assert!(both.draft.columns.iter().all(|column| 0 < column.bytes));
    assert!(both.draft.columns.iter().all(|column| column.min.is_none()), "it is not public");
}

#[test]
fn bounds_are_told_of_public_columns_only() {
    let made = Desk::of(traders())
        .file(
            "t.csv",
            "trader_id,offers,rating,turnover,since,seen_at,is_company,legal_name,sells_to\n\
             b,5,-1.5,1.00,2024-01-01,2024-01-01 00:00:00,true,Zed,\"[\"\"AT\"\"]\"\n\
             a,10,2,,2023-12-31,,,,\n",
        )
        .made();

    let bounds = |name: &str| {
        let column = made.draft.columns.iter().find(|column| column.name.as_str() == name);
        let column = column.unwrap();
        serde_json::json!([column.min, column.max]).to_string()
    };
    assert_eq!(bounds("trader_id"), r#"["a","b"]"#);
    assert_eq!(bounds("offers"), "[5,10]");
    assert_eq!(bounds("rating"), "[-1.5,2.0]");
    assert_eq!(bounds("since"), r#"["2023-12-31","2024-01-01"]"#);
    assert_eq!(
        bounds("seen_at"),
        r#"["2024-01-01T00:00:00.000000Z","2024-01-01T00:00:00.000000Z"]"#
    );
    for name in ["turnover", "legal_name", "sells_to", "is_company", "country"] {
        assert_eq!(bounds(name), "[null,null]", "{name}");
    }
}

#[test]
fn a_state_without_rows_has_a_file_without_rows() {
    let made = Desk::of(traders()).file("t.csv", "trader_id,country\n").made();

    assert_eq!((made.draft.files.len(), made.draft.row_count), (1, 0));
    assert_eq!(made.draft.coverage.periods, Vec::<String>::new());
}

#[test]
fn progress_only_ever_goes_forward() {
    let mut steps = Vec::new();

    let made = publish(200_000).run(&mut |progress| steps.push(progress)).unwrap();

    assert_eq!(made.draft.row_count, 200_000);
    let stages: Vec<Stage> = steps.iter().map(|step| step.stage).collect();
    let order = [Stage::Read, Stage::Validate, Stage::LayOut];
    let place = |stage: &Stage| order.iter().position(|one| one == stage).unwrap();
    assert!(stages.iter().map(place).is_sorted());
    assert!(steps.iter().all(|step| step.bytes_read <= step.bytes_total));
    assert_eq!(steps.last().map(|step| step.rows), Some(200_000));
}
