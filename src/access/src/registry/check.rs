//! May this change be written into the log?
//!
//! Asked before the entry is written, since what is in the log is applied.
//!
//! # Invariant
//! A change that passes here is applied without an error, if no other comes between.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::change::Change;
use domain::codebook::Tier;
use domain::grant::{ColumnScope, RowBounds};
use domain::limits::LimitName;
use domain::project::{LegalBasis, ProjectState};
use domain::{
    Codebook, ColumnName, DatasetName, Date, Grant, GrantId, Limits, LimitsPatch, Member, Project,
    ProjectId, Subject,
};

use super::holdings::{Holding, Holdings};
use crate::key::{Algorithm, KeyRefused, VerifyingKey};

/// Why a change is not made; written for the registrar.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChangeRefused {
    /// There is no such project.
    #[error("there is no project {project}")]
    ProjectUnknown {
        /// Which was named.
        project: ProjectId,
    },
    /// The id is taken.
    #[error("there is a project {project} already")]
    ProjectExists {
        /// Which.
        project: ProjectId,
    },
    /// The project has ended for good.
    #[error("{project} is closed, which is for good; record a new project")]
    ProjectClosed {
        /// Which.
        project: ProjectId,
    },
    /// The standing oversight project is the configuration's.
    #[error(
        "{project} is the standing oversight project; the configuration makes it, not the registrar"
    )]
    Oversight {
        /// Which.
        project: ProjectId,
    },
    /// The project is in that state already.
    #[error("{project} is in that state already")]
    StateUnchanged {
        /// Which.
        project: ProjectId,
    },
    /// Two days are the wrong way round.
    #[error("`{later}` ({later_day}) lies before `{earlier}` ({earlier_day})")]
    DatesDisordered {
        /// What must come first.
        earlier: &'static str,
        /// Its day.
        earlier_day: Date,
        /// What must not come before it.
        later: &'static str,
        /// Its day.
        later_day: Date,
    },
    /// A text is empty, too long, or has control characters.
    #[error("`{field}` must have 1 to {length_bytes_max} bytes and no control characters")]
    Text {
        /// Which.
        field: &'static str,
        /// Its longest form.
        length_bytes_max: usize,
    },
    /// The subject is no member.
    #[error("{subject} is no member of {project}")]
    MemberUnknown {
        /// Of what.
        project: ProjectId,
        /// Who.
        subject: Subject,
    },
    /// The member's key is not taken.
    #[error("the member's key {0}")]
    Key(#[from] KeyRefused),
    /// Someone else signs with that key.
    #[error("another member signs with this key; each needs a key of their own")]
    KeyTaken,
    /// There is no such dataset.
    #[error("there is no dataset {dataset}")]
    DatasetUnknown {
        /// Which was named.
        dataset: DatasetName,
    },
    /// The dataset has no such column.
    #[error("{dataset} has no column {column}")]
    ColumnUnknown {
        /// The dataset.
        dataset: DatasetName,
        /// Which was named.
        column: ColumnName,
    },
    /// The grant covers no column.
    #[error("the grant covers no column of {dataset}; name columns or classes")]
    ColumnsEmpty {
        /// The dataset.
        dataset: DatasetName,
    },
    /// A vetted dataset needs a legal clause.
    #[error("{dataset} is for vetted researchers; name the legal clause of the grant (`basis`)")]
    BasisMissing {
        /// The dataset.
        dataset: DatasetName,
    },
    /// The dataset is for oversight only.
    #[error("{dataset} is for regulators and auditors only; it cannot be granted to a project")]
    OversightOnly {
        /// The dataset.
        dataset: DatasetName,
    },
    /// The dataset has no column by which rows could be bounded that way.
    #[error("rows of {dataset} cannot be bounded by {by}: it has no such column")]
    RowsUnbounded {
        /// The dataset.
        dataset: DatasetName,
        /// By what.
        by: &'static str,
    },
    /// A text is no Member State, or one that the dataset does not know.
    #[error(
        "`{member_state}` is no Member State that {dataset} knows; write ISO 3166-1 alpha-2, such as DE"
    )]
    MemberStateUnknown {
        /// The dataset.
        dataset: DatasetName,
        /// What was named.
        member_state: String,
    },
    /// A limit is zero or higher than the operator allows.
    #[error("`{}` must be from 1 to {allowed_max}", limit.as_str())]
    LimitOutOfRange {
        /// Which.
        limit: LimitName,
        /// The highest.
        allowed_max: u64,
    },
    /// The project holds a grant of the dataset over other rows.
    #[error(
        "{grant} covers other rows of {dataset}, and two grants must not leave in doubt which rows go with which columns; revoke it first"
    )]
    RowsDiffer {
        /// The dataset.
        dataset: DatasetName,
        /// The grant that is in the way.
        grant: GrantId,
    },
    /// There is no such grant.
    #[error("{project} has no grant {grant}")]
    GrantUnknown {
        /// Of what.
        project: ProjectId,
        /// Which was named.
        grant: GrantId,
    },
    /// The id is taken, or the grant was revoked before.
    #[error("{grant} was given or revoked before")]
    GrantUsed {
        /// Which.
        grant: GrantId,
    },
}

