//! The catalogue in DCAT-AP 3.
//!
//! # Source
//! DCAT-AP 3.0.1 (SEMIC) on DCAT 3 (W3C Recommendation); authority tables of the EU Publications
//! Office; licences and rights as DCAT-AP asks of what is not open.

use catalogue::{Snapshot, View};
use domain::DatasetName;
use domain::codebook::{Codebook, Tier};
use serde_json::{Value, json};

use super::about::{About, conditions, legislation};
use super::coverage::{Rhythm, days};

/// Where the EU Publications Office keeps its authority tables.
const AUTHORITY: &str = "http://publications.europa.eu/resource/authority";

/// What the data is about, in the data themes of the EU: economy, and law.
const THEMES: [&str; 2] = ["ECON", "JUST"];

/// The Member States, as the authority table of countries names them.
const MEMBER_STATES: [&str; 27] = [
    "AUT", "BEL", "BGR", "CYP", "CZE", "DEU", "DNK", "ESP", "EST", "FIN", "FRA", "GRC", "HRV",
    "HUN", "IRL", "ITA", "LTU", "LUX", "LVA", "MLT", "NLD", "POL", "PRT", "ROU", "SVK", "SVN",
    "SWE",
];

/// The registered media types in which questions are answered, each with a word for it.
const FORMS: [(&str, &str); 4] = [
    ("json", "application/json"),
    ("csv", "text/csv"),
    ("arrow", "application/vnd.apache.arrow.stream"),
    ("parquet", "application/vnd.apache.parquet"),
];

/// The catalogue with its service and its datasets.
pub(super) fn catalogue(view: &View, about: &About) -> Value {
    let names = view.datasets();
    let datasets: Vec<Value> = names.iter().filter_map(|name| dataset(view, about, name)).collect();
    let mut described = json!({
        "@context": context(),
        "@id": about.address("/catalog.jsonld"),
        "@type": "dcat:Catalog",
        "dct:title": english("Reading Room"),
        "dct:description": english("Data of a very large online platform for vetted researchers, \
            as Article 40 of Regulation (EU) 2022/2065 (the Digital Services Act) asks. Anyone \
            may read this catalogue; rows are had by asking in SQL, under a grant."),
        "dct:publisher": publisher(about),
        "dct:language": authority("language", "ENG"),
        "dct:spatial": member_states(),
        "dct:license": terms(about),
        "dct:rights": rights("Anyone may read this catalogue."),
        "dcat:themeTaxonomy": {"@id": format!("{AUTHORITY}/data-theme")},
        "dcatap:applicableLegislation": {"@id": "http://data.europa.eu/eli/reg/2022/2065/oj"},
        "foaf:homepage": {"@id": about.address("/")},
        "dcat:service": service(about, &datasets),
        "dcat:dataset": datasets,
    });
    if let (Some(first), Some(newest)) = (view.editions().first(), view.newest()) {
        described["dct:issued"] = moment(first.edition().created);
        described["dct:modified"] = moment(newest.edition().created);
        described["dcat:version"] = json!(newest.id());
    }
    described
}

/// The words used.
fn context() -> Value {
    json!({
        "adms": "http://www.w3.org/ns/adms#",
        "dcat": "http://www.w3.org/ns/dcat#",
        "dcatap": "http://data.europa.eu/r5r/",
        "dct": "http://purl.org/dc/terms/",
        "foaf": "http://xmlns.com/foaf/0.1/",
        "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
        "vcard": "http://www.w3.org/2006/vcard/ns#",
        "xsd": "http://www.w3.org/2001/XMLSchema#",
    })
}

/// The service that answers questions, and what it answers them on.
fn service(about: &About, datasets: &[Value]) -> Value {
    let served: Vec<Value> =
        datasets.iter().map(|dataset| json!({"@id": dataset["@id"]})).collect();
    json!({
        "@id": about.queries(),
        "@type": "dcat:DataService",
        "dct:title": english("Questions in SQL"),
        "dct:description": english("Answers questions in SQL on one consistent edition of the \
            datasets, within a project's grants; every question is an entry of a log that anyone \
            can verify."),
        "dcat:endpointURL": {"@id": about.queries()},
        "dcat:endpointDescription": {"@id": about.address("/openapi.yaml")},
        "dcat:servesDataset": served,
        "dcat:contactPoint": contact(about),
        "dct:publisher": publisher(about),
        "dct:accessRights": authority("access-right", "RESTRICTED"),
        "dct:license": terms(about),
        "dct:conformsTo": {
            "@id": "https://spec.openapis.org/oas/v3.1.0",
            "@type": "dct:Standard",
        },
        "dcat:theme": THEMES.map(|theme| authority("data-theme", theme)),
        "dcatap:applicableLegislation": {"@id": "http://data.europa.eu/eli/reg/2022/2065/oj"},
    })
}

