//! Publications: which are on their way, and what became of those that ended.
//!
//! Kept in memory: after a restart the catalogue and the log say what was published.
//!
//! # Invariant
//! A dataset has one publication on its way at most, from the first byte of its source until it
//! has ended; one that vanishes without an end is noted as failed.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::ids::PublicationId;
use domain::manifest::{Coverage, Finding, Source};
use domain::publication::{Draft, Progress, Reject, RejectReport, SourceFile, Stage};
use domain::{DatasetName, EditionId, Sha256Digest, SnapshotId, Timestamp};
use tokio::sync::{oneshot, watch};

use crate::http::problem::Problem;
use crate::publish::inbox::Inbox;
use crate::publish::{CancelError, Delivery, DeliveryKey, Order, PublishError};

/// How many publications that ended are remembered.
const ENDED_MAX: usize = 1_000;

/// Where a publication stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PublicationState {
    /// It is on its way.
    Running,
    /// Its snapshot is current in a new edition.
    Published,
    /// Its snapshot is there, to be activated later.
    Staged,
    /// A dry run found nothing that rejects it.
    Checked,
    /// Its source breaks the codebook.
    Rejected,
    /// It could not be carried out.
    Failed,
    /// A steward took it back.
    Cancelled,
}

impl PublicationState {
    /// All states.
    pub const ALL: [Self; 7] = [
        Self::Running,
        Self::Published,
        Self::Staged,
        Self::Checked,
        Self::Rejected,
        Self::Failed,
        Self::Cancelled,
    ];

    /// The state as clients read it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Published => "published",
            Self::Staged => "staged",
            Self::Checked => "checked",
            Self::Rejected => "rejected",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// What was found in a source.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// Rows read.
    pub rows_read: u64,
    /// Rows rejected.
    pub rows_rejected: u64,
    /// Rows of the snapshot; none where there is none.
    pub row_count: Option<u64>,
    /// The first rejected row of each kind, with how many more.
    pub rejects: Vec<Reject>,
    /// What was read, source by source.
    pub sources: Vec<Source>,
    /// What was found about the data's quality.
    pub quality: Vec<Finding>,
    /// Which periods the snapshot has.
    pub coverage: Coverage,
}

impl Report {
    /// What a draft tells.
    pub(crate) fn of(draft: &Draft) -> Self {
        Self {
            row_count: Some(draft.row_count),
            sources: draft.sources.clone(),
            quality: draft.quality.clone(),
            coverage: draft.coverage.clone(),
            ..Self::of_rejects(&draft.rejects)
        }
    }

    /// What a report on rejects tells.
    fn of_rejects(report: &RejectReport) -> Self {
        Self {
            rows_read: report.rows_read,
            rows_rejected: report.rows_rejected,
            rejects: report.rejects.clone(),
            ..Self::default()
        }
    }
}

/// One run of the publish path, as stewards see it.
#[derive(Clone, Debug, PartialEq)]
pub struct Publication {
    /// What was noted when its source had arrived.
    pub receipt: Receipt,
    /// Where it stands.
    pub state: PublicationState,
    /// How far it is, or was.
    pub progress: Progress,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// What was found in its source.
    pub report: Option<Report>,
    /// Its snapshot.
    pub snapshot: Option<SnapshotId>,
    /// The edition in which that is current.
    pub edition: Option<EditionId>,
    /// Why it did not succeed.
    pub problem: Option<Problem>,
}

/// What is noted of a delivery when it has arrived.
#[derive(Clone, Debug, PartialEq)]
pub struct Receipt {
    /// The publication's id.
    pub id: PublicationId,
    /// When it had arrived.
    pub created: Timestamp,
    /// What is asked for.
    pub order: Order,
    /// What was delivered.
    pub source: SourceFile,
    /// Its digest.
    pub source_sha256: Sha256Digest,
    /// What the steward wants it to be known by.
    pub key: Option<DeliveryKey>,
}

/// How a publication ended well.
#[derive(Debug)]
pub(crate) struct Success {
    pub(crate) state: PublicationState,
    pub(crate) snapshot: Option<SnapshotId>,
    pub(crate) edition: Option<EditionId>,
    pub(crate) report: Report,
}

/// Which publications there are.
#[derive(Debug)]
pub struct Publications {
    inbox: Inbox,
    /// Whose turn it is to make an edition.
    turn: tokio::sync::Mutex<()>,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    /// How many publications run.
    running: watch::Sender<usize>,
}

#[derive(Debug, Default)]
struct State {
    publications: BTreeMap<PublicationId, Publication>,
    /// What is on its way for which dataset; without an id while it is received.
    busy: HashMap<DatasetName, Option<PublicationId>>,
    /// What stops a publication, as long as it can be stopped.
    stops: HashMap<PublicationId, oneshot::Sender<PublishError>>,
    keys: HashMap<DeliveryKey, PublicationId>,
}

