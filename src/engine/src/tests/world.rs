//! Two small datasets in Parquet, mounted as a grant would, and a way to ask.

use std::fs::File;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int64Array, ListBuilder,
    StringArray, StringBuilder, TimestampMicrosecondArray,
};
use arrow::record_batch::RecordBatch;
use domain::codebook::{Class, Field, FieldType, Tier};
use domain::grant::RowBounds;
use domain::question::{
    KnownDataset, Mount, MountedField, MountedFile, OnLimit, Pin, Version, VersionWanted,
};
use domain::redaction::{Combined, MountedRedactions, Redaction, combine};
use domain::verdict::{Refusal, RefusalCode, Verdict};
use domain::{
    ColumnName, DatasetName, Date, Format, Limits, PseudonymKey, Question, Sha256Digest, SnapshotId,
};
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;
use tempfile::TempDir;

use crate::{Engine, NotPlanned, RunResult, Settings, Sink, SinkClosed, Vetted, schema};

/// A value that stands in the data and must never stand in a message.
pub(super) const SECRET: &str = "alice-secret";

/// The day at which the clock of every question stands.
pub(super) const AS_OF: &str = "2026-11-01";

/// One engine for all tests, as a worker has one for many questions.
pub(super) static ENGINE: LazyLock<Engine> = LazyLock::new(|| {
    let engine = unbound();
    engine.bind(key(1)).unwrap();
    engine
});

/// An engine that serves no project yet.
pub(super) fn unbound() -> Engine {
    Engine::new(Settings { threads: 2, scratch: std::env::temp_dir() }).unwrap()
}

/// The key of the pseudonyms of a project with a number.
pub(super) fn key(project: u8) -> PseudonymKey {
    PseudonymKey::new([project; PseudonymKey::LENGTH_BYTES])
}

/// Takes an answer into memory.
#[derive(Default)]
pub(super) struct Bytes(pub(super) Vec<u8>);

impl Sink for Bytes {
    fn write(&mut self, bytes: &[u8]) -> Result<(), SinkClosed> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }
}

/// What came of a question.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) verdict: Verdict,
    pub(super) result: RunResult,
    pub(super) body: Vec<u8>,
}

impl Told {
    pub(super) fn text(&self) -> String {
        assert!(matches!(self.result, RunResult::Finished(_)), "{:?}", self.result);
        String::from_utf8(self.body.clone()).unwrap()
    }
}

/// The datasets, and what of them is granted.
pub(super) struct World {
    folder: TempDir,
    pub(super) mounts: Vec<Mount>,
    /// Earlier versions of `ad_reach`, by the names that they are pinned by.
    pub(super) versions: Vec<(Version, Mount)>,
    pub(super) known: Vec<KnownDataset>,
}

