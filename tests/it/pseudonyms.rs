//! Identifiers of people: a project can link and look up, and never read.

use serde_json::{Value, json};

use crate::caller::{Answer, Caller, problem};
use crate::furniture::ndjson;
use crate::room::{Folder, Room};

/// An affiliate and a notifier, as the platform calls them.
const AFFILIATE: &str = "f-0123456789abcdef";
const NOTIFIER: &str = "i-fedcba9876543210";

fn sanction(id: &str, subject: (&str, &str), imposed_at: &str) -> Value {
    let (subject_type, subject_id) = subject;
    json!({
        "sanction_id": id, "subject_type": subject_type, "subject_id": subject_id,
        "trader_id": null, "misuse": "OTHER_TERMS", "sanction_type": "WARNING", "points": null,
        "imposed_at": imposed_at, "ends_at": null, "prior_warning_at": null, "items_misused": null,
        "items_total": null, "gravity": null, "trigger_action_id": null, "policy_code": null,
        "policy_version": null, "automated": false, "lifted_at": null, "lift_reason": null
    })
}

fn link(id: &str, affiliate: &str, detected_at: &str) -> Value {
    json!({
        "link_id": id, "affiliate_id": affiliate, "declared_listing_id": null,
        "observed_category": null, "hidden_link": true, "detected_by": "INTERNAL",
        "detected_at": detected_at, "action_id": null, "sanction_id": null
    })
}

fn publish(folder: &Folder, dataset: &str, as_of: &str, rows: &[Value]) {
    let file = folder.delivery(&format!("{dataset}-{as_of}.ndjson"), ndjson(rows));
    folder.done(&["publish", dataset, file.to_str().unwrap(), "--as-of", as_of]);
}

/// Sanctions of two months, of which the second edition has both; and links of affiliates.
fn furnish(folder: &Folder) {
    let september = [
        sanction("x-1", ("AFFILIATE", AFFILIATE), "2024-09-02T10:00:00Z"),
        sanction("x-2", ("NOTIFIER", NOTIFIER), "2024-09-03T10:00:00Z"),
        sanction("x-3", ("NOTIFIER", NOTIFIER), "2024-09-04T10:00:00Z"),
    ];
    let october = [
        sanction("x-4", ("NOTIFIER", NOTIFIER), "2024-10-05T10:00:00Z"),
        sanction("x-5", ("AFFILIATE", AFFILIATE), "2024-10-06T10:00:00Z"),
    ];
    let links = [
        link("k-1", AFFILIATE, "2024-09-01T10:00:00Z"),
        link("k-2", AFFILIATE, "2024-09-01T11:00:00Z"),
        link("k-3", "f-00000000deadbeef", "2024-09-01T12:00:00Z"),
    ];
    publish(folder, "sanctions", "2024-10-01", &september);
    publish(folder, "affiliate_links", "2024-10-01", &links);
    publish(folder, "sanctions", "2024-11-01", &october);
}

fn room() -> Room {
    let room = Room::empty();
    furnish(&room.folder);
    room
}

/// A researcher whose project may have the identifiers of both datasets.
fn linking<'a>(room: &'a Room, subject: &str) -> Caller<'a> {
    let (project, caller) = room.project_of(subject, &[]);
    room.grant(&project, "sanctions", &["--classes", "public,identifier"]);
    let vetted = ["--classes", "public,identifier", "--basis", "DSA Art. 40(4)"];
    room.grant(&project, "affiliate_links", &vetted);
    caller
}

/// The lines of an answer, without the header.
fn rows(caller: &Caller<'_>, sql: &str) -> Vec<String> {
    caller.csv(sql).lines().skip(1).map(str::to_owned).collect()
}

fn rows_with(caller: &Caller<'_>, sql: &str, list: &Value) -> Vec<String> {
    let answer = caller.csv_with(&json!({"sql": sql, "parameters": [list]}));
    answer.lines().skip(1).map(str::to_owned).collect()
}

