//! Query records: where in the log each query's intent and outcome stand.
//!
//! The log is the store; here is only the index into it, filled again from the log at each start.
//!
//! # Invariant
//! A record is found by its own project alone.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use audit::entry::{Body, Intent, Outcome};
use audit::{Audit, Private, ReplayError, Replayed};
use domain::{
    DatasetName, Format, Notice, ProjectId, QueryId, Role, Sha256Digest, SnapshotId, Timestamp,
};
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
    /// Which queries of which projects used a snapshot.
    users: RwLock<HashMap<(DatasetName, SnapshotId), BTreeMap<QueryId, ProjectId>>>,
    answers: Mutex<Answers>,
}

/// The answers that may still be stored, and what was taken out by law.
#[derive(Debug, Default)]
struct Answers {
    /// By the outcome's place in the log.
    kept: BTreeMap<LeafIndex, Answered>,
    /// The last redaction of each dataset.
    redacted: BTreeMap<DatasetName, LeafIndex>,
    /// While the log is read back: what the intents without an outcome so far scan.
    scanned: HashMap<u64, Vec<DatasetName>>,
}

/// An answer that may still be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answered {
    /// When its outcome was written.
    pub(crate) at: Timestamp,
    /// The digest of its bytes.
    pub(crate) sha256: Sha256Digest,
    /// What it read.
    pub(crate) datasets: Vec<DatasetName>,
}

impl Records {
    /// Notes where a query's intent stands, and which snapshots it uses.
    pub(crate) fn begin<'a>(
        &self,
        project: &ProjectId,
        query: &QueryId,
        intent: LeafIndex,
        snapshots: impl IntoIterator<Item = (&'a DatasetName, &'a SnapshotId)>,
    ) {
        let mut places = self.write();
        let of_project = places.entry(project.clone()).or_default();
        of_project.insert(query.clone(), Place { intent, outcome: None });
        drop(places);
        let mut users = self.users.write().unwrap_or_else(PoisonError::into_inner);
        for (dataset, id) in snapshots {
            let of_snapshot = users.entry((dataset.clone(), id.clone())).or_default();
            of_snapshot.insert(query.clone(), project.clone());
        }
    }

    /// Which queries of which projects used a snapshot.
    #[must_use]
    pub fn users(&self, dataset: &DatasetName, id: &SnapshotId) -> BTreeMap<QueryId, ProjectId> {
        let users = self.users.read().unwrap_or_else(PoisonError::into_inner);
        users.get(&(dataset.clone(), id.clone())).cloned().unwrap_or_default()
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
        if let Body::Redact(redacted) = &replayed.entry.body {
            self.note_redaction(&redacted.dataset, replayed.index);
        }
        let Some(project) = &replayed.entry.project else { return };
        if let Body::Intent(intent) = &replayed.entry.body {
            self.begin(project, &intent.query, replayed.index, snapshots_of(intent));
            let datasets = intent.snapshots.keys().cloned().collect();
            self.answers().scanned.insert(replayed.index.get(), datasets);
        }
        if let Body::Outcome(outcome) = &replayed.entry.body {
            self.end(project, &outcome.query, replayed.index);
            let datasets = self.answers().scanned.remove(&outcome.intent).unwrap_or_default();
            if let Some(sha256) = outcome.body_sha256 {
                let at = replayed.entry.time;
                self.note_answer(replayed.index, Answered { at, sha256, datasets });
            }
        }
    }

    /// Notes an answer that may be stored.
    pub(crate) fn note_answer(&self, outcome: LeafIndex, answered: Answered) {
        self.answers().kept.insert(outcome, answered);
    }

    /// Notes that something was taken out of a dataset by law.
    pub(crate) fn note_redaction(&self, dataset: &DatasetName, entry: LeafIndex) {
        self.answers().redacted.insert(dataset.clone(), entry);
    }

    /// The digests of the answers that were made before a redaction of what they read, each told
    /// once; of those that a lawful answer has too, none.
    pub(crate) fn take_purged(&self) -> BTreeSet<Sha256Digest> {
        let mut answers = self.answers();
        let Answers { kept, redacted, .. } = &mut *answers;
        let mut purged = BTreeSet::new();
        kept.retain(|outcome, answered| {
            let before =
                |dataset| redacted.get(dataset).is_some_and(|redaction| outcome < redaction);
            let is_purged = answered.datasets.iter().any(before);
            if is_purged {
                purged.insert(answered.sha256);
            }
            !is_purged
        });
        purged.retain(|sha256| kept.values().all(|lawful| lawful.sha256 != *sha256));
        purged
    }

    /// Whether an answer that may be fetched has these bytes.
    pub(crate) fn keeps(&self, sha256: &Sha256Digest) -> bool {
        self.answers().kept.values().any(|answered| answered.sha256 == *sha256)
    }

    /// Forgets answers of before a moment: they are not stored any more.
    pub(crate) fn forget_answers_before(&self, moment: Timestamp) {
        self.answers().kept.retain(|_, answered| moment <= answered.at);
    }

    /// The redaction because of which a query's answer was removed: of which dataset, and its entry.
    #[must_use]
    pub fn purged(&self, record: &Record) -> Option<(DatasetName, LeafIndex)> {
        let ended = record.ended.as_ref()?;
        ended.outcome.body_sha256?;
        let answers = self.answers();
        let redactions = record.snapshots().filter_map(|(dataset, _)| {
            let entry = answers.redacted.get(dataset).filter(|entry| ended.index < **entry)?;
            Some((dataset.clone(), *entry))
        });
        redactions.max_by_key(|(_, entry)| *entry)
    }

    fn answers(&self) -> MutexGuard<'_, Answers> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
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
        snapshots_of(&self.intent)
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

