//! What the log tells at the start: the registry, today's budgets, the query records, which
//! snapshots are withdrawn, and which half-made publications had become entries.
//!
//! # Invariant
//! The log is read once, in order; afterwards nothing here remembers what it does not say.

use std::collections::HashSet;

use access::Access;
use audit::entry::Body;
use audit::{Attribution, Audit, Replayed};
use catalogue::{Catalogue, Resolution, Unsettled, Withdrawal};
use domain::{Date, Sha256Digest};
use ledger::LeafIndex;

use crate::publish::entries;
use crate::records::Records;

/// What the log says cannot be taken over.
#[derive(Debug, thiserror::Error)]
pub enum ReplayFault {
    /// The log cannot be read back.
    #[error("the log cannot be read back: {0}")]
    Read(#[from] audit::ReplayError),
    /// The registry does not take a change.
    #[error("the registry does not take what entry {index} says: {source}")]
    Registry {
        /// The entry.
        index: u64,
        /// Why.
        source: access::RegistryError,
    },
    /// The registry knows entries that the log does not have.
    #[error(
        "registry.sqlite knows {applied} entries and the log has {size}: it belongs to a newer \
         log. Restore that, or remove registry.sqlite, which is made again from the log"
    )]
    RegistryAhead {
        /// How many the registry knows.
        applied: u64,
        /// How many the log has.
        size: u64,
    },
    /// What the log says was taken out is not known any more.
    #[error(
        "entry {index} takes something out of a dataset, and neither its private part nor \
         `redactions/` says what: restore the folder `redactions`, or vault.sqlite"
    )]
    Redaction {
        /// The entry.
        index: u64,
    },
    /// An entry that a crash kept from being written cannot be written.
    #[error("the log does not take what a crash kept from it")]
    Record(#[from] audit::RecordError),
    /// The catalogue cannot be brought in line with the log.
    #[error("the catalogue cannot be brought in line with the log")]
    Catalogue(#[from] catalogue::FolderError),
}

/// Brings registry, budgets, records, redactions and catalogue in line with the log.
pub(super) fn follow(
    audit: &Audit,
    access: &Access,
    catalogue: &Catalogue,
    today: Date,
) -> Result<Records, ReplayFault> {
    let records = Records::default();
    let mut published = HashSet::new();
    let (applied, size) = (access.applied(), audit.log().size().get());
    if size < applied {
        return Err(ReplayFault::RegistryAhead { applied, size });
    }
    for replayed in audit.replay(LeafIndex::new(0)) {
        let replayed = replayed?;
        if applied <= replayed.index.get() {
            apply(access, &replayed)?;
        }
        charge(access, &replayed, today);
        records.replay(&replayed);
        redact(catalogue, &replayed)?;
        judge(catalogue, &replayed);
        published.extend(digests_of(&replayed.entry.body));
    }
    settle(audit, catalogue, &published)?;
    let index = audit.log().size().get();
    access.note_applied(index).map_err(|source| ReplayFault::Registry { index, source })?;
    Ok(records)
}

/// Brings to its end the publication that a crash left, if it left one.
///
/// Where the log has none of its entries it is taken back. Where it has some, it says that data was
/// published, which cannot be unsaid: the house adds those that are missing and completes it.
fn settle(
    audit: &Audit,
    catalogue: &Catalogue,
    published: &HashSet<Sha256Digest>,
) -> Result<(), ReplayFault> {
    let unsettled = catalogue.unsettled();
    let is_logged = |part: &&Unsettled| published.contains(&part.sha256());
    if !unsettled.iter().any(|part| is_logged(&part)) {
        return Ok(catalogue.resolve(Resolution::TakeBack)?);
    }
    let is_staged = !unsettled.iter().any(|part| matches!(part, Unsettled::Edition(_)));
    for part in unsettled.iter().filter(|part| !is_logged(part)) {
        if let Some(event) = entries::of_unsettled(part, is_staged) {
            audit.append_blocking(&Attribution::default(), event)?;
        }
    }
    Ok(catalogue.resolve(Resolution::Complete)?)
}

/// Applies an entry's change to the registry.
fn apply(access: &Access, replayed: &Replayed) -> Result<(), ReplayFault> {
    let change = replayed.private.as_ref().and_then(|private| private.change.as_ref());
    let Some(change) = change else { return Ok(()) };
    let index = replayed.index.get();
    access.apply(index, change).map_err(|source| ReplayFault::Registry { index, source })
}

/// Charges a project what an outcome of today says.
fn charge(access: &Access, replayed: &Replayed, today: Date) {
    let day = replayed.entry.time.date();
    let Body::Outcome(outcome) = &replayed.entry.body else { return };
    if let Some(project) = replayed.entry.project.as_ref().filter(|_| day == today) {
        access.charge_replay(project, day, outcome.charged);
    }
}

/// Takes back and lets return what an entry says of a snapshot.
fn judge(catalogue: &Catalogue, replayed: &Replayed) {
    if let Body::Withdraw(judged) = &replayed.entry.body {
        let withdrawal = Withdrawal { reason: judged.reason.clone(), at: replayed.entry.time };
        catalogue.withdraw(&judged.dataset, &judged.snapshot, withdrawal);
    }
    if let Body::Reinstate(judged) = &replayed.entry.body {
        catalogue.reinstate(&judged.dataset, &judged.snapshot);
    }
}

/// Puts in force what an entry takes out, unless it is.
fn redact(catalogue: &Catalogue, replayed: &Replayed) -> Result<(), ReplayFault> {
    let Body::Redact(redacted) = &replayed.entry.body else { return Ok(()) };
    let index = replayed.index.get();
    let view = catalogue.view();
    let known = view.redactions(&redacted.dataset);
    if known.is_some_and(|known| known.recorded().iter().any(|it| it.entry == index)) {
        return Ok(());
    }
    let private = replayed.private.as_ref().and_then(|private| private.redaction.clone());
    let redaction = private.ok_or(ReplayFault::Redaction { index })?;
    Ok(catalogue.redact(index, replayed.entry.time, redaction)?)
}

/// The digests of the manifests, tombstones or editions that an entry is about.
fn digests_of(body: &Body) -> Vec<Sha256Digest> {
    if let Body::Publish(publish) = body {
        return vec![publish.manifest_sha256];
    }
    if let Body::Edition(edition) = body {
        return vec![edition.sha256];
    }
    if let Body::Compact(compacted) = body {
        return vec![compacted.successor.manifest_sha256, compacted.tombstone_sha256];
    }
    Vec::new()
}
