//! Bad input: a clear no, nothing half-done, and the service goes on.

use std::net::TcpListener;
use std::path::Path;

use reqwest::Method;
use serde_json::{Value, json};

use crate::caller::{Caller, problem};
use crate::furniture;
use crate::room::{Folder, Room, command, refusal, run, text};

/// Posts any bytes as a question.
fn post(caller: &Caller<'_>, media_type: &str, body: impl Into<Vec<u8>>) -> Value {
    let request = caller.request(Method::POST, "/v1/queries").header("Content-Type", media_type);
    problem(request.body(body.into()).send().unwrap())
}

/// The code of a problem, and that its explanation is one.
fn code(problem: &Value) -> &str {
    assert!(20 < problem["detail"].as_str().unwrap().len(), "{problem}");
    problem["code"].as_str().unwrap()
}

#[test]
fn a_body_that_is_not_as_the_contract_says_names_the_field() {
    let room = Room::furnished();
    let ada = room.granted("ada", &["listings"]);
    let sql = "SELECT 1 AS n FROM listings";
    let cases = [
        (json!({"sql": sql, "sqll": 1}), "sqll"),
        (json!({"sql": 5}), "sql"),
        (json!({"sql": sql, "parameters": {"a": 1}}), "parameters"),
        (json!({"sql": sql, "as_of": "yesterday"}), "as_of"),
        (json!({"sql": sql, "limits": {"rows": "many"}}), "rows"),
        (json!({"sql": sql, "limits": {"rowz": 1}}), "rowz"),
        (json!({"sql": sql, "limits": {"rows": -1}}), "rows"),
        (json!({"sql": sql, "on_limit": "guess"}), "on_limit"),
        (json!({"sql": sql, "dry_run": "yes"}), "dry_run"),
        (json!({}), "sql"),
        (json!([]), "body"),
    ];

    for (body, field) in cases {
        let problem = problem(ada.post("/v1/queries", &body));
        assert_eq!((code(&problem), &problem["status"]), ("body_invalid", &json!(400)), "{body}");
        assert!(problem["detail"].as_str().unwrap().contains(field), "{body}: {problem}");
    }
}

#[test]
fn bytes_that_are_no_question_are_refused_and_the_next_question_answered() {
    let room = Room::furnished();
    let ada = room.granted("ada", &["listings"]);
    let json_type = "application/json";
    let nul = json!({"sql": "SELECT 1\u{0} AS n FROM listings"}).to_string();
    let long = format!("{{\"sql\": \"SELECT 1 -- {}\"}}", "x".repeat(17 << 20));

    assert_eq!(code(&post(&ada, json_type, "{\"sql\":")), "body_invalid");
    assert_eq!(code(&post(&ada, json_type, "")), "body_invalid");
    assert_eq!(code(&post(&ada, json_type, b"{\"sql\": \"\xff\xfe\"}")), "body_invalid");
    assert!(["body_invalid", "sql_invalid"].contains(&code(&post(&ada, json_type, nul))));
    assert_eq!(code(&post(&ada, json_type, long)), "too_large");
    assert_eq!(code(&post(&ada, "text/plain", "SELECT 1")), "unsupported_media_type");
    assert_eq!(code(&post(&ada, "application/xml", "<sql/>")), "unsupported_media_type");
    assert_eq!(ada.csv("SELECT count(*) AS n FROM listings"), "n\r\n4\r\n");
}

#[test]
fn a_form_or_a_method_that_there_is_not_is_refused_by_its_name() {
    let room = Room::furnished();
    let ada = room.granted("ada", &["listings"]);
    let sql = json!({"sql": "SELECT 1 AS n FROM listings"});

    let form = problem(ada.ask_with(&sql, "image/png"));
    let method = ada.request(Method::PUT, "/v1/queries").send().unwrap();
    let allow = method.headers()["allow"].to_str().unwrap().to_owned();
    let nowhere = problem(ada.get("/v1/nowhere"));
    let picture = room.nobody().request(Method::GET, "/v1/datasets").header("accept", "image/png");
    let picture = problem(picture.send().unwrap());
    let parameter = problem(ada.get("/v1/queries?limitt=3"));

    assert_eq!((code(&form), &form["status"]), ("not_acceptable", &json!(406)));
    assert!(form["detail"].as_str().unwrap().contains("text/csv"), "{form}");
    assert_eq!(code(&problem(method)), "method_not_allowed");
    assert!(allow.contains("GET") && allow.contains("POST"), "{allow}");
    assert_eq!(code(&nowhere), "not_found");
    assert_eq!(code(&picture), "not_acceptable");
    assert_eq!(code(&parameter), "body_invalid");
}

