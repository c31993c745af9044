//! `worker`: the process in which SQL and data files are parsed.
//!
//! Knows the engine and the publish path, and one socket; does not know keys but that of its
//! project's pseudonyms, grants, the log, or where the data folder is.
//!
//! # Invariant
//! Nothing that this process says about a failure holds a value from the data, not even a panic.

use std::error::Error as _;
use std::fs::File;
use std::panic::PanicHookInfo;
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use domain::publication::{CompactJob, PublishJob};
use domain::task::{Task, TaskEnd};
use domain::{Notice, PseudonymKey, Question};
use engine::{Engine, NotPlanned, RunResult, Sink, SinkClosed, Vetted};
use publish::PublishFailure;
use sandbox::protocol::{FromWorker, Receiver, Sender, ToWorker};
use sandbox::{Wall, isolate};

use crate::output;

/// Gives up what a worker must not have, then does what the gateway says until it hangs up.
pub(crate) fn run() -> anyhow::Result<()> {
    let socket = isolate::enter()?;
    std::panic::set_hook(Box::new(note_panic));
    let (mut receiver, sender) = Receiver::open(socket).context("the control socket fails")?;
    let Some((hello, files)) = receiver.receive()? else { return Ok(()) };
    let ToWorker::Hello { wall: wanted, threads, .. } = hello else {
        bail!("the server did not say hello");
    };
    let Some((wall, sender)) = isolate::raise_or_tell(&wanted, &files, sender)? else {
        return Ok(());
    };
    let mut worker = Worker::start(sender, wall, wanted.scratch, threads)?;
    while let Some((message, files)) = receiver.receive()? {
        worker.obey(message, files)?;
    }
    Ok(())
}

/// Says where a panic was, never what it said: its text may print values.
fn note_panic(panic: &PanicHookInfo<'_>) {
    if let Some(place) = panic.location() {
        output::note(format_args!("a worker panicked at {place}"));
    }
}

/// A worker that is ready.
struct Worker {
    sender: Sender,
    scratch: PathBuf,
    engine: Engine,
    /// What was planned last, and waits for its files.
    vetted: Option<Vetted>,
}

impl Worker {
    /// Warms up, and says that it is ready.
    fn start(
        mut sender: Sender,
        wall: Wall,
        scratch: PathBuf,
        threads: usize,
    ) -> anyhow::Result<Self> {
        let settings = engine::Settings { threads, scratch: scratch.clone() };
        match Engine::new(settings) {
            Ok(engine) => {
                sender.send(&FromWorker::Ready(wall))?;
                Ok(Self { sender, scratch, engine, vetted: None })
            }
            Err(error) => Err(fault(&mut sender, error.to_string())),
        }
    }

    /// Does what one message says.
    fn obey(&mut self, message: ToWorker<'static>, files: Vec<File>) -> anyhow::Result<()> {
        match message {
            ToWorker::Bind { key } => self.bind(key),
            ToWorker::Plan(question) => self.plan(question.into_owned()),
            ToWorker::Go { notices, .. } => self.go(files, &notices),
            ToWorker::Publish { job, .. } => self.publish(job.into_owned(), files),
            ToWorker::Compact { job, .. } => self.compact(&job, files),
            ToWorker::Task { task, .. } => self.task(&task, files),
            ToWorker::Hello { .. } => Err(self.fault("it was greeted twice")),
        }
    }

    /// Serves one project from here on.
    fn bind(&mut self, key: PseudonymKey) -> anyhow::Result<()> {
        self.engine.bind(key).map_err(|error| self.fault(error.to_string()))
    }

    fn plan(&mut self, question: Question) -> anyhow::Result<()> {
        self.vetted = None;
        match self.engine.plan(question) {
            Ok(vetted) => {
                self.sender.send(&FromWorker::Verdict(vetted.verdict().clone()))?;
                self.vetted = Some(vetted);
            }
            Err(NotPlanned::Refused(refusal)) => {
                self.sender.send(&FromWorker::Refused(refusal))?;
            }
            Err(NotPlanned::Versions(wanted)) => {
                self.sender.send(&FromWorker::Versions(wanted))?;
            }
        }
        Ok(())
    }

