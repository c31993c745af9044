//! Decisions: what is held against a listing, an advertisement or an account, and what is done.
//!
//! Does not know why one is taken: that is where its target is made. Everything that follows from a
//! decision is drawn here: when it takes effect, whether it is reversed, and its statement.

use domain::Timestamp;

use crate::GenerateError;
use crate::calendar::{DAY_S, HOUR_S, Span, whole_second};
use crate::deliver::Desk;
use crate::detectors;
use crate::draw::{Draw, signed};
use crate::infringements::Infringement;
use crate::marketplace::Marketplace;
use crate::places::{ECONOMIC_AREA, MEMBER_STATES};
use crate::pseudonyms::Named;
use crate::record::{Cell, Column, Record, Shape};
use crate::seen::Seen;
use crate::statements::Statement;
use crate::table::{Files, Format, Table};

/// What a decision is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// A listing.
    Listing,
    /// An advertisement.
    Ad,
    /// A trader's account.
    Trader,
    /// A link of an affiliate.
    AffiliateLink,
}

impl Target {
    /// `target_type`
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Listing => "LISTING",
            Self::Ad => "AD",
            Self::Trader => "TRADER",
            Self::AffiliateLink => "AFFILIATE_LINK",
        }
    }
}

/// What a decision is about, as far as the decision needs it.
#[derive(Debug)]
pub(crate) struct Subject {
    /// Its kind.
    pub(crate) target: Target,
    /// Its identifier.
    pub(crate) target_id: String,
    /// The listing concerned.
    pub(crate) listing_id: Option<String>,
    /// The trader concerned.
    pub(crate) trader_id: Option<String>,
    /// When it was put up.
    pub(crate) posted_at: Timestamp,
    /// Its language, in upper case.
    pub(crate) language: Option<&'static str>,
    /// The number of the product.
    pub(crate) gtin: Option<String>,
    /// Where it is offered, if not everywhere.
    pub(crate) offered_in: Option<Vec<&'static str>>,
    /// The orders it has had in all, where it can have some.
    pub(crate) orders: Option<i64>,
}

/// How far an offer had come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Nobody had seen it.
    PreListing,
    /// It was being shown.
    PostListing,
    /// It had been bought.
    PostSale,
}

/// What is done.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Measures {
    /// Restrictions of visibility.
    pub(crate) visibility: Option<&'static [&'static str]>,
    /// Restriction of payments.
    pub(crate) monetary: Option<&'static str>,
    /// Restriction of the service.
    pub(crate) provision: Option<&'static str>,
    /// Restriction of the account.
    pub(crate) account: Option<&'static str>,
}

impl Measures {
    /// The content is restricted.
    pub(crate) const fn visibility(kinds: &'static [&'static str]) -> Self {
        Self { visibility: Some(kinds), monetary: None, provision: None, account: None }
    }

    /// Payments are restricted.
    pub(crate) const fn monetary(kind: &'static str) -> Self {
        Self { visibility: None, monetary: Some(kind), provision: None, account: None }
    }

    /// The service is restricted.
    pub(crate) const fn provision(kind: &'static str) -> Self {
        Self { visibility: None, monetary: None, provision: Some(kind), account: None }
    }

    /// The account is restricted.
    pub(crate) const fn account(kind: &'static str) -> Self {
        Self { visibility: None, monetary: None, provision: None, account: Some(kind) }
    }

    /// Whether the content is gone.
    pub(crate) fn removes(&self) -> bool {
        self.holds("DECISION_VISIBILITY_CONTENT_REMOVED")
    }

    /// Whether the content is there but shown to nobody.
    pub(crate) fn disables(&self) -> bool {
        self.holds("DECISION_VISIBILITY_CONTENT_DISABLED")
    }

    /// Whether a restriction of visibility is among them.
    pub(crate) fn holds(&self, kind: &str) -> bool {
        self.visibility.is_some_and(|kinds| kinds.contains(&kind))
    }

    /// Whether it can end by itself.
    fn may_end(&self) -> bool {
        !self.removes() && self.account != Some("DECISION_ACCOUNT_TERMINATED")
    }
}

