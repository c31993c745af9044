"""How long a question goes on after it was cancelled, after its grant was revoked, after its caller hung up.

    tests/bench/run cancel.py

Each is done in the middle of a scan, a sort, a hash join and a cross join, and the time counts until the worker's process is gone.
"""

import http.client
import json
import os
import time

from memory import children_of
from room import AS_OF, Room, csv_of_listings

MANY = ", ".join(f"listings x{n}" for n in range(2, 6))
QUESTIONS = {
    "scan": f"SELECT max(md5(md5(md5(concat(x1.title, x1.trader_id))))) FROM listings x1 CROSS JOIN (SELECT 1 FROM listings LIMIT 5000) AS n",
    "sort": f"SELECT count(t) FROM (SELECT md5(x1.title) AS t FROM listings x1 CROSS JOIN (SELECT 1 FROM listings LIMIT 500) AS n ORDER BY 1 LIMIT 400000000) AS s",
    "hash join": "SELECT count(md5(a.title)) FROM listings a JOIN listings b ON a.category_id = b.category_id JOIN listings c ON b.category_id = c.category_id",
    "cross join": f"SELECT count(*) FROM listings x1, {MANY} WHERE x1.price_eur + x5.price_eur < 0",
}
RUNS_FOR_S = 1.0


def worker_of(room):
    """The process that is busiest."""
    def used(pid):
        fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12])
    return max(children_of(room.server.pid), key=used)


def gone(pid):
    """Waits until a process is gone; gives when that was."""
    while os.path.exists(f"/proc/{pid}"):
        time.sleep(0.0005)
    return time.perf_counter()


def ask(room, token, sql, waits):
    """Sends a question; gives its connection, and its address where it is not waited for."""
    connection = http.client.HTTPConnection(room.host)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    if not waits:
        headers["Prefer"] = "respond-async"
    connection.request("POST", "/v1/queries", json.dumps({"sql": sql}), headers)
    return connection, None if waits else connection.getresponse().getheader("Location")


def cancel(room, token, sql):
    _, address = ask(room, token, sql, waits=False)
    time.sleep(RUNS_FOR_S)
    worker, begin = worker_of(room), time.perf_counter()
    connection = http.client.HTTPConnection(room.host)
    connection.request("DELETE", address, headers={"Authorization": f"Bearer {token}"})
    assert connection.getresponse().status == 204
    return gone(worker) - begin


def hang_up(room, token, sql):
    connection, _ = ask(room, token, sql, waits=True)
    time.sleep(RUNS_FOR_S)
    worker, begin = worker_of(room), time.perf_counter()
    connection.close()
    return gone(worker) - begin


def revoke(room, _, sql):
    project, token = room.member("eve")
    ask(room, token, sql, waits=False)
    time.sleep(RUNS_FOR_S)
    worker, begin = worker_of(room), time.perf_counter()
    # The time of the command counts, which starts a program and speaks to the server.
    room.run("project", "suspend", project, "--reason", "measured")
    return gone(worker) - begin


with Room() as room:
    room.run("publish", "listings", csv_of_listings(room.temp.name), "--as-of", AS_OF)
    room.serve()
    print(f"{'ms until the worker is gone':28}" + "".join(f"{name:>12}" for name in QUESTIONS))
    for stop in (cancel, hang_up, revoke):
        times = [stop(room, room.token, sql) * 1e3 for sql in QUESTIONS.values()]
        print(f"{stop.__name__:28}" + "".join(f"{ms:12.0f}" for ms in times), flush=True)
