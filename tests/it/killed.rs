//! Publications that are killed: at each of their durable steps, and at any other system call.
//!
//! `strace` kills the whole program at the N-th call of a kind, so that no step needs a hook in the
//! program, and no test waits for the right moment.
//!
//! # Source
//! strace(1), `--inject`: the N-th call is counted for each thread.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use domain::Sha256Digest;
use serde_json::Value;

use crate::furniture::{self, trader};
use crate::log::files_below;
use crate::room::{Folder, PROGRAM, text};

/// The calls that make a step durable or visible, each of which a publication makes.
const STEPS: [&str; 7] =
    ["fsync", "fdatasync", "rename", "renameat", "unlink", "mkdir", "ftruncate"];

/// More calls of one kind than one thread of a publication makes.
pub(crate) const CALLS_MAX: u64 = 40;

/// Any call that touches a file, and how many of them are worth being killed at.
const ANY_CALL: &str = "%file,%desc";
const ANY_CALLS: u64 = 300;

/// Kills at random moments in one run of the tests; `tests/bench/kills` asks for more.
const KILLS: u64 = 10;
const KILLS_VARIABLE: &str = "READINGROOM_KILLS";

/// A folder with one edition, the next one's source beside it.
struct Scene {
    folder: Folder,
    /// What is typed to publish the next.
    words: Vec<String>,
    /// The datasets that the next edition has.
    datasets: &'static [&'static str],
}

/// A publication that was started on a copy of the scene, under `strace`.
struct Attempt {
    folder: Folder,
    was_killed: bool,
}

impl Scene {
    fn new() -> Self {
        let folder = Folder::new();
        furniture::publish_traders(&folder);
        let rows: Vec<Value> = ["t-1", "t-2", "t-3"].map(|id| trader(id, "DE")).into();
        let source = folder.delivery("next.ndjson", furniture::ndjson(&rows));
        let words = ["publish", "traders", source.to_str().unwrap(), "--as-of", "2024-11-01"];
        let words = words.map(str::to_owned).to_vec();
        Self { folder, words, datasets: &["traders"] }
    }

    /// Of which the next edition brings two datasets together.
    fn of_edition() -> Self {
        let scene = Self::new();
        let folder = &scene.folder;
        let rows: Vec<Value> = ["t-1", "t-2", "t-3"].map(|id| trader(id, "DE")).into();
        folder.delivery("edition/traders/t.ndjson", furniture::ndjson(&rows));
        let rows = furniture::ndjson(&furniture::listings());
        folder.delivery("edition/listings/l.ndjson", rows);
        let path = folder.beside().join("edition").to_str().unwrap().to_owned();
        let words = ["publish", "--edition", &path, "--as-of", "2024-11-01"];
        let words = words.map(str::to_owned).to_vec();
        Self { words, datasets: &["traders", "listings"], ..scene }
    }

    fn words(&self) -> Vec<&str> {
        self.words.iter().map(String::as_str).collect()
    }

    /// Publishes on a copy, to be killed at a call.
    fn killed_at(&self, calls: &str, number: u64) -> Attempt {
        let folder = self.folder.copy();
        let was_killed = kill_at(&folder, &self.words(), calls, number);
        Attempt { folder, was_killed }
    }

    /// Publishes on copies, to be killed at each call of these kinds in turn, and checks what is
    /// left each time.
    ///
    /// How many calls that is depends on which thread makes which; that there is one of each kind
    /// does not.
    fn killed_at_each(&self, calls: &[&str]) {
        for call in calls {
            let numbers = 1..CALLS_MAX;
            let kills = numbers.take_while(|&number| self.is_killed_at(call, number)).count();
            assert!(0 < kills, "no {call} to be killed at");
        }
    }

    fn is_killed_at(&self, call: &str, number: u64) -> bool {
        let attempt = self.killed_at(call, number);
        attempt.check(self, &format!("at {call} {number}"));
        attempt.was_killed
    }
}

impl Attempt {
    /// Old or new, whole and verified; nothing is left that blocks or leaks.
    fn check(&self, scene: &Scene, moment: &str) {
        let folder = &self.folder;
        let editions = folder.json(&["editions", "list"]).as_array().unwrap().len();
        assert!((1..=2).contains(&editions), "{moment}: {editions} editions");
        assert!(self.was_killed || editions == 2, "{moment}: what was not killed is published");
        folder.check_snapshots(scene.datasets, moment);
        let newest = folder.json(&["editions", "show", &format!("e-{editions}")]);
        let has = newest["snapshots"].as_object().unwrap().len();
        let expected = if editions == 1 { 1 } else { scene.datasets.len() };
        assert_eq!(has, expected, "{moment}: an edition is whole");
        assert!(folder.verify_log().status.success(), "{moment}");

        folder.done(&scene.words());

        assert_eq!(folder.json(&["editions", "list"]).as_array().unwrap().len(), 2, "{moment}");
        assert!(folder.verify_log().status.success(), "{moment}");
    }
}

