//! The one door of this room: everything that is asked about access, in the words of the gateway.
//!
//! # Invariant
//! What is asked here is answered from memory; only [`Access::authenticate`] may wait, for an
//! issuer's new key, and only [`Access::apply`], [`Turn::apply`] and [`Access::assertion`] write.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use domain::change::Change;
use domain::limits::Usage;
use domain::project::{LegalBasis, ProjectState};
use domain::{
    Clock, Codebook, Date, Grant, Limits, LimitsPatch, Member, OrganisationId, Principal, Project,
    ProjectId, Role, Subject, Timestamp, Verdict,
};
use serde_json::Value;

use crate::assertion::{AssertionError, Assertions, Assertor};
use crate::authorize::{Authorized, Denial, Grants, Reserved, Scope, authorize};
use crate::issuer::{
    EmbeddedIssuer, IssueRefused, IssuedToken, IssuerKey, IssuerRefused, Issuers, TokenOrder,
};
use crate::limit::{Budgets, LimitReached, PolicyState, RateClock, RateDecision, RateLimits};
use crate::registry::{GrantWarning, ProjectPage, Registry, RegistryError, Rules, Turn, warnings};
use crate::revocation::Standing;
use crate::settings::Settings;
use crate::token::{Expected, Signed, TokenRefused, Unauthenticated, read_principal, text};

/// What access is opened with.
pub struct Options {
    /// The file of the registry; made if it is not there.
    pub registry: PathBuf,
    /// What the operator decides.
    pub settings: Settings,
    /// The key of the embedded issuer.
    pub issuer_key: IssuerKey,
    /// All datasets that there are.
    pub codebooks: Vec<Codebook>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The time that rates are measured in.
    pub rate_clock: RateClock,
}

