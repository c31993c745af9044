//! Lists of texts, as canonical JSON text on their way and as Arrow lists in files.
//!
//! Rows are sorted with their lists as text: moving one text is cheaper than moving thirty items,
//! and comparing, counting and digesting need no other form.
//!
//! # Invariant
//! Equal lists have equal canonical text: no blanks, and only the escapes that JSON requires.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BooleanBufferBuilder, ListArray, StringArray, StringViewArray,
    StringViewBuilder,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
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
        if item.bytes().any(must_be_escaped) {
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
    let mut text = String::new();
    write_into(&mut text, items);
    text
}

/// Writes items as canonical JSON in the place of what is there.
fn write_into<'a>(text: &mut String, items: impl Iterator<Item = &'a str>) {
    text.clear();
    text.push('[');
    for (place, item) in items.enumerate() {
        if 0 < place {
            text.push(',');
        }
        if item.bytes().any(must_be_escaped) {
            text.push_str(&serde_json::Value::from(item).to_string());
        } else {
            text.push('"');
            text.push_str(item);
            text.push('"');
        }
    }
    text.push(']');
}

/// Whether JSON has a byte in no text as it is.
fn must_be_escaped(byte: u8) -> bool {
    byte < b' ' || byte == b'"' || byte == b'\\'
}

/// A list in its canonical text, which nearly always is the one it came in.
pub(crate) fn canonical<'a>(text: &'a str, items: &Items<'_>) -> Cow<'a, str> {
    let is_plain = items.0.iter().all(|item| matches!(item, Cow::Borrowed(_)));
    if is_plain { Cow::Borrowed(text) } else { Cow::Owned(write(items.iter())) }
}

/// Turns canonical texts into the lists that files hold.
///
/// A text is taken apart where it first comes; where it comes again, which in sorted rows it mostly
/// does, its items are copied.
///
/// # Errors
/// Never for texts of ours.
pub(crate) fn to_lists(texts: &StringViewArray) -> Result<ArrayRef, ArrowError> {
    let mut lists = Lists::default();
    let mut seen: HashMap<&str, Range<usize>> = HashMap::new();
    for text in texts {
        let Some(text) = text else {
            lists.end(false);
            continue;
        };
        if let Some(items) = seen.get(text) {
            lists.again(items.clone());
        } else {
            let items = Items::read(text)
                .map_err(|NoList| ArrowError::ParseError("a list is no longer one".to_owned()))?;
            let first = lists.items();
            items.iter().for_each(|item| lists.push(item));
            seen.insert(text, first..lists.items());
        }
        lists.end(true);
    }
    lists.finish()
}

/// Lists being written: bytes of all items, where items end, where lists end.
struct Lists {
    bytes: Vec<u8>,
    items: Vec<usize>,
    lists: Vec<usize>,
    validity: BooleanBufferBuilder,
}

impl Default for Lists {
    fn default() -> Self {
        let validity = BooleanBufferBuilder::new(0);
        Self { bytes: Vec::new(), items: vec![0], lists: vec![0], validity }
    }
}

impl Lists {
    /// How many items there are.
    fn items(&self) -> usize {
        self.items.len() - 1
    }

    fn push(&mut self, item: &str) {
        self.bytes.extend_from_slice(item.as_bytes());
        self.items.push(self.bytes.len());
    }

    /// Some of the items once more.
    fn again(&mut self, items: Range<usize>) {
        let (from, to) = (self.items[items.start], self.items[items.end]);
        let by = self.bytes.len() - from;
        self.bytes.extend_from_within(from..to);
        self.items.extend_from_within(items.start + 1..=items.end);
        let copied = self.items.len() - items.len()..;
        self.items[copied].iter_mut().for_each(|end| *end += by);
    }

    fn end(&mut self, is_valid: bool) {
        self.lists.push(self.items());
        self.validity.append(is_valid);
    }

    fn finish(mut self) -> Result<ArrayRef, ArrowError> {
        let items = StringArray::try_new(offsets(&self.items)?, self.bytes.into(), None)?;
        let validity = NullBuffer::new(self.validity.finish());
        let validity = Some(validity).filter(|validity| 0 < validity.null_count());
        let (lists, items) = (offsets(&self.lists)?, Arc::new(items));
        let lists = ListArray::try_new(Arc::new(item_field()), lists, items, validity)?;
        Ok(Arc::new(lists))
    }
}

/// Ends as the engine counts them.
fn offsets(ends: &[usize]) -> Result<OffsetBuffer<i32>, ArrowError> {
    let ends = ends.iter().map(|end| i32::try_from(*end));
    let ends: Result<Vec<i32>, _> = ends.collect();
    let ends = ends.map_err(|_| ArrowError::OffsetOverflowError(i32::MAX as usize))?;
    Ok(OffsetBuffer::new(ends.into()))
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
    let items: &StringArray = lists
        .values()
        .as_any()
        .downcast_ref()
        .ok_or_else(|| ArrowError::CastError("no text came out of a cast to it".to_owned()))?;
    let mut texts = StringViewBuilder::with_capacity(lists.len());
    let (mut with_nulls, mut text) = (Vec::new(), String::new());
    for (row, ends) in lists.value_offsets().windows(2).enumerate() {
        if lists.is_null(row) {
            texts.append_null();
            continue;
        }
        let places = ends[0] as usize..ends[1] as usize;
        if 0 < items.null_count() && places.clone().any(|place| items.is_null(place)) {
            with_nulls.push(row);
        }
        let there = places.filter(|place| items.is_valid(*place));
        write_into(&mut text, there.map(|place| items.value(place)));
        texts.append_value(&text);
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
            Some(r#"["AT","BE"]"#),
            Some("[]"),
            Some(r#"["","AT"]"#),
            Some(r#"["AT","BE"]"#),
        ]);

        let lists = to_lists(&texts).unwrap();
        let (again, with_nulls) = to_texts(&lists).unwrap();

        assert_eq!(again, texts);
        assert!(with_nulls.is_empty());
    }
}
