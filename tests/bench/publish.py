"""Publishing rows of CSV and Parquet, beside DuckDB writing sorted Parquet from the same files.

    tests/bench/run publish.py          a million rows of each dataset
    BENCH_ROWS=5000000 tests/bench/run publish.py

Both take turns; the best of each counts. The time of ours is that of the whole command, its server's start included.
"""

import os
import subprocess
import tempfile
import time

import duckdb

from memory import Watch
from room import AS_OF, PROGRAM, ROWS, Room, csv_of

TURNS = 3
SORT_ORDERS = {
    "listings": "category_id, trader_id, listing_id",
    "moderation_actions": "category, decided_at, action_id",
}


def parquet_of(csv):
    """The same rows as DuckDB writes them, each column of the type that it sees in it."""
    file = csv.with_suffix(".parquet")
    duckdb.sql(f"COPY (FROM read_csv('{csv}', header = true)) TO '{file}' (FORMAT parquet)")
    return file


def publish(dataset, source):
    """Publishes into a room of its own; gives the seconds, the worker's peak memory in MB and the bytes of the files."""
    with Room() as room:
        words = [PROGRAM, "publish", dataset, source, "--as-of", AS_OF, "--data", room.data]
        begin = time.perf_counter()
        process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        watch = Watch(process.pid)
        watch.start()
        assert process.wait() == 0, f"{source} was not published"
        seconds = time.perf_counter() - begin
        watch.is_over = True
        files = room.data.glob(f"snapshots/{dataset}/files/*.parquet")
        return seconds, watch.workers / 1024, sum(file.stat().st_size for file in files)


def copy(dataset, source):
    """Lets DuckDB sort and write the same; gives the seconds and the bytes of its file."""
    target = source.with_name("duckdb.parquet")
    rows = f"read_csv('{source}', header = true)" if source.suffix == ".csv" else f"'{source}'"
    begin = time.perf_counter()
    duckdb.sql(f"COPY (SELECT * FROM {rows} ORDER BY {SORT_ORDERS[dataset]}) "
               f"TO '{target}' (FORMAT parquet, COMPRESSION zstd)")
    return time.perf_counter() - begin, target.stat().st_size


print(f"cores {os.cpu_count()}, {ROWS} rows, best of {TURNS}")
print(f"{'':28} {'MB':>5} {'ours, rows/s':>13} {'DuckDB, rows/s':>15} {'ratio':>6} {'worker, MB':>11} {'bytes/row':>10} {'DuckDB':>7}")
with tempfile.TemporaryDirectory(prefix="reading-room-bench-") as temp:
    for dataset in SORT_ORDERS:
        csv = csv_of(dataset, temp)
        for source in (csv, parquet_of(csv)):
            turns = [(publish(dataset, source), copy(dataset, source)) for _ in range(TURNS)]
            ours, peak_mb, size = min(our for our, _ in turns)
            theirs, other = min(their for _, their in turns)
            print(f"{source.name:28} {source.stat().st_size / 1e6:5.0f} {ROWS / ours:13.0f} {ROWS / theirs:15.0f} "
                  f"{theirs / ours:6.2f} {peak_mb:11.0f} {size / ROWS:10.1f} {other / ROWS:7.1f}", flush=True)