/// The snapshots that an intent names.
fn snapshots_of(intent: &Intent) -> impl Iterator<Item = (&DatasetName, &SnapshotId)> {
    intent.snapshots.iter().flat_map(|(dataset, snapshots)| {
        snapshots.iter().map(move |snapshot| (dataset, &snapshot.id))
    })
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
            records.begin(&project("p-ada"), &query(number), LeafIndex::new(number as u64), []);
        }
        records.begin(&project("p-bob"), &query(9), LeafIndex::new(9), []);

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

    #[test]
    fn answers_made_before_a_redaction_of_what_they_read_are_purged() {
        let records = Records::default();
        let dataset = |name: &str| DatasetName::parse(name).unwrap();
        let answer = |outcome: u64, body: &str, datasets: &[&str]| {
            let at = Timestamp::parse("2026-11-23T12:00:00Z").unwrap();
            let datasets = datasets.iter().map(|name| dataset(name)).collect();
            let sha256 = Sha256Digest::of(body.as_bytes());
            records.note_answer(LeafIndex::new(outcome), Answered { at, sha256, datasets });
        };
        answer(1, "names", &["traders", "listings"]);
        answer(2, "four", &["traders"]);
        answer(3, "four", &["listings"]);
        records.note_redaction(&dataset("traders"), LeafIndex::new(4));
        answer(5, "other names", &["traders"]);

        let purged = records.take_purged();

        assert_eq!(purged, BTreeSet::from([Sha256Digest::of(b"names")]));
        assert!(records.take_purged().is_empty(), "each is told once");
        assert!(records.keeps(&Sha256Digest::of(b"four")));
    }

    #[test]
    fn who_used_a_snapshot_is_found_by_it() {
        let records = Records::default();
        let (ads, traders) =
            (DatasetName::parse("ads").unwrap(), DatasetName::parse("traders").unwrap());
        let id = |text: &str| SnapshotId::from_digest(&domain::Sha256Digest::of(text.as_bytes()));
        let (old, new) = (id("old"), id("new"));
        let begin = |number, used: &[(&DatasetName, &SnapshotId)]| {
            let used = used.iter().copied();
            records.begin(&project("p-ada"), &query(number), LeafIndex::new(1), used);
        };

        begin(1, &[(&ads, &old), (&ads, &new)]);
        begin(2, &[(&ads, &new), (&traders, &old)]);

        let users = |dataset, id| records.users(dataset, id).into_keys().collect::<Vec<_>>();
        assert_eq!(users(&ads, &old), [query(1)]);
        assert_eq!(users(&ads, &new), [query(1), query(2)]);
        assert!(users(&traders, &new).is_empty());
    }
}
