//! Inside the wall: from SQL to answers.
//!
//! Floor 2. The engine (DataFusion) lives here. Knows the shared words; does not know projects,
//! grants beyond what is mounted, HTTP, processes, or where files lie.
//!
//! # Order
//! `parse` → `walk` → `plan` → `vet` → verdict, then, once files came, `run` → `encode`. No stage
//! looks back, and none parses or plans again: what was vetted is what runs.
//!
//! # Invariant
//! Nothing that leaves here holds the engine's own text, which prints values of the data.
//!
//! # Rooms
//! - [`offer`]: what is offered in SQL, in words.
//! - [`schema`]: the Arrow types behind the codebook's words.
//! - [`refusal`]: how planning says no.
//! - [`parse`], [`walk`]: text, tokens, syntax tree.
//! - [`plan`], [`vet`]: the plan, what may be in it, and the verdict.
//! - [`aggregate`]: functions of many rows that are ours.
//! - [`codes`]: grouping by text of which the codebook lists every value.
//! - [`texts`]: conditions on texts, once for each.
//! - [`mount`]: snapshots as tables.
//! - [`node`]: what nodes of a plan over one input have alike.
//! - [`redact`]: what the law takes out of rows.
//! - [`pseudonym`]: what a project sees in the place of identifiers.
//! - [`run`], [`encode`]: the answer.

mod aggregate;
mod codes;
mod encode;
mod mount;
mod node;
pub mod offer;
mod parse;
mod plan;
mod pseudonym;
pub mod redact;
mod refusal;
mod run;
pub mod schema;
mod texts;
mod vet;
mod walk;

#[cfg(test)]
mod tests;

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::thread;

use datafusion::execution::cache::cache_manager::FileMetadataCache;
use domain::question::VersionWanted;
use domain::verdict::{Refusal, Verdict};
use domain::{Notice, PseudonymKey, Question};
use tokio::runtime::Runtime;

pub use encode::{Sink, SinkClosed};
pub use run::{Fault, RunResult};

use encode::Shape;
use plan::{Context, Functions};
use pseudonym::Pseudonyms;
use run::{Prepared, Session};

/// Stack of the threads that plan, in bytes: plans of the longest statements allowed overflow
/// 8 MiB.
const PLANNER_STACK_BYTES: usize = 32 << 20;

/// Stack of the threads that run, in bytes.
const RUNNER_STACK_BYTES: usize = 8 << 20;

/// How an engine is set up.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Threads that run a query.
    pub threads: usize,
    /// The folder for what does not fit into memory; files in it have no names.
    pub scratch: PathBuf,
}

/// The engine could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Its threads could not be started.
    #[error("the engine's threads could not be started")]
    Threads(#[source] io::Error),
    /// It refused its own configuration.
    #[error("the engine could not be set up")]
    Engine,
}

/// The engine: plans questions, and runs what it planned.
#[derive(Debug)]
pub struct Engine {
    runtime: Runtime,
    functions: Arc<Functions>,
    footers: Arc<FileMetadataCache>,
    /// Of the one project that this engine serves, once it is bound to it.
    project: OnceLock<Project>,
    settings: Settings,
}

/// What an engine knows of the project that it serves.
#[derive(Debug)]
struct Project {
    key: PseudonymKey,
    pseudonyms: Arc<Pseudonyms>,
}

/// An engine was to serve a second project.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the engine serves another project")]
pub struct BoundToAnother;

/// Why a question was not planned.
#[derive(Clone, Debug, PartialEq)]
pub enum NotPlanned {
    /// It is refused; written for the one who asked.
    Refused(Refusal),
    /// It pins versions that the question does not have yet.
    Versions(Vec<VersionWanted>),
}

impl From<Refusal> for NotPlanned {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// A question that was planned and vetted.
#[derive(Debug)]
pub struct Vetted {
    verdict: Verdict,
    prepared: Prepared,
}

impl Vetted {
    /// What the plan would consult and give.
    #[must_use]
    pub fn verdict(&self) -> &Verdict {
        &self.verdict
    }
}

impl Engine {
    /// An engine, warm: its first question is no slower than the next.
    ///
    /// # Errors
    /// When threads cannot be started.
    pub fn new(settings: Settings) -> Result<Self, StartError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(settings.threads.max(1))
            .thread_stack_size(RUNNER_STACK_BYTES)
            .thread_name("engine")
            .enable_time()
            .build()
            .map_err(StartError::Threads)?;
        let footers = run::footers().map_err(|_| StartError::Engine)?;
        let (functions, project) = (plan::offered_functions(), OnceLock::new());
        let engine = Self { runtime, functions, footers, project, settings };
        engine.warm();
        Ok(engine)
    }

