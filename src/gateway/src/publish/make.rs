//! The end of a publication: durable, then logged, then visible.
//!
//! # Order
//! Files, manifests and edition durable but pending → `publish` and `edition` entries durable →
//! visible. Where an entry may or may not have become durable, what is pending stays: the next
//! start knows, and nothing else is published until then.

use std::sync::Arc;

use audit::{Attribution, RecordError};
use catalogue::{Adoption, Pending, SignedEdition, Snapshot, SnapshotState, View};
use domain::publication::Stage;
use domain::{DatasetName, Date, EditionId, SnapshotId};
use ledger::AppendError;
use tokio::task::block_in_place;
use tracing::Instrument as _;

use crate::Application;
use crate::application::open::BUILD;
use crate::publish::candidate::Candidate;
use crate::publish::publications::{MemberState, Underway};
use crate::publish::{ByAnother, PublicationState, PublishError, Reason, entries};

/// How snapshots are to become visible.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Aim {
    /// As current, in a new edition of this date; why, where somebody said so.
    Current(Date, Option<Reason>),
    /// Without an edition.
    Staged,
}

/// Drafts that are to become snapshots together.
pub(super) struct Making<'a> {
    pub(super) as_of: Date,
    /// Whether to stop before activation.
    pub(super) is_staged: bool,
    pub(super) attribution: &'a Attribution,
    pub(super) candidates: Vec<Candidate>,
}

/// What drafts became.
pub(super) struct Made {
    pub(super) state: PublicationState,
    /// The snapshots, each with where it stands now.
    pub(super) snapshots: Vec<(DatasetName, SnapshotId, MemberState)>,
    /// The edition in which they are current, if they are.
    pub(super) edition: Option<EditionId>,
}

impl Application {
    /// Makes drafts snapshots, and those current, unless they are only to be staged or one of them
    /// is held.
    pub(super) async fn make(
        &self,
        making: Making<'_>,
        underway: &Underway,
    ) -> Result<Made, PublishError> {
        let _turn = self.publications().turn().await;
        underway.progress().reach(Stage::Sign);
        let Making { as_of, is_staged, attribution, candidates } = making;
        let publisher = self.publisher(attribution)?;
        let adoptions = candidates.iter().map(|candidate| self.adoption(candidate, &publisher));
        let adoptions = adoptions.collect();
        let adopted = block_in_place(|| self.catalogue().adopt_all(adoptions))?;
        underway.progress().reach(Stage::Activate);
        let view = self.catalogue().view();
        let mut snapshots: Vec<_> = adopted
            .snapshots()
            .zip(&candidates)
            .map(|(snapshot, candidate)| {
                // What is current already was looked at, and waits for nobody.
                let is_current = view.state(snapshot) == SnapshotState::Current;
                let state = match candidate.is_held() {
                    _ if is_current => MemberState::Published,
                    true => MemberState::Held,
                    false => MemberState::Staged,
                };
                (snapshot.dataset().clone(), snapshot.id().clone(), state)
            })
            .collect();
        let is_held = snapshots.iter().any(|(_, _, state)| *state == MemberState::Held);
        let (aim, state) = match (is_held, is_staged) {
            (true, _) => (Aim::Staged, PublicationState::Held),
            (false, true) => (Aim::Staged, PublicationState::Staged),
            (false, false) => (Aim::Current(as_of, None), PublicationState::Published),
        };
        self.log_and_settle(adopted, &aim, attribution).await?;
        if state == PublicationState::Published {
            snapshots.iter_mut().for_each(|(_, _, state)| *state = MemberState::Published);
        }
        let view = self.catalogue().view();
        let edition = view.newest().filter(|_| aim != Aim::Staged);
        let edition = edition.map(|newest| newest.id().clone());
        Ok(Made { state, snapshots, edition })
    }

