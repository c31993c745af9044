//! The analysed plan, checked node by node against allow lists before anything optimises it.
//!
//! Optimising runs functions on constants; so what may run is decided before. What passes here
//! is what runs: nothing is parsed or planned again.
//!
//! Knows no grants: the mounts hold granted columns only.
//!
//! # Invariant
//! Whoever holds a [`VettedPlan`] knows that the plan reads mounted tables and calls offered
//! functions only.
//!
//! # Rooms
//! - [`expression`]: expressions within the nodes.
//! - [`subquery`]: what the optimiser could not make a join of.
//! - [`verdict`]: what the plan would consult and give.

mod expression;
mod subquery;
mod verdict;

use datafusion::catalog::default_table_source::source_as_provider;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::{DataFusionError, Result as EngineResult};
use datafusion::logical_expr::{Distinct, LogicalPlan, TableScan};
use domain::verdict::Refusal;

pub(crate) use subquery::check_left;
pub(crate) use verdict::{Reading, readings, verdict};

use crate::mount::MountTable;
use crate::plan::Functions;
use crate::refusal;

/// A plan that passed.
#[derive(Debug)]
pub(crate) struct VettedPlan(LogicalPlan);

impl VettedPlan {
    /// The plan.
    pub(crate) fn plan(&self) -> &LogicalPlan {
        &self.0
    }
}

/// Vets an analysed plan.
///
/// # Errors
/// The first node, expression or function that is not offered.
pub(crate) fn vet(plan: LogicalPlan, functions: &Functions) -> Result<VettedPlan, Refusal> {
    let mut refusal = None;
    let walked = plan.apply_with_subqueries(|node| {
        refusal = check_node(node, functions).err();
        Ok(match refusal {
            Some(_) => TreeNodeRecursion::Stop,
            None => TreeNodeRecursion::Continue,
        })
    });
    match (walked, refusal) {
        (Ok(_), None) => Ok(VettedPlan(plan)),
        (_, Some(refusal)) => Err(refusal),
        (Err(_), None) => Err(not_offered("This form of a query")),
    }
}

fn check_node(node: &LogicalPlan, functions: &Functions) -> Result<(), Refusal> {
    match node {
        LogicalPlan::TableScan(scan) => check_scan(scan)?,
        LogicalPlan::Projection(_)
        | LogicalPlan::Filter(_)
        | LogicalPlan::Aggregate(_)
        | LogicalPlan::Sort(_)
        | LogicalPlan::Join(_)
        | LogicalPlan::Union(_)
        | LogicalPlan::EmptyRelation(_)
        | LogicalPlan::Subquery(_)
        | LogicalPlan::SubqueryAlias(_)
        | LogicalPlan::Limit(_)
        | LogicalPlan::Distinct(Distinct::All(_) | Distinct::On(_))
        | LogicalPlan::Values(_)
        | LogicalPlan::Window(_)
        | LogicalPlan::Unnest(_) => {}
        LogicalPlan::Repartition(_) => return Err(not_offered("DISTRIBUTE BY")),
        LogicalPlan::RecursiveQuery(_) => return Err(not_offered("WITH RECURSIVE")),
        LogicalPlan::Explain(_) | LogicalPlan::Analyze(_) => return Err(not_offered("EXPLAIN")),
        LogicalPlan::DescribeTable(_) => return Err(not_offered("DESCRIBE")),
        LogicalPlan::Copy(_) => return Err(not_offered("COPY")),
        LogicalPlan::Dml(_) | LogicalPlan::Ddl(_) => return Err(not_offered("A change of data")),
        LogicalPlan::Statement(_) | LogicalPlan::Extension(_) => {
            return Err(not_offered("This statement"));
        }
    }
    let mut refusal = None;
    let walked = node.apply_expressions(|expr| {
        refusal = expression::check(expr, functions).err();
        Ok(match refusal {
            Some(_) => TreeNodeRecursion::Stop,
            None => TreeNodeRecursion::Continue,
        })
    });
    match (walked, refusal) {
        (Ok(_), None) => Ok(()),
        (_, Some(refusal)) => Err(refusal),
        (Err(_), None) => Err(not_offered("This expression")),
    }
}

fn check_scan(scan: &TableScan) -> Result<(), Refusal> {
    mount_of(scan).map(|_| ()).map_err(|_| not_offered("A table that is no dataset"))
}

/// The mounted table behind a scan.
fn mount_of(
    scan: &TableScan,
) -> EngineResult<std::sync::Arc<dyn datafusion::catalog::TableProvider>> {
    let provider = source_as_provider(&scan.source)?;
    if provider.is::<MountTable>() {
        Ok(provider)
    } else {
        Err(DataFusionError::Plan("a table that is not mounted".to_owned()))
    }
}

/// The refusal of something by its name.
fn not_offered(name: &str) -> Refusal {
    refusal::refused(format!("{name} is not offered. Write it as a plain query."), None)
}
