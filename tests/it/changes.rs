//! From one version to the next: what is held for a person, and how two snapshots differ.

use reqwest::Method;
use serde_json::{Value, json};

use crate::caller::{Answer, problem};
use crate::furniture::{ndjson, trader};
use crate::room::{Folder, Room};

/// Publishes traders by id and country, as of a day; gives the publication.
fn publish(folder: &Folder, day: &str, traders: &[(&str, &str)]) -> Value {
    let rows: Vec<Value> = traders.iter().map(|(id, country)| trader(id, country)).collect();
    let file = folder.delivery("traders.ndjson", ndjson(&rows));
    folder.json(&["publish", "traders", file.to_str().unwrap(), "--as-of", day])
}

const FIRST: [(&str, &str); 5] =
    [("t-1", "DE"), ("t-2", "CN"), ("t-3", "DE"), ("t-4", "FR"), ("t-5", "FR")];

/// Two of five traders gone may be a broken export: a person looks before anybody reads it.
#[test]
fn a_drop_of_rows_is_held_until_someone_activates_it_with_a_reason() {
    let room = Room::empty();
    let first = publish(&room.folder, "2024-10-01", &FIRST);

    let second = publish(&room.folder, "2024-11-01", &FIRST[..3]);

    assert_eq!((second["state"].as_str(), room.editions()), (Some("held"), 1));
    let findings = second["report"]["quality"].as_array().unwrap();
    let drop = findings.iter().find(|finding| finding["rule"] == "rows_drop").unwrap();
    assert_eq!((&drop["count"], &drop["verdict"]), (&json!(2), &json!("held")));
    assert_eq!(drop["against"], first["snapshot"]);
    let id = second["snapshot"].as_str().unwrap();
    assert_eq!(room.folder.json(&["snapshots", "list", "traders"])[0]["state"], "held");
    let refused = room.folder.refused(&["snapshots", "activate", "traders", id]);
    assert!(refused.contains("is held"), "{refused}");
    let why = "the two left in October";
    room.folder.done(&["snapshots", "activate", "traders", id, "--reason", why]);
    assert_eq!(room.current("traders"), id);
    assert_eq!(room.entries("publish")[1]["held"], true);
    assert_eq!(room.entries("edition")[1]["reason"], why);
}

/// Whoever has a grant is told what changed, in counts; whoever has none is not.
#[test]
fn two_snapshots_are_compared_by_category_and_column() {
    let room = Room::empty();
    let first = publish(&room.folder, "2024-10-01", &FIRST);
    let mut next = FIRST.to_vec();
    next[1].1 = "DE";
    next.remove(4);
    next.extend([("t-6", "IT"), ("t-7", "IT")]);
    let second = publish(&room.folder, "2024-11-01", &next);
    let ada = room.granted("ada", &["traders"]);
    let eve = room.granted("eve", &["listings"]);

    let told = room.folder.done(&["snapshots", "diff", "traders"]);
    let changes = ada.json("/v1/datasets/traders/changes?from=2024-10-15&to=2024-11-01");
    let denied = problem(eve.get("/v1/datasets/traders/changes"));
    let steward = room.role("steward");
    let first_of_all = format!("/v1/datasets/traders/changes?to={}", text(&first["snapshot"]));
    let nothing = Answer::of(steward.request(Method::GET, &first_of_all).send().unwrap());

    assert_eq!(changes["rows"], json!({"added": 2, "removed": 1, "changed": 1}));
    assert_eq!(changes["columns"], json!([{"name": "country", "rows": 1}]));
    assert_eq!(changes["from"]["snapshot"], first["snapshot"]);
    assert_eq!(changes["to"]["snapshot"], second["snapshot"]);
    let all = json!([{"value": "VERIFIED", "added": 2, "removed": 1, "changed": 1}]);
    assert_eq!((&changes["by"], &changes["groups"]), (&json!("verification_status"), &all));
    assert_eq!(changes["codebook"]["parts"], json!([]));
    assert!(told.contains("ADDED") && told.contains("country"), "{told}");
    assert_eq!(denied["code"], "grant_missing");
    assert_eq!(nothing.status, 404, "{}", nothing.text());
    let path = format!("/v1/datasets/traders/snapshots/{}", text(&second["snapshot"]));
    assert_eq!(room.nobody().json(&path)["changes"], changes["rows"]);
}

