//! What an operator may choose, with a default for everything.
//!
//! # Invariant
//! `settings/reference.toml`, which `init` writes into a new data folder, names every setting
//! with its default; a test reads it back and compares.

mod catalogue;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use domain::limits::DailyBudget;
use domain::{Limits, LimitsPatch, ProjectId, Role};
use sandbox::Level;
use serde::{Deserialize, Deserializer, Serialize};

use crate::http::problem::PROBLEM_BASE_URL;

pub use catalogue::CatalogueSettings;

/// The commented file that `init` writes: every setting with its default.
pub const REFERENCE: &str = include_str!("settings/reference.toml");

/// The configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file cannot be read.
    #[error("cannot read the configuration {path}")]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is no TOML, or has a setting that does not exist, or a value of the wrong kind.
    #[error("the configuration {path} is not understood")]
    Parse {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: Box<toml::de::Error>,
    },
    /// A value lies outside what makes sense.
    #[error("the setting {name} {rule}")]
    Range {
        /// Which setting.
        name: &'static str,
        /// What it must be.
        rule: &'static str,
    },
}

/// Everything an operator may choose.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Where the gateway listens.
    pub listen: SocketAddr,
    /// Where metrics are served, if not beside everything else.
    pub metrics_listen: Option<SocketAddr>,
    /// The address that callers know it by, where that is not where it listens.
    pub public_url: Option<String>,
    /// The base of problem types; each is a page of `docs/problems/`.
    pub problem_base_url: String,
    /// Who publishes, as catalogues tell it.
    pub catalogue: CatalogueSettings,
    /// Certificate and key, where no proxy ends TLS.
    pub tls: Option<TlsSettings>,
    /// Connections and bodies.
    pub http: HttpSettings,
    /// The visitors' book.
    pub log: LogSettings,
    /// Who may come in.
    pub tokens: TokenSettings,
    /// Requests per time.
    pub rate_limits: RateSettings,
    /// What a project may use in one UTC day.
    pub daily_budget: DailyBudget,
    /// The limits of a query where its grants say nothing else.
    #[serde(deserialize_with = "read_limits")]
    pub limits: Limits,
    /// The limits that no grant may exceed.
    #[serde(deserialize_with = "read_limits_max")]
    pub limits_max: Limits,
    /// The processes that plan and run queries.
    pub workers: WorkerSettings,
    /// Stored answers.
    pub results: ResultSettings,
    /// The publish path.
    pub publish: PublishSettings,
    /// What the law takes out.
    pub redaction: RedactionSettings,
    /// The standing project of regulators and auditors.
    pub oversight: OversightSettings,
}

/// The limits that no grant may exceed unless the operator says otherwise.
const LIMITS_MAX: Limits = Limits {
    wall_ms: 10 * 60 * 1_000,
    memory_bytes: 4 << 30,
    spill_bytes: 64 << 30,
    scan_bytes: 1 << 40,
    rows: 100_000_000,
    bytes: 16 << 30,
};

/// Reads some of the limits; the others keep their defaults.
fn read_limits<'de, D: Deserializer<'de>>(source: D) -> Result<Limits, D::Error> {
    Ok(Limits::default().replaced_by(&LimitsPatch::deserialize(source)?))
}

/// Reads some of the highest limits; the others keep their defaults.
fn read_limits_max<'de, D: Deserializer<'de>>(source: D) -> Result<Limits, D::Error> {
    Ok(LIMITS_MAX.replaced_by(&LimitsPatch::deserialize(source)?))
}

/// Certificate and key for TLS, as PEM files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsSettings {
    /// The certificate chain.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// Connections and bodies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HttpSettings {
    /// Threads that serve connections; 0 is one for each core.
    pub threads: usize,
    /// How long a request's head may take to arrive.
    pub head_timeout_s: u64,
    /// How long an idle connection stays open.
    pub keep_alive_s: u64,
    /// How long running queries may go on when the server is told to stop.
    pub shutdown_grace_s: u64,
}

/// The visitors' book.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogSettings {
    /// The origin of its checkpoints (C2SP tlog-checkpoint); never change it once set.
    pub origin: String,
}

/// Who may come in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TokenSettings {
    /// The `aud` that tokens must contain.
    pub audience: String,
    /// The `iss` of the embedded issuer.
    pub issuer: String,
    /// Other issuers whose tokens are taken.
    pub issuers: Vec<IssuerSettings>,
}

