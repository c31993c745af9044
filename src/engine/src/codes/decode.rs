//! The node above a grouping: puts texts in the place of keys.

use std::fmt;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, StringViewArray};
use datafusion::arrow::compute::take;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::error::Result as EngineResult;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{EquivalenceProperties, Partitioning};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties as _, PlanProperties,
};
use futures::StreamExt as _;

use super::key::{self, Slot};
use super::lexicon::Lexicon;
use crate::node::over_one_input;

/// Where a column of the original grouping comes from.
#[derive(Clone, Copy, Debug)]
pub(super) enum Source {
    /// The text whose number is there.
    Code(Slot),
    /// A column as it is.
    Column(usize),
}

/// Groups with their texts, in the columns of the original grouping.
#[derive(Clone, Debug)]
pub(super) struct DecodeExec {
    input: Arc<dyn ExecutionPlan>,
    /// The columns that are grouped by; what was counted and summed follows them unchanged.
    sources: Vec<Source>,
    lexicon: Arc<Lexicon>,
    properties: Arc<PlanProperties>,
}

impl DecodeExec {
    /// The groups of an input, in the columns of a schema.
    pub(super) fn new(
        input: Arc<dyn ExecutionPlan>,
        sources: Vec<Source>,
        lexicon: Arc<Lexicon>,
        schema: SchemaRef,
    ) -> Self {
        // Which rows are together is known of keys, not of the texts.
        let partitions = input.output_partitioning().partition_count();
        let properties = PlanProperties::new(
            EquivalenceProperties::new(schema),
            Partitioning::UnknownPartitioning(partitions),
            input.pipeline_behavior(),
            input.boundedness(),
        );
        Self { input, sources, lexicon, properties: Arc::new(properties) }
    }
}

/// A batch with texts for its keys.
fn with_texts(
    batch: &RecordBatch,
    sources: &[Source],
    texts: &StringViewArray,
    schema: &SchemaRef,
) -> EngineResult<RecordBatch> {
    let mut columns = Vec::with_capacity(schema.fields().len());
    for source in sources {
        columns.push(match *source {
            Source::Code(slot) => take(texts, &key::unpack(batch.column(slot.key), slot), None)?,
            Source::Column(place) => Arc::clone(batch.column(place)),
        });
    }
    let counted = schema.fields().len() - sources.len();
    let counted: &[ArrayRef] = &batch.columns()[batch.num_columns() - counted..];
    columns.extend_from_slice(counted);
    Ok(RecordBatch::try_new(Arc::clone(schema), columns)?)
}

impl DisplayAs for DecodeExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DecodeExec")
    }
}

impl ExecutionPlan for DecodeExec {
    fn name(&self) -> &'static str {
        "DecodeExec"
    }

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false]
    }

    over_one_input!(|node, input| {
        let (sources, lexicon) = (node.sources.clone(), Arc::clone(&node.lexicon));
        Self::new(input, sources, lexicon, node.schema())
    });

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> EngineResult<SendableRecordBatchStream> {
        let (sources, lexicon) = (self.sources.clone(), Arc::clone(&self.lexicon));
        let schema = self.schema();
        let groups = self.input.execute(partition, context)?;
        // The groups come when all rows have been read, so no text is missing.
        let mut texts = None;
        let decoded = groups.map(move |batch| {
            let texts = texts.get_or_insert_with(|| lexicon.texts());
            with_texts(&batch?, &sources, texts, &schema)
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), decoded)))
    }
}
