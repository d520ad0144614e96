"""The player: how much buffer survives which outage, and which rung of the ladder it dares to take.

| word       | meaning                                                                                             |
|------------|-----------------------------------------------------------------------------------------------------|
| buffer     | seconds that are fetched and not yet played; live it is never more than the distance to the live edge  |
| outage     | a time without network; its length is exponential with a mean                                          |
| stall      | the part of an outage that the buffer does not cover; the picture stands                                |
| drift      | a player that goes on where it stood is later behind live by every stall                                |
| jump       | a player that leaves out what it missed keeps its distance to the live edge                             |
| rule       | how the rung of the next segment is chosen: always the top, by throughput, by buffer                     |

One outage of length D stalls a player with B seconds of buffer for max(0, D - B). With exponential outages of mean m the chance that
one stalls is exp(-B / m), and it stalls m exp(-B / m) seconds on average. That is exact for a buffer that is full again
before the next outage.
"""

from __future__ import annotations

import math
import random
from functools import lru_cache

from dslab.concepts.playlists.model import LADDER
from dslab.sim.result import Metric, Result, Series

OUTAGES = 1_500
KBPS = tuple(rung.kbps for rung in reversed(LADDER))
RULES = ("top rung", "by throughput", "by buffer")
RESERVE_S, CUSHION_S = 2.0, 8.0  # the rule by buffer: bottom rung below the first, top rung above their sum


def stall_s(buffer_s: float, outage_s: float) -> float:
    """Give how long one outage makes the picture stand."""
    return max(0.0, outage_s - buffer_s)


def stalled_share(buffer_s: float, mean_s: float) -> float:
    """Give the share of outages that stall: exp(-B / m). ValueError for a mean that is not above 0."""
    if mean_s <= 0 or buffer_s < 0:
        raise ValueError(
            f"buffer {buffer_s} s, mean outage {mean_s} s: the mean must be above 0, the buffer at least 0"
        )
    return math.exp(-buffer_s / mean_s)


def stalled_per_hour(buffer_s: float, mean_s: float, every_s: float) -> float:
    """Give the seconds of stall in an hour, where an outage comes ``every_s`` after the one before has ended."""
    return 3_600 / (every_s + mean_s) * mean_s * stalled_share(buffer_s, mean_s)


@lru_cache(maxsize=256)
def outages(
    buffer_s: float, mean_s: float, every_s: float, speed: float = 4.0, jump: bool = True, seed: int = 0
) -> tuple[float, float, float]:
    """Play through outages; give (stall in s per hour, share of outages that stalled, seconds further behind live at the end).

    ``speed``: how many seconds of stream the network brings in a second while it is there (above 1). ``jump``: leave out what was missed.
    """
    if speed <= 1:
        raise ValueError(f"a network of speed {speed} never fills a buffer; it must be above 1")
    rng = random.Random(seed)
    behind, buffer, stalled, hit, time = buffer_s, buffer_s, 0.0, 0, 0.0
    for _ in range(OUTAGES):
        up, down = rng.expovariate(1 / every_s), rng.expovariate(1 / mean_s)
        buffer = min(behind, buffer + (speed - 1) * up)
        stall = stall_s(buffer, down)
        buffer = max(0.0, buffer - down)
        stalled, hit, time = stalled + stall, hit + (stall > 0), time + up + down
        behind += 0.0 if jump else stall
    return stalled / time * 3_600, hit / OUTAGES, behind - buffer_s


@lru_cache(maxsize=64)
def network(mean_kbps: int, seconds: int, seed: int = 1) -> tuple[int, ...]:
    """Give the bit rate of a changing network for each second, in kbit/s: it wanders between a quarter and twice its mean."""
    rng, level, found = random.Random(seed), 1.0, []
    for _ in range(seconds):
        if rng.random() < 0.12:
            level = rng.choice((0.25, 0.5, 0.8, 1.0, 1.3, 2.0))
        found.append(round(mean_kbps * level))
    return tuple(found)


def rung(rule: str, measured_kbps: float, buffer_s: float) -> int:
    """Give the bit rate that a rule takes for the next segment, in kbit/s. ValueError names the rules."""
    if rule == "top rung":
        return KBPS[-1]
    if rule == "by throughput":
        return max((rate for rate in KBPS if rate <= 0.8 * measured_kbps), default=KBPS[0])
    if rule == "by buffer":
        place = (buffer_s - RESERVE_S) / CUSHION_S * (len(KBPS) - 1)
        return KBPS[min(len(KBPS) - 1, max(0, math.floor(place)))]
    raise ValueError(f"there is no rule {rule!r}; there are {', '.join(RULES)}")


