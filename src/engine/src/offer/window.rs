//! Functions of a row among others; aggregates may stand with OVER too.

use super::{Function, Group};

/// All functions of a row among others.
pub const GROUPS: &[Group] = &[Group { title: "A row among others", functions: FUNCTIONS }];

const FUNCTIONS: &[Function] = &[
    Function::new("cume_dist() OVER (ORDER BY …)")
        .says("The share of rows up to this one, equal ones included.")
        .gives("cume_dist() OVER (ORDER BY kind)", "0.6666666666666666; 0.6666666666666666; 1.0"),
    Function::new("dense_rank() OVER (ORDER BY …)")
        .says("The rank, without gaps after equal rows.")
        .gives("dense_rank() OVER (ORDER BY kind)", "1; 1; 2"),
    Function::new("first_value(value) OVER (ORDER BY …)")
        .says("The value of the first row of the frame.")
        .gives("first_value(n) OVER (PARTITION BY kind ORDER BY n)", "1; 1; 4"),
    Function::new("lag(value[, distance[, otherwise]]) OVER (ORDER BY …)")
        .says("The value of the row before, or so many rows before.")
        .gives("lag(n, 1, 0) OVER (ORDER BY n)", "0; 1; 2"),
    Function::new("last_value(value) OVER (ORDER BY …)")
        .says("The value of the last row of the frame, which by itself ends at this row.")
        .gives(
            "last_value(n) OVER (ORDER BY n ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING)",
            "4; 4; 4",
        ),
    Function::new("lead(value[, distance[, otherwise]]) OVER (ORDER BY …)")
        .says("The value of the row after, or so many rows after.")
        .gives("lead(n) OVER (ORDER BY n)", "2; 4; NULL"),
    Function::new("nth_value(value, n) OVER (ORDER BY …)")
        .says("The value of the n-th row of the frame.")
        .gives("nth_value(n, 2) OVER (ORDER BY n)", "NULL; 2; 2"),
    Function::new("ntile(n) OVER (ORDER BY …)")
        .says("The number of the row's part, of n parts of about the same size.")
        .gives("ntile(2) OVER (ORDER BY n)", "1; 1; 2"),
    Function::new("percent_rank() OVER (ORDER BY …)")
        .says("The share of the other rows that come before.")
        .gives("percent_rank() OVER (ORDER BY kind)", "0.0; 0.0; 1.0"),
    Function::new("rank() OVER (ORDER BY …)")
        .says("The rank, with gaps after equal rows.")
        .gives("rank() OVER (ORDER BY kind)", "1; 1; 3"),
    Function::new("row_number() OVER (ORDER BY …)")
        .says("The number of the row, from 1.")
        .gives("row_number() OVER (ORDER BY n DESC)", "3; 2; 1"),
];
