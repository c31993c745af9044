//! Which operation is open to whom.
//!
//! Each resource's file lists its operations with their [`Permission`]; an operation that no
//! list has is open to nobody.

use domain::Role;

use crate::http::door::caller::Caller;

/// Who may call an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// Anyone; a token is neither needed nor looked at.
    Anyone,
    /// Whoever has a token, whatever the role.
    Token,
    /// These roles; the operator counts as steward and registrar.
    Roles(&'static [Role]),
}

/// One resource's operations by `operationId`, with who may call them.
pub type Permissions = &'static [(&'static str, Permission)];

impl Permission {
    /// Whether it is open to a caller.
    #[must_use]
    pub fn admits(self, caller: &Caller) -> bool {
        match self {
            Self::Anyone => true,
            Self::Token => matches!(caller, Caller::Principal(_)),
            Self::Roles(roles) => caller.is_any_of(roles),
        }
    }
}
