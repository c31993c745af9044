//! The other platforms whose statements are in the same dumps: of other kinds, and louder.

use domain::{Date, Timestamp};

use crate::calendar::{DAY_S, Season, Span, days, whole_second};
use crate::deliver::Group;
use crate::draw::{Draw, Stream};
use crate::infringements as held;
use crate::marketplace::Marketplace;
use crate::moderation_actions::Measures;
use crate::octaves::share;
use crate::places::{ECONOMIC_AREA, MEMBER_STATES, POST_LANGUAGES};
use crate::products::Mix;
use crate::pseudonyms::Named;
use crate::statements::{Statement, facts};
use crate::words;

/// Lists of texts with how common they are.
type Kinds = &'static [(u64, &'static [&'static str])];

/// One platform.
#[derive(Debug)]
struct Platform {
    name: &'static str,
    /// Where its rules are.
    rules: &'static str,
    /// How many of a thousand statements are its.
    volume: u64,
    content_types: Kinds,
    infringements: Mix,
    /// How many of a thousand it finds by machine.
    detected_per_mille: u64,
}

/// What is held against what people say.
const TALK: Mix = &[
    (24, &held::HATE_SPEECH),
    (18, &held::HARASSMENT),
    (14, &held::NUDITY),
    (12, &held::FALSE_ACCOUNT),
    (9, &held::DEFAMATION),
    (8, &held::VIOLENCE),
    (6, &held::DISINFORMATION),
    (4, &held::PRIVACY),
    (3, &held::HARASSMENT_OF_WOMEN),
    (1, &held::TERRORISM),
    (1, &held::UNSPECIFIED),
];
/// What is held against films.
const FILMS: Mix = &[
    (30, &held::COPYRIGHT),
    (20, &held::NUDITY),
    (14, &held::VIOLENCE),
    (12, &held::FALSE_ACCOUNT),
    (9, &held::SELF_HARM),
    (8, &held::HATE_SPEECH),
    (5, &held::DISINFORMATION),
    (2, &held::TERRORISM),
];
/// What is held against small advertisements.
const TRADE: Mix = &[
    (34, &held::INAUTHENTIC_LISTING),
    (20, &held::NOT_PERMITTED),
    (14, &held::PHISHING),
    (12, &held::TRADEMARK),
    (10, &held::TRADER_INFORMATION),
    (6, &held::ANIMALS),
    (4, &held::UNSPECIFIED),
];
/// What is held against places to stay.
const STAYS: Mix = &[
    (40, &held::MISLEADING_CLAIM),
    (30, &held::TRADER_INFORMATION),
    (20, &held::PRICING),
    (10, &held::PHISHING),
];

const POSTS: Kinds = &[
    (60, &["CONTENT_TYPE_TEXT"]),
    (22, &["CONTENT_TYPE_IMAGE", "CONTENT_TYPE_TEXT"]),
    (12, &["CONTENT_TYPE_VIDEO"]),
    (6, &["CONTENT_TYPE_SYNTHETIC_MEDIA"]),
];
const VIDEOS: Kinds = &[(88, &["CONTENT_TYPE_VIDEO"]), (12, &["CONTENT_TYPE_AUDIO"])];
const OFFERS: Kinds = &[(80, &["CONTENT_TYPE_PRODUCT"]), (20, &["CONTENT_TYPE_IMAGE"])];
const APPS: Kinds = &[(1, &["CONTENT_TYPE_APP"])];

/// The platforms, from the one with the most statements.
static PLATFORMS: [Platform; 6] = [
    Platform {
        name: "Example Social",
        rules: "https://social.example/rules",
        volume: 460,
        content_types: POSTS,
        infringements: TALK,
        detected_per_mille: 930,
    },
    Platform {
        name: "Example Video",
        rules: "https://video.example/rules",
        volume: 270,
        content_types: VIDEOS,
        infringements: FILMS,
        detected_per_mille: 970,
    },
    Platform {
        name: "Example Classifieds",
        rules: "https://classifieds.example/rules",
        volume: 140,
        content_types: OFFERS,
        infringements: TRADE,
        detected_per_mille: 760,
    },
    Platform {
        name: "Example Forum",
        rules: "https://forum.example/rules",
        volume: 70,
        content_types: POSTS,
        infringements: TALK,
        detected_per_mille: 240,
    },
    Platform {
        name: "Example Apps",
        rules: "https://apps.example/rules",
        volume: 40,
        content_types: APPS,
        infringements: TRADE,
        detected_per_mille: 610,
    },
    Platform {
        name: "Example Stays",
        rules: "https://stays.example/rules",
        volume: 20,
        content_types: OFFERS,
        infringements: STAYS,
        detected_per_mille: 180,
    },
];

/// The statements of the other platforms, in the marketplace's dumps.
pub(crate) const GROUP: Group = Group {
    tables: &[],
    rows_expected: |marketplace| marketplace.sizes.foreign_statements,
    write: |marketplace, desk| {
        marketplace.foreign_statements().try_for_each(|statement| desk.write(&statement))
    },
};

impl Marketplace {
    /// The other platforms' statements, day by day.
    pub(crate) fn foreign_statements(&self) -> impl Iterator<Item = Statement> {
        let weight = |day: Date| Season::PUBLIC.weight_of_day(day);
        let total: u64 = days(self.span).map(weight).sum();
        let cells = days(self.span).flat_map(move |day| {
            let of_day = share(self.sizes.foreign_statements, weight(day), total);
            PLATFORMS
                .iter()
                .map(move |platform| (day, platform, share(of_day, platform.volume, 1000)))
        });
        cells
            .flat_map(|(day, platform, count)| (0..count).map(move |_| (day, platform)))
            .zip(0..)
            .map(|((day, platform), number)| self.foreign_statement(day, platform, number))
    }

    /// One statement of another platform.
    fn foreign_statement(&self, day: Date, platform: &Platform, number: u64) -> Statement {
        /// Apart from the numbers of the marketplace's own statements.
        const FOREIGN: u64 = 1 << 60;
        let mut draw = self.draw(Stream::ForeignStatement, number);
        let start = Timestamp::start_of(day);
        let span = Span { from: start, until: start.plus_s(DAY_S) };
        let created_at = whole_second(draw.moment(span, &Season::PUBLIC));
        let application_date = created_at.plus_s(-draw.spread(1..4 * DAY_S)).date();
        let posted_at = created_at.plus_s(-draw.spread(4 * DAY_S..900 * DAY_S));
        let infringement = draw.weighted(platform.infringements);
        let detected = draw.chance(platform.detected_per_mille);
        let source_type = source_type(detected, &mut draw);
        let measures = measures(&mut draw);
        let ends = measures.visibility.is_none() && draw.chance(500);
        Statement {
            uuid: self.uuid(FOREIGN | number),
            end_date: ends.then(|| created_at.plus_s(30 * DAY_S).date()),
            account_type: measures.account.map(|_| "ACCOUNT_TYPE_PRIVATE"),
            measures,
            reference_url: draw.chance(420).then_some(platform.rules),
            incompatible_content_illegal: (!infringement.is_illegal() && draw.chance(700))
                .then(|| draw.chance(60)),
            category_addition: draw
                .chance(60)
                .then_some(&["STATEMENT_CATEGORY_OTHER_VIOLATION_TC"] as &[_]),
            infringement,
            content_type: draw.weighted(platform.content_types),
            content_type_other: None,
            content_language: draw.chance(740).then(|| draw.weighted(&POST_LANGUAGES)),
            content_date: posted_at.date(),
            content_id_ean: None,
            territorial_scope: scope(&mut draw),
            application_date,
            facts: (!draw.chance(6)).then(|| facts(source_type, "content")),
            source_type,
            source_identity: (source_type == "SOURCE_TRUSTED_FLAGGER" && draw.chance(500))
                .then(|| words::company(draw.rank(40), "")),
            automated_detection: detected,
            automated_decision: automated_decision(detected, &mut draw),
            platform_name: platform.name,
            platform_uid: self.id(Named::Submission, FOREIGN | number),
            created_at,
        }
    }
}

/// What led to a decision; machines that find and people who report go together in life, mostly.
fn source_type(detected: bool, draw: &mut Draw) -> &'static str {
    let voluntary = if detected { 950 } else { 120 };
    if draw.chance(voluntary) {
        return "SOURCE_VOLUNTARY";
    }
    draw.weighted(&[
        (70, "SOURCE_ARTICLE_16"),
        (4, "SOURCE_TRUSTED_FLAGGER"),
        (26, "SOURCE_TYPE_OTHER_NOTIFICATION"),
    ])
}