/// The session is an allow list: what is not a question about granted tables is refused by name.
#[test]
fn sql_that_is_no_question_is_refused_by_its_name() {
    let room = Room::furnished();
    let ada = room.granted("ada", &["listings"]);
    let cases = [
        ("", "sql_invalid"),
        ("   -- nothing", "sql_invalid"),
        ("SELECT 1 AS n FROM listings; SELECT 2 AS n FROM listings", "query_refused"),
        ("COPY listings TO '/tmp/x.csv'", "query_refused"),
        ("CREATE TABLE t AS SELECT * FROM listings", "query_refused"),
        ("CREATE EXTERNAL TABLE t STORED AS CSV LOCATION '/etc/passwd'", "query_refused"),
        ("SET datafusion.execution.batch_size = 1", "query_refused"),
        ("EXPLAIN SELECT * FROM listings", "query_refused"),
        ("INSERT INTO listings VALUES (1)", "query_refused"),
        ("DROP TABLE listings", "query_refused"),
        ("SELECT * FROM generate_series(1, 10)", "query_refused"),
        ("SELECT * FROM read_csv('/etc/passwd')", "query_refused"),
        ("SELECT * FROM '/etc/passwd'", "table_unknown"),
        ("SELECT * FROM information_schema.tables", "table_unknown"),
        ("SELECT version() FROM listings", "query_refused"),
        ("SELECT random() FROM listings", "query_refused"),
    ];

    for (sql, expected) in cases {
        let problem = ada.problem(sql);
        assert_eq!(code(&problem), expected, "{sql}: {problem}");
    }
    assert_eq!(room.entries("denied").len(), cases.len());
    assert_eq!(room.entries("intent"), Vec::<Value>::new());
}

/// What registrars send is read as strictly as questions are.
#[test]
fn a_project_that_makes_no_sense_is_not_recorded() {
    let room = Room::empty();
    let registrar = room.role("registrar");
    let good = json!({
        "title": "t", "purpose": "p", "organisation": "o-x", "legal_basis": "40(12)",
        "request_id": "R", "applied": "2024-01-01", "decided": "2024-01-02",
        "valid_from": "2024-01-03", "valid_until": "2027-01-03",
    });
    let with = |name: &str, value: Value| {
        let mut body = good.clone();
        body[name] = value;
        problem(registrar.post("/v1/projects", &body))
    };

    assert_eq!(code(&with("colour", json!("red"))), "body_invalid");
    assert_eq!(code(&with("legal_basis", json!("41"))), "body_invalid");
    assert_eq!(code(&with("valid_until", json!("2024-01-01"))), "body_invalid");
    assert_eq!(code(&with("title", json!(""))), "body_invalid");
    assert_eq!(registrar.json("/v1/projects")["projects"], json!([]));
}

/// A room in which a delivery was refused is as it was before.
struct Refusing {
    room: Room,
    editions: usize,
}

impl Refusing {
    fn new(settings: &str) -> Self {
        let roomy = "[rate_limits]\nprincipal_requests = 100000\nproject_requests = 100000\n";
        let room = Folder::configured(&format!("{roomy}{settings}")).serve();
        furniture::publish(&room.folder);
        let editions = room.editions();
        Self { room, editions }
    }

    /// Delivers listings that must be rejected; gives the report.
    fn report(&self, name: &str, content: impl Into<Vec<u8>>) -> Value {
        let steward = self.room.role("steward");
        let address = "/v1/datasets/listings/snapshots?as_of=2024-11-01";
        let publication = furniture::deliver(&steward, address, name, content.into());
        assert_eq!(publication["state"], "rejected", "{name}: {publication}");
        assert_eq!(publication["problem"]["code"], "publish_rejected", "{publication}");
        assert_eq!(self.room.editions(), self.editions, "nothing is half-done");
        assert_eq!(self.room.nobody().get("/healthz").status(), 200);
        publication["report"].clone()
    }

    /// Publishes again, as if nothing had been.
    fn goes_on(&self) {
        let fewer = &furniture::listings()[..1];
        furniture::publish_listings(&self.room.folder, "2024-11-02", fewer);
        assert_eq!(self.room.editions(), self.editions + 1);
    }
}