def watch(
    rule: str = "by throughput",
    buffer_s: float = 6.0,
    mean_kbps: int = 4_000,
    segment_s: int = 2,
    minutes: int = 5,
    seed: int = 1,
) -> Result:
    """Watch live for some minutes with one rule. Metrics: ``stalled`` (s), ``kbps`` (mean played), ``switches``, ``behind`` (s, at the end).

    The player begins ``buffer_s`` behind the live edge with the lowest rung at hand, fetches one segment at a time, and never one that is not
    complete. After a stall it goes on where it stood. Series: ``buffer`` (s) and ``rung`` (Mbit/s) over time.
    """
    rates = network(mean_kbps, minutes * 60 + 400, seed)
    now, buffer, measured, stalled, played, switches = 0.0, 0.0, float(mean_kbps), 0.0, 0, 0
    count, last, points = minutes * 60 // segment_s, 0, []
    started = max(1, round(buffer_s / segment_s))  # so many are complete at the beginning
    for number in range(count):
        there = max(0.0, (number - started + 1) * segment_s)
        if now < there:
            buffer, stalled = _play(buffer, there - now, stalled, number)
            now = there
        takes = rung(rule, measured, buffer)
        switches += bool(last) and takes != last
        last = takes
        took = _fetch(rates, now, takes * segment_s)
        buffer, stalled = _play(buffer, took, stalled, number)
        now, measured = now + took, takes * segment_s / max(took, 1e-9)
        buffer, played = buffer + segment_s, played + takes
        points.append((now, buffer, takes / 1_000))
    x = tuple(point[0] for point in points)
    series = {
        "buffer": Series("buffer", x, tuple(point[1] for point in points)),
        "rung": Series("rung", x, tuple(point[2] for point in points)),
    }
    metrics = {"stalled": Metric("stalled", stalled, "s"), "kbps": Metric("mean bit rate", played / count, "kbit/s"),
               "switches": Metric("switches", switches), "behind": Metric("behind live at the end", buffer_s + stalled, "s")}  # fmt: skip
    text = (
        f"Rule {rule}: {stalled:.0f} s of stall in {minutes} minutes, {played / count / 1_000:.1f} Mbit/s on average, {switches} switches; "
        f"{buffer_s + stalled:.0f} s behind live at the end, {buffer_s:g} s at the beginning."
    )
    return Result({"rule": rule, "buffer_s": buffer_s, "mean_kbps": mean_kbps}, metrics, text, series)


def _play(buffer: float, seconds: float, stalled: float, number: int) -> tuple[float, float]:
    """Play for some seconds; before the first segment nothing plays yet."""
    if number == 0:
        return buffer, stalled
    return max(0.0, buffer - seconds), stalled + max(0.0, seconds - buffer)


def _fetch(rates: tuple[int, ...], begins: float, kbit: float) -> float:
    """Give how many seconds a download takes on the changing network."""
    now, left = begins, float(kbit)
    while left > 1e-9:
        second = min(int(now), len(rates) - 1)
        room = math.floor(now) + 1 - now
        takes = min(room, left / rates[second])
        left -= takes * rates[second]
        now += takes
    return now - begins


BUFFERS_S = (0.5, 1, 2, 3, 4, 6, 8, 12, 16, 20, 24, 30)


def buffers(
    buffer_s: float = 3.0,
    mean_s: float = 3.0,
    every_s: float = 60.0,
    jump: bool = True,
    rule: str = "by throughput",
    mean_kbps: int = 4_000,
) -> Result:
    """Stalls against buffer: outages of exponential length, the closed form, and one viewer on a changing network.

    Metrics: ``stalled`` and ``theory`` (s per hour), ``share`` and ``share theory`` (of outages, %), ``drift`` (s), and those of `watch` with "watch " before.
    """
    here = outages(buffer_s, mean_s, every_s, jump=jump)
    theory = stalled_per_hour(buffer_s, mean_s, every_s)
    curve = tuple(outages(each, mean_s, every_s, jump=jump)[0] for each in BUFFERS_S)
    formula = tuple(stalled_per_hour(each, mean_s, every_s) for each in BUFFERS_S)
    seen = watch(rule, buffer_s, mean_kbps)
    metrics = {"stalled": Metric("stalled", here[0], "s/h"), "theory": Metric("stalled, formula", theory, "s/h"), "share": Metric("outages that stall", 100 * here[1], "%"),
               "share theory": Metric("outages that stall, formula", 100 * stalled_share(buffer_s, mean_s), "%"), "drift": Metric("further behind", here[2], "s")}  # fmt: skip
    metrics |= {f"watch {name}": metric for name, metric in seen.metrics.items()}
    x = tuple(float(each) for each in BUFFERS_S)
    series = {
        "stalled": Series("stalls", x, curve),
        "theory": Series("m exp(-B / m)", x, formula, "theory"),
        **seen.series,
    }
    drift = "" if jump else f" It is {here[2]:.0f} s further behind live after {OUTAGES:,} outages."
    text = (
        f"With {buffer_s:g} s of buffer {100 * here[1]:.0f} % of the outages stall (formula {100 * stalled_share(buffer_s, mean_s):.0f} %), "
        f"{here[0]:.0f} s an hour (formula {theory:.0f} s).{drift} {seen.text}"
    )
    return Result(
        {
            "buffer_s": buffer_s,
            "mean_s": mean_s,
            "every_s": every_s,
            "jump": jump,
            "rule": rule,
            "mean_kbps": mean_kbps,
        },
        metrics,
        text,
        series,
    )
