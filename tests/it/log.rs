//! The visitors' book: everything is in it, nobody is named in it, and nothing in it can be changed.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::caller::Answer;
use crate::furniture::SECRET;
use crate::room::{Folder, Room, command, run, text};

/// A question that stands nowhere but in what only a disclosure shows.
const QUESTION: &str = "SELECT count(*) AS marker_of_this_question FROM listings";

/// A person who is named nowhere else.
const PERSON: &str = "ada-lovelace-of-london";

/// The files below a folder, in the order of their names.
pub(crate) fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in folder.read_dir().unwrap().map(Result::unwrap) {
        match entry.file_type().unwrap().is_dir() {
            true => found.extend(files_below(&entry.path())),
            false => found.push(entry.path()),
        }
    }
    found.sort();
    found
}

/// Intent before execution, outcome before the first byte: the answer names its place.
#[test]
fn a_query_has_an_intent_and_an_outcome_at_the_index_its_answer_names() {
    let room = Room::furnished();
    let (project, ada) = room.project_of("ada", &["listings"]);
    let answer = Answer::of(ada.ask(QUESTION)).good();
    let index: usize = answer.header("reading-room-log-index").parse().unwrap();

    let entries = crate::book::entries(&room);

    let outcome = &entries[index];
    let intent = &entries[usize::try_from(outcome["intent"].as_u64().unwrap()).unwrap()];
    assert_eq!((&outcome["kind"], &intent["kind"]), (&"outcome".into(), &"intent".into()));
    assert_eq!((&outcome["outcome"], &outcome["rows"]), (&"answered".into(), &1.into()));
    assert_eq!(answer.header("etag"), format!("\"{}\"", outcome["body_sha256"].as_str().unwrap()));
    assert_eq!(outcome["rows_sha256"], answer.header("reading-room-rows-sha256"));
    for entry in [intent, outcome] {
        assert_eq!(
            (&entry["project"], &entry["role"]),
            (&project.as_str().into(), &"researcher".into())
        );
        assert_eq!(entry["query"], answer.header("reading-room-query"));
    }
    assert_eq!(intent["edition"], answer.header("reading-room-edition"));
    assert_eq!(intent["snapshots"]["listings"][0]["id"], room.current("listings"));
    assert_eq!((&intent["sandbox"], &intent["legal_basis"]), (&"strict".into(), &"40(12)".into()));
}

/// A stored answer that is fetched again left the house again.
#[test]
fn fetching_a_stored_answer_is_an_entry() {
    let room = Room::furnished();
    let ada = room.granted("ada", &["listings"]);
    let answer = Answer::of(ada.ask(QUESTION)).good();
    let query = answer.header("reading-room-query");

    Answer::of(ada.get(&format!("/v1/queries/{query}/result"))).good();

    let download = &room.entries("download")[0];
    assert_eq!(download["query"], query);
    assert_eq!(answer.header("etag"), format!("\"{}\"", download["body_sha256"].as_str().unwrap()));
}

/// The book has no blind side: stewards and registrars stand in it as much as researchers.
#[test]
fn every_act_is_an_entry() {
    let room = Room::furnished();
    let (project, ada) = room.project_of("ada", &["listings", "traders"]);
    let of = |words: &[&str]| room.folder.done(&[words, &["--project", &project]].concat());
    ada.problem("SELECT x FROM listings");
    let grants = room.folder.json(&["grant", "list", "--project", &project]);
    of(&["grant", "revoke", grants[0]["id"].as_str().unwrap(), "--reason", "out of scope"]);
    of(&["member", "remove", "--subject", "ada"]);
    room.folder.done(&["token", "revoke", "--subject", "ada"]);
    room.folder.done(&["project", "suspend", &project, "--reason", "a doubt"]);
    room.folder.done(&["project", "close", &project, "--reason", "done"]);

    let entries = crate::book::entries(&room);

    let count = |kind: &str| entries.iter().filter(|entry| entry["kind"] == kind).count();
    let kinds = [
        "start", "publish", "edition", "project", "member", "grant", "token", "denied", "revoke",
        "suspend",
    ];
    let expected = [1, 2, 2, 1, 2, 2, 2, 1, 2, 2];
    assert_eq!(
        kinds.map(|kind| (kind, count(kind))),
        std::array::from_fn(|index| (kinds[index], expected[index]))
    );
    let published: Vec<_> = entries.iter().filter(|entry| entry["kind"] == "publish").collect();
    assert_eq!(published[1]["snapshot"], room.current("listings"));
    assert!(
        entries.iter().all(|entry| entry["nonce"].as_str().is_some_and(|nonce| nonce.len() == 32))
    );
}

