//! What runs the house: health, metrics, the contract, and what surrounds every request.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use reqwest::Method;
use serde_json::Value;

use crate::caller::{Answer, problem};
use crate::room::{Folder, PROGRAM, Room, run, text};

/// The contract as it is committed.
pub(crate) fn committed() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../openapi.yaml")).unwrap()
}

/// Clients are made from the committed contract: it must be the one that the code has.
#[test]
fn the_committed_contract_is_that_of_the_code_and_of_the_server() {
    let room = Room::empty();

    let printed = text(&run(&["openapi"]).stdout);
    let served = Answer::of(room.nobody().get("/openapi.yaml")).good();

    assert!(printed == committed(), "run `{PROGRAM} openapi > openapi.yaml`");
    assert!(served.text() == committed());
}

/// A machine that watches asks these, without a token.
#[test]
fn health_and_readiness_say_what_is_in_force() {
    let room = Room::empty();

    let health = Answer::of(room.nobody().get("/healthz")).good();
    let ready = room.nobody().json("/readyz");

    assert!(!health.body.is_empty());
    assert_eq!(ready["sandbox"], "strict", "the sandbox level is told: {ready}");
    for layer in ["rlimits", "landlock", "seccomp"] {
        let layers = ready["sandbox_layers"].as_array().unwrap();
        assert!(layers.contains(&layer.into()), "{layer} stands: {ready}");
    }
}

/// Operators see what the house does without seeing what anybody asks.
#[test]
fn metrics_count_requests_queries_and_workers() {
    let room = Room::furnished();
    let ada = room.granted("ada", &["listings"]);
    ada.csv("SELECT count(*) AS n FROM listings");

    let metrics = Answer::of(room.nobody().get("/metrics")).good().text();

    for what in
        ["operation=\"ask\"", "phase=\"execute\"", "phase=\"plan\"", "state=\"spare\"", "log"]
    {
        assert!(metrics.contains(what), "{what} in {metrics}");
    }
    assert!(!metrics.contains("ada") && !metrics.contains("SELECT"));
}

/// Where metrics have their own port, the public one does not show them.
#[test]
fn metrics_may_have_a_port_of_their_own() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let room = Folder::configured(&format!("metrics_listen = \"{free}\"\n")).serve();

    let public = room.nobody().get("/metrics");
    let private = room.http.get(format!("http://{free}/metrics")).send().unwrap();

    assert_eq!(public.status(), 404);
    assert_eq!(private.status(), 200);
}

/// The keys that others verify with are public.
#[test]
fn anyone_may_fetch_the_keys() {
    let room = Room::empty();

    let keys = room.nobody().json("/v1/keys");
    let issuer = room.nobody().json("/.well-known/jwks.json");

    assert_eq!(keys["log"], room.folder.log_key());
    let key = &issuer["keys"][0];
    assert!(key["kid"].is_string() && key["d"].is_null(), "{issuer}");
}

/// Every response names its request, and a caller's trace goes on.
#[test]
fn every_response_names_its_request_and_continues_the_trace() {
    let room = Room::empty();
    let trace = "0af7651916cd43dd8448eb211c80319c";
    let request = room.nobody().request(Method::GET, "/healthz");

    let answers = [
        Answer::of(
            request
                .header("traceparent", format!("00-{trace}-b7ad6b7169203331-01"))
                .send()
                .unwrap(),
        ),
        Answer::of(room.nobody().get("/v1/nowhere")),
        Answer::of(room.nobody().get("/v1/me")),
    ];

    let ids = answers.each_ref().map(|answer| answer.header("reading-room-request"));
    assert!(ids.iter().all(|id| !id.is_empty()) && ids[0] != ids[1] && ids[1] != ids[2], "{ids:?}");
    assert!(answers[0].header("traceparent").contains(trace), "{:?}", answers[0]);
}

#[test]
fn a_head_request_is_a_get_without_its_body() {
    let room = Room::furnished();
    let get = Answer::of(room.nobody().get("/v1/datasets"));

    let head = Answer::of(room.nobody().request(Method::HEAD, "/v1/datasets").send().unwrap());

    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(head.header("content-type"), get.header("content-type"));
}

/// The catalogue is public: what there is, what it means, and the signed manifest byte for byte.
#[test]
fn the_catalogue_is_public_and_its_manifests_are_signed() {
    let room = Room::furnished();
    let nobody = room.nobody();
    let snapshot = room.current("listings");
    let address = format!("/v1/datasets/listings/snapshots/{snapshot}");

    let datasets = nobody.json("/v1/datasets");
    let codebook = nobody.json("/v1/datasets/listings/codebook");
    let manifest = Answer::of(nobody.get(&address)).good();
    let signature = Answer::of(nobody.get(&format!("{address}.sig"))).good();

    assert_eq!(names(&datasets), folders_with_a_codebook());
    assert_eq!(codebook["primaryKey"], serde_json::json!(["listing_id"]));
    let path = room.folder.path().join("snapshots/listings").join(&snapshot);
    assert_eq!(manifest.body, fs::read(path.join("datapackage.json")).unwrap());
    assert_eq!(signature.body, fs::read(path.join("datapackage.json.sig")).unwrap());
    let manifest: Value = serde_json::from_slice(&manifest.body).unwrap();
    assert_eq!(manifest["row_count"], 4);
    assert_eq!(problem(nobody.get("/v1/datasets/nothing"))["code"], "not_found");
}

/// A reader without the program has the same pages: they are made from the codebooks, and committed.
#[test]
fn the_committed_pages_of_the_datasets_are_those_of_the_codebooks() {
    let made = tempfile::tempdir().unwrap();

    let output = run(&["dataset-pages", made.path().to_str().unwrap()]);

    assert!(output.status.success(), "{}", text(&output.stderr));
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/datasets");
    let (made, committed) = (files(made.path()), files(&committed));
    let names = made.keys().chain(committed.keys());
    let differing: Vec<_> = names.filter(|name| made.get(*name) != committed.get(*name)).collect();
    assert!(differing.is_empty(), "run `{PROGRAM} dataset-pages docs/datasets`: {differing:?}");
}

/// What may stand in a question is written in one place only, from which the page is made.
#[test]
fn the_committed_page_of_sql_is_that_of_the_engine() {
    let output = run(&["sql-page"]);

    assert!(output.status.success(), "{}", text(&output.stderr));
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/sql.md");
    let same = text(&output.stdout) == fs::read_to_string(committed).unwrap();
    assert!(same, "run `{PROGRAM} sql-page > docs/sql.md`");
}

/// The files of a folder, by name.
fn files(folder: &Path) -> BTreeMap<String, String> {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    files.map(|path| (name(&path), fs::read_to_string(&path).unwrap())).collect()
}

/// The names of the datasets that a catalogue lists.
fn names(datasets: &Value) -> Vec<&str> {
    let listed = datasets["datasets"].as_array().unwrap();
    listed.iter().map(|dataset| dataset["name"].as_str().unwrap()).collect()
}

/// The datasets of this repository, in order.
fn folders_with_a_codebook() -> Vec<String> {
    let datasets = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../datasets");
    let folders = fs::read_dir(datasets).unwrap().map(|entry| entry.unwrap().path());
    let mut names: Vec<_> = folders
        .filter(|folder| folder.join("codebook.yaml").is_file())
        .map(|folder| folder.file_name().unwrap().to_str().unwrap().to_owned())
        .collect();
    names.sort();
    names
}
