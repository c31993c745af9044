//! What a principal may consult now.
//!
//! Several live grants of one dataset add up in their columns, as long as they cover the same rows;
//! otherwise the newest and those like it hold, since a mount has one bound of rows. Of their
//! limits the lower ones count.
//!
//! # Invariant
//! Nothing is in a scope that no live grant gives, except for oversight.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::codebook::{Field, Tier};
use domain::grant::RowBounds;
use domain::project::ProjectState;
use domain::question::Absence;
use domain::{Codebook, DatasetName, Date, Grant, Limits, Principal, Project, ProjectId, Role};

use super::Denial;
use crate::registry::Holdings;

/// What decides on scopes beside the registry: the codebooks, the configuration.
pub(crate) struct Grants {
    pub(crate) codebooks: Arc<BTreeMap<DatasetName, Codebook>>,
    pub(crate) oversight: Arc<Project>,
    pub(crate) limits: Limits,
}

/// What a principal may consult now.
#[derive(Clone, Debug)]
pub struct Scope {
    project: Arc<Project>,
    datasets: BTreeMap<DatasetName, Held>,
    limits: Limits,
    codebooks: Arc<BTreeMap<DatasetName, Codebook>>,
}

/// What the project holds of one dataset.
#[derive(Clone, Debug)]
enum Held {
    Live(Granted),
    /// All grants of it have ended; this is the one given last.
    Ended(Grant),
}

/// What a scope covers of one dataset.
#[derive(Clone, Debug, PartialEq)]
pub struct Granted {
    /// Set for oversight, which covers all columns and rows without a grant.
    is_whole: bool,
    grants: Vec<Grant>,
    rows: RowBounds,
    limits: Limits,
}

impl Granted {
    /// Whether a field is covered.
    #[must_use]
    pub fn covers(&self, field: &Field) -> bool {
        self.is_whole || self.grants.iter().any(|grant| grant.columns.covers(field))
    }

    /// The rows that are covered.
    #[must_use]
    pub fn rows(&self) -> &RowBounds {
        &self.rows
    }

    /// The grants behind it; none for oversight.
    #[must_use]
    pub fn grants(&self) -> &[Grant] {
        &self.grants
    }

    /// The limits of a query that uses it.
    #[must_use]
    pub fn limits(&self) -> Limits {
        self.limits
    }
}

impl Scope {
    /// The project that asks.
    #[must_use]
    pub fn project(&self) -> &Project {
        &self.project
    }

    pub(super) fn shared_project(&self) -> &Arc<Project> {
        &self.project
    }

    /// The widest limits that any question may ask for: of each, the highest that a dataset in
    /// scope gives. Which ones hold, the datasets used decide.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// What is covered of one dataset.
    ///
    /// # Errors
    /// Why nothing is.
    pub fn dataset(&self, dataset: &DatasetName) -> Result<&Granted, Absence> {
        match self.datasets.get(dataset) {
            Some(Held::Live(granted)) => Ok(granted),
            Some(Held::Ended(grant)) => Err(Absence::GrantExpired(grant.id.clone())),
            None => Err(Absence::GrantMissing),
        }
    }

    /// All live grants of the project.
    pub fn grants(&self) -> impl Iterator<Item = &Grant> {
        self.datasets.values().flat_map(|held| match held {
            Held::Live(granted) => granted.grants(),
            Held::Ended(_) => &[],
        })
    }

    /// What is covered of one dataset, with its codebook.
    pub(super) fn granted(
        &self,
        dataset: &DatasetName,
        role: Role,
    ) -> Result<(&Codebook, &Granted), Denial> {
        let missing = || Denial::GrantMissing { dataset: dataset.clone() };
        let codebook = self.codebooks.get(dataset).ok_or_else(missing)?;
        match self.datasets.get(dataset) {
            Some(Held::Live(granted)) => Ok((codebook, granted)),
            Some(Held::Ended(grant)) => {
                let (dataset, grant) = (dataset.clone(), grant.id.clone());
                Err(Denial::GrantExpired { dataset, grant })
            }
            None if role == Role::Auditor => {
                Err(Denial::TierNotPermitted { dataset: dataset.clone(), role })
            }
            None => Err(missing()),
        }
    }
}

impl Grants {
    /// What a principal may consult on a day.
    ///
    /// # Errors
    /// Why it may ask nothing at all.
    pub(crate) fn scope(
        &self,
        held: &Holdings,
        principal: &Principal,
        today: Date,
    ) -> Result<Scope, Denial> {
        let role = principal.role;
        match (role, &principal.project) {
            (Role::Steward | Role::Registrar, _) | (Role::Researcher, None) => {
                Err(Denial::RoleAsksNothing { role })
            }
            (Role::Regulator, _) => Ok(self.oversight(|_| true)),
            (Role::Auditor, _) => Ok(self.oversight(|tier| tier == Tier::Oversight)),
            (Role::Researcher, Some(project)) => self.granted(held, principal, project, today),
        }
    }

