"""Five ways to reach the same work, timed: medians, ratios to the plain call, and how far chance moves them."""

from __future__ import annotations

import http.client
import importlib
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from dslab import real
from dslab.microservices.real.server import METHOD, ORDER, has_grpc, total
from dslab.sim.result import Metric, Result

STORED = Path(__file__).with_name("stored")
RUNGS = ("plain call", "JSON round trip", "HTTP, new connection", "HTTP, kept alive", "gRPC")
NO_GRPC = (
    "gRPC was not measured: the package grpcio is not installed here (pip install grpcio adds that rung)."
)
ARTICLE = (1_000, 5_000)  # times a plain call, for an HTTP call in a data centre
START_S_MAX = 20.0


@contextmanager
def _server() -> Iterator[tuple[int, int]]:
    """Run the other process; gives its HTTP and gRPC ports. Raises Unavailable where a process or a port cannot be had."""
    command = [sys.executable, "-c", "from dslab.microservices.real.server import main; main()"]
    house = str(Path(__file__).parents[3])
    paths = os.pathsep.join(part for part in (house, os.environ.get("PYTHONPATH", "")) if part)
    try:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                   env=os.environ | {"PYTHONPATH": paths})  # fmt: skip
    except OSError as problem:
        raise real.Unavailable(
            f"A second process cannot be started here ({problem}), so no call between processes is measured."
        ) from None
    try:
        line = process.stdout.readline().split()
        if len(line) != 2:
            raise real.Unavailable(
                "The second process could not listen on 127.0.0.1, so no call between processes is measured."
            )
        yield int(line[0]), int(line[1])
    finally:
        process.stdin.close()  # which ends it
        try:
            process.wait(START_S_MAX)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


def _post(connection: http.client.HTTPConnection) -> dict[str, Any]:
    connection.request("POST", "/total", json.dumps(ORDER), {"Content-Type": "application/json"})
    return json.loads(connection.getresponse().read())


def _plain() -> dict[str, Any]:
    return total(ORDER)


def _json_round_trip() -> dict[str, Any]:
    return json.loads(json.dumps(total(json.loads(json.dumps(ORDER)))))


@contextmanager
def _ways(http_port: int, grpc_port: int) -> Iterator[dict[str, Callable[[], dict[str, Any]]]]:
    """Give a function for each rung that there is."""
    kept = http.client.HTTPConnection("127.0.0.1", http_port, timeout=10)

    def new_connection() -> dict[str, Any]:
        fresh = http.client.HTTPConnection("127.0.0.1", http_port, timeout=10)
        try:
            return _post(fresh)
        finally:
            fresh.close()

    ways = dict(zip(RUNGS, (_plain, _json_round_trip, new_connection, lambda: _post(kept)), strict=False))
    channel = None
    if grpc_port:
        channel = importlib.import_module("grpc").insecure_channel(f"127.0.0.1:{grpc_port}")
        call = channel.unary_unary(METHOD)
        ways["gRPC"] = lambda: json.loads(call(json.dumps(ORDER).encode()))
    try:
        yield ways
    finally:
        kept.close()
        if channel is not None:
            channel.close()


def _sample(ways: dict[str, Callable[[], Any]], rounds: int) -> dict[str, list[float]]:
    """Time each rung once in every round, after a tenth of the rounds to warm up; seconds. A quick rung is timed 20 at a time."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(-(rounds // 10), rounds):
        for name, way in ways.items():
            turns = 20 if name in RUNGS[:2] else 1
            begun = time.perf_counter()
            for _ in range(turns):
                way()
            if number >= 0:
                times[name].append((time.perf_counter() - begun) / turns)
    return times


def ratio_interval(
    times: list[float], base: list[float], seed: int = 0, draws: int = 200
) -> tuple[float, float, float]:
    """Give the ratio of two medians with its 95 % interval: (low, ratio, high), from ``draws`` re-drawn pairs of samples."""
    rng = random.Random(seed)
    ratios = sorted(
        median(rng.choices(times, k=len(times))) / median(rng.choices(base, k=len(base)))
        for _ in range(draws)
    )
    edge = draws // 40
    return ratios[edge], median(times) / median(base), ratios[-1 - edge]


def ladder(rounds: int = 300) -> Result:
    """Climb the ladder on this machine: live, or the stored result where there can be no second process.

    ``rounds`` (20..20,000) is how often each rung is timed. The sentence is the same in every run; the measured numbers are metrics that end in
    ``_measured`` (microseconds) and the table ``measured``. Raises ValueError out of range.
    """
    if not 20 <= rounds <= 20_000:
        raise ValueError(f"rounds={rounds!r} is out of range; use 20 to 20,000")
    return real.live_or_stored(STORED / "ladder.json", lambda: _ladder(rounds), Result, metrics=Metric)


def stored() -> Result:
    """Give the stored result."""
    return real.load(STORED / "ladder.json", Result, metrics=Metric)


def _ladder(rounds: int) -> Result:
    with _server() as ports, _ways(*ports) as ways:
        answers = {name: way() for name, way in ways.items()}
        times = _sample(ways, rounds)
    if any(answer != answers["plain call"] for answer in answers.values()):
        raise AssertionError(f"the rungs did not do the same work: {answers}")
    rows = []
    for name in ways:
        low, ratio, high = ratio_interval(times[name], times["plain call"])
        rows.append({"rung": name, "median (µs)": _three(1e6 * median(times[name])), "times a plain call": _three(ratio),
                     "95 % from": _three(low), "to": _three(high)})  # fmt: skip
    metrics = {f"{row['rung']}_measured": Metric(row["rung"], row["median (µs)"], "µs") for row in rows}
    return Result({"live": True, "rounds": rounds}, metrics, _conclusion(rows), tables={"measured": rows})


def _three(value: float) -> float:
    return float(f"{value:.3g}")


def _conclusion(rows: list[dict[str, Any]]) -> str:
    """Say what holds on every machine; the numbers stay in the table."""
    by = {row["rung"]: row for row in rows}
    times = {name: row["times a plain call"] for name, row in by.items()}
    order = [name for name in RUNGS[:4] if name in times]
    slower = " < ".join(sorted(order, key=times.__getitem__))
    text = f"All rungs gave the same answer. From quick to slow: {slower}."
    return f"{text} gRPC was measured too." if "gRPC" in by else f"{text} {NO_GRPC}"


def measured_rows(result: Result) -> list[dict[str, Any]]:
    """Give the rows of the measured table, the article's own row below them."""
    low, high = ARTICLE
    return [*result.tables["measured"], {"rung": "the article's HTTP call", "median (µs)": "1,000 to 5,000", "times a plain call": "",
                                        "95 % from": low, "to": high}]  # fmt: skip


def store_results() -> list[Path]:
    """Store the result of today for machines where there can be no second process; returns the paths."""
    return [real.save(STORED / "ladder.json", _ladder(1_000))]


def grpc_state() -> str:
    """Say in a sentence whether the gRPC rung can be climbed here."""
    return "gRPC can be measured here." if has_grpc() else NO_GRPC
