//! Whether a value is among the items of a long list parameter, as one function over a hash set.
//!
//! As an IN list, a hundred thousand literals would be walked by every rule of the planner.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::error::Result as EngineResult;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::{Column, InListExpr};
use domain::Sha256Digest;

/// The question whether a value is among the items of a list.
#[derive(Debug)]
pub(crate) struct Membership {
    /// Tells two lists apart: it holds the digest of their items.
    name: String,
    signature: Signature,
    schema: SchemaRef,
    set: InListExpr,
}

impl Membership {
    /// How the names of these functions begin.
    const NAME_PREFIX: &'static str = "one_of_parameter_";

    /// The question about the list that is a parameter, by number; `digest` is that of its items.
    ///
    /// # Errors
    /// When values of the type cannot be hashed.
    pub(super) fn of(
        number: usize,
        items: ArrayRef,
        digest: Sha256Digest,
        negated: bool,
    ) -> EngineResult<Self> {
        let data_type = items.data_type().clone();
        let negation = if negated { "not_" } else { "" };
        let name = format!("{negation}{}{number}_{digest}", Self::NAME_PREFIX);
        let schema: SchemaRef =
            Arc::new(Schema::new(vec![Field::new("value", data_type.clone(), true)]));
        let value: Arc<dyn PhysicalExpr> = Arc::new(Column::new("value", 0));
        let set = InListExpr::try_new_from_array(value, items, negated, &schema)?;
        let signature = Signature::exact(vec![data_type], Volatility::Immutable);
        Ok(Self { name, signature, schema, set })
    }

    /// The question asked about an expression.
    pub(super) fn call(self, tested: Expr) -> Expr {
        ScalarUDF::new_from_impl(self).call(vec![tested])
    }

    /// Whether a function is one of these.
    pub(crate) fn is(function: &ScalarUDF) -> bool {
        function.inner().is::<Self>()
    }
}

impl PartialEq for Membership {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.schema == other.schema
    }
}

impl Eq for Membership {}

impl Hash for Membership {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl ScalarUDFImpl for Membership {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arg_types: &[DataType]) -> EngineResult<DataType> {
        Ok(DataType::Boolean)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> EngineResult<ColumnarValue> {
        let values = ColumnarValue::values_to_arrays(&args.args)?;
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), values)?;
        self.set.evaluate(&batch)
    }
}
