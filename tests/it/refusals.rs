//! Every no is explained: which rule, which column, which limit, and what would pass.

use serde_json::{Value, json};

use crate::caller::{Answer, Caller, problem};
use crate::furniture::SECRET;
use crate::room::Room;

/// The code and the explanation of the problem that a question meets.
fn no(caller: &Caller<'_>, sql: &str) -> (String, String) {
    let problem = caller.problem(sql);
    let text = |name: &str| problem[name].as_str().unwrap_or_default().to_owned();
    (text("code"), text("detail"))
}

/// The codes that the log has for what was denied, in order.
fn denied(room: &Room) -> Vec<String> {
    let entries = room.entries("denied");
    assert!(entries.iter().all(|entry| entry["operation"] == "ask"), "{entries:?}");
    entries.iter().map(|entry| entry["code"].as_str().unwrap().to_owned()).collect()
}

/// The catalogue is public, so a no may name what exists and what is missing.
#[test]
fn a_question_outside_the_grants_is_told_what_is_missing() {
    let room = Room::furnished();
    let (project, ada) = room.project_of("ada", &[]);
    room.grant(&project, "listings", &["--columns", "listing_id,title"]);

    let column = no(&ada, "SELECT listing_id,\n  price_eur FROM listings");
    let dataset = no(&ada, "SELECT count(*) FROM traders");
    let position = ada.problem("SELECT listing_id,\n  price_eur FROM listings")["position"].clone();

    assert_eq!(column.0, "column_not_granted");
    assert!(column.1.contains("listings.price_eur") && column.1.contains("public"), "{}", column.1);
    assert_eq!(position, json!({"line": 2, "column": 3}));
    assert_eq!(dataset.0, "grant_missing");
    assert!(dataset.1.contains("traders"), "{}", dataset.1);
    assert_eq!(denied(&room), ["column_not_granted", "grant_missing", "column_not_granted"]);
}

/// `SELECT *` of a narrow grant means what was granted, and says nothing of the rest.
#[test]
fn a_star_means_the_granted_columns() {
    let room = Room::furnished();
    let (project, ada) = room.project_of("ada", &[]);
    room.grant(&project, "listings", &["--columns", "listing_id,title"]);

    let csv = ada.csv("SELECT * FROM listings WHERE listing_id = 'l-1'");

    assert_eq!(csv, "listing_id,title\r\nl-1,wooden doll\r\n");
}

/// A grant may cover only some rows; the rest is as if it were not there.
#[test]
fn rows_outside_a_grant_are_not_there() {
    let room = Room::furnished();
    let (project, ada) = room.project_of("ada", &[]);
    let bounds = ["--rows-from", "2024-03-05"];
    room.folder.done(
        &[&["grant", "add", "--project", &project, "--dataset", "listings"][..], &bounds].concat(),
    );

    assert_eq!(ada.csv("SELECT count(*) AS n FROM listings"), "n\r\n0\r\n");
}

#[test]
fn an_expired_grant_is_named() {
    let room = Room::furnished();
    let (project, ada) = room.project_of("ada", &["traders"]);
    let id = room.grant(&project, "listings", &["--valid-until", "2024-01-31"]);

    let (code, detail) = no(&ada, "SELECT count(*) FROM listings");

    assert_eq!(code, "grant_expired");
    assert!(detail.contains("listings") && detail.contains(id.trim()), "{detail}");
    assert_eq!(denied(&room), ["grant_expired"]);
}

#[test]
fn a_revoked_grant_counts_as_ended() {
    let room = Room::furnished();
    let (project, ada) = room.project_of("ada", &["traders"]);
    let id = room.grant(&project, "listings", &[]);
    room.folder.done(&[
        "grant",
        "revoke",
        "--project",
        &project,
        id.trim(),
        "--reason",
        "out of scope",
    ]);

    let (code, detail) = no(&ada, "SELECT count(*) FROM listings");

    assert_eq!(code, "grant_expired");
    assert!(detail.contains(id.trim()), "{detail}");
    assert_eq!(denied(&room), ["grant_expired"]);
}

