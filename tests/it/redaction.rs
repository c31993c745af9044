//! What the law takes out: gone from every edition and every stored answer at once, from the disk
//! after compaction, and said.

use std::fs;
use std::path::Path;

use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Value, json};

use crate::caller::{Answer, Caller, problem};
use crate::furniture::{self, listing, ndjson, trader};
use crate::log::files_below;
use crate::room::{Folder, Room};
use crate::wait::until;

/// A name that a trader wrote into a title, and wants gone.
pub(crate) const NAME: &str = "Erika Mustermann-Schönfeld";

/// When the furniture's second edition is of.
pub(crate) const LATER: &str = "2024-11-01";

/// Two editions of listings, of which one has the name in its title; nothing else has.
pub(crate) fn room_with_a_name() -> Room {
    let room = Room::empty();
    furniture::publish_traders(&room.folder);
    furniture::publish_listings(&room.folder, furniture::AS_OF, &listings("12.50"));
    furniture::publish_listings(&room.folder, LATER, &listings("13.00"));
    room
}

pub(crate) fn listings(price: &str) -> Vec<Value> {
    vec![
        listing("l-1", "t-1", "wooden doll", price),
        listing("l-2", "t-1", &format!("dolls by {NAME}"), "8.00"),
        listing("l-3", "t-2", "yarn", "0.99"),
    ]
}

/// Takes the title with the name out; gives what the command prints.
pub(crate) fn redact_title(room: &Room) -> String {
    room.folder.done(&[
        "redact",
        "listings",
        "--key",
        "l-2",
        "--columns",
        "title",
        "--ground",
        "art17",
        "--reason",
        "request 2024-17 of the person named",
    ])
}

/// Questions whose answers would tell the name, or that there is one.
fn telling(caller: &Caller<'_>, as_of: &str) -> Vec<String> {
    let questions = [
        "SELECT listing_id, title FROM listings ORDER BY listing_id",
        "SELECT count(title) AS n FROM listings",
        "SELECT min(title) AS a, max(title) AS z FROM listings",
        "SELECT count(*) AS n FROM listings WHERE title LIKE '%Erika%'",
        "SELECT listing_id FROM listings WHERE title > 'dolls' AND title < 'e'",
    ];
    questions.iter().map(|sql| caller.csv_with(&json!({"sql": sql, "as_of": as_of}))).collect()
}

/// Every file below a folder, and every cell of those that are Parquet: none holds a text.
pub(crate) fn nowhere_below(folder: &Path, text: &str) -> bool {
    // What is removed meanwhile holds nothing.
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).all(|path| {
        if path.is_dir() {
            return nowhere_below(&path, text);
        }
        let bytes = fs::read(path).unwrap_or_default();
        let is_in_bytes = bytes.windows(text.len()).any(|window| window == text.as_bytes());
        let is_parquet = bytes.starts_with(b"PAR1");
        !(is_in_bytes || is_parquet && is_in_cells(bytes, text))
    })
}

fn is_in_cells(file: Vec<u8>, text: &str) -> bool {
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(file)).unwrap();
    reader.build().unwrap().any(|batch| {
        let shown = arrow::util::pretty::pretty_format_batches(&[batch.unwrap()]).unwrap();
        shown.to_string().contains(text)
    })
}

pub(crate) fn disk_has(room: &Room, text: &str) -> bool {
    let folder = room.folder.path();
    ["snapshots", "results"].iter().any(|name| !nowhere_below(&folder.join(name), text))
}