/// What a change is checked against, beside the registry.
#[derive(Clone)]
pub(crate) struct Rules {
    pub(crate) codebooks: Arc<BTreeMap<DatasetName, Codebook>>,
    pub(crate) oversight: ProjectId,
    pub(crate) limits_max: Limits,
}

/// Longest line, such as a title, in bytes.
const LINE_BYTES_MAX: usize = 200;
/// Longest text, such as a purpose, in bytes.
const TEXT_BYTES_MAX: usize = 10_000;

impl Rules {
    /// Checks a change against what is held.
    pub(super) fn check(
        &self,
        held: &Holdings,
        change: &Change,
        today: Date,
    ) -> Result<(), ChangeRefused> {
        match change {
            Change::ProjectCreated { project } => self.new_project(held, project),
            Change::ProjectStateSet { project, state, reason } => {
                self.new_state(held, project, *state)?;
                text("reason", reason, TEXT_BYTES_MAX)
            }
            Change::MemberAdded { member } => {
                self.open_project(held, &member.project)?;
                new_member(held, member)
            }
            Change::MemberRemoved { project, subject } => {
                let holding = self.project(held, project)?;
                if holding.members.contains_key(subject) {
                    return Ok(());
                }
                let (project, subject) = (project.clone(), subject.clone());
                Err(ChangeRefused::MemberUnknown { project, subject })
            }
            Change::GrantAdded { grant } => {
                let holding = self.open_project(held, &grant.project)?;
                self.new_grant(held, holding, grant, today)
            }
            Change::GrantRevoked { project, grant, reason, .. } => {
                revocable(self.project(held, project)?, grant)?;
                text("reason", reason, TEXT_BYTES_MAX)
            }
            Change::TokenRevoked { .. } | Change::SubjectRevoked { .. } => Ok(()),
        }
    }

    /// A project that the registrar keeps.
    fn project<'a>(
        &self,
        held: &'a Holdings,
        id: &ProjectId,
    ) -> Result<&'a Holding, ChangeRefused> {
        if *id == self.oversight {
            return Err(ChangeRefused::Oversight { project: id.clone() });
        }
        held.holding(id).ok_or_else(|| ChangeRefused::ProjectUnknown { project: id.clone() })
    }

    /// A project that has not ended.
    pub(super) fn open_project<'a>(
        &self,
        held: &'a Holdings,
        id: &ProjectId,
    ) -> Result<&'a Holding, ChangeRefused> {
        let holding = self.project(held, id)?;
        match holding.project.state {
            ProjectState::Active | ProjectState::Suspended => Ok(holding),
            ProjectState::Closed => Err(ChangeRefused::ProjectClosed { project: id.clone() }),
        }
    }

    fn new_state(
        &self,
        held: &Holdings,
        id: &ProjectId,
        state: ProjectState,
    ) -> Result<(), ChangeRefused> {
        if self.open_project(held, id)?.project.state == state {
            return Err(ChangeRefused::StateUnchanged { project: id.clone() });
        }
        Ok(())
    }

    fn new_project(&self, held: &Holdings, project: &Project) -> Result<(), ChangeRefused> {
        if project.id == self.oversight || project.legal_basis == LegalBasis::Oversight {
            return Err(ChangeRefused::Oversight { project: project.id.clone() });
        }
        if held.holding(&project.id).is_some() {
            return Err(ChangeRefused::ProjectExists { project: project.id.clone() });
        }
        text("title", &project.title, LINE_BYTES_MAX)?;
        text("purpose", &project.purpose, TEXT_BYTES_MAX)?;
        text("request_id", &project.request_id, LINE_BYTES_MAX)?;
        ordered(("applied", project.applied), ("decided", project.decided))?;
        ordered(("decided", project.decided), ("valid_from", project.valid_from))?;
        ordered(("valid_from", project.valid_from), ("valid_until", project.valid_until))
    }

    fn new_grant(
        &self,
        held: &Holdings,
        holding: &Holding,
        grant: &Grant,
        today: Date,
    ) -> Result<(), ChangeRefused> {
        let dataset = || grant.dataset.clone();
        let codebook = self.codebooks.get(&grant.dataset);
        let codebook =
            codebook.ok_or_else(|| ChangeRefused::DatasetUnknown { dataset: dataset() })?;
        match (codebook.tier, &grant.basis) {
            (Tier::Oversight, _) => {
                return Err(ChangeRefused::OversightOnly { dataset: dataset() });
            }
            (Tier::Vetted, None) => return Err(ChangeRefused::BasisMissing { dataset: dataset() }),
            (Tier::Public, None) => {}
            (Tier::Vetted | Tier::Public, Some(basis)) => text("basis", basis, LINE_BYTES_MAX)?,
        }
        columns(codebook, grant)?;
        rows(codebook, &grant.rows)?;
        self.limits(&grant.limits)?;
        let (from, until) = (holding.project.valid_from, holding.project.valid_until);
        ordered(("the project's first day", from), ("valid_until", grant.valid_until))?;
        ordered(("valid_until", grant.valid_until), ("the project's last day", until))?;
        if grant.revoked_at.is_some() || held.is_grant_known(&grant.id) {
            return Err(ChangeRefused::GrantUsed { grant: grant.id.clone() });
        }
        let differs = holding.grants.iter().find(|other| {
            other.dataset == grant.dataset
                && other.revoked_at.is_none()
                && today <= other.valid_until
                && other.rows != grant.rows
        });
        match differs {
            Some(other) => {
                Err(ChangeRefused::RowsDiffer { dataset: dataset(), grant: other.id.clone() })
            }
            None => Ok(()),
        }
    }

    fn limits(&self, patch: &LimitsPatch) -> Result<(), ChangeRefused> {
        let given = [
            (LimitName::WallMs, patch.wall_ms),
            (LimitName::MemoryBytes, patch.memory_bytes),
            (LimitName::SpillBytes, patch.spill_bytes),
            (LimitName::ScanBytes, patch.scan_bytes),
            (LimitName::Rows, patch.rows),
            (LimitName::Bytes, patch.bytes),
        ];
        for (limit, given) in given {
            let allowed_max = self.limits_max.get(limit);
            if given.is_some_and(|given| given == 0 || allowed_max < given) {
                return Err(ChangeRefused::LimitOutOfRange { limit, allowed_max });
            }
        }
        Ok(())
    }
}

