//! What a steward asks to be taken out, checked against the codebook.
//!
//! # Invariant
//! No message holds a value of a key: it may be personal data.

use std::collections::BTreeSet;

use chrono::{Days, Months};
use serde_json::Value;

use super::{Ground, Key, RedactedRows, Redaction};
use crate::codebook::{Codebook, Field, FieldType};
use crate::ids::ColumnName;
use crate::time::{Date, Timestamp};

/// Longest reason, in characters.
const REASON_CHARS_MAX: usize = 2_000;

/// Why a redaction cannot be recorded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRedaction {
    /// It names no row.
    #[error("no key is given")]
    KeysEmpty,
    /// It says not why.
    #[error("the reason is empty or longer than {REASON_CHARS_MAX} characters")]
    Reason,
    /// The dataset has no such column.
    #[error("the dataset has no column {0}")]
    ColumnUnknown(ColumnName),
    /// A column of the key cannot become null: rows are told apart by it.
    #[error(
        "`{0}` is part of the primary key, by which rows are told apart; leave it out, or leave \
         `columns` out so that the whole row vanishes"
    )]
    ColumnIsKey(ColumnName),
    /// A key has not as many values as the primary key has columns.
    #[error("key {number} is not of the form {form}")]
    KeyForm {
        /// Which key, from one.
        number: usize,
        /// The form.
        form: String,
    },
    /// A value of a key is not of its column's type.
    #[error("key {number} has a value for {column} that is no {expected}")]
    KeyValue {
        /// Which key, from one.
        number: usize,
        /// The column.
        column: ColumnName,
        /// What its values are.
        expected: &'static str,
    },
    /// Rows of the dataset cannot be named by their key.
    #[error("rows cannot be named by {0}, whose type has no one spelling")]
    KeyType(ColumnName),
}

/// How a key of a dataset is written: a list of the primary key's values, or an object of them.
#[must_use]
pub fn key_form(codebook: &Codebook) -> String {
    let names: Vec<&str> = codebook.primary_key.iter().map(ColumnName::as_str).collect();
    let object: Vec<String> = names.iter().map(|name| format!("\"{name}\": …")).collect();
    format!("[{}] or {{{}}}", names.join(", "), object.join(", "))
}

impl Redaction {
    /// Checks what a steward asks for, and brings its keys into their one spelling.
    ///
    /// # Errors
    /// The first thing that stands against it.
    pub fn check(
        codebook: &Codebook,
        ground: Ground,
        reason: &str,
        columns: &[ColumnName],
        keys: &[Value],
    ) -> Result<Self, InvalidRedaction> {
        let reason = reason.trim();
        if reason.is_empty() || REASON_CHARS_MAX < reason.chars().count() {
            return Err(InvalidRedaction::Reason);
        }
        for column in columns {
            if codebook.field(column.as_str()).is_none() {
                return Err(InvalidRedaction::ColumnUnknown(column.clone()));
            }
            if codebook.primary_key.contains(column) {
                return Err(InvalidRedaction::ColumnIsKey(column.clone()));
            }
        }
        let fields = codebook.primary_key.iter().filter_map(|name| codebook.field(name.as_str()));
        let fields: Vec<&Field> = fields.collect();
        let read = keys
            .iter()
            .enumerate()
            .map(|(index, key)| read_key(&fields, key, index + 1, || key_form(codebook)));
        let keys: BTreeSet<Key> = read.collect::<Result<_, _>>()?;
        if keys.is_empty() {
            return Err(InvalidRedaction::KeysEmpty);
        }
        Ok(Self {
            dataset: codebook.name.clone(),
            ground,
            reason: reason.to_owned(),
            columns: columns.iter().cloned().collect(),
            rows: RedactedRows::Keys { columns: codebook.primary_key.clone(), keys },
        })
    }

    /// The redaction that a codebook's retention asks for on a day, if it has one.
    ///
    /// Of traders it rests on DSA Art. 30(5), of others on the basis that the codebook names.
    #[must_use]
    pub fn of_retention(codebook: &Codebook, today: Date) -> Option<Self> {
        let retention = codebook.retention.as_ref()?;
        let day = retention_cutoff(&retention.keep, today)?;
        let is_of_traders = retention.basis.contains("30(5)");
        let ground = if is_of_traders { Ground::Dsa30Paragraph5 } else { Ground::Retention };
        Some(Self {
            dataset: codebook.name.clone(),
            ground,
            reason: retention.basis.clone(),
            columns: BTreeSet::new(),
            rows: RedactedRows::Before { clock: retention.clock.clone(), day },
        })
    }
}