/// A suspended project is told so, and works again once the registrar lifts it.
#[test]
fn a_suspended_project_asks_nothing_until_it_is_lifted() {
    let room = Room::furnished();
    let (project, ada) = room.project_of("ada", &["listings"]);
    let count = "SELECT count(*) AS n FROM listings";
    room.folder.done(&["project", "suspend", &project, "--reason", "a doubt"]);

    let (code, detail) = no(&ada, count);

    assert_eq!(code, "project_suspended");
    assert!(detail.contains(&project) && detail.contains("suspended"), "{detail}");
    assert_eq!(denied(&room), ["project_suspended"]);
    room.folder.done(&["project", "suspend", &project, "--lift", "--reason", "the doubt is gone"]);
    assert_eq!(ada.csv(count), "n\r\n4\r\n");
}

#[test]
fn a_closed_project_and_one_that_has_ended_are_told_so() {
    let room = Room::furnished();
    let (closed, ada) = room.project_of("ada", &["listings"]);
    room.folder.done(&["project", "close", &closed, "--reason", "done"]);
    let ended = room.project_until("ended", "2024-01-31");
    room.folder.done(&["member", "add", "--project", &ended, "--subject", "bob"]);
    room.folder.done(&["grant", "add", "--project", &ended, "--dataset", "listings"]);
    let bob = room.researcher("bob", &ended);

    let of_closed = no(&ada, "SELECT count(*) FROM listings");
    let of_ended = no(&bob, "SELECT count(*) FROM listings");

    assert_eq!(
        (of_closed.0.as_str(), of_ended.0.as_str()),
        ("project_suspended", "project_suspended")
    );
    assert!(of_closed.1.contains("closed"), "{}", of_closed.1);
    assert!(of_ended.1.contains("2024-01-31"), "{}", of_ended.1);
    assert_eq!(denied(&room), ["project_suspended", "project_suspended"]);
}

/// Membership is in the registry, never in the token: a token of a former member is none.
#[test]
fn a_removed_member_is_a_stranger_at_once() {
    let room = Room::furnished();
    let (project, ada) = room.project_of("ada", &["listings"]);
    room.folder.done(&["member", "remove", "--project", &project, "--subject", "ada"]);

    let refused = problem(ada.ask("SELECT count(*) FROM listings"));

    assert_eq!(refused["code"], "unauthenticated");
    assert_eq!(
        refused["detail"],
        problem(room.nobody().ask("SELECT 1"))["detail"],
        "the text tells nothing"
    );
}

/// Who mistypes a name gets the name that was meant.
#[test]
fn an_unknown_name_is_answered_with_the_nearest() {
    let room = Room::furnished();
    let ada = room.granted("ada", &["listings"]);

    let table = no(&ada, "SELECT count(*) FROM listing");
    let column = no(&ada, "SELECT titel FROM listings");
    let nonsense = no(&ada, "SELECT count(* FROM listings");

    assert_eq!(table.0, "table_unknown");
    assert!(table.1.contains("listings"), "{}", table.1);
    assert_eq!(column.0, "column_unknown");
    assert!(column.1.contains("title"), "{}", column.1);
    assert_eq!(nonsense.0, "sql_invalid");
    assert_eq!(denied(&room), ["table_unknown", "column_unknown", "sql_invalid"]);
}