/// The statement of reasons of a decision.
#[derive(Debug)]
pub(crate) struct Filing {
    /// The identifier that the Transparency Database gave it.
    pub(crate) uuid: String,
    /// The identifier that the platform gave it.
    pub(crate) platform_uid: String,
    /// When it entered the Transparency Database, to the second.
    pub(crate) created_at: Timestamp,
}

/// How something was found.
#[derive(Debug)]
pub(crate) struct Finding {
    /// `source_type`
    pub(crate) source_type: &'static str,
    /// The notice.
    pub(crate) notice_id: Option<String>,
    /// The automated means.
    pub(crate) detector_id: Option<&'static str>,
    /// `automated_decision`
    pub(crate) automated_decision: &'static str,
}

/// One decision: a row of `moderation_actions`.
#[derive(Debug)]
pub(crate) struct Action {
    /// `action_id`
    pub(crate) id: String,
    /// What it is about.
    pub(crate) subject: Subject,
    /// When it was taken.
    pub(crate) decided_at: Timestamp,
    /// When it took effect, if it has.
    pub(crate) applied_at: Option<Timestamp>,
    /// When it ends by itself.
    pub(crate) end_at: Option<Timestamp>,
    /// What is done.
    pub(crate) measures: Measures,
    /// What is held against it.
    pub(crate) infringement: &'static Infringement,
    /// Whether that is manifestly illegal.
    pub(crate) manifestly_illegal: bool,
    /// How it was found.
    pub(crate) finding: Finding,
    /// Its statement, where one was due.
    pub(crate) filing: Option<Filing>,
    /// Where it applies.
    pub(crate) territorial_scope: Vec<&'static str>,
    /// When it was reversed.
    pub(crate) reversed_at: Option<Timestamp>,
    stage: Stage,
    complaint_id: Option<String>,
    /// How often it was shown before the decision had effect.
    pub(crate) exposure: Option<i64>,
    orders: Option<i64>,
}

impl Action {
    /// Whether it has taken effect by then and has neither been reversed nor ended.
    pub(crate) fn stands_at(&self, moment: Timestamp) -> bool {
        self.applied_at.is_some_and(|applied_at| applied_at < moment)
            && self.reversed_at.is_none_or(|reversed_at| moment <= reversed_at)
            && self.end_at.is_none_or(|end_at| moment < end_at)
    }
}

