//! What the compiler cannot check: the floors, the dependency tree, and the shape of the files.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Each crate's floor; docs/architecture.md says why.
const FLOORS: [(&str, u8); 11] = [
    ("domain", 0),
    ("ledger", 1),
    ("catalogue", 2),
    ("access", 2),
    ("audit", 2),
    ("sandbox", 2),
    ("engine", 2),
    ("publish", 3),
    ("world", 3),
    ("gateway", 3),
    ("readingroom", 4),
];

/// A file with more lines is two rooms.
const LINES_MAX: usize = 500;

/// No file of the repository is larger.
const FILE_BYTES_MAX: u64 = 256 * 1024;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// The workspace as cargo knows it.
fn metadata() -> Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--offline", "--locked"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The files that belong to the repository, relative to its root.
fn tracked() -> Vec<PathBuf> {
    let output = Command::new("git").args(["ls-files", "-z"]).current_dir(root()).output().unwrap();
    assert!(output.status.success(), "the tests run in a checkout");
    let text = String::from_utf8(output.stdout).unwrap();
    text.split('\0').filter(|name| !name.is_empty()).map(PathBuf::from).collect()
}

fn rust_files() -> Vec<(PathBuf, String)> {
    tracked()
        .into_iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .filter_map(|path| fs::read_to_string(root().join(&path)).ok().map(|text| (path, text)))
        .collect()
}

