//! One run of the publish path: read, validate, lay out, and the draft of what came of it.
//!
//! # Order
//! Rows are read and sorted at the same time; what may be published is known when all are read;
//! only then is the first file begun. A run that rejects leaves no file behind.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the engine has more errors than the one for a full disk"
)]

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::{Scope, ScopedJoinHandle, scope};

use datafusion::error::DataFusionError;
use domain::Sha256Digest;
use domain::codebook::{Kind, PeriodUnit};
use domain::publication::{Draft, Progress, PublishJob, Stage};

use crate::columns::Columns;
use crate::draft::{self, Outcome};
use crate::duplicates::Duplicates;
use crate::failure::{Fault, Halt, PublishFailure, Unfit};
use crate::findings::{self, Counts};
use crate::layout::file::WrittenFile;
use crate::layout::{Go, Layout};
use crate::orphans::{Reference, Wanted};
use crate::period::Periods;
use crate::published::Published;
use crate::read::parser::Parser;
use crate::read::reader::{Reader, unknown_period};
use crate::read::{Event, Work};
use crate::rule::Rule;
use crate::sort::keys::{Keyed, Keys};
use crate::sort::{SortLimits, sorted};
use crate::source::budget::Budget;
use crate::source::section::Section;
use crate::source::{Delivered, Walk, checksum, delivered};
use crate::tally::Tally;

/// Blocks and events that may wait for each thread.
const WAITING_PER_THREAD: usize = 2;

/// Periods that a snapshot may span, gaps included: a hundred years of months, ten of days.
const PERIODS_MAX: usize = 3_660;

/// A run, its parts laid ready.
pub(crate) struct Run<'a> {
    job: &'a PublishJob,
    columns: Columns,
    keys: Arc<Keys>,
    scratch: &'a Path,
    sources: Vec<Section>,
    kept: Vec<Section>,
    references: Vec<Vec<Section>>,
    threads: usize,
    budget: Arc<Budget>,
    /// Bytes read of the sources.
    bytes_read: Arc<AtomicU64>,
}

/// What is known once all rows are read.
struct Validated {
    tally: Tally,
    counts: Counts,
    /// The files that stay, by their place in the job.
    kept: Vec<(usize, Published)>,
    go: Go,
}

/// The thread that sorts and writes.
struct Writing<'scope> {
    thread: ScopedJoinHandle<'scope, Result<Vec<WrittenFile>, Fault>>,
    rows: SyncSender<Keyed>,
    go: Sender<Go>,
    progress: Receiver<u64>,
}

impl<'a> Run<'a> {
    /// Lays the parts ready.
    ///
    /// # Errors
    /// When the job and its descriptors disagree, or the codebook cannot be enforced.
    pub(crate) fn new(
        job: &'a PublishJob,
        sections: Vec<Section>,
        scratch: &'a Path,
    ) -> Result<Self, Fault> {
        let mut sections = sections.into_iter();
        let bytes_read = Arc::new(AtomicU64::new(0));
        let sources = sections.by_ref().take(job.sources.len());
        let sources = sources.map(|section| section.counting(Arc::clone(&bytes_read))).collect();
        let kept = sections.by_ref().take(job.kept.len()).collect();
        let references = job.references.iter();
        let references = references
            .map(|snapshot| sections.by_ref().take(snapshot.files.len()).collect())
            .collect();
        let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let columns = Columns::new(job.codebook.clone())?;
        Ok(Self {
            keys: Arc::new(Keys::new(&columns).map_err(Fault::Sort)?),
            columns,
            job,
            scratch,
            sources,
            kept,
            references,
            threads,
            budget: Budget::new(job.expanded_bytes_max),
            bytes_read,
        })
    }

    /// Runs.
    ///
    /// # Errors
    /// A report of what was rejected, or a fault.
    pub(crate) fn run(
        &self,
        on_progress: &mut dyn FnMut(Progress),
    ) -> Result<Draft, PublishFailure> {
        let period = match self.period() {
            Ok(period) => period,
            Err(unfit) => return Err(draft::rejected(&self.job.sources, unfit)),
        };
        let (written, validated, digests) = scope(|scope| {
            let digests = scope.spawn(|| self.digests());
            let writing = (!self.job.dry_run).then(|| self.start_writing(scope));
            let rows = writing.as_ref().map(|writing| writing.rows.clone());
            let read = self.read(scope, period, rows, on_progress);
            let validated = read.and_then(|tally| self.validate(tally, on_progress));
            let written = self.finish_writing(writing, validated, on_progress);
            let digests = joined(digests, "digest");
            written.map(|(written, validated)| (written, validated, digests))
        })?;
        let outcome = Outcome {
            written,
            kept: validated.kept,
            tally: validated.tally,
            counts: validated.counts,
            digests: digests?,
        };
        draft::draft(self.job, &self.columns, outcome)
    }

