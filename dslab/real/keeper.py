"""The keeper: a small process that starts one server, waits until its master is gone, and then cleans up.

It is run as a script (``python -I -S keeper.py``) and needs nothing but the standard library.

| word   | meaning                                                                                       |
|--------|-----------------------------------------------------------------------------------------------|
| master | the Python that wants a server: a notebook's kernel, a test                                   |
| line   | the pipe from the master to the keeper's standard input; it closes when the master does, however it ends |
| job    | one line of JSON on that pipe: which server, where its programs are, its settings             |
| reply  | one line of JSON back: folder, process id and address of the server, or an error sentence     |

Order of things: read the job, make the folder, start the server, reply, wait until the line closes (or the master is
no longer our parent, or somebody ends the keeper), stop the server by its process id, remove the folder. Because the
keeper makes the folder and is the parent of the server, there is no moment at which either exists without somebody who
will remove it. The keeper has a session of its own, so an interrupt of the master (Ctrl-C, Jupyter's stop button) does
not reach it. On Linux the server is told to quit if the keeper itself is killed; its folder then stays until the master
closes the server.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from typing import Any

SOCKET_PATH_BYTES_MAX = 103  # macOS allows 103 bytes, Linux 107, each without the closing zero
POSTGRES_SOCKET = ".s.PGSQL.5432"
VALKEY_SOCKET = "valkey.sock"
COMPLAINT = re.compile(
    r"(?:LOG|WARNING|FATAL|PANIC|ERROR|error):\s+(.*)"
)  # as PostgreSQL and initdb write them
EXE = ".exe" if os.name == "nt" else ""
PARENT_CHECK_S = 0.5
STOP_S = 10.0  # PostgreSQL itself gives its processes 5 s before it kills them

gone = threading.Event()  # set once nobody needs the server any more


class Failure(Exception):
    """A sentence for the master: why there is no server."""


# ---------------------------------------------------------------------------------------------- who still needs us


def watch_line(line: int) -> None:
    """Set `gone` when the pipe from the master closes; the master never writes to it after the job."""
    try:
        while os.read(line, 4096):
            pass
    finally:
        gone.set()


def watch_parent(parent: int) -> None:
    """Set `gone` when we are no longer the master's child: a fork of the master may hold the line open for ever."""
    while not gone.wait(PARENT_CHECK_S):
        if os.getppid() != parent:
            gone.set()


def read_job(line: int) -> dict[str, Any] | None:
    """Read the one line of JSON; None where the master ended before it was complete."""
    text = b""
    while not text.endswith(b"\n"):
        piece = os.read(line, 65536)
        if not piece:
            return None
        text += piece
    return json.loads(text)


def wait_until(ready: Callable[[], bool], server: subprocess.Popen, timeout_s: float, log: str) -> None:
    """Wait until ``ready()``; raises Failure if the server ends, the time is over or nobody needs it any more."""
    end = time.monotonic() + timeout_s
    while not ready():
        if server.poll() is not None:
            raise Failure(f"it ended at once with code {server.returncode}: {last_words(log)}")
        if gone.wait(0.005):
            raise Failure("it was interrupted while it started")
        if time.monotonic() > end:
            raise Failure(f"it did not answer within {timeout_s:g} s: {last_words(log)}")


def last_words(log: str) -> str:
    """Give the last complaints of a server's log, or its last line, for an error sentence."""
    try:
        with open(log, errors="replace") as file:
            lines = [line.strip().rstrip(".") for line in file if line.strip()]
    except OSError:
        lines = []
    complaints = [found.group(1) for line in lines if (found := COMPLAINT.search(line))]
    return "; ".join(complaints[-2:] or lines[-1:] or ["it wrote no message"])


# ------------------------------------------------------------------------------------------------ folders and users


def make_folder(folders: list[str], name: str, socket_name: str, account: Any) -> str:
    """Make the first private folder in which a socket's path is short enough and that the server's user can enter.

    ``socket_name`` is "" where there is no socket; then no path is too long.
    """
    for parent in folders:
        longest = os.fsencode(os.path.join(parent, name + "12345678", socket_name))
        if (socket_name and len(longest) > SOCKET_PATH_BYTES_MAX) or not os.access(parent, os.W_OK | os.X_OK):
            continue
        if account is not None and not open_to_all(parent):
            continue
        folder = tempfile.mkdtemp(prefix=name, dir=parent)
        if account is not None:
            os.chown(folder, account.pw_uid, account.pw_gid)
        return folder
    raise Failure(
        f"no temporary folder is writable and short enough for a socket ({SOCKET_PATH_BYTES_MAX} bytes); "
        f"tried {', '.join(folders)}; set TMPDIR to a short one"
    )


def open_to_all(path: str) -> bool:
    """Tell whether another user may enter ``path``: the execute bit for others on it and on every parent."""
    path = os.path.realpath(path)
    while True:
        if not os.stat(path).st_mode & 0o001:
            return False
        if path == os.path.dirname(path):
            return True
        path = os.path.dirname(path)


