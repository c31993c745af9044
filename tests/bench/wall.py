"""What the wall costs: the same questions at level `strict`, at level `off`, and of the engine in this process's neighbour without a worker.

    tests/bench/run wall.py

A one-row question, R01 to R15 of a small demo world, and the time from a cold pool to the first answer. The rooms are asked in turn.
"""

import http.client
import os
import pathlib
import statistics
import subprocess
import time

from engines import Engine, current_files, geometric_mean, QUESTIONS
from room import PROGRAM, Room

TIMES = int(os.environ.get("BENCH_TIMES", "9"))
COLD = "[workers]\nwarm = 0\nidle_s = 0\n"
ONE_ROW = "SELECT category, count(*) AS n FROM moderation_actions GROUP BY 1 LIMIT 1"
DATASETS = ("moderation_actions",)


def world(room):
    """Publishes the newest edition of the small world."""
    exports = pathlib.Path(room.temp.name) / "world"
    subprocess.run([PROGRAM, "generate", "--out", exports, "--scale", "small"], check=True, stdout=subprocess.DEVNULL)
    newest = max((exports / "editions").iterdir())
    room.run("publish", "--edition", newest, "--as-of", newest.name)
    return [file.name for file in (room.data / "snapshots").iterdir()]


def timed(room, token, sql):
    begin = time.perf_counter()
    status, problem = room.send(token, {"sql": sql}, room.connection, Accept="application/vnd.apache.arrow.stream")
    assert status == 200, problem
    return (time.perf_counter() - begin) * 1e3


def median_of(ask):
    return statistics.median(ask() for _ in range(TIMES))


with Room() as strict, Room() as off:
    datasets = world(strict)
    world(off)
    questions = {"one row": ONE_ROW} | {file.stem: file.read_text() for file in sorted(QUESTIONS.glob("R*.sql"))}
    tokens = []
    for room, level in ((strict, "strict"), (off, "off")):
        room.serve(level)
        tokens.append(room.member("grace", datasets)[1])
    engine = Engine(off.data, dict(current_files(off.data)))
    print(f"cores {os.cpu_count()}, medians of {TIMES}, ms; ratios to level off")
    print(f"{'':10}{'strict':>10}{'off':>10}{'engine':>10}{'strict/off':>12}")
    ratios = []
    for name, sql in questions.items():
        for room, token in zip((strict, off), tokens):
            timed(room, token, sql)
        engine.ms(sql)
        walled, bare = median_of(lambda: timed(strict, tokens[0], sql)), median_of(lambda: timed(off, tokens[1], sql))
        alone = median_of(lambda: engine.ms(sql))
        ratios.append(walled / bare)
        print(f"{name:10}{walled:10.1f}{bare:10.1f}{alone:10.1f}{walled / bare:12.2f}", flush=True)
    print(f"{'geometric mean':40}{geometric_mean(ratios):12.2f}")
    engine.close()

for level in ("strict", "off"):
    with Room(COLD) as room:
        world(room)
        room.serve(level)
        token = room.member("grace", DATASETS)[1]
        cold = median_of(lambda: timed(room, token, ONE_ROW))
        print(f"from a cold pool to the answer, {level:8} {cold:10.1f} ms")
