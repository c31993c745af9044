//! What an operator decides about access.
//!
//! Where these come from, and what their defaults are, the gateway's configuration says.

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::path::PathBuf;

use domain::limits::DailyBudget;
use domain::{Limits, ProjectId, Role};

use crate::key::Algorithm;

/// Everything an operator decides about access.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// What a token's `aud` must contain.
    pub audience: String,
    /// The `iss` of the embedded issuer.
    pub issuer: String,
    /// Other issuers whose tokens are taken.
    pub issuers: Vec<IssuerSettings>,
    /// The standing project of regulators and auditors.
    pub oversight: ProjectId,
    /// Requests of one principal.
    pub principal_rate: Rate,
    /// Requests of one project.
    pub project_rate: Rate,
    /// Queries of one project at one time.
    pub parallel: NonZeroU32,
    /// What a project may use in one UTC day.
    pub daily_budget: DailyBudget,
    /// The limits of one query where its grants say nothing else.
    pub limits: Limits,
    /// The limits that no grant may exceed.
    pub limits_max: Limits,
}

/// Requests per time: as many at once as `burst`, all of them back after `window_s`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Requests at once.
    pub burst: NonZeroU32,
    /// The time in which the burst refills.
    pub window_s: NonZeroU32,
}

/// One issuer beside the embedded one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuerSettings {
    /// Its `iss`.
    pub issuer: String,
    /// The one algorithm of its tokens.
    pub algorithm: Algorithm,
    /// Where its keys come from.
    pub keys: KeySource,
    /// The roles it may give; a university need not be able to make stewards.
    pub roles: BTreeSet<Role>,
}

/// Where an issuer's keys come from, as a JWK set (RFC 7517).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// A file, read once at start.
    File(PathBuf),
    /// An address, `https` or on this machine.
    Url(url::Url),
}
