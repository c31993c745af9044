//! Parts of a stored answer, and answers that a caller has already.
//!
//! # Source
//! RFC 9110 §13.1 (`If-None-Match`, `If-Range`), §14 (`Range`).

use actix_web::http::header::{self, HeaderMap};

/// Which part of an answer goes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// All of it.
    Whole,
    /// These bytes of it, both ends included.
    Bytes {
        /// The first.
        first: u64,
        /// The last.
        last: u64,
    },
    /// None: the range lies outside.
    Outside,
}

/// The one text of a header, if it is text and stands there once.
fn text(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    let mut values = headers.get_all(name);
    let value = values.next()?;
    if values.next().is_some() { None } else { value.to_str().ok() }
}

/// Whether the caller says that it has an answer with this entity tag already.
#[must_use]
pub fn is_known(headers: &HeaderMap, etag: &str) -> bool {
    let fields = headers.get_all(header::IF_NONE_MATCH).filter_map(|value| value.to_str().ok());
    let mut tags = fields.flat_map(|field| field.split(',')).map(str::trim);
    tags.any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}

/// The part of an answer of some length that a caller asks for.
///
/// Several ranges, or one that is not understood, are answered with the whole, as the standard
/// allows; so is a range for an answer that is no longer the same (`If-Range`).
#[must_use]
pub fn part(headers: &HeaderMap, etag: &str, length: u64) -> Part {
    let same =
        headers.get_all(header::IF_RANGE).all(|value| value.to_str().is_ok_and(|tag| tag == etag));
    let range = text(headers, header::RANGE).filter(|_| same);
    range.and_then(|range| parse(range, length)).unwrap_or(Part::Whole)
}

/// Reads one byte range.
fn parse(range: &str, length: u64) -> Option<Part> {
    let (unit, range) = range.split_once('=')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") || range.contains(',') {
        return None;
    }
    let (first, last) = range.trim().split_once('-')?;
    let number = |text: &str| {
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        // A number too large for its type lies beyond every answer.
        is_number.then(|| text.parse::<u64>().unwrap_or(u64::MAX))
    };
    if first.is_empty() {
        let suffix = number(last)?;
        return Some(match (suffix, length) {
            (0, _) | (_, 0) => Part::Outside,
            (suffix, _) => Part::Bytes { first: length.saturating_sub(suffix), last: length - 1 },
        });
    }
    let first = number(first)?;
    let last = if last.is_empty() { u64::MAX } else { number(last)? };
    if last < first {
        return None;
    }
    if length <= first {
        return Some(Part::Outside);
    }
    Some(Part::Bytes { first, last: last.min(length - 1) })
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    const ETAG: &str = "\"abc\"";

    fn asked(pairs: &[(header::HeaderName, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(name.clone(), HeaderValue::from_static(value));
        }
        headers
    }

    fn ranged(range: &'static str) -> Part {
        part(&asked(&[(header::RANGE, range)]), ETAG, 100)
    }

    #[test]
    fn one_range_is_cut_to_the_answer() {
        assert_eq!(ranged("bytes=0-0"), Part::Bytes { first: 0, last: 0 });
        assert_eq!(ranged("bytes=90-200"), Part::Bytes { first: 90, last: 99 });
        assert_eq!(ranged("bytes=90-"), Part::Bytes { first: 90, last: 99 });
        assert_eq!(ranged("bytes=-10"), Part::Bytes { first: 90, last: 99 });
        assert_eq!(ranged("bytes=-1000"), Part::Bytes { first: 0, last: 99 });
        assert_eq!(ranged("bytes=0-99999999999999999999"), Part::Bytes { first: 0, last: 99 });
    }

    #[test]
    fn a_range_beyond_the_answer_is_outside() {
        assert_eq!(ranged("bytes=100-"), Part::Outside);
        assert_eq!(ranged("bytes=-0"), Part::Outside);
        assert_eq!(part(&asked(&[(header::RANGE, "bytes=0-")]), ETAG, 0), Part::Outside);
    }

    #[test]
    fn what_is_no_single_range_gives_the_whole() {
        for range in ["bytes=0-1,3-4", "rows=0-1", "bytes=5-1", "bytes=a-b", "bytes", "bytes=+1-2"]
        {
            assert_eq!(ranged(range), Part::Whole, "{range}");
        }
    }

    #[test]
    fn a_range_of_another_answer_gives_the_whole() {
        let of = |tag| asked(&[(header::RANGE, "bytes=0-1"), (header::IF_RANGE, tag)]);

        assert_eq!(part(&of("\"abc\""), ETAG, 100), Part::Bytes { first: 0, last: 1 });
        assert_eq!(part(&of("\"other\""), ETAG, 100), Part::Whole);
        assert_eq!(part(&of("W/\"abc\""), ETAG, 100), Part::Whole);
    }

    #[test]
    fn a_known_answer_is_recognised_by_its_tag() {
        let known = |tags| is_known(&asked(&[(header::IF_NONE_MATCH, tags)]), ETAG);

        assert!(known("\"x\", \"abc\""));
        assert!(known("W/\"abc\""));
        assert!(known("*"));
        assert!(!known("\"x\""));
        assert!(!is_known(&HeaderMap::new(), ETAG));
    }
}
