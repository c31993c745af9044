//! The place of a request in a trace that began elsewhere.
//!
//! # Source
//! W3C Trace Context, level 1: `traceparent`.

use std::fmt;

use uuid::Uuid;

/// A trace and our own span in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    trace_id: String,
    span_id: String,
    flags: String,
}

impl Trace {
    /// Our span in the caller's trace, or in a new one where the caller names none that is valid.
    #[must_use]
    pub fn continued(traceparent: Option<&str>) -> Self {
        let span_id = Uuid::new_v4().simple().to_string()[..16].to_owned();
        match traceparent.and_then(parse) {
            Some((trace_id, flags)) => {
                Self { trace_id: trace_id.to_owned(), span_id, flags: flags.to_owned() }
            }
            None => {
                let trace_id = Uuid::new_v4().simple().to_string();
                Self { trace_id, span_id, flags: "00".to_owned() }
            }
        }
    }

    /// The trace's id, for the server's log.
    #[must_use]
    pub fn trace_id(&self) -> &str {
        &self.trace_id
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{}-{}-{}", self.trace_id, self.span_id, self.flags)
    }
}

/// The trace id and the flags of a valid `traceparent`.
fn parse(text: &str) -> Option<(&str, &str)> {
    let mut parts = text.split('-');
    let [version, trace_id, parent_id, flags] =
        [parts.next()?, parts.next()?, parts.next()?, parts.next()?];
    let is_hex = |part: &str, length: usize| {
        part.len() == length
            && part.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
    };
    let is_nonzero = |part: &str| part.bytes().any(|byte| byte != b'0');
    // A later version may have more parts; version 00 may not.
    let ends = version != "00" || parts.next().is_none();
    let is_valid = is_hex(version, 2)
        && version != "ff"
        && is_hex(trace_id, 32)
        && is_nonzero(trace_id)
        && is_hex(parent_id, 16)
        && is_nonzero(parent_id)
        && is_hex(flags, 2)
        && ends;
    is_valid.then_some((trace_id, flags))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIVEN: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn a_trace_is_continued_with_a_span_of_our_own() {
        let ours = Trace::continued(Some(GIVEN)).to_string();

        assert!(ours.starts_with("00-0af7651916cd43dd8448eb211c80319c-"), "{ours}");
        assert!(ours.ends_with("-01"), "{ours}");
        assert!(!ours.contains("b7ad6b7169203331"), "{ours}");
        assert!(parse(&ours).is_some(), "{ours}");
    }

    #[test]
    fn what_is_no_traceparent_begins_a_new_trace() {
        for bad in [
            "",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
        ] {
            let ours = Trace::continued(Some(bad)).to_string();

            assert!(!ours.contains("0af7651916cd43dd8448eb211c80319c"), "{bad}");
            assert!(parse(&ours).is_some(), "{ours}");
        }
    }

    #[test]
    fn a_later_version_may_have_more_parts() {
        let later = format!("01{}-more", &GIVEN[2..]);

        assert!(parse(&later).is_some());
    }
}
