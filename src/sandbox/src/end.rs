//! How a worker's life ended: by our hand, by the kernel's, or by its own.
//!
//! # Invariant
//! Every ended process has exactly one [`WorkerEnd`], read from its wait status; only a SIGKILL
//! that we sent counts as ours.

use std::fmt;
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;

/// Why the pool killed a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stop {
    /// It served as many questions as one worker may, or the one publication it was started for.
    Served,
    /// Nobody needed it for too long.
    Idle,
    /// Its room was needed for another project's worker, or nobody wanted it any more.
    Evicted,
    /// Someone used a [`KillHandle`](crate::KillHandle).
    Cancelled,
    /// Whoever waited for it went away in the middle of a question.
    Abandoned,
    /// Its run took longer than its wall time.
    WallTime,
    /// Planning took longer than it may.
    PlanTime,
    /// Whoever took its answer would take no more.
    SinkFull,
    /// It said what the protocol does not allow, or reported a fault of its own.
    Fault,
    /// It did not become ready.
    NotReady,
    /// The pool ended.
    PoolStopped,
}

impl Stop {
    /// The reason as logs and metrics write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Served => "served",
            Self::Idle => "idle",
            Self::Evicted => "evicted",
            Self::Cancelled => "cancelled",
            Self::Abandoned => "abandoned",
            Self::WallTime => "wall_time",
            Self::PlanTime => "plan_time",
            Self::SinkFull => "sink_full",
            Self::Fault => "fault",
            Self::NotReady => "not_ready",
            Self::PoolStopped => "pool_stopped",
        }
    }
}

/// How a worker's process ended.
///
/// # Source
/// The signals that a worker's limits and the kernel raise: signal(7), setrlimit(2), seccomp(2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WorkerEnd {
    /// The pool killed it.
    Stopped(Stop),
    /// It left by itself, without a complaint.
    Left,
    /// It panicked and left with Rust's exit code for that.
    Panicked,
    /// It left with another exit code.
    Exited {
        /// The code.
        code: i32,
    },
    /// SIGABRT: an allocation failed or a guarded stack overflowed.
    Aborted,
    /// SIGSYS: it asked the kernel for what it may not ask.
    SystemCallRefused,
    /// SIGKILL from elsewhere: out of memory, or its hard limit of processor time.
    Killed,
    /// SIGXFSZ: it wrote a longer file than it may.
    FileSize,
    /// SIGXCPU: it used more processor time than it may.
    ProcessorTime,
    /// SIGSEGV or SIGBUS: a stack overflowed its guard, or memory was read that is not there.
    MemoryFault,
    /// Another signal.
    Signalled {
        /// Its number.
        signal: i32,
    },
    /// The kernel no longer knows.
    Unknown,
}

impl WorkerEnd {
    /// Reads a wait status; `stop` is the reason for the SIGKILL we sent, if we sent one.
    pub(crate) fn classify(status: ExitStatus, stop: Option<Stop>) -> Self {
        const SIGABRT: i32 = 6;
        const SIGBUS: i32 = 7;
        const SIGKILL: i32 = 9;
        const SIGSEGV: i32 = 11;
        const SIGXCPU: i32 = 24;
        const SIGXFSZ: i32 = 25;
        const SIGSYS: i32 = 31;
        const PANICKED: i32 = 101;
        match (status.signal(), status.code()) {
            (Some(SIGKILL), _) => stop.map_or(Self::Killed, Self::Stopped),
            (Some(SIGABRT), _) => Self::Aborted,
            (Some(SIGSEGV | SIGBUS), _) => Self::MemoryFault,
            (Some(SIGXCPU), _) => Self::ProcessorTime,
            (Some(SIGXFSZ), _) => Self::FileSize,
            (Some(SIGSYS), _) => Self::SystemCallRefused,
            (Some(signal), _) => Self::Signalled { signal },
            (None, Some(0)) => Self::Left,
            (None, Some(PANICKED)) => Self::Panicked,
            (None, Some(code)) => Self::Exited { code },
            (None, None) => Self::Unknown,
        }
    }

    /// Whether nothing went wrong: the pool had the worker leave because it was no longer needed.
    #[must_use]
    pub fn is_expected(self) -> bool {
        matches!(self, Self::Stopped(Stop::Served | Stop::Idle | Stop::Evicted | Stop::PoolStopped))
    }

    /// The end as logs and metrics write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stopped(stop) => stop.as_str(),
            Self::Left => "left",
            Self::Panicked => "panicked",
            Self::Exited { .. } => "exited",
            Self::Aborted => "aborted",
            Self::SystemCallRefused => "system_call_refused",
            Self::Killed => "killed",
            Self::FileSize => "file_size",
            Self::ProcessorTime => "processor_time",
            Self::MemoryFault => "memory_fault",
            Self::Signalled { .. } => "signalled",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for WorkerEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::Exited { code } = self {
            return write!(f, "exited with code {code}");
        }
        if let Self::Signalled { signal } = self {
            return write!(f, "ended by signal {signal}");
        }
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signalled(signal: i32) -> ExitStatus {
        ExitStatus::from_raw(signal)
    }

    fn exited(code: i32) -> ExitStatus {
        ExitStatus::from_raw(code << 8)
    }

    #[test]
    fn each_way_to_die_has_its_name() {
        let ends = [6, 7, 9, 11, 15, 24, 25, 31]
            .map(|signal| WorkerEnd::classify(signalled(signal), None).as_str());

        assert_eq!(
            ends,
            [
                "aborted",
                "memory_fault",
                "killed",
                "memory_fault",
                "signalled",
                "processor_time",
                "file_size",
                "system_call_refused"
            ]
        );
        assert_eq!(WorkerEnd::classify(exited(101), None), WorkerEnd::Panicked);
        assert_eq!(WorkerEnd::classify(exited(3), None), WorkerEnd::Exited { code: 3 });
        assert_eq!(WorkerEnd::classify(exited(0), None), WorkerEnd::Left);
    }

    #[test]
    fn only_a_kill_of_ours_counts_as_ours() {
        let ours = WorkerEnd::classify(signalled(9), Some(Stop::Idle));
        let faster = WorkerEnd::classify(signalled(6), Some(Stop::Idle));

        assert_eq!(ours, WorkerEnd::Stopped(Stop::Idle));
        assert_eq!(faster, WorkerEnd::Aborted);
    }
}