/// Counts tell of a row, so what the law takes out is not counted: neither at once nor after its
/// files were written anew, and no matter what was told before.
#[test]
fn what_is_redacted_is_no_difference_that_anybody_is_told_of() {
    let room = Room::empty();
    publish(&room.folder, "2024-10-01", &FIRST);
    let mut next = FIRST.to_vec();
    next[1].1 = "DE";
    next[4] = ("t-6", "IT");
    publish(&room.folder, "2024-11-01", &next);
    let ada = room.granted("ada", &["traders"]);
    let rows = || ada.json("/v1/datasets/traders/changes")["rows"].clone();
    assert_eq!(rows(), json!({"added": 1, "removed": 1, "changed": 1}));
    let redact = |key: &str, columns: &[&str]| {
        let words = ["redact", "traders", "--key", key, "--ground", "art17", "--reason", "asked"];
        room.folder.done(&[&words[..], columns].concat());
    };

    redact("t-5", &[]);
    let without_a_row = rows();
    redact("t-2", &["--columns", "country"]);
    let without_a_cell = rows();
    room.folder.done(&["snapshots", "compact", "traders"]);

    assert_eq!(without_a_row, json!({"added": 1, "removed": 0, "changed": 1}));
    assert_eq!(without_a_cell, json!({"added": 1, "removed": 0, "changed": 0}));
    assert_eq!(rows(), without_a_cell, "compaction changes nothing that a reader sees");
    let both = [&next[..], &[("t-5", "FR"), ("t-7", "IT")]].concat();
    let third = publish(&room.folder, "2024-12-01", &both);
    let path = format!("/v1/datasets/traders/snapshots/{}", text(&third["snapshot"]));
    let told = room.nobody().json(&path)["changes"].clone();
    assert_eq!(told, json!({"added": 1, "removed": 0, "changed": 0}), "t-5 stays out");
}

/// What was found wrong is refused to whoever asks for it, also in counts.
#[test]
fn a_withdrawn_snapshot_is_compared_with_nothing() {
    let room = Room::empty();
    let first = publish(&room.folder, "2024-10-01", &FIRST);
    let second = publish(
        &room.folder,
        "2024-11-01",
        &[("t-1", "DE"), ("t-2", "CN"), ("t-3", "DE"), ("t-4", "FR"), ("t-6", "FR")],
    );
    let ada = room.granted("ada", &["traders"]);
    let withdrawn = text(&second["snapshot"]);
    ada.json("/v1/datasets/traders/changes");
    let why = ["--reason", "one was forgotten"];
    let withdraw = ["snapshots", "withdraw", "traders", withdrawn];

    room.folder.done(&[&withdraw[..], &why].concat());

    let refused = problem(ada.get("/v1/datasets/traders/changes"));
    assert_eq!((&refused["code"], &refused["status"]), (&json!("snapshot_withdrawn"), &json!(410)));
    assert!(text(&refused["detail"]).contains("one was forgotten"), "{refused}");
    assert!(text(&refused["detail"]).contains(text(&first["snapshot"])), "the one before");
    let told = room.folder.refused(&["snapshots", "diff", "traders"]);
    assert!(told.contains("was withdrawn"), "{told}");
    publish(&room.folder, "2024-12-01", &FIRST);
    let before = format!("/v1/datasets/traders/changes?from={withdrawn}");
    assert_eq!(problem(ada.get(&before))["code"], "snapshot_withdrawn");
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}
