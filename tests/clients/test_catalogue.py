"""The catalogue in three vocabularies, each read by a tool that we did not write."""

import json
import urllib.error
import urllib.request

import frictionless
import mlcroissant
import pytest
import rdflib
from rdflib.namespace import DCTERMS, FOAF, RDF

DCAT = rdflib.Namespace("http://www.w3.org/ns/dcat#")
DCATAP = rdflib.Namespace("http://data.europa.eu/r5r/")
VCARD = rdflib.Namespace("http://www.w3.org/2006/vcard/ns#")
ACT = rdflib.URIRef("http://data.europa.eu/eli/reg/2022/2065/oj")

# What DCAT-AP 3.0.1 makes mandatory, and what we promise beyond it.
PROPERTIES = {
    DCAT.Catalog: [DCTERMS.title, DCTERMS.description, DCTERMS.publisher, DCAT.dataset, DCAT.service,
                   DCAT.themeTaxonomy, DCTERMS.language, DCTERMS.spatial, DCTERMS.license,
                   DCATAP.applicableLegislation],
    DCAT.DataService: [DCTERMS.title, DCAT.endpointURL, DCAT.endpointDescription, DCAT.servesDataset,
                       DCTERMS.accessRights, DCAT.contactPoint, DCATAP.applicableLegislation],
    DCAT.Distribution: [DCAT.accessURL, DCAT.accessService, DCAT.mediaType, DCTERMS.license, DCTERMS.rights,
                        DCATAP.applicableLegislation],
    FOAF.Agent: [FOAF.name],
}
OF_DATASETS = [DCTERMS.title, DCTERMS.description, DCTERMS.identifier, DCTERMS.publisher, DCAT.contactPoint,
               DCAT.theme, DCAT.keyword, DCTERMS.accessRights, DCTERMS.accrualPeriodicity, DCTERMS.spatial,
               DCTERMS.conformsTo, DCATAP.applicableLegislation]
OF_PUBLISHED = [DCAT.version, DCAT.distribution, DCTERMS.issued, DCTERMS.modified]
# Of these, DCAT-AP 3.0.1 allows one.
ONE_AT_MOST = [DCTERMS.publisher, DCTERMS.accessRights, DCTERMS.accrualPeriodicity, DCAT.version, DCTERMS.issued,
               DCTERMS.modified, DCTERMS.license, DCAT.mediaType, DCATAP.availability]


def read(url):
    with urllib.request.urlopen(url) as response:
        return response.read(), response.headers


@pytest.fixture(scope="module")
def datasets(room):
    """Every dataset of the demo that is published."""
    listed = json.loads(read(f"{room.url}/v1/datasets?limit=1000")[0])["datasets"]
    published = [dataset for dataset in listed if dataset["current"]]
    assert published
    return published


@pytest.fixture(scope="module")
def graph(room):
    body, headers = read(f"{room.url}/catalog.jsonld")
    assert headers["Content-Type"] == "application/ld+json"
    return rdflib.Graph().parse(data=body, format="json-ld")


def test_every_manifest_is_a_data_package(room, datasets):
    for dataset in datasets:
        body, _ = read(f"{room.url}/v1/datasets/{dataset['name']}/snapshots/{dataset['current']}")
        descriptor = json.loads(body)
        package = frictionless.Package.from_descriptor(descriptor)
        assert [resource.hash for resource in package.resources] == [it["hash"] for it in descriptor["resources"]]


def test_the_folder_of_a_snapshot_is_a_data_package_with_its_files(data, datasets):
    for dataset in datasets:
        folder = data / "snapshots" / dataset["name"] / dataset["current"]
        package = frictionless.Package(str(folder / "datapackage.json"))
        for resource in package.resources:
            assert (folder / resource.path).stat().st_size == resource.bytes


