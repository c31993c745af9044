//! Editions: several datasets that point at each other, published together or not at all.

use std::fs;

use reqwest::Method;
use serde_json::{Value, json};

use crate::caller::{Answer, Caller, problem};
use crate::furniture::{AS_OF, listing, ndjson, trader};
use crate::room::{Folder, Room};
use crate::wait::until;

/// Writes an edition's folder: for each file its path and its rows.
fn edition(folder: &Folder, name: &str, files: &[(&str, &[Value])]) -> String {
    for (path, rows) in files {
        folder.delivery(&format!("{name}/{path}"), ndjson(rows));
    }
    folder.beside().join(name).to_str().unwrap().to_owned()
}

/// Two traders and two listings of theirs.
fn small(folder: &Folder, name: &str) -> String {
    let traders = [trader("t-1", "DE"), trader("t-2", "CN")];
    let listings = [listing("l-1", "t-1", "doll", "12.50"), listing("l-2", "t-2", "kite", "8.00")];
    edition(
        folder,
        name,
        &[
            ("traders/part-0.ndjson", &traders[..1]),
            ("traders/part-1.ndjson", &traders[1..]),
            ("listings/listings.ndjson", &listings),
        ],
    )
}

/// The finding of a rule about a field in a report.
fn finding<'a>(report: &'a Value, rule: &str, field: &str) -> &'a Value {
    let all = report["quality"].as_array().unwrap();
    let found = all.iter().find(|it| it["rule"] == rule && it["field"] == field);
    found.unwrap_or_else(|| panic!("no {rule} of {field} in {report}"))
}

fn member<'a>(publication: &'a Value, dataset: &str) -> &'a Value {
    let members = publication["datasets"].as_array().unwrap();
    members.iter().find(|member| member["dataset"] == dataset).unwrap()
}

/// The main story: keys are held against the new traders, the log has one edition after both
/// publications, and the same folder again changes nothing.
#[test]
fn an_edition_is_validated_together_and_current_at_once() {
    let room = Room::empty();
    let folder = small(&room.folder, "first");

    let words = ["publish", "--edition", &folder, "--as-of", AS_OF];
    let dry = room.folder.json(&[&words[..], &["--dry-run"]].concat());
    assert_eq!((dry["state"].as_str(), room.editions()), (Some("checked"), 0));
    let published = room.folder.json(&words);

    let report = &member(&published, "listings")["report"];
    let orphans = finding(report, "foreign_key_orphan", "trader_id");
    assert_eq!((&orphans["verdict"], &orphans["against"]), (&json!("ok"), &json!("traders")));
    assert_eq!(published["edition"], "e-1");
    let edition = room.nobody().json("/v1/editions/e-1");
    for dataset in ["traders", "listings"] {
        let snapshot = &member(&published, dataset)["snapshot"];
        assert_eq!(edition["snapshots"][dataset]["id"], *snapshot);
        assert_eq!(room.current(dataset), snapshot.as_str().unwrap());
    }
    assert_eq!((room.entries("publish").len(), room.entries("edition").len()), (2, 1));
    let sources = &member(&published, "traders")["report"]["sources"];
    assert_eq!(sources[1]["name"], "part-1.ndjson");
    let again = room.folder.json(&words);
    assert_eq!((again["edition"].as_str(), room.editions()), (Some("e-1"), 1));
    assert_eq!(member(&again, "traders")["snapshot"], member(&published, "traders")["snapshot"]);
}

/// What an edition does not bring stays as it is, and is what its keys point at.
#[test]
fn datasets_that_an_edition_does_not_bring_stay() {
    let room = Room::empty();
    let first = small(&room.folder, "first");
    room.folder.done(&["publish", "--edition", &first, "--as-of", AS_OF]);
    let traders = room.current("traders");
    let rows = [listing("l-1", "t-1", "doll", "12.50"), listing("l-3", "t-2", "drum", "1.00")];
    let second = edition(&room.folder, "second", &[("listings/l.ndjson", &rows)]);

    let published = room.folder.json(&["publish", "--edition", &second, "--as-of", "2024-10-02"]);

    let report = &member(&published, "listings")["report"];
    assert_eq!(finding(report, "foreign_key_orphan", "trader_id")["count"], 0);
    assert_eq!((room.editions(), room.current("traders")), (2, traders));
}

