"""The ledger of lesson 10c: what the article, Raft's paper and the textbooks say of elections, and what was measured here."""

from __future__ import annotations

from functools import cache
from typing import Any

from dslab.concepts.elections import anomalies, counts, scenario, timeouts
from dslab.teach import WRONG, Claim, Ledger, Measurement, holds_only_if

EP, RAFT = "ByteByteGo EP197", "Ongaro and Ousterhout, section 9.3"
FORM = "the closed form of the algorithm, computed for this lesson"
REFERENCE = "a reference model of 60 lines, run on a small machine for this lesson's facts"
DELAYS = "3 ms to a voter, 8 ms back, 1,000 elections"


@cache
def _found(
    low: int, high: int, request: float = 3.0, reply: float = 8.0, trials: int = 1_000
) -> tuple[float, ...]:
    return tuple(timeouts.downtimes(low, high, trials, request, reply, give_up_ms=20_000))


def _median(low: int, high: int, **how: Any) -> Measurement:
    return Measurement(round(timeouts.middle(_found(low, high, **how))), "ms", f"median; {DELAYS}")


def _longest(low: int, high: int) -> Measurement:
    return Measurement(round(_found(low, high)[-1]), "ms", f"longest; {DELAYS}")


def _mean(low: int, high: int) -> Measurement:
    return Measurement(round(timeouts.mean(_found(low, high))), "ms", f"mean; {DELAYS}")


def _none() -> Measurement:
    found = _found(150, 150, trials=100)
    return Measurement(
        round(found[0] / 1_000, 1),
        "s",
        "the shortest of 100; a run is given up after 20 s, and every one was",
    )


def _slow_request() -> Measurement:
    slow = timeouts.middle(_found(150, 155, request=7.5, reply=7.5))
    return Measurement(
        round(slow / timeouts.middle(_found(150, 155)), 1), "times", f"7.5 ms each way: median {slow:.0f} ms"
    )


def _formula(form: Any, count: Any, sizes: tuple[int, ...]) -> Measurement:
    pairs = [(form(n), count(n)) for n in sizes]
    told = ", ".join(f"{counted:,} for n = {n}" for n, (_, counted) in zip(sizes, pairs, strict=True))
    return Measurement(
        "equal" if all(a == b for a, b in pairs) else "differ", "", f"counted in the simulator: {told}"
    )


def _rings(n: int, rings: int) -> Measurement:
    return Measurement(
        round(counts.mean_ring(n, rings), 1),
        "tokens",
        f"{rings:,} random rings; without the announcement of n more",
    )


def _held(name: str, **off: Any) -> Measurement:
    on, without = anomalies.search(name, 1), anomalies.search(name, 1, **off)
    word = "only with it" if on.held and not without.held else "either way"
    return Measurement(word, "", f"Without: {without.describe()}")


def _two(algorithm: str, quorum: str = "majority") -> Measurement:
    result = scenario.run(algorithm, "partition", quorum=quorum)
    return Measurement(round(result["doubled_ms"]), "ms", result.text)


def _herd() -> Measurement:
    return Measurement(
        f"{counts.count_herd(20, 'lowest')[0]} and {counts.count_herd(20)[0]}",
        "",
        "clients woken of 20 when the leader's session ends: all watch it, each watches its predecessor",
    )


def _fence() -> Measurement:
    on, off = anomalies.search("ZooKeeper: zombie"), anomalies.search("ZooKeeper: zombie", check="none")
    return Measurement(
        "needs a fence" if on.held and not off.held else "enough",
        "",
        f"Without a fence: {off.describe()}",
    )


def _reference() -> Measurement:
    found = (timeouts.middle(_found(150, 155)), _found(150, 200)[-1], timeouts.mean(_found(12, 24)))
    apart = max(abs(ms / wanted - 1) for ms, wanted in zip(found, (300, 490, 33), strict=True))
    return Measurement(round(100 * apart), "% apart at most", ", ".join(f"{ms:.0f} ms" for ms in found))


def _short() -> Measurement:
    ratio = timeouts.mean(_found(6, 12)) / timeouts.mean(_found(12, 24))
    return Measurement(
        round(ratio, 1),
        "times",
        "the mean for 6 to 12 ms against 12 to 24 ms: shorter timeouts, longer without a leader",
    )


