//! Entries: what the log holds, as canonical JSON.
//!
//! # Invariant
//! Nothing here names a person or quotes a question; commitments stand in their place.
//!
//! # Shape
//! One JSON object, at most 60 KiB: `v`, `kind`, `time`, `nonce`, who (`actor`, `role`,
//! `organisation`, `project`), `request_id`, `build`, and the fields of its kind.

use std::collections::BTreeMap;
use std::fmt;

use domain::codebook::Class;
use domain::edition::SnapshotRef;
use domain::limits::Usage;
use domain::project::{LegalBasis, ProjectState};
use domain::redaction::{Ground, RedactionCounts};
use domain::{
    ColumnName, DatasetName, Date, EditionId, Grant, GrantId, Limits, OrganisationId, ProjectId,
    QueryId, RequestId, Sha256Digest, SnapshotId, Timestamp,
};
use serde::{Deserialize, Serialize};

/// The version of the entries written here.
pub const VERSION: u8 = 1;

/// 128 random bits that keep a public leaf hash from confirming a guess.
///
/// # Shape
/// 32 lower-case hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Nonce(String);

impl Nonce {
    /// A fresh nonce.
    #[must_use]
    pub fn random() -> Self {
        Self(hex::encode(crate::private::random_bytes::<16>()))
    }
}

/// A value that is promised without being shown; who holds the key can check it.
///
/// # Shape
/// `c:` and 64 hexadecimal digits of an HMAC-SHA-256.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Commitment(String);

impl Commitment {
    /// The commitment with these 32 bytes.
    pub(crate) fn from_tag(tag: &[u8]) -> Self {
        Self(format!("c:{}", hex::encode(tag)))
    }

    /// The commitment as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Commitment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One entry of the log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// The version of its form.
    pub v: u8,
    /// When it was written.
    pub time: Timestamp,
    /// Keeps its leaf hash from confirming guesses.
    pub nonce: Nonce,
    /// The request it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<RequestId>,
    /// Who acted, as a commitment that is the same for one person within one project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<Commitment>,
    /// What the actor is: a role, or `operator` for the local command line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// The organisation of the actor's project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organisation: Option<OrganisationId>,
    /// The project the actor acts for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<ProjectId>,
    /// The server that wrote it.
    pub build: String,
    /// What happened.
    #[serde(flatten)]
    pub body: Body,
}

/// What happened, by kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Body {
    /// The server started on this folder.
    Start(Start),
    /// A crash left something open; here it is closed.
    Recover(Recover),
    /// A question was planned and allowed and will now run.
    Intent(Box<Intent>),
    /// A question's run ended.
    Outcome(Outcome),
    /// Something was refused.
    Denied(Denied),
    /// A stored answer was fetched again.
    Download(Download),
    /// A snapshot was published.
    Publish(Publish),
    /// An edition became the newest.
    Edition(EditionMade),
    /// Something was taken out of every snapshot of a dataset.
    Redact(Redacted),
    /// A snapshot was written anew without what was taken out.
    Compact(Compacted),
    /// A snapshot was taken back.
    Withdraw(SnapshotJudged),
    /// A snapshot that was taken back may be asked again.
    Reinstate(SnapshotJudged),
    /// A project was recorded.
    Project(ProjectRecorded),
    /// A project was suspended, taken up again or closed.
    Suspend(ProjectStateChanged),
    /// A member was added or removed.
    Member(MemberChanged),
    /// A grant was given.
    Grant(GrantGiven),
    /// A grant or tokens were revoked.
    Revoke(Revoked),
    /// A token was issued.
    Token(TokenIssued),
    /// Requests without a valid token, counted over a minute.
    Flood(Flood),
}

/// See [`Body::Start`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Start {
    /// The level of the sandbox in force.
    pub sandbox: String,
    /// The digest of the configuration in force.
    pub config_sha256: Sha256Digest,
}

/// See [`Body::Recover`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recover {
    /// Bytes of a torn last record that were cut off.
    pub torn_bytes: u64,
    /// Intents that had no outcome, closed as `unknown` by the entries before this one.
    pub intents_closed: u64,
}

/// See [`Body::Intent`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// The query.
    pub query: QueryId,
    /// The digest of the project's purpose.
    pub purpose_sha256: Sha256Digest,
    /// The clause the project rests on.
    pub legal_basis: LegalBasis,
    /// The grants that allow it, each with the digest of its text.
    pub grants: Vec<(GrantId, Sha256Digest)>,
    /// Salted commitment to the SQL and its parameters.
    pub sql_commitment: Option<Commitment>,
    /// The digest of the vetted plan.
    pub plan_sha256: Sha256Digest,
    /// The edition asked.
    pub edition: EditionId,
    /// The snapshots scanned, with their manifests' digests.
    pub snapshots: BTreeMap<DatasetName, Vec<SnapshotRef>>,
    /// The columns read, with their class.
    pub columns: BTreeMap<DatasetName, Vec<(ColumnName, Class)>>,
    /// What was wanted: `answer`, `dry_run` or `explain`.
    pub mode: String,
    /// What was to happen at the row or byte limit: `stop` or `truncate`.
    pub on_limit: String,
    /// The media type of the answer.
    pub format: String,
    /// The limits in force.
    pub limits: Limits,
    /// Bytes that will be read, as estimated.
    pub scan_bytes_estimate: u64,
    /// The level of the sandbox in force.
    pub sandbox: String,
}