    fn go(&mut self, files: Vec<File>, notices: &[Notice]) -> anyhow::Result<()> {
        let Some(vetted) = self.vetted.take() else {
            return Err(self.fault("it was told to go without a plan"));
        };
        match self.engine.run(vetted, files, notices, &mut Outlet(&mut self.sender)) {
            RunResult::Finished(summary) => self.sender.send(&FromWorker::Finished(summary))?,
            RunResult::Failed(kind) => self.sender.send(&FromWorker::Failed(kind))?,
            RunResult::LimitHit(hit) => self.sender.send(&FromWorker::LimitHit(hit))?,
            RunResult::Fault(error) => return Err(self.fault(error.to_string())),
        }
        Ok(())
    }

    fn publish(&mut self, job: PublishJob, files: Vec<File>) -> anyhow::Result<()> {
        let mut progress = |progress| {
            // A gateway that has gone kills this process; nothing is lost by going on till then.
            let _ = self.sender.send(&FromWorker::Progress(progress));
        };
        match publish::run(job, files, &self.scratch, &mut progress) {
            Ok(draft) => self.sender.send(&FromWorker::Drafted(Box::new(draft)))?,
            Err(PublishFailure::Rejected(report)) => {
                self.sender.send(&FromWorker::Rejected(report))?;
            }
            Err(PublishFailure::Fault(error)) if error.is_disk_full() => {
                self.sender.send(&FromWorker::DiskFull)?;
            }
            Err(PublishFailure::Fault(error)) => return Err(self.fault(told(&error))),
        }
        Ok(())
    }

    fn compact(&mut self, job: &CompactJob, files: Vec<File>) -> anyhow::Result<()> {
        match publish::compact(job, files, &self.scratch) {
            Ok(draft) => self.sender.send(&FromWorker::Compacted(Box::new(draft)))?,
            Err(fault) if fault.is_disk_full() => self.sender.send(&FromWorker::DiskFull)?,
            Err(fault) => return Err(self.fault(told(&fault))),
        }
        Ok(())
    }

    fn task(&mut self, task: &Task, files: Vec<File>) -> anyhow::Result<()> {
        let mut progress = |progress| {
            // As above.
            let _ = self.sender.send(&FromWorker::Progress(progress));
        };
        match publish::perform(task, files, &self.scratch, &mut progress) {
            Ok(end) => self.sender.send(&FromWorker::TaskEnded(Box::new(end)))?,
            Err(error) if error.is_disk_full() => {
                self.sender.send(&FromWorker::TaskEnded(Box::new(TaskEnd::DiskFull)))?;
            }
            Err(error) => return Err(self.fault(told(&error))),
        }
        Ok(())
    }

    fn fault(&mut self, message: impl Into<String>) -> anyhow::Error {
        fault(&mut self.sender, message.into())
    }
}

/// Says what is wrong with this worker; its end.
fn fault(sender: &mut Sender, message: String) -> anyhow::Error {
    let error = anyhow::anyhow!("the worker ends: {message}");
    // A gateway that has gone hears nothing, and needs to hear nothing.
    let _ = sender.send(&FromWorker::Fault { message });
    error
}

/// A fault with what the machine said, if it said anything; other causes may print values.
fn told(fault: &publish::Fault) -> String {
    let machine = fault.source().and_then(|cause| cause.downcast_ref::<std::io::Error>());
    match machine {
        Some(cause) => format!("{fault}: {cause}"),
        None => fault.to_string(),
    }
}

/// Where an answer's bytes go.
struct Outlet<'a>(&'a mut Sender);

impl Sink for Outlet<'_> {
    fn write(&mut self, bytes: &[u8]) -> Result<(), SinkClosed> {
        self.0.send_chunk(bytes).map_err(|_| SinkClosed)
    }
}
