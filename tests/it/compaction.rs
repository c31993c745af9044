//! Compaction: which snapshots it reaches, and what is told of those that it does not.

use std::fs;

use serde_json::{Value, json};

use crate::furniture::{self, ndjson};
use crate::redaction::{LATER, NAME, disk_has, listings, redact_title, room_with_a_name};
use crate::room::{Folder, ROOMY, Room};

/// Publishes listings with the name in one title, and stops before activation; gives the snapshot.
fn stage(folder: &Folder) -> String {
    let file = folder.delivery("staged.ndjson", ndjson(&listings("14.00")));
    let words = ["publish", "listings", file.to_str().unwrap(), "--as-of", LATER, "--stage"];
    folder.json(&words)["snapshot"].as_str().unwrap().to_owned()
}

/// The listings' snapshots as a list has them.
fn listed(room: &Room) -> Vec<Value> {
    let list = room.nobody().json("/v1/datasets/listings/snapshots");
    list["snapshots"].as_array().unwrap().clone()
}

/// The file of a snapshot that has one.
fn file_of(room: &Room, snapshot: &str) -> std::path::PathBuf {
    let manifest = room.nobody().json(&format!("/v1/datasets/listings/snapshots/{snapshot}"));
    let name = manifest["resources"][0]["path"].as_str().unwrap().rsplit('/').next().unwrap();
    room.folder.path().join("snapshots/listings/files").join(name)
}

/// What waits for a steward's look holds the name as well as what was published.
#[test]
fn a_staged_snapshot_is_compacted_before_anybody_reads_it() {
    let room = room_with_a_name();
    let staged = stage(&room.folder);
    redact_title(&room);

    room.folder.done(&["snapshots", "compact", "listings"]);

    assert!(!disk_has(&room, NAME));
    let list = listed(&room);
    let stone = list.iter().find(|it| it["id"] == *staged).unwrap();
    let successor = stone["redacted"]["successor"].as_str().unwrap();
    let standing = list.iter().find(|it| it["id"] == *successor).unwrap();
    assert_eq!(standing["state"], "staged", "it waits as the old one did");
    room.folder.done(&["snapshots", "activate", "listings", successor]);
    let ada = room.granted("ada", &["listings"]);
    assert_eq!(
        ada.csv("SELECT max(price_eur) AS p FROM listings WHERE title IS NULL"),
        "p\r\n8.00\r\n"
    );
}

