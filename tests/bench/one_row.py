"""A one-row query over HTTP, beside the same query embedded, beside the disk's fdatasync."""

import json
import os
import subprocess
import time
import urllib.request

from room import AS_OF, Room, csv_of_listings

SQL = "SELECT listing_id, price_eur FROM listings LIMIT 1"
TIMES = int(os.environ.get("BENCH_TIMES", "1000"))


def percentiles(samples):
    """The median and the 99th percentile, in milliseconds."""
    samples = sorted(samples)
    return samples[len(samples) // 2] * 1e3, samples[len(samples) * 99 // 100] * 1e3


def fdatasync(folder):
    """How long a small append takes to be durable."""
    samples = []
    with open(folder / "fdatasync", "ab", buffering=0) as file:
        for _ in range(TIMES):
            begin = time.perf_counter()
            file.write(b"x" * 1000)
            os.fdatasync(file.fileno())
            samples.append(time.perf_counter() - begin)
    return samples


def phases(url):
    """Mean milliseconds of each phase, as /metrics counts them."""
    sums, counts = {}, {}
    for line in urllib.request.urlopen(f"{url}/metrics").read().decode().splitlines():
        for suffix, into in (("_sum", sums), ("_count", counts)):
            if line.startswith(f"reading_room_query_phase_seconds{suffix}"):
                name, value = line.rsplit(" ", 1)
                into[name.split('phase="')[1].split('"')[0]] = float(value)
    return {phase: sums[phase] / counts[phase] * 1e3 for phase in sums if counts[phase]}


with Room() as room:
    room.run("publish", "listings", csv_of_listings(room.temp.name), "--as-of", AS_OF)
    room.serve()
    for _ in range(50):
        room.ask(SQL)
    asked = []
    for _ in range(TIMES):
        begin = time.perf_counter()
        room.ask(SQL)
        asked.append(time.perf_counter() - begin)
    where = phases(room.url)
    embedded = json.loads(subprocess.run(
        [os.environ["READINGROOM_EMBEDDED"], room.files()[0], SQL, str(TIMES)],
        check=True, stdout=subprocess.PIPE).stdout)
    disk = percentiles(fdatasync(room.data))
    http = percentiles(asked)
    print(f"cores {os.cpu_count()}, {TIMES} times: {SQL}")
    print(f"{'':22}{'p50 ms':>9}{'p99 ms':>9}")
    for name, (p50, p99) in (("over HTTP", http), ("embedded", (embedded['p50_ms'], embedded['p99_ms'])), ("fdatasync", disk)):
        print(f"{name:22}{p50:9.3f}{p99:9.3f}")
    added = http[0] - embedded["p50_ms"]
    print(f"{'added':22}{added:9.3f}{http[1] - embedded['p99_ms']:9.3f}")
    print(f"{'beyond 2 fdatasyncs':22}{added - 2 * disk[0]:9.3f}")
    print("mean of each phase, ms: " + ", ".join(f"{phase} {mean:.3f}" for phase, mean in where.items()))