/// See [`Body::Outcome`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// The index of the intent it closes.
    pub intent: u64,
    /// The query.
    pub query: QueryId,
    /// `answered`, or the code of the problem, or `unknown` after a crash.
    pub outcome: String,
    /// Rows of the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
    /// Bytes of the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// Whether the answer was cut at a limit, as the caller allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub truncated: Option<bool>,
    /// The digest of the bytes of the answer; the gateway vouches for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_sha256: Option<Sha256Digest>,
    /// The digest of its rows, free of order and format; the worker vouches for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows_sha256: Option<Sha256Digest>,
    /// What the project's daily budget is charged.
    pub charged: Usage,
    /// Run time, rounded up to a power of ten of milliseconds.
    pub duration_ms_class: u64,
    /// Highest memory of the worker.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_peak_mb: Option<u64>,
}

/// See [`Body::Denied`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Denied {
    /// The operation of the contract that was refused.
    pub operation: String,
    /// The code of the problem.
    pub code: String,
    /// Salted commitment to the SQL, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sql_commitment: Option<Commitment>,
    /// The edition asked, where it came to that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edition: Option<EditionId>,
}

/// See [`Body::Download`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Download {
    /// The query whose answer was fetched.
    pub query: QueryId,
    /// The digest of the bytes of the answer.
    pub body_sha256: Sha256Digest,
}

/// See [`Body::Publish`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Publish {
    /// The dataset.
    pub dataset: DatasetName,
    /// The snapshot.
    pub snapshot: SnapshotId,
    /// The digest of its manifest.
    pub manifest_sha256: Sha256Digest,
    /// Its rows.
    pub rows: u64,
    /// The snapshot it replaces because that one was wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supersedes: Option<SnapshotId>,
    /// Whether it was only staged, for an activation later.
    pub staged: bool,
    /// Whether something was found in it for which a person must look first.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub held: bool,
}

/// See [`Body::Edition`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EditionMade {
    /// The edition.
    pub edition: EditionId,
    /// The digest over its canonical JSON.
    pub sha256: Sha256Digest,
    /// The day whose state it shows.
    pub as_of: Date,
    /// The snapshot of each dataset.
    pub snapshots: BTreeMap<DatasetName, SnapshotRef>,
    /// Why, where whoever activated a snapshot said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// See [`Body::Redact`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redacted {
    /// The dataset.
    pub dataset: DatasetName,
    /// Why, by law.
    pub ground: Ground,
    /// How many rows are named by their key; none where rows go by their age.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keys: Option<u64>,
    /// The columns whose cells become null; none where whole rows vanish.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<ColumnName>,
    /// The column that tells a row's age, and the first day that stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<(ColumnName, Date)>,
    /// Salted commitment to the whole redaction, its keys and its reason included.
    pub redaction_commitment: Option<Commitment>,
}

/// See [`Body::Compact`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compacted {
    /// The dataset.
    pub dataset: DatasetName,
    /// The snapshot that is not there any more.
    pub snapshot: SnapshotRef,
    /// The snapshot that stands in its place.
    pub successor: SnapshotRef,
    /// The digest of the tombstone.
    pub tombstone_sha256: Sha256Digest,
    /// How many redactions of the dataset are in it.
    pub redactions: u64,
    /// How much was taken out, by ground.
    pub removed: RedactionCounts,
}

/// See [`Body::Withdraw`] and [`Body::Reinstate`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotJudged {
    /// The dataset.
    pub dataset: DatasetName,
    /// The snapshot.
    pub snapshot: SnapshotId,
    /// The digest of its manifest.
    pub manifest_sha256: Sha256Digest,
    /// Why, as whoever asks is told.
    pub reason: String,
}

/// See [`Body::Project`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectRecorded {
    /// The project.
    pub of: ProjectId,
    /// Who applied.
    pub applicant: OrganisationId,
    /// The digest of its purpose.
    pub purpose_sha256: Sha256Digest,
    /// The clause it rests on.
    pub legal_basis: LegalBasis,
    /// The number of the reasoned request.
    pub reasoned_request: String,
    /// When access was applied for.
    pub applied: Date,
    /// When it was decided.
    pub decided: Date,
    /// First day of access.
    pub valid_from: Date,
    /// Last day of access.
    pub valid_until: Date,
}

/// See [`Body::Suspend`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectStateChanged {
    /// The project.
    pub of: ProjectId,
    /// What it is now.
    pub state: ProjectState,
    /// Salted commitment to the whole change, the reason included.
    pub change_commitment: Option<Commitment>,
}

/// See [`Body::Member`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberChanged {
    /// The project.
    pub of: ProjectId,
    /// `added` or `removed`.
    pub action: String,
    /// Salted commitment to the whole change, the member's identity included.
    pub change_commitment: Option<Commitment>,
}

/// See [`Body::Grant`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantGiven {
    /// The grant, whole.
    pub grant: Grant,
}

/// See [`Body::Revoke`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revoked {
    /// `grant`, `token` or `subject`.
    pub what: String,
    /// The project concerned, of a grant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<ProjectId>,
    /// The grant, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant: Option<GrantId>,
    /// Salted commitment to the whole change.
    pub change_commitment: Option<Commitment>,
}

/// See [`Body::Token`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenIssued {
    /// The role it gives.
    pub for_role: String,
    /// The project it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<ProjectId>,
    /// The digest of its `jti`.
    pub token_sha256: Sha256Digest,
    /// When it ends.
    pub expires_at: Timestamp,
    /// How it came to be: `issued` by a registrar, or by a member's `assertion`.
    pub by: String,
}

/// See [`Body::Flood`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flood {
    /// The first moment counted.
    pub from: Timestamp,
    /// How many requests.
    pub requests: u64,
}
