//! Reading the log as an auditor does: over HTTP, tile by tile.

use serde_json::Value;

use crate::room::Room;

/// Entries of one full bundle.
const BUNDLE_ENTRIES: u64 = 256;

/// The entries that the newest checkpoint covers, waiting for the one that covers all of now.
pub fn entries(room: &Room) -> Vec<Value> {
    let auditor = room.role("auditor");
    // The token above is an entry itself: once it is there, everything before it is.
    loop {
        let entries = read(room, &auditor.token.clone().unwrap());
        let has_last = entries.iter().rev().any(|entry| entry["kind"] == "token" && entry["for_role"] == "auditor");
        if has_last {
            return entries;
        }
    }
}

fn read(room: &Room, token: &str) -> Vec<Value> {
    let auditor = room.bearer(token);
    let checkpoint = room.nobody().get("/v1/log/checkpoint").text().unwrap();
    let size: u64 = checkpoint.lines().nth(1).unwrap().parse().unwrap();
    let mut entries = Vec::new();
    for bundle in 0..size.div_ceil(BUNDLE_ENTRIES) {
        let width = (size - bundle * BUNDLE_ENTRIES).min(BUNDLE_ENTRIES);
        let partial = if width < BUNDLE_ENTRIES { format!(".p/{width}") } else { String::new() };
        let path = format!("/v1/log/tile/entries/{bundle:03}{partial}");
        let response = auditor.get(&path);
        if !response.status().is_success() {
            return Vec::new(); // A newer checkpoint has replaced this partial tile: read again.
        }
        let bytes = response.bytes().unwrap();
        let mut rest = &bytes[..];
        while let Some((length, after)) = rest.split_first_chunk::<2>() {
            let (entry, after) = after.split_at(u16::from_be_bytes(*length).into());
            entries.push(serde_json::from_slice(entry).unwrap());
            rest = after;
        }
    }
    entries
}
