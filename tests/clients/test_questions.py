"""R01 to R15: the room's answers are DuckDB's, on the very same Parquet files, and none is empty."""

import datetime
import decimal
import json
import os
import pathlib
import subprocess
import urllib.request

import duckdb
import jsonschema_rs
import pytest

ROOT = pathlib.Path(__file__).parents[2]
QUESTIONS = pathlib.Path(os.environ.get("READINGROOM_QUESTIONS", ROOT.parent / "shared" / "questions"))
NAMES = [f"R{number:02}" for number in range(1, 16)]


def fetched(room, path):
    with urllib.request.urlopen(room.url + path) as response:
        return json.load(response)


@pytest.fixture(scope="module")
def files(room, data):
    """The Parquet files of each dataset's current snapshot, as they lie in the data folder."""
    files = {}
    listed = fetched(room, "/v1/datasets?limit=100")["datasets"]
    for dataset in (item for item in listed if item["current"]):
        name, current = dataset["name"], dataset["current"]
        manifest = fetched(room, f"/v1/datasets/{name}/snapshots/{current}")
        paths = [resource["path"] for resource in manifest["resources"]]
        folder = data / "snapshots" / name
        files[name] = [str(next(folder.rglob(pathlib.Path(path).name))) for path in paths]
    return files


@pytest.fixture(scope="module")
def duck(files):
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    for name, paths in files.items():
        listed = ", ".join(f"'{path}'" for path in paths)
        connection.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet([{listed}])")
    return connection


def plain(value):
    """A value as both engines can be compared by: numbers as numbers, times as text in UTC."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, (int, float, decimal.Decimal)):
        return float(value)
    if isinstance(value, datetime.datetime):
        if value.tzinfo is not None:
            value = value.astimezone(datetime.timezone.utc).replace(tzinfo=None)
        return value.isoformat()
    if isinstance(value, datetime.date):
        return datetime.datetime(value.year, value.month, value.day).isoformat()
    return value


def answered(value, kind):
    """A value of a JSON answer, by the type of its column."""
    if value is None:
        return None
    if kind.startswith("decimal"):
        return float(value)
    if kind.startswith(("date", "timestamp")):
        moment = datetime.datetime.fromisoformat(value.replace("Z", "+00:00"))
        return plain(moment if len(value) > 10 else moment.date())
    return plain(value)


def in_order(rows):
    """The rows, sorted on all columns; numbers by fewer digits than are compared."""
    def key(row):
        return [(value is not None, f"{value:.6g}" if isinstance(value, float) else str(value)) for value in row]

    return sorted(rows, key=key)


@pytest.mark.skipif(not QUESTIONS.is_dir(), reason="the questions are not here")
@pytest.mark.parametrize("name", NAMES)
def test_the_rooms_answer_is_duckdbs(room, duck, name):
    sql = (QUESTIONS / f"{name}.sql").read_text()

    body, _ = room.ask(sql)

    answer = json.loads(body)
    kinds = [str(column["type"]).lower() for column in answer["columns"]]
    ours = in_order([[answered(cell, kind) for cell, kind in zip(row, kinds)] for row in answer["rows"]])
    theirs = in_order([[plain(cell) for cell in row] for row in duck.execute(sql).fetchall()])
    assert ours, f"{name} has no answer"
    assert len(ours) == len(theirs)
    for mine, other in zip(ours, theirs):
        assert len(mine) == len(other)
        for cell, expected in zip(mine, other):
            if isinstance(expected, float):
                assert cell == pytest.approx(expected, rel=1e-9, abs=1e-9)
            else:
                assert cell == expected


def test_what_is_true_of_a_world_has_the_form_that_is_promised(tmp_path):
    program = os.environ["READINGROOM_PROGRAM"]
    words = [program, "generate", "--out", str(tmp_path / "world"), "--scale", "small"]
    subprocess.run(words, check=True, capture_output=True)
    schema = json.loads((ROOT / "docs" / "truths.schema.json").read_text())

    truths = json.loads((tmp_path / "world" / "truths.json").read_text())

    jsonschema_rs.validator_for(schema).validate(truths)
