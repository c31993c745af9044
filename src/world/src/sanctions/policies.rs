//! The policies against misuse: two versions of each, and what a violation costs under them.

use domain::{Date, Timestamp};

use crate::GenerateError;
use crate::calendar::DAY_S;
use crate::deliver::Desk;
use crate::infringements::Infringement;
use crate::marketplace::Marketplace;
use crate::record::{Cell, Record, Shape};
use crate::seen::Seen;
use crate::table::{Files, Format, Table};

/// What a policy is against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Misuse {
    /// Frequent provision of manifestly illegal content.
    IllegalContent,
    /// Frequent submission of manifestly unfounded notices.
    Notices,
    /// Frequent submission of manifestly unfounded complaints.
    Complaints,
    /// Other breaches of the terms.
    Terms,
}

impl Misuse {
    /// `misuse`
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::IllegalContent => "MANIFESTLY_ILLEGAL_CONTENT",
            Self::Notices => "UNFOUNDED_NOTICES",
            Self::Complaints => "UNFOUNDED_COMPLAINTS",
            Self::Terms => "OTHER_TERMS",
        }
    }
}

/// One policy.
#[derive(Debug)]
pub(super) struct Policy {
    /// `policy_code`
    pub(super) code: &'static str,
    title: &'static str,
    /// What it is against.
    pub(super) misuse: Misuse,
    /// Its first version and its second one.
    pub(super) versions: [Terms; 2],
}

/// What one version of a policy demands.
#[derive(Debug)]
pub(super) struct Terms {
    /// Points count for so many days.
    pub(super) window_days: i64,
    /// So many points are too many.
    pub(super) threshold_points: i64,
    /// What has to follow then.
    pub(super) required: &'static str,
    /// For how many days, where that ends.
    pub(super) days: Option<i64>,
}

/// Shortens the table below.
const fn terms(
    [window_days, threshold_points]: [i64; 2],
    required: &'static str,
    days: Option<i64>,
) -> Terms {
    Terms { window_days, threshold_points, required, days }
}

/// All policies.
pub(super) static POLICIES: [Policy; 8] = [
    Policy {
        code: "sp-safety",
        title: "Unsafe and prohibited products",
        misuse: Misuse::IllegalContent,
        versions: [terms([90, 6], "SUSPENSION", Some(14)), terms([180, 6], "SUSPENSION", Some(30))],
    },
    Policy {
        code: "sp-property",
        title: "Intellectual property",
        misuse: Misuse::IllegalContent,
        versions: [
            terms([180, 6], "LISTING_LIMIT", Some(60)),
            terms([180, 8], "SUSPENSION", Some(21)),
        ],
    },
    Policy {
        code: "sp-fraud",
        title: "Fraud",
        misuse: Misuse::IllegalContent,
        versions: [
            terms([365, 4], "FUNDS_HOLD", Some(90)),
            terms([365, 5], "SUSPENSION", Some(60)),
        ],
    },
    Policy {
        code: "sp-information",
        title: "Information for consumers",
        misuse: Misuse::Terms,
        versions: [
            terms([90, 3], "TRAFFIC_LIMIT", Some(14)),
            terms([90, 4], "TRAFFIC_LIMIT", Some(30)),
        ],
    },
    Policy {
        code: "sp-terms",
        title: "Other terms for sellers",
        misuse: Misuse::Terms,
        versions: [
            terms([90, 3], "LISTING_LIMIT", Some(30)),
            terms([120, 4], "LISTING_LIMIT", Some(30)),
        ],
    },
    Policy {
        code: "sp-affiliates",
        title: "Affiliates",
        misuse: Misuse::Terms,
        versions: [terms([180, 3], "TERMINATION", None), terms([180, 2], "TERMINATION", None)],
    },
    Policy {
        code: "sp-notices",
        title: "Unfounded notices",
        misuse: Misuse::Notices,
        versions: [
            terms([90, 20], "NOTICE_PROCESSING_SUSPENSION", Some(30)),
            terms([180, 20], "NOTICE_PROCESSING_SUSPENSION", Some(60)),
        ],
    },
    Policy {
        code: "sp-complaints",
        title: "Unfounded complaints",
        misuse: Misuse::Complaints,
        versions: [
            terms([90, 10], "COMPLAINT_PROCESSING_SUSPENSION", Some(30)),
            terms([180, 10], "COMPLAINT_PROCESSING_SUSPENSION", Some(30)),
        ],
    },
];

