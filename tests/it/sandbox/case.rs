//! SQL and what it must come to, as data: the `*.case` files beside this one.
//!
//! Two runners read them: one asks the engine alone (`src/engine/src/tests/cases.rs`), one asks a
//! running server (`tests/it/sandbox.rs`).
//!
//! # Shape
//! `refuse SQL → code: part of the detail` · `accept SQL → scans a, b` · `accept SQL → gives` and
//! the lines of the CSV answer, header included, between ` / `. `#` begins a comment. `world any`
//! or `world engine` says where the cases after it can be asked; see [`World`]. A statement may ask
//! `t`, whose rows are those of `engine::offer::ROWS`. After each refusal stands its smallest
//! accepted neighbour.

use std::fs;
use std::path::Path;

/// One case.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    /// Where it stands, for a person.
    pub(crate) place: String,
    /// Where it can be asked.
    pub(crate) world: World,
    /// The statement.
    pub(crate) sql: String,
    /// What it must come to.
    pub(crate) expected: Expected,
}

/// Where cases can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum World {
    /// Everywhere: only what both worlds have is asked. `ads` with `ad_id` and `first_shown`,
    /// `ad_reach` with `ad_id` and `member_state`; of `disputes` the grant has ended, of
    /// `trader_names` there is none, `sanctions` is granted but not published.
    Any,
    /// In the engine's own world only, whose columns no codebook has.
    Engine,
}

/// What a case must come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    /// A refusal with this code; its detail has this part.
    Refused {
        /// The code.
        code: String,
        /// The part.
        part: String,
    },
    /// An answer that read these datasets.
    Scans(String),
    /// An answer of these lines.
    Gives(String),
}

/// All cases, by file.
pub(crate) fn all() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/it/sandbox");
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<_> =
        entries.filter(|path| path.extension().is_some_and(|ending| ending == "case")).collect();
    paths.sort();
    paths.iter().flat_map(|path| of_file(path)).collect()
}

fn of_file(path: &Path) -> Vec<Case> {
    let text = fs::read_to_string(path).unwrap();
    let name = path.file_name().unwrap().to_str().unwrap();
    let mut world = None;
    let mut cases = Vec::new();
    for (line, number) in text.lines().zip(1..) {
        let place = format!("{name}:{number}: {line}");
        match line.split_once(' ') {
            _ if line.is_empty() || line.starts_with('#') => {}
            Some(("world", "any")) => world = Some(World::Any),
            Some(("world", "engine")) => world = Some(World::Engine),
            Some((verb, rest)) => {
                let world = world.unwrap_or_else(|| panic!("{place}: in which world?"));
                let (sql, expected) =
                    rest.rsplit_once(" → ").unwrap_or_else(|| panic!("{place}: has no →"));
                let expected = expectation(verb, expected.trim())
                    .unwrap_or_else(|| panic!("{place}: cannot be read"));
                cases.push(Case { place, world, sql: sql.trim().to_owned(), expected });
            }
            None => panic!("{place}: cannot be read"),
        }
    }
    cases
}

fn expectation(verb: &str, expected: &str) -> Option<Expected> {
    match (verb, expected.split_once(' ')) {
        ("refuse", _) => {
            let (code, part) = expected.split_once(": ")?;
            Some(Expected::Refused { code: code.to_owned(), part: part.to_owned() })
        }
        ("accept", Some(("scans", names))) => Some(Expected::Scans(names.to_owned())),
        ("accept", Some(("gives", lines))) => Some(Expected::Gives(lines.to_owned())),
        _ => None,
    }
}

/// A CSV answer as the cases write it.
pub(crate) fn lines(csv: &str) -> String {
    csv.lines().collect::<Vec<_>>().join(" / ").trim().to_owned()
}
