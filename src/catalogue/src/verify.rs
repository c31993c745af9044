//! Verifying: every byte of a snapshot is read again and held against what was signed.
//!
//! Digests only; nothing here knows what a file means.

use crate::damage::Damage;
use crate::digest::digest;
use crate::layout::Layout;
use crate::load::read_snapshot;
use crate::seal::Sealer;
use crate::snapshot::Snapshot;
use crate::view::open_regular;

/// What verifying one snapshot found.
#[derive(Debug)]
pub struct Verification {
    /// Files of data that were read.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// What is damaged: nothing, if all is well.
    pub damages: Vec<Damage>,
}

/// Reads everything of one snapshot again.
pub(crate) fn verify(layout: &Layout, sealer: &Sealer, snapshot: &Snapshot) -> Verification {
    let mut verification = Verification { files: 0, bytes: 0, damages: Vec::new() };
    let (dataset, id) = (snapshot.dataset(), snapshot.id());
    let path = layout.snapshot(dataset, id);
    if let Err(damage) = read_snapshot(layout, sealer, &path, dataset, id, |_| None) {
        verification.damages.push(damage);
    }
    for resource in &snapshot.manifest.resources {
        let path = layout.file(dataset, &resource.hash.0);
        let checked = open_regular(&path).and_then(|mut file| {
            let found = digest(&mut file)?;
            found.check(resource.hash.0, resource.bytes)?;
            Ok(found.bytes)
        });
        verification.files += 1;
        match checked {
            Ok(bytes) => verification.bytes += bytes,
            Err(kind) => {
                verification.damages.push(Damage { file: layout.relative(&path), kind });
            }
        }
    }
    verification
}
