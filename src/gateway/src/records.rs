//! Query records: where in the log each query's intent and outcome stand.
//!
//! The log is the store; here is only the index into it, filled again from the log at each start.
//!
//! # Invariant
//! A record is found by its own project alone.

use std::collections::{BTreeMap, HashMap};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use audit::entry::{Body, Intent, Outcome};
use audit::{Audit, Private, ReplayError, Replayed};
use domain::{DatasetName, Format, Notice, ProjectId, QueryId, Role, SnapshotId, Timestamp};
use ledger::LeafIndex;

use crate::ask::release::Facts;

/// Where a query's entries stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    intent: LeafIndex,
    outcome: Option<LeafIndex>,
}

/// A query, as the log tells it.
#[derive(Clone, Debug)]
pub struct Record {
    /// Its id.
    pub query: QueryId,
    /// When its intent was written.
    pub asked_at: Timestamp,
    /// Where its intent stands.
    pub intent_index: LeafIndex,
    /// What was to run.
    pub intent: Box<Intent>,
    /// How it ended, if it has.
    pub ended: Option<EndedRecord>,
    /// Whether it has no outcome and will never have one: its run is gone.
    pub is_lost: bool,
    /// The role in which it was asked.
    pub role: Option<String>,
    /// Its SQL and who asked, unless that was erased.
    pub private: Option<Private>,
}

/// How a query ended, as the log tells it.
#[derive(Clone, Debug)]
pub struct EndedRecord {
    /// When its outcome was written.
    pub at: Timestamp,
    /// Where its outcome stands.
    pub index: LeafIndex,
    /// The outcome.
    pub outcome: Outcome,
}

/// The index of all queries.
#[derive(Debug, Default)]
pub struct Records {
    /// By project, then by query; ids are ordered by time.
    places: RwLock<HashMap<ProjectId, BTreeMap<QueryId, Place>>>,
}

impl Records {
    /// Notes where a query's intent stands.
    pub(crate) fn begin(&self, project: &ProjectId, query: &QueryId, intent: LeafIndex) {
        let mut places = self.write();
        let of_project = places.entry(project.clone()).or_default();
        of_project.insert(query.clone(), Place { intent, outcome: None });
    }

    /// Notes where a query's outcome stands.
    pub(crate) fn end(&self, project: &ProjectId, query: &QueryId, outcome: LeafIndex) {
        let mut places = self.write();
        let of_project = places.get_mut(project);
        if let Some(place) = of_project.and_then(|queries| queries.get_mut(query)) {
            place.outcome = Some(outcome);
        }
    }

    /// Notes what an entry that was read back says of a query.
    pub(crate) fn replay(&self, replayed: &Replayed) {
        let Some(project) = &replayed.entry.project else { return };
        if let Body::Intent(intent) = &replayed.entry.body {
            self.begin(project, &intent.query, replayed.index);
        }
        if let Body::Outcome(outcome) = &replayed.entry.body {
            self.end(project, &outcome.query, replayed.index);
        }
    }

    /// Where a query of a project stands.
    #[must_use]
    pub fn find(&self, project: &ProjectId, query: &QueryId) -> Option<Place> {
        self.read().get(project)?.get(query).copied()
    }

    /// The newest queries of a project that are older than one, newest first.
    #[must_use]
    pub fn page(
        &self,
        project: &ProjectId,
        after: Option<&QueryId>,
        queries_max: usize,
    ) -> Vec<Place> {
        let places = self.read();
        let Some(queries) = places.get(project) else { return Vec::new() };
        let older = match after {
            Some(after) => queries.range(..after.clone()),
            None => queries.range::<QueryId, _>(..),
        };
        older.rev().take(queries_max).map(|(_, place)| *place).collect()
    }

    fn read(&self) -> RwLockReadGuard<'_, HashMap<ProjectId, BTreeMap<QueryId, Place>>> {
        self.places.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, HashMap<ProjectId, BTreeMap<QueryId, Place>>> {
        self.places.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Record {
    /// Whether it was asked in a role.
    #[must_use]
    pub fn is_of(&self, role: Role) -> bool {
        self.role.as_deref() == Some(role.as_str())
    }
}

impl Place {
    /// Reads the record that stands here; waits for the disk.
    ///
    /// # Errors
    /// When the log cannot be read back.
    pub fn record(self, audit: &Audit) -> Result<Option<Record>, ReplayError> {
        let Some(intent_entry) = entry_at(audit, self.intent)? else { return Ok(None) };
        let Body::Intent(intent) = intent_entry.entry.body else { return Ok(None) };
        let mut ended = None;
        if let Some(index) = self.outcome
            && let Some(entry) = entry_at(audit, index)?
            && let Body::Outcome(outcome) = entry.entry.body
        {
            ended = Some(EndedRecord { at: entry.entry.time, index, outcome });
        }
        Ok(Some(Record {
            query: intent.query.clone(),
            asked_at: intent_entry.entry.time,
            intent_index: self.intent,
            intent,
            ended,
            is_lost: false,
            role: intent_entry.entry.role,
            private: intent_entry.private,
        }))
    }
}

/// One entry with what stands behind it.
fn entry_at(audit: &Audit, index: LeafIndex) -> Result<Option<Replayed>, ReplayError> {
    audit.replay(index).next().transpose()
}

impl Record {
    /// The snapshots it scanned.
    pub fn snapshots(&self) -> impl Iterator<Item = (&DatasetName, &SnapshotId)> {
        self.intent.snapshots.iter().flat_map(|(dataset, snapshots)| {
            snapshots.iter().map(move |snapshot| (dataset, &snapshot.id))
        })
    }

    /// The form of its answer.
    #[must_use]
    pub fn format(&self) -> Option<Format> {
        Format::ALL.into_iter().find(|format| format.media_type() == self.intent.format)
    }

    /// What its answer's headers say, if it has an answer, with what is told of its snapshots.
    #[must_use]
    pub fn facts(&self, notices: Vec<Notice>) -> Option<Facts> {
        let ended = self.ended.as_ref()?;
        ended.outcome.body_sha256?;
        let snapshots = self.snapshots().map(|(dataset, id)| (dataset.clone(), id.clone()));
        Some(Facts {
            query: self.query.clone(),
            edition: self.intent.edition.clone(),
            snapshots: snapshots.collect(),
            rows_sha256: ended.outcome.rows_sha256,
            log_index: ended.index,
            truncated: ended.outcome.truncated.unwrap_or(false),
            format: self.format()?,
            notices,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(number: u128) -> QueryId {
        QueryId::from_uuid(uuid::Uuid::from_u128(number))
    }

    fn project(name: &str) -> ProjectId {
        ProjectId::parse(name).unwrap()
    }

    #[test]
    fn queries_are_paged_newest_first_and_of_one_project_only() {
        let records = Records::default();
        for number in 1..=5 {
            records.begin(&project("p-ada"), &query(number), LeafIndex::new(number as u64));
        }
        records.begin(&project("p-bob"), &query(9), LeafIndex::new(9));

        let intents = |after: Option<&QueryId>| -> Vec<u64> {
            let page = records.page(&project("p-ada"), after, 2);
            page.iter().map(|place| place.intent.get()).collect()
        };

        assert_eq!(intents(None), [5, 4]);
        assert_eq!(intents(Some(&query(4))), [3, 2]);
        assert_eq!(intents(Some(&query(1))), Vec::<u64>::new());
        assert_eq!(records.find(&project("p-ada"), &query(9)), None);
        assert_eq!(records.page(&project("p-new"), None, 2), []);
    }
}
