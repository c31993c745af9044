//! How planning says no: our words, the caller's own names, and where in the SQL.
//!
//! # Invariant
//! The engine's own text never enters a refusal.

use domain::verdict::{Position, Refusal, RefusalCode};
use sqlparser::tokenizer::{Location, Span};

/// How alike two names must be for one to be proposed in place of the other.
const LIKENESS_MIN: f64 = 0.75;

/// How many names are proposed at most.
const PROPOSALS_MAX: usize = 3;

/// A refusal of what does not parse or plan.
pub(crate) fn invalid(detail: impl Into<String>, position: Option<Position>) -> Refusal {
    Refusal { code: RefusalCode::SqlInvalid, detail: detail.into(), position }
}

/// A refusal of what is never offered.
pub(crate) fn refused(detail: impl Into<String>, position: Option<Position>) -> Refusal {
    Refusal { code: RefusalCode::QueryRefused, detail: detail.into(), position }
}

/// A refusal of the parameters.
pub(crate) fn body_invalid(detail: impl Into<String>) -> Refusal {
    Refusal { code: RefusalCode::BodyInvalid, detail: detail.into(), position: None }
}

/// A refusal because a count is over its ceiling.
pub(crate) fn too_many(
    what: &'static str,
    count: usize,
    ceiling: usize,
    position: Option<Position>,
) -> Refusal {
    let detail = format!(
        "The statement has {count} {what}; at most {ceiling} are taken. Split the question, \
         or give values as a parameter."
    );
    refused(detail, position)
}

/// The place of a parsed piece, if the parser knows it.
pub(crate) fn at(span: Span) -> Option<Position> {
    at_location(span.start)
}

/// The place the parser names, if it is one.
pub(crate) fn at_location(location: Location) -> Option<Position> {
    (0 < location.line).then_some(Position { line: location.line, column: location.column })
}

/// A sentence that proposes the names nearest to one that is not there, or nothing.
pub(crate) fn proposal<'a>(wanted: &str, names: impl Iterator<Item = &'a str>) -> String {
    let nearest = nearest(wanted, names);
    match nearest.as_slice() {
        [] => String::new(),
        names => format!(" Did you mean {}?", names.join(" or ")),
    }
}

/// The names most like one, the nearest first, each in backquotes.
fn nearest<'a>(wanted: &str, names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let wanted = wanted.to_ascii_lowercase();
    let mut scored: Vec<(f64, &str)> = names
        .map(|name| (strsim::jaro_winkler(&wanted, name), name))
        .filter(|(likeness, _)| LIKENESS_MIN <= *likeness)
        .collect();
    scored.sort_by(|(a, a_name), (b, b_name)| b.total_cmp(a).then_with(|| a_name.cmp(b_name)));
    scored.dedup_by(|(_, a), (_, b)| a == b);
    scored.into_iter().take(PROPOSALS_MAX).map(|(_, name)| format!("`{name}`")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_names_are_proposed_and_others_are_not() {
        let names = ["listings", "traders", "listing_events"];

        assert_eq!(
            proposal("listing", names.into_iter()),
            " Did you mean `listings` or `listing_events`?"
        );
        assert_eq!(proposal("zzz", names.into_iter()), "");
    }

    #[test]
    fn a_place_that_the_parser_does_not_know_is_no_place() {
        assert_eq!(at(Span::empty()), None);
        let known = at_location(Location { line: 2, column: 7 });
        assert_eq!(known, Some(Position { line: 2, column: 7 }));
    }
}
