//! Limits of a process, which it cannot raise.
//!
//! The hard ones are set here, once. The gateway moves the soft ones below them for each question
//! (`pool::process`).

use std::io;

use rustix::process::{Resource, Rlimit, setrlimit};

use crate::wall::ProcessLimits;

/// Address space that may be reserved and is never used: arenas of the allocator, guards.
const RESERVED_BYTES: u64 = 4 << 30;

/// Sets the limits of this process.
///
/// # Source
/// setrlimit(2): `RLIMIT_DATA` counts what is private and may be written, and so holds memory that
/// nobody's pool accounts for; `RLIMIT_AS` is the fence around everything.
pub(super) fn set(limits: &ProcessLimits) -> io::Result<()> {
    let ProcessLimits { memory_bytes, file_bytes } = *limits;
    set_one(Resource::Data, memory_bytes)?;
    set_one(Resource::As, memory_bytes.saturating_add(RESERVED_BYTES))?;
    set_one(Resource::Fsize, file_bytes)
}

/// Lowers one limit, soft and hard; one that is lower already stays.
fn set_one(resource: Resource, bytes: u64) -> io::Result<()> {
    let maximum = rustix::process::getrlimit(resource).maximum.map_or(bytes, |it| it.min(bytes));
    let limit = (maximum != u64::MAX).then_some(maximum);
    Ok(setrlimit(resource, Rlimit { current: limit, maximum: limit })?)
}