/// One other issuer; its keys come from a file or from an address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IssuerSettings {
    /// Its `iss`.
    pub issuer: String,
    /// The one algorithm of its tokens: `EdDSA`, `ES256`, `PS256` or `RS256`.
    pub algorithm: String,
    /// A JWKS file.
    #[serde(default)]
    pub jwks_file: Option<PathBuf>,
    /// The address of a JWKS, `https` or on this machine.
    #[serde(default)]
    pub jwks_url: Option<String>,
    /// The roles that it may give; all of them unless given.
    #[serde(default)]
    pub roles: Option<BTreeSet<Role>>,
}

/// Requests per time: burst and the time in which it refills.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RateSettings {
    /// Requests of one principal.
    pub principal_requests: u32,
    /// Requests of one project.
    pub project_requests: u32,
    /// The time in which either refills.
    pub window_s: u32,
    /// Queries of one project at one time.
    pub parallel: u32,
}

/// The processes that plan and run queries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WorkerSettings {
    /// The program whose `worker` command is spawned; this program unless given.
    pub executable: Option<PathBuf>,
    /// Most workers at one time.
    pub workers_max: usize,
    /// Workers kept warm and unassigned.
    pub warm: usize,
    /// An idle worker ends after this.
    pub idle_s: u64,
    /// A worker ends after this many queries.
    pub queries_per_worker_max: u64,
    /// How long a worker may plan one query before it is killed.
    pub plan_ms_max: u64,
    /// Most queries that wait for a worker.
    pub queue_max: usize,
    /// How long a query waits for a worker.
    pub queue_wait_ms: u64,
    /// Threads of one worker.
    pub threads: usize,
    /// Most publications at one time.
    pub publishers_max: usize,
    /// How much of the wall must stand around each worker: `strict`, `best-effort`, `off`.
    pub sandbox: Level,
}

/// Stored answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ResultSettings {
    /// How long an answer can be fetched again.
    pub keep_hours: u64,
}

/// The publish path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PublishSettings {
    /// Most bytes of one delivery.
    pub source_bytes_max: u64,
    /// Most bytes that a delivery may grow to when decompressed.
    pub expanded_bytes_max: u64,
    /// Rows that may be rejected before the whole delivery is.
    pub rejects_max: u64,
    /// Memory for sorting and joining.
    pub memory_bytes: u64,
    /// Disk for sorting and joining.
    pub spill_bytes: u64,
    /// Longest time of one publication; of an edition, for each dataset.
    pub wall_s: u64,
    /// Whether whoever published a snapshot cannot activate it.
    pub activation_by_another: bool,
}

/// What the law takes out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RedactionSettings {
    /// Within how many days files must have been written anew.
    pub compact_within_days: u32,
}

/// The standing project of regulators and auditors.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OversightSettings {
    /// Its id.
    pub project: ProjectId,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            metrics_listen: None,
            public_url: None,
            problem_base_url: PROBLEM_BASE_URL.to_owned(),
            catalogue: CatalogueSettings::default(),
            tls: None,
            http: HttpSettings::default(),
            log: LogSettings::default(),
            tokens: TokenSettings::default(),
            rate_limits: RateSettings::default(),
            daily_budget: DailyBudget::default(),
            limits: Limits::default(),
            limits_max: LIMITS_MAX,
            workers: WorkerSettings::default(),
            results: ResultSettings::default(),
            publish: PublishSettings::default(),
            redaction: RedactionSettings::default(),
            oversight: OversightSettings::default(),
        }
    }
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self { threads: 0, head_timeout_s: 10, keep_alive_s: 75, shutdown_grace_s: 30 }
    }
}

impl Default for LogSettings {
    fn default() -> Self {
        Self { origin: "reading-room.example/log".to_owned() }
    }
}

impl Default for TokenSettings {
    fn default() -> Self {
        Self {
            audience: "reading-room".to_owned(),
            issuer: "https://reading-room.example".to_owned(),
            issuers: Vec::new(),
        }
    }
}

impl Default for RateSettings {
    fn default() -> Self {
        Self { principal_requests: 60, project_requests: 300, window_s: 60, parallel: 3 }
    }
}

impl Default for WorkerSettings {
    fn default() -> Self {
        Self {
            executable: None,
            workers_max: 8,
            warm: 1,
            idle_s: 300,
            queries_per_worker_max: 1_000,
            plan_ms_max: 2_000,
            queue_max: 64,
            queue_wait_ms: 10_000,
            threads: 2,
            publishers_max: 1,
            sandbox: Level::Strict,
        }
    }
}

