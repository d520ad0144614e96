"""What the tests of the real parts share: a Python of its own that holds servers, and looking for what is left."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from dslab import real

ROOT = Path(__file__).resolve().parents[2]
WAIT_S = 20.0
HOLDS = """
import json, os, sys, time
from dslab import real
{body}
print(json.dumps([[server.pid, str(server.folder), server._finish.peek()[2][1].keeper.pid] for server in servers]), flush=True)
{then}
"""


def skip_where_missing(*parts: str) -> None:
    """Skip, with what to install, where a part is not installed; one that is installed and does not start is a failure."""
    for row in real.available():
        if row["part"] in parts and not row["ready"]:
            pytest.skip(row["remedy"])


def runs(pid: int) -> bool:
    """Tell whether a process runs; one that has ended but was not collected yet does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def eventually(test: Callable[[], bool], wait_s: float = WAIT_S) -> bool:
    """Wait until ``test()`` is true; tells whether it became so in time."""
    end = time.monotonic() + wait_s
    while not test():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


@dataclass
class Place:
    """A temporary folder of its own for a Python, so that whatever appears in it is that Python's."""

    folder: Path
    processes: list[subprocess.Popen] = field(default_factory=list)

    def contents(self) -> list[str]:
        """Give the names of what the servers have in the folder."""
        return sorted(path.name for path in self.folder.glob("dslab-*"))

    def inhabitants(self) -> list[int]:
        """Give the processes that were told of the folder, by their environment or on their command line."""
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error, OSError):
                told = [process.environ().get("TMPDIR", ""), *process.cmdline()]
                if str(self.folder) in " ".join(told) and runs(process.pid):
                    found.append(process.pid)
        return found

    def start(self, body: str, then: str = "time.sleep(60)") -> subprocess.Popen:
        """Run a Python that makes the list ``servers``, says what it holds, and then does something else."""
        process = subprocess.Popen(
            [sys.executable, "-c", HOLDS.format(body=body, then=then)],
            env=os.environ | {"TMPDIR": str(self.folder), "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        self.processes.append(process)
        return process

    def nothing_left(self) -> bool:
        """Wait until no process and no file is left; tells whether that came to be."""
        return eventually(lambda: not self.contents() and not self.inhabitants())


def held(process: subprocess.Popen) -> list[tuple[int, str, int]]:
    """Read what a Python holds: for each server its process, its folder, its keeper's process."""
    line = process.stdout.readline()
    assert line, process.stderr.read().decode()
    return [tuple(server) for server in json.loads(line)]


@contextlib.contextmanager
def own_place() -> Iterator[Place]:
    """Make a `Place` with a short path that any user may enter; afterwards end what is left there."""
    place = Place(Path(tempfile.mkdtemp(prefix="dslab-test-", dir="/tmp")))
    place.folder.chmod(0o777)
    try:
        yield place
    finally:
        for process in place.processes:
            process.kill()
            process.communicate()
        for pid in place.inhabitants():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        eventually(lambda: not place.inhabitants())  # a signal takes effect a moment later
        shutil.rmtree(place.folder, ignore_errors=True)
