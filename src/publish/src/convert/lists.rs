//! Lists of texts, as canonical JSON text on their way and as Arrow lists in files.
//!
//! Rows are sorted with their lists as text: moving one text is cheaper than moving thirty items,
//! and comparing, counting and digesting need no other form.
//!
//! # Invariant
//! Equal lists have equal canonical text: no blanks, and only the escapes that JSON requires.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, ListArray, ListBuilder, StringArray, StringBuilder, StringViewArray,
    StringViewBuilder,
};
use arrow::datatypes::{DataType, Field};
use arrow::error::ArrowError;

/// A text that is no JSON array of texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NoList;

/// The items of a list.
#[derive(Debug)]
pub(crate) struct Items<'a>(Vec<Cow<'a, str>>);

impl<'a> Items<'a> {
    /// Reads a JSON array of texts.
    ///
    /// # Errors
    /// When it is anything else.
    pub(crate) fn read(text: &'a str) -> Result<Self, NoList> {
        if let Some(items) = plain(text) {
            return Ok(Self(items));
        }
        let items: Vec<String> = serde_json::from_str(text).map_err(|_| NoList)?;
        Ok(Self(items.into_iter().map(Cow::Owned).collect()))
    }

    /// The items.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(Cow::as_ref)
    }
}

/// Reads a list without blanks and escapes, as nearly all are; such a text is canonical.
fn plain(text: &str) -> Option<Vec<Cow<'_, str>>> {
    let mut rest = text.strip_prefix('[')?.strip_suffix(']')?;
    let mut items = Vec::new();
    if rest.is_empty() {
        return Some(items);
    }
    loop {
        rest = rest.strip_prefix('"')?;
        let end = memchr::memchr(b'"', rest.as_bytes())?;
        let item = &rest[..end];
        if item.bytes().any(|byte| byte == b'\\' || byte < b' ') {
            return None;
        }
        items.push(Cow::Borrowed(item));
        rest = &rest[end + 1..];
        if rest.is_empty() {
            return Some(items);
        }
        rest = rest.strip_prefix(',')?;
    }
}

/// Writes items as canonical JSON.
pub(crate) fn write<'a>(items: impl Iterator<Item = &'a str>) -> String {
    let mut text = String::from("[");
    for (place, item) in items.enumerate() {
        if 0 < place {
            text.push(',');
        }
        text.push_str(&serde_json::Value::from(item).to_string());
    }
    text.push(']');
    text
}

/// A list in its canonical text, which nearly always is the one it came in.
pub(crate) fn canonical<'a>(text: &'a str, items: &Items<'_>) -> Cow<'a, str> {
    let is_plain = items.0.iter().all(|item| matches!(item, Cow::Borrowed(_)));
    if is_plain { Cow::Borrowed(text) } else { Cow::Owned(write(items.iter())) }
}

/// Turns canonical texts into the lists that files hold.
///
/// # Errors
/// Never for texts of ours.
pub(crate) fn to_lists(texts: &StringViewArray) -> Result<ArrayRef, ArrowError> {
    let mut lists = ListBuilder::new(StringBuilder::new()).with_field(item_field());
    for text in texts {
        let Some(text) = text else {
            lists.append_null();
            continue;
        };
        let items = Items::read(text)
            .map_err(|NoList| ArrowError::ParseError("a list is no longer one".to_owned()))?;
        for item in items.iter() {
            lists.values().append_value(item);
        }
        lists.append(true);
    }
    Ok(Arc::new(lists.finish()))
}

/// The field of the items, as `engine::schema` has it.
fn item_field() -> Field {
    Field::new_list_field(DataType::Utf8, true)
}

/// Turns lists into canonical texts; rows whose list holds a null item are told.
///
/// # Errors
/// When the items are not text.
pub(crate) fn to_texts(lists: &ArrayRef) -> Result<(StringViewArray, Vec<usize>), ArrowError> {
    let wanted = DataType::List(Arc::new(item_field()));
    let lists = arrow::compute::cast(lists, &wanted)?;
    let lists: &ListArray = lists
        .as_any()
        .downcast_ref()
        .ok_or_else(|| ArrowError::CastError("no list came out of a cast to one".to_owned()))?;
    let mut texts = StringViewBuilder::with_capacity(lists.len());
    let mut with_nulls = Vec::new();
    for row in 0..lists.len() {
        if lists.is_null(row) {
            texts.append_null();
            continue;
        }
        let items = lists.value(row);
        let items: &StringArray = items
            .as_any()
            .downcast_ref()
            .ok_or_else(|| ArrowError::CastError("no text came out of a cast to it".to_owned()))?;
        if 0 < items.null_count() {
            with_nulls.push(row);
        }
        texts.append_value(write(items.iter().flatten()));
    }
    Ok((texts.finish(), with_nulls))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items(text: &str) -> Result<Vec<String>, NoList> {
        Items::read(text).map(|items| items.iter().map(str::to_owned).collect())
    }

    #[test]
    fn a_list_is_read_however_it_is_spaced_and_escaped() {
        assert_eq!(items("[]"), Ok(Vec::new()));
        assert_eq!(items(r#"["AT","BE"]"#).unwrap(), ["AT", "BE"]);
        assert_eq!(items(r#"[ "A\"T" , "\u00e9" ]"#).unwrap(), ["A\"T", "é"]);
        for text in ["", "AT", "[", "[AT]", "[1]", "[null]", "[\"A\",]", "[\"A\"]]", "{}", "[[]]"] {
            assert_eq!(items(text), Err(NoList), "{text}");
        }
    }

    #[test]
    fn equal_lists_have_equal_text() {
        for text in [r#"["AT","BE"]"#, r#"[ "AT" , "\u0042E" ]"#, "[\n\"AT\",\"BE\"]"] {
            let items = Items::read(text).unwrap();
            assert_eq!(canonical(text, &items), r#"["AT","BE"]"#);
        }
    }

    #[test]
    fn texts_and_lists_turn_into_each_other() {
        let texts = StringViewArray::from(vec![
            Some(r#"["AT","BE"]"#),
            None,
            Some("[]"),
            Some(r#"["a \"quote\" and a \\ and a long tail"]"#),
        ]);

        let lists = to_lists(&texts).unwrap();
        let (again, with_nulls) = to_texts(&lists).unwrap();

        assert_eq!(again, texts);
        assert!(with_nulls.is_empty());
    }
}
