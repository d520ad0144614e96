"""A request as a tree of calls, run three ways: one process, one process in modules, and one process per service.

| word             | meaning                                                                                       |
|------------------|-----------------------------------------------------------------------------------------------|
| call             | a node of the tree: some work of its own, then the calls below it                                |
| edge             | between a call and one below it; inside a process it costs next to nothing                        |
| work             | what a call computes, wherever it runs                                                          |
| tax              | what an edge costs beside the work: serialization, network, perhaps a new connection             |
| chain            | each call makes one call; their times add                                                     |
| fan-out          | one call makes all others at once; the slowest decides                                          |
| mixed            | a chain, whose last call fans out                                                             |
| modular monolith | one process, whose modules call each other through interfaces: the tree of services, the edges of one process |
| hard, soft       | a call that must answer, or one that can be left out (a fallback): only hard ones count for availability |

A service call costs: serialize, network, the callee's queue, its work, serialize, network; a new connection adds a DNS look-up, a TCP and a
TLS handshake. All edges of a process share its fate; services fail one by one. With *equal work* off, the work of the called services is charged
to the services alone, as the article does. Tax figures are the article's own (`ANATOMY`), scaled by the slider for the network.

Times in milliseconds, rates per second. Latencies are drawn: work exponential round its mean, network log-normal round its median.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from typing import Any

from dslab.microservices.overload.pools import erlang_c, in_flight, mean_wait_ms
from dslab.microservices.overload.retries import most_calls
from dslab.sim.result import Metric, Result, Series

SHAPES = ("chain", "fan-out", "mixed")
COLUMNS = ("monolith", "modular monolith", "microservices")
IN_PROCESS_MS = 0.000_002  # a call that is not inlined, from memory 1 to 2 ns; the article says 0.001 ms, and it does not matter
INTERFACE_MS = 0.000_02  # a call through a module's interface: some copies more
ENCODE_MS = {
    "JSON": 0.35,
    "binary": 0.07,
}  # both ends of one call; JSON the article's 0.15 + 0.20, binary a fifth of it by assumption
CONNECT_MS = 0.1 + 0.5 + 1.0  # DNS, TCP, TLS: the article's lines
NETWORK_SPREAD = 0.5  # sigma of the logarithm; assumed
PROCESS_MB = 512.0  # the article: 512 MB for one process, 2 GB for four
CPU_PER_CALL_SHARE = 1.0  # serialization is processor time too
HOST_COST = 180.0 / 3  # dollars a month for one host: the article's $180 for three
DRAWS = 700


@dataclass(frozen=True)
class Call:
    """One call of the tree: its ``name``, its own ``work_ms``, the calls it makes, and whether it makes them at once."""

    name: str
    work_ms: float
    calls: tuple[Call, ...] = ()
    parallel: bool = False
    hard: bool = True

    def walk(self) -> list[Call]:
        """Give this call and all below it, parents first."""
        return [self, *(below for call in self.calls for below in call.walk())]


def tree(shape: str = "chain", services: int = 6, work_ms: float = 1.5, soft: int = 0) -> Call:
    """Build a tree of ``services`` calls (1..50) below a gateway that works as long as each of them, ``work_ms`` (0..1,000).

    ``soft`` of them, from the last, can be left out. Raises ValueError for another shape or a number out of range.
    """
    if shape not in SHAPES:
        raise ValueError(f"shape={shape!r} is not known; use one of {', '.join(SHAPES)}")
    for name, value, low, high in (
        ("services", services, 1, 50),
        ("work_ms", work_ms, 0, 1_000),
        ("soft", soft, 0, services),
    ):
        if not low <= value <= high:
            raise ValueError(f"{name}={value!r} is out of range; use {low:g} to {high:g}")
    names = [f"service {number}" for number in range(1, services + 1)]
    hard = [number < services - soft for number in range(services)]
    if shape == "fan-out":
        return Call(
            "gateway",
            work_ms,
            tuple(Call(n, work_ms, hard=h) for n, h in zip(names, hard, strict=True)),
            parallel=True,
        )
    stem = services if shape == "chain" else max(1, services // 2)
    leaves = tuple(Call(names[i], work_ms, hard=hard[i]) for i in range(stem, services))
    call = Call(names[stem - 1], work_ms, leaves, parallel=True, hard=hard[stem - 1])
    for i in range(stem - 2, -1, -1):
        call = Call(names[i], work_ms, (call,), hard=hard[i])
    return Call("gateway", work_ms, (call,))


@dataclass(frozen=True)
class Edge:
    """What one edge costs in ms: ``encode`` (both ends), ``network`` (both ways), ``connect`` (0 when the connection is kept)."""

    encode: float = 0.0
    network: float = 0.0
    connect: float = 0.0

    @property
    def tax(self) -> float:
        """All of it."""
        return self.encode + self.network + self.connect


def edge(network_ms: float = 1.0, encoding: str = "JSON", keep_alive: bool = True) -> Edge:
    """Give the edge between two services; ``network_ms`` is both ways together. With a new connection its handshakes grow with the network."""
    if encoding not in ENCODE_MS:
        raise ValueError(f"encoding={encoding!r} is not known; use one of {', '.join(ENCODE_MS)}")
    return Edge(ENCODE_MS[encoding], network_ms, 0.0 if keep_alive else CONNECT_MS * network_ms)


def mean_ms(
    call: Call, edge_ms: float, wait_ms: float = 0.0, charged: bool = True, top: bool = True
) -> float:
    """Give the time of a tree with no chance in it: own work, then the calls below, added up or (at once) the longest.

    ``edge_ms`` is the tax of an edge, ``wait_ms`` the queue in front of each call; with ``charged`` off only the top works.
    """
    own = (call.work_ms if charged or top else 0.0) + wait_ms
    below = [edge_ms + mean_ms(part, edge_ms, wait_ms, charged, top=False) for part in call.calls]
    return own + (max(below, default=0.0) if call.parallel else sum(below))


def depth(call: Call) -> int:
    """Give the number of edges on the longest way down."""
    return max((1 + depth(part) for part in call.calls), default=0)


def draw_ms(
    call: Call,
    cost: Edge,
    wait: tuple[float, float],
    rng: random.Random,
    charged: bool = True,
    top: bool = True,
) -> float:
    """Draw the time of one request: work exponential, network log-normal, a queue in front of each call with chance and mean ``wait``."""
    chance, mean = wait
    own = rng.expovariate(1 / call.work_ms) if call.work_ms and (charged or top) else 0.0
    if chance and rng.random() < chance:
        own += rng.expovariate(1 / mean)
    below = []
    for part in call.calls:
        network = cost.network * math.exp(NETWORK_SPREAD * rng.gauss(0.0, 1.0)) if cost.network else 0.0
        below.append(
            cost.encode + cost.connect + network + draw_ms(part, cost, wait, rng, charged, top=False)
        )
    return own + (max(below, default=0.0) if call.parallel else sum(below))


# -- availability ---------------------------------------------------------------------------------------


def in_series(availability: float, parts: int, replicas: int = 1) -> float:
    """Give the availability of ``parts`` that all must work, each of ``replicas`` independent ones (any of them will do)."""
    if not 0 <= availability <= 1 or parts < 0 or replicas < 1:
        raise ValueError(
            f"availability={availability}, parts={parts}, replicas={replicas}: 0 to 1, 0 or more, 1 or more"
        )
    return (1 - (1 - availability) ** replicas) ** parts


def shared_cause(own: float, shared: float, parts: int) -> float:
    """Give the availability of ``parts`` in series that fail on their own (each up with ``own``) and all together (``shared``).

    Each part alone looks available with own × shared. The product rule over those counts the shared cause ``parts`` times.
    """
    return shared * own**parts


def downtime_h(availability: float, days: float = 30) -> float:
    """Give the hours per ``days`` in which something of this availability is down."""
    return (1 - availability) * days * 24


def hops_below(target: float = 0.99, availability: float = 0.999) -> int:
    """Give the number of parts in series from which the availability is below ``target``."""
    if not (0 < availability < 1 and 0 < target < 1):
        raise ValueError("target and availability must lie between 0 and 1")
    hops = 1
    while in_series(availability, hops) >= target:
        hops += 1
    return hops


def simulated_availability(
    parts: int, own_down: float, shared_down: float, seed: int = 0, trials: int = 20_000
) -> tuple[float, float]:
    """Simulate moments at which parts are down for their own or a shared reason: share with all up, mean parts down while any is."""
    rng, up, sick = random.Random(seed), 0, []
    for _ in range(trials):
        down = parts if rng.random() < shared_down else sum(rng.random() < own_down for _ in range(parts))
        up += not down
        if down:
            sick.append(down)
    return up / trials, sum(sick) / max(1, len(sick))


# -- three ways to run one tree ---------------------------------------------------------------------------


def compare(shape: str = "chain", services: int = 6, work_ms: float = 1.5, network_ms: float = 1.0, encoding: str = "JSON",
            keep_alive: bool = True, equal_work: bool = True, per_s: float = 200.0, workers: int = 2, availability: float = 0.999,
            replicas: int = 1, soft: int = 0, attempts: int = 1, seed: int = 0) -> Result:  # fmt: skip
    """Run one tree of calls as a monolith, as a modular monolith and as services.

    Args:
        shape: "chain", "fan-out" or "mixed".
        services: below the gateway, 1..50.
        work_ms: mean work of each, 0..1,000.
        network_ms: of one call, both ways, 0..100.
        encoding: "JSON" or "binary".
        keep_alive: whether connections are kept; otherwise each call pays DNS, TCP and TLS.
        equal_work: whether the monolith is charged the work of the called services too.
        per_s: requests per second, 1..10,000. workers: per service, 1..64; a monolith has all of them in one pool.
        availability: of one process, 0..1. replicas: independent ones of each, 1..5. soft: services that can be left out.
        attempts: that each layer makes, 1..5.
        seed: of the drawn latencies.

    Returns:
        Metrics ``<column>_ms`` (mean without chance), ``extra_percent``, ``work_ms``, ``tax_ms``, ``queue_ms`` (of the services), ``in_flight``
        and, for availability, ``up_monolith``, ``up_services``; ``utilisation``; tables ``bars`` and ``columns``; series of the
        latency distributions.
    """
    for name, value, low, high in (("network_ms", network_ms, 0, 100), ("per_s", per_s, 1, 10_000), ("workers", workers, 1, 64),
                                   ("availability", availability, 0, 1), ("replicas", replicas, 1, 5),
                                   ("attempts", attempts, 1, 5)):  # fmt: skip
        if not low <= value <= high:
            raise ValueError(f"{name}={value!r} is out of range; use {low:g} to {high:g}")
    root, cost = tree(shape, services, work_ms, soft), edge(network_ms, encoding, keep_alive)
    calls = root.walk()
    busy_ms = work_ms + cost.encode  # a worker also serializes
    wait = mean_wait_ms(workers, per_s, busy_ms)
    one_wait = mean_wait_ms(workers * len(calls), per_s, work_ms * len(calls)) if work_ms else 0.0
    parts = {name: _parts(name, root, cost, equal_work, one_wait, wait) for name in COLUMNS}
    totals = {name: sum(part.values()) for name, part in parts.items()}
    mono, micro = totals["monolith"], totals["microservices"]
    hard = sum(call.hard for call in calls)
    ups = {
        "monolith": in_series(availability, 1, replicas),
        "services": in_series(availability, hard, replicas),
    }
    use = per_s * busy_ms / 1000 / workers
    metrics = {
        f"{name.replace(' ', '_')}_ms": Metric(f"mean, {name}", total, "ms") for name, total in totals.items()
    }
    metrics |= {
        "extra_percent": Metric("microservices over monolith", 100 * (micro / mono - 1) if mono and micro < math.inf else math.inf, "%"),
        "work_ms": Metric("work on the longest way", parts["microservices"]["work"], "ms"),
        "tax_ms": Metric("tax on the longest way", sum(parts["microservices"][p] for p in ("serialization", "network", "connection")), "ms"),
        "queue_ms": Metric("queueing in the services", parts["microservices"]["queueing"], "ms"),
        "in_flight": Metric("requests in flight", in_flight(per_s, micro) if micro < math.inf else math.inf),
        "amplification": Metric("calls at the bottom when it fails", most_calls(attempts, depth(root)), "calls"),
        "utilisation": Metric("a service's workers are busy", use),
        "up_monolith": Metric("availability, monolith", ups["monolith"]),
        "up_services": Metric("availability, microservices", ups["services"]),
    }  # fmt: skip
    series = _distributions(root, cost, equal_work, seed, _line(workers * len(calls), per_s, work_ms * len(calls), one_wait),
                            _line(workers, per_s, busy_ms, wait))  # fmt: skip
    bars = [{"column": name, **part} for name, part in parts.items()]
    columns = _columns(totals, calls, cost, ups, per_s, replicas, work_ms)
    text = _sentence(totals, parts["microservices"], equal_work, ups, use)
    params = {"shape": shape, "services": services, "equal_work": equal_work, "soft": soft}
    return Result(params, metrics, text, series, {"bars": bars, "columns": columns})


def _line(workers: int, per_s: float, hold_ms: float, wait_ms: float) -> tuple[float, float]:
    """Give the chance that a call waits, and how long it waits then (no queue is drawn where it would grow for ever)."""
    chance = erlang_c(workers, per_s * hold_ms / 1000)
    return (chance, wait_ms / chance) if 0 < wait_ms < math.inf else (0.0, 1.0)


def _parts(
    name: str, root: Call, cost: Edge, equal_work: bool, one_wait: float, wait: float
) -> dict[str, float]:
    """Split the time of a column into work, serialization, network, connection and queueing, on the way that decides."""
    services, edges = name == "microservices", depth(root)
    inside = {"monolith": IN_PROCESS_MS, "modular monolith": INTERFACE_MS}.get(name, 0.0)
    return {
        "work": mean_ms(root, inside, charged=equal_work or services),
        "serialization": cost.encode * edges if services else 0.0,
        "network": cost.network * edges if services else 0.0,
        "connection": cost.connect * edges if services else 0.0,
        "queueing": (wait * (edges + 1)) if services else one_wait,
    }


def _distributions(root: Call, cost: Edge, equal_work: bool, seed: int, one: tuple[float, float],
                   each: tuple[float, float]) -> dict[str, Series]:  # fmt: skip
    rng = random.Random(seed)
    chance, mean = one
    mono = [draw_ms(root, Edge(), (0.0, 1.0), rng, equal_work)
            + (rng.expovariate(1 / mean) if chance and rng.random() < chance else 0.0) for _ in range(DRAWS)]  # fmt: skip
    micro = [draw_ms(root, cost, each, rng) for _ in range(DRAWS)]
    y = tuple(range(1, 100))
    return {label.replace(" ", "_"): Series(label, tuple(round(_quantile(times, share / 100), 4) for share in y), y)
            for label, times in (("monolith", sorted(mono)), ("microservices", sorted(micro)))}  # fmt: skip


def _quantile(ordered: list[float], share: float) -> float:
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def _columns(totals: dict[str, float], calls: list[Call], cost: Edge, ups: dict[str, float], per_s: float, replicas: int,
             work_ms: float) -> list[dict[str, Any]]:  # fmt: skip
    """Time, availability, memory and cost of the three columns; memory and cost by the article's own prices."""
    rows = []
    for name in COLUMNS:
        services = name == "microservices"
        processes = len(calls) if services else 1
        busy = (
            per_s
            / 1000
            * (
                work_ms * len(calls)
                + (cost.encode * CPU_PER_CALL_SHARE * (len(calls) - 1) if services else 0.0)
            )
        )
        up = ups["services" if services else "monolith"]
        rows.append({"": name, "mean (ms)": _round(totals[name]), "availability (%)": round(100 * up, 4),
                     "down (h in 30 days)": round(downtime_h(up), 2), "processor cores busy": round(busy, 2),
                     "memory (MB)": round(PROCESS_MB * processes * replicas), "hosts (dollars a month)": round(HOST_COST * processes * replicas)})  # fmt: skip
    return rows


def _round(value: float) -> Any:
    return "no end" if value == math.inf else round(value, 2)


def _sentence(
    totals: dict[str, float], parts: dict[str, float], equal_work: bool, ups: dict[str, float], use: float
) -> str:
    mono, micro = totals["monolith"], totals["microservices"]
    fair = "Charged the same work" if equal_work else "Charged no work for the called services"
    if math.inf in (mono, micro):
        return f"{100 * use:.0f} % of each service's workers would be needed: the line grows for ever. Lower the load or the work."
    tax = micro - parts["work"] - parts["queueing"]
    ratio = f"{100 * (micro / mono - 1):+,.0f} %" if mono else "no comparison"
    return (f"{fair}, the monolith takes {mono:.2f} ms and the services {micro:.2f} ms ({ratio}): {parts['work']:.2f} ms of work, "
            f"{tax:.2f} ms of tax and {parts['queueing']:.2f} ms in queues on the longest way. All hard services are up "
            f"{100 * ups['services']:.2f} % of the time, one process {100 * ups['monolith']:.2f} %.")  # fmt: skip
