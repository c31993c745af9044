//! `/catalog.jsonld`: the datasets in the words of data portals. Open to anyone.
//!
//! # Source
//! DCAT 3 (W3C Recommendation); access rights of the EU Publications Office, as DCAT-AP asks.

use actix_web::{HttpRequest, HttpResponse, get, web};
use catalogue::View;
use domain::DatasetName;
use domain::codebook::Tier;
use serde_json::{Value, json};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::Application;
use crate::http::door::permission::{Permission, Permissions};
use crate::http::problem::Problem;
use crate::http::wire::document::{Lasting, document};

/// Who may call what here.
pub(crate) const PERMISSIONS: Permissions = &[("read_catalogue", Permission::Anyone)];

/// The vocabulary of access rights.
const ACCESS_RIGHT: &str = "http://publications.europa.eu/resource/authority/access-right";

/// Registers the operation of this file.
pub(crate) fn operations(config: &mut ServiceConfig) {
    config.service(read_catalogue);
}

/// Gives the catalogue in DCAT 3, as JSON-LD, for data portals to harvest.
///
/// Addresses in it are relative to its own.
#[utoipa::path(
    tag = "catalogue",
    responses(
        (status = 200, description = "The catalogue.", body = Object,
            content_type = "application/ld+json"),
        (status = 304, description = "The caller has it already."),
    ),
)]
#[get("/catalog.jsonld")]
pub(crate) async fn read_catalogue(
    room: web::Data<Application>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let bytes = serde_json::to_vec(&described(&room.catalogue().view()));
    let bytes = bytes.map_err(|error| Problem::internal().logged(&error))?;
    Ok(document(&request, "application/ld+json", Lasting::UntilPublished, &bytes))
}

/// The catalogue as DCAT describes it.
fn described(view: &View) -> Value {
    let names = view.datasets();
    let datasets: Vec<Value> = names.iter().filter_map(|name| dataset(view, name)).collect();
    let served: Vec<Value> =
        datasets.iter().map(|dataset| json!({"@id": dataset["@id"]})).collect();
    json!({
        "@context": {
            "dcat": "http://www.w3.org/ns/dcat#",
            "dct": "http://purl.org/dc/terms/",
            "xsd": "http://www.w3.org/2001/XMLSchema#",
        },
        "@id": "/catalog.jsonld",
        "@type": "dcat:Catalog",
        "dct:title": "Reading Room",
        "dct:description": "Data of a very large online platform for vetted researchers, as \
            Article 40 of Regulation (EU) 2022/2065 asks.",
        "dcat:service": {
            "@id": "/v1/queries",
            "@type": "dcat:DataService",
            "dct:title": "Questions in SQL",
            "dcat:endpointURL": {"@id": "/v1/queries"},
            "dcat:endpointDescription": {"@id": "/openapi.yaml"},
            "dcat:servesDataset": served,
        },
        "dcat:dataset": datasets,
    })
}

/// One dataset as DCAT describes it.
fn dataset(view: &View, name: &DatasetName) -> Option<Value> {
    let codebook = view.codebook(name)?.codebook();
    let right = match codebook.tier {
        Tier::Public | Tier::Vetted => "RESTRICTED",
        Tier::Oversight => "NON_PUBLIC",
    };
    let mut described = json!({
        "@id": format!("/v1/datasets/{name}"),
        "@type": "dcat:Dataset",
        "dct:identifier": name,
        "dct:title": codebook.title,
        "dct:description": codebook.description.trim(),
        "dct:accessRights": {"@id": format!("{ACCESS_RIGHT}/{right}")},
        "dct:conformsTo": {"@id": format!("/v1/datasets/{name}/codebook")},
    });
    if let Some(current) = view.current(name) {
        let manifest = current.manifest();
        described["dcat:version"] = json!(current.id());
        described["dct:modified"] =
            json!({"@type": "xsd:date", "@value": manifest.as_of.to_string()});
        described["dcat:distribution"] = json!({
            "@id": format!("/v1/datasets/{name}/snapshots/{}", current.id()),
            "@type": "dcat:Distribution",
            "dct:title": "The signed manifest of the current snapshot",
            "dcat:accessURL": {"@id": "/v1/queries"},
            "dcat:accessService": {"@id": "/v1/queries"},
        });
    }
    Some(described)
}
