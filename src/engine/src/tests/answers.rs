//! What answers look like.

use arrow::array::AsArray as _;
use arrow::datatypes::Int64Type;
use arrow::ipc::reader::StreamReader;
use arrow::record_batch::RecordBatch;
use bytes::Bytes;
use domain::Format;
use domain::verdict::Verdict;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::world::{Told, World};
use crate::RunResult;

const ALL: &str = "SELECT * FROM ads ORDER BY ad_id";

fn told(world: &World, sql: &str, format: Format) -> Told {
    let mut question = world.question(sql);
    question.format = format;
    world.ask(question).unwrap()
}

fn batches(told: &Told, format: Format) -> Vec<RecordBatch> {
    let body = Bytes::from(told.body.clone());
    if format == Format::Arrow {
        StreamReader::try_new(body.as_ref(), None).unwrap().map(Result::unwrap).collect()
    } else {
        let reader = ParquetRecordBatchReaderBuilder::try_new(body).unwrap().build().unwrap();
        reader.map(Result::unwrap).collect()
    }
}

#[test]
fn json_names_columns_with_their_types_and_holds_every_kind_of_value() {
    let told = told(&World::open(), ALL, Format::Json);

    let expected = concat!(
        r#"{"columns":[{"name":"ad_id","type":"string"},{"name":"advertiser","type":"string"},"#,
        r#"{"name":"first_shown","type":"date"},{"name":"shown_at","type":"datetime"},"#,
        r#"{"name":"price_eur","type":"decimal"},{"name":"targeted","type":"boolean"},"#,
        r#"{"name":"impressions","type":"integer"},{"name":"score","type":"number"},"#,
        r#"{"name":"states","type":"list"}],"rows":["#,
        r#"["A1","Acme","2026-01-31","1970-01-01T00:00:00.000000Z","10.00",true,10,0.5,["DE","FR"]],"#,
        r#"["A2","Acme","2026-02-01","2025-12-31T23:59:59.999999Z","0.99",false,20,null,[]],"#,
        r#"["A3","","2026-03-15","2026-02-01T00:00:00.000000Z",null,null,0,1e+300,null],"#,
        r#"["A4",null,"2026-04-01","1969-12-31T23:59:59.999999Z","-5.25",true,null,null,["a,\"b"]]"#,
        r#"],"row_count":4,"truncated":false,"notices":[]}"#,
    );
    assert_eq!(told.text(), expected);
}

#[test]
fn ndjson_has_every_column_in_every_line() {
    let sql = "SELECT ad_id, price_eur, states FROM ads WHERE ad_id < 'A3' ORDER BY ad_id";
    let told = told(&World::open(), sql, Format::Ndjson);

    assert_eq!(
        told.text(),
        "{\"ad_id\":\"A1\",\"price_eur\":\"10.00\",\"states\":[\"DE\",\"FR\"]}\n\
         {\"ad_id\":\"A2\",\"price_eur\":\"0.99\",\"states\":[]}\n"
    );
}

#[test]
fn csv_tells_an_empty_text_from_a_missing_one_and_quotes_what_needs_it() {
    let sql = "SELECT ad_id, advertiser AS \"who, then\", score, states FROM ads ORDER BY ad_id";
    let told = told(&World::open(), sql, Format::Csv);

    assert_eq!(
        told.text(),
        "ad_id,\"who, then\",score,states\r\n\
         A1,Acme,0.5,\"[\"\"DE\"\",\"\"FR\"\"]\"\r\n\
         A2,Acme,,[]\r\n\
         A3,\"\",1e+300,\r\n\
         A4,,,\"[\"\"a,\\\"\"b\"\"]\"\r\n"
    );
}

