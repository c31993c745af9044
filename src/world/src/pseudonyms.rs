//! Identifiers as the platform gives them out: stable, without order, never twice the same.

use crate::draw::{Keys, Stream};
use crate::mix::mix;

/// What an identifier stands for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Named {
    /// A trader.
    Trader,
    /// A listing.
    Listing,
    /// A decision.
    Action,
    /// A notice that led to a decision.
    Notice,
    /// A complaint against a decision.
    Complaint,
    /// An advertisement.
    Ad,
    /// An advertiser's account.
    Advertiser,
    /// A group of accounts of one operator.
    Entity,
    /// A group of listings of one product.
    Cluster,
    /// An order of an authority.
    Order,
    /// A dispute.
    Dispute,
    /// Something that happened to a listing.
    ListingEvent,
    /// A sanction.
    Sanction,
    /// A check of a trader.
    Verification,
    /// A review.
    Review,
    /// A message.
    Message,
    /// One who submits notices.
    Notifier,
    /// One who lodges complaints.
    Complainant,
    /// A link of an affiliate.
    AffiliateLink,
    /// An affiliate.
    Affiliate,
    /// A draw of a listing for review.
    Sample,
    /// The platform's own number of a statement.
    Submission,
    /// A statement, high half of its UUID.
    StatementHigh,
    /// A statement, low half of its UUID.
    StatementLow,
}

impl Named {
    /// How many kinds there are.
    const COUNT: usize = Self::StatementLow as usize + 1;

    /// What its identifiers begin with.
    fn prefix(self) -> &'static str {
        match self {
            Self::Trader => "t-",
            Self::Listing => "l-",
            Self::Action => "m-",
            Self::Notice => "n-",
            Self::Complaint => "c-",
            Self::Ad => "a-",
            Self::Advertiser => "v-",
            Self::Entity => "o-",
            Self::Cluster => "d-",
            Self::Order => "w-",
            Self::Dispute => "u-",
            Self::ListingEvent => "e-",
            Self::Sanction => "x-",
            Self::Verification => "y-",
            Self::Review => "r-",
            Self::Message => "g-",
            Self::Notifier => "i-",
            Self::Complainant => "j-",
            Self::AffiliateLink => "k-",
            Self::Affiliate => "f-",
            Self::Sample => "p-",
            Self::Submission => "s-",
            Self::StatementHigh | Self::StatementLow => "",
        }
    }
}

/// Makes the identifiers of one world.
#[derive(Debug)]
pub(crate) struct Pseudonyms([[u64; 2]; Named::COUNT]);

impl Pseudonyms {
    /// The identifiers that a world's keys give.
    pub(crate) fn new(keys: &Keys) -> Self {
        let mut draw = keys.stream(Stream::Key).row(0);
        Self(std::array::from_fn(|_| [draw.bits(), draw.bits()]))
    }

    /// The identifier of the thing with a number.
    pub(crate) fn of(&self, named: Named, number: u64) -> String {
        format!("{}{:016x}", named.prefix(), self.bits(named, number))
    }

    /// The UUID (version 4) of the statement with a number.
    pub(crate) fn uuid(&self, number: u64) -> String {
        let high = self.bits(Named::StatementHigh, number);
        let low = self.bits(Named::StatementLow, number);
        format!(
            "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xffff,
            high & 0xfff,
            (low >> 48) & 0x3fff | 0x8000,
            low & 0xffff_ffff_ffff
        )
    }

    fn bits(&self, named: Named, number: u64) -> u64 {
        let [before, after] = self.0[named as usize];
        mix(mix(number ^ before).wrapping_add(after))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_have_the_form_that_codebooks_promise() {
        let pseudonyms = Pseudonyms::new(&Keys::new(1));
        let uuid = pseudonyms.uuid(5);

        assert_eq!(pseudonyms.of(Named::Listing, 5).len(), "l-".len() + 16);
        assert_eq!(uuid.len(), 36);
        assert_eq!(uuid.as_bytes()[14], b'4');
        assert!(b"89ab".contains(&uuid.as_bytes()[19]));
    }
}
