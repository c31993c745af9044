//! Publications: which are on their way, and what became of those that ended.
//!
//! Kept in memory: after a restart the catalogue and the log say what was published.
//!
//! # Invariant
//! A dataset has one publication on its way at most, from the first byte of its source until it
//! has ended; one that vanishes without an end is noted as failed.

mod publication;

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::ids::PublicationId;
use domain::publication::{Progress, Stage};
use domain::{DatasetName, Sha256Digest, Timestamp};
use tokio::sync::{oneshot, watch};

use crate::http::problem::Problem;
use crate::publish::comparisons::Comparisons;
use crate::publish::inbox::Inbox;
use crate::publish::{CancelError, Delivery, DeliveryKey, PublishError, Subject};

pub(crate) use publication::Success;
pub use publication::{Member, MemberState, Publication, PublicationState, Receipt, Report};

/// How many publications that ended are remembered.
const ENDED_MAX: usize = 1_000;

/// Which publications there are.
#[derive(Debug)]
pub struct Publications {
    inbox: Inbox,
    /// Whose turn it is to make an edition.
    turn: tokio::sync::Mutex<()>,
    /// Comparisons of snapshots that were made.
    comparisons: Comparisons,
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
    /// The edition that is on its way, while which no dataset is published by itself.
    edition: Option<Option<PublicationId>>,
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

/// A place, taken for a delivery; given up when dropped.
pub(crate) struct Place {
    taken: Option<Taken>,
    shared: Arc<Shared>,
}

/// What a delivery has the place of.
enum Taken {
    /// One dataset's.
    Dataset(DatasetName),
    /// The edition's.
    Edition,
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
            comparisons: Comparisons::default(),
            shared: Arc::new(Shared { state: Mutex::default(), running }),
        })
    }

    /// Where sources are received.
    pub(crate) fn inbox(&self) -> &Inbox {
        &self.inbox
    }

    /// The comparisons that were made.
    pub(crate) fn comparisons(&self) -> &Comparisons {
        &self.comparisons
    }

    /// Waits for the turn to make an edition.
    pub(crate) async fn turn(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.turn.lock().await
    }

    /// Takes the place of a delivery's dataset, or of the edition, unless it is known.
    ///
    /// # Errors
    /// When another publication of the dataset, or of an edition, is on its way.
    pub(crate) fn enter(&self, delivery: &Delivery) -> Result<Entrance, PublishError> {
        let mut state = self.shared.lock();
        let known = delivery.key.as_ref().and_then(|key| state.keys.get(key));
        if let Some(known) = known.and_then(|id| state.publications.get(id)) {
            return Ok(Entrance::Known(Box::new(Known(known.clone()))));
        }
        let taken = state.take(&delivery.subject)?;
        let shared = Arc::clone(&self.shared);
        Ok(Entrance::New(Place { taken: Some(taken), shared }))
    }

    /// Takes a dataset's place for what keeps publications of it away.
    ///
    /// # Errors
    /// When a publication of the dataset, or of an edition, is on its way.
    pub(crate) fn occupy(&self, dataset: &DatasetName) -> Result<Place, PublishError> {
        let mut state = self.shared.lock();
        let taken = state.take_dataset(dataset)?;
        Ok(Place { taken: Some(taken), shared: Arc::clone(&self.shared) })
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
        subject: &Subject,
        sha256: Sha256Digest,
    ) -> Result<Publication, PublishError> {
        let receipt = &self.0.receipt;
        if receipt.subject == *subject && receipt.source_sha256 == sha256 {
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
            members: Vec::new(),
            problem: None,
            receipt,
        };
        let id = publication.receipt.id.clone();
        let mut state = self.shared.lock();
        state.forget_oldest();
        if let Some(key) = &publication.receipt.key {
            state.keys.insert(key.clone(), id.clone());
        }
        match self.taken.take() {
            Some(Taken::Dataset(dataset)) => {
                state.busy.insert(dataset, Some(id.clone()));
            }
            Some(Taken::Edition) => state.edition = Some(Some(id.clone())),
            None => {}
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
        match &self.taken {
            Some(Taken::Dataset(dataset)) => {
                self.shared.lock().busy.remove(dataset);
            }
            Some(Taken::Edition) => self.shared.lock().edition = None,
            None => {}
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
                    publication.report = success.report.clone();
                    publication.end_members(&success.members);
                }
                Err(error) => {
                    publication.state = error.state();
                    if let PublishError::Rejected(report) = error {
                        publication.report = Some(Report::of_rejects(report));
                    }
                    publication.fail_members();
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
        if state.edition.as_ref().is_some_and(|it| it.as_ref() == Some(&self.progress.id)) {
            state.edition = None;
        }
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

    /// Notes which datasets an edition brings.
    pub(crate) fn members<'a>(&self, datasets: impl Iterator<Item = &'a DatasetName>) {
        let members = datasets.cloned().map(Member::waiting).collect();
        self.change(|publication| publication.members = members);
    }

    /// Notes something of one dataset of an edition.
    pub(crate) fn member(&self, dataset: &DatasetName, change: impl FnOnce(&mut Member)) {
        self.change(|publication| {
            let mut members = publication.members.iter_mut();
            if let Some(member) = members.find(|member| member.dataset == *dataset) {
                change(member);
            }
        });
    }

    fn change(&self, change: impl FnOnce(&mut Publication)) {
        if let Some(publication) = self.shared.lock().publications.get_mut(&self.id) {
            change(publication);
        }
    }
}

impl State {
    /// Takes the place of one dataset.
    fn take_dataset(&mut self, dataset: &DatasetName) -> Result<Taken, PublishError> {
        if let Some(publication) = self.edition.clone() {
            return Err(PublishError::Busy { dataset: None, publication });
        }
        if let Some(publication) = self.busy.get(dataset).cloned() {
            return Err(PublishError::Busy { dataset: Some(dataset.clone()), publication });
        }
        self.busy.insert(dataset.clone(), None);
        Ok(Taken::Dataset(dataset.clone()))
    }

    /// Takes the place of what is to be published.
    fn take(&mut self, subject: &Subject) -> Result<Taken, PublishError> {
        match subject {
            Subject::Snapshot(order) => self.take_dataset(&order.dataset),
            Subject::Edition(_) => {
                if let Some(publication) = self.edition.clone() {
                    return Err(PublishError::Busy { dataset: None, publication });
                }
                if let Some((dataset, publication)) = self.busy.iter().next() {
                    let (dataset, publication) = (Some(dataset.clone()), publication.clone());
                    return Err(PublishError::Busy { dataset, publication });
                }
                self.edition = Some(None);
                Ok(Taken::Edition)
            }
        }
    }

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
