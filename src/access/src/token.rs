//! Tokens: what a card says, and whether to believe it.
//!
//! The order is: size and form, header, the issuer's key, the signature, then the claims. What a
//! token says before its signature was checked only chooses the key.
//!
//! # Invariant
//! The one who asks never learns which check failed: [`Unauthenticated`] has one text. The reason
//! is for the server's log.
//!
//! # Rooms
//! - [`json`]: JSON objects whose members are all distinct.
//! - [`signed`]: the compact form, its header and its signature.
//! - [`claims`]: what an access token must say (RFC 9068).

mod claims;
mod json;
mod signed;

pub(crate) use claims::{
    Expected, Lifetime, audience_has, parsed, read_lifetime, read_principal, text,
};
pub use signed::Signed;

/// Why a token was not believed; for the server's log, never for the one who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenRefused {
    /// It is longer than [`Signed::LENGTH_BYTES_MAX`].
    #[error("the token is longer than 8 KiB")]
    TooLong,
    /// It is not three parts in base64url without padding.
    #[error("the token is not three parts in base64url")]
    Form,
    /// Its header or payload is no JSON object, or names a member twice.
    #[error("a part of the token is no JSON object with distinct members")]
    Json,
    /// It says that it is another kind of token.
    #[error("`typ` is missing or names another kind of token")]
    Kind,
    /// It has `crit`: something must be understood that is not understood here.
    #[error("the header has `crit`")]
    Critical,
    /// It names no key.
    #[error("the header has no `kid`")]
    KeyIdMissing,
    /// It is signed with another algorithm than its key is for.
    #[error("the algorithm is not the issuer's")]
    Algorithm,
    /// A claim is missing.
    #[error("`{claim}` is missing")]
    ClaimMissing {
        /// Which.
        claim: &'static str,
    },
    /// A claim is of another type, or does not have its form.
    #[error("`{claim}` is not of its type or form")]
    ClaimType {
        /// Which.
        claim: &'static str,
    },
    /// Its issuer is not configured.
    #[error("the issuer is not configured")]
    IssuerUnknown,
    /// Its issuer has no such key.
    #[error("the issuer has no such key")]
    KeyUnknown,
    /// The signature is not the key's.
    #[error("the signature is not valid")]
    Signature,
    /// It was made for someone else.
    #[error("`aud` does not contain this server")]
    Audience,
    /// It has ended.
    #[error("the token has ended")]
    Expired,
    /// It has not begun.
    #[error("the token does not hold yet")]
    NotYetValid,
    /// It was issued in the future.
    #[error("the token was issued in the future")]
    IssuedInFuture,
    /// It would hold for longer than is taken, or ends before it was issued.
    #[error("the token holds for longer than is taken")]
    Lifetime,
    /// It has none of our roles.
    #[error("`roles` has none of the five roles")]
    RoleMissing,
    /// It has several of our roles, so that it is not clear which one asks.
    #[error("`roles` has several of the five roles")]
    RolesSeveral,
    /// Its issuer may not give that role.
    #[error("the issuer may not give the role")]
    RoleNotOfIssuer,
    /// It was revoked by its id.
    #[error("the token was revoked")]
    TokenRevoked,
    /// All tokens of its subject issued until then were revoked.
    #[error("the tokens of the subject were revoked")]
    SubjectRevoked,
    /// Its subject is no member of its project.
    #[error("the subject is no member of the project")]
    NotMember,
    /// An assertion does not name the one who signs it as both issuer and subject.
    #[error("`iss` and `sub` differ")]
    IssuerNotSubject,
    /// An assertion came a second time.
    #[error("the assertion was used before")]
    Replayed,
    /// An assertion fits several projects, and names none.
    #[error("the assertion fits several projects")]
    ProjectAmbiguous,
}

/// A caller is not let in. The text is one constant; [`Self::reason`] is for the server's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("A valid access token is needed: `Authorization: Bearer <token>`.")]
pub struct Unauthenticated {
    reason: TokenRefused,
}

impl Unauthenticated {
    /// Which check failed; for the server's log only.
    #[must_use]
    pub fn reason(&self) -> TokenRefused {
        self.reason
    }
}

impl From<TokenRefused> for Unauthenticated {
    fn from(reason: TokenRefused) -> Self {
        Self { reason }
    }
}
