//! Functions of many rows that are ours, in the place of the engine's of the same name.
//!
//! The engine's `percentile_cont` keeps six digits of a share and sorts its whole input first; its
//! `sum` of whole numbers wraps. A wrong number in silence is the worst that can leave here.
//!
//! # Invariant
//! A result does not depend on the order of reading, nor on how rows are spread over threads.
//!
//! # Rooms
//! - [`percentile`]: `percentile_cont` and `median`, over [`values`].
//! - [`sum`]: sums of whole numbers that do not wrap.

mod percentile;
mod sum;
mod values;

use std::sync::Arc;

use datafusion::logical_expr::AggregateUDF;

pub(crate) use percentile::{PERCENTILE, share_is_sound};

/// Ours, each of which replaces the engine's of its name.
pub(crate) fn all() -> Vec<Arc<AggregateUDF>> {
    vec![percentile::percentile_cont(), percentile::median(), sum::sum()]
}
