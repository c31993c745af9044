//! JSON objects whose members are all distinct, at every depth.
//!
//! Two readers of `{"role":"a","role":"b"}` may disagree on what it says; so it says nothing here.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::TokenRefused;

/// Reads one JSON object and nothing after it.
///
/// # Errors
/// When the bytes are anything else, or a member of any object in it is named twice.
pub(super) fn object(bytes: &[u8]) -> Result<Map<String, Value>, TokenRefused> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = Distinct.deserialize(&mut reader).map_err(|_| TokenRefused::Json)?;
    reader.end().map_err(|_| TokenRefused::Json)?;
    match value {
        Value::Object(members) => Ok(members),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Err(TokenRefused::Json)
        }
    }
}

/// Builds a value, refusing objects with a member named twice.
struct Distinct;

impl<'de> DeserializeSeed<'de> for Distinct {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Distinct {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = items.next_element_seed(Self)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let value = members.next_value_seed(Self)?;
            if map.insert(name, value).is_some() {
                return Err(A::Error::custom("a member is named twice"));
            }
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_named_twice_is_refused_at_every_depth() {
        assert!(object(br#"{"a":1,"b":{"a":1},"c":[{"a":null},{"a":1.5}]}"#).is_ok());
        for text in [
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,"\u0061":2}"#,
            r#"{"b":{"a":1,"a":2}}"#,
            r#"{"b":[{"a":1,"a":2}]}"#,
        ] {
            assert_eq!(object(text.as_bytes()), Err(TokenRefused::Json), "{text}");
        }
    }

    #[test]
    fn only_one_whole_object_counts() {
        for bytes in [&b""[..], b"[]", b"1", b"null", b"{} {}", b"{}x", b"{\"a\":\"\xff\"}", b"{"] {
            assert_eq!(object(bytes), Err(TokenRefused::Json), "{bytes:?}");
        }
        let deep = "[".repeat(100_000);
        assert_eq!(object(deep.as_bytes()), Err(TokenRefused::Json));
    }
}