/// The whole story: out of every edition and every stored answer, counted, then off the disk.
#[test]
fn a_name_that_is_redacted_is_gone_everywhere_and_editions_still_answer() {
    let room = room_with_a_name();
    let (project, ada) = room.project_of("ada", &["listings", "traders"]);
    let titles = "SELECT listing_id, title FROM listings ORDER BY listing_id";
    let before = Answer::of(ada.ask(titles)).good();
    assert!(before.text().contains(NAME));
    let parquet = ada.ask_with(&json!({"sql": titles}), "application/vnd.apache.parquet");
    assert!(is_in_cells(Answer::of(parquet).good().body, NAME));
    let unrelated = Answer::of(ada.ask("SELECT count(*) AS n FROM traders")).good();
    let editions: Vec<_> =
        (1..=3).map(|it| room.nobody().json(&format!("/v1/editions/e-{it}"))).collect();
    assert!(disk_has(&room, NAME));

    let told = redact_title(&room);

    assert!(told.contains("is in force") && told.contains("2 stored answers removed"), "{told}");
    for as_of in [furniture::AS_OF, LATER] {
        let answers = telling(&ada, as_of);
        assert_eq!(answers[0], "listing_id,title\r\nl-1,wooden doll\r\nl-2,\r\nl-3,yarn\r\n");
        assert_eq!(answers[1], "n\r\n2\r\n");
        assert_eq!(answers[2], "a,z\r\nwooden doll,yarn\r\n");
        assert_eq!(answers[3], "n\r\n0\r\n");
        assert_eq!(answers[4], "listing_id\r\n");
    }
    let query = before.header("reading-room-query");
    let gone = problem(ada.get(&format!("/v1/queries/{query}/result")));
    assert_eq!((&gone["code"], &gone["status"]), (&json!("result_purged"), &json!(410)));
    let record = ada.record(&query);
    assert_eq!(record["purged"]["dataset"], "listings");
    assert_eq!(record["result"], Value::Null);
    let kept = unrelated.header("reading-room-query");
    assert_eq!(ada.get(&format!("/v1/queries/{kept}/result")).status(), 200);
    assert!(nowhere_below(&room.folder.path().join("results"), NAME));
    assert!(redact_title(&room).contains("is taken out already, by redaction 1"));
    let entries = room.entries("redact");
    assert_eq!(entries.len(), 1, "the same again is no entry");
    assert_eq!(entries[0]["ground"], "art17");
    assert_eq!(entries[0]["columns"], json!(["title"]));
    let shown = entries[0].to_string();
    assert!(!shown.contains("l-2") && !shown.contains("request 2024-17"), "{shown}");

    let answer = Answer::of(ada.ask_with(&json!({"sql": titles}), "application/json")).good();
    assert_eq!(answer.header("reading-room-notices"), "1");
    assert!(answer.header("reading-room-notice").starts_with("redaction;dataset=\"listings\""));
    let notice = notice(answer);
    assert_eq!((&notice["kind"], &notice["ground"]), (&json!("redaction"), &json!("art17")));
    let counts = ["rows", "cells", "counted"].map(|name| notice[name].clone());
    assert_eq!(counts, [json!(0), json!(1), json!("named")]);

    let told = room.folder.done(&["snapshots", "compact"]);

    assert!(told.contains("listings: 2 files looked through, 2 written anew"), "{told}");
    assert!(told.contains("art17: 0 rows and 2 cells removed"), "{told}");
    assert!(!disk_has(&room, NAME));
    after_compaction(&room, &ada, &editions);
    let room = room.kill().serve();
    assert!(!disk_has(&room, NAME));
    after_compaction(&room, &room.researcher("ada", &project), &editions);
    let again = room.folder.done(&["snapshots", "compact"]);
    assert!(again.contains("listings: 0 files looked through, 0 written anew"), "{again}");
}

/// The only notice of an answer.
fn notice(answer: Answer) -> Value {
    let body = answer.json();
    let [notice] = body["notices"].as_array().unwrap().as_slice() else { panic!("{body}") };
    notice.clone()
}

/// Editions answer as before, under the ids of what stands in the place of what went.
fn after_compaction(room: &Room, ada: &Caller<'_>, editions: &[Value]) {
    for (number, edition) in (1..).zip(editions) {
        let now = room.nobody().json(&format!("/v1/editions/e-{number}"));
        assert_eq!(now, *edition, "a signed edition never changes");
    }
    let named = editions[1]["snapshots"]["listings"]["id"].as_str().unwrap();
    let body = json!({"sql": "SELECT title FROM listings ORDER BY 1", "as_of": furniture::AS_OF});
    let answer = Answer::of(ada.ask_with(&body, "text/csv")).good();
    assert_eq!(answer.text(), "title\r\nwooden doll\r\nyarn\r\n\"\"\r\n".replace("\"\"", ""));
    let stone = room.nobody().json(&format!("/v1/datasets/listings/snapshots/{named}"));
    assert_eq!(stone["state"], "redacted");
    assert_eq!(stone["removed"], json!({"art17": {"rows": 0, "cells": 1}}));
    assert_eq!(stone["snapshot"], editions[1]["snapshots"]["listings"]);
    let successor = stone["successor"]["id"].as_str().unwrap();
    assert_eq!(answer.header("reading-room-snapshots"), format!("listings@{successor}"));
    let answer = Answer::of(ada.ask_with(&body, "application/json")).good();
    let notice = notice(answer);
    let counts = ["rows", "cells", "counted", "snapshot"].map(|name| notice[name].clone());
    assert_eq!(counts, [json!(0), json!(1), json!("removed"), json!(successor)]);
    for id in [successor, &room.current("listings")] {
        let told = room.folder.done(&["snapshots", "verify", "listings", id]);
        assert!(told.contains("verified"), "{told}");
    }
    assert_eq!(telling(ada, LATER)[1], "n\r\n2\r\n");
}

