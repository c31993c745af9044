//! The one condition a codebook can state about another column: it holds one of some values.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ids::ColumnName;

/// A column holds one of some values.
///
/// # Shape
/// `trader_type = 'LEGAL'` or `decision IN ('ACTION_LAW', 'ACTION_TC')`; a quote within a value is doubled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Predicate {
    /// The column looked at.
    pub column: ColumnName,
    /// The values that satisfy it.
    pub values: Vec<String>,
}

/// A text that is no predicate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is no predicate of the form column = 'VALUE' or column IN ('A', 'B')")]
pub struct InvalidPredicate;

impl Predicate {
    /// Reads a predicate.
    ///
    /// # Errors
    /// When the text has neither of the two forms.
    pub fn parse(text: &str) -> Result<Self, InvalidPredicate> {
        let (column, rest) = text.trim().split_once(char::is_whitespace).ok_or(InvalidPredicate)?;
        let column = ColumnName::parse(column).map_err(|_| InvalidPredicate)?;
        let rest = rest.trim();
        let values = if let Some(value) = rest.strip_prefix('=') {
            let (value, rest) = quoted(value.trim_start())?;
            if !rest.trim().is_empty() {
                return Err(InvalidPredicate);
            }
            vec![value]
        } else {
            let list = rest.strip_prefix("IN").ok_or(InvalidPredicate)?.trim();
            let list = list.strip_prefix('(').and_then(|list| list.strip_suffix(')'));
            quoted_list(list.ok_or(InvalidPredicate)?)?
        };
        Ok(Self { column, values })
    }
}

/// Reads `'A', 'B'`.
fn quoted_list(mut text: &str) -> Result<Vec<String>, InvalidPredicate> {
    let mut values = Vec::new();
    loop {
        let (value, rest) = quoted(text.trim_start())?;
        values.push(value);
        let rest = rest.trim_start();
        if rest.is_empty() {
            return Ok(values);
        }
        text = rest.strip_prefix(',').ok_or(InvalidPredicate)?;
    }
}

/// Reads one quoted value from the front of a text, and gives back the rest.
fn quoted(text: &str) -> Result<(String, &str), InvalidPredicate> {
    let mut rest = text.strip_prefix('\'').ok_or(InvalidPredicate)?;
    let mut value = String::new();
    loop {
        let (before, after) = rest.split_once('\'').ok_or(InvalidPredicate)?;
        value.push_str(before);
        match after.strip_prefix('\'') {
            Some(doubled) => {
                value.push('\'');
                rest = doubled;
            }
            None => return Ok((value, after)),
        }
    }
}

impl fmt::Display for Predicate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quoted: Vec<_> =
            self.values.iter().map(|value| format!("'{}'", value.replace('\'', "''"))).collect();
        match quoted.as_slice() {
            [value] => write!(f, "{} = {value}", self.column),
            values => write!(f, "{} IN ({})", self.column, values.join(", ")),
        }
    }
}

impl TryFrom<String> for Predicate {
    type Error = InvalidPredicate;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<Predicate> for String {
    fn from(predicate: Predicate) -> Self {
        predicate.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_predicate_reads_back_as_it_was_written() {
        for text in ["trader_type = 'LEGAL'", "decision IN ('ACTION_LAW', 'IT''S')"] {
            assert_eq!(Predicate::parse(text).map(|read| read.to_string()).as_deref(), Ok(text));
        }
    }

    #[test]
    fn anything_else_is_no_predicate() {
        for text in ["", "a", "a = b", "a = 'b' OR 1", "a IN ('b'", "a IN ()", "A = 'b'"] {
            assert_eq!(Predicate::parse(text), Err(InvalidPredicate), "{text}");
        }
    }
}
