//! Opening a data folder, in the one order that works.

use std::collections::BTreeSet;
use std::io;
use std::num::NonZeroU32;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use access::{Access, Algorithm, KeySource, Options, Rate};
use audit::entry::Start;
use audit::{Attribution, Audit, Event};
use catalogue::Catalogue;
use domain::{Clock, Role};
use ledger::Log;
use sandbox::{Pool, PoolSettings, ProcessLimits, WallSettings};
use tokio::runtime::{Builder, Runtime};

use super::folder::{DataFolder, FolderError, REGISTRY_FILE};
use super::keys::{Keys, KeysError};
use super::observe::Observer;
use super::replay::{self, ReplayFault};
use super::{Application, tasks};
use crate::ask::Running;
use crate::flood::Flood;
use crate::metrics::{Metrics, MetricsError};
use crate::publish::Publications;
use crate::settings::{IssuerSettings, Settings, SettingsError};
use crate::spool::Spool;

/// The version of this program, as the log and the manifests name it.
pub const BUILD: &str = env!("CARGO_PKG_VERSION");

/// A data folder cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder cannot be used.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The configuration cannot be used.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// A key cannot be used.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// The log does not open.
    #[error("the log cannot be opened: {0}")]
    Log(#[from] ledger::OpenError),
    /// The visitors' book does not open.
    #[error(transparent)]
    Audit(#[from] audit::OpenError),
    /// The catalogue does not open.
    #[error("the catalogue cannot be opened: {0}")]
    Catalogue(#[from] catalogue::OpenError),
    /// The registry does not open.
    #[error("the registry cannot be opened: {0}")]
    Access(#[from] access::OpenError),
    /// What the log says cannot be taken over.
    #[error(transparent)]
    Replay(#[from] ReplayFault),
    /// The folder of stored answers cannot be used.
    #[error("the folder of stored answers cannot be used")]
    Spool(#[source] io::Error),
    /// The folder of deliveries cannot be used.
    #[error("the folder of deliveries cannot be used")]
    Inbox(#[source] io::Error),
    /// No worker starts.
    #[error("the workers cannot be started: {0}")]
    Pool(#[from] sandbox::StartError),
    /// No threads can be had.
    #[error("the threads for queries cannot be started")]
    Runtime(#[source] io::Error),
    /// The metrics cannot be registered.
    #[error(transparent)]
    Metrics(#[from] MetricsError),
    /// The start cannot be logged.
    #[error("the start cannot be logged")]
    Start(#[from] audit::RecordError),
    /// The configuration has no canonical form.
    #[error(transparent)]
    Canonicalize(#[from] domain::canonical::CanonicalizeError),
}

impl Application {
    /// Opens a data folder: takes it, reads its keys, heals and replays its log, starts workers.
    ///
    /// # Order
    /// The log first, since registry, budgets, records and catalogue follow it; then the workers,
    /// whose sandbox level the start entry names; the start entry last.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(
        data_dir: &Path,
        settings: Settings,
        clock: Arc<dyn Clock>,
    ) -> Result<Arc<Self>, OpenError> {
        settings.check()?;
        let folder = DataFolder::take(data_dir)?;
        let keys = Keys::load(data_dir, &settings)?;
        let public_keys = keys.public();
        let metrics = Metrics::new()?;
        let observer = Arc::new(Observer(metrics.clone()));
        let log_observer = Arc::clone(&observer) as Arc<dyn ledger::Observer>;
        let (log, recovery) = Log::open(&Audit::log_folder(data_dir), keys.log, log_observer)?;
        let log = Arc::new(log);
        let (audit, recovered) = Audit::open(data_dir, log, &recovery, BUILD, Arc::clone(&clock))?;
        if recovered.intents_closed > 0 || recovered.torn_bytes > 0 {
            let (closed, torn) = (recovered.intents_closed, recovered.torn_bytes);
            tracing::warn!(
                intents_closed = closed,
                torn_bytes = torn,
                "a crash was recovered from"
            );
        }
        let catalogue = Catalogue::open(data_dir, keys.manifests, &[])?;
        for damaged in catalogue.damaged() {
            let (dataset, snapshot, damage) =
                (&damaged.dataset, &damaged.snapshot, &damaged.damage);
            tracing::warn!(%dataset, %snapshot, %damage, "a staged snapshot is damaged; it is left out");
        }
        let access = Arc::new(Access::open(Options {
            registry: data_dir.join(REGISTRY_FILE),
            settings: access_settings(&settings)?,
            issuer_key: keys.issuer,
            codebooks: codebooks(&catalogue),
            clock: Arc::clone(&clock),
            rate_clock: access::RateClock::default(),
        })?);
        let records = replay::follow(&audit, &access, &catalogue, clock.today())?;
        let spool = Spool::open(data_dir.join("results"), settings.results.keep_hours)
            .map_err(OpenError::Spool)?;
        let publications = Publications::open(data_dir.join("inbox")).map_err(OpenError::Inbox)?;
        let pool = Pool::start(pool_settings(data_dir, &settings), observer)?;
        let application = Arc::new(Self {
            settings,
            clock,
            metrics,
            keys: public_keys,
            pseudonyms: keys.pseudonyms,
            catalogue,
            access,
            pool,
            spool,
            records,
            running: Running::default(),
            publications,
            flood: Flood::default(),
            redaction_gate: tokio::sync::RwLock::default(),
            is_closing: AtomicBool::new(false),
            own_urls: OnceLock::new(),
            runtime: Some(runtime().map_err(OpenError::Runtime)?),
            audit,
            folder,
        });
        application.log_start()?;
        // What a crash left between a redaction and the answers made before it.
        application.purge_answers();
        tasks::begin(&application);
        Ok(application)
    }

    /// Writes the start's entry.
    fn log_start(&self) -> Result<(), OpenError> {
        let config_sha256 = domain::canonical::digest(&self.settings)?;
        let start = Start { sandbox: self.pool.wall().level.to_string(), config_sha256 };
        self.audit.append_blocking(&Attribution::default(), Event::Start(start))?;
        Ok(())
    }
}

/// The threads on which queries and publications go their way.
fn runtime() -> io::Result<Runtime> {
    let threads = std::thread::available_parallelism().map_or(2, std::num::NonZero::get).max(2);
    Builder::new_multi_thread().worker_threads(threads).thread_name("queries").enable_all().build()
}

/// The codebooks that grants are checked against.
fn codebooks(catalogue: &Catalogue) -> Vec<domain::Codebook> {
    let view = catalogue.view();
    let all = view.datasets().into_iter().filter_map(|dataset| view.codebook(dataset));
    all.map(|stored| stored.codebook().clone()).collect()
}

/// After two workers in a row that did not start, how long the next one is not tried.
const RESTART_WAIT: Duration = Duration::from_millis(100);
/// The longest wait after workers that did not start.
const RESTART_WAIT_MAX: Duration = Duration::from_secs(30);

/// How the pool works.
fn pool_settings(data_dir: &Path, settings: &Settings) -> PoolSettings {
    let Settings { workers, limits_max: limits, publish, .. } = settings;
    let this_program = || std::env::current_exe().unwrap_or_else(|_| "readingroom".into());
    PoolSettings {
        executable: workers.executable.clone().unwrap_or_else(this_program),
        arguments: vec!["worker".to_owned()],
        scratch: data_dir.join("scratch"),
        workers_max: workers.workers_max,
        warm: workers.warm,
        idle_s: workers.idle_s,
        queries_per_worker_max: workers.queries_per_worker_max,
        plan_ms_max: workers.plan_ms_max,
        queue_max: workers.queue_max,
        queue_wait_ms: workers.queue_wait_ms,
        threads: workers.threads,
        publishers_max: workers.publishers_max,
        restart_wait: RESTART_WAIT,
        restart_wait_max: RESTART_WAIT_MAX,
        wall: WallSettings {
            level: workers.sandbox,
            queries: ProcessLimits::for_data(limits.memory_bytes, limits.spill_bytes),
            publications: ProcessLimits::for_data(publish.memory_bytes, publish.expanded_bytes_max),
            is_tested: true,
            without: None,
        },
    }
}

/// What the operator decides about access.
fn access_settings(settings: &Settings) -> Result<access::Settings, SettingsError> {
    let rates = &settings.rate_limits;
    let number = |name, number| {
        let rule = "must be at least 1";
        NonZeroU32::new(number).ok_or(SettingsError::Range { name, rule })
    };
    let window_s = number("rate_limits.window_s", rates.window_s)?;
    let principal = number("rate_limits.principal_requests", rates.principal_requests)?;
    let project = number("rate_limits.project_requests", rates.project_requests)?;
    let issuers = settings.tokens.issuers.iter().map(issuer).collect::<Result<_, _>>()?;
    Ok(access::Settings {
        audience: settings.tokens.audience.clone(),
        issuer: settings.tokens.issuer.clone(),
        issuers,
        oversight: settings.oversight.project.clone(),
        principal_rate: Rate { burst: principal, window_s },
        project_rate: Rate { burst: project, window_s },
        parallel: number("rate_limits.parallel", rates.parallel)?,
        daily_budget: settings.daily_budget,
        limits: settings.limits,
        limits_max: settings.limits_max,
    })
}

/// One other issuer.
fn issuer(settings: &IssuerSettings) -> Result<access::IssuerSettings, SettingsError> {
    let fault = |name, rule| SettingsError::Range { name, rule };
    let algorithm = Algorithm::parse(&settings.algorithm)
        .map_err(|_| fault("tokens.issuers.algorithm", "must be EdDSA, ES256, PS256 or RS256"))?;
    let keys = match (&settings.jwks_file, &settings.jwks_url) {
        (Some(file), None) => KeySource::File(file.clone()),
        (None, Some(url)) => KeySource::Url(
            url.parse().map_err(|_| fault("tokens.issuers.jwks_url", "must be an address"))?,
        ),
        _ => return Err(fault("tokens.issuers", "needs either jwks_file or jwks_url")),
    };
    let roles = settings.roles.clone().unwrap_or_else(|| BTreeSet::from([Role::Researcher]));
    Ok(access::IssuerSettings { issuer: settings.issuer.clone(), algorithm, keys, roles })
}
