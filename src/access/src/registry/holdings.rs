//! What the registry holds, in memory.
//!
//! # Invariant
//! A pure function of the changes applied, in their order.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::ops::Bound;

use domain::change::Change;
use domain::project::ProjectState;
use domain::{Grant, GrantId, Member, Project, ProjectId, Subject, Timestamp, TokenId};

use super::{ProjectPage, RegistryError};
use crate::key::{Algorithm, VerifyingKey};

/// One project with everything under it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Holding {
    pub(crate) project: Project,
    pub(crate) members: BTreeMap<Subject, Member>,
    /// In the order in which they were given.
    pub(crate) grants: Vec<Grant>,
}

/// Who signs with a key, and where.
pub(crate) type Membership = (ProjectId, Subject);

/// Everything the registry holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Holdings {
    projects: BTreeMap<ProjectId, Holding>,
    /// Members' keys by thumbprint.
    keys: BTreeMap<String, BTreeSet<Membership>>,
    tokens_revoked: HashSet<TokenId>,
    /// Tokens issued until this second do not work.
    subjects_revoked: HashMap<Subject, i64>,
    grant_count: u64,
    /// Tree size up to which the log was applied.
    applied: u64,
}

/// What a change left behind, as it is kept.
#[derive(Debug)]
pub(super) enum Row {
    Project(Project),
    Member(Member),
    MemberGone(ProjectId, Subject),
    Grant(Grant),
    Token(TokenId, Timestamp),
    Subject(Subject, i64),
    Nothing,
}

impl Holdings {
    /// Applies the change of the entry with an index.
    ///
    /// # Errors
    /// When it names a project that no earlier entry recorded.
    pub(super) fn apply(&mut self, index: u64, change: &Change) -> Result<Row, RegistryError> {
        let row = match change {
            Change::ProjectCreated { project } => {
                self.put_project(project.clone());
                Row::Project(project.clone())
            }
            Change::ProjectStateSet { project, state, .. } => self.set_state(project, *state)?,
            Change::MemberAdded { member } => self.add_member(member)?,
            Change::MemberRemoved { project, subject } => {
                self.remove_member(project, subject)?;
                Row::MemberGone(project.clone(), subject.clone())
            }
            Change::GrantAdded { grant } => {
                self.put_grant(grant.clone())?;
                Row::Grant(grant.clone())
            }
            Change::GrantRevoked { project, grant, at, .. } => {
                self.revoke_grant(project, grant, *at)?
            }
            Change::TokenRevoked { token_id, at } => {
                self.put_token(token_id.clone());
                Row::Token(token_id.clone(), *at)
            }
            Change::SubjectRevoked { subject, at } => {
                let until_s = self.revocation_after(subject, *at);
                self.put_subject(subject.clone(), until_s);
                Row::Subject(subject.clone(), until_s)
            }
        };
        self.applied = index + 1;
        Ok(row)
    }

    pub(super) fn note_applied(&mut self, tree_size: u64) {
        self.applied = tree_size;
    }

    /// The tree size up to which the log was applied.
    pub(crate) fn applied(&self) -> u64 {
        self.applied
    }

    pub(super) fn put_project(&mut self, project: Project) {
        let (members, grants) = match self.projects.remove(&project.id) {
            Some(holding) => (holding.members, holding.grants),
            None => (BTreeMap::new(), Vec::new()),
        };
        self.projects.insert(project.id.clone(), Holding { project, members, grants });
    }

    fn set_state(&mut self, id: &ProjectId, state: ProjectState) -> Result<Row, RegistryError> {
        let holding = self.holding_mut(id)?;
        holding.project.state = state;
        Ok(Row::Project(holding.project.clone()))
    }

    /// Adds a member; with a key, that key replaces an earlier one, without one the key stays.
    fn add_member(&mut self, added: &Member) -> Result<Row, RegistryError> {
        let earlier =
            self.holding(&added.project).and_then(|held| held.members.get(&added.subject));
        let mut member = added.clone();
        if let Some(earlier) = earlier {
            member.added_at = earlier.added_at;
            member.public_jwk = member.public_jwk.or_else(|| earlier.public_jwk.clone());
        }
        self.put_member(member.clone())?;
        Ok(Row::Member(member))
    }

    pub(super) fn put_member(&mut self, member: Member) -> Result<(), RegistryError> {
        self.remove_member(&member.project, &member.subject)?;
        if let Some(thumbprint) = member_key(&member).map(|key| key.thumbprint().to_owned()) {
            let membership = (member.project.clone(), member.subject.clone());
            self.keys.entry(thumbprint).or_default().insert(membership);
        }
        let holding = self.holding_mut(&member.project)?;
        holding.members.insert(member.subject.clone(), member);
        Ok(())
    }