/// One bad row in one dataset, and nothing of any is published; the report names it.
#[test]
fn a_rejected_dataset_rejects_the_edition() {
    let room = Room::empty();
    let mut bad = listing("l-1", "t-1", "doll", "12.50");
    bad["status"] = json!("SOMEWHERE");
    let files: [(&str, &[Value]); 2] = [
        ("traders/traders.ndjson", &[trader("t-1", "DE")]),
        ("listings/listings.ndjson", &[listing("l-0", "t-1", "kite", "1.00"), bad]),
    ];
    let folder = edition(&room.folder, "bad", &files);

    let refused = room.folder.refused(&["publish", "--edition", &folder, "--as-of", AS_OF]);

    assert!(refused.contains("listings/listings.ndjson:2 [status] category"), "{refused}");
    assert_eq!((room.editions(), room.entries("publish").len()), (0, 0));
    let files = fs::read_dir(room.folder.path().join("snapshots")).unwrap();
    assert_eq!(files.count(), 0, "nothing of it is left");
    // Nothing blocks the next.
    let good = small(&room.folder, "good");
    room.folder.done(&["publish", "--edition", &good, "--as-of", AS_OF]);
    assert_eq!(room.editions(), 1);
}

/// A folder that is no dataset's, a file beside the folders, an archive that is none.
#[test]
fn what_is_no_edition_is_named() {
    let room = Room::empty();
    let steward = room.role("steward");
    let stray = edition(&room.folder, "stray", &[("secrets/a.ndjson", &[trader("t-1", "DE")])]);

    let refused = room.folder.refused(&["publish", "--edition", &stray, "--as-of", AS_OF]);
    let csv = Answer::of(send(&steward, "text/csv", b"rows".to_vec(), None));
    let ended = ended(&steward, &Answer::of(send(&steward, TAR, b"rows".to_vec(), None)));

    assert!(refused.contains("secrets/a.ndjson"), "{refused}");
    assert!(refused.contains("not named after a dataset"), "{refused}");
    assert_eq!(csv.status, 415);
    let rejects = &ended["report"]["rejects"];
    assert_eq!(ended["state"], "rejected");
    assert!(rejects[0]["detail"].as_str().unwrap().contains("not a sound tar"), "{rejects}");
}

const TAR: &str = "application/x-tar";

/// Sends an edition over HTTP.
fn send(
    steward: &Caller<'_>,
    media_type: &str,
    bytes: Vec<u8>,
    key: Option<&str>,
) -> reqwest::blocking::Response {
    let address = format!("/v1/editions?as_of={AS_OF}");
    let mut request = steward.request(Method::POST, &address).header("Content-Type", media_type);
    if let Some(key) = key {
        request = request.header("Idempotency-Key", key);
    }
    request.body(bytes).send().unwrap()
}

/// Waits until an accepted publication has ended.
fn ended(steward: &Caller<'_>, accepted: &Answer) -> Value {
    assert_eq!(accepted.status, 202, "{}", accepted.text());
    let address = accepted.header("location");
    until("the publication's end", || {
        let publication = steward.json(&address);
        (publication["state"] != "running").then_some(publication)
    })
}

/// An archive of these files.
fn archive(files: &[(&str, String)]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (path, text) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, path, text.as_bytes()).unwrap();
    }
    archive.into_inner().unwrap()
}

/// A listing names the decision that removed it, and the decision names the listing: whichever is
/// drafted first, both keys are held against the new files of the other.
#[test]
fn keys_that_go_in_a_circle_are_all_checked() {
    let room = Room::empty();
    let removed = |id: &str, action: &str| {
        let mut listing = listing(id, "t-1", "doll", "12.50");
        listing["status"] = json!("REMOVED");
        listing["removal_action_id"] = json!(action);
        listing
    };
    let action = |id: &str, listing: &str| {
        json!({
            "action_id": id, "sor_exempt": true, "target_type": "LISTING", "target_id": listing,
            "listing_id": listing, "trader_id": "t-1", "decided_at": "2024-05-01T00:00:00Z",
            "decision_ground": "DECISION_GROUND_ILLEGAL_CONTENT", "manifestly_illegal": false,
            "category": "STATEMENT_CATEGORY_ANIMAL_WELFARE", "source_type": "SOURCE_VOLUNTARY",
            "detection_stage": "POST_LISTING", "automated_detection": false,
            "automated_decision": "AUTOMATED_DECISION_NOT_AUTOMATED", "territorial_scope": ["DE"]
        })
    };
    let files: [(&str, &[Value]); 3] = [
        ("traders/t.ndjson", &[trader("t-1", "DE")]),
        ("listings/l.ndjson", &[removed("l-1", "a-1"), removed("l-2", "a-9")]),
        ("moderation_actions/a.ndjson", &[action("a-1", "l-1"), action("a-2", "l-8")]),
    ];
    let folder = edition(&room.folder, "circle", &files);

    let published = room.folder.json(&["publish", "--edition", &folder, "--as-of", AS_OF]);

    for (dataset, field, against) in [
        ("listings", "removal_action_id", "moderation_actions"),
        ("moderation_actions", "listing_id", "listings"),
    ] {
        let orphans = finding(&member(&published, dataset)["report"], "foreign_key_orphan", field);
        assert_eq!((&orphans["count"], &orphans["against"]), (&json!(1), &json!(against)));
        assert_eq!((&orphans["share"], &orphans["verdict"]), (&json!(0.5), &json!("exceeded")));
        // The manifest says the same.
        let snapshot = room.current(dataset);
        let manifest = room.nobody().json(&format!("/v1/datasets/{dataset}/snapshots/{snapshot}"));
        assert_eq!(finding(&manifest, "foreign_key_orphan", field), orphans);
    }
}

