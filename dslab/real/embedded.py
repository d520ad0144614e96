"""An embedded server: a keeper process, the server it keeps, and the way to be rid of both.

What is guaranteed, and by whom:

| what happens to this Python                     | who cleans up                                                        |
|-------------------------------------------------|----------------------------------------------------------------------|
| ``close()``, end of ``with``, exception, normal exit, the object is dropped | `stop`: closes the line and waits until the keeper is done |
| KeyboardInterrupt while starting, using, closing | the same; an interrupt cannot reach the keeper or the server         |
| SIGTERM, SIGKILL, crash, out of memory          | the keeper, within a second: its line closes by itself               |
| a fork of it outlives it and holds the line     | the keeper, which also looks twice a second whether its parent is gone |
| the keeper is killed                            | Linux ends the server at once; `stop` then removes the folder        |
| both are killed in the same moment              | Linux ends the server; its folder stays in the temporary folder      |

A server that a URL names has no keeper: `close`, an exception, an interrupt and a normal exit remove our schema or our
keys, a signal that ends this Python at once (SIGTERM, SIGKILL) leaves them there, under names that begin with "dslab".
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dslab.real.unavailable import Unavailable

KEEPER = Path(__file__).with_name("keeper.py")
START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 20.0
# Ctrl-C and Jupyter's stop button go to a whole group of processes; the keeper and its server have one of their own.
OUT_OF_REACH: dict[str, Any] = {"start_new_session": True}
if os.name == "nt":
    OUT_OF_REACH = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}


@dataclass
class Kept:
    """A running server and its keeper: the keeper's process, the server's process id, folder and address."""

    keeper: subprocess.Popen
    pid: int
    folder: Path
    address: dict[str, Any]
    owner: int


def has_unix_sockets() -> bool:
    """Tell whether a server is reached by a socket in its folder; otherwise (Windows) by the loopback and a password."""
    return os.name != "nt"


def start(name: str, job: dict[str, Any]) -> Kept:
    """Start a keeper with ``job`` and wait until its server answers.

    Args:
        name: the server's name for an error sentence, "PostgreSQL".
        job: what `keeper.py` reads: kind, programs, settings (all values strings).

    Raises:
        Unavailable: the server did not start; nothing is left of it.
    """
    folders = list(
        dict.fromkeys([tempfile.gettempdir(), "/tmp"] if os.name != "nt" else [tempfile.gettempdir()])
    )
    job = job | {
        "master": os.getpid(),
        "folders": folders,
        "socket": has_unix_sockets(),
        "timeout_s": START_TIMEOUT_S,
    }
    keeper = subprocess.Popen(
        [sys.executable, "-I", "-S", str(KEEPER)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        **OUT_OF_REACH,
    )
    try:
        with contextlib.suppress(BrokenPipeError):
            keeper.stdin.write((json.dumps(job) + "\n").encode())
            keeper.stdin.flush()
        reply = json.loads(keeper.stdout.readline() or b'{"error": "its keeper ended without a word"}')
        if "error" in reply:
            raise Unavailable(f"The embedded {name} did not start: {reply['error']}.")
        kept = Kept(keeper, reply.pop("pid"), Path(reply.pop("folder")), reply, os.getpid())
    except BaseException:
        _let_go(keeper)
        raise
    keeper.stdout.close()
    return kept


def stop(kept: Kept) -> None:
    """Stop the server and wait until its process and its folder are gone; in a fork of its owner, do nothing."""
    if os.getpid() != kept.owner:
        return
    _let_go(kept.keeper)
    if kept.folder.exists():  # the keeper was killed, so its work is left to us
        _finish(kept)


def _let_go(keeper: subprocess.Popen) -> None:
    """Close the line, which is the keeper's sign to clean up, and wait for it.

    An interrupt here ends the waiting, not the clean-up.
    """
    for pipe in (keeper.stdin, keeper.stdout):
        with contextlib.suppress(OSError):
            pipe.close()
    try:
        keeper.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        keeper.kill()
        keeper.wait()


def _finish(kept: Kept) -> None:
    """Do what a killed keeper could not: end the server if it still runs, remove the folder."""
    from dslab.real.keeper import remove

    end = time.monotonic() + STOP_TIMEOUT_S
    while belongs_to(kept.pid, kept.folder) and time.monotonic() < end:
        with contextlib.suppress(OSError):
            os.kill(kept.pid, getattr(signal, "SIGQUIT", signal.SIGTERM))
        time.sleep(0.05)
    remove(str(kept.folder))


def belongs_to(pid: int, folder: Path) -> bool:
    """Tell whether process ``pid`` runs and was started with ``folder`` on its command line.

    A process id may be used again by somebody else; the private folder's name is not.
    """
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        if sys.platform.startswith("linux") or os.name == "nt":
            return False
        command = subprocess.run(
            ["ps", "-p", str(pid), "-o", "args="], capture_output=True, check=False
        ).stdout
    return os.fsencode(folder) in command
