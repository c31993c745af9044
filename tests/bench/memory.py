"""The most memory that a program and the processes below it have had."""

import pathlib
import re
import threading
import time

SAMPLE_S = 0.02


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
