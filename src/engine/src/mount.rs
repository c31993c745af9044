//! Mounted snapshots: what a grant gives of a dataset, as a table of the engine.
//!
//! Knows columns, bounds and descriptors; no paths, and no other datasets.
//!
//! # Invariant
//! A table has the granted columns only, and its rows come through the grant's bounds: a filter
//! directly above the files, below anything that the planner can rewrite. What the law takes out
//! is taken out below that filter, so that not even a bound can tell of it. Identifiers leave as
//! pseudonyms of the project: above that filter there are none.
//!
//! # Rooms
//! - [`table`]: the table.
//! - [`bounds`]: the grant's rows as a condition.
//! - [`redact`]: what the law takes out.
//! - [`pseudonym`]: what is seen in the place of identifiers.
//! - [`window`]: which files can hold rows of a time, for estimates.
//! - [`store`]: files that came as descriptors, as the engine's object store.

mod bounds;
mod pseudonym;
mod redact;
mod store;
mod table;
mod window;

pub(crate) use store::{DescriptorStore, Mismatched};
pub(crate) use table::{MountTable, STORE_URL};
pub(crate) use window::Window;

/// The name of a column that no file has: those of codebooks have no blank. A condition on it is one
/// that the engine cannot pass down.
const NOWHERE: &str = "not below";
