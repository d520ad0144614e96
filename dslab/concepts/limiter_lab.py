"""The rate lab: a few limiters side by side on the same arrivals, and what each lets through.

| word      | meaning                                                                                                 |
|-----------|---------------------------------------------------------------------------------------------------------|
| lane      | one limiter on these arrivals                                                                             |
| burst     | many requests at one moment                                                                              |
| flood     | a request every few milliseconds, far more than the limit                                                   |
| busiest   | the minute [t, t + 60 s), wherever it begins, in which most passed                                           |

Each function takes numbers in seconds and requests and gives a `Result`; the limit is per minute throughout. Where there is a closed form it stands beside.
"""

from __future__ import annotations

from collections.abc import Iterable

from dslab.concepts.limiter_search import bound, in_window, most_in_span, passed
from dslab.concepts.limiters import (
    GCRA,
    MINUTE_US,
    FixedWindow,
    LeakyMeter,
    LeakyQueue,
    Limiter,
    SlidingCounter,
    SlidingLog,
    TokenBucket,
    run,
)
from dslab.sim.result import Metric, Result, Series

SECOND_US = 1_000_000
LIMIT = 100


def us(seconds: float) -> int:
    """Give whole microseconds."""
    return round(seconds * SECOND_US)


def _curve(label: str, times: list[int], moments: Iterable[int], kind: str = "simulated") -> Series:
    moments = list(moments)
    counts = in_window(times, MINUTE_US, moments)
    return Series(label, tuple(moment / SECOND_US for moment in moments), tuple(map(float, counts)), kind)


def _moments(until_s: float, *more: list[int]) -> list[int]:
    """Give the moments at which a curve is drawn: every second, and where something happens."""
    found = set(range(0, us(until_s) + 1, SECOND_US))
    for times in more:
        found.update(times)
        found.update(time + MINUTE_US for time in times)
    return sorted(time for time in found if time <= us(until_s))


def windows(
    first_at: float = 59.9,
    second_at: float = 60.0,
    requests: int = 100,
    opener: bool = False,
    limit: int = LIMIT,
) -> Result:
    """Two bursts of ``requests`` at two times (seconds) against windows and the log; ``opener``: one request at second 0 before them."""
    bursts = sorted([(us(first_at), requests), (us(second_at), requests)])
    arrivals = [(0, 1), *bursts] if opener else bursts
    lanes: dict[str, Limiter] = {
        "fixed, by the clock": FixedWindow(limit),
        "fixed, from the first request": FixedWindow(limit, align="first"),
        "sliding log": SlidingLog(limit),
    }
    went = {name: passed(limiter, arrivals) for name, limiter in lanes.items()}
    moments = _moments(180, *went.values())
    most = {name: most_in_span(times, MINUTE_US) for name, times in went.items()}
    bounds = {name: bound(limiter) for name, limiter in lanes.items()}
    text = (f"{sum(count for _, count in arrivals)} requests, limit {limit} a minute. In their busiest minute {most['fixed, by the clock']} pass the fixed window of the clock, "
            f"{most['fixed, from the first request']} the fixed window that the first request opens, {most['sliding log']} the log.")  # fmt: skip
    metrics = {
        "most": Metric("busiest minute, fixed window of the clock", most["fixed, by the clock"]),
        "most_first": Metric(
            "busiest minute, window from the first request", most["fixed, from the first request"]
        ),
        "most_log": Metric("busiest minute, log", most["sliding log"]),
    }
    series = {name: _curve(name, times, moments) for name, times in went.items()}
    return Result(
        {"most": most, "bounds": bounds, "limit": limit, "arrivals": arrivals}, metrics, text, series
    )


def counter(
    burst_at: float = 59.5, burst: int = 100, every: float = 0.1, rounding: str = "none", limit: int = LIMIT
) -> Result:
    """A burst in the first minute, then from second 60 on a request every ``every`` seconds: the estimate of a sliding counter, and the truth."""
    step = us(every)
    arrivals = [(us(burst_at), burst), *((time, 1) for time in range(MINUTE_US, 3 * MINUTE_US, step))]
    lanes: dict[str, Limiter] = {
        "sliding counter": SlidingCounter(limit, rounding=rounding),
        "sliding log": SlidingLog(limit),
        "fixed window": FixedWindow(limit),
    }
    went = {name: passed(limiter, arrivals) for name, limiter in lanes.items()}
    moments = sorted({*range(0, 3 * MINUTE_US, SECOND_US), us(burst_at)})
    again, estimates, todo = SlidingCounter(limit, rounding=rounding), [], iter(arrivals)
    ahead = next(todo)
    for moment in moments:
        while ahead and ahead[0] <= moment:
            for _ in range(ahead[1]):
                again.admit(ahead[0])
            ahead = next(todo, None)
        estimates.append(again.estimate(moment))
    most = {name: most_in_span(times, MINUTE_US) for name, times in went.items()}
    bounds = {name: bound(limiter) for name, limiter in lanes.items()}
    truth = _curve("passed in the last minute", went["sliding counter"], moments)
    apart = max(true - told for true, told in zip(truth.y, estimates, strict=True))
    text = (f"In the busiest minute {most['sliding counter']} pass the sliding counter, {most['sliding log']} the log, {most['fixed window']} the fixed window; the limit is {limit}, and no arrivals get more than {bounds['sliding counter']} past the counter. "
            f"At worst the counter believes {apart:.0f} fewer than there were.")  # fmt: skip
    metrics = {
        "most": Metric("busiest minute, sliding counter", most["sliding counter"]),
        "most_log": Metric("busiest minute, log", most["sliding log"]),
        "apart": Metric("the truth above the estimate, at most", apart),
    }
    series = {
        "truth": truth,
        "estimate": Series("what the counter believes", truth.x, tuple(estimates)),
    }
    return Result({"most": most, "bounds": bounds, "limit": limit}, metrics, text, series)


