//! Where answers end.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, StringArray};
use arrow::record_batch::RecordBatch;
use domain::codebook::FieldType;
use domain::limits::LimitName;
use domain::question::OnLimit;
use domain::{Format, Limits};

use super::world::{Told, World};
use crate::RunResult;

const ROWS: i64 = 40_000;

/// A dataset of many rows.
fn wide_world() -> World {
    let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(0..ROWS));
    let texts: ArrayRef =
        Arc::new(StringArray::from_iter_values((0..ROWS).map(|row| format!("text {row:06}"))));
    let columns = [("number", numbers, true), ("body", texts, true)];
    let rows = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
    let fields = [("number", FieldType::Integer), ("body", FieldType::String)];
    World::open().with_dataset("posts", &fields, &rows)
}

fn ask(world: &World, sql: &str, change: impl FnOnce(&mut domain::Question)) -> Told {
    let mut question = world.question(sql);
    change(&mut question);
    world.ask(question).unwrap()
}

fn hit(told: &Told) -> Option<LimitName> {
    if let RunResult::LimitHit(hit) = &told.result { Some(hit.name) } else { None }
}

#[test]
fn an_answer_of_exactly_the_rows_allowed_passes_and_one_more_stops() {
    let world = World::open();
    let told = |rows| ask(&world, "SELECT ad_id FROM ads", |question| question.limits.rows = rows);

    assert_eq!(hit(&told(3)), Some(LimitName::Rows));
    assert_eq!(hit(&told(4)), None);
}

#[test]
fn an_answer_may_be_cut_at_its_rows_and_says_so() {
    let world = wide_world();
    let told = ask(&world, "SELECT * FROM posts ORDER BY number", |question| {
        question.limits.rows = 10_001;
        question.on_limit = OnLimit::Truncate;
        question.format = Format::Json;
    });

    let text = told.text();
    assert!(text.ends_with("\"row_count\":10001,\"truncated\":true,\"notices\":[]}"));
    let RunResult::Finished(summary) = told.result else { panic!("not finished") };
    assert_eq!((summary.rows, summary.truncated), (10_001, true));
    let whole = ask(&world, "SELECT * FROM posts ORDER BY number LIMIT 10001", |_| ());
    let RunResult::Finished(whole) = whole.result else { panic!("not finished") };
    assert_eq!(whole.rows_sha256, summary.rows_sha256, "the digest is of the rows that left");
}

#[test]
fn an_answer_of_exactly_the_rows_allowed_is_not_cut() {
    let world = World::open();
    let told = ask(&world, "SELECT ad_id FROM ads", |question| {
        question.limits.rows = 4;
        question.on_limit = OnLimit::Truncate;
    });

    assert!(matches!(told.result, RunResult::Finished(summary) if !summary.truncated));
}

#[test]
fn bytes_stop_an_answer_in_every_format() {
    let world = wide_world();
    for format in Format::ALL {
        let told = ask(&world, "SELECT * FROM posts", |question| {
            question.limits.bytes = 50_000;
            question.format = format;
        });
        assert_eq!(hit(&told), Some(LimitName::Bytes), "{format:?}");
    }
}

#[test]
fn an_answer_cut_at_its_bytes_is_whole_in_its_form_and_fills_most_of_them() {
    let world = wide_world();
    for format in Format::ALL {
        let told = ask(&world, "SELECT * FROM posts", |question| {
            question.limits.bytes = 50_000;
            question.on_limit = OnLimit::Truncate;
            question.format = format;
        });
        let RunResult::Finished(summary) = &told.result else { panic!("{:?}", told.result) };
        assert!(summary.truncated && 0 < summary.rows, "{format:?}: {summary:?}");
        assert!((20_000..=50_000).contains(&told.body.len()), "{format:?}: {}", told.body.len());
        assert_eq!(rows_of(&told.body, format), summary.rows, "{format:?}");
    }
}

fn rows_of(body: &[u8], format: Format) -> u64 {
    let lines = || body.split(|byte| *byte == b'\n').count() as u64 - 1;
    match format {
        Format::Json => {
            let answer: serde_json::Value = serde_json::from_slice(body).unwrap();
            answer["rows"].as_array().unwrap().len() as u64
        }
        Format::Ndjson => lines(),
        Format::Csv => lines() - 1,
        Format::Arrow => {
            let reader = arrow::ipc::reader::StreamReader::try_new(body, None).unwrap();
            reader.map(|batch| batch.unwrap().num_rows() as u64).sum()
        }
        Format::Parquet => {
            let body = bytes::Bytes::from(body.to_vec());
            let reader =
                parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(body);
            reader.unwrap().build().unwrap().map(|batch| batch.unwrap().num_rows() as u64).sum()
        }
    }
}

#[test]
fn a_header_over_the_byte_limit_leaves_nothing() {
    let world = World::open();
    let told = ask(&world, "SELECT ad_id FROM ads", |question| {
        question.limits.bytes = 3;
        question.on_limit = OnLimit::Truncate;
    });

    assert_eq!(hit(&told), Some(LimitName::Bytes));
    assert!(told.body.is_empty());
}

const HUNGRY: &str = "SELECT body, count(*) FROM posts GROUP BY body ORDER BY body";

#[test]
fn a_query_that_needs_more_memory_spills_and_then_stops() {
    let world = wide_world();
    let told = |memory_bytes, spill_bytes| {
        ask(&world, HUNGRY, |question| {
            question.limits = Limits { memory_bytes, spill_bytes, ..question.limits };
        })
    };

    assert_eq!(hit(&told(64 << 20, 1 << 30)), None);
    assert_eq!(hit(&told(1_000, 1 << 30)), Some(LimitName::MemoryBytes));
}

#[test]
fn a_sort_spills_within_its_budget_or_stops_at_it() {
    let world = wide_world();
    let sql = "SELECT a.body, b.body AS other FROM posts a JOIN posts b USING (number) \
               ORDER BY other DESC";
    let told = |memory_bytes, spill_bytes| {
        ask(&world, sql, |question| {
            question.limits = Limits { memory_bytes, spill_bytes, ..question.limits };
        })
    };
    let fitting = told(1 << 30, 0);
    let RunResult::Finished(summary) = &fitting.result else { panic!("{:?}", fitting.result) };
    let peak = summary.memory_peak_bytes;
    assert!(1 << 20 < peak, "{peak}");

    let spilling = told(peak / 2 + (2 << 20), 1 << 30);

    match hit(&spilling) {
        None => assert_eq!(spilling.body, fitting.body, "spilled rows come back as they went"),
        Some(name) => assert_eq!(name, LimitName::MemoryBytes),
    }
    let starved = told(peak / 2 + (2 << 20), 1_000);
    assert!(
        matches!(hit(&starved), Some(LimitName::SpillBytes | LimitName::MemoryBytes)),
        "{:?}",
        starved.result
    );
}

#[test]
fn reading_stops_at_the_scan_limit_and_tells_how_much_was_read() {
    let world = wide_world();
    let told = ask(&world, "SELECT sum(number) FROM posts", |question| {
        question.limits.scan_bytes = 1_000;
    });

    let RunResult::LimitHit(hit) = told.result else { panic!("{:?}", told.result) };
    assert_eq!((hit.name, hit.allowed), (LimitName::ScanBytes, 1_000));
    let told = ask(&world, "SELECT sum(number) FROM posts", |_| ());
    let RunResult::Finished(summary) = told.result else { panic!("not finished") };
    assert!(1_000 < summary.scan_bytes, "{summary:?}");
}
