//! A desk with everything on it: an open [`Access`] in a temp folder, a clock that stands still,
//! and an issuer outside whose keys the tests hold.

mod assertion;
mod authorize;
mod budget;
mod claims;
mod forge;
mod genuine;
mod hostile;
mod key_url;
mod rate;
mod registrar;
mod registry;
mod revocation;
mod vectors;
mod warn;

use std::cell::Cell;
use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::sync::Arc;

use domain::change::Change;
use domain::codebook::Class;
use domain::grant::{ColumnScope, RowBounds};
use domain::limits::DailyBudget;
use domain::project::LegalBasis;
use domain::{
    Codebook, DatasetName, Date, FixedClock, Limits, LimitsPatch, OrganisationId, Principal,
    ProjectId, Role, Subject, Timestamp, Verdict,
};
use governor::clock::FakeRelativeClock;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    Access, Algorithm, Authorized, Denial, GrantDraft, IssuerKey, IssuerSettings, KeySource,
    Options, ProjectDraft, Rate, RateClock, Scope, Settings, TokenOrder, TokenRefused,
};
use forge::{Forge, Forger};

/// The moment at which every test begins: a Monday noon.
const NOON: &str = "2026-11-23T12:00:00Z";
/// The issuer outside.
const UNIVERSITY: &str = "https://login.university.example";

struct Desk {
    access: Access,
    clock: Arc<FixedClock>,
    rate_clock: FakeRelativeClock,
    folder: TempDir,
    university: Forger,
    issuer_key: Vec<u8>,
    entries: Cell<u64>,
    settings: Settings,
}

impl Desk {
    /// Authorizes a verdict on snapshots that kept to the codebooks of today.
    fn authorize(
        &self,
        who: &Principal,
        planned: &Scope,
        verdict: Verdict,
        asked: &LimitsPatch,
    ) -> Result<Authorized, Denial> {
        let all = codebooks();
        let scans = verdict.scans.iter();
        let kept = scans.filter_map(|scan| all.iter().find(|it| it.name == scan.dataset));
        let kept: Vec<&Codebook> = kept.collect();
        self.access.authorize(who, planned, (verdict, &kept), asked)
    }

    /// A desk whose issuer outside signs with Ed25519.
    fn open() -> Self {
        Self::with(Forger::new(Algorithm::EdDsa, "u-1"), |_| {})
    }

    fn with(university: Forger, change: impl FnOnce(&mut Settings)) -> Self {
        let folder = TempDir::new().unwrap();
        let keys = folder.path().join("university.jwks");
        std::fs::write(&keys, json!({"keys": [university.jwk()]}).to_string()).unwrap();
        let mut settings = settings();
        settings.issuers.push(IssuerSettings {
            issuer: UNIVERSITY.to_owned(),
            algorithm: university.algorithm(),
            keys: KeySource::File(keys),
            roles: BTreeSet::from(Role::ALL),
        });
        change(&mut settings);
        let clock = Arc::new(FixedClock::at(Timestamp::parse(NOON).unwrap()));
        let issuer_key = IssuerKey::generate().unwrap().pkcs8().to_vec();
        let rate_clock = FakeRelativeClock::default();
        let access = open(&folder, &settings, &issuer_key, &clock, &rate_clock);
        let entries = Cell::new(access.applied());
        Self { access, clock, rate_clock, folder, university, issuer_key, entries, settings }
    }

    /// The same folder, opened again as after a restart.
    fn reopened(self) -> Self {
        let Self { access, clock, folder, university, issuer_key, settings, .. } = self;
        drop(access);
        let rate_clock = FakeRelativeClock::default();
        let access = open(&folder, &settings, &issuer_key, &clock, &rate_clock);
        let entries = Cell::new(access.applied());
        Self { access, clock, rate_clock, folder, university, issuer_key, entries, settings }
    }

    fn now(&self) -> Timestamp {
        use domain::Clock as _;
        self.clock.now()
    }

    /// Writes a change into a log that is only counted, and applies it.
    fn apply(&self, change: &Change) {
        let index = self.entries.get();
        self.entries.set(index + 1);
        self.access.apply(index, change).unwrap();
    }

    /// A project from yesterday to the end of next year.
    fn project(&self, title: &str) -> ProjectId {
        let turn = finish(self.access.turn());
        let change = turn.new_project(project_draft(title)).unwrap();
        let Change::ProjectCreated { project } = &change else { panic!("{change:?}") };
        self.apply(&change);
        project.id.clone()
    }

    fn member(&self, project: &ProjectId, who: &str) {
        self.member_with_key(project, who, None);
    }

    fn member_with_key(&self, project: &ProjectId, who: &str, key: Option<&Forger>) {
        let jwk = key.map(Forger::jwk);
        let turn = finish(self.access.turn());
        let change = turn.new_member(project.clone(), subject(who), jwk.as_ref()).unwrap();
        self.apply(&change);
    }

    fn grant(&self, draft: GrantDraft) -> domain::GrantId {
        let turn = finish(self.access.turn());
        let change = turn.new_grant(draft).unwrap();
        let Change::GrantAdded { grant } = &change else { panic!("{change:?}") };
        self.apply(&change);
        grant.id.clone()
    }

    /// Ada, a member of a new project, with a token of the embedded issuer.
    fn ada(&self) -> (ProjectId, String) {
        let project = self.project("Fair trade");
        self.member(&project, "ada");
        let token = self.token("ada", Role::Researcher, Some(&project));
        (project, token)
    }