/// Whole rows of a dataset go; a later delivery that brings them back shows them to nobody.
#[test]
fn a_row_that_is_redacted_stays_out_whoever_delivers_it_again() {
    let room = Room::empty();
    let both = |id: &str| ndjson(&[trader("t-erika", "DE"), trader("t-2", "CN"), trader(id, "FR")]);
    let publish = |rows: String, as_of: &str| {
        let file = room.folder.delivery("traders.ndjson", rows);
        room.folder.done(&["publish", "traders", file.to_str().unwrap(), "--as-of", as_of]);
    };
    publish(both("t-4"), furniture::AS_OF);
    furniture::publish_listings(&room.folder, furniture::AS_OF, &furniture::listings());
    let ada = room.granted("ada", &["traders", "listings"]);
    let words = ["--ground", "order", "--reason", "a ruling"];
    room.folder.done(&[&["redact", "traders", "--key", "t-erika"][..], &words].concat());
    assert_eq!(ada.csv("SELECT trader_id FROM traders ORDER BY 1"), "trader_id\r\nt-2\r\nt-4\r\n");
    room.folder.done(&["snapshots", "compact", "traders"]);
    assert_eq!(ada.csv("SELECT count(*) AS n FROM traders"), "n\r\n2\r\n");

    publish(both("t-4"), furniture::AS_OF);
    assert_eq!(ada.csv("SELECT count(*) AS n FROM traders"), "n\r\n2\r\n");
    assert!(!disk_has(&room, "t-erika"), "the same delivery again is what stands in its place");

    publish(both("t-3"), LATER);

    let asked = "SELECT trader_id FROM traders ORDER BY 1";
    assert_eq!(ada.csv(asked), "trader_id\r\nt-2\r\nt-3\r\n");
    let joined = "SELECT count(*) AS n FROM traders JOIN listings USING (trader_id)";
    assert_eq!(ada.csv(joined), "n\r\n2\r\n");
    assert!(disk_has(&room, "t-erika"), "the delivery is on the disk");
    let told = room.folder.done(&["snapshots", "compact", "traders"]);
    assert!(told.contains("order: 1 rows and 0 cells removed"), "{told}");
    assert_eq!(ada.csv(asked), "trader_id\r\nt-2\r\nt-3\r\n");
    let manifest = format!("/v1/datasets/traders/snapshots/{}", room.current("traders"));
    let manifest = room.nobody().json(&manifest);
    assert_eq!(manifest["row_count"], 2);
    assert_eq!(manifest["columns"][0]["min"], "t-2", "bounds tell no key that is gone");
    assert!(nowhere_below(&room.folder.path().join("snapshots/traders"), "t-erika"));
}

