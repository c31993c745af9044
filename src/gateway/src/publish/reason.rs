//! Reasons: what a steward says when something is activated, for the log and for whoever reads it.

use domain::publication::REASON_CHARACTERS_MAX;

/// Why a steward does something; the log has it as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason(String);

/// A text is no reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidReason {
    /// Nothing is said.
    #[error("the reason is empty")]
    Empty,
    /// More is said than the log has room for.
    #[error("the reason has more than {REASON_CHARACTERS_MAX} characters")]
    TooLong,
    /// It holds what does not print.
    #[error("the reason holds control characters")]
    Control,
}

impl Reason {
    /// Reads a reason that came from outside; spaces around it go.
    ///
    /// # Errors
    /// [`InvalidReason`], which never quotes the text.
    pub fn parse(text: &str) -> Result<Self, InvalidReason> {
        let text = text.trim();
        if text.is_empty() {
            return Err(InvalidReason::Empty);
        }
        if REASON_CHARACTERS_MAX < text.chars().count() {
            return Err(InvalidReason::TooLong);
        }
        if text.contains(char::is_control) {
            return Err(InvalidReason::Control);
        }
        Ok(Self(text.to_owned()))
    }

    /// The reason as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<Reason> for String {
    fn from(reason: Reason) -> Self {
        reason.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_says_something_that_prints_and_fits() {
        let reason = |text: &str| Reason::parse(text).map(String::from);

        assert_eq!(reason("  prices were in cents ").as_deref(), Ok("prices were in cents"));
        assert_eq!(reason(" \n"), Err(InvalidReason::Empty));
        assert_eq!(reason("a\nb"), Err(InvalidReason::Control));
        assert!(reason(&"ä".repeat(REASON_CHARACTERS_MAX)).is_ok());
        assert_eq!(reason(&"ä".repeat(REASON_CHARACTERS_MAX + 1)), Err(InvalidReason::TooLong));
    }
}
