//! One worker's process: the handle by which it is killed, and how it ended.
//!
//! # Invariant
//! The kill goes through a pidfd, so it meets this process or nobody, also when its number was
//! given to another one since.

use std::os::fd::OwnedFd;
use std::process::{Child, ExitStatus};
use std::sync::{Mutex, OnceLock, PoisonError};

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use tokio::sync::watch;

use super::admission::Place;
use crate::end::{Stop, WorkerEnd};

/// A worker's process, alive or not.
pub(super) struct Process {
    /// Which of the pool's workers it is.
    pub(super) number: u64,
    /// Its process id, for logs.
    pub(super) pid: u32,
    handle: OwnedFd,
    stop: OnceLock<Stop>,
    end: watch::Sender<Option<WorkerEnd>>,
    kept: Mutex<Kept>,
}

/// The places that a killed worker keeps until it is gone.
enum Kept {
    Until(Vec<Place>),
    Gone,
}

impl Process {
    /// The process of a child that nobody has waited for yet.
    pub(super) fn of(child: &Child, number: u64) -> std::io::Result<Self> {
        Ok(Self {
            number,
            pid: child.id(),
            handle: pidfd_open(Pid::from_child(child), PidfdFlags::empty())?,
            stop: OnceLock::new(),
            end: watch::Sender::new(None),
            kept: Mutex::new(Kept::Until(Vec::new())),
        })
    }

    /// Kills it, if nobody did before; the first reason is the one that counts.
    pub(super) fn kill(&self, stop: Stop) {
        if self.stop.set(stop).is_ok() {
            // It can only fail because the process has ended already.
            let _ = pidfd_send_signal(&self.handle, Signal::KILL);
        }
    }

    /// Whether it was killed or has ended.
    pub(super) fn is_over(&self) -> bool {
        self.stop.get().is_some() || self.end.borrow().is_some()
    }

    /// Keeps a place taken until the process is gone, and its memory and disk with it.
    pub(super) fn keep(&self, place: Place) {
        if let Kept::Until(places) = &mut *self.kept.lock().unwrap_or_else(PoisonError::into_inner)
        {
            places.push(place);
        }
    }

    /// How the process ended, from its wait status.
    pub(super) fn classify(&self, status: ExitStatus) -> WorkerEnd {
        WorkerEnd::classify(status, self.stop.get().copied())
    }

    /// Says that the process is reaped and its folder swept.
    pub(super) fn bury(&self, end: WorkerEnd) {
        self.end.send_replace(Some(end));
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        *kept = Kept::Gone;
    }

    /// Waits until the process is gone. Kill it first, or this may take long.
    pub(super) async fn ended(&self) -> WorkerEnd {
        let mut end = self.end.subscribe();
        let end = end.wait_for(Option::is_some).await;
        // The sender lives in `self`, so it is not dropped here.
        end.ok().and_then(|end| *end).unwrap_or(WorkerEnd::Unknown)
    }
}
