//! Statements of reasons, as the Transparency Database's full dumps have them.

use domain::{Date, Timestamp};

use crate::infringements::Infringement;
use crate::moderation_actions::{Action, Measures, Target};
use crate::record::{Cell, Column, Record, Shape};
use crate::seen::Seen;
use crate::table::{Files, Format, Table};

/// The name under which the marketplace files its statements.
pub(crate) const OWN_NAME: &str = "Example Market";

/// One statement: a row of a dump.
#[derive(Debug)]
pub(crate) struct Statement {
    /// The identifier that the database gave it.
    pub(crate) uuid: String,
    /// What is done.
    pub(crate) measures: Measures,
    /// When that ends by itself.
    pub(crate) end_date: Option<Date>,
    /// Whether the account is a business one.
    pub(crate) account_type: Option<&'static str>,
    /// Where the rules are that it breaks.
    pub(crate) reference_url: Option<&'static str>,
    /// What is held against the content.
    pub(crate) infringement: &'static Infringement,
    /// Whether content that breaks the terms is held illegal too.
    pub(crate) incompatible_content_illegal: Option<bool>,
    /// What it is held to be besides.
    pub(crate) category_addition: Option<&'static [&'static str]>,
    /// What the content is.
    pub(crate) content_type: &'static [&'static str],
    /// What it is in the platform's words.
    pub(crate) content_type_other: Option<&'static str>,
    /// Its language, in upper case.
    pub(crate) content_language: Option<&'static str>,
    /// When it was posted.
    pub(crate) content_date: Date,
    /// The number of the product.
    pub(crate) content_id_ean: Option<String>,
    /// Where it applies.
    pub(crate) territorial_scope: Vec<&'static str>,
    /// From when it applies.
    pub(crate) application_date: Date,
    /// The facts, if the platform gave any.
    pub(crate) facts: Option<String>,
    /// What led to it.
    pub(crate) source_type: &'static str,
    /// Who notified.
    pub(crate) source_identity: Option<String>,
    /// Whether a machine found it.
    pub(crate) automated_detection: bool,
    /// How far a machine decided.
    pub(crate) automated_decision: &'static str,
    /// The platform.
    pub(crate) platform_name: &'static str,
    /// The identifier that the platform gave it.
    pub(crate) platform_uid: String,
    /// When it entered the database.
    pub(crate) created_at: Timestamp,
}

impl Statement {
    /// The statement of one of the marketplace's decisions, where one was due.
    pub(crate) fn of(action: &Action) -> Option<Self> {
        let filing = action.filing.as_ref()?;
        let (content_type, content_type_other): (&[_], _) = match action.subject.target {
            Target::Listing => (&["CONTENT_TYPE_PRODUCT"], None),
            Target::Ad => (&["CONTENT_TYPE_IMAGE", "CONTENT_TYPE_TEXT"], None),
            Target::Trader => (&["CONTENT_TYPE_OTHER"], Some("Seller account")),
            Target::AffiliateLink => (&["CONTENT_TYPE_OTHER"], Some("Link of an affiliate")),
        };
        let applied_at = action.applied_at.unwrap_or(action.decided_at);
        Some(Self {
            uuid: filing.uuid.clone(),
            measures: action.measures,
            end_date: action.end_at.map(Timestamp::date),
            account_type: (action.subject.target == Target::Trader)
                .then_some("ACCOUNT_TYPE_BUSINESS"),
            reference_url: Some("https://market.example/policies"),
            infringement: action.infringement,
            incompatible_content_illegal: (!action.infringement.is_illegal()).then_some(false),
            category_addition: None,
            content_type,
            content_type_other,
            content_language: action.subject.language,
            content_date: action.subject.posted_at.date(),
            content_id_ean: action.subject.gtin.clone(),
            territorial_scope: action.territorial_scope.clone(),
            application_date: applied_at.date(),
            facts: Some(facts(action.finding.source_type, action.subject.target.as_str())),
            source_type: action.finding.source_type,
            source_identity: None,
            automated_detection: action.finding.detector_id.is_some(),
            automated_decision: action.finding.automated_decision,
            platform_name: OWN_NAME,
            platform_uid: filing.platform_uid.clone(),
            created_at: filing.created_at,
        })
    }
}