    /// The standing oversight project: whole datasets of some tiers, without a grant.
    fn oversight(&self, is_open: impl Fn(Tier) -> bool) -> Scope {
        let whole = || Granted {
            is_whole: true,
            grants: Vec::new(),
            rows: RowBounds::default(),
            limits: self.limits,
        };
        let open = self.codebooks.iter().filter(|(_, codebook)| is_open(codebook.tier));
        Scope {
            project: Arc::clone(&self.oversight),
            datasets: open.map(|(name, _)| (name.clone(), Held::Live(whole()))).collect(),
            limits: self.limits,
            codebooks: Arc::clone(&self.codebooks),
        }
    }

    /// What a project's grants cover.
    fn granted(
        &self,
        held: &Holdings,
        principal: &Principal,
        id: &ProjectId,
        today: Date,
    ) -> Result<Scope, Denial> {
        let not_member = || Denial::NotMember { project: id.clone() };
        let holding = held.holding(id).ok_or_else(not_member)?;
        if !holding.members.contains_key(&principal.subject) {
            return Err(not_member());
        }
        may_work(&holding.project, today)?;
        let mut by_dataset: BTreeMap<DatasetName, Vec<&Grant>> = BTreeMap::new();
        for grant in &holding.grants {
            by_dataset.entry(grant.dataset.clone()).or_default().push(grant);
        }
        let datasets: BTreeMap<DatasetName, Held> = by_dataset
            .into_iter()
            .filter_map(|(dataset, grants)| Some((dataset, self.held(&grants, today)?)))
            .collect();
        Ok(Scope {
            project: Arc::new(holding.project.clone()),
            limits: widest(&datasets).unwrap_or(self.limits),
            datasets,
            codebooks: Arc::clone(&self.codebooks),
        })
    }

    /// What some grants of one dataset, in the order in which they were given, come to.
    fn held(&self, grants: &[&Grant], today: Date) -> Option<Held> {
        let is_live = |grant: &Grant| grant.revoked_at.is_none() && today <= grant.valid_until;
        let Some(newest) = grants.iter().rev().find(|grant| is_live(grant)) else {
            return grants.last().map(|&last| Held::Ended(last.clone()));
        };
        let alike = grants.iter().filter(|grant| is_live(grant) && grant.rows == newest.rows);
        let live: Vec<Grant> = alike.map(|&grant| grant.clone()).collect();
        let each = live.iter().map(|grant| self.limits.replaced_by(&grant.limits));
        let limits = each.reduce(|lower, limits| lower.min(&limits)).unwrap_or(self.limits);
        let rows = newest.rows.clone();
        Some(Held::Live(Granted { is_whole: false, grants: live, rows, limits }))
    }
}

/// Whether anyone may ask under a project on a day.
///
/// # Errors
/// Why not.
pub(crate) fn may_work(project: &Project, today: Date) -> Result<(), Denial> {
    let id = || project.id.clone();
    match project.state {
        ProjectState::Active => {}
        ProjectState::Suspended => return Err(Denial::ProjectSuspended { project: id() }),
        ProjectState::Closed => return Err(Denial::ProjectClosed { project: id() }),
    }
    if today < project.valid_from {
        let valid_from = project.valid_from;
        return Err(Denial::ProjectNotYetValid { project: id(), valid_from });
    }
    if project.valid_until < today {
        let valid_until = project.valid_until;
        return Err(Denial::ProjectExpired { project: id(), valid_until });
    }
    Ok(())
}

/// Of each limit, the highest that a dataset gives.
fn widest(datasets: &BTreeMap<DatasetName, Held>) -> Option<Limits> {
    let given = datasets.values().filter_map(|held| match held {
        Held::Live(granted) => Some(granted.limits),
        Held::Ended(_) => None,
    });
    given.reduce(|wider, limits| Limits {
        wall_ms: wider.wall_ms.max(limits.wall_ms),
        memory_bytes: wider.memory_bytes.max(limits.memory_bytes),
        spill_bytes: wider.spill_bytes.max(limits.spill_bytes),
        scan_bytes: wider.scan_bytes.max(limits.scan_bytes),
        rows: wider.rows.max(limits.rows),
        bytes: wider.bytes.max(limits.bytes),
    })
}
