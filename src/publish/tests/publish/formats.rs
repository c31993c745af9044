//! One set of rows in every format that a steward may deliver: what comes out is the same.

use std::io::Write as _;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int32Array, ListBuilder,
    StringArray, StringBuilder, TimestampNanosecondArray,
};
use arrow::record_batch::RecordBatch;
use flate2::Compression;
use flate2::write::GzEncoder;
use parquet::arrow::ArrowWriter;

use crate::desk::{Desk, Made, tar, traders, zip};

const CSV: &str =
    "trader_id,country,offers,rating,turnover,is_company,since,seen_at,sells_to,legal_name
t2,DE,7,4.5,1200.50,true,2024-02-29,2026-01-01T12:00:00Z,\"[\"\"DE\"\",\"\"AT\"\"]\",\"Großhandel\"
t1,AT,0,,-0.05,No,unknown,2026-01-01 12:00:00.25,[],
t3,,,,,,,,,
";

const NDJSON: &str = r#"{"trader_id":"t2","country":"DE","offers":7,"rating":4.5,"turnover":"1200.50","is_company":true,"since":"2024-02-29","seen_at":"2026-01-01T13:00:00+01:00","sells_to":["DE","AT"],"legal_name":"Gro\u00dfhandel"}
{"seen_at":"2026-01-01T12:00:00.250000Z","trader_id":"t1","country":"AT","offers":0,"turnover":-0.05,"is_company":false,"sells_to":[],"since":null}

{"trader_id":"t3","country":""}
"#;

/// The rows as a data frame library would write them.
fn parquet() -> Vec<u8> {
    let mut sells_to = ListBuilder::new(StringBuilder::new());
    sells_to.append_value([Some("DE"), Some("AT")]);
    sells_to.append_value::<[Option<&str>; 0], _>([]);
    sells_to.append_null();
    let second_ns = 1_000_000_000;
    let noon_ns = 1_767_268_800 * second_ns;
    let moments = vec![Some(noon_ns), Some(noon_ns + second_ns / 4), None];
    let turnover = Decimal128Array::from(vec![Some(12_005_000), Some(-500), None]);
    let columns: [(&str, ArrayRef); 10] = [
        ("legal_name", Arc::new(StringArray::from(vec![Some("Großhandel"), None, None]))),
        ("trader_id", Arc::new(StringArray::from(vec!["t2", "t1", "t3"]))),
        ("country", Arc::new(StringArray::from(vec![Some("DE"), Some("AT"), None]))),
        ("offers", Arc::new(Int32Array::from(vec![Some(7), Some(0), None]))),
        ("rating", Arc::new(Float64Array::from(vec![Some(4.5), None, None]))),
        ("turnover", Arc::new(turnover.with_precision_and_scale(20, 4).unwrap())),
        ("is_company", Arc::new(BooleanArray::from(vec![Some(true), Some(false), None]))),
        ("since", Arc::new(Date32Array::from(vec![Some(19_782), None, None]))),
        ("seen_at", Arc::new(TimestampNanosecondArray::from(moments))),
        ("sells_to", Arc::new(sells_to.finish())),
    ];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    bytes
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn made(name: &str, bytes: impl AsRef<[u8]>) -> Made {
    Desk::of(traders()).file(name, bytes).made()
}

#[test]
fn the_same_rows_give_the_same_bytes_in_whatever_format_they_come() {
    let csv = made("traders.csv", CSV);

    for (name, bytes) in [
        ("traders.csv.gz", gzip(CSV.as_bytes())),
        ("traders.csv.zst", zstd::encode_all(CSV.as_bytes(), 0).unwrap()),
        ("traders.ndjson", NDJSON.into()),
        ("traders.jsonl.gz", gzip(NDJSON.as_bytes())),
        ("traders.parquet", parquet()),
        ("traders.parquet.zst", zstd::encode_all(parquet().as_slice(), 0).unwrap()),
        ("traders.zip", zip(&[("traders.csv", CSV.as_bytes())], false)),
        ("traders.zip", zip(&[("x/traders.parquet", &parquet())], true)),
        ("traders.tar", tar(&[("./traders/a.ndjson", NDJSON.as_bytes())])),
        ("traders.tar.gz", gzip(&tar(&[("a.csv", CSV.as_bytes())]))),
    ] {
        let other = made(name, bytes);
        assert_eq!(other.draft.files, csv.draft.files, "{name}");
        assert_eq!(other.draft.columns, csv.draft.columns, "{name}");
        assert_eq!(other.draft.sources[0].rows_read, 3, "{name}");
    }
}

#[test]
fn values_come_out_as_the_codebook_types_them() {
    let made = made("traders.csv", CSV);

    assert_eq!(
        made.rows(&["trader_id", "country", "offers", "rating", "turnover", "is_company"]),
        ["t1 AT 0 ∅ -0.05 false", "t2 DE 7 4.5 1200.50 true", "t3 ∅ ∅ ∅ ∅ ∅"]
    );
    assert_eq!(
        made.rows(&["since", "seen_at", "sells_to", "legal_name"]),
        [
            "∅ 2026-01-01T12:00:00.250Z [] ∅",
            "2024-02-29 2026-01-01T12:00:00Z [DE, AT] Großhandel",
            "∅ ∅ ∅ ∅"
        ]
    );
}

#[test]
fn a_byte_order_mark_and_carriage_returns_do_no_harm() {
    let windows = format!("\u{feff}{}", CSV.replace('\n', "\r\n"));

    let made_windows = made("traders.csv", windows);

    assert_eq!(made_windows.draft.files, made("traders.csv", CSV).draft.files);
}

#[test]
fn rows_may_come_in_many_files_of_any_kind() {
    let (header, rows) = CSV.split_once('\n').unwrap();
    let lines: Vec<&str> = rows.lines().collect();
    let part = |line: usize| format!("{header}\n{}", lines[line]);
    let line = |number: usize| NDJSON.lines().nth(number).unwrap();

    let parts = Desk::of(traders())
        .file("a.csv", part(2))
        .file("b.ndjson", line(1))
        .file("c.tar", tar(&[("x.csv", part(0).as_bytes())]))
        .made();

    assert_eq!(parts.draft.files, made("traders.csv", CSV).draft.files);
    assert_eq!(parts.draft.sources.len(), 3);
}

#[test]
fn columns_are_found_by_name_and_what_is_filled_may_be_missing() {
    let made = made("traders.csv", "offers,trader_id\n3,t9\n");

    assert_eq!(made.rows(&["trader_id", "country", "offers"]), ["t9 ∅ 3"]);
    assert_eq!(made.findings("column_missing").len(), 8);
}

#[test]
fn a_media_type_tells_what_a_name_does_not() {
    let made = Desk::of(traders())
        .file("upload", CSV)
        .with(|job| job.sources[0].media_type = Some("text/csv; charset=utf-8".to_owned()))
        .made();

    assert_eq!(made.draft.row_count, 3);
}
