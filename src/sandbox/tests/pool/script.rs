//! The other side: a worker that does what the question's text says, and the parts to ask it.

use std::borrow::Cow;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::thread;
use std::time::Duration;

use domain::PseudonymKey;
use domain::codebook::{Codebook, Kind, Quality, Tier};
use domain::ids::{ColumnName, DatasetName, Sha256Digest};
use domain::limits::Limits;
use domain::outcome::Summary;
use domain::publication::{
    CompactDraft, CompactJob, CompactedFile, Draft, DraftFile, Progress, PublishJob, RejectReport,
    Stage,
};
use domain::question::{Format, MountedFile, OnLimit, Question, Version, VersionWanted};
use domain::redaction::{Ground, MountedRedactions, RedactionCount, RedactionCounts};
use domain::task::{PackedFile, Task, TaskEnd};
use domain::verdict::{Refusal, RefusalCode, Verdict};
use sandbox::protocol::{FromWorker, Receiver, Sender, ToWorker};
use sandbox::{Level, PoolSettings, ProcessLimits, WallSettings};

/// An argument that matches no test: it says that this process is a worker.
const AS_WORKER: &str = "as-worker";

/// A file beside the scratch folder: while it is there, no worker becomes ready.
pub(crate) const BROKEN: &str = "broken";

/// Settings whose worker is this program.
pub(crate) fn settings(folder: &Path) -> PoolSettings {
    let arguments = ["--exact", "worker_main", "--nocapture", "--test-threads=1", AS_WORKER];
    PoolSettings {
        executable: std::env::current_exe().unwrap(),
        arguments: arguments.map(str::to_owned).to_vec(),
        scratch: folder.join("scratch"),
        workers_max: 4,
        warm: 1,
        idle_s: 3600,
        queries_per_worker_max: 1000,
        plan_ms_max: 3_600_000,
        queue_max: 8,
        queue_wait_ms: 3_600_000,
        threads: 1,
        publishers_max: 1,
        restart_wait: Duration::from_millis(1),
        restart_wait_max: Duration::from_millis(1),
        wall: WallSettings {
            level: Level::Off,
            queries: ProcessLimits::NONE,
            publications: ProcessLimits::NONE,
            is_tested: false,
            without: None,
        },
    }
}

/// A question that tells the worker what to do.
pub(crate) fn question(sql: &str) -> Question {
    Question {
        sql: sql.to_owned(),
        parameters_json: "[]".to_owned(),
        as_of: domain::Date::from_ymd_opt(2026, 11, 1).unwrap(),
        limits: Limits::default(),
        on_limit: OnLimit::Stop,
        format: Format::Csv,
        explain: false,
        mounts: Vec::new(),
        pins: Vec::new(),
        known: Vec::new(),
    }
}

/// A publication whose codebook's title tells the worker what to do.
pub(crate) fn job(title: &str) -> PublishJob {
    let key = ColumnName::parse("ad_id").unwrap();
    PublishJob {
        codebook: Codebook {
            name: DatasetName::parse("ads").unwrap(),
            title: title.to_owned(),
            description: String::new(),
            legal_basis: Vec::new(),
            tier: Tier::Public,
            row_unit: String::new(),
            kind: Kind::State,
            period_unit: None,
            primary_key: vec![key.clone()],
            foreign_keys: Vec::new(),
            sort_order: vec![key],
            time_column: None,
            member_state_column: None,
            retention: None,
            schema_version: 1,
            known_gaps: Vec::new(),
            fields: Vec::new(),
            quality: Quality::default(),
            diff_by: None,
            changelog: Vec::new(),
        },
        as_of: domain::Date::from_ymd_opt(2026, 11, 1).unwrap(),
        period: None,
        sources: Vec::new(),
        offsets: Vec::new(),
        previous: None,
        kept: Vec::new(),
        references: Vec::new(),
        rejects_max: 0,
        dry_run: false,
        memory_bytes: 0,
        spill_bytes: 0,
        expanded_bytes_max: 0,
    }
}

/// What is told of that many files that may hold something.
pub(crate) fn compaction(files: u64) -> CompactJob {
    let file = |number: u64| MountedFile {
        sha256: Sha256Digest::of(&number.to_le_bytes()),
        bytes: number,
        row_count: number,
        period: None,
    };
    CompactJob {
        codebook: job("compact").codebook,
        files: (0..files).map(file).collect(),
        redactions: MountedRedactions {
            targets: Vec::new(),
            cutoffs: Vec::new(),
            fields: Vec::new(),
            keys: None,
        },
        dry_run: true,
        memory_bytes: 0,
        spill_bytes: 0,
    }
}