/// Whatever is asked wrongly is explained, and nothing is recorded.
#[test]
fn a_redaction_that_cannot_be_says_what_would_pass() {
    let room = Room::furnished();
    let steward = room.role("steward");
    let ask = |dataset: &str, body: &Value| {
        problem(steward.post(&format!("/v1/datasets/{dataset}/redactions"), body))
    };
    let body = |keys: Value, columns: Value, ground: &str| json!({"keys": keys, "columns": columns, "ground": ground, "reason": "a request"});

    for (dataset, body, code, told) in [
        ("secrets", body(json!([["x"]]), json!([]), "art17"), "not_found", ""),
        ("traders", body(json!([]), json!([]), "art17"), "body_invalid", "at least one row"),
        ("traders", body(json!(["t-1"]), json!([]), "art17"), "body_invalid", "[trader_id]"),
        ("traders", body(json!([[7]]), json!([]), "art17"), "body_invalid", "is no text"),
        (
            "traders",
            body(json!([["t-1"]]), json!(["name"]), "art17"),
            "body_invalid",
            "no column name",
        ),
        (
            "traders",
            body(json!([["t-1"]]), json!(["trader_id"]), "order"),
            "body_invalid",
            "primary key",
        ),
        ("traders", body(json!([["t-1"]]), json!([]), "because"), "body_invalid", "art16, art17"),
    ] {
        let problem = ask(dataset, &body);
        assert_eq!(problem["code"], code, "{problem}");
        assert!(problem["detail"].as_str().unwrap().contains(told), "{problem}");
    }
    let researcher = room.granted("ada", &["traders"]);
    let refused = researcher
        .post("/v1/datasets/traders/redactions", &body(json!([["t-1"]]), json!([]), "art17"));
    assert_eq!(problem(refused)["code"], "not_permitted");
    assert!(room.entries("redact").is_empty());
    let listed = steward.json("/v1/datasets/traders/redactions");
    assert_eq!(listed["redactions"], json!([]));
}

/// A question that is on its way when something is taken out answers without it, or not at all.
#[test]
fn a_question_that_a_redaction_overtakes_releases_nothing_of_it() {
    for joined in [1, 7, 10, 12, 13] {
        let room = room_with_a_name();
        let ada = room.granted("ada", &["listings"]);
        let tables: Vec<_> = (0..joined).map(|it| format!("listings t{it}")).collect();
        let sql = format!("SELECT min(t0.title) AS t FROM {}", tables.join(", "));
        let query = ada.send(&sql);

        redact_title(&room);

        let record = ada.ended(&query);
        let result = Answer::of(ada.get(&format!("/v1/queries/{query}/result")));
        assert!(!result.text().contains(NAME), "{joined}: {record}");
        let is_told = matches!(
            (result.status, record["code"].as_str()),
            (200 | 410, None) | (503, Some("too_busy"))
        );
        assert!(is_told, "{joined}: {} {record}", result.status);
        assert!(nowhere_below(&room.folder.path().join("results"), NAME), "{joined}");
    }
}

/// What the log has is in force after a crash, whatever the crash took.
#[test]
fn a_redaction_is_in_force_after_a_crash_and_without_its_list() {
    let room = room_with_a_name();
    let (project, ada) = room.project_of("ada", &["listings"]);
    let titles = "SELECT title FROM listings ORDER BY title";
    let query = Answer::of(ada.ask(titles)).good().header("reading-room-query");
    redact_title(&room);
    let folder = room.kill();
    let list = folder.path().join("redactions/listings.jsonl");
    let whole = fs::read(&list).unwrap();
    fs::write(&list, &whole[..whole.len() / 2]).unwrap();

    let room = folder.serve();

    let ada = room.researcher("ada", &project);
    assert!(!ada.csv(titles).contains(NAME));
    let gone = problem(ada.get(&format!("/v1/queries/{query}/result")));
    assert_eq!(gone["code"], "result_purged");
    assert_eq!(fs::read(&list).unwrap().len(), whole.len(), "the list was completed from the log");
    let folder = room.stop();
    fs::remove_dir_all(folder.path().join("redactions")).unwrap();
    let room = folder.serve();
    assert!(!room.researcher("ada", &project).csv(titles).contains(NAME));
    let tampered = String::from_utf8(whole).unwrap().replace("l-2", "l-9");
    let folder = room.stop();
    let other =
        tampered.replacen("\"previous\":null", &format!("\"previous\":\"{}\"", "0".repeat(64)), 1);
    fs::write(&list, other).unwrap();
    assert!(folder.refused(&["editions", "list"]).contains("redactions/listings.jsonl"));
}

