//! The main job: a question in SQL, answered from published rows, in five forms, and kept.

use reqwest::Method;
use serde_json::{Value, json};

use crate::caller::{Answer, Caller, problem};
use crate::furniture;
use crate::room::Room;

/// One column of each type that listings have.
const ALL: &str = "SELECT listing_id, title, price_eur, offered_in, first_published_at, \
                   age_restricted FROM listings ORDER BY listing_id";

const MEDIA_TYPES: [&str; 5] = [
    "application/json",
    "application/x-ndjson",
    "text/csv",
    "application/vnd.apache.arrow.stream",
    "application/vnd.apache.parquet",
];

/// What a paper cites and a client checks stands with every answer, whatever its form.
#[test]
fn an_answer_comes_in_five_forms_with_all_that_a_citation_needs() {
    let room = Room::furnished();
    let ada = room.granted("ada", &["listings"]);
    let snapshots = format!("listings@{}", room.current("listings"));

    let answers = MEDIA_TYPES.map(|form| Answer::of(ada.ask_with(&json!({"sql": ALL}), form)));

    let rows = answers[0].checked();
    for (answer, media_type) in answers.iter().zip(MEDIA_TYPES) {
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert!(answer.header("content-type").starts_with(media_type), "{answer:?}");
        assert_eq!(answer.checked(), rows, "the rows are the same in {media_type}");
        assert_eq!(answer.header("reading-room-snapshots"), snapshots);
        assert_eq!(answer.header("reading-room-truncated"), "");
    }
    assert!(answers[3].body.starts_with(&[0xff; 4]), "an Arrow stream begins with a marker");
    assert!(answers[4].body.starts_with(b"PAR1") && answers[4].body.ends_with(b"PAR1"));
}

/// Types are decided per column, so a program can rely on them row after row.
#[test]
fn values_are_written_by_the_type_of_their_column() {
    let room = Room::furnished();
    let ada = room.granted("ada", &["listings"]);
    let sql = ALL.replace("ORDER", "WHERE listing_id IN ('l-1', 'l-4') ORDER");
    let ask = |form: &str| Answer::of(ada.ask_with(&json!({"sql": sql}), form));

    let answer = ask("application/json").json();
    let lines = ask("application/x-ndjson").text();

    assert_eq!(
        answer["rows"][0],
        json!(["l-1", "wooden doll", "12.50", ["DE", "FR"], "2024-03-04T05:06:07.000008Z", false])
    );
    assert_eq!(answer["row_count"], 2);
    assert_eq!((&answer["truncated"], &answer["notices"]), (&json!(false), &json!([])));
    let names: Vec<_> =
        answer["columns"].as_array().unwrap().iter().map(|it| &it["name"]).collect();
    assert_eq!(
        names,
        ["listing_id", "title", "price_eur", "offered_in", "first_published_at", "age_restricted"]
    );
    let second: Value = serde_json::from_str(lines.lines().nth(1).unwrap()).unwrap();
    assert_eq!(second["title"], "dragon, \"red\"\nand green");
    assert_eq!(second["price_eur"], "100.00");
}

/// A comma, a quote and a line break in a cell must come out of a CSV reader as they went in.
#[test]
fn csv_is_quoted_as_its_standard_says() {
    let room = Room::furnished();
    let ada = room.granted("ada", &["listings"]);

    let csv = ada.csv(ALL);

    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 4);
    assert_eq!(&rows[3][1], "dragon, \"red\"\nand green");
    assert_eq!(&rows[0][3], r#"["DE","FR"]"#);
    assert!(csv.starts_with("listing_id,title,price_eur,offered_in,"), "{csv}");
}

/// Who repeats a question can compare bytes; ids and times stand in headers, not in answers.
#[test]
fn the_same_question_gives_the_same_bytes_under_another_id() {
    let room = Room::furnished();
    let ada = room.granted("ada", &["listings"]);

    for form in MEDIA_TYPES {
        let [first, second] =
            [(); 2].map(|()| Answer::of(ada.ask_with(&json!({"sql": ALL}), form)));

        assert_eq!(first.body, second.body, "{form}");
        assert_eq!(first.header("etag"), second.header("etag"));
        let ids = [&first, &second].map(|answer| answer.header("reading-room-query"));
        assert_ne!(ids[0], ids[1]);
    }
}