/// An act that came to nothing is an entry too, whatever was wrong with it.
#[test]
fn a_refused_act_is_an_entry_whatever_was_wrong_with_it() {
    let room = Room::furnished();
    let (registrar, ada) = (room.role("registrar"), room.granted("ada", &["listings"]));

    registrar.post("/v1/projects", &json!({}));
    registrar.post("/v1/projects/p-nothing/suspend", &json!({"reason": "none"}));
    ada.post("/v1/queries", &json!({"sql": "SELECT 1", "colour": "red"}));
    ada.delete("/v1/queries/q-nothing");
    ada.get("/v1/queries/q-nothing");

    let denied = room.entries("denied");
    let told: Vec<_> = denied.iter().map(|it| (&it["operation"], &it["code"])).collect();
    assert_eq!(
        told,
        [
            (&json!("create_project"), &json!("body_invalid")),
            (&json!("suspend_project"), &json!("not_found")),
            (&json!("ask"), &json!("body_invalid")),
            (&json!("cancel_query"), &json!("not_found")),
        ]
    );
}

/// A copy of the log may lie anywhere: it shows no question, no purpose and no person.
#[test]
fn no_entry_quotes_a_question_or_names_a_person() {
    let room = Room::furnished();
    let ada = room.granted(PERSON, &["listings"]);
    ada.csv(QUESTION);
    ada.problem(&format!("SELECT marker_of_this_question FROM listings WHERE title = '{SECRET}'"));

    let entries = crate::book::entries(&room);
    let folder = room.stop();

    for entry in &entries {
        let entry = entry.to_string();
        for private in ["SELECT", "marker_of", SECRET, PERSON, "a test"] {
            assert!(!entry.contains(private), "{entry}");
        }
    }
    let stores = files_below(&folder.path().join("log"));
    let stores =
        stores.into_iter().chain([folder.path().join("vault.sqlite"), folder.server_log()]);
    for file in stores.filter(|file| file.exists()) {
        let bytes = fs::read(&file).unwrap();
        for private in ["marker_of_this_question", PERSON] {
            let is_there = bytes.windows(private.len()).any(|window| window == private.as_bytes());
            assert!(!is_there, "{private} stands in {}", file.display());
        }
    }
}

/// One person is one commitment within a project, and another in the next.
#[test]
fn a_person_is_one_commitment_in_one_project_only() {
    let room = Room::furnished();
    let [first, second] = [(); 2].map(|()| room.granted(PERSON, &["listings"]));
    for caller in [&first, &first, &second] {
        caller.csv(QUESTION);
    }

    let intents = room.entries("intent");

    let actors: Vec<_> = intents.iter().map(|intent| intent["actor"].as_str().unwrap()).collect();
    assert!(actors.iter().all(|actor| actor.starts_with("c:") && actor.len() == 66), "{actors:?}");
    assert_eq!(actors[0], actors[1]);
    assert_ne!(actors[1], actors[2]);
    assert_ne!(intents[0]["sql_commitment"], intents[1]["sql_commitment"], "each has its own salt");
}

/// Runs `log verify` over HTTP.
fn verify_remote(room: &Room, key: &str, more: &[&str]) -> (bool, String) {
    let words = [&["log", "verify", "--url", &room.url, "--key", key], more].concat();
    let token = room.role("auditor").token.unwrap();
    let output = command(&words).env("READINGROOM_TOKEN", token).output().unwrap();
    (output.status.success(), text(&output.stdout) + &text(&output.stderr))
}

/// A trustee verifies with the public key alone, here or from afar, now or against an earlier day.
#[test]
fn a_log_verifies_in_place_from_afar_and_against_an_earlier_checkpoint() {
    let room = Room::furnished();
    let key = room.folder.log_key();
    crate::book::entries(&room);
    let earlier = Answer::of(room.nobody().get("/v1/log/checkpoint")).good();
    let earlier = room.folder.delivery("earlier", &earlier.body);
    let earlier = earlier.to_str().unwrap();
    room.granted("ada", &["listings"]).csv(QUESTION);
    let since = ["--since", earlier];

    let (far, said) = verify_remote(&room, &key, &since);
    let near = room.folder.done(&[&["log", "verify", "--key", &key], &since[..]].concat());
    let copy = room.folder.path().join("log");
    let copied = run(&["log", "verify", "--data", copy.to_str().unwrap(), "--key", &key]);

    assert!(far && said.contains("entries verified"), "{said}");
    assert!(near.contains("continues the"), "{near}");
    assert_eq!(near.trim().lines().count(), 1);
    assert!(copied.status.success(), "{}", text(&copied.stderr));
}

#[test]
fn a_checkpoint_or_a_key_of_another_log_is_refused() {
    let [one, other] = [Room::furnished(), Room::furnished()];
    crate::book::entries(&other);
    let strange = Answer::of(other.nobody().get("/v1/log/checkpoint")).good();
    let strange = one.folder.delivery("strange", &strange.body);

    let since = one.folder.refused(&[
        "log",
        "verify",
        "--key",
        &one.folder.log_key(),
        "--since",
        strange.to_str().unwrap(),
    ]);
    let key = one.folder.refused(&["log", "verify", "--key", &other.folder.log_key()]);
    let (remote, said) = verify_remote(&one, &other.folder.log_key(), &[]);

    assert!(since.contains("does not verify"), "{since}");
    assert!(key.contains("does not verify"), "{key}");
    assert!(!remote && said.contains("does not verify"), "{said}");
}

