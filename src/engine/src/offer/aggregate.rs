//! Functions of many rows.
//!
//! Functions that approximate depend on the order of reading, all but the count of distinct values;
//! so none of them is here: the same question gets the same answer.

use super::{Function, Group};

/// All functions of many rows.
pub const GROUPS: &[Group] = &[
    Group { title: "Counts, sums, extremes", functions: COMMON },
    Group { title: "Percentiles and spread", functions: STATISTICS },
    Group { title: "Two columns together", functions: PAIRS },
    Group { title: "Values put together", functions: COLLECTED },
];

const COMMON: &[Function] = &[
    Function::new("approx_distinct(value)")
        .says("About how many distinct values there are, within some percent; for very many.")
        .gives("approx_distinct(kind)", "2"),
    Function::new("avg(number)")
        .or(&["mean"])
        .says("The mean.")
        .gives("avg(n)", "2.3333333333333335"),
    Function::new("bool_and(condition)")
        .says("Whether a condition holds for all rows.")
        .gives("bool_and(n < 4)", "false"),
    Function::new("bool_or(condition)")
        .says("Whether a condition holds for any row.")
        .gives("bool_or(n < 4)", "true"),
    Function::new("count(*)")
        .says(
            "How many rows there are; `count(value)` leaves nulls out, `count(DISTINCT value)` \
             counts each value once.",
        )
        .gives("count(DISTINCT kind)", "2"),
    Function::new("grouping(column)")
        .says(
            "In GROUP BY ROLLUP, CUBE and GROUPING SETS: 1 where a row is a total over the \
             column, else 0.",
        )
        .gives("SELECT grouping(kind) FROM t GROUP BY ROLLUP (kind) ORDER BY 1", "0; 0; 1"),
    Function::new("max(value)").says("The largest value.").gives("max(n)", "4"),
    Function::new("min(value)").says("The smallest value.").gives("min(n)", "1"),
    Function::new("sum(number)")
        .says("The sum; of whole numbers it does not wrap: one that does not fit stops the query.")
        .gives("sum(n)", "7"),
];

const STATISTICS: &[Function] = &[
    Function::new("median(number)").says("The exact median.").gives("median(n)", "2.0"),
    Function::new("percentile_cont(share) WITHIN GROUP (ORDER BY number)")
        .or(&["quantile_cont"])
        .says(
            "The exact percentile, with a share from 0 to 1; `percentile_cont(number, share)` is \
             the same.",
        )
        .gives("percentile_cont(0.75) WITHIN GROUP (ORDER BY n)", "3.0"),
    Function::new("stddev(number)")
        .or(&["stddev_samp"])
        .says("The standard deviation of a sample.")
        .gives("round(stddev(n), 4)", "1.5275"),
    Function::new("stddev_pop(number)")
        .says("The standard deviation of a whole population.")
        .gives("round(stddev_pop(n), 4)", "1.2472"),
    Function::new("var(number)")
        .or(&["var_sample", "var_samp"])
        .says("The variance of a sample.")
        .gives("round(var(n), 4)", "2.3333"),
    Function::new("var_pop(number)")
        .or(&["var_population"])
        .says("The variance of a whole population.")
        .gives("round(var_pop(n), 4)", "1.5556"),
];

const PAIRS: &[Function] = &[
    Function::new("corr(number, number)")
        .says("The correlation coefficient.")
        .gives("round(corr(x, n), 4)", "0.9972"),
    Function::new("covar_pop(number, number)")
        .says("The covariance of a whole population.")
        .gives("round(covar_pop(x, n), 4)", "1.2778"),
    Function::new("covar_samp(number, number)")
        .or(&["covar"])
        .says("The covariance of a sample.")
        .gives("round(covar_samp(x, n), 4)", "1.9167"),
    Function::new("regr_avgx(y, x)")
        .says("The mean of x, of pairs without null.")
        .gives("round(regr_avgx(x, n), 4)", "2.3333"),
    Function::new("regr_avgy(y, x)")
        .says("The mean of y, of pairs without null.")
        .gives("round(regr_avgy(x, n), 4)", "2.6667"),
    Function::new("regr_count(y, x)")
        .says("How many pairs have no null.")
        .gives("regr_count(x, n)", "3"),
    Function::new("regr_intercept(y, x)")
        .says("Where the line of least squares meets x = 0.")
        .gives("round(regr_intercept(x, n), 4)", "0.75"),
    Function::new("regr_r2(y, x)")
        .says("The coefficient of determination.")
        .gives("round(regr_r2(x, n), 4)", "0.9944"),
    Function::new("regr_slope(y, x)")
        .says("The slope of the line of least squares.")
        .gives("round(regr_slope(x, n), 4)", "0.8214"),
    Function::new("regr_sxx(y, x)")
        .says("The sum of the squared distances of x from its mean.")
        .gives("round(regr_sxx(x, n), 4)", "4.6667"),
    Function::new("regr_sxy(y, x)")
        .says("The sum of the products of both distances.")
        .gives("round(regr_sxy(x, n), 4)", "3.8333"),
    Function::new("regr_syy(y, x)")
        .says("The sum of the squared distances of y from its mean.")
        .gives("round(regr_syy(x, n), 4)", "3.1667"),
];

const COLLECTED: &[Function] = &[
    Function::new("array_agg(value [ORDER BY …])")
        .says("The values as a list, in an order that you give; not with OVER.")
        .gives("array_agg(n ORDER BY n DESC)", "[4,2,1]"),
    Function::new("bit_and(integer)").says("The bits that all have.").gives("bit_and(n)", "0"),
    Function::new("bit_or(integer)").says("The bits that any has.").gives("bit_or(n)", "7"),
    Function::new("bit_xor(integer)")
        .says("The bits that an odd number of them have.")
        .gives("bit_xor(n)", "7"),
    Function::new("first_value(value ORDER BY …)")
        .says("The first value, in an order that you give.")
        .gives("first_value(kind ORDER BY n DESC)", "b"),
    Function::new("last_value(value ORDER BY …)")
        .says("The last value, in an order that you give.")
        .gives("last_value(n ORDER BY n)", "4"),
    Function::new("nth_value(value, n ORDER BY …)")
        .says("The n-th value, in an order that you give.")
        .gives("nth_value(n, 2 ORDER BY n)", "2"),
    Function::new("string_agg(text, separator [ORDER BY …])")
        .says("The texts as one, in an order that you give; not with OVER.")
        .gives("string_agg(kind, '+' ORDER BY n)", "a+a+b"),
];
