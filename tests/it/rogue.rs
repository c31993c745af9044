//! A worker that was taken over: whatever it does, the gateway stops it, says a problem, logs it, and
//! serves on.
//!
//! The rogue is this test program, behind the wall like any worker; what it does stands in the
//! question that it is asked.

use std::borrow::Cow;
use std::fs::File;
use std::io::Write as _;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use domain::codebook::Class;
use domain::outcome::Summary;
use domain::question::Question;
use domain::verdict::{AnswerColumn, Scan, Verdict};
use domain::{DatasetName, Sha256Digest, SnapshotId};
use sandbox::protocol::{FromWorker, Receiver, Sender, ToWorker};
use serde_json::{Value, json};

use crate::caller::{Answer, Caller};
use crate::furniture;
use crate::processes::{children, peak_bytes};
use crate::room::{Folder, ROOMY, Room};

/// An argument that matches no test: it says that this process is a worker.
const AS_ROGUE: &str = "as-rogue";

/// What the gateway may ever have.
const GATEWAY_BYTES_MAX: u64 = 256 << 20;

/// The worker itself; does nothing when it is run as a test.
#[test]
fn worker_main() {
    if std::env::args().any(|argument| argument == AS_ROGUE) {
        be_rogue();
        std::process::exit(0);
    }
}

fn be_rogue() {
    let socket = sandbox::isolate::enter().unwrap();
    let raw = socket.try_clone().unwrap();
    let (mut receiver, sender) = Receiver::open(socket).unwrap();
    let Some((ToWorker::Hello { wall: wanted, .. }, files)) = receiver.receive().unwrap() else {
        return;
    };
    let raised = sandbox::isolate::raise_or_tell(&wanted, &files, sender).unwrap();
    let Some((wall, mut sender)) = raised else { return };
    sender.send(&FromWorker::Ready(wall)).unwrap();
    let mut rogue = Rogue { sender, raw, question: None };
    while let Ok(Some((message, files))) = receiver.receive() {
        rogue.obey(message, files);
    }
}

/// A worker that does what a question says, good or bad.
struct Rogue {
    sender: Sender,
    raw: UnixStream,
    question: Option<Question>,
}

impl Rogue {
    fn obey(&mut self, message: ToWorker<'static>, _: Vec<File>) {
        match message {
            ToWorker::Plan(question) => self.plan(question),
            ToWorker::Go { .. } => self.go(),
            ToWorker::Hello { .. }
            | ToWorker::Bind { .. }
            | ToWorker::Publish { .. }
            | ToWorker::Compact { .. }
            | ToWorker::Task { .. } => {}
        }
    }

    /// The gateway may be gone at any moment; a rogue does not mind.
    fn say(&mut self, message: &FromWorker) {
        let _ = self.sender.send(message);
    }

    fn plan(&mut self, question: Cow<'static, Question>) {
        let question = question.into_owned();
        let mut verdict = honest(&question);
        match question.sql.as_str() {
            "hang in planning" => park(),
            "lie: another dataset" => {
                verdict.scans[0].dataset = DatasetName::parse("traders").unwrap();
            }
            "lie: no dataset at all" => {
                verdict.scans[0].dataset = DatasetName::parse("no_such_dataset").unwrap();
            }
            "lie: another snapshot" => {
                verdict.scans[0].snapshot = SnapshotId::from_digest(&Sha256Digest::of(b"other"));
            }
            "garbage in planning" => return self.raw.write_all(&[0xff; 4096]).unwrap_or_default(),
            "a frame without end" => return self.raw.write_all(&[1, 255, 255, 255, 255]).unwrap(),
            _ => {}
        }
        self.say(&FromWorker::Verdict(verdict));
        if question.sql == "two verdicts" {
            self.say(&FromWorker::Verdict(honest(&question)));
        }
        self.question = Some(question);
    }

