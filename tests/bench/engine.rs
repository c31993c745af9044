//! The engine over files, without gateway, processes or log: what a question costs by itself.
//!
//! Reads lines of JSON. The first says what is mounted, `{"threads": 2, "memory_bytes": …, "datasets":
//! [{"codebook": {…}, "files": ["…"]}]}`, with a `key` where there are identifiers; each that follows is a
//! question, `{"sql": "…"}`, answered by `{"ms": …, "rows": …, "memory_bytes": …}`. The answer itself is
//! written as Arrow, to nowhere; with `"csv": true` it comes along.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measurement, not a part of the product"
)]

use std::collections::HashMap;
use std::fs::File;
use std::io::BufRead as _;
use std::path::PathBuf;
use std::time::Instant;

use domain::question::{Mount, MountedField, MountedFile, OnLimit};
use domain::{
    Codebook, ColumnName, Format, Limits, PseudonymKey, Question, Sha256Digest, SnapshotId,
};
use engine::{Engine, RunResult, Settings, Sink, SinkClosed};
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use serde::Deserialize;

/// What is mounted.
#[derive(Deserialize)]
struct House {
    threads: usize,
    memory_bytes: u64,
    datasets: Vec<Dataset>,
    /// Of pseudonyms, in hexadecimal digits.
    key: Option<PseudonymKey>,
}

#[derive(Deserialize)]
struct Dataset {
    codebook: Codebook,
    files: Vec<PathBuf>,
}

#[derive(Deserialize)]
struct Asked {
    sql: String,
    #[serde(default)]
    csv: bool,
}

/// Counts an answer's bytes, and keeps them where they are asked for.
struct Counter {
    bytes: u64,
    kept: Option<Vec<u8>>,
}

impl Sink for Counter {
    fn write(&mut self, bytes: &[u8]) -> Result<(), SinkClosed> {
        self.bytes += bytes.len() as u64;
        if let Some(kept) = &mut self.kept {
            kept.extend_from_slice(bytes);
        }
        Ok(())
    }
}

fn main() {
    let mut lines = std::io::stdin().lock().lines();
    let house: House = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
    let scratch = tempfile::tempdir().unwrap();
    let settings = Settings { threads: house.threads, scratch: scratch.path().to_owned() };
    let engine = Engine::new(settings).unwrap();
    if let Some(key) = house.key {
        engine.bind(key).unwrap();
    }
    let mut paths = HashMap::new();
    let mounts: Vec<Mount> = house.datasets.iter().map(|it| mount(it, &mut paths)).collect();
    for line in lines {
        let asked: Asked = serde_json::from_str(&line.unwrap()).unwrap();
        println!("{}", answer(&engine, &mounts, &paths, house.memory_bytes, asked));
    }
}

/// Asks one question; says what it took.
fn answer(
    engine: &Engine,
    mounts: &[Mount],
    paths: &HashMap<Sha256Digest, PathBuf>,
    memory_bytes: u64,
    asked: Asked,
) -> serde_json::Value {
    let begin = Instant::now();
    let mut question = question(mounts, memory_bytes, asked.sql);
    if asked.csv {
        question.format = Format::Csv;
    }
    let vetted = engine.plan(question.clone()).unwrap_or_else(|why| panic!("{why:?}"));
    let files = question.files(vetted.verdict());
    let files = files.iter().map(|(_, file)| File::open(&paths[&file.sha256]).unwrap()).collect();
    let mut sink = Counter { bytes: 0, kept: asked.csv.then(Vec::new) };
    let RunResult::Finished(summary) = engine.run(vetted, files, &[], &mut sink) else {
        return serde_json::json!({"error": "it did not finish"});
    };
    serde_json::json!({
        "ms": begin.elapsed().as_secs_f64() * 1e3,
        "rows": summary.rows,
        "bytes": sink.bytes,
        "csv": sink.kept.map(|kept| String::from_utf8(kept).unwrap()),
        "scan_bytes": summary.scan_bytes,
        "memory_bytes": summary.memory_peak_bytes,
    })
}

fn question(mounts: &[Mount], memory_bytes: u64, sql: String) -> Question {
    let most = u64::MAX >> 1;
    let limits = Limits {
        memory_bytes,
        rows: most,
        bytes: most,
        scan_bytes: most,
        spill_bytes: most,
        ..Limits::default()
    };
    Question {
        sql,
        parameters_json: "[]".to_owned(),
        as_of: "2026-11-01".parse().unwrap(),
        limits,
        on_limit: OnLimit::Stop,
        format: Format::Arrow,
        explain: false,
        mounts: mounts.to_vec(),
        pins: Vec::new(),
        known: Vec::new(),
    }
}

/// Mounts all columns of a dataset; files are named by the digest of their path.
fn mount(dataset: &Dataset, paths: &mut HashMap<Sha256Digest, PathBuf>) -> Mount {
    let codebook = &dataset.codebook;
    let mut bytes: HashMap<String, u64> = HashMap::new();
    let files = dataset.files.iter().map(|path| {
        let reader = SerializedFileReader::new(File::open(path).unwrap()).unwrap();
        for column in reader.metadata().row_groups().iter().flat_map(|group| group.columns()) {
            let name = column.column_path().parts()[0].clone();
            *bytes.entry(name).or_default() += column.compressed_size().unsigned_abs();
        }
        let sha256 = Sha256Digest::of(path.to_str().unwrap().as_bytes());
        paths.insert(sha256, path.clone());
        MountedFile {
            sha256,
            bytes: path.metadata().unwrap().len(),
            row_count: reader.metadata().file_metadata().num_rows().unsigned_abs(),
            period: None,
        }
    });
    let files = files.collect();
    let field = |name: &Option<ColumnName>| {
        name.as_ref().and_then(|name| codebook.field(name.as_str())).cloned()
    };
    Mount {
        dataset: codebook.name.clone(),
        snapshot: SnapshotId::from_digest(&Sha256Digest::of(codebook.name.as_str().as_bytes())),
        fields: codebook
            .fields
            .iter()
            .map(|it| MountedField {
                field: it.clone(),
                bytes: bytes.get(it.name.as_str()).copied().unwrap_or_default(),
            })
            .collect(),
        rows: domain::grant::RowBounds::default(),
        time_column: field(&codebook.time_column),
        member_state_column: field(&codebook.member_state_column),
        files,
        sort_order: codebook.sort_order.clone(),
        redactions: None,
    }
}
