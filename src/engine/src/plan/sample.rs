//! `sample(key, 'seed')`: a number in [0, 1) for each key, by which others draw the same sample.
//!
//! # Source
//! Ours, and published in `docs/sql.md`: the first 53 bits of HMAC-SHA-256, with the seed as its
//! key, of the key's text, divided by 2^53. The text of a whole number is its decimal digits, of a
//! day `2026-03-15`. This is a promise: whoever drew a sample must get it again.

use std::sync::{Arc, LazyLock};

use aws_lc_rs::hmac;
use datafusion::arrow::array::{ArrayRef, AsArray as _, Float64Array};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::DataType;
use datafusion::error::{DataFusionError, Result as EngineResult};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

/// The name of the function.
pub(crate) const NAME: &str = "sample";

/// How many bits of the digest make the number: as many as a number of type DOUBLE holds exactly.
const BITS: u32 = 53;

/// The function.
pub(super) fn sample() -> Arc<ScalarUDF> {
    static SAMPLE: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| {
        let signature = Signature::user_defined(Volatility::Immutable);
        Arc::new(ScalarUDF::new_from_impl(Sample { signature }))
    });
    Arc::clone(&SAMPLE)
}

/// See [`sample`].
#[derive(Debug, PartialEq, Eq, Hash)]
struct Sample {
    signature: Signature,
}

impl ScalarUDFImpl for Sample {
    fn name(&self) -> &str {
        NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _types: &[DataType]) -> EngineResult<DataType> {
        Ok(DataType::Float64)
    }

    fn coerce_types(&self, types: &[DataType]) -> EngineResult<Vec<DataType>> {
        match types {
            [key, seed] if is_key(key) && is_text(seed) => Ok(vec![key.clone(), DataType::Utf8]),
            _ => Err(DataFusionError::Plan("arguments of sample".to_owned())),
        }
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> EngineResult<ColumnarValue> {
        let [key, ColumnarValue::Scalar(seed)] = args.args.as_slice() else {
            return Err(DataFusionError::Execution("a seed that is no literal".to_owned()));
        };
        let seed = seed.try_as_str().flatten().unwrap_or_default();
        let seed = hmac::Key::new(hmac::HMAC_SHA256, seed.as_bytes());
        match key {
            ColumnarValue::Array(keys) => Ok(ColumnarValue::Array(Arc::new(numbers(&seed, keys)?))),
            ColumnarValue::Scalar(key) => {
                let numbers: ArrayRef = Arc::new(numbers(&seed, &key.to_array()?)?);
                let number = datafusion::common::ScalarValue::try_from_array(&numbers, 0)?;
                Ok(ColumnarValue::Scalar(number))
            }
        }
    }
}

/// Whether values of a type have one text each, which others can write too.
fn is_key(data_type: &DataType) -> bool {
    is_text(data_type) || data_type.is_integer() || *data_type == DataType::Date32
}

fn is_text(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Null)
}

/// The number of each key; null of null.
fn numbers(seed: &hmac::Key, keys: &ArrayRef) -> EngineResult<Float64Array> {
    let texts = cast(keys, &DataType::Utf8)?;
    let texts = texts.as_string::<i32>();
    Ok(texts.iter().map(|text| text.map(|text| number(seed, text))).collect())
}

fn number(seed: &hmac::Key, text: &str) -> f64 {
    let tag = hmac::sign(seed, text.as_bytes());
    let first = tag.as_ref().iter().take(8).fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
    // Both are below 2^54 and so exact.
    #[expect(clippy::cast_precision_loss, reason = "53 bits are what the type holds")]
    let (part, whole) = ((first >> (64 - BITS)) as f64, (1_u64 << BITS) as f64);
    part / whole
}
