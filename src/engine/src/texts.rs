//! Conditions on texts, worked out once for each text.
//!
//! A column of boilerplate has the same few texts over and over, and within a batch the same text
//! lies at the same place, since a file's dictionary has it once. The engine looks for a word in
//! every row. Measured in docs/decisions/0011-how-files-are-laid-out.md.
//!
//! # Invariant
//! The answer is the same, and so is every failure: an expression is evaluated for the texts of a
//! batch and for no others.
//!
//! # Rooms
//! - [`distinct`]: the different texts of an array.
//! - [`once`]: the expression that stands for another.

mod distinct;
mod once;

use std::sync::Arc;

use datafusion::arrow::datatypes::Schema;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode as _, TreeNodeRecursion};
use datafusion::error::Result as EngineResult;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::filter::{FilterExec, FilterExecBuilder};

pub(crate) use distinct::Distinct;

use once::Once;

/// Puts the rule of this room behind the engine's, when all conditions are where they will be.
pub(crate) fn join(rules: &mut Vec<Arc<dyn PhysicalOptimizerRule + Send + Sync>>) {
    rules.push(Arc::new(OnceForEachText));
}

/// Lets conditions of filters be worked out once for each text.
#[derive(Debug)]
struct OnceForEachText;

impl PhysicalOptimizerRule for OnceForEachText {
    fn optimize(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        _: &ConfigOptions,
    ) -> EngineResult<Arc<dyn ExecutionPlan>> {
        let rewritten = plan.transform_up(|node| {
            let Some(filter) = node.downcast_ref::<FilterExec>() else {
                return Ok(Transformed::no(node));
            };
            let predicate = rewritten(filter.predicate(), &filter.input().schema())?;
            if !predicate.transformed {
                return Ok(Transformed::no(node));
            }
            let filter = FilterExecBuilder::from(filter).with_predicate(predicate.data);
            Ok(Transformed::yes(Arc::new(filter.build()?) as Arc<dyn ExecutionPlan>))
        })?;
        Ok(rewritten.data)
    }

    fn name(&self) -> &'static str {
        "OnceForEachText"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

/// A condition of which each largest part that asks for one text only is worked out once for each.
fn rewritten(
    condition: &Arc<dyn PhysicalExpr>,
    schema: &Schema,
) -> EngineResult<Transformed<Arc<dyn PhysicalExpr>>> {
    Arc::clone(condition).transform_down(|part| {
        Ok(match Once::of(&part, schema)? {
            Some(once) => Transformed::new(Arc::new(once) as Arc<_>, true, TreeNodeRecursion::Jump),
            None => Transformed::no(part),
        })
    })
}
