//! The master key of pseudonyms, and the key of each project that follows from it.
//!
//! # Shape
//! `keys/pseudonym.key`: 64 hexadecimal digits and a line feed, readable by its owner alone. A
//! project's key is HKDF-SHA256 (RFC 5869) of it with [`SALT`] and the project's id.
//!
//! # Invariant
//! The master key leaves this room as keys of projects only, and one of these does not lead back to
//! it or to another's. It never changes: with it all pseudonyms would.

use std::io::{self, Write as _};
use std::path::Path;

use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};
use aws_lc_rs::rand;
use domain::{ProjectId, PseudonymKey};
use zeroize::Zeroizing;

/// Tells keys of projects from whatever else might one day follow from the master key.
const SALT: &[u8] = b"reading-room/pseudonyms/1";

/// From which every project's key follows.
pub(crate) struct PseudonymMaster(Zeroizing<[u8; PseudonymKey::LENGTH_BYTES]>);

/// Why there is no master key.
#[derive(Debug, thiserror::Error)]
pub enum PseudonymMasterError {
    /// The file cannot be read or written.
    #[error("the file cannot be used")]
    Io(#[from] io::Error),
    /// The file holds something else.
    #[error("the file does not hold 64 hexadecimal digits; put it back from a copy")]
    Malformed,
    /// The system gives no random numbers.
    #[error("a key cannot be made")]
    Generate,
}

impl PseudonymMaster {
    /// Makes the key of a folder that has none.
    pub(crate) fn generate(path: &Path) -> Result<Self, PseudonymMasterError> {
        let mut master = Self(Zeroizing::default());
        rand::fill(&mut *master.0).map_err(|_| PseudonymMasterError::Generate)?;
        let folder = path.parent().unwrap_or(Path::new("."));
        // Half a key must never lie there: nobody could tell it from a lost one.
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        let text = Zeroizing::new(format!("{}\n", hex::encode(*master.0)));
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        file.persist_noclobber(path).map_err(io::Error::from)?;
        std::fs::File::open(folder)?.sync_all()?;
        Ok(master)
    }

    /// Reads the key of a folder; makes it in a folder from before there were pseudonyms.
    pub(crate) fn load(path: &Path) -> Result<Self, PseudonymMasterError> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => Zeroizing::new(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                tracing::warn!(
                    path = %path.display(),
                    "there was no key for pseudonyms, and one was made; if there was one before, \
                     stop and put it back: pseudonyms in earlier answers are found by no other"
                );
                return Self::generate(path);
            }
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                return Err(PseudonymMasterError::Malformed);
            }
            Err(error) => return Err(error.into()),
        };
        let mut master = Self(Zeroizing::default());
        hex::decode_to_slice(text.trim_end(), &mut *master.0)
            .map_err(|_| PseudonymMasterError::Malformed)?;
        Ok(master)
    }

    /// The key of a project's pseudonyms.
    pub(crate) fn of(&self, project: &ProjectId) -> PseudonymKey {
        let master = Salt::new(HKDF_SHA256, SALT).extract(&*self.0);
        let mut key = Zeroizing::new([0; PseudonymKey::LENGTH_BYTES]);
        let project = [project.as_str().as_bytes()];
        let filled = master.expand(&project, HKDF_SHA256).and_then(|it| it.fill(&mut *key));
        filled.expect("invariant: HKDF-SHA256 gives the 32 bytes of one hash");
        PseudonymKey::new(*key)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn project(id: &str) -> ProjectId {
        ProjectId::parse(id).unwrap()
    }

    /// Researchers hold pseudonyms that only this derivation finds again.
    #[test]
    fn a_key_of_a_project_is_what_it_always_was() {
        let master = PseudonymMaster(Zeroizing::new([7; PseudonymKey::LENGTH_BYTES]));

        let key = String::from(master.of(&project("p-1")));

        assert_eq!(key, "c3aa8290f17a4cc61f806f8752fd3c0e9b420311351e656ac7af4e484bd07dbb");
        assert_ne!(master.of(&project("p-1")), master.of(&project("p-2")));
    }

    #[test]
    fn the_master_key_is_made_once_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pseudonym.key");

        let made = PseudonymMaster::load(&path).unwrap().of(&project("p-1"));

        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(PseudonymMaster::load(&path).unwrap().of(&project("p-1")), made);
        assert!(PseudonymMaster::generate(&path).is_err(), "a key is never written over");
        assert_eq!(PseudonymMaster::load(&path).unwrap().of(&project("p-1")), made);
    }

    #[test]
    fn a_file_that_is_no_key_is_left_and_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pseudonym.key");
        for content in ["", "00\n", "no key"] {
            std::fs::write(&path, content).unwrap();

            let refused = PseudonymMaster::load(&path);

            assert!(matches!(refused, Err(PseudonymMasterError::Malformed)), "{content}");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), content);
        }
    }
}
