"""Nothing is left of an embedded server, however the Python that started it ends."""

from __future__ import annotations

import contextlib
import gc
import os
import shutil
import signal
import subprocess
import sys
import threading
import time

import pytest

from dslab import real
from dslab.real import embedded
from tests.real.helpers import ROOT, Place, eventually, held, runs

pytestmark = pytest.mark.skipif(
    os.name == "nt", reason="these tests fork and send signals; run them on Linux or macOS"
)

BOTH = "servers = [real.postgres(), real.valkey()]"
VALKEY = "servers = [real.valkey()]"


def keeper(server: real.Valkey | real.Postgres) -> int:
    return server._finish.peek()[2][1].keeper.pid


def is_gone(pid: int, folder: os.PathLike[str] | str, keeper: int) -> bool:
    return not runs(pid) and not runs(keeper) and not os.path.exists(folder)


def become_gone(traces: list[tuple[int, str, int]]) -> bool:
    return eventually(lambda: all(is_gone(*trace) for trace in traces))


@pytest.mark.parametrize("make", [real.postgres, real.valkey])
def test_close_leaves_no_process_and_no_folder(place: Place, make) -> None:
    server = make()
    traces = (server.pid, server.folder, keeper(server))
    assert runs(server.pid) and server.folder.is_dir()
    server.close()
    server.close()
    assert is_gone(*traces)


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_an_error_in_the_body_leaves_nothing(place: Place, error: type[BaseException]) -> None:
    with contextlib.suppress(error), real.valkey() as server:
        traces = (server.pid, server.folder, keeper(server))
        raise error
    assert is_gone(*traces)


def test_a_server_that_is_dropped_is_closed(place: Place) -> None:
    server = real.valkey()
    traces = (server.pid, server.folder, keeper(server))
    del server
    gc.collect()
    assert is_gone(*traces)


def test_two_at_once_have_nothing_in_common(place: Place) -> None:
    with real.valkey() as one, real.valkey() as two:
        one.client().set(one.key("k"), "1")
        assert (one.pid, one.folder) != (two.pid, two.folder)
        assert two.client().dbsize() == 1  # its own claim of a prefix
        one.close()
        assert two.client().ping()


@pytest.mark.parametrize(
    ("sign", "servers"), [("SIGTERM", VALKEY), ("SIGKILL", BOTH), ("SIGINT", VALKEY), ("SIGHUP", VALKEY)]
)
def test_a_signal_to_the_python_leaves_nothing(place: Place, sign: str, servers: str) -> None:
    process = place.start(servers)
    traces = held(process)
    assert all(runs(pid) for pid, _, _ in traces)
    process.send_signal(getattr(signal, sign))
    assert become_gone(traces)
    assert place.contents() == []


@pytest.mark.parametrize("then", ["", "sys.exit(3)", "raise RuntimeError", "os._exit(0)", "os.abort()"])
def test_any_end_of_the_python_leaves_nothing(place: Place, then: str) -> None:
    traces = held(place.start(VALKEY, then))
    assert become_gone(traces)
    assert place.contents() == []


def test_the_folders_are_gone_when_the_python_has_ended_by_itself(place: Place) -> None:
    process = place.start(VALKEY, "")
    held(process)
    process.wait(20)
    assert place.contents() == []


def test_an_interrupted_group_leaves_nothing(place: Place) -> None:
    """Jupyter's stop button interrupts the kernel's whole group of processes."""
    process = place.start(VALKEY)
    traces = held(process)
    os.killpg(process.pid, signal.SIGINT)
    assert become_gone(traces)


@pytest.mark.parametrize("sign", ["SIGINT", "SIGKILL"])
def test_a_signal_while_it_starts_leaves_nothing(place: Place, sign: str) -> None:
    process = place.start("servers = [real.postgres()]")
    assert eventually(lambda: bool(place.contents()))
    process.send_signal(getattr(signal, sign))
    assert place.nothing_left(), (place.contents(), place.inhabitants())
    assert process.wait(20) != 0


def test_an_interrupt_while_it_starts_is_not_swallowed(place: Place) -> None:
    body = """
servers = []
try:
    real.postgres()
except KeyboardInterrupt:
    print(json.dumps(os.listdir(os.environ["TMPDIR"])), flush=True)
"""
    process = place.start(body, "")
    assert eventually(lambda: bool(place.contents()))
    process.send_signal(signal.SIGINT)
    assert process.stdout.readline() == b"[]\n", process.stderr.read()


