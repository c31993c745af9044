//! A parcel: the sources of one publication as one stream of bytes.
//!
//! One file goes as it is; several, or a folder, go as a tar archive. Sources are streamed as
//! bytes, never named as paths: the server may run as somebody else, or elsewhere.
//!
//! # Invariant
//! What a folder holds goes whole or not at all. Only hidden files stay behind, as the server
//! leaves those in archives; a link is refused, since it may lead anywhere.

mod stream;

use std::fs::{File, FileType};
use std::os::unix::fs::FileTypeExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use indicatif::ProgressBar;
use reqwest::blocking::Body;

pub(super) use stream::Fault;
use stream::{Archive, Whole};

/// What goes up in one request.
pub(super) struct Parcel {
    files: Vec<Item>,
    /// Whether it is of several datasets, and goes as an archive even if it is one file.
    is_edition: bool,
}

/// One file, under the name the server is to know it by.
struct Item {
    path: PathBuf,
    name: String,
    bytes: u64,
}

impl Parcel {
    /// Gathers the files that a steward named, with the checksums that lie beside dumps.
    pub(super) fn of(sources: &[PathBuf]) -> anyhow::Result<Self> {
        let mut files = Vec::new();
        for source in sources {
            let metadata = source
                .metadata()
                .with_context(|| format!("{} cannot be read", source.display()))?;
            if metadata.is_dir() {
                // What is named itself may be a link: whoever names it knows where it leads.
                gather(source, "", &mut files)?;
            } else {
                files.push(Item::of(source, "")?);
                let checksum = with_suffix(source, ".sha1");
                if checksum.is_file() && !sources.contains(&checksum) {
                    files.push(Item::of(&checksum, "")?);
                }
            }
        }
        if files.is_empty() {
            bail!("there are no files in what was given, but for hidden ones");
        }
        Ok(Self { files, is_edition: false })
    }

    /// Gathers the files of an edition: those of the folders in a folder.
    pub(super) fn of_edition(folder: &Path) -> anyhow::Result<Self> {
        let mut files = Vec::new();
        gather(folder, "", &mut files)?;
        if let Some(item) = files.iter().find(|item| !item.name.contains('/')) {
            bail!(
                "{} lies beside the folders: an edition has one folder for each dataset, and \
                 nothing else",
                item.path.display()
            );
        }
        if files.is_empty() {
            bail!("{} holds no folder with files", folder.display());
        }
        Ok(Self { files, is_edition: true })
    }

    /// Bytes of all files.
    pub(super) fn bytes(&self) -> u64 {
        self.files.iter().map(|item| item.bytes).sum()
    }

    /// The headers that say what the body is.
    pub(super) fn headers(&self) -> Vec<(&'static str, String)> {
        let (media_type, name) = match self.files.as_slice() {
            _ if self.is_edition => ("application/x-tar", "edition.tar".to_owned()),
            [item] => (media_type(&item.name), item.name.clone()),
            // A dump with its checksum keeps its name, which manifests show.
            [item, checksum] if checksum.name == format!("{}.sha1", item.name) => {
                ("application/x-tar", format!("{}.tar", item.name))
            }
            _ => ("application/x-tar", "sources.tar".to_owned()),
        };
        let name = name.replace(['"', '\\', '\r', '\n'], "_");
        vec![
            ("Content-Type", media_type.to_owned()),
            ("Content-Disposition", format!("attachment; filename=\"{name}\"")),
        ]
    }

    /// The body, which moves the bar as it is read, and what will say which file broke it off.
    pub(super) fn into_body(mut self, bar: &ProgressBar) -> anyhow::Result<(Body, Fault)> {
        let fault = Fault::default();
        let body = match self.files.as_slice() {
            [item] if !self.is_edition => {
                let bytes = item.bytes;
                let file = Whole::open(self.files.remove(0), &fault);
                Body::sized(bar.wrap_read(file), bytes)
            }
            _ => {
                let archive = Archive::of(self.files, &fault);
                Body::new(bar.wrap_read(archive.context("the files cannot be packed")?))
            }
        };
        Ok((body, fault))
    }
}

impl Item {
    /// A file that can be read, below a folder of the delivery.
    fn of(path: &Path, folder: &str) -> anyhow::Result<Self> {
        let name = name_of(path)?;
        let cannot = || format!("{} cannot be read", path.display());
        let metadata = path.metadata().with_context(cannot)?;
        if !metadata.is_file() {
            bail!("{} is {}, and no file", path.display(), kind_of(metadata.file_type()));
        }
        // Better before anything was sent than in the middle of it.
        File::open(path).with_context(cannot)?;
        Ok(Self { path: path.to_owned(), name: format!("{folder}{name}"), bytes: metadata.len() })
    }
}

/// Gathers the files below a folder, in the order of their names.
fn gather(folder: &Path, prefix: &str, files: &mut Vec<Item>) -> anyhow::Result<()> {
    let cannot = || format!("{} cannot be read", folder.display());
    let entries = folder.read_dir().with_context(cannot)?;
    let entries: Result<Vec<_>, _> = entries.collect();
    let mut entries = entries.with_context(cannot)?;
    entries.retain(|entry| !entry.file_name().as_encoded_bytes().starts_with(b"."));
    entries.sort_by_key(std::fs::DirEntry::path);
    for entry in entries {
        let path = entry.path();
        let kind = entry.file_type().with_context(cannot)?;
        if kind.is_symlink() {
            bail!(
                "{} is a link; put what it leads to in its place, or take it away",
                path.display()
            );
        }
        if kind.is_dir() {
            gather(&path, &format!("{prefix}{}/", name_of(&path)?), files)?;
        } else {
            files.push(Item::of(&path, prefix)?);
        }
    }
    Ok(())
}

/// The last part of a path, as archives can have it.
fn name_of(path: &Path) -> anyhow::Result<&str> {
    match path.file_name().and_then(|name| name.to_str()) {
        Some(name) => Ok(name),
        None => bail!("{} has a name that is no UTF-8 text", path.display()),
    }
}

/// What something is that is no file.
fn kind_of(kind: FileType) -> &'static str {
    if kind.is_dir() {
        "a folder"
    } else if kind.is_socket() {
        "a socket"
    } else if kind.is_fifo() {
        "a pipe"
    } else {
        "a device"
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// The media type that goes with a file's name.
fn media_type(name: &str) -> &'static str {
    let ends = |suffix: &str| name.ends_with(suffix);
    if ends(".csv") {
        "text/csv"
    } else if ends(".ndjson") || ends(".jsonl") {
        "application/x-ndjson"
    } else if ends(".parquet") {
        "application/vnd.apache.parquet"
    } else if ends(".zip") {
        "application/zip"
    } else if ends(".gz") {
        "application/gzip"
    } else if ends(".zst") {
        "application/zstd"
    } else {
        "application/octet-stream"
    }
}