/// What a steward's own system sends is told dataset by dataset; sending it again under one key is
/// one publication.
#[test]
fn an_edition_over_http_tells_of_each_dataset_and_is_harmless_to_repeat() {
    let room = Room::empty();
    let steward = room.role("steward");
    let listings = [listing("l-1", "t-1", "doll", "1.00"), listing("l-2", "t-9", "kite", "2.00")];
    let bytes = archive(&[
        ("listings/l.ndjson", ndjson(&listings)),
        ("traders/t.ndjson", ndjson(&[trader("t-1", "DE")])),
    ]);

    let accepted = Answer::of(send(&steward, TAR, bytes.clone(), Some("monday")));
    let ended = ended(&steward, &accepted);
    let again = Answer::of(send(&steward, TAR, bytes, Some("monday")));

    assert_eq!(ended["state"], "published", "{ended}");
    assert_eq!(again.header("location"), accepted.header("location"));
    // Those that others point at come first, whatever the archive's order.
    let order: Vec<_> = ended["datasets"].as_array().unwrap().iter().collect();
    assert_eq!(
        (&order[0]["dataset"], &order[1]["dataset"]),
        (&json!("traders"), &json!("listings"))
    );
    let orphans = finding(&order[1]["report"], "foreign_key_orphan", "trader_id");
    assert_eq!((&orphans["count"], &orphans["verdict"]), (&json!(1), &json!("exceeded")));
    assert_eq!(ended["progress"]["stage"], "activate");
    let late =
        problem(steward.request(Method::DELETE, &accepted.header("location")).send().unwrap());
    assert_eq!(late["code"], "conflict");
}

/// Staged together, activated together, with a reason that the log has.
#[test]
fn a_staged_edition_is_activated_as_one() {
    let room = Room::empty();
    let folder = small(&room.folder, "first");
    let staged = room.folder.json(&["publish", "--edition", &folder, "--as-of", AS_OF, "--stage"]);
    assert_eq!((staged["state"].as_str(), room.editions()), (Some("staged"), 0));

    let of = |dataset: &str| {
        format!("{dataset}@{}", member(&staged, dataset)["snapshot"].as_str().unwrap())
    };
    let (traders, listings) = (of("traders"), of("listings"));
    let words = ["editions", "activate", &traders, &listings, "--reason", "checked by hand"];
    let told = room.folder.done(&words);

    assert_eq!(told, "2 snapshots are current in e-1\n");
    let entries = room.entries("edition");
    assert_eq!((entries.len(), &entries[0]["reason"]), (1, &json!("checked by hand")));
}

/// Where two people are wanted, whoever published neither activates at once nor later.
#[test]
fn activation_by_another_takes_another() {
    let room = Folder::configured(
        "[publish]\nactivation_by_another = true\n[rate_limits]\nprincipal_requests = 1000000\n",
    )
    .serve();
    let folder = small(&room.folder, "first");
    let words = ["publish", "--edition", &folder, "--as-of", AS_OF];

    let refused = room.folder.refused(&words);
    let staged = room.folder.json(&[&words[..], &["--stage"]].concat());
    let snapshot = member(&staged, "traders")["snapshot"].as_str().unwrap();
    let own = room.folder.refused(&["snapshots", "activate", "traders", snapshot]);
    let steward = room.role("steward");
    let address = format!("/v1/datasets/traders/snapshots/{snapshot}/activate");
    let other = Answer::of(steward.request(Method::POST, &address).send().unwrap());

    assert!(refused.contains("activation_by_another"), "{refused}");
    assert!(own.contains("another steward must activate it"), "{own}");
    assert_eq!(other.status, 200, "{}", other.text());
}
