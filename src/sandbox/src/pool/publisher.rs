//! A publisher: one worker for one publication, apart from those that answer questions.
//!
//! # Invariant
//! The worker is dead before its draft is handed out, so nothing changes the files any more; they
//! stay for as long as the draft's folder is held.

use std::borrow::Cow;
use std::fs::File;
use std::sync::Arc;

use domain::publication::{CompactDraft, CompactJob, Draft, Progress, PublishJob, RejectReport};
use domain::task::{Task, TaskEnd};

use super::LeaseError;
use super::admission::Place;
use super::lease::{KillHandle, WorkerError, explain};
use super::line::{Incoming, Line};
use super::process::Process;
use super::scratch::ScratchFolder;
use super::spawner::Started;
use crate::end::{Stop, WorkerEnd};
use crate::protocol::{FromWorker, ToWorker, encode_job};

/// How a publication's run ended.
#[derive(Debug)]
pub enum PublishEnd {
    /// The files are made.
    Drafted {
        /// What they are; each is a plain file of the folder.
        draft: Box<Draft>,
        /// Where they lie, until this is dropped.
        folder: ScratchFolder,
    },
    /// The sources break the codebook.
    Rejected(RejectReport),
    /// The disk is full; what was written is gone.
    DiskFull,
}

/// How the writing anew of published files ended.
#[derive(Debug)]
pub enum CompactEnd {
    /// It is done.
    Compacted {
        /// What came of it; each file is a plain file of the folder.
        draft: Box<CompactDraft>,
        /// Where they lie, until this is dropped.
        folder: ScratchFolder,
    },
    /// There was no room left on the disk.
    DiskFull,
}

/// One worker for one publication. Dropping it kills the worker.
pub struct Publisher {
    process: Arc<Process>,
    line: Line,
    folder: Option<ScratchFolder>,
    place: Option<Place>,
    kill_handle: KillHandle,
}

impl Publisher {
    /// Takes a worker that was started for this; within a runtime.
    pub(super) fn open(started: Started, place: Place) -> Result<Self, LeaseError> {
        let Started { mut worker, folder } = started;
        let process = Arc::clone(&worker.process);
        let inbox = std::mem::take(&mut worker.inbox);
        let line = worker.socket.take().map(|socket| Line::open(socket, inbox).map(Line::for_jobs));
        let Some(Ok(line)) = line else {
            process.kill(Stop::Fault);
            process.keep(place);
            return Err(LeaseError::Lost { end: WorkerEnd::Stopped(Stop::Fault) });
        };
        let kill_handle = KillHandle::on(&process);
        Ok(Self { process, line, folder: Some(folder), place: Some(place), kill_handle })
    }

    /// Runs a publication; `files` are in the order that [`PublishJob`] names.
    ///
    /// # Errors
    /// [`WorkerError`].
    pub async fn run<P>(
        mut self,
        job: &PublishJob,
        files: Vec<File>,
        mut on_progress: P,
    ) -> Result<PublishEnd, WorkerError>
    where
        P: FnMut(Progress),
    {
        let message =
            ToWorker::Publish { job: Box::new(Cow::Borrowed(job)), descriptors: files.len() };
        if let Err(source) = self.send(&message, files).await {
            return Err(explain(&self.process, Err(source)).await);
        }
        loop {
            match self.line.receive_message().await {
                Ok(Incoming::Message(FromWorker::Progress(progress))) => on_progress(progress),
                Ok(Incoming::Message(FromWorker::Drafted(draft))) => {
                    return self.drafted(draft).await;
                }
                Ok(Incoming::Message(FromWorker::Rejected(report))) => {
                    self.process.kill(Stop::Served);
                    return Ok(PublishEnd::Rejected(report));
                }
                Ok(Incoming::Message(FromWorker::DiskFull)) => {
                    self.process.kill(Stop::Served);
                    return Ok(PublishEnd::DiskFull);
                }
                other => return Err(explain(&self.process, other).await),
            }
        }
    }

    /// Has published files written anew; `files` are in the order that [`CompactJob`] names.
    ///
    /// # Errors
    /// [`WorkerError`].
    pub async fn compact(
        mut self,
        job: &CompactJob,
        files: Vec<File>,
    ) -> Result<CompactEnd, WorkerError> {
        let message =
            ToWorker::Compact { job: Box::new(Cow::Borrowed(job)), descriptors: files.len() };
        if let Err(source) = self.send(&message, files).await {
            return Err(explain(&self.process, Err(source)).await);
        }
        match self.line.receive_message().await {
            Ok(Incoming::Message(FromWorker::Compacted(draft))) => {
                let folder = self.end().await?;
                folder.check(draft.files.iter().flat_map(|file| &file.files))?;
                Ok(CompactEnd::Compacted { draft, folder })
            }
            Ok(Incoming::Message(FromWorker::DiskFull)) => {
                self.process.kill(Stop::Served);
                Ok(CompactEnd::DiskFull)
            }
            other => Err(explain(&self.process, other).await),
        }
    }

    /// Has the worker find something out; `files` are in the order that [`Task`] names.
    ///
    /// # Errors
    /// [`WorkerError`].
    pub async fn perform<P>(
        mut self,
        task: &Task,
        files: Vec<File>,
        mut on_progress: P,
    ) -> Result<TaskEnd, WorkerError>
    where
        P: FnMut(Progress),
    {
        let task = Box::new(Cow::Borrowed(task));
        let message = ToWorker::Task { task, descriptors: files.len() };
        if let Err(source) = self.send(&message, files).await {
            return Err(explain(&self.process, Err(source)).await);
        }
        loop {
            match self.line.receive_message().await {
                Ok(Incoming::Message(FromWorker::Progress(progress))) => on_progress(progress),
                Ok(Incoming::Message(FromWorker::TaskEnded(end))) => {
                    self.process.kill(Stop::Served);
                    return Ok(*end);
                }
                other => return Err(explain(&self.process, other).await),
            }
        }
    }

    /// A handle that kills this publication's worker.
    #[must_use]
    pub fn kill_handle(&self) -> KillHandle {
        self.kill_handle.clone()
    }

    /// Hands over a message and its files.
    async fn send(
        &mut self,
        message: &ToWorker<'_>,
        files: Vec<File>,
    ) -> Result<(), crate::protocol::ProtocolError> {
        let frame = encode_job(message)?;
        self.line.send(&frame).await?;
        self.line.send_files(&files).await
    }

    /// Ends the worker; gives its folder.
    async fn end(&mut self) -> Result<ScratchFolder, WorkerError> {
        self.process.kill(Stop::Served);
        let end = self.process.ended().await;
        self.folder.take().ok_or(WorkerError::Lost { end })
    }

    /// Ends the worker, then looks at what it made.
    async fn drafted(mut self, draft: Box<Draft>) -> Result<PublishEnd, WorkerError> {
        let folder = self.end().await?;
        folder.check(draft.files.iter())?;
        Ok(PublishEnd::Drafted { draft, folder })
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        self.kill_handle.let_go();
        self.process.kill(Stop::Abandoned);
        if let Some(place) = self.place.take() {
            self.process.keep(place);
        }
    }
}
