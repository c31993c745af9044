"""What pseudonyms cost: the engine alone on one file, once with a column of identifiers under a key and once with the same column as
plain texts.

    tests/bench/run pseudonyms.py                      20 million rows
    BENCH_ROWS=1000000 tests/bench/run pseudonyms.py

The file has an identifier of its own for each row, and one of a tenth as many subjects, who come in runs as in a log. Both engines
take turns; medians, and ratios of one run.
"""

import os
import pathlib
import statistics
import tempfile

import duckdb

from engines import THREADS, Engine, geometric_mean

ROWS = int(os.environ.get("BENCH_ROWS", "20000000"))
TIMES = int(os.environ.get("BENCH_QUERY_TIMES", "5"))
KEY = "07" * 32

# Identifiers as long as a platform's: two characters and 16 hexadecimal digits.
COPY = """
COPY (
    SELECT 'x-' || lower(printf('%016x', hash(i))) AS event_id,
           'i-' || lower(printf('%016x', hash(hash(i // 4) % {subjects} + 1))) AS subject_id,
           'KIND_' || (i % 12) AS kind, i AS number
    FROM range({rows}) t(i)
) TO '{file}' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 262144)
"""

QUERIES = {
    "no identifier": "SELECT kind, count(*) AS n FROM events GROUP BY 1",
    "count distinct": "SELECT count(DISTINCT subject_id) AS n FROM events",
    "group by kind, distinct": "SELECT kind, count(DISTINCT subject_id) AS n FROM events GROUP BY 1",
    "top 20 subjects": "SELECT subject_id, count(*) AS n FROM events GROUP BY 1 ORDER BY n DESC, 1 LIMIT 20",
    "join by subject": "SELECT a.kind, count(*) AS n FROM events a JOIN events b ON a.subject_id = b.subject_id "
                       "WHERE b.number < 1000 GROUP BY 1",
    "export of subjects": "SELECT subject_id FROM events",
    "export of own identifiers": "SELECT event_id FROM events",
    "one subject's history": "SELECT event_id, kind FROM events WHERE subject_id = '{subject}'",
    "look-up of one event": "SELECT number, kind FROM events WHERE event_id = '{event}'",
    "what is not there": "SELECT number FROM events WHERE event_id = 'ps-aaaa'",
}


def codebook(identifiers):
    """A codebook whose two identifiers have this class."""
    field = lambda name, kind, of: {"name": name, "type": kind, "class": of, "nullable": True, "description": name}  # noqa: E731
    return {
        "name": "events", "title": "Events", "description": "Events.", "legal_basis": ["none"], "tier": "public", "row_unit": "event",
        "kind": "state", "primaryKey": ["number"], "sort_order": ["number"], "schema_version": 1,
        "fields": [field("event_id", "string", identifiers), field("subject_id", "string", identifiers),
                   field("kind", "string", "public"), field("number", "integer", "public")],
        "changelog": [{"schema_version": 1, "date": "2026-01-01", "note": "First version."}],
    }


with tempfile.TemporaryDirectory(prefix="reading-room-pseudonyms-", dir=os.environ.get("BENCH_DIR")) as temp:
    file = pathlib.Path(temp) / "events.parquet"
    duckdb.execute(COPY.format(rows=ROWS, subjects=max(ROWS // 10, 1), file=file))
    over = lambda of, **house: Engine.over([{"codebook": codebook(of), "files": [str(file)]}], **house)  # noqa: E731
    engines = {"plain": over("public"), "pseudonyms": over("identifier", key=KEY)}
    print(f"threads {THREADS}, {ROWS} rows, {file.stat().st_size >> 20} MiB; medians of {TIMES}, ms")
    print(f"{'':28}" + "".join(f"{name:>14}" for name in engines) + f"{'ratio':>10}")
    # The same row, as each of them calls it.
    row = f"SELECT subject_id, event_id FROM events WHERE number = {ROWS // 2}"
    drawn = [engine.csv(row)[0].split(",") for engine in engines.values()]
    ratios = []
    for name, sql in QUERIES.items():
        asked = [sql.format(subject=subject, event=event) for subject, event in drawn]
        samples = [[engine.ms(sql) for engine, sql in zip(engines.values(), asked)] for _ in range(TIMES + 1)][1:]
        plain, hidden = (statistics.median(column) for column in zip(*samples))
        ratios.append(hidden / plain)
        print(f"{name:28}{plain:14.1f}{hidden:14.1f}{hidden / plain:10.2f}", flush=True)
    print(f"{'geometric mean':56}{geometric_mean(ratios):10.2f}")
    for engine in engines.values():
        engine.close()