/// A member may have a key, which must be good and their own.
fn new_member(held: &Holdings, member: &Member) -> Result<(), ChangeRefused> {
    let Some(jwk) = &member.public_jwk else {
        return Ok(());
    };
    let key = VerifyingKey::from_jwk(jwk, Algorithm::of_jwk(jwk)?)?;
    let is_taken = held.key_holders(key.thumbprint()).any(|(_, holder)| *holder != member.subject);
    if is_taken { Err(ChangeRefused::KeyTaken) } else { Ok(()) }
}

fn revocable(holding: &Holding, id: &GrantId) -> Result<(), ChangeRefused> {
    match holding.grants.iter().find(|grant| grant.id == *id) {
        Some(grant) if grant.revoked_at.is_some() => {
            Err(ChangeRefused::GrantUsed { grant: id.clone() })
        }
        Some(_) => Ok(()),
        None => {
            let project = holding.project.id.clone();
            Err(ChangeRefused::GrantUnknown { project, grant: id.clone() })
        }
    }
}

/// A grant names columns that there are, and at least one.
fn columns(codebook: &Codebook, grant: &Grant) -> Result<(), ChangeRefused> {
    let dataset = || codebook.name.clone();
    if let ColumnScope::Columns(columns) = &grant.columns
        && let Some(column) = columns.iter().find(|name| codebook.field(name.as_str()).is_none())
    {
        return Err(ChangeRefused::ColumnUnknown { dataset: dataset(), column: column.clone() });
    }
    match grant.fields(codebook).next() {
        Some(_) => Ok(()),
        None => Err(ChangeRefused::ColumnsEmpty { dataset: dataset() }),
    }
}

/// Rows are bounded only by what the dataset has, or the bound would hold nothing back.
fn rows(codebook: &Codebook, rows: &RowBounds) -> Result<(), ChangeRefused> {
    let dataset = || codebook.name.clone();
    let unbounded = |by| ChangeRefused::RowsUnbounded { dataset: dataset(), by };
    if (rows.from.is_some() || rows.until.is_some()) && codebook.time_column.is_none() {
        return Err(unbounded("day"));
    }
    if let (Some(from), Some(until)) = (rows.from, rows.until) {
        ordered(("rows_from", from), ("rows_until", until))?;
    }
    let Some(member_states) = &rows.member_states else {
        return Ok(());
    };
    let column = codebook.member_state_column.as_ref().ok_or_else(|| unbounded("Member State"))?;
    let known = codebook.field(column.as_str()).and_then(|field| field.categories.as_ref());
    let is_known = |state: &&String| {
        let is_code = state.len() == 2 && state.bytes().all(|byte| byte.is_ascii_uppercase());
        is_code && known.is_none_or(|known| known.iter().any(|code| code.value() == *state))
    };
    match member_states.iter().find(|state| !is_known(state)) {
        None if member_states.is_empty() => Err(unbounded("no Member State at all")),
        None => Ok(()),
        Some(state) => {
            let member_state = state.clone();
            Err(ChangeRefused::MemberStateUnknown { dataset: dataset(), member_state })
        }
    }
}

fn ordered(
    (earlier, earlier_day): (&'static str, Date),
    (later, later_day): (&'static str, Date),
) -> Result<(), ChangeRefused> {
    if later_day < earlier_day {
        return Err(ChangeRefused::DatesDisordered { earlier, earlier_day, later, later_day });
    }
    Ok(())
}

fn text(field: &'static str, text: &str, length_bytes_max: usize) -> Result<(), ChangeRefused> {
    let is_control = |c: char| c.is_control() && c != '\n' && c != '\t';
    if text.trim().is_empty() || length_bytes_max < text.len() || text.contains(is_control) {
        return Err(ChangeRefused::Text { field, length_bytes_max });
    }
    Ok(())
}
