//! How long a caller wants to wait for an answer.
//!
//! # Source
//! RFC 7240: `respond-async` and `wait`.

use std::time::Duration;

use actix_web::http::header::{HeaderMap, HeaderName};

/// The header that preferences come in.
const PREFER: HeaderName = HeaderName::from_static("prefer");

/// The header that says which preferences were heeded.
pub const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");

/// The longest wait that is heeded; a longer one is as long as this.
const WAIT_MAX: Duration = Duration::from_secs(3_600);

/// What a caller prefers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Preference {
    /// Wait this long for the answer, then be told where it will be; without it, wait for it.
    pub wait: Option<Duration>,
}

impl Preference {
    /// Reads the preferences; what is not understood is not heeded, as the standard says.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Self {
        let (mut is_async, mut wait) = (false, None);
        let fields = headers.get_all(PREFER).filter_map(|value| value.to_str().ok());
        for preference in fields.flat_map(|field| field.split(',')) {
            let preference = preference.split(';').next().unwrap_or_default().trim();
            let (name, value) = preference.split_once('=').unwrap_or((preference, ""));
            let (name, value) = (name.trim(), value.trim().trim_matches('"'));
            if name.eq_ignore_ascii_case("respond-async") {
                is_async = true;
            } else if name.eq_ignore_ascii_case("wait") && wait.is_none() {
                wait = value.parse().ok().map(|s| Duration::from_secs(s).min(WAIT_MAX));
            }
        }
        Self { wait: wait.or(is_async.then_some(Duration::ZERO)) }
    }

    /// What is said back when the preference was heeded.
    #[must_use]
    pub fn applied(&self) -> Option<String> {
        self.wait.map(|wait| match wait.as_secs() {
            0 => "respond-async".to_owned(),
            seconds => format!("respond-async, wait={seconds}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    fn wait_s(prefer: &'static str) -> Option<u64> {
        let mut headers = HeaderMap::new();
        headers.insert(PREFER, HeaderValue::from_static(prefer));
        Preference::of(&headers).wait.map(|wait| wait.as_secs())
    }

    #[test]
    fn a_caller_that_prefers_nothing_waits() {
        assert_eq!(Preference::of(&HeaderMap::new()).wait, None);
        assert_eq!(wait_s("handling=lenient"), None);
        assert_eq!(wait_s("wait=soon"), None);
    }

    #[test]
    fn a_wait_is_heeded_with_and_without_its_companion() {
        assert_eq!(wait_s("respond-async"), Some(0));
        assert_eq!(wait_s("respond-async, wait=10"), Some(10));
        assert_eq!(wait_s("wait=\"3\"; foo=bar, Respond-Async"), Some(3));
        assert_eq!(wait_s("wait=999999999"), Some(3_600));
    }
}