/// The pseudonym of the affiliate and of the notifier.
fn pseudonyms(caller: &Caller<'_>) -> [String; 2] {
    ["AFFILIATE", "NOTIFIER"].map(|kind| {
        let of_kind =
            format!("SELECT DISTINCT subject_id FROM sanctions WHERE subject_type = '{kind}'");
        let found = rows(caller, &of_kind);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with("ps-") && found[0].len() == 80, "{found:?}");
        found[0].clone()
    })
}

/// One pseudonym for one subject, in every dataset and every version: studies link by it.
#[test]
fn a_project_links_by_pseudonyms_across_datasets_and_versions() {
    let room = room();
    let ada = linking(&room, "ada");
    let [affiliate, notifier] = pseudonyms(&ada);

    let joined = "SELECT l.link_id, l.affiliate_id, count(*) AS n FROM affiliate_links l \
                  JOIN sanctions s ON s.subject_id = l.affiliate_id \
                  GROUP BY l.link_id, l.affiliate_id ORDER BY 1";
    let expected = ["k-1", "k-2"].map(|link| format!("{link},{affiliate},2"));
    assert_eq!(rows(&ada, joined), expected);
    let repeated = "SELECT subject_id, count(*) AS n FROM sanctions GROUP BY 1 ORDER BY n";
    assert_eq!(rows(&ada, repeated), [format!("{affiliate},2"), format!("{notifier},3")]);
    let distinct = "SELECT count(DISTINCT subject_id) AS n FROM sanctions";
    assert_eq!(rows(&ada, distinct), ["2"]);
    let again = "SELECT n.sanction_id FROM sanctions n \
                 JOIN sanctions VERSION AS OF '2024-10-01' o ON o.subject_id = n.subject_id \
                 WHERE o.sanction_id = 'x-2' AND n.imposed_at >= TIMESTAMP '2024-10-01' ORDER BY 1";
    assert_eq!(rows(&ada, again), ["x-4"]);
}

/// What an answer gave is found again, and what the platform calls a subject finds nothing.
#[test]
fn a_pseudonym_is_looked_up_and_an_identifier_finds_nothing() {
    let room = room();
    let ada = linking(&room, "ada");
    let [affiliate, notifier] = pseudonyms(&ada);
    let of = |condition: &str| {
        rows(&ada, &format!("SELECT sanction_id FROM sanctions WHERE {condition} ORDER BY 1"))
    };

    assert_eq!(of(&format!("subject_id = '{notifier}'")), ["x-2", "x-3", "x-4"]);
    assert_eq!(of(&format!("subject_id IN ('{affiliate}', 'nobody')")), ["x-1", "x-5"]);
    assert_eq!(of(&format!("subject_id <> '{notifier}'")), ["x-1", "x-5"]);
    assert!(of(&format!("subject_id = '{NOTIFIER}'")).is_empty());
    assert!(of("subject_id < 'ps'").is_empty());
    let among = "SELECT sanction_id FROM sanctions WHERE subject_id = ANY($1) ORDER BY 1";
    assert_eq!(rows_with(&ada, among, &json!([affiliate, "nobody"])), ["x-1", "x-5"]);
    let mut many: Vec<String> = (0..2_000).map(|number| format!("nobody {number}")).collect();
    many.push(notifier);
    assert_eq!(rows_with(&ada, among, &json!(many)), ["x-2", "x-3", "x-4"]);
}

/// Two projects cannot put together what each was given, not even with each other's help.
#[test]
fn another_project_has_other_pseudonyms() {
    let room = room();
    let (ada, bob) = (linking(&room, "ada"), linking(&room, "bob"));
    let oversight = room.role("regulator");

    let [ours, theirs, the_regulators] =
        [&ada, &bob, &oversight].map(|caller| pseudonyms(caller)[1].clone());

    assert!(ours != theirs && ours != the_regulators && theirs != the_regulators);
    let of = |subject: &str| {
        format!("SELECT count(*) AS n FROM sanctions WHERE subject_id = '{subject}'")
    };
    assert_eq!(rows(&ada, &of(&ours)), ["3"]);
    assert_eq!(rows(&bob, &of(&ours)), ["0"]);
    assert_eq!(rows(&bob, &of(&theirs)), ["3"]);
}

