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
import threading
import time

PROGRAM = os.environ["READINGROOM_PROGRAM"]
SCALE = os.environ.get("BENCH_SCALE", "medium")
SAMPLE_S = 0.05


def children_of(pid):
    """The processes that a process has started, and those that they have."""
    for task in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            yield int(child)
            yield from children_of(child)


def peak_kb(pid):
    """The most memory that a process has had until now."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+)", status).group(1))


class Watch(threading.Thread):
    """Looks again and again how much memory a process and those below it have had."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid, self.own, self.workers, self.is_over = pid, 0, 0, False

    def run(self):
        while not self.is_over:
            try:
                self.own = max(self.own, peak_kb(self.pid))
                self.workers = max([self.workers, *(peak_kb(child) for child in children_of(self.pid))])
            except (FileNotFoundError, ProcessLookupError, AttributeError):
                pass  # It ended while it was looked at.
            time.sleep(SAMPLE_S)


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