    fn go(&mut self) {
        let sql = self.question.take().map(|question| question.sql).unwrap_or_default();
        match sql.as_str() {
            "hang" => park(),
            "garbage" => self.raw.write_all(&[0xff; 4096]).unwrap_or_default(),
            "ten gigabytes" => {
                let chunk = vec![b'x'; 256 << 10];
                while self.sender.send_chunk(&chunk).is_ok() {}
            }
            "messages without end" => {
                let message = "x".repeat(8_000_000);
                while self.sender.send(&FromWorker::Fault { message: message.clone() }).is_ok() {}
            }
            "fork" => drop(std::process::Command::new("/bin/true").status()),
            "connect" => drop(TcpStream::connect("127.0.0.1:1")),
            "open" => {
                let opened = ["/etc/passwd", "/proc/self/environ", "/", "/tmp"].map(File::open);
                if opened.iter().all(Result::is_err) {
                    let _ = self.sender.send_chunk(b"held back");
                }
            }
            "a count that is a lie" => {
                let _ = self.sender.send_chunk(b"n\r\n1\r\n");
            }
            _ => {}
        }
        let rows_sha256 = Sha256Digest::of(b"");
        self.say(&FromWorker::Finished(Summary {
            rows: u64::MAX,
            rows_sha256,
            truncated: false,
            scan_bytes: 0,
            memory_peak_bytes: u64::MAX,
        }));
    }
}

/// The verdict of a question that reads one column of the first dataset it may.
fn honest(question: &Question) -> Verdict {
    let mount = &question.mounts[0];
    let column = mount.fields[0].field.name.clone();
    Verdict {
        scans: vec![Scan {
            dataset: mount.dataset.clone(),
            snapshot: mount.snapshot.clone(),
            columns: vec![(column, Class::Public)],
        }],
        columns: vec![AnswerColumn { name: "n".to_owned(), column_type: "integer".to_owned() }],
        scan_bytes: 1,
        plan_sha256: Sha256Digest::of(b"a plan"),
        explanation: None,
    }
}

fn park() {
    loop {
        std::thread::park();
    }
}

/// A room whose workers are this program.
fn room_of_rogues() -> Room {
    let folder = Folder::new();
    furniture::publish(&folder);
    let worker = wrapper(&folder);
    let settings = format!("{ROOMY}[workers]\nexecutable = {worker:?}\n");
    folder.configure(&settings);
    folder.serve()
}

/// A program that becomes this one, since the gateway gives its workers one word only.
fn wrapper(folder: &Folder) -> PathBuf {
    let this = std::env::current_exe().unwrap();
    let words = format!("--exact rogue::worker_main --nocapture --test-threads=1 {AS_ROGUE}");
    let path = folder.delivery("rogue", format!("#!/bin/sh\nexec {} {words}\n", this.display()));
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).unwrap();
    path
}

/// The no that a misdeed meets.
fn no_to(caller: &Caller<'_>, misdeed: &str) -> (u16, Value) {
    let limits = json!({"wall_ms": 1000, "bytes": 10_000_000});
    let answer =
        Answer::of(caller.ask_with(&json!({"sql": misdeed, "limits": limits}), "text/csv"));
    let problem: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    (answer.status, problem["code"].clone())
}

#[test]
fn a_worker_that_misbehaves_is_stopped_and_the_house_serves_on() {
    let room = room_of_rogues();
    let ada = room.granted("ada", &["listings"]);
    let misdeeds = [
        ("hang in planning", 400, "query_refused"),
        ("lie: another dataset", 403, "grant_missing"),
        ("lie: no dataset at all", 403, "grant_missing"),
        ("lie: another snapshot", 409, "conflict"),
        ("garbage in planning", 500, "worker_lost"),
        ("a frame without end", 500, "worker_lost"),
        ("two verdicts", 500, "worker_lost"),
        ("hang", 422, "query_stopped"),
        ("garbage", 500, "worker_lost"),
        ("ten gigabytes", 422, "query_stopped"),
        ("messages without end", 500, "worker_lost"),
        ("fork", 500, "worker_lost"),
        ("connect", 500, "worker_lost"),
    ];

    for (misdeed, status, code) in misdeeds {
        assert_eq!(no_to(&ada, misdeed), (status, code.into()), "{misdeed}");
        assert_eq!(ada.csv("a count that is a lie"), "n\r\n1\r\n", "after: {misdeed}");
    }

    assert_eq!(ada.csv("open"), "held back");
    assert!(peak_bytes(room.server_id()).unwrap() < GATEWAY_BYTES_MAX);
    assert!(children(room.server_id()).len() <= 4, "no more workers than there should be");
    let logged: Vec<Value> =
        room.entries("outcome").iter().map(|it| it["outcome"].clone()).collect();
    assert!(logged.contains(&"worker_lost".into()), "{logged:?}");
}
