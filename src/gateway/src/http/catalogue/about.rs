//! Who publishes, under which terms, and the address that everything here is named by.

use domain::codebook::{Codebook, Tier};

use crate::Application;

/// The Digital Services Act, by its European Legislation Identifier.
const ACT: &str = "http://data.europa.eu/eli/reg/2022/2065/oj";

/// Other acts that codebooks name, by what they write and by their identifier.
const ACTS: [(&str, &str); 3] = [
    ("Reg. (EU) 2023/988", "http://data.europa.eu/eli/reg/2023/988/oj"),
    ("Reg. (EU) 2024/2835", "http://data.europa.eu/eli/reg_impl/2024/2835/oj"),
    ("Reg. (EU) 2025/2050", ACCESS_ACT),
];

/// The delegated regulation on data access for vetted researchers.
const ACCESS_ACT: &str = "http://data.europa.eu/eli/reg_del/2025/2050/oj";

/// What a catalogue says of the house itself.
pub(super) struct About {
    /// The address before every path.
    base: String,
    pub(super) publisher: String,
    pub(super) contact: String,
    pub(super) terms_url: String,
}

impl About {
    /// What the configuration says, and where the server is reached.
    ///
    /// # Trust
    /// Never the request's `Host`: whoever asks must not choose what others read.
    pub(super) fn of(room: &Application) -> Self {
        let own = room.own_urls().first().map_or("http://localhost", String::as_str);
        let base = own.trim_end_matches('/').to_owned();
        let settings = &room.settings().catalogue;
        Self {
            contact: settings.contact.clone().unwrap_or_else(|| base.clone()),
            publisher: settings.publisher.clone(),
            terms_url: settings.terms_url.clone(),
            base,
        }
    }

    /// The full address of a path.
    pub(super) fn address(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// The address of the query service.
    pub(super) fn queries(&self) -> String {
        self.address("/v1/queries")
    }

    /// The address of one of a dataset's documents, or of the dataset itself.
    pub(super) fn dataset(&self, codebook: &Codebook, path: &str) -> String {
        self.address(&format!("/v1/datasets/{}{path}", codebook.name))
    }
}

/// The acts that a dataset answers to, the Digital Services Act first.
pub(super) fn legislation(codebook: &Codebook) -> Vec<&'static str> {
    let mut acts = vec![ACT];
    for (written, identifier) in ACTS {
        let is_named = codebook.legal_basis.iter().any(|basis| basis.starts_with(written));
        let is_meant = identifier == ACCESS_ACT && codebook.tier == Tier::Vetted;
        if is_named || is_meant {
            acts.push(identifier);
        }
    }
    acts
}

/// Who may see the rows, in a sentence.
pub(super) fn conditions(tier: Tier) -> &'static str {
    match tier {
        Tier::Public => {
            "For researchers with a project that has a grant of this dataset (DSA Art. 40(12))."
        }
        Tier::Vetted => {
            "For vetted researchers whose project has a grant of this dataset that names its \
             legal clause (DSA Art. 40(4))."
        }
        Tier::Oversight => "For regulators and the monitoring trustee.",
    }
}