/// The bytes of an answer of that length.
pub(crate) fn answer(bytes: usize) -> Vec<u8> {
    (0..=255).cycle().take(bytes).collect()
}

/// The worker: nothing happens unless this process was started as one.
pub(crate) fn work() {
    if !std::env::args().any(|argument| argument == AS_WORKER) {
        return;
    }
    let socket = sandbox::isolate::enter().unwrap();
    let raw = socket.try_clone().unwrap();
    let (mut receiver, sender) = Receiver::open(socket).unwrap();
    let Some((ToWorker::Hello { wall: wanted, .. }, files)) = receiver.receive().unwrap() else {
        std::process::exit(0);
    };
    std::env::set_current_dir(&wanted.scratch).unwrap();
    if Path::new("../..").join(BROKEN).exists() {
        std::process::exit(3);
    }
    let raised = sandbox::isolate::raise_or_tell(&wanted, &files, sender).unwrap();
    let Some((wall, mut sender)) = raised else { std::process::exit(0) };
    sender.send(&FromWorker::Ready(wall)).unwrap();
    let mut worker = Worker { sender, raw, keys: Vec::new(), sql: String::new() };
    while let Some((message, files)) = receiver.receive().unwrap() {
        worker.obey(message, files);
    }
    std::process::exit(0);
}

struct Worker {
    sender: Sender,
    raw: UnixStream,
    /// All keys that it was ever told.
    keys: Vec<PseudonymKey>,
    sql: String,
}

impl Worker {
    fn obey(&mut self, message: ToWorker<'static>, files: Vec<File>) {
        match message {
            ToWorker::Hello { .. } => panic!("greeted twice"),
            ToWorker::Bind { key } => self.keys.push(key),
            ToWorker::Plan(question) => self.plan(question),
            ToWorker::Go { .. } => self.go(files),
            ToWorker::Publish { job, .. } => self.publish(&job.codebook.title, files),
            ToWorker::Compact { job, .. } => self.compact(&job),
            ToWorker::Task { task, .. } => self.task(&task, files),
        }
    }

    fn say(&mut self, message: &FromWorker) {
        self.sender.send(message).unwrap();
    }

    fn plan(&mut self, question: Cow<'static, Question>) {
        self.sql = question.into_owned().sql;
        match self.sql.as_str() {
            "park in planning" => park(),
            "refuse" => self.say(&FromWorker::Refused(Refusal {
                code: RefusalCode::QueryRefused,
                detail: "no".to_owned(),
                position: None,
            })),
            "pin" => self.say(&FromWorker::Versions(vec![VersionWanted {
                dataset: DatasetName::parse("ads").unwrap(),
                version: Version::parse("2026-10-01").unwrap(),
                position: None,
            }])),
            _ => self.say(&FromWorker::Verdict(verdict())),
        }
    }

    fn go(&mut self, mut files: Vec<File>) {
        let sql = std::mem::take(&mut self.sql);
        let words: Vec<&str> = sql.split(' ').collect();
        let mut rows = u64::from(std::process::id());
        match words.as_slice() {
            ["chunk", bytes] => self.chunk(&answer(bytes.parse().unwrap())),
            ["concatenate"] => {
                let mut all = Vec::new();
                for file in &mut files {
                    assert!(file.write_all(b"x").is_err(), "a data file can be written");
                    file.read_to_end(&mut all).unwrap();
                }
                self.chunk(&all);
            }
            ["pid", "then", "park"] => {
                self.chunk(rows.to_string().as_bytes());
                park();
            }
            ["park"] => park(),
            ["abort"] => std::process::abort(),
            ["fork"] => drop(std::process::Command::new("true").status()),
            ["allocate", mebibytes] => {
                let bytes = mebibytes.parse::<usize>().unwrap() << 20;
                rows = std::hint::black_box(vec![1_u8; bytes]).len() as u64;
            }
            ["write", mebibytes] => {
                let bytes = mebibytes.parse::<usize>().unwrap() << 20;
                std::fs::write("long", vec![0_u8; bytes]).unwrap();
            }
            ["exit", code] => std::process::exit(code.parse().unwrap()),
            ["keys"] => self.chunk(&serde_json::to_vec(&self.keys).unwrap()),
            ["garbage"] => self.raw.write_all(b"\xff is no kind of frame").unwrap(),
            ["verdict", "again"] => self.say(&FromWorker::Verdict(verdict())),
            ["fault"] => self.say(&FromWorker::Fault { message: "at line 1".to_owned() }),
            ["spill", "then", "abort"] => {
                std::fs::create_dir_all("spill/deeper").unwrap();
                std::fs::write("spill/deeper/rows", "rows").unwrap();
                std::process::abort();
            }
            ["descriptors"] => {
                drop(files);
                rows = open_descriptors();
            }
            other => panic!("no such task: {other:?}"),
        }
        let rows_sha256 = Sha256Digest::of(b"");
        let summary =
            Summary { rows, rows_sha256, truncated: false, scan_bytes: 0, memory_peak_bytes: 0 };
        // After nonsense the gateway may be gone already.
        let _ = self.sender.send(&FromWorker::Finished(summary));
    }