def other_account() -> Any:
    """Give the account to run PostgreSQL under: None for our own; "nobody" where we are root, which it refuses."""
    if os.name == "nt" or os.geteuid() != 0:
        return None
    import pwd

    for name in ("nobody", "postgres", "daemon"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise Failure(
        "PostgreSQL refuses to run as root, and this system has no user nobody, postgres or daemon to run it as"
    )


def reachable_programs(binaries: str, folder: str, account: Any) -> str:
    """Give a folder with initdb and postgres that ``account`` can run: the wheel's own, or a copy inside ``folder``.

    A wheel under /root cannot be entered by another user. Opening /root to everybody would be rude, so it is copied.
    """
    if account is None or open_to_all(binaries):
        return binaries
    wheel = os.path.dirname(binaries)
    copy = os.path.join(folder, "package", "wheel")
    for part in ("lib", "share"):
        shutil.copytree(
            os.path.join(wheel, part), os.path.join(copy, part), ignore=shutil.ignore_patterns("*.a", "pgxs")
        )
    os.mkdir(os.path.join(copy, "bin"))
    for program in ("initdb", "postgres"):
        shutil.copy2(os.path.join(binaries, program), os.path.join(copy, "bin", program))
    copy_shared_libraries(wheel, folder)
    for parent, _, files in os.walk(os.path.dirname(copy)):
        os.chmod(parent, 0o755)
        for file in files:
            os.chmod(os.path.join(parent, file), 0o755)
    return os.path.join(copy, "bin")


def copy_shared_libraries(wheel: str, folder: str) -> None:
    """Copy the ``<package>.libs`` beside the package: the programs look for it at ``../../../<package>.libs``."""
    libraries = os.path.dirname(wheel) + ".libs"
    if os.path.isdir(libraries):
        target = shutil.copytree(libraries, os.path.join(folder, os.path.basename(libraries)))
        os.chmod(target, 0o755)


def die_with_keeper(signal_number: int) -> Callable[[], None] | None:
    """Give a hook that makes the server receive a signal when the keeper dies (Linux); None elsewhere."""
    if not sys.platform.startswith("linux"):
        return None
    import ctypes

    prctl = ctypes.CDLL(None).prctl
    keeper = os.getpid()

    def hook() -> None:
        """Run in the child, between fork and exec."""
        prctl(1, signal_number, 0, 0, 0)  # 1 is PR_SET_PDEATHSIG, see prctl(2)
        if os.getppid() != keeper:
            os.kill(os.getpid(), signal_number)

    return hook


# -------------------------------------------------------------------------------------------------------- the servers


class Server:
    """One server: its folder, its process, its address. `start` fills them in, `stop` undoes whatever was done."""

    def __init__(self, job: dict[str, Any]) -> None:
        self.job = job
        self.folder: str | None = None
        self.process: subprocess.Popen | None = None
        self.address: dict[str, Any] = {}
        self.quit = signal.SIGTERM

    def log(self) -> str:
        """Give the path of the file that the server's words go to."""
        return os.path.join(self.folder, "log")

    def spawn(self, arguments: list[str], account: Any = None) -> subprocess.Popen:
        """Start a program with a clean environment; what it says goes to the log. It becomes ``self.process``."""
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("PG", "VALKEY", "LC_"))
        }
        user = (
            {} if account is None else {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        )
        with open(self.log(), "ab") as log:
            self.process = subprocess.Popen(
                arguments,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env=environment | {"LC_ALL": "C", "TZ": "UTC"},
                preexec_fn=die_with_keeper(self.quit),
                **user,
            )
        return self.process

    def start(self) -> None:
        """Make the folder, start the server, wait until it answers; raises Failure."""
        raise NotImplementedError

    def stop(self) -> None:
        """Stop the process that we started, by its id, and remove the folder; says nothing if there is none."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(self.quit)
            try:
                self.process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if self.folder is not None:
            remove(self.folder)


def remove(folder: str) -> None:
    """Remove a folder; on Windows the last files are released a moment after their process has ended."""
    for _ in range(50):
        shutil.rmtree(folder, ignore_errors=True)
        if not os.path.exists(folder):
            return
        time.sleep(0.1)


class Postgres(Server):
    """PostgreSQL: make a cluster, which takes most of the time, then start it."""

    def start(self) -> None:
        """Make the folder and a cluster in it, start PostgreSQL, wait until it answers; raises Failure."""
        # "Immediate shutdown": the data is thrown away, so no checkpoint; shared memory is still released.
        self.quit = getattr(signal, "SIGQUIT", signal.SIGTERM)
        account = other_account()
        self.folder = make_folder(
            self.job["folders"], "dslab-pg-", POSTGRES_SOCKET if self.job["socket"] else "", account
        )
        programs = reachable_programs(self.job["binaries"], self.folder, account)
        data = os.path.join(self.folder, "data")
        settings = self.job["settings"] | self.listen()
        self.initialise(os.path.join(programs, "initdb" + EXE), data, settings, account)
        server = self.spawn([os.path.join(programs, "postgres" + EXE), "-D", data], account)
        wait_until(lambda: self.is_ready(data), server, self.job["timeout_s"], self.log())

    def listen(self) -> dict[str, str]:
        """Decide where to listen: a socket in the folder, or a port of the loopback with a password."""
        if self.job["socket"]:
            self.address = {"host": self.folder, "port": 5432}
            return {
                "listen_addresses": "",
                "unix_socket_directories": self.folder,
                "unix_socket_permissions": "0700",
            }
        self.address = {"host": "127.0.0.1", "port": free_port(), "password": secrets.token_hex(16)}
        nowhere = {"unix_socket_directories": ""} if os.name != "nt" else {}
        return {"listen_addresses": "127.0.0.1", "port": str(self.address["port"])} | nowhere

    def initialise(self, initdb: str, data: str, settings: dict[str, str], account: Any) -> None:
        """Make the cluster with the settings written into its postgresql.conf; raises Failure."""
        arguments = [
            initdb,
            "-D",
            data,
            "-U",
            "postgres",
            "--encoding=UTF8",
            "--locale=C",
            "--no-instructions",
        ]
        arguments += ["--no-sync", "--no-data-checksums", "--wal-segsize=1", "--auth=trust"]
        if "password" in self.address:
            secret = os.path.join(self.folder, "password")
            with open(os.open(secret, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
                file.write(self.address["password"])
            if account is not None:
                os.chown(secret, account.pw_uid, account.pw_gid)
            arguments[-1:] = ["--auth=scram-sha-256", f"--pwfile={secret}"]
        for name, value in settings.items():
            arguments += ["-c", f"{name}={value}"]
        process = self.spawn(arguments, account)
        while process.poll() is None:
            if gone.wait(0.005):
                raise Failure("it was interrupted while it started")
        if process.returncode != 0:
            raise Failure(f"its folder could not be prepared: {last_words(self.log())}")

    def is_ready(self, data: str) -> bool:
        """Read the state word in postmaster.pid, line 8: "ready" once connections are accepted."""
        try:
            with open(os.path.join(data, "postmaster.pid"), errors="replace") as file:
                lines = file.read().splitlines()
        except OSError:
            return False
        return len(lines) > 7 and lines[7].strip() == "ready"


class Valkey(Server):
    """Valkey: nothing to prepare, one process, nothing stored on disk."""

    def start(self) -> None:
        """Make the folder, start Valkey, wait until it answers; raises Failure."""
        self.folder = make_folder(self.job["folders"], "dslab-vk-", VALKEY_SOCKET, None)
        path = os.path.join(self.folder, VALKEY_SOCKET)
        self.address = {"path": path}
        arguments = [self.job["program"], "--port", "0", "--unixsocket", path, "--unixsocketperm", "700"]
        arguments += ["--dir", self.folder, "--save", "", "--appendonly", "no", "--daemonize", "no"]
        for name, value in self.job["settings"].items():
            arguments += [f"--{name}", value]
        server = self.spawn(arguments)
        wait_until(lambda: answers_ping(path), server, self.job["timeout_s"], self.log())


def answers_ping(path: str) -> bool:
    """Tell whether a Valkey on this socket answers PING."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(1.0)
        try:
            client.connect(path)
            client.sendall(b"PING\r\n")
            return client.recv(16).startswith(b"+PONG")
        except OSError:
            return False


def free_port() -> int:
    """Give a port of the loopback that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


# ----------------------------------------------------------------------------------------------------------- the run


def main() -> int:
    """Keep one server until it is not needed any more (see the module's text)."""
    for name in ("SIGINT", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: gone.set())
    job = read_job(0)
    if job is None:
        return 0
    threading.Thread(target=watch_line, args=(0,), daemon=True).start()
    if os.name != "nt":
        threading.Thread(target=watch_parent, args=(job["master"],), daemon=True).start()
    server = {"postgres": Postgres, "valkey": Valkey}[job["kind"]](job)
    try:
        server.start()
        reply({"pid": server.process.pid, "folder": server.folder} | server.address)
        while not gone.wait(PARENT_CHECK_S) and server.process.poll() is None:
            pass
    except Exception as failure:  # whatever it is, the master should hear of it
        reply({"error": str(failure) or type(failure).__name__})
        return 1
    finally:
        server.stop()
    return 0


def reply(message: dict[str, Any]) -> None:
    """Send one line to the master; it may be gone already."""
    try:
        os.write(1, (json.dumps(message) + "\n").encode())
    except OSError:
        gone.set()


if __name__ == "__main__":
    sys.exit(main())