/// The packages that a package needs at run time, itself included, by name.
fn closure(metadata: &Value, name: &str) -> BTreeSet<String> {
    let nodes: BTreeMap<&str, &Value> = metadata["resolve"]["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|node| (node["id"].as_str().unwrap(), node))
        .collect();
    let names: BTreeMap<&str, &str> = packages(metadata)
        .map(|package| (package["id"].as_str().unwrap(), package["name"].as_str().unwrap()))
        .collect();
    let start = names.iter().find(|(_, found)| **found == name).map(|(id, _)| *id).unwrap();
    let mut waiting = vec![start];
    let mut seen = BTreeSet::new();
    while let Some(id) = waiting.pop() {
        if !seen.insert(id) {
            continue;
        }
        for dependency in nodes[id]["deps"].as_array().unwrap() {
            let kinds = dependency["dep_kinds"].as_array().unwrap();
            if kinds.iter().any(|kind| kind["kind"].is_null()) {
                waiting.push(dependency["pkg"].as_str().unwrap());
            }
        }
    }
    seen.into_iter().map(|id| names[id].to_owned()).collect()
}

fn packages(metadata: &Value) -> impl Iterator<Item = &Value> {
    metadata["packages"].as_array().unwrap().iter()
}

/// Promise 1: the gateway parses neither SQL nor data files, because it could not.
#[test]
fn the_gateway_cannot_parse_sql_or_parquet() {
    let tree = closure(&metadata(), "gateway");

    let found: Vec<_> = tree
        .iter()
        .filter(|name| {
            ["datafusion", "parquet", "arrow", "sqlparser"]
                .iter()
                .any(|barred| name.starts_with(barred))
        })
        .collect();
    assert!(tree.contains("actix-web"), "the closure is that of the gateway");
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn only_the_binary_links_the_rooms_inside_the_wall() {
    let metadata = metadata();

    for (name, _) in FLOORS.iter().filter(|(name, _)| !["readingroom", "publish"].contains(name)) {
        let tree = closure(&metadata, name);
        assert!(*name == "engine" || !tree.contains("engine"), "{name} links engine");
        assert!(!tree.contains("publish"), "{name} links publish");
    }
}

#[test]
fn a_room_imports_lower_floors_only() {
    let floors = BTreeMap::from(FLOORS);
    let metadata = metadata();

    let ours: Vec<_> = packages(&metadata).filter(|package| package["source"].is_null()).collect();
    assert_eq!(ours.len(), FLOORS.len(), "every crate has a floor");
    for package in ours {
        let name = package["name"].as_str().unwrap();
        for dependency in package["dependencies"].as_array().unwrap() {
            let Some(beneath) = floors.get(dependency["name"].as_str().unwrap()) else { continue };
            let is_for_tests = dependency["kind"] == "dev";
            assert!(
                is_for_tests || *beneath < floors[name],
                "{name} imports {}",
                dependency["name"]
            );
        }
    }
}

#[test]
fn the_tree_has_one_version_of_what_exchanges_batches() {
    let metadata = metadata();

    for name in ["arrow", "arrow-array", "parquet", "datafusion", "object_store", "sqlparser"] {
        let versions: Vec<_> = packages(&metadata)
            .filter(|package| package["name"] == name)
            .map(|package| package["version"].as_str().unwrap())
            .collect();
        assert_eq!(versions.len(), 1, "{name}: {versions:?}");
    }
}

#[test]
fn every_file_says_what_it_is_for() {
    let silent: Vec<_> = rust_files()
        .into_iter()
        .filter(|(_, text)| !text.starts_with("//!"))
        .map(|(path, _)| path)
        .collect();

    assert!(silent.is_empty(), "{silent:?}");
}

#[test]
fn no_file_is_two_rooms() {
    let long: Vec<_> = rust_files()
        .into_iter()
        .map(|(path, text)| (path, text.lines().count()))
        .filter(|(_, lines)| LINES_MAX < *lines)
        .collect();

    assert!(long.is_empty(), "{long:?}");
}

#[test]
fn nothing_is_left_for_later() {
    // Written in two parts, so that this file does not find itself.
    let marks = [
        ["TO", "DO"],
        ["FIX", "ME"],
        ["todo", "!("],
        ["unimplemented", "!("],
        ["dbg", "!("],
        ["#[ig", "nore"],
    ];

    let found: Vec<_> = rust_files()
        .into_iter()
        .filter(|(_, text)| marks.iter().any(|mark| text.contains(&mark.concat())))
        .map(|(path, _)| path)
        .collect();

    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn no_file_is_large() {
    let large: Vec<_> = tracked()
        .into_iter()
        .filter(|path| path.file_name().is_some_and(|name| name != "Cargo.lock"))
        .filter(|path| root().join(path).metadata().is_ok_and(|file| FILE_BYTES_MAX < file.len()))
        .collect();

    assert!(large.is_empty(), "{large:?}");
}

#[test]
fn every_command_is_in_the_readme_or_the_guide() {
    let guide: String = ["README.md", "docs/operating.md", "docs/commands.md"]
        .iter()
        .filter_map(|path| fs::read_to_string(root().join(path)).ok())
        .collect();
    let help = Command::new(env!("CARGO_BIN_EXE_readingroom")).arg("--help").output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();

    let commands: Vec<_> = help
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .collect();
    let missing: Vec<_> =
        commands.iter().filter(|name| !guide.contains(&format!("readingroom {name}"))).collect();
    assert!(10 < commands.len(), "{help}");
    assert!(missing.is_empty(), "{missing:?}");
}

/// An operator finds every number that the server counts in the guide, and no other.
#[test]
fn every_metric_is_in_the_guide() {
    let guide = fs::read_to_string(root().join("docs/operating.md")).unwrap();
    let described: BTreeSet<&str> = guide
        .lines()
        .filter_map(|line| line.strip_prefix("| `reading_room_")?.split('`').next())
        .collect();
    let metrics = gateway::metrics::Metrics::new().unwrap();

    let counted: BTreeSet<String> = metrics.names().collect();

    let counted: BTreeSet<&str> =
        counted.iter().filter_map(|name| name.strip_prefix("reading_room_")).collect();
    assert_eq!(counted, described);
}

/// `cargo run` and `cargo test` resolve the same features, or the engine compiles twice.
#[test]
fn the_two_commands_of_the_readme_share_their_dependencies() {
    let features = |words: &[&str]| {
        let output = Command::new(env!("CARGO"))
            .args(["tree", "--offline", "--locked", "--prefix", "none", "--format", "{p} {f}"])
            .args(words)
            .current_dir(root())
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).unwrap();
        let lines = text.lines().map(|line| line.trim_end_matches(" (*)").to_owned());
        lines.filter(|line| !line.is_empty()).collect::<BTreeSet<_>>()
    };

    let run = features(&["--package", "readingroom", "--edges", "normal,build"]);
    let test = features(&["--workspace", "--edges", "normal,build,dev"]);

    let differing: Vec<_> = run.difference(&test).collect();
    assert!(differing.is_empty(), "{differing:?}");
}

/// An operator finds every setting in the guide.
#[test]
fn every_setting_is_in_the_guide() {
    let guide = fs::read_to_string(root().join("docs/operating.md")).unwrap();
    let reference = gateway::settings::REFERENCE;

    let mut section = String::new();
    let mut missing = Vec::new();
    for line in reference.lines() {
        let Some(line) = line.strip_prefix("#?").or_else(|| line.strip_prefix('#')) else {
            continue;
        };
        if let Some(name) = line.strip_prefix('[') {
            section = format!("{}.", name.trim_matches(['[', ']']));
        } else if let Some((name, _)) =
            line.split_once(" = ").filter(|(name, _)| !name.contains(' '))
        {
            let shown = if section == "tokens.issuers." {
                name.to_owned()
            } else {
                format!("{section}{name}")
            };
            if !guide.contains(&format!("`{shown}`")) {
                missing.push(shown);
            }
        }
    }
    assert!(missing.is_empty(), "{missing:?}");
}
