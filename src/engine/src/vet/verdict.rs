//! The verdict: which snapshots and columns a plan reads, what it gives, how much it reads.

use std::sync::Arc;

use datafusion::catalog::TableProvider;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::logical_expr::{Expr, LogicalPlan, TableScan};
use domain::question::{Mount, MountedField};
use domain::verdict::{AnswerColumn, Refusal, Scan, Verdict};
use domain::{Question, Sha256Digest};

use super::{VettedPlan, mount_of};
use crate::mount::{MountTable, Window};
use crate::refusal;

/// One scan of an optimised plan.
pub(crate) struct Reading {
    table: Arc<dyn TableProvider>,
    /// The places of the columns read among the granted ones.
    columns: Vec<usize>,
    /// The conditions that the files are asked about.
    pub(crate) conditions: Vec<Expr>,
}

impl Reading {
    fn of(scan: &TableScan) -> Option<Self> {
        let table = mount_of(scan).ok()?;
        let schema = table.schema();
        let mut columns: Vec<usize> = match &scan.projection {
            Some(columns) => columns.clone(),
            None => (0..schema.fields().len()).collect(),
        };
        for column in scan.filters.iter().flat_map(Expr::column_refs) {
            columns.extend(schema.index_of(&column.name).ok());
        }
        columns.sort_unstable();
        columns.dedup();
        Some(Self { table, columns, conditions: scan.filters.clone() })
    }

    /// What is mounted there.
    pub(crate) fn mount(&self) -> Option<&Mount> {
        self.table.downcast_ref::<MountTable>().map(MountTable::mount)
    }

    fn fields(&self) -> impl Iterator<Item = &MountedField> {
        let fields = self.mount().map(|mount| mount.fields.as_slice()).unwrap_or_default();
        self.columns.iter().filter_map(|&place| fields.get(place))
    }

    /// Estimate of the bytes read: the columns' bytes, by the share of the files that can hold
    /// rows of the time asked for.
    fn scan_bytes(&self) -> u64 {
        let Some(mount) = self.mount() else { return 0 };
        let window = Window::of(mount, &self.conditions);
        let bytes: u64 = self.fields().map(|mounted| mounted.bytes).sum();
        let all: u64 = mount.files.iter().map(|file| file.bytes).sum();
        let met: u64 =
            mount.files.iter().filter(|file| window.meets(file)).map(|file| file.bytes).sum();
        if all == 0 {
            return 0;
        }
        let estimate = u128::from(bytes) * u128::from(met) / u128::from(all);
        u64::try_from(estimate).unwrap_or(u64::MAX)
    }
}

/// The scans of an optimised plan, subqueries included.
pub(crate) fn readings(plan: &LogicalPlan) -> Vec<Reading> {
    let mut readings = Vec::new();
    let walked = plan.apply_with_subqueries(|node| {
        if let LogicalPlan::TableScan(scan) = node {
            readings.extend(Reading::of(scan));
        }
        Ok(TreeNodeRecursion::Continue)
    });
    debug_assert!(walked.is_ok(), "the walk itself has no errors");
    readings
}

/// The verdict on a plan: as vetted for its digest, as optimised for what it reads.
///
/// # Errors
/// Never by itself; `columns` says which answers cannot leave.
pub(crate) fn verdict(
    vetted: &VettedPlan,
    readings: &[Reading],
    columns: Vec<AnswerColumn>,
    question: &Question,
) -> Result<Verdict, Refusal> {
    refuse_twins(&columns)?;
    let text = vetted.plan().display_indent().to_string();
    Ok(Verdict {
        scans: scans(readings),
        columns,
        scan_bytes: readings.iter().map(Reading::scan_bytes).sum(),
        plan_sha256: Sha256Digest::of(text.as_bytes()),
        explanation: question.explain.then_some(text),
    })
}

/// Each snapshot once, in the order in which the plan first reads it.
fn scans(readings: &[Reading]) -> Vec<Scan> {
    let mut scans: Vec<Scan> = Vec::new();
    for reading in readings {
        let Some(mount) = reading.mount() else { continue };
        let is_it = |scan: &Scan| scan.dataset == mount.dataset && scan.snapshot == mount.snapshot;
        let place = scans.iter().position(is_it).unwrap_or_else(|| {
            let (dataset, snapshot) = (mount.dataset.clone(), mount.snapshot.clone());
            scans.push(Scan { dataset, snapshot, columns: Vec::new() });
            scans.len() - 1
        });
        let read = &mut scans[place].columns;
        for MountedField { field, .. } in reading.fields() {
            if read.iter().all(|(name, _)| *name != field.name) {
                read.push((field.name.clone(), field.class));
            }
        }
    }
    scans
}

/// Refuses an answer with two columns of one name, which most formats cannot tell apart.
fn refuse_twins(columns: &[AnswerColumn]) -> Result<(), Refusal> {
    let mut names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    names.sort_unstable();
    match names.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => {
            let detail = format!(
                "Two columns of the answer are called `{}`. Give one another name with AS.",
                pair[0]
            );
            Err(refusal::invalid(detail, None))
        }
        None => Ok(()),
    }
}
