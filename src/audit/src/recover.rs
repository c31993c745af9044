//! Closing what a crash left open: every intent gets its outcome.

use std::collections::BTreeMap;

use domain::QueryId;
use domain::limits::Usage;
use ledger::LeafIndex;

use crate::entry::{Body, Outcome, Recover};
use crate::event::{Actor, Attribution, Event};
use crate::{Audit, OpenError};

/// What opening the book found and closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recovery {
    /// Bytes of a torn last record that were cut off.
    pub torn_bytes: u64,
    /// Intents without outcome, closed as `unknown`.
    pub intents_closed: u64,
}

/// An intent that no outcome has closed yet.
struct Open {
    query: QueryId,
    scan_bytes: u64,
    attribution: Attribution,
}

/// Gives every intent without outcome an outcome of `unknown`, and says so in one entry.
///
/// It is charged what it was estimated to scan: whether it read anything cannot be known.
pub(crate) fn close_open_intents(
    audit: &Audit,
    log: &ledger::Recovery,
) -> Result<Recovery, OpenError> {
    let open = open_intents(audit)?;
    let recovery = Recovery { torn_bytes: log.torn_bytes, intents_closed: open.len() as u64 };
    for (intent, open) in open {
        let outcome = Outcome {
            intent,
            query: open.query,
            outcome: "unknown".to_owned(),
            rows: None,
            bytes: None,
            truncated: None,
            body_sha256: None,
            rows_sha256: None,
            charged: Usage { queries: 0, scan_bytes: open.scan_bytes, result_bytes: 0 },
            duration_ms_class: 0,
            memory_peak_mb: None,
        };
        audit.append_blocking(&open.attribution, Event::Outcome(outcome))?;
    }
    if recovery.torn_bytes > 0 || recovery.intents_closed > 0 {
        let Recovery { torn_bytes, intents_closed } = recovery;
        let event = Event::Recover(Recover { torn_bytes, intents_closed });
        audit.append_blocking(&Attribution::default(), event)?;
    }
    Ok(recovery)
}

/// The intents that have no outcome, by index.
fn open_intents(audit: &Audit) -> Result<BTreeMap<u64, Open>, OpenError> {
    let mut open = BTreeMap::new();
    for replayed in audit.replay(LeafIndex::new(0)) {
        let replayed = replayed?;
        let entry = replayed.entry;
        if let Body::Outcome(outcome) = &entry.body {
            open.remove(&outcome.intent);
        }
        if let Body::Intent(intent) = entry.body {
            let subject = replayed.private.and_then(|private| private.subject);
            let actor = subject.zip(entry.role).map(|(subject, role)| Actor {
                subject,
                role,
                project: entry.project,
                organisation: entry.organisation,
            });
            let attribution = Attribution { request_id: entry.request_id, actor };
            let scan_bytes = intent.scan_bytes_estimate;
            let query = intent.query;
            open.insert(replayed.index.get(), Open { query, scan_bytes, attribution });
        }
    }
    Ok(open)
}
