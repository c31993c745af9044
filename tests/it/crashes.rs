//! Crashes: whatever dies at whatever moment, the log holds, nothing is half-done, and it goes on.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;

use rustix::process::{Pid, Signal};
use serde_json::{Value, json};

use crate::caller::{Answer, Caller, problem};
use crate::furniture::{self, endless};
use crate::processes::children;
use crate::room::{Folder, PROGRAM, ROOMY, Room, command, text};
use crate::wait::until;

const COUNT: &str = "SELECT count(*) AS n FROM listings";

/// Kills every worker of a room, as the kernel does when memory is short.
fn kill_workers(room: &Room) {
    let workers = children(room.server_id());
    assert!(!workers.is_empty(), "queries run in processes of their own");
    for worker in workers {
        // It may have ended by itself meanwhile.
        let worker = Pid::from_raw(worker.cast_signed()).unwrap();
        let _ = rustix::process::kill_process(worker, Signal::KILL);
    }
}

/// A room whose log has an intent without an outcome when the server is killed.
fn killed_in_a_query() -> (Folder, String) {
    let room = Room::furnished();
    let (project, ada) = room.project_of("ada", &["listings"]);
    ada.csv(COUNT);
    ada.send(&endless());
    (room.kill(), project)
}

/// A crash of a worker costs one query, never the service.
#[test]
fn a_killed_worker_costs_one_query_and_the_next_is_answered() {
    let room = Room::furnished();
    let ada = room.granted("ada", &["listings"]);
    let query = ada.send(&endless());

    kill_workers(&room);

    let record = ada.ended(&query);
    assert_eq!((&record["state"], &record["code"]), (&json!("failed"), &json!("worker_lost")));
    let result = problem(ada.get(&format!("/v1/queries/{query}/result")));
    assert_eq!((&result["code"], &result["status"]), (&json!("worker_lost"), &json!(500)));
    assert_eq!(ada.csv(COUNT), "n\r\n4\r\n");
    let outcomes = room.entries("outcome");
    assert_eq!(outcomes[0]["outcome"], "worker_lost");
    assert_eq!(outcomes[0]["charged"], json!({"queries": 0, "scan_bytes": 0, "result_bytes": 0}));
}

/// A program that starts workers until there is a certain file.
fn breakable(folder: &Folder) -> (String, PathBuf) {
    use std::os::unix::fs::PermissionsExt as _;
    let broken = folder.beside().join("broken");
    let script =
        format!("#!/bin/sh\n[ -e '{}' ] && exit 3\nexec '{PROGRAM}' \"$@\"\n", broken.display());
    let program = folder.delivery("program", script);
    fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).unwrap();
    (format!("[workers]\nexecutable = \"{}\"\nwarm = 0\n", program.display()), broken)
}

/// Nobody waits for a start that fails again, and nobody has to do anything when it works again.
#[test]
fn workers_that_do_not_start_are_told_at_once_and_the_server_recovers_by_itself() {
    let folder = Folder::new();
    let (settings, broken) = breakable(&folder);
    folder.configure(&format!("{ROOMY}{settings}"));
    let room = folder.serve();
    furniture::publish(&room.folder);
    let ada = room.granted("ada", &["listings"]);
    fs::write(&broken, "").unwrap();

    let told = until("who asks is put off", || {
        let told = Answer::of(ada.ask(COUNT));
        (told.status == 503).then_some(told)
    });
    fs::remove_file(&broken).unwrap();
    let answer = until("workers start again", || {
        let answer = Answer::of(ada.ask(COUNT));
        (answer.status == 200).then(|| answer.text())
    });

    assert!(told.header("retry-after").parse::<u64>().unwrap() >= 1);
    let problem: Value = serde_json::from_slice(&told.body).unwrap();
    assert_eq!(problem["code"], "too_busy");
    assert_eq!(answer, "n\r\n4\r\n");
    assert!(room.entries("denied").iter().any(|denied| denied["code"] == "too_busy"));
}

