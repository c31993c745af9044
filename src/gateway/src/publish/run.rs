//! The way of one publication, apart from the connection that brought it.

use std::fs::File;
use std::sync::Arc;
use std::time::Duration;

use domain::publication::{Draft, PublishJob, SourceFile};
use sandbox::{LeaseError, PublishEnd, ScratchFolder};

use crate::Application;
use crate::http::problem::Problem;
use crate::publish::job::{self, Prepared};
use crate::publish::publications::{Success, Underway};
use crate::publish::{Delivery, PublicationState, PublishError, Report};

/// The operation that a rejected delivery is an entry of.
const OPERATION: &str = "publish";

/// A delivery that has arrived.
pub(super) struct Work {
    pub(super) delivery: Delivery,
    pub(super) source: SourceFile,
    pub(super) file: File,
}

/// What a worker made of it.
pub(super) struct Drafted {
    pub(super) draft: Box<Draft>,
    /// Where the draft's files lie, until this is dropped.
    pub(super) folder: ScratchFolder,
}

impl Application {
    /// Carries a publication out, and notes how it ended.
    pub(super) async fn carry_out(self: Arc<Self>, work: Work, mut underway: Underway) {
        let request = work.delivery.request.clone();
        let attribution = work.delivery.attribution.clone();
        let mut end = self.carry(work, &mut underway).await;
        if let Err(refused @ PublishError::Rejected(_)) = &end {
            let code = Problem::from(refused).kind().code();
            if let Err(failure) = self.log_denied(&attribution, OPERATION, code).await {
                end = Err(failure.into());
            }
        }
        underway.end(&end, self.clock().now(), |problem| {
            problem.for_request(&request, &self.settings().problem_base_url)
        });
    }

    /// Reads, validates, lays out; then signs and activates, as far as the order goes.
    async fn carry(&self, work: Work, underway: &mut Underway) -> Result<Success, PublishError> {
        let Work { delivery, source, file } = work;
        let view = self.catalogue().view();
        let settings = &self.settings().publish;
        let Prepared { job, files, codebook, base } =
            job::prepare(&delivery.order, &view, &source, file, settings)?;
        let drafted = self.draft(&job, files, underway).await?;
        let report = Report::of(&drafted.draft);
        if delivery.order.wishes.dry_run {
            let state = PublicationState::Checked;
            return Ok(Success { state, snapshot: None, edition: None, report });
        }
        // From here on it goes to its end: what is durable must be settled.
        underway.commit()?;
        self.make(&delivery, codebook, base, drafted, underway).await
    }

    /// Has a worker make the draft, within its time and unless it is stopped.
    async fn draft(
        &self,
        job: &PublishJob,
        files: Vec<File>,
        underway: &mut Underway,
    ) -> Result<Drafted, PublishError> {
        let wall_s = self.settings().publish.wall_s;
        let progress = underway.progress();
        let run = async {
            let publisher = self.pool().publisher().await.map_err(no_worker)?;
            let run = publisher.run(job, files, |now| progress.note(now));
            let ended = tokio::time::timeout(Duration::from_secs(wall_s), run).await;
            ended.map_err(|_| PublishError::TooLong { wall_s })?.map_err(PublishError::Worker)
        };
        let ended = tokio::select! {
            ended = run => ended?,
            stopped = underway.stopped() => return Err(stopped),
        };
        match ended {
            PublishEnd::Drafted { draft, folder } => Ok(Drafted { draft, folder }),
            PublishEnd::Rejected(report) => Err(PublishError::Rejected(Box::new(report))),
            PublishEnd::DiskFull => Err(PublishError::DiskFull),
        }
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
