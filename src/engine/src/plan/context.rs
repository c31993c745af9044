//! What the engine's planner may ask for: mounted tables and offered functions, nothing else.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::datatypes::DataType;
use datafusion::catalog::default_table_source::provider_as_source;
use datafusion::common::TableReference;
use datafusion::config::ConfigOptions;
use datafusion::error::{DataFusionError, Result as EngineResult};
use datafusion::functions::core::planner::CoreFunctionPlanner;
use datafusion::functions::datetime::planner::DatetimeFunctionPlanner;
use datafusion::functions::unicode::planner::UnicodeFunctionPlanner;
use datafusion::functions_aggregate::planner::AggregateFunctionPlanner;
use datafusion::functions_nested::planner::{FieldAccessPlanner, NestedFunctionPlanner};
use datafusion::functions_window::planner::WindowFunctionPlanner;
use datafusion::logical_expr::planner::{ContextProvider, ExprPlanner};
use datafusion::logical_expr::{AggregateUDF, HigherOrderUDF, ScalarUDF, TableSource, WindowUDF};
use domain::Question;

use super::{Functions, versions};
use crate::mount::MountTable;
use crate::pseudonym::Pseudonyms;

/// The planner's view of one question.
pub(crate) struct Context<'a> {
    tables: HashMap<String, Arc<dyn TableSource>>,
    functions: &'a Functions,
    config: &'a ConfigOptions,
    planners: Vec<Arc<dyn ExprPlanner>>,
}

impl<'a> Context<'a> {
    /// A view of what a question may consult, with these pseudonyms in the place of identifiers,
    /// and of these functions.
    pub(crate) fn new(
        question: &Question,
        pseudonyms: Option<&Arc<Pseudonyms>>,
        functions: &'a Functions,
        config: &'a ConfigOptions,
    ) -> Self {
        let named = question.mounts.iter().map(|mount| (mount.dataset.to_string(), mount));
        let pinned = question.pins.iter().map(|pin| (versions::table_name(&pin.mount), &pin.mount));
        let tables = named
            .chain(pinned)
            .map(|(name, mount)| {
                let table = MountTable::new(mount.clone(), pseudonyms.cloned());
                (name, provider_as_source(Arc::new(table)))
            })
            .collect();
        // How literals, `EXTRACT`, `[…]` and `a[1]` become calls of functions.
        let planners: Vec<Arc<dyn ExprPlanner>> = vec![
            Arc::new(CoreFunctionPlanner::default()),
            Arc::new(NestedFunctionPlanner),
            Arc::new(FieldAccessPlanner),
            Arc::new(DatetimeFunctionPlanner),
            Arc::new(UnicodeFunctionPlanner),
            Arc::new(AggregateFunctionPlanner),
            Arc::new(WindowFunctionPlanner),
        ];
        Self { tables, functions, config, planners }
    }

    /// The functions that are offered.
    pub(crate) fn functions(&self) -> &'a Functions {
        self.functions
    }

    /// The configuration.
    pub(super) fn config(&self) -> &'a ConfigOptions {
        self.config
    }
}

impl ContextProvider for Context<'_> {
    fn get_table_source(&self, name: TableReference) -> EngineResult<Arc<dyn TableSource>> {
        let TableReference::Bare { table } = &name else {
            return Err(DataFusionError::Plan("a name of several parts".to_owned()));
        };
        self.tables
            .get(table.as_ref())
            .cloned()
            .ok_or_else(|| DataFusionError::Plan("a table that is not mounted".to_owned()))
    }

    fn get_expr_planners(&self) -> &[Arc<dyn ExprPlanner>] {
        &self.planners
    }

    fn get_function_meta(&self, name: &str) -> Option<Arc<ScalarUDF>> {
        self.functions.scalar(name).cloned()
    }

    fn get_higher_order_meta(&self, _name: &str) -> Option<Arc<HigherOrderUDF>> {
        None
    }

    fn get_aggregate_meta(&self, name: &str) -> Option<Arc<AggregateUDF>> {
        self.functions.aggregate(name).cloned()
    }

    fn get_window_meta(&self, name: &str) -> Option<Arc<WindowUDF>> {
        self.functions.window(name).cloned()
    }

    fn get_variable_type(&self, _variable_names: &[String]) -> Option<DataType> {
        None
    }

    fn options(&self) -> &ConfigOptions {
        self.config
    }

    // The planner asks for names only to propose some in texts of its own, which never leave.
    fn udf_names(&self) -> Vec<String> {
        Vec::new()
    }

    fn higher_order_function_names(&self) -> Vec<String> {
        Vec::new()
    }

    fn udaf_names(&self) -> Vec<String> {
        Vec::new()
    }

    fn udwf_names(&self) -> Vec<String> {
        Vec::new()
    }
}
