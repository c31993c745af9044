//! Access: who may ask what, how often.
//!
//! A reader shows a card, is told what may be consulted, and how often. This room checks the
//! card (tokens), keeps the list of approvals (projects, members, grants), and counts.
//!
//! Floor 2. Knows `domain`; does not know SQL, Parquet, HTTP or the log. What the registrar
//! does reaches it as [`domain::change::Change`], after the log has it.
//!
//! # Invariant
//! Doubt means no: a [`domain::Principal`], an [`Authorized`] and a [`Reserved`] have one maker
//! each, and it is here. A card is only taken whole, a column is only given by name, and what
//! is not known to be within a budget is outside it.
//!
//! # Rooms
//! - [`settings`]: what an operator decides.
//! - [`key`], [`token`], [`issuer`]: is this card genuine, and whose is it?
//! - [`assertion`]: a member's own key in place of a card (RFC 7523).
//! - [`registry`]: projects, members, grants, revocations, as the log says.
//! - [`authorize`]: is this verdict within the grants?
//! - [`limit`]: how often, and how much a day?
//! - [`revocation`]: what ends a running query.
//! - [`access`]: all of it behind one door.

pub mod access;
pub mod assertion;
pub mod authorize;
pub mod issuer;
pub mod key;
pub mod limit;
pub mod registry;
pub mod revocation;
pub mod settings;
pub mod token;

pub use access::{Access, OpenError, Options};
pub use assertion::{AssertionError, Assertor};
pub use authorize::{Authorized, Denial, Granted, Reserved, Scope};
pub use issuer::{
    IssueRefused, IssuedToken, IssuerKey, IssuerKeyRefused, IssuerRefused, TokenOrder,
};
pub use key::{Algorithm, KeyRefused, VerifyingKey, public_jwk};
pub use limit::{LimitReached, Policy, PolicyQuota, PolicyState, RateClock, RateDecision};
pub use registry::{
    ChangeRefused, ColumnOf, GrantDraft, GrantWarning, ProjectDraft, ProjectPage, RegistryError,
    TellsBy, Turn, make_registry,
};
pub use revocation::Standing;
pub use settings::{IssuerSettings, KeySource, Rate, Settings};
pub use token::{TokenRefused, Unauthenticated};

#[cfg(test)]
mod tests;