/// A list has what was written anew right behind what stands in its place, with no more than is left.
#[test]
fn a_list_shows_what_was_compacted_with_its_successor() {
    let room = room_with_a_name();
    let before = listed(&room);
    redact_title(&room);

    room.folder.done(&["snapshots", "compact", "listings"]);

    let list = listed(&room);
    let states: Vec<_> = list.iter().map(|it| it["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["current", "redacted", "former", "redacted"]);
    for (pair, old) in list.chunks(2).zip(&before) {
        let [new, stone] = pair else { panic!("{pair:?}") };
        assert_eq!(stone["id"], old["id"]);
        assert_eq!(stone["manifest_sha256"], old["manifest_sha256"]);
        assert_eq!(stone["redacted"]["successor"], new["id"]);
        assert_eq!((&stone["row_count"], &new["row_count"]), (&Value::Null, &json!(3)));
    }
    let id = before[0]["id"].as_str().unwrap();
    let table = room.folder.done(&["snapshots", "list", "listings"]);
    let line = table.lines().find(|line| line.starts_with(id)).unwrap();
    assert!(table.contains("SUCCESSOR") && line.contains("redacted"), "{table}");
    assert!(line.ends_with(list[0]["id"].as_str().unwrap()), "{line}");
    let shown = room.folder.run(&["snapshots", "show", "listings", id]);
    let told = String::from_utf8(shown.stderr).unwrap();
    assert!(told.contains("stands in its place"), "{told}");
    let page = room.nobody().json("/v1/datasets/listings/snapshots?limit=1");
    let next = page["next"].as_str().unwrap();
    let rest = format!("/v1/datasets/listings/snapshots?limit=1&after={next}");
    assert_eq!(room.nobody().json(&rest)["snapshots"][0], list[1]);
}

/// What cannot be written anew still holds the name: the steward is told, and whoever watches, too.
#[test]
fn a_damaged_snapshot_is_told_and_the_others_are_compacted() {
    let due_at_once = format!("{ROOMY}[redaction]\ncompact_within_days = 0\n");
    let room = Folder::configured(&due_at_once).serve();
    furniture::publish_listings(&room.folder, furniture::AS_OF, &listings("12.50"));
    let damaged = room.current("listings");
    furniture::publish_listings(&room.folder, LATER, &listings("13.00"));
    assert_eq!(room.nobody().json("/readyz")["compaction"], "done");
    let file = file_of(&room, &damaged);
    let away = room.folder.beside().join("away.parquet");
    fs::rename(&file, &away).unwrap();
    redact_title(&room);

    let told = room.folder.refused(&["snapshots", "compact", "listings"]);

    assert!(told.contains(&damaged) && told.contains("is missing"), "{told}");
    let ready = room.nobody().json("/readyz");
    assert_eq!((&ready["compaction"], &ready["ready"]), (&json!("overdue"), &json!(true)));
    let states: Vec<Value> = listed(&room).iter().map(|it| it["state"].clone()).collect();
    assert_eq!(states, ["current", "redacted", "former"], "all but the damaged one");
    fs::rename(&away, &file).unwrap();
    room.folder.done(&["snapshots", "compact", "listings"]);
    assert_eq!(room.nobody().json("/readyz")["compaction"], "done");
    assert!(!disk_has(&room, NAME));
}

/// One that was damaged when the server started is not even known, but it is not forgotten.
#[test]
fn a_snapshot_that_was_left_out_at_the_start_is_told_too() {
    let room = room_with_a_name();
    let staged = stage(&room.folder);
    let file = file_of(&room, &staged);
    redact_title(&room);
    let folder = room.stop();
    fs::remove_file(file).unwrap();

    let room = folder.serve();

    let told = room.folder.refused(&["snapshots", "compact", "listings"]);
    assert!(told.contains(&staged) && told.contains("is missing"), "{told}");
    let states: Vec<Value> = listed(&room).iter().map(|it| it["state"].clone()).collect();
    assert_eq!(states, ["current", "redacted", "former", "redacted"]);
}

/// So few files may a server and its workers have open that a job has 64 of them at most.
const OPEN_FILES_MAX: u32 = 256;

/// The listing whose events have to go.
pub(crate) const MARKED: &str = "l-marked";

/// Publishes events of listings, one a month and one more in each that is marked.
pub(crate) fn publish_events(
    folder: &Folder,
    as_of: &str,
    months: std::ops::Range<u32>,
    marked: &[u32],
) {
    let event = |month: u32, listing: &str| {
        let (year, month_of_year) = (1980 + month / 12, month % 12 + 1);
        json!({
            "event_id": format!("e-{month}-{listing}"), "listing_id": listing,
            "event_type": "SUBMITTED", "occurred_at": format!("{year}-{month_of_year:02}-03T00:00:00Z"),
            "action_id": null, "relist_of_listing_id": null, "match_method": null,
            "match_score": null,
        })
    };
    let plain = months.map(|month| event(month, "l-1"));
    let rows: Vec<Value> = plain.chain(marked.iter().map(|it| event(*it, MARKED))).collect();
    let file = folder.delivery("events.ndjson", ndjson(&rows));
    folder.done(&["publish", "listing_events", file.to_str().unwrap(), "--as-of", as_of]);
}

/// Takes the marked events of some months out.
fn redact_events(room: &Room, marked: &[u32]) {
    let keys: Vec<String> = marked.iter().map(|month| format!("e-{month}-{MARKED}")).collect();
    let mut words = vec!["redact", "listing_events", "--ground", "order", "--reason", "a ruling"];
    keys.iter().for_each(|key| words.extend(["--key", key]));
    room.folder.done(&words);
}

/// The manifest of what stands in the place of a snapshot of events.
fn successor_of(room: &Room, snapshot: &str) -> Value {
    let address = |id: &str| format!("/v1/datasets/listing_events/snapshots/{id}");
    let stone = room.nobody().json(&address(snapshot));
    assert_eq!(stone["state"], "redacted", "{stone}");
    room.nobody().json(&address(stone["successor"]["id"].as_str().unwrap()))
}

/// The digest of the file of a month.
fn file_of_month<'a>(manifest: &'a Value, month: &str) -> &'a str {
    let files = manifest["resources"].as_array().unwrap();
    files.iter().find(|file| file["period"] == month).unwrap()["hash"].as_str().unwrap()
}