impl World {
    /// All public columns of both datasets; of `ads` not the `secret`.
    pub(super) fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ads = mount(folder.path(), "ads", &ads_fields(), &[(None, ads())]);
        let files = [(Some("2026-01"), reach(0)), (Some("2026-02"), reach(1))];
        let mut reach = mount(folder.path(), "ad_reach", &reach_fields(), &files);
        reach.time_column = reach_fields().into_iter().find(|field| field.name.as_str() == "day");
        reach.member_state_column =
            reach_fields().into_iter().find(|field| field.name.as_str() == "member_state");
        let versions = versions(folder.path(), &reach);
        let mounts = vec![ads, reach];
        let mut known: Vec<KnownDataset> = mounts.iter().map(known_of).collect();
        for (name, absence) in [
            ("trader_names", domain::question::Absence::GrantMissing),
            (
                "disputes",
                domain::question::Absence::GrantExpired(domain::GrantId::parse("g-1").unwrap()),
            ),
            ("sanctions", domain::question::Absence::NotPublished),
        ] {
            known.push(KnownDataset {
                name: DatasetName::parse(name).unwrap(),
                tier: Tier::Public,
                columns: Vec::new(),
                absence: Some(absence),
            });
        }
        let world = Self { folder, mounts, versions, known };
        world.without("ads", &["secret"])
    }

    /// The same, without the grant of some columns.
    pub(super) fn without(mut self, dataset: &str, columns: &[&str]) -> Self {
        let mount = self.mount_mut(dataset);
        mount.fields.retain(|mounted| !columns.contains(&mounted.field.name.as_str()));
        self
    }

    /// The same, with the grant of every column of `ads`.
    pub(super) fn with_secret(mut self) -> Self {
        let all = ads_fields().into_iter().map(|field| MountedField { field, bytes: 100 });
        self.mount_mut("ads").fields = all.collect();
        self
    }

    /// The same, with rows outside the grant.
    pub(super) fn bounded(mut self, dataset: &str, rows: RowBounds) -> Self {
        self.mount_mut(dataset).rows = rows;
        self
    }

    /// The same, with identifiers in some columns, in all versions.
    pub(super) fn identified(mut self, dataset: &str, columns: &[&str]) -> Self {
        let versions = self.versions.iter_mut().map(|(_, mount)| mount);
        let mounts = self.mounts.iter_mut().chain(versions);
        for mount in mounts.filter(|mount| mount.dataset.as_str() == dataset) {
            for mounted in &mut mount.fields {
                if columns.contains(&mounted.field.name.as_str()) {
                    mounted.field.class = Class::Identifier;
                }
            }
        }
        self
    }

    /// The same, without what some redactions take out.
    pub(super) fn redacted(mut self, dataset: &str, redactions: &[Redaction]) -> Self {
        let Combined { targets, lists, cutoffs } = combine(redactions);
        let json = serde_json::to_vec(&lists).unwrap();
        let keys = MountedFile {
            sha256: Sha256Digest::of(&json),
            bytes: json.len() as u64,
            row_count: 0,
            period: None,
        };
        std::fs::write(self.folder.path().join(keys.sha256.to_string()), json).unwrap();
        let fields = ads_fields().into_iter().chain(reach_fields());
        let named: Vec<_> = targets.iter().flat_map(|target| target.key.clone()).collect();
        let clocks: Vec<_> = cutoffs.iter().map(|cutoff| cutoff.clock.clone()).collect();
        let mut fields: Vec<Field> = fields
            .filter(|field| named.contains(&field.name) || clocks.contains(&field.name))
            .collect();
        fields.sort_by(|a, b| a.name.cmp(&b.name));
        fields.dedup_by(|a, b| a.name == b.name);
        let redactions = MountedRedactions { targets, cutoffs, fields, keys: Some(keys) };
        self.mount_mut(dataset).redactions = Some(Box::new(redactions));
        self
    }

    pub(super) fn mount_mut(&mut self, dataset: &str) -> &mut Mount {
        self.mounts.iter_mut().find(|mount| mount.dataset.as_str() == dataset).unwrap()
    }

    /// A question with everything at its default.
    pub(super) fn question(&self, sql: &str) -> Question {
        Question {
            sql: sql.to_owned(),
            parameters_json: "[]".to_owned(),
            as_of: AS_OF.parse().unwrap(),
            limits: Limits::default(),
            on_limit: OnLimit::Stop,
            format: Format::Csv,
            explain: false,
            mounts: self.mounts.clone(),
            pins: Vec::new(),
            known: self.known.clone(),
        }
    }

    /// The files of a verdict's scans, as *go* brings them.
    pub(super) fn files(&self, question: &Question, verdict: &Verdict) -> Vec<File> {
        let files = question.files(verdict).into_iter();
        files
            .map(|(_, file)| File::open(self.folder.path().join(file.sha256.to_string())).unwrap())
            .collect()
    }

    /// Plans a question, and resolves what it pins as the gateway does.
    pub(super) fn plan(&self, question: Question) -> Result<(Vetted, Question), Refusal> {
        self.plan_by(&ENGINE, question)
    }

    fn plan_by(
        &self,
        engine: &Engine,
        mut question: Question,
    ) -> Result<(Vetted, Question), Refusal> {
        loop {
            let wanted = match engine.plan(question.clone()) {
                Ok(vetted) => return Ok((vetted, question)),
                Err(NotPlanned::Refused(refusal)) => return Err(refusal),
                Err(NotPlanned::Versions(wanted)) => wanted,
            };
            assert!(question.pins.is_empty(), "it asks once: {wanted:?}");
            for VersionWanted { dataset, version, position } in wanted {
                let is_wanted = |(of, _): &&(Version, Mount)| *of == version;
                let mut of_dataset = self.versions.iter().filter(|(_, it)| it.dataset == dataset);
                let found = of_dataset.find(is_wanted);
                let (_, mount) = found.ok_or_else(|| Refusal {
                    code: RefusalCode::NotFound,
                    detail: format!("no {version} of {dataset}"),
                    position,
                })?;
                let columns = columns_of(mount);
                question.pins.push(Pin { version, mount: mount.clone(), columns });
            }
        }
    }

    /// Plans and runs a question.
    pub(super) fn ask(&self, question: Question) -> Result<Told, Refusal> {
        self.ask_of(&ENGINE, question)
    }

    /// Has another engine plan and run a question.
    pub(super) fn ask_of(&self, engine: &Engine, question: Question) -> Result<Told, Refusal> {
        let (vetted, question) = self.plan_by(engine, question)?;
        let verdict = vetted.verdict().clone();
        let mut body = Bytes::default();
        let result = engine.run(vetted, self.files(&question, &verdict), &[], &mut body);
        Ok(Told { verdict, result, body: body.0 })
    }

    /// Plans and runs SQL, for CSV.
    pub(super) fn tell(&self, sql: &str) -> Told {
        let told = self.ask(self.question(sql));
        told.unwrap_or_else(|refusal| panic!("{sql}: {refusal:?}"))
    }

    /// The lines of an answer, without the header.
    pub(super) fn rows(&self, sql: &str) -> Vec<String> {
        self.tell(sql).text().lines().skip(1).map(str::to_owned).collect()
    }

    pub(super) fn refusal(&self, sql: &str) -> Refusal {
        match self.plan(self.question(sql)) {
            Ok(_) => panic!("{sql} passed"),
            Err(refusal) => refusal,
        }
    }
}

