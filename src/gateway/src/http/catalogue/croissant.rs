//! A snapshot in Croissant 1.1.
//!
//! # Source
//! Croissant Format Specification 1.1 (`MLCommons`, 2026-01-29). Schema.org is written with `https`,
//! as the specification's own validator wants it.

use catalogue::Snapshot;
use domain::Edition;
use domain::codebook::{Category, Class, Codebook, Field, FieldType};
use domain::manifest::Resource;
use serde_json::{Value, json};

use super::about::{About, conditions};
use super::coverage::days;
use super::responsible;

/// The id of the manifest among the files.
const MANIFEST: &str = "manifest";

/// The id of all files of rows together.
const ROWS: &str = "rows";

/// The media type of Parquet files.
const PARQUET: &str = "application/vnd.apache.parquet";

/// The snapshot that an edition has of a dataset.
pub(super) fn snapshot(snapshot: &Snapshot, edition: &Edition, about: &About) -> Value {
    let (codebook, manifest) = (snapshot.codebook(), snapshot.manifest());
    let organisation = json!({"@type": "sc:Organization", "name": about.publisher});
    let created = manifest.created.date().to_string();
    let mut described = json!({
        "@context": serde_json::from_str::<Value>(include_str!("croissant/context.json"))
            .expect("invariant: the context is JSON"),
        "@type": "sc:Dataset",
        "@id": about.dataset(codebook, "/croissant"),
        "conformsTo": [
            "http://mlcommons.org/croissant/1.1",
            "http://mlcommons.org/croissant/RAI/1.0",
        ],
        "name": codebook.name,
        "alternateName": codebook.title,
        "description": codebook.description.trim(),
        "identifier": snapshot.id(),
        "version": version(snapshot),
        "license": about.terms_url,
        "usageInfo": about.terms_url,
        "url": about.dataset(codebook, ""),
        "creator": organisation,
        "publisher": organisation,
        "datePublished": created,
        "dateModified": manifest.as_of,
        "isAccessibleForFree": true,
        "conditionsOfAccess": conditions(codebook.tier),
        "keywords": codebook.legal_basis,
        "spatialCoverage": "European Union",
        "includedInDataCatalog": {
            "@type": "sc:DataCatalog",
            "name": "Reading Room",
            "url": about.address("/catalog.jsonld"),
        },
        "citeAs": citation(snapshot, edition, about),
        "distribution": distribution(snapshot, about),
        "recordSet": record_sets(codebook),
    });
    if let Some((first, last)) = days(codebook, manifest) {
        described["temporalCoverage"] = json!(format!("{first}/{last}"));
    }
    responsible::describe(&mut described, codebook, manifest);
    described
}

/// The version in semantic versioning: the columns', the day's, and the snapshot itself.
fn version(snapshot: &Snapshot) -> String {
    let manifest = snapshot.manifest();
    let day = manifest.as_of.format("%Y%m%d");
    format!("{}.{day}.0+{}", manifest.schema_version, snapshot.id())
}

/// How a paper cites what it asked, in BibTeX.
fn citation(snapshot: &Snapshot, edition: &Edition, about: &About) -> String {
    let (codebook, id) = (snapshot.codebook(), snapshot.id());
    let plain = |text: &str| text.replace(['{', '}', '\\'], "");
    format!(
        "@misc{{{id}, title = {{{}}}, author = {{{{{}}}}}, year = {{{}}}, \
         version = {{edition {} of {}, snapshot {id}}}, url = {{{}}}}}",
        plain(&codebook.title),
        plain(&about.publisher),
        edition.as_of.format("%Y"),
        edition.id,
        edition.as_of,
        about.dataset(codebook, &format!("/snapshots/{id}")),
    )
}

/// The files: the manifest, which anyone may fetch, and those it names, which nobody may.
fn distribution(snapshot: &Snapshot, about: &About) -> Vec<Value> {
    let manifest = json!({
        "@type": "cr:FileObject",
        "@id": MANIFEST,
        "name": "datapackage.json",
        "description": "The signed manifest, which names every file with its digest.",
        "contentUrl": about.dataset(snapshot.codebook(), &format!("/snapshots/{}", snapshot.id())),
        "contentSize": format!("{} B", snapshot.manifest_bytes().len()),
        "encodingFormat": "application/json",
        "sha256": snapshot.manifest_sha256(),
    });
    let rows = json!({
        "@type": "cr:FileSet",
        "@id": ROWS,
        "name": "All rows",
        "description": format!("Not given out as files: whoever has a grant asks for rows in SQL \
            at {}.", about.queries()),
        "containedIn": {"@id": MANIFEST},
        "includes": "files/*.parquet",
        "encodingFormat": PARQUET,
    });
    let files = snapshot.manifest().resources.iter().map(file);
    [manifest, rows].into_iter().chain(files).collect()
}

