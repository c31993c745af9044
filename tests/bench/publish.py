"""Publishing a million rows of CSV, beside DuckDB writing sorted Parquet from the same file."""

import os
import time

import duckdb

from room import AS_OF, ROWS, Room, csv_of_listings

with Room() as room:
    csv = csv_of_listings(room.temp.name)
    begin = time.perf_counter()
    room.run("publish", "listings", csv, "--as-of", AS_OF)
    ours = time.perf_counter() - begin
    begin = time.perf_counter()
    duckdb.sql(f"COPY (SELECT * FROM read_csv('{csv}', header = true) ORDER BY category_path, listing_id) "
               f"TO '{room.temp.name}/duckdb.parquet' (FORMAT parquet, COMPRESSION zstd)")
    theirs = time.perf_counter() - begin
    size = sum(file.stat().st_size for file in room.files())
    other = os.path.getsize(f"{room.temp.name}/duckdb.parquet")
    print(f"cores {os.cpu_count()}, {ROWS} rows, {csv.stat().st_size / 1e6:.0f} MB of CSV")
    print(f"reading room  {ours:6.2f} s {ROWS / ours:10.0f} rows/s {size / ROWS:6.1f} bytes/row")
    print(f"duckdb        {theirs:6.2f} s {ROWS / theirs:10.0f} rows/s {other / ROWS:6.1f} bytes/row")
    print(f"ratio of rows/s {theirs / ours:.2f}")
