"""What lesson 10b puts on the stage: five explorers, the picture of the system, and the tables between them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from dslab import show
from dslab.check import Cell, Verdict, finished
from dslab.concepts import edges, limiter_lab
from dslab.concepts import limiter_anomalies as anomalies
from dslab.concepts.limiter_search import bound, difference, most_in_span, passed, worst_case
from dslab.concepts.limiters import GCRA, MINUTE_US, LeakyMeter, TokenBucket, make
from dslab.course import referee
from dslab.show import Axis, Bars, Choice, Edge, Explorer, Group, Lines, Mark, Network, Node, Slider, Switch
from dslab.sim import Result, Series

SECONDS = Axis("time", "s", limits=(0, 180))
MINUTE = Axis("requests", "", limits=(0, 310))


def system_picture() -> Any:
    """Where a limiter stands: clients, edges, the limiter's store, the service behind."""
    nodes = (
        Node("client", label="clients", kind="client", at=(0.05, 0.5)),
        Node("edge 1", kind="edge", at=(0.38, 0.85)),
        Node("edge 2", kind="edge", at=(0.38, 0.15)),
        Node("store", label="limiter", state="what it remembers", kind="limiter", at=(0.66, 0.5)),
        Node("service", kind="service", at=(0.96, 0.5)),
    )
    arrows = (
        Edge("client", "edge 1", "requests"),
        Edge("client", "edge 2", "requests"),
        Edge("edge 1", "store", "may it pass?"),
        Edge("edge 2", "store", "may it pass?"),
        Edge("store", "service", "at most L a minute"),
    )
    return show.picture(Network(nodes, arrows, title="Where a rate limiter stands", height=300))


def _busiest(result: Result, title: str = "The busiest minute") -> Bars:
    """Draw what passed in the busiest minute beside the most that any arrivals could get, by formula."""
    most, bounds = result.params["most"], result.params["bounds"]
    groups = (
        Group("these arrivals", tuple(float(count) for count in most.values())),
        Group(
            "the most possible, by formula",
            tuple(None if each is None else float(each) for each in bounds.values()),
        ),
    )
    top = 1.1 * max([*most.values(), *(each for each in bounds.values() if each), result.params["limit"]])
    marks = (Mark(result.params["limit"], f"limit {result.params['limit']}", "x"),)
    return Bars(tuple(most), groups, Axis("passed in 60 s", "", limits=(0, top)), "limiter", title=title, horizontal=True,
                marks=marks, height=260)  # fmt: skip


# -- act 1: windows -----------------------------------------------------------------------------------------


def windows_explorer() -> Explorer:
    """Two bursts against the fixed window, twice, and the log."""
    controls = {
        "first_at": Slider("First burst at second", 50.0, 59.9, 0.1, 59.9, "s"),
        "second_at": Slider("Second burst at second", 60.0, 120.0, 0.5, 60.0, "s"),
        "requests": Slider("Requests in each burst", 10, 200, 10, 100),
        "opener": Switch("A single request at second 0", value=False),
    }
    question = "The limit is 100 a minute. How many can pass within one minute, if it may begin anywhere?"
    return Explorer(limiter_lab.windows, controls, _windows_pictures, title="Two bursts and a border", question=question, poster=(0,))  # fmt: skip


def _windows_pictures(result: Result) -> list[Any]:
    marks = (Mark(result.params["limit"], "limit", "y"),)
    curves = Lines(SECONDS, Axis("passed in the last 60 s", "", limits=(0, 230)), tuple(result.series.values()),
                   title="Passed in the last 60 s", marks=marks, steps=True, height=320)  # fmt: skip
    return [curves, _busiest(result)]


# -- act 2: two numbers ---------------------------------------------------------------------------------------


def counter_explorer() -> Explorer:
    """What the sliding counter believes, and what is true."""
    controls = {
        "burst_at": Slider("A burst at second", 0.0, 59.9, 0.1, 59.5, "s"),
        "burst": Slider("Requests in it", 0, 100, 5, 100),
        "every": Slider("From second 60 on, a request every", 0.1, 3.0, 0.1, 0.1, "s"),
        "rounding": Choice("The estimate is", {"taken as it is": "none", "rounded down": "floor"}, "none"),
    }
    question = "Two numbers instead of a hundred times. How far can the estimate be from the truth?"
    return Explorer(limiter_lab.counter, controls, _counter_pictures, title="What two numbers can know", question=question, poster=(0,))  # fmt: skip


