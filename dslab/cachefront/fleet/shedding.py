"""A Redis node falls ill: a circuit breaker which sheds a fraction, one which sheds all or nothing, and none.

| word           | meaning                                                                                      |
|----------------|----------------------------------------------------------------------------------------------|
| failing        | share of the requests to the ill node that hang and end in a timeout                          |
| shed           | a read that skips the node and goes to the database at once                                   |
| window         | the last seconds, whose requests and errors the breaker remembers (per node)                  |
| fraction       | the breaker sheds gain times the window's error rate, but always lets a few through as probes |
| all or nothing | above half errors it sheds everything for a while, then probes, then opens or closes          |
| timeout        | what a hung request costs: the P99.99 of the node's good answers, at most a configured maximum |

With a share f failing, a fraction breaker of gain 1 settles at shedding f; f (1 - f) of the reads still run into a
timeout, and just as many would have been answered but were shed. Without a breaker f of the reads run into it.
That Uber's breaker sheds a fraction in proportion to recent errors, per node, and that its timeout follows the observed
P99.99 under a configured maximum, is reported of UB1 [S]. Window, gain, latencies and rates here are our assumptions.
"""

from __future__ import annotations

import math
import random
from collections import deque
from dataclasses import dataclass, field
from functools import lru_cache

from dslab.cachefront.fleet.numeric import binomial
from dslab.cachefront.fleet.ranges import SEED, Range, Switch, check_all
from dslab.cachefront.fleet.words import number, percent, span
from dslab.sim.result import Metric, Result, Series

BREAKERS = ("none", "all or nothing", "fraction")
BREAKER_RANGES = {
    "failing": Range(0, 1),
    "window_s": Range(0.1, 60, "s"),
    "gain": Range(0, 10),
    "shed_most": Range(0, 1),
    "adaptive": Switch(),
    "timeout_max_ms": Range(1, 10_000, "ms"),
    "fault_s": Range(0.1, 120, "s"),
    "read_rate": Range(10, 100_000, "reads/s"),
    "seed": SEED,
}
TICK_S = 0.1
CALM_S, AFTER_S = 5.0, 20.0
CACHE_MS, CACHE_SPREAD = 1.0, 0.5  # log-normal: the median, and the deviation of the logarithm
DATABASE_MS = 5.0
OPEN_AT, OPEN_S, PROBES = 0.5, 5.0, 20
_P9999_SCORE = (
    3.719016485455709  # how many deviations the 99.99th percentile of a normal law lies above its mean
)


def p9999_ms() -> float:
    """Closed form: the P99.99 of a good node's log-normal latency (ms)."""
    return CACHE_MS * math.exp(CACHE_SPREAD * _P9999_SCORE)


@lru_cache(maxsize=8)
def observed_p9999_ms(answers: int, seed: int) -> float:
    """Simulated: the P99.99 of ``answers`` latencies (1 or more) as a node would see them (ms).

    Of fewer than 10,000 answers it is simply the slowest.
    """
    rng = random.Random(f"latency/{seed}")
    seen = sorted(rng.gauss(0.0, CACHE_SPREAD) for _ in range(answers))
    return CACHE_MS * math.exp(seen[math.ceil(0.9999 * answers) - 1])


def settled(failing: float, gain: float = 1.0, shed_most: float = 0.95) -> dict[str, float]:
    """Closed form for the fraction breaker while the fault lasts, each as a share (0 to 1) of all reads.

    "shed", "timeouts" (sent and hung) and "needless" (shed, but would have been answered).
    """
    shed = min(shed_most, gain * failing)
    return {"shed": shed, "timeouts": (1 - shed) * failing, "needless": shed * (1 - failing)}


class _Window:
    """Requests and errors of the last ticks."""

    def __init__(self, window_s: float) -> None:
        self.ticks: deque[tuple[int, int]] = deque()
        self.length = max(1, round(window_s / TICK_S))
        self.sent = self.errors = 0

    def add(self, sent: int, errors: int) -> None:
        self.ticks.append((sent, errors))
        self.sent, self.errors = self.sent + sent, self.errors + errors
        if len(self.ticks) > self.length:
            old_sent, old_errors = self.ticks.popleft()
            self.sent, self.errors = self.sent - old_sent, self.errors - old_errors

    @property
    def error_rate(self) -> float:
        return self.errors / self.sent if self.sent else 0.0