/// Who waited for that query is told so, with the request's id.
#[test]
fn who_waits_for_a_worker_that_is_killed_gets_a_problem() {
    let room = Room::furnished();
    let ada = room.granted("ada", &["listings"]);

    let problem = std::thread::scope(|scope| {
        let asked = scope.spawn(|| problem(ada.ask(&endless())));
        wait_until_running(&ada);
        kill_workers(&room);
        asked.join().unwrap()
    });

    assert_eq!(problem["code"], "worker_lost");
    assert!(problem["instance"].as_str().unwrap().starts_with("urn:request:"), "{problem}");
}

/// Waits until the caller's newest query runs; gives its id.
fn wait_until_running(caller: &Caller<'_>) -> String {
    until("a running query", || {
        let newest = caller.json("/v1/queries?limit=1")["queries"][0].clone();
        (newest["state"] == "running").then(|| newest["id"].as_str().unwrap().to_owned())
    })
}

/// A power cut in the middle of a query: the log says that its end is unknown, and holds.
#[test]
fn a_killed_server_closes_open_questions_as_unknown_when_it_is_back() {
    let (folder, project) = killed_in_a_query();
    assert!(folder.verify_log().status.success(), "what is left verifies as it is");

    let room = folder.serve();

    let outcomes = room.entries("outcome");
    let ends: Vec<_> = outcomes.iter().map(|it| it["outcome"].as_str().unwrap()).collect();
    assert_eq!(ends, ["answered", "unknown"]);
    assert_eq!(room.entries("recover")[0]["intents_closed"], 1);
    assert_eq!(room.entries("start").len(), 2);
    let ada = room.researcher("ada", &project);
    assert_eq!(ada.csv(COUNT), "n\r\n4\r\n", "the grant is as the log says");
    assert_eq!(
        ada.json("/v1/queries")["queries"].as_array().unwrap().len(),
        3,
        "so are the records"
    );
}

/// What was answered before a power cut can be fetched after it.
#[test]
fn an_answer_given_before_a_crash_is_there_after_it() {
    let room = Room::furnished();
    let (project, ada) = room.project_of("ada", &["listings"]);
    let answer = Answer::of(ada.ask(COUNT)).good();

    let room = room.kill().serve();

    let ada = room.researcher("ada", &project);
    let query = answer.header("reading-room-query");
    let again = Answer::of(ada.get(&format!("/v1/queries/{query}/result"))).good();
    assert_eq!(again.body, answer.body);
    assert_eq!(again.checked(), answer.checked());
    assert_eq!(again.header("reading-room-log-index"), answer.header("reading-room-log-index"));
}

/// What a registrar was told is done is done, whatever happens the moment after.
#[test]
fn what_was_acknowledged_before_a_crash_holds_after_it() {
    let room = Room::furnished();
    let (project, ada) = room.project_of("ada", &["listings"]);
    let token = ada.token.clone().unwrap();
    let id = room.folder.json(&["grant", "list", "--project", &project])[0]["id"].clone();
    let id = id.as_str().unwrap().to_owned();
    room.grant(&project, "traders", &[]);
    room.folder.done(&["grant", "revoke", "--project", &project, &id, "--reason", "a test"]);
    let room = room.kill().serve();
    assert_eq!(room.bearer(&token).csv("SELECT count(*) AS n FROM traders"), "n\r\n2\r\n");
    assert_eq!(room.bearer(&token).problem(COUNT)["code"], "grant_expired");
    room.folder.done(&["token", "revoke", "--subject", "ada"]);

    let room = room.kill().serve();

    assert_eq!(problem(room.bearer(&token).ask(COUNT))["code"], "unauthenticated");
}

/// The registry follows from the log: without it, or with an old one, a start makes it again.
#[test]
fn a_lost_registry_is_made_again_from_the_log() {
    let room = Room::furnished();
    let (project, ada) = room.project_of("ada", &["listings"]);
    ada.csv(COUNT);
    let shown = room.folder.json(&["project", "show", &project]);
    let folder = room.stop();
    for name in ["registry.sqlite", "registry.sqlite-wal", "registry.sqlite-shm"] {
        let _ = fs::remove_file(folder.path().join(name));
    }

    let room = folder.serve();

    assert_eq!(room.folder.json(&["project", "show", &project]), shown);
    assert_eq!(room.researcher("ada", &project).csv(COUNT), "n\r\n4\r\n");
}

