//! A publisher: one worker for one publication, apart from those that answer questions.
//!
//! # Invariant
//! The worker is dead before its draft is handed out, so nothing changes the files any more; they
//! stay for as long as the draft's folder is held.

use std::borrow::Cow;
use std::fs::File;
use std::sync::Arc;

use domain::publication::{Draft, Progress, PublishJob, RejectReport};

use super::LeaseError;
use super::admission::Place;
use super::lease::{KillHandle, WorkerError, explain};
use super::line::{Incoming, Line};
use super::process::Process;
use super::scratch::ScratchFolder;
use super::spawner::Started;
use crate::end::{Stop, WorkerEnd};
use crate::protocol::{FromWorker, ToWorker, encode};

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
        let line = worker.socket.take().map(|socket| Line::open(socket, inbox));
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
        if let Err(source) = self.send(job, files).await {
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

    /// A handle that kills this publication's worker.
    #[must_use]
    pub fn kill_handle(&self) -> KillHandle {
        self.kill_handle.clone()
    }

    /// Hands over the job and its files.
    async fn send(
        &mut self,
        job: &PublishJob,
        files: Vec<File>,
    ) -> Result<(), crate::protocol::ProtocolError> {
        let job = Cow::Borrowed(job);
        let frame = encode(&ToWorker::Publish { job: Box::new(job), descriptors: files.len() })?;
        self.line.send(&frame).await?;
        self.line.send_files(&files).await
    }

    /// Ends the worker, then looks at what it made.
    async fn drafted(mut self, draft: Box<Draft>) -> Result<PublishEnd, WorkerError> {
        self.process.kill(Stop::Served);
        let end = self.process.ended().await;
        let Some(folder) = self.folder.take() else {
            return Err(WorkerError::Lost { end });
        };
        folder.check(&draft)?;
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