/// What a violation costs: policy, violation, and points under the first version and the second.
const RULES: [(&str, &str, [i64; 2]); 17] = [
    ("sp-safety", "KEYWORD_UNSAFE_PRODUCTS", [2, 3]),
    ("sp-safety", "KEYWORD_PROHIBITED_PRODUCTS", [3, 3]),
    ("sp-safety", "KEYWORD_AGE_SPECIFIC_RESTRICTIONS_MINORS", [1, 2]),
    ("sp-safety", "STATEMENT_CATEGORY_ANIMAL_WELFARE", [2, 2]),
    ("sp-property", "KEYWORD_TRADEMARK_INFRINGEMENT", [2, 3]),
    ("sp-property", "KEYWORD_COPYRIGHT_INFRINGEMENT", [1, 2]),
    ("sp-property", "KEYWORD_DESIGN_INFRINGEMENT", [1, 2]),
    ("sp-fraud", "KEYWORD_INAUTHENTIC_LISTINGS", [1, 2]),
    ("sp-fraud", "KEYWORD_PHISHING", [4, 4]),
    ("sp-fraud", "STATEMENT_CATEGORY_SCAMS_AND_FRAUD", [1, 1]),
    ("sp-information", "KEYWORD_INSUFFICIENT_INFORMATION_ON_TRADERS", [1, 1]),
    ("sp-information", "KEYWORD_MISLEADING_INFO_GOODS_SERVICES", [1, 1]),
    ("sp-information", "KEYWORD_NONCOMPLIANCE_PRICING", [0, 1]),
    ("sp-terms", "KEYWORD_GOODS_SERVICES_NOT_PERMITTED", [1, 1]),
    ("sp-terms", "KEYWORD_LANGUAGE_REQUIREMENTS", [0, 1]),
    ("sp-affiliates", "STATEMENT_CATEGORY_SCAMS_AND_FRAUD", [1, 1]),
    ("sp-affiliates", "STATEMENT_CATEGORY_OTHER_VIOLATION_TC", [1, 1]),
];

/// The place among the policies of the one under which an infringement counts.
pub(super) fn policy_of(infringement: &Infringement) -> Option<usize> {
    POLICIES.iter().position(|policy| policy.code == infringement.policy)
}

/// What an infringement costs under a version of its policy: a keyword goes before the category.
pub(super) fn points(infringement: &Infringement, version: usize) -> i64 {
    let rule = |violation: &str| {
        let mut rules = RULES.iter();
        rules.find(|(policy, of, _)| *policy == infringement.policy && *of == violation)
    };
    let by_keyword = infringement.keywords.iter().find_map(|keyword| rule(keyword));
    by_keyword.or_else(|| rule(infringement.category)).map_or(0, |(_, _, points)| points[version])
}

impl Marketplace {
    /// The first day of the second versions.
    fn second_version_from(&self) -> Date {
        self.span.until.plus_s(-27 * DAY_S).date()
    }

    /// The place of the version that holds at a moment.
    pub(super) fn version_at(&self, moment: Timestamp) -> usize {
        usize::from(self.second_version_from() <= moment.date())
    }

    /// Writes the policies and what a violation costs.
    pub(super) fn write_policies(&self, desk: &mut Desk<'_>) -> Result<(), GenerateError> {
        let first_from = Date::from_ymd_opt(2024, 2, 17).unwrap_or_default();
        let second_from = self.second_version_from();
        for version in 0..2 {
            let from = [first_from, second_from][version];
            let until = [Some(second_from), None][version];
            for policy in &POLICIES {
                desk.write(&PolicyVersion { policy, version, from, until })?;
            }
            for (policy, violation, points) in RULES {
                desk.write(&Rule { policy, version, violation, points: points[version], from })?;
            }
        }
        Ok(())
    }
}

/// One version of a policy: a row of `sanction_policies`.
#[derive(Debug)]
pub(crate) struct PolicyVersion {
    policy: &'static Policy,
    version: usize,
    from: Date,
    until: Option<Date>,
}

/// The number of a version, counted from one.
pub(super) fn number(version: usize) -> i64 {
    if version == 0 { 1 } else { 2 }
}

impl Record for PolicyVersion {
    const TABLE: &'static Table = &Table {
        dataset: "sanction_policies",
        columns: &[
            ("policy_code", Shape::Text),
            ("version", Shape::Integer),
            ("title", Shape::Text),
            ("misuse", Shape::Text),
            ("window_days", Shape::Integer),
            ("threshold_points", Shape::Integer),
            ("required_sanction", Shape::Text),
            ("suspension_days", Shape::Integer),
            ("effective_from", Shape::Date),
            ("effective_to", Shape::Date),
        ],
        format: Format::Ndjson,
        files: Files::One,
    };

    fn since(&self) -> Timestamp {
        Timestamp::start_of(self.from)
    }

    fn cells(&self, seen: Seen) -> Vec<Cell<'_>> {
        let (policy, terms) = (self.policy, &self.policy.versions[self.version]);
        let until = self.until.filter(|day| seen.has(Timestamp::start_of(*day)));
        vec![
            policy.code.into(),
            number(self.version).into(),
            policy.title.into(),
            policy.misuse.as_str().into(),
            terms.window_days.into(),
            terms.threshold_points.into(),
            terms.required.into(),
            terms.days.filter(|_| terms.required.ends_with("SUSPENSION")).into(),
            self.from.into(),
            until.into(),
        ]
    }
}

/// What a violation costs: a row of `sanction_rules`.
#[derive(Debug)]
pub(crate) struct Rule {
    policy: &'static str,
    version: usize,
    violation: &'static str,
    points: i64,
    from: Date,
}

impl Record for Rule {
    const TABLE: &'static Table = &Table {
        dataset: "sanction_rules",
        columns: &[
            ("policy_code", Shape::Text),
            ("version", Shape::Integer),
            ("violation", Shape::Text),
            ("points", Shape::Integer),
        ],
        format: Format::Csv,
        files: Files::One,
    };

    fn since(&self) -> Timestamp {
        Timestamp::start_of(self.from)
    }

    fn cells(&self, _: Seen) -> Vec<Cell<'_>> {
        vec![
            self.policy.into(),
            number(self.version).into(),
            self.violation.into(),
            self.points.into(),
        ]
    }
}
