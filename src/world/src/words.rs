//! Invented names: brands, companies and people that sound like some and are none.

use crate::mix::mix;

/// Parts of invented names.
const SYLLABLES: [&str; 40] = [
    "ba", "bri", "co", "da", "del", "do", "el", "fa", "fen", "ga", "glo", "hu", "il", "ka", "kel",
    "ko", "la", "lu", "ma", "mi", "mor", "na", "nel", "no", "or", "pa", "pe", "qua", "ra", "ri",
    "sel", "so", "ta", "tri", "u", "va", "vel", "wo", "xi", "zu",
];

/// An invented word of some syllables, the same for the same number.
fn word(number: u64, syllables: usize) -> String {
    let mut bits = mix(number);
    let mut word = String::new();
    for _ in 0..syllables {
        let count = SYLLABLES.len() as u64;
        word.push_str(SYLLABLES[crate::draw::index(bits % count)]);
        bits /= count;
    }
    let first = word.remove(0).to_ascii_uppercase();
    format!("{first}{word}")
}

/// The name of a brand.
pub(crate) fn brand(number: u64) -> String {
    word(number, 3)
}

/// The name of a company in a country.
pub(crate) fn company(number: u64, country: &str) -> String {
    let form = match country {
        "DE" | "AT" => "GmbH",
        "FR" | "BE" | "LU" => "SAS",
        "IT" => "S.r.l.",
        "ES" => "S.L.",
        "PT" => "Lda.",
        "PL" => "sp. z o.o.",
        "NL" => "B.V.",
        "CZ" | "SK" => "s.r.o.",
        "SE" | "FI" => "AB",
        "CN" | "HK" | "VN" => "Co., Ltd.",
        _ => "Ltd.",
    };
    format!("{} {form}", word(number ^ (1 << 40), 4))
}

/// The name of a person.
pub(crate) fn person(number: u64) -> String {
    format!("{} {}", word(number ^ (1 << 41), 2), word(number ^ (1 << 42), 4))
}
