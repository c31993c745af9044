//! The digests of delivered files: SHA-256 for the manifest, SHA-1 where the sender gave one.

use std::io::{self, Read};

use domain::Sha256Digest;
use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::section::Section;
use crate::failure::{Fault, Halt, Unfit};
use crate::rule::Rule;

/// How much is read at once.
const CHUNK_BYTES: usize = 256 * 1024;

/// The SHA-256 of a delivered file, which must be as long as the job says.
///
/// # Errors
/// When it is shorter, or cannot be read.
pub(crate) fn sha256(section: &Section) -> Result<Sha256Digest, Fault> {
    let (digest, length) = digest::<Sha256>(section).map_err(Fault::Scratch)?;
    if length < section.length() {
        return Err(Fault::SourceShort);
    }
    let bytes: [u8; 32] = digest.try_into().map_err(|_| Fault::SourceShort)?;
    Ok(Sha256Digest::from_bytes(bytes))
}

/// Checks a file against the `.sha1` beside it.
///
/// # Shape
/// 40 hexadecimal digits and, after white space, the file's name, as `sha1sum` writes it.
///
/// # Errors
/// When the text is no such line, names another file, or the digest differs.
pub(crate) fn check(text: &Section, file: &Section, file_name: &str) -> Result<(), Halt> {
    const TEXT_BYTES_MAX: u64 = 4096;
    let mut line = Vec::new();
    let read = text.uncounted().take(TEXT_BYTES_MAX).read_to_end(&mut line);
    read.map_err(|error| Halt::unreadable(&error))?;
    let line = String::from_utf8_lossy(&line);
    let mut words = line.split_ascii_whitespace();
    let wanted = words.next().unwrap_or_default().to_ascii_lowercase();
    if wanted.len() != 40 || !wanted.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        let detail = "it does not begin with the 40 hexadecimal digits of a SHA-1";
        return Err(Unfit::new(Rule::Format, detail).into());
    }
    if words.next().is_some_and(|named| named.trim_start_matches('*') != file_name) {
        return Err(Unfit::new(Rule::Format, "it names another file than it lies beside").into());
    }
    let (digest, _) =
        digest::<Sha1>(&file.uncounted()).map_err(|error| Halt::unreadable(&error))?;
    if data_encoding::HEXLOWER.encode(&digest) == wanted {
        return Ok(());
    }
    let detail = format!(
        "the SHA-1 of {file_name} is not the one given here: the file was changed or cut on its way"
    );
    Err(Unfit::new(Rule::Format, detail).into())
}

/// A section's digest, and how many bytes there were.
fn digest<D: Digest>(section: &Section) -> io::Result<(Vec<u8>, u64)> {
    let mut section = section.uncounted();
    let mut hasher = D::new();
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut length = 0;
    loop {
        let count = section.read(&mut chunk)?;
        if count == 0 {
            return Ok((hasher.finalize().to_vec(), length));
        }
        hasher.update(&chunk[..count]);
        length += count as u64;
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn section(bytes: &[u8]) -> Section {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        Section::new(file, bytes.len() as u64)
    }

    #[test]
    fn a_right_checksum_passes_and_any_other_does_not() {
        let file = section(b"abc");
        let line = |text: &str| check(&section(text.as_bytes()), &file, "a.zip").is_ok();

        assert!(line("a9993e364706816aba3e25717850c26c9cd0d89d  a.zip"));
        assert!(line("A9993E364706816ABA3E25717850C26C9CD0D89D"));
        assert!(!line("a9993e364706816aba3e25717850c26c9cd0d89d  b.zip"));
        assert!(!line("b9993e364706816aba3e25717850c26c9cd0d89d  a.zip"));
        assert!(!line("a9993e"));
        assert!(!line(""));
    }

    #[test]
    fn a_file_that_is_shorter_than_said_has_no_digest() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"abc").unwrap();

        assert!(matches!(sha256(&Section::new(file, 4)), Err(Fault::SourceShort)));
        assert_eq!(sha256(&section(b"abc")).unwrap(), Sha256Digest::of(b"abc"));
    }
}
