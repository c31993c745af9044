//! Path and query parameters, read strictly.

use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, dev, web};
use serde::de::DeserializeOwned;

use crate::http::problem::{Kind, Problem};

/// The query parameters as extractor; types that are read so deny unknown fields.
#[derive(Debug)]
pub struct Params<T>(pub T);

impl<T: DeserializeOwned> FromRequest for Params<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut dev::Payload) -> Self::Future {
        let pairs = form_urlencoded::parse(request.query_string().as_bytes());
        let read = serde_path_to_error::deserialize(serde_urlencoded::Deserializer::new(pairs));
        ready(read.map(Self).map_err(|error| explain(&error)))
    }
}

/// What is wrong with a parameter that cannot be read, by its name; all others are texts.
const FORMS: [(&str, &str); 7] = [
    ("as_of", "is no day such as 2026-11-01"),
    ("supersedes", "is no snapshot's id such as s-4oymiquy7qobjgx36tej"),
    ("snapshot", "is no snapshot's id such as s-4oymiquy7qobjgx36tej"),
    ("stage", "is neither `true` nor `false`"),
    ("dry_run", "is neither `true` nor `false`"),
    ("max_rejects", "is no number such as 0 or 100"),
    ("limit", "is no number such as 100"),
];

/// Turns a reading error into a problem that names the parameter, not its value.
fn explain(error: &serde_path_to_error::Error<serde_urlencoded::de::Error>) -> Problem {
    let (name, told) = (error.path().to_string(), error.inner().to_string());
    let form = FORMS.iter().find(|(known, _)| *known == name);
    let detail = if let Some(rest) = told.strip_prefix("unknown field ") {
        format!("The address has no parameter {rest}.")
    } else if let Some(rest) = told.strip_prefix("missing field ") {
        format!("The address lacks the parameter {rest}.")
    } else if let Some(rest) = told.strip_prefix("duplicate field ") {
        format!("The address has the parameter {rest} twice.")
    } else if let Some((_, form)) = form {
        format!("`{name}` {form}.")
    } else {
        "The address's parameters cannot be read.".to_owned()
    };
    Kind::BodyInvalid.problem(detail)
}

/// A path parameter that is no such id names nothing, so it is `not_found`.
pub(crate) fn path_config() -> web::PathConfig {
    web::PathConfig::default().error_handler(|_, _| not_found().into())
}

/// The problem of an address that names nothing.
#[must_use]
pub fn not_found() -> Problem {
    Kind::NotFound.problem("There is nothing at this address; `GET /openapi.yaml` lists them all.")
}

/// How a list is paged.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Page {
    /// At most this many items; 1 to 1000, 100 unless given.
    pub limit: Option<u32>,
    /// The `next` of the page before.
    pub after: Option<String>,
}

impl Page {
    /// Items of a page unless asked otherwise.
    pub const LIMIT_DEFAULT: u32 = 100;
    /// Items of the largest page.
    pub const LIMIT_MAX: u32 = 1_000;

    /// How many items the page has at most.
    ///
    /// # Errors
    /// `body_invalid` when it is not between one and [`Page::LIMIT_MAX`].
    pub fn limit(&self) -> Result<usize, Problem> {
        match self.limit.unwrap_or(Self::LIMIT_DEFAULT) {
            limit @ 1..=Self::LIMIT_MAX => Ok(limit as usize),
            _ => Err(Kind::BodyInvalid
                .problem(format!("`limit` is a number from 1 to {}.", Self::LIMIT_MAX))),
        }
    }
}

/// The items of a list that a page shows, and its `next`; `key` is what `after` names.
///
/// # Errors
/// `body_invalid` for a page of no size, `not_found` for an `after` that is no item's key.
pub(crate) fn page_of<'a, T>(
    all: &'a [T],
    page: &Page,
    key: impl Fn(&T) -> String,
) -> Result<(&'a [T], Option<String>), Problem> {
    let limit = page.limit()?;
    let rest = match &page.after {
        None => all,
        Some(after) => {
            let index = all.iter().position(|item| key(item) == *after).ok_or_else(|| {
                Kind::NotFound.problem(
                    "`after` is in no page of this list; it is the `next` of the page before.",
                )
            })?;
            &all[index + 1..]
        }
    };
    let shown = &rest[..limit.min(rest.len())];
    let next = shown.last().filter(|_| shown.len() < rest.len()).map(key);
    Ok((shown, next))
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn page(query: &str) -> Result<Page, Problem> {
        let request = TestRequest::with_uri(&format!("/?{query}")).to_http_request();
        Params::<Page>::from_request(&request, &mut dev::Payload::None)
            .into_inner()
            .map(|params| params.0)
    }

    #[test]
    fn what_is_wrong_with_a_parameter_is_told_with_its_name() {
        let detail = |query: &str| page(query).unwrap_err().detail().to_owned();

        assert_eq!(
            detail("limitt=3"),
            "The address has no parameter `limitt`, expected `limit` or `after`."
        );
        assert_eq!(detail("limit=-1"), "`limit` is no number such as 100.");
        assert_eq!(detail("limit=1&limit=2"), "The address has the parameter `limit` twice.");
    }

    /// A parameter that is more than a text must say how it is written.
    #[test]
    fn the_form_of_every_parameter_of_the_contract_is_known() {
        let contract: serde_json::Value =
            serde_saphyr::from_str(crate::http::Contract::get().yaml()).unwrap();
        let operations = contract["paths"].as_object().unwrap().values();
        let operations = operations.flat_map(|address| address.as_object().unwrap().values());
        let parameters = operations
            .flat_map(|operation| operation["parameters"].as_array().into_iter().flatten());
        let mut met = std::collections::BTreeSet::new();
        for parameter in parameters.filter(|parameter| parameter["in"] == "query") {
            let name = parameter["name"].as_str().unwrap();
            let schema = parameter["schema"].to_string();
            let is_text = schema.contains("string") && !schema.contains("\"date\"");
            let is_id = schema.contains("^s-") && name != "after";
            if !is_text || is_id {
                met.insert(name.to_owned());
            }
        }

        let known = FORMS.iter().map(|(name, _)| (*name).to_owned());
        assert_eq!(met, known.collect());
    }

    #[test]
    fn a_page_has_between_one_and_a_thousand_items() {
        assert_eq!(page("").and_then(|page| page.limit()), Ok(100));
        assert_eq!(page("limit=1000").and_then(|page| page.limit()), Ok(1000));
        assert!(page("limit=0").and_then(|page| page.limit()).is_err());
        assert!(page("limit=1001").and_then(|page| page.limit()).is_err());
    }
}
