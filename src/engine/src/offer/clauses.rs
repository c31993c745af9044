//! What a query is made of beside functions and types.
//!
//! # Rooms
//! - [`query`]: the clauses of a query and of FROM.
//! - [`expression`]: conditions, operators, and functions that are written with words.

mod expression;
mod query;

use super::Phrases;

/// All clauses.
pub const GROUPS: &[Phrases] = &[
    Phrases { title: "A query", phrases: query::CLAUSES },
    Phrases { title: "What stands in FROM", phrases: query::FROM },
    Phrases { title: "Conditions", phrases: expression::CONDITIONS },
    Phrases { title: "Expressions", phrases: expression::EXPRESSIONS },
    Phrases { title: "Aggregates and windows", phrases: expression::AGGREGATES },
];
