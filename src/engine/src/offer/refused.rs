//! What is refused, why, and the way to say it instead.
//!
//! # Rooms
//! - [`functions`]: functions by name. - [`clauses`]: statements and clauses.

mod clauses;
mod functions;

pub use clauses::{CLAUSES, STATEMENTS};
pub use functions::{FUNCTIONS, OTHER_NAMES};

/// Something that is refused.
#[derive(Clone, Copy, Debug)]
pub struct Refused {
    /// Its names.
    pub names: &'static [&'static str],
    /// Why, and what to do instead.
    pub reason: &'static str,
    /// A statement that is refused for it.
    pub example: &'static str,
    /// The statement that says it another way.
    pub instead: &'static str,
}

impl Refused {
    const fn new(names: &'static [&'static str], reason: &'static str) -> Self {
        Self { names, reason, example: "", instead: "" }
    }

    const fn write(self, example: &'static str, instead: &'static str) -> Self {
        Self { example, instead, ..self }
    }
}

/// Why a function is not offered, where it is one that people look for.
pub(crate) fn reason(function: &str) -> Option<&'static str> {
    let all = FUNCTIONS.iter().chain(OTHER_NAMES);
    let mut found = all.filter(|refused| refused.names.contains(&function));
    found.next().map(|refused| refused.reason)
}