/// The engine's own texts print cells: a failure leaves as its kind and nothing else.
#[test]
fn a_run_time_error_leaves_as_its_kind_and_never_as_a_value() {
    let room = Room::furnished();
    let ada = room.granted("ada", &["listings"]);
    let cases = [
        ("SELECT CAST(title AS BIGINT) FROM listings", "cast"),
        ("SELECT CAST(title AS TIMESTAMP) FROM listings", "cast"),
        ("SELECT 1 / (octet_length(title) - octet_length(title)) FROM listings", "divide_by_zero"),
        ("SELECT (SELECT title FROM listings) AS t FROM listings", "many_rows"),
    ];

    for (sql, kind) in cases {
        let response = ada.ask(sql);
        let query = response.headers().get("reading-room-query").cloned();
        let problem = problem(response);

        assert_eq!(
            (&problem["code"], &problem["failure"]),
            (&json!("query_failed"), &json!(kind)),
            "{sql}"
        );
        assert!(!problem.to_string().contains(SECRET), "{problem}");
        assert!(
            query.is_none_or(|query| !ada
                .record(query.to_str().unwrap())
                .to_string()
                .contains(SECRET))
        );
    }
    let log = std::fs::read_to_string(room.folder.server_log()).unwrap();
    assert!(!log.contains(SECRET), "{log}");
}

/// A run that failed is in the log as what it came to.
#[test]
fn a_failed_run_has_its_outcome_in_the_log() {
    let room = Room::furnished();
    let ada = room.granted("ada", &["listings"]);
    ada.problem("SELECT CAST(title AS BIGINT) FROM listings");

    let outcomes = room.entries("outcome");

    assert_eq!(outcomes.len(), 1);
    assert_eq!(outcomes[0]["outcome"], "query_failed");
    assert_eq!(outcomes[0]["charged"]["queries"], 0);
    assert_eq!(outcomes[0]["body_sha256"], Value::Null);
}

/// What others ask is nobody's business: their queries are not there.
#[test]
fn another_projects_queries_are_not_found() {
    let room = Room::furnished();
    let ada = room.granted("ada", &["listings"]);
    let eve = room.granted("eve", &["listings"]);
    let query = Answer::of(ada.ask("SELECT 1 AS n FROM listings")).header("reading-room-query");

    let seen = problem(eve.get(&format!("/v1/queries/{query}")));
    let fetched = problem(eve.get(&format!("/v1/queries/{query}/result")));
    let cancelled = problem(eve.delete(&format!("/v1/queries/{query}")));
    let made_up = problem(eve.get("/v1/queries/q-0199aa00000070008000000000000000"));

    for refused in [&seen, &fetched, &cancelled, &made_up] {
        assert_eq!(refused["code"], "not_found");
    }
    assert_eq!(eve.json("/v1/queries")["queries"], json!([]));
    assert_eq!(seen["detail"], made_up["detail"], "whether it exists cannot be told");
    assert_eq!(ada.record(&query)["state"], "answered");
}

/// Stewards and registrars keep the house; they ask nothing of the data.
#[test]
fn who_keeps_the_house_asks_nothing() {
    let room = Room::furnished();

    for role in ["steward", "registrar"] {
        let refused = problem(room.role(role).ask("SELECT count(*) FROM listings"));

        assert_eq!((&refused["code"], &refused["status"]), (&json!("not_permitted"), &json!(403)));
    }
    assert_eq!(denied(&room), ["not_permitted", "not_permitted"]);
}

/// A regulator consults every dataset without a grant, a trustee only what is for oversight.
#[test]
fn a_regulator_needs_no_grant_and_a_trustee_sees_oversight_data_only() {
    let room = Room::furnished();
    let count = "SELECT count(*) AS n FROM listings";

    let regulator = room.role("regulator").csv(count);
    let auditor = problem(room.role("auditor").ask(count));

    assert_eq!(regulator, "n\r\n4\r\n");
    assert_eq!(auditor["status"], 403);
    assert!(auditor["detail"].as_str().unwrap().contains("listings"), "{auditor}");
}

/// An error names the request, so that who keeps the machine can find it.
#[test]
fn a_problem_carries_the_requests_id_and_its_page() {
    let room = Room::furnished();
    let ada = room.granted("ada", &["listings"]);

    let response = ada.ask("SELECT x FROM listings");
    let id = response.headers()["reading-room-request"].to_str().unwrap().to_owned();
    let problem = problem(response);

    assert_eq!(problem["instance"], format!("urn:request:{id}"));
    let page = problem["type"].as_str().unwrap().rsplit('/').next().unwrap();
    assert_eq!(page, "column-unknown");
}
