//! Sources: from a descriptor to streams of rows, whatever they are packed in.
//!
//! A source is a file of rows, perhaps compressed, or an archive of such files: the Commission's
//! dumps are zips in a zip, a folder comes as a tar. Everything is streamed; only what must be
//! read by position and is compressed is first unpacked into the scratch folder.
//!
//! Knows nothing of columns: a file of rows goes to [`Reception::rows`] as it is.
//!
//! # Invariant
//! Whatever the bytes are, reading ends: by the budget, by the cap on entries and depth, or by
//! the file's end; and a panic in a decoder is one unfit file.

pub(crate) mod archive;
pub(crate) mod budget;
pub(crate) mod checksum;
pub(crate) mod name;
pub(crate) mod section;

use std::io::Read;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use budget::{Budget, Metered};
use flate2::read::MultiGzDecoder;
use name::{Body, Compression, DumpName, READABLE, RowFormat, Shape};
use section::Section;

use domain::publication::PublishJob;

use crate::failure::{Fault, Halt, Unfit};
use crate::rule::Rule;

/// Zips within zips that are opened: the Commission's dumps have two.
const ZIP_DEPTH_MAX: u8 = 2;

/// Files that all archives of one publication may hold.
const ENTRIES_MAX: usize = 100_000;

/// Where a file of rows was found.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// Which of the delivered files it came in.
    pub(crate) source: usize,
    /// The delivered file's name, and the path inside it: `dump.zip/part.csv`.
    pub(crate) path: String,
    /// What its name says, if it is one of the Commission's dumps.
    pub(crate) dump: Option<DumpName>,
}

impl Place {
    /// The place of an entry within an archive at this place.
    ///
    /// # Errors
    /// When the entry's name says that it belongs to another dump.
    fn entry(&self, name: &str) -> Result<Self, Unfit> {
        let path = format!("{}/{name}", self.path);
        let file_name = name.rsplit('/').next().unwrap_or(name);
        let dump = match (self.dump, DumpName::parse(file_name)) {
            (Some(outer), Some(inner)) if outer != inner => {
                let detail = format!("it holds {path}, which is of another day or version");
                return Err(Unfit::new(Rule::Period, detail));
            }
            (outer, inner) => inner.or(outer),
        };
        Ok(Self { source: self.source, path, dump })
    }
}

/// A file's rows, not yet read.
pub(crate) enum Rows<'a> {
    /// Text with a line for each row.
    Text(RowFormat, &'a mut dyn Read),
    /// A Parquet file.
    Parquet(Section),
}

/// Takes files of rows as they are found.
pub(crate) trait Reception {
    /// Reads one file of rows.
    ///
    /// # Errors
    /// When the file is unfit, or reading must stop altogether.
    fn rows(&mut self, place: &Place, rows: Rows<'_>) -> Result<(), Halt>;

    /// Takes note that a file is unfit.
    fn unfit(&mut self, place: &Place, unfit: Unfit);
}

/// A file to be looked into.
#[derive(Debug)]
pub(crate) struct Delivered {
    /// Where it is.
    pub(crate) place: Place,
    /// Its media type, where the delivery said so.
    pub(crate) media_type: Option<String>,
    /// Its bytes.
    pub(crate) section: Section,
}

impl Delivered {
    /// The name within its folder.
    fn file_name(&self) -> &str {
        self.place.path.rsplit('/').next().unwrap_or(&self.place.path)
    }
}

/// Looks into sources and hands on the files of rows that are in them.
pub(crate) struct Walk<'a, R> {
    /// What all of them together may grow to.
    pub(crate) budget: &'a Arc<Budget>,
    /// Where to unpack what must be read by position.
    pub(crate) scratch: &'a Path,
    /// Who takes the rows.
    pub(crate) reception: R,
    /// How many entries have been met.
    entries: usize,
}

impl<'a, R: Reception> Walk<'a, R> {
    /// A walk that has seen nothing yet.
    pub(crate) fn new(budget: &'a Arc<Budget>, scratch: &'a Path, reception: R) -> Self {
        Self { budget, scratch, reception, entries: 0 }
    }

    /// Reads all files of a folder, each checked against the SHA-1 beside it, if there is one.
    ///
    /// # Errors
    /// When reading must stop altogether; unfit files are only noted.
    pub(crate) fn folder(&mut self, files: Vec<Delivered>) -> Result<(), Halt> {
        let (checksums, files): (Vec<_>, Vec<_>) = files.into_iter().partition(|file| {
            let shape = Shape::recognise(file.file_name(), file.media_type.as_deref());
            shape.is_some_and(|shape| shape.body == Body::Sha1)
        });
        for checksum in &checksums {
            let checked = checksum.file_name().get(..checksum.file_name().len() - ".sha1".len());
            let beside = files.iter().find(|file| {
                Some(file.file_name()) == checked && same_folder(&file.place, &checksum.place)
            });
            let result = match beside {
                Some(file) => checksum::check(&checksum.section, &file.section, file.file_name()),
                None => Err(Unfit::new(Rule::Format, "the file it belongs to is not there").into()),
            };
            self.note(&checksum.place, result)?;
        }
        for file in files {
            let place = file.place.clone();
            let result = self.guarded(|walk| walk.file(&file));
            self.note(&place, result)?;
        }
        Ok(())
    }

    /// Reads one file, by what its name says it is.
    fn file(&mut self, file: &Delivered) -> Result<(), Halt> {
        let shape = Shape::recognise(file.file_name(), file.media_type.as_deref());
        let Some(shape) = shape else {
            return Err(Unfit::new(Rule::Format, READABLE).into());
        };
        let mut section = file.section.clone();
        self.open(&file.place, shape, &mut section, Some(&file.section), 0)
    }

