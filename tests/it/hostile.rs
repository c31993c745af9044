//! What would take an unprotected engine down costs one query here, never the service.
//!
//! The table is `sandbox/hostile.json`: each row a question, the codes that it may meet (`an answer` where
//! it is harmless here), and the limit where one is hit. `tests/bench/hostile.py` sends the same and measures.
//!
//! # Source
//! What was measured on an unprotected engine: docs/sandbox.md.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::caller::{Answer, Caller};
use crate::furniture::{self, SECRET};
use crate::processes::{children, peak_bytes};
use crate::room::{Folder, ROOMY, Room};

/// What the gateway may ever have.
const GATEWAY_BYTES_MAX: u64 = 256 << 20;

/// What a worker may ever have: what the roomiest question of the table may hold, 1.6 times, and what
/// a worker has before it holds anything.
const WORKER_BYTES_MAX: u64 = (1 << 30) / 5 * 8 + (192 << 20);

/// One question of the table.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    sql: Vec<Part>,
    codes: Vec<String>,
    #[serde(default)]
    limit: Vec<String>,
    #[serde(default)]
    limits: Option<Value>,
}

/// A part of a question: as it stands, or so many times, with its number from one in place of `{}`.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Part {
    Once(String),
    Times(usize, String),
}

impl Part {
    fn text(&self) -> String {
        match self {
            Self::Once(text) => text.clone(),
            Self::Times(times, text) => (1..=*times)
                .map(|number| {
                    let text = text.replace("{}", &number.to_string());
                    let text = text.replace("{+1}", &(number + 1).to_string());
                    text.replace("{-1}", &(number - 1).to_string())
                })
                .collect(),
        }
    }
}

impl Case {
    fn body(&self) -> Value {
        let sql: String = self.sql.iter().map(Part::text).collect();
        match &self.limits {
            Some(limits) => json!({"sql": sql, "limits": limits}),
            None => json!({"sql": sql}),
        }
    }

    /// The right no, which says nothing that it should not.
    fn check(&self, answer: &Answer) {
        let problem: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let code = problem["code"].as_str().unwrap_or("an answer");
        let name = &self.name;
        assert!(self.codes.iter().any(|expected| expected == code), "{name}: {problem}");
        if code == "query_stopped" {
            let limit = problem["limit"]["name"].as_str().unwrap_or_default();
            assert!(self.limit.iter().any(|expected| expected == limit), "{name}: {problem}");
        }
        let told = problem.to_string();
        for secret in [SECRET, "/scratch/", ".parquet", "DataFusion", "Arrow error"] {
            assert!(!told.contains(secret), "{name} tells {secret}: {told}");
        }
    }
}

fn table() -> Vec<Case> {
    serde_json::from_str(include_str!("sandbox/hostile.json")).unwrap()
}

/// Tells the neighbour that it is over, also where a case fails.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Somebody else's questions, asked again and again beside; gives how many were answered.
fn neighbour(room: &Room, caller: &Caller<'_>, is_over: &AtomicBool) -> usize {
    let mut answered = 0;
    while !is_over.load(Ordering::Relaxed) || answered == 0 {
        assert_eq!(caller.csv("SELECT count(*) AS n FROM listings"), "n\r\n4\r\n");
        answered += 1;
        for worker in children(room.server_id()) {
            // It may be gone by now.
            let peak = peak_bytes(worker).unwrap_or_default();
            assert!(peak < WORKER_BYTES_MAX, "a worker had {peak} bytes");
        }
    }
    answered
}

#[test]
fn hostile_sql_costs_one_query_and_never_the_service() {
    // The neighbour asks as often as it can.
    let settings = format!("{ROOMY}[daily_budget]\nqueries = 1_000_000_000\n");
    let folder = Folder::configured(&settings);
    furniture::publish(&folder);
    let room = folder.serve();
    let ada = room.granted("ada", &["listings"]);
    let eve = room.granted("eve", &["listings"]);
    let is_over = AtomicBool::new(false);

    thread::scope(|scope| {
        let neighbour = scope.spawn(|| neighbour(&room, &eve, &is_over));
        let over = Over(&is_over);
        for case in table() {
            let answer = Answer::of(ada.ask_with(&case.body(), "application/json"));
            case.check(&answer);
            assert!(!neighbour.is_finished(), "{}: the neighbour was not answered", case.name);
        }
        drop(over);
        assert!(0 < neighbour.join().unwrap());
    });

    let gateway = peak_bytes(room.server_id()).unwrap();
    assert!(gateway < GATEWAY_BYTES_MAX, "the gateway had {gateway} bytes");
    assert_eq!(ada.csv("SELECT count(*) AS n FROM listings"), "n\r\n4\r\n");
    assert!(!std::path::Path::new("/tmp/reading-room-hostile").exists());
}
