//! The engine from outside: questions over small snapshots in a temp folder.
//!
//! Within the library, since a test binary of its own would link the engine a second time.
//!
//! # Rooms
//! - [`world`]: the snapshots, and a way to ask.
//! - [`answers`]: what answers look like, in every format.
//! - [`bounds`]: rows outside a grant.
//! - [`cases`]: SQL and what it must come to, as data.
//! - [`codes`]: grouping by columns of codes.
//! - [`failures`]: how a run fails, and what must not leave then.
//! - [`generated`]: statements that a seeded author made up.
//! - [`limits`]: where answers end.
//! - [`offer`]: each example of the offer.
//! - [`parameters`]: values beside the SQL.
//! - [`pseudonyms`]: what a project sees in the place of identifiers.
//! - [`questions`]: the research questions.
//! - [`redactions`]: what the law takes out.

mod answers;
mod bounds;
mod cases;
mod codes;
mod failures;
mod generated;
mod limits;
mod offer;
mod parameters;
mod pseudonyms;
mod questions;
mod redactions;
mod world;
