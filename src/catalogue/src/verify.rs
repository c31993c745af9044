//! Verifying: every byte of a snapshot is read again and held against what was signed.
//!
//! Digests only; nothing here knows what a file means.

use std::fs::File;
use std::io::{self, Read as _};

use domain::Sha256Digest;
use domain::manifest::Resource;
use sha2::{Digest as _, Sha256};

use crate::damage::{Damage, DamageKind};
use crate::layout::Layout;
use crate::load::read_snapshot;
use crate::seal::Sealer;
use crate::snapshot::Snapshot;
use crate::view::open_regular;

/// Bytes that are read and digested at once.
const BLOCK_BYTES: usize = 256 * 1024;

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
            let found = digest(&mut file).map_err(DamageKind::from_io)?;
            check(resource, &found)?;
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

/// What a file has.
struct Found {
    sha256: Sha256Digest,
    bytes: u64,
}

/// Holds what a file has against what its manifest says.
fn check(resource: &Resource, found: &Found) -> Result<(), DamageKind> {
    if found.bytes != resource.bytes {
        let (expected_bytes, found_bytes) = (resource.bytes, found.bytes);
        return Err(DamageKind::Length { expected_bytes, found_bytes });
    }
    if found.sha256 != resource.hash.0 {
        let (expected, found) = (resource.hash.0, found.sha256);
        return Err(DamageKind::Digest { expected, found });
    }
    Ok(())
}

/// The digest and the length of what is left to read of a file.
fn digest(file: &mut File) -> io::Result<Found> {
    let mut hasher = Sha256::new();
    let mut block = vec![0; BLOCK_BYTES];
    let mut bytes: u64 = 0;
    loop {
        let read = file.read(&mut block)?;
        if read == 0 {
            let sha256 = Sha256Digest::from_bytes(hasher.finalize().into());
            return Ok(Found { sha256, bytes });
        }
        hasher.update(&block[..read]);
        bytes += read as u64;
    }
}
