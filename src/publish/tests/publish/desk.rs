//! A steward's desk: what is delivered, and what comes of it.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use arrow::record_batch::RecordBatch;
use arrow::util::display::array_value_to_string;
use domain::manifest::{FileHash, Finding, Resource};
use domain::publication::{
    Draft, DraftFile, Progress, PublishJob, ReferencedSnapshot, Reject, RejectReport, SourceFile,
};
use domain::question::MountedFile;
use domain::redaction::{Combined, MountedRedactions, Redaction, combine};
use domain::{Codebook, DatasetName, Date, Sha256Digest};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use publish::PublishFailure;
use tempfile::TempDir;

/// A small dataset in whole snapshots.
const TRADERS: &str = "
name: traders
title: Traders
description: One row for each trader.
legal_basis: [DSA Art. 30]
tier: public
row_unit: trader
kind: state
primaryKey: [trader_id]
sort_order: [country, trader_id]
schema_version: 1
fields:
  - {name: trader_id, type: string, class: public, nullable: false, description: Its id.}
  - {name: country, type: string, class: public, nullable: true, description: Where., categories: [AT, BE, DE]}
  - {name: offers, type: integer, class: public, nullable: true, description: How many., constraints: {minimum: 0, maximum: 1000}}
  - {name: rating, type: number, class: public, nullable: true, description: How good.}
  - {name: turnover, type: decimal, class: restricted, nullable: true, description: Money.}
  - {name: is_company, type: boolean, class: public, nullable: true, description: Legal form.}
  - {name: since, type: date, class: public, nullable: true, description: Since., missingValues: [unknown]}
  - {name: seen_at, type: datetime, class: public, nullable: true, description: Last seen.}
  - {name: sells_to, type: list, class: public, nullable: true, description: Markets., categories: [AT, BE, DE]}
  - {name: legal_name, type: string, class: restricted, nullable: true, free_text: true, description: Name., null_unless: is_company = 'true', constraints: {maxLength: 12, pattern: '[A-Z].*'}}
changelog:
  - {schema_version: 1, date: 2026-11-23, note: First.}
";

/// A small dataset in months, whose rows point at traders and at each other.
const ACTIONS: &str = "
name: actions
title: Actions
description: One row for each action.
legal_basis: [DSA Art. 17]
tier: vetted
row_unit: action
kind: periods
period_unit: month
primaryKey: [action_id]
foreignKeys:
  - {fields: [trader_id], reference: {resource: traders, fields: [trader_id]}}
  - {fields: [reverses], reference: {resource: actions, fields: [action_id]}}
sort_order: [trader_id, decided_at]
time_column: decided_at
schema_version: 1
fields:
  - {name: action_id, type: string, class: public, nullable: false, description: Its id.}
  - {name: trader_id, type: string, class: public, nullable: true, description: Whose.}
  - {name: reverses, type: string, class: public, nullable: true, description: What it reverses.}
  - {name: decided_at, type: datetime, class: public, nullable: false, description: When.}
quality:
  report: {foreign_key_orphan: 0.1, null_share.trader_id: 0.5}
changelog:
  - {schema_version: 1, date: 2026-11-23, note: First.}
";

/// The codebook of a small dataset in whole snapshots.
pub(crate) fn traders() -> Codebook {
    codebook(TRADERS)
}

/// The codebook of a small dataset in months.
pub(crate) fn actions() -> Codebook {
    codebook(ACTIONS)
}

/// The codebook of a dataset of the house.
pub(crate) fn dataset(name: &str) -> Codebook {
    let datasets = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../datasets"));
    codebook(&fs::read_to_string(datasets.join(name).join("codebook.yaml")).unwrap())
}

/// Reads a codebook.
pub(crate) fn codebook(yaml: &str) -> Codebook {
    let codebook: Codebook = serde_saphyr::from_str(yaml).unwrap();
    assert_eq!(codebook.check(), Ok(()));
    codebook
}

/// A folder of the material that lies beside the repository, if it is there.
pub(crate) fn shared(folder: &str) -> Option<PathBuf> {
    let shared = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared"));
    let path = shared.join(folder);
    if !path.exists() {
        println!("skipped: {folder} is not there");
    }
    path.exists().then_some(path)
}

/// What a steward delivers.
pub(crate) struct Desk {
    pub job: PublishJob,
    scratch: TempDir,
    sources: Vec<Vec<u8>>,
    kept: Vec<PathBuf>,
    referenced: Vec<PathBuf>,
}

