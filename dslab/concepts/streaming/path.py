"""Seconds behind live: what each step from camera to screen adds, for four ways of delivery, and viewers who join at any moment.

| word       | meaning                                                                                             |
|------------|-----------------------------------------------------------------------------------------------------|
| unit       | what must be complete before a viewer can have any of it: a segment, a part, a chunk, a frame          |
| upstream   | encode + ingest + transcode: over before the packager sees anything                                   |
| waiting    | age of the end of the playlist when a viewer reads it: 0 to one unit, half a unit on average            |
| copy       | how old an edge's copy of the playlist is: 0 to its time to live; nothing with blocking reload           |
| floor      | the least that the rules leave: hold-back alone                                                         |

A viewer who joins reads a playlist that ends some time ago, goes back by the hold-back, fetches, and plays from there. It stays
that far behind. So latency = upstream + waiting + copy + hold-back + network, and only the two middle terms differ from viewer to
viewer. Rules: HOLD-BACK is at least 3 target durations, PART-HOLD-BACK at least 2 part durations and should be 3
(draft-pantos-hls-rfc8216bis, 4.4.3.8). Milliseconds; results are in seconds.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

from dslab.sim.result import Metric, Result, Series

INGEST_MS = {"RTMP": 150, "SRT": 120, "WebRTC": 50}
TRANSCODE_MS, SMALL_MS = 400, 50  # making the ladder; a frame, a jitter buffer's least
JITTER_MS = 100  # WebRTC's own buffer
VIEWERS, ARRIVALS_PER_S = 300, 5.0
PARTS_OF_BUDGET = (
    "encode",
    "ingest",
    "transcode",
    "waiting for the unit",
    "copy at the edge",
    "hold-back",
    "network",
)


@dataclass(frozen=True)
class Way:
    """One way of delivery: what its unit is, what its hold-back counts, whether edges answer blocking requests."""

    name: str
    unit: str  # segment, part or frame
    blocking: bool
    least_units: float  # of hold-back, by its rules
    cached: bool  # by an ordinary CDN
    native: str  # which players have it built in


WAYS: dict[str, Way] = {
    "HLS / DASH": Way(
        "HLS / DASH", "segment", False, 3, True, "HLS: all Apple devices; DASH: by a script in the page"
    ),
    "LL-HLS": Way("LL-HLS", "part", True, 2, True, "all Apple devices since iOS 14; elsewhere by a script"),
    "LL-DASH": Way("LL-DASH", "part", True, 0, True, "by a script in the page; chunks of CMAF"),
    "WebRTC": Way("WebRTC", "frame", False, 0, False, "every browser; one connection a viewer"),
}


def way(name: str) -> Way:
    """Give a way of delivery by its name; ValueError lists them where there is none."""
    if name not in WAYS:
        raise ValueError(f"there is no way {name!r}; there are {', '.join(WAYS)}")
    return WAYS[name]


def _checked(**numbers: float) -> None:
    for name, value in numbers.items():
        if not isinstance(value, int | float) or isinstance(value, bool) or value < 0:
            raise ValueError(f"{name} is {value!r}; it must be a number of at least 0")


def unit_ms(delivery: str, segment_ms: int, part_ms: int) -> int:
    """Give the length of what must be complete before anybody can have it."""
    return {"segment": segment_ms, "part": min(part_ms, segment_ms), "frame": 33}[way(delivery).unit]


def terms(delivery: str = "HLS / DASH", segment_ms: int = 6_000, part_ms: int = 500, hold_units: float = 3.0, encode_ms: int = 500,
          ingest: str = "SRT", rtt_ms: int = 60, ttl_ms: int | None = None) -> dict[str, tuple[float, float]]:  # fmt: skip
    """Give each term of the budget as (mean, most) in milliseconds, in the order of `PARTS_OF_BUDGET`.

    ``hold_units``: the hold-back in units (segments or parts; WebRTC has a jitter buffer instead). ``ttl_ms``: how long an edge
    keeps a playlist (None: half a segment). ValueError for a number below 0 or a name that does not exist.
    """
    if ingest not in INGEST_MS:
        raise ValueError(f"there is no ingest {ingest!r}; there are {', '.join(INGEST_MS)}")
    _checked(
        segment_ms=segment_ms, part_ms=part_ms, hold_units=hold_units, encode_ms=encode_ms, rtt_ms=rtt_ms
    )
    kind, unit = way(delivery), unit_ms(delivery, segment_ms, part_ms)
    ttl = 0 if kind.unit != "segment" else segment_ms // 2 if ttl_ms is None else ttl_ms
    hold = JITTER_MS if kind.unit == "frame" else hold_units * unit
    transcode = 0 if kind.unit == "frame" else TRANSCODE_MS
    network = rtt_ms / (2 if kind.unit == "frame" else 1)  # a request and its answer; WebRTC is sent unasked
    busy = ARRIVALS_PER_S * ttl / 1_000
    copy = ttl / 2 * busy / (1 + busy)  # the first after an expiry gets a fresh one
    each = (
        (encode_ms,) * 2,
        (INGEST_MS[ingest],) * 2,
        (transcode,) * 2,
        (unit / 2, unit),
        (copy, ttl),
        (hold,) * 2,
        (network,) * 2,
    )
    return dict(zip(PARTS_OF_BUDGET, each, strict=True))


def joins(
    delivery: str, segment_ms: int, part_ms: int, fixed_ms: float, ttl_ms: int, seed: int = 0
) -> list[tuple[float, float]]:
    """Let viewers join one after the other through one edge; give (second of joining, seconds behind live) for each.

    The origin publishes a unit when it is complete. The edge asks it only when its copy is older than ``ttl_ms``. ``fixed_ms`` is
    what is the same for all: upstream, hold-back and network.
    """
    rng, unit = random.Random(seed), unit_ms(delivery, segment_ms, part_ms)
    now, fetched, ends, found = 60_000.0, -1e9, 0.0, []
    for _ in range(VIEWERS):
        now += rng.expovariate(ARRIVALS_PER_S / 1_000)
        if now - fetched > ttl_ms:
            fetched, ends = now, now // unit * unit
        found.append(((now - 60_000) / 1_000, (now - ends + fixed_ms) / 1_000))
    return found


def budget(delivery: str = "HLS / DASH", segment_s: float = 6, part_ms: int = 500, hold_units: float = 3, encode_ms: int = 500,
           ingest: str = "SRT", rtt_ms: int = 60, seed: int = 0) -> Result:  # fmt: skip
    """How far behind live are viewers, and which step costs how much? Parameters as in `terms`; ``segment_s`` in seconds.

    Metrics, in seconds: each term by its name (mean), ``mean``, ``best``, ``worst``, ``hold-back``, ``simulated``; ``asks``, requests of one player in a minute. Tables: ``all``, the
    means of every way of delivery with these settings. Series: ``joined`` (simulated), ``worst`` and ``best`` (theory).
    """
    segment_ms = round(segment_s * 1_000)
    given = {
        "segment_ms": segment_ms,
        "part_ms": part_ms,
        "hold_units": hold_units,
        "encode_ms": encode_ms,
        "ingest": ingest,
        "rtt_ms": rtt_ms,
    }
    each = terms(delivery, **given)
    mean, worst = (sum(pair[place] for pair in each.values()) / 1_000 for place in (0, 1))
    spread = ("waiting for the unit", "copy at the edge")
    fixed = sum(pair[0] for name, pair in each.items() if name not in spread)
    seen = joins(delivery, segment_ms, part_ms, fixed, int(each["copy at the edge"][1]), seed)
    simulated = sum(latency for _, latency in seen) / len(seen)
    rows = [
        {"delivery": name, **{term: pair[0] / 1_000 for term, pair in terms(name, **given).items()}}
        for name in WAYS
    ]
    asks = 0 if way(delivery).unit == "frame" else 2 * 60_000 / unit_ms(delivery, segment_ms, part_ms)
    metrics = {term: Metric(term, pair[0] / 1_000, "s") for term, pair in each.items()}
    metrics |= {"mean": Metric("mean", mean, "s"), "best": Metric("best", fixed / 1_000, "s"), "worst": Metric("worst", worst, "s"),
                "simulated": Metric("simulated", simulated, "s"), "asks": Metric("requests a minute", asks)}  # fmt: skip
    x = tuple(second for second, _ in seen)
    series = {"joined": Series("viewers who joined", x, tuple(latency for _, latency in seen)),
              "worst": Series("worst", (x[0], x[-1]), (worst, worst), "theory"),
              "best": Series("best", (x[0], x[-1]), (fixed / 1_000,) * 2, "theory")}  # fmt: skip
    share = 100 * each["hold-back"][0] / 1_000 / mean
    text = (
        f"{delivery}: {simulated:.1f} s behind live on average over {VIEWERS} viewers (formula {mean:.1f} s), {fixed / 1_000:.1f} s at best and "
        f"{worst:.1f} s at worst; {share:.0f} % of the mean is hold-back. "
        f"{_asking(asks)}{_ruled(delivery, hold_units)}"
    )
    return Result(
        {"delivery": delivery, "segment_s": segment_s, **given}, metrics, text, series, {"all": rows}
    )


def _asking(requests: float) -> str:
    return (
        f"A player makes {requests:.0f} requests a minute."
        if requests
        else "A player asks once; frames are sent to it."
    )


def _ruled(delivery: str, hold_units: float) -> str:
    """Say where a hold-back is shorter than its rule allows or advises."""
    least, unit = way(delivery).least_units, way(delivery).unit
    if hold_units < least:
        return f" The rules forbid this hold-back: at least {least:g} {unit}s."
    return (
        f" The rules allow this hold-back and advise 3 {unit}s."
        if delivery == "LL-HLS" and hold_units < 3
        else ""
    )


# What a team would set each way to, here: segments of 4 s, parts of a third or half a second, a fast encoder for calls.
USUAL: dict[str, dict[str, Any]] = {
    "HLS / DASH": {"segment_ms": 4_000, "hold_units": 3},
    "LL-HLS": {"segment_ms": 4_000, "part_ms": 333, "hold_units": 3},
    "LL-DASH": {"segment_ms": 4_000, "part_ms": 500, "hold_units": 4},
    "WebRTC": {"encode_ms": 100, "ingest": "WebRTC"},
}
WEBRTC_VIEWERS_MAX = 5_000


def usual_s(delivery: str) -> float:
    """Give the mean latency of a way at its usual settings, in seconds."""
    return any_latency(delivery=way(delivery).name, **USUAL[delivery])


def choose(wanted_s: float, viewers: int, apple_native: bool = False) -> Result:
    """Which way of delivery for this need? The simplest that fits: plain segments, then low latency, then WebRTC.

    ``wanted_s``: at most so many seconds behind live. ``viewers`` of one stream at once. ``apple_native``: it must play on Apple
    devices without a script. Tables: ``ways`` with a reason for each. Metric ``latency`` of the one chosen (-1 where none fits).
    """
    if wanted_s <= 0 or viewers < 1:
        raise ValueError(f"{wanted_s} s for {viewers} viewers cannot be chosen for; both must be above 0")
    rows, chosen = [], ""
    for name, kind in WAYS.items():
        latency = usual_s(name)
        why = f"{latency:.1f} s, wanted {wanted_s:g} s" if latency > wanted_s else ""
        if not why and not kind.cached and viewers > WEBRTC_VIEWERS_MAX:
            why = f"no CDN copies: {viewers:,} connections of its own"
        if not why and apple_native and kind.name == "LL-DASH":
            why = "not built into Apple devices"
        chosen = chosen or (name if not why else "")
        rows.append(
            {
                "way": name,
                "seconds behind": round(latency, 1),
                "fits": not why,
                "why not": why,
                "built into": kind.native,
            }
        )
    told = f"{chosen} fits first" if chosen else "nothing here fits"
    text = f"At most {wanted_s:g} s behind live for {viewers:,} viewers: {told}."
    return Result({"wanted_s": wanted_s, "viewers": viewers, "chosen": chosen}, {"latency": Metric("latency", usual_s(chosen) if chosen else -1, "s")},
                  text, tables={"ways": rows})  # fmt: skip


def any_latency(**settings: Any) -> float:
    """Give the mean latency in seconds for settings of `terms`."""
    return sum(pair[0] for pair in terms(**settings).values()) / 1_000
