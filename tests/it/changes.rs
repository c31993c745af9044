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

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}
