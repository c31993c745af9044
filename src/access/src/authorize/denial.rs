//! How a no of the grants is explained: what is missing, and what would pass.

use domain::codebook::Class;
use domain::limits::LimitRaised;
use domain::{ColumnName, DatasetName, Date, GrantId, ProjectId, Role};

/// Why the grants say no; written for the one who asks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denial {
    /// The role asks no questions.
    #[error(
        "A {role} asks no questions of the data; a researcher, a regulator or an auditor does."
    )]
    RoleAsksNothing {
        /// The role.
        role: Role,
    },
    /// The token was revoked after it was taken.
    #[error("The access token was revoked.")]
    TokenRevoked,
    /// The subject is no member of the project any more, or the project is gone.
    #[error("You are no member of {project}; its registrar can add you.")]
    NotMember {
        /// The project.
        project: ProjectId,
    },
    /// The project is suspended.
    #[error("{project} is suspended; nobody may ask under it until the registrar lifts that.")]
    ProjectSuspended {
        /// The project.
        project: ProjectId,
    },
    /// The project is closed.
    #[error("{project} is closed; a new project needs a new request.")]
    ProjectClosed {
        /// The project.
        project: ProjectId,
    },
    /// The project has not begun.
    #[error("{project} begins on {valid_from} (UTC).")]
    ProjectNotYetValid {
        /// The project.
        project: ProjectId,
        /// Its first day.
        valid_from: Date,
    },
    /// The project has ended.
    #[error("{project} ended on {valid_until} (UTC); ask the registrar for a new period.")]
    ProjectExpired {
        /// The project.
        project: ProjectId,
        /// Its last day.
        valid_until: Date,
    },
    /// The project has no grant of the dataset.
    #[error("Your project has no grant of {dataset}; ask the registrar for one.")]
    GrantMissing {
        /// The dataset.
        dataset: DatasetName,
    },
    /// The project's grant of the dataset has ended, by its day or by the registrar.
    #[error(
        "Your project's grant {grant} of {dataset} has ended; ask the registrar for a new one."
    )]
    GrantExpired {
        /// The dataset.
        dataset: DatasetName,
        /// The grant that ended last.
        grant: GrantId,
    },
    /// The project's grants of the dataset changed while the query was planned.
    #[error("Your project's grants of {dataset} changed just now; ask again.")]
    GrantChanged {
        /// The dataset.
        dataset: DatasetName,
    },
    /// The dataset is outside what the role may consult.
    #[error("An {role} consults the oversight datasets only, and {dataset} is none.")]
    TierNotPermitted {
        /// The dataset.
        dataset: DatasetName,
        /// The role.
        role: Role,
    },
    /// The column is outside the grant.
    #[error("{}", column_not_granted(dataset, column, *class, grants))]
    ColumnNotGranted {
        /// The dataset.
        dataset: DatasetName,
        /// The column.
        column: ColumnName,
        /// Its class, if the codebook has it.
        class: Option<Class>,
        /// The grants of the dataset that are in force.
        grants: Vec<GrantId>,
    },
    /// The caller asked for more than the grants used give.
    #[error("{0}")]
    LimitRaised(LimitRaised),
    /// The plan would read more than the limit.
    #[error(
        "The query would read {asked} bytes, and {allowed} are allowed. Read fewer columns or \
         fewer periods, or ask the registrar for a higher `scan_bytes`."
    )]
    ScanTooLarge {
        /// The limit.
        allowed: u64,
        /// The verdict's estimate.
        asked: u64,
    },
}

impl Denial {
    /// The explanation for the one who asks.
    #[must_use]
    pub fn explanation(&self) -> String {
        self.to_string()
    }
}

fn column_not_granted(
    dataset: &DatasetName,
    column: &ColumnName,
    class: Option<Class>,
    grants: &[GrantId],
) -> String {
    let what = class.map_or_else(
        || format!("{dataset}.{column} is in no codebook"),
        |class| format!("{dataset}.{column} is class `{}`", class.as_str()),
    );
    let grants = grants.iter().map(GrantId::as_str).collect::<Vec<_>>().join(", ");
    format!(
        "{what}, which {grants} does not cover. Leave the column out, or ask the registrar to \
         extend the grant."
    )
}
