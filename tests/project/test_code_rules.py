"""Rules that every source file keeps, each tested on code that breaks it."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.project.files import ROOT, name, sources

LONGEST_FUNCTION = 70
Tree = ast.Module
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def has_docstrings(tree: Tree) -> Iterator[str]:
    """The module and every public class, function and method say what they are."""
    if not ast.get_docstring(tree):
        yield "the module has no docstring"
    todo: list[tuple[str, ast.AST]] = [("", tree)]
    while todo:
        prefix, node = todo.pop()
        for child in ast.iter_child_nodes(node):
            if isinstance(child, (ast.ClassDef, *FUNCTIONS)) and not child.name.startswith("_"):
                if not ast.get_docstring(child):
                    yield f"line {child.lineno}: {prefix}{child.name} has no docstring"
                if isinstance(child, ast.ClassDef):
                    todo.append((f"{child.name}.", child))


def has_short_functions(tree: Tree) -> Iterator[str]:
    """A function is under 70 lines."""
    for node in ast.walk(tree):
        if isinstance(node, FUNCTIONS) and (length := node.end_lineno - node.lineno + 1) >= LONGEST_FUNCTION:
            yield f"line {node.lineno}: {node.name} has {length} lines; must be under {LONGEST_FUNCTION}"


def has_no_global_random(tree: Tree) -> Iterator[str]:
    """Chance comes from a random.Random that is passed in, never from the module's own generator."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "random":
            if node.attr not in ("Random", "SystemRandom"):
                yield f"line {node.lineno}: random.{node.attr}"
        if isinstance(node, ast.ImportFrom) and node.module == "random":
            yield from (
                f"line {node.lineno}: from random import {alias.name}"
                for alias in node.names
                if alias.name != "Random"
            )


def has_no_hash(tree: Tree) -> Iterator[str]:
    """hash() of a text differs from run to run, so nothing may hang on it; only a __hash__ may pass it on."""
    allowed = {
        id(call)
        for method in ast.walk(tree)
        if isinstance(method, ast.FunctionDef) and method.name == "__hash__"
        for call in ast.walk(method)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "hash":
            if id(node) not in allowed:
                yield f"line {node.lineno}: hash()"


RULES: dict[Callable[[Tree], Iterator[str]], tuple[str, ...]] = {
    has_docstrings: ("dslab",),
    has_short_functions: ("dslab", "tests"),
    has_no_global_random: ("dslab", "tests"),
    has_no_hash: ("dslab",),
}
BREAKS = [
    (has_docstrings, "class World:\n    'Words.'"),
    (has_docstrings, '"""Words."""\ndef run():\n    pass'),
    (has_docstrings, '"""Words."""\nclass World:\n    """Words."""\n    def run(self):\n        pass'),
    (has_short_functions, "def run():\n" + "    pass\n" * LONGEST_FUNCTION),
    (has_no_global_random, "import random\nrandom.shuffle([])"),
    (has_no_global_random, "from random import choice"),
    (has_no_hash, "def pick(key):\n    return hash(key) % 3"),
]
KEEPS_HASH = "class Key:\n    def __hash__(self):\n        return hash(self.parts)"
KEEPS = '"""Words."""\nimport random\nclass World:\n    """Words."""\n    def _run(self):\n        self.rng = random.Random(1)\n'
CASES = [(rule, path) for rule, folders in RULES.items() for path in sources(*folders)]


@pytest.mark.parametrize(
    ("rule", "path"), CASES, ids=[f"{rule.__name__}-{name(path)}" for rule, path in CASES]
)
def test_every_file_keeps_every_rule(rule: Callable, path: Path) -> None:
    assert list(rule(ast.parse(path.read_text("utf-8")))) == []


@pytest.mark.parametrize(("rule", "source"), BREAKS, ids=lambda value: getattr(value, "__name__", None))
def test_a_rule_rejects_what_breaks_it(rule: Callable, source: str) -> None:
    assert len(list(rule(ast.parse(source)))) == 1


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_a_rule_accepts_what_keeps_it(rule: Callable) -> None:
    assert list(rule(ast.parse(KEEPS))) == []
    assert rule in {broken for broken, _ in BREAKS}


def test_a_method_hash_may_pass_hash_on() -> None:
    assert list(has_no_hash(ast.parse(KEEPS_HASH))) == []


@pytest.mark.parametrize("command", [("check",), ("format", "--check")], ids=["rules", "format"])
def test_ruff_has_nothing_to_say(command: tuple[str, ...]) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "ruff", *command, "--quiet", "."],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-500:]
