//! The entries of publications, in the order in which they must become durable.

use std::sync::Arc;

use audit::Event;
use audit::entry::{EditionMade, Publish};
use catalogue::{Pending, SignedEdition, Snapshot, Unsettled, View};

use crate::publish::Reason;
use crate::withdraw::judged;

/// The entries of a pending publication. With a reason, snapshots of it that were withdrawn are
/// reinstated.
pub(crate) fn of_pending(pending: &Pending, view: &View, reason: Option<&Reason>) -> Vec<Event> {
    let edition = pending.edition();
    let is_staged = edition.is_none();
    let published = pending.new_snapshots().map(|snapshot| publish(snapshot, is_staged));
    let reinstated = reason.into_iter().flat_map(|reason| {
        let again = |snapshot| judged(snapshot, String::from(reason.clone()));
        withdrawn(pending, view).map(move |snapshot| Event::Reinstate(again(snapshot)))
    });
    let edition = edition.map(|edition| self::edition(edition, reason));
    published.chain(reinstated).chain(edition).collect()
}

/// The snapshots of a pending publication that were withdrawn.
pub(crate) fn withdrawn<'a>(
    pending: &'a Pending,
    view: &View,
) -> impl Iterator<Item = &'a Arc<Snapshot>> {
    let is_withdrawn =
        |snapshot: &&Arc<Snapshot>| view.withdrawal(snapshot.dataset(), snapshot.id()).is_some();
    pending.snapshots().filter(is_withdrawn)
}

/// The entry that a part of a publication lacks, of which a crash left others in the log.
pub(crate) fn of_unsettled(part: &Unsettled, is_staged: bool) -> Option<Event> {
    match part {
        Unsettled::Snapshot(snapshot) => Some(publish(snapshot, is_staged)),
        Unsettled::Edition(edition) => Some(self::edition(edition, None)),
        // A compaction has one entry, for all of it.
        Unsettled::Tombstone(_) => None,
    }
}

fn publish(snapshot: &Snapshot, is_staged: bool) -> Event {
    Event::Publish(Publish {
        dataset: snapshot.dataset().clone(),
        snapshot: snapshot.id().clone(),
        manifest_sha256: snapshot.manifest_sha256(),
        rows: snapshot.manifest().row_count,
        supersedes: snapshot.manifest().supersedes.clone(),
        staged: is_staged,
        held: snapshot.is_held(),
    })
}

fn edition(signed: &SignedEdition, reason: Option<&Reason>) -> Event {
    let edition = signed.edition();
    Event::Edition(EditionMade {
        edition: edition.id.clone(),
        sha256: signed.sha256(),
        as_of: edition.as_of,
        snapshots: edition.snapshots.clone(),
        reason: reason.cloned().map(String::from),
    })
}
