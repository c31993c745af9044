//! The steward's guide: its commands exist as they are written, and it explains every reject.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::room::{run, text};

/// A file of the repository.
fn file(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)).unwrap()
}

/// The commands in the guide's blocks, each on one line, without what follows a comment sign.
fn commands(guide: &str) -> Vec<String> {
    let blocks = guide.split("```sh\n").skip(1).filter_map(|block| block.split("```").next());
    let lines = blocks.map(|block| block.replace("\\\n", " ")).collect::<String>();
    let commands = lines.lines().filter(|line| line.starts_with("readingroom "));
    commands.map(|line| line.split(" # ").next().unwrap_or(line).to_owned()).collect()
}

/// The help of the command that a line of words begins with.
fn help<'a>(words: &mut impl Iterator<Item = &'a str>) -> String {
    let mut command = Vec::new();
    loop {
        let asked = [command.as_slice(), &["--help"]].concat();
        let output = run(&asked);
        assert!(output.status.success(), "readingroom {}", command.join(" "));
        let help = text(&output.stdout);
        if !help.contains("\nCommands:\n") {
            return help;
        }
        command.push(words.next().unwrap_or("help"));
    }
}

/// A steward who pastes a line must not be told that there is no such flag.
#[test]
fn every_command_of_the_stewards_guide_exists_with_its_flags() {
    let commands = commands(&file("docs/stewards-guide.md"));

    assert!(10 < commands.len(), "{commands:?}");
    for command in &commands {
        let mut words = command.split_whitespace().skip(1);
        let help = help(&mut words);
        let known: BTreeSet<_> =
            help.split_whitespace().map(|word| word.trim_end_matches(',')).collect();
        for flag in words.filter(|word| word.starts_with("--")) {
            assert!(known.contains(flag), "{command}: {flag}");
        }
    }
}

/// Whoever is told a rule by a report finds what it means and what to do about it.
#[test]
fn every_rule_of_a_reject_is_in_the_stewards_guide() {
    let guide = file("docs/stewards-guide.md");
    let explained: BTreeSet<_> = guide
        .lines()
        .skip_while(|line| *line != "## What each reject means")
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
        .collect();
    let source = file("src/publish/src/rule.rs");
    let rules: BTreeSet<_> = source
        .lines()
        .filter_map(|line| line.trim().strip_prefix("Self::")?.split_once(" => \""))
        .filter_map(|(_, name)| name.split('"').next())
        .collect();

    assert!(10 < rules.len(), "{rules:?}");
    assert_eq!(explained, rules);
}
