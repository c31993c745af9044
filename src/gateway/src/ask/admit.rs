//! Everything before the run: may it be asked, what would it do, is there budget, is it logged.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use access::{Authorized, Denial, Reserved, Scope, Standing};
use audit::entry::{Denied, Intent};
use audit::event::QuestionText;
use audit::{Attribution, Event};
use catalogue::{Snapshot, Withdrawn};
use domain::{Codebook, DatasetName, Notice, QueryId, Sha256Digest, Verdict, canonical};
use ledger::LeafIndex;
use sandbox::{Lease, NoVerdict};

use crate::Application;
use crate::ask::question::{self, Prepared};
use crate::ask::running::RunningQuery;
use crate::ask::{AskError, Asking};
use crate::withdraw::check_standing;

/// Longest parameters that are kept of a question that was refused, in bytes: of longer ones only
/// the length, or a broken script that asks in a loop would fill the log.
const REFUSED_PARAMETERS_BYTES_MAX: usize = 64 << 10;

/// A question that may run: within its grants, within its budget, its intent durable.
pub(crate) struct Admitted {
    pub(crate) admission: Admission,
    pub(crate) lease: Lease,
}

/// What stays of an admitted question until its outcome.
pub(crate) struct Admission {
    pub(crate) reserved: Reserved,
    pub(crate) prepared: Prepared,
    pub(crate) attribution: Attribution,
    pub(crate) intent: LeafIndex,
    /// What is told with the answer; of the same instant in its body and in its headers.
    pub(crate) notices: Vec<Notice>,
    pub(crate) begun: Instant,
}

/// A question whose verdict is within its grants and its budget; nothing of it is logged yet, so it
/// can be dropped.
struct Vetted {
    lease: Lease,
    prepared: Prepared,
    reserved: Reserved,
    begun: Instant,
}

impl Admission {
    /// What was authorized.
    pub(crate) fn authorized(&self) -> &Authorized {
        self.reserved.authorized()
    }

    /// The snapshots that will be scanned, each once.
    pub(crate) fn snapshots(&self) -> Vec<Arc<Snapshot>> {
        self.prepared.scanned(self.authorized().verdict())
    }
}

impl Application {
    /// Admits a question.
    ///
    /// # Order
    /// Until its intent is written it can be stopped and leave nothing; from then on it is the
    /// run's to stop, since an intent has an outcome.
    ///
    /// # Errors
    /// The first no; nothing has run then.
    pub(crate) async fn admit(
        &self,
        asking: &Asking,
        running: &mut RunningQuery,
    ) -> Result<Admitted, AskError> {
        if self.is_closing() {
            return Err(AskError::Closing);
        }
        // Left unfinished it gives its place in the queue back, and the worker that plans is killed.
        let Vetted { lease, prepared, reserved, begun } = tokio::select! {
            vetted = self.vet(asking) => vetted?,
            denial = self.access().withdrawn(Standing::of(&asking.principal)) => {
                return Err(denial.into());
            }
            stop = running.stopped() => return Err(stop),
        };
        // First noted, then checked: a withdrawal in between finds it, or is found.
        let consulted = prepared.consulted(reserved.authorized().verdict());
        self.running().note_reads(&asking.query, consulted);
        self.check_withdrawn(&prepared, &reserved)?;
        let attribution = self.attribution_of(&asking.principal, &asking.request);
        let intent = self.log_intent(asking, &prepared, &reserved, &attribution).await?;
        let scanned = prepared.scanned(reserved.authorized().verdict());
        let notices = self.notices(scanned.iter().map(|it| (it.dataset(), it.id())));
        let admission = Admission { reserved, prepared, attribution, intent, notices, begun };
        Ok(Admitted { admission, lease })
    }

    /// Waits for a worker, then plans, authorizes and reserves.
    async fn vet(&self, asking: &Asking) -> Result<Vetted, AskError> {
        let begun = Instant::now();
        let scope = self.access().scope(&asking.principal)?;
        let mut prepared = question::prepare(self.catalogue().view(), &scope, asking)?;
        let project = &scope.project().id;
        let mut lease = self.pool().lease(project, self.pseudonym_key(project)).await?;
        self.phase("wait", begun);
        // Who waits for a worker is not charged for it.
        let begun = Instant::now();
        let reserved = self.plan(asking, &scope, &mut prepared, &mut lease).await?;
        Ok(Vetted { lease, prepared, reserved, begun })
    }

    /// Plans, authorizes and reserves.
    async fn plan(
        &self,
        asking: &Asking,
        scope: &Scope,
        prepared: &mut Prepared,
        lease: &mut Lease,
    ) -> Result<Reserved, AskError> {
        let begun = Instant::now();
        let verdict = verdict_on(scope, prepared, lease).await?;
        self.phase("plan", begun);
        let begun = Instant::now();
        let mut authorized = self.authorize(asking, scope, prepared, verdict)?;
        if *authorized.limits() != prepared.question.limits {
            // The grants that are used give less than all grants together: plan within that.
            prepared.question.limits = *authorized.limits();
            let verdict = verdict_on(scope, prepared, lease).await?;
            authorized = self.authorize(asking, scope, prepared, verdict)?;
        }
        let reserved = self.access().reserve(authorized)?;
        self.phase("authorize", begun);
        Ok(reserved)
    }

