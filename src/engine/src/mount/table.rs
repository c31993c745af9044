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
use datafusion::error::{DataFusionError, Result as EngineResult};
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use datafusion::physical_plan::filter::FilterExecBuilder;
use domain::codebook::{Class, Field};
use domain::question::Mount;
use domain::redaction::MountedRedactions;
use object_store::ObjectStoreExt as _;
use object_store::path::Path;

use super::bounds;
use super::pseudonym::{PseudonymExec, no_key};
use super::redact::RedactExec;
use crate::pseudonym::Pseudonyms;
use crate::redact::{Redactor, read_lists};
use crate::schema;

/// Where the engine finds the [`super::DescriptorStore`]; names no place on a disk.
pub(crate) const STORE_URL: &str = "descriptors://snapshots";

/// The granted columns and rows of one snapshot.
#[derive(Debug)]
pub(crate) struct MountTable {
    mount: Mount,
    /// Of the project that asks; without them no identifier can be read.
    pseudonyms: Option<Arc<Pseudonyms>>,
    /// The granted columns.
    schema: SchemaRef,
    /// The granted columns as the files have them, then those that only the bounds look at, and
    /// those that redactions name rows by.
    scanned: SchemaRef,
}

impl MountTable {
    /// The table of a mount, with these pseudonyms in the place of identifiers.
    pub(crate) fn new(mount: Mount, pseudonyms: Option<Arc<Pseudonyms>>) -> Self {
        let granted: Vec<ArrowField> =
            mount.fields.iter().map(|mounted| schema::scan_field(&mounted.field)).collect();
        let mut scanned = granted.clone();
        for field in bounds::columns(&mount).into_iter().chain(redacted_by(&mount)) {
            if scanned.iter().all(|known| known.name() != field.name.as_str()) {
                scanned.push(schema::scan_field(field));
            }
        }
        // Where cells become null, the planner must not conclude that none is.
        let nulls =
            |field: &Field| mount.redactions.as_ref().is_some_and(|it| it.nulls(&field.name));
        let shown = granted.into_iter().zip(&mount.fields).map(|(shown, mounted)| {
            let nullable = shown.is_nullable() || nulls(&mounted.field);
            shown.with_nullable(nullable)
        });
        let schema = Arc::new(Schema::new(shown.collect::<Vec<_>>()));
        let scanned = Arc::new(Schema::new(scanned));
        Self { mount, pseudonyms, schema, scanned }
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

    /// Adds a column to those that a scan reads, by its place in `scanned`.
    fn add(&self, columns: &mut Vec<usize>, field: &Field) -> EngineResult<()> {
        let place = self.scanned.index_of(field.name.as_str())?;
        if !columns.contains(&place) {
            columns.push(place);
        }
        Ok(())
    }

    /// The redactions made ready for rows of a schema, with the keys that *go* brought.
    async fn redactor(
        &self,
        session: &dyn Session,
        redactions: &MountedRedactions,
        schema: &Schema,
    ) -> EngineResult<Redactor> {
        let lists = match &redactions.keys {
            Some(keys) => {
                let store =
                    session.runtime_env().object_store(&ObjectStoreUrl::parse(STORE_URL)?)?;
                let bytes = store.get(&Path::from(keys.sha256.to_string())).await?.bytes().await?;
                read_lists(&bytes)
            }
            None => Ok(Vec::new()),
        };
        let ready = lists.and_then(|lists| Redactor::new(redactions, &lists, schema));
        ready.map_err(|error| DataFusionError::Internal(error.to_string()))
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
        let rows = self.granted_rows(session, &wanted, limit).await?;
        self.hidden(rows, &wanted)
    }
}

impl MountTable {
    /// The rows that the grant gives, without what the law takes out, of some granted columns.
    async fn granted_rows(
        &self,
        session: &dyn Session,
        wanted: &[usize],
        limit: Option<usize>,
    ) -> EngineResult<Arc<dyn ExecutionPlan>> {
        let condition = bounds::condition(&self.mount);
        let mut columns = wanted.to_vec();
        let bounding = bounds::columns(&self.mount);
        for field in bounding.iter().copied() {
            self.add(&mut columns, field)?;
        }
        let Some(redactions) = &self.mount.redactions else {
            // A limit would count rows that the bounds leave out.
            let limit = limit.filter(|_| condition.is_none());
            let scan = DataSourceExec::from_data_source(self.config(session, columns, limit)?);
            return bounded(session, scan, condition, wanted.len());
        };
        let handed_on = (0..columns.len()).collect();
        for field in &redactions.fields {
            self.add(&mut columns, field)?;
        }
        let scan = DataSourceExec::from_data_source(self.config(session, columns, None)?);
        let redactor = self.redactor(session, redactions, &scan.schema()).await?;
        let redacted = RedactExec::new(scan, Arc::new(redactor), handed_on)?;
        bounded(session, Arc::new(redacted), condition, wanted.len())
    }

    /// The same rows with pseudonyms in the place of identifiers.
    fn hidden(
        &self,
        rows: Arc<dyn ExecutionPlan>,
        wanted: &[usize],
    ) -> EngineResult<Arc<dyn ExecutionPlan>> {
        let is_identifier = |granted: usize| {
            let mounted = self.mount.fields.get(granted);
            mounted.is_none_or(|mounted| mounted.field.class == Class::Identifier)
        };
        let places = wanted.iter().enumerate().filter(|(_, granted)| is_identifier(**granted));
        let identifiers: Vec<usize> = places.map(|(place, _)| place).collect();
        if identifiers.is_empty() {
            return Ok(rows);
        }
        let pseudonyms = self.pseudonyms.as_ref().ok_or_else(no_key)?;
        Ok(Arc::new(PseudonymExec::new(rows, Arc::clone(pseudonyms), identifiers)))
    }
}

/// The columns that redactions name rows by.
fn redacted_by(mount: &Mount) -> impl Iterator<Item = &Field> {
    mount.redactions.iter().flat_map(|redactions| &redactions.fields)
}

/// The rows of a scan that the grant gives, with the first so many of its columns.
fn bounded(
    session: &dyn Session,
    scan: Arc<dyn ExecutionPlan>,
    condition: Option<Expr>,
    columns: usize,
) -> EngineResult<Arc<dyn ExecutionPlan>> {
    let Some(condition) = condition else { return Ok(scan) };
    let schema = DFSchema::try_from(scan.schema())?;
    let condition = session.create_physical_expr(condition, &schema)?;
    let bounded = FilterExecBuilder::new(condition, scan)
        .apply_projection(Some((0..columns).collect()))?
        .build()?;
    Ok(Arc::new(bounded))
}
