//! The codebook, made ready for enforcing it on millions of values.
//!
//! # Words of `derived`
//! A column that says `derived: …` is filled here where the source does not have it:
//! - `raw_of <column>`: that column's value as it stands in the source, before it was mapped;
//! - `successor_missing <column>`: whether the source's value has no successor in that column;
//! - `source_schema_version`: 1 or 2, the Transparency Database's schema in force at the row's time;
//! - `source_version`: `full` or `light`, as the Commission's dumps come.
//!
//! A column that another one is the `raw_of` is mapped from schema version 1 to 2
//! ([`crate::transparency`]); without such a column nothing is mapped, since nothing may be lost.
//!
//! # Invariant
//! Every rule of the codebook is in here in a form that can be checked, or the run fails at once.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field as ArrowField, Schema, SchemaRef};
use domain::ColumnName;
use domain::codebook::{Class, Codebook, Field, FieldType, PeriodUnit};
use regex::Regex;

use crate::categories::CategorySet;
use crate::convert::values;
use crate::failure::Fault;

/// The column that carries each row's period through the sort, as the day it begins.
pub(crate) const PERIOD: &str = "__period";

/// The column that carries each row's place in the sources through the sort.
pub(crate) const LOCATION: &str = "__location";

/// A codebook made ready.
#[derive(Debug)]
pub(crate) struct Columns {
    /// The codebook itself.
    pub(crate) codebook: Codebook,
    /// The columns in its order.
    pub(crate) all: Vec<Column>,
    /// Where each name stands among them.
    pub(crate) places: HashMap<String, usize>,
    /// The columns that identify a row.
    pub(crate) primary_key: Vec<usize>,
    /// The columns that rows are laid out by.
    pub(crate) sort_order: Vec<usize>,
    /// Pairs of columns of which the first is not later than the second.
    pub(crate) order: Vec<(usize, usize)>,
    /// The column that tells a row's time.
    pub(crate) time: Option<usize>,
    /// How long a period is, of a dataset in periods.
    pub(crate) period_unit: Option<PeriodUnit>,
    /// The schema of files.
    pub(crate) file_schema: SchemaRef,
    /// The schema of rows on their way: text as views, lists as canonical JSON text, and behind
    /// the codebook's columns [`PERIOD`] and [`LOCATION`].
    pub(crate) row_schema: SchemaRef,
}

/// One column made ready.
#[derive(Debug)]
pub(crate) struct Column {
    /// What the codebook says.
    pub(crate) field: Field,
    /// The values allowed, where they are few.
    pub(crate) categories: Option<CategorySet>,
    /// What else a value must satisfy.
    pub(crate) bounds: Bounds,
    /// The condition under which it may hold a value: a column and that column's values.
    pub(crate) null_unless: Option<(usize, Vec<String>)>,
    /// How it is filled where the source lacks it.
    pub(crate) derived: Option<Derived>,
    /// Whether values of schema version 1 are mapped.
    pub(crate) is_mapped: bool,
}

/// What a value must satisfy beyond its type.
#[derive(Debug, Default)]
pub(crate) struct Bounds {
    /// Smallest and largest number, day or moment, in the column's own representation.
    pub(crate) minimum: Option<Bound>,
    /// Largest.
    pub(crate) maximum: Option<Bound>,
    /// Fewest characters.
    pub(crate) length_min: Option<usize>,
    /// Most characters.
    pub(crate) length_max: Option<usize>,
    /// What the whole text matches, and how the codebook writes it.
    pub(crate) pattern: Option<Regex>,
}

/// One end of a range.
#[derive(Clone, Debug)]
pub(crate) struct Bound {
    /// Its value.
    pub(crate) value: BoundValue,
    /// How the codebook writes it.
    pub(crate) shown: String,
}

/// A bound in the representation of its column.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum BoundValue {
    /// Of integers, days since 1970, microseconds since 1970, hundredths of a decimal.
    Whole(i128),
    /// Of numbers.
    Number(f64),
}

/// How a column is filled where the source lacks it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Derived {
    /// From another column's text in the source.
    RawOf(usize),
    /// Whether another column's value had no successor.
    SuccessorMissing(usize),
    /// The schema version in force at the row's time.
    SourceSchemaVersion,
    /// Which version of a dump the row came in.
    SourceVersion,
}

impl Columns {
    /// Makes a codebook ready.
    ///
    /// # Errors
    /// When one of its rules cannot be enforced.
    pub(crate) fn new(codebook: Codebook) -> Result<Self, Fault> {
        let places: HashMap<String, usize> = codebook
            .fields
            .iter()
            .enumerate()
            .map(|(place, field)| (field.name.as_str().to_owned(), place))
            .collect();
        let mut all = Vec::with_capacity(codebook.fields.len());
        for field in &codebook.fields {
            all.push(Column::new(field.clone(), &places)?);
        }
        for raw in 0..all.len() {
            if let Some(Derived::RawOf(of)) = all[raw].derived {
                if all[raw].field.field_type != all[of].field.field_type {
                    let column = all[raw].field.name.clone();
                    let reason = "it is the raw form of a column of another type";
                    return Err(Fault::Codebook { column, reason });
                }
                all[of].is_mapped = all[of].categories.is_some();
            }
        }
        let pairs = codebook.quality.order.iter();
        let order = pairs.filter_map(|(earlier, later)| {
            Some((*places.get(earlier.as_str())?, *places.get(later.as_str())?))
        });
        let order = order.collect();
        let list = |names: &[ColumnName]| names.iter().map(|name| places[name.as_str()]).collect();
        Ok(Self {
            primary_key: list(&codebook.primary_key),
            sort_order: list(&codebook.sort_order),
            order,
            time: codebook.time_column.as_ref().map(|name| places[name.as_str()]),
            period_unit: codebook.period_unit,
            file_schema: engine::schema::arrow_schema(&codebook.fields),
            row_schema: row_schema(&codebook.fields),
            codebook,
            all,
            places,
        })
    }

