"""Lost packets on the way in: SRT sends again as long as there is time, TCP (under RTMP) makes everybody wait.

| word       | meaning                                                                                              |
|------------|------------------------------------------------------------------------------------------------------|
| latency    | SRT holds every packet for so long before it hands it on, so that a lost one can be sent again; 120 ms unless set |
| round trip | RTT: a complaint to the sender and the packet back                                                     |
| too late   | a packet that has not come when its time is up; SRT drops it, and the picture breaks                   |
| head of line | TCP hands bytes on in order, so one lost packet holds up all behind it                                 |
| burst      | losses that come together: so many packets in a row, on average                                        |

A packet that is lost is asked for as soon as the next one arrives, and comes one round trip later, unless it is lost again. So with latency
L and round trip R it has 1 + floor(L / R) chances, and with independent loss p it is too late with probability
p^(1 + floor(L / R)). Milliseconds; one packet every 2 ms (1,316 bytes at about 5 Mbit/s).
"""

from __future__ import annotations

import math
import random
from bisect import bisect_right
from functools import lru_cache

from dslab.sim.result import Metric, Result, Series

SPACING_MS, PACKETS = 2, 10_000
DEFAULT_LATENCY_MS = 120  # of SRT
LATENCIES_MS = tuple(range(0, 601, 20))


def too_late(loss: float, latency_ms: float, rtt_ms: float) -> float:
    """Give the share of packets that are too late, for independent losses (0..1)."""
    if not 0 <= loss < 1 or latency_ms < 0 or rtt_ms <= 0:
        raise ValueError(
            f"loss {loss}, latency {latency_ms} ms, round trip {rtt_ms} ms: loss is below 1, latency at least 0, a round trip above 0"
        )
    return loss ** (1 + math.floor(latency_ms / rtt_ms))


def channel(loss: float, burst: float, slots: int, rng: random.Random) -> list[bool]:
    """Give for each slot whether a packet sent in it is lost: a share ``loss``, in runs of ``burst`` on average."""
    ends = 1 / max(1.0, burst)
    begins = ends * loss / (1 - loss) if loss < 1 else 1.0
    bad, found = False, []
    for _ in range(slots):
        bad = rng.random() < (1 - ends if bad else begins)
        found.append(bad)
    return found


@lru_cache(maxsize=64)
def delays(loss: float, rtt_ms: int, burst: float = 1.0, seed: int = 0) -> tuple[int, ...]:
    """Give for each packet how long after its due moment it arrives, in ms: 0 where the first try came through."""
    rng = random.Random(seed)
    again = max(1, rtt_ms // SPACING_MS)
    if burst <= 1:
        chance = (
            math.log(loss) if loss else -math.inf
        )  # tries are geometric, so one number a packet decides them
        return tuple(again * SPACING_MS * int(math.log(1 - rng.random()) / chance) for _ in range(PACKETS))
    lost = channel(loss, burst, PACKETS + 60 * again, rng)
    found = []
    for packet in range(PACKETS):
        slot = packet
        while lost[slot] and slot + again < len(lost):
            slot += again
        found.append((slot - packet) * SPACING_MS)
    return tuple(found)


def waits(arrivals: tuple[int, ...]) -> list[int]:
    """Give how late each packet is handed on by TCP: not before every one ahead of it."""
    front, found = 0, []
    for packet, late in enumerate(arrivals):
        front = max(front, packet * SPACING_MS + late)
        found.append(front - packet * SPACING_MS)
    return found


def lost_packets(
    loss: float = 5.0, rtt_ms: int = 100, latency_ms: int = DEFAULT_LATENCY_MS, burst: int = 1, seed: int = 0
) -> Result:
    """What does loss do to the stream on its way in? ``loss`` in per cent (0 to 30), the rest as above.

    Metrics: ``late`` and ``late theory`` (share, %), ``chances``, ``tcp 99 %`` and ``tcp most`` (ms), ``breaks`` (per minute: packets too late).
    """
    if not 0 <= loss <= 30 or burst < 1:
        raise ValueError(f"loss is {loss} % in bursts of {burst}; use 0 to 30 %, and bursts of at least 1")
    share = loss / 100
    seen = delays(share, rtt_ms, burst, seed)
    ordered = sorted(seen)
    late = _beyond(ordered, latency_ms)
    theory, held = too_late(share, latency_ms, rtt_ms), sorted(waits(seen))
    per_minute = 60_000 / SPACING_MS
    x = tuple(float(latency) for latency in LATENCIES_MS)
    curve = tuple(1e6 * _beyond(ordered, latency) for latency in LATENCIES_MS)
    series = {
        "late": Series("too late", x, curve),
        "theory": Series(
            "p^(1 + floor(L / R))",
            x,
            tuple(1e6 * too_late(share, latency, rtt_ms) for latency in x),
            "theory",
        ),
    }
    metrics = {"late": Metric("too late", 100 * late, "%"), "late theory": Metric("too late, formula", 100 * theory, "%"),
               "chances": Metric("chances", 1 + math.floor(latency_ms / rtt_ms)), "tcp 99 %": Metric("TCP, 99 % within", held[int(0.99 * PACKETS)], "ms"),
               "tcp most": Metric("TCP, longest", held[-1], "ms"), "waiting": Metric("TCP, share that waits", 100 * sum(wait > 0 for wait in held) / PACKETS, "%"),
               "per minute": Metric("too late per minute, formula", per_minute * theory)}  # fmt: skip
    text = (
        f"SRT with {latency_ms} ms has {1 + math.floor(latency_ms / rtt_ms)} chances at a round trip of {rtt_ms} ms: {_per_million(late)} of a million packets "
        f"are too late (formula {_per_million(theory)}). TCP loses none; {metrics['waiting'].value:.0f} % wait behind a lost one, up to {held[-1]} ms."
    )
    return Result(
        {"loss": loss, "rtt_ms": rtt_ms, "latency_ms": latency_ms, "burst": burst}, metrics, text, series
    )


def _beyond(ordered: list[int], latency_ms: float) -> float:
    """Give the share of delays, in order, that are longer than the latency."""
    return 1 - bisect_right(ordered, latency_ms) / PACKETS


def _per_million(share: float) -> str:
    return f"{1e6 * share:,.0f}" if share >= 1e-6 or share == 0 else f"{1e6 * share:.1g}"