/// A compaction that is killed leaves the old or the new, and the next one ends it.
#[test]
fn a_compaction_that_is_killed_leaves_nothing_half_done() {
    let folder = Folder::new();
    furniture::publish_traders(&folder);
    let many = |price: &str| -> Vec<Value> {
        let others = (0..20_000).map(|it| listing(&format!("m-{it}"), "t-1", "a doll", price));
        listings(price).into_iter().chain(others).collect()
    };
    furniture::publish_listings(&folder, furniture::AS_OF, &many("1.00"));
    furniture::publish_listings(&folder, LATER, &many("2.00"));
    let mut room = folder.serve();
    redact_title(&room);

    for asks in [0, 1, 5, 20, 60, 150] {
        let steward = room.role("steward");
        let (url, token) = (room.url.clone(), steward.token.clone().unwrap());
        let compacting = std::thread::spawn(move || {
            let http = reqwest::blocking::Client::builder().no_proxy().build().unwrap();
            let address = format!("{url}/v1/datasets/listings/compact");
            // The server is killed meanwhile.
            let _ = http.post(address).bearer_auth(token).json(&json!({})).send();
        });
        for _ in 0..asks {
            steward.json("/v1/datasets/listings/snapshots");
        }
        room = room.kill().serve();
        compacting.join().unwrap();
        for as_of in [furniture::AS_OF, LATER] {
            let sql = "SELECT count(*) AS n, count(title) AS t FROM listings";
            let regulator = room.role("regulator");
            let answer = regulator.csv_with(&json!({"sql": sql, "as_of": as_of}));
            assert_eq!(answer, "n,t\r\n20003,20002\r\n", "after {asks}");
        }
        let home = room.folder.path().join("snapshots/listings");
        let left = files_below(&home);
        let left = left.iter().map(|file| file.strip_prefix(&home).unwrap().to_str().unwrap());
        let unfinished: Vec<_> = left.filter(|file| file.contains("/.")).collect();
        assert!(unfinished.is_empty(), "{unfinished:?}");
    }

    room.folder.done(&["snapshots", "compact", "listings"]);
    assert!(!disk_has(&room, NAME));
    let listed = room.folder.json(&["snapshots", "list", "listings"]);
    let there = listed.as_array().unwrap().iter().filter(|it| it["state"] != "redacted");
    for id in there.map(|it| it["id"].as_str().unwrap()) {
        assert!(room.folder.done(&["snapshots", "verify", "listings", id]).contains("verified"));
    }
}

/// Nobody compacts: the server does, and until then it says that there is something to do.
#[test]
fn the_server_compacts_by_itself_when_that_is_due() {
    let room = room_with_a_name();
    redact_title(&room);
    assert!(disk_has(&room, NAME));
    let folder = room.stop();
    folder.configure("[redaction]\ncompact_within_days = 0\n");

    let room = folder.serve();

    until("a disk without the name", || (!disk_has(&room, NAME)).then_some(()));
    let metrics = room.nobody().get("/metrics").text().unwrap();
    assert!(metrics.contains("reading_room_redactions_overdue"), "{metrics}");
    let entries = room.entries("compact");
    assert_eq!(entries.len(), 2);
    assert_eq!(entries[0]["role"], Value::Null, "the house itself did it");
}

/// Rows that are too old go by what the codebook says; a clock that says nothing keeps its row.
#[test]
fn retention_takes_out_what_is_too_old() {
    let room = Room::empty();
    let mut old = trader("t-old", "DE");
    old["offboarded_at"] = json!("2024-01-31T00:00:00Z");
    let rows = ndjson(&[old, trader("t-1", "DE")]);
    let file = room.folder.delivery("traders.ndjson", rows);
    room.folder.done(&["publish", "traders", file.to_str().unwrap(), "--as-of", furniture::AS_OF]);
    let ada = room.granted("ada", &["traders"]);
    let asked = "SELECT trader_id FROM traders";

    let tried = room.folder.done(&["retention", "apply", "--dry-run"]);
    assert!(tried.contains("traders: 1 rows of s-"), "{tried}");
    assert!(tried.contains("would go: offboarded_at before "), "{tried}");
    assert_eq!(ada.csv(asked), "trader_id\r\nt-1\r\nt-old\r\n");
    room.folder.done(&["retention", "apply", "traders"]);

    assert_eq!(ada.csv(asked), "trader_id\r\nt-1\r\n");
    let again = room.folder.done(&["retention", "apply", "traders"]);
    assert!(again.contains("are gone already"), "{again}");
    assert_eq!(room.entries("redact")[0]["ground"], "dsa30_5");
    let told = room.folder.done(&["snapshots", "compact", "traders"]);
    assert!(told.contains("dsa30_5: 1 rows and 0 cells removed"), "{told}");
    assert!(!disk_has(&room, "t-old"));
    assert_eq!(ada.csv(asked), "trader_id\r\nt-1\r\n");
}