    fn chunk(&mut self, bytes: &[u8]) {
        // Whoever stops taking an answer closes the socket before the kill arrives.
        let _ = self.sender.send_chunk(bytes);
    }

    /// Finds out what an archive holds: one file, with the archive's own bytes for its path.
    fn task(&mut self, task: &Task, mut files: Vec<File>) {
        let Task::List(list) = task else { panic!("no such task: {task:?}") };
        if list.name == "abort" {
            std::process::abort();
        }
        let mut path = String::new();
        files[0].read_to_string(&mut path).unwrap();
        let listed = vec![PackedFile { path, offset: 0, bytes: list.bytes }];
        self.say(&FromWorker::TaskEnded(Box::new(TaskEnd::Listed(listed))));
    }

    /// Tells of each file that it held something on every ground.
    fn compact(&mut self, job: &CompactJob) {
        let counts: RedactionCounts =
            Ground::STATED.into_iter().map(|ground| (ground, RedactionCount::default())).collect();
        let held = |of| CompactedFile { of, counts: counts.clone(), files: Vec::new() };
        let files = (0..job.files.len()).map(held).collect();
        let draft = CompactDraft { files };
        self.say(&FromWorker::Compacted(Box::new(draft)));
    }

    fn publish(&mut self, task: &str, files: Vec<File>) {
        if task == "reject" {
            // Whoever publishes has no use for a key.
            assert!(self.keys.is_empty());
            let report = RejectReport { rows_rejected: 7, ..RejectReport::default() };
            return self.say(&FromWorker::Rejected(report));
        }
        for stage in [Stage::Read, Stage::LayOut] {
            self.say(&FromWorker::Progress(Progress {
                stage,
                bytes_read: 0,
                bytes_total: 0,
                rows: 0,
            }));
        }
        let mut file = "1.parquet".to_owned();
        match task {
            "draft" => {
                let text = std::io::read_to_string(&files[0]).unwrap();
                std::fs::write(&file, text).unwrap();
            }
            "draft link" => std::os::unix::fs::symlink("/etc/passwd", &file).unwrap(),
            "draft hard link" => {
                std::fs::write("other", "rows").unwrap();
                std::fs::hard_link("other", &file).unwrap();
            }
            "draft elsewhere" => "../../source.csv".clone_into(&mut file),
            "draft nothing" => {}
            other => panic!("no such task: {other}"),
        }
        self.say(&FromWorker::Drafted(Box::new(draft(file))));
    }
}

fn verdict() -> Verdict {
    Verdict {
        scans: Vec::new(),
        columns: Vec::new(),
        scan_bytes: 0,
        plan_sha256: Sha256Digest::of(b""),
        explanation: None,
    }
}

fn draft(file: String) -> Draft {
    let sha256 = Sha256Digest::of(b"rows");
    Draft {
        files: vec![DraftFile { file, bytes: 4, sha256, row_count: 1, period: None }],
        kept: Vec::new(),
        row_count: 1,
        coverage: domain::manifest::Coverage::default(),
        columns: Vec::new(),
        sources: Vec::new(),
        quality: Vec::new(),
        rejects: RejectReport::default(),
    }
}

/// Does nothing until somebody kills this process.
fn park() -> ! {
    loop {
        thread::park();
    }
}

/// How many descriptors this process has open, the one that looks included.
pub(crate) fn open_descriptors() -> u64 {
    u64::try_from(std::fs::read_dir("/proc/self/fd").unwrap().count()).unwrap()
}
