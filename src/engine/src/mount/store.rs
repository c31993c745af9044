//! Files that came as descriptors, as the engine's object store: read by place, by nothing else.
//!
//! # Invariant
//! No file is opened, listed or written; there is no path. What is read is counted, and reading
//! stops at the question's scan limit.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use domain::question::MountedFile;
use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, GetResultPayload, ListResult, MultipartUpload,
    ObjectMeta, ObjectStore, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};

/// How the store is called in errors.
const NAME: &str = "descriptors";

/// Why a read was refused.
#[derive(Debug, thiserror::Error)]
enum ReadError {
    #[error("no descriptor came for the file")]
    Missing,
    #[error("the scan limit is used up")]
    Limit,
    #[error("the file could not be read")]
    Io(#[source] std::io::Error),
    #[error("the range is not in the file")]
    Range,
}

/// Descriptors that are not those of the mounted files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Mismatched {
    /// There are too many or too few, or they came twice.
    #[error("{expected} descriptors were expected, {given} came")]
    Count {
        /// How many files are mounted.
        expected: usize,
        /// How many came.
        given: usize,
    },
    /// A file has another length than the manifest says.
    #[error("a file has {found_bytes} bytes, its manifest says {manifest_bytes}")]
    Length {
        /// What the manifest says.
        manifest_bytes: u64,
        /// What the file has.
        found_bytes: u64,
    },
    /// A file cannot be looked at.
    #[error("a descriptor cannot be used")]
    Unusable,
}

/// The files of one question, by digest; empty until *go*.
#[derive(Debug)]
pub(crate) struct DescriptorStore {
    files: OnceLock<HashMap<String, (File, u64)>>,
    /// Files that are no part of the data: nobody is charged for them.
    free: HashSet<String>,
    scan_bytes_max: u64,
    scan_bytes: AtomicU64,
    is_exhausted: AtomicBool,
}

impl DescriptorStore {
    /// A store without files, which reads at most so many bytes of those it will get, but for
    /// those that are free.
    pub(crate) fn new(scan_bytes_max: u64, free: HashSet<String>) -> Self {
        Self {
            files: OnceLock::new(),
            free,
            scan_bytes_max,
            scan_bytes: AtomicU64::new(0),
            is_exhausted: AtomicBool::new(false),
        }
    }

    /// Takes the descriptors of files, in the same order.
    ///
    /// # Errors
    /// When they are not those of the files.
    pub(crate) fn open(
        &self,
        expected: &[MountedFile],
        given: Vec<File>,
    ) -> Result<(), Mismatched> {
        let count = Mismatched::Count { expected: expected.len(), given: given.len() };
        if expected.len() != given.len() {
            return Err(count);
        }
        let mut files = HashMap::with_capacity(given.len());
        for (mounted, file) in expected.iter().zip(given) {
            let found_bytes = file.metadata().map_err(|_| Mismatched::Unusable)?.len();
            if found_bytes != mounted.bytes {
                let manifest_bytes = mounted.bytes;
                return Err(Mismatched::Length { manifest_bytes, found_bytes });
            }
            files.insert(mounted.sha256.to_string(), (file, found_bytes));
        }
        self.files.set(files).map_err(|_| count)
    }

    /// Bytes read so far.
    pub(crate) fn scan_bytes(&self) -> u64 {
        self.scan_bytes.load(Ordering::Relaxed)
    }

    /// Whether a read was refused because of the scan limit.
    pub(crate) fn is_exhausted(&self) -> bool {
        self.is_exhausted.load(Ordering::Relaxed)
    }

    fn read(&self, location: &Path, range: &Range<u64>) -> Result<Bytes, ReadError> {
        let length = range.end.checked_sub(range.start).ok_or(ReadError::Range)?;
        let charged = if self.free.contains(location.as_ref()) { 0 } else { length };
        let before = self.scan_bytes.fetch_add(charged, Ordering::Relaxed);
        if 0 < charged && self.scan_bytes_max < before.saturating_add(charged) {
            self.is_exhausted.store(true, Ordering::Relaxed);
            return Err(ReadError::Limit);
        }
        let (file, _) = self.file(location)?;
        let mut bytes = vec![0; usize::try_from(length).map_err(|_| ReadError::Range)?];
        file.read_exact_at(&mut bytes, range.start).map_err(ReadError::Io)?;
        Ok(Bytes::from(bytes))
    }

    fn file(&self, location: &Path) -> Result<&(File, u64), ReadError> {
        let files = self.files.get().ok_or(ReadError::Missing)?;
        files.get(location.as_ref()).ok_or(ReadError::Missing)
    }
}

impl fmt::Display for DescriptorStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(NAME)
    }
}

impl From<ReadError> for Error {
    fn from(error: ReadError) -> Self {
        Error::Generic { store: NAME, source: Box::new(error) }
    }
}

/// The error of everything that is neither reading nor asking for a length.
fn never(operation: &'static str) -> Error {
    Error::NotImplemented { operation: operation.to_owned(), implementer: NAME.to_owned() }
}

#[async_trait]
impl ObjectStore for DescriptorStore {
    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let (_, size) = self.file(location)?;
        let range = match &options.range {
            Some(range) => range.as_range(*size).map_err(|_| ReadError::Range)?,
            None => 0..*size,
        };
        let bytes = if options.head { Bytes::new() } else { self.read(location, &range)? };
        let meta = ObjectMeta {
            location: location.clone(),
            last_modified: chrono::DateTime::UNIX_EPOCH,
            size: *size,
            e_tag: None,
            version: None,
        };
        let payload = GetResultPayload::Stream(stream::once(async { Ok(bytes) }).boxed());
        Ok(GetResult { payload, meta, range, attributes: object_store::Attributes::new() })
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        ranges.iter().map(|range| Ok(self.read(location, range)?)).collect()
    }

    async fn put_opts(&self, _: &Path, _: PutPayload, _: PutOptions) -> Result<PutResult> {
        Err(never("put"))
    }

    async fn put_multipart_opts(
        &self,
        _: &Path,
        _: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        Err(never("put"))
    }

    fn delete_stream(
        &self,
        _: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        stream::once(async { Err(never("delete")) }).boxed()
    }

    fn list(&self, _: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        stream::once(async { Err(never("list")) }).boxed()
    }

    async fn list_with_delimiter(&self, _: Option<&Path>) -> Result<ListResult> {
        Err(never("list"))
    }

    async fn copy_opts(&self, _: &Path, _: &Path, _: CopyOptions) -> Result<()> {
        Err(never("copy"))
    }
}
