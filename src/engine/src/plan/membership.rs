//! Whether a value is among the items of a long list parameter, as one function over a hash set.
//!
//! As an IN list, a hundred thousand literals would be walked by every rule of the planner.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, AsArray as _, StringArray, StringViewArray};
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
    items: ArrayRef,
    negated: bool,
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
        let negation = if negated { "not_" } else { "" };
        let name = format!("{negation}{}{number}_{digest}", Self::NAME_PREFIX);
        Self::named(name, items, negated)
    }

    fn named(name: String, items: ArrayRef, negated: bool) -> EngineResult<Self> {
        let data_type = items.data_type().clone();
        let schema: SchemaRef =
            Arc::new(Schema::new(vec![Field::new("value", data_type.clone(), true)]));
        let value: Arc<dyn PhysicalExpr> = Arc::new(Column::new("value", 0));
        let set = InListExpr::try_new_from_array(value, Arc::clone(&items), negated, &schema)?;
        let signature = Signature::exact(vec![data_type], Volatility::Immutable);
        Ok(Self { name, signature, schema, items, negated, set })
    }

    /// The question asked about an expression.
    pub(super) fn call(self, tested: Expr) -> Expr {
        ScalarUDF::new_from_impl(self).call(vec![tested])
    }

    /// Whether a function is one of these.
    pub(crate) fn is(function: &ScalarUDF) -> bool {
        function.inner().is::<Self>()
    }

    /// The one that a function is, if it asks whether a value is among the items.
    pub(crate) fn among(function: &ScalarUDF) -> Option<&Self> {
        function.inner().downcast_ref::<Self>().filter(|it| !it.negated)
    }

    /// The same question about other texts in the place of the items, without those that have
    /// none; nothing where no item is left.
    ///
    /// # Errors
    /// When values of the type cannot be hashed.
    pub(crate) fn translated(
        &self,
        other: impl Fn(&str) -> Option<String>,
    ) -> EngineResult<Option<Self>> {
        let items: ArrayRef = if let Some(views) = self.items.as_string_view_opt() {
            let items = views.iter().flatten().filter_map(&other);
            Arc::new(StringViewArray::from_iter_values(items))
        } else if let Some(texts) = self.items.as_string_opt::<i32>() {
            let items = texts.iter().flatten().filter_map(other);
            Arc::new(StringArray::from_iter_values(items))
        } else {
            return Ok(None);
        };
        if items.is_empty() {
            return Ok(None);
        }
        // The other texts follow from the items, and so may the name.
        let name = format!("translated_{}", self.name);
        Self::named(name, items, self.negated).map(Some)
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
