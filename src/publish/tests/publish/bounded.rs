//! Hostile sources stay within the memory of a publication, whatever they would unpack to.
//!
//! Each is published in a process of its own, this same test binary started again, which says the
//! most memory it ever had.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use domain::publication::SourceFile;
use publish::PublishFailure;

use crate::desk::{Desk, traders, zip};
use crate::giant;

/// Names the folder with the one source to the process that publishes it.
const FOLDER_VARIABLE: &str = "PUBLISH_BOUNDED_FOLDER";

const MEGABYTE: u64 = 1024 * 1024;

/// What a publication may use here, and what it may unpack to: as generous as the defaults.
const MEMORY_BYTES: u64 = 128 * MEGABYTE;
const EXPANDED_BYTES_MAX: u64 = 64 * 1024 * MEGABYTE;

/// What the process itself takes: its program, its threads' stacks, its buffers.
const PROCESS_BYTES: u64 = 96 * MEGABYTE;

/// Publishes the one file of a folder, and says what came of it.
fn publish_alone(folder: &Path) {
    let path = fs::read_dir(folder).unwrap().next().unwrap().unwrap().path();
    let desk = Desk::of(traders()).with(|job| {
        job.sources.push(SourceFile {
            name: path.file_name().unwrap().to_str().unwrap().to_owned(),
            media_type: None,
            bytes: path.metadata().unwrap().len(),
        });
        job.memory_bytes = MEMORY_BYTES;
        job.expanded_bytes_max = EXPANDED_BYTES_MAX;
    });
    let scratch = tempfile::tempdir().unwrap();
    let files = vec![File::open(&path).unwrap()];
    match publish::run(desk.job, files, scratch.path(), &mut |_| {}) {
        Err(PublishFailure::Rejected(report)) => {
            let reject = &report.rejects[0];
            println!("rejected {} at {:?}: {}", reject.rule, reject.line, reject.detail);
        }
        Err(PublishFailure::Fault(fault)) => println!("fault {fault:?}"),
        Ok(_) => println!("published"),
    }
    let status = fs::read_to_string("/proc/self/status").unwrap();
    println!("{}", status.lines().find(|line| line.starts_with("VmHWM")).unwrap());
}

/// The rule that a hostile source breaks, after its memory was checked.
fn rule_of(name: &str, write: impl FnOnce(&mut File)) -> String {
    let folder = tempfile::tempdir().unwrap();
    write(&mut File::create(folder.path().join(name)).unwrap());
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "bounded::hostile_sources_stay_within_their_memory", "--nocapture"])
        .env(FOLDER_VARIABLE, folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8(child.stdout).unwrap();
    println!("{name}: {said}");
    let after = |word: &str| {
        let line = said.lines().find_map(|line| line.split_once(word));
        line.unwrap_or_else(|| panic!("{name} says no {word}: {said}")).1.trim()
    };
    let peak_kb: u64 = after("VmHWM:").trim_end_matches("kB").trim().parse().unwrap();
    assert!(peak_kb * 1024 < MEMORY_BYTES + PROCESS_BYTES, "{name}: {peak_kb} kB");
    after("rejected ").to_owned()
}

/// A text of a length, which compresses to next to nothing.
fn endless(file: &mut File, start: &str, with: u8, length: u64) {
    let mut encoder = zstd::Encoder::new(file, 1).unwrap();
    encoder.write_all(start.as_bytes()).unwrap();
    let piece = vec![with; MEGABYTE as usize];
    for _ in 0..length / MEGABYTE {
        encoder.write_all(&piece).unwrap();
    }
    encoder.finish().unwrap();
}

#[test]
fn hostile_sources_stay_within_their_memory() {
    if let Some(folder) = std::env::var_os(FOLDER_VARIABLE) {
        publish_alone(Path::new(&folder));
        return;
    }
    let gigabyte = 1024 * MEGABYTE;

    let rule = rule_of("giant.parquet", |file| file.write_all(&giant::giant("trader_id")).unwrap());
    assert!(rule.starts_with("size at None"), "{rule}");
    assert!(rule.contains(&giant::ROWS.to_string()), "{rule}");

    let columns: Vec<_> = (0..10_000).map(|number| format!("c{number}")).collect();
    let wide = format!("{}\n{}\n", columns.join(","), columns.join(","));
    let rule = rule_of("wide.csv", |file| file.write_all(wide.as_bytes()).unwrap());
    assert!(rule.starts_with("header at Some(1)"), "{rule}");

    let commas = |file: &mut File| endless(file, "trader_id\nt1", b',', gigabyte);
    assert!(rule_of("commas.csv.zst", commas).starts_with("size at Some(2)"));
    let line = |file: &mut File| endless(file, "trader_id\n", b'x', gigabyte);
    assert!(rule_of("line.csv.zst", line).starts_with("size at Some(2)"));
    let header = |file: &mut File| endless(file, "", b'x', gigabyte);
    assert!(rule_of("header.csv.zst", header).starts_with("size at Some(1)"));
    let object = |file: &mut File| endless(file, "{\"trader_id\":\"", b'x', gigabyte);
    assert!(rule_of("object.ndjson.zst", object).starts_with("size at Some(1)"));
    let nested = |file: &mut File| endless(file, "{\"sells_to\":", b'[', 8 * MEGABYTE);
    assert!(rule_of("nested.ndjson.zst", nested).starts_with("format at Some(1)"));

    let zeros = vec![b'0'; 256 * MEGABYTE as usize];
    let bomb = zip(&[("a.csv", &zeros)], false);
    drop(zeros);
    let rule = rule_of("bomb.zip", |file| file.write_all(&bomb).unwrap());
    assert!(rule.starts_with("size at Some(1)"), "{rule}");
}