/// A list of a hundred thousand numbers is one parameter, and no text is ever put into SQL.
#[test]
fn parameters_are_typed_by_the_plan_and_may_be_lists() {
    let room = Room::furnished();
    let ada = room.granted("ada", &["listings"]);
    let ids = |predicate: &str, parameters: Value| {
        let sql = format!("SELECT listing_id FROM listings WHERE {predicate} ORDER BY 1");
        ada.csv_with(&json!({"sql": sql, "parameters": parameters}))
            .lines()
            .skip(1)
            .collect::<Vec<_>>()
            .join(" ")
    };
    let many: Vec<_> = (0..100_000).map(|number| format!("l-{number}")).collect();

    assert_eq!(ids("listing_id = $1", json!(["l-2"])), "l-2");
    assert_eq!(ids("price_eur < $1", json!(["8.50"])), "l-2 l-3");
    assert_eq!(ids("price_eur < $1", json!([9])), "l-2 l-3");
    assert_eq!(ids("first_published_at > $1", json!(["2024-03-04T05:06:07Z"])), "l-1 l-2 l-3 l-4");
    assert_eq!(ids("age_restricted = $1", json!([true])), "");
    assert_eq!(
        ids("gtin = ANY($1) AND trader_id = $2", json!([["4006381333931"], "t-1"])),
        "l-1 l-2"
    );
    assert_eq!(ids("listing_id = ANY($1)", json!([many])), "l-1 l-2 l-3 l-4");
    assert_eq!(ids("title = $1", json!(["' OR true --"])), "");
}

#[test]
fn parameters_that_do_not_fit_are_refused_before_anything_runs() {
    let room = Room::furnished();
    let ada = room.granted("ada", &["listings"]);
    let code = |sql: &str, parameters: Value| {
        problem(ada.ask_with(&json!({"sql": sql, "parameters": parameters}), "text/csv"))["code"]
            .clone()
    };
    let one = "SELECT listing_id FROM listings WHERE price_eur < $1";
    let too_many: Vec<_> = (0..100_001).map(|number| format!("l-{number}")).collect();

    assert_eq!(code(one, json!([])), "body_invalid", "one is missing");
    assert_eq!(code(one, json!(["1", "2"])), "body_invalid", "one is too many");
    assert_eq!(code(one, json!(["cheap"])), "body_invalid", "it is no number");
    let list = "SELECT listing_id FROM listings WHERE listing_id = ANY($1)";
    assert_eq!(code(list, json!([too_many])), "body_invalid", "the list is too long");
}

/// A paper names a day; its reader gets that day's rows however much came later.
#[test]
fn a_question_as_of_a_day_meets_the_edition_of_that_day() {
    let room = Room::furnished();
    let fewer = &furniture::listings()[..2];
    furniture::publish_listings(&room.folder, "2024-11-01", fewer);
    let ada = room.granted("ada", &["listings"]);
    let count = |as_of: Option<&str>| {
        let sql = "SELECT count(*) AS n, CAST(current_date AS VARCHAR) AS today FROM listings";
        let mut body = json!({"sql": sql});
        body.as_object_mut().unwrap().extend(as_of.map(|day| ("as_of".to_owned(), json!(day))));
        ada.ask_with(&body, "text/csv")
    };
    let text = |as_of| Answer::of(count(as_of)).good().text().lines().nth(1).unwrap().to_owned();

    assert_eq!(text(None), "2,2024-11-01");
    assert_eq!(text(Some("2024-10-31")), "4,2024-10-01");
    assert_eq!(text(Some("2024-10-01")), "4,2024-10-01");
    assert_eq!(text(Some("2030-01-01")), "2,2024-11-01");
    let before = problem(count(Some("2024-09-30")));
    assert_eq!(before["code"], "not_found");
    assert!(before["detail"].as_str().unwrap().contains("2024-10-01"), "{before}");
}

/// A caller may be careful, but not generous to itself.
#[test]
fn a_limit_may_be_lowered_but_not_raised() {
    let room = Room::furnished();
    let ada = room.granted("ada", &["listings"]);
    let ask = |limits: Value| ada.ask_with(&json!({"sql": ALL, "limits": limits}), "text/csv");

    let lowered =
        ask(json!({"rows": 4, "wall_ms": 30_000, "bytes": 100_000, "memory_bytes": 500_000_000}));
    let raised = problem(ask(json!({"rows": 10_000_001})));

    assert_eq!(lowered.status(), 200);
    assert_eq!(raised["code"], "body_invalid");
    assert_eq!(raised["limit"]["name"], "rows");
    assert_eq!(raised["limit"]["allowed"], 10_000_000);
    assert_eq!(raised["limit"]["asked"], 10_000_001);
}

