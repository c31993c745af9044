//! A row as a writer sees it: columns in order, and one cell for each.

use domain::{Date, Timestamp};

/// What the cells of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Text.
    Text,
    /// A whole number.
    Integer,
    /// True or false.
    Boolean,
    /// An amount with two digits after the point.
    Decimal,
    /// A day.
    Date,
    /// A moment.
    Moment,
    /// A list of texts.
    Texts,
}

/// One column: its name and what its cells are.
pub(crate) type Column = (&'static str, Shape);

/// One cell.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cell<'a> {
    /// No value.
    Null,
    /// Text.
    Text(&'a str),
    /// A whole number.
    Integer(i64),
    /// True or false.
    Boolean(bool),
    /// An amount in hundredths.
    Decimal(Cents),
    /// A day.
    Date(Date),
    /// A moment.
    Moment(Timestamp),
    /// A list of texts.
    Texts(&'a [&'static str]),
}

/// An amount in hundredths of a euro.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cents(pub(crate) i64);

/// A row of one dataset.
pub(crate) trait Record {
    /// The columns, in the order of the cells.
    const COLUMNS: &'static [Column];

    /// The cells of this row.
    fn cells(&self) -> Vec<Cell<'_>>;
}

impl<'a> From<&'a String> for Cell<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a str> for Cell<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Cell<'_> {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<bool> for Cell<'_> {
    fn from(fact: bool) -> Self {
        Self::Boolean(fact)
    }
}

impl From<Cents> for Cell<'_> {
    fn from(amount: Cents) -> Self {
        Self::Decimal(amount)
    }
}

impl From<Date> for Cell<'_> {
    fn from(day: Date) -> Self {
        Self::Date(day)
    }
}

impl From<Timestamp> for Cell<'_> {
    fn from(moment: Timestamp) -> Self {
        Self::Moment(moment)
    }
}

impl<'a> From<&'a Vec<&'static str>> for Cell<'a> {
    fn from(texts: &'a Vec<&'static str>) -> Self {
        Self::Texts(texts)
    }
}

impl<'a> From<&'a [&'static str]> for Cell<'a> {
    fn from(texts: &'a [&'static str]) -> Self {
        Self::Texts(texts)
    }
}

impl<'a, T: Into<Cell<'a>>> From<Option<T>> for Cell<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}