def test_every_dataset_is_read_by_mlcroissant(room, datasets, tmp_path):
    for dataset in datasets:
        body, headers = read(f"{room.url}/v1/datasets/{dataset['name']}/croissant")
        assert headers["Content-Type"] == "application/ld+json"
        file = tmp_path / f"{dataset['name']}.json"
        file.write_bytes(body)
        metadata = mlcroissant.Dataset(str(file)).metadata
        assert not metadata.ctx.issues.errors and not metadata.ctx.issues.warnings, metadata.ctx.issues.report()
        assert metadata.ctx.is_v1_1()
        assert metadata.version.endswith(f"+{dataset['current']}")
        assert dataset["current"] in metadata.cite_as


def test_croissant_tells_the_files_and_columns_of_manifest_and_codebook(room, datasets):
    for dataset in datasets:
        address = f"{room.url}/v1/datasets/{dataset['name']}"
        croissant = json.loads(read(f"{address}/croissant")[0])
        manifest = json.loads(read(f"{address}/snapshots/{dataset['current']}")[0])
        codebook = json.loads(read(f"{address}/codebook?snapshot={dataset['current']}")[0])
        files = {it["contentUrl"]: it["sha256"] for it in croissant["distribution"] if "files/" in it.get("contentUrl", "")}
        assert files == {it["path"]: it["hash"].removeprefix("sha256:") for it in manifest["resources"]}
        rows, *enumerations = croissant["recordSet"]
        assert [field["name"] for field in rows["field"]] == [field["name"] for field in codebook["fields"]]
        with_categories = [field["name"] for field in codebook["fields"] if "categories" in field]
        assert [it["@id"] for it in enumerations] == [f"{dataset['name']}.{name}" for name in with_categories]


def test_an_enumeration_is_read_with_its_meanings(room, tmp_path):
    file = tmp_path / "ads.json"
    file.write_bytes(read(f"{room.url}/v1/datasets/ads/croissant")[0])
    records = mlcroissant.Dataset(str(file)).records("ads.status")
    meanings = {record["ads.status/code"]: record["ads.status/name"] for record in records}
    assert meanings["ACTIVE"] == "Being shown"


def test_what_is_not_published_has_no_croissant(room):
    with pytest.raises(urllib.error.HTTPError) as refused:
        read(f"{room.url}/v1/datasets/nothing/croissant")
    assert refused.value.code == 404


def test_the_catalogue_has_what_dcat_ap_asks_for(graph):
    for kind, properties in PROPERTIES.items():
        things = set(graph.subjects(RDF.type, kind))
        assert things, kind
        for thing in things:
            missing = [it for it in properties if (thing, it, None) not in graph]
            assert not missing, (thing, missing)
    for thing in set(graph.subjects()):
        twice = [it for it in ONE_AT_MOST if len(set(graph.objects(thing, it))) > 1]
        assert not twice, (thing, twice)


def test_every_dataset_is_in_the_catalogue(graph, room, datasets):
    catalogued = set(graph.objects(rdflib.URIRef(f"{room.url}/catalog.jsonld"), DCAT.dataset))
    served = set(graph.objects(rdflib.URIRef(f"{room.url}/v1/queries"), DCAT.servesDataset))
    assert catalogued == served
    for thing in catalogued:
        missing = [it for it in OF_DATASETS if (thing, it, None) not in graph]
        assert not missing, (thing, missing)
        assert (thing, DCATAP.applicableLegislation, ACT) in graph
    for dataset in datasets:
        thing = rdflib.URIRef(f"{room.url}/v1/datasets/{dataset['name']}")
        assert thing in catalogued
        missing = [it for it in OF_PUBLISHED if (thing, it, None) not in graph]
        assert not missing, (thing, missing)
        assert graph.value(thing, DCAT.version).value == dataset["current"]


def test_every_node_has_an_address_that_leads_somewhere(graph, room):
    """Of those in this house: what is named here is served here."""
    own = {str(node).split("#")[0] for node in graph.all_nodes() if str(node).startswith(room.url)}
    for address in own - {f"{room.url}/", f"{room.url}/v1/queries", room.url}:
        assert read(address)[0], address


def test_contact_and_publisher_are_told(graph):
    for contact in set(graph.objects(None, DCAT.contactPoint)):
        assert graph.value(contact, VCARD.fn)
        assert graph.value(contact, VCARD.hasEmail) or graph.value(contact, VCARD.hasURL)
