//! What ends a question that still waits for a worker: it ends at once, and the log has it.

use std::io::Write as _;
use std::net::TcpStream;

use serde_json::{Value, json};

use crate::caller::{Answer, Caller, problem};
use crate::furniture;
use crate::room::{Folder, Room};
use crate::wait::until;

const COUNT: &str = "SELECT count(*) AS n FROM listings";

/// Settings of one worker, and a queue that nobody leaves by waiting.
const NARROW: &str = "
[rate_limits]
principal_requests = 1000000
project_requests = 1000000

[limits]
wall_ms = 600000

[workers]
workers_max = 1
queue_wait_ms = 3600000
";

fn narrow() -> Room {
    let room = Folder::configured(NARROW).serve();
    furniture::publish(&room.folder);
    room
}

/// Ada, whose question keeps the only worker, and that question.
fn ada(room: &Room) -> (Caller<'_>, String) {
    let ada = room.granted("ada", &["listings"]);
    let query = ada.send(&furniture::endless());
    (ada, query)
}

/// Has Eve ask a question that must wait, and does something then; gives the problem that it ends with.
fn while_it_waits(room: &Room, eve: &Caller<'_>, act: impl FnOnce(&str)) -> Value {
    std::thread::scope(|scope| {
        let asked = scope.spawn(|| problem(eve.ask(COUNT)));
        until("a question in the queue", || queue(room, "1").then_some(()));
        let query = waiting(eve).remove(0);
        act(&query);
        asked.join().unwrap()
    })
}

/// Whether the metrics say that so many questions wait.
fn queue(room: &Room, count: &str) -> bool {
    let metrics = Answer::of(room.nobody().get("/metrics")).good().text();
    metrics.lines().any(|line| line == format!("reading_room_queries_waiting {count}"))
}

/// The ids of what waits, as the project's list says.
fn waiting(caller: &Caller<'_>) -> Vec<String> {
    let listed = caller.json("/v1/queries");
    let waiting = listed["waiting"].as_array().unwrap().iter();
    waiting.map(|it| it["id"].as_str().unwrap().to_owned()).collect()
}

/// The code of the last no in the log.
fn last_denied(room: &Room) -> Value {
    let denied = room.entries("denied");
    let last = denied.last().unwrap();
    json!([last["operation"], last["code"]])
}

/// Who learns of a mistake while it waits need not wait for the worker to make it.
#[test]
fn a_question_that_waits_is_cancelled_and_leaves_no_record() {
    let room = narrow();
    let (ada, running) = ada(&room);
    let eve = room.granted("eve", &["listings"]);
    let mallory = room.granted("mallory", &["listings"]);
    let mut path = String::new();

    let ended = while_it_waits(&room, &eve, |query| {
        path = format!("/v1/queries/{query}");
        assert_eq!(waiting(&mallory), [""; 0], "another project does not see it");
        assert_eq!(problem(mallory.delete(&path))["code"], "not_found");
        assert_eq!(problem(eve.get(&path))["code"], "not_found", "it has no record yet");
        assert_eq!(eve.delete(&path).status(), 204);
    });

    assert_eq!((&ended["code"], &ended["status"]), (&json!("query_stopped"), &json!(422)));
    assert_eq!(last_denied(&room), json!(["ask", "query_stopped"]));
    assert_eq!(problem(eve.get(&path))["code"], "not_found");
    assert_eq!(problem(eve.delete(&path))["code"], "not_found");
    assert_eq!(waiting(&eve), [""; 0]);
    assert!(queue(&room, "0"), "its place in the queue is free");
    assert_eq!(room.entries("intent").len(), 1, "only what keeps the worker has run");
    assert_eq!(ada.record(&running)["state"], "running");
}

#[test]
fn a_suspended_project_waits_no_longer() {
    let room = narrow();
    ada(&room);
    let (project, eve) = room.project_of("eve", &["listings"]);
    let suspend = ["project", "suspend", &project, "--reason", "a doubt"];

    let ended = while_it_waits(&room, &eve, |_| drop(room.folder.done(&suspend)));

    assert_eq!(ended["code"], "project_suspended");
    assert_eq!(last_denied(&room), json!(["ask", "project_suspended"]));
    assert!(queue(&room, "0"));
}

#[test]
fn a_revoked_token_waits_no_longer() {
    let room = narrow();
    ada(&room);
    let eve = room.granted("eve", &["listings"]);
    let revoke = ["token", "revoke", "--subject", "eve"];

    let ended = while_it_waits(&room, &eve, |_| drop(room.folder.done(&revoke)));

    assert_eq!(ended["code"], "unauthenticated");
    assert_eq!(last_denied(&room), json!(["ask", "unauthenticated"]));
}

/// Its place in the queue is for those who still want an answer.
#[test]
fn a_question_whose_caller_hangs_up_waits_no_longer() {
    let room = narrow();
    ada(&room);
    let eve = room.granted("eve", &["listings"]);
    let mut connection = TcpStream::connect(room.url.strip_prefix("http://").unwrap()).unwrap();
    let body = json!({"sql": COUNT}).to_string();
    let (token, length) = (eve.token.as_deref().unwrap(), body.len());
    write!(
        connection,
        "POST /v1/queries HTTP/1.1\r\nHost: room\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .unwrap();
    until("a question in the queue", || queue(&room, "1").then_some(()));

    drop(connection);

    until("an empty queue", || queue(&room, "0").then_some(()));
    until("the end of the question", || waiting(&eve).is_empty().then_some(()));
    assert_eq!(last_denied(&room), json!(["ask", "query_stopped"]));
}

/// A worker that comes free serves whoever still waits.
#[test]
fn what_is_not_cancelled_has_its_turn() {
    let room = narrow();
    let (ada, running) = ada(&room);
    let eve = room.granted("eve", &["listings"]);

    let answer = std::thread::scope(|scope| {
        let asked = scope.spawn(|| eve.csv(COUNT));
        until("a question in the queue", || queue(&room, "1").then_some(()));
        assert_eq!(ada.delete(&format!("/v1/queries/{running}")).status(), 204);
        asked.join().unwrap()
    });

    assert_eq!(answer, "n\r\n4\r\n");
}
