"""Every codebook is one by the schema of codebooks, and the schema refuses what is none."""

import copy
import json
import pathlib
import re

import jsonschema_rs
import pytest
import yaml

DATASETS = pathlib.Path(__file__).parents[2] / "datasets"
CODEBOOKS = sorted(DATASETS.glob("*/codebook.yaml"))
SCHEMA = json.loads((DATASETS / "codebook.schema.json").read_text())
VALIDATOR = jsonschema_rs.Draft202012Validator(SCHEMA, validate_formats=True)


class Yaml12(yaml.SafeLoader):
    """Reads YAML as its version 1.2 does: days are texts, NO is Norway, no key stands twice."""

    def construct_mapping(self, node, deep=False):
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        assert len(keys) == len(set(keys)), f"a key stands twice: {node.start_mark}"
        return super().construct_mapping(node, deep)


BOOLEAN = "tag:yaml.org,2002:bool"
OLD = {BOOLEAN, "tag:yaml.org,2002:timestamp"}
Yaml12.yaml_implicit_resolvers = {
    first: [(tag, form) for tag, form in forms if tag not in OLD]
    for first, forms in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
Yaml12.add_implicit_resolver(BOOLEAN, re.compile("^(true|false)$"), ["t", "f"])


def read(path):
    return yaml.load(path.read_text(), Yaml12)


def test_the_schema_is_one():
    assert jsonschema_rs.meta.is_valid(SCHEMA)
    assert CODEBOOKS


@pytest.mark.parametrize("path", CODEBOOKS, ids=lambda path: path.parent.name)
def test_a_codebook_is_one_by_the_schema(path):
    flaws = [f"{flaw.instance_path}: {flaw.message}" for flaw in VALIDATOR.iter_errors(read(path))]

    assert not flaws, "\n".join(flaws)


def without(key):
    return lambda codebook: codebook.pop(key)


def with_(key, value):
    return lambda codebook: codebook.update({key: value})


def first_field(**keys):
    return lambda codebook: codebook["fields"][0].update(keys)


@pytest.mark.parametrize(
    "harm",
    [
        without("title"),
        without("time_column"),
        without("period_unit"),
        with_("kind", "state"),
        with_("owner", "someone"),
        with_("tier", "secret"),
        with_("retention", {"clock": "submitted_at", "keep": "five years", "basis": "none"}),
        with_("quality", {"reject": {"null_share.title": 2}}),
        with_("known_gaps", [{"from": "2025-02-30", "until": "2025-03-01", "note": "No such day."}]),
        first_field(type="uuid"),
        first_field(type="integer", categories=["A"]),
        first_field(null_unless="decision = 'DUPLICATE'", nullable=False),
        first_field(null_unless="decision <> 'DUPLICATE'", nullable=True),
        first_field(description=" "),
    ],
)
def test_what_is_no_codebook_is_refused(harm):
    notices = read(DATASETS / "notices" / "codebook.yaml")
    assert VALIDATOR.is_valid(notices)
    harmed = copy.deepcopy(notices)

    harm(harmed)

    assert not VALIDATOR.is_valid(harmed)
