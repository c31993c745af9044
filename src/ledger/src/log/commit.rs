//! Committing: one thread makes entries durable, all that wait with one `fdatasync`.
//!
//! # Order
//! Write, sync, publish to readers, wake who waits, tell the sealer.

use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, Sender};
use std::time::Instant;

use futures_channel::oneshot;

use super::seal::Message;
use super::{AppendError, Failure, Shared};
use crate::leaf::LeafIndex;
use crate::record::Record;

/// Most bytes that one write takes; what is beyond waits for the next one.
const BATCH_BYTES_MAX: usize = 16 * 1024 * 1024;

/// How an append learns its place.
pub(super) type Reply = oneshot::Sender<Result<LeafIndex, AppendError>>;

/// A record that waits for the disk.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) record: Record,
    pub(super) reply: Reply,
}

/// Makes batches durable until the queue closes, or a write fails.
///
/// Returning drops the queue, and with it tells everyone who waits that the log is unavailable.
pub(super) fn run(shared: &Shared, queue: &Receiver<Pending>, sealer: &Sender<Message>) {
    while let Some(batch) = gather(shared, queue) {
        if shared.has_failed() {
            return;
        }
        let records: Vec<_> = batch.iter().map(|pending| &pending.record).collect();
        let start = Instant::now();
        let mut index = match shared.entries.commit(&records) {
            Ok(first) => first,
            Err(error) => return shared.fail(&Failure::Commit(error)),
        };
        let (entries, elapsed) = (records.len(), start.elapsed());
        for pending in batch {
            // Who no longer waits has lost interest, not the entry.
            pending.reply.send(Ok(index)).ok();
            index = index.next();
        }
        shared.observer.on_commit(entries, elapsed);
        // Without a sealer no checkpoint would cover what comes; so nothing more may come.
        if sealer.send(Message::Appended).is_err() {
            return;
        }
    }
}

/// Waits for one record, then takes along all that wait with it.
fn gather(shared: &Shared, queue: &Receiver<Pending>) -> Option<Vec<Pending>> {
    let first = queue.recv().ok()?;
    let mut length_bytes = first.record.encoded_bytes();
    let mut batch = vec![first];
    while length_bytes < BATCH_BYTES_MAX
        && let Ok(pending) = queue.try_recv()
    {
        length_bytes += pending.record.encoded_bytes();
        batch.push(pending);
    }
    shared.queued_bytes.fetch_sub(length_bytes, Ordering::Relaxed);
    Some(batch)
}