/// What came of it.
pub(crate) struct Made {
    pub draft: Draft,
    scratch: TempDir,
    pub codebook: Codebook,
}

impl Desk {
    /// A desk for a dataset, with nothing on it.
    pub(crate) fn of(codebook: Codebook) -> Self {
        const MEGABYTE: u64 = 1024 * 1024;
        let job = PublishJob {
            codebook,
            as_of: Date::from_ymd_opt(2026, 11, 23).unwrap(),
            period: None,
            sources: Vec::new(),
            offsets: Vec::new(),
            previous: None,
            kept: Vec::new(),
            references: Vec::new(),
            rejects_max: 0,
            dry_run: false,
            memory_bytes: 256 * MEGABYTE,
            spill_bytes: 256 * MEGABYTE,
            expanded_bytes_max: 64 * MEGABYTE,
        };
        let scratch = tempfile::tempdir().unwrap();
        Self { job, scratch, sources: Vec::new(), kept: Vec::new(), referenced: Vec::new() }
    }

    /// Puts a file on the desk.
    pub(crate) fn file(mut self, name: &str, bytes: impl AsRef<[u8]>) -> Self {
        let bytes = bytes.as_ref().to_vec();
        let length = bytes.len() as u64;
        self.job.sources.push(SourceFile {
            name: name.to_owned(),
            media_type: None,
            bytes: length,
        });
        self.sources.push(bytes);
        self
    }

    /// Says which period it is of.
    pub(crate) fn period(mut self, period: &str) -> Self {
        self.job.period = Some(period.to_owned());
        self
    }

    /// Keeps what was made before.
    pub(crate) fn beside(mut self, made: &Made) -> Self {
        for file in &made.draft.files {
            self.job.kept.push(Resource {
                name: file.file.clone(),
                path: format!("files/{}.parquet", file.sha256),
                format: "parquet".to_owned(),
                bytes: file.bytes,
                hash: FileHash(file.sha256),
                row_count: file.row_count,
                period: file.period.clone(),
            });
            self.kept.push(made.path(&file.file));
        }
        self
    }

    /// Lets foreign keys point at what was made of another dataset.
    pub(crate) fn pointing_at(mut self, dataset: &str, made: &Made) -> Self {
        self.job.references.push(ReferencedSnapshot {
            dataset: DatasetName::parse(dataset).unwrap(),
            files: made.mounted(),
        });
        self.referenced.extend(made.draft.files.iter().map(|file| made.path(&file.file)));
        self
    }

    /// Changes the job.
    pub(crate) fn with(mut self, change: impl FnOnce(&mut PublishJob)) -> Self {
        change(&mut self.job);
        self
    }

    /// Publishes, with every step of progress told.
    pub(crate) fn run(self, on_progress: &mut dyn FnMut(Progress)) -> Result<Made, PublishFailure> {
        let mut files = Vec::new();
        for bytes in &self.sources {
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(bytes).unwrap();
            files.push(file);
        }
        let published = self.kept.iter().chain(&self.referenced);
        files.extend(published.map(|path| File::open(path).unwrap()));
        let codebook = self.job.codebook.clone();
        match publish::run(self.job, files, self.scratch.path(), on_progress) {
            Ok(draft) => Ok(Made { draft, scratch: self.scratch, codebook }),
            Err(failure) => {
                let left = fs::read_dir(self.scratch.path()).unwrap().count();
                assert_eq!(left, 0, "a failed run leaves nothing behind");
                Err(failure)
            }
        }
    }

    /// Publishes what must be good.
    pub(crate) fn made(self) -> Made {
        match self.run(&mut |_| {}) {
            Ok(made) => made,
            Err(PublishFailure::Rejected(report)) => panic!("rejected: {report:#?}"),
            Err(PublishFailure::Fault(fault)) => panic!("fault: {fault:?}"),
        }
    }

    /// Publishes what must be rejected.
    pub(crate) fn rejected(self) -> RejectReport {
        match self.run(&mut |_| {}) {
            Ok(made) => panic!("published: {:#?}", made.draft),
            Err(PublishFailure::Rejected(report)) => report,
            Err(PublishFailure::Fault(fault)) => panic!("fault: {fault:?}"),
        }
    }

