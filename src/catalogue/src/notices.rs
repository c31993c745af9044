//! Notices: what is known of a snapshot now that a reader of its rows must be told.

use std::sync::Arc;

use domain::codebook::{Codebook, KnownGap};
use domain::notice::{Counted, Matter, Notice};
use domain::redaction::{RedactionCount, RedactionCounts, add_counts};
use domain::{Date, SnapshotId, Timestamp};

use crate::snapshot::Snapshot;
use crate::tombstone::Tombstone;
use crate::view::View;

impl View {
    /// What a reader of a snapshot's rows must be told, as of this instant: known gaps in the order
    /// of time, then corrections, the first one first, then what the law took out, by ground, then
    /// that it was withdrawn.
    ///
    /// Gaps are those of the codebook that the snapshot kept to, and those that today's adds: what
    /// was found out later is true of what was published earlier.
    #[must_use]
    pub fn notices(&self, snapshot: &Snapshot) -> Vec<Notice> {
        let about = |matter| Notice {
            matter,
            dataset: snapshot.dataset().clone(),
            snapshot: snapshot.id().clone(),
        };
        let corrections = self.corrections(snapshot).into_iter().map(|(other, at)| {
            let reason = other.manifest.reason.clone().unwrap_or_default();
            Matter::Correction { superseded_by: other.id().clone(), reason, at }
        });
        let redacted = self.redacted(snapshot);
        let withdrawal = self.withdrawal(snapshot.dataset(), snapshot.id());
        let withdrawal =
            withdrawal.cloned().map(|it| Matter::Withdrawal { reason: it.reason, at: it.at });
        let gaps = self.gaps(snapshot).into_iter();
        gaps.chain(corrections).chain(redacted).chain(withdrawal).map(about).collect()
    }

    /// The snapshots that were published in place of one, and of those, in turn, each with the
    /// moment at which it first became current; nothing that no edition had yet, or that was
    /// withdrawn.
    fn corrections(&self, snapshot: &Snapshot) -> Vec<(&Arc<Snapshot>, Timestamp)> {
        let all: Vec<&Arc<Snapshot>> = self.snapshots(snapshot.dataset());
        let mut wrong = vec![snapshot.id()];
        let mut found: Vec<(&Arc<Snapshot>, Timestamp)> = Vec::new();
        while let Some(id) = wrong.pop() {
            for &other in all.iter().filter(|it| self.supersedes(it, id)) {
                let is_known = found.iter().any(|(known, _)| known.id() == other.id());
                if let Some(at) = self.first_current(other)
                    && !is_known
                {
                    found.push((other, at));
                    wrong.push(other.id());
                }
            }
        }
        found.retain(|(other, _)| self.withdrawal(other.dataset(), other.id()).is_none());
        found.sort_by_key(|(other, at)| (*at, other.id().clone()));
        found
    }

    /// Whether a snapshot was published in place of one, or of what that one stands for.
    fn supersedes(&self, snapshot: &Snapshot, id: &SnapshotId) -> bool {
        let named = snapshot.manifest.supersedes.as_ref();
        let standing = named.and_then(|named| self.resolve(snapshot.dataset(), named));
        standing.is_some_and(|standing| standing.id() == id)
    }

    /// What the law took out of a snapshot: removed from its files, and still left out of scans.
    fn redacted(&self, snapshot: &Snapshot) -> Vec<Matter> {
        let Some(list) = self.redactions(snapshot.dataset()) else { return Vec::new() };
        let (mut removed, mut through) = (RedactionCounts::new(), 0);
        let mut id = snapshot.id();
        while let Some(stone) = self.tombstone_before(snapshot, id) {
            add_counts(&mut removed, &stone.removed);
            through = through.max(stone.redactions);
            id = &stone.snapshot.id;
        }
        let removed = removed.into_iter().filter_map(|(ground, count)| {
            let at = list.last_of(ground, through)?;
            let RedactionCount { rows, cells } = count;
            let counted = Counted::Removed;
            Some(Matter::Redaction { ground, rows, cells, counted, before: None, at })
        });
        let files = snapshot.manifest.resources.iter().map(|resource| &resource.hash.0);
        let outstanding = list.outstanding(files).into_iter().map(|(ground, named)| {
            let RedactionCount { rows, cells } = named.count;
            let (before, at) = (named.before, named.at);
            Matter::Redaction { ground, rows, cells, counted: Counted::Named, before, at }
        });
        removed.chain(outstanding).collect()
    }

    /// The tombstone of what a snapshot was before it was written anew; of several, the last.
    fn tombstone_before(&self, snapshot: &Snapshot, id: &SnapshotId) -> Option<&Tombstone> {
        let all = self.tombstones.get(snapshot.dataset())?.values().map(|it| it.tombstone());
        all.filter(|stone| stone.successor.id == *id).max_by_key(|stone| stone.at)
    }

    /// When a snapshot first became current, if any edition has had it.
    fn first_current(&self, snapshot: &Snapshot) -> Option<Timestamp> {
        let editions = self.editions().iter().map(|signed| signed.edition());
        let mut having = editions.filter(|edition| {
            let named = self.in_edition(edition, snapshot.dataset());
            named.is_some_and(|named| named.id() == snapshot.id())
        });
        having.next().map(|edition| edition.created)
    }

    /// The known gaps that lie in the time which a snapshot covers.
    fn gaps(&self, snapshot: &Snapshot) -> Vec<Matter> {
        let (first, last) = covered(snapshot);
        let today = self.enforced(snapshot.dataset()).map(|stored| stored.codebook());
        let mut gaps: Vec<&KnownGap> = Vec::new();
        for gap in [Some(snapshot.codebook()), today].into_iter().flatten().flat_map(gaps_of) {
            let is_within = first.is_none_or(|first| first <= gap.until) && gap.from <= last;
            if is_within && !gaps.contains(&gap) {
                gaps.push(gap);
            }
        }
        gaps.sort_by_key(|gap| (gap.from, gap.until));
        let told = gaps.into_iter().map(|gap| Matter::KnownGap {
            from: gap.from,
            until: gap.until,
            note: gap.note.clone(),
        });
        told.collect()
    }
}

fn gaps_of(codebook: &Codebook) -> &[KnownGap] {
    &codebook.known_gaps
}

/// The days that a snapshot covers: of one in periods from the first to the last of them, those
/// between included that are missing; of a state all until its day.
fn covered(snapshot: &Snapshot) -> (Option<Date>, Date) {
    let manifest = &snapshot.manifest;
    let periods = &manifest.coverage.periods;
    let ends = snapshot.codebook().period_unit.zip(periods.first().zip(periods.last()));
    let days = ends.and_then(|(unit, (first, last))| {
        Some((unit.first_day(first).ok()?, unit.last_day(last).ok()?))
    });
    match days {
        Some((first, last)) => (Some(first), last),
        None => (None, manifest.as_of),
    }
}