/// What a delivery may do.
pub(crate) enum Entrance {
    /// It is known already.
    Known(Box<Known>),
    /// It may be received.
    New(Place),
}

/// A delivery that came before under the same key.
pub(crate) struct Known(Publication);

/// A dataset's place, taken for a delivery; given up when dropped.
pub(crate) struct Place {
    dataset: Option<DatasetName>,
    shared: Arc<Shared>,
}

/// A publication on its way. Dropping it without an end notes it as failed.
pub(crate) struct Underway {
    progress: ProgressNote,
    stop: oneshot::Receiver<PublishError>,
}

/// Where a publication's progress is noted.
#[derive(Clone)]
pub(crate) struct ProgressNote {
    id: PublicationId,
    shared: Arc<Shared>,
}

impl Publications {
    /// Opens the inbox in a folder.
    ///
    /// # Errors
    /// When the folder cannot be made or emptied.
    pub fn open(folder: PathBuf) -> io::Result<Self> {
        let running = watch::Sender::new(0);
        Ok(Self {
            inbox: Inbox::open(folder)?,
            turn: tokio::sync::Mutex::default(),
            shared: Arc::new(Shared { state: Mutex::default(), running }),
        })
    }

    /// Where sources are received.
    pub(crate) fn inbox(&self) -> &Inbox {
        &self.inbox
    }

    /// Waits for the turn to make an edition.
    pub(crate) async fn turn(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.turn.lock().await
    }

    /// Takes the dataset's place for a delivery, unless it is known.
    ///
    /// # Errors
    /// When another publication of the dataset is on its way.
    pub(crate) fn enter(&self, delivery: &Delivery) -> Result<Entrance, PublishError> {
        let mut state = self.shared.lock();
        let known = delivery.key.as_ref().and_then(|key| state.keys.get(key));
        if let Some(known) = known.and_then(|id| state.publications.get(id)) {
            return Ok(Entrance::Known(Box::new(Known(known.clone()))));
        }
        let dataset = &delivery.order.dataset;
        if let Some(publication) = state.busy.get(dataset) {
            let (dataset, publication) = (dataset.clone(), publication.clone());
            return Err(PublishError::Busy { dataset, publication });
        }
        state.busy.insert(dataset.clone(), None);
        let shared = Arc::clone(&self.shared);
        Ok(Entrance::New(Place { dataset: Some(dataset.clone()), shared }))
    }

    /// Takes a dataset's place for what keeps publications of it away.
    ///
    /// # Errors
    /// When a publication of the dataset is on its way.
    pub(crate) fn occupy(&self, dataset: &DatasetName) -> Result<Place, PublishError> {
        let mut state = self.shared.lock();
        if let Some(publication) = state.busy.get(dataset) {
            let (dataset, publication) = (dataset.clone(), publication.clone());
            return Err(PublishError::Busy { dataset, publication });
        }
        state.busy.insert(dataset.clone(), None);
        Ok(Place { dataset: Some(dataset.clone()), shared: Arc::clone(&self.shared) })
    }

    /// One publication.
    #[must_use]
    pub fn find(&self, id: &PublicationId) -> Option<Publication> {
        self.shared.lock().publications.get(id).cloned()
    }

    /// Takes back a publication that is on its way.
    ///
    /// # Errors
    /// When there is none of that id, or it can no longer be taken back.
    pub fn cancel(&self, id: &PublicationId) -> Result<Publication, CancelError> {
        let mut state = self.shared.lock();
        let publication = state.publications.get(id).cloned().ok_or(CancelError::Unknown)?;
        match state.stops.remove(id) {
            Some(stop) => {
                // It may be ending at this very moment.
                let _ = stop.send(PublishError::Cancelled);
                Ok(publication)
            }
            None if publication.state != PublicationState::Running => Err(CancelError::Ended),
            None => Err(CancelError::TooLate),
        }
    }

    /// Stops every publication that can be stopped, since the server is being stopped.
    pub(crate) fn stop_all(&self) {
        for (_, stop) in self.shared.lock().stops.drain() {
            let _ = stop.send(PublishError::Closing);
        }
    }

    /// Waits until no publication runs.
    pub(crate) async fn idle(&self) {
        // The sender lives as long as this does.
        let _ = self.shared.running.subscribe().wait_for(|running| *running == 0).await;
    }
}

