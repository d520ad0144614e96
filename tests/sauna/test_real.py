"""The evening played by real processes: what its log proves, what the model says of the same evening, and that nothing is left running."""

import subprocess

import pytest

from dslab import real as servers
from dslab.sauna import real, stamps
from dslab.sim import check_log, read_log


@pytest.fixture(scope="module")
def evening():
    result = real.evening()
    assert result.params["live"] is True, result.describe()
    return result


def test_rebuilt_clocks_are_those_that_the_processes_carried(evening):
    assert evening["same"] == evening["events"] == 38
    assert check_log(read_log(real.log_of(evening))) == []


def test_model_and_processes_agree_on_the_chain_of_the_proof(evening):
    """Facts 6a: my entry, the anchor's entry, the anchor's exit, my exit."""
    assert evening["proved"] == evening["longer"] == 1
    trace = stamps.evening()
    at = {e["label"]: e["id"] for e in trace.events if e["lane"] == "door"}
    chain = [
        at[f"{what} {who} from {who}"]
        for what, who in (("enter", "mia"), ("enter", "ben"), ("exit", "ben"), ("exit", "mia"))
    ]
    assert all(chain[place] in trace.past(chain[place + 1]) for place in range(3))


def test_the_stored_evening_tells_what_a_new_one_tells(evening):
    assert real.recorded().describe() == evening.describe()


def test_both_hold_lamport_traps(evening):
    assert stamps.traps(real.trace_of(evening))
    assert stamps.traps(stamps.evening())


def test_every_message_to_mia_runs_backwards_by_the_wall_clocks(evening):
    log = read_log(real.log_of(evening))
    assert evening["backwards"] == sum(len(event.receives) for event in log.events if event.host == "mia")


def test_a_log_that_was_tampered_with_is_told(evening):
    text = real.log_of(evening).replace('"receive": "ben-1"', '"receive": "ben-9"')
    assert any("receives message 'ben-9', which nobody sends" in problem for problem in check_log(text))


def test_where_no_process_can_start_the_stored_evening_is_shown(monkeypatch):
    def fails(*_, **__):
        raise OSError("no processes here")

    monkeypatch.setattr(subprocess, "Popen", fails)
    with pytest.raises(servers.Unavailable, match="did not come to an end"):
        real.record()
    stored = real.evening()
    assert stored.params["live"] is False
    assert "Stored from an earlier run: 4 processes wrote 38 events." in stored.describe()
    assert stored["same"] == 38


def test_no_process_is_left_when_one_fails(monkeypatch):
    started = []
    begin = subprocess.Popen

    def remember(command, **how):
        process = (
            begin([command[0], "-c", "import sys; sys.stdin.read()"], **how)
            if started
            else begin(command, **how)
        )
        started.append(process)
        process.stdout.readline = lambda: "no port"
        return process

    monkeypatch.setattr(subprocess, "Popen", remember)
    with pytest.raises(servers.Unavailable):
        real.record()
    assert [process.poll() is not None for process in started] == [True] * 4
