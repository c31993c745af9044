//! What a file's name says: which format, which packing, and of the Commission's dumps which day.
//!
//! Knows names only; a name is believed until the bytes say otherwise.

use chrono::NaiveDate;
use domain::Date;

/// A format that rows come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RowFormat {
    /// Comma-separated values with a header line.
    Csv,
    /// One JSON object a line.
    Ndjson,
    /// Apache Parquet.
    Parquet,
}

/// What a file holds once its compression is taken off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Body {
    /// Rows.
    Rows(RowFormat),
    /// A zip archive of more files.
    Zip,
    /// A tar archive: a folder of more files.
    Tar,
    /// The SHA-1 of the file beside it.
    Sha1,
}

/// A stream compression around a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compression {
    /// As it is.
    Plain,
    /// RFC 1952.
    Gzip,
    /// RFC 8878.
    Zstd,
}

/// What a file is, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    /// Its compression.
    pub(crate) compression: Compression,
    /// What is inside.
    pub(crate) body: Body,
}

/// What every file that can be read ends in, for messages.
pub(crate) const READABLE: &str =
    "a source ends in .csv, .ndjson, .jsonl or .parquet (each also with .gz or .zst), .zip or .tar";

impl Shape {
    /// What a file is, by its name or else its media type.
    pub(crate) fn recognise(name: &str, media_type: Option<&str>) -> Option<Self> {
        Self::of_name(name).or_else(|| media_type.and_then(Self::of_media_type))
    }

    fn of_name(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        if let Some(stem) = name.strip_suffix(".tgz") {
            return Self::of_name(&format!("{stem}.tar.gz"));
        }
        let (rest, compression) = if let Some(rest) = name.strip_suffix(".gz") {
            (rest, Compression::Gzip)
        } else if let Some(rest) = name.strip_suffix(".zst") {
            (rest, Compression::Zstd)
        } else {
            (name.as_str(), Compression::Plain)
        };
        let (_, extension) = rest.rsplit_once('.')?;
        let body = match extension {
            "csv" => Body::Rows(RowFormat::Csv),
            "ndjson" | "jsonl" => Body::Rows(RowFormat::Ndjson),
            "parquet" => Body::Rows(RowFormat::Parquet),
            "zip" => Body::Zip,
            "tar" => Body::Tar,
            "sha1" if compression == Compression::Plain => Body::Sha1,
            _ => return None,
        };
        Some(Self { compression, body })
    }

    fn of_media_type(media_type: &str) -> Option<Self> {
        let essence = media_type.split(';').next().unwrap_or_default().trim();
        let body = match essence.to_ascii_lowercase().as_str() {
            "text/csv" => Body::Rows(RowFormat::Csv),
            "application/x-ndjson" | "application/ndjson" | "application/jsonl" => {
                Body::Rows(RowFormat::Ndjson)
            }
            "application/vnd.apache.parquet" => Body::Rows(RowFormat::Parquet),
            "application/zip" => Body::Zip,
            "application/x-tar" => Body::Tar,
            _ => return None,
        };
        Some(Self { compression: Compression::Plain, body })
    }
}

/// Which columns a dump of the Commission has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DumpVersion {
    /// All of them.
    Full,
    /// All but the four with long texts.
    Light,
}

impl DumpVersion {
    /// The version as file names write it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Light => "light",
        }
    }
}

/// What the name of one of the Commission's dumps says.
///
/// # Shape
/// `sor-<slug>-<YYYY-MM-DD>-<full|light>`, then `-<part>` and `-<subpart>` of five digits each
/// within a dump, then what the file is. A slug may itself hold hyphens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DumpName {
    /// The day whose statements it holds.
    pub(crate) day: Date,
    /// Which columns it has.
    pub(crate) version: DumpVersion,
}

impl DumpName {
    /// Reads a file's name, if it is one of the Commission's.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        let stem = name.split_once('.').map_or(name, |(stem, _)| stem);
        let mut rest = stem.strip_prefix("sor-")?;
        for _ in 0..2 {
            if let Some((before, part)) = rest.rsplit_once('-') {
                let is_part = part.len() == 5 && part.bytes().all(|byte| byte.is_ascii_digit());
                rest = if is_part { before } else { rest };
            }
        }
        let (rest, version) = rest.rsplit_once('-')?;
        let version = match version {
            "full" => DumpVersion::Full,
            "light" => DumpVersion::Light,
            _ => return None,
        };
        let day_start = rest.len().checked_sub("YYYY-MM-DD".len())?;
        let slug = rest.get(..day_start)?.strip_suffix('-')?;
        let day = rest.get(day_start..)?;
        let is_day = day.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
        let day = NaiveDate::parse_from_str(day, "%Y-%m-%d").ok().filter(|_| is_day)?;
        (!slug.is_empty()).then_some(Self { day, version })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_compression_and_format() {
        let shape = |name| Shape::recognise(name, None);
        let rows = |compression, format| Some(Shape { compression, body: Body::Rows(format) });

        assert_eq!(shape("a.csv"), rows(Compression::Plain, RowFormat::Csv));
        assert_eq!(shape("A.CSV.GZ"), rows(Compression::Gzip, RowFormat::Csv));
        assert_eq!(shape("a.b.jsonl.zst"), rows(Compression::Zstd, RowFormat::Ndjson));
        assert_eq!(shape("a.csv.zip").map(|shape| shape.body), Some(Body::Zip));
        assert_eq!(shape("a.tgz").map(|shape| shape.body), Some(Body::Tar));
        assert_eq!(shape("a.zip.sha1").map(|shape| shape.body), Some(Body::Sha1));
        assert_eq!(shape("truths.json"), None);
        assert_eq!(shape("csv"), None);
    }

    #[test]
    fn a_media_type_helps_where_the_name_says_nothing() {
        let shape = Shape::recognise("upload", Some("text/csv; charset=utf-8"));

        assert_eq!(shape.map(|shape| shape.body), Some(Body::Rows(RowFormat::Csv)));
    }

    #[test]
    fn a_dump_tells_its_day_and_version() {
        let day = NaiveDate::from_ymd_opt(2025, 7, 1).unwrap();

        for name in [
            "sor-global-2025-07-01-light.zip",
            "sor-amazon-store-2025-07-01-light-00000.csv.zip",
            "sor-global-2025-07-01-light-00000-00012.csv",
        ] {
            let dump = DumpName::parse(name);
            assert_eq!(dump, Some(DumpName { day, version: DumpVersion::Light }), "{name}");
        }
    }

    #[test]
    fn other_names_are_no_dumps() {
        for name in [
            "sor-2025-07-01-full.zip",
            "sor-global-2025-07-01.zip",
            "sor-global-2025-13-01-full.zip",
            "sor-global-20250701-full.zip",
            "global-2025-07-01-full.zip",
            "sor-é-full.csv",
            "",
        ] {
            assert_eq!(DumpName::parse(name), None, "{name}");
        }
    }
}
