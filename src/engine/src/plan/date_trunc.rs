//! `date_trunc` for moments in UTC, as all moments of datasets are.
//!
//! The engine's own takes UTC for a time zone like any other and asks the calendar of zones for
//! every row. Without a zone it counts, and in UTC the result is the same.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, AsArray as _, TimestampMicrosecondArray};
use datafusion::arrow::datatypes::{DataType, FieldRef, TimestampMicrosecondType};
use datafusion::error::Result as EngineResult;
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
};

use crate::schema::moment_type;

/// The name of the function.
pub(super) const NAME: &str = "date_trunc";

/// The engine's function, asked without a zone where the zone is UTC.
pub(super) fn in_utc(engines: &Arc<ScalarUDF>) -> Arc<ScalarUDF> {
    Arc::new(ScalarUDF::new_from_impl(InUtc(Arc::clone(engines))))
}

/// See [`in_utc`].
#[derive(Debug, PartialEq, Eq, Hash)]
struct InUtc(Arc<ScalarUDF>);

impl ScalarUDFImpl for InUtc {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn aliases(&self) -> &[String] {
        self.0.aliases()
    }

    fn signature(&self) -> &Signature {
        self.0.signature()
    }

    fn return_type(&self, types: &[DataType]) -> EngineResult<DataType> {
        self.0.return_type(types)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> EngineResult<FieldRef> {
        self.0.return_field_from_args(args)
    }

    fn invoke_with_args(&self, mut args: ScalarFunctionArgs) -> EngineResult<ColumnarValue> {
        let is_utc = args.args.get(1).is_some_and(is_array_in_utc);
        if let (true, Some(ColumnarValue::Array(moments))) = (is_utc, args.args.get_mut(1)) {
            *moments = zoned(moments, None);
        }
        let begun = self.0.invoke_with_args(args)?;
        if let (true, ColumnarValue::Array(moments)) = (is_utc, &begun) {
            return Ok(ColumnarValue::Array(zoned(moments, Some("UTC"))));
        }
        Ok(begun)
    }
}

fn is_array_in_utc(value: &ColumnarValue) -> bool {
    matches!(value, ColumnarValue::Array(moments) if *moments.data_type() == moment_type())
}

/// The same moments, said to be of a zone.
fn zoned(moments: &ArrayRef, zone: Option<&str>) -> ArrayRef {
    let moments: &TimestampMicrosecondArray = moments.as_primitive::<TimestampMicrosecondType>();
    Arc::new(moments.clone().with_timezone_opt(zone))
}