/// The first day that stays on a day, where rows are kept so long: a number and `d`, `m` or `y`.
#[must_use]
pub fn retention_cutoff(keep: &str, today: Date) -> Option<Date> {
    let (number, unit) = keep.split_at_checked(keep.len().checked_sub(1)?)?;
    let number: u32 = number.parse().ok()?;
    match unit {
        "d" => today.checked_sub_days(Days::new(number.into())),
        "m" => today.checked_sub_months(Months::new(number)),
        "y" => today.checked_sub_months(Months::new(number.checked_mul(12)?)),
        _ => None,
    }
}

/// Reads one key: a list of values, or an object of them by column.
fn read_key(
    fields: &[&Field],
    key: &Value,
    number: usize,
    form: impl Fn() -> String,
) -> Result<Key, InvalidRedaction> {
    let wrong = || InvalidRedaction::KeyForm { number, form: form() };
    let values: Vec<&Value> = match key {
        Value::Array(values) => values.iter().collect(),
        Value::Object(members) => {
            let by_name = fields.iter().map(|field| members.get(field.name.as_str()));
            let values: Option<Vec<_>> = by_name.collect();
            values.filter(|values| values.len() == members.len()).ok_or_else(wrong)?
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => return Err(wrong()),
    };
    if values.len() != fields.len() {
        return Err(wrong());
    }
    let spelled = values.iter().zip(fields).map(|(value, field)| {
        let (expected, spelled) = spell(field.field_type, value)
            .ok_or_else(|| InvalidRedaction::KeyType(field.name.clone()))?;
        let column = || field.name.clone();
        spelled.ok_or_else(|| InvalidRedaction::KeyValue { number, column: column(), expected })
    });
    spelled.collect()
}

/// What the values of a type are called, and a value's one spelling, if it is of the type; nothing
/// for types whose values have no one spelling.
fn spell(field_type: FieldType, value: &Value) -> Option<(&'static str, Option<String>)> {
    let text = match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    };
    let text = text.as_deref();
    Some(match field_type {
        FieldType::String => {
            ("text", value.as_str().filter(|text| !text.is_empty()).map(str::to_owned))
        }
        FieldType::Integer => {
            ("whole number", text.and_then(|text| Some(text.parse::<i64>().ok()?.to_string())))
        }
        FieldType::Decimal => ("amount such as 12.50", text.and_then(amount)),
        FieldType::Boolean => (
            "true or false",
            text.filter(|text| matches!(*text, "true" | "false")).map(str::to_owned),
        ),
        FieldType::Date => {
            let day = text.and_then(|text| text.parse::<Date>().ok());
            ("date such as 2026-11-01", day.map(|day| day.to_string()))
        }
        FieldType::Datetime => {
            let moment = text.and_then(|text| Timestamp::parse(text).ok());
            ("moment such as 2026-11-01T12:00:00Z", moment.map(|moment| moment.to_string()))
        }
        FieldType::Number | FieldType::List => return None,
    })
}

