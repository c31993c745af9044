//! Looking at processes from outside, as the kernel tells of them.
//!
//! # Source
//! proc(5).

use std::fs;

/// The processes that a process has spawned and that still live.
pub(crate) fn children(of: u32) -> Vec<u32> {
    let processes = fs::read_dir("/proc").unwrap().filter_map(|entry| {
        let id: u32 = entry.ok()?.file_name().to_str()?.parse().ok()?;
        let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
        // The name in brackets may hold anything; state and parent come after it.
        let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
        let (state, parent) = (fields.next()?, fields.next()?);
        (state != "Z" && parent.parse() == Ok(of)).then_some(id)
    });
    processes.collect()
}

/// The most memory that a process has had; nothing where it is gone.
pub(crate) fn peak_bytes(of: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{of}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes << 10)
}
