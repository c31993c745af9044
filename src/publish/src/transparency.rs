//! The Transparency Database's schema version 1, as far as version 2 names it otherwise.
//!
//! # Source
//! The database's API documentation, changes of 2025-07-01; `docs/glossary.md`.

use domain::Date;

/// What became of a value of version 1 that version 2 does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Succession {
    /// It has another name.
    Renamed(&'static str),
    /// It was dropped, and nothing stands for it.
    Dropped,
}

/// The first day on which version 2 is in force.
pub(crate) fn second_version_since() -> Date {
    Date::from_ymd_opt(2025, 7, 1).expect("invariant: a day of the calendar")
}

/// What became of a value, if version 2 does not have it.
pub(crate) fn succession(value: &str) -> Option<Succession> {
    use Succession::{Dropped, Renamed};
    let succession = match value {
        "STATEMENT_CATEGORY_UNSAFE_AND_ILLEGAL_PRODUCTS" => {
            Renamed("STATEMENT_CATEGORY_UNSAFE_AND_PROHIBITED_PRODUCTS")
        }
        "STATEMENT_CATEGORY_SCOPE_OF_PLATFORM_SERVICE" => {
            Renamed("STATEMENT_CATEGORY_OTHER_VIOLATION_TC")
        }
        "KEYWORD_ONLINE_BULLYING_INTIMIDATION" => Renamed("KEYWORD_CYBER_BULLYING_INTIMIDATION"),
        "KEYWORD_INSUFFICIENT_INFORMATION_TRADERS" => {
            Renamed("KEYWORD_INSUFFICIENT_INFORMATION_ON_TRADERS")
        }
        "KEYWORD_DISINFORMATION" => Renamed("KEYWORD_MISINFORMATION_DISINFORMATION"),
        "KEYWORD_NON_CONSENSUAL_ITEMS_DEEPFAKE" => {
            Renamed("KEYWORD_NON_CONSENSUAL_MATERIAL_DEEPFAKE")
        }
        "STATEMENT_CATEGORY_NON_CONSENSUAL_BEHAVIOUR"
        | "STATEMENT_CATEGORY_PORNOGRAPHY_OR_SEXUALIZED_CONTENT"
        | "KEYWORD_MISINFORMATION"
        | "KEYWORD_FOREIGN_INFORMATION_MANIPULATION"
        | "KEYWORD_REGULATED_GOODS_SERVICES"
        | "KEYWORD_DANGEROUS_TOYS"
        | "KEYWORD_GENDER_BASED_VIOLENCE"
        | "KEYWORD_IMAGE_BASED_SEXUAL_ABUSE" => Dropped,
        _ => return None,
    };
    Some(succession)
}
