//! Who publishes, as catalogues tell it.

use serde::{Deserialize, Serialize};

/// What catalogues say of whoever publishes here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CatalogueSettings {
    /// The name of the platform that publishes.
    pub publisher: String,
    /// Where questions about the data go: `mailto:` or `https:`.
    pub contact: Option<String>,
    /// The address of the terms under which data may be used.
    pub terms_url: String,
}

impl Default for CatalogueSettings {
    fn default() -> Self {
        Self {
            publisher: "The operator of this reading room".to_owned(),
            contact: None,
            terms_url: "http://data.europa.eu/eli/reg/2022/2065/oj".to_owned(),
        }
    }
}

impl CatalogueSettings {
    /// The first setting whose value makes no sense, and what it must be.
    pub(crate) fn broken_rule(&self) -> Option<(&'static str, &'static str)> {
        let is_address =
            |text: &str, schemes: &[&str]| schemes.iter().any(|scheme| text.starts_with(scheme));
        if self.publisher.trim().is_empty() {
            return Some(("catalogue.publisher", "must be a name"));
        }
        if !self.contact.as_deref().is_none_or(|it| is_address(it, &["mailto:", "https://"])) {
            return Some(("catalogue.contact", "must begin with mailto: or https://"));
        }
        if !is_address(&self.terms_url, &["https://", "http://"]) {
            return Some(("catalogue.terms_url", "must begin with https:// or http://"));
        }
        None
    }
}
