//! Who asks: a principal with a token, or the operator at the control socket.
//!
//! # Invariant
//! Only the door puts a [`Caller`] into a request, so a handler that takes one runs behind
//! authentication; without one it answers 401.

use std::future::{Ready, ready};
use std::sync::Arc;

use actix_web::{FromRequest, HttpMessage as _, HttpRequest, dev};
use domain::{Principal, Role};

use crate::http::problem::{Kind, Problem, unauthenticated};

/// Who asks, after authentication.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    /// Someone with a token that passed every check.
    Principal(Arc<Principal>),
    /// Whoever may open the control socket of the data folder.
    Operator(Operator),
}

/// Who speaks through the control socket: what the steward and the registrar may do, no queries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operator {
    /// The user id of the process at the other end, as the kernel tells it.
    pub user_id: u32,
    /// The name it gave itself (`--actor`).
    pub actor: Option<String>,
}

impl Caller {
    /// The principal, for operations of token holders.
    ///
    /// # Errors
    /// `not_permitted` for the operator.
    pub fn principal(&self) -> Result<&Arc<Principal>, Problem> {
        match self {
            Self::Principal(principal) => Ok(principal),
            Self::Operator(_) => Err(not_permitted()),
        }
    }

    /// Whether the caller has one of these roles; the operator has the steward's and the registrar's.
    #[must_use]
    pub fn is_any_of(&self, roles: &[Role]) -> bool {
        match self {
            Self::Principal(principal) => roles.contains(&principal.role),
            Self::Operator(_) => roles.contains(&Role::Steward) || roles.contains(&Role::Registrar),
        }
    }
}

impl FromRequest for Caller {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut dev::Payload) -> Self::Future {
        ready(request.extensions().get::<Self>().cloned().ok_or_else(unauthenticated))
    }
}

/// The problem of a role that has no such operation.
#[must_use]
pub fn not_permitted() -> Problem {
    Kind::NotPermitted.problem(
        "Your role has no such operation; docs/problems/not-permitted.md says which role has it.",
    )
}
