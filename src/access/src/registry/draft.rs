//! New projects, members and grants, and the ids they get.
//!
//! # Invariant
//! One [`Turn`] at a time: what was checked is what is applied, and no id is given twice.

use domain::change::Change;
use domain::grant::{ColumnScope, RowBounds};
use domain::project::{LegalBasis, ProjectState};
use domain::{
    Clock, DatasetName, Date, Grant, GrantId, LimitsPatch, Member, OrganisationId, Project,
    ProjectId, Subject,
};
use serde_json::Value;
use tokio::sync::MutexGuard;

use super::{ChangeRefused, Registry, RegistryError, Rules};
use crate::key::public_jwk;

/// What a registrar says of a new project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectDraft {
    /// A line that names it.
    pub title: String,
    /// The purpose as approved.
    pub purpose: String,
    /// Who applied.
    pub organisation: OrganisationId,
    /// The clause it rests on.
    pub legal_basis: LegalBasis,
    /// The number of the reasoned request.
    pub request_id: String,
    /// When access was applied for.
    pub applied: Date,
    /// When it was decided.
    pub decided: Date,
    /// First day of access.
    pub valid_from: Date,
    /// Last day of access.
    pub valid_until: Date,
}

/// What a registrar says of a new grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantDraft {
    /// Whose it is.
    pub project: ProjectId,
    /// Of what.
    pub dataset: DatasetName,
    /// Which columns.
    pub columns: ColumnScope,
    /// Which rows.
    pub rows: RowBounds,
    /// The legal clause.
    pub basis: Option<String>,
    /// Limits that differ from the defaults.
    pub limits: LimitsPatch,
    /// Last day it holds; the project's last day unless given.
    pub valid_until: Option<Date>,
}

/// The registrar's turn: held from the check of a change until it is applied, with its entry in
/// the log between.
pub struct Turn<'a> {
    registry: &'a Registry,
    rules: &'a Rules,
    clock: &'a dyn Clock,
    _only: MutexGuard<'a, ()>,
}

impl<'a> Turn<'a> {
    pub(crate) fn new(
        registry: &'a Registry,
        rules: &'a Rules,
        clock: &'a dyn Clock,
        only: MutexGuard<'a, ()>,
    ) -> Self {
        Self { registry, rules, clock, _only: only }
    }

    /// Makes a project of what the registrar says, with an id from its title.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn new_project(&self, draft: ProjectDraft) -> Result<Change, ChangeRefused> {
        let id = self.new_project_id(&draft.title);
        let project = Project {
            id,
            title: draft.title,
            purpose: draft.purpose,
            organisation: draft.organisation,
            legal_basis: draft.legal_basis,
            request_id: draft.request_id,
            applied: draft.applied,
            decided: draft.decided,
            valid_from: draft.valid_from,
            valid_until: draft.valid_until,
            state: ProjectState::Active,
            created_at: self.clock.now(),
        };
        self.checked(Change::ProjectCreated { project })
    }

    /// Makes a grant of what the registrar says.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn new_grant(&self, draft: GrantDraft) -> Result<Change, ChangeRefused> {
        let held = self.registry.held();
        let project_until = self.rules.open_project(&held, &draft.project)?.project.valid_until;
        let id = format!("g-{}", held.counts().1 + 1);
        drop(held);
        let grant = Grant {
            id: GrantId::parse(&id).expect("invariant: g- and a number is a grant's id"),
            project: draft.project,
            dataset: draft.dataset,
            columns: draft.columns,
            rows: draft.rows,
            basis: draft.basis,
            limits: draft.limits,
            valid_until: draft.valid_until.unwrap_or(project_until),
            granted_at: self.clock.now(),
            revoked_at: None,
        };
        self.checked(Change::GrantAdded { grant })
    }

    /// Makes a member, with the public key of assertions if there is one.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn new_member(
        &self,
        project: ProjectId,
        subject: Subject,
        public_key: Option<&Value>,
    ) -> Result<Change, ChangeRefused> {
        let public_jwk = public_key.map(public_jwk).transpose()?;
        let member = Member { project, subject, public_jwk, added_at: self.clock.now() };
        self.checked(Change::MemberAdded { member })
    }

    /// Checks a change that the caller made.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(&self, change: &Change) -> Result<(), ChangeRefused> {
        self.rules.check(&self.registry.held(), change, self.clock.today())
    }

    /// Applies a change, now that the log has it as the entry with an index.
    ///
    /// # Errors
    /// When it cannot be kept on disk; it holds all the same.
    pub fn apply(&self, index: u64, change: &Change) -> Result<(), RegistryError> {
        self.registry.apply(index, change)
    }

    fn checked(&self, change: Change) -> Result<Change, ChangeRefused> {
        self.check(&change)?;
        Ok(change)
    }

    /// `p-`, the title's letters and digits, and a number.
    fn new_project_id(&self, title: &str) -> ProjectId {
        /// Longest part that comes from the title: leaves room for the prefix and the number.
        const SLUG_BYTES_MAX: usize = 40;
        let words =
            title.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
        let mut slug = words.collect::<Vec<_>>().join("-").to_ascii_lowercase();
        slug.truncate(SLUG_BYTES_MAX);
        let slug = slug.trim_end_matches('-');
        let slug = if slug.is_empty() { "project" } else { slug };
        let held = self.registry.held();
        let mut number = held.counts().0 + 1;
        loop {
            let id = ProjectId::parse(&format!("p-{slug}-{number}"))
                .expect("invariant: a slug of letters, digits and hyphens is a project's id");
            if held.holding(&id).is_none() && id != self.rules.oversight {
                return id;
            }
            number += 1;
        }
    }
}
