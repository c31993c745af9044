//! What the tests publish: a few rows that they know by heart.

use reqwest::Method;
use serde_json::{Value, json};

use crate::caller::{Answer, Caller};
use crate::room::Folder;
use crate::wait::until;

/// The day of the furniture's state datasets.
pub(crate) const AS_OF: &str = "2024-10-01";

/// A value that must never show up outside an answer.
pub(crate) const SECRET: &str = "secret-cell-value";

/// A trader of a country.
pub(crate) fn trader(id: &str, country: &str) -> Value {
    json!({
        "trader_id": id, "trader_type": "LEGAL", "legal_name_present": true, "country": country,
        "address_present": true, "phone_present": true, "email_present": true,
        "id_document_status": "VERIFIED", "payment_account_status": "VERIFIED",
        "register_number_present": true, "self_certification": true,
        "self_certified_at": "2024-01-02T03:04:05Z", "verification_status": "VERIFIED",
        "last_verified_at": "2024-02-03T04:05:06Z", "public_display_complete": true,
        "onboarded_at": "2024-01-01T00:00:00Z", "offboarded_at": null, "affiliate_member": false,
        "entity_cluster_id": null, "active_listings": 1
    })
}

/// A listing of a trader at a price.
pub(crate) fn listing(id: &str, trader: &str, title: &str, price_eur: &str) -> Value {
    json!({
        "listing_id": id, "trader_id": trader, "title": title, "listing_url": null,
        "title_lang": "en", "description": null, "category_id": "c1", "category_path": "toys > dolls",
        "brand_claimed": null, "gtin": "4006381333931", "manufacturer_name": null,
        "eu_responsible_person_present": true, "eu_responsible_person_country": "DE",
        "ce_marking_declared": true, "safety_warning_present": false,
        "product_identification_complete": true, "trader_sign_present": true,
        "labelling_info_present": null, "price_eur": price_eur, "ships_from_country": "CN",
        "offered_in": ["DE", "FR"], "first_published_at": "2024-03-04T05:06:07.000008Z",
        "status": "ACTIVE", "status_changed_at": "2024-03-04T05:06:07Z", "removal_action_id": null,
        "content_fingerprint": null, "duplicate_cluster_id": null, "age_restricted": false,
        "orders_eu_bucket": "1-9"
    })
}

/// Rows as NDJSON.
pub(crate) fn ndjson(rows: &[Value]) -> String {
    rows.iter().map(|row| format!("{row}\n")).collect()
}

/// Two traders and four listings.
pub(crate) fn publish(folder: &Folder) {
    publish_traders(folder);
    publish_listings(folder, AS_OF, &listings());
}

/// Two traders.
pub(crate) fn publish_traders(folder: &Folder) {
    let rows = ndjson(&[trader("t-1", "DE"), trader("t-2", "CN")]);
    let file = folder.delivery("traders.ndjson", rows);
    folder.done(&["publish", "traders", file.to_str().unwrap(), "--as-of", AS_OF]);
}

/// Listings, as of a day.
pub(crate) fn publish_listings(folder: &Folder, as_of: &str, rows: &[Value]) {
    let file = folder.delivery("listings.ndjson", ndjson(rows));
    folder.done(&["publish", "listings", file.to_str().unwrap(), "--as-of", as_of]);
}

/// Four listings; one has a title that must never show up in an error.
pub(crate) fn listings() -> Vec<Value> {
    vec![
        listing("l-1", "t-1", "wooden doll", "12.50"),
        listing("l-2", "t-1", "cloth doll", "8.00"),
        listing("l-3", "t-2", SECRET, "0.99"),
        listing("l-4", "t-2", "dragon, \"red\"\nand green", "100.00"),
    ]
}

/// Delivers bytes over HTTP, and waits until the publication has ended.
pub(crate) fn deliver(steward: &Caller<'_>, address: &str, name: &str, bytes: Vec<u8>) -> Value {
    let accepted = post_source(steward, address, name, bytes);
    assert_eq!(accepted.status, 202, "{}", accepted.text());
    let publication = accepted.header("location");
    until("the publication's end", || {
        let publication = steward.json(&publication);
        let is_open = matches!(publication["state"].as_str(), Some("receiving" | "running"));
        (!is_open).then_some(publication)
    })
}

/// Sends bytes to the steward's endpoint.
pub(crate) fn post_source(
    steward: &Caller<'_>,
    address: &str,
    name: &str,
    bytes: Vec<u8>,
) -> Answer {
    let request = steward.request(Method::POST, address);
    let disposition = format!("attachment; filename=\"{name}\"");
    let request = request.header("Content-Disposition", disposition);
    Answer::of(
        request.header("Content-Type", "application/octet-stream").body(bytes).send().unwrap(),
    )
}

/// A question about four listings that no machine answers within the minute it is given: it looks
/// at each of 4^16 combinations.
pub(crate) fn endless() -> String {
    let keys: Vec<_> = (1..=16).map(|number| format!("t{number}.listing_id")).collect();
    let mut tables = "listings t16".to_owned();
    for number in (1..16).rev() {
        tables = format!("listings t{number} CROSS JOIN ({tables})");
    }
    format!("SELECT max(md5(concat({}))) FROM {tables}", keys.join(", "))
}
