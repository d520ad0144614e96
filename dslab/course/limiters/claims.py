"""The ledger of lesson 10b: what is claimed of rate limiters, and what was measured here."""

from __future__ import annotations

import itertools
import math

from dslab.concepts import edges, limiter_lab
from dslab.concepts.limiter_search import difference, most_in_span, passed, worst_case
from dslab.concepts.limiters import GCRA, MINUTE_US, LeakyMeter, LeakyQueue, SlidingCounter, TokenBucket, make
from dslab.course.limiters.explorers import SMALL, flood_most
from dslab.teach import WRONG, Claim, Ledger, Measurement, holds_only_if

MODEL, EARLIER = "the closed form of this lesson's model", "an earlier, smaller simulation"
CLOUDFLARE = (
    "Cloudflare, “How we built rate limiting capable of scaling to millions of domains”, as quoted in files"
)
DIGEST = "the digest's summary of ByteByteGo EP197"
JUNE, YEAR, JAN = "7 June 2017", "2026", "January 2026"
BURSTS = [(59_900_000, 100), (60_000_000, 100)]


def _searched(name: str, **conventions: object) -> Measurement:
    limit, ticks = SMALL
    worst = worst_case(lambda: make(name, limit, ticks, **conventions), ticks, 2 * ticks)
    return Measurement(worst.admitted, "", f"limit {limit}, window {ticks} ticks: {worst.describe()}")


def _bursts() -> Measurement:
    lanes = (
        make("fixed window", 100),
        make("sliding log", 100),
        make("sliding counter", 100),
        make("token bucket", 100),
        make("token bucket", 100, burst=20),
    )
    return Measurement(
        ", ".join(str(len(passed(lane, BURSTS))) for lane in lanes),
        "",
        "100 requests at 59.9 s and 100 at 60.0 s",
    )


def _floods() -> Measurement:
    found = (flood_most("fixed window"), flood_most("token bucket"), flood_most("token bucket", burst=20))
    return Measurement(
        ", ".join(map(str, found)),
        "",
        "250 at once after a quiet time, then one each 10 ms for three minutes",
    )


def _counter() -> Measurement:
    return Measurement(
        limiter_lab.counter(59.5, 100, 0.1)["most"],
        "",
        "a burst of 100 at 59.5 s, from 60 s on one each 0.1 s",
    )


def _spike() -> Measurement:
    gone = passed(SlidingCounter(100), BURSTS)
    short, long = most_in_span(gone, 1_000_000), _counter().value
    return Measurement(
        f"{short} and {long:.0f}",
        "",
        "passed in one second at the border, and in the busiest minute of a burst and a flood",
    )


def _any_interval() -> Measurement:
    limit, ticks = SMALL
    above = -math.inf
    for burst in (1, 2, 3, 5):
        for span in (1, 2, 5, ticks, 2 * ticks):
            found = worst_case(lambda burst=burst: TokenBucket(limit, ticks, burst), span, ticks).admitted
            above = max(above, found - (burst + limit * span / ticks))
    return Measurement(
        round(-above, 3),
        "below B + r × t at the nearest",
        "B = 1, 2, 3, 5; spans of 1 to 16 ticks; all schedules",
    )


def _equal(other: type) -> Measurement:
    pairs = 0
    for burst in (1, 3, 5):
        found = difference(TokenBucket(3, 8, burst), other(3, 8, burst), 24)
        if found.arrivals is not None:
            return Measurement("different", "", f"B = {burst}, requests at ticks {found.arrivals}")
        pairs += found.pairs
    return Measurement(
        "the same", "", f"every arrival schedule of 24 ticks, B = 1, 3, 5; {pairs:,} pairs of states"
    )


def _output() -> Measurement:
    queue, out = LeakyQueue(100), []
    for time in (0,) * 300 + tuple(range(300_000, 60_000_000, 300_000)):
        if queue.admit(time):
            out.append(time + queue.delay_us)
    apart = min(later - first for first, later in itertools.pairwise(out))
    return Measurement(
        apart / 1_000_000, "s", "the least distance between two that leave; 300 at once, then twice the rate"
    )


def _after_idle() -> Measurement:
    bucket = TokenBucket(100, burst=20)
    bucket.admit(0)
    return Measurement(bucket.room(60 * MINUTE_US), "", "room after an hour without requests")


def _memory() -> Measurement:
    log = make("sliding log", 100)
    passed(log, [(0, 500)])
    return Measurement(log.memory, "times", "after 500 requests at once, limit 100")


def _edges() -> Measurement:
    return Measurement(
        edges.fleet(10, 100, "local", 2_000)["times"],
        "times the limit",
        "10 edges, 2,000 requests in a minute",
    )


def _example() -> Measurement:
    counter = SlidingCounter(10**6)
    passed(counter, [(0, 42), (MINUTE_US, 18)])
    return Measurement(
        counter.estimate(MINUTE_US + 15_000_000), "", "42 in the last minute, 18 in this one, 15 s gone by"
    )


QUIET = ((1, 1_500), (10, 300), (40, 40))
NEAR = ((60, 10), (95, 20), (140, 10))


