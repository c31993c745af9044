//! Archives: zips, as the Commission's dumps are, and tars, as folders come.
//!
//! # Invariant
//! No entry is passed over in silence but folders and the hidden files that operating systems
//! leave; what cannot be read is noted as unfit. An archive without its end is no archive: what
//! was in the rest nobody knows.

use std::io::{self, Read};

use zip::CompressionMethod;
use zip::read::ZipArchive;

use super::name::{READABLE, Shape};
use super::section::Section;
use super::{Delivered, Place, Reception, Walk};
use crate::failure::{Halt, Unfit};
use crate::rule::Rule;

/// What an entry of a zip is, before it is opened.
struct Entry {
    name: String,
    compression: CompressionMethod,
    bytes_packed: u64,
    /// Where its packed bytes begin.
    start: Option<u64>,
}

impl<R: Reception> Walk<'_, R> {
    /// Reads the entries of a zip archive.
    pub(super) fn zip(
        &mut self,
        place: &Place,
        section: Section,
        zip_depth: u8,
    ) -> Result<(), Halt> {
        let unsound = |_| Unfit::new(Rule::Format, "it is not a sound zip archive");
        let mut archive = ZipArchive::new(section.clone()).map_err(unsound)?;
        if archive.has_duplicate_names() {
            let detail = "it holds two files of one name, of which only one could be read";
            return Err(Unfit::new(Rule::Format, detail).into());
        }
        for index in 0..archive.len() {
            self.count_entry()?;
            let entry = match look(&mut archive, index) {
                Ok(Some(entry)) => entry,
                Ok(None) => continue,
                Err(unfit) => {
                    self.note(place, Err(unfit.into()))?;
                    continue;
                }
            };
            let place = place.entry(&entry.name)?;
            let result = self.guarded(|walk| {
                walk.zip_entry(&place, &entry, &section, &mut archive, index, zip_depth)
            });
            self.note(&place, result)?;
        }
        Ok(())
    }

    /// Opens one entry of a zip: where it is stored unpacked, in place.
    fn zip_entry(
        &mut self,
        place: &Place,
        entry: &Entry,
        section: &Section,
        archive: &mut ZipArchive<Section>,
        index: usize,
        zip_depth: u8,
    ) -> Result<(), Halt> {
        let Some(shape) = Shape::recognise(&entry.name, None) else {
            return Err(Unfit::new(Rule::Format, READABLE).into());
        };
        let stored = entry
            .start
            .filter(|_| entry.compression == CompressionMethod::Stored)
            .and_then(|start| section.within(start, entry.bytes_packed));
        let unsound = |_| Unfit::new(Rule::Format, "it cannot be unpacked from its archive");
        let mut stream = archive.by_index(index).map_err(unsound)?;
        self.open(place, shape, &mut stream, stored.as_ref(), zip_depth)
    }

    /// Reads the entries of a tar archive, which lie unpacked one after the other.
    pub(super) fn tar(&mut self, place: &Place, section: &Section) -> Result<(), Halt> {
        let mut files = Vec::new();
        each_of_tar(section, |entry| {
            self.count_entry()?;
            let Some(TarEntry { name, stretch }) = entry? else { return Ok(()) };
            let place = place.entry(&name)?;
            match stretch {
                Some((start, length)) => {
                    let section = section.within(start, length).ok_or_else(cut)?;
                    files.push(Delivered { place, media_type: None, section });
                    Ok(())
                }
                None => self.note(&place, Err(cut().into())),
            }
        })?;
        self.folder(files)
    }
}

/// What is wrong with an entry of a tar that is no plain file.
pub(crate) fn cut() -> Unfit {
    Unfit::new(Rule::Format, "it is cut, or a link or a device, and not a file")
}

/// Bytes of a block of a tar archive.
const TAR_BLOCK_BYTES: usize = 512;

/// An entry of a tar archive that is to be read.
pub(crate) struct TarEntry {
    /// Its path.
    pub(crate) name: String,
    /// Where it begins in the archive and its length; none if it is no plain file, or cut.
    pub(crate) stretch: Option<(u64, u64)>,
}

/// Hands on each entry of a tar archive; nothing for folders and hidden files.
///
/// # Errors
/// When it is no sound archive, or what takes the entries stops.
pub(crate) fn each_of_tar<E: From<Unfit>>(
    section: &Section,
    mut take: impl FnMut(Result<Option<TarEntry>, Unfit>) -> Result<(), E>,
) -> Result<(), E> {
    let unsound = |_| Unfit::new(Rule::Format, "it is not a sound tar archive");
    let mut archive = tar::Archive::new(section.clone());
    for entry in archive.entries_with_seek().map_err(unsound)? {
        let entry = entry.map_err(unsound).map(|entry| look_into_tar(section, entry));
        take(entry)?;
    }
    // Reading ends after the first block of the archive's end, or where there are no more bytes.
    match is_block_of_zeros(archive.into_inner()) {
        Ok(true) => Ok(()),
        Ok(false) | Err(_) => {
            let detail = "it is cut: the two empty blocks are missing that end a tar archive";
            Err(Unfit::new(Rule::Format, detail).into())
        }
    }
}

