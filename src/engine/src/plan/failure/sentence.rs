//! What the engine could not plan, told apart by how it says so, and said in our words.
//!
//! # Invariant
//! Of the engine's text nothing is copied: it is looked at for a kind, for names of the offer, for
//! types that have a word here, and for numbers.

use crate::offer;

/// What the engine's texts have in them, and what is said instead; the first that fits.
const SENTENCES: &[(&str, &str)] = &[
    (
        "unique expression names",
        "Two columns of one SELECT come to the same name. Give each a name with AS.",
    ),
    (
        "subquery should only return one column",
        "A query used as a value, or after IN, has one column. Name one column in its SELECT.",
    ),
    (
        "Inconsistent data length across values",
        "The rows of VALUES have different numbers of values. Write NULL for what is missing.",
    ),
    (
        "Inconsistent data type across values",
        "The rows of VALUES have values of different types in one column. Write CAST where they \
         differ.",
    ),
    (
        "Incompatible inputs for",
        "The columns of both sides of a set operation go by their order, and two of them have \
         types that do not fit. Write them in one order, or CAST one.",
    ),
    (
        "common type to coerce",
        "LIKE and ILIKE compare texts. Write CAST(… AS VARCHAR) before them, or compare days and \
         numbers with <, = and BETWEEN.",
    ),
    (
        "non-boolean predicate",
        "A condition is true or false: write a comparison such as a = b, or a IS NOT NULL.",
    ),
    (
        "must be aggregated to return at most one row",
        "A query used as a value that refers to the query around it gives one row: write an \
         aggregate such as max(…) in its SELECT, or join it.",
    ),
    (
        "Correlated scalar subquery can only be used in",
        "A query used as a value that refers to the query around it stands in SELECT or WHERE. \
         Write it there with AS and use its name, or join it.",
    ),
    (
        "not allowed in the WHERE clause",
        "An aggregate does not stand in WHERE, which looks at single rows. Write HAVING.",
    ),
    (
        "Aggregate function calls cannot be nested",
        "An aggregate stands within an aggregate. Compute the inner one in a part named by WITH, \
         and the outer one over it.",
    ),
    (
        "Aggregate function calls cannot contain window",
        "A window function stands within an aggregate. Compute it in a part named by WITH, and \
         the aggregate over it.",
    ),
    (
        "Window function calls cannot be nested",
        "A window function stands within a window. Compute the inner one in a part named by WITH, \
         and the outer one over it.",
    ),
    (
        "find column with position",
        "GROUP BY has the number of a column that SELECT does not have. Columns are counted from 1.",
    ),
    (
        "Order by ",
        "ORDER BY has the number of a column that SELECT does not have. Columns are counted from 1.",
    ),
    (
        "For SELECT DISTINCT, ORDER BY",
        "After SELECT DISTINCT, ORDER BY takes columns of SELECT only. Add the column to SELECT, or \
         write GROUP BY.",
    ),
    (
        "SELECT DISTINCT ON expressions must match",
        "SELECT DISTINCT ON takes the first row of each key, so ORDER BY begins with those keys.",
    ),
    ("LIMIT to be an integer", "LIMIT and OFFSET take a whole number, such as LIMIT 10."),
    ("LIMIT must be", "LIMIT takes a whole number from 0."),
    ("OFFSET must be", "OFFSET takes a whole number from 0."),
    ("with no tables specified", "`*` means the columns of FROM. Write FROM and a dataset."),
    (
        "Invalid qualifier",
        "What stands before `.*` is no table of this query. Write the alias of one, where it has \
         one.",
    ),
    (
        "ordered-set aggregate functions",
        "WITHIN GROUP goes with percentile_cont only. Write ORDER BY within the brackets.",
    ),
    (
        "must be non negative integers",
        "A frame of ROWS or GROUPS reaches a whole number of rows from 0, written as a literal.",
    ),
    (
        "Invalid window frame",
        "A frame begins before it ends: UNBOUNDED PRECEDING, n PRECEDING, CURRENT ROW, n \
         FOLLOWING, UNBOUNDED FOLLOWING.",
    ),
    ("GROUPS requires an ORDER BY", "A frame of GROUPS needs ORDER BY in OVER (…)."),
    (
        "RANGE requires exactly one ORDER BY",
        "A frame of RANGE needs ORDER BY one column in OVER (…).",
    ),
    (
        "to grouping function is not in grouping columns",
        "`grouping` takes a column of GROUP BY ROLLUP, CUBE or GROUPING SETS.",
    ),
    (
        "unnest() can only be applied",
        "`unnest` takes a list, such as a column of type list or [1, 2].",
    ),
    (
        "Unnest should be rewritten",
        "`unnest` stands in SELECT and in FROM only. Write it in a part named by WITH, and use its \
         column.",
    ),
    ("is not Struct, Map", "A place in a list is a whole number from 1, as in list[1]."),
    ("type interval", "An interval has one number and one unit, such as INTERVAL '30' DAY."),
    ("operator 'NOT'", "NOT goes before a condition. Write a comparison, such as a <> b."),
    ("operator '-'", "`-` goes before numbers. Write CAST where it is a text."),
    ("operator '+'", "`+` goes before numbers. Write CAST where it is a text."),
    (
        "must appear in",
        "A column is neither in GROUP BY nor within an aggregate function. Add it to GROUP BY, or \
         write for example min(…) over it.",
    ),
];

