"""The origin on the loopback: what it answers, when, and that it is gone afterwards."""

import re
import socket
import time
import urllib.error
from urllib.parse import urlsplit

import pytest

from dslab.concepts.playlists import check
from dslab.concepts.streaming import server
from dslab.concepts.streaming.anomalies import search


@pytest.fixture
def origin():
    with server.Origin() as running:
        yield running


def status(url: str) -> int:
    """Give the status that a request is answered with."""
    try:
        server.get(url)
    except urllib.error.HTTPError as error:
        return error.code
    return 200


def test_playlist_over_http_keeps_the_rules(origin):
    assert check(server.get(f"{origin.url}/live.m3u8"), should=True) == []


def test_blocking_reload_is_not_answered_before_its_segment_is_there(origin):
    wanted = origin.stream.complete(origin.now_ms())
    text = server.get(f"{origin.url}/live.m3u8?_HLS_msn={wanted}")
    assert origin.now_ms() >= origin.stream.ready_ms(wanted)
    assert f"live/{wanted}.m4s" in text


def test_request_too_far_ahead_is_refused(origin):
    ahead = origin.stream.complete(origin.now_ms()) + 4
    assert status(f"{origin.url}/live.m3u8?_HLS_msn={ahead}") == 400


def test_segment_that_left_is_there_for_its_grace_and_then_gone(origin):
    done = origin.stream.complete(origin.now_ms())
    assert status(f"{origin.url}/live/{done - 1}.m4s") == 200
    assert (
        status(f"{origin.url}/live/{done - origin.stream.window - 2}.m4s") == 200
    )  # left two seconds ago, kept for five
    assert status(f"{origin.url}/live/0.m4s") == 404
    assert status(f"{origin.url}/live/{done + 5}.m4s") == 404


def test_every_file_that_the_playlist_lists_is_there_and_the_hinted_part_is_waited_for(origin):
    text = server.get(f"{origin.url}/live.m3u8")
    uris = re.findall(r"^live/.*m4s$|(?<=URI=\")live/\d[^\"]*(?=\")", text, flags=re.MULTILINE)
    assert len(uris) > 15
    assert [uri for uri in uris if status(f"{origin.url}/{uri}") != 200] == []


@pytest.mark.parametrize("name", ["x", "1.2.3", "1.x", "9.5", "", "-1"])
def test_no_other_name_is_a_file(origin, name):
    assert status(f"{origin.url}/live/{name}.m4s") == 404


def test_reader_that_blocks_asks_once_for_each_part_and_no_rule_is_broken():
    run = server.race()
    assert (run["blocked"], run["broken"]) == (server.PARTS, 0)
    assert "every answer had the part it asked for; the one that polls asked more often" in run.describe()


def test_model_and_real_edges_agree_on_who_gets_what_was_asked_for():
    run = server.edges()
    assert (run["right"] == 0) is search("query forgotten").held
    assert (run["wrong_measured"] == 0) is search("query forgotten", copy_by="path").held
    assert "by path only, some answers lacked it" in run.describe()


def test_unknown_kind_of_edge_is_told(origin):
    with pytest.raises(ValueError, match='by "path and query" or by "path", not by \'mood\''):
        server.Edge(origin, "mood")


def test_nothing_listens_after_the_end():
    with server.Origin() as running:
        port = urlsplit(running.url).port
    time.sleep(0.05)
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
