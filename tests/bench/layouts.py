"""The same rows laid out in several ways, and what our engine makes of each: the choice behind the layout's parameters.

    BENCH_DATA=FOLDER tests/bench/run layouts.py       a data folder with moderation_actions

Each layout is written by pyarrow, which has all the parameters (but no bloom filters, as it is called here); times are relative to
the first. BENCH_FILES says how many of the files, by default all.
"""

import os
import pathlib
import statistics
import sys
import tempfile

import pyarrow.parquet

from engines import Engine, asked, current_files, geometric_mean

TIMES = int(os.environ.get("BENCH_QUERY_TIMES", "5"))
TABLE = "moderation_actions"
CHOSEN = {"row_group_size": 1 << 18, "compression": "zstd", "compression_level": 3, "max_rows_per_page": 8192}

# What differs from the first.
LAYOUTS = {
    "chosen": {},
    "row groups of 64 Ki": {"row_group_size": 1 << 16},
    "row groups of 128 Ki": {"row_group_size": 1 << 17},
    "row groups of 1 Mi": {"row_group_size": 1 << 20},
    "pages of 1 Mi rows": {"max_rows_per_page": 1 << 20},
    "zstd 1": {"compression_level": 1},
    "zstd 9": {"compression_level": 9},
    "snappy": {"compression": "snappy", "compression_level": None},
    "lz4": {"compression": "lz4", "compression_level": None},
    "dictionaries of 8 MiB": {"dictionary_pagesize_limit": 8 << 20},
}


def written(paths, folder, options):
    """The files of a table in another layout, and their bytes."""
    folder.mkdir()
    for path in paths:
        own = folder / pathlib.Path(path).name
        source = pyarrow.parquet.ParquetFile(path)
        with pyarrow.parquet.ParquetWriter(own, source.schema_arrow, write_page_index=True, **{
                key: value for key, value in options.items() if key != "row_group_size"}) as writer:
            writer.write_table(source.read(), row_group_size=options["row_group_size"])
        yield str(own), own.stat().st_size


with tempfile.TemporaryDirectory(prefix="reading-room-layouts-", dir=os.environ.get("BENCH_DIR")) as temp:
    data = pathlib.Path(os.environ.get("BENCH_DATA") or sys.exit("BENCH_DATA names no folder"))
    files_max = int(os.environ.get("BENCH_FILES", "1000000"))
    published = {TABLE: dict(current_files(data))[TABLE][:files_max]}
    queries = asked(published)
    rows = sum(pyarrow.parquet.read_metadata(path).num_rows for path in published[TABLE])
    print(f"{rows} rows of {TABLE}; medians of {TIMES}, ms, of the first; of the others, their times by its times")
    engines, names = {}, list(LAYOUTS)
    for number, (name, changed) in enumerate(LAYOUTS.items()):
        files, sizes = zip(*written(published[TABLE], pathlib.Path(temp) / str(number), CHOSEN | changed))
        engines[name] = Engine(data, {TABLE: list(files)})
        print(f"{number}  {name:24} {sum(sizes) / rows:6.1f} bytes a row")
    print(f"{'':24}" + "".join(f"{number:9}" for number in range(len(names))))
    ratios = []
    for query, sql in queries.items():
        samples = [[engine.ms(sql) for engine in engines.values()] for _ in range(TIMES + 1)][1:]
        first, *others = (statistics.median(column) for column in zip(*samples))
        ratios.append([other / first for other in others])
        print(f"{query:24}{first:9.1f}" + "".join(f"{ratio:9.2f}" for ratio in ratios[-1]), flush=True)
    print(f"{'geometric mean':33}" + "".join(f"{geometric_mean(column):9.2f}" for column in zip(*ratios)))
    for engine in engines.values():
        engine.close()