    /// What the catalogue is to make of a candidate.
    fn adoption<'a>(&self, candidate: &'a Candidate, publisher: &str) -> Adoption<'a> {
        let Candidate { order, codebook, base, drafted, changes } = candidate;
        Adoption {
            codebook: Arc::clone(codebook),
            base: base.clone(),
            as_of: order.as_of,
            created: self.clock().now(),
            publisher: publisher.to_owned(),
            tool: format!("readingroom {BUILD}"),
            supersedes: order.wishes.supersedes.clone(),
            reason: order.wishes.reason.clone(),
            draft: &drafted.draft,
            changes: changes.clone(),
            folder: drafted.folder.path(),
        }
    }

    /// Makes snapshots that are there the current ones, all in one edition, and gives that.
    ///
    /// Once begun it goes to its end, whether anybody waits for it or not.
    ///
    /// # Errors
    /// [`PublishError`].
    pub async fn activate(
        self: &Arc<Self>,
        wanted: Vec<(DatasetName, SnapshotId)>,
        reason: Option<Reason>,
        attribution: Attribution,
    ) -> Result<Arc<SignedEdition>, PublishError> {
        let room = Arc::clone(self);
        let way = async move { room.make_current(&wanted, reason, &attribution).await };
        // It ends early only where the application does, or by a fault that was told already.
        self.spawn(way.in_current_span()).await.unwrap_or(Err(PublishError::Closing))
    }

    async fn make_current(
        &self,
        wanted: &[(DatasetName, SnapshotId)],
        reason: Option<Reason>,
        attribution: &Attribution,
    ) -> Result<Arc<SignedEdition>, PublishError> {
        let _turn = self.publications().turn().await;
        let pending = self.catalogue().reopen(wanted)?;
        let view = self.catalogue().view();
        let allowed = self.check_activation(&view, &pending, reason.as_ref(), attribution);
        if let Err(refused) = allowed {
            block_in_place(|| self.catalogue().abandon(pending))?;
            return Err(refused);
        }
        let newest = view.newest().map(|newest| newest.edition().as_of);
        let own = pending.snapshots().map(|snapshot| snapshot.manifest().as_of);
        let as_of = own.chain(newest).max().unwrap_or_else(|| self.clock().today());
        self.log_and_settle(pending, &Aim::Current(as_of, reason), attribution).await?;
        let view = self.catalogue().view();
        let newest = view.newest().cloned();
        Ok(newest.expect("invariant: activating leaves an edition"))
    }

    /// Checks that these snapshots may be activated by this person, with this reason or none.
    fn check_activation(
        &self,
        view: &View,
        pending: &Pending,
        reason: Option<&Reason>,
        attribution: &Attribution,
    ) -> Result<(), PublishError> {
        let own = self.publisher(attribution)?;
        let by_another = self.settings().publish.activation_by_another;
        let refusal = |snapshot: &Arc<Snapshot>| {
            let id = snapshot.id().clone();
            if by_another && snapshot.manifest().publisher == own {
                return Some(PublishError::ByAnother(ByAnother::Activate(id)));
            }
            let is_withdrawn = view.withdrawal(snapshot.dataset(), snapshot.id()).is_some();
            if is_withdrawn && reason.is_none() {
                return Some(PublishError::ReasonNeeded);
            }
            let is_held = view.state(snapshot) == SnapshotState::Held;
            (is_held && reason.is_none()).then_some(PublishError::ReasonMissing(id))
        };
        pending.snapshots().find_map(refusal).map_or(Ok(()), Err)
    }

    /// Proposes an edition, makes the entries durable, then makes all of it visible.
    async fn log_and_settle(
        &self,
        mut pending: Pending,
        aim: &Aim,
        attribution: &Attribution,
    ) -> Result<(), PublishError> {
        let catalogue = self.catalogue();
        let view = catalogue.view();
        let mut why = None;
        if let Aim::Current(as_of, reason) = aim {
            why = reason.as_ref();
            let created = self.clock().now();
            let proposed = block_in_place(|| catalogue.propose(&mut pending, *as_of, created));
            if let Err(error) = proposed {
                block_in_place(|| catalogue.abandon(pending))?;
                return Err(error.into());
            }
        }
        if let Err(failure) = self.log_pending(&pending, &view, why, attribution).await {
            if failure.is_certain {
                block_in_place(|| catalogue.abandon(pending))?;
            }
            return Err(failure.error.into());
        }
        let reinstated: Vec<_> = match why {
            Some(_) => entries::withdrawn(&pending, &view).cloned().collect(),
            None => Vec::new(),
        };
        block_in_place(|| catalogue.settle(pending))?;
        for snapshot in reinstated {
            catalogue.reinstate(snapshot.dataset(), snapshot.id());
        }
        Ok(())
    }

    /// Makes the entries of a pending publication durable.
    async fn log_pending(
        &self,
        pending: &Pending,
        view: &View,
        reason: Option<&Reason>,
        attribution: &Attribution,
    ) -> Result<(), LogFailure> {
        for (logged, event) in entries::of_pending(pending, view, reason).into_iter().enumerate() {
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
