//! Everything one data folder needs, opened together and closed together.
//!
//! # Invariant
//! One process owns a data folder at a time. What the registry, the budgets and the query records
//! hold is what the log says.
//!
//! # Rooms
//! - [`folder`]: the folder, its mark and its lock; [`keys`]: what signs;
//!   [`pseudonyms`]: what hides identifiers.
//! - [`open`]: opening, in the one order that works; [`replay`]: what the log tells at the start.
//! - [`tasks`]: what is done from time to time; [`observe`]: what the rooms tell the metrics.

pub mod folder;
pub mod keys;
mod observe;
pub mod open;
mod pseudonyms;
mod replay;
mod tasks;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use access::Access;
use audit::Audit;
use audit::event::{Actor, Attribution};
use catalogue::Catalogue;
use domain::{Clock, Principal, ProjectId, PseudonymKey, RequestId, Role, Subject};
use sandbox::Pool;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

pub use folder::{FolderError, InitError};
pub use open::OpenError;

use folder::DataFolder;
use keys::PublicKeys;
use pseudonyms::PseudonymMaster;

use crate::ask::Running;
use crate::flood::Flood;
use crate::http::door::caller::{Caller, Operator};
use crate::http::door::request::RequestContext;
use crate::metrics::Metrics;
use crate::publish::Publications;
use crate::records::Records;
use crate::settings::Settings;
use crate::spool::Spool;

/// One open data folder: keys, catalogue, registry, log, workers.
pub struct Application {
    settings: Settings,
    clock: Arc<dyn Clock>,
    metrics: Metrics,
    keys: PublicKeys,
    pseudonyms: PseudonymMaster,
    catalogue: Catalogue,
    access: Arc<Access>,
    pool: Pool,
    spool: Spool,
    records: Records,
    running: Running,
    publications: Publications,
    flood: Flood,
    /// Held shared while an answer is released, alone while something is taken out by law.
    redaction_gate: tokio::sync::RwLock<()>,
    is_closing: AtomicBool,
    own_urls: OnceLock<Vec<String>>,
    /// Where queries and publications go their way, apart from the connections.
    runtime: Option<Runtime>,
    /// After the pool, so that every outcome still finds it.
    audit: Audit,
    /// Last, so that nobody else opens the folder before all else is closed.
    folder: DataFolder,
}

impl Application {
    /// The folder that it owns.
    #[must_use]
    pub fn data_dir(&self) -> &Path {
        self.folder.path()
    }

    /// What the operator chose.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What tells the time.
    #[must_use]
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// What a Prometheus server may count.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// The public halves of the keys of log and manifests.
    #[must_use]
    pub fn keys(&self) -> &PublicKeys {
        &self.keys
    }

    /// The key under which a project sees identifiers.
    pub(crate) fn pseudonym_key(&self, project: &ProjectId) -> PseudonymKey {
        self.pseudonyms.of(project)
    }

    /// Which datasets, snapshots and editions there are.
    #[must_use]
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// Who may ask what, how often.
    #[must_use]
    pub fn access(&self) -> &Arc<Access> {
        &self.access
    }

    /// The visitors' book.
    #[must_use]
    pub fn audit(&self) -> &Audit {
        &self.audit
    }

    /// The workers.
    #[must_use]
    pub fn pool(&self) -> &Pool {
        &self.pool
    }

    /// The stored answers.
    #[must_use]
    pub fn spool(&self) -> &Spool {
        &self.spool
    }

    /// Where queries stand in the log.
    #[must_use]
    pub fn records(&self) -> &Records {
        &self.records
    }

    /// Which queries run now.
    #[must_use]
    pub fn running(&self) -> &Running {
        &self.running
    }

    /// Which publications are on their way, and what became of those that ended.
    #[must_use]
    pub fn publications(&self) -> &Publications {
        &self.publications
    }

    /// Keeps answers from being released while something is taken out of what they read.
    pub(crate) fn redaction_gate(&self) -> &tokio::sync::RwLock<()> {
        &self.redaction_gate
    }

    /// Requests without a valid token.
    pub(crate) fn flood(&self) -> &Flood {
        &self.flood
    }

