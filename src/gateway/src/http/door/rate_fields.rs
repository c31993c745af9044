//! The two fields that tell a caller its rate limits and what is left of them.
//!
//! # Source
//! draft-ietf-httpapi-ratelimit-headers-10: `RateLimit-Policy` and `RateLimit`, structured fields.

use access::{PolicyQuota, PolicyState, RateDecision};
use actix_web::http::header::{HeaderName, HeaderValue};
use sfv::{Integer, KeyRef, ListSerializer, StringRef};

/// How much each policy allows.
pub(crate) const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// What is left of each.
pub(crate) const STATE: HeaderName = HeaderName::from_static("ratelimit");

/// A number or a name that no structured field takes.
#[derive(Debug, thiserror::Error)]
#[error("a rate limit has no structured field")]
pub(crate) struct FieldError;

/// Both fields.
pub(crate) fn of(decision: &RateDecision) -> Result<(HeaderValue, HeaderValue), FieldError> {
    Ok((policies(&decision.policies)?, states(&decision.states)?))
}

/// `RateLimit-Policy: "principal";q=60;w=60, …`
fn policies(policies: &[PolicyQuota]) -> Result<HeaderValue, FieldError> {
    let mut list = ListSerializer::new();
    for PolicyQuota { policy, quota, window_s } in policies {
        let mut item = list.bare_item(text(policy.as_str())?);
        item = item.parameter(key("q")?, number(*quota)?);
        if let Some(unit) = policy.unit() {
            item = item.parameter(key("qu")?, text(unit)?);
        }
        if let Some(window_s) = window_s {
            item.parameter(key("w")?, number(*window_s)?);
        }
    }
    value(list)
}

/// `RateLimit: "principal";r=57;t=12, …`
fn states(states: &[PolicyState]) -> Result<HeaderValue, FieldError> {
    let mut list = ListSerializer::new();
    for PolicyState { policy, remaining, reset_s } in states {
        let mut item = list.bare_item(text(policy.as_str())?);
        item = item.parameter(key("r")?, number(*remaining)?);
        if let Some(reset_s) = reset_s {
            item.parameter(key("t")?, number(*reset_s)?);
        }
    }
    value(list)
}

fn value(list: ListSerializer<String>) -> Result<HeaderValue, FieldError> {
    let text = list.finish().ok_or(FieldError)?;
    HeaderValue::from_str(&text).map_err(|_| FieldError)
}

fn text(text: &str) -> Result<&StringRef, FieldError> {
    StringRef::from_str(text).map_err(|_| FieldError)
}

fn key(name: &str) -> Result<&KeyRef, FieldError> {
    KeyRef::from_str(name).map_err(|_| FieldError)
}

fn number(number: u64) -> Result<Integer, FieldError> {
    Integer::try_from(number).map_err(|_| FieldError)
}

#[cfg(test)]
mod tests {
    use access::Policy;

    use super::*;

    #[test]
    fn the_fields_are_structured_as_the_draft_says() {
        let decision = RateDecision {
            limited: None,
            policies: vec![
                PolicyQuota { policy: Policy::Principal, quota: 60, window_s: Some(60) },
                PolicyQuota { policy: Policy::ScanDay, quota: 1 << 40, window_s: Some(86_400) },
                PolicyQuota { policy: Policy::Parallel, quota: 3, window_s: None },
            ],
            states: vec![PolicyState {
                policy: Policy::Principal,
                remaining: 57,
                reset_s: Some(12),
            }],
        };

        let (policies, states) = of(&decision).unwrap();

        assert_eq!(
            policies,
            "\"principal\";q=60;w=60, \"scan-day\";q=1099511627776;qu=\"content-bytes\";w=86400, \
             \"parallel\";q=3;qu=\"concurrent-requests\""
        );
        assert_eq!(states, "\"principal\";r=57;t=12");
    }
}
