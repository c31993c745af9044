//! Grouping by codes: where rows are grouped by text of which the codebook lists every value, numbers
//! stand for the texts until the groups are made.
//!
//! The engine hashes and compares the text of every row; but a column of codes has a few dozen
//! values, and within a file the same value is at the same place. Measured in
//! docs/decisions/0011-how-files-are-laid-out.md.
//!
//! Knows no codebooks: the columns are marked in their schema.
//!
//! # Invariant
//! The answer is the same: texts and numbers stand for each other one to one, whatever the texts
//! are; a value that no codebook lists costs time only.
//!
//! # Rooms
//! - [`lexicon`]: the texts of one grouping and their numbers.
//! - [`key`]: numbers of several columns in one value.
//! - [`encode`], [`decode`]: the nodes of the plan, below and above the grouping.

mod decode;
mod encode;
mod key;
mod lexicon;

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field};
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode as _};
use datafusion::error::Result as EngineResult;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::aggregates::{AggregateExec, AggregateMode, PhysicalGroupBy};
use datafusion::physical_plan::{ExecutionPlan, InputOrderMode};

use decode::{DecodeExec, Source};
use encode::EncodeExec;
use lexicon::Lexicon;

/// What marks a column of codes in a schema.
const MARK: &str = "reading-room.codes";

/// The rule before which groupings are rewritten: it decides which rows go to which thread.
const BEFORE: &str = "EnsureRequirements";

/// Marks a column of which the codebook lists every value.
pub(crate) fn marked(field: Field) -> Field {
    field.with_metadata(HashMap::from([(MARK.to_owned(), String::new())]))
}

/// Puts the rule of this room among the engine's.
pub(crate) fn join(rules: &mut Vec<Arc<dyn PhysicalOptimizerRule + Send + Sync>>) {
    if let Some(place) = rules.iter().position(|rule| rule.name() == BEFORE) {
        rules.insert(place, Arc::new(GroupByCodes));
    }
}

/// Puts codes in the place of texts below a grouping, and texts in the place of codes above.
#[derive(Debug)]
struct GroupByCodes;

impl PhysicalOptimizerRule for GroupByCodes {
    fn optimize(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        _: &ConfigOptions,
    ) -> EngineResult<Arc<dyn ExecutionPlan>> {
        let rewritten = plan.transform_up(|node| {
            let grouping = node.downcast_ref::<AggregateExec>();
            Ok(match grouping.map(by_codes).transpose()?.flatten() {
                Some(rewritten) => Transformed::yes(rewritten),
                None => Transformed::no(node),
            })
        })?;
        Ok(rewritten.data)
    }

    fn name(&self) -> &'static str {
        "GroupByCodes"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

/// A grouping in two steps, by codes; nothing where it groups by no column of codes.
fn by_codes(last: &AggregateExec) -> EngineResult<Option<Arc<dyn ExecutionPlan>>> {
    let Some(first) = last.input().downcast_ref::<AggregateExec>() else { return Ok(None) };
    if !is_plain(first, last) {
        return Ok(None);
    }
    let (mut coded, mut columns, mut others) = (Vec::new(), Vec::new(), Vec::new());
    for place in 0..first.group_expr().expr().len() {
        if let Some(column) = coded_column(first, place) {
            coded.push(place);
            columns.push(column);
        } else {
            others.push(place);
        }
    }
    if columns.is_empty() {
        return Ok(None);
    }
    let lexicon = Arc::new(Lexicon::default());
    let encoded = Arc::new(EncodeExec::new(Arc::clone(first.input()), columns, &lexicon));
    let keys = encoded.keys().map(|(name, index)| -> (Arc<dyn PhysicalExpr>, String) {
        (Arc::new(Column::new(&name, index)), name)
    });
    let others_of = others.iter().map(|&place| first.group_expr().expr()[place].clone());
    let group_by = PhysicalGroupBy::new_single(keys.chain(others_of).collect());
    let sources = sources(&coded, &others, encoded.key_count());

    let schema = encoded.schema();
    let first = AggregateExec::try_new(
        AggregateMode::Partial,
        group_by,
        first.aggr_expr().to_vec(),
        first.filter_expr().to_vec(),
        encoded,
        Arc::clone(&schema),
    )?;
    let again = AggregateExec::try_new(
        *last.mode(),
        first.group_expr().as_final(),
        last.aggr_expr().to_vec(),
        last.filter_expr().to_vec(),
        Arc::new(first),
        schema,
    )?;
    Ok(Some(Arc::new(DecodeExec::new(Arc::new(again), sources, lexicon, last.schema()))))
}

/// Whether two nodes are the two steps of one grouping, with nothing that depends on order or
/// stops early.
fn is_plain(first: &AggregateExec, last: &AggregateExec) -> bool {
    let is_last = matches!(last.mode(), AggregateMode::Final | AggregateMode::FinalPartitioned);
    is_last
        && *first.mode() == AggregateMode::Partial
        && [first, last].iter().all(|step| {
            step.limit_options().is_none()
                && step.group_expr().is_single()
                && *step.input_order_mode() == InputOrderMode::Linear
        })
}

/// The column of codes that a grouping groups by at a place, as its place in the input.
fn coded_column(grouping: &AggregateExec, place: usize) -> Option<usize> {
    let (expr, _) = &grouping.group_expr().expr()[place];
    let index = expr.downcast_ref::<Column>()?.index();
    let schema = grouping.input().schema();
    let field = schema.field(index);
    let is_coded = field.metadata().contains_key(MARK) && *field.data_type() == DataType::Utf8View;
    is_coded.then_some(index)
}

/// Where each column of the original grouping is found in the rewritten one: keys first, then
/// what is grouped by as it is.
fn sources(coded: &[usize], others: &[usize], keys: usize) -> Vec<Source> {
    let mut placed: Vec<(usize, Source)> = coded
        .iter()
        .enumerate()
        .map(|(number, &place)| (place, Source::Code(key::slot(number, coded.len()))))
        .chain(
            others
                .iter()
                .enumerate()
                .map(|(number, &place)| (place, Source::Column(keys + number))),
        )
        .collect();
    placed.sort_by_key(|(place, _)| *place);
    placed.into_iter().map(|(_, source)| source).collect()
}

#[cfg(test)]
mod tests {
    use datafusion::physical_optimizer::optimizer::PhysicalOptimizer;

    use super::*;

    /// The engine's rule before which ours belongs is still there.
    #[test]
    fn the_rule_stands_among_the_engines() {
        let mut rules = PhysicalOptimizer::new().rules;
        join(&mut rules);
        let place = |name| rules.iter().position(|rule| rule.name() == name).unwrap();

        assert_eq!(place("GroupByCodes") + 1, place(BEFORE));
    }
}