/// A budget is what the log says was used, also after a crash.
#[test]
fn a_crash_gives_no_budget_back() {
    let room = Folder::configured("[daily_budget]\nqueries = 2\n").serve();
    furniture::publish(&room.folder);
    let (project, ada) = room.project_of("ada", &["listings"]);
    assert_eq!([COUNT, COUNT].map(|sql| ada.ask(sql).status().as_u16()), [200, 200]);

    let room = room.kill().serve();

    assert_eq!(room.researcher("ada", &project).problem(COUNT)["code"], "quota_exceeded");
}

/// Asks over a connection that is cut as soon as the query runs; gives the query's id.
fn ask_and_hang_up(room: &Room, caller: &Caller<'_>, sql: &str, preference: &str) -> String {
    let before = newest(caller);
    let mut connection = TcpStream::connect(room.url.strip_prefix("http://").unwrap()).unwrap();
    let body = json!({"sql": sql}).to_string();
    let token = caller.token.as_deref().unwrap();
    write!(
        connection,
        "POST /v1/queries HTTP/1.1\r\nHost: room\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\n{preference}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let query = until("a new query", || newest(caller).filter(|id| Some(id) != before.as_ref()));
    drop(connection);
    query
}

fn newest(caller: &Caller<'_>) -> Option<String> {
    let page = caller.json("/v1/queries?limit=1");
    page["queries"][0]["id"].as_str().map(str::to_owned)
}

/// Who waits and hangs up ends the question, and its outcome says so.
#[test]
fn a_question_whose_caller_hangs_up_is_stopped() {
    let room = Room::furnished();
    let ada = room.granted("ada", &["listings"]);

    let query = ask_and_hang_up(&room, &ada, &endless(), "");

    let ended = ada.ended(&query);
    assert_eq!(ended["state"], "stopped");
    assert_eq!(ended["code"], "query_stopped");
    let outcome = until("its outcome", || room.entries("outcome").pop());
    assert_eq!(outcome["outcome"], "query_stopped");
    assert_eq!(ada.csv(COUNT), "n\r\n4\r\n", "its worker is free");
}

/// Who does not wait loses nothing by hanging up: the answer lies there, under the newest record.
#[test]
fn an_answer_that_is_not_waited_for_can_be_fetched_after_the_connection_was_cut() {
    let room = Room::furnished();
    let ada = room.granted("ada", &["listings"]);
    let some_work = "SELECT count(*) AS n FROM listings a, listings b, listings c, listings d, listings e, listings f, listings g";

    let query = ask_and_hang_up(&room, &ada, some_work, "Prefer: respond-async\r\n");

    assert_eq!(ada.ended(&query)["state"], "answered");
    let answer = Answer::of(ada.get(&format!("/v1/queries/{query}/result"))).json();
    assert_eq!(answer["rows"][0][0], 16_384);
}

/// A caller that vanishes in the middle of a body, or says nothing at all, holds nobody up.
#[test]
fn half_a_request_holds_nobody_up() {
    let room = Room::furnished();
    let ada = room.granted("ada", &["listings"]);
    let address = room.url.strip_prefix("http://").unwrap();
    let _silent = TcpStream::connect(address).unwrap();
    let mut half = TcpStream::connect(address).unwrap();
    let token = ada.token.as_deref().unwrap();
    write!(half, "POST /v1/queries HTTP/1.1\r\nHost: room\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{{\"sql\"").unwrap();
    let mut nonsense = TcpStream::connect(address).unwrap();
    nonsense.write_all(b"\x16\x03\x01 this is no HTTP\r\n\r\n").unwrap();

    let mut said = String::new();
    nonsense.read_to_string(&mut said).unwrap();

    assert!(said.starts_with("HTTP/1.1 400"), "{said}");
    assert_eq!(ada.csv(COUNT), "n\r\n4\r\n");
}

/// Enough rows that a publication has several moments to be killed at.
fn many_listings() -> Vec<u8> {
    let rows = (0..60_000)
        .map(|number| furniture::listing(&format!("l-{number}"), "t-1", "a doll", "1.00"));
    furniture::ndjson(&rows.collect::<Vec<_>>()).into_bytes()
}

/// A publication is wholly there or not at all, whenever the power goes.
#[test]
fn a_publication_that_is_killed_leaves_the_old_edition_or_the_new_one() {
    let mut room = Room::furnished();
    let rows = many_listings();
    let mut seen = Vec::new();

    for asks in [0, 1, 3, 10, 30, 100, 300] {
        let editions = room.editions();
        let steward = room.role("steward");
        let address =
            format!("/v1/datasets/listings/snapshots?as_of=2024-11-{:02}", seen.len() + 1);
        let accepted = furniture::post_source(&steward, &address, "listings.ndjson", rows.clone());
        let publication = accepted.header("location");
        let states = (0..asks).map(|_| steward.json(&publication)["state"].clone());
        let last = states.take_while(|state| state == "receiving" || state == "running").last();
        room = room.kill().serve();
        let gained = room.editions() - editions;
        assert!(gained <= 1, "{asks}");
        let count = room.role("regulator").csv(COUNT);
        assert!(["n\r\n4\r\n", "n\r\n60000\r\n"].contains(&count.as_str()), "{asks}: {count}");
        seen.push((last, gained));
    }

    assert!(
        seen.iter().any(|(_, gained)| *gained == 0),
        "some were killed before their end: {seen:?}"
    );
    furniture::publish_listings(&room.folder, "2024-12-01", &furniture::listings());
    assert_eq!(room.role("regulator").csv(COUNT), "n\r\n4\r\n", "the next publication works");
    every_snapshot_verifies(&room);
}

/// Whatever is listed is whole, and nothing lies about that no manifest names.
fn every_snapshot_verifies(room: &Room) {
    let listed = room.folder.json(&["snapshots", "list", "listings"]);
    let mut named = Vec::new();
    for id in listed.as_array().unwrap().iter().map(|snapshot| snapshot["id"].as_str().unwrap()) {
        assert!(room.folder.done(&["snapshots", "verify", "listings", id]).contains("verified"));
        let manifest = room.nobody().json(&format!("/v1/datasets/listings/snapshots/{id}"));
        let resources = manifest["resources"].as_array().unwrap().iter();
        named.extend(
            resources
                .map(|it| it["path"].as_str().unwrap().trim_start_matches("files/").to_owned()),
        );
    }
    let files = crate::log::files_below(&room.folder.path().join("snapshots/listings/files"));
    for file in files {
        let name = file.file_name().unwrap().to_str().unwrap().to_owned();
        assert!(named.contains(&name), "{name} is left over");
    }
}

/// The same where no server runs and the command itself is killed.
#[test]
fn a_publish_command_that_is_killed_leaves_nothing_that_blocks_the_next() {
    let folder = Folder::new();
    furniture::publish(&folder);
    let file = folder.delivery("many.ndjson", many_listings());
    let data = folder.path();
    let words = [
        "publish",
        "listings",
        file.to_str().unwrap(),
        "--as-of",
        "2024-11-01",
        "--data",
        data.to_str().unwrap(),
    ];
    let mut publish = command(&words).stderr(std::process::Stdio::piped()).spawn().unwrap();
    let mut first = [0; 1];
    // Its first word on standard error says that it has begun.
    publish.stderr.as_mut().unwrap().read_exact(&mut first).unwrap();

    publish.kill().unwrap();
    publish.wait().unwrap();

    assert!(folder.verify_log().status.success());
    furniture::publish_listings(&folder, "2024-12-01", &furniture::listings());
    assert_eq!(folder.serve().role("regulator").csv(COUNT), "n\r\n4\r\n");
}

/// A worker that dies of a publication is a fault that is told, and the old edition stays.
#[test]
fn a_killed_publishing_worker_leaves_the_edition_as_it_was() {
    let room = Room::furnished();
    let steward = room.role("steward");
    let address = "/v1/datasets/listings/snapshots?as_of=2024-11-01";
    let accepted = furniture::post_source(&steward, address, "listings.ndjson", many_listings());
    let publication = accepted.header("location");
    let state = || steward.json(&publication)["state"].as_str().unwrap().to_owned();
    until("a running publication", || (state() == "running").then_some(()));

    kill_workers(&room);

    let state = until("its end", || {
        Some(state()).filter(|state| !["receiving", "running"].contains(&state.as_str()))
    });
    assert_eq!(state, "failed");
    assert_eq!(room.editions(), 2);
    furniture::publish_listings(&room.folder, "2024-12-01", &furniture::listings()[..1]);
    assert_eq!(room.role("regulator").csv(COUNT), "n\r\n1\r\n");
}

/// Asked to stop, a server ends its queries, seals its log, and says nothing is left open.
#[test]
fn a_server_that_is_asked_to_stop_leaves_nothing_open() {
    let folder = Folder::configured("[http]\nshutdown_grace_s = 0\n");
    furniture::publish(&folder);
    let room = folder.serve();
    room.granted("ada", &["listings"]).send(&endless());

    let room = room.stop().serve();

    let ends: Vec<Value> = room.entries("outcome").iter().map(|it| it["outcome"].clone()).collect();
    assert_eq!(ends.len(), 1);
    assert_ne!(ends[0], "unknown", "it was closed before the end");
    assert!(room.entries("recover").is_empty());
}

/// A full disk: nothing is released that the log lacks, and with room again the house goes on.
#[test]
fn a_full_disk_ends_writing_and_releases_nothing_that_is_not_logged() {
    let folder = Folder::new();
    furniture::publish(&folder);
    let room = folder.serve_within(1_024);
    let (project, ada) = room.project_of("ada", &["listings"]);
    // Long questions fill the log's file soon.
    let long = format!("{COUNT} -- {}", "x".repeat(12_000));

    let (answered, refused) = until_refused(&ada, &long);

    assert_eq!((&refused["code"], &refused["status"]), (&json!("log_unavailable"), &json!(503)));
    assert!(0 < answered);
    assert_eq!(ada.problem(COUNT)["code"], "log_unavailable", "it is not tried again");
    assert_eq!(room.nobody().get("/healthz").status(), 200);
    let room = room.kill().serve();
    assert_eq!(room.researcher("ada", &project).csv(COUNT), "n\r\n4\r\n");
    let entries = room.entries("outcome");
    let logged = entries.iter().filter(|it| it["outcome"] == "answered").count();
    assert!(answered < logged, "whatever was released is in the log: {answered} of {logged}");
}

/// Asks the same again and again until it is refused; gives how many answers came, and the no.
fn until_refused(caller: &Caller<'_>, sql: &str) -> (usize, Value) {
    let mut answered = 0;
    let refused = until("a full disk", || {
        let answer = caller.ask(sql);
        if answer.status().is_success() {
            answered += 1;
            return None;
        }
        Some(problem(answer))
    });
    (answered, refused)
}

/// Half a record at the end is healed and told; what was before it stands.
#[test]
fn a_torn_last_record_is_cut_off_and_told() {
    let room = Room::furnished();
    room.granted("ada", &["listings"]).csv(COUNT);
    let folder = room.kill();
    let files = crate::log::files_below(&folder.path().join("log"));
    let records =
        files.iter().find(|file| file.file_name().is_some_and(|name| name == "entries")).unwrap();
    let mut file = fs::File::options().append(true).open(records).unwrap();
    file.write_all(&[7; 3]).unwrap();

    let room = folder.serve();

    assert_eq!(room.entries("recover")[0]["torn_bytes"], 3);
    assert_eq!(room.entries("outcome").len(), 1);
    assert!(text(&room.folder.verify_log().stdout).contains("entries verified"));
}
