//! What a statement begins with: a query, or something that is refused with the way to say it.

use domain::verdict::Refusal;
use sqlparser::tokenizer::Token;

use super::tokens::{Tokens, is_word};
use crate::refusal;

/// Words that begin a query.
const QUERY_WORDS: [&str; 3] = ["SELECT", "WITH", "VALUES"];

/// Statements that others have and this house does not, with what to do instead.
const OTHER_STATEMENTS: [(&[&str], &str); 9] = [
    (&["EXPLAIN"], "Ask with `\"explain\": true` and `\"dry_run\": true` in the request."),
    (&["DESCRIBE", "DESC", "SHOW"], "Columns and their meaning are in the dataset's codebook."),
    (&["COPY", "UNLOAD", "EXPORT"], "Answers leave in the format that `Accept` names."),
    (
        &["CREATE", "INSERT", "UPDATE", "DELETE", "MERGE", "DROP", "ALTER", "TRUNCATE", "REPLACE"],
        "Snapshots never change; name a part of a query with WITH.",
    ),
    (&["SET", "RESET", "PRAGMA", "USE"], "Limits and edition are fields of the request."),
    (
        &["PREPARE", "EXECUTE", "DEALLOCATE", "DECLARE", "FETCH"],
        "Send values as `parameters` for `$1`, `$2` and so on.",
    ),
    (
        &["BEGIN", "START", "COMMIT", "ROLLBACK", "SAVEPOINT", "LOCK"],
        "A question reads one edition, which never changes; there is nothing to begin or commit.",
    ),
    (&["FROM", "TABLE"], "Write SELECT * FROM and the table's name."),
    (
        &["ANALYZE", "VACUUM", "CALL", "LOAD", "INSTALL", "ATTACH", "GRANT", "REVOKE", "KILL"],
        "Only questions are taken.",
    ),
];

/// Checks that a statement begins as a query does.
///
/// # Errors
/// Nothing at all, another kind of statement, or no statement.
pub(super) fn check(tokens: &Tokens) -> Result<(), Refusal> {
    let first = tokens.significant().find(|token| token.token != Token::LParen);
    let Some(first) = first else {
        return Err(refusal::invalid("The statement is empty. Begin with SELECT.", None));
    };
    if QUERY_WORDS.iter().any(|word| is_word(&first.token, word)) {
        return Ok(());
    }
    let place = refusal::at(first.span);
    for (words, instead) in OTHER_STATEMENTS {
        if let Some(word) = words.iter().find(|word| is_word(&first.token, word)) {
            let detail = format!("{word} is not offered: a question is a query. {instead}");
            return Err(refusal::refused(detail, place));
        }
    }
    let detail = format!("A question begins with SELECT, WITH or VALUES, not `{}`.", first.token);
    Err(refusal::invalid(detail, place))
}

#[cfg(test)]
mod tests {
    use domain::verdict::RefusalCode;

    use super::*;

    fn refusal_of(sql: &str) -> Option<Refusal> {
        check(&Tokens::read(sql).unwrap()).err()
    }

    #[test]
    fn a_query_may_begin_with_brackets() {
        for sql in ["SELECT 1", "(SELECT 1)", "with a as (select 1) select 1", "VALUES (1)"] {
            assert_eq!(refusal_of(sql), None, "{sql}");
        }
    }

    #[test]
    fn other_statements_are_named_with_the_way_to_say_it() {
        let refusal = refusal_of("explain SELECT 1").unwrap();

        assert_eq!(refusal.code, RefusalCode::QueryRefused);
        assert!(refusal.detail.starts_with("EXPLAIN is not offered"), "{}", refusal.detail);
        assert!(refusal.detail.contains("\"explain\": true"), "{}", refusal.detail);
    }

    #[test]
    fn what_is_no_statement_is_invalid() {
        assert_eq!(refusal_of("").unwrap().code, RefusalCode::SqlInvalid);
        assert_eq!(refusal_of("-- nothing").unwrap().code, RefusalCode::SqlInvalid);
        assert_eq!(refusal_of("SELEKT 1").unwrap().code, RefusalCode::SqlInvalid);
    }
}
