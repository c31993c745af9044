//! Stored answers that were made before a redaction of what they read: their files are removed.

use std::io;

use crate::Application;

impl Application {
    /// Removes the stored answers that were made before a redaction; waits for the disk.
    pub(crate) fn purge_answers(&self) -> usize {
        let mut purged = 0;
        for sha256 in self.records().take_purged() {
            match self.spool().remove(&sha256) {
                Ok(()) => purged += 1,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => {
                    // Nobody can fetch it; it goes at the next start.
                    tracing::error!(cause = %error, "a stored answer could not be removed");
                }
            }
        }
        purged
    }
}