    /// Sends a task on its way, apart from any connection.
    pub(crate) fn spawn<F>(&self, task: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        let runtime = self.runtime.as_ref();
        runtime.expect("invariant: the runtime goes only when the application does").spawn(task)
    }

    /// Whether nothing new is begun any more.
    #[must_use]
    pub fn is_closing(&self) -> bool {
        self.is_closing.load(Ordering::Acquire)
    }

    /// Begins nothing new, lets what runs come to its end for a while, then stops it.
    pub async fn close(&self, grace: Duration) {
        self.is_closing.store(true, Ordering::Release);
        let idle = || async { tokio::join!(self.running.idle(), self.publications.idle()) };
        if tokio::time::timeout(grace, idle()).await.is_err() {
            tracing::warn!("queries or publications still run after the grace; they are stopped");
            self.running.stop_all();
            self.publications.stop_all();
            // Their outcomes are entries; a worker that does not die is none of our time.
            let _ = tokio::time::timeout(CLOSING_PATIENCE, idle()).await;
        }
        self.note_flood().await;
        if self.audit.log().seal_now().is_err() {
            tracing::error!("the log could not be sealed");
        }
    }

    /// Who acts, as the log knows it.
    #[must_use]
    pub fn attribution(&self, caller: &Caller, request: &RequestContext) -> Attribution {
        match caller {
            Caller::Principal(principal) => self.attribution_of(principal, &request.id),
            Caller::Operator(operator) => Attribution {
                request_id: Some(request.id.clone()),
                actor: Some(Actor {
                    subject: operator_subject(operator),
                    role: "operator".to_owned(),
                    project: None,
                    organisation: None,
                }),
            },
        }
    }

    /// Which principal acts, as the log knows it.
    pub(crate) fn attribution_of(&self, principal: &Principal, request: &RequestId) -> Attribution {
        let project = principal.project.as_ref();
        let actor = self.actor(&principal.subject, principal.role, project);
        Attribution { request_id: Some(request.clone()), actor: Some(actor) }
    }

    /// Someone in a role, as the log knows them.
    pub(crate) fn actor(
        &self,
        subject: &Subject,
        role: Role,
        project: Option<&ProjectId>,
    ) -> Actor {
        let applied = project.and_then(|project| self.access.project(project));
        Actor {
            subject: subject.clone(),
            role: role.as_str().to_owned(),
            project: project.cloned(),
            organisation: applied.map(|project| project.organisation),
        }
    }

    /// The addresses of this server: the one that the operator gave it, and those it listens on.
    pub(crate) fn own_urls(&self) -> &[String] {
        self.own_urls.get().map_or(&[], Vec::as_slice)
    }

    /// Notes where it is served; the first time counts.
    pub(crate) fn note_addresses(&self, addresses: &[SocketAddr]) {
        let scheme = if self.settings.tls.is_some() { "https" } else { "http" };
        let urls = addresses.iter().flat_map(|address| {
            let port = address.port();
            let by_name =
                address.ip().is_loopback().then(|| format!("{scheme}://localhost:{port}"));
            std::iter::once(format!("{scheme}://{address}")).chain(by_name)
        });
        let urls = self.settings.public_url.iter().cloned().chain(urls).collect();
        // A second server on the same folder is impossible: it has one owner.
        let _ = self.own_urls.set(urls);
    }
}

/// How long the outcomes of stopped queries may take to become durable.
const CLOSING_PATIENCE: Duration = Duration::from_secs(10);

/// The operator as a subject: `operator:<user id>`, and the name it gave itself.
fn operator_subject(operator: &Operator) -> Subject {
    let by_id = format!("operator:{}", operator.user_id);
    let named = operator.actor.as_ref().map(|actor| format!("{by_id}:{actor}"));
    let named = named.and_then(|named| Subject::parse(&named).ok());
    named.unwrap_or_else(|| {
        Subject::parse(&by_id).expect("invariant: a number makes a visible subject")
    })
}

impl Drop for Application {
    fn drop(&mut self) {
        self.pool.stop();
        if let Some(runtime) = self.runtime.take() {
            // A runtime may not be waited for inside another.
            runtime.shutdown_background();
        }
    }
}
