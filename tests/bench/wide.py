"""SELECT * of a million rows over loopback, and what it costs the gateway in memory."""

import os
import time

from room import AS_OF, Room, csv_of_listings

with Room() as room:
    room.run("publish", "listings", csv_of_listings(room.temp.name), "--as-of", AS_OF)
    room.serve()
    room.ask("SELECT count(*) FROM listings")
    before = room.peak_mb()
    print(f"cores {os.cpu_count()}, SELECT * of a million listings; gateway's peak before: {before} MB")
    for name, accept in (("arrow", "application/vnd.apache.arrow.stream"), ("csv", "text/csv"), ("json", "application/json"),
                         ("parquet", "application/vnd.apache.parquet")):
        seconds = []
        for _ in range(3):
            begin = time.perf_counter()
            length = room.ask("SELECT * FROM listings", accept)
            seconds.append(time.perf_counter() - begin)
        best = min(seconds)
        print(f"{name:8}{length / 1e6:9.1f} MB {best:7.2f} s {length / 1e6 / best:9.0f} MB/s   peak {room.peak_mb()} MB")
