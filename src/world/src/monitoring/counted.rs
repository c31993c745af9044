//! What is counted and measured of the rows of the world.

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Counted {
    /// Decisions.
    Decisions,
    /// Decisions that nobody outside had asked for.
    Own,
    /// Of these, the ones on what is illegal.
    OwnOnLaw,
    /// The same, on what breaks the terms.
    OwnOnTerms,
    /// The same, where a machine found it.
    OwnByMachine,
    /// Decisions by machines alone.
    Automated,
    /// Of these, the ones that were reversed.
    AutomatedReversed,
    /// Orders to act, by Member State.
    OrdersToAct,
    /// Orders for information, by Member State.
    OrdersForInformation,
    /// Notices, by what they say the content is.
    Notices,
    /// Of these, the ones whose receipt was confirmed.
    NoticesAcknowledged,
    /// Of these, the ones of trusted flaggers.
    NoticesByFlaggers,
    /// Of these, the ones that led to a decision on what is illegal.
    NoticesOnLaw,
    /// Of these, the ones that led to a decision under the terms.
    NoticesOnTerms,
    /// Of these, the ones that machines alone decided on.
    NoticesByMachine,
    /// Complaints.
    Complaints,
    /// Of these, the ones after which the decision stands.
    ComplaintsUpheld,
    /// Of these, the ones after which the decision was reversed.
    ComplaintsReversed,
    /// Complaints decided on, by when they were.
    ComplaintsDecided,
    /// Of these, the ones that people looked at.
    ComplaintsReviewed,
    /// Reversals after complaints, by when they were.
    Reversals,
    /// Of these, the ones that were put into effect within a day.
    ReversalsInTime,
    /// Disputes.
    Disputes,
    /// Of these, the ones decided for the recipient, in full or in part.
    DisputesForRecipient,
    /// Of these, the ones that ask the platform to do something.
    DisputesToImplement,
    /// Of these, the ones where it did.
    DisputesImplemented,
    /// Suspensions for illegal content.
    SuspensionsForContent,
    /// Suspensions for unfounded notices.
    SuspensionsForNotices,
    /// Suspensions for unfounded complaints.
    SuspensionsForComplaints,
    /// Points by which a trader had too many, where a policy requires a suspension then.
    SuspensionsDue,
    /// Of these, the ones that a suspension followed within five days.
    SuspensionsInTime,
    /// Removals of listings, and of advertisements for listings, by when they took effect.
    Removals,
    /// Of these, the ones after which the product was offered again under another listing.
    RemovalsUndercut,
    /// Advertisements.
    Ads,
    /// Of these, the ones of which the repository has every field of Art. 39(2).
    AdsComplete,
    /// Advertisements that were shown after their listing was removed as illegal, by when it was.
    AdsRunOn,
    /// Hidden links of affiliates.
    HiddenLinks,
    /// Of these, the ones with a decision within two days.
    HiddenLinksInTime,
    /// Recipients of recommender systems, on the days that are counted.
    Recipients,
    /// Of these, the ones who have chosen to be without profiling.
    RecipientsWithout,
}

/// What the time is measured of, from one moment to another, by the month of the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Waited {
    /// Orders, until the authority was told of their receipt.
    OrderAcknowledged,
    /// Orders, until they were given effect.
    OrderEffected,
    /// Notices of trusted flaggers, until they were decided on.
    FlaggersNoticeDecided,
    /// Other notices, until they were decided on.
    OthersNoticeDecided,
    /// Notices that led to something, until that was decided.
    NoticeActedOn,
    /// Complaints, until they were decided on.
    ComplaintDecided,
    /// Disputes, until they were closed.
    DisputeClosed,
    /// Removals, until the product was offered again.
    OfferedAgain,
}
