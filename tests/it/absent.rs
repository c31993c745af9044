//! What is asked for and is not there: named, with what is there, on the command line as over HTTP.

use serde_json::{Value, json};

use crate::caller::problem;
use crate::furniture::{self, AS_OF};
use crate::redaction::{redact_title, room_with_a_name};
use crate::room::{Room, text};

/// An id that no snapshot has.
const NONE: &str = "s-aaaaaaaaaaaaaaaaaaaa";

/// The detail of a refusal.
fn detail(problem: &Value) -> &str {
    problem["detail"].as_str().unwrap()
}

/// One mistyped name is all that most refusals are about.
#[test]
fn a_dataset_that_is_not_there_is_named_with_the_nearest() {
    let room = Room::furnished();

    for words in [
        &["snapshots", "list", "listing"][..],
        &["snapshots", "diff", "listing"],
        &["snapshots", "verify", "listing", NONE],
        &["snapshots", "compact", "listing"],
        &["snapshots", "affected", "listing", NONE],
        &["snapshots", "activate", "listing", NONE],
        &["retention", "apply", "listing"],
        &["redact", "listing", "--key", "l-1", "--ground", "art17", "--reason", "x"],
    ] {
        let refused = room.folder.refused(words);
        assert!(refused.starts_with("not_found: There is no dataset `listing`."), "{refused}");
        assert!(refused.contains("Did you mean `listings`"), "{words:?}: {refused}");
    }
    let far = room.nobody();
    let problem = problem(far.get("/v1/datasets/zzz/codebook"));
    assert_eq!(detail(&problem), "There is no dataset `zzz`. The list of datasets has all names.");
}

#[test]
fn a_snapshot_that_is_not_there_is_named() {
    let room = Room::furnished();
    let traders = room.current("traders");

    for command in ["show", "verify", "affected", "activate"] {
        let refused = room.folder.refused(&["snapshots", command, "listings", NONE]);
        assert!(refused.contains(&format!("listings has no snapshot {NONE}")), "{refused}");
        let refused = room.folder.refused(&["snapshots", command, "listings", &traders]);
        assert!(refused.contains("is a snapshot of traders, not of listings"), "{refused}");
    }
    let withdraw = ["snapshots", "withdraw", "listings", NONE, "--reason", "x"];
    assert!(room.folder.refused(&withdraw).contains("listings has no snapshot"));
    let activate = format!("listings@{NONE}");
    let refused = room.folder.refused(&["editions", "activate", &activate]);
    assert!(refused.contains("listings has no snapshot"), "{refused}");
    let early = room.folder.refused(&["snapshots", "diff", "listings", "2020-01-01"]);
    assert!(early.contains("the earliest is of 2024-10-01"), "{early}");
}

/// Its id stands in papers and in the log; what it has become is known.
#[test]
fn a_snapshot_that_was_written_anew_is_told_with_its_successor() {
    let room = room_with_a_name();
    let old = room.current("listings");
    redact_title(&room);
    room.folder.done(&["snapshots", "compact", "listings"]);
    let new = room.current("listings");

    let verify = room.folder.refused(&["snapshots", "verify", "listings", &old]);
    let withdraw =
        room.folder.refused(&["snapshots", "withdraw", "listings", &old, "--reason", "x"]);
    let activate = room.folder.refused(&["snapshots", "activate", "listings", &old]);
    let differs = room.folder.run(&["snapshots", "diff", "listings", &old, &new]);

    for refused in [verify, withdraw, activate] {
        assert!(refused.contains(&format!("{old} of listings was written anew on ")), "{refused}");
        assert!(refused.contains(&format!("{new} stands in its place")), "{refused}");
    }
    let told = text(&differs.stderr);
    assert!(told.contains(&format!("{old} was written anew: {new} stands in its place")), "{told}");
}

#[test]
fn an_edition_a_publication_and_a_project_that_are_not_there_are_named() {
    let room = Room::furnished();
    let steward = room.role("steward");

    let edition = room.folder.refused(&["editions", "show", "e-9"]);
    let publication = problem(steward.get("/v1/publications/b-0"));
    let cancelled = problem(steward.delete("/v1/publications/b-0"));
    let project = room.folder.refused(&["project", "show", "p-nothing"]);
    let address = problem(room.nobody().get("/v1/nothing"));

    assert!(edition.contains("There is no edition e-9; the newest is e-2."), "{edition}");
    assert!(detail(&publication).starts_with("There is no publication b-0."), "{publication}");
    assert_eq!(detail(&publication), detail(&cancelled));
    assert!(project.contains("There is no project p-nothing"), "{project}");
    assert!(detail(&address).contains("nothing at this address"), "{address}");
}

/// Whoever names one dataset twice means one of the two, and nobody knows which.
#[test]
fn a_dataset_is_named_once_in_an_activation() {
    let room = Room::furnished();
    furniture::publish_listings(&room.folder, AS_OF, &furniture::listings()[..2]);
    let snapshots = room.folder.json(&["snapshots", "list", "listings"]);
    let [one, two] = [0, 1].map(|place| snapshots[place]["id"].as_str().unwrap());
    let editions = room.editions();

    let words = [format!("listings@{one}"), format!("listings@{two}")];
    let typed = room.folder.run(&["editions", "activate", &words[0], &words[1]]);
    let body = format!(r#"{{"snapshots": {{"listings": "{one}", "listings": "{two}"}}}}"#);
    let steward = room.role("steward");
    let request = steward.request(reqwest::Method::POST, "/v1/editions/activate");
    let sent =
        problem(request.header("Content-Type", "application/json").body(body).send().unwrap());

    assert_eq!(typed.status.code(), Some(2));
    assert!(text(&typed.stderr).contains("listings is named twice"));
    assert_eq!(sent["code"], "body_invalid");
    assert_eq!(detail(&sent), "`snapshots`: listings is named twice.");
    assert_eq!(room.editions(), editions);
}

/// A parameter that is wrong is named, and how it is written.
#[test]
fn a_parameter_of_an_address_that_is_wrong_is_named() {
    let room = Room::furnished();
    let steward = room.role("steward");
    let says = |query: &str| {
        let address = format!("/v1/datasets/listings/snapshots?{query}");
        let request = steward.request(reqwest::Method::POST, &address);
        let problem = problem(request.header("Content-Type", "text/csv").body("x").send().unwrap());
        assert_eq!(problem["code"], "body_invalid");
        detail(&problem).to_owned()
    };

    assert_eq!(says("as_of=foo"), "`as_of` is no day such as 2026-11-01.");
    assert_eq!(says("stage=yes"), "`stage` is neither `true` nor `false`.");
    assert_eq!(says("max_rejects=-1"), "`max_rejects` is no number such as 0 or 100.");
    assert_eq!(
        says("supersedes=../../x"),
        "`supersedes` is no snapshot's id such as s-4oymiquy7qobjgx36tej."
    );
    assert!(says("as_off=2026-11-01").starts_with("The address has no parameter `as_off`"));
    assert!(says("as_of=2999-01-01").starts_with("`as_of` is later than today"));
    assert!(says("reason=x").starts_with("`reason` is given without `supersedes`"));
    let body = json!({"keys": [["t-1"]], "ground": "whim", "reason": "x"});
    let ground = problem(steward.post("/v1/datasets/traders/redactions", &body));
    assert!(detail(&ground).starts_with("`ground` is no ground"), "{ground}");
}
