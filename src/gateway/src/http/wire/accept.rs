//! Which form of an answer a caller accepts.
//!
//! # Source
//! RFC 9110 §12.5.1.

use actix_web::http::header::{self, HeaderMap};
use domain::Format;

use crate::http::problem::{Kind, Problem};

/// One member of `Accept`.
struct Range<'a> {
    main: &'a str,
    sub: &'a str,
    /// Weight in thousandths.
    weight: u32,
}

impl<'a> Range<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.split(';');
        let (main, sub) = parts.next()?.trim().split_once('/')?;
        let mut weight = 1_000;
        for parameter in parts {
            let (name, value) = parameter.split_once('=')?;
            if name.trim().eq_ignore_ascii_case("q") {
                weight = thousandths(value.trim())?;
            }
        }
        Some(Self { main: main.trim(), sub: sub.trim(), weight })
    }

    /// How closely it names a media type: exactly, by its main type, or not at all.
    fn closeness(&self, media_type: &str) -> Option<u8> {
        let (main, sub) = media_type.split_once('/')?;
        if self.main == "*" && self.sub == "*" {
            return Some(0);
        }
        if !self.main.eq_ignore_ascii_case(main) {
            return None;
        }
        match self.sub {
            "*" => Some(1),
            named if named.eq_ignore_ascii_case(sub) => Some(2),
            _ => None,
        }
    }
}

/// A weight such as `0.8`, in thousandths.
fn thousandths(text: &str) -> Option<u32> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.len() > 3 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let whole: u32 = match whole {
        "0" => 0,
        "1" => 1_000,
        _ => return None,
    };
    let padded = format!("{fraction:0<3}");
    let weight = whole + padded.parse::<u32>().ok()?;
    (weight <= 1_000).then_some(weight)
}

/// The form that a caller likes best of some; the first where all are as good.
fn best<'a>(headers: &HeaderMap, offered: impl Iterator<Item = &'a Format>) -> Option<Format> {
    let accepted = accepted(headers);
    if accepted.trim().is_empty() {
        return offered.copied().next();
    }
    let ranges: Vec<Range<'_>> = accepted.split(',').filter_map(Range::parse).collect();
    let mut best: Option<(u32, Format)> = None;
    for format in offered {
        let weight = weight(&ranges, format.media_type());
        if weight > best.map_or(0, |(weight, _)| weight) {
            best = Some((weight, *format));
        }
    }
    best.map(|(_, format)| format)
}

/// Whether a caller accepts one of some media types.
pub(crate) fn accepts(headers: &HeaderMap, offered: &[String]) -> bool {
    let accepted = accepted(headers);
    if accepted.trim().is_empty() {
        return true;
    }
    let ranges: Vec<Range<'_>> = accepted.split(',').filter_map(Range::parse).collect();
    let essence = |text: &String| text.split(';').next().unwrap_or_default().trim().to_owned();
    offered.iter().map(essence).any(|media_type| 0 < weight(&ranges, &media_type))
}

/// How much a caller likes a media type, in thousandths: by the range that names it most closely.
fn weight(ranges: &[Range<'_>], media_type: &str) -> u32 {
    let named =
        ranges.iter().filter_map(|range| Some((range.closeness(media_type)?, range.weight)));
    named.max_by_key(|(closeness, _)| *closeness).map_or(0, |(_, weight)| weight)
}

/// All `Accept` fields as one.
fn accepted(headers: &HeaderMap) -> String {
    let fields = headers.get_all(header::ACCEPT).filter_map(|value| value.to_str().ok());
    fields.collect::<Vec<_>>().join(",")
}

/// Chooses the form of a new answer.
///
/// # Errors
/// `not_acceptable` when none of ours is accepted.
pub fn negotiate(headers: &HeaderMap) -> Result<Format, Problem> {
    let all = Format::ALL.iter().map(|format| format.media_type());
    best(headers, Format::ALL.iter()).ok_or_else(|| not_acceptable(all))
}

/// Checks that a caller accepts the form that a stored answer has.
///
/// # Errors
/// `not_acceptable` when it does not.
pub fn check(headers: &HeaderMap, stored: Format) -> Result<(), Problem> {
    let accepted = best(headers, std::iter::once(&stored));
    let own = std::iter::once(stored.media_type());
    accepted.map(|_| ()).ok_or_else(|| not_acceptable(own))
}

/// The problem of a caller who accepts none of some media types.
pub(crate) fn not_acceptable<'a>(offered: impl Iterator<Item = &'a str>) -> Problem {
    let names: Vec<&str> = offered.collect();
    Kind::NotAcceptable.problem(format!("Accept one of {}.", names.join(", ")))
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    fn chosen(accept: &'static str) -> Option<Format> {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
        negotiate(&headers).ok()
    }

    #[test]
    fn json_is_given_where_nothing_else_is_asked() {
        assert_eq!(negotiate(&HeaderMap::new()).ok(), Some(Format::Json));
        assert_eq!(chosen("*/*"), Some(Format::Json));
        assert_eq!(chosen("application/*"), Some(Format::Json));
        assert_eq!(chosen(""), Some(Format::Json));
    }

    #[test]
    fn each_form_is_given_by_its_name() {
        for format in Format::ALL {
            assert_eq!(chosen(format.media_type()), Some(format));
        }
        assert_eq!(chosen("TEXT/CSV; charset=utf-8"), Some(Format::Csv));
        assert_eq!(chosen("text/*"), Some(Format::Csv));
    }

    #[test]
    fn the_greatest_weight_wins_and_a_closer_name_beats_a_wider_one() {
        assert_eq!(chosen("application/json;q=0.5, text/csv;q=0.9"), Some(Format::Csv));
        assert_eq!(chosen("*/*;q=0.9, application/json;q=0.1"), Some(Format::Ndjson));
        assert_eq!(chosen("application/json;q=0, */*"), Some(Format::Ndjson));
        assert_eq!(chosen("text/csv;q=0.001, text/html"), Some(Format::Csv));
    }

    #[test]
    fn what_cannot_be_given_is_not_acceptable() {
        assert_eq!(chosen("text/html"), None);
        assert_eq!(chosen("application/json;q=0"), None);
        assert_eq!(chosen("application/json;q=2"), None);
        assert_eq!(chosen("nonsense"), None);
    }

    #[test]
    fn a_stored_answer_has_one_form() {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));

        assert!(check(&headers, Format::Json).is_ok());
        assert!(check(&headers, Format::Csv).is_err());
    }
}
