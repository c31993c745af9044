//! Digesting files, whatever they hold.

use std::fs::File;
use std::io::Read as _;

use domain::Sha256Digest;
use sha2::{Digest as _, Sha256};

use crate::damage::DamageKind;

/// Bytes that are read and digested at once.
const BLOCK_BYTES: usize = 256 * 1024;

/// What a file turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    sha256: Sha256Digest,
    pub(crate) bytes: u64,
}

impl Found {
    /// Holds a file against what was said of it.
    pub(crate) fn check(
        self,
        expected: Sha256Digest,
        expected_bytes: u64,
    ) -> Result<(), DamageKind> {
        let Self { sha256: found, bytes: found_bytes } = self;
        if found_bytes != expected_bytes {
            return Err(DamageKind::Length { expected_bytes, found_bytes });
        }
        if found != expected {
            return Err(DamageKind::Digest { expected, found });
        }
        Ok(())
    }
}

/// Reads what is left of a file.
pub(crate) fn digest(file: &mut File) -> Result<Found, DamageKind> {
    let mut hasher = Sha256::new();
    let mut block = vec![0; BLOCK_BYTES];
    let mut bytes: u64 = 0;
    loop {
        let read = file.read(&mut block).map_err(DamageKind::from_io)?;
        if read == 0 {
            let sha256 = Sha256Digest::from_bytes(hasher.finalize().into());
            return Ok(Found { sha256, bytes });
        }
        hasher.update(&block[..read]);
        bytes += read as u64;
    }
}
