//! Decisions: what is held against a listing, an advertisement or an account, and what is done.
//!
//! Does not know why one is taken: that is where its target is made. Everything that follows from a
//! decision is drawn here: when it takes effect, whether it is reversed, and its statement.
//!
//! # Rooms
//! - `row`: its row.
//! - `write`: writes it with all that it draws after it.

mod row;
mod write;

use domain::Timestamp;

use crate::calendar::{DAY_S, HOUR_S, Span, whole_second};
use crate::complaints::Complaint;
use crate::detectors;
use crate::draw::{Draw, signed};
use crate::infringements::Infringement;
use crate::marketplace::Marketplace;
use crate::places::{ECONOMIC_AREA, MEMBER_STATES};
use crate::pseudonyms::Named;

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

    /// Whether the account is suspended, for a time or for good.
    pub(crate) fn suspends(&self) -> bool {
        self.account.is_some()
    }

    /// Whether the contract is ended.
    pub(crate) fn terminates(&self) -> bool {
        self.account == Some("DECISION_ACCOUNT_TERMINATED")
    }

    /// Whether a restriction of visibility is among them.
    pub(crate) fn holds(&self, kind: &str) -> bool {
        self.visibility.is_some_and(|kinds| kinds.contains(&kind))
    }

    /// Whether it can end by itself.
    fn may_end(&self) -> bool {
        !self.removes() && !self.terminates()
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
    /// Whether an authority ordered it (Art. 9).
    pub(crate) is_ordered: bool,
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
    /// When its effect was undone because of that; some are reversed and it never is.
    pub(crate) lifted_at: Option<Timestamp>,
    /// The complaint against it.
    pub(crate) complaint: Option<Complaint>,
    /// Its number, from which all that follows from it is drawn.
    pub(crate) number: u64,
    /// How far its target had come.
    pub(crate) stage: Stage,
    /// How often it was shown before the decision had effect.
    pub(crate) exposure: Option<i64>,
    /// How often it had been bought before that, rounded.
    pub(crate) orders: Option<i64>,
}

impl Action {
    /// Whether it has taken effect by then and that has neither been undone nor ended.
    pub(crate) fn stands_at(&self, moment: Timestamp) -> bool {
        self.applied_at.is_some_and(|applied_at| applied_at < moment)
            && self.lifted_at.is_none_or(|lifted_at| moment <= lifted_at)
            && self.end_at.is_none_or(|end_at| moment < end_at)
    }

    /// When its effect was undone or ended, whichever came first.
    pub(crate) fn over_at(&self) -> Option<Timestamp> {
        [self.lifted_at, self.end_at].into_iter().flatten().min()
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
        ruling: Ruling,
        draw: &mut Draw,
    ) -> Action {
        let number = target << 4 | place << 2 | subject.target as u64;
        let stage = ruling.1;
        let applied_at = draw.after(ruling.0, 1..effect_s_max(stage));
        let finding = self.finding(number, (subject.target, stage), draw);
        self.decide_on((number, applied_at, finding), subject, ruling, draw)
    }

    /// Takes the decision with a number that takes effect at a moment, on what was found somehow.
    pub(crate) fn decide_on(
        &self,
        (number, applied_at, finding): (u64, Timestamp, Finding),
        subject: Subject,
        (decided_at, stage, measures, infringement): Ruling,
        draw: &mut Draw,
    ) -> Action {
        let applied_at = Some(applied_at).filter(|at| *at < self.span.until);
        let complains = draw.chance(if stage == Stage::PreListing { 60 } else { 190 });
        let felt = (subject.target, &measures, applied_at.unwrap_or(decided_at));
        let complaint = (complains && applied_at.is_some())
            .then(|| self.complaint_against(number, felt, draw))
            .flatten();
        let [reversed_at, lifted_at] = match &complaint {
            Some(complaint) => complaint
                .reversal()
                .map_or([None; 2], |reversal| [Some(reversal.decided_at), reversal.reinstated_at]),
            None => self.own_review(applied_at, draw),
        };
        let ends = measures.may_end() && draw.chance(550);
        let end_at = ends.then(|| decided_at.plus_s(draw.pick(&[7, 30, 90, 180]) * DAY_S));
        let is_mass =
            infringement.keywords.contains(&"KEYWORD_INAUTHENTIC_LISTINGS") && draw.chance(300);
        let exempt = is_mass || finding.is_ordered;
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
            lifted_at,
            complaint,
            number,
            stage,
            exposure: exposure(subject.target, stage, draw),
            orders: subject.orders.map(|orders| orders_before(orders, stage, draw)),
            subject,
        }
    }

    /// When the platform itself takes a decision back that nobody complained about, and undoes it.
    fn own_review(&self, applied_at: Option<Timestamp>, draw: &mut Draw) -> [Option<Timestamp>; 2] {
        let reviewed_at = applied_at
            .filter(|_| draw.chance(25))
            .map(|applied_at| draw.after(applied_at, HOUR_S..20 * DAY_S))
            .filter(|at| *at < self.span.until);
        [reviewed_at; 2]
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
            notice_id: by_notice.then(|| self.notice_id(number)),
            detector_id,
            is_ordered: source_type == "SOURCE_TYPE_OTHER_NOTIFICATION" && draw.chance(280),
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

impl Stage {
    /// `detection_stage`
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::PreListing => "PRE_LISTING",
            Self::PostListing => "POST_LISTING",
            Self::PostSale => "POST_SALE",
        }
    }
}
