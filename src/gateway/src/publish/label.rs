//! Labels: what a source is called and what it says it is; the worker believes neither.

use actix_web::http::header::{self, ContentDisposition, HeaderMap};
use domain::DatasetName;
use domain::publication::SourceFile;

/// Longest name of a source, in bytes, as file systems have it.
const NAME_BYTES_MAX: usize = 255;

/// The media type of folders, which come as tar archives.
pub const TAR: &str = "application/x-tar";

/// Media types that are read, with the ending that says the same; none where only a name can tell.
const MEDIA_TYPES: &[(&str, Option<&str>)] = &[
    ("text/csv", Some("csv")),
    ("application/x-ndjson", Some("ndjson")),
    ("application/ndjson", Some("ndjson")),
    ("application/jsonl", Some("ndjson")),
    ("application/vnd.apache.parquet", Some("parquet")),
    ("application/zip", Some("zip")),
    (TAR, Some("tar")),
    ("application/gzip", None),
    ("application/zstd", None),
    ("application/octet-stream", None),
];

/// Encodings of text that are read: UTF-8, and what is a part of it.
const CHARSETS: [&str; 3] = ["utf-8", "utf8", "us-ascii"];

/// What a source is called and what it says it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    name: String,
    media_type: Option<String>,
}

/// Why a source's headers are not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LabelError {
    /// The media type is none that is read.
    #[error("the media type is none that is read")]
    MediaType,
    /// The text is in an encoding that is not read.
    #[error("the text is not said to be UTF-8")]
    Charset,
    /// An edition is no tar archive.
    #[error("an edition is no tar archive")]
    NoTar,
    /// Neither name nor media type says what it is.
    #[error("neither name nor media type says what it is")]
    Nameless,
    /// The name is none that a file can have.
    #[error("the name is none that a file can have")]
    Name,
}

impl Label {
    /// Reads the headers of a delivery.
    ///
    /// # Errors
    /// [`LabelError`].
    pub fn of(headers: &HeaderMap, dataset: &DatasetName) -> Result<Self, LabelError> {
        Self::named(headers, dataset.as_str())
    }

    fn named(headers: &HeaderMap, stem: &str) -> Result<Self, LabelError> {
        let media_type = match headers.get(header::CONTENT_TYPE) {
            Some(value) => Some(known(value.to_str().map_err(|_| LabelError::MediaType)?)?),
            None => None,
        };
        let name = match (name(headers)?, media_type) {
            (Some(name), _) => name,
            (None, Some((_, Some(ending)))) => format!("{stem}.{ending}"),
            (None, _) => return Err(LabelError::Nameless),
        };
        let media_type = media_type.map(|(media_type, _)| media_type.to_owned());
        Ok(Self { name, media_type })
    }

    /// Reads the headers of a delivery of an edition, which is a tar archive.
    ///
    /// # Errors
    /// [`LabelError`].
    pub fn of_edition(headers: &HeaderMap) -> Result<Self, LabelError> {
        let label = Self::named(headers, "edition")?;
        if label.media_type.as_deref() == Some(TAR) { Ok(label) } else { Err(LabelError::NoTar) }
    }

    /// The media types that are read, for messages.
    #[must_use]
    pub fn media_types() -> String {
        let names: Vec<_> = MEDIA_TYPES.iter().map(|(media_type, _)| *media_type).collect();
        names.join(", ")
    }

    /// The source, once its length is known.
    pub(crate) fn source(&self, bytes: u64) -> SourceFile {
        SourceFile { name: self.name.clone(), media_type: self.media_type.clone(), bytes }
    }
}

