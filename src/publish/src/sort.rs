//! Sorts rows with the engine's own operator, which spills what does not fit in memory.
//!
//! # Order
//! By period, then by the codebook's `sort_order` (ascending, nulls last), then as rows were
//! read; so the order of any rows is one order, however many threads brought them.

use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::compute::SortOptions;
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use datafusion::config::SpillCompression;
use datafusion::error::DataFusionError;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::GreedyMemoryPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::{LexOrdering, PhysicalSortExpr};
use datafusion::physical_plan::ExecutionPlan as _;
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use datafusion::prelude::SessionConfig;
use futures::StreamExt as _;
use tokio::sync::mpsc::Receiver;

use crate::columns::{Columns, LOCATION, PERIOD};

/// Rows that the sort hands on at once.
pub(crate) const BATCH_ROWS: usize = 8192;

/// Which part of the memory is kept back for merging: one of so many.
const MERGE_SHARE: usize = 3;

/// What sorting may use.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SortLimits<'a> {
    /// Bytes of memory.
    pub(crate) memory_bytes: u64,
    /// Bytes of the scratch folder.
    pub(crate) spill_bytes: u64,
    /// The scratch folder.
    pub(crate) scratch: &'a Path,
}

/// Sorts all rows that come through a channel.
///
/// # Errors
/// When the engine cannot set up the sort; what fails later comes through the stream.
pub(crate) fn sorted(
    rows: Receiver<RecordBatch>,
    columns: &Columns,
    limits: SortLimits<'_>,
) -> Result<SendableRecordBatchStream, DataFusionError> {
    let schema = &columns.row_schema;
    let rows = Arc::new(Rows { schema: Arc::clone(schema), rows: Mutex::new(Some(rows)) });
    let source =
        StreamingTableExec::try_new(Arc::clone(schema), vec![rows], None, [], false, None)?;
    let sort = SortExec::new(ordering(columns)?, Arc::new(source));
    sort.execute(0, context(limits)?)
}

/// The order that rows are laid out in.
fn ordering(columns: &Columns) -> Result<LexOrdering, DataFusionError> {
    let by_period = columns.has_periods().then_some(PERIOD);
    let by_codebook = columns.sort_order.iter().map(|place| columns.name(*place).as_str());
    let names = by_period.into_iter().chain(by_codebook).chain([LOCATION]);
    let mut order = Vec::new();
    for name in names {
        let column = Column::new_with_schema(name, &columns.row_schema)?;
        let options = SortOptions { descending: false, nulls_first: false };
        order.push(PhysicalSortExpr::new(Arc::new(column), options));
    }
    LexOrdering::new(order)
        .ok_or_else(|| DataFusionError::Internal("an order without columns".to_owned()))
}

/// A context with the limits in force, and nothing else: no tables, no functions, no files.
fn context(limits: SortLimits<'_>) -> Result<Arc<TaskContext>, DataFusionError> {
    let bytes = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX);
    let memory_bytes = bytes(limits.memory_bytes);
    let folder = DiskManagerMode::Directories(vec![limits.scratch.to_owned()]);
    let disk = DiskManagerBuilder::default()
        .with_mode(folder)
        .with_max_temp_directory_size(limits.spill_bytes);
    let runtime = RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(GreedyMemoryPool::new(memory_bytes)))
        .with_disk_manager_builder(disk)
        .build_arc()?;
    let mut config = SessionConfig::new().with_batch_size(BATCH_ROWS);
    let execution = &mut config.options_mut().execution;
    execution.spill_compression = SpillCompression::Lz4Frame;
    // What is sorted in memory is merged from there, and the keys of every batch are laid out for
    // it: of wide rows that is far more than the engine keeps back by itself.
    execution.sort_spill_reservation_bytes = memory_bytes / MERGE_SHARE;
    Ok(Arc::new(TaskContext::default().with_session_config(config).with_runtime(runtime)))
}

/// The rows that come through a channel, as the engine wants them.
struct Rows {
    schema: SchemaRef,
    rows: Mutex<Option<Receiver<RecordBatch>>>,
}

impl fmt::Debug for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rows").finish_non_exhaustive()
    }
}

impl PartitionStream for Rows {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner).take();
        let batches = futures::stream::unfold(rows, |rows| async {
            let mut rows = rows?;
            let batch = rows.recv().await?;
            Some((Ok(batch), Some(rows)))
        });
        Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.schema), batches.boxed()))
    }
}