fn field(name: &str, field_type: FieldType, class: Class) -> Field {
    Field {
        name: ColumnName::parse(name).unwrap(),
        field_type,
        class,
        nullable: true,
        description: name.to_owned(),
        unit: None,
        categories: None,
        missing_values: Vec::new(),
        constraints: None,
        legal_source: None,
        since: 1,
        null_unless: None,
        free_text: false,
        derived: None,
    }
}

fn ads_fields() -> Vec<Field> {
    let public = |name, field_type| field(name, field_type, Class::Public);
    vec![
        public("ad_id", FieldType::String),
        public("advertiser", FieldType::String),
        public("first_shown", FieldType::Date),
        public("shown_at", FieldType::Datetime),
        public("price_eur", FieldType::Decimal),
        public("targeted", FieldType::Boolean),
        public("impressions", FieldType::Integer),
        public("score", FieldType::Number),
        public("states", FieldType::List),
        field("secret", FieldType::String, Class::Restricted),
    ]
}

fn reach_fields() -> Vec<Field> {
    let public = |name, field_type| field(name, field_type, Class::Public);
    vec![
        public("ad_id", FieldType::String),
        public("member_state", FieldType::String),
        public("day", FieldType::Date),
        public("recipients", FieldType::Integer),
    ]
}

fn day(text: &str) -> i32 {
    text.parse::<Date>().unwrap().to_epoch_days()
}

fn ads() -> RecordBatch {
    let mut states = ListBuilder::new(StringBuilder::new());
    for list in [Some(vec!["DE", "FR"]), Some(vec![]), None, Some(vec!["a,\"b"])] {
        match list {
            Some(items) => states.append_value(items.into_iter().map(Some)),
            None => states.append_null(),
        }
    }
    let days = ["2026-01-31", "2026-02-01", "2026-03-15", "2026-04-01"].map(day).to_vec();
    let moments = [0, 1_767_225_599_999_999, 1_769_904_000_000_000, -1];
    let prices = Decimal128Array::from(vec![Some(1_000), Some(99), None, Some(-525)]);
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("ad_id", Arc::new(StringArray::from(vec!["A1", "A2", "A3", "A4"]))),
        (
            "advertiser",
            Arc::new(StringArray::from(vec![Some("Acme"), Some("Acme"), Some(""), None])),
        ),
        ("first_shown", Arc::new(Date32Array::from(days))),
        (
            "shown_at",
            Arc::new(TimestampMicrosecondArray::from(moments.to_vec()).with_timezone("UTC")),
        ),
        ("price_eur", Arc::new(prices.with_precision_and_scale(18, 2).unwrap())),
        ("targeted", Arc::new(BooleanArray::from(vec![Some(true), Some(false), None, Some(true)]))),
        ("impressions", Arc::new(Int64Array::from(vec![Some(10), Some(20), Some(0), None]))),
        ("score", Arc::new(Float64Array::from(vec![Some(0.5), Some(f64::NAN), Some(1e300), None]))),
        ("states", Arc::new(states.finish())),
        ("secret", Arc::new(StringArray::from(vec![SECRET, "7", "8", "9"]))),
    ];
    RecordBatch::try_from_iter_with_nullable(
        columns.into_iter().map(|(name, array)| (name, array, true)),
    )
    .unwrap()
}