    fn remove_member(&mut self, project: &ProjectId, who: &Subject) -> Result<(), RegistryError> {
        let removed = self.holding_mut(project)?.members.remove(who);
        let key = removed.as_ref().and_then(member_key);
        if let Some(memberships) = key.and_then(|key| self.keys.get_mut(key.thumbprint())) {
            memberships.remove(&(project.clone(), who.clone()));
        }
        self.keys.retain(|_, memberships| !memberships.is_empty());
        Ok(())
    }

    pub(super) fn put_grant(&mut self, grant: Grant) -> Result<(), RegistryError> {
        let grants = &mut self.holding_mut(&grant.project)?.grants;
        match grants.iter_mut().find(|held| held.id == grant.id) {
            Some(held) => *held = grant,
            None => {
                grants.push(grant);
                self.grant_count += 1;
            }
        }
        Ok(())
    }

    fn revoke_grant(
        &mut self,
        project: &ProjectId,
        grant: &GrantId,
        at: Timestamp,
    ) -> Result<Row, RegistryError> {
        let grants = &mut self.holding_mut(project)?.grants;
        let Some(held) = grants.iter_mut().find(|held| held.id == *grant) else {
            return Ok(Row::Nothing);
        };
        held.revoked_at.get_or_insert(at);
        Ok(Row::Grant(held.clone()))
    }

    pub(super) fn put_token(&mut self, token_id: TokenId) {
        self.tokens_revoked.insert(token_id);
    }

    pub(super) fn put_subject(&mut self, subject: Subject, until_s: i64) {
        self.subjects_revoked.insert(subject, until_s);
    }

    /// The last second whose tokens a revocation ends. A token says when it was issued in whole
    /// seconds, and [`Self::earliest_issue`] moves new ones past a revocation; so a second
    /// revocation within the same second must reach one further.
    fn revocation_after(&self, subject: &Subject, at: Timestamp) -> i64 {
        match self.subjects_revoked.get(subject) {
            Some(&earlier) if at.unix_s() <= earlier => earlier + 1,
            Some(_) | None => at.unix_s(),
        }
    }

    /// The first moment at which a new token of a subject may say that it was issued.
    pub(crate) fn earliest_issue(&self, subject: &Subject, now: Timestamp) -> Timestamp {
        let revoked = self.subjects_revoked.get(subject);
        let past = revoked.and_then(|&until_s| Timestamp::from_unix_s(until_s + 1));
        past.map_or(now, |past| past.max(now))
    }

    /// Whether a token was revoked by its id.
    pub(crate) fn is_token_revoked(&self, token_id: &TokenId) -> bool {
        self.tokens_revoked.contains(token_id)
    }

    /// Whether the tokens of a subject that were issued at a moment were revoked.
    pub(crate) fn is_subject_revoked(&self, subject: &Subject, issued_at: Timestamp) -> bool {
        self.subjects_revoked.get(subject).is_some_and(|&until_s| issued_at.unix_s() <= until_s)
    }

    /// One project with everything under it.
    pub(crate) fn holding(&self, id: &ProjectId) -> Option<&Holding> {
        self.projects.get(id)
    }

    fn holding_mut(&mut self, id: &ProjectId) -> Result<&mut Holding, RegistryError> {
        self.projects.get_mut(id).ok_or(RegistryError::ProjectUnknown)
    }

    /// A page of projects.
    pub(crate) fn page(&self, page: ProjectPage<'_>) -> Vec<Project> {
        let after = page.after.map_or(Bound::Unbounded, Bound::Excluded);
        let range = self.projects.range::<ProjectId, _>((after, Bound::Unbounded));
        range.take(page.projects_max).map(|(_, holding)| holding.project.clone()).collect()
    }

    /// How many projects and grants were ever recorded.
    pub(super) fn counts(&self) -> (usize, u64) {
        (self.projects.len(), self.grant_count)
    }

    /// Whether a grant was ever given under an id.
    pub(super) fn is_grant_known(&self, id: &GrantId) -> bool {
        self.projects.values().flat_map(|holding| &holding.grants).any(|grant| grant.id == *id)
    }

    /// The projects under which a subject works.
    pub(crate) fn memberships<'a>(
        &'a self,
        subject: &'a Subject,
    ) -> impl Iterator<Item = &'a Holding> {
        self.projects.values().filter(move |holding| holding.members.contains_key(subject))
    }

    /// Who signs with the key of a thumbprint.
    pub(crate) fn key_holders(&self, thumbprint: &str) -> impl Iterator<Item = &Membership> {
        self.keys.get(thumbprint).into_iter().flatten()
    }
}

/// The key that checks a member's assertions, if the member has one that is taken.
pub(crate) fn member_key(member: &Member) -> Option<VerifyingKey> {
    let jwk = member.public_jwk.as_ref()?;
    let algorithm = Algorithm::of_jwk(jwk).ok()?;
    VerifyingKey::from_jwk(jwk, algorithm).ok()
}