impl Default for ResultSettings {
    fn default() -> Self {
        Self { keep_hours: 24 }
    }
}

impl Default for RedactionSettings {
    fn default() -> Self {
        Self { compact_within_days: 30 }
    }
}

impl Default for PublishSettings {
    fn default() -> Self {
        Self {
            source_bytes_max: 64 << 30,
            expanded_bytes_max: 1 << 40,
            rejects_max: 0,
            memory_bytes: 1 << 30,
            spill_bytes: 64 << 30,
            wall_s: 6 * 60 * 60,
            activation_by_another: false,
        }
    }
}

impl Default for OversightSettings {
    fn default() -> Self {
        Self { project: ProjectId::parse("p-oversight").expect("invariant: it is a project id") }
    }
}

impl Settings {
    /// Reads the configuration of a file.
    ///
    /// # Errors
    /// When it cannot be read, names a setting that does not exist, or gives one a value that
    /// makes no sense.
    pub fn load(path: &Path) -> Result<Self, SettingsError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| SettingsError::Read { path: path.to_owned(), source })?;
        let settings: Self = toml::from_str(&text).map_err(|source| SettingsError::Parse {
            path: path.to_owned(),
            source: Box::new(source),
        })?;
        settings.check()?;
        Ok(settings)
    }

    /// Checks what the types cannot.
    ///
    /// # Errors
    /// The first setting whose value makes no sense.
    pub fn check(&self) -> Result<(), SettingsError> {
        let at_least_one = "must be at least 1";
        let rules = [
            ("rate_limits.principal_requests", self.rate_limits.principal_requests > 0),
            ("rate_limits.project_requests", self.rate_limits.project_requests > 0),
            ("rate_limits.window_s", self.rate_limits.window_s > 0),
            ("rate_limits.parallel", self.rate_limits.parallel > 0),
            ("workers.workers_max", self.workers.workers_max > 0),
            ("workers.threads", self.workers.threads > 0),
            ("workers.publishers_max", self.workers.publishers_max > 0),
            ("results.keep_hours", self.results.keep_hours > 0),
        ];
        if let Some((name, _)) = rules.into_iter().find(|(_, holds)| !holds) {
            return Err(SettingsError::Range { name, rule: at_least_one });
        }
        if self.limits.min(&self.limits_max) != self.limits {
            let rule = "must not exceed limits_max";
            return Err(SettingsError::Range { name: "limits", rule });
        }
        if self.log.origin.is_empty()
            || self.log.origin.chars().any(|c| c.is_whitespace() || c == '+')
        {
            let rule = "must be a name without spaces and plus signs";
            return Err(SettingsError::Range { name: "log.origin", rule });
        }
        if let Some((name, rule)) = self.catalogue.broken_rule() {
            return Err(SettingsError::Range { name, rule });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The reference with its settings taken out of their comments: `#name = …` and `#[table]`.
    fn uncommented(optional: bool) -> String {
        REFERENCE
            .lines()
            .filter_map(|line| match line.strip_prefix("#?") {
                Some(setting) => optional.then_some(setting),
                None => line.strip_prefix('#').filter(|rest| !rest.starts_with(' ')),
            })
            .collect::<Vec<_>>()
            .join("\n")
    }

    #[test]
    fn the_reference_names_every_setting_with_its_default() {
        let read: Settings = toml::from_str(&uncommented(false)).unwrap();
        assert_eq!(read, Settings::default());

        let named: toml::Table = toml::from_str(&uncommented(true)).unwrap();
        let all = toml::Table::try_from(Settings::default()).unwrap();
        for (name, value) in all {
            assert!(named.contains_key(&name), "{name}");
            for inner in value.as_table().into_iter().flat_map(toml::Table::keys) {
                assert!(named[&name].as_table().unwrap().contains_key(inner), "{name}.{inner}");
            }
        }
    }

    #[test]
    fn the_reference_as_it_is_written_changes_nothing() {
        let read: Settings = toml::from_str(REFERENCE).unwrap();

        assert_eq!(read, Settings::default());
    }

    #[test]
    fn a_setting_that_does_not_exist_is_an_error() {
        assert!(toml::from_str::<Settings>("[limits]\nwall_seconds = 3").is_err());
        assert!(toml::from_str::<Settings>("listn = \"127.0.0.1:1\"").is_err());
    }

    #[test]
    fn limits_must_lie_within_their_maxima() {
        let mut settings = Settings::default();
        settings.limits.rows = settings.limits_max.rows + 1;

        assert!(settings.check().is_err());
    }
}
