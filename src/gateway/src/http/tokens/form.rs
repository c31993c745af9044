//! The form that the token endpoint reads.
//!
//! # Source
//! RFC 6749 §3.2 and §4.4.2; RFC 7521 §4.2; RFC 7523 §2.2. Parameters that are not known are
//! ignored there, and none may be given twice.

use std::borrow::Cow;
use std::collections::HashMap;

use actix_web::http::header;
use actix_web::{HttpRequest, web};
use utoipa::ToSchema;

use crate::http::problem::{Kind, Problem};
use crate::http::wire::json::read;

/// The one grant that is served.
const GRANT_TYPE: &str = "client_credentials";

/// The parameters that are read.
const KNOWN: [&str; 3] = ["grant_type", "client_assertion_type", "client_assertion"];

/// The one kind of assertion that is taken.
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A request for a token.
#[derive(Debug, ToSchema)]
#[schema(example = json!({
    "grant_type": "client_credentials",
    "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    "client_assertion": "eyJhbGciOiJFZERTQSJ9.eyJpc3MiOiJhZGEifQ.c2lnbmF0dXJl",
}))]
pub(crate) struct TokenForm {
    /// `client_credentials`.
    #[schema(value_type = String, pattern = "^client_credentials$")]
    #[expect(dead_code, reason = "it has one value, which is checked when it is read")]
    grant_type: &'static str,
    /// `urn:ietf:params:oauth:client-assertion-type:jwt-bearer`.
    #[schema(
        value_type = String,
        pattern = "^urn:ietf:params:oauth:client-assertion-type:jwt-bearer$",
    )]
    #[expect(dead_code, reason = "it has one value, which is checked when it is read")]
    client_assertion_type: &'static str,
    /// The assertion.
    #[schema(value_type = String, pattern = r"^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$")]
    pub(super) client_assertion: String,
}

impl TokenForm {
    /// Reads the form of a request.
    ///
    /// # Errors
    /// `body_invalid` with OAuth's word, or `too_large`.
    pub(super) async fn read(
        request: &HttpRequest,
        payload: web::Payload,
        bytes_max: usize,
    ) -> Result<Self, Problem> {
        let media_type = request.headers().get(header::CONTENT_TYPE);
        let media_type = media_type.and_then(|value| value.to_str().ok()).unwrap_or_default();
        let essence = media_type.split(';').next().unwrap_or_default().trim();
        if !essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return Err(invalid(
                "Send the parameters as a form, with `Content-Type: \
                 application/x-www-form-urlencoded`.",
            ));
        }
        Self::parse(&read(payload, bytes_max).await?)
    }

    fn parse(body: &[u8]) -> Result<Self, Problem> {
        let mut parameters = HashMap::new();
        for (name, value) in form_urlencoded::parse(body) {
            let is_known = KNOWN.contains(&name.as_ref());
            if is_known && parameters.insert(name, value).is_some() {
                return Err(invalid("No parameter may be given twice."));
            }
        }
        let mut take = |name: &str| -> Result<Cow<'_, str>, Problem> {
            let value = parameters.remove(name).filter(|value| !value.is_empty());
            value.ok_or_else(|| invalid(format!("The parameter `{name}` is missing.")))
        };
        if take("grant_type")? != GRANT_TYPE {
            let detail = format!("The only `grant_type` here is `{GRANT_TYPE}`.");
            return Err(Kind::BodyInvalid.problem(detail).oauth("unsupported_grant_type"));
        }
        if take("client_assertion_type")? != ASSERTION_TYPE {
            return Err(invalid(format!(
                "The only `client_assertion_type` is `{ASSERTION_TYPE}`."
            )));
        }
        Ok(Self {
            grant_type: GRANT_TYPE,
            client_assertion_type: ASSERTION_TYPE,
            client_assertion: take("client_assertion")?.into_owned(),
        })
    }
}

/// The problem of a form that is not as it must be.
fn invalid(detail: impl Into<Cow<'static, str>>) -> Problem {
    Kind::BodyInvalid.problem(detail).oauth("invalid_request")
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "grant_type=client_credentials&client_assertion_type=\
        urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion=a.b.c";

    fn detail(body: &str) -> String {
        TokenForm::parse(body.as_bytes()).unwrap_err().detail().to_owned()
    }

    #[test]
    fn what_is_not_known_is_ignored() {
        let form = TokenForm::parse(format!("{GOOD}&scope=all&scope=more").as_bytes()).unwrap();

        assert_eq!(form.client_assertion, "a.b.c");
    }

    #[test]
    fn what_is_missing_wrong_or_doubled_is_named() {
        assert_eq!(detail(""), "The parameter `grant_type` is missing.");
        assert!(detail("grant_type=password").contains("`client_credentials`"));
        assert!(detail("grant_type=client_credentials").contains("`client_assertion_type`"));
        assert!(detail(&GOOD.replace("a.b.c", "")).contains("`client_assertion`"));
        assert!(detail(&format!("{GOOD}&grant_type=x")).contains("twice"));
    }
}
