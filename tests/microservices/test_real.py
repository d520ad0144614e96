"""The ladder on this machine: the same answer on every rung, the order of the rungs, and nothing left running."""

import subprocess
import sys

import pytest

from dslab.microservices import real
from dslab.microservices.real import rungs, server


@pytest.fixture(scope="module")
def result():
    return real.ladder(rounds=60)


def test_the_rungs_are_in_the_order_that_physics_gives_them(result):
    assert "plain call < JSON round trip < HTTP, kept alive < HTTP, new connection" in result.describe()


def test_a_missing_grpc_is_told_in_a_sentence(result):
    said = rungs.NO_GRPC in result.describe()
    assert said != server.has_grpc()


def test_the_sentence_has_no_measured_number(result):
    assert not any(character.isdigit() for character in result.describe().replace("HTTP/1.1", ""))


def test_an_interval_holds_its_ratio(result):
    for row in result.tables["measured"]:
        assert row["95 % from"] <= row["times a plain call"] <= row["to"]


def test_the_plain_call_is_one_plain_call(result):
    assert result.tables["measured"][0]["times a plain call"] == 1.0


def test_the_article_s_row_stands_below(result):
    assert real.measured_rows(result)[-1]["rung"] == "the article's HTTP call"


def test_model_and_machine_agree_that_a_new_connection_is_dearer(result):
    from dslab.microservices.callgraph import edge

    rows = {row["rung"]: row["times a plain call"] for row in result.tables["measured"]}
    assert edge(keep_alive=False).tax > edge(keep_alive=True).tax
    assert rows["HTTP, new connection"] > rows["HTTP, kept alive"]


def test_the_stored_result_tells_the_same_story(result):
    order = "plain call < JSON round trip < HTTP, kept alive < HTTP, new connection"
    assert order in real.stored().describe()


def test_without_a_second_process_the_stored_result_is_shown(monkeypatch):
    def refuse(*_, **__):
        raise OSError("no more processes")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    result = real.ladder()
    assert result.params["live"] is False
    assert result.describe().startswith("A second process cannot be started here (no more processes)")


def test_the_server_ends_when_its_input_is_closed():
    command = [sys.executable, "-c", "from dslab.microservices.real.server import main; main()"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert int(process.stdout.readline().split()[0]) > 0
        process.stdin.close()
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_the_work_is_the_total_of_the_order():
    assert server.total({"order": 1, "lines": [{"count": 2, "cents": 50}, {"count": 1, "cents": 7}]}) == {
        "order": 1,
        "cents": 107,
        "things": 3,
    }


def test_rounds_out_of_range_are_told():
    with pytest.raises(ValueError, match="use 20 to 20,000"):
        real.ladder(rounds=1)
