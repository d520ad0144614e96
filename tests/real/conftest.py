"""One PostgreSQL and one Valkey for all tests of the real parts; skipped, with what to install, where there are none."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dslab import real
from dslab.real.unavailable import POSTGRES_URL, VALKEY_URL
from tests.real.helpers import Place, own_place, skip_where_missing


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever uses a server is marked "real"."""
    for item in items:
        if {"postgres", "valkey", "place", "lab"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.real)


@pytest.fixture(scope="session", autouse=True)
def embedded_only() -> Iterator[None]:
    """Test the embedded servers, whatever the machine's environment names."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(POSTGRES_URL, raising=False)
        patch.delenv(VALKEY_URL, raising=False)
        yield


@pytest.fixture(scope="session")
def postgres(embedded_only: None) -> Iterator[real.Postgres]:
    """Give a running PostgreSQL that decodes its log."""
    skip_where_missing("PostgreSQL")
    with real.postgres({"wal_level": "logical"}) as server:
        yield server


@pytest.fixture(scope="session")
def valkey(embedded_only: None) -> Iterator[real.Valkey]:
    """Give a running Valkey."""
    skip_where_missing("Valkey")
    with real.valkey() as server:
        yield server


@pytest.fixture
def place() -> Iterator[Place]:
    """Give a temporary folder for another Python; skip where there are no servers to start in it."""
    skip_where_missing("PostgreSQL", "Valkey")
    with own_place() as place:
        yield place