impl Known {
    /// The publication, if it is of the same order and the same bytes.
    pub(crate) fn confirm(
        self,
        order: &Order,
        sha256: Sha256Digest,
    ) -> Result<Publication, PublishError> {
        let receipt = &self.0.receipt;
        if receipt.order == *order && receipt.source_sha256 == sha256 {
            Ok(self.0)
        } else {
            Err(PublishError::KeyReused { publication: receipt.id.clone() })
        }
    }
}

impl Place {
    /// Notes a publication in the place.
    pub(crate) fn register(mut self, receipt: Receipt) -> (Publication, Underway) {
        let (stop, stopped) = oneshot::channel();
        let bytes_total = receipt.source.bytes;
        let publication = Publication {
            state: PublicationState::Running,
            progress: Progress { stage: Stage::Receive, bytes_read: 0, bytes_total, rows: 0 },
            ended: None,
            report: None,
            snapshot: None,
            edition: None,
            problem: None,
            receipt,
        };
        let id = publication.receipt.id.clone();
        let mut state = self.shared.lock();
        state.forget_oldest();
        if let Some(key) = &publication.receipt.key {
            state.keys.insert(key.clone(), id.clone());
        }
        if let Some(dataset) = self.dataset.take() {
            state.busy.insert(dataset, Some(id.clone()));
        }
        state.stops.insert(id.clone(), stop);
        state.publications.insert(id.clone(), publication.clone());
        drop(state);
        self.shared.running.send_modify(|running| *running += 1);
        let progress = ProgressNote { id, shared: Arc::clone(&self.shared) };
        (publication, Underway { progress, stop: stopped })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(dataset) = &self.dataset {
            self.shared.lock().busy.remove(dataset);
        }
    }
}

impl Underway {
    /// Where its progress is noted.
    pub(crate) fn progress(&self) -> ProgressNote {
        self.progress.clone()
    }

    /// Waits until it is to be stopped.
    pub(crate) async fn stopped(&mut self) -> PublishError {
        match (&mut self.stop).await {
            Ok(reason) => reason,
            // Nobody can stop it any more.
            Err(_) => std::future::pending().await,
        }
    }

    /// Makes sure that from here on it is not stopped.
    ///
    /// # Errors
    /// When it was stopped already.
    pub(crate) fn commit(&mut self) -> Result<(), PublishError> {
        self.progress.shared.lock().stops.remove(&self.progress.id);
        match self.stop.try_recv() {
            Ok(reason) => Err(reason),
            Err(_) => Ok(()),
        }
    }

    /// Notes how it ended.
    pub(crate) fn end(
        self,
        end: &Result<Success, PublishError>,
        now: Timestamp,
        name: impl FnOnce(Problem) -> Problem,
    ) {
        self.progress.change(|publication| {
            publication.ended = Some(now);
            match end {
                Ok(success) => {
                    publication.state = success.state;
                    publication.snapshot = success.snapshot.clone();
                    publication.edition = success.edition.clone();
                    publication.report = Some(success.report.clone());
                }
                Err(error) => {
                    publication.state = error.state();
                    if let PublishError::Rejected(report) = error {
                        publication.report = Some(Report::of_rejects(report));
                    }
                    publication.problem = Some(name(Problem::from(error).logged(error)));
                }
            }
        });
    }
}

impl Drop for Underway {
    fn drop(&mut self) {
        self.progress.change(|publication| {
            if publication.state == PublicationState::Running {
                publication.state = PublicationState::Failed;
                publication.problem = Some(Problem::internal());
            }
        });
        let mut state = self.progress.shared.lock();
        state.stops.remove(&self.progress.id);
        state.busy.retain(|_, publication| publication.as_ref() != Some(&self.progress.id));
        drop(state);
        self.progress.shared.running.send_modify(|running| *running -= 1);
    }
}

impl ProgressNote {
    /// Notes what the worker tells.
    pub(crate) fn note(&self, progress: Progress) {
        self.change(|publication| publication.progress = progress);
    }

    /// Notes that a stage is reached.
    pub(crate) fn reach(&self, stage: Stage) {
        self.change(|publication| publication.progress.stage = stage);
    }

    fn change(&self, change: impl FnOnce(&mut Publication)) {
        if let Some(publication) = self.shared.lock().publications.get_mut(&self.id) {
            change(publication);
        }
    }
}

impl State {
    /// Makes room for one more by forgetting the one that ended longest ago.
    fn forget_oldest(&mut self) {
        if self.publications.len() < ENDED_MAX {
            return;
        }
        let mut ended =
            self.publications.iter().filter(|(_, it)| it.state != PublicationState::Running);
        if let Some(oldest) = ended.next().map(|(id, _)| id.clone()) {
            self.publications.remove(&oldest);
            self.keys.retain(|_, id| *id != oldest);
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