def bucket(burst: int = 20, limit: int = LIMIT, every: float = 0.1, refill: str = "continuous") -> Result:
    """A night without requests, then 250 at once, then two minutes of one every ``every`` seconds: what passes a bucket of ``burst`` tokens.

    The bucket was last looked at one microsecond less than a minute before the flood, as an adversary would have it.
    """
    times = [0] * 250 + list(range(us(every), 2 * MINUTE_US, us(every)))
    lanes: dict[str, Limiter] = {
        "token bucket": TokenBucket(limit, burst=burst, refill=refill),
        "leaky meter": LeakyMeter(limit, capacity=burst),
        "GCRA": GCRA(limit, burst=burst),
    }
    went = {}
    for name, limiter in lanes.items():
        limiter.room(1 - MINUTE_US)
        went[name] = [time for time, passes in zip(times, run(limiter, times), strict=True) if passes]
    most = {name: most_in_span(found, MINUTE_US) for name, found in went.items()}
    bounds = {
        name: None if refill == "lost" and name == "token bucket" else bound(limiter)
        for name, limiter in lanes.items()
    }
    moments = range(0, 2 * MINUTE_US + 1, 2 * SECOND_US)
    counts = in_window(went["token bucket"], 3 * MINUTE_US, moments)
    seconds = tuple(moment / SECOND_US for moment in moments)
    series = {
        "simulated": Series("passed so far", seconds, tuple(map(float, counts))),
        "theory": Series(
            "B + r × t", seconds, tuple(burst + second * limit / 60 for second in seconds), "theory"
        ),
    }
    at_once = sum(time == 0 for time in went["token bucket"])
    others = f"a leaky meter of the same size {most['leaky meter']}, GCRA {most['GCRA']}"
    text = f"{at_once} pass at once. In the busiest minute {most['token bucket']} pass the token bucket, {others}; the rate is {limit} a minute."
    metrics = {
        "at_once": Metric("pass at once", at_once),
        "most": Metric("busiest minute, token bucket", most["token bucket"]),
        "most_meter": Metric("busiest minute, leaky meter", most["leaky meter"]),
        "most_gcra": Metric("busiest minute, GCRA", most["GCRA"]),
    }
    return Result({"most": most, "bounds": bounds, "burst": burst, "limit": limit}, metrics, text, series)


def queue(burst: int = 100, places: int = 100, limit: int = LIMIT, load: int = 100) -> Result:
    """A burst at second 0, then ``load`` per cent of the rate for two minutes: a leaky queue beside a meter that admits as much."""
    step = MINUTE_US * 100 // (limit * load) if load else 0
    arrivals = [0] * burst + (list(range(step, 2 * MINUTE_US, step)) if step else [])
    line, meter = LeakyQueue(limit, places=places), LeakyMeter(limit, capacity=places + 1)
    waits, left, at_once = [], [], []
    for time in arrivals:
        if meter.admit(time):
            at_once.append(time)
        if line.admit(time):
            waits.append((time, line.delay_us))
            left.append(time + line.delay_us)
    longest = max((wait for _, wait in waits), default=0) / SECOND_US
    last = waits[-1][1] / SECOND_US if waits else 0.0
    refused = len(arrivals) - len(waits)
    moments = [second * SECOND_US for second in range(0, 121, 2)]
    seconds = tuple(moment / SECOND_US for moment in moments)
    series = {
        "came": Series("came", seconds, tuple(map(float, in_window(arrivals, 3 * MINUTE_US, moments)))),
        "meter": Series(
            "passed the meter", seconds, tuple(map(float, in_window(at_once, 3 * MINUTE_US, moments)))
        ),
        "queue": Series(
            "left the queue", seconds, tuple(map(float, in_window(left, 3 * MINUTE_US, moments)))
        ),
        "wait": Series(
            "wait of who comes then",
            tuple(time / SECOND_US for time, _ in waits),
            tuple(wait / SECOND_US for _, wait in waits),
        ),
    }
    text = (f"The queue accepts {len(waits)} of {len(arrivals)} requests, the meter {len(at_once)}. In the queue the longest wait is {longest:.1f} s, and after two minutes "
            f"who comes waits {last:.1f} s; the meter makes nobody wait.")  # fmt: skip
    metrics = {
        "longest": Metric("longest wait", longest, "s"),
        "formula": Metric("places / rate", places * 60 / limit, "s"),
        "last": Metric("wait at the end", last, "s"),
        "refused": Metric("refused by the queue", refused),
        "refused_meter": Metric("refused by the meter", len(arrivals) - len(at_once)),
    }
    return Result({"places": places, "limit": limit}, metrics, text, series)