    /// Opens what a stream or, where it has one, its section holds.
    fn open(
        &mut self,
        place: &Place,
        shape: Shape,
        stream: &mut dyn Read,
        section: Option<&Section>,
        zip_depth: u8,
    ) -> Result<(), Halt> {
        let mut decoded: Box<dyn Read + '_> = match shape.compression {
            Compression::Plain => Box::new(stream),
            Compression::Gzip => Box::new(MultiGzDecoder::new(stream)),
            Compression::Zstd => {
                let decoder = zstd::Decoder::new(stream);
                Box::new(decoder.map_err(|error| Halt::unreadable(&error))?)
            }
        };
        if let Body::Rows(format @ (RowFormat::Csv | RowFormat::Ndjson)) = shape.body {
            let mut metered = Metered::new(decoded, self.budget);
            return self.reception.rows(place, Rows::Text(format, &mut metered));
        }
        let section = match section.filter(|_| shape.compression == Compression::Plain) {
            Some(section) => section.clone(),
            None => budget::unpack(&mut decoded, self.budget, self.scratch)?,
        };
        drop(decoded);
        match shape.body {
            Body::Rows(_) => self.reception.rows(place, Rows::Parquet(section)),
            Body::Zip if zip_depth < ZIP_DEPTH_MAX => self.zip(place, section, zip_depth + 1),
            Body::Zip => {
                let detail = "it is a zip in a zip in a zip; unpack it first";
                Err(Unfit::new(Rule::Format, detail).into())
            }
            Body::Tar if zip_depth == 0 => self.tar(place, &section),
            Body::Tar => Err(Unfit::new(Rule::Format, "a folder within a zip is not read").into()),
            Body::Sha1 => {
                let detail = "a .sha1 belongs beside the file it is of, not into an archive";
                Err(Unfit::new(Rule::Format, detail).into())
            }
        }
    }

    /// Counts one more entry of an archive.
    fn count_entry(&mut self) -> Result<(), Unfit> {
        self.entries += 1;
        if self.entries <= ENTRIES_MAX {
            return Ok(());
        }
        let detail = format!("the archives hold more than {ENTRIES_MAX} files");
        Err(Unfit::new(Rule::Size, detail))
    }

    /// Notes an unfit file, and lets everything else pass.
    fn note(&mut self, place: &Place, result: Result<(), Halt>) -> Result<(), Halt> {
        match result {
            Err(Halt::Unfit(unfit)) => {
                self.reception.unfit(place, unfit);
                Ok(())
            }
            other => other,
        }
    }

    /// Runs a decoder on bytes that may be hostile; a panic makes the file unfit.
    fn guarded(&mut self, run: impl FnOnce(&mut Self) -> Result<(), Halt>) -> Result<(), Halt> {
        catch_unwind(AssertUnwindSafe(|| run(self))).unwrap_or_else(|_| {
            let detail = "it is damaged: reading it failed where a sound file could not";
            Err(Unfit::new(Rule::Format, detail).into())
        })
    }
}

/// Whether two files lie in one folder of one delivery.
fn same_folder(one: &Place, other: &Place) -> bool {
    fn folder(place: &Place) -> Option<&str> {
        place.path.rsplit_once('/').map(|(folder, _)| folder)
    }
    folder(one) == folder(other)
}

/// The files of a job's sources, from their descriptors.
pub(crate) fn delivered(
    sources: &[domain::publication::SourceFile],
    sections: Vec<Section>,
) -> Vec<Delivered> {
    let files = sources.iter().zip(sections).enumerate();
    let delivered = files.map(|(source, (file, section))| Delivered {
        place: Place { source, path: file.name.clone(), dump: DumpName::parse(&file.name) },
        media_type: file.media_type.clone(),
        section,
    });
    delivered.collect()
}

/// The sections of a job's sources, kept files and referenced files, in that order.
///
/// # Errors
/// When the job and its descriptors disagree.
pub(crate) fn sections_of(
    job: &PublishJob,
    mut files: Vec<std::fs::File>,
) -> Result<Vec<Section>, Fault> {
    let kept = job.kept.iter().map(|resource| resource.bytes);
    let referenced = job.references.iter().flat_map(|snapshot| &snapshot.files);
    let others = kept.chain(referenced.map(|file| file.bytes));
    let sources = job.sources.iter().map(|source| source.bytes);
    if job.offsets.is_empty() {
        return sections(files, sources.chain(others));
    }
    let disagree = || Fault::Descriptors { named: job.offsets.len(), given: job.sources.len() };
    if job.offsets.len() != job.sources.len() || files.is_empty() {
        return Err(disagree());
    }
    let archive = files.remove(0);
    let length = archive.metadata().map_err(Fault::Scratch)?.len();
    let archive = Section::new(archive, length);
    let within = job.offsets.iter().zip(sources);
    let packed = within
        .map(|(offset, bytes)| archive.within(*offset, bytes).ok_or(Fault::SourceShort))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(packed.into_iter().chain(sections(files, others)?).collect())
}

/// The sections of a job's descriptors.
pub(crate) fn sections(
    files: Vec<std::fs::File>,
    lengths: impl IntoIterator<Item = u64>,
) -> Result<Vec<Section>, Fault> {
    let lengths: Vec<u64> = lengths.into_iter().collect();
    if files.len() != lengths.len() {
        return Err(Fault::Descriptors { named: lengths.len(), given: files.len() });
    }
    Ok(files.into_iter().zip(lengths).map(|(file, length)| Section::new(file, length)).collect())
}
