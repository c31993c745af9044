//! A row as a writer sees it: columns in order, and one cell for each.

use std::fmt;

use domain::{Date, Timestamp};

use crate::seen::Seen;
use crate::table::Table;

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
    /// A number with a point.
    Number,
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
    /// A number in thousandths.
    Number(Thousandths),
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

/// A number in thousandths: no floating point, so that it is the same on every machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Thousandths(pub(crate) i64);

impl Thousandths {
    /// The number as Parquet and JSON have it.
    pub(crate) fn as_f64(self) -> f64 {
        // No number of this world reaches 2^53, so that the quotient is the nearest there is.
        let thousandths = self.0 as f64;
        thousandths / 1000.0
    }
}

impl fmt::Display for Thousandths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        write!(f, "{sign}{}.{:03}", self.0.abs() / 1000, self.0.abs() % 1000)
    }
}

/// A row of one dataset, which knows how it looked at each date.
pub(crate) trait Record {
    /// The table it belongs to.
    const TABLE: &'static Table;

    /// When it came to be known: an edition before that lacks it. A table that comes in periods has
    /// it in that of this moment.
    fn since(&self) -> Timestamp;

    /// The cells of this row as they were known, in the order of the columns.
    fn cells(&self, seen: Seen) -> Vec<Cell<'_>>;
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

impl From<Thousandths> for Cell<'_> {
    fn from(number: Thousandths) -> Self {
        Self::Number(number)
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
