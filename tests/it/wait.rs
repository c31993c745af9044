//! Waiting without sleeping: ask again until something is so.

/// How often something is asked before a test gives up; each time is a request or a read. A server that
/// answers in microseconds must not make a test give up before the log was sealed.
const TIMES_MAX: u32 = 2_000_000;

/// Asks again until there is something; a bound keeps a failing test from never ending.
pub(crate) fn until<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    for _ in 0..TIMES_MAX {
        if let Some(found) = ask() {
            return found;
        }
        std::thread::yield_now();
    }
    panic!("waited in vain: {what}");
}
