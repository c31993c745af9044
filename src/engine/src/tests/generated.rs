//! Statements that a seeded author made up: none may panic or escape its grants.
//!
//! In the tests there are [`TEXTS`]; `READINGROOM_TEXTS` asks for another number, as
//! `tests/bench/texts` does.
//!
//! # Rooms
//! - [`author`]: who makes them up.

mod author;

use std::collections::BTreeMap;

use datafusion::catalog::default_table_source::source_as_provider;
use datafusion::common::tree_node::{TreeNode as _, TreeNodeRecursion};
use datafusion::logical_expr::{LogicalPlan, TableScan};
use domain::Question;
use domain::question::OnLimit;

use super::world::{Bytes, ENGINE, World};
use crate::mount::MountTable;
use crate::{Fault, NotPlanned, RunResult, Vetted};
use author::Author;

/// How many statements are made up.
const TEXTS: u64 = 2_000;

/// How many nodes and expressions a plan has at most for each byte of its statement. Planning walks
/// them some hundred times; this, not a clock, is its deadline here.
const TICKS_PER_BYTE_MAX: usize = 200;

/// The longest statement that is run too, in bytes.
const RUN_BYTES_MAX: usize = 1_000;

#[test]
fn what_is_made_up_neither_panics_nor_escapes_its_grants() {
    let world = World::open();
    let texts = std::env::var("READINGROOM_TEXTS").ok();
    let texts = texts.map_or(TEXTS, |texts| texts.parse().unwrap());
    let mut ends: BTreeMap<&str, u64> = BTreeMap::new();
    let mut wrong = Vec::new();

    for seed in 0..texts {
        let sql = Author::new(seed).statement();
        match check(&world, &sql) {
            Ok(end) => *ends.entry(end).or_default() += 1,
            Err(error) => wrong.push(format!("seed {seed}: {error}: {sql}")),
        }
    }

    assert!(wrong.is_empty(), "{} of {texts}:\n{}", wrong.len(), wrong.join("\n"));
    // An author who is always refused, or never, shows nothing.
    let of = |end: &str| ends.get(end).copied().unwrap_or_default();
    assert!(texts / 5 < of("finished"), "{ends:?}");
    assert!(texts / 10 < of("refused"), "{ends:?}");
    assert!(of("faulty") <= texts / 500, "{ends:?}");
}

/// How a statement ended, or what must not be.
fn check(world: &World, sql: &str) -> Result<&'static str, String> {
    let mut question = world.question(sql);
    question.on_limit = OnLimit::Truncate;
    question.limits.rows = 100;
    // Not through `Engine::plan`, which makes a refusal of a panic.
    let planned = crate::on_planner_thread(|| ENGINE.planned(&question));
    let vetted = match planned.map_err(|_| "planning panicked")? {
        Ok(vetted) => vetted,
        Err(NotPlanned::Refused(_)) => return Ok("refused"),
        Err(NotPlanned::Versions(_)) => return Ok("pinned"),
    };
    check_plan(&vetted.prepared.plan, &question)?;
    if RUN_BYTES_MAX < sql.len() {
        return Ok("planned");
    }
    run(world, vetted, &question)
}

fn run(world: &World, vetted: Vetted, question: &Question) -> Result<&'static str, String> {
    let verdict = vetted.verdict().clone();
    let files = world.files(question, &verdict);
    match ENGINE.run(vetted, files, &[], &mut Bytes::default()) {
        RunResult::Finished(_) => Ok("finished"),
        RunResult::Failed(_) => Ok("failed"),
        RunResult::LimitHit(_) => Ok("stopped"),
        // A plan that the engine itself finds wrong, before it reads.
        RunResult::Fault(Fault::Engine) => Ok("faulty"),
        RunResult::Fault(fault) => Err(format!("running: {fault:?}")),
    }
}

/// Every scan is of a mounted table and reads granted columns; the plan is of a bounded size.
fn check_plan(plan: &LogicalPlan, question: &Question) -> Result<(), String> {
    let (mut ticks, mut escape) = (0, None);
    plan.apply_with_subqueries(|node| {
        ticks += 1;
        if let LogicalPlan::TableScan(scan) = node {
            escape = escape.take().or_else(|| escaped(scan, question));
        }
        node.apply_expressions(|expr| {
            expr.apply(|_| {
                ticks += 1;
                Ok(TreeNodeRecursion::Continue)
            })
        })
    })
    .map_err(|_| "the plan cannot be walked")?;
    if let Some(escape) = escape {
        return Err(escape);
    }
    let ticks_max = TICKS_PER_BYTE_MAX * question.sql.len();
    if ticks_max < ticks { Err(format!("{ticks} of {ticks_max} ticks")) } else { Ok(()) }
}

/// What a scan reads beyond what is mounted.
fn escaped(scan: &TableScan, question: &Question) -> Option<String> {
    let provider = source_as_provider(&scan.source).ok()?;
    let Some(table) = provider.downcast_ref::<MountTable>() else {
        return Some(format!("scans {}", scan.table_name));
    };
    let mount = question.mounts.iter().find(|mount| mount.snapshot == table.mount().snapshot);
    let Some(mount) = mount else { return Some(format!("scans {}", scan.table_name)) };
    let filtered = scan.filters.iter().flat_map(|filter| filter.column_refs());
    let filtered: Vec<_> = filtered.map(|column| column.name.clone()).collect();
    let read = scan.projected_schema.fields().iter().map(|field| field.name().clone());
    read.chain(filtered)
        .find(|name| mount.fields.iter().all(|mounted| mounted.field.name.as_str() != name))
        .map(|name| format!("reads {}.{name}", mount.dataset))
}
