//! The text as tokens, within the ceilings that need no grammar.

use domain::verdict::{Position, Refusal};
use sqlparser::dialect::GenericDialect;
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer, TokenizerError, Whitespace};

use crate::refusal;

/// Longest statement: 16 KiB. A question that a person wrote is far below.
pub(super) const SQL_BYTES_MAX: usize = 16 * 1024;

/// Most tokens: planning time grows faster than their number.
pub(super) const TOKENS_MAX: usize = 4_000;

/// Deepest nesting of brackets and CASE.
pub(super) const NESTING_MAX: usize = 50;

/// The tokens of one statement, white space included.
pub(crate) struct Tokens(Vec<TokenWithSpan>);

impl Tokens {
    /// Splits a text into tokens.
    ///
    /// # Errors
    /// A text over a ceiling, with characters that SQL does not know, with hints, or with more
    /// than one statement.
    pub(super) fn read(sql: &str) -> Result<Self, Refusal> {
        if SQL_BYTES_MAX < sql.len() {
            return Err(refusal::too_many("bytes", sql.len(), SQL_BYTES_MAX, None));
        }
        if let Some(place) = control_character(sql) {
            let detail = "The statement has a control character, which is no part of SQL.";
            return Err(refusal::invalid(detail, Some(place)));
        }
        let tokens = Tokenizer::new(&GenericDialect {}, sql)
            .tokenize_with_location()
            .map_err(|error| untokenizable(sql, &error))?;
        let tokens = Self(tokens);
        tokens.check_count()?;
        tokens.check_nesting()?;
        tokens.check_hints()?;
        tokens.check_single()?;
        Ok(tokens)
    }

    /// All tokens, as the parser wants them.
    pub(super) fn all(&self) -> &[TokenWithSpan] {
        &self.0
    }

    /// The tokens that mean something.
    pub(super) fn significant(&self) -> impl Iterator<Item = &TokenWithSpan> {
        self.0.iter().filter(|token| !matches!(token.token, Token::Whitespace(_) | Token::EOF))
    }

    /// The token that begins at a place.
    pub(super) fn at(&self, place: Position) -> Option<&TokenWithSpan> {
        self.significant().find(|token| refusal::at(token.span) == Some(place))
    }

    /// The place of the last token.
    pub(super) fn end(&self) -> Option<Position> {
        self.significant().last().and_then(|token| refusal::at(token.span))
    }

    /// Where a name stands first, quoted or not.
    pub(crate) fn find_name(&self, name: &str) -> Option<Position> {
        self.significant()
            .find(|token| {
                let Token::Word(word) = &token.token else { return false };
                let is_quoted = word.quote_style.is_some();
                word.value == name || (!is_quoted && word.value.eq_ignore_ascii_case(name))
            })
            .and_then(|token| refusal::at(token.span))
    }

    /// The column that is named at a place, if one can be: of `table.column`, the column.
    pub(crate) fn column_at(&self, place: Position) -> Option<&str> {
        const OPENING: [Keyword; 4] =
            [Keyword::SELECT, Keyword::WITH, Keyword::VALUES, Keyword::FROM];
        let mut tokens =
            self.significant().skip_while(|token| refusal::at(token.span) != Some(place));
        loop {
            let Token::Word(word) = &tokens.next()?.token else { return None };
            match tokens.next().map(|next| &next.token) {
                Some(Token::Period) => {}
                Some(Token::LParen) => return None,
                _ => return (!OPENING.contains(&word.keyword)).then_some(word.value.as_str()),
            }
        }
    }

    fn check_count(&self) -> Result<(), Refusal> {
        let count = self.significant().count();
        if TOKENS_MAX < count {
            return Err(refusal::too_many("tokens", count, TOKENS_MAX, None));
        }
        Ok(())
    }

    fn check_nesting(&self) -> Result<(), Refusal> {
        let mut depth = 0_usize;
        for token in self.significant() {
            if opens(&token.token) {
                depth += 1;
            } else if closes(&token.token) {
                depth = depth.saturating_sub(1);
            }
            if NESTING_MAX < depth {
                let place = refusal::at(token.span);
                return Err(refusal::too_many("levels of nesting", depth, NESTING_MAX, place));
            }
        }
        Ok(())
    }

    /// Refuses `/*+ … */`: the engine would ignore it in silence.
    fn check_hints(&self) -> Result<(), Refusal> {
        let hint = self.0.iter().find(|token| {
            let Token::Whitespace(Whitespace::MultiLineComment(text)) = &token.token else {
                return false;
            };
            text.starts_with('+')
        });
        match hint {
            Some(token) => Err(refusal::refused(
                "Optimizer hints are not offered. Leave the `/*+ … */` out.",
                refusal::at(token.span),
            )),
            None => Ok(()),
        }
    }