impl Folder {
    /// Another folder with the same content.
    pub(crate) fn copy(&self) -> Self {
        let copy = Self::bare();
        let copied = Command::new("cp").arg("-a").args([self.path(), copy.path()]).status();
        assert!(copied.unwrap().success());
        copy
    }

    /// Every snapshot verifies, and nothing lies about that none of them names.
    fn check_snapshots(&self, datasets: &[&str], moment: &str) {
        let mut files = 0;
        for dataset in datasets {
            let listed = self.json(&["snapshots", "list", dataset]);
            for snapshot in listed.as_array().unwrap() {
                let id = snapshot["id"].as_str().unwrap();
                self.done(&["snapshots", "verify", dataset, id]);
                let manifest = self.json(&["snapshots", "show", dataset, id]);
                files += manifest["resources"].as_array().unwrap().len();
            }
        }
        let left = files_below(&self.path().join("snapshots"));
        let is_hidden = |path: &Path| path.to_str().unwrap().contains("/.");
        let below = left.iter().map(|path| path.strip_prefix(self.path()).unwrap());
        assert!(below.clone().all(|path| !is_hidden(path)), "{moment}: {left:?}");
        let data = below.filter(|path| path.extension().is_some_and(|it| it == "parquet"));
        assert_eq!(data.count(), files, "{moment}: {left:?}");
        for name in ["inbox", "scratch"] {
            let left = files_below(&self.path().join(name));
            assert!(left.is_empty(), "{moment}: {left:?}");
        }
    }
}

/// Runs a command on a folder, to be killed at the N-th call of some kinds; says whether it was.
pub(crate) fn kill_at(folder: &Folder, words: &[&str], calls: &str, number: u64) -> bool {
    let trace = format!("trace={calls}");
    let inject = format!("inject={calls}:signal=SIGKILL:when={number}");
    let mut strace = Command::new("strace");
    strace.args(["-f", "-qq", "-o", "/dev/null", "-e", &trace, "-e", &inject, PROGRAM]);
    // Few threads, so that the N-th call of a thread is about the N-th of all.
    strace.env("TOKIO_WORKER_THREADS", "1").env_remove("READINGROOM_TOKEN");
    let output = strace
        .args(words)
        .args(["--data", folder.path().to_str().unwrap()])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    !output.status.success()
}

/// Whether `strace` is there and may do its work; if not, a line says so.
pub(crate) fn may_trace() -> bool {
    let tried: Option<Output> =
        Command::new("strace").args(["-f", "-qq", "-o", "/dev/null", "true"]).output().ok();
    let may = tried.as_ref().is_some_and(|output| output.status.success());
    if !may {
        let why = tried.map(|output| text(&output.stderr)).unwrap_or_default();
        println!("skipped: strace cannot be used here {why}");
    }
    may
}

#[test]
fn a_publication_killed_at_any_durable_step_is_there_or_not_at_all() {
    if !may_trace() {
        return;
    }

    Scene::new().killed_at_each(&STEPS);
}

/// The renames make things visible, one by one; what is flushed before them makes them durable.
#[test]
fn an_edition_killed_at_any_durable_step_is_there_as_a_whole_or_not_at_all() {
    if !may_trace() {
        return;
    }

    Scene::of_edition().killed_at_each(&["fdatasync", "rename"]);
}

#[test]
fn a_publication_killed_at_random_moments_is_there_or_not_at_all() {
    if !may_trace() {
        return;
    }
    let scene = Scene::new();
    let rounds = std::env::var(KILLS_VARIABLE).map_or(KILLS, |rounds| rounds.parse().unwrap());

    for round in 0..rounds {
        let digest = Sha256Digest::of(&round.to_le_bytes()).to_string();
        let number = u64::from_str_radix(&digest[..8], 16).unwrap() % ANY_CALLS + 1;
        let attempt = scene.killed_at(ANY_CALL, number);
        attempt.check(&scene, &format!("round {round}, at call {number}"));
    }
}
