//! Publishing: from a steward's delivery to a new edition that the log knows.
//!
//! One way: `Order` (checked against the catalogue) → received source → the worker's draft →
//! snapshot, durable but pending → entries of the log → visible. The gateway never looks into a
//! source: it stores, digests and passes it on.
//!
//! # Invariant
//! Nothing is visible that the log does not have. One publication of a dataset is on its way at
//! a time, and one of all makes its edition at a time.
//!
//! # Rooms
//! - [`order`]: what a steward asks for; [`label`]: what the source is called; [`inbox`]: where
//!   it is received.
//! - [`job`]: what the worker is told; [`run`]: the way of one publication; [`edition`], over
//!   [`contents`]: the way of several datasets together; [`make`], with [`entries`]: their end.
//! - [`publications`]: which there are; [`error`]: why one does not succeed.
//! - [`compare`], with [`comparisons`]: how two snapshots differ.
//! - [`reason`]: what a steward says when something is activated.

mod candidate;
mod compare;
pub mod comparisons;
mod contents;
mod edition;
pub(crate) mod entries;
pub mod error;
pub mod inbox;
mod job;
pub mod label;
mod make;
pub mod order;
pub mod publications;
pub mod reason;
mod run;

use std::sync::Arc;

use actix_web::error::PayloadError;
use audit::Attribution;
use bytes::Bytes;
use domain::ids::PublicationId;
use domain::publication::SourceFile;
use domain::{RequestId, Sha256Digest};
use futures::Stream;
use tracing::Instrument as _;

pub use compare::CompareError;
pub use error::{ByAnother, CancelError, PublishError};
pub use order::{EditionOrder, Order, OrderError};
pub use publications::{Member, MemberState, Publication, PublicationState, Publications, Report};
pub use reason::{InvalidReason, Reason};

use crate::Application;
use inbox::ReceiveError;
use label::Label;
use publications::{Entrance, Receipt};
use run::Work;

/// What a steward delivers, but for the bytes.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// What is asked for.
    pub subject: Subject,
    /// What the source is called.
    pub label: Label,
    /// What the steward wants this delivery to be known by, so that sending it again is harmless.
    pub key: Option<DeliveryKey>,
    /// What the digest of its bytes is, where the steward says so.
    pub digest: Option<Sha256Digest>,
    /// The request that brings it.
    pub request: RequestId,
    /// Who delivers, as the log knows it.
    pub attribution: Attribution,
}

/// What is to be published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// One dataset's snapshot.
    Snapshot(Order),
    /// Several datasets together.
    Edition(EditionOrder),
}

impl Subject {
    /// Whether it ends before anything is activated.
    fn is_careful(&self) -> bool {
        match self {
            Self::Snapshot(order) => order.wishes.stage || order.wishes.dry_run,
            Self::Edition(order) => order.wishes.stage || order.wishes.dry_run,
        }
    }
}

/// An `Idempotency-Key`, which means something only together with who sent it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DeliveryKey {
    /// Who.
    pub caller: String,
    /// The key.
    pub key: String,
}

impl Application {
    /// Receives a source, and sends its publication on its way.
    ///
    /// A delivery under a key that is known gives the publication that the key stands for.
    ///
    /// # Errors
    /// [`PublishError`]; then nothing is on its way.
    pub async fn publish<S>(
        self: &Arc<Self>,
        delivery: Delivery,
        source: S,
    ) -> Result<Publication, PublishError>
    where
        S: Stream<Item = Result<Bytes, PayloadError>> + Unpin,
    {
        if self.is_closing() {
            return Err(PublishError::Closing);
        }
        if self.settings().publish.activation_by_another && !delivery.subject.is_careful() {
            return Err(PublishError::ByAnother(ByAnother::Publish));
        }
        let entrance = self.publications().enter(&delivery)?;
        let bytes_max = self.settings().publish.source_bytes_max;
        let received = self.publications().inbox().receive(source, bytes_max).await?;
        if delivery.digest.is_some_and(|stated| stated != received.sha256) {
            return Err(ReceiveError::Digest.into());
        }
        let place = match entrance {
            Entrance::Known(known) => return known.confirm(&delivery.subject, received.sha256),
            Entrance::New(place) => place,
        };
        let source = delivery.label.source(received.bytes);
        let (publication, underway) =
            place.register(self.receipt(&delivery, source.clone(), received.sha256));
        let room = Arc::clone(self);
        let work = Work { delivery, source, file: received.file };
        self.spawn(async move { room.carry_out(work, underway).await }.in_current_span());
        Ok(publication)
    }

    /// What is noted of a delivery when it has arrived.
    fn receipt(&self, delivery: &Delivery, source: SourceFile, sha256: Sha256Digest) -> Receipt {
        Receipt {
            id: PublicationId::from_uuid(uuid::Uuid::now_v7()),
            created: self.clock().now(),
            subject: delivery.subject.clone(),
            source,
            source_sha256: sha256,
            key: delivery.key.clone(),
        }
    }
}