def _counter_pictures(result: Result) -> list[Any]:
    marks = (Mark(result.params["limit"], "limit", "y"),)
    curves = Lines(SECONDS, Axis("requests in the last 60 s", "", limits=(0, 230)), tuple(result.series.values()),
                   title="Sliding counter: believed and true", marks=marks, height=320)  # fmt: skip
    return [curves, _busiest(result)]


# -- act 3: buckets -------------------------------------------------------------------------------------------


def bucket_explorer() -> Explorer:
    """A flood after a quiet night, and a bucket."""
    controls = {
        "burst": Slider("The bucket holds B tokens", 1, 200, 1, 20),
        "limit": Slider("Refilled at, a minute", 10, 200, 10, 100),
        "every": Slider("After the first 250, a request every", 0.05, 3.0, 0.05, 0.1, "s"),
        "refill": Choice("Refill", {"continuous": "continuous", "whole tokens on a beat": "whole", "whole tokens, fraction lost": "lost", "all at once, each minute": "window"}, "continuous"),
    }  # fmt: skip
    question = "What passes at once, and what passes in the busiest minute?"
    return Explorer(limiter_lab.bucket, controls, _bucket_pictures, title="A flood meets a bucket", question=question, poster=(0,))  # fmt: skip


def _bucket_pictures(result: Result) -> list[Any]:
    y = Axis("passed since second 0", "", limits=(0, 620))
    curves = Lines(Axis("time", "s", limits=(0, 120)), y, tuple(result.series.values()), title="Passed so far, and B + r × t", height=320)  # fmt: skip
    return [curves, _busiest(result)]


# -- act 4: waiting -------------------------------------------------------------------------------------------


def queue_explorer() -> Explorer:
    """A leaky queue beside a meter that admits as much."""
    controls = {
        "burst": Slider("Burst at second 0", 0, 300, 10, 100),
        "places": Slider("Places in the queue", 0, 200, 10, 100),
        "limit": Slider("Rate, a minute", 20, 300, 20, 100),
        "load": Slider("Then requests come at", 0, 200, 10, 100, "% of the rate"),
    }
    question = "Nothing is refused. What is the price, and does it ever end?"
    return Explorer(limiter_lab.queue, controls, _queue_pictures, title="Waiting instead of refusing", question=question, poster=(1,))  # fmt: skip


def _queue_pictures(result: Result) -> list[Any]:
    x = Axis("time", "s", limits=(0, 120))
    flow = Lines(x, Axis("requests since second 0", ""), tuple(result.series[name] for name in ("came", "meter", "queue")),
                 title="What came and what went on", height=300)  # fmt: skip
    top = max(10.0, 1.25 * result["formula"], 1.25 * result["longest"])
    if result.params["places"] and result.series["wait"].x:
        marks = (Mark(result["formula"], "places / rate", "y"),)
        waits = Lines(x, Axis("wait", "s", limits=(0, top)), (result.series["wait"],), title="Wait in the queue, by the moment of coming", marks=marks, height=260)  # fmt: skip
    else:
        nothing = Series("wait of who comes then", (0.0, 120.0), (0.0, 0.0))
        waits = Lines(x, Axis("wait", "s", limits=(0, top)), (nothing,), title="Wait in the queue, by the moment of coming", height=260)  # fmt: skip
    return [flow, waits]


# -- act 5: edges ---------------------------------------------------------------------------------------------


