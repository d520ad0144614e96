"""Results of real runs, stored beside a lesson: what it shows where a real part cannot be had.

A result is any dataclass with ``text`` and ``params``, such as `dslab.sim.Result`; this package needs to know no more.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dslab.real.unavailable import Unavailable


def save(path: Path, result: Any) -> Path:
    """Store a result as JSON, without the fields that are None; returns the path.

    Raises:
        ValueError: it is not a live one (``params["live"]``), so it must not replace one.
    """
    if result.params.get("live") is not True:
        raise ValueError(f"only a live result is stored; this one says: {result.text}")
    data = {name: value for name, value in dataclasses.asdict(result).items() if value is not None}
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def load(path: Path, make: Callable[..., Any], **parts: Callable[..., Any]) -> Any:
    """Give a stored result.

    Args:
        path: where `save` put it.
        make: its dataclass.
        parts: for each field that is a dict of dataclasses, theirs: ``metrics=Metric``.

    Raises:
        ValueError: nothing is stored there.
    """
    if not path.exists():
        known = ", ".join(sorted(file.stem for file in path.parent.glob("*.json"))) or "none"
        raise ValueError(f"there is no stored result {path.stem!r}; there are: {known}")
    data = json.loads(path.read_text(encoding="utf-8"))
    for name, part in parts.items():
        data[name] = {key: part(**value) for key, value in data[name].items()}
    return make(**data)


def live_or_stored(
    path: Path, run: Callable[[], Any], make: Callable[..., Any], **parts: Callable[..., Any]
) -> Any:
    """Give ``run()``, or the result stored at ``path`` where a real part cannot be had (arguments as in `load`).

    The text of a stored result begins with the sentence that says why it is not live; ``params["live"]`` is False.
    """
    try:
        return run()
    except Unavailable as reason:
        result = load(path, make, **parts)
        text = f"{reason} Stored from an earlier run: {result.text}"
        return dataclasses.replace(result, text=text, params=result.params | {"live": False})