/// When a decision is taken, how far its target had come, what is done and why.
pub(crate) type Ruling = (Timestamp, Stage, Measures, &'static Infringement);

impl Marketplace {
    /// Takes the decision on a target that has the given place among those on the same target.
    pub(crate) fn decide(
        &self,
        (target, place): (u64, u64),
        subject: Subject,
        (decided_at, stage, measures, infringement): Ruling,
        draw: &mut Draw,
    ) -> Action {
        let number = target << 4 | place << 2 | subject.target as u64;
        let applied_at =
            Some(draw.after(decided_at, 1..effect_s_max(stage))).filter(|at| *at < self.span.until);
        let finding = self.finding(number, (subject.target, stage), draw);
        let complaint = draw.chance(if stage == Stage::PreListing { 40 } else { 130 });
        let reversed_at = (complaint && draw.chance(450))
            .then(|| draw.after(applied_at.unwrap_or(decided_at), HOUR_S..30 * DAY_S))
            .filter(|at| applied_at.is_some() && *at < self.span.until);
        let ends = measures.may_end() && draw.chance(550);
        let end_at = ends.then(|| decided_at.plus_s(draw.pick(&[7, 30, 90, 180]) * DAY_S));
        let exempt =
            infringement.keywords.contains(&"KEYWORD_INAUTHENTIC_LISTINGS") && draw.chance(300);
        Action {
            id: self.id(Named::Action, number),
            decided_at,
            applied_at,
            end_at,
            measures,
            infringement,
            manifestly_illegal: draw.chance(infringement.manifest_per_mille),
            finding,
            filing: (!exempt).then(|| self.filing(number, decided_at, draw)),
            territorial_scope: scope(&subject, draw),
            reversed_at,
            stage,
            complaint_id: complaint.then(|| self.id(Named::Complaint, number)),
            exposure: exposure(subject.target, stage, draw),
            orders: subject.orders.map(|orders| orders_before(orders, stage, draw)),
            subject,
        }
    }

    /// How something was found: mostly by machines, sometimes because someone said so.
    fn finding(&self, number: u64, (target, stage): (Target, Stage), draw: &mut Draw) -> Finding {
        let source_type = match stage {
            Stage::PreListing => "SOURCE_VOLUNTARY",
            Stage::PostListing | Stage::PostSale => draw.weighted(&[
                (56, "SOURCE_VOLUNTARY"),
                (27, "SOURCE_ARTICLE_16"),
                (6, "SOURCE_TRUSTED_FLAGGER"),
                (11, "SOURCE_TYPE_OTHER_NOTIFICATION"),
            ]),
        };
        let by_notice = ["SOURCE_ARTICLE_16", "SOURCE_TRUSTED_FLAGGER"].contains(&source_type);
        let detects = source_type == "SOURCE_VOLUNTARY" && draw.chance(860);
        let detector_id = detects.then(|| detectors::finder(target, stage, draw));
        let automated = if detects { [52, 36, 12] } else { [3, 24, 73] };
        let [fully, partially, not] = automated;
        Finding {
            source_type,
            notice_id: by_notice.then(|| self.id(Named::Notice, number)),
            detector_id,
            automated_decision: draw.weighted(&[
                (fully, "AUTOMATED_DECISION_FULLY"),
                (partially, "AUTOMATED_DECISION_PARTIALLY"),
                (not, "AUTOMATED_DECISION_NOT_AUTOMATED"),
            ]),
        }
    }

    /// The statement of a decision, filed within a day and a half and before the present.
    fn filing(&self, number: u64, decided_at: Timestamp, draw: &mut Draw) -> Filing {
        let mut created_at = draw.after(decided_at, 2..36 * HOUR_S);
        if self.span.until <= created_at {
            let left = Span { from: decided_at, until: self.span.until };
            created_at = left.at(left.length_us() / 2);
        }
        Filing {
            uuid: self.uuid(number),
            platform_uid: self.id(Named::Submission, number),
            created_at: whole_second(created_at),
        }
    }
}

/// The longest that a decision takes to have effect, in seconds.
fn effect_s_max(stage: Stage) -> i64 {
    match stage {
        Stage::PreListing => 60,
        Stage::PostListing | Stage::PostSale => 2 * DAY_S,
    }
}

/// Where a decision applies: everywhere, in the Union, or where the content is offered.
fn scope(subject: &Subject, draw: &mut Draw) -> Vec<&'static str> {
    match &subject.offered_in {
        Some(states) if draw.chance(400) => states.clone(),
        _ if draw.chance(600) => MEMBER_STATES.to_vec(),
        _ => ECONOMIC_AREA.to_vec(),
    }
}

/// How often content was shown before the decision had effect.
fn exposure(target: Target, stage: Stage, draw: &mut Draw) -> Option<i64> {
    match (target, stage) {
        (Target::Trader, _) => None,
        (_, Stage::PreListing) => Some(0),
        _ => (!draw.chance(15)).then(|| draw.spread(1..400_000)),
    }
}

/// The orders before the decision, rounded down to a multiple of five so that few stay unseen.
fn orders_before(orders: i64, stage: Stage, draw: &mut Draw) -> i64 {
    match stage {
        Stage::PreListing => 0,
        Stage::PostListing | Stage::PostSale => orders * signed(draw.below(101)) / 100 / 5 * 5,
    }
}

