"""Publishing beside DuckDB writing sorted Parquet from the same file: wide listings and moderation actions, from CSV and from Parquet.

BENCH_ROWS says how many rows, by default a million. DuckDB has the same cores, sorts alike and compresses with zstd; it validates
nothing, finds no duplicates, takes no digests and signs nothing.
"""

import os
import pathlib
import subprocess
import tempfile
import time

import duckdb

from room import AS_OF, PROGRAM, ROWS, Room, csv_of_listings
from watch import Watch

ORDER = {"listings": "category_path, listing_id", "moderation_actions": "category, decided_at, action_id"}


def csv_of_actions(folder):
    """Writes so many moderation actions as CSV: those of a small demo world, again and again under new names."""
    world = pathlib.Path(folder) / "world"
    subprocess.run([PROGRAM, "generate", "--out", world, "--scale", "small"], check=True, capture_output=True)
    exports = f"{max((world / 'editions').iterdir())}/moderation_actions/*.csv"
    source = f"read_csv('{exports}', header = true, all_varchar = true)"
    once = duckdb.sql(f"SELECT count(*) FROM {source}").fetchall()[0][0]
    file = pathlib.Path(folder) / "moderation_actions.csv"
    duckdb.sql(f"COPY (SELECT * EXCLUDE (i) REPLACE ('m-' || left(md5(action_id || i), 16) AS action_id) "
               f"FROM {source}, range({-(-ROWS // once)}) again(i) LIMIT {ROWS}) TO '{file}' (HEADER)")
    return file


def parquet_of(files, folder, table):
    """Writes published rows as one Parquet file, in no order."""
    file = pathlib.Path(folder) / f"{table}.parquet"
    duckdb.sql(f"COPY (SELECT * FROM read_parquet({[str(path) for path in files]!r}) ORDER BY md5({ORDER[table].split(', ')[-1]})) "
               f"TO '{file}' (FORMAT parquet)")
    return file


def published(table, source):
    """Publishes a file into a new data folder; gives the room, how long it took, and the most memory of the worker in MB."""
    room = Room()
    begin = time.perf_counter()
    process = subprocess.Popen([PROGRAM, "publish", table, source, "--as-of", AS_OF, "--data", room.data],
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    watch = Watch(process.pid)
    watch.start()
    said = process.communicate()[0]
    watch.is_over = True
    assert process.returncode == 0, said
    return room, time.perf_counter() - begin, watch.workers / 1024


def by_duckdb(table, source, folder):
    """Has DuckDB sort and write the same file; gives how long it took, and the bytes."""
    own = f"{folder}/duckdb.parquet"
    read = f"read_csv('{source}', header = true)" if source.suffix == ".csv" else f"read_parquet('{source}')"
    begin = time.perf_counter()
    duckdb.sql(f"COPY (SELECT * FROM {read} ORDER BY {ORDER[table]}) TO '{own}' (FORMAT parquet, COMPRESSION zstd)")
    return time.perf_counter() - begin, os.path.getsize(own)


def measure(table, source, folder):
    """Publishes a source and has DuckDB write it; prints a line, and gives the published files as one Parquet file."""
    room, ours, peak_mb = published(table, source)
    theirs, their_bytes = by_duckdb(table, source, folder)
    files = list((room.data / "snapshots" / table / "files").glob("*.parquet"))
    our_bytes = sum(file.stat().st_size for file in files)
    print(f"{table + source.suffix:28}{ROWS / ours:10.0f}{ROWS / theirs:10.0f}{theirs / ours:8.2f}{peak_mb:10.0f}"
          f"{our_bytes / ROWS:10.1f}{their_bytes / ROWS:10.1f}", flush=True)
    parquet = parquet_of(files, folder, table) if source.suffix == ".csv" else None
    room.temp.cleanup()
    return parquet


with tempfile.TemporaryDirectory(prefix="reading-room-publish-", dir=os.environ.get("BENCH_DIR")) as temp:
    print(f"cores {os.cpu_count()}, {ROWS} rows")
    print(f"{'':28}{'rows/s':>10}{'duckdb':>10}{'ratio':>8}{'peak MB':>10}{'B/row':>10}{'duckdb':>10}")
    for table, csv in (("listings", csv_of_listings(temp)), ("moderation_actions", csv_of_actions(temp))):
        measure(table, measure(table, csv, temp), temp)
