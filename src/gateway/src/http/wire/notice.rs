//! Notices in a header, which every form of an answer carries.
//!
//! # Shape
//! `Reading-Room-Notice: known_gap;dataset="ads";text=%"ads: incomplete from …", …`: a list of
//! tokens with parameters. The text is a Display String: UTF-8, percent-encoded, between `%"` and
//! `"`. Notices that would make the header too long are left out; the query's record has all.
//!
//! # Source
//! RFC 9651, sections 3.1, 4.1.6 and 4.1.11.

use std::fmt::Write as _;

use domain::Notice;

/// Longest header, in bytes: some servers on the way take no more than 8 KiB of all headers.
const HEADER_BYTES_MAX: usize = 4 << 10;

/// Longest text of one notice, in characters.
const TEXT_CHARACTERS_MAX: usize = 300;

/// Notices as the value of a header; those that do not fit are left out.
pub(crate) fn header(notices: &[Notice]) -> String {
    let mut value = String::new();
    for notice in notices {
        let item = item(notice);
        let separator = if value.is_empty() { "" } else { ", " };
        if HEADER_BYTES_MAX < value.len() + separator.len() + item.len() {
            break;
        }
        value += separator;
        value += &item;
    }
    value
}

/// One notice as an item of a list.
fn item(notice: &Notice) -> String {
    let Notice { matter, dataset, snapshot } = notice;
    let mut text = notice.to_string();
    if let Some((end, _)) = text.char_indices().nth(TEXT_CHARACTERS_MAX) {
        text.truncate(end);
        text.push('\u{2026}');
    }
    let kind = matter.kind();
    format!("{kind};dataset=\"{dataset}\";snapshot=\"{snapshot}\";text={}", display_string(&text))
}

/// A text of any characters, as a header may hold it.
fn display_string(text: &str) -> String {
    let mut encoded = String::from("%\"");
    for byte in text.bytes() {
        match byte {
            b'%' | b'"' => write!(encoded, "%{byte:02x}"),
            0x20..=0x7e => write!(encoded, "{}", char::from(byte)),
            _ => write!(encoded, "%{byte:02x}"),
        }
        .expect("invariant: a string takes every text");
    }
    encoded.push('"');
    encoded
}

#[cfg(test)]
mod tests {
    use domain::notice::Matter;
    use domain::{DatasetName, Sha256Digest, SnapshotId};

    use super::*;

    fn gap(note: &str) -> Notice {
        let (from, until) = ("2025-02-01".parse().unwrap(), "2025-02-14".parse().unwrap());
        Notice {
            matter: Matter::KnownGap { from, until, note: note.to_owned() },
            dataset: DatasetName::parse("ads").unwrap(),
            snapshot: SnapshotId::from_digest(&Sha256Digest::of(b"ads")),
        }
    }

    #[test]
    fn a_notice_is_a_list_item_whose_text_may_have_any_characters() {
        let id = SnapshotId::from_digest(&Sha256Digest::of(b"ads"));

        let value = header(&[gap("100 % of \"Z\u{fc}rich\"")]);

        let text = "ads: incomplete from 2025-02-01 to 2025-02-14: 100 %25 of %22Z%c3%bcrich%22";
        let expected = format!("known_gap;dataset=\"ads\";snapshot=\"{id}\";text=%\"{text}\"");
        assert_eq!(value, expected);
    }

    #[test]
    fn a_header_never_grows_beyond_what_servers_take() {
        let long: Vec<Notice> = (0..100).map(|_| gap(&"\u{fc}".repeat(1_000))).collect();

        let value = header(&long);

        assert!(value.len() <= HEADER_BYTES_MAX && 1 < value.matches("known_gap").count());
        assert!(value.is_ascii() && !value.chars().any(|c| c.is_ascii_control()));
    }
}
