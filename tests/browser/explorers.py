"""Explorers for the browser tests: a quick one, one that fails at its end, one that never ends there."""

from dslab.show import Axis, Choice, Explorer, Lines, Mark, Meter, Meters, Series, Slider, Switch, picture
from dslab.sim.result import Metric, Result
from tests.show import examples

TIMES = tuple(range(1, 101))


def model(ttl: int, refill: str, marker: bool) -> Result:
    """Give a hit rate that rises with the time to live."""
    slow = 20 if refill == "leader" else 40
    hits = tuple(100 * time / (time + slow + (0 if marker else 10)) for time in TIMES)
    share = hits[ttl - 1]
    text = f"With {ttl} s, refilled from the {refill}, {share:.1f} % of the reads hit; late fills are {'refused' if marker else 'kept'}."
    return Result(
        {"ttl": ttl},
        {"share": Metric("hit rate", share, "%")},
        text,
        {"hits": Series("simulation", TIMES, hits)},
    )


def draw(result: Result) -> list:
    """Draw the curve with the chosen time, and the hit rate as a meter."""
    marks = (Mark(result.params["ttl"], "chosen"),)
    x, y = Axis("time to live", "s", limits=(1, 100)), Axis("hit rate", "%", limits=(0, 100))
    return [
        Lines(x, y, (result.series["hits"],), title="Hit rate", marks=marks),
        Meters((Meter("hits", result["share"], 100, "%"),)),
    ]


def cache(columns: int = 1) -> Explorer:
    """An explorer with a slider, a choice and a switch."""
    controls = {
        "ttl": Slider("time to live", 1, 100, 1, 20, "s", help="how long an entry stays"),
        "refill": Choice("refill from", ["leader", "follower"]),
        "marker": Switch("marker"),
    }
    return Explorer(
        model, controls, draw, title="Hits", question="How long should an entry stay?", columns=columns
    )


def failing() -> Explorer:
    """An explorer whose model fails at 10 clients."""

    def busy(clients: int) -> Result:
        if clients == 10:
            raise ValueError("10 clients are too many")
        return model(clients, "leader", True)

    return Explorer(busy, {"clients": Slider("clients", 1, 10, 1, 5)}, draw, title="Failing")


def endless() -> Explorer:
    """An explorer whose model takes as many steps as it is told, and never ends at 5."""

    def steps(count: int):
        step = 0
        while step < count or count == 5:
            step += 1
            yield min(1.0, step / 1e6)
        result = model(count, "leader", True)
        return Result(
            result.params,
            result.metrics,
            f"{count} step{'s were' if count > 1 else ' was'} taken.",
            result.series,
        )

    return Explorer(steps, {"count": Slider("steps", 1, 5, 1, 3)}, draw, title="Endless")


def shown(name: str):
    """Show one of the examples alone."""
    return picture(examples.ALL[name])