    /// The period that the steward named, as the day it begins.
    fn period(&self) -> Result<Option<i32>, Unfit> {
        let Some(name) = &self.job.period else { return Ok(None) };
        let Some(unit) = self.columns.period_unit else {
            let detail = "the dataset is published as a whole, and not in periods";
            return Err(Unfit::new(Rule::Period, detail));
        };
        let begin = Periods::new(unit).parse(name);
        begin.map(Some).map_err(|_| unknown_period(name, unit.form()))
    }

    /// The digests of the sources.
    fn digests(&self) -> Result<Vec<Sha256Digest>, Fault> {
        self.sources.iter().map(checksum::sha256).collect()
    }

    fn sort_limits(&self) -> SortLimits<'_> {
        SortLimits {
            // The rest is for keys, blocks on their way and row groups being encoded.
            memory_bytes: self.job.memory_bytes / 4 * 3,
            spill_bytes: self.job.spill_bytes,
            scratch: self.scratch,
        }
    }

    /// What the entries of keys or of references may hold in memory.
    fn entries_memory_bytes(&self) -> u64 {
        self.job.memory_bytes / 16
    }

    /// Starts the thread that sorts and, told so, writes.
    fn start_writing<'scope>(&'scope self, scope: &'scope Scope<'scope, '_>) -> Writing<'scope> {
        let (rows, inbox) = sync_channel(WAITING_PER_THREAD * self.threads);
        let (go, told) = channel();
        let (told_progress, progress) = channel();
        let thread = scope.spawn(move || {
            let schema = &self.columns.row_schema;
            let rows = sorted(&inbox, schema, &self.keys, self.sort_limits());
            let rows = rows.map_err(Fault::Sort)?;
            let Ok(go) = told.recv() else { return Ok(Vec::new()) };
            Layout::new(&self.columns, self.scratch, self.threads, told_progress).write(rows, &go)
        });
        Writing { thread, rows, go, progress }
    }

    /// Reads all sources.
    fn read<'scope>(
        &'scope self,
        scope: &'scope Scope<'scope, '_>,
        period: Option<i32>,
        rows: Option<SyncSender<Keyed>>,
        on_progress: &mut dyn FnMut(Progress),
    ) -> Result<Tally, Halt> {
        let memory_bytes = self.entries_memory_bytes();
        let references = Reference::all(
            &self.columns,
            &self.job.references,
            &self.references,
            memory_bytes,
            self.scratch,
        );
        let wanted: Vec<Wanted> = references.iter().map(Reference::wanted).collect();
        let mut tally =
            Tally::new(&self.columns, self.sources.len(), references, memory_bytes, self.scratch);
        let is_doomed = Arc::new(AtomicBool::new(false));
        let waiting = WAITING_PER_THREAD * self.threads;
        let (work, inbox) = sync_channel(waiting);
        let (events, news) = sync_channel(waiting);
        let reader = self.start_reading(scope, period, work, events.clone());
        let parsers = self.start_parsing(scope, inbox, rows, events, &wanted, &is_doomed);
        let result = self.listen(&news, &mut tally, &is_doomed, on_progress);
        drop(news);
        let read = reader.join().unwrap_or(Err(Fault::Panicked { thread: "reading" }.into()));
        parsers.into_iter().try_for_each(|parser| joined(parser, "parsing"))?;
        result?;
        read?;
        Ok(tally)
    }

    fn start_reading<'scope>(
        &'scope self,
        scope: &'scope Scope<'scope, '_>,
        period: Option<i32>,
        work: SyncSender<Work>,
        events: SyncSender<Event>,
    ) -> ScopedJoinHandle<'scope, Result<(), Halt>> {
        let sources: Vec<Delivered> = delivered(&self.job.sources, self.sources.clone());
        scope.spawn(move || {
            let (columns, budget) = (&self.columns, &self.budget);
            let reader = Reader { columns, period, budget, work, events, leaves: 0 };
            Walk::new(budget, self.scratch, reader).folder(sources)
        })
    }

    fn start_parsing<'scope>(
        &'scope self,
        scope: &'scope Scope<'scope, '_>,
        work: Receiver<Work>,
        rows: Option<SyncSender<Keyed>>,
        events: SyncSender<Event>,
        wanted: &[Wanted],
        is_doomed: &Arc<AtomicBool>,
    ) -> Vec<ScopedJoinHandle<'scope, Result<(), Fault>>> {
        let work = Arc::new(Mutex::new(work));
        let parser = |_| {
            let (work, is_doomed) = (Arc::clone(&work), Arc::clone(is_doomed));
            let (rows, events, references) = (rows.clone(), events.clone(), wanted.to_vec());
            let (columns, keys) = (&self.columns, &self.keys);
            let parser = Parser { columns, references, work, rows, keys, events, is_doomed };
            scope.spawn(move || parser.run())
        };
        (0..self.threads).map(parser).collect()
    }

    /// Adds up what comes to light until all has been read.
    fn listen(
        &self,
        news: &Receiver<Event>,
        tally: &mut Tally,
        is_doomed: &AtomicBool,
        on_progress: &mut dyn FnMut(Progress),
    ) -> Result<(), Halt> {
        for event in news {
            tally.add(event, &self.columns)?;
            if self.job.spill_bytes < tally.spilled_bytes() {
                return Err(beyond_disk().into());
            }
            if tally.rejects.is_too_much(self.job.rejects_max) {
                is_doomed.store(true, Ordering::Relaxed);
            }
            on_progress(self.progress(Stage::Read, tally.rows_read()));
        }
        Ok(())
    }

    /// Checks what can only be checked once all rows are read.
    fn validate(
        &self,
        mut tally: Tally,
        on_progress: &mut dyn FnMut(Progress),
    ) -> Result<Validated, Halt> {
        on_progress(self.progress(Stage::Validate, tally.rows_read()));
        let mut kept = Vec::new();
        for (place, section) in self.staying(&tally) {
            kept.push((place, Published::open(section)?));
        }
        let published: Vec<Published> = kept.iter().map(|(_, file)| file.clone()).collect();
        let keys = std::mem::replace(&mut tally.keys, crate::duplicates::keys(0, self.scratch));
        let duplicates = Duplicates::find(keys, &published, &self.columns, self.threads)?;
        tally.settle(&duplicates);
        let mut counts = Counts {
            duplicates: duplicates.equal.len() as u64,
            conflicts: duplicates.conflicting.len() as u64,
            orphans: Vec::new(),
        };
        let memory_bytes = self.entries_memory_bytes();
        for reference in std::mem::take(&mut tally.references) {
            let orphans =
                reference.orphans(&published, &self.columns, memory_bytes, self.scratch)?;
            counts.orphans.push(orphans);
        }
        self.check_span(&tally)?;
        let findings = findings::findings(self.job, &self.columns, &tally, &counts);
        let are_too_many = self.job.rejects_max < tally.rejects.rows_rejected();
        for finding in &findings {
            let verdict = findings::verdict(finding, &self.columns, &tally, &counts);
            let is_told = findings::is_told(finding, &findings, are_too_many);
            if let Some((file, unfit, count)) = verdict.filter(|_| !is_told) {
                tally.rejects.add_verdict(file, unfit, count);
            }
        }
        let periods =
            if self.columns.has_periods() { tally.periods.clone() } else { BTreeSet::from([0]) };
        let go = Go { dropped: duplicates.left_out(), periods };
        Ok(Validated { tally, counts, kept, go })
    }

    /// The kept files whose period does not come anew, with their place in the job.
    fn staying(&self, tally: &Tally) -> Vec<(usize, Section)> {
        let Some(unit) = self.columns.period_unit else { return Vec::new() };
        let periods = Periods::new(unit);
        let stays = |place: &usize| {
            let period = self.job.kept[*place].period.as_deref();
            let begin = period.and_then(|period| periods.parse(period).ok());
            begin.is_some_and(|begin| !tally.periods.contains(&begin))
        };
        let places = (0..self.kept.len()).filter(stays);
        places.map(|place| (place, self.kept[place].clone())).collect()
    }

    /// Checks that the periods are near enough to each other to be meant.
    fn check_span(&self, tally: &Tally) -> Result<(), Unfit> {
        let (Some(first), Some(last)) = (tally.periods.first(), tally.periods.last()) else {
            return Ok(());
        };
        let days = match self.columns.period_unit {
            Some(PeriodUnit::Month) => 31,
            Some(PeriodUnit::Day) | None => 1,
        };
        let span = usize::try_from((last - first) / days).unwrap_or(usize::MAX);
        if self.job.codebook.kind == Kind::State || span < PERIODS_MAX {
            return Ok(());
        }
        let detail = "its rows lie so many periods apart that some of their times must be wrong";
        Err(Unfit::new(Rule::Period, detail))
    }

    /// Tells the writing thread to write, or not to, and waits for it.
    fn finish_writing(
        &self,
        writing: Option<Writing<'_>>,
        validated: Result<Validated, Halt>,
        on_progress: &mut dyn FnMut(Progress),
    ) -> Result<(Vec<WrittenFile>, Validated), PublishFailure> {
        let is_wanted = validated
            .as_ref()
            .is_ok_and(|validated| !validated.tally.rejects.is_too_much(self.job.rejects_max));
        let mut validated = validated;
        let mut written = Ok(Vec::new());
        if let Some(Writing { thread, rows, go, progress }) = writing {
            drop(rows);
            if let Some(validated) = validated.as_mut().ok().filter(|_| is_wanted) {
                let told = go.send(std::mem::take(&mut validated.go));
                let mut rows = 0;
                // A thread that failed does not listen; why, it says when it is joined.
                for count in told.map(|()| progress.into_iter()).into_iter().flatten() {
                    rows += count;
                    on_progress(self.progress(Stage::LayOut, rows));
                }
            } else {
                drop(go);
            }
            written = joined(thread, "writing");
        }
        match (validated, written) {
            (Err(Halt::Fault(fault)), _) => Err(fault.into()),
            (Err(Halt::Unfit(unfit)), _) => Err(draft::rejected(&self.job.sources, unfit)),
            (Ok(validated), _) if !is_wanted => {
                let rows_read = validated.tally.rows_read();
                let report = validated.tally.rejects.into_report(rows_read);
                Err(PublishFailure::Rejected(report))
            }
            (_, Err(fault)) => Err(self.beyond_limits(fault)),
            (Err(Halt::Stopped), Ok(_)) => Err(Fault::Panicked { thread: "reading" }.into()),
            (Ok(validated), Ok(written)) => Ok((written, validated)),
        }
    }

    /// A fault, unless it is that the rows are too many for what sorting may use.
    fn beyond_limits(&self, fault: Fault) -> PublishFailure {
        match &fault {
            Fault::Sort(error)
                if matches!(error.find_root(), DataFusionError::ResourcesExhausted(_)) =>
            {
                draft::rejected(&self.job.sources, beyond_disk())
            }
            _ => fault.into(),
        }
    }

    fn progress(&self, stage: Stage, rows: u64) -> Progress {
        let bytes_total = self.job.sources.iter().map(|source| source.bytes).sum();
        let bytes_read = match stage {
            Stage::Receive | Stage::Read => {
                self.bytes_read.load(Ordering::Relaxed).min(bytes_total)
            }
            // What was not read by now holds no rows: the heads and the padding of archives.
            Stage::Validate | Stage::LayOut | Stage::Sign | Stage::Activate => bytes_total,
        };
        Progress { stage, bytes_read, bytes_total, rows }
    }
}

/// What is wrong with sources that cannot be sorted.
fn beyond_disk() -> Unfit {
    let detail = "there are more rows than can be sorted within the memory and disk that one \
                  publication may use; deliver fewer at once";
    Unfit::new(Rule::Size, detail)
}

/// Waits for a thread; a panic of its is a fault.
fn joined<T>(
    thread: ScopedJoinHandle<'_, Result<T, Fault>>,
    name: &'static str,
) -> Result<T, Fault> {
    thread.join().unwrap_or(Err(Fault::Panicked { thread: name }))
}
