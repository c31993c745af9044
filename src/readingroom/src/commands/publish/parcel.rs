//! A parcel: the sources of one publication as one stream of bytes.
//!
//! One file goes as it is; several, or a folder, go as a tar archive. Sources are streamed as
//! bytes, never named as paths: the server may run as somebody else, or elsewhere.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use indicatif::ProgressBar;
use reqwest::blocking::Body;

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
            bail!("there are no files in what was given");
        }
        Ok(Self { files, is_edition: false })
    }

    /// Gathers the files of an edition: those of the folders in a folder.
    pub(super) fn of_edition(folder: &Path) -> anyhow::Result<Self> {
        let mut files = Vec::new();
        gather(folder, "", &mut files)?;
        files.retain(|item| !item.is_hidden());
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

    /// The body, which moves the bar as it is read.
    pub(super) fn into_body(self, bar: &ProgressBar) -> Body {
        match self.files.as_slice() {
            [item] if !self.is_edition => match File::open(&item.path) {
                Ok(file) => Body::sized(bar.wrap_read(file), item.bytes),
                Err(error) => Body::new(Broken(Some(error))),
            },
            _ => Body::new(bar.wrap_read(tar_of(self.files))),
        }
    }
}

impl Item {
    /// Whether an operating system left it.
    fn is_hidden(&self) -> bool {
        self.name.split('/').any(|part| part.starts_with('.'))
    }

    fn of(path: &Path, folder: &str) -> anyhow::Result<Self> {
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
            bail!("{} has a name that is no UTF-8 text", path.display());
        };
        let metadata =
            path.metadata().with_context(|| format!("{} cannot be read", path.display()))?;
        Ok(Self { path: path.to_owned(), name: format!("{folder}{name}"), bytes: metadata.len() })
    }
}

/// Gathers the files below a folder, in the order of their names.
fn gather(folder: &Path, prefix: &str, files: &mut Vec<Item>) -> anyhow::Result<()> {
    let entries =
        folder.read_dir().with_context(|| format!("{} cannot be read", folder.display()))?;
    let mut paths: Vec<_> =
        entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    paths.sort();
    for path in paths {
        if path.is_dir() {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or("folder");
            gather(&path, &format!("{prefix}{name}/"), files)?;
        } else {
            files.push(Item::of(&path, prefix)?);
        }
    }
    Ok(())
}

/// Writes an archive into a pipe, on a thread that ends with the reader.
fn tar_of(files: Vec<Item>) -> Box<dyn Read + Send> {
    let (reader, writer) = match io::pipe() {
        Ok(ends) => ends,
        Err(error) => return Box::new(Broken(Some(error))),
    };
    std::thread::spawn(move || {
        let mut archive = tar::Builder::new(writer);
        for item in &files {
            // Who reads a broken pipe sees an archive without an end, and says so.
            if archive.append_path_with_name(&item.path, &item.name).is_err() {
                return;
            }
        }
        drop(archive.into_inner());
    });
    Box::new(reader)
}

/// A source that could not be opened: reading it says why.
struct Broken(Option<io::Error>);

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(self.0.take().unwrap_or_else(|| io::Error::from(io::ErrorKind::BrokenPipe)))
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