    /// The only reject of what must be rejected.
    pub(crate) fn reject(self) -> Reject {
        let report = self.rejected();
        let [reject] = report.rejects.as_slice() else { panic!("{report:#?}") };
        reject.clone()
    }
}

impl Made {
    /// Where a file lies.
    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.scratch.path().join(file)
    }

    /// The new files as another job names them.
    pub(crate) fn mounted(&self) -> Vec<MountedFile> {
        let file = |file: &DraftFile| MountedFile {
            sha256: file.sha256,
            bytes: file.bytes,
            row_count: file.row_count,
            period: file.period.clone(),
        };
        self.draft.files.iter().map(file).collect()
    }

    /// The new files, opened.
    pub(crate) fn open(&self) -> Vec<File> {
        let files = self.draft.files.iter();
        files.map(|file| File::open(self.path(&file.file)).unwrap()).collect()
    }

    /// The rows of all new files, columns by name.
    pub(crate) fn batches(&self) -> Vec<RecordBatch> {
        let read = |file: &DraftFile| {
            let bytes = fs::read(self.path(&file.file)).unwrap();
            assert_eq!(bytes.len() as u64, file.bytes);
            assert_eq!(Sha256Digest::of(&bytes), file.sha256);
            let reader = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(bytes));
            let reader = reader.unwrap();
            assert_eq!(
                reader.schema().fields(),
                engine::schema::arrow_schema(&self.codebook.fields).fields(),
                "files have the schema that the engine scans"
            );
            let batches: Vec<_> = reader.build().unwrap().collect::<Result<_, _>>().unwrap();
            let rows: usize = batches.iter().map(RecordBatch::num_rows).sum();
            assert_eq!(rows as u64, file.row_count);
            batches
        };
        self.draft.files.iter().flat_map(read).collect()
    }

    /// Some columns of all new rows, as text, `∅` for null.
    pub(crate) fn rows(&self, names: &[&str]) -> Vec<String> {
        let mut rows = Vec::new();
        for batch in self.batches() {
            for row in 0..batch.num_rows() {
                let values = names.iter().map(|name| {
                    let column = batch.column_by_name(name).unwrap();
                    if column.is_null(row) {
                        return "∅".to_owned();
                    }
                    array_value_to_string(column, row).unwrap()
                });
                rows.push(values.collect::<Vec<_>>().join(" "));
            }
        }
        rows
    }

    /// The findings of a rule: column, count and verdict.
    pub(crate) fn findings(&self, rule: &str) -> Vec<&Finding> {
        self.draft.quality.iter().filter(|finding| finding.rule == rule).collect()
    }
}

/// Redactions as a job names them, and the file of their keys.
pub(crate) fn mounted(redactions: &[Redaction], codebook: &Codebook) -> (MountedRedactions, File) {
    let Combined { targets, lists, cutoffs } = combine(redactions);
    let json = serde_json::to_vec(&lists).unwrap();
    let mut keys = tempfile::tempfile().unwrap();
    keys.write_all(&json).unwrap();
    let told = MountedFile {
        sha256: Sha256Digest::of(&json),
        bytes: json.len() as u64,
        row_count: lists.iter().map(|list| list.len() as u64).sum(),
        period: None,
    };
    let clocks = cutoffs.iter().map(|cutoff| &cutoff.clock);
    let fields = codebook.primary_key.iter().chain(clocks);
    let fields = fields.map(|name| codebook.field(name.as_str()).unwrap().clone()).collect();
    (MountedRedactions { targets, cutoffs, fields, keys: Some(told) }, keys)
}

/// A zip archive.
pub(crate) fn zip(entries: &[(&str, &[u8])], is_stored: bool) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let mut writer = zip::ZipWriter::new(&mut bytes);
    let method =
        if is_stored { zip::CompressionMethod::Stored } else { zip::CompressionMethod::Deflated };
    let options = zip::write::SimpleFileOptions::default().compression_method(method);
    for (name, entry) in entries {
        writer.start_file(*name, options).unwrap();
        writer.write_all(entry).unwrap();
    }
    writer.finish().unwrap();
    bytes.into_inner()
}

/// A folder as the command line sends it.
pub(crate) fn tar(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, entry) in entries {
        let mut header = tar::Header::new_gnu();
        header.set_size(entry.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        builder.append_data(&mut header, name, *entry).unwrap();
    }
    builder.into_inner().unwrap()
}
