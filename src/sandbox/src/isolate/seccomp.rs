//! Seccomp: of all system calls only those that a worker needs.
//!
//! What is not on a list kills the process: nothing that runs here has a reason to try it.
//!
//! # Source
//! The lists were made by tracing the workers of a demo, its editions, R01 to R15 and every format
//! (strace), and reading what glibc and std call.

use std::collections::BTreeMap;
use std::io;

use libc::c_long;
use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition,
    SeccompFilter, SeccompRule, TargetArch,
};

/// Calls that a worker may make with any arguments. Which files they name is Landlock's to say.
const ALLOWED: &[c_long] = &[
    // Descriptors: what came with a question, and files of the private folder.
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_pread64,
    libc::SYS_preadv,
    libc::SYS_write,
    libc::SYS_writev,
    libc::SYS_pwrite64,
    libc::SYS_pwritev,
    libc::SYS_close,
    libc::SYS_dup,
    libc::SYS_lseek,
    libc::SYS_fstat,
    libc::SYS_newfstatat,
    libc::SYS_statx,
    libc::SYS_ftruncate,
    libc::SYS_fallocate,
    libc::SYS_fsync,
    libc::SYS_fdatasync,
    libc::SYS_getdents64,
    libc::SYS_openat,
    libc::SYS_mkdirat,
    libc::SYS_unlinkat,
    libc::SYS_renameat2,
    libc::SYS_ppoll,
    // The control socket.
    libc::SYS_recvfrom,
    libc::SYS_recvmsg,
    libc::SYS_sendto,
    libc::SYS_sendmsg,
    libc::SYS_shutdown,
    libc::SYS_getsockopt,
    // Memory.
    libc::SYS_brk,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_madvise,
    // Threads and time.
    libc::SYS_futex,
    libc::SYS_sched_yield,
    libc::SYS_sched_getaffinity,
    libc::SYS_set_robust_list,
    libc::SYS_rseq,
    libc::SYS_gettid,
    libc::SYS_getpid,
    libc::SYS_getppid,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    libc::SYS_clock_gettime,
    libc::SYS_clock_getres,
    libc::SYS_clock_nanosleep,
    libc::SYS_nanosleep,
    libc::SYS_restart_syscall,
    libc::SYS_getrandom,
    libc::SYS_getrusage,
    libc::SYS_exit,
    libc::SYS_exit_group,
];

/// Calls that only this kind of machine still has beside those above.
#[cfg(target_arch = "x86_64")]
const ALLOWED_HERE: &[c_long] = &[
    libc::SYS_open,
    libc::SYS_stat,
    libc::SYS_lstat,
    libc::SYS_mkdir,
    libc::SYS_rmdir,
    libc::SYS_unlink,
    libc::SYS_rename,
    libc::SYS_renameat,
    libc::SYS_poll,
    libc::SYS_time,
    libc::SYS_gettimeofday,
];
#[cfg(not(target_arch = "x86_64"))]
const ALLOWED_HERE: &[c_long] = &[libc::SYS_renameat, libc::SYS_gettimeofday];

/// Calls that libraries try and can do without: they are told no and live on.
const DECLINED: &[c_long] = &[
    libc::SYS_ioctl,
    libc::SYS_faccessat,
    libc::SYS_faccessat2,
    libc::SYS_readlinkat,
    libc::SYS_uname,
    libc::SYS_sysinfo,
    libc::SYS_sched_setaffinity,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_access,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_readlink,
];

/// The name of a region of memory, which newer allocators set.
const PR_SET_VMA: u64 = 0x5356_4d41;

/// Leaves this process and its threads to come the calls of the lists.
///
/// # Order
/// To put up a filter takes calls that the last of them forbids.
pub(super) fn leave_few_calls() -> io::Result<()> {
    for filter in [declined(), no_clone3(), allowed()] {
        let program = filter.map_err(io::Error::other)?;
        seccompiler::apply_filter(&program).map_err(io::Error::other)?;
    }
    Ok(())
}

/// glibc starts threads by `clone3`, whose flags a filter cannot see, and by `clone` where there is
/// no such call.
fn no_clone3() -> Result<BpfProgram, BackendError> {
    let calls = BTreeMap::from([(libc::SYS_clone3, Vec::new())]);
    filter(calls, SeccompAction::Allow, SeccompAction::Errno(libc::ENOSYS.unsigned_abs()))
}

fn declined() -> Result<BpfProgram, BackendError> {
    let calls = DECLINED.iter().map(|&call| (call, Vec::new())).collect();
    filter(calls, SeccompAction::Allow, SeccompAction::Errno(libc::EPERM.unsigned_abs()))
}

/// Of what several filters say of a call, the kernel does the strictest.
fn allowed() -> Result<BpfProgram, BackendError> {
    let spoken_for = DECLINED.iter().chain([&libc::SYS_clone3]);
    let all = ALLOWED.iter().chain(ALLOWED_HERE).chain(spoken_for);
    let mut calls: BTreeMap<c_long, Vec<SeccompRule>> =
        all.map(|&call| (call, Vec::new())).collect();
    calls.extend(conditional()?);
    filter(calls, SeccompAction::KillProcess, SeccompAction::Allow)
}

/// Calls that a worker may make with some arguments only.
fn conditional() -> Result<Vec<(c_long, Vec<SeccompRule>)>, BackendError> {
    let thread = (libc::CLONE_THREAD | libc::CLONE_VM) as u64;
    let exec = libc::PROT_EXEC as u64;
    let own = u64::from(std::process::id());
    let one_of = |place: u8, values: &[u64]| -> Result<Vec<SeccompRule>, BackendError> {
        values.iter().map(|&value| rule(place, SeccompCmpOp::Eq, value)).collect()
    };
    let commands =
        [libc::F_DUPFD_CLOEXEC, libc::F_GETFD, libc::F_SETFD, libc::F_GETFL, libc::F_SETFL];
    Ok(vec![
        // Threads, not processes.
        (libc::SYS_clone, vec![rule(0, SeccompCmpOp::MaskedEq(thread), thread)?]),
        // Memory that nothing can run from.
        (libc::SYS_mmap, vec![rule(2, SeccompCmpOp::MaskedEq(exec), 0)?]),
        (libc::SYS_mprotect, vec![rule(2, SeccompCmpOp::MaskedEq(exec), 0)?]),
        // Signals to itself, with which it aborts.
        (libc::SYS_tgkill, one_of(0, &[own])?),
        // Names of threads and of memory.
        (libc::SYS_prctl, one_of(0, &[libc::PR_SET_NAME as u64, PR_SET_VMA])?),
        // Its limits, to read.
        (libc::SYS_prlimit64, one_of(2, &[0])?),
        // Descriptors' flags, but not whom they signal.
        (libc::SYS_fcntl, one_of(1, &commands.map(|command| command as u64))?),
    ])
}

/// A condition on one argument.
fn rule(place: u8, op: SeccompCmpOp, value: u64) -> Result<SeccompRule, BackendError> {
    let condition = SeccompCondition::new(place, SeccompCmpArgLen::Qword, op, value)?;
    SeccompRule::new(vec![condition])
}

fn filter(
    calls: BTreeMap<c_long, Vec<SeccompRule>>,
    others: SeccompAction,
    these: SeccompAction,
) -> Result<BpfProgram, BackendError> {
    let machine = TargetArch::try_from(std::env::consts::ARCH)?;
    SeccompFilter::new(calls, others, these, machine)?.try_into()
}
