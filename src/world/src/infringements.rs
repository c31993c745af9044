//! What is held against content, in the words of the Transparency Database, and the marketplace's policies.
//!
//! # Source
//! Categories and keywords: the database's schema version 2, as the codebook of
//! `statements_of_reasons` has them.

/// One kind of infringement.
#[derive(Debug)]
pub(crate) struct Infringement {
    /// `STATEMENT_CATEGORY_…`
    pub(crate) category: &'static str,
    /// `KEYWORD_…`, at least one.
    pub(crate) keywords: &'static [&'static str],
    /// The law it breaks; none where it breaks the terms only.
    pub(crate) law: Option<&'static str>,
    /// The clause of the terms it breaks, and what the statement says.
    pub(crate) clause: &'static str,
    /// Why, in a sentence.
    pub(crate) explanation: &'static str,
    /// The policy against misuse under which it counts.
    pub(crate) policy: &'static str,
    /// How often of a thousand it is manifestly illegal.
    pub(crate) manifest_per_mille: u64,
}

impl Infringement {
    /// Whether it is illegal, and not only against the terms.
    pub(crate) fn is_illegal(&self) -> bool {
        self.law.is_some()
    }

    /// `DECISION_GROUND_…`
    pub(crate) fn ground(&self) -> &'static str {
        if self.is_illegal() {
            "DECISION_GROUND_ILLEGAL_CONTENT"
        } else {
            "DECISION_GROUND_INCOMPATIBLE_CONTENT"
        }
    }
}

/// Shortens the table below.
const fn kind(
    category: &'static str,
    keywords: &'static [&'static str],
    law: Option<&'static str>,
    [clause, explanation, policy]: [&'static str; 3],
    manifest_per_mille: u64,
) -> Infringement {
    Infringement { category, keywords, law, clause, explanation, policy, manifest_per_mille }
}

