//! Countries and languages, with how common they are.
//!
//! # Source
//! ISO 3166-1 alpha-2 (GR, not EL) and ISO 639-1; weights are rough shares of the Union's population.

use crate::draw::Draw;

/// The Member States, in the order of their codes.
pub(crate) const MEMBER_STATES: [&str; 27] = [
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT",
    "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
];

/// The countries of the European Economic Area, in the order of their codes.
pub(crate) const ECONOMIC_AREA: [&str; 30] = [
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IS",
    "IT", "LI", "LT", "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK",
];

/// How many of a thousand buyers live where, in the order of [`MEMBER_STATES`].
pub(crate) const BUYERS: [u64; 27] = [
    21, 27, 14, 2, 24, 188, 14, 3, 108, 12, 152, 23, 9, 21, 12, 131, 7, 2, 4, 2, 41, 84, 24, 42,
    24, 5, 12,
];

/// Draws where a buyer lives, as a place in [`MEMBER_STATES`].
pub(crate) fn buyers_state(draw: &mut Draw) -> usize {
    let mut buyer = draw.below(BUYERS.iter().sum());
    for (place, buyers) in BUYERS.iter().enumerate() {
        if buyer < *buyers {
            return place;
        }
        buyer -= buyers;
    }
    0
}

/// Where sellers are established.
pub(crate) const SELLERS: [(u64, &str); 36] = [
    (340, "CN"),
    (90, "DE"),
    (60, "PL"),
    (60, "IT"),
    (55, "FR"),
    (55, "ES"),
    (40, "NL"),
    (35, "TR"),
    (35, "GB"),
    (30, "HK"),
    (15, "US"),
    (15, "CZ"),
    (15, "AT"),
    (14, "BE"),
    (12, "RO"),
    (12, "PT"),
    (12, "SE"),
    (10, "GR"),
    (10, "HU"),
    (10, "BG"),
    (10, "VN"),
    (9, "LT"),
    (9, "DK"),
    (8, "IE"),
    (8, "SK"),
    (7, "IN"),
    (7, "FI"),
    (6, "HR"),
    (5, "SI"),
    (5, "EE"),
    (5, "LV"),
    (4, "CY"),
    (3, "LU"),
    (2, "MT"),
    (2, "UA"),
    (2, "CH"),
];

/// Where the operators in the Union that answer for products are established.
pub(crate) const RESPONSIBLE_PERSONS: [(u64, &str); 10] = [
    (30, "DE"),
    (16, "NL"),
    (14, "PL"),
    (11, "FR"),
    (9, "ES"),
    (8, "IT"),
    (5, "IE"),
    (3, "CZ"),
    (2, "LT"),
    (2, "SE"),
];

/// A language that listings are written in.
#[derive(Debug)]
pub(crate) struct Language {
    /// Its code, in lower case as listings have it.
    pub(crate) code: &'static str,
    /// Its code, in upper case as statements have it.
    pub(crate) upper: &'static str,
    /// "Sent within {} days."
    pub(crate) delivery: [&'static str; 2],
}

/// The languages of listings; the nouns of `products` are in the same order.
pub(crate) static LANGUAGES: [Language; 8] = [
    Language { code: "en", upper: "EN", delivery: ["Sent within ", " days."] },
    Language { code: "de", upper: "DE", delivery: ["Versand innerhalb von ", " Tagen."] },
    Language { code: "fr", upper: "FR", delivery: ["Expédié sous ", " jours."] },
    Language { code: "es", upper: "ES", delivery: ["Envío en ", " días."] },
    Language { code: "it", upper: "IT", delivery: ["Spedito entro ", " giorni."] },
    Language { code: "pl", upper: "PL", delivery: ["Wysyłka w ciągu ", " dni."] },
    Language { code: "nl", upper: "NL", delivery: ["Verzonden binnen ", " dagen."] },
    Language { code: "pt", upper: "PT", delivery: ["Enviado em ", " dias."] },
];

/// How common the languages of listings are, by their place in [`LANGUAGES`].
pub(crate) const LISTING_LANGUAGES: [(u64, usize); 8] =
    [(330, 0), (170, 1), (140, 2), (120, 3), (90, 4), (70, 5), (50, 6), (30, 7)];

/// How common the languages of what people post elsewhere are.
pub(crate) const POST_LANGUAGES: [(u64, &str); 28] = [
    (290, "EN"),
    (120, "DE"),
    (110, "FR"),
    (95, "ES"),
    (80, "IT"),
    (60, "PL"),
    (40, "NL"),
    (35, "PT"),
    (28, "RO"),
    (20, "EL"),
    (18, "SV"),
    (16, "CS"),
    (16, "HU"),
    (12, "BG"),
    (10, "DA"),
    (9, "FI"),
    (8, "SK"),
    (8, "HR"),
    (6, "AR"),
    (6, "TR"),
    (6, "RU"),
    (5, "UK"),
    (5, "LT"),
    (4, "SL"),
    (4, "LV"),
    (3, "ET"),
    (2, "ZH"),
    (1, "GA"),
];
