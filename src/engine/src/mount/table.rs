//! One mount as a table.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::{Field as ArrowField, Schema, SchemaRef};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::stats::Precision;
use datafusion::common::{DFSchema, Statistics};
use datafusion::config::TableParquetOptions;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::parquet::CachedParquetFileReaderFactory;
use datafusion::datasource::physical_plan::{
    FileGroup, FileScanConfig, FileScanConfigBuilder, ParquetSource,
};
use datafusion::datasource::source::DataSourceExec;
use datafusion::error::Result as EngineResult;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use datafusion::physical_plan::filter::FilterExecBuilder;
use domain::question::Mount;

use super::bounds;
use crate::schema;

/// Where the engine finds the [`super::DescriptorStore`]; names no place on a disk.
pub(crate) const STORE_URL: &str = "descriptors://snapshots";

/// The granted columns and rows of one snapshot.
#[derive(Debug)]
pub(crate) struct MountTable {
    mount: Mount,
    /// The granted columns.
    schema: SchemaRef,
    /// The granted columns, then those that only the bounds look at.
    scanned: SchemaRef,
}

impl MountTable {
    /// The table of a mount.
    pub(crate) fn new(mount: Mount) -> Self {
        let granted: Vec<ArrowField> =
            mount.fields.iter().map(|mounted| schema::scan_field(&mounted.field)).collect();
        let mut scanned = granted.clone();
        for field in bounds::columns(&mount) {
            if scanned.iter().all(|known| known.name() != field.name.as_str()) {
                scanned.push(schema::scan_field(field));
            }
        }
        let schema = Arc::new(Schema::new(granted));
        let scanned = Arc::new(Schema::new(scanned));
        Self { mount, schema, scanned }
    }

    /// What is mounted.
    pub(crate) fn mount(&self) -> &Mount {
        &self.mount
    }

    /// The files, spread over the partitions of a scan.
    fn file_groups(&self, partitions: usize) -> Vec<FileGroup> {
        let files = self
            .mount
            .files
            .iter()
            .map(|file| PartitionedFile::new(file.sha256.to_string(), file.bytes))
            .collect();
        FileGroup::new(files).split_files(partitions.max(1))
    }

    /// What the manifest knows of the whole: the planner puts the smaller side of a join into
    /// memory, and a bare `count(*)` needs no file.
    fn statistics(&self) -> Statistics {
        let rows = self.mount.files.iter().map(|file| file.row_count).sum::<u64>();
        let mut statistics = Statistics::new_unknown(&self.scanned);
        if let Ok(rows) = usize::try_from(rows) {
            statistics.num_rows = Precision::Exact(rows);
        }
        statistics
    }

    /// The scan of some columns of the files, by their place in `scanned`.
    fn config(
        &self,
        session: &dyn Session,
        columns: Vec<usize>,
        limit: Option<usize>,
    ) -> EngineResult<FileScanConfig> {
        let url = ObjectStoreUrl::parse(STORE_URL)?;
        let runtime = session.runtime_env();
        let reader = CachedParquetFileReaderFactory::new(
            runtime.object_store(&url)?,
            runtime.cache_manager.get_file_metadata_cache(),
        );
        let options = TableParquetOptions {
            global: session.config_options().execution.parquet.clone(),
            ..TableParquetOptions::default()
        };
        let source = ParquetSource::new(Arc::clone(&self.scanned))
            .with_table_parquet_options(options)
            .with_parquet_file_reader_factory(Arc::new(reader));
        let partitions = session.config_options().execution.target_partitions;
        Ok(FileScanConfigBuilder::new(url, Arc::new(source))
            .with_file_groups(self.file_groups(partitions))
            .with_statistics(self.statistics())
            .with_projection_indices(Some(columns))?
            .with_limit(limit)
            .build())
    }
}

#[async_trait]
impl TableProvider for MountTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    /// Every condition may look at statistics and filters of the files; the engine checks it
    /// again above the scan, or hands it to the scan for good.
    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> EngineResult<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    async fn scan(
        &self,
        session: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        limit: Option<usize>,
    ) -> EngineResult<Arc<dyn ExecutionPlan>> {
        let wanted = match projection {
            Some(columns) => columns.clone(),
            None => (0..self.schema.fields().len()).collect(),
        };
        if self.mount.files.is_empty() {
            let schema = Arc::new(self.schema.project(&wanted)?);
            return Ok(Arc::new(EmptyExec::new(schema)));
        }
        let Some(condition) = bounds::condition(&self.mount) else {
            return Ok(DataSourceExec::from_data_source(self.config(session, wanted, limit)?));
        };
        let mut columns = wanted.clone();
        for field in bounds::columns(&self.mount) {
            let place = self.scanned.index_of(field.name.as_str())?;
            if !columns.contains(&place) {
                columns.push(place);
            }
        }
        // A limit would count rows that the bounds leave out.
        let config = self.config(session, columns, None)?;
        let schema = DFSchema::try_from(config.projected_schema()?)?;
        let condition = session.create_physical_expr(condition, &schema)?;
        let scan = DataSourceExec::from_data_source(config);
        let bounded = FilterExecBuilder::new(condition, scan)
            .apply_projection(Some((0..wanted.len()).collect()))?
            .build()?;
        Ok(Arc::new(bounded))
    }
}
