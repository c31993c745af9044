//! Redactions: the list of each dataset, which only grows, and what it means for its snapshots.
//!
//! # Shape
//! `redactions/<dataset>.jsonl`: a line of canonical JSON for each redaction, with the digest of
//! the line before it. `redactions/<dataset>.clean.json`: which files hold nothing any more of the
//! first so many redactions; without it, more is looked through than needed, and nothing is lost.
//!
//! # Invariant
//! The log comes first: a line stands for an entry, and what a crash left out is added from there.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::PathBuf;
use std::sync::Arc;

use domain::codebook::Codebook;
use domain::question::{Mount, MountedFile};
use domain::redaction::{
    Combined, Ground, MountedRedactions, RedactedRows, Redaction, RedactionCount, combine,
};
use domain::{ColumnName, DatasetName, Date, Sha256Digest, Timestamp, canonical};
use rustix::fs::{MemfdFlags, SealFlags};
use serde::{Deserialize, Serialize};

use crate::Catalogue;
use crate::damage::{Damage, DamageKind};
use crate::folder::{self, FolderError, failed};
use crate::layout::Layout;

/// The mode of the lists: keys may be personal data.
const MODE_PRIVATE: u32 = 0o600;

/// A redaction in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// Its number among those of its dataset, from one.
    pub number: u64,
    /// Its entry in the log.
    pub entry: u64,
    /// When it was recorded.
    pub at: Timestamp,
    /// What it takes out.
    pub redaction: Redaction,
}

/// One line of a list.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    previous: Option<Sha256Digest>,
    entry: u64,
    at: Timestamp,
    redaction: Redaction,
}

/// The redactions of one dataset.
#[derive(Clone, Debug, Default)]
pub struct DatasetRedactions {
    recorded: Vec<Arc<Recorded>>,
    /// How many of them are written down, in how many bytes, and the digest of the last line.
    written: usize,
    written_bytes: u64,
    last: Option<Sha256Digest>,
    combined: Arc<Combined>,
    keys: Option<Keys>,
    /// Of the files that were looked through: how many redactions they hold nothing of.
    clean: BTreeMap<Sha256Digest, u64>,
}

/// What redactions on one ground name.
#[derive(Clone, Debug)]
pub(crate) struct Named {
    /// Rows and cells by key.
    pub(crate) count: RedactionCount,
    /// Rows of before this day, too.
    pub(crate) before: Option<Date>,
    /// When the last was recorded.
    pub(crate) at: Timestamp,
}

/// The keys of a dataset's redactions, as workers read them.
#[derive(Clone, Debug)]
struct Keys {
    file: MountedFile,
    /// In memory, sealed: whoever holds it can read it and nothing else.
    descriptor: Arc<File>,
}

impl DatasetRedactions {
    /// Those that were recorded, the oldest first.
    #[must_use]
    pub fn recorded(&self) -> &[Arc<Recorded>] {
        &self.recorded
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.recorded.len() as u64
    }

    /// One of which another takes out nothing more.
    #[must_use]
    pub fn covering(&self, redaction: &Redaction) -> Option<&Arc<Recorded>> {
        self.recorded.iter().find(|known| redaction.is_within(&known.redaction))
    }

    /// Whether a file holds nothing any more of what is taken out.
    #[must_use]
    pub fn is_clean(&self, file: &Sha256Digest) -> bool {
        self.clean.get(file).is_some_and(|through| self.count() <= *through)
    }

    /// The oldest redaction that a file may still hold something of.
    #[must_use]
    pub fn oldest_within(&self, file: &Sha256Digest) -> Option<&Arc<Recorded>> {
        let through = self.clean.get(file).copied().unwrap_or(0);
        self.recorded.get(usize::try_from(through).ok()?)
    }

    /// When the last redaction on a ground was recorded, among the first so many.
    pub(crate) fn last_of(&self, ground: Ground, through: u64) -> Option<Timestamp> {
        let mut first = self.recorded.iter().rev().filter(|it| it.number <= through);
        first.find(|it| it.redaction.ground == ground).map(|it| it.at)
    }