/// 25 years of months in one snapshot, and no process can hold all of its files open.
#[test]
fn one_snapshot_of_more_files_than_a_process_may_open_is_compacted() {
    let folder = Folder::new();
    let marked = [0, 63, 64, 200, 299];
    publish_events(&folder, furniture::AS_OF, 0..300, &marked);
    let room = folder.serve_with_open_files(OPEN_FILES_MAX);
    let old = room.current("listing_events");
    redact_events(&room, &marked);

    let told = room.folder.done(&["snapshots", "compact", "listing_events"]);

    assert!(told.contains("300 files looked through, 5 written anew"), "{told}");
    assert!(told.contains("order: 5 rows and 0 cells removed"), "{told}");
    assert!(!disk_has(&room, MARKED));
    let manifest = successor_of(&room, &old);
    assert_eq!(manifest["resources"].as_array().unwrap().len(), 300);
    assert_eq!(manifest["row_count"], 300);
    let told = |column: usize, what: &str| manifest["columns"][column][what].clone();
    assert_eq!((told(1, "min"), told(1, "max")), (json!("l-1"), json!("l-1")));
    let first_and_last =
        (json!("1980-01-03T00:00:00.000000Z"), json!("2004-12-03T00:00:00.000000Z"));
    assert_eq!((told(3, "min"), told(3, "max")), first_and_last, "over the files of all jobs");
    assert_eq!(told(4, "null_count"), 300);
    let room = room.kill().serve();
    let current = room.current("listing_events");
    let verified = room.folder.done(&["snapshots", "verify", "listing_events", &current]);
    assert!(verified.contains("verified"), "{verified}");
    let count = "SELECT count(*) AS n, count(DISTINCT listing_id) AS l FROM listing_events";
    assert_eq!(room.role("regulator").csv(count), "n,l\r\n300,1\r\n");
}

/// Snapshots share the files of periods that stayed: each file is written anew once, and counted once.
#[test]
fn a_file_that_snapshots_share_is_written_anew_once_though_they_are_of_two_jobs() {
    let folder = Folder::new();
    publish_events(&folder, furniture::AS_OF, 0..70, &[5]);
    publish_events(&folder, LATER, 70..71, &[70]);
    let room = folder.serve_with_open_files(OPEN_FILES_MAX);
    let list = room.nobody().json("/v1/datasets/listing_events/snapshots");
    let olds = [1, 0].map(|it| list["snapshots"][it]["id"].as_str().unwrap().to_owned());
    redact_events(&room, &[5, 70]);

    let report = room.folder.json(&["snapshots", "compact", "listing_events"])[0].clone();

    assert_eq!((&report["files_searched"], &report["files_rewritten"]), (&json!(71), &json!(2)));
    assert_eq!(report["removed"], json!({"order": {"rows": 2, "cells": 0}}), "each row once");
    assert!(!disk_has(&room, MARKED));
    let [first, second] = olds.each_ref().map(|old| successor_of(&room, old));
    let shared = file_of_month(&first, "1980-06");
    assert_eq!(shared, file_of_month(&second, "1980-06"), "both name the same new file");
    assert_eq!((&first["row_count"], &second["row_count"]), (&json!(70), &json!(71)));
    let removed = |old: &str| {
        let stone = format!("/v1/datasets/listing_events/snapshots/{old}");
        room.nobody().json(&stone)["removed"]["order"]["rows"].clone()
    };
    assert_eq!(olds.each_ref().map(|old| removed(old)), [json!(1), json!(2)], "as each had it");
}

/// A disk that turned some bytes: what is damaged is told and never signed anew, and keeps nobody else
/// waiting.
#[test]
fn a_file_with_other_bytes_is_told_and_the_other_snapshots_are_compacted() {
    let room = room_with_a_name();
    let damaged = listed(&room)[1]["id"].as_str().unwrap().to_owned();
    let file = file_of(&room, &damaged);
    let sound = fs::read(&file).unwrap();
    redact_title(&room);

    for turned in [sound.len() / 3, sound.len() - 3] {
        let mut bytes = sound.clone();
        bytes[turned] ^= 0x55;
        fs::remove_file(&file).unwrap();
        fs::write(&file, &bytes).unwrap();
        let told = room.folder.refused(&["snapshots", "compact", "listings"]);
        assert!(told.contains(&damaged), "{turned}: {told}");
        let states: Vec<Value> = listed(&room).iter().map(|it| it["state"].clone()).collect();
        assert_eq!(states, ["current", "redacted", "former"], "all but the damaged one");
    }

    fs::write(&file, &sound).unwrap();
    room.folder.done(&["snapshots", "compact", "listings"]);
    assert!(!disk_has(&room, NAME));
    assert_eq!(room.entries("compact").len(), 2);
}