/// One dataset, with its current snapshot where it has one.
fn dataset(view: &View, about: &About, name: &DatasetName) -> Option<Value> {
    let codebook = view.codebook(name)?.codebook();
    let right = match codebook.tier {
        Tier::Public | Tier::Vetted => "RESTRICTED",
        Tier::Oversight => "NON_PUBLIC",
    };
    let frequency = match Rhythm::of(codebook) {
        Rhythm::Daily => "DAILY",
        Rhythm::Monthly => "MONTHLY",
        Rhythm::Whole => "IRREG",
    };
    let mut described = json!({
        "@id": about.dataset(codebook, ""),
        "@type": "dcat:Dataset",
        "dct:identifier": name,
        "dct:title": english(&codebook.title),
        "dct:description": english(codebook.description.trim()),
        "dcat:keyword": codebook.legal_basis.iter().map(|it| english(it)).collect::<Vec<_>>(),
        "dcat:theme": THEMES.map(|theme| authority("data-theme", theme)),
        "dct:publisher": publisher(about),
        "dct:creator": publisher(about),
        "dcat:contactPoint": contact(about),
        "dct:accessRights": authority("access-right", right),
        "dcatap:applicableLegislation": acts(codebook),
        "dct:accrualPeriodicity": authority("frequency", frequency),
        "dct:spatial": member_states(),
        "dct:conformsTo": {
            "@id": about.dataset(codebook, "/codebook"),
            "@type": "dct:Standard",
            "dct:title": english("Codebook"),
        },
    });
    if let Some(current) = view.current(name) {
        let first = view.snapshots(name).last().map(|first| first.manifest().created);
        described["dct:issued"] = first.map_or(Value::Null, moment);
        add_snapshot(&mut described, about, current);
    }
    Some(described)
}

/// Adds what is only there once something is published.
fn add_snapshot(described: &mut Value, about: &About, current: &Snapshot) {
    let (codebook, manifest) = (current.codebook(), current.manifest());
    described["dcat:version"] = json!(current.id());
    described["dct:modified"] = moment(manifest.created);
    described["foaf:page"] = json!([
        page(about.dataset(codebook, "/croissant"), "The same in Croissant 1.1"),
        page(about.dataset(codebook, &format!("/snapshots/{}", current.id())), "Signed manifest"),
    ]);
    if let Some(reason) = &manifest.reason {
        described["adms:versionNotes"] = english(reason);
    }
    if let Some((first, last)) = days(codebook, manifest) {
        described["dct:temporal"] = json!({
            "@type": "dct:PeriodOfTime",
            "dcat:startDate": {"@type": "xsd:date", "@value": first.to_string()},
            "dcat:endDate": {"@type": "xsd:date", "@value": last.to_string()},
        });
    }
    let resolution = match Rhythm::of(codebook) {
        Rhythm::Daily => Some("P1D"),
        Rhythm::Monthly => Some("P1M"),
        Rhythm::Whole => None,
    };
    if let Some(resolution) = resolution {
        described["dcat:temporalResolution"] =
            json!({"@type": "xsd:duration", "@value": resolution});
    }
    if let Some(previous) = &manifest.previous {
        described["dcat:previousVersion"] = json!({
            "@id": about.dataset(codebook, &format!("/snapshots/{previous}")),
            "@type": "dcat:Dataset",
            "dct:title": english(&format!("{}: snapshot {previous}", codebook.title)),
            "dct:description": english("An earlier snapshot, kept as it was."),
            "dcat:version": previous,
            "dcat:isVersionOf": {"@id": about.dataset(codebook, "")},
        });
    }
    described["dcat:distribution"] =
        FORMS.map(|form| distribution(about, codebook, current, form)).into();
}

/// One form in which the rows can be had: as answers, never as files.
fn distribution(
    about: &About,
    codebook: &Codebook,
    current: &Snapshot,
    (word, media_type): (&str, &str),
) -> Value {
    let snapshot = format!("/snapshots/{}#{word}", current.id());
    json!({
        "@id": about.dataset(codebook, &snapshot),
        "@type": "dcat:Distribution",
        "dct:title": english(&format!("Answers in {media_type}")),
        "dct:description": english("The files are not given out. Whoever has a grant asks in SQL \
            and has the answer in this form."),
        "dcat:accessURL": {"@id": about.queries()},
        "dcat:accessService": {"@id": about.queries()},
        "dcat:mediaType": {
            "@id": format!("https://www.iana.org/assignments/media-types/{media_type}"),
            "@type": "dct:MediaType",
        },
        "dct:issued": moment(current.manifest().created),
        "dct:license": terms(about),
        "dct:rights": rights(conditions(codebook.tier)),
        "dcatap:availability": authority("planned-availability", "STABLE"),
        "dcatap:applicableLegislation": acts(codebook),
    })
}

/// A text in English.
fn english(text: &str) -> Value {
    json!({"@language": "en", "@value": text})
}

/// An entry of an authority table.
fn authority(table: &str, entry: &str) -> Value {
    json!({"@id": format!("{AUTHORITY}/{table}/{entry}")})
}

fn member_states() -> [Value; 27] {
    MEMBER_STATES.map(|state| authority("country", state))
}

fn acts(codebook: &Codebook) -> Vec<Value> {
    legislation(codebook).into_iter().map(|act| json!({"@id": act})).collect()
}

fn publisher(about: &About) -> Value {
    json!({
        "@id": about.address("/#publisher"),
        "@type": "foaf:Agent",
        "foaf:name": english(&about.publisher),
    })
}

fn contact(about: &About) -> Value {
    let word = match about.contact.starts_with("mailto:") {
        true => "vcard:hasEmail",
        false => "vcard:hasURL",
    };
    let mut contact = json!({
        "@id": about.address("/#contact"),
        "@type": ["vcard:Kind", "vcard:Organization"],
        "vcard:fn": english(&about.publisher),
    });
    contact[word] = json!({"@id": about.contact});
    contact
}

fn terms(about: &About) -> Value {
    json!({"@id": about.terms_url, "@type": "dct:LicenseDocument"})
}

fn rights(sentence: &str) -> Value {
    json!({"@type": "dct:RightsStatement", "rdfs:label": english(sentence)})
}

fn page(address: String, title: &str) -> Value {
    json!({"@id": address, "@type": "foaf:Document", "dct:title": english(title)})
}

fn moment(moment: domain::Timestamp) -> Value {
    json!({"@type": "xsd:dateTime", "@value": moment})
}