/// Nothing is cut in silence.
#[test]
fn past_a_limit_a_query_stops_unless_it_may_be_cut_and_then_it_says_so() {
    let room = Room::furnished();
    let ada = room.granted("ada", &["listings"]);
    let ask = |limits: Value, on_limit: &str| {
        ada.ask_with(
            &json!({"sql": ALL, "limits": limits, "on_limit": on_limit}),
            "application/json",
        )
    };

    let stopped = problem(ask(json!({"rows": 3}), "stop"));
    let too_long = problem(ask(json!({"bytes": 50}), "stop"));
    let cut = Answer::of(ask(json!({"rows": 3}), "truncate"));

    assert_eq!(
        (&stopped["code"], &stopped["limit"]["name"]),
        (&json!("query_stopped"), &json!("rows"))
    );
    assert_eq!(stopped["limit"]["allowed"], 3);
    assert_eq!(
        (&too_long["code"], &too_long["limit"]["name"]),
        (&json!("query_stopped"), &json!("bytes"))
    );
    assert_eq!(cut.header("reading-room-truncated"), "rows");
    let cut = cut.json();
    assert_eq!((&cut["truncated"], &cut["row_count"]), (&json!(true), &json!(3)));
    assert_eq!(cut["rows"].as_array().unwrap().len(), 3);
}

/// Who is careful asks first what a question would read.
#[test]
fn a_dry_run_says_what_would_be_read_and_an_explanation_how() {
    let room = Room::furnished();
    let ada = room.granted("ada", &["listings"]);
    let sql = "SELECT title FROM listings WHERE price_eur > 10";

    let dry = ada.ask_with(&json!({"sql": sql, "dry_run": true}), "application/json");
    let dry = Answer::of(dry).json();
    let explained = ada.ask_with(&json!({"sql": sql, "explain": true}), "application/json");
    let explained = Answer::of(explained).json();

    let scan = &dry["scans"][0];
    assert_eq!(
        (&scan["dataset"], &scan["snapshot"]),
        (&json!("listings"), &json!(room.current("listings")))
    );
    assert!(scan["columns"].to_string().contains("price_eur"), "{dry}");
    assert!(0 < dry["scan_bytes"].as_u64().unwrap(), "{dry}");
    assert_eq!(dry["columns"][0]["name"], "title");
    let plan = explained["plan"].as_str().unwrap();
    assert!(plan.contains("price_eur") && !plan.contains("parquet"), "{plan}");
}

/// Long work need not hold a connection open.
#[test]
fn an_answer_that_is_not_waited_for_is_there_when_it_is_done() {
    let room = Room::furnished();
    let ada = room.granted("ada", &["listings"]);
    let request = ada.request(Method::POST, "/v1/queries").header("Prefer", "respond-async");

    let accepted = Answer::of(request.json(&json!({"sql": ALL})).send().unwrap());

    assert_eq!(accepted.status, 202);
    assert_eq!(accepted.header("preference-applied"), "respond-async");
    let address = accepted.header("location");
    let query = address.strip_prefix("/v1/queries/").unwrap();
    let record = ada.ended(query);
    assert_eq!(record["state"], "answered", "{record}");
    let stored = Answer::of(ada.get(&format!("{address}/result")));
    assert_eq!(stored.checked(), stored.header("reading-room-rows-sha256"));
    assert_eq!(stored.header("reading-room-query"), query);
    assert_eq!(
        stored.body,
        Answer::of(ada.ask_with(&json!({"sql": ALL}), "application/json")).body
    );
}

#[test]
fn a_short_question_is_answered_within_the_time_its_caller_waits() {
    let room = Room::furnished();
    let ada = room.granted("ada", &["listings"]);
    let request = ada.request(Method::POST, "/v1/queries").header("Prefer", "wait=60");

    let answer = Answer::of(request.json(&json!({"sql": ALL})).send().unwrap());

    assert_eq!(answer.status, 200);
    answer.checked();
}