    /// Ada, as the principal that her token makes her.
    fn ada_asks(&self) -> Principal {
        self.principal(&self.ada().1)
    }

    fn token(&self, who: &str, role: Role, project: Option<&ProjectId>) -> String {
        self.access.issue(&order(who, role, project)).unwrap().token
    }

    fn principal(&self, token: &str) -> Principal {
        finish(self.access.authenticate(token)).unwrap()
    }

    fn asks(&self, role: Role) -> Principal {
        self.principal(&self.token("eve", role, None))
    }

    fn refusal(&self, token: &str) -> Option<TokenRefused> {
        finish(self.access.authenticate(token)).err().map(|refused| refused.reason())
    }

    /// A token of the issuer outside, for a steward, which passes.
    fn card(&self) -> Forge {
        let now = self.now().unix_s();
        let header = json!({"typ": "at+jwt", "kid": self.university.key_id()});
        let claims = json!({
            "iss": UNIVERSITY, "aud": "reading-room", "sub": "sam", "client_id": "console",
            "iat": now, "exp": now + 3_600, "jti": "j-1", "roles": ["steward"],
        });
        Forge::new(header, claims)
    }

    /// Why a changed token is refused, if it is.
    fn tries(&self, change: impl FnOnce(&mut Forge)) -> Option<TokenRefused> {
        let mut card = self.card();
        change(&mut card);
        self.refusal(&card.signed_by(&self.university))
    }
}

fn open(
    folder: &TempDir,
    settings: &Settings,
    issuer_key: &[u8],
    clock: &Arc<FixedClock>,
    rate_clock: &FakeRelativeClock,
) -> Access {
    Access::open(Options {
        registry: folder.path().join("registry.sqlite"),
        settings: settings.clone(),
        issuer_key: IssuerKey::from_pkcs8(issuer_key).unwrap(),
        codebooks: codebooks(),
        clock: Arc::<FixedClock>::clone(clock),
        rate_clock: RateClock::Fake(rate_clock.clone()),
    })
    .unwrap()
}

fn settings() -> Settings {
    let rate = |burst, window_s| Rate { burst: positive(burst), window_s: positive(window_s) };
    Settings {
        audience: "reading-room".to_owned(),
        issuer: "https://reading-room.example".to_owned(),
        issuers: Vec::new(),
        oversight: ProjectId::parse("p-oversight").unwrap(),
        principal_rate: rate(60, 60),
        project_rate: rate(300, 60),
        parallel: positive(3),
        daily_budget: DailyBudget::default(),
        limits: Limits::default(),
        limits_max: Limits { rows: 1 << 40, ..Limits::default() },
    }
}

fn positive(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).unwrap()
}

/// `ads` is public and bounded by day and Member State, `traders` vetted, `access_log` oversight.
fn codebooks() -> Vec<Codebook> {
    let ads = json!({"time_column": "shown_on", "member_state_column": "member_state"});
    vec![
        codebook("ads", "public", &ads),
        codebook("traders", "vetted", &json!({})),
        codebook("access_log", "oversight", &json!({})),
    ]
}

fn codebook(name: &str, tier: &str, more: &Value) -> Codebook {
    let field = |name, field_type, class| {
        json!({"name": name, "type": field_type, "class": class, "nullable": false,
               "description": "a column"})
    };
    let mut member_state = field("member_state", "string", "public");
    member_state["categories"] = json!(["DE", "FR"]);
    let mut codebook = json!({
        "name": name, "title": name, "description": name, "legal_basis": [], "tier": tier,
        "row_unit": "row", "kind": "state", "primaryKey": ["id"], "sort_order": ["id"],
        "schema_version": 1, "changelog": [],
        "fields": [
            field("id", "string", "public"),
            field("shown_on", "date", "public"),
            member_state,
            field("email", "string", "restricted"),
        ],
    });
    codebook.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    serde_json::from_value(codebook).unwrap()
}

fn project_draft(title: &str) -> ProjectDraft {
    ProjectDraft {
        title: title.to_owned(),
        purpose: "How prices of fairly traded goods are shown".to_owned(),
        organisation: OrganisationId::parse("o-university").unwrap(),
        legal_basis: LegalBasis::Art40_4,
        request_id: "DSC-2026-17".to_owned(),
        applied: day("2026-09-01"),
        decided: day("2026-10-01"),
        valid_from: day("2026-11-22"),
        valid_until: day("2027-12-31"),
    }
}

/// A grant of the public columns of a dataset, all rows.
fn grant_draft(project: &ProjectId, dataset: &str) -> GrantDraft {
    GrantDraft {
        project: project.clone(),
        dataset: DatasetName::parse(dataset).unwrap(),
        columns: ColumnScope::Classes(BTreeSet::from([Class::Public])),
        rows: RowBounds::default(),
        basis: Some("DSA Art. 40(4)".to_owned()),
        limits: LimitsPatch::default(),
        valid_until: None,
    }
}

fn order(who: &str, role: Role, project: Option<&ProjectId>) -> TokenOrder {
    TokenOrder {
        subject: subject(who),
        role,
        project: project.cloned(),
        client_id: subject("test"),
        ttl_s: 3_600,
    }
}

fn subject(who: &str) -> Subject {
    Subject::parse(who).unwrap()
}

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

/// Runs what does not wait; who waits uses a runtime.
fn finish<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(future)
}
