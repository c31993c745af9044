//! Parameters: read from JSON, counted against the statement, bound into the plan.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a node of a plan that holds no values is left alone"
)]

use datafusion::arrow::datatypes::DataType;
use datafusion::common::tree_node::{Transformed, TreeNode as _};
use datafusion::common::{DFSchema, ScalarValue};
use datafusion::error::{DataFusionError, Result as EngineResult};
use datafusion::logical_expr::expr::{InList, Placeholder};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{
    Expr, ExprSchemable as _, LogicalPlan, LogicalPlanBuilder, Values, lit,
};
use domain::Sha256Digest;
use domain::verdict::Refusal;
use serde_json::Value;

use super::lists::ITEMS_SUFFIX;
use super::value::{self, Mismatch};
use super::{Membership, Phase, Scene};
use crate::refusal;
use crate::walk::Survey;

/// Most items of one list.
const ITEMS_MAX: usize = 100_000;

/// Lists up to this length stand in the plan as literals, which prune files and serve bloom
/// filters; longer ones as one function over a hash set, which the planner need not walk.
const LITERALS_MAX: usize = 1_000;

/// The parameters of one question.
pub(super) struct Parameters(Vec<Value>);

/// Why binding stopped.
#[derive(Debug, thiserror::Error)]
#[error("parameter {number} does not fit")]
struct Unbound {
    number: usize,
    mismatch: Mismatch,
}

impl Parameters {
    /// Reads the parameters and counts them against those the statement names.
    ///
    /// # Errors
    /// When they are no list, too many or too few, or one is too long.
    pub(super) fn read(survey: &Survey, json: &str) -> Result<Self, Refusal> {
        let values: Vec<Value> = match serde_json::from_str(json) {
            Ok(Value::Array(values)) => values,
            Ok(Value::Null) => Vec::new(),
            Ok(_) | Err(_) if json.trim().is_empty() => Vec::new(),
            Ok(_) | Err(_) => return Err(refusal::body_invalid("`parameters` must be a list.")),
        };
        let named = survey.parameters.keys().next_back().copied().unwrap_or(0);
        if named != values.len() {
            let detail =
                format!("The statement names {named} parameters, and {} were given.", values.len());
            return Err(refusal::body_invalid(detail));
        }
        for (index, value) in values.iter().enumerate() {
            let length = value.as_array().map_or(0, Vec::len);
            if ITEMS_MAX < length {
                let detail = format!(
                    "Parameter {} has {length} items; at most {ITEMS_MAX} are taken.",
                    index + 1
                );
                return Err(refusal::body_invalid(detail));
            }
        }
        Ok(Self(values))
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a parameter, by number from one, is a list.
    pub(super) fn is_list(&self, number: usize) -> bool {
        self.value(number).is_some_and(Value::is_array)
    }

    fn value(&self, number: usize) -> Option<&Value> {
        self.0.get(number.checked_sub(1)?)
    }

    /// Puts the values into a plan, each with the type its place needs.
    ///
    /// # Errors
    /// A value of another type, by number.
    pub(super) fn bind(
        &self,
        plan: LogicalPlan,
        scene: &Scene<'_>,
    ) -> Result<LogicalPlan, Refusal> {
        if self.is_empty() {
            return Ok(plan);
        }
        let bound = plan.transform_up_with_subqueries(|node| self.bind_node(node));
        bound.map(|bound| bound.data).map_err(|error| match unbound(&error) {
            Some(Unbound { number, mismatch }) => {
                refusal::body_invalid(format!("Parameter {number} {mismatch}."))
            }
            None => scene.refusal(&error, Phase::Types),
        })
    }

    fn bind_node(&self, node: LogicalPlan) -> EngineResult<Transformed<LogicalPlan>> {
        let schema = merge_schema(&node.inputs());
        let names = NamePreserver::new(&node);
        let node = node.map_expressions(|expr| {
            let (expr, has_placeholder) = expr.infer_placeholder_types(&schema)?;
            if !has_placeholder {
                return Ok(Transformed::no(expr));
            }
            let name = names.save(&expr);
            let bound = expr.transform_up(|expr| self.bind_expr(expr, &schema))?;
            Ok(bound.update_data(|expr| name.restore(expr)))
        })?;
        if !node.transformed {
            return Ok(node);
        }
        node.map_data(|node| match node {
            LogicalPlan::Values(Values { values, schema: _ }) => {
                LogicalPlanBuilder::values(values)?.build()
            }
            node => node.recompute_schema(),
        })
    }

    fn bind_expr(&self, expr: Expr, schema: &DFSchema) -> EngineResult<Transformed<Expr>> {
        if let Expr::InList(InList { expr: tested, list, negated }) = &expr
            && let [Expr::Placeholder(Placeholder { id, .. })] = list.as_slice()
            && let Some(number) = id.strip_suffix(ITEMS_SUFFIX).and_then(number)
        {
            let bound = self.bind_list(tested, number, *negated, schema)?;
            return Ok(Transformed::yes(bound));
        }
        let Expr::Placeholder(Placeholder { id, field }) = &expr else {
            return Ok(Transformed::no(expr));
        };
        let Some(number) = number(id) else {
            // The items of a list: bound above, with the list around them.
            return Ok(Transformed::no(expr));
        };
        let value = self.value(number).unwrap_or(&Value::Null);
        let data_type = field.as_ref().map(|field| field.data_type());
        let scalar = match data_type.filter(|data_type| **data_type != DataType::Null) {
            Some(data_type) => value::typed(value, data_type),
            None => value::natural(value),
        };
        let scalar = scalar.map_err(|mismatch| Unbound { number, mismatch }.into_engine())?;
        Ok(Transformed::yes(Expr::Literal(scalar, None)))
    }

    /// `tested IN (the items of a list)`.
    fn bind_list(
        &self,
        tested: &Expr,
        number: usize,
        negated: bool,
        schema: &DFSchema,
    ) -> EngineResult<Expr> {
        let values = self.value(number).and_then(Value::as_array);
        let values = values.map(Vec::as_slice).unwrap_or_default();
        if values.is_empty() {
            return Ok(lit(negated));
        }
        let data_type = tested.get_type(schema)?;
        let data_type = (data_type != DataType::Null).then_some(data_type);
        let items = value::items(values, data_type.as_ref())
            .map_err(|mismatch| Unbound { number, mismatch }.into_engine())?;
        if items.len() <= LITERALS_MAX {
            let list = items.into_iter().map(|item| Expr::Literal(item, None)).collect();
            return Ok(Expr::InList(InList::new(Box::new(tested.clone()), list, negated)));
        }
        let digest = Sha256Digest::of(Value::from(values).to_string().as_bytes());
        let items = ScalarValue::iter_to_array(items)?;
        Ok(Membership::of(number, items, digest, negated)?.call(tested.clone()))
    }
}

impl Unbound {
    fn into_engine(self) -> DataFusionError {
        DataFusionError::External(Box::new(self))
    }
}

/// Our own error within the engine's.
fn unbound(error: &DataFusionError) -> Option<&Unbound> {
    let mut error = error;
    while let DataFusionError::Context(_, inner) = error {
        error = inner;
    }
    let DataFusionError::External(error) = error else { return None };
    error.downcast_ref()
}

/// The number of a parameter in the plan.
fn number(id: &str) -> Option<usize> {
    id.strip_prefix('$')?.parse().ok()
}
