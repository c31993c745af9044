"""The same question in five formats gives the same rows, in every reader."""

import io
import json
import subprocess

import duckdb
import pandas
import polars
import pyarrow.csv
import pyarrow.ipc
import pyarrow.parquet
import pytest

# One column of each type that a codebook knows, with nulls, in a fixed order.
SQL = """
    SELECT listing_id, title, price_eur, offered_in, age_restricted, first_published_at, removal_action_id,
           length(title) AS characters, CAST(price_eur AS DOUBLE) / 3 AS third,
           CAST(first_published_at AS DATE) AS day
    FROM listings ORDER BY listing_id LIMIT 500
"""
COLUMNS = ["listing_id", "title", "price_eur", "offered_in", "age_restricted", "first_published_at",
           "removal_action_id", "characters", "third", "day"]


def plain(value):
    """A value as JSON answers write it, whatever reader it came from."""
    if value is None or value is pandas.NaT or (isinstance(value, float) and value != value):
        return None
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if hasattr(value, "hour"):
        return value.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    if hasattr(value, "year"):
        return value.isoformat()
    if isinstance(value, (bool, int, float, str)):
        return value
    return str(value)


def rows_of(table):
    """The rows of an Arrow table, as JSON answers write them."""
    return [[plain(row[name]) for name in COLUMNS] for row in table.to_pylist()]


@pytest.fixture(scope="module")
def expected(room):
    body, _ = room.ask(SQL, "json")
    answer = json.loads(body)
    assert [column["name"] for column in answer["columns"]] == COLUMNS
    assert answer["row_count"] == len(answer["rows"]) == 500
    assert any(row[6] is None for row in answer["rows"])
    return answer["rows"]


def test_ndjson_holds_the_same_rows(room, expected):
    body, _ = room.ask(SQL, "ndjson")
    rows = [json.loads(line) for line in body.splitlines()]
    assert [[row[name] for name in COLUMNS] for row in rows] == expected


def test_arrow_holds_the_same_rows_in_pyarrow_and_polars(room, expected):
    body, _ = room.ask(SQL, "arrow")
    assert rows_of(pyarrow.ipc.open_stream(body).read_all()) == expected
    assert rows_of(polars.read_ipc_stream(io.BytesIO(body)).to_arrow()) == expected


def test_parquet_holds_the_same_rows_in_pyarrow_pandas_polars_and_duckdb(room, expected, tmp_path):
    body, _ = room.ask(SQL, "parquet")
    file = tmp_path / "answer.parquet"
    file.write_bytes(body)
    assert rows_of(pyarrow.parquet.read_table(file)) == expected
    assert rows_of(polars.read_parquet(file).to_arrow()) == expected
    frame = pandas.read_parquet(file)
    assert [[plain(value) for value in row] for row in frame[COLUMNS].itertuples(index=False)] == expected
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        found = connection.execute(f"SELECT * FROM read_parquet('{file}')").fetchall()
    assert [[plain(value) for value in row] for row in found] == expected


def test_csv_holds_the_same_rows(room, expected):
    body, _ = room.ask(SQL, "csv")
    types = {"listing_id": str, "title": str, "price_eur": str, "first_published_at": str,
             "removal_action_id": str, "day": str}
    frame = pandas.read_csv(io.BytesIO(body), dtype=types, keep_default_na=False,
                            na_values={"removal_action_id": [""], "price_eur": [""]})
    rows = []
    for row in frame[COLUMNS].itertuples(index=False):
        values = [plain(value) for value in row]
        values[3] = json.loads(values[3])
        values[4] = {"true": True, "false": False, True: True, False: False, "": None}[values[4]]
        rows.append([value if value != "" else None for value in values])
    assert rows == expected
    assert pyarrow.csv.read_csv(io.BytesIO(body)).num_rows == len(expected)


def test_jq_reads_the_json_answer(room, expected):
    body, _ = room.ask(SQL, "json")
    found = subprocess.run(["jq", ".rows | length"], input=body, capture_output=True, check=True)
    assert int(found.stdout) == len(expected)


def test_the_rows_digest_is_the_same_in_every_format_and_order(room):
    digests = {room.ask(SQL, form)[1]["Reading-Room-Rows-Sha256"] for form in ("json", "ndjson", "csv", "arrow", "parquet")}
    assert len(digests) == 1
    some = "SELECT trader_id FROM traders ORDER BY trader_id"
    turned = some + " DESC"
    assert (room.ask(some)[1]["Reading-Room-Rows-Sha256"] == room.ask(turned)[1]["Reading-Room-Rows-Sha256"])


def test_equal_questions_have_equal_bytes(room):
    first, headers = room.ask(SQL, "json")
    second, again = room.ask(SQL, "json")
    assert first == second
    assert headers["ETag"] == again["ETag"]
    assert headers["Reading-Room-Log-Index"] != again["Reading-Room-Log-Index"]