    /// What is named by the redactions that some files may still hold something of, by ground.
    pub(crate) fn outstanding<'a>(
        &self,
        files: impl Iterator<Item = &'a Sha256Digest>,
    ) -> BTreeMap<Ground, Named> {
        let through = files.map(|file| self.clean.get(file).copied().unwrap_or(0)).min();
        let through = through.unwrap_or_else(|| self.count());
        let mut named: BTreeMap<Ground, Named> = BTreeMap::new();
        for recorded in self.recorded.iter().filter(|it| through < it.number) {
            let Recorded { redaction, at, .. } = &**recorded;
            let of_ground = named.entry(redaction.ground).or_insert_with(|| Named {
                count: RedactionCount::default(),
                before: None,
                at: *at,
            });
            of_ground.at = *at;
            let (keys, columns) = (redaction.key_count(), redaction.columns.len() as u64);
            match &redaction.rows {
                RedactedRows::Before { day, .. } => {
                    of_ground.before = of_ground.before.max(Some(*day));
                }
                RedactedRows::Keys { .. } if columns == 0 => of_ground.count.rows += keys,
                RedactedRows::Keys { .. } => of_ground.count.cells += keys * columns,
            }
        }
        named
    }

    /// Whether they make cells of a column null.
    #[must_use]
    pub fn nulls(&self, column: &ColumnName) -> bool {
        self.combined.targets.iter().any(|target| target.cells.contains_key(column))
    }

    /// What is mounted beside a snapshot; nothing where rows cannot be named by its columns.
    #[must_use]
    pub fn mounted(&self, codebook: &Codebook) -> Option<MountedRedactions> {
        let named = self.combined.targets.iter().flat_map(|target| &target.key);
        let clocks = self.combined.cutoffs.iter().map(|cutoff| &cutoff.clock);
        let names: BTreeSet<&ColumnName> = named.chain(clocks).collect();
        let fields = names.into_iter().map(|name| codebook.field(name.as_str()).cloned());
        Some(MountedRedactions {
            targets: self.combined.targets.clone(),
            cutoffs: self.combined.cutoffs.clone(),
            fields: fields.collect::<Option<Vec<_>>>()?,
            keys: self.keys.as_ref().map(|keys| keys.file.clone()),
        })
    }

    /// Takes out of a mount what is to be taken out.
    pub(crate) fn apply(&self, mount: &mut Mount, codebook: &Codebook) {
        for mounted in &mut mount.fields {
            mounted.field.nullable |= self.nulls(&mounted.field.name);
        }
        if mount.files.iter().all(|file| self.is_clean(&file.sha256)) {
            return;
        }
        match self.mounted(codebook) {
            Some(redactions) => mount.redactions = Some(Box::new(redactions)),
            // Its rows cannot be told apart by what redactions name them by, so none is shown.
            None => mount.files.clear(),
        }
    }

    /// The keys as a file that workers read.
    ///
    /// # Errors
    /// When this process may open no more descriptors.
    pub fn open_keys(&self) -> io::Result<Option<File>> {
        self.keys.as_ref().map(|keys| keys.descriptor.try_clone()).transpose()
    }

    /// Adds one; what is told of all changes with it.
    fn push(&mut self, entry: u64, at: Timestamp, redaction: Redaction) {
        let number = self.count() + 1;
        self.recorded.push(Arc::new(Recorded { number, entry, at, redaction }));
    }

    /// Puts all together anew.
    fn combine(&mut self) -> io::Result<()> {
        let all = self.recorded.iter().map(|recorded| &recorded.redaction);
        let mut combined = combine(all);
        let lists = std::mem::take(&mut combined.lists);
        self.combined = Arc::new(combined);
        self.keys = if lists.is_empty() { None } else { Some(Keys::seal(&lists)?) };
        Ok(())
    }
}

impl Keys {
    /// Writes keys to memory that nobody can change any more.
    fn seal(lists: &[Vec<domain::redaction::Key>]) -> io::Result<Self> {
        let bytes = serde_json::to_vec(lists)?;
        let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
        let mut file = File::from(rustix::fs::memfd_create("redacted-keys", flags)?);
        file.write_all(&bytes)?;
        let seals = SealFlags::WRITE | SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL;
        rustix::fs::fcntl_add_seals(&file, seals)?;
        let told = MountedFile {
            sha256: Sha256Digest::of(&bytes),
            bytes: bytes.len() as u64,
            row_count: lists.iter().map(|list| list.len() as u64).sum(),
            period: None,
        };
        Ok(Self { file: told, descriptor: Arc::new(file) })
    }
}

