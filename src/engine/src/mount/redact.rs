//! Redactions as a node of the plan, directly above the files.
//!
//! # Invariant
//! Nothing above can see below: no statistics, orders or limits pass. A condition passes down only
//! where it is the same on both sides (it looks at no column whose cells may become null) and
//! cannot fail (a failure on a row that was taken out would tell of it).

use std::fmt;
use std::sync::Arc;

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::common::config::ConfigOptions;
use datafusion::error::Result as EngineResult;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::Operator;
use datafusion::physical_expr::expressions::{
    BinaryExpr, Column, InListExpr, IsNotNullExpr, IsNullExpr, LikeExpr, Literal, NotExpr,
};
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr, ScalarFunctionExpr};
use datafusion::physical_plan::filter_pushdown::{
    ChildFilterDescription, FilterDescription, FilterPushdownPhase,
};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties as _, PlanProperties,
};
use domain::redaction::RedactionCounts;
use futures::StreamExt as _;

use super::NOWHERE;
use crate::node::over_one_input;
use crate::plan::Membership;
use crate::redact::Redactor;

/// Rows of files without what the law takes out.
#[derive(Clone, Debug)]
pub(super) struct RedactExec {
    input: Arc<dyn ExecutionPlan>,
    redactor: Arc<Redactor>,
    /// The columns that are handed on, by their place in the input.
    output: Vec<usize>,
    properties: Arc<PlanProperties>,
}

impl RedactExec {
    /// The rows of an input, some columns of them.
    ///
    /// # Errors
    /// When the input lacks one of the columns.
    pub(super) fn new(
        input: Arc<dyn ExecutionPlan>,
        redactor: Arc<Redactor>,
        output: Vec<usize>,
    ) -> EngineResult<Self> {
        let schema: SchemaRef = Arc::new(redactor.schema().project(&output)?);
        let properties = PlanProperties::new(
            EquivalenceProperties::new(schema),
            datafusion::physical_expr::Partitioning::UnknownPartitioning(
                input.output_partitioning().partition_count(),
            ),
            input.pipeline_behavior(),
            input.boundedness(),
        );
        Ok(Self { input, redactor, output, properties: Arc::new(properties) })
    }

    /// Whether a condition may be checked on rows as the files have them.
    fn passes(&self, condition: &Arc<dyn PhysicalExpr>) -> bool {
        if let Some(column) = condition.downcast_ref::<Column>() {
            let place = self.output.get(column.index());
            return place.is_some_and(|place| !self.redactor.nulled().contains(place));
        }
        let is_known = condition.is::<Literal>()
            || condition.is::<InListExpr>()
            || condition.is::<IsNullExpr>()
            || condition.is::<IsNotNullExpr>()
            || condition.downcast_ref::<LikeExpr>().is_some_and(|it| it.pattern().is::<Literal>())
            || condition.is::<NotExpr>()
            || condition.downcast_ref::<BinaryExpr>().is_some_and(|it| is_comparison(it.op()))
            || condition
                .downcast_ref::<ScalarFunctionExpr>()
                .is_some_and(|it| Membership::is(it.fun()));
        is_known && condition.children().into_iter().all(|child| self.passes(child))
    }
}

/// Whether an operator compares values or joins comparisons, which cannot fail.
fn is_comparison(operator: &Operator) -> bool {
    matches!(
        operator,
        Operator::Eq
            | Operator::NotEq
            | Operator::Lt
            | Operator::LtEq
            | Operator::Gt
            | Operator::GtEq
            | Operator::And
            | Operator::Or
    )
}

impl DisplayAs for RedactExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RedactExec")
    }
}

impl ExecutionPlan for RedactExec {
    fn name(&self) -> &'static str {
        "RedactExec"
    }

    over_one_input!(|node, input| {
        let (redactor, output) = (Arc::clone(&node.redactor), node.output.clone());
        Self::new(input, redactor, output)?
    });

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> EngineResult<SendableRecordBatchStream> {
        let (redactor, output) = (Arc::clone(&self.redactor), self.output.clone());
        let rows = self.input.execute(partition, context)?;
        let redacted = rows.map(move |batch| {
            let mut counts = RedactionCounts::new();
            let batch = redactor.apply(&batch?, &mut counts)?;
            Ok(batch.project(&output)?)
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), redacted)))
    }

    fn gather_filters_for_pushdown(
        &self,
        _: FilterPushdownPhase,
        conditions: Vec<Arc<dyn PhysicalExpr>>,
        _: &ConfigOptions,
    ) -> EngineResult<FilterDescription> {
        // Each condition must be told of, in its place: for one that may not pass stands a column
        // that is not below, which the engine takes for "no".
        let told: Vec<Arc<dyn PhysicalExpr>> = conditions
            .iter()
            .map(|condition| match self.passes(condition) {
                true => Arc::clone(condition),
                false => Arc::new(Column::new(NOWHERE, usize::MAX)),
            })
            .collect();
        let child = ChildFilterDescription::from_child(&told, &self.input)?;
        Ok(FilterDescription::new().with_child(child))
    }
}
