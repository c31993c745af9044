//! The Arrow types behind the codebook's words: what files are written with and scans give.
//!
//! Knows no data and no SQL.
//!
//! # Invariant
//! A column has one Arrow type in files, whatever dataset it is in, so that keys of different
//! datasets join without casts.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field as ArrowField, Schema, SchemaRef, TimeUnit};
use domain::codebook::{Field, FieldType};

use crate::codes;

/// Digits of an amount of money.
const DECIMAL_PRECISION: u8 = 18;

/// Of these, digits after the point.
const DECIMAL_SCALE: i8 = 2;

/// The Arrow type of a column in files.
#[must_use]
pub fn data_type(field_type: FieldType) -> DataType {
    match field_type {
        FieldType::String => DataType::Utf8,
        FieldType::Integer => DataType::Int64,
        FieldType::Number => DataType::Float64,
        FieldType::Decimal => DataType::Decimal128(DECIMAL_PRECISION, DECIMAL_SCALE),
        FieldType::Boolean => DataType::Boolean,
        FieldType::Date => DataType::Date32,
        FieldType::Datetime => moment_type(),
        FieldType::List => {
            DataType::List(Arc::new(ArrowField::new_list_field(DataType::Utf8, true)))
        }
    }
}

/// The Arrow schema of files with these columns, in this order.
#[must_use]
pub fn arrow_schema(fields: &[Field]) -> SchemaRef {
    let fields: Vec<ArrowField> = fields
        .iter()
        .map(|field| {
            ArrowField::new(field.name.as_str(), data_type(field.field_type), field.nullable)
        })
        .collect();
    Arc::new(Schema::new(fields))
}

/// A moment in UTC, to the microsecond.
pub(crate) fn moment_type() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

/// The Arrow type of a column as a scan gives it: text as views, which the engine groups and
/// compares faster than plain text; columns of codes marked, so that it groups by numbers.
pub(crate) fn scan_field(field: &Field) -> ArrowField {
    let scanned = match field.field_type {
        FieldType::String => DataType::Utf8View,
        FieldType::Integer
        | FieldType::Number
        | FieldType::Decimal
        | FieldType::Boolean
        | FieldType::Date
        | FieldType::Datetime
        | FieldType::List => data_type(field.field_type),
    };
    let scanned = ArrowField::new(field.name.as_str(), scanned, field.nullable);
    if field.categories.is_some() { codes::marked(scanned) } else { scanned }
}
