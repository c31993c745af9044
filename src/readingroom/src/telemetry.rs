//! What the process says about itself: structured logs, and errors told in full.

use std::io;

use tracing_subscriber::EnvFilter;

/// The environment variable that chooses what is logged.
const FILTER_VARIABLE: &str = "READINGROOM_LOG";

/// Logs as JSON lines on standard error, from now on: what the environment chooses, else `default`.
pub(crate) fn begin(default: &str) {
    let chosen = EnvFilter::try_from_env(FILTER_VARIABLE);
    let filter = chosen.unwrap_or_else(|_| EnvFilter::new(default));
    let subscriber = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_writer(std::io::stderr)
        .with_env_filter(filter)
        .finish();
    // A second call, in one process, changes nothing.
    let _ = tracing::subscriber::set_global_default(subscriber);
}

/// An error with what lies beneath it, where that says something new.
///
/// What the operating system says is put into our words; what libraries say is left out, since it
/// speaks of their own insides.
pub(crate) fn told(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain() {
        let (words, is_last) = words(cause);
        if !words.is_empty() && !text.contains(&words) {
            let between = if text.is_empty() { "" } else { ": " };
            text.push_str(between);
            text.push_str(&words);
        }
        if is_last {
            break;
        }
    }
    // Rather a foreign text than none.
    if text.is_empty() { error.to_string() } else { text }
}

/// What one cause says, and whether only a library's insides lie beneath it.
fn words(cause: &(dyn std::error::Error + 'static)) -> (String, bool) {
    if let Some(error) = cause.downcast_ref::<io::Error>() {
        return (of_system(error), true);
    }
    if let Some(error) = cause.downcast_ref::<rusqlite::Error>() {
        return (of_database(error).to_owned(), true);
    }
    if cause.is::<reqwest::Error>() || cause.is::<serde_json::Error>() {
        return (String::new(), true);
    }
    (cause.to_string(), false)
}

/// What the operating system says, in our words.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the system knows more errors than have words here"
)]
pub(crate) fn of_system(error: &io::Error) -> String {
    let words = match error.kind() {
        io::ErrorKind::NotFound => "it is not there",
        io::ErrorKind::PermissionDenied => "you have no right to do that",
        io::ErrorKind::AlreadyExists => "there is one already",
        io::ErrorKind::IsADirectory => "it is a folder",
        io::ErrorKind::NotADirectory => "it is not in a folder, or is none itself",
        io::ErrorKind::StorageFull => "the disk is full",
        io::ErrorKind::QuotaExceeded => "your part of the disk is full",
        io::ErrorKind::ReadOnlyFilesystem => "the disk can only be read",
        io::ErrorKind::FileTooLarge => "it would be larger than a file may be",
        io::ErrorKind::InvalidFilename => "no file can have its name",
        io::ErrorKind::AddrInUse => "the address is in use by another program",
        io::ErrorKind::AddrNotAvailable => "this machine has no such address",
        io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset => "the other side ended it",
        io::ErrorKind::ConnectionRefused => "nothing answers there",
        io::ErrorKind::TimedOut => "it took too long",
        io::ErrorKind::UnexpectedEof => "it ends too soon",
        // No system says this: it is a text of ours.
        _ if error.raw_os_error().is_none() && error.get_ref().is_some() => {
            return error.to_string();
        }
        _ => "the system cannot do it",
    };
    words.to_owned()
}

/// What SQLite says, in our words.
fn of_database(error: &rusqlite::Error) -> &'static str {
    use rusqlite::ErrorCode::{
        CannotOpen, DatabaseBusy, DatabaseCorrupt, DiskFull, NotADatabase, PermissionDenied,
        ReadOnly, SystemIoFailure,
    };
    match error.sqlite_error_code() {
        Some(DiskFull | SystemIoFailure) => "the disk is full, or fails",
        Some(CannotOpen | PermissionDenied | ReadOnly) => "you may not write its file",
        Some(DatabaseCorrupt | NotADatabase) => "its file is damaged",
        Some(DatabaseBusy) => "another program has it open",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use anyhow::Context as _;

    use super::*;

    #[test]
    fn what_the_system_says_is_told_in_our_words() {
        let missing = std::fs::read("/nowhere/at/all").context("a.csv cannot be read");

        assert_eq!(told(&missing.unwrap_err()), "a.csv cannot be read: it is not there");
    }

    #[test]
    fn what_a_library_says_stays_with_it() {
        let broken = serde_json::from_str::<u64>("[").context("this is no number");

        assert_eq!(told(&broken.unwrap_err()), "this is no number");
    }
}