/// Products that are unsafe.
pub(crate) static UNSAFE_PRODUCT: Infringement = kind(
    "STATEMENT_CATEGORY_UNSAFE_AND_PROHIBITED_PRODUCTS",
    &["KEYWORD_UNSAFE_PRODUCTS"],
    Some("Regulation (EU) 2023/988, Article 5"),
    [
        "Product safety policy, section 2",
        "The product does not meet the general safety requirement.",
        "sp-safety",
    ],
    250,
);
/// Products that may not be sold.
pub(crate) static PROHIBITED_PRODUCT: Infringement = kind(
    "STATEMENT_CATEGORY_UNSAFE_AND_PROHIBITED_PRODUCTS",
    &["KEYWORD_PROHIBITED_PRODUCTS"],
    Some("Regulation (EU) 2019/1020, Article 16"),
    [
        "Prohibited products policy, section 1",
        "The product may not be made available in the Union.",
        "sp-safety",
    ],
    600,
);
/// Another's trade mark.
pub(crate) static TRADEMARK: Infringement = kind(
    "STATEMENT_CATEGORY_INTELLECTUAL_PROPERTY_INFRINGEMENTS",
    &["KEYWORD_TRADEMARK_INFRINGEMENT"],
    Some("Regulation (EU) 2017/1001, Article 9"),
    [
        "Intellectual property policy, section 3",
        "The sign is used without the consent of its proprietor.",
        "sp-property",
    ],
    350,
);
/// Another's pictures or texts.
pub(crate) static COPYRIGHT: Infringement = kind(
    "STATEMENT_CATEGORY_INTELLECTUAL_PROPERTY_INFRINGEMENTS",
    &["KEYWORD_COPYRIGHT_INFRINGEMENT"],
    Some("Directive 2001/29/EC, Articles 2 and 3"),
    [
        "Intellectual property policy, section 4",
        "The work is used without the consent of its author.",
        "sp-property",
    ],
    150,
);
/// Another's design.
pub(crate) static DESIGN: Infringement = kind(
    "STATEMENT_CATEGORY_INTELLECTUAL_PROPERTY_INFRINGEMENTS",
    &["KEYWORD_DESIGN_INFRINGEMENT", "KEYWORD_TRADEMARK_INFRINGEMENT"],
    Some("Regulation (EC) No 6/2002, Article 19"),
    [
        "Intellectual property policy, section 5",
        "The product makes the same overall impression as a protected design.",
        "sp-property",
    ],
    100,
);
/// Listings behind which there is no product.
pub(crate) static INAUTHENTIC_LISTING: Infringement = kind(
    "STATEMENT_CATEGORY_SCAMS_AND_FRAUD",
    &["KEYWORD_INAUTHENTIC_LISTINGS"],
    None,
    [
        "Seller terms, section 7",
        "The listing is one of many that are put up to deceive buyers.",
        "sp-fraud",
    ],
    0,
);
/// Attempts to obtain data or payments.
pub(crate) static PHISHING: Infringement = kind(
    "STATEMENT_CATEGORY_SCAMS_AND_FRAUD",
    &["KEYWORD_PHISHING", "KEYWORD_IMPERSONATION_ACCOUNT_HIJACKING"],
    Some("Directive (EU) 2019/713, Article 3"),
    [
        "Seller terms, section 8",
        "The content leads buyers to a payment outside the platform.",
        "sp-fraud",
    ],
    700,
);
/// Traders who do not say who they are.
pub(crate) static TRADER_INFORMATION: Infringement = kind(
    "STATEMENT_CATEGORY_CONSUMER_INFORMATION",
    &["KEYWORD_INSUFFICIENT_INFORMATION_ON_TRADERS"],
    Some("Regulation (EU) 2022/2065, Article 31"),
    ["Seller terms, section 4", "The information on the trader is incomplete.", "sp-information"],
    20,
);
/// Claims about goods that mislead.
pub(crate) static MISLEADING_CLAIM: Infringement = kind(
    "STATEMENT_CATEGORY_CONSUMER_INFORMATION",
    &["KEYWORD_MISLEADING_INFO_GOODS_SERVICES"],
    Some("Directive 2005/29/EC, Article 6"),
    [
        "Seller terms, section 5",
        "The description claims what the product does not have.",
        "sp-information",
    ],
    60,
);
/// Prices that mislead.
pub(crate) static PRICING: Infringement = kind(
    "STATEMENT_CATEGORY_CONSUMER_INFORMATION",
    &["KEYWORD_NONCOMPLIANCE_PRICING"],
    Some("Directive 98/6/EC, Article 6a"),
    [
        "Seller terms, section 6",
        "The reduction does not refer to the lowest price of the last thirty days.",
        "sp-information",
    ],
    20,
);
/// Goods that the platform does not want.
pub(crate) static NOT_PERMITTED: Infringement = kind(
    "STATEMENT_CATEGORY_OTHER_VIOLATION_TC",
    &["KEYWORD_GOODS_SERVICES_NOT_PERMITTED"],
    None,
    ["Seller terms, section 3", "Goods of this kind are not offered on the platform.", "sp-terms"],
    0,
);
/// Listings in a language that buyers do not read.
pub(crate) static LANGUAGE: Infringement = kind(
    "STATEMENT_CATEGORY_OTHER_VIOLATION_TC",
    &["KEYWORD_LANGUAGE_REQUIREMENTS"],
    None,
    [
        "Listing rules, section 1",
        "The listing is not in a language of the country where it is offered.",
        "sp-terms",
    ],
    0,
);
/// Goods for adults, offered to all.
pub(crate) static MINORS: Infringement = kind(
    "STATEMENT_CATEGORY_PROTECTION_OF_MINORS",
    &["KEYWORD_AGE_SPECIFIC_RESTRICTIONS_MINORS"],
    Some("Directive 2014/40/EU, Article 20"),
    [
        "Age policy, section 1",
        "The product is offered without a check of the buyer's age.",
        "sp-safety",
    ],
    300,
);
/// Animals and what is made from them.
pub(crate) static ANIMALS: Infringement = kind(
    "STATEMENT_CATEGORY_ANIMAL_WELFARE",
    &["KEYWORD_UNLAWFUL_SALE_ANIMALS"],
    Some("Regulation (EC) No 338/97, Article 8"),
    [
        "Prohibited products policy, section 4",
        "The product is made from a protected species.",
        "sp-safety",
    ],
    450,
);
/// Incitement to hatred.
pub(crate) static HATE_SPEECH: Infringement = kind(
    "STATEMENT_CATEGORY_ILLEGAL_OR_HARMFUL_SPEECH",
    &["KEYWORD_HATE_SPEECH"],
    Some("Framework Decision 2008/913/JHA, Article 1"),
    ["Community rules, section 2", "The post incites to hatred against a group.", "sp-terms"],
    200,
);
/// Insults and slander.
pub(crate) static DEFAMATION: Infringement = kind(
    "STATEMENT_CATEGORY_ILLEGAL_OR_HARMFUL_SPEECH",
    &["KEYWORD_DEFAMATION", "KEYWORD_DISCRIMINATION"],
    None,
    ["Community rules, section 3", "The post attacks a person's reputation.", "sp-terms"],
    0,
);
/// Harassment.
pub(crate) static HARASSMENT: Infringement = kind(
    "STATEMENT_CATEGORY_CYBER_VIOLENCE",
    &["KEYWORD_CYBER_HARASSMENT", "KEYWORD_CYBER_BULLYING_INTIMIDATION"],
    None,
    ["Community rules, section 4", "The post harasses another member.", "sp-terms"],
    0,
);
/// Harassment of women.
pub(crate) static HARASSMENT_OF_WOMEN: Infringement = kind(
    "STATEMENT_CATEGORY_CYBER_VIOLENCE_AGAINST_WOMEN",
    &["KEYWORD_CYBER_HARASSMENT_AGAINST_WOMEN"],
    Some("Directive (EU) 2024/1385, Article 7"),
    ["Community rules, section 4", "The post harasses a woman because she is one.", "sp-terms"],
    150,
);
/// Nudity.
pub(crate) static NUDITY: Infringement = kind(
    "STATEMENT_CATEGORY_OTHER_VIOLATION_TC",
    &["KEYWORD_NUDITY", "KEYWORD_ADULT_SEXUAL_MATERIAL"],
    None,
    ["Community rules, section 6", "The picture shows nudity.", "sp-terms"],
    0,
);
/// Violence.
pub(crate) static VIOLENCE: Infringement = kind(
    "STATEMENT_CATEGORY_VIOLENCE",
    &["KEYWORD_INCITEMENT_VIOLENCE_HATRED"],
    None,
    ["Community rules, section 5", "The content shows or praises violence.", "sp-terms"],
    0,
);
/// Self-harm.
pub(crate) static SELF_HARM: Infringement = kind(
    "STATEMENT_CATEGORY_SELF_HARM",
    &["KEYWORD_CONTENT_PROMOTING_EATING_DISORDERS"],
    None,
    ["Community rules, section 8", "The content promotes an eating disorder.", "sp-terms"],
    0,
);
/// False claims around elections.
pub(crate) static DISINFORMATION: Infringement = kind(
    "STATEMENT_CATEGORY_NEGATIVE_EFFECTS_ON_CIVIC_DISCOURSE_OR_ELECTIONS",
    &["KEYWORD_MISINFORMATION_DISINFORMATION"],
    None,
    ["Community rules, section 9", "The post makes a false claim about how to vote.", "sp-terms"],
    0,
);
/// Accounts that are not what they seem.
pub(crate) static FALSE_ACCOUNT: Infringement = kind(
    "STATEMENT_CATEGORY_SCAMS_AND_FRAUD",
    &["KEYWORD_INAUTHENTIC_ACCOUNTS"],
    None,
    ["Community rules, section 1", "The account is run by a program.", "sp-fraud"],
    0,
);
/// Others' personal data.
pub(crate) static PRIVACY: Infringement = kind(
    "STATEMENT_CATEGORY_DATA_PROTECTION_AND_PRIVACY_VIOLATIONS",
    &["KEYWORD_MISSING_PROCESSING_GROUND"],
    Some("Regulation (EU) 2016/679, Article 6"),
    ["Community rules, section 7", "The post shows another person's address.", "sp-terms"],
    100,
);
/// Terrorist content.
pub(crate) static TERRORISM: Infringement = kind(
    "STATEMENT_CATEGORY_RISK_FOR_PUBLIC_SECURITY",
    &["KEYWORD_TERRORIST_CONTENT"],
    Some("Regulation (EU) 2021/784, Article 2"),
    ["Community rules, section 10", "The content glorifies a terrorist act.", "sp-terms"],
    900,
);
/// A notice that did not say what was wrong.
pub(crate) static UNSPECIFIED: Infringement = kind(
    "STATEMENT_CATEGORY_NOT_SPECIFIED_NOTICE",
    &["KEYWORD_OTHER"],
    None,
    ["Community rules, section 1", "The content breaks the community rules.", "sp-terms"],
    0,
);
