//! Lists. Places are counted from 1.

use crate::offer::Function;

/// Functions of lists.
pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("array_compact(list)")
        .or(&["list_compact"])
        .says("The list without its nulls.")
        .gives("array_compact(['a', NULL])", "[\"a\"]"),
    Function::new("array_distinct(list)")
        .or(&["list_distinct"])
        .says("The list with each item once.")
        .gives("array_sort(array_distinct(['b', 'a', 'b']))", "[\"a\",\"b\"]"),
    Function::new("array_element(list, n)")
        .or(&["array_extract", "list_element", "list_extract"])
        .says("The n-th item, from the end where n is below zero; also `list[n]`.")
        .gives("array_element(['a', 'b'], 2)", "b"),
    Function::new("array_except(list, list)")
        .or(&["list_except"])
        .says("The items of the first list that are not in the second.")
        .gives("array_except(['a', 'b'], ['b'])", "[\"a\"]"),
    Function::new("array_has(list, item)")
        .or(&["list_has", "array_contains", "list_contains"])
        .says("Whether a list has an item.")
        .gives("array_has(['DE', 'FR'], 'FR')", "true"),
    Function::new("array_has_all(list, list)")
        .or(&["list_has_all"])
        .says("Whether the first list has every item of the second.")
        .gives("array_has_all(['DE', 'FR'], ['FR', 'IT'])", "false"),
    Function::new("array_has_any(list, list)")
        .or(&["list_has_any", "arrays_overlap"])
        .says("Whether two lists have an item in common.")
        .gives("array_has_any(['DE', 'FR'], ['FR', 'IT'])", "true"),
    Function::new("array_intersect(list, list)")
        .or(&["list_intersect"])
        .says("The items that both lists have.")
        .gives("array_intersect(['a', 'b'], ['b', 'c'])", "[\"b\"]"),
    Function::new("array_length(list)")
        .or(&["list_length"])
        .says("How many items a list has; null of an empty one.")
        .gives("array_length(['a', 'b'])", "2"),
    Function::new("array_max(list)")
        .or(&["list_max"])
        .says("The largest item.")
        .gives("array_max([1, 3, 2])", "3"),
    Function::new("array_min(list)")
        .or(&["list_min"])
        .says("The smallest item.")
        .gives("array_min([1, 3, 2])", "1"),
    Function::new("array_position(list, item[, start])")
        .or(&["list_position", "array_indexof", "list_indexof"])
        .says("The place of the first such item, or null.")
        .gives("array_position(['a', 'b', 'a'], 'a', 2)", "3"),
    Function::new("array_positions(list, item)")
        .or(&["list_positions"])
        .says("The places of all such items.")
        .gives("array_positions(['a', 'b', 'a'], 'a')", "[1,3]"),
    Function::new("array_remove_all(list, item)")
        .or(&["list_remove_all"])
        .says("The list without any such item.")
        .gives("array_remove_all(['a', 'b', 'a'], 'a')", "[\"b\"]"),
    Function::new("array_slice(list, first, last)")
        .or(&["list_slice"])
        .says("The items from one place to another; also `list[first:last]`.")
        .gives("array_slice(['a', 'b', 'c'], 2, 3)", "[\"b\",\"c\"]"),
    Function::new("array_sort(list[, 'ASC' or 'DESC'[, 'NULLS FIRST' or 'NULLS LAST']])")
        .or(&["list_sort"])
        .says("The list in order.")
        .gives("array_sort(['b', 'c', 'a'], 'DESC')", "[\"c\",\"b\",\"a\"]"),
    Function::new("array_to_string(list, separator[, for null])")
        .or(&["list_to_string", "array_join", "list_join"])
        .says("The items as one text; nulls are left out, or written like this.")
        .gives("array_to_string(['DE', 'FR'], '+')", "DE+FR"),
    Function::new("cardinality(list)")
        .says("How many items a list has, those of lists within it counted.")
        .gives("cardinality(['a', 'b'])", "2"),
    Function::new("empty(list)")
        .or(&["array_empty", "list_empty"])
        .says("Whether a list has no items.")
        .gives("empty(array_remove_all(['a'], 'a'))", "true"),
    Function::new("flatten(list of lists)")
        .says("The items of all lists as one list.")
        .gives("flatten([['a'], ['b', 'c']])", "[\"a\",\"b\",\"c\"]"),
    Function::new("make_array(item, …)")
        .or(&["make_list"])
        .says("A list of these items; also `[item, …]`.")
        .gives("make_array('a', 'b')", "[\"a\",\"b\"]"),
];
