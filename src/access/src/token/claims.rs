//! What an access token must say (RFC 9068), each claim with its type.
//!
//! Does not know keys. Moments are whole seconds; a fraction is refused, as no issuer that is taken
//! here writes one.
//!
//! # Invariant
//! A claim that decides something is never defaulted: missing is refused, and so is another type.

use std::collections::BTreeSet;

use domain::{Principal, ProjectId, Role, Subject, Timestamp, TokenId};
use serde_json::{Map, Value};

use super::TokenRefused;

/// How far clocks may be apart, in seconds.
const LEEWAY_S: i64 = 30;

/// What a token must fit.
pub(crate) struct Expected<'a> {
    /// Who is asked.
    pub(crate) audience: &'a str,
    /// The roles that its issuer may give.
    pub(crate) roles: &'a BTreeSet<Role>,
    /// The moment it is.
    pub(crate) now: Timestamp,
}

/// From when until when something holds.
#[derive(Clone, Copy)]
pub(crate) struct Lifetime {
    pub(crate) issued_at: Timestamp,
    pub(crate) expires_at: Timestamp,
}

/// Reads whose an access token is, every claim checked by itself; whether its subject is a member,
/// and whether it was revoked, the registry knows.
///
/// # Errors
/// The first claim that is missing, of another type, or does not fit.
pub(crate) fn read_principal(
    claims: &Map<String, Value>,
    expected: &Expected<'_>,
) -> Result<Principal, TokenRefused> {
    /// Longest life of a token: 24 hours.
    const LIFETIME_S_MAX: i64 = 24 * 60 * 60;
    let issuer = text(claims, "iss")?;
    if !audience_has(claims, |audience| audience == expected.audience)? {
        return Err(TokenRefused::Audience);
    }
    let lifetime = read_lifetime(claims, expected.now, LIFETIME_S_MAX)?;
    let subject = parsed(claims, "sub", Subject::parse)?;
    let token_id = parsed(claims, "jti", TokenId::parse)?;
    // The same form as a subject: short, visible, not empty.
    let client_id = parsed(claims, "client_id", Subject::parse)?.to_string();
    let role = role(claims)?;
    if !expected.roles.contains(&role) {
        return Err(TokenRefused::RoleNotOfIssuer);
    }
    let project = match role {
        Role::Researcher => Some(parsed(claims, "project", ProjectId::parse)?),
        Role::Steward | Role::Registrar | Role::Regulator | Role::Auditor => None,
    };
    let Lifetime { issued_at, expires_at } = lifetime;
    let issuer = issuer.to_owned();
    Ok(Principal { issuer, subject, role, project, client_id, token_id, issued_at, expires_at })
}

/// Reads from when until when a token holds, and checks that this is now.
///
/// # Errors
/// When `exp` or `iat` is missing or no whole number of seconds, when it is not now, or when the
/// time between them is longer than `lifetime_s_max`.
pub(crate) fn read_lifetime(
    claims: &Map<String, Value>,
    now: Timestamp,
    lifetime_s_max: i64,
) -> Result<Lifetime, TokenRefused> {
    let issued_at = moment(claims, "iat")?.ok_or(TokenRefused::ClaimMissing { claim: "iat" })?;
    let expires_at = moment(claims, "exp")?.ok_or(TokenRefused::ClaimMissing { claim: "exp" })?;
    let lifetime_s = expires_at.unix_s() - issued_at.unix_s();
    if lifetime_s <= 0 || lifetime_s_max < lifetime_s {
        return Err(TokenRefused::Lifetime);
    }
    if expires_at.plus_s(LEEWAY_S) <= now {
        return Err(TokenRefused::Expired);
    }
    let soon = now.plus_s(LEEWAY_S);
    if soon < issued_at {
        return Err(TokenRefused::IssuedInFuture);
    }
    if moment(claims, "nbf")?.is_some_and(|not_before| soon < not_before) {
        return Err(TokenRefused::NotYetValid);
    }
    Ok(Lifetime { issued_at, expires_at })
}

/// Whether `aud`, a string or an array of strings, has what is looked for.
///
/// # Errors
/// When it is missing or anything else.
pub(crate) fn audience_has(
    claims: &Map<String, Value>,
    is_us: impl Fn(&str) -> bool,
) -> Result<bool, TokenRefused> {
    const CLAIM: &str = "aud";
    match claims.get(CLAIM) {
        None => Err(TokenRefused::ClaimMissing { claim: CLAIM }),
        Some(Value::String(audience)) => Ok(is_us(audience)),
        Some(Value::Array(audiences)) => {
            let audiences = strings(audiences).ok_or(TokenRefused::ClaimType { claim: CLAIM })?;
            Ok(audiences.into_iter().any(is_us))
        }
        Some(_) => Err(TokenRefused::ClaimType { claim: CLAIM }),
    }
}

/// A claim that must be a string.
///
/// # Errors
/// When it is missing or anything else, an array of one string too.
pub(crate) fn text<'a>(
    claims: &'a Map<String, Value>,
    claim: &'static str,
) -> Result<&'a str, TokenRefused> {
    let value = claims.get(claim).ok_or(TokenRefused::ClaimMissing { claim })?;
    value.as_str().ok_or(TokenRefused::ClaimType { claim })
}

/// A claim that must be a string of a form.
///
/// # Errors
/// When it is missing, anything else, or not of the form.
pub(crate) fn parsed<T, E>(
    claims: &Map<String, Value>,
    claim: &'static str,
    parse: impl Fn(&str) -> Result<T, E>,
) -> Result<T, TokenRefused> {
    parse(text(claims, claim)?).map_err(|_| TokenRefused::ClaimType { claim })
}

/// A moment, in whole seconds since 1970 and within the years of the calendar.
fn moment(
    claims: &Map<String, Value>,
    claim: &'static str,
) -> Result<Option<Timestamp>, TokenRefused> {
    /// 9999-12-31T23:59:59Z, the last second that RFC 3339 can write.
    const UNIX_S_MAX: i64 = 253_402_300_799;
    let Some(value) = claims.get(claim) else {
        return Ok(None);
    };
    let unix_s = value.as_i64().filter(|unix_s| (0..=UNIX_S_MAX).contains(unix_s));
    let moment = unix_s.and_then(Timestamp::from_unix_s);
    moment.map(Some).ok_or(TokenRefused::ClaimType { claim })
}

/// The one role of ours that a token has. An issuer may list roles of its own beside it; with two
/// of ours it would not be clear which one asks, so that is refused.
fn role(claims: &Map<String, Value>) -> Result<Role, TokenRefused> {
    const CLAIM: &str = "roles";
    let listed = claims.get(CLAIM).ok_or(TokenRefused::ClaimMissing { claim: CLAIM })?;
    let listed = listed.as_array().and_then(|listed| strings(listed));
    let listed = listed.ok_or(TokenRefused::ClaimType { claim: CLAIM })?;
    let mut ours = listed.into_iter().filter_map(|role| Role::parse(role).ok());
    match (ours.next(), ours.next()) {
        (Some(role), None) => Ok(role),
        (None, _) => Err(TokenRefused::RoleMissing),
        (Some(_), Some(_)) => Err(TokenRefused::RolesSeveral),
    }
}

/// The items of an array, if all of them are strings.
fn strings(items: &[Value]) -> Option<Vec<&str>> {
    items.iter().map(Value::as_str).collect()
}