/// Changes one bit of a file in place.
fn flip(file: &Path, at: usize) {
    let mut bytes = fs::read(file).unwrap();
    bytes[at] ^= 1;
    let mut permissions = fs::metadata(file).unwrap().permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o600);
    fs::set_permissions(file, permissions).unwrap();
    fs::write(file, bytes).unwrap();
}

/// A folder with a log that was used, and no server.
fn used() -> Folder {
    let room = Room::furnished();
    let ada = room.granted("ada", &["listings"]);
    ada.csv(QUESTION);
    ada.problem("SELECT x FROM listings");
    room.stop()
}

/// Nobody, the house included, can change a byte unseen.
#[test]
fn one_changed_bit_in_any_file_of_the_log_is_found_and_located() {
    let folder = used();
    let log = folder.path().join("log");
    let files = files_below(&log);
    assert!(3 <= files.len(), "{files:?}");

    for file in &files {
        let length = fs::metadata(file).unwrap().len() as usize;
        for at in [0, length / 3, length / 2, length - 1] {
            flip(file, at);
            let output = folder.verify_log();
            let said = text(&output.stderr);
            assert_eq!(output.status.code(), Some(1), "byte {at} of {}: {said}", file.display());
            let name = file.file_name().unwrap().to_str().unwrap();
            assert!(said.contains(name), "byte {at} of {}: {said}", file.display());
            flip(file, at);
        }
    }
    assert!(folder.verify_log().status.success());
}

/// Damage is never repaired in silence: the start is refused, and says where.
#[test]
fn a_server_does_not_start_on_a_damaged_log() {
    let folder = used();
    let files = files_below(&folder.path().join("log"));
    let largest = files.iter().max_by_key(|file| fs::metadata(file).unwrap().len()).unwrap();
    let middle = fs::metadata(largest).unwrap().len() as usize / 2;
    flip(largest, middle);

    let said = folder.refused(&["serve", "--listen", "127.0.0.1:0"]);

    assert!(said.contains(largest.file_name().unwrap().to_str().unwrap()), "{said}");
    flip(largest, middle);
    drop(folder.serve());
}

/// A snapshot is what its manifest says, or it is told where it is not.
#[test]
fn one_changed_bit_in_a_snapshot_is_found_and_located() {
    let room = Room::furnished();
    let id = room.current("listings");
    let verify = ["snapshots", "verify", "listings", &id];
    assert!(room.folder.done(&verify).contains("verified"));
    let files = files_below(&room.folder.path().join("snapshots/listings/files"));

    let file = &files[0];
    let middle = fs::metadata(file).unwrap().len() as usize / 2;
    flip(file, middle);

    let said = room.folder.refused(&verify);
    assert!(said.contains(file.file_name().unwrap().to_str().unwrap()), "{said}");
    let traders = room.current("traders");
    assert!(room.folder.done(&["snapshots", "verify", "traders", &traders]).contains("verified"));
    flip(file, middle);
    assert!(room.folder.done(&verify).contains("verified"));
}

/// A manifest that was changed is not believed, whoever signed what else.
#[test]
fn a_changed_manifest_refuses_the_start() {
    let room = Room::furnished();
    let id = room.current("listings");
    let folder = room.stop();
    let manifest = folder.path().join(format!("snapshots/listings/{id}/datapackage.json"));
    let at = text(&fs::read(&manifest).unwrap()).find("\"row_count\":4").unwrap()
        + "\"row_count\":".len();
    flip(&manifest, at);

    let said = folder.refused(&["serve", "--listen", "127.0.0.1:0"]);

    assert!(said.contains(&id), "{said}");
}

/// Requests without a valid token are counted, not listed: a flood must not fill the book.
#[test]
fn requests_without_a_token_are_no_entries_each() {
    let room = Room::furnished();
    let before = crate::book::entries(&room).len();
    for _ in 0..50 {
        assert_eq!(room.bearer("no.such.token").get("/v1/me").status(), 401);
    }

    let after = crate::book::entries(&room);

    let new: Vec<&Value> =
        after[before..].iter().filter(|entry| entry["kind"] != "token").collect();
    assert!(new.len() <= 1, "{new:?}");
}

/// Nothing of a question without an answer stays on the disk.
#[test]
fn a_refused_question_leaves_no_stored_answer() {
    let room = Room::furnished();
    let ada = room.granted("ada", &["listings"]);
    ada.problem("SELECT x FROM listings");
    ada.problem("SELECT CAST(title AS BIGINT) FROM listings");

    let results = room.folder.path().join("results");

    assert!(!results.exists() || files_below(&results).is_empty());
}
