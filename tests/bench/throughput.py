"""Questions per second with few and many callers, how long they queue, and how who asks now and then fares beside a flood.

    tests/bench/run throughput.py

Each caller has a connection of its own and asks for a small aggregate again as soon as it has the answer. Callers share projects,
since a project may have a share of the workers only.
"""

import asyncio
import json
import os
import time
import urllib.request

from room import AS_OF, Room, csv_of_listings

SQL = "SELECT count(*) AS n, max(price_eur) AS most FROM listings WHERE category_id = 'c7'"
CALLERS = (1, 8, 64, 512)
PROJECTS = 8
SECONDS = float(os.environ.get("BENCH_SECONDS", "10"))
SETTINGS = "[workers]\nqueue_max = 1024\nqueue_wait_ms = 60000\n"


def waited(url):
    """Seconds that questions have waited for a worker in all, and how many did."""
    lines = urllib.request.urlopen(f"{url}/metrics").read().decode().splitlines()
    of = lambda suffix: next((float(line.rsplit(" ", 1)[1]) for line in lines
                              if line.startswith(f'reading_room_query_phase_seconds_{suffix}{{phase="wait"')), 0.0)
    return of("sum"), of("count")


async def ask(reader, writer, host, token):
    """Asks once over an open connection; gives the status."""
    body = json.dumps({"sql": SQL}).encode()
    head = (f"POST /v1/queries HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n")
    writer.write(head.encode() + body)
    answer = await reader.readuntil(b"\r\n\r\n")
    length = next(int(line.split(b":")[1]) for line in answer.split(b"\r\n") if line.lower().startswith(b"content-length"))
    await reader.readexactly(length)
    return int(answer.split(b" ", 2)[1])


async def caller(host, token, end, pause=0.0):
    """Asks until the end; gives how long each answer took, and how many were turned away."""
    name, port = host.split(":")
    reader, writer = await asyncio.open_connection(name, int(port))
    times, refused = [], 0
    while time.perf_counter() < end:
        begin = time.perf_counter()
        if await ask(reader, writer, host, token) == 200:
            times.append(time.perf_counter() - begin)
        else:
            refused += 1
            await asyncio.sleep(0.05)
        await asyncio.sleep(pause)
    writer.close()
    return times, refused


def percentile(times, share):
    return sorted(times)[int(len(times) * share)] * 1e3 if times else float("nan")


async def crowd(room, tokens, count):
    end = time.perf_counter() + SECONDS
    told = await asyncio.gather(*(caller(room.host, tokens[number % len(tokens)], end) for number in range(count)))
    return [took for times, _ in told for took in times], sum(refused for _, refused in told)


async def beside(room, flood, token):
    """Who asks twenty times a second, alone and beside a project that floods."""
    alone, _ = await caller(room.host, token, time.perf_counter() + SECONDS, 0.05)
    end = time.perf_counter() + SECONDS
    told = await asyncio.gather(caller(room.host, token, end, 0.05), *(caller(room.host, flood, end) for _ in range(64)))
    return alone, told[0][0], sum(len(times) for times, _ in told[1:])


with Room(SETTINGS) as room:
    room.run("publish", "listings", csv_of_listings(room.temp.name), "--as-of", AS_OF)
    room.serve()
    tokens = [room.member(f"m{number}")[1] for number in range(PROJECTS)]
    print(f"cores {os.cpu_count()}, {SECONDS:.0f} s each: {SQL}")
    print(f"{'callers':>8}{'answers/s':>12}{'p50 ms':>10}{'p99 ms':>10}{'mean wait ms':>14}{'turned away':>13}")
    for count in CALLERS:
        before = waited(room.url)
        times, refused = asyncio.run(crowd(room, tokens, count))
        after = waited(room.url)
        wait = (after[0] - before[0]) / max(1, after[1] - before[1]) * 1e3
        print(f"{count:8}{len(times) / SECONDS:12.0f}{percentile(times, 0.5):10.1f}{percentile(times, 0.99):10.1f}{wait:14.1f}{refused:13}", flush=True)
    alone, disturbed, flooded = asyncio.run(beside(room, room.token, tokens[0]))
    print(f"now and then, alone: p50 {percentile(alone, 0.5):.1f} ms, p99 {percentile(alone, 0.99):.1f} ms; "
          f"beside 64 callers of another project ({flooded / SECONDS:.0f} answers/s): "
          f"p50 {percentile(disturbed, 0.5) / percentile(alone, 0.5):.1f} times, p99 {percentile(disturbed, 0.99) / percentile(alone, 0.99):.1f} times")