    /// Whether the dataset is published in periods.
    pub(crate) fn has_periods(&self) -> bool {
        self.period_unit.is_some()
    }

    /// A column's name.
    pub(crate) fn name(&self, place: usize) -> &ColumnName {
        &self.all[place].field.name
    }

    /// The column with a name, which must be there.
    pub(crate) fn place(&self, name: &ColumnName) -> Option<usize> {
        self.places.get(name.as_str()).copied()
    }
}

impl Column {
    fn new(field: Field, places: &HashMap<String, usize>) -> Result<Self, Fault> {
        let fault = |reason| Fault::Codebook { column: field.name.clone(), reason };
        let place = |name: &str| {
            places.get(name).copied().ok_or_else(|| fault("it names a column that is not there"))
        };
        let null_unless = match &field.null_unless {
            Some(predicate) => Some((place(predicate.column.as_str())?, predicate.values.clone())),
            None => None,
        };
        let derived = match field.derived.as_deref().map(|text| text.split_once(' ')) {
            None => None,
            Some(Some(("raw_of", of))) => Some(Derived::RawOf(place(of)?)),
            Some(Some(("successor_missing", of))) => Some(Derived::SuccessorMissing(place(of)?)),
            Some(None) if field.derived.as_deref() == Some("source_schema_version") => {
                Some(Derived::SourceSchemaVersion)
            }
            Some(None) if field.derived.as_deref() == Some("source_version") => {
                Some(Derived::SourceVersion)
            }
            Some(_) => return Err(fault("its `derived` is none of the words there are")),
        };
        let bounds = Bounds::new(&field).map_err(fault)?;
        let categories = field.categories.as_deref().map(CategorySet::new);
        Ok(Self { bounds, categories, null_unless, derived, is_mapped: false, field })
    }

    /// A value of this column as a message may show it, if it may.
    pub(crate) fn shown(&self, text: &str) -> String {
        if self.field.class == Class::Public && !self.field.free_text {
            crate::rejects::shown(text)
        } else {
            "a value".to_owned()
        }
    }

    /// Whether a text stands for "no value".
    pub(crate) fn is_missing(&self, text: &str) -> bool {
        text.is_empty() || self.field.missing_values.iter().any(|missing| missing == text)
    }
}

impl Bounds {
    fn new(field: &Field) -> Result<Self, &'static str> {
        let Some(constraints) = &field.constraints else { return Ok(Self::default()) };
        let is_text = field.field_type == FieldType::String;
        let has_length = is_text || field.field_type == FieldType::List;
        if constraints.pattern.is_some() && !is_text {
            return Err("only text has a pattern");
        }
        if (constraints.min_length.or(constraints.max_length)).is_some() && !has_length {
            return Err("only text and lists have a length");
        }
        let length = |length: Option<u64>| {
            length.map(|length| usize::try_from(length).unwrap_or(usize::MAX))
        };
        let pattern = constraints.pattern.as_ref().map(|pattern| {
            Regex::new(&format!("^(?:{pattern})$")).map_err(|_| "its pattern does not compile")
        });
        Ok(Self {
            minimum: bound(field.field_type, constraints.minimum.as_ref())?,
            maximum: bound(field.field_type, constraints.maximum.as_ref())?,
            length_min: length(constraints.min_length),
            length_max: length(constraints.max_length),
            pattern: pattern.transpose()?,
        })
    }
}

/// Reads one end of a range in its column's type.
fn bound(
    field_type: FieldType,
    value: Option<&serde_json::Value>,
) -> Result<Option<Bound>, &'static str> {
    let Some(value) = value else { return Ok(None) };
    let shown = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let value = match field_type {
        FieldType::Integer => shown.parse().ok().map(BoundValue::Whole),
        FieldType::Number => shown.parse().ok().map(BoundValue::Number),
        FieldType::Decimal => values::decimal(&shown).map(BoundValue::Whole),
        FieldType::Date => values::date(&shown).map(|day| BoundValue::Whole(day.into())),
        FieldType::Datetime => values::moment(&shown).map(|at| BoundValue::Whole(at.into())),
        FieldType::String | FieldType::Boolean | FieldType::List => None,
    };
    match value {
        Some(value) => Ok(Some(Bound { value, shown })),
        None => Err("its minimum or maximum is no value of its type"),
    }
}

/// The schema of rows on their way.
fn row_schema(fields: &[Field]) -> SchemaRef {
    let mut row: Vec<ArrowField> = fields
        .iter()
        .map(|field| {
            ArrowField::new(field.name.as_str(), row_type(field.field_type), field.nullable)
        })
        .collect();
    row.push(ArrowField::new(PERIOD, DataType::Int32, false));
    row.push(ArrowField::new(LOCATION, DataType::UInt64, false));
    Arc::new(Schema::new(row))
}

/// The type of a column of rows on their way.
pub(crate) fn row_type(field_type: FieldType) -> DataType {
    match field_type {
        FieldType::String | FieldType::List => DataType::Utf8View,
        FieldType::Integer
        | FieldType::Number
        | FieldType::Decimal
        | FieldType::Boolean
        | FieldType::Date
        | FieldType::Datetime => engine::schema::data_type(field_type),
    }
}
