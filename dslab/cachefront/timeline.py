"""One row, two readers, one writer, by the clock: what a stale read costs in time and in age.

| word       | meaning                                                                                           |
|------------|---------------------------------------------------------------------------------------------------|
| CDC lag    | from the commit at the leader until Flux sees it                                                     |
| stale for  | how long after the commit the cache still serves the old row: *how long*; the TTL bounds it            |
| age gap    | how much older the served row is than the newest one: *how old*; nothing bounds it                     |
| write time | from the writer's request to its answer; synchronous invalidation adds one round trip to the cache     |
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from dslab.cachefront.protocol import CacheFront, Engine, Switches
from dslab.sim import Metric, Result, Series, World, sleep

AGES_US = {"a minute": 60_000_000, "a day": 86_400_000_000, "a year": 31_536_000_000_000}
WRITE_AT_US = 10_000


class _Watch:
    """Looks at the slot whenever it is written, and knows from when to when it would have served an old row."""

    def __init__(self, system: CacheFront) -> None:
        self.system = system
        self.stale_us = 0
        self._since: int | None = None
        self._until: int | None = None

    def look(self) -> None:
        """Note whether the slot is stale now."""
        system, now = self.system, self.system.world.now
        slot, newest = system.cache.get("k"), system.leader.history["k"][-1]
        stale = slot is not None and slot.kind != "marker" and slot.version < newest.version
        if stale and self._since is None:
            self._since = now
        if self._since is not None and not stale:
            self.stale_us += min(now, self._until if self._until is not None else now) - self._since
            self._since = None
        if stale and slot is not None:
            self._until = slot.expires_us

    def end(self) -> int | None:
        """Give the stale time in microseconds; None where the slot stays stale for ever."""
        if self._since is None:
            return self.stale_us
        return None if self._until is None else self.stale_us + self._until - self._since


def _build(switches: Switches, network_us: int, cdc_lag_us: int, fill_delay_us: int, second_read_us: int, cached: bool,
           row_age_us: int, lose: bool) -> tuple[World, CacheFront]:  # fmt: skip
    world = World(name="timeline")
    world.link(latency=network_us)
    system = CacheFront(world, switches, invalidation_timeout_us=max(50_000, 4 * network_us))
    if system.flux is not None:
        world.link("leader", "flux", latency=cdc_lag_us, fifo=True)
    if lose:
        for source in ("writer", "flux") if system.flux is not None else ("writer",):
            world.link(source, "cache", latency=network_us, loss=1.0)
    system.load(cached=cached)
    system.leader.load("k", "v1", 10, committed_us=WRITE_AT_US - row_age_us)
    first, writer, second = (system.engine(name, label) for name, label in
                             (("reader", "Reader"), ("writer", "Writer"), ("second", "Second reader")))  # fmt: skip
    first.fill_delay_us = fill_delay_us
    first.node.spawn(_later(WRITE_AT_US - 4 * network_us, first, None))
    writer.node.spawn(_later(WRITE_AT_US - network_us, writer, "v2"))
    second.node.spawn(_later(WRITE_AT_US + second_read_us, second, None))
    return world, system


async def _later(at_us: int, engine: Engine, value: str | None) -> None:
    await sleep(max(0, at_us))
    await (engine.read() if value is None else engine.write(value))


def timeline(network_ms: float = 1.0, cdc_lag_ms: float = 500.0, fill_delay_ms: float = 20.0, second_read_ms: float = 100.0,
             ttl_s: float = 300.0, compare_and_set: bool = True, markers: bool = False, invalidation: str = "sync",
             flux: str = "fills", cached: bool = False, row_age: str = "a year", lose: bool = False) -> Result:  # fmt: skip
    """Run one write between two reads and measure the staleness that comes of it.

    ``network_ms``: one way, 0.1..2.5 ms. ``cdc_lag_ms``: 0..5,000 ms. ``fill_delay_ms``: how long the first reader's fill is held up, 0..2,000 ms.
    ``second_read_ms``: when the second reader asks, after the commit, 0..5,000 ms. ``ttl_s``: over 0, in seconds. ``cached``: the
    row is in the cache to begin with. ``row_age``: how long before this write the row was last written. ``lose``: no
    invalidation and no fill of the writer or of Flux reaches the cache. The other parameters are switches.
    The metrics: ``stale_s`` (inf where it never ends), ``age_gap_s``, ``stale_reads``, ``write_ms``. Raises ValueError out of range.
    """
    _check(network_ms, cdc_lag_ms, fill_delay_ms, second_read_ms, ttl_s, row_age)
    switches = replace(Switches(), compare_and_set=compare_and_set, markers=markers, invalidation=invalidation, flux=flux,
                       ttl_us=round(ttl_s * 1e6))  # fmt: skip
    world, system = _build(switches, round(network_ms * 1e3), round(cdc_lag_ms * 1e3), round(fill_delay_ms * 1e3),
                           round(second_read_ms * 1e3), cached, AGES_US[row_age], lose)  # fmt: skip
    world.record(clocks=True)
    watch = _Watch(system)
    while world._heap:
        world.step()
        watch.look()
    return _result(world, system, watch, {"ttl_s": ttl_s, "row_age": row_age, "compared": compare_and_set})


def _check(
    network_ms: float,
    cdc_lag_ms: float,
    fill_delay_ms: float,
    second_read_ms: float,
    ttl_s: float,
    row_age: str,
) -> None:
    for name, value, low, high in (
        ("network_ms", network_ms, 0.1, 2.5), ("cdc_lag_ms", cdc_lag_ms, 0, 5_000),
        ("fill_delay_ms", fill_delay_ms, 0, 2_000), ("second_read_ms", second_read_ms, 0, 5_000), ("ttl_s", ttl_s, 1e-3, 86_400),
    ):  # fmt: skip
        if not low <= value <= high:
            raise ValueError(f"{name}={value!r} is out of range; use {low:g} to {high:g}")
    if row_age not in AGES_US:
        raise ValueError(f"row_age={row_age!r} is no choice; use one of {', '.join(map(repr, AGES_US))}")


def _result(world: World, system: CacheFront, watch: _Watch, params: dict[str, Any]) -> Result:
    stale_us = watch.end()
    rows = system.leader.history["k"]
    gap_s = (rows[-1].committed_us - rows[0].committed_us) / 1e6 if stale_us != 0 else 0.0
    write = next(op for op in world.trace.operations if op["name"] == "write")
    events = world.trace.events
    write_ms = (events[write["returned"]]["t"] - events[write["invoked"]]["t"]) / 1e3
    stale_reads = _stale_reads(world, rows[-1].committed_us)
    fills = [
        message
        for message in world.trace.messages
        if message["src"] == "reader" and message["dst"] == "cache"
    ]
    world.trace.meta["focus"] = fills[-1][
        "received"
    ]  # the reader's fill, late or not, is what the run is about
    metrics = {
        "stale_s": Metric("stale for", float("inf") if stale_us is None else stale_us / 1e6, "s"),
        "age_gap_s": Metric("age gap", gap_s, "s"),
        "stale_reads": Metric("stale reads", stale_reads),
        "write_ms": Metric("write time", write_ms, "ms"),
    }
    return Result(params, metrics, _sentence(stale_us, params, write_ms, stale_reads), trace=world.trace)


def _stale_reads(world: World, committed_us: int) -> int:
    """Count the reads that began after the commit and were answered with the row from before it."""
    events = world.trace.events
    return sum(op["name"] == "read" and op["value"] == "v1" and events[op["invoked"]]["t"] > committed_us
               for op in world.trace.operations)  # fmt: skip


def _sentence(stale_us: int | None, params: dict[str, Any], write_ms: float, stale_reads: int) -> str:
    wrote = f"The write took {write_ms:.1f} ms." + (
        "" if params["compared"] else " Nobody compared timestamps."
    )
    second = "the second reader got the old row" if stale_reads else "the second reader got the new row"
    if stale_us == 0:
        return f"The cache never served the old row after the commit; {second}. {wrote}"
    how_long = "for ever" if stale_us is None else f"for {span(stale_us / 1e6)} in all"
    return f"After the commit the slot held the old row {how_long}, a row written {params['row_age']} before; {second}. {wrote}"


def span(seconds: float) -> str:
    """Write a time span with a unit that fits: ``1.2 ms``, ``3 s``, ``5 min``, ``24 h``, ``365 days``."""
    for unit, size in (("days", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        if seconds >= size * (2 if unit in ("days", "h", "min") else 1):
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e3:.3g} ms"


def staleness_by_lag(network_ms: float = 1.0, ttl_s: float = 300.0, row_age: str = "a year") -> Result:
    """Measure how long a cached row stays stale after a write, against the CDC lag, for each way to invalidate.

    Simulated points beside the closed forms: synchronous and asynchronous invalidation end it after the time the marker
    takes, the change feed after its lag and one network hop, nothing at all after the TTL.
    """
    lags = (0.0, 10.0, 30.0, 100.0, 300.0, 1_000.0, 3_000.0)
    ways = {"sync": {"invalidation": "sync"}, "async": {"invalidation": "async"}, "Flux only": {"invalidation": "none"},
            "lost": {"lose": True}}  # fmt: skip
    theory = {"sync": lambda lag: 2 * network_ms, "async": lambda lag: 2 * network_ms,
              "Flux only": lambda lag: lag + network_ms, "lost": lambda lag: ttl_s * 1e3 - WRITE_AT_US / 1e3}  # fmt: skip
    series = {}
    for way, settings in ways.items():
        runs = [timeline(network_ms=network_ms, cdc_lag_ms=lag, cached=True, markers=True, ttl_s=ttl_s, row_age=row_age, **settings)
                for lag in lags]  # fmt: skip
        series[way] = Series(way, lags, tuple(run["stale_s"] * 1e3 for run in runs))
        expected = tuple(
            min(theory[way](lag), lag + network_ms) if way in ("sync", "async") else theory[way](lag)
            for lag in lags
        )
        series[f"{way} (theory)"] = Series(f"{way}, closed form", lags, expected, "theory")
    at = lags.index(300.0)
    text = (f"With a CDC lag of 300 ms a cached row stays stale for {series['sync'].y[at]:.0f} ms with markers on the write path, for "
            f"{series['Flux only'].y[at]:.0f} ms with Flux alone, and for {span(series['lost'].y[at] / 1e3)} where both are lost.")  # fmt: skip
    return Result({"network_ms": network_ms, "ttl_s": ttl_s}, {}, text, series)