def test_a_killed_keeper_takes_its_server_along_and_close_removes_the_folder(place: Place) -> None:
    server = real.valkey()
    traces = (server.pid, server.folder, keeper(server))
    os.kill(keeper(server), signal.SIGKILL)
    if sys.platform == "linux":
        assert eventually(lambda: not runs(server.pid))
    server.close()
    assert is_gone(*traces)


def test_a_killed_keeper_takes_postgres_along(place: Place) -> None:
    server = real.postgres()
    traces = (server.pid, server.folder, keeper(server))
    os.kill(keeper(server), signal.SIGKILL)
    server.close()
    assert is_gone(*traces)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent was killed")
def test_if_all_are_killed_at_once_the_server_still_ends(place: Place) -> None:
    process = place.start(VALKEY)
    ((pid, folder, keeper),) = held(process)
    os.kill(keeper, signal.SIGSTOP)  # so that it cannot clean up in between
    process.kill()
    os.kill(keeper, signal.SIGKILL)
    assert eventually(lambda: not runs(pid))
    shutil.rmtree(folder)


def test_a_fork_that_outlives_the_python_does_not_keep_the_server(place: Place) -> None:
    body = """
servers = [real.valkey()]
fork = os.fork()
if fork == 0:
    os.closerange(0, 3)
    time.sleep(60)
    os._exit(0)
"""
    process = place.start(body)
    ((pid, folder, keeper),) = held(process)
    process.kill()
    assert eventually(lambda: is_gone(pid, folder, keeper))
    assert len(place.inhabitants()) == 1, "the fork is still there"


def test_a_fork_does_not_close_its_parents_server(place: Place) -> None:
    body = """
servers = [real.valkey()]
if os.fork() == 0:
    servers[0].close()
    sys.exit()
os.wait()
assert servers[0].client().ping()
"""
    assert held(place.start(body))


def test_the_server_outlives_the_thread_that_started_it(place: Place) -> None:
    made: list[real.Valkey] = []
    thread = threading.Thread(target=lambda: made.append(real.valkey()))
    thread.start()
    thread.join()
    time.sleep(0.2)
    with made[0] as server:
        assert server.client().ping()


def test_a_server_that_cannot_start_says_why_and_leaves_nothing(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(place.folder))
    with pytest.raises(real.Unavailable, match=r"The embedded PostgreSQL did not start: .*no_such_setting"):
        real.postgres({"no_such_setting": "1"})
    assert place.nothing_left()


def test_a_server_that_ends_by_itself_is_cleaned_up(place: Place) -> None:
    server = real.valkey()
    traces = (server.pid, server.folder, keeper(server))
    os.kill(server.pid, signal.SIGKILL)
    assert eventually(lambda: is_gone(*traces))
    server.close()


def test_a_process_id_alone_is_not_enough_to_be_stopped(place: Place) -> None:
    """Process ids are used again: only one that was started with our folder is ours."""
    other = subprocess.Popen(["sleep", "30"])
    try:
        assert not embedded.belongs_to(other.pid, place.folder)
    finally:
        other.kill()
        other.wait()
    ours = subprocess.Popen(
        ["tail", "-f", "/dev/null", str(place.folder / "no such file")], stderr=subprocess.DEVNULL
    )
    try:
        assert eventually(lambda: embedded.belongs_to(ours.pid, place.folder))
    finally:
        ours.kill()
        ours.wait()


def test_without_unix_sockets_it_listens_on_the_loopback_with_a_password(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    import psycopg

    monkeypatch.setattr(embedded, "has_unix_sockets", lambda: False)
    with real.postgres() as server:
        assert server.connect().execute("SHOW listen_addresses").fetchone() == ("127.0.0.1",)
        known = psycopg.conninfo.conninfo_to_dict(server._dsn) | {"password": "wrong"}
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(**known)


def test_a_cell_that_is_interrupted_and_a_kernel_that_is_shut_down_leave_nothing(place: Place) -> None:
    from jupyter_client.manager import start_new_kernel

    manager, client = start_new_kernel(
        env=os.environ | {"TMPDIR": str(place.folder), "PYTHONPATH": str(ROOT)}
    )
    try:
        client.execute(
            "from dslab import real\nwith real.valkey() as used:\n    import time; time.sleep(60)",
            stop_on_error=False,
        )
        assert eventually(lambda: any(name.startswith("dslab-vk-") for name in place.contents()))
        time.sleep(0.5)
        manager.interrupt_kernel()
        assert eventually(lambda: place.contents() == [])
        client.execute("kept = real.valkey()")
        assert eventually(lambda: any(name.startswith("dslab-vk-") for name in place.contents()))
    finally:
        client.stop_channels()
        manager.shutdown_kernel()
    assert place.nothing_left(), (place.contents(), place.inhabitants())
