"""Generates and publishes a whole demo world, and says what each step took: rows, time, disk, the most memory of each process.

    tests/bench/run worlds.py           the medium world, about 10⁷ rows
    BENCH_SCALE=large tests/bench/run worlds.py
"""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import time

from memory import Watch

PROGRAM = os.environ["READINGROOM_PROGRAM"]
SCALE = os.environ.get("BENCH_SCALE", "medium")


def step(name, *words):
    """Runs a command; says its time and memory; gives what it printed."""
    begin = time.perf_counter()
    process = subprocess.Popen([PROGRAM, *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    watch = Watch(process.pid)
    watch.start()
    said = process.communicate()[0]
    watch.is_over = True
    seconds = time.perf_counter() - begin
    assert process.returncode == 0, f"{name} failed: {said}"
    print(f"{name:28} {seconds:8.1f} s   program {watch.own / 1024:6.0f} MB   workers {watch.workers / 1024:6.0f} MB", flush=True)
    return said, seconds


def size_of(folder):
    """The bytes of all files below a folder."""
    return sum(file.stat().st_size for file in pathlib.Path(folder).rglob("*") if file.is_file())


with tempfile.TemporaryDirectory(prefix="reading-room-world-", dir=os.environ.get("BENCH_DIR")) as temp:
    print(f"scale {SCALE}, cores {os.cpu_count()}, free disk {shutil.disk_usage(temp).free / 1e9:.0f} GB")
    world, data = pathlib.Path(temp) / "world", pathlib.Path(temp) / "data"
    step("generate", "generate", "--out", world, "--scale", SCALE, "--seed", 1)
    print(f"{'':28} exports {size_of(world) / 1e9:.2f} GB")
    step("init", "init", "--data", data)
    for edition in sorted((world / "editions").iterdir()):
        said, seconds = step(f"publish {edition.name}", "publish", "--edition", edition, "--as-of", edition.name, "--data", data)
        rows = sum(int(rows.replace(" ", "")) for rows in re.findall(r"(\d+) rows read", said))
        print(f"{'':28} {rows} rows, {rows / seconds:.0f} rows/s, snapshots {size_of(data / 'snapshots') / 1e9:.2f} GB")
        shutil.rmtree(edition)
    print(f"left over in the workers' folders: {size_of(data / 'scratch') + size_of(data / 'inbox')} bytes")
