//! Pseudonyms as a node of the plan, above redactions and the grant's bounds and below all that a
//! question can write.
//!
//! # Invariant
//! Nothing above sees an identifier, or could learn of it: of the columns with identifiers no
//! statistics and no orders pass. A condition on one passes down only where it compares with
//! pseudonyms, by equality, and then with what stands behind them; it is the same on both sides,
//! since a text and its pseudonym stand for each other one to one.
//!
//! # Rooms
//! - [`inverted`]: conditions on pseudonyms as conditions on identifiers.

mod inverted;

use std::fmt;
use std::sync::Arc;

use datafusion::arrow::record_batch::{RecordBatch, RecordBatchOptions};
use datafusion::common::Statistics;
use datafusion::common::config::ConfigOptions;
use datafusion::common::stats::Precision;
use datafusion::error::{DataFusionError, Result as EngineResult};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::{EquivalenceProperties, Partitioning, PhysicalExpr};
use datafusion::physical_plan::execution_plan::CardinalityEffect;
use datafusion::physical_plan::filter_pushdown::{
    ChildFilterDescription, FilterDescription, FilterPushdownPhase,
};
use datafusion::physical_plan::statistics::{ChildStats, StatisticsArgs};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties as _, PlanProperties,
};
use futures::StreamExt as _;

use super::NOWHERE;
use crate::node::over_one_input;
use crate::pseudonym::Pseudonyms;

/// Rows with pseudonyms in the place of identifiers.
#[derive(Clone, Debug)]
pub(super) struct PseudonymExec {
    input: Arc<dyn ExecutionPlan>,
    pseudonyms: Arc<Pseudonyms>,
    /// The places of the columns with identifiers.
    identifiers: Vec<usize>,
    properties: Arc<PlanProperties>,
}

impl PseudonymExec {
    /// The rows of an input, of which some columns hold identifiers.
    pub(super) fn new(
        input: Arc<dyn ExecutionPlan>,
        pseudonyms: Arc<Pseudonyms>,
        identifiers: Vec<usize>,
    ) -> Self {
        let properties = PlanProperties::new(
            EquivalenceProperties::new(input.schema()),
            Partitioning::UnknownPartitioning(input.output_partitioning().partition_count()),
            input.pipeline_behavior(),
            input.boundedness(),
        );
        Self { input, pseudonyms, identifiers, properties: Arc::new(properties) }
    }
}

/// Puts pseudonyms in the place of the identifiers of some rows.
fn hidden(
    rows: &RecordBatch,
    identifiers: &[usize],
    pseudonyms: &Pseudonyms,
) -> EngineResult<RecordBatch> {
    let mut columns = rows.columns().to_vec();
    for &place in identifiers {
        columns[place] = pseudonyms.of_column(&columns[place])?;
    }
    let options = RecordBatchOptions::new().with_row_count(Some(rows.num_rows()));
    Ok(RecordBatch::try_new_with_options(rows.schema(), columns, &options)?)
}

impl DisplayAs for PseudonymExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PseudonymExec")
    }
}

impl ExecutionPlan for PseudonymExec {
    fn name(&self) -> &'static str {
        "PseudonymExec"
    }

    over_one_input!(|node, input| {
        Self::new(input, Arc::clone(&node.pseudonyms), node.identifiers.clone())
    });

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> EngineResult<SendableRecordBatchStream> {
        let (pseudonyms, identifiers) = (Arc::clone(&self.pseudonyms), self.identifiers.clone());
        let rows = self.input.execute(partition, context)?;
        let rows = rows.map(move |rows| hidden(&rows?, &identifiers, &pseudonyms));
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), rows)))
    }

    /// Rows come one for one, so that a limit may count them below.
    fn supports_limit_pushdown(&self) -> bool {
        true
    }

    fn cardinality_effect(&self) -> CardinalityEffect {
        CardinalityEffect::Equal
    }

    fn child_stats_requests(&self, partition: Option<usize>) -> Vec<ChildStats> {
        vec![ChildStats::At(partition)]
    }

    /// How many rows there are, and nothing of their values.
    fn statistics_from_inputs(
        &self,
        inputs: &[Arc<Statistics>],
        _: &StatisticsArgs,
    ) -> EngineResult<Arc<Statistics>> {
        let mut statistics = Statistics::new_unknown(&self.schema());
        statistics.num_rows = inputs.first().map_or(Precision::Absent, |input| input.num_rows);
        Ok(Arc::new(statistics))
    }

    fn gather_filters_for_pushdown(
        &self,
        _: FilterPushdownPhase,
        conditions: Vec<Arc<dyn PhysicalExpr>>,
        _: &ConfigOptions,
    ) -> EngineResult<FilterDescription> {
        let schema = self.input.schema();
        let mut told: Vec<Arc<dyn PhysicalExpr>> = Vec::with_capacity(conditions.len());
        for condition in &conditions {
            let below =
                inverted::inverted(condition, &self.identifiers, &self.pseudonyms, &schema)?;
            told.push(below.unwrap_or_else(|| Arc::new(Column::new(NOWHERE, usize::MAX))));
        }
        let child = ChildFilterDescription::from_child(&told, &self.input)?;
        Ok(FilterDescription::new().with_child(child))
    }
}

/// The fault of a scan whose identifiers have no key to be hidden under.
pub(super) fn no_key() -> DataFusionError {
    DataFusionError::Internal("identifiers are asked for, and there is no key".to_owned())
}