class _Breaker:
    """Decides before each tick which share of the reads to shed; is told afterwards what was sent and what failed."""

    def __init__(self, kind: str, window_s: float, gain: float, shed_most: float) -> None:
        self.kind, self.gain, self.shed_most, self.window_s = kind, gain, shed_most, window_s
        self.window = _Window(window_s)
        self.open_ticks = 0  # all or nothing: how long it stays open; -1 while it probes

    def shed(self) -> float:
        if self.kind == "fraction":
            return min(self.shed_most, self.gain * self.window.error_rate)
        return 1.0 if self.kind == "all or nothing" and self.open_ticks > 0 else 0.0

    def sends_at_most(self) -> int:
        return PROBES if self.open_ticks < 0 else 10**9

    def told(self, sent: int, errors: int) -> None:
        self.window.add(sent, errors)
        if self.kind != "all or nothing":
            return
        if self.open_ticks > 0:
            self.open_ticks = self.open_ticks - 1 or -1
        elif self.open_ticks < 0:
            self._open() if errors > OPEN_AT * sent else self._close()
        elif self.window.sent >= PROBES and self.window.error_rate > OPEN_AT:
            self._open()

    def _open(self) -> None:
        self.open_ticks = round(OPEN_S / TICK_S)

    def _close(self) -> None:
        self.open_ticks, self.window = 0, _Window(self.window_s)


def breaker(
    failing: float = 0.6,
    window_s: float = 3,
    gain: float = 1.0,
    shed_most: float = 0.95,
    adaptive: bool = True,
    timeout_max_ms: float = 50,
    fault_s: float = 15,
    read_rate: float = 500,
    seed: int = 0,
) -> Result:
    """A time line of one node that is ill for ``fault_s`` seconds, under three circuit breakers side by side.

    ``failing`` is the share of requests that hang while it is ill; ``window_s`` seconds are remembered; the fraction breaker
    sheds ``gain`` times the error rate, at most ``shed_most``. A hung request costs the timeout: near the observed P99.99 if
    ``adaptive``, else ``timeout_max_ms``. ``read_rate`` reads/s of the node, all of them hits. The ranges are BREAKER_RANGES.
    Returns a Result with error rate, share sent to the cache and mean latency (ms) over time (s) for each breaker, and
    the settled closed form beside the fraction. Raises TypeError or ValueError for a value out of range.
    """
    params = check_all(BREAKER_RANGES, dict(locals()))
    learned_ms = observed_p9999_ms(10_000, seed)
    timeout_ms = min(timeout_max_ms, learned_ms) if adaptive else float(timeout_max_ms)
    ticks = round((CALM_S + fault_s + AFTER_S) / TICK_S)
    runs = {kind: _run(kind, params, ticks, timeout_ms) for kind in BREAKERS}
    theory = settled(failing, gain, shed_most)
    metrics = _timeout_metrics(runs, timeout_ms, learned_ms) | _settled_metrics(runs["fraction"], theory)
    table = []
    for kind, run in runs.items():
        own = _run_metrics(kind, run)
        metrics |= own
        table.append(
            {"breaker": kind} | {metric.label.split(": ")[1]: metric.value for metric in own.values()}
        )
    series = _breaker_series(runs, ticks, params, theory)
    return Result(params, metrics, _breaker_text(params, metrics), series, {"breakers": table})


def _timeout_metrics(runs: dict[str, _Run], timeout_ms: float, learned_ms: float) -> dict[str, Metric]:
    saved = runs["none"].timeouts - runs["fraction"].timeouts
    return {
        "timeout_ms": Metric("timeout", timeout_ms, "ms"),
        "p9999_ms": Metric("P99.99 of good answers, closed form", p9999_ms(), "ms"),
        "p9999_observed_ms": Metric("P99.99 of good answers, observed in 10,000", learned_ms, "ms"),
        "timeouts_saved": Metric("timeouts saved by the fraction breaker", saved, "reads"),
        "waiting_saved_s": Metric("waiting saved by it", saved * timeout_ms / 1e3, "s"),
    }


def _settled_metrics(fraction: _Run, theory: dict[str, float]) -> dict[str, Metric]:
    return {
        "settled_shed": Metric("share shed once settled, closed form", theory["shed"]),
        "settled_timeouts": Metric(
            "share that still times out once settled, closed form", theory["timeouts"]
        ),
        "shed_late": Metric("share shed late in the fault, simulated", fraction.late_shed),
        "timeouts_late": Metric("share that times out late in the fault, simulated", fraction.late_timeouts),
    }


def _run_metrics(kind: str, run: _Run) -> dict[str, Metric]:
    name = _key(kind)
    return {
        f"timeouts_{name}": Metric(f"{kind}: reads that ran into the timeout", run.timeouts, "reads"),
        f"needless_{name}": Metric(f"{kind}: shed, but would have been answered", run.needless, "reads"),
        f"database_{name}": Metric(f"{kind}: reads that went to the database", run.database, "reads"),
        f"latency_{name}": Metric(f"{kind}: mean latency during the fault", run.latency_ms, "ms"),
        f"recovery_{name}": Metric(f"{kind}: 95 % of reads sent again, after the fault", run.recovery_s, "s"),
    }