/// An amount with two digits after the point.
fn amount(text: &str) -> Option<String> {
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let (whole, cents) = digits.split_once('.').unwrap_or((digits, ""));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || 2 < cents.len() || !is_number(whole) || !is_number(cents) {
        return None;
    }
    let whole: u64 = whole.parse().ok()?;
    let sign = if whole == 0 && cents.bytes().all(|byte| byte == b'0') { "" } else { sign };
    Some(format!("{sign}{whole}.{cents:0<2}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A dataset whose key has a column of each type that a key can have.
    fn codebook(key: &[(&str, &str)]) -> Codebook {
        let mut fields: Vec<Value> = key
            .iter()
            .map(|(name, kind)| {
                json!({"name": name, "type": kind, "class": "public", "nullable": false,
                    "description": "Key."})
            })
            .collect();
        fields.push(json!({"name": "title", "type": "string", "class": "public",
            "nullable": false, "description": "Title."}));
        let names: Vec<&str> = key.iter().map(|(name, _)| *name).collect();
        serde_json::from_value(json!({
            "name": "listings", "title": "L", "description": "L", "legal_basis": ["DSA"],
            "tier": "public", "row_unit": "listing", "kind": "state", "primaryKey": names,
            "sort_order": [], "schema_version": 1, "fields": fields,
            "changelog": [{"schema_version": 1, "date": "2026-11-23", "note": "First."}],
        }))
        .unwrap()
    }

    fn keys(codebook: &Codebook, keys: &[Value]) -> Result<Vec<Key>, InvalidRedaction> {
        let checked = Redaction::check(codebook, Ground::Art17, "a request", &[], keys)?;
        match checked.rows {
            RedactedRows::Keys { keys, .. } => Ok(keys.into_iter().collect()),
            RedactedRows::Before { .. } => panic!("keys were given"),
        }
    }

    #[test]
    fn a_key_of_several_columns_is_a_list_or_an_object() {
        let codebook = codebook(&[("listing_id", "string"), ("day", "date")]);
        let spelled = Ok(vec![vec!["l-1".to_owned(), "2026-11-01".to_owned()]]);

        assert_eq!(keys(&codebook, &[json!(["l-1", "2026-11-01"])]), spelled);
        assert_eq!(keys(&codebook, &[json!({"day": "2026-11-01", "listing_id": "l-1"})]), spelled);
        for wrong in [json!(["l-1"]), json!("l-1"), json!({"listing_id": "l-1"}), json!(null)] {
            let refused = keys(&codebook, &[json!(["l-1", "2026-11-01"]), wrong]).unwrap_err();
            assert_eq!(
                refused.to_string(),
                "key 2 is not of the form [listing_id, day] or {\"listing_id\": …, \"day\": …}"
            );
        }
    }

    #[test]
    fn values_of_every_type_have_one_spelling() {
        for (kind, value, spelled) in [
            ("string", json!("007"), "007"),
            ("integer", json!(7), "7"),
            ("integer", json!("007"), "7"),
            ("decimal", json!("12.5"), "12.50"),
            ("decimal", json!("-0.0"), "0.00"),
            ("boolean", json!(true), "true"),
            ("date", json!("2026-11-01"), "2026-11-01"),
            ("datetime", json!("2026-11-01T13:00:00+01:00"), "2026-11-01T12:00:00.000000Z"),
        ] {
            let read = keys(&codebook(&[("id", kind)]), &[json!([value])]);
            assert_eq!(read, Ok(vec![vec![spelled.to_owned()]]), "{kind}");
        }
    }

    #[test]
    fn a_value_of_another_type_is_explained_and_not_repeated() {
        for (kind, value) in [
            ("string", json!(7)),
            ("string", json!("")),
            ("integer", json!("secret")),
            ("decimal", json!("1.234")),
            ("boolean", json!("yes")),
            ("date", json!("2026-02-30")),
            ("datetime", json!("2026-11-01")),
            ("string", json!(null)),
        ] {
            let refused = keys(&codebook(&[("id", kind)]), &[json!([value])]).unwrap_err();
            let told = refused.to_string();
            assert!(told.starts_with("key 1 has a value for id that is no "), "{told}");
            assert!(!told.contains("secret"), "{told}");
        }
        let refused = keys(&codebook(&[("id", "number")]), &[json!([1.5])]).unwrap_err();
        assert!(matches!(refused, InvalidRedaction::KeyType(_)));
    }

    #[test]
    fn a_redaction_names_rows_columns_that_are_there_and_a_reason() {
        let codebook = codebook(&[("listing_id", "string")]);
        let check = |reason: &str, columns: &[&str], keys: &[Value]| {
            let columns: Vec<_> =
                columns.iter().map(|name| ColumnName::parse(name).unwrap()).collect();
            Redaction::check(&codebook, Ground::Order, reason, &columns, keys).map(|_| ())
        };
        let key = [json!(["l-1"])];
        let column = |name: &str| ColumnName::parse(name).unwrap();

        assert_eq!(check("a ruling", &["title"], &key), Ok(()));
        assert_eq!(check(" ", &["title"], &key), Err(InvalidRedaction::Reason));
        assert_eq!(check("a ruling", &[], &[]), Err(InvalidRedaction::KeysEmpty));
        let unknown = check("a ruling", &["price"], &key);
        assert_eq!(unknown, Err(InvalidRedaction::ColumnUnknown(column("price"))));
        let of_key = check("a ruling", &["listing_id"], &key);
        assert_eq!(of_key, Err(InvalidRedaction::ColumnIsKey(column("listing_id"))));
    }

    #[test]
    fn retention_counts_days_months_and_years_back() {
        let today: Date = "2026-08-31".parse().unwrap();
        let cutoff = |keep| retention_cutoff(keep, today).map(|day| day.to_string());

        assert_eq!(cutoff("30d").as_deref(), Some("2026-08-01"));
        assert_eq!(cutoff("6m").as_deref(), Some("2026-02-28"));
        assert_eq!(cutoff("5y").as_deref(), Some("2021-08-31"));
        for wrong in ["", "m", "6", "6w", "-6m", "six"] {
            assert_eq!(cutoff(wrong), None, "{wrong}");
        }
    }
}
