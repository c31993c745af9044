"""The engines that are compared, and what they are asked: our engine by itself (`engine.rs`), and DuckDB, over the same files."""

import json
import math
import os
import pathlib
import statistics
import subprocess
import time

import duckdb

ROOT = pathlib.Path(__file__).parents[2]
QUESTIONS = pathlib.Path(os.environ.get("READINGROOM_QUESTIONS", ROOT.parent / "shared" / "questions"))
ONLY = os.environ.get("BENCH_ONLY", "")
THREADS = os.cpu_count()
MEMORY_BYTES = 4 << 30

# What is asked of every large dataset; the names in braces are drawn from the data.
SCANS = {
    "count": "SELECT count(*) AS n FROM moderation_actions",
    "group by category": "SELECT category, count(*) AS n FROM moderation_actions GROUP BY 1",
    "group by four codes": "SELECT decision_ground, category, source_type, detection_stage, count(*) AS n, "
                           "sum(orders_before_action_eu) AS orders FROM moderation_actions GROUP BY 1, 2, 3, 4",
    "daily series": "SELECT date_trunc('day', decided_at) AS day, count(*) AS n FROM moderation_actions "
                    "WHERE category = '{category}' GROUP BY 1 ORDER BY 1",
    "top 20 traders": "SELECT trader_id, count(*) AS n FROM moderation_actions GROUP BY 1 ORDER BY n DESC, 1 LIMIT 20",
    "repeat offenders": "SELECT trader_id, category, count(*) AS n FROM moderation_actions GROUP BY 1, 2 HAVING count(*) > 3",
    "look-up by id": "SELECT * FROM moderation_actions WHERE action_id = '{action}'",
    "one trader's history": "SELECT action_id, decided_at, category, decision_ground FROM moderation_actions "
                            "WHERE trader_id = '{trader}' ORDER BY decided_at, 1",
    "count distinct": "SELECT count(DISTINCT trader_id) AS n FROM moderation_actions",
    "percentile": "SELECT percentile_cont(0.95) WITHIN GROUP (ORDER BY exposure_before_action_eu) AS p FROM moderation_actions",
    "percentile by category": "SELECT category, percentile_cont(0.95) WITHIN GROUP (ORDER BY exposure_before_action_eu) AS p "
                              "FROM moderation_actions GROUP BY 1",
    "join with listings": "SELECT l.category_id, count(*) AS n FROM moderation_actions a JOIN listings l ON l.listing_id = a.listing_id "
                          "GROUP BY 1 ORDER BY n DESC, 1",
    "one week": "SELECT category, count(*) AS n FROM moderation_actions WHERE decided_at >= TIMESTAMP '2026-03-02' "
                "AND decided_at < TIMESTAMP '2026-03-09' GROUP BY 1",
    "latest 50": "SELECT action_id, decided_at FROM moderation_actions ORDER BY 2 DESC, 1 LIMIT 50",
    "platform series": "SELECT date_trunc('day', created_at) AS day, count(*) AS n FROM statements_of_reasons "
                       "WHERE platform_name = '{platform}' GROUP BY 1 ORDER BY 1",
    "statements by ground": "SELECT decision_ground, category, count(*) AS n FROM statements_of_reasons GROUP BY 1, 2",
    "text search": "SELECT count(*) AS n FROM statements_of_reasons WHERE decision_facts LIKE '%{word}%'",
}


def current_files(data):
    """The Parquet files of each dataset of the newest edition."""
    newest = max(data.glob("editions/e-*.json"), key=lambda file: int(file.stem[2:]))
    for name, snapshot in json.loads(newest.read_text())["snapshots"].items():
        folder = data / "snapshots" / name / snapshot["id"]
        manifest = json.loads((folder / "datapackage.json").read_text())
        yield name, [str((folder / resource["path"]).resolve()) for resource in manifest["resources"]]


def codebook_of(data, name):
    """The codebook that a dataset was published by."""
    return json.loads(next((data / "snapshots" / name).glob("*/codebook.json")).read_text())


class Duck:
    """DuckDB over some files."""

    def __init__(self, files):
        self.connection = duckdb.connect()
        self.connection.execute(f"SET threads = {THREADS}; SET memory_limit = '{MEMORY_BYTES}B'; SET TimeZone = 'UTC'")
        for name, paths in files.items():
            self.connection.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet({paths!r})")

    def ms(self, sql):
        begin = time.perf_counter()
        self.connection.sql(sql).to_arrow_table()
        return (time.perf_counter() - begin) * 1e3


class Engine:
    """Our engine over some files, in a process of its own."""

    def __init__(self, data, files):
        self.begin([{"codebook": codebook_of(data, name), "files": paths} for name, paths in files.items()])

    @classmethod
    def over(cls, datasets, **house):
        """The engine over datasets with codebooks of their own, and more that `engine.rs` is told at first."""
        engine = cls.__new__(cls)
        engine.begin(datasets, **house)
        return engine

    def begin(self, datasets, **house):
        self.process = subprocess.Popen([os.environ["READINGROOM_ENGINE"]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.send({"threads": THREADS, "memory_bytes": MEMORY_BYTES, "datasets": datasets, **house})

    def send(self, line):
        self.process.stdin.write(json.dumps(line) + "\n")
        self.process.stdin.flush()

    def ms(self, sql):
        self.send({"sql": sql})
        return json.loads(self.process.stdout.readline())["ms"]

    def csv(self, sql):
        """The rows of an answer, without the header."""
        self.send({"sql": sql, "csv": True})
        return json.loads(self.process.stdout.readline())["csv"].split("\r\n")[1:-1]

    def close(self):
        self.process.stdin.close()
        self.process.wait()


# Values that there are, for the names in braces.
DRAWN = {
    "category": "SELECT mode(category) FROM moderation_actions",
    "action": "SELECT action_id FROM moderation_actions LIMIT 1 OFFSET 4321",
    "trader": "SELECT trader_id FROM moderation_actions GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1 OFFSET 100",
    "platform": "SELECT mode(platform_name) FROM statements_of_reasons",
    "word": "SELECT 'counterfeit'",
}


def asked(files):
    """All questions by their names, as far as these datasets can answer them."""
    duck = Duck(files).connection
    drawn = {name: duck.execute(sql).fetchone()[0] if can_be_asked(duck, sql) else "" for name, sql in DRAWN.items()}
    queries = {name: sql.format(**drawn) for name, sql in SCANS.items()}
    queries |= {file.stem: file.read_text() for file in sorted(QUESTIONS.glob("R*.sql"))}
    return {name: sql for name, sql in queries.items() if ONLY in name and can_be_asked(duck, sql)}


def can_be_asked(duck, sql):
    """Whether all that a question names is there: a folder may hold some of the datasets."""
    try:
        duck.execute("EXPLAIN " + sql)
    except duckdb.CatalogException:
        return False
    return True


def geometric_mean(ratios):
    """The mean of ratios."""
    return math.exp(statistics.fmean(map(math.log, ratios)))