/// The redactions of all datasets.
pub(crate) type Redactions = BTreeMap<DatasetName, Arc<DatasetRedactions>>;

/// Why the lists could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    #[error(transparent)]
    Damaged(#[from] Damage),
    #[error(transparent)]
    Folder(#[from] FolderError),
}

/// Reads the lists of all datasets; a last line that a crash tore is cut off.
pub(crate) fn read(layout: &Layout) -> Result<Redactions, ReadError> {
    let home = layout.redactions();
    folder::create(&home)?;
    let mut all = Redactions::new();
    for name in folder::names(&home)? {
        if name.starts_with(folder::TEMP_PREFIX) {
            folder::remove(&home.join(name))?;
        } else if let Some(dataset) = name.strip_suffix(".jsonl")
            && let Ok(dataset) = DatasetName::parse(dataset)
        {
            let read = read_list(layout, &dataset)?;
            all.insert(dataset, Arc::new(read));
        }
    }
    Ok(all)
}

fn read_list(layout: &Layout, dataset: &DatasetName) -> Result<DatasetRedactions, ReadError> {
    let path = layout.redaction_list(dataset);
    let mut bytes = fs::read(&path).map_err(failed("read", &path))?;
    let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    if whole < bytes.len() {
        bytes.truncate(whole);
        let cut = OpenOptions::new().write(true).open(&path).and_then(|file| {
            file.set_len(whole as u64)?;
            file.sync_all()
        });
        cut.map_err(failed("written", &path))?;
    }
    let mut list = DatasetRedactions::default();
    for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let damage = |kind| Damage { file: layout.relative(&path), kind };
        let read: Line =
            serde_json::from_slice(line).map_err(|error| damage(DamageKind::Malformed(error)))?;
        if read.previous != list.last || read.redaction.dataset != *dataset {
            return Err(damage(DamageKind::ChainBroken).into());
        }
        list.push(read.entry, read.at, read.redaction);
        list.last = Some(Sha256Digest::of(line));
    }
    (list.written, list.written_bytes) = (list.recorded.len(), whole as u64);
    list.clean = read_clean(&layout.clean_files(dataset));
    list.combine().map_err(failed("read", &path))?;
    Ok(list)
}

/// What files hold nothing any more; unreadable, none is known, and all are looked through again.
fn read_clean(path: &std::path::Path) -> BTreeMap<Sha256Digest, u64> {
    let bytes = fs::read(path).unwrap_or_default();
    serde_json::from_slice(&bytes).unwrap_or_default()
}

/// Adds a redaction to what is known; writing it down is [`append`]'s.
///
/// # Errors
/// When the keys cannot be laid out for workers.
pub(crate) fn with(
    before: Option<&Arc<DatasetRedactions>>,
    entry: u64,
    at: Timestamp,
    redaction: Redaction,
) -> io::Result<DatasetRedactions> {
    let mut list = before.map(|list| DatasetRedactions::clone(list)).unwrap_or_default();
    list.push(entry, at, redaction);
    list.combine()?;
    Ok(list)
}

/// Writes down, durably, what of a list is not written yet: also what failed earlier.
fn append(
    layout: &Layout,
    dataset: &DatasetName,
    list: &mut DatasetRedactions,
) -> Result<(), FolderError> {
    let path = layout.redaction_list(dataset);
    let (mut lines, mut last) = (Vec::new(), list.last);
    for recorded in list.recorded.iter().skip(list.written) {
        let Recorded { entry, at, redaction, .. } = Recorded::clone(recorded);
        let line = canonical::to_bytes(&Line { previous: last, entry, at, redaction })
            .map_err(io::Error::other)
            .map_err(failed("written", &path))?;
        last = Some(Sha256Digest::of(&line));
        lines.extend(line);
        lines.push(b'\n');
    }
    let write = || -> io::Result<()> {
        let mut options = OpenOptions::new();
        options.create(true).write(true).truncate(false).mode(MODE_PRIVATE);
        let file = options.open(&path)?;
        // An attempt that failed may have left half a line.
        file.set_len(list.written_bytes)?;
        file.write_all_at(&lines, list.written_bytes)?;
        file.sync_all()
    };
    write().map_err(failed("written", &path))?;
    folder::sync(&layout.redactions())?;
    list.last = last;
    (list.written, list.written_bytes) =
        (list.recorded.len(), list.written_bytes + lines.len() as u64);
    Ok(())
}