#[test]
fn arrow_and_parquet_read_back_as_the_same_rows() {
    let world = World::open();
    let stream = batches(&told(&world, ALL, Format::Arrow), Format::Arrow);
    let file = batches(&told(&world, ALL, Format::Parquet), Format::Parquet);

    assert_eq!(stream.iter().map(RecordBatch::num_rows).sum::<usize>(), 4);
    assert_eq!(
        stream[0].schema().fields().iter().map(|f| f.data_type().to_string()).collect::<Vec<_>>(),
        [
            "Utf8",
            "Utf8",
            "Date32",
            "Timestamp(µs, \"UTC\")",
            "Decimal128(18, 2)",
            "Boolean",
            "Int64",
            "Float64",
            "List(Utf8)",
        ]
    );
    let text = |batches: &[RecordBatch]| {
        arrow::util::pretty::pretty_format_batches(batches).unwrap().to_string()
    };
    assert_eq!(text(&stream), text(&file));
}

#[test]
fn an_answer_without_rows_is_whole_in_every_format() {
    let world = World::open();
    let sql = "SELECT ad_id, price_eur FROM ads WHERE ad_id = 'none'";

    assert!(told(&world, sql, Format::Json).text().contains("\"rows\":[],\"row_count\":0"));
    assert_eq!(told(&world, sql, Format::Ndjson).text(), "");
    assert_eq!(told(&world, sql, Format::Csv).text(), "ad_id,price_eur\r\n");
    for format in [Format::Arrow, Format::Parquet] {
        assert!(batches(&told(&world, sql, format), format).is_empty());
    }
}

#[test]
fn the_digest_of_rows_is_free_of_format_and_order() {
    let world = World::open();
    let digest = |sql: &str, format| match told(&world, sql, format).result {
        RunResult::Finished(summary) => (summary.rows_sha256, summary.rows),
        other @ (RunResult::Failed(_) | RunResult::LimitHit(_) | RunResult::Fault(_)) => {
            panic!("{other:?}")
        }
    };
    let first = digest(ALL, Format::Json);

    for format in Format::ALL {
        assert_eq!(digest("SELECT * FROM ads ORDER BY ad_id DESC", format), first, "{format:?}");
    }
    assert_ne!(digest("SELECT * FROM ads WHERE ad_id <> 'A1'", Format::Json), first);
}

#[test]
fn equal_answers_are_equal_bytes() {
    let world = World::open();

    for format in Format::ALL {
        let first = told(&world, ALL, format).body;
        assert_eq!(told(&world, ALL, format).body, first, "{format:?}");
    }
}

fn scans(verdict: &Verdict) -> Vec<(String, Vec<String>)> {
    let scans = verdict.scans.iter();
    scans
        .map(|scan| {
            let columns = scan.columns.iter().map(|(name, _)| name.to_string()).collect();
            (scan.dataset.to_string(), columns)
        })
        .collect()
}

#[test]
fn a_verdict_names_each_snapshot_once_with_the_columns_that_are_read() {
    let world = World::open();
    let sql = "SELECT a.advertiser, sum(r.recipients) FROM ads a JOIN ad_reach r USING (ad_id) \
               WHERE r.member_state = 'DE' AND a.price_eur > (SELECT avg(price_eur) FROM ads) \
               GROUP BY 1";
    let verdict = world.tell(sql).verdict;
    let mut scans = scans(&verdict);
    scans.iter_mut().for_each(|(_, columns)| columns.sort());
    scans.sort();

    let reach = ["ad_id", "member_state", "recipients"].map(str::to_owned).to_vec();
    let ads = ["ad_id", "advertiser", "price_eur"].map(str::to_owned).to_vec();
    assert_eq!(scans, [("ad_reach".to_owned(), reach), ("ads".to_owned(), ads)]);
    assert_eq!(verdict.scan_bytes, 700, "ads is read twice, once for its price alone");
}

#[test]
fn a_count_of_everything_reads_no_column() {
    let verdict = World::open().tell("SELECT count(*) FROM ads").verdict;

    assert_eq!(scans(&verdict), [("ads".to_owned(), Vec::new())]);
    assert_eq!(verdict.scan_bytes, 0);
}

