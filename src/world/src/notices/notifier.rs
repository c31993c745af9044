//! Who submits notices, and through which door.

use crate::draw::Draw;
use crate::infringements::{self as held, Infringement};
use crate::places::{MEMBER_STATES, buyers_state};

/// Who submitted a notice, and how well it is made.
#[derive(Debug)]
pub(crate) struct Notifier {
    /// `notifier_type`
    pub(crate) kind: &'static str,
    /// `channel`
    pub(crate) channel: &'static str,
    /// The number in the register of trusted flaggers, and whether it is in its field (Art. 22).
    pub(crate) flagger: Option<(String, bool)>,
    /// Whether the notifier has an account.
    pub(crate) is_registered: bool,
    /// Where the notifier is.
    pub(crate) member_state: &'static str,
    /// Whether there is an address to answer to.
    pub(crate) has_contact: bool,
    /// Whether there is an explanation, an exact location, and a statement of good faith.
    pub(crate) elements: [bool; 3],
}

/// What is held against what is neither listing nor advertisement, by the kind of its target.
pub(super) const ELSEWHERE: &[(u64, (&str, &Infringement))] = &[
    (34, ("REVIEW", &held::DEFAMATION)),
    (12, ("REVIEW", &held::HATE_SPEECH)),
    (18, ("MESSAGE", &held::PHISHING)),
    (14, ("MESSAGE", &held::HARASSMENT)),
    (12, ("STORE", &held::TRADER_INFORMATION)),
    (10, ("STORE", &held::FALSE_ACCOUNT)),
];

impl Notifier {
    /// Draws a trusted flagger: few, whose notices are well made.
    pub(super) fn flagger(draw: &mut Draw) -> Self {
        /// How many there are.
        const FLAGGERS: u64 = 24;
        let number = draw.rank(FLAGGERS);
        let home = usize::try_from(number * 7 % 27).unwrap_or(0);
        Self {
            kind: "TRUSTED_FLAGGER",
            channel: draw.weighted(&[(88, "TRUSTED_FLAGGER_API"), (12, "WEB_FORM")]),
            flagger: Some((
                format!("TF-{}-{:03}", MEMBER_STATES[home], number + 1),
                !draw.chance(80),
            )),
            is_registered: true,
            member_state: MEMBER_STATES[home],
            has_contact: true,
            elements: [true, !draw.chance(10), true],
        }
    }

    /// Draws who else would report an infringement.
    pub(super) fn of(infringement: &Infringement, draw: &mut Draw) -> Self {
        let kinds = match infringement.policy {
            "sp-property" => [20, 68, 2, 3, 7],
            "sp-safety" => [56, 2, 16, 20, 6],
            _ => [78, 4, 4, 8, 6],
        };
        let [individual, holder, authority, consumers, other] = kinds;
        let kind = draw.weighted(&[
            (individual, "INDIVIDUAL"),
            (holder, "RIGHTS_HOLDER"),
            (authority, "AUTHORITY"),
            (consumers, "CONSUMER_ORG"),
            (other, "OTHER_ENTITY"),
        ]);
        let is_registered = draw.chance(if kind == "INDIVIDUAL" { 580 } else { 760 });
        let channel = match kind {
            "RIGHTS_HOLDER" => draw.weighted(&[(84, "IPP_PORTAL"), (12, "WEB_FORM"), (4, "EMAIL")]),
            "AUTHORITY" => draw.weighted(&[(90, "AUTHORITY"), (10, "EMAIL")]),
            _ if is_registered => draw.weighted(&[(56, "APP"), (42, "WEB_FORM"), (2, "EMAIL")]),
            _ => draw.weighted(&[(86, "WEB_FORM"), (14, "EMAIL")]),
        };
        let mut has = |per_mille| draw.chance(per_mille);
        let elements = [has(940), has(930), has(900)];
        Self {
            kind,
            channel,
            flagger: None,
            is_registered,
            member_state: MEMBER_STATES[buyers_state(draw)],
            has_contact: is_registered || draw.chance(820),
            elements,
        }
    }

    /// Whether the notice has all that it must have.
    pub(super) fn is_complete(&self) -> bool {
        self.has_contact && self.elements.iter().all(|there| *there)
    }
}