/// The media type that is read and is meant.
fn known(media_type: &str) -> Result<(&'static str, Option<&'static str>), LabelError> {
    let mut parts = media_type.split(';');
    let essence = parts.next().unwrap_or_default().trim();
    let found = MEDIA_TYPES.iter().find(|(known, _)| known.eq_ignore_ascii_case(essence));
    let found = found.copied().ok_or(LabelError::MediaType)?;
    let charsets = parts.filter_map(|part| {
        let (name, value) = part.split_once('=')?;
        name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches('"'))
    });
    let is_read = |charset: &str| CHARSETS.iter().any(|known| known.eq_ignore_ascii_case(charset));
    if charsets.into_iter().all(is_read) { Ok(found) } else { Err(LabelError::Charset) }
}

/// The name that a delivery gives its source, without folders.
fn name(headers: &HeaderMap) -> Result<Option<String>, LabelError> {
    let Some(value) = headers.get(header::CONTENT_DISPOSITION) else { return Ok(None) };
    let disposition = ContentDisposition::from_raw(value).map_err(|_| LabelError::Name)?;
    let extended = disposition.get_filename_ext().map(|name| name.value.clone());
    let extended = extended.map(|bytes| String::from_utf8(bytes).map_err(|_| LabelError::Name));
    let plain = || disposition.get_filename().map(str::to_owned);
    let Some(given) = extended.transpose()?.or_else(plain) else { return Ok(None) };
    let name = given.rsplit(['/', '\\']).next().unwrap_or_default();
    let is_name = !name.is_empty()
        && name != "."
        && name != ".."
        && name.len() <= NAME_BYTES_MAX
        && !name.contains(char::is_control);
    if is_name { Ok(Some(name.to_owned())) } else { Err(LabelError::Name) }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    fn label(media_type: Option<&str>, disposition: Option<&str>) -> Result<Label, LabelError> {
        let mut headers = HeaderMap::new();
        let pairs =
            [(header::CONTENT_TYPE, media_type), (header::CONTENT_DISPOSITION, disposition)];
        for (name, value) in pairs {
            if let Some(value) = value {
                headers.insert(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
            }
        }
        Label::of(&headers, &DatasetName::parse("listings").unwrap())
    }

    fn name_of(disposition: &str) -> Result<String, LabelError> {
        label(Some("application/octet-stream"), Some(disposition)).map(|label| label.name)
    }

    #[test]
    fn a_source_without_a_name_is_named_after_its_dataset() {
        assert_eq!(label(Some("text/csv; charset=utf-8"), None).unwrap().name, "listings.csv");
        assert_eq!(label(Some("application/octet-stream"), None), Err(LabelError::Nameless));
        assert_eq!(label(None, None), Err(LabelError::Nameless));
    }

    #[test]
    fn a_name_loses_its_folders() {
        assert_eq!(name_of("attachment; filename=\"a.csv.gz\"").as_deref(), Ok("a.csv.gz"));
        assert_eq!(name_of("attachment; filename=\"../../etc/a.csv\"").as_deref(), Ok("a.csv"));
        assert_eq!(name_of("attachment; filename*=UTF-8''%C3%A4.csv").as_deref(), Ok("ä.csv"));
    }

    #[test]
    fn what_no_file_can_be_called_is_refused() {
        for bad in [
            "attachment; filename=\"..\"",
            "attachment; filename=\"a/\"",
            "attachment; filename*=UTF-8''a%0Ab",
        ] {
            assert_eq!(name_of(bad), Err(LabelError::Name), "{bad}");
        }
        let long = format!("attachment; filename=\"{}\"", "a".repeat(256));
        assert_eq!(name_of(&long), Err(LabelError::Name));
    }

    #[test]
    fn a_media_type_that_is_not_read_is_refused() {
        let json = label(Some("application/json"), Some("attachment; filename=\"a.csv\""));

        assert_eq!(json, Err(LabelError::MediaType));
        assert_eq!(label(Some("text/csv; charset=latin1"), None), Err(LabelError::Charset));
        assert!(label(Some("text/csv; header=present; charset=\"UTF-8\""), None).is_ok());
        assert!(Label::media_types().contains("application/zip"));
    }
}
