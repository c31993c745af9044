//! What ends a running query: a token, a member, a project or a grant that is taken back.
//!
//! # Invariant
//! A standing is looked at again after every change of the registry, so that a query ends within
//! milliseconds of the change, and none can slip through between two looks.

use domain::{Grant, GrantId, Principal, ProjectId, Role, Subject, Timestamp, TokenId};

use crate::authorize::{Denial, may_work};
use crate::registry::Holdings;

/// What must go on holding while a query runs.
#[derive(Clone, Debug)]
pub struct Standing {
    subject: Subject,
    role: Role,
    token_id: TokenId,
    issued_at: Timestamp,
    project: Option<ProjectId>,
    grants: Vec<GrantId>,
}

impl Standing {
    /// The standing of a principal by itself, before any grant is used.
    #[must_use]
    pub fn of(principal: &Principal) -> Self {
        Self {
            subject: principal.subject.clone(),
            role: principal.role,
            token_id: principal.token_id.clone(),
            issued_at: principal.issued_at,
            project: principal.project.clone(),
            grants: Vec::new(),
        }
    }

    pub(crate) fn with_grants(mut self, grants: &[Grant]) -> Self {
        self.grants = grants.iter().map(|grant| grant.id.clone()).collect();
        self
    }

    /// Whether it still holds.
    ///
    /// # Errors
    /// What was taken back.
    pub(crate) fn check(&self, held: &Holdings, now: Timestamp) -> Result<(), Denial> {
        let is_revoked = held.is_token_revoked(&self.token_id)
            || held.is_subject_revoked(&self.subject, self.issued_at);
        if is_revoked {
            return Err(Denial::TokenRevoked);
        }
        let (Role::Researcher, Some(project)) = (self.role, &self.project) else {
            return Ok(());
        };
        let not_member = || Denial::NotMember { project: project.clone() };
        let holding = held.holding(project).ok_or_else(not_member)?;
        if !holding.members.contains_key(&self.subject) {
            return Err(not_member());
        }
        may_work(&holding.project, now.date())?;
        let ended = holding.grants.iter().find(|grant| {
            self.grants.contains(&grant.id)
                && (grant.revoked_at.is_some() || grant.valid_until < now.date())
        });
        match ended {
            None => Ok(()),
            Some(grant) => {
                let (dataset, grant) = (grant.dataset.clone(), grant.id.clone());
                Err(Denial::GrantExpired { dataset, grant })
            }
        }
    }
}
