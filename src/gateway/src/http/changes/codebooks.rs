//! How two codebooks of one dataset differ: the columns themselves, and what is said of them.

use catalogue::StoredCodebook;
use domain::codebook::{Codebook, Field};
use domain::{ColumnName, Sha256Digest};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// What changed in the columns themselves.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct SchemaChanges {
    /// The schema version of the earlier one.
    version_from: u32,
    /// The schema version of the later one.
    version_to: u32,
    /// Columns that only the later one has.
    #[schema(value_type = Vec<String>)]
    added: Vec<ColumnName>,
    /// Columns that only the earlier one has.
    #[schema(value_type = Vec<String>)]
    removed: Vec<ColumnName>,
    /// Columns that both have, of another type or class, or nullable in one only.
    #[schema(value_type = Vec<String>)]
    changed: Vec<ColumnName>,
}

/// What changed in the codebook.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct CodebookChanges {
    /// The digest of the earlier one.
    #[schema(value_type = String)]
    from: Sha256Digest,
    /// The digest of the later one.
    #[schema(value_type = String)]
    to: Sha256Digest,
    /// Its parts that differ, as paths: `description`, `fields.price_eur.constraints`.
    parts: Vec<String>,
}

impl SchemaChanges {
    pub(super) fn between(from: &Codebook, to: &Codebook) -> Self {
        let only = |these: &Codebook, those: &Codebook| -> Vec<ColumnName> {
            let is_new = |field: &&Field| those.field(field.name.as_str()).is_none();
            these.fields.iter().filter(is_new).map(|field| field.name.clone()).collect()
        };
        let is_changed = |field: &&Field| {
            let before = from.field(field.name.as_str());
            let shape = |field: &Field| (field.field_type, field.class, field.nullable);
            before.is_some_and(|before| shape(before) != shape(field))
        };
        Self {
            version_from: from.schema_version,
            version_to: to.schema_version,
            added: only(to, from),
            removed: only(from, to),
            changed: to.fields.iter().filter(is_changed).map(|it| it.name.clone()).collect(),
        }
    }
}

impl CodebookChanges {
    pub(super) fn between(from: &StoredCodebook, to: &StoredCodebook) -> Self {
        let mut parts = Vec::new();
        if from.sha256() != to.sha256() {
            differ("", &value(from), &value(to), &mut parts);
        }
        Self { from: from.sha256(), to: to.sha256(), parts }
    }
}

fn value(codebook: &StoredCodebook) -> Value {
    serde_json::from_slice(codebook.bytes()).expect("invariant: a codebook's bytes are JSON")
}

/// Notes the paths at which two values differ; columns are looked into by name.
fn differ(path: &str, from: &Value, to: &Value, parts: &mut Vec<String>) {
    let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match (from, to) {
        (Value::Object(before), Value::Object(after)) => {
            let mut keys: Vec<&String> = before.keys().chain(after.keys()).collect();
            keys.sort();
            keys.dedup();
            for key in keys {
                let of = |object: &serde_json::Map<String, Value>| {
                    object.get(key).cloned().unwrap_or(Value::Null)
                };
                differ(&below(key), &of(before), &of(after), parts);
            }
        }
        (Value::Array(before), Value::Array(after)) if path == "fields" => {
            differ(path, &by_name(before), &by_name(after), parts);
        }
        (from, to) if from == to => {}
        _ => parts.push(path.to_owned()),
    }
}

/// A list of columns as an object.
fn by_name(fields: &[Value]) -> Value {
    let pairs = fields.iter().map(|field| {
        let name = field["name"].as_str().unwrap_or_default().to_owned();
        (name, field.clone())
    });
    Value::Object(pairs.collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_differs_is_named_by_its_path() {
        let from = json!({"title": "A", "fields": [
            {"name": "a", "type": "string"}, {"name": "b", "unit": "EUR"}, {"name": "c"}]});
        let to = json!({"title": "A", "quality": {"hold": {"rows_drop": 0.2}}, "fields": [
            {"name": "b", "unit": "cent"}, {"name": "a", "type": "string"}, {"name": "d"}]});
        let mut parts = Vec::new();

        differ("", &from, &to, &mut parts);

        assert_eq!(parts, ["fields.b.unit", "fields.c", "fields.d", "quality"]);
    }
}
