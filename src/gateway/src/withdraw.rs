//! Withdrawing: a snapshot is taken back with a reason, and refused by name from then on.
//!
//! # Order
//! The entry first, then the catalogue, then the queries that run on it: a query that is admitted
//! in between sees the catalogue, and one that runs is stopped.

use std::sync::Arc;

use audit::entry::SnapshotJudged;
use audit::{Attribution, Event, RecordError};
use catalogue::{Snapshot, View, Withdrawal, Withdrawn};
use domain::{DatasetName, SnapshotId};
use tracing::Instrument as _;

use crate::Application;
use crate::publish::Reason;

/// Why a snapshot is not withdrawn.
#[derive(Debug, thiserror::Error)]
pub enum WithdrawError {
    /// There is no such snapshot.
    #[error("there is no such snapshot")]
    Unknown,
    /// It was withdrawn already.
    #[error("it was withdrawn already")]
    Again(Box<Withdrawn>),
    /// The entry could not be made durable.
    #[error("the log accepts no entries")]
    Log(#[from] RecordError),
    /// The entry could not be read back.
    #[error("the log cannot be read back")]
    Replay(#[from] audit::ReplayError),
    /// The server is being stopped.
    #[error("the server is being stopped")]
    Closing,
}

impl Application {
    /// Withdraws a snapshot. Once begun it goes to its end, whether anybody waits for it or not.
    ///
    /// # Errors
    /// [`WithdrawError`].
    pub async fn withdraw(
        self: &Arc<Self>,
        dataset: DatasetName,
        id: SnapshotId,
        reason: Reason,
        attribution: Attribution,
    ) -> Result<Withdrawn, WithdrawError> {
        let room = Arc::clone(self);
        let way = async move { room.take_back(&dataset, &id, reason, &attribution).await };
        // It ends early only where the application does, or by a fault that was told already.
        self.spawn(way.in_current_span()).await.unwrap_or(Err(WithdrawError::Closing))
    }

    async fn take_back(
        &self,
        dataset: &DatasetName,
        id: &SnapshotId,
        reason: Reason,
        attribution: &Attribution,
    ) -> Result<Withdrawn, WithdrawError> {
        let _turn = self.publications().turn().await;
        let view = self.catalogue().view();
        let snapshot = view.snapshot(dataset, id).ok_or(WithdrawError::Unknown)?;
        if let Err(withdrawn) = view.check_standing(dataset, id) {
            return Err(WithdrawError::Again(Box::new(withdrawn)));
        }
        let reason = String::from(reason);
        let judged = judged(snapshot, reason.clone());
        let index = self.audit().append(attribution, Event::Withdraw(judged)).await?;
        // The entry's own time, as the next start will read it.
        let entry = self.audit().replay(index).next().transpose()?;
        let at = entry.map_or_else(|| self.clock().now(), |replayed| replayed.entry.time);
        self.catalogue().withdraw(dataset, id, Withdrawal { reason, at });
        let withdrawn = self.catalogue().view().check_standing(dataset, id).err();
        let withdrawn = withdrawn.expect("invariant: it was withdrawn just now, in this turn");
        self.running().withdraw(&withdrawn);
        Ok(withdrawn)
    }
}

/// What the log says of a snapshot that is withdrawn or reinstated.
pub(crate) fn judged(snapshot: &Snapshot, reason: String) -> SnapshotJudged {
    SnapshotJudged {
        dataset: snapshot.dataset().clone(),
        snapshot: snapshot.id().clone(),
        manifest_sha256: snapshot.manifest_sha256(),
        reason,
    }
}

/// Checks that none of some snapshots was withdrawn.
///
/// # Errors
/// The first that was.
pub(crate) fn check_standing<'a>(
    view: &View,
    snapshots: impl IntoIterator<Item = (&'a DatasetName, &'a SnapshotId)>,
) -> Result<(), Withdrawn> {
    snapshots.into_iter().try_for_each(|(dataset, id)| view.check_standing(dataset, id))
}
