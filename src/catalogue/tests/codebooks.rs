//! The codebooks of `datasets/` agree with each other, and with the schema that says what one is.
//!
//! That each of them is one by the schema is checked with a validator by `tests/clients`.
#![expect(clippy::unwrap_used, reason = "a test may fail where it stands")]

use std::collections::{BTreeMap, BTreeSet};

use catalogue::{Codebooks, embedded_codebooks};
use domain::codebook::{Category, Codebook, Field};
use serde_json::Value;

/// What the values begin with that the Commission's Transparency Database defines.
const COMMISSION: [&str; 6] = [
    "STATEMENT_CATEGORY_",
    "KEYWORD_",
    "DECISION_",
    "SOURCE_",
    "AUTOMATED_DECISION_",
    "ACCOUNT_TYPE_",
];

fn codebooks() -> Codebooks {
    embedded_codebooks().unwrap()
}

/// Every column of every dataset, with its dataset.
fn fields(codebooks: &Codebooks) -> impl Iterator<Item = (&Codebook, &Field)> {
    let codebooks = codebooks.values().map(|stored| stored.codebook());
    codebooks.flat_map(|codebook| codebook.fields.iter().map(move |field| (codebook, field)))
}

/// The codes of a column with their meanings, where it has any.
fn labels(field: &Field) -> Vec<(&str, Option<&str>)> {
    let label = |category| match category {
        &Category::Code(_) => None,
        Category::Labelled { label, .. } => Some(label.as_str()),
    };
    let categories = field.categories.iter().flatten();
    categories.map(|category| (category.value(), label(category))).collect()
}

/// All datasets are there, so a foreign key to one that is not is a mistake.
#[test]
fn every_foreign_key_points_at_columns_of_the_same_type() {
    let codebooks = codebooks();

    for (codebook, key) in codebooks.values().flat_map(|stored| {
        let codebook = stored.codebook();
        codebook.foreign_keys.iter().map(move |key| (codebook, key))
    }) {
        let place = format!("{}.{:?}", codebook.name, key.fields);
        let target = codebooks.get(&key.reference.resource);
        let target = target.unwrap_or_else(|| panic!("{place}: no {}", key.reference.resource));
        let types = |codebook: &Codebook, names: &[domain::ColumnName]| {
            let types = names.iter().map(|name| codebook.field(name.as_str()).unwrap().field_type);
            types.collect::<Vec<_>>()
        };
        let here = types(codebook, &key.fields);
        let there = types(target.codebook(), &key.reference.fields);
        assert_eq!(here, there, "{place}");
    }
}

/// Who joins two datasets by a code must find it to mean the same in both.
#[test]
fn the_same_codes_mean_the_same_everywhere() {
    let codebooks = codebooks();
    let mut lists: BTreeMap<BTreeSet<&str>, Vec<(&str, Option<&str>)>> = BTreeMap::new();

    for (codebook, field) in fields(&codebooks) {
        let labels = labels(field);
        let codes: BTreeSet<_> = labels.iter().map(|(code, _)| *code).collect();
        let place = format!("{}.{}", codebook.name, field.name);
        assert_eq!(codes.len(), labels.len(), "{place} has a code twice");
        if !codes.is_empty() {
            assert_eq!(*lists.entry(codes).or_insert_with(|| labels.clone()), labels, "{place}");
        }
    }
}

/// The Commission's values keep the Commission's meanings.
#[test]
fn a_value_of_the_transparency_database_has_one_meaning() {
    let codebooks = codebooks();
    let mut meanings: BTreeMap<&str, Option<&str>> = BTreeMap::new();

    for (codebook, field) in fields(&codebooks) {
        for (code, label) in labels(field) {
            let is_commissions = COMMISSION.iter().any(|prefix| code.starts_with(prefix));
            let is_complaint = code.starts_with("DECISION_") && field.name.as_str() == "outcome";
            if is_commissions && !is_complaint {
                let place = format!("{}.{}: {code}", codebook.name, field.name);
                assert_eq!(*meanings.entry(code).or_insert(label), label, "{place}");
            }
        }
    }
    assert!(100 < meanings.len());
}