/// Two days of one month, three Member States each.
fn reach(month: usize) -> RecordBatch {
    let first = ["2026-01-01", "2026-02-01"].map(day)[month];
    let rows = (0..6_i32).map(|row| (first + 20 * (row / 3), ["DE", "FR", "IT"][row as usize % 3]));
    let (days, states): (Vec<i32>, Vec<&str>) = rows.unzip();
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("ad_id", Arc::new(StringArray::from(vec!["A1", "A1", "A1", "A2", "A2", "A2"]))),
        ("member_state", Arc::new(StringArray::from(states))),
        ("day", Arc::new(Date32Array::from(days))),
        ("recipients", Arc::new(Int64Array::from(vec![1, 2, 3, 4, 5, 6]))),
    ];
    RecordBatch::try_from_iter_with_nullable(
        columns.into_iter().map(|(name, array)| (name, array, true)),
    )
    .unwrap()
}

/// Writes the files of a dataset and mounts all its columns.
fn mount(
    folder: &Path,
    name: &str,
    fields: &[Field],
    files: &[(Option<&str>, RecordBatch)],
) -> Mount {
    let expected = schema::arrow_schema(fields);
    let files = files.iter().map(|(period, batch)| {
        assert_eq!(batch.schema().fields(), expected.fields(), "{name}");
        write(folder, *period, batch)
    });
    Mount {
        dataset: DatasetName::parse(name).unwrap(),
        snapshot: SnapshotId::from_digest(&Sha256Digest::of(name.as_bytes())),
        fields: fields
            .iter()
            .map(|field| MountedField { field: field.clone(), bytes: 100 })
            .collect(),
        rows: RowBounds::default(),
        time_column: None,
        member_state_column: None,
        files: files.collect(),
        sort_order: Vec::new(),
        redactions: None,
    }
}

/// Writes one file under its digest.
pub(super) fn write(folder: &Path, period: Option<&str>, batch: &RecordBatch) -> MountedFile {
    let properties = WriterProperties::builder().set_bloom_filter_enabled(true).build();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties)).unwrap();
    writer.write(batch).unwrap();
    let bytes = writer.into_inner().unwrap();
    let sha256 = Sha256Digest::of(&bytes);
    std::fs::write(folder.join(sha256.to_string()), &bytes).unwrap();
    MountedFile {
        sha256,
        bytes: bytes.len() as u64,
        row_count: batch.num_rows() as u64,
        period: period.map(str::to_owned),
    }
}

fn known_of(mount: &Mount) -> KnownDataset {
    let columns = columns_of(mount);
    KnownDataset { name: mount.dataset.clone(), tier: Tier::Public, columns, absence: None }
}

fn columns_of(mount: &Mount) -> Vec<(ColumnName, Class)> {
    mount.fields.iter().map(|m| (m.field.name.clone(), m.field.class)).collect()
}

/// The snapshot before the mounted one, which shares its first file and knew another column; and
/// the mounted one by its day.
fn versions(folder: &Path, now: &Mount) -> Vec<(Version, Mount)> {
    let mut fields = reach_fields();
    fields[3].name = ColumnName::parse("views").unwrap();
    let batch = reach(0);
    let columns = batch.columns().iter().cloned();
    let names = fields.iter().map(|field| field.name.as_str());
    let renamed = names.zip(columns).map(|(name, column)| (name, column, true));
    let batch = RecordBatch::try_from_iter_with_nullable(renamed).unwrap();
    let mut old = mount(folder, "ad_reach", &fields, &[(Some("2026-01"), batch)]);
    old.snapshot = SnapshotId::from_digest(&Sha256Digest::of(b"old"));
    let mut first = now.clone();
    first.snapshot = SnapshotId::from_digest(&Sha256Digest::of(b"first"));
    first.files.truncate(1);
    let day = |text: &str| Version::parse(text).unwrap();
    let by_id = Version::Snapshot(first.snapshot.clone());
    vec![
        (day("2026-08-01"), old),
        (day("2026-09-01"), first.clone()),
        (by_id, first),
        (day("2026-10-01"), now.clone()),
    ]
}

impl World {
    /// The same, with one more dataset of one file.
    pub(super) fn with_dataset(
        mut self,
        name: &str,
        fields: &[(&str, FieldType)],
        rows: &RecordBatch,
    ) -> Self {
        let fields: Vec<Field> =
            fields.iter().map(|(name, kind)| field(name, *kind, Class::Public)).collect();
        let mounted = mount(self.folder.path(), name, &fields, &[(None, rows.clone())]);
        self.known.push(known_of(&mounted));
        self.mounts.push(mounted);
        self
    }
}