/// The facts, in a sentence.
pub(crate) fn facts(source_type: &str, target: &str) -> String {
    let cause = match source_type {
        "SOURCE_VOLUNTARY" => "found in the platform's own checks",
        "SOURCE_ARTICLE_16" => "reported in a notice",
        "SOURCE_TRUSTED_FLAGGER" => "reported by a trusted flagger",
        _ => "reported by other means",
    };
    let target = target.to_ascii_lowercase();
    format!(
        "The {target} was {cause}; its text, its pictures and the account's history were assessed."
    )
}

/// Yes or No, as dumps write it.
fn yes_or_no(fact: bool) -> &'static str {
    if fact { "Yes" } else { "No" }
}

/// The columns, in the order of the dumps.
const COLUMNS: &[Column] = &[
    ("uuid", Shape::Text),
    ("decision_visibility", Shape::Texts),
    ("decision_visibility_other", Shape::Text),
    ("end_date_visibility_restriction", Shape::Date),
    ("decision_monetary", Shape::Text),
    ("decision_monetary_other", Shape::Text),
    ("end_date_monetary_restriction", Shape::Date),
    ("decision_provision", Shape::Text),
    ("end_date_service_restriction", Shape::Date),
    ("decision_account", Shape::Text),
    ("end_date_account_restriction", Shape::Date),
    ("account_type", Shape::Text),
    ("decision_ground", Shape::Text),
    ("decision_ground_reference_url", Shape::Text),
    ("illegal_content_legal_ground", Shape::Text),
    ("illegal_content_explanation", Shape::Text),
    ("incompatible_content_ground", Shape::Text),
    ("incompatible_content_explanation", Shape::Text),
    ("incompatible_content_illegal", Shape::Text),
    ("category", Shape::Text),
    ("category_addition", Shape::Texts),
    ("category_specification", Shape::Texts),
    ("category_specification_other", Shape::Text),
    ("content_type", Shape::Texts),
    ("content_type_other", Shape::Text),
    ("content_language", Shape::Text),
    ("content_date", Shape::Date),
    ("content_id_ean", Shape::Text),
    ("territorial_scope", Shape::Texts),
    ("application_date", Shape::Date),
    ("decision_facts", Shape::Text),
    ("source_type", Shape::Text),
    ("source_identity", Shape::Text),
    ("automated_detection", Shape::Text),
    ("automated_decision", Shape::Text),
    ("platform_name", Shape::Text),
    ("platform_uid", Shape::Text),
    ("created_at", Shape::Moment),
];

impl Record for Statement {
    const TABLE: &'static Table = &Table {
        dataset: "statements_of_reasons",
        columns: COLUMNS,
        format: Format::DumpGz,
        files: Files::Dumps,
    };

    fn since(&self) -> Timestamp {
        self.created_at
    }

    fn cells(&self, _: Seen) -> Vec<Cell<'_>> {
        let (measures, held) = (&self.measures, self.infringement);
        let ends = |there: bool| self.end_date.filter(|_| there).into();
        let when = |there: bool, text: &'static str| there.then_some(text).into();
        let other_visibility = measures.holds("DECISION_VISIBILITY_OTHER");
        let other_monetary = measures.monetary == Some("DECISION_MONETARY_OTHER");
        vec![
            (&self.uuid).into(),
            measures.visibility.into(),
            when(other_visibility, "Shown to followers only"),
            ends(measures.visibility.is_some()),
            measures.monetary.into(),
            when(other_monetary, "Share of advertising income lowered"),
            ends(measures.monetary.is_some()),
            measures.provision.into(),
            ends(measures.provision.is_some()),
            measures.account.into(),
            ends(measures.account.is_some()),
            self.account_type.into(),
            held.ground().into(),
            self.reference_url.into(),
            held.law.into(),
            when(held.is_illegal(), held.explanation),
            when(!held.is_illegal(), held.clause),
            when(!held.is_illegal(), held.explanation),
            self.incompatible_content_illegal.map(yes_or_no).into(),
            held.category.into(),
            self.category_addition.into(),
            held.keywords.into(),
            when(held.keywords.contains(&"KEYWORD_OTHER"), "Breach of the community rules"),
            self.content_type.into(),
            self.content_type_other.into(),
            self.content_language.into(),
            self.content_date.into(),
            self.content_id_ean.as_ref().into(),
            (&self.territorial_scope).into(),
            self.application_date.into(),
            self.facts.as_ref().into(),
            self.source_type.into(),
            self.source_identity.as_ref().into(),
            yes_or_no(self.automated_detection).into(),
            self.automated_decision.into(),
            self.platform_name.into(),
            (&self.platform_uid).into(),
            self.created_at.into(),
        ]
    }
}
