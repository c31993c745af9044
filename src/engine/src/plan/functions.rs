//! The functions that are offered, taken from the engine by their names.
//!
//! # Invariant
//! A function, or another name of one, that a newer engine brings is not offered until it stands
//! in [`crate::offer`].

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::ScalarValue;
use datafusion::error::Result as EngineResult;
use datafusion::logical_expr::{
    AggregateUDF, ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl,
    Signature, Volatility, WindowUDF,
};
use datafusion::{functions, functions_aggregate, functions_nested, functions_window};
use domain::{Date, Timestamp};

use super::{date_trunc, sample};
use crate::aggregate;
use crate::offer::{self, Function, Kind};

/// The functions a question may call, by every name they have.
#[derive(Clone, Debug, Default)]
pub(crate) struct Functions {
    scalar: HashMap<String, Arc<ScalarUDF>>,
    aggregate: HashMap<String, Arc<AggregateUDF>>,
    window: HashMap<String, Arc<WindowUDF>>,
}

impl Functions {
    /// The functions that do not depend on the question.
    pub(super) fn offered() -> Self {
        let mut offered = Self::default();
        let scalar = functions::all_default_functions()
            .into_iter()
            .chain(functions_nested::all_default_nested_functions())
            .chain([sample::sample()]);
        for function in scalar {
            let is_truncating = function.name() == date_trunc::NAME;
            let function = if is_truncating { date_trunc::in_utc(&function) } else { function };
            for name in names(Kind::Scalar, function.name()) {
                offered.scalar.insert(name.to_owned(), Arc::clone(&function));
            }
        }
        let engines = functions_aggregate::all_default_aggregate_functions();
        // Ours come last, and so stand in the place of the engine's.
        for function in engines.into_iter().chain(aggregate::all()) {
            for name in names(Kind::Aggregate, function.name()) {
                offered.aggregate.insert(name.to_owned(), Arc::clone(&function));
            }
        }
        for function in functions_window::all_default_window_functions() {
            for name in names(Kind::Window, function.name()) {
                offered.window.insert(name.to_owned(), Arc::clone(&function));
            }
        }
        offered
    }

    /// These functions, with the clock standing at a day.
    pub(crate) fn at(&self, as_of: Date) -> Self {
        let mut functions = self.clone();
        let moment = Timestamp::start_of(as_of).unix_us();
        let moment = ScalarValue::TimestampMicrosecond(Some(moment), Some("UTC".into()));
        let day = ScalarValue::Date32(Some(as_of.to_epoch_days()));
        for function in [constant("now", moment), constant("current_date", day)] {
            for name in names(Kind::Scalar, function.name()) {
                functions.scalar.insert(name.to_owned(), Arc::clone(&function));
            }
        }
        functions
    }

    /// A function of one row.
    pub(crate) fn scalar(&self, name: &str) -> Option<&Arc<ScalarUDF>> {
        self.scalar.get(name)
    }

    /// A function of many rows.
    pub(crate) fn aggregate(&self, name: &str) -> Option<&Arc<AggregateUDF>> {
        self.aggregate.get(name)
    }

    /// A function of a row among others.
    pub(crate) fn window(&self, name: &str) -> Option<&Arc<WindowUDF>> {
        self.window.get(name)
    }

    /// All names, for proposals.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        let names = self.scalar.keys().chain(self.aggregate.keys()).chain(self.window.keys());
        names.map(String::as_str)
    }

    /// All functions of many rows, for the optimiser.
    pub(crate) fn aggregates(&self) -> Vec<Arc<AggregateUDF>> {
        self.aggregate.values().cloned().collect()
    }
}

/// Every name by which the offer has a function of the engine; none where it has it not.
fn names(kind: Kind, name: &str) -> impl Iterator<Item = &'static str> {
    let is_it = move |(of, function): &(Kind, &Function)| *of == kind && function.name() == name;
    offer::functions().find(is_it).into_iter().flat_map(|(_, function)| function.names())
}

/// A function without arguments that always gives one value.
fn constant(name: &'static str, value: ScalarValue) -> Arc<ScalarUDF> {
    let signature = Signature::nullary(Volatility::Immutable);
    Arc::new(ScalarUDF::new_from_impl(Constant { name, signature, value }))
}

/// See [`constant`].
#[derive(Debug, PartialEq, Eq, Hash)]
struct Constant {
    name: &'static str,
    signature: Signature,
    value: ScalarValue,
}

impl ScalarUDFImpl for Constant {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arg_types: &[DataType]) -> EngineResult<DataType> {
        Ok(self.value.data_type())
    }

    fn return_field_from_args(&self, _args: ReturnFieldArgs<'_>) -> EngineResult<FieldRef> {
        Ok(Arc::new(Field::new(self.name, self.value.data_type(), false)))
    }

    fn invoke_with_args(&self, _args: ScalarFunctionArgs) -> EngineResult<ColumnarValue> {
        Ok(ColumnarValue::Scalar(self.value.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has(functions: &Functions, kind: Kind, name: &str) -> bool {
        match kind {
            Kind::Scalar => functions.scalar(name).is_some(),
            Kind::Aggregate => functions.aggregate(name).is_some(),
            Kind::Window => functions.window(name).is_some(),
        }
    }

    #[test]
    fn every_function_that_is_offered_is_there_by_each_of_its_names() {
        let offered = Functions::offered().at(Date::default());

        for (kind, function) in offer::functions() {
            for name in function.names() {
                assert!(has(&offered, kind, name), "{name}");
            }
        }
    }

    #[test]
    fn what_the_engine_calls_by_several_names_is_offered_by_all_of_them() {
        let offered = Functions::offered();

        let scalar = offered.scalar.values().flat_map(|function| function.aliases());
        let aggregate = offered.aggregate.values().flat_map(|function| function.aliases());
        for name in scalar {
            assert!(offered.scalar.contains_key(name), "{name}");
        }
        for name in aggregate {
            assert!(offered.aggregate.contains_key(name), "{name}");
        }
    }

    #[test]
    fn what_is_left_out_is_not_there() {
        let offered = Functions::offered().at(Date::default());

        let refused = offer::refused::FUNCTIONS.iter().chain(offer::refused::OTHER_NAMES);
        for name in refused.flat_map(|refused| refused.names) {
            for kind in [Kind::Scalar, Kind::Aggregate, Kind::Window] {
                assert!(!has(&offered, kind, name), "{name}");
            }
        }
    }
}