/// A download that broke off goes on where it was, and what is known already is not sent again.
#[test]
fn a_stored_answer_comes_whole_in_part_or_not_at_all() {
    let room = Room::furnished();
    let ada = room.granted("ada", &["listings"]);
    let whole = Answer::of(ada.ask(ALL));
    let path = format!("/v1/queries/{}/result", whole.header("reading-room-query"));
    let fetch = |name: &'static str, value: &str| {
        Answer::of(ada.request(Method::GET, &path).header(name, value).send().unwrap())
    };

    let part = fetch("Range", "bytes=10-19");
    let known = fetch("If-None-Match", &whole.header("etag"));
    let beyond = fetch("Range", "bytes=100000-");
    let again = fetch("Accept", "*/*");
    let head = ada.request(Method::HEAD, &path).send().unwrap();

    assert_eq!((part.status, part.body.as_slice()), (206, &whole.body[10..20]));
    assert_eq!(part.header("content-range"), format!("bytes 10-19/{}", whole.body.len()));
    assert_eq!((known.status, known.body.len()), (304, 0));
    assert_eq!(known.header("etag"), whole.header("etag"));
    assert_eq!(
        (beyond.status, beyond.header("content-range")),
        (416, format!("bytes */{}", whole.body.len()))
    );
    assert_eq!((again.status, &again.body), (200, &whole.body));
    assert_eq!(again.checked(), whole.checked());
    assert_eq!(head.headers()["content-length"], whole.header("content-length").as_str());
}

/// Months later someone asks: what was that question, and what came of it?
#[test]
fn a_record_says_what_was_asked_and_what_came_of_it() {
    let room = Room::furnished();
    let ada = room.granted("ada", &["listings"]);
    let body =
        json!({"sql": "SELECT title FROM listings WHERE listing_id = $1", "parameters": ["l-1"]});
    let answer = Answer::of(ada.ask_with(&body, "text/csv"));

    let record = ada.record(&answer.header("reading-room-query"));

    assert_eq!(record["id"], answer.header("reading-room-query"));
    assert_eq!(record["state"], "answered");
    assert_eq!((&record["sql"], &record["parameters"]), (&body["sql"], &body["parameters"]));
    assert_eq!(record["edition"], answer.header("reading-room-edition"));
    assert_eq!(record["rows"], 1);
    assert_eq!(record["bytes"], answer.body.len());
    assert_eq!(answer.header("etag"), format!("\"{}\"", record["body_sha256"].as_str().unwrap()));
    assert_eq!(record["rows_sha256"], answer.header("reading-room-rows-sha256"));
    assert_eq!(record["log"]["outcome"].to_string(), answer.header("reading-room-log-index"));
    assert_eq!(
        record["snapshots"],
        json!([{"dataset": "listings", "id": room.current("listings")}])
    );
}

#[test]
fn records_are_listed_newest_first_and_by_pages() {
    let room = Room::furnished();
    let ada = room.granted("ada", &["listings"]);
    let ids: Vec<_> = (0..5)
        .map(|number| {
            Answer::of(ada.ask(&format!("SELECT {number} AS n FROM listings")))
                .header("reading-room-query")
        })
        .collect();
    let mut listed = Vec::new();
    let mut path = "/v1/queries?limit=2".to_owned();

    loop {
        let page = ada.json(&path);
        let queries = page["queries"].as_array().unwrap();
        assert!(queries.len() <= 2);
        listed.extend(queries.iter().map(|query| query["id"].as_str().unwrap().to_owned()));
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/v1/queries?limit=2&after={next}");
    }

    assert!(listed.iter().eq(ids.iter().rev()), "{listed:?} of {ids:?}");
}

/// Who sees that a question was a mistake can take it back.
#[test]
fn a_running_query_can_be_cancelled_and_then_has_no_answer() {
    let room = Room::furnished();
    let ada = room.granted("ada", &["listings"]);
    let query = ada.send(&furniture::endless());
    assert_eq!(ada.record(&query)["state"], "running");

    let cancelled = ada.delete(&format!("/v1/queries/{query}"));

    assert_eq!(cancelled.status(), 204);
    let record = ada.ended(&query);
    assert_eq!((&record["state"], &record["code"]), (&json!("stopped"), &json!("query_stopped")));
    assert_eq!(problem(ada.get(&format!("/v1/queries/{query}/result")))["code"], "query_stopped");
    assert!(four_listings(&ada), "the next question is answered");
}

fn four_listings(caller: &Caller<'_>) -> bool {
    caller.csv("SELECT count(*) AS n FROM listings") == "n\r\n4\r\n"
}