@dataclass
class _Run:
    """The time line of one breaker, tick by tick, and its sums; the late ones are of the fault's last third."""

    error_rate: list[float] = field(default_factory=list)
    sent: list[float] = field(default_factory=list)
    latency: list[float] = field(default_factory=list)
    timeouts: int = 0
    needless: float = 0.0
    database: int = 0
    late_shed: float = 0.0
    late_timeouts: float = 0.0
    latency_ms: float = 0.0
    recovery_s: float = 0.0


def _run(kind: str, params: dict, ticks: int, timeout_ms: float) -> _Run:
    """Play one breaker, tick by tick; until the first of them sheds, all three meet the same luck."""
    rng = random.Random(f"breaker/{params['seed']}")
    guard = _Breaker(kind, params["window_s"], params["gain"], params["shed_most"])
    reads = max(1, round(params["read_rate"] * TICK_S))
    good_ms = CACHE_MS * math.exp(CACHE_SPREAD**2 / 2)
    first, last = round(CALM_S / TICK_S), round((CALM_S + params["fault_s"]) / TICK_S)
    late, run = range(last - max(1, (last - first) // 3), last), _Run()
    for tick in range(ticks):
        failing = params["failing"] if first <= tick < last else 0.0
        sent = min(reads - binomial(rng, reads, guard.shed()), guard.sends_at_most())
        errors, skipped = binomial(rng, sent, failing), reads - sent
        guard.told(sent, errors)
        run.error_rate.append(guard.window.error_rate)
        run.sent.append(sent / reads)
        waits_ms = (sent - errors) * good_ms + errors * (timeout_ms + DATABASE_MS) + skipped * DATABASE_MS
        run.latency.append(waits_ms / reads)
        run.timeouts += errors
        run.database += skipped + errors
        run.needless += skipped * (1 - failing)
        if tick in late:
            run.late_shed += skipped / reads / len(late)
            run.late_timeouts += errors / reads / len(late)
    run.latency_ms = math.fsum(run.latency[first:last]) / (last - first)
    run.recovery_s = _recovery_s(run.sent[last:])
    return run


def _key(kind: str) -> str:
    return kind.replace(" ", "_")


def _recovery_s(sent: list[float]) -> float:
    """Seconds until at least 95 % of the reads are sent to the node and stay so."""
    low = [tick for tick, share in enumerate(sent) if share < 0.95]
    return (low[-1] + 1) * TICK_S if low else 0.0


def _breaker_series(
    runs: dict[str, _Run], ticks: int, params: dict, theory: dict[str, float]
) -> dict[str, Series]:
    x = tuple(round(tick * TICK_S, 3) for tick in range(ticks))
    series = {}
    for kind, run in runs.items():
        name = _key(kind)
        series[f"sent_{name}"] = Series(f"{kind}: share sent to the cache", x, tuple(run.sent))
        series[f"latency_{name}"] = Series(f"{kind}: mean latency", x, tuple(run.latency))
        series[f"error_rate_{name}"] = Series(f"{kind}: error rate in the window", x, tuple(run.error_rate))
    fault = (CALM_S, CALM_S + params["fault_s"])
    series["settled_sent"] = Series("fraction, settled", fault, (1 - theory["shed"],) * 2, "theory")
    samples = (100, 300, 1_000, 3_000, 10_000)
    series["p9999_learned"] = Series(
        "P99.99 of the first answers",
        tuple(map(float, samples)),
        tuple(observed_p9999_ms(n, params["seed"]) for n in samples),
    )
    series["p9999_true"] = Series("P99.99", (100.0, 10_000.0), (p9999_ms(),) * 2, "theory")
    return series


def _breaker_text(params: dict, metrics: dict[str, Metric]) -> str:
    value = {name: metric.value for name, metric in metrics.items()}
    timeouts, latency, database = (
        [value[f"{what}_{_key(kind)}"] for kind in BREAKERS] for what in ("timeouts", "latency", "database")
    )
    return (
        f"While {percent(params['failing'])} of the requests hang for {span(params['fault_s'])}, {number(timeouts[0])} reads run into "
        f"the timeout of {number(value['timeout_ms'])} ms without a breaker, {number(timeouts[1])} with one that sheds all or nothing and "
        f"{number(timeouts[2])} with one that sheds a fraction. In the same order the mean latency is {number(latency[0])}, "
        f"{number(latency[1])} and {number(latency[2])} ms, and the database gets {number(database[0])}, {number(database[1])} and "
        f"{number(database[2])} reads."
    )
