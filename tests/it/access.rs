//! Who may do what: every operation of the contract by everyone who might try it.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};

use crate::caller::{Answer, Caller, problem};
use crate::furniture::{self, endless};
use crate::room::Room;
use crate::wait::until;

/// The columns of the table: who tries.
const WHO: [&str; 7] =
    ["nobody", "researcher", "stranger", "steward", "registrar", "regulator", "auditor"];

/// Each operation, how it is tried, and what comes of it for each of [`WHO`]; then the body.
///
/// What is tried must be harmless, since it is tried seven times: `409` says that the door was
/// open and there was nothing to do.
const TABLE: &str = "
healthz                 GET    /healthz                                          200 200 200 200 200 200 200
readyz                  GET    /readyz                                           200 200 200 200 200 200 200
metrics                 GET    /metrics                                          200 200 200 200 200 200 200
openapi_yaml            GET    /openapi.yaml                                     200 200 200 200 200 200 200
jwks                    GET    /.well-known/jwks.json                            200 200 200 200 200 200 200
read_keys               GET    /v1/keys                                          200 200 200 200 200 200 200
list_datasets           GET    /v1/datasets                                      200 200 200 200 200 200 200
show_dataset            GET    /v1/datasets/listings                             200 200 200 200 200 200 200
read_codebook           GET    /v1/datasets/listings/codebook                    200 200 200 200 200 200 200
read_croissant          GET    /v1/datasets/listings/croissant                   200 200 200 200 200 200 200
list_snapshots          GET    /v1/datasets/listings/snapshots                   200 200 200 200 200 200 200
read_manifest           GET    /v1/datasets/listings/snapshots/{snapshot}        200 200 200 200 200 200 200
read_manifest_signature GET    /v1/datasets/listings/snapshots/{snapshot}.sig    200 200 200 200 200 200 200
show_changes            GET    /v1/datasets/listings/changes?from={snapshot}&to={snapshot} 401 200 403 200 403 200 403
list_editions           GET    /v1/editions                                      200 200 200 200 200 200 200
read_edition            GET    /v1/editions/e-1                                  200 200 200 200 200 200 200
read_edition_signature  GET    /v1/editions/e-1.sig                              200 200 200 200 200 200 200
read_checkpoint         GET    /v1/log/checkpoint                                200 200 200 200 200 200 200
read_tile               GET    /v1/log/tile/5/000                                404 404 404 404 404 404 404
read_entries            GET    /v1/log/tile/entries/999                          401 403 403 403 403 404 404
read_catalogue          GET    /catalog.jsonld                                   200 200 200 200 200 200 200
trade_assertion         POST   /v1/token                                         400 400 400 400 400 400 400
show_me                 GET    /v1/me                                            401 200 200 200 200 200 200
ask                     POST   /v1/queries                                       401 200 403 403 403 200 403 {\"sql\": \"SELECT count(*) AS n FROM listings\"}
list_queries            GET    /v1/queries                                       401 200 200 403 403 200 200
show_query              GET    /v1/queries/{query}                               401 200 404 403 403 404 404
fetch_result            GET    /v1/queries/{query}/result                        401 200 404 403 403 404 404
cancel_query            DELETE /v1/queries/{query}                               401 409 404 403 403 404 404
publish                 POST   /v1/datasets/listings/snapshots?as_of=1999-01-01  401 403 403 409 403 403 403
publish_edition         POST   /v1/editions?as_of=1999-01-01                     401 403 403 409 403 403 403
activate_edition        POST   /v1/editions/activate                             401 403 403 400 403 403 403 {}
show_publication        GET    /v1/publications/{publication}                    401 403 403 200 403 403 403
cancel_publication      DELETE /v1/publications/{publication}                    401 403 403 409 403 403 403
activate                POST   /v1/datasets/listings/snapshots/{snapshot}/activate 401 403 403 200 403 403 403
verify_snapshot         POST   /v1/datasets/listings/snapshots/{snapshot}/verify 401 403 403 200 403 403 403
withdraw                POST   /v1/datasets/listings/snapshots/{snapshot}/withdraw 401 403 403 400 403 403 403 {}
list_affected           GET    /v1/datasets/listings/snapshots/{snapshot}/affected 401 403 403 200 403 403 403
redact                  POST   /v1/datasets/listings/redactions                  401 403 403 400 403 403 403 {}
list_redactions         GET    /v1/datasets/listings/redactions                  401 403 403 200 403 403 403
compact_dataset         POST   /v1/datasets/listings/compact                     401 403 403 200 403 403 403
apply_retention         POST   /v1/datasets/listings/retention                   401 403 403 400 403 403 403 {\"x\": 1}
list_projects           GET    /v1/projects                                      401 403 403 403 200 403 403
create_project          POST   /v1/projects                                      401 403 403 403 400 403 403 {}
show_project            GET    /v1/projects/{project}                            401 403 403 403 200 403 403
list_members            GET    /v1/projects/{project}/members                    401 403 403 403 200 403 403
add_member              POST   /v1/projects/{project}/members                    401 403 403 403 400 403 403 {}
remove_member           DELETE /v1/projects/{project}/members/nemo               401 403 403 403 404 403 403
list_grants             GET    /v1/projects/{project}/grants                     401 403 403 403 200 403 403
add_grant               POST   /v1/projects/{project}/grants                     401 403 403 403 400 403 403 {}
revoke_grant            DELETE /v1/projects/{project}/grants/g-999               401 403 403 403 404 403 403
suspend_project         POST   /v1/projects/{project}/suspend                    401 403 403 403 400 403 403 {}
close_project           POST   /v1/projects/{project}/close                      401 403 403 403 400 403 403 {}
issue_token             POST   /v1/tokens                                        401 403 403 403 400 403 403 {}
revoke_token            POST   /v1/tokens/revoke                                 401 403 403 403 400 403 403 {}
";

/// One line of the table.
#[derive(Clone)]
struct Line {
    operation: &'static str,
    method: Method,
    path: &'static str,
    expected: Vec<u16>,
    body: Option<Value>,
}

fn lines() -> Vec<Line> {
    let read = |line: &'static str| {
        let (words, body) = line
            .split_once(" {\"")
            .or(line.split_once(" {}"))
            .map_or((line, None), |(words, _)| {
                (words, Some(serde_json::from_str(&line[words.len() + 1..]).unwrap()))
            });
        let mut words = words.split_whitespace();
        let (operation, method, path) =
            (words.next().unwrap(), words.next().unwrap(), words.next().unwrap());
        let expected: Vec<u16> = words.map(|word| word.parse().unwrap()).collect();
        assert_eq!(expected.len(), WHO.len(), "{line}");
        Line { operation, method: method.parse().unwrap(), path, expected, body }
    };
    TABLE.lines().filter(|line| !line.is_empty()).map(read).collect()
}

/// The operations of the committed contract, with method and path.
fn operations() -> BTreeMap<String, (String, String)> {
    let contract: Value = serde_saphyr::from_str(&crate::operations::committed()).unwrap();
    let mut found = BTreeMap::new();
    for (path, item) in contract["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            if let Some(id) = operation["operationId"].as_str() {
                found.insert(id.to_owned(), (method.to_uppercase(), path.clone()));
            }
        }
    }
    found
}

