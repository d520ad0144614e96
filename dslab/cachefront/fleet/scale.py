"""What the claimed rates leave for the database: arithmetic on Uber's figures, each with its source and its mark.

The rows and the hit rates are Uber's claims or our assumptions, as the tables say; every quotient is computed here.
"""

from __future__ import annotations

from collections.abc import Sequence

from dslab.cachefront.fleet.hits import needed_reads_per_write
from dslab.cachefront.fleet.ranges import Range, check_all
from dslab.cachefront.fleet.uber import FIGURES, figure
from dslab.cachefront.fleet.words import number, percent
from dslab.sim.result import Metric, Result, Series

LOAD_RANGES = {"rows_per_s": Range(0, 1e12, "rows/s")}
_HIT_RATE = Range(0, 1)


def load_at_scale(rows_per_s: float = 150e6, hit_rates: Sequence[float] = (0.99, 0.999, 0.9999)) -> Result:
    """Rows per second that reach the database at each hit rate, and the quotients of Uber's one published use case.

    ``rows_per_s`` from 0 to 1e12 (Uber: over 150 million at peak, from the cache [V]); ``hit_rates`` each from 0 to 1, one
    at least. 99 % is reported of the 2024 use case [S], over 99.9 % of one table at a TTL of 24 hours [V]; 99.99 % is ours.
    Returns a Result with the load (rows/s) against the hit rate and the tables "load" and "derived".
    Raises TypeError or ValueError for a value out of range.
    """
    params = check_all(LOAD_RANGES, dict(locals())) | {"hit_rates": tuple(hit_rates)}
    if not params["hit_rates"]:
        raise ValueError("hit_rates is empty; it must hold one hit rate at least")
    for hit_rate in params["hit_rates"]:
        _HIT_RATE.check("each of hit_rates", hit_rate)
    loads = [(hit_rate, rows_per_s * (1 - hit_rate)) for hit_rate in params["hit_rates"]]
    derived = derived_figures()
    metrics = {f"load_{h:g}": Metric(f"rows/s at {percent(h)}", load, "rows/s") for h, load in loads}
    metrics |= {row["name"]: Metric(row["about"], row["value"], row["unit"]) for row in derived}
    x, y = zip(*sorted(loads), strict=True)
    series = {"load_vs_hit_rate": Series("rows that reach the database", x, y, "theory")}
    tables = {"load": [_load_row(*pair) for pair in loads], "derived": derived, "figures": _figure_rows()}
    listed = ", ".join(f"{number(load)} at {percent(h)}" for h, load in loads)
    text = (
        f"Of {number(rows_per_s)} rows/s these reach the database: {listed}. In Uber's use case of 2024 (as reported) one Redis "
        f"core serves {number(metrics['requests_per_redis_core'].value)} requests/s where a core without the cache would serve "
        f"{number(metrics['requests_per_cpu_core'].value)}."
    )
    return Result(params, metrics, text, series, tables)


def _load_row(hit_rate: float, load: float) -> dict[str, float | None]:
    needed = needed_reads_per_write(hit_rate) if hit_rate < 1 else None
    return {"hit rate": hit_rate, "database rows/s": load, "reads per write it needs": needed}


def derived_figures() -> list[dict[str, str | float]]:
    """The quotients which follow from the use case of UB1 and the titles [C]: a row each with name, value, unit, from what."""
    requests, hit_rate = figure("use_case_requests"), figure("use_case_hit_rate")
    redis, cpu = figure("use_case_redis_cores"), figure("use_case_cpu_cores")
    rows = (
        ("misses", "requests/s that still miss", requests * (1 - hit_rate), "requests/s", "6 million at 99 %"),
        ("requests_per_redis_core", "requests/s of one Redis core", requests / redis, "requests/s", "6 million on 3,000 cores"),
        ("requests_per_cpu_core", "requests/s of one core without the cache", requests / cpu, "requests/s", "6 million on 60,000 cores"),
        ("fewer_cores", "cores without the cache for one with it", cpu / redis, "times", "60,000 to 3,000 cores"),
        ("growth", "rows/s of 2025 for reads/s of 2024", figure("rows_2025") / figure("reads_2024"), "times", "150 to 40 million"),
    )  # fmt: skip
    return [
        {"name": name, "about": about, "value": value, "unit": unit, "from": source, "mark": "C"}
        for name, about, value, unit, source in rows
    ]


def _figure_rows() -> list[dict[str, str | float]]:
    return [
        {"figure": f.about, "value": f.value, "unit": f.unit, "source": f.source, "mark": f.mark}
        for f in FIGURES.values()
    ]
