//! One value of several.

use crate::offer::Function;

/// Functions that choose.
pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("coalesce(value, …)")
        .says("The first value that is not null.")
        .gives("coalesce(NULL, 'a', 'b')", "a"),
    Function::new("greatest(value, …)")
        .says("The largest value; nulls are left out.")
        .gives("greatest(1, 3, NULL)", "3"),
    Function::new("least(value, …)")
        .says("The smallest value; nulls are left out.")
        .gives("least(1, 3, NULL)", "1"),
    Function::new("nullif(value, other)")
        .says("Null where the two are equal, else the first.")
        .gives("nullif('n/a', 'n/a')", "NULL"),
    Function::new("nvl(value, other)")
        .or(&["ifnull"])
        .says("The first value, or the other where it is null.")
        .gives("nvl(NULL, 0)", "0"),
    Function::new("nvl2(value, there, missing)")
        .says("The second value where the first is not null, else the third.")
        .gives("nvl2(NULL, 'there', 'missing')", "missing"),
];