_SEVEN_FIVE = "the paper gives a broadcast time of about 15 ms only"
CLAIMS = Ledger(
    "elections",
    [
        Claim("five algorithms", "Bully, Ring, Paxos, Raft and ZooKeeper are five leader election algorithms used in distributed databases", EP, "January 2026", "V",
              reason="it is about products. By their documentation (table in act 5) they use Raft, Paxos, terms with majorities, or ZooKeeper; ZooKeeper is a service and Paxos decides values"),
        Claim("no randomness", "150 to 150 ms: elections took longer than 10 s", RAFT, "2014", "V", test=lambda seconds: seconds > 10, experiment=_none),
        Claim("5 ms", "150 to 155 ms: a median of 287 ms without a leader", RAFT, "2014", "V", test=lambda ms: abs(ms - 287) <= 29 and holds_only_if("about 3 of the 15 ms are the way to the voter; we chose them so"),
              experiment=lambda: _median(150, 155)),
        Claim("50 ms", "150 to 200 ms: the worst of 1,000 was 513 ms", RAFT, "2014", "V", value=513, unit="ms", tolerance=103, experiment=lambda: _longest(150, 200)),
        Claim("12 to 24 ms: mean", "12 to 24 ms: 35 ms on average", RAFT, "2014", "V", test=lambda ms: abs(ms - 35) <= 4 and holds_only_if("the way back takes about 8 ms; we chose them so"), experiment=lambda: _mean(12, 24)),
        Claim("12 to 24 ms: longest", "12 to 24 ms: the longest took 152 ms", RAFT, "2014", "V", test=lambda ms: 76 < ms < 304, experiment=lambda: _longest(12, 24)),
        Claim("no shorter", "below that range the timing requirement is broken, and elections get needless", RAFT, "2014", "V", test=lambda times: times > 1, experiment=_short),
        Claim("request delay", "with 7.5 ms each way 150 to 155 ms gives 1,213 ms: the way to the voter matters most", REFERENCE, "2026", "L", test=lambda times: times > 3, experiment=_slow_request),
        Claim("reference model", "with 3 ms and 8 ms: a median of 300 ms, a longest of 490 ms, a mean of 33 ms (150 to 155, 150 to 200, 12 to 24 ms)", REFERENCE, "2026", "L",
              test=lambda apart: apart < 15, experiment=_reference),
        Claim("broadcast time", "a broadcast takes about 15 ms on the paper's five servers", RAFT, "2014", "V", reason=f"it is a measurement of machines; {_SEVEN_FIVE}, and the split decides (act 3)"),
        Claim("Bully, worst", "n(n-1)/2 + (n-1)(n-2)/2 + (n-2): 19, 89, 2,449 for 5, 10, 50 nodes", FORM, "2026", "L", value="equal",
              experiment=lambda: _formula(counts.bully_messages, counts.count_bully, (5, 10, 50))),
        Claim("Bully, best", "n - 1 where the second highest notices", FORM, "2026", "L", value="equal",
              experiment=lambda: _formula(lambda n: n - 1, lambda n: counts.count_bully(n, 1), (5, 10, 50))),
        Claim("ring of 10", "Chang-Roberts: n H(n) = 29.3 tokens on average", FORM, "2026", "L", value=29.3, unit="tokens", tolerance=0.5, experiment=lambda: _rings(10, 4_000)),
        Claim("ring of 100", "518.7 tokens on average", FORM, "2026", "L", value=518.7, unit="tokens", tolerance=8, experiment=lambda: _rings(100, 1_000)),
        Claim("ring, worst", "n(n+1)/2 tokens", FORM, "2026", "L", value="equal",
              experiment=lambda: _formula(counts.ring_worst, lambda n: counts.count_ring(list(range(n, 0, -1)))[0], (5, 10, 20))),
        Claim("ring, lower bound", "comparing numbers on a ring takes at least of the order of n log n messages", "an abstract of MIT's Theory of Computation group", "1987", "V",
              reason="a lower bound speaks of all algorithms; runs of one algorithm cannot test it. The mean n H(n) is of that order"),
        Claim("Raft's messages", "2(n-1), and n-1 heartbeats", FORM, "2026", "C", value="equal", experiment=lambda: _formula(counts.raft_messages, counts.count_raft, (5, 9))),
        Claim("Paxos' messages", "a fresh leader takes two round trips, 4(n-1) messages", FORM, "2026", "C", value="equal", experiment=lambda: _formula(counts.paxos_messages, counts.count_paxos, (5, 9))),
        Claim("Bully needs bounds", "Bully works in a synchronous system only; otherwise it needs a failure detector and a changed specification", "Stoller, abstracts", "1997", "V", value="only with it",
              experiment=lambda: _held("Bully: slow answer", bounded=False)),
        Claim("never two leaders", "Raft never has two leaders", "a common short form of the paper's Election Safety", "2014", "I", test=lambda ms: ms < 1 or holds_only_if("it is said of one term"),
              experiment=lambda: _two("Raft")),
        Claim("Bully in a partition", "a leader on each side", FORM, "2026", "C", test=lambda ms: ms > 1_000, experiment=lambda: _two("Bully", "one")),
        Claim("herd", "n - 1 clients wake if all watch the leader, 1 if each watches its predecessor", "ZooKeeper, recipe of leader election", "2010", "V", value="19 and 1", experiment=_herd),
        Claim("leader acts alone", "an elected leader is the only one that acts", "a common reading of “leader election”", "2026", "I", test=lambda word: word == "enough", otherwise=WRONG, experiment=_fence),
    ],
)  # fmt: skip