    fn check_single(&self) -> Result<(), Refusal> {
        let after = self.significant().skip_while(|token| token.token != Token::SemiColon);
        match after.into_iter().find(|token| token.token != Token::SemiColon) {
            Some(token) => Err(refusal::refused(
                "One question holds one statement. Send the others as questions of their own.",
                refusal::at(token.span),
            )),
            None => Ok(()),
        }
    }
}

/// Whether a token is an unquoted word.
pub(super) fn is_word(token: &Token, word: &str) -> bool {
    let Token::Word(found) = token else { return false };
    found.quote_style.is_none() && found.value.eq_ignore_ascii_case(word)
}

fn opens(token: &Token) -> bool {
    matches!(token, Token::LParen | Token::LBracket | Token::LBrace) || is_word(token, "CASE")
}

fn closes(token: &Token) -> bool {
    matches!(token, Token::RParen | Token::RBracket | Token::RBrace) || is_word(token, "END")
}

/// The place of the first control character that is no white space.
fn control_character(sql: &str) -> Option<Position> {
    let is_control = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    let (index, _) = sql.char_indices().find(|&(_, c)| is_control(c))?;
    let before = &sql[..index];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let line = before.matches('\n').count() + 1;
    let column = before[line_start..].chars().count() + 1;
    Some(Position { line: u64::try_from(line).ok()?, column: u64::try_from(column).ok()? })
}

/// The refusal of a text that has no tokens: by the character that begins the trouble.
fn untokenizable(sql: &str, error: &TokenizerError) -> Refusal {
    let place = refusal::at_location(error.location);
    let character = place.and_then(|place| {
        let line = sql.lines().nth(usize::try_from(place.line).ok()?.checked_sub(1)?)?;
        line.chars().nth(usize::try_from(place.column).ok()?.checked_sub(1)?)
    });
    let detail = match character {
        Some('\'') => "A text in single quotes begins here and does not end.".to_owned(),
        Some('"' | '`') => "A quoted name begins here and does not end.".to_owned(),
        Some(c) => format!("The statement cannot be read from `{c}` on."),
        None => "The statement ends within a quoted text or a comment.".to_owned(),
    };
    refusal::invalid(detail, place)
}

#[cfg(test)]
mod tests {
    use domain::verdict::RefusalCode;

    use super::*;

    fn code_of(sql: &str) -> Option<RefusalCode> {
        Tokens::read(sql).err().map(|refusal| refusal.code)
    }

    #[test]
    fn a_statement_at_the_ceiling_passes_and_one_beyond_is_refused() {
        let nested = |depth: usize| format!("{}1{}", "(".repeat(depth), ")".repeat(depth));
        let listed = |count: usize| vec!["1"; count].join(",");

        assert_eq!(code_of(&nested(NESTING_MAX)), None);
        assert_eq!(code_of(&nested(NESTING_MAX + 1)), Some(RefusalCode::QueryRefused));
        assert_eq!(code_of(&listed(TOKENS_MAX / 2)), None);
        assert_eq!(code_of(&listed(TOKENS_MAX / 2 + 1)), Some(RefusalCode::QueryRefused));
        assert_eq!(code_of(&" ".repeat(SQL_BYTES_MAX)), None);
        assert_eq!(code_of(&" ".repeat(SQL_BYTES_MAX + 1)), Some(RefusalCode::QueryRefused));
    }

    #[test]
    fn a_text_that_does_not_end_is_pointed_at() {
        let refusal = Tokens::read("SELECT 'abc").err().unwrap();

        assert_eq!(refusal.detail, "A text in single quotes begins here and does not end.");
        assert_eq!(refusal.position, Some(Position { line: 1, column: 8 }));
    }

    #[test]
    fn a_nul_is_pointed_at() {
        let refusal = Tokens::read("SELECT\n é\0").err().unwrap();

        assert_eq!(refusal.position, Some(Position { line: 2, column: 3 }));
    }

    #[test]
    fn hints_are_refused_by_name_and_their_neighbours_pass() {
        let refused = Some(RefusalCode::QueryRefused);

        assert_eq!(code_of("SELECT /*+ BROADCAST(a) */ 1"), refused);
        assert_eq!(code_of("SELECT /* + */ 1"), None);
    }
}