#[test]
fn the_estimate_leaves_out_periods_that_are_not_asked_for() {
    let world = World::open();
    let bytes = |sql: &str| world.tell(sql).verdict.scan_bytes;

    let whole = bytes("SELECT sum(recipients) FROM ad_reach WHERE day >= DATE '2026-01-01'");
    let half = bytes("SELECT sum(recipients) FROM ad_reach WHERE day >= DATE '2026-02-01'");

    assert_eq!(whole, 200);
    assert!((80..120).contains(&half), "{half}");
}

#[test]
fn the_plan_is_shown_where_it_is_asked_for_and_names_no_files() {
    let world = World::open();
    let mut question = world.question("SELECT ad_id FROM ads WHERE price_eur > 5");
    question.explain = true;
    let verdict = world.ask(question).unwrap().verdict;
    let explanation = verdict.explanation.unwrap();

    assert!(explanation.contains("TableScan: ads"), "{explanation}");
    let digest = world.mounts[0].files[0].sha256.to_string();
    assert!(!explanation.contains(&digest), "{explanation}");
    assert_eq!(world.tell("SELECT ad_id FROM ads").verdict.explanation, None);
}

#[test]
fn plans_differ_where_questions_do() {
    let world = World::open();
    let digest = |sql: &str| world.tell(sql).verdict.plan_sha256;

    assert_eq!(digest("SELECT ad_id FROM ads"), digest("select  ad_id from ads"));
    assert_ne!(
        digest("SELECT ad_id FROM ads WHERE ad_id = 'a'"),
        digest("SELECT ad_id FROM ads WHERE ad_id = 'b'")
    );
}

#[test]
fn the_clock_stands_at_the_editions_day() {
    let world = World::open();
    let sql = "SELECT now() AS n, current_timestamp AS t, current_date AS d, \
               now() - INTERVAL '1' DAY AS y";

    assert_eq!(
        world.rows(sql),
        ["2026-11-01T00:00:00.000000Z,2026-11-01T00:00:00.000000Z,2026-11-01,\
          2026-10-31T00:00:00.000000Z"]
    );
}

#[test]
fn bytes_durations_and_other_integers_have_a_form() {
    let world = World::open();
    let sql = "SELECT sha256('a') AS b, shown_at - shown_at AS d, date_part('year', first_shown) \
               AS y, NULL AS n, [1, 2] AS l FROM ads WHERE ad_id = 'A1'";

    assert_eq!(
        world.rows(sql),
        ["ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb,PT0S,2026,,\"[1,2]\""]
    );
    let told = told(&world, sql, Format::Parquet);
    let rows = batches(&told, Format::Parquet);
    assert_eq!(rows[0].column(2).as_primitive::<Int64Type>().value(0), 2026);
}

#[test]
fn periods_begin_in_utc() {
    let world = World::open();
    let begin = |part: &str| {
        let sql = format!("SELECT date_trunc('{part}', shown_at) AS m FROM ads ORDER BY ad_id");
        world.rows(&sql)
    };

    let [first, second, third, last] = [
        "1970-01-01T00:00:00.000000Z",
        "2025-12-31T00:00:00.000000Z",
        "2026-02-01T00:00:00.000000Z",
        "1969-12-31T00:00:00.000000Z",
    ];
    assert_eq!(begin("day"), [first, second, third, last]);
    assert_eq!(begin("hour")[1], "2025-12-31T23:00:00.000000Z");
    assert_eq!(begin("week")[1], "2025-12-29T00:00:00.000000Z");
    assert_eq!(begin("month")[1], "2025-12-01T00:00:00.000000Z");
    assert_eq!(begin("quarter")[3], "1969-10-01T00:00:00.000000Z");
    assert_eq!(begin("year")[1], "2025-01-01T00:00:00.000000Z");
    let literal = "SELECT date_trunc('month', TIMESTAMP '2026-02-03 04:05:06') AS m";
    assert_eq!(world.rows(literal), ["2026-02-01T00:00:00.000000Z"]);
}