    /// Checks that nothing that will be read was withdrawn until now.
    pub(super) fn check_withdrawn(
        &self,
        prepared: &Prepared,
        reserved: &Reserved,
    ) -> Result<(), Box<Withdrawn>> {
        let consulted = prepared.consulted(reserved.authorized().verdict());
        let consulted = consulted.iter().map(|(dataset, id)| (dataset, id));
        check_standing(&self.catalogue().view(), consulted).map_err(Box::new)
    }

    /// Authorizes a verdict, by the codebooks that its snapshots kept to.
    fn authorize(
        &self,
        asking: &Asking,
        scope: &Scope,
        prepared: &Prepared,
        verdict: Verdict,
    ) -> Result<Authorized, Denial> {
        let scanned = prepared.scanned(&verdict);
        let kept: Vec<&Codebook> = scanned.iter().map(|snapshot| snapshot.codebook()).collect();
        self.access().authorize(&asking.principal, scope, (verdict, &kept), &asking.limits)
    }

    /// Makes the intent durable.
    async fn log_intent(
        &self,
        asking: &Asking,
        prepared: &Prepared,
        reserved: &Reserved,
        attribution: &Attribution,
    ) -> Result<LeafIndex, AskError> {
        let begun = Instant::now();
        let intent = intent(asking, prepared, reserved, self.pool().wall().level.as_str());
        let event = Event::Intent(Box::new(intent), question_text(asking));
        let index = self.audit().append(attribution, event).await?;
        let project = &reserved.authorized().project().id;
        let scanned = prepared.scanned(reserved.authorized().verdict());
        let used = scanned.iter().map(|snapshot| (snapshot.dataset(), snapshot.id()));
        self.records().begin(project, &asking.query, index, used);
        self.phase("log_intent", begun);
        Ok(index)
    }

    /// Makes the entry of a no durable; the no itself comes back, unless the log fails.
    pub(crate) async fn deny(&self, asking: &Asking, error: AskError) -> AskError {
        let edition = self.catalogue().view().edition(asking.as_of).ok().cloned();
        let denied = Denied {
            operation: "ask".to_owned(),
            code: error.code().to_owned(),
            sql_commitment: None,
            edition: edition.map(|edition| edition.id().clone()),
        };
        let attribution = self.attribution_of(&asking.principal, &asking.request);
        let mut text = question_text(asking);
        if REFUSED_PARAMETERS_BYTES_MAX < text.parameters_json.len() {
            text.parameters_json = format!("\"{} bytes\"", text.parameters_json.len());
        }
        let event = Event::Denied(denied, Some(text));
        match self.audit().append(&attribution, event).await {
            Ok(_) => error,
            Err(failure) => AskError::Log(failure),
        }
    }
}

/// The verdict on a question; what its statement pins is resolved where the worker asks for it.
async fn verdict_on(
    scope: &Scope,
    prepared: &mut Prepared,
    lease: &mut Lease,
) -> Result<Verdict, AskError> {
    loop {
        match lease.plan(&prepared.question).await.map_err(AskError::Worker)? {
            Ok(verdict) => return Ok(verdict),
            Err(NoVerdict::Refused(refusal)) => return Err(refusal.into()),
            Err(NoVerdict::Versions(wanted)) => prepared.pin(scope, wanted)?,
        }
    }
}

/// The text of a question, which only a disclosure shows.
fn question_text(asking: &Asking) -> QuestionText {
    QuestionText { sql: asking.sql.clone(), parameters_json: asking.parameters_json.clone() }
}

/// What the log says of a question that will run.
fn intent(asking: &Asking, prepared: &Prepared, reserved: &Reserved, sandbox: &str) -> Intent {
    let authorized = reserved.authorized();
    let (project, verdict) = (authorized.project(), authorized.verdict());
    let grants = authorized.grants().iter().map(|grant| {
        let digest = canonical::digest(grant).expect("invariant: a grant is plain data");
        (grant.id.clone(), digest)
    });
    let mut snapshots: BTreeMap<DatasetName, Vec<_>> = BTreeMap::new();
    for snapshot in prepared.scanned(verdict) {
        snapshots.entry(snapshot.dataset().clone()).or_default().push(snapshot.reference());
    }
    let mut columns: BTreeMap<DatasetName, Vec<_>> = BTreeMap::new();
    for scan in &verdict.scans {
        let read = columns.entry(scan.dataset.clone()).or_default();
        for column in &scan.columns {
            if !read.contains(column) {
                read.push(column.clone());
            }
        }
    }
    Intent {
        query: QueryId::clone(&asking.query),
        purpose_sha256: Sha256Digest::of(project.purpose.as_bytes()),
        legal_basis: project.legal_basis,
        grants: grants.collect(),
        sql_commitment: None,
        plan_sha256: verdict.plan_sha256,
        edition: prepared.edition.id().clone(),
        snapshots,
        columns,
        mode: asking.purpose.as_str().to_owned(),
        on_limit: asking.on_limit.as_str().to_owned(),
        format: asking.format.media_type().to_owned(),
        limits: *authorized.limits(),
        scan_bytes_estimate: verdict.scan_bytes,
        sandbox: sandbox.to_owned(),
    }
}
