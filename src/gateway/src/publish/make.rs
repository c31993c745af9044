//! The end of a publication: durable, then logged, then visible.
//!
//! # Order
//! Files, manifest and edition durable but pending → `publish` and `edition` entries durable →
//! visible. Where an entry may or may not have become durable, what is pending stays: the next
//! start knows, and nothing else is published until then.

use std::sync::Arc;

use audit::entry::{EditionMade, Publish};
use audit::{Attribution, Event, RecordError};
use catalogue::{Adoption, Pending, SignedEdition, Snapshot, StoredCodebook};
use domain::publication::Stage;
use domain::{DatasetName, Date, SnapshotId};
use ledger::AppendError;
use tokio::task::block_in_place;
use tracing::Instrument as _;

use crate::Application;
use crate::application::open::BUILD;
use crate::publish::publications::{Success, Underway};
use crate::publish::run::Drafted;
use crate::publish::{Delivery, PublicationState, PublishError, Reason, Report};

/// How a snapshot is to become visible.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Aim {
    /// As current, in a new edition of this date; why, where somebody said so.
    Current(Date, Option<Reason>),
    /// Without an edition.
    Staged,
}

impl Application {
    /// Makes a draft a snapshot, and that current, unless it is only to be staged.
    pub(super) async fn make(
        &self,
        delivery: &Delivery,
        codebook: Arc<StoredCodebook>,
        base: Option<Arc<Snapshot>>,
        drafted: Drafted,
        underway: &Underway,
    ) -> Result<Success, PublishError> {
        let _turn = self.publications().turn().await;
        underway.progress().reach(Stage::Sign);
        let (order, wishes) = (&delivery.order, &delivery.order.wishes);
        let publisher = self.publisher(&delivery.attribution)?;
        let adopted = block_in_place(|| {
            self.catalogue().adopt(Adoption {
                codebook,
                base,
                as_of: order.as_of,
                created: self.clock().now(),
                publisher,
                tool: format!("readingroom {BUILD}"),
                supersedes: wishes.supersedes.clone(),
                reason: wishes.reason.clone(),
                draft: &drafted.draft,
                folder: drafted.folder.path(),
            })
        })?;
        underway.progress().reach(Stage::Activate);
        let snapshot = adopted.snapshot().id().clone();
        let aim = if wishes.stage { Aim::Staged } else { Aim::Current(order.as_of, None) };
        self.log_and_settle(adopted, &aim, &delivery.attribution).await?;
        let view = self.catalogue().view();
        let edition = view.newest().filter(|_| !wishes.stage).map(|newest| newest.id().clone());
        let state =
            if wishes.stage { PublicationState::Staged } else { PublicationState::Published };
        let report = Report::of(&drafted.draft);
        Ok(Success { state, snapshot: Some(snapshot), edition, report })
    }

    /// Makes a snapshot that is there the current one, and gives the edition in which it is.
    ///
    /// Once begun it goes to its end, whether anybody waits for it or not.
    ///
    /// # Errors
    /// [`PublishError`].
    pub async fn activate(
        self: &Arc<Self>,
        dataset: DatasetName,
        id: SnapshotId,
        reason: Option<Reason>,
        attribution: Attribution,
    ) -> Result<Arc<SignedEdition>, PublishError> {
        let room = Arc::clone(self);
        let way = async move { room.make_current(&dataset, &id, reason, &attribution).await };
        // It ends early only where the application does, or by a fault that was told already.
        self.spawn(way.in_current_span()).await.unwrap_or(Err(PublishError::Closing))
    }

    async fn make_current(
        &self,
        dataset: &DatasetName,
        id: &SnapshotId,
        reason: Option<Reason>,
        attribution: &Attribution,
    ) -> Result<Arc<SignedEdition>, PublishError> {
        let _turn = self.publications().turn().await;
        let pending = self.catalogue().reopen(dataset, id)?;
        let view = self.catalogue().view();
        let newest = view.newest().map(|newest| newest.edition().as_of);
        let own = pending.snapshot().manifest().as_of;
        let as_of = newest.map_or(own, |newest| newest.max(own));
        self.log_and_settle(pending, &Aim::Current(as_of, reason), attribution).await?;
        let view = self.catalogue().view();
        let newest = view.newest().cloned();
        Ok(newest.expect("invariant: activating leaves an edition"))
    }

    /// Proposes an edition, makes the entries durable, then makes all of it visible.
    async fn log_and_settle(
        &self,
        mut pending: Pending,
        aim: &Aim,
        attribution: &Attribution,
    ) -> Result<(), PublishError> {
        let catalogue = self.catalogue();
        if let Aim::Current(as_of, _) = aim {
            let created = self.clock().now();
            let proposed = block_in_place(|| catalogue.propose(&mut pending, *as_of, created));
            if let Err(error) = proposed {
                block_in_place(|| catalogue.abandon(pending))?;
                return Err(error.into());
            }
        }
        if let Err(failure) = self.log_pending(&pending, aim, attribution).await {
            if failure.is_certain {
                block_in_place(|| catalogue.abandon(pending))?;
            }
            return Err(failure.error.into());
        }
        block_in_place(|| catalogue.settle(pending))?;
        Ok(())
    }

    /// Makes the entries of a pending publication durable.
    async fn log_pending(
        &self,
        pending: &Pending,
        aim: &Aim,
        attribution: &Attribution,
    ) -> Result<(), LogFailure> {
        for (logged, event) in events(pending, aim).into_iter().enumerate() {
            if let Err(error) = self.audit().append(attribution, event).await {
                // Only of a log that failed while writing nobody knows what it has.
                let is_unknown = matches!(error, RecordError::Append(AppendError::Unavailable(_)));
                let is_certain = logged == 0 && !is_unknown;
                return Err(LogFailure { error, is_certain });
            }
        }
        Ok(())
    }

    /// Who publishes, as the manifest tells anyone: the operator by user id, a steward by the
    /// commitment that the log has, too.
    fn publisher(&self, attribution: &Attribution) -> Result<String, RecordError> {
        let Some(actor) = &attribution.actor else { return Ok("house".to_owned()) };
        if actor.role == "operator" {
            let by_id = actor.subject.as_str().splitn(3, ':').take(2);
            return Ok(by_id.collect::<Vec<_>>().join(":"));
        }
        Ok(format!("{}:{}", actor.role, self.audit().commitment(actor)?))
    }
}

/// The log did not take an entry.
struct LogFailure {
    error: RecordError,
    /// Whether it certainly has none of this publication's entries.
    is_certain: bool,
}

/// The entries of a pending publication, in the order in which they must become durable.
fn events(pending: &Pending, aim: &Aim) -> Vec<Event> {
    let snapshot = pending.snapshot();
    let publish = pending.is_new().then(|| {
        Event::Publish(Publish {
            dataset: snapshot.dataset().clone(),
            snapshot: snapshot.id().clone(),
            manifest_sha256: snapshot.manifest_sha256(),
            rows: snapshot.manifest().row_count,
            supersedes: snapshot.manifest().supersedes.clone(),
            staged: *aim == Aim::Staged,
        })
    });
    let edition = pending.edition().map(|signed| {
        let edition = signed.edition();
        Event::Edition(EditionMade {
            edition: edition.id.clone(),
            sha256: signed.sha256(),
            as_of: edition.as_of,
            snapshots: edition.snapshots.clone(),
            reason: match aim {
                Aim::Current(_, reason) => reason.clone().map(String::from),
                Aim::Staged => None,
            },
        })
    });
    publish.into_iter().chain(edition).collect()
}