/// A researcher cannot tell what a column answers to unless it says so; keys answer to nothing.
#[test]
fn every_column_but_a_key_has_a_legal_source() {
    let codebooks = codebooks();

    for (codebook, field) in fields(&codebooks) {
        let is_key = codebook.primary_key.contains(&field.name);
        assert!(is_key || field.legal_source.is_some(), "{}.{}", codebook.name, field.name);
    }
}

/// A condition on a value that cannot be would leave the column empty, and nobody would notice.
#[test]
fn every_condition_names_codes_of_the_column_it_looks_at() {
    let codebooks = codebooks();

    for (codebook, field) in fields(&codebooks) {
        let Some(predicate) = &field.null_unless else { continue };
        let looked_at = codebook.field(predicate.column.as_str()).unwrap();
        let codes: Vec<_> = labels(looked_at).into_iter().map(|(code, _)| code).collect();
        for value in &predicate.values {
            let place = format!("{}.{}: {value}", codebook.name, field.name);
            assert!(codes.contains(&value.as_str()), "{place}");
        }
        assert!(field.nullable, "{}.{}", codebook.name, field.name);
    }
}

/// The schema is what other programs check codebooks by: it must know every word, and no other.
#[test]
fn the_schema_has_the_words_that_codebooks_have() {
    let schema = include_str!("../../../datasets/codebook.schema.json");
    let schema: Value = serde_json::from_str(schema).unwrap();
    let words = |place: &str| -> BTreeSet<String> {
        let properties = schema.pointer(place).and_then(Value::as_object).unwrap();
        properties.keys().cloned().collect()
    };
    let everything: Codebook = serde_json::from_str(EVERYTHING).unwrap();

    let written = serde_json::to_value(everything).unwrap();

    let keys = |place: &str| -> BTreeSet<String> {
        written.pointer(place).and_then(Value::as_object).unwrap().keys().cloned().collect()
    };
    assert_eq!(keys(""), words("/properties"));
    assert_eq!(keys("/fields/0"), words("/$defs/field/properties"));
    assert_eq!(keys("/fields/0/constraints"), words("/$defs/constraints/properties"));
    assert_eq!(keys("/quality"), words("/$defs/quality/properties"));
    assert_eq!(keys("/retention"), words("/$defs/retention/properties"));
    assert_eq!(keys("/known_gaps/0"), words("/$defs/knownGap/properties"));
    assert_eq!(keys("/changelog/0"), words("/$defs/change/properties"));
    assert_eq!(keys("/foreignKeys/0"), words("/$defs/foreignKey/properties"));
}

/// A codebook that uses every word there is.
const EVERYTHING: &str = r#"{
    "name": "a", "title": "A", "description": "A.", "legal_basis": ["A"], "tier": "public",
    "row_unit": "a", "kind": "periods", "period_unit": "day", "primaryKey": ["a"],
    "foreignKeys": [{"fields": ["a"], "reference": {"resource": "b", "fields": ["a"]}}],
    "sort_order": ["a"], "time_column": "a", "member_state_column": "a",
    "retention": {"clock": "a", "keep": "1y", "basis": "A"}, "schema_version": 2,
    "known_gaps": [{"from": "2025-01-01", "until": "2025-01-02", "note": "A."}],
    "fields": [{
        "name": "a", "type": "string", "class": "public", "nullable": true, "description": "A.",
        "unit": "a", "categories": ["A"], "missingValues": ["-"],
        "constraints": {"minimum": 0, "maximum": 1, "minLength": 1, "maxLength": 2, "pattern": "a"},
        "legal_source": "A", "since": 2, "null_unless": "a = 'A'", "free_text": true, "derived": "a"
    }],
    "quality": {"reject": {"null_share.a": 0}, "hold": {"null_share.a": 0},
        "report": {"null_share.a": 0}, "order": [["a", "a"]]},
    "diff_by": "a",
    "changelog": [{"schema_version": 2, "date": "2026-01-01", "note": "A."}]
}"#;
