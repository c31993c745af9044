"""R01 to R15 and a scan set on a demo world: our engine and DuckDB, each on our files and on those of DuckDB's own `COPY`.

    tests/bench/run questions.py                         a medium world, generated and published first
    BENCH_DATA=FOLDER tests/bench/run questions.py       a data folder that is there

The engine runs by itself (`engine.rs`), with no gateway before it, and writes Arrow; DuckDB hands over Arrow as well.
Both have the same threads and memory. Engines take turns; medians, and ratios of one run.
"""

import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

import duckdb

from engines import QUESTIONS, THREADS, Duck, Engine, asked, current_files, geometric_mean

PROGRAM = os.environ["READINGROOM_PROGRAM"]
SCALE = os.environ.get("BENCH_SCALE", "medium")
TIMES = int(os.environ.get("BENCH_QUERY_TIMES", "5"))


def copies(files, folder):
    """Each dataset as DuckDB writes it by default: the same rows in the same order, in one file."""
    for name, paths in files.items():
        own = pathlib.Path(folder) / f"{name}.parquet"
        if not own.exists():
            duckdb.execute(f"COPY (SELECT * FROM read_parquet({paths!r})) TO '{own}' (FORMAT parquet)")
        yield name, [str(own)]


def measure(data, folder):
    """Asks everything of every engine; prints a table."""
    ours = dict(current_files(data))
    theirs = dict(copies(ours, folder))
    engines = {"ours": Engine(data, ours), "duckdb": Duck(ours), "ours, its": Engine(data, theirs), "duckdb, its": Duck(theirs)}
    rows = {name: Duck(ours).connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in ours}
    print(f"threads {THREADS}, medians of {TIMES}, ms; {sum(rows.values())} rows, of them "
          + ", ".join(f"{name} {rows[name]}" for name in ("moderation_actions", "statements_of_reasons", "listings") if name in rows))
    print(f"{'':24}" + "".join(f"{name:>13}" for name in engines) + f"{'same files':>13}{'its files':>12}")
    ratios = []
    for name, sql in asked(ours).items():
        samples = [[engine.ms(sql) for engine in engines.values()] for _ in range(TIMES + 1)][1:]
        a, b, c, d = (statistics.median(column) for column in zip(*samples))
        ratios.append((a / b, c / d))
        print(f"{name:24}" + "".join(f"{ms:13.1f}" for ms in (a, b, c, d)) + f"{a / b:13.2f}{c / d:12.2f}", flush=True)
    print(f"{'geometric mean':76}" + "".join(f"{geometric_mean(column):13.2f}" for column in zip(*ratios)))
    for engine in engines.values():
        if isinstance(engine, Engine):
            engine.close()


with tempfile.TemporaryDirectory(prefix="reading-room-questions-", dir=os.environ.get("BENCH_DIR")) as temp:
    if not QUESTIONS.is_dir():
        sys.exit("skipped: the questions are not here")
    data = pathlib.Path(os.environ.get("BENCH_DATA") or pathlib.Path(temp) / "data")
    if not data.exists():
        world = pathlib.Path(temp) / "world"
        for words in (["generate", "--out", world, "--scale", SCALE], ["init", "--data", data]):
            subprocess.run([PROGRAM, *map(str, words)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        newest = max((world / "editions").iterdir())
        subprocess.run([PROGRAM, "publish", "--edition", newest, "--as-of", newest.name, "--data", data], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    measure(data, os.environ.get("BENCH_COPIES") or temp)
