//! The questions that the room is for, asked of the demo world, and checked against what is true of it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};

use crate::caller::{Answer, Caller};
use crate::room::{Folder, Room, run, shared, text};

/// Numbers may differ by that part of themselves: what floating point leaves of equal sums.
const TOLERANCE: f64 = 1e-9;

/// Datasets that no question asks.
const UNASKED: [&str; 2] = ["statements_of_reasons", "exposure_totals"];

/// A room with the newest edition of the small world, and what is true of it.
fn room() -> (Room, Value) {
    let folder = Folder::new();
    let world = folder.beside().join("world");
    let made = run(&["generate", "--out", world.to_str().unwrap(), "--scale", "small"]);
    assert!(made.status.success(), "{}", text(&made.stderr));
    let truths: Value =
        serde_json::from_slice(&fs::read(world.join("truths.json")).unwrap()).unwrap();
    let edition = world.join("editions").join(truths["as_of"].as_str().unwrap());
    let room = folder.serve();
    for dataset in asked(&edition) {
        let delivery = edition.join(&dataset);
        let words = ["publish", &dataset, delivery.to_str().unwrap(), "--as-of", "2024-11-01"];
        room.folder.done(&words);
    }
    (room, truths)
}

/// The datasets of an edition that a question may ask of a researcher's.
fn asked(edition: &Path) -> Vec<String> {
    let names = fs::read_dir(edition).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<_> = names.map(|name| name.into_string().unwrap()).collect();
    names.retain(|name| !UNASKED.contains(&&**name));
    names.sort();
    names
}

/// A researcher of a project under Art. 40(4), who may ask all that a researcher may be granted.
fn researcher(room: &Room) -> Caller<'_> {
    let listed = room.nobody().json("/v1/datasets?limit=100");
    let project = room.folder.create_project("all questions", "2099-12-31", &[]);
    let project = project.trim();
    room.folder.done(&["member", "add", "--project", project, "--subject", "ada"]);
    for dataset in listed["datasets"].as_array().unwrap() {
        let more: &[&str] = match dataset["tier"].as_str().unwrap() {
            "public" => &[],
            "vetted" => &["--basis", "DSA Art. 40(4)"],
            _ => continue,
        };
        room.grant(project, dataset["name"].as_str().unwrap(), more);
    }
    room.researcher("ada", project)
}

/// The rows of an answer as objects.
fn rows(caller: &Caller<'_>, sql: &str) -> Vec<Map<String, Value>> {
    let answer = Answer::of(caller.ask_with(&json!({"sql": sql}), "application/json")).json();
    let columns = answer["columns"].as_array().unwrap().clone();
    let name = |column: &Value| column["name"].as_str().unwrap().to_owned();
    let rows = answer["rows"].as_array().unwrap().iter();
    rows.map(|row| {
        let cells = row.as_array().unwrap().iter().cloned();
        columns.iter().map(name).zip(cells).collect()
    })
    .collect()
}

/// A value that can be compared, whatever its form: times to the last digit that is not zero, days
/// where the other one is one.
fn plain(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        other @ (Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::Array(_)
        | Value::Object(_)) => other.to_string(),
    };
    match text.split_once('T') {
        Some((day, time)) if day.len() == 10 => {
            let time = time.trim_end_matches('Z');
            let time = if time.contains('.') { time.trim_end_matches('0') } else { time };
            match time.trim_end_matches('.') {
                "00:00:00" => day.to_owned(),
                time => format!("{day}T{time}"),
            }
        }
        _ => text,
    }
}

/// Whether an answer's value is the true one.
fn is_true(truth: &Value, answered: &Value) -> bool {
    let number = |value: &Value| value.as_f64().or_else(|| value.as_str()?.parse().ok());
    match (number(truth), number(answered)) {
        (Some(truth), Some(answered)) => {
            (truth - answered).abs() <= TOLERANCE * truth.abs().max(1.0)
        }
        _ => plain(truth) == plain(answered),
    }
}

/// Compares an answer with what is true, row by row and column by column: none missed, none invented.
fn compare(question: &str, truth: &Value, answered: &[Map<String, Value>]) {
    let keys: Vec<_> =
        truth["key"].as_array().unwrap().iter().map(|key| key.as_str().unwrap()).collect();
    let key =
        |row: &Map<String, Value>| -> Vec<_> { keys.iter().map(|key| plain(&row[*key])).collect() };
    let stated = truth["rows"].as_array().unwrap().iter().map(|row| row.as_object().unwrap());
    let stated: BTreeMap<_, _> = stated.map(|row| (key(row), row)).collect();
    let answered: BTreeMap<_, _> = answered.iter().map(|row| (key(row), row)).collect();
    let keys_of = |rows: &BTreeMap<Vec<String>, &Map<String, Value>>| -> Vec<_> {
        rows.keys().cloned().collect()
    };
    assert!(!stated.is_empty(), "{question} has no rows");
    assert_eq!(keys_of(&stated), keys_of(&answered), "{question}");
    for (key, truth) in stated {
        for (column, value) in truth {
            let found = &answered[&key][column];
            assert!(
                is_true(value, found),
                "{question} {key:?} {column}: {value} is true, not {found}"
            );
        }
    }
}

/// Each of the fifteen questions is answered, and wherever the world can state the answer, with it.
#[test]
fn each_question_is_answered_with_what_is_true_of_the_world() {
    let Some(questions) = shared("questions") else { return };
    let (room, truths) = room();
    let ada = researcher(&room);
    let mut stated = 0;
    for number in 1..=15 {
        let question = format!("R{number:02}");
        let sql = fs::read_to_string(questions.join(format!("{question}.sql"))).unwrap();

        let answered = rows(&ada, &sql);

        assert!(!answered.is_empty(), "{question} has no answer");
        if let Some(truth) = truths["questions"].get(&question) {
            compare(&question, truth, &answered);
            stated += 1;
        }
    }
    assert_eq!(stated, truths["questions"].as_object().unwrap().len());
}

/// What is looked for is there to be found.
#[test]
fn the_world_has_the_stories_that_are_looked_for() {
    let folder = Folder::new();
    let world = folder.beside().join("world");
    let made = run(&["generate", "--out", world.to_str().unwrap(), "--scale", "small"]);
    assert!(made.status.success(), "{}", text(&made.stderr));

    let truths: Value =
        serde_json::from_slice(&fs::read(world.join("truths.json")).unwrap()).unwrap();

    for story in ["reversed_never_reinstated", "repeated_sanctions", "ads_that_ran_on"] {
        assert!(0 < truths["stories"][story]["count"].as_u64().unwrap(), "{story}");
    }
    assert!(!truths["orphans"].as_array().unwrap().is_empty());
}