/// Whether a path of the table is one of a path of the contract.
fn fits(tried: &str, contract: &str) -> bool {
    let tried = tried.split('?').next().unwrap();
    let (mut tried, mut contract) = (tried.split('/'), contract.split('/'));
    loop {
        match (tried.next(), contract.next()) {
            (None, None) => return true,
            (Some(one), Some(other)) if other.starts_with('{') || one == other => {}
            _ => return false,
        }
    }
}

/// An operation that is not in the table is one that nobody thought about.
#[test]
fn the_table_has_every_operation_of_the_contract() {
    let operations = operations();
    let lines = lines();

    for line in &lines {
        let (method, path) = operations
            .get(line.operation)
            .unwrap_or_else(|| panic!("{} is no operation", line.operation));
        assert_eq!(line.method.as_str(), method, "{}", line.operation);
        assert!(fits(line.path, path), "{}: {} is no {path}", line.operation, line.path);
    }
    let missing: Vec<_> =
        operations.keys().filter(|id| lines.iter().all(|line| line.operation != **id)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// What the placeholders of the table stand for.
fn placeholders(room: &Room, project: &str, ada: &Caller<'_>) -> [(&'static str, String); 4] {
    let steward = room.role("steward");
    let address = "/v1/datasets/listings/snapshots?dry_run=true";
    let rows = furniture::ndjson(&furniture::listings()).into_bytes();
    let publication = furniture::deliver(&steward, address, "listings.ndjson", rows);
    let query = Answer::of(ada.ask("SELECT 1 AS n FROM listings")).good();
    [
        ("{project}", project.to_owned()),
        ("{snapshot}", room.current("listings")),
        ("{query}", query.header("reading-room-query")),
        ("{publication}", publication["id"].as_str().unwrap().to_owned()),
    ]
}

/// Tries one line as one caller.
fn attempt(line: &Line, caller: &Caller<'_>, placeholders: &[(&str, String)]) -> Answer {
    let path = placeholders
        .iter()
        .fold(line.path.to_owned(), |path, (name, value)| path.replace(name, value));
    let request = caller.request(line.method.clone(), &path);
    let request = match &line.body {
        Some(body) => request.json(body),
        None => request,
    };
    Answer::of(request.send().unwrap())
}

/// Every operation by everyone: what is not allowed is refused, and nothing else is.
#[test]
fn every_operation_is_open_to_whom_the_table_says_and_to_nobody_else() {
    let room = Room::furnished();
    let (project, ada) = room.project_of("ada", &["listings"]);
    let eve = room.granted("eve", &[]);
    let placeholders = placeholders(&room, &project, &ada);
    let callers =
        [room.nobody(), ada, eve].into_iter().chain(WHO[3..].iter().map(|role| room.role(role)));
    let callers: Vec<_> = callers.collect();
    let mut surprises = Vec::new();

    for line in lines() {
        for ((who, caller), expected) in WHO.iter().zip(&callers).zip(&line.expected) {
            let answer = attempt(&line, caller, &placeholders);
            if answer.status != *expected {
                surprises.push(format!(
                    "{} by {who}: {} not {expected}: {}",
                    line.operation,
                    answer.status,
                    answer.text()
                ));
            }
            check_no(&answer, line.operation);
        }
    }

    assert!(surprises.is_empty(), "{}", surprises.join("\n"));
}

/// A path with a letter written as `%xx` is the same path, and must be the same door.
#[test]
fn an_address_that_is_spelt_otherwise_is_the_same_door() {
    let room = Room::furnished();
    let (project, ada) = room.project_of("ada", &["listings"]);
    let placeholders = placeholders(&room, &project, &ada);
    let nobody = room.nobody();
    let mut surprises = Vec::new();

    for line in lines() {
        let path = line.path.replace("{snapshot}", &placeholders[1].1);
        let at = path.find(|letter: char| letter.is_ascii_lowercase()).unwrap();
        let last = path.rfind('/').map_or(at, |slash| slash + 1).max(at);
        for at in [at, last].into_iter().filter(|at| path.as_bytes()[*at].is_ascii_lowercase()) {
            let spelt = format!("{}%{:02x}{}", &path[..at], path.as_bytes()[at], &path[at + 1..]);
            let answer = attempt(
                &Line { path: spelt.clone().leak(), ..line.clone() },
                &nobody,
                &placeholders,
            );
            if answer.status != line.expected[0] {
                surprises.push(format!("{} {spelt}: {}", line.operation, answer.status));
            }
        }
    }

    assert!(surprises.is_empty(), "{}", surprises.join("\n"));
}

/// Checks that a 401 or 403 looks as it should.
fn check_no(answer: &Answer, operation: &str) {
    if answer.status == 401 {
        assert!(
            answer.header("www-authenticate").starts_with("Bearer "),
            "{operation}: {answer:?}"
        );
        let body: Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(body["code"], "unauthenticated", "{operation}");
        assert!(
            body["detail"].as_str().unwrap().starts_with("Send `Authorization: Bearer"),
            "{operation}: {body}"
        );
    }
    if answer.status == 403 {
        let body: Value = serde_json::from_slice(&answer.body).unwrap();
        assert!(
            ["not_permitted", "grant_missing"].contains(&body["code"].as_str().unwrap()),
            "{operation}: {body}"
        );
    }
}

/// A refused operation is an entry as much as an allowed one.
#[test]
fn what_a_role_may_not_do_is_in_the_log() {
    let room = Room::furnished();
    let ada = room.granted("ada", &["listings"]);

    let refused = [
        ada.post("/v1/projects", &json!({})),
        ada.post("/v1/tokens", &json!({})),
        room.role("registrar").post("/v1/datasets/listings/snapshots", &json!({})),
    ];

    assert!(refused.into_iter().all(|response| problem(response)["code"] == "not_permitted"));
    let denied: Vec<_> = room.entries("denied");
    let operations: Vec<_> =
        denied.iter().map(|entry| entry["operation"].as_str().unwrap()).collect();
    assert_eq!(operations, ["create_project", "issue_token", "publish"]);
}

/// The problem that a running query ends with when something is taken away under it.
fn stopped_by(room: &Room, ada: &Caller<'_>, act: impl FnOnce()) -> Value {
    let stopped = std::thread::scope(|scope| {
        let asked = scope.spawn(|| problem(ada.ask(&endless())));
        until("a running query", || {
            let newest = ada.json("/v1/queries?limit=1")["queries"][0].clone();
            (newest["state"] == "running").then_some(())
        });
        act();
        asked.join().unwrap()
    });
    assert_eq!(stopped["code"], "query_stopped", "{stopped}");
    assert_eq!(room.entries("outcome").last().unwrap()["outcome"], "query_stopped");
    stopped
}

#[test]
fn a_revoked_grant_ends_what_runs_under_it() {
    let room = Room::furnished();
    let (project, ada) = room.project_of("ada", &["listings"]);
    let grants = room.folder.json(&["grant", "list", "--project", &project]);
    let id = grants[0]["id"].as_str().unwrap();

    let stopped = stopped_by(&room, &ada, || {
        drop(room.folder.done(&[
            "grant",
            "revoke",
            "--project",
            &project,
            id,
            "--reason",
            "a test",
        ]));
    });

    assert!(stopped["detail"].as_str().unwrap().contains(id), "{stopped}");
    assert_eq!(ada.problem("SELECT count(*) FROM listings")["code"], "grant_expired");
}

#[test]
fn a_revoked_token_ends_what_runs_under_it() {
    let room = Room::furnished();
    let ada = room.granted("ada", &["listings"]);

    stopped_by(&room, &ada, || drop(room.folder.done(&["token", "revoke", "--subject", "ada"])));

    assert_eq!(ada.get("/v1/me").status(), 401);
}

#[test]
fn a_removed_member_loses_what_runs() {
    let room = Room::furnished();
    let (project, ada) = room.project_of("ada", &["listings"]);
    let remove = ["member", "remove", "--project", &project, "--subject", "ada"];

    stopped_by(&room, &ada, || drop(room.folder.done(&remove)));

    assert_eq!(ada.get("/v1/me").status(), 401);
}

#[test]
fn a_suspended_project_loses_what_runs_and_others_do_not() {
    let room = Room::furnished();
    let (project, ada) = room.project_of("ada", &["listings"]);
    let eve = room.granted("eve", &["listings"]);
    let others = eve.send(&endless());

    let stopped = stopped_by(&room, &ada, || {
        drop(room.folder.done(&["project", "suspend", &project, "--reason", "a doubt"]));
    });

    assert!(stopped["detail"].as_str().unwrap().contains("suspended"), "{stopped}");
    assert_eq!(eve.record(&others)["state"], "running");
    assert_eq!(eve.delete(&format!("/v1/queries/{others}")).status(), 204);
}

/// What was answered is no longer handed out once the right to it is gone.
#[test]
fn a_stored_answer_is_fetched_under_the_rights_of_now() {
    let room = Room::furnished();
    let (project, ada) = room.project_of("ada", &["listings"]);
    let query = Answer::of(ada.ask("SELECT count(*) AS n FROM listings")).good();
    let result = format!("/v1/queries/{}/result", query.header("reading-room-query"));
    let project_act = |words: &[&str]| {
        drop(room.folder.done(&[&["project", "suspend", &project], words].concat()));
    };

    project_act(&["--reason", "a doubt"]);
    assert_eq!(problem(ada.get(&result))["code"], "project_suspended");
    project_act(&["--reason", "cleared", "--lift"]);
    assert_eq!(ada.get(&result).status(), 200);
    let grants = room.folder.json(&["grant", "list", "--project", &project]);
    let id = grants[0]["id"].as_str().unwrap();
    room.folder.done(&["grant", "revoke", "--project", &project, id, "--reason", "out of scope"]);
    room.grant(&project, "listings", &[]);

    let refused = problem(ada.get(&result));

    assert_eq!(refused["code"], "grant_expired");
    assert!(refused["detail"].as_str().unwrap().contains(id), "{refused}");
    let denied = room.entries("denied");
    let operations: Vec<_> = denied.iter().map(|entry| entry["operation"].clone()).collect();
    assert_eq!(operations, [json!("fetch_result"), json!("fetch_result")]);
}

/// Regulators and the trustee share a project, but not what they may consult.
#[test]
fn an_auditor_does_not_see_what_a_regulator_asks() {
    let room = Room::furnished();
    let (regulator, auditor) = (room.role("regulator"), room.role("auditor"));
    let query = Answer::of(regulator.ask("SELECT count(*) AS n FROM listings")).good();
    let path = format!("/v1/queries/{}", query.header("reading-room-query"));

    let seen = [auditor.get(&path), auditor.get(&format!("{path}/result")), auditor.delete(&path)];

    assert!(seen.into_iter().all(|response| problem(response)["code"] == "not_found"));
    assert_eq!(auditor.json("/v1/queries")["queries"], json!([]));
    assert_eq!(regulator.json("/v1/queries")["queries"].as_array().unwrap().len(), 1);
}

/// A principal learns its own standing before it asks.
#[test]
fn a_member_is_told_its_project_its_grants_and_what_is_left() {
    let room = Room::furnished();
    let (project, ada) = room.project_of("ada", &["listings"]);
    ada.csv("SELECT count(*) AS n FROM listings");

    let me = ada.json("/v1/me");

    assert_eq!(
        (&me["principal"]["subject"], &me["principal"]["role"]),
        (&json!("ada"), &json!("researcher"))
    );
    assert_eq!(
        (&me["project"]["id"], &me["project"]["purpose"]),
        (&json!(project), &json!("a test"))
    );
    assert_eq!(
        (&me["grants"][0]["dataset"], &me["grants"][0]["valid_until"]),
        (&json!("listings"), &json!("2099-12-31"))
    );
    assert_eq!(me["budget"]["queries"], json!({"allowed": 10_000, "left": 9_999}));
    assert!(me["limits"]["wall_ms"].is_u64(), "{me}");
    assert!(me["token"]["expires_at"].is_string(), "{me}");
}
