//! A writer that is killed at any moment has lost nothing that it acknowledged.
//!
//! The writer is this same test binary, started again as a process of its own.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use ledger::{LeafIndex, Log, Record, SigningKey, verify_directory};

/// Names the folder to the process that is to be killed.
const FOLDER_VARIABLE: &str = "LEDGER_KILLED_FOLDER";

/// How often the writer is killed.
const ROUNDS: usize = 30;

fn entry(number: u64) -> Vec<u8> {
    format!("entry {number} {}", ".".repeat((number * 37 % 500) as usize)).into_bytes()
}

fn open(folder: &Path) -> (Log, Arc<SigningKey>) {
    let key = Arc::new(SigningKey::load(&folder.join("key")).unwrap());
    let (log, _) = Log::open(&folder.join("log"), Arc::clone(&key), Arc::new(())).unwrap();
    (log, key)
}

/// Appends in groups and seals all the while, and says which entries are durable, until killed.
fn write_until_killed(folder: &Path) {
    let (log, _) = open(folder);
    std::thread::scope(|scope| {
        scope.spawn(|| while log.seal_now().is_ok() {});
        let mut told = std::io::stdout().lock();
        let mut next = log.size().get();
        loop {
            let group: Vec<_> = (next..next + 1 + next % 9)
                .map(|number| log.append(Record { entry: entry(number), attachment: vec![7; 90] }))
                .collect();
            for append in group {
                let index = append.wait().unwrap();
                writeln!(told, "durable {index}").unwrap();
                next = index.get() + 1;
            }
        }
    });
}

/// Kills the writer once it has acknowledged that many entries; gives the last of them.
fn kill_after(folder: &Path, acknowledged: usize) -> u64 {
    let mut writer = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "nothing_acknowledged_is_lost_by_kill_9", "--nocapture"])
        .env(FOLDER_VARIABLE, folder)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut last = 0;
    let mut seen = 0;
    for line in BufReader::new(writer.stdout.take().unwrap()).lines() {
        // The kill may cut the last line short.
        let line = line.unwrap_or_default();
        let Some(index) = line.split_once("durable ").and_then(|(_, text)| text.parse().ok())
        else {
            continue;
        };
        last = index;
        seen += 1;
        if seen == acknowledged {
            writer.kill().unwrap();
        }
    }
    writer.wait().unwrap();
    last
}

#[test]
fn nothing_acknowledged_is_lost_by_kill_9() {
    if let Some(folder) = std::env::var_os(FOLDER_VARIABLE) {
        write_until_killed(Path::new(&folder));
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    SigningKey::generate("example.com/room").unwrap().save(&folder.path().join("key")).unwrap();
    let mut since: Option<String> = None;

    for round in 0..ROUNDS {
        let last = kill_after(folder.path(), 1 + round * 13 % 70);
        let (log, key) = open(folder.path());
        assert!(log.size().holds(LeafIndex::new(last)), "round {round}");
        for (record, number) in log.records_from(LeafIndex::FIRST).zip(0..) {
            assert_eq!(record.unwrap().entry, entry(number));
        }
        drop(log);
        let path = folder.path().join("log");
        let verified = verify_directory(&path, key.verifying_key(), since.as_deref()).unwrap();
        since = Some(verified.checkpoint.as_str().to_owned());
    }
}