/// Writes decisions with their statements, and counts them.
pub(crate) fn write_actions<'a>(
    actions: impl IntoIterator<Item = &'a Action>,
    desk: &mut Desk<'_>,
) -> Result<(), GenerateError> {
    for action in actions {
        desk.tally.action(action);
        desk.detections.add(action);
        desk.write(action)?;
        if let Some(statement) = Statement::of(action) {
            desk.write(&statement)?;
        }
    }
    Ok(())
}

/// The columns, in the codebook's order.
const COLUMNS: &[Column] = &[
    ("action_id", Shape::Text),
    ("sor_uuid", Shape::Text),
    ("sor_exempt", Shape::Boolean),
    ("platform_uid", Shape::Text),
    ("target_type", Shape::Text),
    ("target_id", Shape::Text),
    ("listing_id", Shape::Text),
    ("trader_id", Shape::Text),
    ("decided_at", Shape::Moment),
    ("applied_at", Shape::Moment),
    ("end_at", Shape::Moment),
    ("decision_visibility", Shape::Texts),
    ("decision_monetary", Shape::Text),
    ("decision_provision", Shape::Text),
    ("decision_account", Shape::Text),
    ("decision_ground", Shape::Text),
    ("manifestly_illegal", Shape::Boolean),
    ("category", Shape::Text),
    ("keywords", Shape::Texts),
    ("source_type", Shape::Text),
    ("notice_id", Shape::Text),
    ("detection_stage", Shape::Text),
    ("detector_id", Shape::Text),
    ("automated_detection", Shape::Boolean),
    ("automated_decision", Shape::Text),
    ("policy_code", Shape::Text),
    ("territorial_scope", Shape::Texts),
    ("reversed_at", Shape::Moment),
    ("complaint_id", Shape::Text),
    ("exposure_before_action_eu", Shape::Integer),
    ("orders_before_action_eu", Shape::Integer),
];

impl Record for Action {
    const TABLE: &'static Table = &Table {
        dataset: "moderation_actions",
        columns: COLUMNS,
        format: Format::Csv,
        files: Files::Months,
    };

    fn since(&self) -> Timestamp {
        self.decided_at
    }

    fn cells(&self, seen: Seen) -> Vec<Cell<'_>> {
        let filing = self.filing.as_ref();
        let filed = filing.filter(|filing| seen.has(filing.created_at));
        vec![
            (&self.id).into(),
            filed.map(|filing| &filing.uuid).into(),
            filing.is_none().into(),
            filing.map(|filing| &filing.platform_uid).into(),
            self.subject.target.as_str().into(),
            (&self.subject.target_id).into(),
            self.subject.listing_id.as_ref().into(),
            self.subject.trader_id.as_ref().into(),
            self.decided_at.into(),
            seen.known(self.applied_at).into(),
            self.end_at.into(),
            self.measures.visibility.into(),
            self.measures.monetary.into(),
            self.measures.provision.into(),
            self.measures.account.into(),
            self.infringement.ground().into(),
            self.manifestly_illegal.into(),
            self.infringement.category.into(),
            self.infringement.keywords.into(),
            self.finding.source_type.into(),
            self.finding.notice_id.as_ref().into(),
            self.stage.as_str().into(),
            self.finding.detector_id.into(),
            self.finding.detector_id.is_some().into(),
            self.finding.automated_decision.into(),
            self.infringement.policy.into(),
            (&self.territorial_scope).into(),
            seen.known(self.reversed_at).into(),
            self.complaint_id.as_ref().into(),
            self.exposure.into(),
            self.orders.into(),
        ]
    }
}

impl Stage {
    /// `detection_stage`
    fn as_str(self) -> &'static str {
        match self {
            Self::PreListing => "PRE_LISTING",
            Self::PostListing => "POST_LISTING",
            Self::PostSale => "POST_SALE",
        }
    }
}
