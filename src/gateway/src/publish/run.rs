//! The way of one publication, apart from the connection that brought it.

use std::fs::File;
use std::sync::Arc;
use std::time::Duration;

use domain::publication::{Progress, PublishJob, SourceFile};
use domain::task::{Task, TaskEnd};
use sandbox::{LeaseError, PublishEnd, Publisher, WorkerError};

use crate::Application;
use crate::http::problem::Problem;
use crate::publish::candidate::{Candidate, Drafted};
use crate::publish::job::{self, EditionSoFar, Prepared, Sources};
use crate::publish::make::Making;
use crate::publish::publications::{Success, Underway};
use crate::publish::{Delivery, Order, PublicationState, PublishError, Report, Subject};

/// The operations that a rejected delivery is an entry of.
const PUBLISH: &str = "publish";
const PUBLISH_EDITION: &str = "publish_edition";

/// A delivery that has arrived.
pub(super) struct Work {
    pub(super) delivery: Delivery,
    pub(super) source: SourceFile,
    pub(super) file: File,
}

impl Application {
    /// Carries a publication out, and notes how it ended.
    pub(super) async fn carry_out(self: Arc<Self>, work: Work, mut underway: Underway) {
        let request = work.delivery.request.clone();
        let attribution = work.delivery.attribution.clone();
        let operation = match &work.delivery.subject {
            Subject::Snapshot(_) => PUBLISH,
            Subject::Edition(_) => PUBLISH_EDITION,
        };
        let mut end = self.carry(work, &mut underway).await;
        if let Err(refused @ PublishError::Rejected(_)) = &end {
            let code = Problem::from(refused).kind().code();
            if let Err(failure) = self.log_denied(&attribution, operation, code).await {
                end = Err(failure.into());
            }
        }
        underway.end(&end, self.clock().now(), |problem| {
            problem.for_request(&request, &self.settings().problem_base_url)
        });
    }

    async fn carry(&self, work: Work, underway: &mut Underway) -> Result<Success, PublishError> {
        match work.delivery.subject.clone() {
            Subject::Snapshot(order) => self.carry_snapshot(work, order, underway).await,
            Subject::Edition(order) => self.carry_edition(work, &order, underway).await,
        }
    }

    /// Reads, validates, lays out; then signs and activates, as far as the order goes.
    async fn carry_snapshot(
        &self,
        work: Work,
        order: Order,
        underway: &mut Underway,
    ) -> Result<Success, PublishError> {
        let Work { delivery, source, file } = work;
        let view = self.catalogue().view();
        let sources = Sources { files: vec![source], offsets: Vec::new(), descriptor: file };
        let settings = &self.settings().publish;
        let prepared = job::prepare(&order, &view, sources, &EditionSoFar::default(), settings)?;
        let note = underway.progress();
        let mut candidate = self.draft(order, prepared, underway, |now| note.note(now)).await?;
        let report = Report::of(&candidate.drafted.draft);
        if candidate.order.wishes.dry_run {
            return Ok(Success::checked(Some(report)));
        }
        candidate.changes = self.changes(&candidate, underway).await?;
        let wishes = &candidate.order.wishes;
        // From here on it goes to its end: what is durable must be settled.
        underway.commit()?;
        let making = Making {
            as_of: candidate.order.as_of,
            is_staged: wishes.stage,
            attribution: &delivery.attribution,
            candidates: vec![candidate],
        };
        let made = self.make(making, underway).await?;
        let snapshot = made.snapshots.first().map(|(_, id, _)| id.clone());
        let (state, edition) = (made.state, made.edition);
        Ok(Success { state, snapshot, edition, report: Some(report), members: Vec::new() })
    }

    /// Has a worker make a draft.
    pub(super) async fn draft(
        &self,
        order: Order,
        prepared: Prepared,
        underway: &mut Underway,
        on_progress: impl FnMut(Progress),
    ) -> Result<Candidate, PublishError> {
        let Prepared { job, files, codebook, base } = prepared;
        let job: &PublishJob = &job;
        let run = async |publisher: Publisher| publisher.run(job, files, on_progress).await;
        match self.in_time(run, underway).await? {
            PublishEnd::Drafted { draft, folder } => {
                let drafted = Drafted { draft, folder };
                Ok(Candidate { order, codebook, base, drafted, changes: None })
            }
            PublishEnd::Rejected(report) => Err(PublishError::Rejected(Box::new(report))),
            PublishEnd::DiskFull => Err(PublishError::DiskFull),
        }
    }

    /// Has a worker find something out for a publication.
    pub(super) async fn perform(
        &self,
        task: &Task,
        files: Vec<File>,
        underway: &mut Underway,
    ) -> Result<TaskEnd, PublishError> {
        let note = underway.progress();
        let run =
            async |publisher: Publisher| publisher.perform(task, files, |now| note.note(now)).await;
        match self.in_time(run, underway).await? {
            TaskEnd::DiskFull => Err(PublishError::DiskFull),
            TaskEnd::Rejected(report) => Err(PublishError::Rejected(Box::new(report))),
            end @ (TaskEnd::Listed(_)
            | TaskEnd::Orphans(_)
            | TaskEnd::Compared(_)
            | TaskEnd::Columns(_)) => Ok(end),
        }
    }

    /// Has a worker find something out for whoever waits for it, within its time.
    pub(crate) async fn perform_alone(
        &self,
        task: &Task,
        files: Vec<File>,
    ) -> Result<TaskEnd, PublishError> {
        let wall_s = self.settings().publish.wall_s;
        let publisher = self.pool().publisher().await.map_err(no_worker)?;
        let run = publisher.perform(task, files, |_| {});
        let ended = tokio::time::timeout(Duration::from_secs(wall_s), run).await;
        match ended.map_err(|_| PublishError::TooLong { wall_s })?.map_err(PublishError::Worker)? {
            TaskEnd::DiskFull => Err(PublishError::DiskFull),
            end @ (TaskEnd::Listed(_)
            | TaskEnd::Orphans(_)
            | TaskEnd::Compared(_)
            | TaskEnd::Columns(_)
            | TaskEnd::Rejected(_)) => Ok(end),
        }
    }

    /// Has a worker do something, within its time and unless the publication is stopped.
    async fn in_time<T>(
        &self,
        run: impl AsyncFnOnce(Publisher) -> Result<T, WorkerError>,
        underway: &mut Underway,
    ) -> Result<T, PublishError> {
        let wall_s = self.settings().publish.wall_s;
        let run = async {
            let publisher = self.pool().publisher().await.map_err(no_worker)?;
            let ended = tokio::time::timeout(Duration::from_secs(wall_s), run(publisher)).await;
            ended.map_err(|_| PublishError::TooLong { wall_s })?.map_err(PublishError::Worker)
        };
        tokio::select! {
            ended = run => ended,
            stopped = underway.stopped() => Err(stopped),
        }
    }
}

impl Success {
    /// The end of a dry run.
    pub(super) fn checked(report: Option<Report>) -> Self {
        let state = PublicationState::Checked;
        Self { state, snapshot: None, edition: None, report, members: Vec::new() }
    }
}

/// Why there is no worker.
fn no_worker(error: LeaseError) -> PublishError {
    match error {
        LeaseError::Stopped => PublishError::Closing,
        other @ (LeaseError::Busy { .. } | LeaseError::Lost { .. }) => {
            PublishError::NoWorker(other)
        }
    }
}