/// Whether the second block of an archive's end is what comes next.
///
/// # Source
/// POSIX pax, ustar Interchange Format: at the end are two blocks of zeros.
fn is_block_of_zeros(mut rest: impl Read) -> io::Result<bool> {
    let mut block = [u8::MAX; TAR_BLOCK_BYTES];
    rest.read_exact(&mut block)?;
    Ok(block == [0; TAR_BLOCK_BYTES])
}

fn look_into_tar(section: &Section, mut entry: tar::Entry<'_, Section>) -> Option<TarEntry> {
    let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
    let kind = entry.header().entry_type();
    if kind.is_dir() || kind.is_pax_global_extensions() || is_hidden(&name) {
        return None;
    }
    let sparse = entry.pax_extensions().is_ok_and(|extensions| {
        extensions.is_some_and(|mut list| {
            list.any(|one| one.is_ok_and(|one| one.key_bytes().starts_with(b"GNU.sparse")))
        })
    });
    let (start, length) = (entry.raw_file_position(), entry.size());
    let is_whole = section.within(start, length).is_some();
    let stretch = (is_whole && kind.is_file() && !sparse).then_some((start, length));
    Some(TarEntry { name: name.trim_start_matches("./").to_owned(), stretch })
}

/// What an entry is; nothing for folders and hidden files.
fn look(archive: &mut ZipArchive<Section>, index: usize) -> Result<Option<Entry>, Unfit> {
    let unsound = |_| Unfit::new(Rule::Format, "an entry of it cannot be unpacked");
    let mut entry = archive.by_index(index).map_err(unsound)?;
    let name = entry.name().map_err(unsound)?.into_owned();
    if entry.is_dir() || is_hidden(&name) {
        return Ok(None);
    }
    if !entry.is_file() {
        return Err(Unfit::new(Rule::Format, "an entry of it is a link, and not a file"));
    }
    // The local header, and with it the place of the bytes, is looked up by the first read.
    let _ = entry.read(&mut []);
    Ok(Some(Entry {
        name,
        compression: entry.compression(),
        bytes_packed: entry.compressed_size(),
        start: entry.data_start(),
    }))
}

/// Whether a path is one that operating systems leave in archives.
fn is_hidden(path: &str) -> bool {
    let mut parts = path.split('/').filter(|part| *part != "." && *part != "..");
    parts.any(|part| part.starts_with('.') || part == "__MACOSX")
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    /// How many entries a tar archive of these bytes has.
    fn count(bytes: &[u8]) -> Result<usize, Unfit> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        let mut count = 0;
        each_of_tar(&Section::new(file, bytes.len() as u64), |entry| {
            count += usize::from(entry?.is_some());
            Ok::<_, Unfit>(())
        })?;
        Ok(count)
    }

    /// An archive that broke off between two entries looks whole but for its end.
    #[test]
    fn a_tar_archive_has_its_end_or_is_cut() {
        let mut archive = tar::Builder::new(Vec::new());
        for name in ["a.csv", "b.csv"] {
            let mut header = tar::Header::new_gnu();
            header.set_size(6);
            archive.append_data(&mut header, name, &b"id\n1\n\n"[..]).unwrap();
        }
        let whole = archive.into_inner().unwrap();
        let padded = [&whole[..], &[0; 8192]].concat();

        assert_eq!(whole.len(), 6 * TAR_BLOCK_BYTES);
        assert!(matches!((count(&whole), count(&padded)), (Ok(2), Ok(2))));
        for blocks in [2, 4, 5] {
            let unfit = count(&whole[..blocks * TAR_BLOCK_BYTES]).unwrap_err();
            assert!(unfit.detail.starts_with("it is cut: "), "{blocks}: {}", unfit.detail);
        }
    }

    #[test]
    fn only_what_operating_systems_leave_is_hidden() {
        for path in [".DS_Store", "a/.hidden/b.csv", "__MACOSX/._a.csv"] {
            assert!(is_hidden(path), "{path}");
        }
        for path in ["a.csv", "./a.csv", "a/b.csv", "../a.csv"] {
            assert!(!is_hidden(path), "{path}");
        }
    }
}
