//! The catalogue in the words of data portals and of machine learning; `tests/clients` reads both
//! with tools of others.

use serde_json::{Value, json};

use crate::caller::{Answer, problem};
use crate::furniture;
use crate::room::Room;

/// What DCAT-AP and Croissant share: JSON-LD, whose addresses are full ones of this server.
fn linked_data(room: &Room, path: &str) -> Value {
    let answer = Answer::of(room.nobody().get(path)).good();
    assert_eq!(answer.header("content-type"), "application/ld+json");
    serde_json::from_slice(&answer.body).unwrap()
}

/// The dataset of a name in the DCAT catalogue.
fn catalogued(room: &Room, name: &str) -> Value {
    let catalogue = linked_data(room, "/catalog.jsonld");
    let datasets = catalogue["dcat:dataset"].as_array().unwrap();
    datasets.iter().find(|dataset| dataset["dct:identifier"] == name).unwrap().clone()
}

/// A portal learns what there is and where to ask; it is not promised files.
#[test]
fn a_portal_learns_of_each_dataset_and_of_the_service_that_answers() {
    let room = Room::furnished();
    let address = |path: &str| format!("{}{path}", room.url);

    let catalogue = linked_data(&room, "/catalog.jsonld");
    let listings = catalogued(&room, "listings");

    assert_eq!(catalogue["@id"], address("/catalog.jsonld"));
    assert_eq!(catalogue["dcat:service"]["@type"], "dcat:DataService");
    assert_eq!(
        catalogue["dcat:service"]["dcat:endpointDescription"]["@id"],
        address("/openapi.yaml")
    );
    assert_eq!(listings["@id"], address("/v1/datasets/listings"));
    assert_eq!(listings["dcat:version"], room.current("listings"));
    let acts = listings["dcatap:applicableLegislation"].to_string();
    assert!(acts.contains("eli/reg/2022/2065/oj") && acts.contains("eli/reg/2023/988/oj"));
    for distribution in listings["dcat:distribution"].as_array().unwrap() {
        assert_eq!(distribution["dcat:accessURL"]["@id"], address("/v1/queries"));
        assert_eq!(distribution["dcat:downloadURL"], Value::Null);
    }
    let unpublished = catalogued(&room, "commitments");
    assert_eq!(unpublished["dcat:distribution"], Value::Null);
    assert!(unpublished["dct:accessRights"]["@id"].as_str().unwrap().ends_with("/NON_PUBLIC"));
}

/// A version is told with the one before it.
#[test]
fn a_new_snapshot_is_a_new_version_that_names_the_one_before() {
    let room = Room::furnished();
    let first = room.current("listings");
    assert_eq!(catalogued(&room, "listings")["dcat:previousVersion"], Value::Null);

    furniture::publish_listings(&room.folder, "2024-11-01", &furniture::listings()[..3]);

    let listings = catalogued(&room, "listings");
    let croissant = linked_data(&room, "/v1/datasets/listings/croissant");
    let current = room.current("listings");
    assert_ne!(current, first);
    assert_eq!(listings["dcat:version"], current);
    assert_eq!(listings["dcat:previousVersion"]["dcat:version"], first);
    assert_eq!(croissant["identifier"], current);
    assert_eq!(croissant["version"], format!("1.20241101.0+{current}"));
}

/// Files by digest, columns by name, codes with their meanings, and how to cite all that.
#[test]
fn a_snapshot_is_described_in_croissant() {
    let room = Room::furnished();
    let current = room.current("listings");
    let snapshot = format!("/v1/datasets/listings/snapshots/{current}");
    let manifest = room.nobody().json(&snapshot);
    let editions = room.nobody().json("/v1/editions");

    let croissant = linked_data(&room, "/v1/datasets/listings/croissant");

    assert_eq!(croissant["conformsTo"][0], "http://mlcommons.org/croissant/1.1");
    let [packed, rows, file] = croissant["distribution"].as_array().unwrap().as_slice() else {
        panic!("a manifest, its files, and one file: {croissant}");
    };
    assert_eq!(packed["contentUrl"], format!("{}{snapshot}", room.url));
    assert_eq!(rows["containedIn"], json!({"@id": packed["@id"]}));
    let resource = &manifest["resources"][0];
    assert_eq!(file["contentUrl"], resource["path"]);
    assert_eq!(format!("sha256:{}", file["sha256"].as_str().unwrap()), resource["hash"]);
    let fields = croissant["recordSet"][0]["field"].as_array().unwrap();
    let field = |name: &str| fields.iter().find(|field| field["name"] == name).unwrap();
    assert_eq!(field("price_eur")["dataType"], "sc:Float");
    assert_eq!(field("offered_in")["isArray"], true);
    assert_eq!(field("status")["references"]["field"]["@id"], "listings.status/code");
    assert!(field("trader_id")["description"].as_str().unwrap().contains("traders.trader_id"));
    let cited = croissant["citeAs"].as_str().unwrap();
    let edition = editions["editions"][0]["id"].as_str().unwrap();
    assert!(cited.contains(&format!("edition {edition} of 2024-10-01, snapshot {current}")));
}

/// There is nothing to describe where nothing is published.
#[test]
fn what_is_not_published_is_not_described_as_a_snapshot() {
    let room = Room::furnished();

    for dataset in ["commitments", "nothing"] {
        let path = format!("/v1/datasets/{dataset}/croissant");
        assert_eq!(problem(room.nobody().get(&path))["code"], "not_found", "{dataset}");
    }
}

/// A harvester that comes every hour is told in a few bytes that nothing is new.
#[test]
fn a_harvester_that_knows_the_catalogue_is_spared_it() {
    let room = Room::furnished();
    for path in ["/catalog.jsonld", "/v1/datasets/listings/croissant"] {
        let etag = Answer::of(room.nobody().get(path)).good().header("etag");
        let request = room.nobody().request(reqwest::Method::GET, path);

        let again = Answer::of(request.header("If-None-Match", etag).send().unwrap());

        assert_eq!((again.status, again.body.len()), (304, 0), "{path}");
    }
}