def edges_explorer() -> Explorer:
    """Several edges, one limit."""
    controls = {
        "edges": Slider("Edges", 1, 20, 1, 10),
        "strategy": Choice("Who counts", {"each edge, up to L": "local", "each edge, up to its share": "split", "each edge, and they exchange": "synced", "one counter for all": "shared"}, "local"),
        "requests": Slider("Requests in the minute", 50, 2_000, 50, 1_500),
        "uneven": Slider("Of them, all to the first edge", 0.0, 1.0, 0.1, 0.0),
        "sync_s": Slider("They exchange every", 1, 30, 1, 5, "s"),
    }  # fmt: skip
    question = "The limit is 100 a minute. How many pass, if several edges decide?"
    return Explorer(
        _fleet, controls, _edges_pictures, title="Several edges, one limit", question=question, poster=(1,)
    )


def _fleet(**values: Any) -> Result:
    return edges.fleet(limit=limiter_lab.LIMIT, **values)


def _edges_pictures(result: Result) -> list[Any]:
    admitted, totals = result.params["admitted"], result.params["totals"]
    limit = result["limit"]
    names = tuple(str(place + 1) for place in range(len(admitted)))
    each = Bars(names, (Group("passed", tuple(map(float, admitted))),), Axis("passed", "", limits=(0, 125)), "edge", title="What each edge let pass",
                marks=(Mark(limit, "the limit for all together", "y"),), height=240)  # fmt: skip
    ways = {"one counter": "shared", "each its share": "split", "exchange": "synced", "each up to L": "local"}
    by_way = Bars(tuple(ways), (Group("passed", tuple(float(totals[way]) for way in ways.values())),), Axis("passed in the minute", "", limits=(0, 2_050)),
                  "who counts", title="The same traffic, by who counts", marks=(Mark(limit, "limit", "x"),), horizontal=True, height=220)  # fmt: skip
    curve = Lines(Axis("edges", "", limits=(0, 21)), Axis("passed in the minute", "", limits=(0, 2_050)), tuple(result.series.values()),
                  title="With other numbers of edges", marks=(Mark(limit, "limit", "y"),), height=280)  # fmt: skip
    return [each, by_way, curve]


# -- tables -----------------------------------------------------------------------------------------------------

SMALL = (3, 8)  # a limit and a window in ticks that can be searched whole
WORST = (
    ("fixed window", "by the clock", {}, ""),
    ("fixed window", "from the first request", {"align": "first"}, "limits"),
    ("sliding log", "what is one window old is forgotten", {}, ""),
    ("sliding log", "what is one window old still counts", {"edge": "closed"}, "limits, pyrate-limiter"),
    ("sliding counter", "estimate as it is", {}, ""),
    ("sliding counter", "estimate rounded down", {"rounding": "floor"}, "limits"),
    ("token bucket", "B = L", {}, "token-bucket"),
    ("token bucket", "B = 1", {"burst": 1}, ""),
    ("token bucket", "B = L, whole tokens on a beat", {"refill": "whole"}, ""),
    ("token bucket", "B = L, all at once each window", {"refill": "window"}, ""),
    ("leaky meter", "the request must fit", {}, "aiolimiter"),
    ("leaky meter", "any room will do", {"fits": "any room"}, ""),
    ("GCRA", "B = L", {}, "throttled-py"),
    ("GCRA", "B = L, interval in whole ticks", {"interval": "floor"}, ""),
    ("leaky queue", "L places; accepted, not yet out", {}, ""),
)  # fmt: skip


def worst_table(limit: int = SMALL[0], ticks: int = SMALL[1]) -> Any:
    """Each limiter and convention: the most that the search over all arrival schedules got through, and the formula."""
    rows = []
    for name, convention, positions, library in WORST:
        worst = worst_case(
            lambda name=name, positions=positions: make(name, limit, ticks, **positions), ticks, 2 * ticks
        )
        rows.append({"limiter": name, "convention": convention, "found by search": worst.admitted, "by formula": bound(make(name, limit, ticks, **positions)),
                     "at 100 a minute": bound(make(name, 100, **positions)), "arrivals that do it (requests at tick)": ", ".join(f"{count} at {tick}" for tick, count in worst.arrivals),
                     "decides so": library})  # fmt: skip
    return show.table(
        rows,
        title=f"The most in any window: limit {limit}, window {ticks} ticks, every schedule of {3 * ticks} ticks",
    )