/// The key is the folder's: a server started again gives the same pseudonyms, and one whose key was
/// lost gives others, and says so.
#[test]
fn pseudonyms_last_as_long_as_the_key() {
    let room = room();
    let (project, _) = room.project_of("ada", &[]);
    room.grant(&project, "sanctions", &["--classes", "public,identifier"]);
    let before = pseudonyms(&room.researcher("ada", &project));

    let room = room.stop().serve();
    assert_eq!(pseudonyms(&room.researcher("ada", &project)), before);
    let folder = room.stop();
    let key = folder.path().join("keys/pseudonym.key");
    let kept = std::fs::read(&key).unwrap();
    std::fs::remove_file(&key).unwrap();

    let room = folder.serve();
    let others = pseudonyms(&room.researcher("ada", &project));
    assert_ne!(others, before);
    let said = std::fs::read_to_string(room.folder.server_log()).unwrap();
    assert!(said.contains("there was no key for pseudonyms"), "{said}");

    let folder = room.stop();
    std::fs::write(&key, "half a k").unwrap();
    let refused = folder.refused(&["serve", "--listen", "127.0.0.1:0"]);
    assert!(refused.contains("pseudonym.key") && refused.contains("64 hexadecimal"), "{refused}");
    std::fs::write(&key, kept).unwrap();
    let room = folder.serve();
    assert_eq!(pseudonyms(&room.researcher("ada", &project)), before);
}

/// Neither answers, nor plans, nor refusals, nor the log, nor the manifest have an identifier.
#[test]
fn an_identifier_stands_nowhere_outside_the_files() {
    let room = room();
    let ada = linking(&room, "ada");
    let [affiliate, _] = pseudonyms(&ada);
    let look_up = format!("SELECT * FROM sanctions WHERE subject_id = '{affiliate}'");
    let asking = |more: &str| {
        let body = json!({"sql": look_up, more: true});
        Answer::of(ada.ask_with(&body, "application/json")).good().text()
    };

    let mut told = vec![
        ada.csv(&look_up),
        ada.csv("SELECT * FROM affiliate_links"),
        asking("dry_run"),
        asking("explain"),
        problem(ada.ask("SELECT CAST(subject_id AS BIGINT) FROM sanctions")).to_string(),
        problem(ada.ask("SELECT sum(subject_id) FROM sanctions")).to_string(),
        ada.json("/v1/queries").to_string(),
        ada.json(&format!("/v1/datasets/sanctions/snapshots/{}", room.current("sanctions")))
            .to_string(),
        std::fs::read_to_string(room.folder.server_log()).unwrap(),
    ];
    told.extend(
        ["intent", "outcome", "denied"]
            .iter()
            .flat_map(|kind| room.entries(kind).into_iter().map(|entry| entry.to_string())),
    );

    let key = std::fs::read_to_string(room.folder.path().join("keys/pseudonym.key")).unwrap();
    for told in told {
        for secret in [AFFILIATE, NOTIFIER, "deadbeef", key.trim()] {
            assert!(!told.contains(secret), "{secret}: {told}");
        }
    }
}

/// An identifier, even as a pseudonym, is for grants that say so.
#[test]
fn a_grant_without_the_class_has_no_pseudonyms() {
    let room = room();
    let eve = room.granted("eve", &["sanctions"]);

    let refused = eve.problem("SELECT subject_id FROM sanctions");

    assert_eq!(refused["code"], "column_not_granted");
    assert_eq!(rows(&eve, "SELECT count(*) AS n FROM sanctions"), ["5"]);
}