/// The rules that a report names.
fn rules(report: &Value) -> Vec<&str> {
    let rejects = report["rejects"].as_array().unwrap();
    rejects.iter().map(|reject| reject["rule"].as_str().unwrap()).collect()
}

#[test]
fn files_that_are_not_what_they_claim_are_rejected_whole() {
    let refusing = Refusing::new("");
    let truncated = {
        let whole = crate::statements::zip(&[("listings.csv", b"listing_id\nl-1\n")]);
        whole[..whole.len() - 10].to_vec()
    };
    let cases: [(&str, Vec<u8>); 6] = [
        ("listings.zip", b"this is no zip".to_vec()),
        ("listings.zip", truncated),
        ("listings.parquet", b"PAR1 and no more".to_vec()),
        ("listings.csv.gz", b"\x1f\x8b\x08 broken".to_vec()),
        ("listings.tar", vec![7; 2_000]),
        ("listings.docx", b"a letter".to_vec()),
    ];

    for (name, bytes) in cases {
        let report = refusing.report(name, bytes);
        assert_eq!(rules(&report), ["format"], "{name}: {report}");
        assert!(report["rejects"][0]["file"].as_str().unwrap().contains("listings."), "{report}");
    }
    refusing.goes_on();
}

/// A few kilobytes must not be able to fill the disk.
#[test]
fn a_zip_bomb_ends_at_the_bytes_it_may_grow_to() {
    let refusing = Refusing::new("[publish]\nexpanded_bytes_max = 1000000\n");
    let bomb = crate::statements::zip(&[("listings.csv", &vec![b'x'; 20_000_000])]);
    assert!(bomb.len() < 100_000);

    let report = refusing.report("listings.zip", bomb);

    assert_eq!(rules(&report), ["size"], "{report}");
    refusing.goes_on();
}

#[test]
fn a_csv_with_a_wrong_header_names_the_columns() {
    let refusing = Refusing::new("");

    let report = refusing.report("listings.csv", "listing_id,titel\nl-1,x\n");

    assert!(rules(&report).iter().all(|rule| *rule == "header"), "{report}");
    let told = report["rejects"].to_string();
    assert!(told.contains("titel") && told.contains("trader_id"), "{told}");
    refusing.goes_on();
}

/// A steward mends a file by its line, column and rule.
#[test]
fn rows_that_break_the_codebook_are_named_by_file_line_column_and_rule() {
    let refusing = Refusing::new("");
    let mut rows = furniture::listings();
    rows[1]["status"] = json!("LOST");
    rows[2]["price_eur"] = json!("-1.00");
    rows[3]["category_id"] = Value::Null;
    rows.push(furniture::listing("l-5", "t-1", "a fifth doll", "1.00"));
    rows.extend(["l-6", "l-7", "l-8"].map(|id| furniture::listing(id, "t-1", "a doll", "a lot")));

    let report = refusing.report("listings.ndjson", furniture::ndjson(&rows));

    let found = |rule: &str| {
        let rejects = report["rejects"].as_array().unwrap();
        let reject = rejects.iter().find(|reject| reject["rule"] == rule);
        reject.map(|it| {
            (it["line"].as_u64(), it["column"].as_str().unwrap_or(""), it["count"].as_u64())
        })
    };
    assert_eq!(found("category"), Some((Some(2), "status", Some(1))), "{report}");
    assert_eq!(found("constraint"), Some((Some(3), "price_eur", Some(1))));
    assert_eq!(found("not_null"), Some((Some(4), "category_id", Some(1))));
    assert_eq!(found("type"), Some((Some(6), "price_eur", Some(3))));
    assert!(report["rejects"][0]["file"].as_str().unwrap().contains("listings.ndjson"));
    refusing.goes_on();
}

#[test]
fn two_rows_of_one_key_are_rejected_and_the_command_says_so() {
    let refusing = Refusing::new("");
    let mut rows = furniture::listings();
    rows.push(furniture::listing("l-1", "t-1", "another doll under an old key", "1.00"));
    let file = refusing.room.folder.delivery("twice.ndjson", furniture::ndjson(&rows));

    let said = refusing.room.folder.refused(&["publish", "listings", file.to_str().unwrap()]);

    assert!(said.contains("publish_rejected") && said.contains("primary_key"), "{said}");
    assert_eq!(refusing.room.editions(), refusing.editions);
    refusing.goes_on();
}

