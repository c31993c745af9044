//! A member's own key in place of a password: client assertions (RFC 7523).
//!
//! A member signs a short statement, "I am S, for this server, now", with the key that the
//! registrar recorded, and gets a token for it.
//!
//! # Shape
//! A signed JWT, its algorithm that of the member's key. Claims: `iss` and `sub`, both the member's
//! subject; `aud`, this server (the audience of tokens, the issuer, or the address of the token
//! endpoint); `iat`, `exp`, at most five minutes apart; `jti`; `project`, needed only where the
//! member has several. Header: `kid`, if given, the key's thumbprint (RFC 7638); `typ`, if given,
//! `JWT` or `client-authentication+jwt`, so that no access token passes for an assertion.
//!
//! # Invariant
//! An assertion is taken once, also across a restart.

use std::collections::BTreeMap;

use domain::{Date, Member, ProjectId, Subject, Timestamp, TokenId};

use crate::authorize::may_work;
use crate::key::VerifyingKey;
use crate::registry::{Holdings, Registry, RegistryError, member_key};
use crate::token::{
    Lifetime, Signed, TokenRefused, Unauthenticated, audience_has, parsed, read_lifetime, text,
};

/// Longest life of an assertion, in seconds.
const LIFETIME_S_MAX: i64 = 5 * 60;

/// Who signed an assertion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assertor {
    /// Who.
    pub subject: Subject,
    /// For which project.
    pub project: ProjectId,
}

/// An assertion is not taken.
#[derive(Debug, thiserror::Error)]
pub enum AssertionError {
    /// It is not valid.
    #[error(transparent)]
    Unauthenticated(#[from] Unauthenticated),
    /// It could not be remembered, so it could be used again.
    #[error("the assertion could not be remembered")]
    Registry(#[from] RegistryError),
}

impl From<TokenRefused> for AssertionError {
    fn from(reason: TokenRefused) -> Self {
        Self::Unauthenticated(Unauthenticated::from(reason))
    }
}

/// Checks assertions against the members' keys.
pub(crate) struct Assertions<'a> {
    pub(crate) registry: &'a Registry,
    pub(crate) now: Timestamp,
}

impl Assertions<'_> {
    /// Takes an assertion, once.
    ///
    /// # Errors
    /// When it is not valid, or cannot be remembered.
    pub(crate) fn take(
        &self,
        assertion: &str,
        is_us: impl Fn(&str) -> bool,
    ) -> Result<Assertor, AssertionError> {
        let signed = Signed::parse(assertion)?;
        match signed.kind()?.as_deref() {
            None | Some("jwt" | "client-authentication+jwt") => {}
            Some(_) => return Err(TokenRefused::Kind.into()),
        }
        let claims = signed.claims()?;
        if text(&claims, "iss")? != text(&claims, "sub")? {
            return Err(TokenRefused::IssuerNotSubject.into());
        }
        let subject = parsed(&claims, "sub", Subject::parse)?;
        let named = match claims.get("project") {
            None => None,
            Some(_) => Some(parsed(&claims, "project", ProjectId::parse)?),
        };
        if !audience_has(&claims, is_us)? {
            return Err(TokenRefused::Audience.into());
        }
        let lifetime = read_lifetime(&claims, self.now, LIFETIME_S_MAX)?;
        let id = parsed(&claims, "jti", TokenId::parse)?;
        let (key, project) = self.signer(&signed, &subject, named.as_ref())?;
        self.remember(&key, &id, lifetime)?;
        Ok(Assertor { subject, project })
    }

    /// Which of the subject's keys signed, and for which project.
    fn signer(
        &self,
        signed: &Signed<'_>,
        subject: &Subject,
        named: Option<&ProjectId>,
    ) -> Result<(String, ProjectId), TokenRefused> {
        let key_id = signed.key_id()?;
        let held = self.registry.held();
        let mut projects: BTreeMap<String, (VerifyingKey, Vec<ProjectId>)> = BTreeMap::new();
        let memberships = match named {
            Some(named) => member_of(&held, subject, named),
            None => working(&held, subject, self.now.date()),
        };
        for (member, project) in memberships {
            let Some(key) = member_key(member) else { continue };
            if key_id.is_none_or(|key_id| key_id == key.thumbprint()) {
                let thumbprint = key.thumbprint().to_owned();
                projects.entry(thumbprint).or_insert((key, Vec::new())).1.push(project.clone());
            }
        }
        let mut refused = TokenRefused::KeyUnknown;
        for (thumbprint, (key, mut projects)) in projects {
            match signed.verify(&key) {
                Ok(_) if projects.len() == 1 => return Ok((thumbprint, projects.remove(0))),
                Ok(_) => return Err(TokenRefused::ProjectAmbiguous),
                Err(reason) => refused = reason,
            }
        }
        Err(refused)
    }

    fn remember(&self, key: &str, id: &TokenId, lifetime: Lifetime) -> Result<(), AssertionError> {
        /// Longer than the leeway after `exp`, so that it is known for as long as it is taken.
        const REMEMBERED_S: i64 = 60;
        let until = lifetime.expires_at.plus_s(REMEMBERED_S);
        if self.registry.first_use(key, id, (self.now, until))? {
            Ok(())
        } else {
            Err(TokenRefused::Replayed.into())
        }
    }
}

/// The subject's membership of one project.
fn member_of<'a>(
    held: &'a Holdings,
    subject: &Subject,
    project: &ProjectId,
) -> Vec<(&'a Member, &'a ProjectId)> {
    let holding = held.holding(project);
    let member =
        holding.and_then(|holding| Some((holding.members.get(subject)?, &holding.project.id)));
    member.into_iter().collect()
}

/// Where a subject is a member, of projects that may work; of all of them if none may, so that a
/// member of a suspended project can log in and be told.
fn working<'a>(
    held: &'a Holdings,
    subject: &'a Subject,
    today: Date,
) -> Vec<(&'a Member, &'a ProjectId)> {
    let all: Vec<_> = held.memberships(subject).collect();
    let may_any = all.iter().any(|holding| may_work(&holding.project, today).is_ok());
    all.into_iter()
        .filter(|holding| !may_any || may_work(&holding.project, today).is_ok())
        .filter_map(|holding| Some((holding.members.get(subject)?, &holding.project.id)))
        .collect()
}
