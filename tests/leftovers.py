"""What a run of tests left behind: processes that it started, and folders of embedded servers.

Every process that a run starts inherits an environment variable, whoever starts it and wherever it moves to; a process
that still has it after the run was left behind. ``python tests/leftovers.py COMMAND ...`` runs a command that way and
exits with 1 where something stays, else with the command's own code.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

import psutil

VARIABLE = "DSLAB_TEST_RUN"
GRACE_S = 3.0  # a server whose owner was killed is gone within a second or two


def new_mark() -> str:
    """Give a value of the variable that no other run has."""
    return uuid.uuid4().hex


def marked(mark: str) -> list[str]:
    """Give the running processes that carry a mark, this one excepted: process id and command."""
    found = []
    for process in psutil.process_iter():
        try:
            command = " ".join(process.cmdline())
            if process.pid == os.getpid() or "multiprocessing.resource_tracker" in command:
                continue  # the tracker belongs to this interpreter and ends with it
            if process.status() != psutil.STATUS_ZOMBIE and process.environ().get(VARIABLE) == mark:
                found.append(f"process {process.pid}: {command[:120]}")
        except (psutil.Error, OSError):
            continue  # gone meanwhile, or somebody else's
    return found


def left(mark: str, grace_s: float = GRACE_S) -> list[str]:
    """Give what still runs after at most ``grace_s`` seconds."""
    until = time.monotonic() + grace_s
    while (found := marked(mark)) and time.monotonic() < until:
        time.sleep(0.1)
    return found


def folders(temporary: Path) -> list[str]:
    """Give the folders of embedded servers in a temporary folder."""
    return sorted(f"folder {path}" for path in temporary.glob("dslab-*"))


def main(command: list[str]) -> int:
    """Run a command with a mark and a temporary folder of its own, and say what it left."""
    mark = new_mark()
    with tempfile.TemporaryDirectory(prefix="run-") as temporary:
        os.chmod(temporary, 0o755)  # a PostgreSQL that root starts runs as another user, who has to get in
        code = subprocess.run(
            command, env=os.environ | {VARIABLE: mark, "TMPDIR": temporary}, check=False
        ).returncode
        found = left(mark) + folders(Path(temporary))
    for what in found:
        print(f"left behind: {what}", file=sys.stderr)
    return code or bool(found)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