/// Access cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// An issuer cannot be used.
    #[error(transparent)]
    Issuer(#[from] IssuerRefused),
    /// The registry cannot be opened.
    #[error(transparent)]
    Registry(#[from] RegistryError),
}

/// Who may ask what, how often.
pub struct Access {
    audience: String,
    embedded: EmbeddedIssuer,
    issuers: Issuers,
    registry: Registry,
    rules: Rules,
    grants: Grants,
    rates: RateLimits,
    budgets: Arc<Budgets>,
    turns: tokio::sync::Mutex<()>,
    clock: Arc<dyn Clock>,
}

impl Access {
    /// Opens the registry, reads the issuers' files, and starts counting.
    ///
    /// # Errors
    /// When the registry or an issuer cannot be used.
    pub fn open(options: Options) -> Result<Self, OpenError> {
        let Options { registry, settings, issuer_key, codebooks, clock, rate_clock } = options;
        let name = settings.issuer.clone();
        let embedded = EmbeddedIssuer::new(name, settings.audience.clone(), issuer_key);
        let issuers = Issuers::open(&settings.issuers, &embedded)?;
        let registry = Registry::open(&registry)?;
        let named = codebooks.into_iter().map(|codebook| (codebook.name.clone(), codebook));
        let codebooks: Arc<BTreeMap<_, _>> = Arc::new(named.collect());
        let rules = Rules {
            codebooks: Arc::clone(&codebooks),
            oversight: settings.oversight.clone(),
            limits_max: settings.limits_max,
        };
        let oversight = Arc::new(standing_project(settings.oversight));
        let grants = Grants { codebooks, oversight, limits: settings.limits };
        let rates = RateLimits::new(settings.principal_rate, settings.project_rate, &rate_clock);
        let parallel = settings.parallel.get();
        let budgets = Budgets::new(settings.daily_budget, parallel, Arc::clone(&clock));
        let budgets = Arc::new(budgets);
        let (audience, turns) = (settings.audience, tokio::sync::Mutex::new(()));
        Ok(Self {
            audience,
            embedded,
            issuers,
            registry,
            rules,
            grants,
            rates,
            budgets,
            turns,
            clock,
        })
    }

    /// Says whose token this is, if every check passes.
    ///
    /// # Order
    /// The signature is checked before any claim but `iss` is looked at, membership last.
    ///
    /// # Errors
    /// One and the same for every check; the reason is for the log.
    pub async fn authenticate(&self, bearer: &str) -> Result<Principal, Unauthenticated> {
        let signed = Signed::parse(bearer)?;
        if signed.kind()?.as_deref() != Some("at+jwt") {
            return Err(TokenRefused::Kind.into());
        }
        let key_id = signed.key_id()?.ok_or(TokenRefused::KeyIdMissing)?;
        let claims = signed.claims()?;
        let issuer = self.issuers.get(text(&claims, "iss")?)?;
        let key = issuer.key(key_id, self.clock.now()).await?;
        signed.verify(&key)?;
        let now = self.clock.now();
        let expected = Expected { audience: &self.audience, roles: issuer.roles(), now };
        Ok(self.admit(read_principal(&claims, &expected)?)?)
    }

    /// Checks what the registry knows of a token, and names the project it acts for.
    fn admit(&self, mut principal: Principal) -> Result<Principal, TokenRefused> {
        let held = self.registry.held();
        if held.is_token_revoked(&principal.token_id) {
            return Err(TokenRefused::TokenRevoked);
        }
        if held.is_subject_revoked(&principal.subject, principal.issued_at) {
            return Err(TokenRefused::SubjectRevoked);
        }
        match principal.role {
            Role::Researcher => {
                let holding = principal.project.as_ref().and_then(|id| held.holding(id));
                let is_member =
                    holding.is_some_and(|holding| holding.members.contains_key(&principal.subject));
                if !is_member {
                    return Err(TokenRefused::NotMember);
                }
            }
            Role::Regulator | Role::Auditor => {
                principal.project = Some(self.rules.oversight.clone());
            }
            Role::Steward | Role::Registrar => {}
        }
        Ok(principal)
    }

    /// Issues a token of the embedded issuer.
    ///
    /// # Errors
    /// When nobody of that kind could use it.
    pub fn issue(&self, order: &TokenOrder) -> Result<IssuedToken, IssueRefused> {
        let held = self.registry.held();
        match (order.role, &order.project) {
            (Role::Researcher, None) => return Err(IssueRefused::ProjectMissing),
            (Role::Researcher, Some(project)) => {
                let unknown = || IssueRefused::ProjectUnknown { project: project.clone() };
                let holding = held.holding(project).ok_or_else(unknown)?;
                if !holding.members.contains_key(&order.subject) {
                    let (subject, project) = (order.subject.clone(), project.clone());
                    return Err(IssueRefused::NotMember { subject, project });
                }
            }
            (role, Some(_)) => return Err(IssueRefused::ProjectNotForRole { role }),
            (_, None) => {}
        }
        let issued_at = held.earliest_issue(&order.subject, self.clock.now());
        self.embedded.issue(order, issued_at)
    }

    /// The keys of the embedded issuer, as a JWK set.
    #[must_use]
    pub fn jwks(&self) -> Value {
        self.embedded.jwks()
    }

    /// Says which member signed a client assertion, and takes it once.
    ///
    /// `own_urls` are addresses of this server as the operator knows them, never as the caller
    /// writes them.
    ///
    /// # Errors
    /// When it is not valid, or could not be remembered.
    pub fn assertion(
        &self,
        assertion: &str,
        own_urls: &[String],
    ) -> Result<Assertor, AssertionError> {
        let is_us = |audience: &str| {
            audience == self.audience
                || audience == self.embedded.name()
                || own_urls.iter().any(|url| is_endpoint_of(audience, url))
        };
        Assertions { registry: &self.registry, now: self.clock.now() }.take(assertion, is_us)
    }

    /// Waits for the registrar's turn, to check, log and apply a change.
    pub async fn turn(&self) -> Turn<'_> {
        let only = self.turns.lock().await;
        Turn::new(&self.registry, &self.rules, &*self.clock, only)
    }

    /// Applies the change of the log's entry with an index; again is as good as once.
    ///
    /// # Errors
    /// When it cannot be kept on disk; it holds all the same.
    pub fn apply(&self, index: u64, change: &Change) -> Result<(), RegistryError> {
        self.registry.apply(index, change)
    }

    /// Notes that no entry before a tree size concerns the registry any more, so that the next
    /// start need not read them.
    ///
    /// # Errors
    /// When that cannot be kept on disk.
    pub fn note_applied(&self, tree_size: u64) -> Result<(), RegistryError> {
        self.registry.note_applied(tree_size)
    }

    /// The tree size up to which the log was applied: the next entry to replay.
    #[must_use]
    pub fn applied(&self) -> u64 {
        self.registry.held().applied()
    }

    /// One project; the standing oversight project too.
    #[must_use]
    pub fn project(&self, id: &ProjectId) -> Option<Project> {
        if *id == self.rules.oversight {
            return Some(Project::clone(&self.grants.oversight));
        }
        self.registry.held().holding(id).map(|holding| holding.project.clone())
    }

    /// A page of the registry's projects, in the order of their ids.
    #[must_use]
    pub fn projects(&self, page: ProjectPage<'_>) -> Vec<Project> {
        self.registry.held().page(page)
    }

    /// The members of a project, in the order of their subjects.
    #[must_use]
    pub fn members(&self, project: &ProjectId) -> Vec<Member> {
        let held = self.registry.held();
        let holding = held.holding(project);
        holding.map(|holding| holding.members.values().cloned().collect()).unwrap_or_default()
    }

    /// The grants of a project, also those that ended, in the order in which they were given.
    #[must_use]
    pub fn grants(&self, project: &ProjectId) -> Vec<Grant> {
        let held = self.registry.held();
        held.holding(project).map(|holding| holding.grants.clone()).unwrap_or_default()
    }

    /// Which pseudonyms a grant undoes, with what its project holds beside it.
    #[must_use]
    pub fn warnings(&self, grant: &Grant) -> Vec<GrantWarning> {
        let held = self.grants(&grant.project);
        warnings(&self.rules.codebooks, &held, grant, self.clock.today())
    }

    /// The projects under which a subject works.
    #[must_use]
    pub fn memberships(&self, subject: &Subject) -> Vec<ProjectId> {
        let held = self.registry.held();
        held.memberships(subject).map(|holding| holding.project.id.clone()).collect()
    }

    /// The limits of a query where its grants say nothing else.
    #[must_use]
    pub fn default_limits(&self) -> &Limits {
        &self.grants.limits
    }

    /// What a principal may consult now.
    ///
    /// # Errors
    /// Why it may ask nothing at all.
    pub fn scope(&self, principal: &Principal) -> Result<Scope, Denial> {
        let held = self.registry.held();
        let now = self.clock.now();
        Standing::of(principal).check(&held, now)?;
        self.grants.scope(&held, principal, now.date())
    }

    /// Checks a verdict against what the principal may consult now; `planned` is the scope that
    /// the question was planned with. Beside the verdict are the codebooks that the snapshots it
    /// scans kept to, in its order.
    ///
    /// # Errors
    /// The first dataset, column or limit that is outside.
    pub fn authorize(
        &self,
        principal: &Principal,
        planned: &Scope,
        verdict: (Verdict, &[&Codebook]),
        asked: &LimitsPatch,
    ) -> Result<Authorized, Denial> {
        authorize(principal, planned, &self.scope(principal)?, verdict, asked)
    }

    /// Keeps a place in the project's budgets for an authorized query.
    ///
    /// # Errors
    /// The first budget that has no room for it.
    pub fn reserve(&self, authorized: Authorized) -> Result<Reserved, LimitReached> {
        let scan_bytes = authorized.verdict().scan_bytes;
        let reservation = self.budgets.reserve(&authorized.project().id, scan_bytes)?;
        Ok(Reserved::new(authorized, reservation))
    }

    /// Charges what the log says was used on a day; at start, for the outcomes of today.
    pub fn charge_replay(&self, project: &ProjectId, day: Date, usage: Usage) {
        self.budgets.charge(project, day, usage);
    }

    /// Ends when something that a running query rests on is taken back, and says what.
    pub async fn withdrawn(&self, standing: Standing) -> Denial {
        let mut changes = self.registry.changes();
        loop {
            let checked = standing.check(&self.registry.held(), self.clock.now());
            if let Err(denial) = checked {
                return denial;
            }
            if changes.changed().await.is_err() {
                // No registry, no changes.
                std::future::pending::<()>().await;
            }
        }
    }

    /// Counts one request of a principal, and says whether it may go on.
    #[must_use]
    pub fn rate(&self, principal: &Principal) -> RateDecision {
        let mut decision = self.rates.count(principal);
        if let Some(project) = &principal.project {
            decision.policies.extend(self.budgets.quotas());
            decision.states.extend(self.budgets.left(project));
        }
        decision
    }

    /// What is left of a project's budgets.
    #[must_use]
    pub fn left(&self, project: &ProjectId) -> Vec<PolicyState> {
        self.budgets.left(project).to_vec()
    }

    /// Fetches the keys of issuers' addresses that are due; for once at start and every minute.
    pub async fn refresh_keys(&self) {
        self.issuers.refresh(self.clock.now()).await;
    }

    /// Forgets counts that say nothing any more; for every minute.
    pub fn forget_idle(&self) {
        self.rates.forget_idle();
        self.budgets.forget_idle();
    }
}

/// Whether an audience is a server's address or its token endpoint.
fn is_endpoint_of(audience: &str, url: &str) -> bool {
    let url = url.trim_end_matches('/');
    audience.strip_prefix(url).is_some_and(|rest| matches!(rest, "" | "/" | "/v1/token"))
}

/// The standing project of regulators and auditors, which no registrar keeps.
///
/// # Source
/// DSA Art. 93(2): the regulation applies from 17 February 2024.
fn standing_project(id: ProjectId) -> Project {
    let applies = Date::from_ymd_opt(2024, 2, 17).unwrap_or_default();
    Project {
        id,
        title: "Oversight".to_owned(),
        purpose: "Supervision of the platform under the Digital Services Act".to_owned(),
        organisation: OrganisationId::parse("o-oversight").expect("invariant: it is an id"),
        legal_basis: LegalBasis::Oversight,
        request_id: "standing".to_owned(),
        applied: applies,
        decided: applies,
        valid_from: applies,
        valid_until: Date::from_ymd_opt(9999, 12, 31).unwrap_or_default(),
        state: ProjectState::Active,
        created_at: Timestamp::start_of(applies),
    }
}
