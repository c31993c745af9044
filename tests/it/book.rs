//! Reading the log as an auditor does: over HTTP, tile by tile.

use serde_json::Value;

use crate::caller::{Caller, claims, sha256};
use crate::room::Room;
use crate::wait::until;

/// Entries of one full bundle.
const BUNDLE_ENTRIES: u64 = 256;

/// Everything that the log has of now, in order.
pub(crate) fn entries(room: &Room) -> Vec<Value> {
    let auditor = room.role("auditor");
    // The token above is an entry itself: once it is there, everything before it is.
    let id = claims(auditor.token.as_deref().unwrap())["jti"].as_str().unwrap().to_owned();
    let mark = sha256(id.as_bytes());
    until("a checkpoint that covers now", || {
        let entries = read(&auditor)?;
        entries.iter().any(|entry| entry["token_sha256"] == mark).then_some(entries)
    })
}

/// The entries that the newest checkpoint covers, unless a newer one came meanwhile.
fn read(auditor: &Caller<'_>) -> Option<Vec<Value>> {
    let checkpoint = auditor.get("/v1/log/checkpoint").text().unwrap();
    let size: u64 = checkpoint.lines().nth(1).unwrap().parse().unwrap();
    let mut entries = Vec::new();
    for bundle in 0..size.div_ceil(BUNDLE_ENTRIES) {
        let width = (size - bundle * BUNDLE_ENTRIES).min(BUNDLE_ENTRIES);
        let partial = if width < BUNDLE_ENTRIES { format!(".p/{width}") } else { String::new() };
        let response = auditor.get(&format!("/v1/log/tile/entries/{bundle:03}{partial}"));
        if !response.status().is_success() {
            return None;
        }
        let bytes = response.bytes().unwrap();
        let mut rest = &bytes[..];
        while let Some((length, after)) = rest.split_first_chunk::<2>() {
            let (entry, after) = after.split_at(u16::from_be_bytes(*length).into());
            entries.push(serde_json::from_slice(entry).unwrap());
            rest = after;
        }
    }
    Some(entries)
}
