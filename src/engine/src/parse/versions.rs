//! `ads VERSION AS OF '2026-10-01'`: a table pinned to a version, for a parser that reads versions
//! only as numbers.
//!
//! The name and its version become one quoted name, `ads`, [`MARK`] and the version, before the
//! statement is parsed. No statement can hold such a name itself, since control characters are
//! refused first.
//!
//! # Invariant
//! A pinned name that is met anywhere but in FROM is refused by the walk: it counts the places.
#![expect(clippy::wildcard_enum_match_arm, reason = "SQL has more tokens than names and texts")]

use domain::question::Version;
use domain::verdict::{Position, Refusal};
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Token, TokenWithSpan, Word};

use super::tokens::{Tokens, is_word};
use crate::refusal;

/// What stands between a name and its version.
const MARK: char = '\u{1}';

/// A name that may be pinned to a version, taken apart.
pub(crate) fn unpin(name: &str) -> (&str, Option<Version>) {
    match name.split_once(MARK) {
        Some((name, version)) => (name, Version::parse(version).ok()),
        None => (name, None),
    }
}

/// A text about a statement in which pinned names are written as the caller wrote them.
pub(crate) fn readable(text: &str) -> String {
    text.replace(MARK, " VERSION AS OF ")
}

/// The tokens in which each pinned table is one name, and the places of these names.
///
/// # Errors
/// A version that is no date and no snapshot, or that belongs to no name; and the other ways to
/// name a version, which the engine would ignore in silence.
pub(super) fn pin(tokens: &Tokens) -> Result<(Vec<TokenWithSpan>, Vec<Position>), Refusal> {
    let mut rewritten: Vec<TokenWithSpan> = Vec::with_capacity(tokens.all().len());
    let (mut pinned, mut skipped) = (Vec::new(), 0_usize);
    for (index, token) in tokens.all().iter().enumerate() {
        if 0 < skipped {
            skipped -= usize::from(is_significant(token));
            continue;
        }
        let clause = Clause::at(tokens.all().get(index..).unwrap_or_default());
        let Some(clause) = clause else {
            rewritten.push(token.clone());
            continue;
        };
        let version = clause.version()?;
        let Some(name) = rewritten.iter_mut().rev().find(|token| is_significant(token)) else {
            return Err(homeless(clause.begin));
        };
        let Token::Word(word) = &mut name.token else { return Err(homeless(clause.begin)) };
        let plain = match word.quote_style {
            Some(_) => word.value.clone(),
            None => word.value.to_ascii_lowercase(),
        };
        *word = Word {
            value: format!("{plain}{MARK}{version}"),
            quote_style: Some('"'),
            keyword: Keyword::NoKeyword,
        };
        pinned.extend(refusal::at(name.span));
        // The word that begins the clause is this one; three more follow it.
        skipped = 3;
    }
    Ok((rewritten, pinned))
}

/// A version of a table, as the statement has it: four tokens.
struct Clause<'a> {
    begin: &'a TokenWithSpan,
    word: &'static str,
    value: &'a TokenWithSpan,
}

impl<'a> Clause<'a> {
    /// The clause that begins at the first of some tokens, if one does. `SELECT version AS of FROM`
    /// names a column: only a value makes it a version.
    fn at(tokens: &'a [TokenWithSpan]) -> Option<Self> {
        let begin = tokens.first()?;
        let named = ["VERSION", "TIMESTAMP", "SYSTEM_TIME"];
        let word = named.into_iter().find(|name| is_word(&begin.token, name))?;
        let mut rest = tokens.iter().skip(1).filter(|token| is_significant(token));
        let follows = |token: Option<&TokenWithSpan>, word| {
            token.is_some_and(|token| is_word(&token.token, word))
        };
        if !follows(rest.next(), "AS") || !follows(rest.next(), "OF") {
            return None;
        }
        let value = rest.next()?;
        let is_value = matches!(
            value.token,
            Token::SingleQuotedString(_) | Token::Number(..) | Token::Placeholder(_)
        );
        is_value.then_some(Self { begin, word, value })
    }

    /// The version that it names.
    fn version(&self) -> Result<Version, Refusal> {
        if self.word != "VERSION" {
            let detail = format!(
                "{} AS OF is not offered. Write VERSION AS OF and a date or a snapshot's id in \
                 single quotes, after the dataset's name.",
                self.word
            );
            return Err(refusal::refused(detail, refusal::at(self.begin.span)));
        }
        let version = match &self.value.token {
            Token::SingleQuotedString(text) => Version::parse(text).ok(),
            _ => None,
        };
        version.ok_or_else(|| {
            let detail = "A version is a date, such as '2026-10-01', or the id of a snapshot, such \
                          as 's-4oymiquy7qobjgx36tej', in single quotes; no parameter.";
            refusal::invalid(detail, refusal::at(self.value.span))
        })
    }
}

/// The refusal of a version that stands after no name.
fn homeless(begin: &TokenWithSpan) -> Refusal {
    misplaced(refusal::at(begin.span))
}

/// The refusal of a version anywhere but after a dataset's name in FROM.
pub(crate) fn misplaced(position: Option<Position>) -> Refusal {
    let detail =
        "VERSION AS OF stands right after the name of a dataset in FROM, before its alias.";
    refusal::invalid(detail, position)
}

fn is_significant(token: &TokenWithSpan) -> bool {
    !matches!(token.token, Token::Whitespace(_) | Token::EOF)
}

#[cfg(test)]
mod tests {
    use domain::verdict::RefusalCode;

    use super::*;

    fn pinned(sql: &str) -> Result<Vec<String>, Refusal> {
        let tokens = Tokens::read(sql)?;
        let (rewritten, _) = pin(&tokens)?;
        let words = rewritten.iter().filter_map(|token| match &token.token {
            Token::Word(word) if word.value.contains(MARK) => Some(readable(&word.value)),
            _ => None,
        });
        Ok(words.collect())
    }

    #[test]
    fn a_name_and_its_version_become_one_name() {
        let sql = "SELECT * FROM Ads version /* then */ AS OF '2026-10-01' a, b";

        assert_eq!(pinned(sql).unwrap(), ["ads VERSION AS OF 2026-10-01"]);
        assert_eq!(unpin("ads\u{1}2026-10-01").0, "ads");
        assert_eq!(unpin("ads"), ("ads", None));
    }

    #[test]
    fn what_is_no_version_is_refused_at_its_place_and_its_neighbours_pass() {
        let refusal = |sql: &str| pinned(sql).unwrap_err();
        let place = |sql: &str| refusal(sql).position.map(|place| place.column);

        assert_eq!(place("SELECT 1 FROM ads VERSION AS OF 'yesterday'"), Some(33));
        assert_eq!(place("SELECT 1 FROM ads VERSION AS OF '2026-02-30'"), Some(33));
        assert_eq!(place("SELECT 1 FROM ads VERSION AS OF 3"), Some(33));
        assert_eq!(place("SELECT 1 FROM ads VERSION AS OF $1"), Some(33));
        assert_eq!(place("SELECT 1 FROM (SELECT 1) VERSION AS OF '2026-10-01'"), Some(26));
        let time = refusal("SELECT 1 FROM ads FOR SYSTEM_TIME AS OF '2026-10-01'");
        assert_eq!(time.code, RefusalCode::QueryRefused);
        assert!(time.detail.contains("Write VERSION AS OF"), "{}", time.detail);
        assert_eq!(pinned("SELECT version AS of FROM recommender_systems").unwrap(), [""; 0]);
    }
}