/// Words for types of the engine.
const TYPES: &[(&str, &str)] = &[
    ("Utf8", "a text"),
    ("LargeUtf8", "a text"),
    ("Utf8View", "a text"),
    ("Int", "a whole number"),
    ("UInt", "a whole number"),
    ("Float", "a number"),
    ("Decimal", "a number"),
    ("Boolean", "a condition"),
    ("Date", "a day"),
    ("Timestamp", "a moment"),
    ("Time", "a time of day"),
    ("Interval", "an interval"),
    ("List", "a list"),
    ("Binary", "bytes"),
];

/// What the engine's text comes to in our words, where it is of a kind that is known here.
pub(super) fn sentence(text: &str) -> Option<String> {
    set_operation(text)
        .or_else(|| {
            SENTENCES.iter().find(|(has, _)| text.contains(has)).map(|(_, says)| (*says).to_owned())
        })
        .or_else(|| call(text))
        .or_else(|| sides(text))
}

/// Both sides of a set operation with different numbers of columns.
fn set_operation(text: &str) -> Option<String> {
    let (before, _) = text.split_once(" queries have different number of columns")?;
    let operator =
        ["UNION", "INTERSECT", "EXCEPT"].into_iter().find(|one| before.ends_with(one))?;
    Some(format!(
        "The sides of {operator} have different numbers of columns. Columns go by their order: \
         leave some out on one side, or write NULL for them on the other."
    ))
}

/// A call with arguments that a function does not take.
fn call(text: &str) -> Option<String> {
    let names = text.split('\'').skip(1).step_by(2);
    let mut offered = names.filter_map(|name| {
        let name = name.split('(').next().unwrap_or(name);
        let forms = offer::forms(name);
        (!forms.is_empty()).then(|| (name.to_owned(), forms))
    });
    let (name, forms) = offered.next()?;
    let forms: Vec<_> = forms.iter().map(|form| format!("`{form}`")).collect();
    Some(format!(
        "`{name}` does not take these arguments. It is called as {}; write CAST where a type \
         differs.",
        forms.join(" or ")
    ))
}

/// Two sides of a comparison or an operation whose types do not go together.
fn sides(text: &str) -> Option<String> {
    let words: Vec<_> = text.split(|mark: char| !mark.is_ascii_alphanumeric()).collect();
    let mut found = Vec::new();
    let mut is_item = false;
    for word in words {
        let plain = word.trim_end_matches(|mark: char| mark.is_ascii_digit());
        let known = TYPES.iter().find(|(name, _)| *name == word || *name == plain);
        if let Some((name, says)) = known {
            if !is_item {
                found.push(*says);
            }
            is_item = *name == "List";
        }
    }
    let [one, other, ..] = found.as_slice() else { return None };
    let mut one = (*one).to_owned();
    one[..1].make_ascii_uppercase();
    Some(format!(
        "{one} and {other} do not go together here. Write CAST where they differ, such as CAST(… \
         AS BIGINT)."
    ))
}
