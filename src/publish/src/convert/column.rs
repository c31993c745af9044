//! Turns a column of cells into an Arrow array, value by value against the codebook.
//!
//! # Invariant
//! A row whose value is not as the codebook says is rejected, and never changed into one that is.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, ArrowPrimitiveType, BooleanBufferBuilder, BooleanBuilder, NullBufferBuilder,
    PrimitiveArray, PrimitiveBuilder, StringViewArray, StringViewBuilder,
};
use arrow::buffer::BooleanBuffer;
use arrow::datatypes::{
    Date32Type, Decimal128Type, Float64Type, Int64Type, TimestampMicrosecondType,
};
use domain::codebook::FieldType;

use super::lists::{self, Items};
use super::values;
use crate::categories::CategorySet;
use crate::columns::{Column, row_type};
use crate::failure::Fault;
use crate::rejects::{Flaws, nearest};
use crate::rule::Rule;
use crate::text::cells::{Cell, Column as Cells, Kind};
use crate::transparency::{Succession, succession};

/// Digits that survive the way through a floating point number.
const SAFE_DIGITS: usize = 15;

/// A column made ours.
#[derive(Debug)]
pub(crate) struct Converted {
    /// Its values.
    pub(crate) values: ArrayRef,
    /// Of a mapped column: the rows with a value that has no successor.
    pub(crate) successor_missing: Option<BooleanBuffer>,
    /// Of a mapped column: how many rows had a value that was renamed.
    pub(crate) renamed: u64,
}

impl From<ArrayRef> for Converted {
    fn from(values: ArrayRef) -> Self {
        Self { values, successor_missing: None, renamed: 0 }
    }
}

/// One column being converted.
pub(crate) struct Conversion<'a> {
    /// Its place in the codebook.
    pub(crate) place: usize,
    /// What the codebook says.
    pub(crate) column: &'a Column,
    /// The rows of schema version 1, where the column is mapped.
    pub(crate) first_version: Option<&'a BooleanBuffer>,
}

