"""What every client test needs: the running demo, and a way to ask it."""

import json
import os
import pathlib
import urllib.request

import pytest

MEDIA_TYPES = {
    "json": "application/json",
    "ndjson": "application/x-ndjson",
    "csv": "text/csv",
    "arrow": "application/vnd.apache.arrow.stream",
    "parquet": "application/vnd.apache.parquet",
}


class Room:
    """A reading room as a researcher's script sees it."""

    def __init__(self, card):
        self.url = card["url"]
        self.tokens = card["tokens"]
        self.log_key = card["log_key"]

    def ask(self, sql, form="json", role="researcher", **more):
        """The answer's bytes and headers."""
        body = json.dumps({"sql": sql, **more}).encode()
        headers = {
            "Authorization": f"Bearer {self.tokens[role]}",
            "Content-Type": "application/json",
            "Accept": MEDIA_TYPES[form],
        }
        request = urllib.request.Request(f"{self.url}/v1/queries", body, headers)
        with urllib.request.urlopen(request) as response:
            return response.read(), response.headers


@pytest.fixture(scope="session")
def data():
    return pathlib.Path(os.environ["READINGROOM_DATA"])


@pytest.fixture(scope="session")
def room(data):
    return Room(json.loads((data / "demo.json").read_text()))