def _wrong() -> Measurement:
    quiet, near = edges.disagreement(QUIET, 100, 5), edges.disagreement(NEAR, 100, 5)
    return Measurement(f"{100 * quiet['wrong']:.3f} % and {100 * near['wrong']:.1f} %", "",
                       f"{quiet['requests']:,} requests of sources far below the limit, {near['requests']:,} of sources near it")  # fmt: skip


def _mean_difference() -> Measurement:
    slow, fast = edges.disagreement(((5, 100),), 100, 5), edges.disagreement(((100, 20),), 10**6, 5)
    return Measurement(
        f"{100 * fast['rate']:.0f} % and {100 * slow['rate']:.0f} %",
        "",
        "steady sources of 100 and of 5 requests a minute",
    )


CLAIMS = Ledger(
    "limiters",
    [
        Claim("fixed window", "up to 2L pass in an arbitrarily short time across a border: 6 for L = 3", MODEL, YEAR, "C", value=2 * SMALL[0], experiment=lambda: _searched("fixed window")),
        Claim("sliding log", "exact: L in any window, 3 for L = 3", MODEL, YEAR, "C", value=SMALL[0], experiment=lambda: _searched("sliding log")),
        Claim("memory of the log", "the log's memory grows with the limit", MODEL, YEAR, "C", value=100, unit="times", experiment=_memory),
        Claim("border burst", "of a burst at the border, L = 100: fixed 200, log 100, counter 100, bucket B = 100 100, B = 20 20", EARLIER, YEAR, "L", value="200, 100, 100, 100, 20", experiment=_bursts),
        Claim("flood", "most in any 60 s under a flood: fixed 100, bucket B = 100 199, B = 20 119", EARLIER, YEAR, "L", value="100, 199, 119", experiment=_floods),
        Claim("counter, burst and flood", "a sliding counter lets 199 pass in a sliding minute: a burst of 100 at 59.5 s, then a flood", EARLIER, YEAR, "L", value=199, experiment=_counter),
        Claim("counter, any arrivals", "a sliding counter lets at most 2L - 1 pass in any window: 5 for L = 3", MODEL, YEAR, "C", value=2 * SMALL[0] - 1, experiment=lambda: _searched("sliding counter")),
        Claim("the border burst is gone", "a sliding counter removes the burst at the border", "notes on what is said of it", YEAR, "I",
              test=lambda found: found == "100 and 199" and holds_only_if("one looks at the border; in a minute that begins elsewhere 2L - 1 still pass"), experiment=_spike),
        Claim("bucket", "at most B + r t in any interval t", MODEL, YEAR, "C", test=lambda below: below >= 0, experiment=_any_interval),
        Claim("after idle", "after a quiet time B pass at once", MODEL, YEAR, "C", value=20, experiment=_after_idle),
        Claim("GCRA", "GCRA is the token bucket in one timestamp", MODEL, YEAR, "C", value="the same", experiment=lambda: _equal(GCRA)),
        Claim("leaky meter", "a leaky bucket as a meter is the same as a token bucket", MODEL, YEAR, "C", value="the same", experiment=lambda: _equal(LeakyMeter)),
        Claim("leaky queue", "constant output: two that leave are 1/r apart", MODEL, YEAR, "C", value=0.6, unit="s", tolerance=0.001, experiment=_output),
        Claim("queue's delay", "the delay of a leaky queue is up to Q/r", MODEL, YEAR, "C", value=60, unit="s", tolerance=0.6, experiment=lambda: limiter_lab.queue(300, 100, 100, 100), metric="longest"),
        Claim("N edges", "N edges with local counters let N times the limit pass", MODEL, YEAR, "C", value=10, unit="times the limit", experiment=_edges),
        Claim("Cloudflare: example", "42 × (45/60) + 18 = 49.5 requests", CLOUDFLARE, JUNE, "V", value=49.5, experiment=_example),
        Claim("Cloudflare: wrong decisions", "of 400 million requests from 270,000 sources, 0.003 % were decided wrongly", CLOUDFLARE, JUNE, "V",
              test=lambda found: float(found.split(" %")[0]) < 0.01 < float(found.split("and ")[1].split(" %")[0]) and holds_only_if("nearly all sources stay far from the limit, or far above it"),
              experiment=_wrong),
        Claim("Cloudflare: mean difference", "estimated and real rate differ by 6 % on average", CLOUDFLARE, JUNE, "V",
              test=lambda found: float(found.split(" %")[0]) < 6 < float(found.split("and ")[1].split(" %")[0]) and holds_only_if("the traffic is a mix of such sources: what comes often is estimated well, what comes seldom badly"),
              experiment=_mean_difference),
        Claim("Cloudflare: three sources", "three sources were let through although above the limit, each by less than 15 %; nobody was refused wrongly", CLOUDFLARE, JUNE, "V",
              reason="the traffic that it was measured on was not published"),
        Claim("five strategies", "the digest announces five rate-limiting strategies", DIGEST, JAN, "V", verdict=WRONG,
              reason="it names four: fixed window, sliding window, token bucket, leaky bucket; the fifth is there if the sliding window is counted as the two that it is, log and counter"),
    ],
)  # fmt: skip
