"""One PostgreSQL and one Valkey for all tests of the real parts; skipped, with what to install, where there are none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dslab import real
from dslab.real.unavailable import POSTGRES_URL, VALKEY_URL
from tests.real.helpers import Place, own_place, skip_where_missing

HERE = Path(__file__).parent
SERVERS = {"postgres", "valkey", "place"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever uses a server here is marked "real"."""
    for item in items:
        if HERE in item.path.parents and SERVERS & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.real)


@pytest.fixture(autouse=True)
def embedded_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Test the embedded servers, whatever the machine's environment names."""
    monkeypatch.delenv(POSTGRES_URL, raising=False)
    monkeypatch.delenv(VALKEY_URL, raising=False)


@pytest.fixture(scope="session")
def postgres() -> Iterator[real.Postgres]:
    """Give a running PostgreSQL that decodes its log."""
    skip_where_missing("PostgreSQL")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(POSTGRES_URL, raising=False)
        server = real.postgres({"wal_level": "logical"})
    with server:
        yield server


@pytest.fixture(scope="session")
def valkey() -> Iterator[real.Valkey]:
    """Give a running Valkey."""
    skip_where_missing("Valkey")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(VALKEY_URL, raising=False)
        server = real.valkey()
    with server:
        yield server


@pytest.fixture
def place() -> Iterator[Place]:
    """Give a temporary folder for another Python; skip where there are no servers to start in it."""
    skip_where_missing("PostgreSQL", "Valkey")
    with own_place() as place:
        yield place