def worst_summary(limit: int = SMALL[0], ticks: int = SMALL[1]) -> str:
    """Say how much one row of that table searched."""
    schedules = (limit + 1) ** (3 * ticks)
    return f"Each row: {schedules:,} schedules (0 to {limit} requests at each of {3 * ticks} ticks), merged where the limiter remembers the same."


def same_table(limit: int = 3, ticks: int = 24) -> Any:
    """Buckets in three clothes: is there an arrival schedule on which two of them differ?"""

    def three(burst: int) -> dict[str, Any]:
        return {
            "token bucket": TokenBucket(limit, 8, burst),
            "GCRA": GCRA(limit, 8, burst),
            "leaky meter": LeakyMeter(limit, 8, burst),
        }

    rows = []
    for one, other in (("token bucket", "GCRA"), ("token bucket", "leaky meter")):
        for burst in (1, 3, 5):
            found = difference(three(burst)[one], three(burst)[other], ticks)
            rows.append({"one": one, "other": other, "B": burst, "a schedule on which they differ": "none" if found.arrivals is None else str(found.arrivals),
                         "pairs of states": f"{found.pairs:,}"})  # fmt: skip
    whole = difference(TokenBucket(limit, 8, 3), TokenBucket(limit, 8, 3, refill="whole"), ticks)
    rows.append({"one": "token bucket", "other": "whole tokens on a beat", "B": 3, "a schedule on which they differ": f"requests at ticks {', '.join(map(str, whole.arrivals))}",
                 "pairs of states": f"{whole.pairs:,}"})  # fmt: skip
    return show.table(
        rows, title=f"Every arrival schedule of {ticks} ticks: do they ever decide differently?"
    )


def memory_table(sources: int = 270_000) -> Any:
    """What each limiter remembers for one client, and for many, at 100 a minute after a busy minute."""
    rows = []
    for name in ("fixed window", "sliding log", "sliding counter", "token bucket", "leaky meter", "GCRA"):
        limiter = make(name, 100)
        passed(limiter, [(second * 300_000, 1) for second in range(200)])
        rows.append({"limiter": name + (", B = 100" if name in ("token bucket", "leaky meter", "GCRA") else ""), "numbers for one client": limiter.memory, f"for {sources:,} clients": f"{limiter.memory * sources:,}",
                     "busiest minute, at most": bound(make(name, 100))})  # fmt: skip
    return show.table(rows, title="What is remembered, and what it buys")


def flood_most(name: str, **conventions: Any) -> int:
    """Give what a flood (one request each 10 ms, three minutes, after a quiet time) gets through in its busiest minute, limit 100."""
    limiter = make(name, 100, **conventions)
    return most_in_span(
        passed(limiter, [(0, 250), *((time, 1) for time in range(10_000, 3 * MINUTE_US, 10_000))]), MINUTE_US
    )


# -- break it -----------------------------------------------------------------------------------------------------


def be_the_adversary(name: str = "more in a minute", **positions: Any) -> Any:
    """Be the adversary of an anomaly's scenario, with the base changed in ``positions`` only."""
    return referee.adversary(anomalies.ANOMALIES[name], **positions)


def schedule_picture(verdict: Verdict, title: str = "") -> Any:
    """The shortest schedule that a verdict found, to step through."""
    return referee.schedule_picture(verdict, title)


@cache
def _cells() -> tuple[Cell, ...]:
    return tuple(finished(anomalies.matrix()))


def matrix_picture() -> Any:
    """Each anomaly against the base and each other design: searched now, every cell of it."""
    columns = {"": "the base", **{name: name for name in anomalies.DESIGNS}}
    return referee.matrix(_cells(), columns, "Which design stops which anomaly", axis="design")


def matrix_summary() -> str:
    """Say how much the table's search covered."""
    return referee.summary(_cells(), "up to 3 surprises")


def anomaly_table() -> Any:
    """The rows of that table in words."""
    return referee.anomaly_table(anomalies.ANOMALIES.values())


EXPLORERS: dict[str, Callable[[], Explorer]] = {
    "windows": windows_explorer,
    "counter": counter_explorer,
    "bucket": bucket_explorer,
    "queue": queue_explorer,
    "edges": edges_explorer,
}
