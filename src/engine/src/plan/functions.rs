//! The functions that are offered, one by one, and why others are not.
//!
//! # Invariant
//! A function that a newer engine brings is not offered until its name stands here.

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

use super::date_trunc;
use crate::aggregate;

/// Functions of one row.
#[rustfmt::skip]
const SCALAR: &[&str] = &[
    // Choice.
    "coalesce", "greatest", "least", "nullif", "nvl", "nvl2",
    // Days and moments.
    "date_bin", "date_part", "date_trunc", "from_unixtime", "make_date", "to_date", "to_local_time",
    "to_timestamp", "to_timestamp_micros", "to_timestamp_millis", "to_timestamp_nanos",
    "to_timestamp_seconds", "to_unixtime",
    // Text.
    "ascii", "bit_length", "btrim", "character_length", "chr", "concat", "concat_ws", "contains",
    "ends_with", "find_in_set", "initcap", "left", "lower", "ltrim", "octet_length", "replace",
    "reverse", "right", "rtrim", "split_part", "starts_with", "strpos", "substr", "substr_index",
    "to_hex", "translate", "upper",
    // Patterns; `vet` sees to it that these are literals.
    "regexp_count", "regexp_instr", "regexp_like", "regexp_match", "regexp_replace",
    // Numbers.
    "abs", "acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "cbrt", "ceil", "cos", "cosh",
    "cot", "degrees", "exp", "factorial", "floor", "gcd", "isnan", "iszero", "lcm", "ln", "log",
    "log10", "log2", "nanvl", "pi", "power", "radians", "round", "signum", "sin", "sinh", "sqrt",
    "tan", "tanh", "trunc",
    // Digests.
    "digest", "md5", "sha224", "sha256", "sha384", "sha512",
    // Lists.
    "array_compact", "array_distinct", "array_element", "array_except", "array_has",
    "array_has_all", "array_has_any", "array_intersect", "array_length", "array_max", "array_min",
    "array_position", "array_positions", "array_remove_all", "array_slice", "array_sort",
    "array_to_string", "cardinality", "empty", "flatten", "make_array",
];

/// Functions of many rows. Those that approximate depend on the order of reading, all but the count
/// of distinct values, so the same question could get another answer.
#[rustfmt::skip]
const AGGREGATE: &[&str] = &[
    "approx_distinct", "array_agg", "avg", "bit_and", "bit_or", "bit_xor", "bool_and", "bool_or",
    "corr", "count", "covar_pop", "covar_samp", "first_value", "grouping", "last_value", "max",
    "median", "min", "nth_value", "percentile_cont", "regr_avgx", "regr_avgy", "regr_count",
    "regr_intercept", "regr_r2", "regr_slope", "regr_sxx", "regr_sxy", "regr_syy", "stddev",
    "stddev_pop", "string_agg", "sum", "var",
    "var_pop",
];

/// Functions of a row among others.
const WINDOW: &[&str] = &[
    "cume_dist",
    "dense_rank",
    "first_value",
    "lag",
    "last_value",
    "lead",
    "nth_value",
    "ntile",
    "percent_rank",
    "rank",
    "row_number",
];

/// Functions that people look for in vain, and what to do instead.
const NOT_OFFERED: &[(&[&str], &str)] = &[
    (
        &["repeat", "lpad", "rpad", "array_repeat", "array_resize", "encode", "decode"],
        "Its results may be of any size.",
    ),
    (&["string_to_array", "levenshtein"], "Its work may be of any size."),
    (&["to_char", "date_format"], "Write date_part, date_trunc, or CAST to VARCHAR."),
    (&["range", "generate_series"], "Write VALUES."),
    (
        &["random", "rand", "uuid"],
        "It would give another answer each time. Filter on md5 of a key to draw a sample.",
    ),
    (
        &["arrow_typeof", "arrow_cast", "arrow_metadata", "arrow_field"],
        "Types stand with the columns of the answer; write CAST to change one.",
    ),
    (&["version", "input_file_name", "file_row_index"], "It tells of files, not of data."),
    (
        &["approx_median", "approx_percentile_cont", "any_value"],
        "It depends on the order of reading. Write median, percentile_cont, min or max.",
    ),
];

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
            .chain(functions_nested::all_default_nested_functions());
        for function in scalar {
            if function.name() == date_trunc::NAME {
                offered.add_scalar(date_trunc::in_utc(&function));
            } else if SCALAR.contains(&function.name()) {
                offered.add_scalar(function);
            }
        }
        let engines = functions_aggregate::all_default_aggregate_functions();
        // Ours come last, and so stand in the place of the engine's.
        for function in engines.into_iter().chain(aggregate::all()) {
            if AGGREGATE.contains(&function.name()) {
                for name in function.aliases() {
                    offered.aggregate.insert(name.clone(), Arc::clone(&function));
                }
                offered.aggregate.insert(function.name().to_owned(), function);
            }
        }
        for function in functions_window::all_default_window_functions() {
            if WINDOW.contains(&function.name()) {
                for name in function.aliases() {
                    offered.window.insert(name.clone(), Arc::clone(&function));
                }
                offered.window.insert(function.name().to_owned(), function);
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
        functions.add_scalar(constant("now", "current_timestamp", moment));
        functions.add_scalar(constant("current_date", "today", day));
        functions
    }

    fn add_scalar(&mut self, function: Arc<ScalarUDF>) {
        for name in function.aliases() {
            self.scalar.insert(name.clone(), Arc::clone(&function));
        }
        self.scalar.insert(function.name().to_owned(), function);
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

/// Why a function is not offered, where it is one that people look for.
pub(super) fn reason(name: &str) -> Option<&'static str> {
    NOT_OFFERED.iter().find(|(names, _)| names.contains(&name)).map(|(_, reason)| *reason)
}

/// A function without arguments that always gives one value.
fn constant(name: &'static str, alias: &str, value: ScalarValue) -> Arc<ScalarUDF> {
    let aliases = vec![alias.to_owned()];
    let signature = Signature::nullary(Volatility::Immutable);
    Arc::new(ScalarUDF::new_from_impl(Constant { name, aliases, signature, value }))
}

/// See [`constant`].
#[derive(Debug, PartialEq, Eq, Hash)]
struct Constant {
    name: &'static str,
    aliases: Vec<String>,
    signature: Signature,
    value: ScalarValue,
}

impl ScalarUDFImpl for Constant {
    fn name(&self) -> &str {
        self.name
    }

    fn aliases(&self) -> &[String] {
        &self.aliases
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

    #[test]
    fn every_function_that_is_offered_is_there() {
        let offered = Functions::offered();

        for name in SCALAR {
            assert!(offered.scalar(name).is_some(), "{name}");
        }
        for name in AGGREGATE {
            assert!(offered.aggregate(name).is_some(), "{name}");
        }
        for name in WINDOW {
            assert!(offered.window(name).is_some(), "{name}");
        }
    }

    #[test]
    fn what_is_left_out_has_a_reason_and_is_not_there() {
        let offered = Functions::offered();

        for name in NOT_OFFERED.iter().flat_map(|(names, _)| names.iter()) {
            assert!(offered.scalar(name).is_none(), "{name}");
            assert!(offered.aggregate(name).is_none(), "{name}");
            assert!(reason(name).is_some(), "{name}");
        }
    }
}
