//! The parameters of recommender systems, in the words of the platform's terms (Art. 27(1), (2)).

/// One main parameter.
#[derive(Debug)]
pub(crate) struct Parameter {
    /// `parameter`
    pub(crate) name: &'static str,
    /// Its place by importance; none where the terms do not say it.
    pub(crate) rank: Option<i64>,
    /// Why it is as important; none where the terms do not say it.
    pub(crate) reason: Option<&'static str>,
    /// Whether recipients can change its weight (Art. 27(3)).
    pub(crate) user_controllable: bool,
}

/// A parameter that is documented as it should be.
const fn told(name: &'static str, rank: i64, reason: &'static str, is_free: bool) -> Parameter {
    Parameter { name, rank: Some(rank), reason: Some(reason), user_controllable: is_free }
}

/// What the home page is made from, until 2026-02.
pub(super) const HOME: &[Parameter] = &[
    told("purchase_history", 1, "What was bought says most about what will be.", true),
    told("viewing_history", 2, "What was looked at for long is of interest.", true),
    told("popularity", 3, "What many buy is worth a place, whoever looks.", false),
    told("member_state", 4, "Only what is delivered there can be bought.", false),
];
/// What the home page is made from.
pub(super) const HOME_WITH_STORES: &[Parameter] = &[
    told("viewing_history", 1, "What was looked at for long says most about interest.", true),
    told("purchase_history", 2, "What was bought is often bought again.", true),
    told("followed_stores", 3, "Who follows a store wants to see its offers.", true),
    told("popularity", 4, "What many buy is worth a place, whoever looks.", false),
    told("member_state", 5, "Only what is delivered there can be bought.", false),
];
/// What the home page is made from, from 2026-10 on.
pub(super) const HOME_WITH_SAFETY: &[Parameter] = &[
    told("viewing_history", 1, "What was looked at for long says most about interest.", true),
    told(
        "trader_conduct",
        2,
        "Stores with upheld decisions against them stand further down.",
        false,
    ),
    told("purchase_history", 3, "What was bought is often bought again.", true),
    told("followed_stores", 4, "Who follows a store wants to see its offers.", true),
    told("popularity", 5, "What many buy is worth a place, whoever looks.", false),
    told("member_state", 6, "Only what is delivered there can be bought.", false),
];
/// What search results are ordered by, until 2026-04.
pub(super) const SEARCH: &[Parameter] = &[
    told("query_match", 1, "Results answer what was asked.", false),
    told("sales", 2, "What others bought after this question fits it.", false),
    told("search_history", 3, "Earlier questions tell what a word means to someone.", true),
    told("delivery_time", 4, "Sooner is better where offers are alike.", true),
];
/// What search results are ordered by.
pub(super) const SEARCH_WITH_PRICES: &[Parameter] = &[
    told("query_match", 1, "Results answer what was asked.", false),
    told("sales", 2, "What others bought after this question fits it.", false),
    told("price_range", 3, "Offers far from what one pays are seldom taken.", true),
    told("search_history", 4, "Earlier questions tell what a word means to someone.", true),
    told("delivery_time", 5, "Sooner is better where offers are alike.", true),
    Parameter {
        name: "promoted_listing",
        rank: None,
        reason: Some("Traders can pay for a place; it is marked as an advertisement."),
        user_controllable: false,
    },
];
/// What "You may also like" is made from.
pub(super) const ALSO_LIKED: &[Parameter] = &[
    told("co_purchase", 1, "What is bought together belongs together.", false),
    told("viewing_history", 2, "What was looked at for long is of interest.", true),
    told("price_range", 3, "Offers far from what one pays are seldom taken.", true),
];
/// What "You may also like" is made from, from 2026-09 on.
pub(super) const ALSO_LIKED_WITH_RATINGS: &[Parameter] = &[
    told("co_purchase", 1, "What is bought together belongs together.", false),
    told("buyer_ratings", 2, "What buyers rate well is wanted by others.", false),
    told("viewing_history", 3, "What was looked at for long is of interest.", true),
    told("price_range", 4, "Offers far from what one pays are seldom taken.", true),
];
/// What stands beside a product, until 2026-05.
pub(super) const RELATED: &[Parameter] = &[
    told("item_similarity", 1, "Who looks at a thing compares it with its like.", false),
    told("popularity", 2, "What many buy is worth a place, whoever looks.", false),
];
/// What stands beside a product.
pub(super) const RELATED_WITH_STORE: &[Parameter] = &[
    told("item_similarity", 1, "Who looks at a thing compares it with its like.", false),
    told("popularity", 2, "What many buy is worth a place, whoever looks.", false),
    Parameter { name: "same_store", rank: Some(3), reason: None, user_controllable: false },
    Parameter { name: "margin", rank: None, reason: None, user_controllable: false },
];
/// What is offered beside the cart.
pub(super) const CART: &[Parameter] = &[
    told("cart_content", 1, "What goes with the things in the cart is of use.", false),
    told("purchase_history", 2, "What was bought before may be used up.", true),
];
/// What is sent as a message.
pub(super) const PUSH: &[Parameter] = &[
    told("viewing_history", 1, "A message is about what was looked at.", true),
    told("price_drop", 2, "A lower price is news.", true),
    told("time_of_day", 3, "Messages come when they are read.", true),
];
