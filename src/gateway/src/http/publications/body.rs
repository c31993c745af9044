//! A publication as stewards read it.

use domain::ids::PublicationId;
use domain::manifest::{Coverage, Finding, Source};
use domain::publication::{Progress, Reject};
use domain::{DatasetName, Date, EditionId, Sha256Digest, SnapshotId, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use crate::publish::{Member, Publication, Report, Subject};

/// One run of the publish path.
#[derive(Serialize, ToSchema)]
pub(crate) struct PublicationBody {
    /// Its id.
    #[schema(value_type = String, example = "b-0199b3f27c1e7a609d7e3f0c5a1b2c3d")]
    id: PublicationId,
    /// The dataset; none of an edition.
    #[schema(value_type = Option<String>, example = "listings")]
    dataset: Option<DatasetName>,
    /// The datasets of an edition, in the order in which they are drafted; none of a single one.
    datasets: Vec<MemberBody>,
    /// `running`, then `published`, `staged`, `held` (a person must look at what was found) or
    /// `checked` (a dry run), or `rejected`, `failed` or `cancelled`.
    #[schema(example = "published")]
    state: &'static str,
    /// How far it is: `stage` is `receive`, `read`, `validate`, `lay_out`, `sign` or `activate`.
    #[schema(value_type = Object)]
    progress: Progress,
    /// When its source had arrived.
    #[schema(value_type = String, format = DateTime)]
    created: Timestamp,
    /// When it ended.
    #[schema(value_type = Option<String>, format = DateTime)]
    ended: Option<Timestamp>,
    /// The day whose state the source shows.
    #[schema(value_type = String, format = Date)]
    as_of: Date,
    /// The period it belongs to, where the steward said so.
    period: Option<String>,
    /// The snapshot it replaces because that one was wrong.
    #[schema(value_type = Option<String>)]
    supersedes: Option<SnapshotId>,
    /// Why.
    reason: Option<String>,
    /// What was delivered.
    source: SourceBody,
    /// The snapshot, once it is there.
    #[schema(value_type = Option<String>, example = "s-4oymiquy7qobjgx36tej")]
    snapshot: Option<SnapshotId>,
    /// The newest edition then, in which it is current.
    #[schema(value_type = Option<String>, example = "e-212")]
    edition: Option<EditionId>,
    /// What was found in the source.
    report: Option<ReportBody>,
    /// Why it did not succeed: a problem document.
    #[schema(value_type = Option<Object>)]
    problem: Option<serde_json::Value>,
}

/// One dataset of an edition.
#[derive(Serialize, ToSchema)]
struct MemberBody {
    /// Which.
    #[schema(value_type = String, example = "listings")]
    dataset: DatasetName,
    /// `waiting`, `running`, then `checked`, at last `published` (also where it is what was current
    /// already), `staged` or `held`; or `rejected` or `stopped`.
    #[schema(example = "running")]
    state: &'static str,
    /// How far it is, once its turn has come.
    #[schema(value_type = Option<Object>)]
    progress: Option<Progress>,
    /// Its snapshot, once it is there.
    #[schema(value_type = Option<String>)]
    snapshot: Option<SnapshotId>,
    /// What was found in its sources.
    report: Option<ReportBody>,
}

impl MemberBody {
    fn of(member: &Member) -> Self {
        Self {
            dataset: member.dataset.clone(),
            state: member.state.as_str(),
            progress: member.progress,
            snapshot: member.snapshot.clone(),
            report: member.report.as_ref().map(ReportBody::of),
        }
    }
}

/// What was delivered.
#[derive(Serialize, ToSchema)]
struct SourceBody {
    /// Its name.
    name: String,
    /// Its media type, where the delivery said so.
    media_type: Option<String>,
    /// Its length.
    bytes: u64,
    /// Its digest.
    #[schema(value_type = String)]
    sha256: Sha256Digest,
}

/// What was found in a source.
#[derive(Serialize, ToSchema)]
struct ReportBody {
    /// Rows read.
    rows_read: u64,
    /// Rows rejected.
    rows_rejected: u64,
    /// Rows dropped because an equal row was there already.
    rows_duplicate: u64,
    /// Rows of the snapshot, kept periods included; none where nothing could be drafted.
    row_count: Option<u64>,
    /// The first rejected row of each kind: file, line, column, rule, and how many more.
    #[schema(value_type = Vec<Object>)]
    rejects: Vec<Reject>,
    /// What was read, file by file.
    #[schema(value_type = Vec<Object>)]
    sources: Vec<Source>,
    /// What was found about the data's quality.
    #[schema(value_type = Vec<Object>)]
    quality: Vec<Finding>,
    /// Which periods the snapshot has, and which between them it lacks.
    #[schema(value_type = Object)]
    coverage: Coverage,
}

impl PublicationBody {
    /// A publication as it stands.
    pub(crate) fn of(publication: &Publication) -> Self {
        let receipt = &publication.receipt;
        let (order, as_of) = match &receipt.subject {
            Subject::Snapshot(order) => (Some(order), order.as_of),
            Subject::Edition(order) => (None, order.as_of),
        };
        let wishes = order.map(|order| order.wishes.clone()).unwrap_or_default();
        let problem = publication.problem.as_ref().map(|problem| {
            serde_json::from_slice(&problem.to_bytes())
                .expect("invariant: a problem document is JSON")
        });
        Self {
            id: receipt.id.clone(),
            dataset: order.map(|order| order.dataset.clone()),
            datasets: publication.members.iter().map(MemberBody::of).collect(),
            state: publication.state.as_str(),
            progress: publication.progress,
            created: receipt.created,
            ended: publication.ended,
            as_of,
            period: wishes.period,
            supersedes: wishes.supersedes,
            reason: wishes.reason,
            source: SourceBody {
                name: receipt.source.name.clone(),
                media_type: receipt.source.media_type.clone(),
                bytes: receipt.source.bytes,
                sha256: receipt.source_sha256,
            },
            snapshot: publication.snapshot.clone(),
            edition: publication.edition.clone(),
            report: publication.report.as_ref().map(ReportBody::of),
            problem,
        }
    }

    /// The publication's id.
    pub(crate) fn id(&self) -> &PublicationId {
        &self.id
    }
}

impl ReportBody {
    fn of(report: &Report) -> Self {
        Self {
            rows_read: report.rows_read,
            rows_rejected: report.rows_rejected,
            rows_duplicate: report.sources.iter().map(|source| source.rows_duplicate).sum(),
            row_count: report.row_count,
            rejects: report.rejects.clone(),
            sources: report.sources.clone(),
            quality: report.quality.clone(),
            coverage: report.coverage.clone(),
        }
    }
}
