//! From the syntax tree to the analysed plan, with every name resolved and every value bound.
//!
//! Knows the mounts by their columns only; no data is reached from here.
//!
//! # Order
//! Names of functions and tables are checked before the engine plans, so that the refusal is
//! ours; columns are found by the engine, whose error is then read by its structure.
//!
//! # Invariant
//! Planning happens once, on one tree: what this returns is what is vetted and run.
//!
//! # Rooms
//! - [`functions`]: which functions are offered.
//! - [`names`]: tables and functions of a statement against what there is.
//! - [`versions`]: tables that are pinned to a version.
//! - [`context`]: what the engine's planner may ask for.
//! - [`lists`], [`parameters`], [`value`], [`membership`]: parameters, from the tree into the plan.
//! - [`arithmetic`]: whole numbers that do not wrap.
//! - [`date_trunc`]: beginnings of days and months in UTC.
//! - [`sample`]: samples that others can draw again.
//! - [`failure`]: the engine's errors as refusals.

mod arithmetic;
mod context;
mod date_trunc;
mod failure;
mod functions;
mod lists;
mod membership;
mod names;
mod parameters;
mod sample;
mod value;
mod versions;

use std::sync::Arc;

use datafusion::config::ConfigOptions;
use datafusion::logical_expr::LogicalPlan;
use datafusion::optimizer::{Analyzer, Optimizer, OptimizerConfig};
use datafusion::sql::planner::{ParserOptions, SqlToRel};
use domain::Question;
use domain::question::VersionWanted;
use domain::verdict::Refusal;
use sqlparser::ast::Statement;

pub(crate) use arithmetic::Checked;
pub(crate) use context::Context;
pub(crate) use failure::{Phase, Scene};
pub(crate) use functions::Functions;
pub(crate) use membership::Membership;
pub(crate) use sample::NAME as SAMPLE;

use crate::parse::Parsed;
use crate::walk::Survey;

/// Checks the functions and tables of a walked statement against what there is; gives the versions
/// that it pins and that are not resolved yet.
///
/// # Errors
/// A function that is not offered, a dataset that is not there or not granted.
pub(crate) fn check_names(
    survey: &Survey,
    question: &Question,
    functions: &Functions,
) -> Result<Vec<VersionWanted>, Refusal> {
    names::check_functions(survey, functions)?;
    names::check_tables(survey, question)?;
    Ok(versions::wanted(survey, question))
}

/// Plans a walked statement whose names were checked.
///
/// # Errors
/// A column that is not there or not granted, parameters that do not fit, types that do not fit.
pub(crate) fn plan(
    parsed: Parsed,
    survey: &Survey,
    question: &Question,
    context: &Context<'_>,
) -> Result<LogicalPlan, Refusal> {
    let Parsed { mut query, tokens, pinned: _ } = parsed;
    let scene = Scene { survey, tokens: &tokens, question, functions: context.functions() };
    let parameters = parameters::Parameters::read(survey, &question.parameters_json)?;
    lists::rewrite(&mut query, &parameters)?;
    versions::resolve(&mut query, question);

    let options = context.config();
    let planner = SqlToRel::new_with_options(context, ParserOptions::from(&options.sql_parser));
    let plan = planner
        .sql_statement_to_plan(Statement::Query(query))
        .map_err(|error| scene.refusal(&error, Phase::Names))?;
    let plan = parameters.bind(plan, &scene)?;
    analyse(plan, options).map_err(|error| scene.refusal(&error, Phase::Types))
}

/// Makes the types of a plan fit each other.
fn analyse(
    plan: LogicalPlan,
    options: &ConfigOptions,
) -> Result<LogicalPlan, datafusion::error::DataFusionError> {
    let mut analyzer = Analyzer::new();
    analyzer.add_function_rewrite(Arc::new(arithmetic::CheckedArithmetic));
    analyzer.execute_and_check(plan, options, |_, _| {})
}

/// Optimises a plan that was vetted.
///
/// # Errors
/// A constant that cannot be computed, or a query that has no plan.
pub(crate) fn optimise(
    plan: LogicalPlan,
    config: &dyn OptimizerConfig,
) -> Result<LogicalPlan, Refusal> {
    Optimizer::new().optimize(plan, config, |_, _| {}).map_err(|error| failure::constant(&error))
}

/// The configuration that planning and running share.
pub(crate) fn config_options(threads: usize) -> ConfigOptions {
    let mut options = ConfigOptions::new();
    options.catalog.create_default_catalog_and_schema = false;
    options.catalog.information_schema = false;
    options.execution.target_partitions = threads;
    options.execution.time_zone = Some("UTC".to_owned());
    options.execution.parquet.bloom_filter_on_read = true;
    options.execution.parquet.enable_page_index = true;
    options.execution.parquet.reorder_filters = true;
    options.sql_parser.collect_spans = true;
    options.sql_parser.map_string_types_to_utf8view = true;
    options.sql_parser.parse_float_as_decimal = false;
    options.optimizer.skip_failed_rules = false;
    // It takes memory for as many groups as LIMIT names, at once and beside the pool.
    options.optimizer.enable_topk_aggregation = false;
    options
}

/// The functions that every question may call, shared by all.
pub(crate) fn offered_functions() -> Arc<Functions> {
    Arc::new(Functions::offered())
}
