"""Valkey for a lesson: embedded, or the server that DSLAB_VALKEY_URL names, under a key prefix of its own.

| word   | meaning                                                                                                |
|--------|--------------------------------------------------------------------------------------------------------|
| server | an embedded Valkey of our own, or somebody's, given by a URL                                           |
| prefix | ``dslab:<process id>:<number>:``; every key of this use begins with it, and all of them are removed at the end |
| key    | ``server.key("k")``: the prefix and the name                                                           |

Why valkey-py: it is the Valkey project's own client for Python, in pure Python, and the wheel of the embedded server
already depends on it.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import weakref
from typing import Any

from dslab.real import embedded
from dslab.real.unavailable import VALKEY_URL, Unavailable, client_module, given_url, valkey_program

TIMEOUT_S = 10.0
OWNER = "owner"  # the key that claims a prefix

_numbers = itertools.count(1)


class Valkey:
    """A Valkey to use and to close. Made by `valkey`; a context manager; closing twice does no harm.

    Attributes:
        version: major version, 9 for the embedded one.
        embedded: True for a server of our own.
        prefix: what every key of this use begins with.
        pid, folder: process id and folder of the embedded server; None for a given URL.
    """

    def __init__(self, where: str | dict[str, Any], kept: embedded.Kept | None) -> None:
        self._where = where
        self._clients: list[Any] = []
        self.embedded = kept is not None
        self.pid = kept.pid if kept else None
        self.folder = kept.folder if kept else None
        self.prefix, self.version = _claim_prefix(where)
        self._finish = weakref.finalize(self, _finish, where, kept, self.prefix, self._clients, os.getpid())

    def client(self, **options: Any) -> Any:
        """Open a client.

        Args:
            options: for ``valkey.Valkey``, above all ``decode_responses=False`` for bytes instead of text.

        Returns:
            A ``valkey.Valkey``, safe to share between threads; `close` closes it.

        Raises:
            Unavailable: the server is closed.
        """
        if self.closed:
            raise Unavailable("This Valkey is closed; make a new one with valkey().")
        client = _open(self._where, **options)
        self._clients.append(client)
        return client

    def key(self, name: str) -> str:
        """Give the full name of a key of ours: the prefix and ``name``."""
        return self.prefix + name

    @property
    def closed(self) -> bool:
        """True once `close` was called."""
        return not self._finish.alive

    def close(self) -> None:
        """Close the clients, then stop the embedded server, or remove our keys from the given one."""
        self._finish()

    def __enter__(self) -> Valkey:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        where = "embedded" if self.embedded else f"given by {VALKEY_URL}"
        return f"Valkey {self.version}, {where}, {'closed' if self.closed else 'running'}"


def valkey(settings: dict[str, str] | None = None) -> Valkey:
    """Start an embedded Valkey, or use the one that DSLAB_VALKEY_URL names.

    Args:
        settings: configuration by name, ``{"maxmemory": "10mb"}``. An embedded server is started with them; a given
            server must already have them.

    Returns:
        A running `Valkey`. Use it in a ``with``, or call its ``close()``; it is closed at exit in any case.

    Raises:
        Unavailable: it cannot be had here; one sentence says why and what to do.
        TypeError: a setting is not a string.
    """
    settings = dict(settings or {})
    for name, value in settings.items():
        if not isinstance(name, str) or not isinstance(value, str):
            raise TypeError(f"setting {name!r} is {value!r}; names and values are strings, as in valkey.conf")
    client_module("valkey")
    url = given_url(VALKEY_URL)
    if url:
        _check_settings(url, settings)
        return Valkey(url, None)
    kept = embedded.start(
        "Valkey", {"kind": "valkey", "program": str(valkey_program()), "settings": settings}
    )
    try:
        return Valkey({"unix_socket_path": kept.address["path"]}, kept)
    except BaseException:
        embedded.stop(kept)
        raise


def _open(where: str | dict[str, Any], **options: Any) -> Any:
    """Make a client for a URL or for connection arguments, and see that it answers; raises Unavailable.

    The sentence repeats nothing of the URL, which may hold a password.
    """
    library = client_module("valkey")
    options = {
        "decode_responses": True,
        "socket_timeout": TIMEOUT_S,
        "socket_connect_timeout": TIMEOUT_S,
    } | options
    try:
        if isinstance(where, dict):
            options.pop("socket_connect_timeout")
            client = library.Valkey(**where, **options)
        else:
            client = library.Valkey.from_url(where, **options)
        client.ping()
        return client
    except library.AuthenticationError:
        reason = "the user or the password was refused"
    except library.TimeoutError:
        reason = f"it did not answer within {TIMEOUT_S:g} s"
    except (library.ConnectionError, OSError):
        reason = "nobody answers at that address"
    except (ValueError, TypeError, library.ValkeyError):
        reason = "the URL is not understood"
    raise Unavailable(
        f"No connection to Valkey: {reason}; correct {VALKEY_URL}, or unset it to use the embedded one."
    )


def _check_settings(url: str, settings: dict[str, str]) -> None:
    """Raise Unavailable where the given server does not have the settings that are needed."""
    with contextlib.closing(_open(url)) as client:
        for name, value in settings.items():
            has = client.config_get(name).get(name)
            if has != value:
                raise Unavailable(
                    f"The server of {VALKEY_URL} has {name}={has} and this needs {value}; set it there, "
                    f"or unset {VALKEY_URL} to use the embedded one."
                )


def _claim_prefix(where: str | dict[str, Any]) -> tuple[str, int]:
    """Claim the first free prefix ``dslab:<process id>:<number>:``; returns it and the server's major version.

    No random name is needed: SET with NX either succeeds or says that somebody else has it already.
    """
    with contextlib.closing(_open(where)) as client:
        while True:
            prefix = f"dslab:{os.getpid()}:{next(_numbers)}:"
            if client.set(prefix + OWNER, "dslab", nx=True):
                server = client.info("server")
                return prefix, int(str(server.get("valkey_version") or server["redis_version"]).split(".")[0])


def _finish(where: Any, kept: embedded.Kept | None, prefix: str, clients: list[Any], owner: int) -> None:
    """Close what `Valkey` opened; a fork of the owner leaves it alone."""
    if os.getpid() != owner:
        return
    try:
        for client in clients:
            with contextlib.suppress(Exception):
                client.close()
        if kept is None:
            _remove_keys(where, prefix)
    finally:
        if kept is not None:
            embedded.stop(kept)


def _remove_keys(where: Any, prefix: str) -> None:
    """Remove every key that begins with the prefix; the claim goes last."""
    with contextlib.closing(_open(where)) as client:
        keys = [key for key in client.scan_iter(match=prefix + "*", count=1000) if key != prefix + OWNER]
        for start in range(0, len(keys), 1000):
            client.unlink(*keys[start : start + 1000])
        client.unlink(prefix + OWNER)
