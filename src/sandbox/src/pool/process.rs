//! One worker's process: the handle by which it is killed, and how it ended.
//!
//! # Invariant
//! The kill goes through a pidfd, so it meets this process or nobody, also when its number was
//! given to another one since.

use std::io;
use std::os::fd::OwnedFd;
use std::process::{Child, ExitStatus};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use rustix::process::{
    Pid, PidfdFlags, Resource, Rlimit, Signal, getrlimit, pidfd_open, pidfd_send_signal, prlimit,
};
use tokio::sync::watch;

use super::admission::Place;
use crate::end::{Stop, WorkerEnd};
use crate::wall::ProcessLimits;

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

/// What one question may have of the kernel.
#[derive(Clone, Copy, Debug)]
pub(super) struct Allowance {
    /// What the process may have whatever it is asked.
    pub(super) hard: ProcessLimits,
    /// What it may have for this question.
    pub(super) limits: ProcessLimits,
}

/// A limit, if it is one.
fn bounded(bytes: u64) -> Option<u64> {
    (bytes != u64::MAX).then_some(bytes)
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

    /// Moves what the kernel lets it have to what one question may, below the limits that the process
    /// set itself at its start.
    ///
    /// # Errors
    /// The kernel's; then the worker must not go on.
    pub(super) fn allow(&self, allowance: &Allowance) -> io::Result<()> {
        let Allowance { hard, limits } = *allowance;
        self.set_soft(Resource::Data, limits.memory_bytes, bounded(hard.memory_bytes))?;
        self.set_soft(Resource::Fsize, limits.file_bytes, bounded(hard.file_bytes))
    }

    /// Lets it use that much more processor time from now on.
    ///
    /// # Errors
    /// The kernel's; then the worker must not go on.
    pub(super) fn allow_cpu(&self, cpu: Duration) -> io::Result<()> {
        // Whole seconds, counted from the birth of a process that may have served others before.
        let until = self.cpu_used()?.saturating_add(cpu).as_secs().saturating_add(1);
        self.set_soft(Resource::Cpu, until, None)
    }

    /// Sets a soft limit below the hard one that the process took: the lower of what it was told and
    /// what it inherited from this one.
    fn set_soft(&self, resource: Resource, soft: u64, hard: Option<u64>) -> io::Result<()> {
        let pid = Pid::from_raw(self.pid.cast_signed()).ok_or(io::ErrorKind::InvalidInput)?;
        let inherited = getrlimit(resource).maximum;
        let hard = [hard, inherited].into_iter().flatten().min();
        let current = Some(hard.map_or(soft, |hard| soft.min(hard)));
        prlimit(Some(pid), resource, Rlimit { current, maximum: hard })?;
        Ok(())
    }

    /// Processor time that it used until now.
    ///
    /// # Source
    /// proc(5), `/proc/pid/stat`: fields 14 and 15, in hundredths of a second whatever the kernel's
    /// own clock does.
    fn cpu_used(&self) -> io::Result<Duration> {
        const PER_SECOND: u64 = 100;
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid))?;
        // The name before may hold blanks and brackets; what follows the last bracket does not.
        let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields).split_whitespace();
        let ticks: u64 =
            fields.skip(11).take(2).filter_map(|ticks| ticks.parse::<u64>().ok()).sum();
        Ok(Duration::from_millis(ticks * (1_000 / PER_SECOND)))
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

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    /// The kernel counts whole seconds: one and a little is the least that it takes.
    #[test]
    fn a_process_that_spins_is_ended_by_its_processor_time() {
        let mut child = Command::new("sh").args(["-c", "while :; do :; done"]).spawn().unwrap();
        let process = Process::of(&child, 1).unwrap();

        process.allow_cpu(Duration::ZERO).unwrap();

        assert_eq!(process.classify(child.wait().unwrap()), WorkerEnd::ProcessorTime);
    }
}