impl Conversion<'_> {
    /// Converts cells.
    ///
    /// # Errors
    /// A fault of ours only; flaws of the source are noted.
    pub(crate) fn cells(&self, cells: &impl Cells, flaws: &mut Flaws) -> Result<Converted, Fault> {
        let converted = match self.column.field.field_type {
            FieldType::String => match &self.column.categories {
                Some(categories) => return self.codes(cells, categories, flaws),
                None => self.texts(cells, flaws),
            },
            FieldType::List => return Ok(self.lists(cells, flaws)),
            FieldType::Integer => self.primitives::<Int64Type>(cells, flaws, values::integer),
            FieldType::Number => self.primitives::<Float64Type>(cells, flaws, values::number),
            FieldType::Decimal => self.primitives::<Decimal128Type>(cells, flaws, values::decimal),
            FieldType::Date => self.primitives::<Date32Type>(cells, flaws, values::date),
            FieldType::Datetime => {
                self.primitives::<TimestampMicrosecondType>(cells, flaws, values::moment)
            }
            FieldType::Boolean => self.truths(cells, flaws),
        };
        Ok(converted.into())
    }

    /// The text of a cell, if it has one; what may not be is noted.
    fn text<'c>(&self, cell: Cell<'c>, row: usize, flaws: &mut Flaws) -> Option<&'c str> {
        if cell.kind == Kind::Bytes {
            let detail = || "it is not UTF-8, or holds the character NUL".to_owned();
            flaws.reject(row, Some(self.place), Rule::Encoding, detail);
            return None;
        }
        if cell.kind == Kind::Missing || self.column.is_missing(cell.text) {
            self.missing(row, flaws);
            return None;
        }
        let field_type = self.column.field.field_type;
        let fits = match cell.kind {
            Kind::Missing | Kind::Other | Kind::Bytes => false,
            Kind::Text => true,
            Kind::Number => match field_type {
                FieldType::Integer | FieldType::Number => true,
                // Beyond so many digits JSON's numbers do not say which amount was meant.
                FieldType::Decimal => {
                    cell.text.bytes().filter(u8::is_ascii_digit).count() <= SAFE_DIGITS
                }
                FieldType::String
                | FieldType::Boolean
                | FieldType::Date
                | FieldType::Datetime
                | FieldType::List => false,
            },
            Kind::Truth => field_type == FieldType::Boolean,
            Kind::List => field_type == FieldType::List,
        };
        if !fits {
            self.wrong_type(row, cell.text, flaws);
            return None;
        }
        Some(cell.text)
    }

    /// Notes that a row lacks a value, where it may not.
    ///
    /// A column that is filled here may be empty in the source.
    pub(crate) fn missing(&self, row: usize, flaws: &mut Flaws) {
        let is_filled = self.column.derived.is_some();
        if !self.column.field.nullable && !is_filled && !flaws.is_unreadable(row) {
            let detail = || "it is empty, and every row must have it".to_owned();
            flaws.reject(row, Some(self.place), Rule::NotNull, detail);
        }
    }

    /// Notes that a value is not of the column's type.
    pub(crate) fn wrong_type(&self, row: usize, text: &str, flaws: &mut Flaws) {
        flaws.reject(row, Some(self.place), Rule::Type, || {
            let wanted = match self.column.field.field_type {
                FieldType::String => "text",
                FieldType::Integer => "an integer of 64 bits, such as -42",
                FieldType::Number => "a finite number, such as -1.5e3",
                FieldType::Decimal => {
                    "an amount with at most two decimals and 16 digits before them, such as 12.10"
                }
                FieldType::Boolean => "true or false (or Yes or No)",
                FieldType::Date => "a day, such as 2025-07-01",
                FieldType::Datetime => {
                    "a moment, such as 2025-07-01T12:00:00Z or (in UTC) 2025-07-01 12:00:00"
                }
                FieldType::List => "a JSON array of texts, such as [\"AT\",\"BE\"]",
            };
            format!("{} is not {wanted}", self.column.shown(text))
        });
    }

    fn primitives<T: ArrowPrimitiveType>(
        &self,
        cells: &impl Cells,
        flaws: &mut Flaws,
        read: impl Fn(&str) -> Option<T::Native>,
    ) -> ArrayRef {
        let mut values = PrimitiveBuilder::<T>::with_capacity(cells.rows());
        for row in 0..cells.rows() {
            let cell = cells.cell(row);
            let Some(text) = self.text(cell, row, flaws) else {
                values.append_null();
                continue;
            };
            let value = read(text);
            if value.is_none() {
                self.wrong_type(row, text, flaws);
            }
            values.append_option(value);
        }
        let values: PrimitiveArray<T> = values.finish();
        Arc::new(values.with_data_type(row_type(self.column.field.field_type)))
    }

    fn truths(&self, cells: &impl Cells, flaws: &mut Flaws) -> ArrayRef {
        let mut values = BooleanBuilder::with_capacity(cells.rows());
        for row in 0..cells.rows() {
            let cell = cells.cell(row);
            let Some(text) = self.text(cell, row, flaws) else {
                values.append_null();
                continue;
            };
            let value = values::truth(text);
            if value.is_none() {
                self.wrong_type(row, text, flaws);
            }
            values.append_option(value);
        }
        Arc::new(values.finish())
    }

    fn texts(&self, cells: &impl Cells, flaws: &mut Flaws) -> ArrayRef {
        let mut values = StringViewBuilder::with_capacity(cells.rows());
        for row in 0..cells.rows() {
            values.append_option(self.text(cells.cell(row), row, flaws));
        }
        Arc::new(values.finish())
    }

    /// Converts a column with few allowed values; their text is held once for all rows.
    fn codes(
        &self,
        cells: &impl Cells,
        categories: &CategorySet,
        flaws: &mut Flaws,
    ) -> Result<Converted, Fault> {
        let mut views = Vec::with_capacity(cells.rows());
        let mut valid = NullBufferBuilder::new(cells.rows());
        let mut fate = Fates::new(cells.rows());
        for row in 0..cells.rows() {
            let text = self.text(cells.cell(row), row, flaws);
            let view = text.and_then(|text| {
                let code = self.code(text, row, categories, flaws, &mut fate)?;
                Some(categories.view(code))
            });
            valid.append(view.is_some());
            views.push(view.unwrap_or_default());
        }
        let buffers = [categories.text()];
        let values = StringViewArray::try_new(views.into(), buffers, valid.finish())?;
        Ok(fate.converted(self.column, Arc::new(values)))
    }

    /// Which of the codes a text is, or becomes.
    fn code(
        &self,
        text: &str,
        row: usize,
        categories: &CategorySet,
        flaws: &mut Flaws,
        fate: &mut Fates,
    ) -> Option<usize> {
        if let Some(code) = categories.find(text) {
            return Some(code);
        }
        let is_first = self.first_version.is_some_and(|first_version| first_version.value(row));
        let succession = succession(text).filter(|_| self.column.is_mapped && is_first);
        let renamed = match succession {
            Some(Succession::Renamed(successor)) => categories.find(successor),
            Some(Succession::Dropped) => {
                fate.dropped(row);
                if self.column.field.field_type == FieldType::String {
                    self.missing(row, flaws);
                }
                return None;
            }
            None => None,
        };
        match renamed {
            Some(_) => fate.renamed(row),
            None => flaws.reject(row, Some(self.place), Rule::Category, || {
                let count = categories.len();
                let near = nearest(text, categories.codes());
                format!("{} is not among the {count} values{near}", self.column.shown(text))
            }),
        }
        renamed
    }

    /// Converts a column of lists into canonical text.
    fn lists(&self, cells: &impl Cells, flaws: &mut Flaws) -> Converted {
        let mut values = StringViewBuilder::with_capacity(cells.rows());
        let mut fate = Fates::new(cells.rows());
        // Neighbours often hold the same list, which is then known to be good.
        let mut good = "";
        for row in 0..cells.rows() {
            let Some(text) = self.text(cells.cell(row), row, flaws) else {
                values.append_null();
                continue;
            };
            if text == good {
                values.append_value(text);
                continue;
            }
            let Ok(items) = Items::read(text) else {
                self.wrong_type(row, text, flaws);
                values.append_null();
                continue;
            };
            let list = self.list(text, &items, row, flaws, &mut fate);
            if list == text && !fate.has_touched(row) && !flaws.is_rejected(row) {
                good = text;
            }
            values.append_value(list);
        }
        fate.converted(self.column, Arc::new(values.finish()))
    }

    /// The canonical text of one list, its items mapped.
    fn list<'t>(
        &self,
        text: &'t str,
        items: &Items<'_>,
        row: usize,
        flaws: &mut Flaws,
        fate: &mut Fates,
    ) -> Cow<'t, str> {
        let Some(categories) = &self.column.categories else {
            return lists::canonical(text, items);
        };
        let mut codes = Vec::new();
        let mut is_same = true;
        for item in items.iter() {
            let code = self.code(item, row, categories, flaws, fate);
            let code = code.map(|code| categories.code(code));
            is_same &= code == Some(item);
            codes.extend(code);
        }
        if is_same {
            lists::canonical(text, items)
        } else {
            Cow::Owned(lists::write(codes.into_iter()))
        }
    }
}

/// What became of the values of a mapped column.
struct Fates {
    dropped: BooleanBufferBuilder,
    renamed: Vec<usize>,
    rows: usize,
    last_dropped: Option<usize>,
}

impl Fates {
    fn new(rows: usize) -> Self {
        let dropped = BooleanBufferBuilder::new(rows);
        Self { dropped, renamed: Vec::new(), rows, last_dropped: None }
    }

    fn dropped(&mut self, row: usize) {
        if self.last_dropped == Some(row) {
            return;
        }
        self.dropped.append_n(row - self.dropped.len(), false);
        self.dropped.append(true);
        self.last_dropped = Some(row);
    }

    fn renamed(&mut self, row: usize) {
        if self.renamed.last() != Some(&row) {
            self.renamed.push(row);
        }
    }

    fn has_touched(&self, row: usize) -> bool {
        self.last_dropped == Some(row) || self.renamed.last() == Some(&row)
    }

    fn converted(mut self, column: &Column, values: ArrayRef) -> Converted {
        self.dropped.append_n(self.rows - self.dropped.len(), false);
        let successor_missing = column.is_mapped.then(|| self.dropped.finish());
        Converted { values, successor_missing, renamed: self.renamed.len() as u64 }
    }
}
