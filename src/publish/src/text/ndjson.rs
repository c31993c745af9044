//! NDJSON: one JSON object a line, its keys the columns.
//!
//! # Invariant
//! A line is one row or rejected; a key that is no column is never passed over.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "an item of a list is a text, or the list is none"
)]

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::{self, Write as _};

use memchr::memchr;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::cells::{Cells, CellsBuilder, Kind};
use super::encoding::NotText;
use crate::rejects::{Flaws, nearest, shown};
use crate::rule::Rule;

/// Takes a block of whole lines apart; the columns are those of `places`.
pub(crate) fn take_apart(
    text: String,
    not_text: &[(usize, NotText)],
    first_line: u64,
    places: &HashMap<String, usize>,
) -> (Cells, Flaws) {
    let mut rows = CellsBuilder::new(places.len());
    let mut at = 0;
    let mut line = first_line;
    while at < text.len() {
        let end = memchr(b'\n', &text.as_bytes()[at..]).map_or(text.len(), |length| at + length);
        if !text[at..end].trim().is_empty() {
            read_line(&text, at, end, line, places, &mut rows);
        }
        at = end + 1;
        line += 1;
    }
    let (cells, mut flaws) = rows.finish(text);
    for (offset, why) in not_text {
        if let Some(row) = cells.row_of(*offset) {
            flaws.unreadable(row, Rule::Encoding, || why.detail().to_owned());
        }
    }
    (cells, flaws)
}

/// Reads one line into one row.
fn read_line(
    text: &str,
    start: usize,
    end: usize,
    line: u64,
    places: &HashMap<String, usize>,
    rows: &mut CellsBuilder,
) {
    rows.fill_row();
    let mut flaw = None;
    let mut json = serde_json::Deserializer::from_str(&text[start..end]);
    let row = Row { base: text.as_ptr() as usize, places, rows, flaw: &mut flaw };
    let read = row.deserialize(&mut json).and_then(|()| json.end());
    match (read, flaw) {
        (Ok(()), None) => rows.end_row(start, line),
        (Ok(()), Some((rule, detail))) => rows.end_unreadable(start, line, rule, detail),
        (Err(error), _) => {
            let detail = format!(
                "it is no JSON object on one line; reading fails at byte {}",
                error.column()
            );
            rows.end_unreadable(start, line, Rule::Format, detail);
        }
    }
}

/// Reads an object into the row being built.
struct Row<'a> {
    /// Where the block's text lies in memory, to tell the position of a borrowed value.
    base: usize,
    places: &'a HashMap<String, usize>,
    rows: &'a mut CellsBuilder,
    /// Why the row must be rejected, if it must.
    flaw: &'a mut Option<(Rule, String)>,
}

impl<'de> DeserializeSeed<'de> for Row<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Row<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut seen = vec![false; self.places.len()];
        while let Some(Text(key)) = map.next_key()? {
            let Some(&place) = self.places.get(key.as_ref()) else {
                let known = self.places.keys().map(String::as_str);
                let detail = format!("{} is no column{}", shown(&key), nearest(&key, known));
                self.flaw.get_or_insert((Rule::Header, detail));
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            if std::mem::replace(&mut seen[place], true) {
                let detail = format!("{} stands in it twice", shown(&key));
                self.flaw.get_or_insert((Rule::Header, detail));
            }
            map.next_value_seed(Value { base: self.base, rows: self.rows })?;
            self.rows.set_from_last(place);
        }
        Ok(())
    }
}

/// A text, borrowed where it stands unescaped in the source.
struct Text<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> serde::Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnyText;
        impl<'de> Visitor<'de> for AnyText {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(AnyText)
    }
}

/// Reads a value into a cell behind the row being built.
struct Value<'a> {
    base: usize,
    rows: &'a mut CellsBuilder,
}

impl Value<'_> {
    /// Adds a cell with a text of our making.
    fn write(self, kind: Kind, text: impl fmt::Display) {
        let start = self.rows.rewriting().len();
        let written = write!(self.rows.rewriting(), "{text}");
        written.expect("invariant: writing to a string cannot fail");
        self.rows.push_rewritten(kind, start);
    }
}

impl<'de> DeserializeSeed<'de> for Value<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.rows.push_missing();
        Ok(())
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.write(Kind::Truth, value);
        Ok(())
    }

    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        self.write(Kind::Number, value);
        Ok(())
    }

    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        self.write(Kind::Number, value);
        Ok(())
    }

    fn visit_f64<E>(self, value: f64) -> Result<(), E> {
        self.write(Kind::Number, value);
        Ok(())
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<(), E> {
        let start = text.as_ptr() as usize - self.base;
        self.rows.push(Kind::Text, start, start + text.len());
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        let kind = if text.contains('\0') { Kind::Bytes } else { Kind::Text };
        self.write(kind, text);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let mut texts = Vec::new();
        let mut are_texts = true;
        while let Some(item) = items.next_element::<serde_json::Value>()? {
            match item {
                serde_json::Value::String(text) => texts.push(serde_json::Value::String(text)),
                _ => are_texts = false,
            }
        }
        let kind = if are_texts { Kind::List } else { Kind::Other };
        self.write(kind, serde_json::Value::Array(texts));
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        self.write(Kind::Other, "{}");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::cells::{Cell, Column as _};
    use super::*;

    fn places() -> HashMap<String, usize> {
        [("a".to_owned(), 0), ("b".to_owned(), 1), ("c".to_owned(), 2)].into()
    }

    fn cells(text: &str) -> (Cells, Flaws) {
        take_apart(text.to_owned(), &[], 1, &places())
    }

    #[test]
    fn values_keep_their_kind() {
        let (cells, flaws) = cells(
            "{\"a\":1.5,\"b\":\"x\\ny\",\"c\":[\"q\"]}\n\n{\"c\":true,\"a\":\"p\"}\n{\"b\":{},\"a\":[1]}",
        );
        let columns = [0, 1, 2].map(|place| cells.column(place));
        let cell = |row, place: usize| columns[place].cell(row);

        assert_eq!(flaws.count(), 0);
        assert_eq!(cells.lines(), [1, 3, 4]);
        assert_eq!(cell(0, 0), Cell { kind: Kind::Number, text: "1.5" });
        assert_eq!(cell(0, 1), Cell { kind: Kind::Text, text: "x\ny" });
        assert_eq!(cell(0, 2), Cell { kind: Kind::List, text: "[\"q\"]" });
        assert_eq!(cell(1, 0), Cell { kind: Kind::Text, text: "p" });
        assert_eq!(cell(1, 1), Cell { kind: Kind::Missing, text: "" });
        assert_eq!(cell(1, 2), Cell { kind: Kind::Truth, text: "true" });
        assert_eq!(cell(2, 0).kind, Kind::Other);
        assert_eq!(cell(2, 1).kind, Kind::Other);
    }

    #[test]
    fn a_line_that_is_no_row_is_rejected_alone() {
        let (cells, flaws) =
            cells("[1]\n{\"a\":1}\n{\"A\":1}\n{\"a\":1,\"a\":2}\n{\"a\":1} x\n{\"a\":\n");

        let rejected: Vec<_> = (0..cells.rows()).map(|row| flaws.is_rejected(row)).collect();
        assert_eq!(rejected, [true, false, true, true, true, true]);
    }

    #[test]
    fn deep_nesting_is_an_error_and_no_overflow() {
        let (_, flaws) = cells(&format!("{{\"a\":{}", "[".repeat(100_000)));

        assert!(flaws.is_rejected(0));
    }
}