    /// Binds the engine to a project, by the key of its pseudonyms. Until then it can read no
    /// identifier.
    ///
    /// # Errors
    /// When it is bound to another already: what it keeps from one question to the next is of one
    /// project.
    pub fn bind(&self, key: PseudonymKey) -> Result<(), BoundToAnother> {
        let pseudonyms = Arc::new(Pseudonyms::under(&key));
        let bound = self.project.get_or_init(|| Project { key: key.clone(), pseudonyms });
        if bound.key == key { Ok(()) } else { Err(BoundToAnother) }
    }

    /// Plans a question; reads no data.
    ///
    /// # Errors
    /// [`NotPlanned`].
    pub fn plan(&self, question: Question) -> Result<Vetted, NotPlanned> {
        on_planner_thread(|| self.planned(&question)).unwrap_or_else(|Panicked| {
            let detail = "The statement cannot be planned. Write it in simpler parts, with WITH.";
            Err(refusal::invalid(detail, None).into())
        })
    }

    /// Runs a vetted question over the files of its snapshots, in the order of [`Question::files`].
    /// The notices go into answers whose form has a place for them.
    pub fn run(
        &self,
        vetted: Vetted,
        files: Vec<File>,
        notices: &[Notice],
        sink: &mut dyn Sink,
    ) -> RunResult {
        vetted.prepared.run(files, notices, &self.runtime, sink)
    }

    fn planned(&self, question: &Question) -> Result<Vetted, NotPlanned> {
        let parsed = parse::parse(&question.sql)?;
        let survey = walk::walk(&parsed)?;
        let functions = self.functions.at(question.as_of);
        let wanted = plan::check_names(&survey, question, &functions)?;
        if !wanted.is_empty() {
            return Err(NotPlanned::Versions(wanted));
        }
        let options = plan::config_options(self.settings.threads.max(1));
        let pseudonyms = self.project.get().map(|project| &project.pseudonyms);
        let context = Context::new(question, pseudonyms, &functions, &options);
        let analysed = plan::plan(parsed, &survey, question, &context)?;
        let vetted = vet::vet(analysed, &functions)?;

        let shape = Shape::of(vetted.plan().schema().as_arrow())?;
        let scratch = &self.settings.scratch;
        let mut session =
            Session::new(question, options.clone(), &functions, &self.footers, scratch)
                .map_err(|_| refusal::invalid("The statement cannot be planned.", None))?;
        let optimised = plan::optimise(vetted.plan().clone(), session.state())?;
        vet::check_left(&optimised)?;
        let readings = vet::readings(&optimised);
        if run::is_worthwhile(&readings) {
            session.push_filters_down();
        }
        let verdict = vet::verdict(&vetted, &readings, shape.columns().to_vec(), question)?;
        let files = question.files(&verdict).into_iter().map(|(_, file)| file.clone()).collect();
        let prepared = Prepared {
            plan: optimised,
            session,
            shape,
            files,
            limits: question.limits,
            on_limit: question.on_limit,
            format: question.format,
        };
        Ok(Vetted { verdict, prepared })
    }

    /// Runs a question about nothing, so that code and threads are there when one comes.
    fn warm(&self) {
        let question = Question {
            sql: "SELECT count(*), sum(a) FROM (VALUES (1), (2)) AS t(a) WHERE a < 2".to_owned(),
            parameters_json: "[]".to_owned(),
            as_of: domain::Date::default(),
            limits: domain::Limits::default(),
            on_limit: domain::question::OnLimit::Stop,
            format: domain::Format::Json,
            explain: false,
            mounts: Vec::new(),
            pins: Vec::new(),
            known: Vec::new(),
        };
        if let Ok(vetted) = self.plan(question) {
            self.run(vetted, Vec::new(), &[], &mut Nowhere);
        }
    }
}

/// Takes an answer that nobody wants.
struct Nowhere;

impl Sink for Nowhere {
    fn write(&mut self, _bytes: &[u8]) -> Result<(), SinkClosed> {
        Ok(())
    }
}

/// Something panicked on a planner thread.
#[derive(Clone, Copy, Debug)]
struct Panicked;

/// Does something on a thread with a large stack.
fn on_planner_thread<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T, Panicked> {
    thread::scope(|scope| {
        let thread = thread::Builder::new()
            .name("planner".to_owned())
            .stack_size(PLANNER_STACK_BYTES)
            .spawn_scoped(scope, work)
            .map_err(|_| Panicked)?;
        thread.join().map_err(|_| Panicked)
    })
}