/// What is done.
fn measures(draw: &mut Draw) -> Measures {
    draw.weighted(&[
        (52, Measures::visibility(&["DECISION_VISIBILITY_CONTENT_REMOVED"])),
        (18, Measures::visibility(&["DECISION_VISIBILITY_CONTENT_DISABLED"])),
        (10, Measures::visibility(&["DECISION_VISIBILITY_CONTENT_DEMOTED"])),
        (5, Measures::visibility(&["DECISION_VISIBILITY_CONTENT_AGE_RESTRICTED"])),
        (3, Measures::visibility(&["DECISION_VISIBILITY_CONTENT_LABELLED"])),
        (2, Measures::visibility(&["DECISION_VISIBILITY_OTHER"])),
        (2, Measures::monetary("DECISION_MONETARY_SUSPENSION")),
        (1, Measures::monetary("DECISION_MONETARY_OTHER")),
        (1, Measures::provision("DECISION_PROVISION_PARTIAL_SUSPENSION")),
        (5, Measures::account("DECISION_ACCOUNT_SUSPENDED")),
        (2, Measures::account("DECISION_ACCOUNT_TERMINATED")),
    ])
}

/// How far a machine decided.
fn automated_decision(detected: bool, draw: &mut Draw) -> &'static str {
    let [fully, partially, not] = if detected { [72, 20, 8] } else { [6, 20, 74] };
    draw.weighted(&[
        (fully, "AUTOMATED_DECISION_FULLY"),
        (partially, "AUTOMATED_DECISION_PARTIALLY"),
        (not, "AUTOMATED_DECISION_NOT_AUTOMATED"),
    ])
}

/// Where it applies: everywhere, in the Union, or in one country.
fn scope(draw: &mut Draw) -> Vec<&'static str> {
    match draw.below(100) {
        0..55 => ECONOMIC_AREA.to_vec(),
        55..85 => MEMBER_STATES.to_vec(),
        _ => vec![draw.pick(&MEMBER_STATES)],
    }
}
