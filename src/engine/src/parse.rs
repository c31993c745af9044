//! From text to one query: tokens first, since the ceilings and some refusals need no more.
//!
//! Does not know which tables, columns or functions there are.
//!
//! # Invariant
//! Text is parsed here and nowhere else: what is walked, planned, vetted and run is what this
//! returned. Only queries are parsed at all; the parser never sees another statement.
//!
//! # Rooms
//! - [`tokens`]: the text as tokens, within the ceilings.
//! - [`versions`]: tables that are pinned to a version.
//! - [`opening`]: what a statement must begin with, and what others should do instead.

mod opening;
mod tokens;
mod versions;

use domain::verdict::{Position, Refusal};
use sqlparser::ast::Query;
use sqlparser::dialect::GenericDialect;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Token, TokenWithSpan};

pub(crate) use tokens::Tokens;
pub(crate) use versions::{misplaced, readable, unpin};

use crate::refusal;

/// How deep the parser may recurse. Above [`tokens::NESTING_MAX`], since one bracket costs several
/// levels; what it bounds beside that are chains of prefix operators.
const RECURSION_MAX: usize = 400;

/// A question that parses, with its tokens for the places in messages.
pub(crate) struct Parsed {
    /// The one query.
    pub(crate) query: Box<Query>,
    /// Its tokens, as they were written.
    pub(crate) tokens: Tokens,
    /// Where the names stand that are pinned to a version.
    pub(crate) pinned: Vec<Position>,
}

/// Reads one query.
///
/// # Errors
/// Text that is too long, is no SQL, is no query, or is more than one statement.
pub(crate) fn parse(sql: &str) -> Result<Parsed, Refusal> {
    let tokens = Tokens::read(sql)?;
    opening::check(&tokens)?;
    let (rewritten, pinned) = versions::pin(&tokens)?;
    let dialect = GenericDialect {};
    let mut parser = Parser::new(&dialect)
        .with_recursion_limit(RECURSION_MAX)
        .with_tokens_with_locations(rewritten);
    let query = parser.parse_query().map_err(|error| unreadable(&error, &parser, &tokens))?;
    while parser.consume_token(&Token::SemiColon) {}
    let rest = parser.peek_token();
    if rest.token != Token::EOF {
        return Err(unexpected(&rest, &tokens));
    }
    Ok(Parsed { query, tokens, pinned })
}

/// The refusal of a text that the parser could not read.
fn unreadable(error: &ParserError, parser: &Parser<'_>, tokens: &Tokens) -> Refusal {
    match error {
        ParserError::RecursionLimitExceeded => refusal::refused(
            "The statement is nested too deeply. Use WITH for its inner parts.",
            position_of(&parser.peek_token()),
        ),
        ParserError::ParserError(text) | ParserError::TokenizerError(text) => {
            let place = named_place(text).or_else(|| position_of(&parser.peek_token()));
            match place.and_then(|place| tokens.at(place)) {
                Some(token) => unexpected(token, tokens),
                None => refusal::invalid(
                    "The statement ends where more is needed.",
                    place.or(tokens.end()),
                ),
            }
        }
    }
}

/// The refusal that names the first token that does not fit.
fn unexpected(token: &TokenWithSpan, tokens: &Tokens) -> Refusal {
    if token.token == Token::EOF {
        return refusal::invalid("The statement ends where more is needed.", tokens.end());
    }
    let written = position_of(token).and_then(|place| tokens.at(place)).unwrap_or(token);
    let detail = format!("The statement cannot be read: `{}` does not fit here.", written.token);
    refusal::invalid(detail, position_of(token))
}

/// Where a token stands.
fn position_of(token: &TokenWithSpan) -> Option<Position> {
    refusal::at(token.span)
}

/// The place with which the parser ends its messages: ` at Line: 1, Column: 8`.
///
/// Only the two numbers are taken; the parser keeps them nowhere else.
fn named_place(text: &str) -> Option<Position> {
    let (_, place) = text.rsplit_once(" at Line: ")?;
    let (line, column) = place.split_once(", Column: ")?;
    Some(Position { line: line.parse().ok()?, column: column.trim().parse().ok()? })
}

#[cfg(test)]
mod tests {
    use domain::verdict::RefusalCode;

    use super::*;

    fn refusal_of(sql: &str) -> Refusal {
        parse(sql).err().unwrap_or_else(|| panic!("{sql} was read"))
    }

    #[test]
    fn the_token_that_does_not_fit_is_named_with_its_place() {
        let refusal = refusal_of("SELECT a\nFORM b c d");

        assert_eq!(refusal.code, RefusalCode::SqlInvalid);
        assert_eq!(refusal.detail, "The statement cannot be read: `b` does not fit here.");
        assert_eq!(refusal.position, Some(Position { line: 2, column: 6 }));
    }

    #[test]
    fn a_statement_that_stops_short_says_so() {
        let refusal = refusal_of("SELECT a FROM");

        assert_eq!(refusal.detail, "The statement ends where more is needed.");
    }

    #[test]
    fn a_semicolon_may_end_the_statement_but_not_begin_another() {
        assert!(parse("SELECT 1;").is_ok());
        assert_eq!(refusal_of("SELECT 1; SELECT 2").code, RefusalCode::QueryRefused);
    }

    #[test]
    fn prefix_operators_cannot_exhaust_the_stack() {
        let sql = format!("SELECT {} 1", "- ".repeat(2_000));

        assert_eq!(refusal_of(&sql).code, RefusalCode::QueryRefused);
    }
}
