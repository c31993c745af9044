//! What one question may use of the engine: its memory, its spill, its files, its clock.

use std::path::Path;
use std::sync::Arc;

use datafusion::config::ConfigOptions;
use datafusion::error::{DataFusionError, Result as EngineResult};
use datafusion::execution::cache::cache_manager::{CacheManagerConfig, FileMetadataCache};
use datafusion::execution::disk_manager::DiskManager;
use datafusion::execution::memory_pool::{FairSpillPool, MemoryPool, PeakRecordingPool};
use datafusion::execution::object_store::ObjectStoreRegistry;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::execution::{SessionState, SessionStateBuilder};
use datafusion::logical_expr::execution_props::ExecutionProps;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_optimizer::optimizer::PhysicalOptimizer;
use datafusion::prelude::SessionConfig;
use domain::question::Mount;
use domain::{Question, Timestamp};
use object_store::ObjectStore;
use url::Url;

use super::spill::SpillBudget;
use crate::mount::{DescriptorStore, STORE_URL};
use crate::plan::Functions;
use crate::{codes, texts};

/// Memory for the footers of files, kept from one question to the next.
const FOOTER_BYTES_MAX: usize = 64 << 20;

/// A cache of the footers of files, by their digest.
///
/// # Errors
/// Never with the engine's own cache.
pub(crate) fn footers() -> EngineResult<Arc<FileMetadataCache>> {
    let config = CacheManagerConfig::default().with_metadata_cache_limit(FOOTER_BYTES_MAX);
    let runtime = RuntimeEnvBuilder::new().with_cache_manager(config).build()?;
    Ok(runtime.cache_manager.get_file_metadata_cache())
}

/// The engine's own rules for plans, and ours among them.
fn rules() -> Vec<Arc<dyn PhysicalOptimizerRule + Send + Sync>> {
    let mut rules = PhysicalOptimizer::new().rules;
    codes::join(&mut rules);
    texts::join(&mut rules);
    rules
}

/// What one question may use.
#[derive(Debug)]
pub(crate) struct Session {
    state: SessionState,
    store: Arc<DescriptorStore>,
    pool: Arc<PeakRecordingPool>,
    spill: Arc<SpillBudget>,
}

impl Session {
    /// A session for a question.
    ///
    /// # Errors
    /// When the engine refuses its configuration.
    pub(crate) fn new(
        question: &Question,
        options: ConfigOptions,
        functions: &Functions,
        footers: &Arc<FileMetadataCache>,
        scratch: &Path,
    ) -> EngineResult<Self> {
        let limits = &question.limits;
        let pinned = question.pins.iter().map(|pin| &pin.mount);
        let keys = question.mounts.iter().chain(pinned).filter_map(Mount::redacted_keys);
        let free = keys.map(|keys| keys.sha256.to_string()).collect();
        let store = Arc::new(DescriptorStore::new(limits.scan_bytes, free));
        let memory_bytes = usize::try_from(limits.memory_bytes).unwrap_or(usize::MAX);
        let pool = Arc::new(PeakRecordingPool::new(Arc::new(FairSpillPool::new(memory_bytes))));
        let spill = Arc::new(SpillBudget::new(scratch, limits.spill_bytes));
        let runtime = RuntimeEnvBuilder::new()
            .with_memory_pool(Arc::clone(&pool) as Arc<dyn MemoryPool>)
            .with_disk_manager_builder(
                DiskManager::builder().with_temp_file_factory(SpillBudget::factory(&spill)),
            )
            .with_cache_manager(
                CacheManagerConfig::default()
                    .with_file_metadata_cache(Some(Arc::clone(footers)))
                    .with_metadata_cache_limit(FOOTER_BYTES_MAX),
            )
            .with_object_store_registry(Arc::new(OneStore(Arc::clone(&store))))
            .build_arc()?;
        let as_of = Timestamp::start_of(question.as_of);
        let as_of = chrono::DateTime::from_timestamp_micros(as_of.unix_us()).unwrap_or_default();
        let state = SessionStateBuilder::new()
            .with_config(SessionConfig::from(options))
            .with_runtime_env(runtime)
            .with_physical_optimizer_rules(rules())
            .with_execution_props(ExecutionProps::new().with_query_execution_start_time(as_of))
            // The optimiser turns DISTINCT ON into an aggregate that it looks up here.
            .with_aggregate_functions(functions.aggregates())
            .build();
        Ok(Self { state, store, pool, spill })
    }

    /// The engine's own view of it.
    pub(crate) fn state(&self) -> &SessionState {
        &self.state
    }

    /// Lets conditions be checked while files are decoded.
    pub(crate) fn push_filters_down(&mut self) {
        self.state.config_mut().options_mut().execution.parquet.pushdown_filters = true;
    }

    /// The files.
    pub(super) fn store(&self) -> &DescriptorStore {
        &self.store
    }

    /// The most memory that was reserved at once.
    pub(super) fn memory_peak_bytes(&self) -> u64 {
        u64::try_from(self.pool.max_reserved()).unwrap_or(u64::MAX)
    }

    /// Whether a spill was refused because of its limit.
    pub(super) fn spill_is_exhausted(&self) -> bool {
        self.spill.is_exhausted()
    }
}

/// A registry of one store, so that the engine can open nothing else.
#[derive(Debug)]
struct OneStore(Arc<DescriptorStore>);

impl ObjectStoreRegistry for OneStore {
    fn register_store(
        &self,
        _url: &Url,
        _store: Arc<dyn ObjectStore>,
    ) -> Option<Arc<dyn ObjectStore>> {
        None
    }

    fn get_store(&self, url: &Url) -> EngineResult<Arc<dyn ObjectStore>> {
        if url.as_str().starts_with(STORE_URL) {
            Ok(Arc::clone(&self.0) as Arc<dyn ObjectStore>)
        } else {
            Err(DataFusionError::Plan("a store that is not there".to_owned()))
        }
    }
}
