"""Sends each row of the table of hostile questions, and says what came of it: code, time, memory, and how a neighbour fared.

    tests/bench/run hostile.py

The neighbour asks for a small aggregate again and again; its times beside a hostile question are given as a ratio to undisturbed ones.
"""

import http.client
import json
import pathlib
import threading
import time

from memory import Watch
from room import AS_OF, Room, csv_of_listings

TABLE = pathlib.Path(__file__).parents[1] / "it/sandbox/hostile.json"
SMALL = "SELECT count(*) AS n, max(price_eur) AS most FROM listings WHERE category_id = 'c7'"
UNDISTURBED_S = 10


def text(parts):
    """The SQL of a row: each part as it stands, or so many times with its number."""
    def made(part):
        if isinstance(part, str):
            return part
        times, repeated = part
        return "".join(repeated.replace("{}", str(n)).replace("{+1}", str(n + 1)).replace("{-1}", str(n - 1)) for n in range(1, times + 1))
    return "".join(map(made, parts))


class Neighbour(threading.Thread):
    """Asks again and again, and notes when and for how long."""

    def __init__(self, room, token):
        super().__init__(daemon=True)
        self.room, self.token, self.times, self.is_over = room, token, [], False

    def run(self):
        connection = http.client.HTTPConnection(self.room.host)
        while not self.is_over:
            begin = time.perf_counter()
            status, problem = self.room.send(self.token, {"sql": SMALL}, connection)
            assert status == 200, problem
            self.times.append((begin, time.perf_counter() - begin))

    def since(self, moment):
        """Median and 99th percentile of the answers to what was asked since then, in ms."""
        times = sorted(took for begin, took in self.times if begin >= moment) or [0.0]
        return times[len(times) // 2] * 1e3, times[len(times) * 99 // 100] * 1e3


with Room() as room:
    room.run("publish", "listings", csv_of_listings(room.temp.name), "--as-of", AS_OF)
    room.serve()
    neighbour = Neighbour(room, room.member("eve")[1])
    neighbour.start()
    time.sleep(UNDISTURBED_S)
    alone = neighbour.since(0)
    print(f"neighbour undisturbed: p50 {alone[0]:.1f} ms, p99 {alone[1]:.1f} ms, {len(neighbour.times)} answers")
    print(f"{'':52}{'status and code':26}{'s':>7}{'gateway MB':>12}{'workers MB':>12}{'p50 ratio':>11}{'p99 ratio':>11}")
    hostile_since = time.perf_counter()
    for row in json.loads(TABLE.read_text()):
        watch = Watch(room.server.pid)
        watch.start()
        begin = time.perf_counter()
        status, problem = room.send(room.token, {"sql": text(row["sql"]), **({"limits": row["limits"]} if "limits" in row else {})})
        took = time.perf_counter() - begin
        watch.is_over = True
        p50, p99 = neighbour.since(begin)
        what = f"{status} {problem['code'] if problem else ''} {problem.get('limit', {}).get('name', '') if problem else ''}"
        print(f"{row['name']:52}{what:42}{took:7.2f}{watch.own / 1024:12.0f}{watch.workers / 1024:12.0f}"
              f"{p50 / alone[0]:11.1f}{p99 / alone[1]:11.1f}", flush=True)
    beside = neighbour.since(hostile_since)
    neighbour.is_over = True
    neighbour.join()
    print(f"neighbour beside all of it: p50 {beside[0] / alone[0]:.1f} times, p99 {beside[1] / alone[1]:.1f} times; gateway {room.peak_mb()} MB")
