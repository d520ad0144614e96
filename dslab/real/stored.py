"""Results of real runs, stored beside the code: what a lesson shows where a real part cannot be had.

``python -m dslab.real.stored dslab.cachefront.real_results`` runs what that module names in ``STORED`` and stores it.
"""

from __future__ import annotations

import dataclasses
import importlib
import json
import sys
from collections.abc import Callable
from pathlib import Path

from dslab.real.unavailable import Unavailable
from dslab.sim.result import Metric, Result, Series

FOLDER = Path(__file__).with_name("results")


def save(name: str, result: Result) -> Path:
    """Store a result as ``results/<name>.json`` (parameters, metrics, series, tables, text; no trace); returns its path."""
    path = _path(name)
    data = dataclasses.asdict(dataclasses.replace(result, trace=None))
    del data["trace"]
    path.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def load(name: str) -> Result:
    """Give the stored result ``name``; raises ValueError, naming those that there are, where it is none."""
    path = _path(name)
    if not path.exists():
        known = ", ".join(sorted(file.stem for file in FOLDER.glob("*.json"))) or "none"
        raise ValueError(f"there is no stored result {name!r}; there are: {known}")
    data = json.loads(path.read_text(encoding="utf-8"))
    data["metrics"] = {key: Metric(**value) for key, value in data["metrics"].items()}
    data["series"] = {
        key: Series(**value | {"x": tuple(value["x"]), "y": tuple(value["y"])})
        for key, value in data["series"].items()
    }
    return Result(**data)


def live_or_stored(name: str, run: Callable[[], Result]) -> Result:
    """Give ``run()``, or the stored result ``name`` where a real part cannot be had.

    The text of a stored result begins with the sentence that says why it is not live; ``params["live"]`` is False.
    """
    try:
        return run()
    except Unavailable as reason:
        result = load(name)
        text = f"{reason} Stored from an earlier run: {result.text}"
        return dataclasses.replace(result, text=text, params=result.params | {"live": False})


def _path(name: str) -> Path:
    if not name.replace("_", "").isalnum():
        raise ValueError(f"{name!r} is no name of a stored result; use letters, digits and underscores")
    return FOLDER / f"{name}.json"


def main(modules: list[str]) -> int:
    """Run and store every result that the modules name in ``STORED`` (name to function); prints the paths."""
    if not modules:
        print("usage: python -m dslab.real.stored MODULE...; a module has STORED, a dict of name to function")
        return 2
    for module in modules:
        for name, run in importlib.import_module(module).STORED.items():
            result = run()
            if result.params.get("live") is not True:
                print(f"{name} is not live here, so it is not stored: {result.text}")
                return 1
            print(save(name, result))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
