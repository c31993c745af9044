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