/// Hostile Parquet meets a worker that may die of it, and nobody else.
#[test]
fn a_malformed_parquet_file_is_rejected_and_hurts_nobody() {
    let Some(corpus) = crate::room::shared("corpora/parquet-bad") else { return };
    let refusing = Refusing::new("");
    let mut files: Vec<_> = corpus.read_dir().unwrap().map(|file| file.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "parquet"));
    assert!(!files.is_empty());

    for file in files {
        let name = file.file_name().unwrap().to_str().unwrap();
        let report = refusing.report(name, std::fs::read(&file).unwrap());
        assert!(!rules(&report).is_empty(), "{name}: {report}");
    }
    refusing.goes_on();
}

#[test]
fn a_delivery_that_cannot_be_understood_is_refused_at_the_door() {
    let refusing = Refusing::new("");
    let steward = refusing.room.role("steward");
    let send = |address: &str| {
        let answer = furniture::post_source(&steward, address, "listings.csv", b"x".to_vec());
        let problem: Value = serde_json::from_slice(&answer.body).unwrap();
        problem["code"].as_str().unwrap_or_default().to_owned()
    };

    assert_eq!(send("/v1/datasets/nothing/snapshots"), "not_found");
    assert_eq!(send("/v1/datasets/listings/snapshots?as_of=someday"), "body_invalid");
    assert_eq!(send("/v1/datasets/listings/snapshots?colour=red"), "body_invalid");
    assert_eq!(
        send("/v1/datasets/listings/snapshots?as_of=2024-09-01"),
        "conflict",
        "before the newest edition"
    );
    assert_eq!(
        send("/v1/datasets/listings/snapshots?supersedes=s-aaaaaaaaaaaaaaaaaaaa&reason=x"),
        "not_found"
    );
    assert_eq!(refusing.room.editions(), refusing.editions);
}

/// One clear sentence, never a stack of causes.
fn sentence(said: &str, naming: &str) {
    assert!(said.contains(naming), "{said}");
    assert!(said.trim().lines().count() <= 2 && !said.contains("panicked"), "{said}");
}

fn refused_on(data: &Path, words: &[&str]) -> String {
    let words = [words, &["--data", data.to_str().unwrap()]].concat();
    refusal(&words, &run(&words))
}

/// A typing mistake in `--data` must not make a mess of somebody's folder.
#[test]
fn a_data_folder_that_is_something_else_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let (file, foreign, missing) =
        (dir.path().join("file"), dir.path().join("foreign"), dir.path().join("missing"));
    std::fs::write(&file, "a letter").unwrap();
    std::fs::create_dir(&foreign).unwrap();
    std::fs::write(foreign.join("letter.txt"), "a letter").unwrap();

    for data in [&file, &foreign, &missing] {
        for words in [
            &["serve", "--listen", "127.0.0.1:0"][..],
            &["project", "list"],
            &["snapshots", "list", "listings"],
        ] {
            sentence(&refused_on(data, words), data.to_str().unwrap());
        }
    }
    sentence(&refused_on(&foreign, &["init"]), foreign.to_str().unwrap());
    sentence(&refused_on(&file, &["init"]), file.to_str().unwrap());
    assert_eq!(foreign.read_dir().unwrap().count(), 1, "nothing was added");
    assert!(!missing.exists());
}

#[test]
fn a_port_in_use_and_an_unknown_setting_refuse_the_start_by_name() {
    let folder = Folder::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();

    let port = folder.refused(&["serve", "--listen", &address]);
    folder.configure("listn = \"127.0.0.1:1\"");
    let setting = folder.refused(&["serve", "--listen", "127.0.0.1:0"]);

    sentence(&port, &address);
    assert!(setting.contains("listn"), "{setting}");
}

#[test]
fn a_second_server_on_a_folder_is_refused_and_the_first_goes_on() {
    let room = Room::furnished();

    let said = room.folder.refused(&["serve", "--listen", "127.0.0.1:0"]);

    sentence(&said, room.folder.path().to_str().unwrap());
    assert_eq!(room.nobody().get("/readyz").status(), 200);
}

/// Nothing answers, or something that is no reading room: a person is told which.
#[test]
fn a_server_that_is_not_there_is_a_clear_failure() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);

    let output = command(&["query", "--url", &url, "SELECT 1"]).output().unwrap();

    assert_eq!(output.status.code(), Some(1));
    sentence(&text(&output.stderr), &url);
    let wrong = command(&["query"]).output().unwrap();
    assert_eq!(wrong.status.code(), Some(2), "wrong usage");
}
