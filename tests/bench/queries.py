"""What researchers ask of listings: over HTTP with all checks, beside DuckDB on the same files and on files of its own.

The scan set of the house, on the listings of `room.py`; each engine in turn, medians, and ratios of one run.
"""

import os
import statistics
import time

import duckdb

from engines import geometric_mean
from room import AS_OF, Room, csv_of_listings

TIMES = int(os.environ.get("BENCH_QUERY_TIMES", "5"))

QUERIES = {
    "count": "SELECT count(*) AS n FROM listings",
    "group by few values": "SELECT ships_from_country, age_restricted, count(*) AS n FROM listings GROUP BY 1, 2",
    "group by the sorted key": "SELECT category_id, count(*) AS n, avg(price_eur) AS price FROM listings GROUP BY 1",
    "daily series": "SELECT date_trunc('day', first_published_at) AS day, count(*) AS n FROM listings "
                    "WHERE category_id = 'c7' GROUP BY 1 ORDER BY 1",
    "top 20 traders": "SELECT trader_id, count(*) AS n FROM listings GROUP BY 1 ORDER BY n DESC, 1 LIMIT 20",
    "repeated traders": "SELECT trader_id, category_id, count(*) AS n FROM listings GROUP BY 1, 2 HAVING count(*) > 3",
    "look-up by id": "SELECT listing_id, title, price_eur FROM listings WHERE listing_id = 'L000004321'",
    "one trader": "SELECT listing_id, title, price_eur FROM listings WHERE trader_id = 'T000144' ORDER BY 1 LIMIT 100",
    "count distinct": "SELECT count(DISTINCT trader_id) AS n FROM listings",
    "percentile": "SELECT percentile_cont(0.95) WITHIN GROUP (ORDER BY price_eur) AS p FROM listings",
    "percentiles by category": "SELECT category_id, percentile_cont(0.95) WITHIN GROUP (ORDER BY price_eur) AS p "
                               "FROM listings GROUP BY 1",
    "text search": "SELECT count(*) AS n FROM listings WHERE title LIKE '%77 of 9%'",
    "latest 50": "SELECT listing_id, first_published_at FROM listings ORDER BY 2 DESC, 1 LIMIT 50",
}


def timed(work):
    """How long something takes, in milliseconds."""
    begin = time.perf_counter()
    work()
    return (time.perf_counter() - begin) * 1e3


def duck(file):
    """A connection of DuckDB that calls some files `listings`."""
    connection = duckdb.connect()
    connection.execute(f"SET threads = {os.cpu_count()}")
    connection.execute(f"CREATE VIEW listings AS SELECT * FROM read_parquet({file!r})")
    return lambda sql: connection.execute(sql).fetchall()


with Room() as room:
    room.run("publish", "listings", csv_of_listings(room.temp.name), "--as-of", AS_OF)
    files = [str(file) for file in room.files()]
    own = f"{room.temp.name}/duckdb.parquet"
    duckdb.execute(f"COPY (SELECT * FROM read_parquet({files!r})) TO '{own}' (FORMAT parquet)")
    zstd = f"{room.temp.name}/zstd.parquet"
    duckdb.execute(f"COPY (SELECT * FROM read_parquet({files!r})) TO '{zstd}' (FORMAT parquet, COMPRESSION zstd)")
    room.serve()
    engines = {"reading room": room.ask, "duckdb": duck(files), "its own file": duck(own)}
    rows = engines["duckdb"](QUERIES["count"])[0][0]
    print(f"cores {os.cpu_count()}, {rows} rows, medians of {TIMES}, ms; bytes per row: reading room "
          f"{sum(map(os.path.getsize, files)) / rows:.1f}, duckdb {os.path.getsize(own) / rows:.1f}, "
          f"duckdb with zstd {os.path.getsize(zstd) / rows:.1f}")
    print(f"{'':26}" + "".join(f"{name:>14}" for name in engines) + f"{'ratio':>8}")
    ratios = []
    for name, sql in QUERIES.items():
        samples = {engine: [] for engine in engines}
        for _ in range(TIMES + 1):
            for engine, ask in engines.items():
                samples[engine].append(timed(lambda: ask(sql)))
        medians = [statistics.median(some[1:]) for some in samples.values()]
        ratios.append(medians[0] / medians[1])
        print(f"{name:26}" + "".join(f"{median:14.1f}" for median in medians) + f"{ratios[-1]:8.2f}")
    print(f"{'geometric mean':68}{geometric_mean(ratios):8.2f}")
