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
        let read = web::Query::<T>::from_query(request.query_string());
        ready(read.map(|query| Self(query.into_inner())).map_err(|error| explain(&error)))
    }
}

/// Turns a reading error into a problem.
fn explain(error: &actix_web::error::QueryPayloadError) -> Problem {
    match error {
        actix_web::error::QueryPayloadError::Deserialize(cause) => {
            Kind::BodyInvalid.problem(format!("The address's parameters: {cause}."))
        }
        _ => Kind::BodyInvalid.problem("The address's parameters cannot be read."),
    }
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
    fn an_unknown_parameter_is_named() {
        let problem = page("limitt=3").unwrap_err();

        assert!(problem.detail().contains("limitt"), "{problem}");
    }

    #[test]
    fn a_page_has_between_one_and_a_thousand_items() {
        assert_eq!(page("").and_then(|page| page.limit()), Ok(100));
        assert_eq!(page("limit=1000").and_then(|page| page.limit()), Ok(1000));
        assert!(page("limit=0").and_then(|page| page.limit()).is_err());
        assert!(page("limit=1001").and_then(|page| page.limit()).is_err());
    }
}
