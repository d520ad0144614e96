"""Valkey: embedded, or somebody's under a prefix of our own."""

from __future__ import annotations

import os

import pytest

from dslab import real
from dslab.real.unavailable import VALKEY_URL


@pytest.fixture
def url(valkey: real.Valkey, monkeypatch: pytest.MonkeyPatch) -> str:
    """Let DSLAB_VALKEY_URL name the shared embedded server."""
    url = f"unix://{valkey.folder}/valkey.sock"
    monkeypatch.setenv(VALKEY_URL, url)
    return url


def test_the_embedded_one_is_version_9_and_says_so(valkey: real.Valkey) -> None:
    assert valkey.version == 9
    assert repr(valkey) == "Valkey 9, embedded, running"


def test_it_listens_on_a_private_socket_only(valkey: real.Valkey) -> None:
    assert valkey.client().config_get("port") == {"port": "0"}
    assert os.stat(valkey.folder).st_mode & 0o777 == 0o700


def test_settings_are_there_from_the_start(valkey: real.Valkey) -> None:
    with real.valkey({"maxmemory": "7340032"}) as server:
        assert server.client().config_get("maxmemory") == {"maxmemory": "7340032"}


def test_a_given_server_is_used_under_a_prefix_that_is_removed(valkey: real.Valkey, url: str) -> None:
    client = valkey.client()
    client.set("somebody's", "1")
    before = set(client.scan_iter())
    with real.valkey() as server:
        assert repr(server) == "Valkey 9, given by DSLAB_VALKEY_URL, running"
        mine = server.client()
        for number in range(2500):
            mine.set(server.key(str(number)), "x")
        assert len(set(client.scan_iter())) == len(before) + 2501
    assert set(client.scan_iter()) == before


def test_a_prefix_that_exists_is_never_taken(valkey: real.Valkey, url: str) -> None:
    with real.valkey() as server:
        number = int(server.prefix.split(":")[2])
    taken = f"dslab:{os.getpid()}:{number + 1}:"
    valkey.client().set(taken + "owner", "somebody")
    with real.valkey() as server:
        assert server.prefix == f"dslab:{os.getpid()}:{number + 2}:"
    assert valkey.client().get(taken + "owner") == "somebody"


def test_a_given_server_without_the_setting_is_refused_in_a_sentence(valkey: real.Valkey, url: str) -> None:
    with pytest.raises(real.Unavailable, match="has maxmemory=0 and this needs 1048576"):
        real.valkey({"maxmemory": "1048576"})


@pytest.mark.parametrize("url", ["redis://me:secret@127.0.0.1:1/0", "unix:///nowhere/secret", "secret"])
def test_a_wrong_url_is_a_sentence_without_the_password(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("valkey")
    monkeypatch.setenv(VALKEY_URL, url)
    with pytest.raises(real.Unavailable, match=r"^No connection to Valkey: .*DSLAB_VALKEY_URL.*\.$") as error:
        real.valkey()
    assert "secret" not in str(error.value)


def test_a_closed_server_opens_no_client(valkey: real.Valkey, url: str) -> None:
    server = real.valkey()
    server.close()
    with pytest.raises(real.Unavailable, match="This Valkey is closed"):
        server.client()


def test_a_setting_that_is_no_text_is_refused_before_anything_starts() -> None:
    with pytest.raises(TypeError, match="setting 'maxmemory' is 7"):
        real.valkey({"maxmemory": 7})
