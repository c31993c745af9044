//! What the world writes conforms to the codebooks, column by column and value by value.

use std::collections::BTreeSet;

use domain::codebook::{Codebook, Field, FieldType};
use regex::Regex;
use serde_json::Value;

use super::delivered::{Delivered, Row, moment, text};
use crate::codebooks::{codebook, datasets};
use crate::deliver::tables;
use crate::record::{Column, Shape};

/// The columns that the world writes.
fn columns(dataset: &str) -> &'static [Column] {
    tables().find(|table| table.dataset == dataset).unwrap().columns
}

/// The fields that a source has.
fn source_fields(codebook: &Codebook) -> impl Iterator<Item = &Field> {
    codebook.fields.iter().filter(|field| field.derived.is_none())
}

#[test]
fn every_dataset_has_the_codebooks_columns_in_its_order() {
    for dataset in datasets() {
        let codebook = codebook(dataset);

        let written = columns(dataset).iter().map(|(name, _)| *name);

        assert!(written.eq(source_fields(&codebook).map(|field| field.name.as_str())), "{dataset}");
    }
}

/// Dumps write Yes and No; everything else has the codebook's own type.
#[test]
fn every_column_has_the_codebooks_type() {
    for dataset in datasets() {
        let codebook = codebook(dataset);
        for ((name, shape), field) in columns(dataset).iter().zip(source_fields(&codebook)) {
            let expected = match field.field_type {
                FieldType::Boolean if dataset == "statements_of_reasons" => Shape::Text,
                FieldType::String => Shape::Text,
                FieldType::Integer => Shape::Integer,
                FieldType::Boolean => Shape::Boolean,
                FieldType::Decimal => Shape::Decimal,
                FieldType::Number => Shape::Number,
                FieldType::Date => Shape::Date,
                FieldType::Datetime => Shape::Moment,
                FieldType::List => Shape::Texts,
            };
            assert_eq!(*shape, expected, "{dataset}.{name}");
        }
    }
}

#[test]
fn every_value_is_one_that_the_codebook_allows() {
    let village = Delivered::village(5);
    for dataset in datasets() {
        let codebook = codebook(dataset);
        for field in source_fields(&codebook) {
            for row in village.rows(dataset) {
                let verdict = check(field, row);
                assert!(verdict.is_ok(), "{dataset}.{}: {verdict:?} in {row:?}", field.name);
            }
        }
    }
}

/// A column that is always empty would teach nobody anything; but what refers to a dataset that is not
/// written has nothing to refer to.
#[test]
fn every_column_has_a_value_somewhere() {
    let village = Delivered::village(5);
    for dataset in datasets() {
        let into_nothing = into_nothing(&codebook(dataset));
        for (name, _) in columns(dataset).iter().filter(|(name, _)| !into_nothing.contains(*name)) {
            let filled = village.rows(dataset).iter().any(|row| row.contains_key(*name));
            assert!(filled, "{dataset}.{name}");
        }
    }
}

/// The columns that refer to a dataset that the world does not write.
fn into_nothing(codebook: &Codebook) -> BTreeSet<String> {
    let is_written = |resource: &str| datasets().any(|dataset| dataset == resource);
    let keys = codebook.foreign_keys.iter();
    let keys = keys.filter(|key| !is_written(key.reference.resource.as_str()));
    keys.flat_map(|key| &key.fields).map(ToString::to_string).collect()
}

/// What is wrong with a row's value of a field.
fn check(field: &Field, row: &Row) -> Result<(), &'static str> {
    let Some(value) = row.get(field.name.as_str()) else {
        return if field.nullable { Ok(()) } else { Err("null") };
    };
    if let Some(predicate) = &field.null_unless {
        let other = text(row, predicate.column.as_str()).unwrap_or_default();
        if !predicate.values.iter().any(|value| value == other) {
            return Err("not null");
        }
    }
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match field.field_type {
        FieldType::String => known(field, &text),
        FieldType::List => {
            let items = value.as_array().cloned();
            let items = items.unwrap_or_else(|| serde_json::from_str(&text).unwrap());
            items.iter().filter_map(Value::as_str).try_for_each(|item| known(field, item))
        }
        FieldType::Integer => text.parse::<u64>().map(|_| ()).map_err(|_| "no count"),
        FieldType::Number => text.parse::<f64>().map(|_| ()).map_err(|_| "no number"),
        FieldType::Decimal => match text.split_once('.') {
            Some((_, cents)) if cents.len() == 2 => Ok(()),
            _ => Err("no amount"),
        },
        FieldType::Boolean => match text.as_str() {
            "true" | "false" | "Yes" | "No" => Ok(()),
            _ => Err("no boolean"),
        },
        FieldType::Date | FieldType::Datetime => {
            moment(row, field.name.as_str()).map(|_| ()).ok_or("no time")
        }
    }
}

/// Whether a text is among the allowed values and not too long.
fn known(field: &Field, text: &str) -> Result<(), &'static str> {
    let allowed = |categories: &Vec<domain::codebook::Category>| {
        categories.iter().any(|category| category.value() == text)
    };
    if field.categories.as_ref().is_some_and(|categories| !allowed(categories)) {
        return Err("unknown value");
    }
    let pattern = field.constraints.as_ref().and_then(|constraints| constraints.pattern.as_deref());
    let fits = pattern.is_none_or(|pattern| Regex::new(pattern).unwrap().is_match(text));
    if fits { Ok(()) } else { Err("not of the pattern") }
}