/// Notes that files hold nothing any more of the first so many redactions, and forgets files that
/// are not there any more.
pub(crate) fn note_clean(
    layout: &Layout,
    dataset: &DatasetName,
    list: &DatasetRedactions,
    clean: BTreeMap<Sha256Digest, u64>,
) -> Result<DatasetRedactions, FolderError> {
    let path = layout.clean_files(dataset);
    let bytes =
        canonical::to_bytes(&clean).map_err(io::Error::other).map_err(failed("written", &path))?;
    folder::replace(&path, &bytes)?;
    Ok(DatasetRedactions { clean, ..list.clone() })
}

impl DatasetRedactions {
    /// What is known of some files, with these as clean of the first so many.
    pub(crate) fn clean_with(
        &self,
        present: &BTreeSet<Sha256Digest>,
        clean: &BTreeSet<Sha256Digest>,
        through: u64,
    ) -> BTreeMap<Sha256Digest, u64> {
        let known = |file: &Sha256Digest| {
            let known = self.clean.get(file).copied();
            let now = clean.contains(file).then_some(through);
            known.max(now)
        };
        present.iter().filter_map(|file| Some((*file, known(file)?))).collect()
    }
}

impl Catalogue {
    /// Adds what an entry of the log takes out of a dataset, from now on under every scan.
    ///
    /// An entry that is known already changes nothing.
    ///
    /// # Errors
    /// When it cannot be written down: it is in force all the same, and the next start writes it.
    pub fn redact(
        &self,
        entry: u64,
        at: Timestamp,
        redaction: Redaction,
    ) -> Result<(), FolderError> {
        let _writing = self.writing();
        let dataset = redaction.dataset.clone();
        let view = self.view();
        let before = view.redactions(&dataset);
        let last = before.and_then(|list| list.recorded().last());
        if last.is_some_and(|last| entry <= last.entry) {
            return Ok(());
        }
        let place = self.layout.redactions();
        let mut list =
            with(before, entry, at, redaction).map_err(folder::failed("written", &place))?;
        let written = append(&self.layout, &dataset, &mut list);
        self.change_view(|view| {
            view.redactions.insert(dataset, Arc::new(list));
        });
        written
    }

    /// Notes files that hold nothing any more of a dataset's first so many redactions.
    ///
    /// # Errors
    /// When it cannot be written down: then they are looked through again.
    pub fn note_clean(
        &self,
        dataset: &DatasetName,
        files: &BTreeSet<Sha256Digest>,
        through: u64,
    ) -> Result<(), FolderError> {
        let _writing = self.writing();
        let view = self.view();
        let Some(list) = view.redactions(dataset) else { return Ok(()) };
        let snapshots = view.snapshots(dataset);
        let present = snapshots.iter().flat_map(|snapshot| &snapshot.manifest().resources);
        let present = present.map(|resource| resource.hash.0).collect();
        let clean = list.clean_with(&present, files, through);
        let list = note_clean(&self.layout, dataset, list, clean)?;
        self.change_view(|view| {
            view.redactions.insert(dataset.clone(), Arc::new(list));
        });
        Ok(())
    }
}

impl Layout {
    pub(crate) fn redactions(&self) -> PathBuf {
        self.data_dir().join("redactions")
    }

    fn redaction_list(&self, dataset: &DatasetName) -> PathBuf {
        self.redactions().join(format!("{dataset}.jsonl"))
    }

    fn clean_files(&self, dataset: &DatasetName) -> PathBuf {
        self.redactions().join(format!("{dataset}.clean.json"))
    }
}
