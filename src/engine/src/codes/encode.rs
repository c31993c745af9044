//! The node below a grouping: adds keys to rows.

use std::fmt;
use std::sync::Arc;

use datafusion::arrow::array::AsArray as _;
use datafusion::arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::error::{DataFusionError, Result as EngineResult};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::EquivalenceProperties;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties as _, PlanProperties,
};
use futures::StreamExt as _;

use super::key;
use super::lexicon::{Lexicon, Reader};
use crate::node::over_one_input;

/// Rows as they are, and after their columns the keys that stand for some of them.
#[derive(Clone, Debug)]
pub(super) struct EncodeExec {
    input: Arc<dyn ExecutionPlan>,
    /// The columns that the keys stand for, by their place.
    columns: Vec<usize>,
    lexicon: Arc<Lexicon>,
    properties: Arc<PlanProperties>,
}

impl EncodeExec {
    /// Keys for some columns of an input, all of them texts in views.
    pub(super) fn new(
        input: Arc<dyn ExecutionPlan>,
        columns: Vec<usize>,
        lexicon: &Arc<Lexicon>,
    ) -> Self {
        let keys = key::types(columns.len()).into_iter().enumerate();
        let keys = keys.map(|(number, of)| Arc::new(Field::new(name(number), of, false)));
        let fields: Vec<_> = input.schema().fields().iter().cloned().chain(keys).collect();
        let schema: SchemaRef = Arc::new(Schema::new(fields));
        let properties = PlanProperties::new(
            EquivalenceProperties::new(schema),
            input.output_partitioning().clone(),
            input.pipeline_behavior(),
            input.boundedness(),
        );
        let (lexicon, properties) = (Arc::clone(lexicon), Arc::new(properties));
        Self { input, columns, lexicon, properties }
    }

    /// The names and places of the keys.
    pub(super) fn keys(&self) -> impl Iterator<Item = (String, usize)> {
        let first = self.input.schema().fields().len();
        (0..self.key_count()).map(move |number| (name(number), first + number))
    }

    /// How many keys there are.
    pub(super) fn key_count(&self) -> usize {
        key::types(self.columns.len()).len()
    }
}

/// The name of a key; no column of a dataset has a blank in it.
fn name(number: usize) -> String {
    format!("key {number}")
}

/// A batch with its keys.
fn with_keys(
    batch: &RecordBatch,
    columns: &[usize],
    readers: &mut [Reader],
    schema: &SchemaRef,
) -> EngineResult<RecordBatch> {
    let codes = columns.iter().zip(readers).map(|(&column, reader)| {
        let texts = batch.column(column).as_string_view_opt();
        let texts = texts.ok_or_else(|| DataFusionError::Internal("no text".to_owned()))?;
        Ok(reader.read(texts))
    });
    let codes = codes.collect::<EngineResult<Vec<_>>>()?;
    let all = batch.columns().iter().cloned().chain(key::pack(&codes)).collect();
    Ok(RecordBatch::try_new(Arc::clone(schema), all)?)
}

impl DisplayAs for EncodeExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EncodeExec: columns={:?}", self.columns)
    }
}

impl ExecutionPlan for EncodeExec {
    fn name(&self) -> &'static str {
        "EncodeExec"
    }

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false]
    }

    over_one_input!(|node, input| Self::new(input, node.columns.clone(), &node.lexicon));

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> EngineResult<SendableRecordBatchStream> {
        let (columns, schema) = (self.columns.clone(), self.schema());
        let mut readers: Vec<Reader> = columns.iter().map(|_| Reader::new(&self.lexicon)).collect();
        let rows = self.input.execute(partition, context)?;
        let keyed = rows.map(move |batch| with_keys(&batch?, &columns, &mut readers, &schema));
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), keyed)))
    }
}
