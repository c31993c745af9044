//! Functions of one row.
//!
//! # Rooms
//! - [`choice`]: one value of several. - [`number`]: numbers. - [`text`]: texts, patterns, digests.
//! - [`time`]: days and moments. - [`list`]: lists.

mod choice;
mod list;
mod number;
mod text;
mod time;

use super::Group;

/// All functions of one row.
pub const GROUPS: &[Group] = &[
    Group { title: "Choosing a value", functions: choice::FUNCTIONS },
    Group { title: "Days and moments", functions: time::FUNCTIONS },
    Group { title: "Text", functions: text::FUNCTIONS },
    Group { title: "Patterns", functions: text::PATTERNS },
    Group { title: "Numbers", functions: number::FUNCTIONS },
    Group { title: "Lists", functions: list::FUNCTIONS },
    Group { title: "Digests and samples", functions: text::DIGESTS },
];