/// One file of rows.
fn file(resource: &Resource) -> Value {
    json!({
        "@type": "cr:FileObject",
        "@id": resource.name,
        "name": format!("{}.parquet", resource.name),
        "description": format!("{} rows; not given out as a file.", resource.row_count),
        "containedIn": {"@id": MANIFEST},
        "contentUrl": resource.path,
        "contentSize": format!("{} B", resource.bytes),
        "encodingFormat": PARQUET,
        "sha256": resource.hash.0,
    })
}

/// The rows, and the values allowed in each column that has few.
fn record_sets(codebook: &Codebook) -> Vec<Value> {
    let keys = codebook.primary_key.iter();
    let rows = json!({
        "@type": "cr:RecordSet",
        "@id": codebook.name,
        "name": codebook.name,
        "description": format!("One row for each {}.", codebook.row_unit),
        "key": keys.map(|key| json!({"@id": format!("{}/{key}", codebook.name)}))
            .collect::<Vec<_>>(),
        "field": codebook.fields.iter().map(|it| field(codebook, it)).collect::<Vec<_>>(),
    });
    let allowed = codebook.fields.iter().filter_map(|field| enumeration(codebook, field));
    std::iter::once(rows).chain(allowed).collect()
}

/// One column.
fn field(codebook: &Codebook, field: &Field) -> Value {
    let mut described = json!({
        "@type": "cr:Field",
        "@id": format!("{}/{}", codebook.name, field.name),
        "name": field.name,
        "description": explained(codebook, field),
        "dataType": data_type(field.field_type),
        "source": {"fileSet": {"@id": ROWS}, "extract": {"column": field.name}},
    });
    if field.field_type == FieldType::List {
        described["isArray"] = json!(true);
        described["arrayShape"] = json!("-1");
    }
    if field.categories.is_some() {
        // Not the field's id alone: the validator takes that for the field itself.
        described["references"] =
            json!({"field": {"@id": format!("{}.{}/code", codebook.name, field.name)}});
    }
    described
}

/// What a column says, with all that Croissant has no word for.
fn explained(codebook: &Codebook, field: &Field) -> String {
    let mut sentences = vec![field.description.trim().to_owned()];
    if let Some(unit) = &field.unit {
        sentences.push(format!("Unit: {unit}."));
    }
    if field.field_type == FieldType::Decimal {
        sentences.push("An exact decimal with two digits after the point.".to_owned());
    }
    for key in &codebook.foreign_keys {
        let place = key.fields.iter().position(|name| *name == field.name);
        if let Some(name) = place.and_then(|place| key.reference.fields.get(place)) {
            sentences.push(format!("References {}.{name}.", key.reference.resource));
        }
    }
    if field.class != Class::Public {
        sentences.push(format!("Class: {}.", field.class.as_str()));
    }
    if let Some(source) = &field.legal_source {
        sentences.push(format!("Legal source: {source}."));
    }
    sentences.join(" ")
}

/// A type in the words of Schema.org; of a list, that of its items.
fn data_type(field_type: FieldType) -> &'static str {
    match field_type {
        FieldType::String | FieldType::List => "sc:Text",
        FieldType::Integer => "sc:Integer",
        FieldType::Number | FieldType::Decimal => "sc:Float",
        FieldType::Boolean => "sc:Boolean",
        FieldType::Date => "sc:Date",
        FieldType::Datetime => "sc:DateTime",
    }
}

/// The values allowed in a column, with their meanings.
fn enumeration(codebook: &Codebook, field: &Field) -> Option<Value> {
    let id = format!("{}.{}", codebook.name, field.name);
    let [code, name] = ["code", "name"].map(|word| format!("{id}/{word}"));
    let data = field.categories.as_ref()?.iter().map(|category| {
        let meaning = match category {
            Category::Code(value) => value,
            Category::Labelled { label, .. } => label,
        };
        json!({&code: category.value(), &name: meaning})
    });
    Some(json!({
        "@type": "cr:RecordSet",
        "@id": id,
        "name": id,
        "description": format!("The values of {}.", field.name),
        "dataType": "sc:Enumeration",
        "key": {"@id": code},
        "field": [
            {"@type": "cr:Field", "@id": code, "name": "code", "dataType": "sc:Text",
                "description": "The value as it stands in the data."},
            {"@type": "cr:Field", "@id": name, "name": "name", "dataType": "sc:Text",
                "description": "What it means."},
        ],
        "data": data.collect::<Vec<_>>(),
    }))
}
