//! Whole numbers that do not wrap: `+`, `-` and `*` that fail where the result does not fit.
//!
//! The engine computes with 64 bits and lets the rest go, so that 4 × 10^18 × 3 is a number below
//! zero: a wrong answer in silence. Its own switch for that is out of reach of SQL.
//!
//! # Invariant
//! The name of a column stays as it was; only what computes it is another.
#![expect(clippy::wildcard_enum_match_arm, reason = "the engine has more operators than wrap")]

use std::sync::{Arc, LazyLock};

use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::compute::kernels::numeric;
use datafusion::arrow::datatypes::DataType;
use datafusion::common::DFSchema;
use datafusion::common::tree_node::Transformed;
use datafusion::config::ConfigOptions;
use datafusion::error::Result as EngineResult;
use datafusion::logical_expr::expr_rewriter::FunctionRewrite;
use datafusion::logical_expr::{
    BinaryExpr, ColumnarValue, Expr, ExprSchemable as _, Operator, ScalarFunctionArgs, ScalarUDF,
    ScalarUDFImpl, Signature, Volatility,
};
use datafusion::scalar::ScalarValue;

/// Puts operators that do not wrap in the place of those that do.
#[derive(Debug)]
pub(super) struct CheckedArithmetic;

impl FunctionRewrite for CheckedArithmetic {
    fn name(&self) -> &str {
        "checked_arithmetic"
    }

    fn rewrite(
        &self,
        expr: Expr,
        schema: &DFSchema,
        _config: &ConfigOptions,
    ) -> EngineResult<Transformed<Expr>> {
        let Expr::BinaryExpr(BinaryExpr { left, op, right }) = &expr else {
            return Ok(Transformed::no(expr));
        };
        let Some(checked) = Checked::of(*op) else { return Ok(Transformed::no(expr)) };
        let is_whole = |side: &Expr| side.get_type(schema).is_ok_and(|kind| fits(&kind));
        if !is_whole(left) || !is_whole(right) {
            return Ok(Transformed::no(expr));
        }
        let sides = vec![left.as_ref().clone(), right.as_ref().clone()];
        Ok(Transformed::yes(checked.call(sides)))
    }
}

/// Whether every value of a type is a whole number of 64 bits with a sign.
fn fits(data_type: &DataType) -> bool {
    data_type.is_signed_integer()
        || matches!(data_type, DataType::UInt8 | DataType::UInt16 | DataType::UInt32)
}

/// One operator that does not wrap.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct Checked {
    name: &'static str,
    operator: Operator,
    signature: Signature,
}

impl Checked {
    /// The operator that does what another one does, if it is one that wraps.
    fn of(operator: Operator) -> Option<Arc<ScalarUDF>> {
        fn make(name: &'static str, operator: Operator) -> Arc<ScalarUDF> {
            let signature =
                Signature::exact(vec![DataType::Int64, DataType::Int64], Volatility::Immutable);
            Arc::new(ScalarUDF::new_from_impl(Checked { name, operator, signature }))
        }
        static ADD: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| make("add", Operator::Plus));
        static SUBTRACT: LazyLock<Arc<ScalarUDF>> =
            LazyLock::new(|| make("subtract", Operator::Minus));
        static MULTIPLY: LazyLock<Arc<ScalarUDF>> =
            LazyLock::new(|| make("multiply", Operator::Multiply));
        match operator {
            Operator::Plus => Some(Arc::clone(&ADD)),
            Operator::Minus => Some(Arc::clone(&SUBTRACT)),
            Operator::Multiply => Some(Arc::clone(&MULTIPLY)),
            _ => None,
        }
    }

    /// Whether a function is one of these.
    pub(crate) fn is(function: &ScalarUDF) -> bool {
        function.inner().is::<Self>()
    }

    fn compute(&self, left: &ColumnarValue, right: &ColumnarValue) -> EngineResult<ArrayRef> {
        let compute = match self.operator {
            Operator::Minus => numeric::sub,
            Operator::Multiply => numeric::mul,
            _ => numeric::add,
        };
        let result = match (left, right) {
            (ColumnarValue::Array(left), ColumnarValue::Array(right)) => compute(left, right),
            (ColumnarValue::Array(left), ColumnarValue::Scalar(right)) => {
                compute(left, &right.to_scalar()?)
            }
            (ColumnarValue::Scalar(left), ColumnarValue::Array(right)) => {
                compute(&left.to_scalar()?, right)
            }
            (ColumnarValue::Scalar(left), ColumnarValue::Scalar(right)) => {
                compute(&left.to_scalar()?, &right.to_scalar()?)
            }
        };
        Ok(result?)
    }
}

impl ScalarUDFImpl for Checked {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arg_types: &[DataType]) -> EngineResult<DataType> {
        Ok(DataType::Int64)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> EngineResult<ColumnarValue> {
        let [left, right] = args.args.as_slice() else {
            return datafusion::common::internal_err!("an operator has two sides");
        };
        let result = self.compute(left, right)?;
        match (left, right) {
            (ColumnarValue::Scalar(_), ColumnarValue::Scalar(_)) => {
                Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&result, 0)?))
            }
            _ => Ok(ColumnarValue::Array(result)),
        }
    }
}
