//! Makes sure that a block is text: UTF-8, and without NUL.
//!
//! # Invariant
//! What comes out has the length of what went in, so that positions stay true.

/// Why bytes are not text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotText {
    /// They are no UTF-8.
    NotUtf8,
    /// They hold the character NUL.
    Nul,
}

impl NotText {
    /// What to tell the steward.
    pub(crate) fn detail(self) -> &'static str {
        match self {
            Self::NotUtf8 => "it is not UTF-8; deliver all text as UTF-8",
            Self::Nul => "it holds the character NUL, which no text may hold",
        }
    }
}

/// Turns a block into text; what is no text is overwritten, and where it was is told.
pub(crate) fn decode(bytes: Vec<u8>) -> (String, Vec<(usize, NotText)>) {
    let mut flaws = Vec::new();
    let mut text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => overwrite(error.into_bytes(), &mut flaws),
    };
    if memchr::memchr(0, text.as_bytes()).is_some() {
        flaws.extend(memchr::memchr_iter(0, text.as_bytes()).map(|at| (at, NotText::Nul)));
        text = text.replace('\0', " ");
    }
    (text, flaws)
}

/// Overwrites what is no UTF-8 with spaces, byte for byte.
fn overwrite(mut bytes: Vec<u8>, flaws: &mut Vec<(usize, NotText)>) -> String {
    let mut checked = 0;
    while let Err(error) = std::str::from_utf8(&bytes[checked..]) {
        let start = checked + error.valid_up_to();
        let length = error.error_len().unwrap_or(bytes.len() - start);
        bytes[start..start + length].fill(b' ');
        flaws.push((start, NotText::NotUtf8));
        checked = start + length;
    }
    String::from_utf8(bytes).expect("invariant: every stretch was checked or overwritten")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_passes_as_it_is() {
        assert_eq!(decode("naïve 中".into()), ("naïve 中".to_owned(), Vec::new()));
    }

    #[test]
    fn what_is_no_text_is_overwritten_in_place() {
        let (text, flaws) = decode(b"a\xffb\0c\xe4\xb8".to_vec());

        assert_eq!(text, "a b c  ");
        assert_eq!(flaws, [(1, NotText::NotUtf8), (5, NotText::NotUtf8), (3, NotText::Nul)]);
    }
}
