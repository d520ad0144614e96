"""What lesson 1 asks: predictions before the acts, exercises after them, and the zoo that scores invariants."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from functools import partial
from typing import Any

from dslab.check import Scenario, Verdict, explore, replay
from dslab.microservices import anomalies, article, callgraph, overload
from dslab.microservices.anomalies import Switches
from dslab.sim import World
from dslab.teach import (
    Classroom,
    Exercise,
    Feedback,
    Mutant,
    Number,
    Prediction,
    Settings,
    Solution,
    WrongAnswer,
    Zoo,
    decided_by,
    must_break,
)

ROOM = Classroom("microservices")

# -- predictions ------------------------------------------------------------------------------------------

same_work = ROOM.add(
    Prediction.number(
        "same work",
        "The article's checkout takes 156 ms in the monolith and 180 ms in microservices, 15 % more. The services were charged six database queries "
        "against three, and work that the monolith does too. Charge both sides the same queries and the same work: how many per cent more is left?",
        "%", -20, 100,
        {"low": "Something is left: the network and the serialization are real.",
         "high": "Take the three extra queries away, and the service's own work out of each call."},
        tolerance=1.5,
        because=lambda result: result.describe(),
        decide=lambda result: result["extra_percent"],
    )
)  # fmt: skip

split_pools = ROOM.add(
    Prediction.number(
        "four pools",
        "One pool of 20 connections carries 9,000 requests/s at a hold time of 2 ms: 90 % busy. Now the same 20 are cut into four pools of five, each with "
        "a quarter of the requests. How many times as long does a request wait?",
        "times", 0.1, 100,
        {"low": "In one pool any free connection helps whoever waits. In four, one pool has a line while another has a free connection.",
         "high": "The load of each pool is the same as before, only the luck is spread worse."},
        factor=1.4,
        because="Erlang C for 20 connections against Erlang C for 5, at the same utilisation.",
        decide=lambda result: result["wait_parts_ms"] / result["wait_one_ms"],
    )
)  # fmt: skip

slow_requests = ROOM.add(
    Prediction.number(
        "slow requests",
        "One call in a hundred is slow. A request makes 100 calls at once and waits for all of them. How many per cent of the requests meet a slow one?",
        "%", 0, 100,
        {"low": "One in a hundred is the chance of one call. A request draws a hundred times.",
         "high": "It can be lucky a hundred times: 0.99 to the power of 100."},
        tolerance=5,
        because="1 - 0.99 to the power of 100.",
        decide=lambda result: 100 * result["slow_requests"],
    )
)  # fmt: skip

when_over = ROOM.add(
    Prediction.choice(
        "when is it over",
        "A server can answer 1,000 requests/s and gets 800. For ten seconds it is half as fast. Callers wait one second and try up to three times. When the "
        "ten seconds are over, when is goodput back at 800 requests/s?",
        {"a": "at once", "b": "within ten seconds: there is a queue to work off", "c": "not within the run of a minute"},
        {"a": "There is a queue by then, and whoever comes must wait behind it.",
         "b": "That is how long it takes to work off the queue of one attempt each. But the callers behind that queue give up and ask again."},
        decide=lambda result: "c" if not result["recovered"] else "b" if result["recovery_s"] else "a",
        because=lambda result: result.describe(),
    )
)  # fmt: skip

# -- the zoo ------------------------------------------------------------------------------------------------


def _variant(scenario: str, bug: str = "") -> Scenario:
    wanted = anomalies.anomaly(scenario)
    return Scenario(scenario, partial(wanted.build, Switches(bug=bug)))


_BUGS = (
    (
        "deadline checked on arrival",
        "dead work",
        "the server looks at the deadline when a request arrives, not when its turn comes",
        "NO_DEAD_WORK",
    ),
    ("budget for each caller", "retry storm", "every caller has a retry budget of its own", "WITHIN_BUDGET"),
    ("bound off by one", "endless queue", "one request more than the bound is let in", "BOUNDED_QUEUE"),
    (
        "breaker forgets",
        "calling the dead",
        "the count of failures starts anew after each",
        "DEAD_LEFT_ALONE",
    ),
    (
        "gateway retries once",
        "layered retries",
        "the gateway tries twice, on top of the service's three times",
        "ONE_LAYER_RETRIES",
    ),
    (
        "released after paying",
        "pool starvation",
        "the connection is given back, but only after the payment",
        "POOL_STAYS_FREE",
    ),
    ("key per attempt", "charged twice", "each attempt has a key of its own", "CHARGED_ONCE"),
    (
        "hedge to the same replica",
        "slow leaf",
        "the second copy goes to the replica that did not answer",
        "IN_TIME",
    ),
    ("fallback raises", "hard dependency", "the fallback needs what it stands in for", "PAGE_ANSWERED"),
    ("same schema", "shared cause", "both services use one database under two names", "FAILS_ALONE"),
)
ZOO = Zoo(
    "calls between processes",
    right={f"every defence on: {name}": _variant(name) for name in anomalies.ANOMALIES},
    mutants={
        bug: Mutant(_variant(scenario, bug), told, caught_by) for bug, scenario, told, caught_by in _BUGS
    },
    invariants=[*anomalies.INVARIANTS],
    search=partial(explore, deviations=1),
)

# -- exercises ------------------------------------------------------------------------------------------------

_MS = Number("ms", 0.1, 10, tolerance=0.05)
keep_alive = ROOM.add(
    Exercise(
        "keep-alive", "predict", "What a kept connection leaves",
        "The article lists ten lines for one HTTP call. Keep the connection from call to call, and do not charge the service's own work to the call. How many "
        "milliseconds are left?",
        decided_by(_MS, lambda: article.anatomy(keep_alive=True, callee_work=False),
                   "4.1 ms less 1.6 ms for DNS, TCP and TLS, less 0.5 ms of work that a monolith does too.",
                   {"low": "Headers, both serializations, both ways of the network and the parsing are still paid.",
                    "high": "Which lines are paid once per connection, and which one is work and no tax?"}),
        ("The table in act 1 has a column that says how often each line is paid.",
         "DNS, TCP and TLS belong to the connection. One more line is not a cost of calling at all.",
         "Add up headers, serialize, network, serialize, network, parse."),
        Solution(2.0, "0.2 + 0.3 + 0.5 + 0.3 + 0.5 + 0.2."),
        (WrongAnswer(4.1, "once per connection", "all lines"), WrongAnswer(3.0, "once per connection", "the article's total"),
         WrongAnswer(2.5, "which one is work", "forgets that the service's work is no tax"), WrongAnswer(1.0, "still paid", "only the network")),
        form=_MS,
    )
)  # fmt: skip

_HOLD = Number("ms", 0.01, 100, tolerance=0.01)
longest_query = ROOM.add(
    Exercise(
        "longest query", "predict", "Can the benchmark be true?",
        "The article's monolith answers 10,000 requests/s with a pool of 20 connections. If each request makes one query, how long may a query hold its connection "
        "at the most, in milliseconds?",
        decided_by(_HOLD, article.longest_query_ms, "20 connections busy all the time carry 20 / 10,000 s each: the 10 ms that the article "
                   "reports for a query elsewhere would allow 2,000 requests/s.",
                   {"low": "That would leave connections idle; how long may each be held when all 20 are always busy?",
                    "high": "At that hold time 20 connections cannot carry 10,000 requests/s."}),
        ("Little's law: in use = throughput × hold time.", "In use can be 20 at the most.", "20 = 10,000 per second × hold time."),
        Solution(2.0, "20 / 10,000 s."),
        (WrongAnswer(10, "cannot carry", "the query time that the article gives"), WrongAnswer(0.1, "idle", "one connection"),
         WrongAnswer(20, "cannot carry", "slipped by a digit"), WrongAnswer(0.5, "idle", "the other way round")),
        form=_HOLD,
    )
)  # fmt: skip

HOPS = {"gateway": 0.999, "orders": 0.9995, "stock": 0.995, "payment": 0.99, "users": 0.998}
SPARE = 3


def _available(replicas: dict[str, int]) -> float:
    up = 1.0
    for hop, alone in HOPS.items():
        up *= callgraph.in_series(alone, 1, replicas[hop])
    return up


def _spent_well(replicas: dict[str, int]) -> Feedback:
    """Three replicas more, and none could have bought more elsewhere."""
    spent = sum(replicas.values()) - len(HOPS)
    if spent != SPARE:
        return Feedback.no(
            f"You spend {spent} extra replicas; there are {SPARE}.", f"{spent} instead of {SPARE}"
        )
    best = max((dict(zip(HOPS, counts, strict=True)) for counts in itertools.product(range(1, 5), repeat=len(HOPS))
                if sum(counts) == len(HOPS) + SPARE), key=_available)  # fmt: skip
    mine, most = _available(replicas), _available(best)
    if mine < most - 1e-12:
        return Feedback.no(f"That is up {100 * mine:.4f} % of the time; three replicas can do better.",
                           f"down {callgraph.downtime_h(mine):.2f} h in 30 days, where {callgraph.downtime_h(most):.2f} h are possible")  # fmt: skip
    return Feedback.yes(
        f"Up {100 * mine:.4f} % of the time, from {100 * _available(dict.fromkeys(HOPS, 1)):.4f} %; no other way to spend three does better."
    )


spend_replicas = ROOM.add(
    Exercise(
        "three replicas", "configure", "Spend three replicas",
        "Five hard dependencies in a row: " + ", ".join(f"{hop} is up {100 * up:g} %" for hop, up in HOPS.items())
        + ". You may add three independent replicas in all. Where?",
        _spent_well,
        ("What does a second replica do to the downtime of a hop?", "The chain's downtime is nearly the sum of the hops' downtimes.",
         "Spend each on the hop that is down most at that moment; after two replicas of one hop look again."),
        Solution({"payment": 2, "stock": 2, "users": 2}, "A second replica squares a hop's downtime, so it belongs where that is largest; a third adds next to nothing."),
        (WrongAnswer({"payment": 4}, "can do better", "all on the worst one"), WrongAnswer({"payment": 3, "stock": 2}, "can do better", "twice on the worst"),
         WrongAnswer({"gateway": 2, "payment": 2, "stock": 2}, "can do better", "the gateway is first, so it must matter"),
         WrongAnswer({"payment": 2, "stock": 2}, "there are 3", "keeps one")),
        form=Settings(dict.fromkeys(HOPS, (1, 2, 3, 4)), start=dict.fromkeys(HOPS, 1)),
    )
)  # fmt: skip

_CALM: dict[str, Any] = {"deadline": False, "budget": 0.0, "bound": 0, "breaker": False, "backoff_s": 0.0}


def _calms(answer: dict[str, Any]) -> Feedback:
    """Goodput is back within five seconds of the dip's end, with three attempts, and only one thing was changed."""
    changed = [name for name, value in answer.items() if value != _CALM[name]]
    run = overload.storm(attempts=3, **answer)
    if not run["recovered"]:
        return Feedback.no("Goodput does not come back within two minutes.", run.describe())
    if run["recovery_s"] > 5:
        return Feedback.no("Goodput comes back, but too late.", run.describe())
    if len(changed) > 1:
        return Feedback.no(
            "It recovers, but one mechanism alone would do.", f"you changed {', '.join(changed)}"
        )
    return Feedback.yes(f"{run.describe()} {run['lost']:,.0f} requests had no answer in time.")


calm_the_storm = ROOM.add(
    Exercise(
        "calm the storm", "configure", "End the storm",
        "Load 800, capacity 1,000, halved for ten seconds; callers try three times. Change one thing so that goodput is whole again within five seconds of the dip's end.",
        _calms,
        ("What keeps the server busy when the dip is over?", "It is not the number of requests that must be kept small but the time that they wait before they are worked on.",
         "Either the server must not work for callers who gave up, or the queue must be no longer than what fits into a timeout."),
        Solution({"bound": 500}, "A queue of 500 is worked off in half a second, or in one second during the dip: whoever is let in is answered in time."),
        (WrongAnswer({"backoff_s": 1.0}, "does not come back", "waiting a little calms them"), WrongAnswer({"budget": 0.1}, "too late", "fewer retries"),
         WrongAnswer({"bound": 5_000}, "does not come back", "any bound will do"),
         WrongAnswer({"bound": 500, "deadline": True}, "one mechanism alone", "more is safer")),
        form=Settings({"deadline": (False, True), "budget": (0.0, 0.1, 0.5), "bound": (0, 500, 5_000), "breaker": (False, True),
                       "backoff_s": (0.0, 1.0, 5.0)}, start=_CALM),
    )
)  # fmt: skip


def _with_rule(rule: Callable[[int, int], bool], name: str) -> Scenario:
    def world() -> World:
        made = anomalies.anomaly(name).build(Switches())
        made.facts["server"].rule = lambda now_us, deadline_us: bool(rule(now_us, deadline_us))
        return made

    return Scenario(name, world)


def _rule_is_right(rule: Callable[[int, int], bool]) -> Feedback:
    """The learner's rule decides in the scenario of dead work, watched for dead work and for anybody being answered."""
    verdict: Verdict = explore(
        _with_rule(rule, "dead work"), [anomalies.NO_DEAD_WORK, anomalies.ANSWERED], deviations=1
    )
    if not verdict.held:
        return Feedback.no(
            f"In the scenario “dead work” your rule breaks {verdict.invariant}.", verdict.invariant, verdict
        )
    if not rule(1_000, 20_000) or not rule(19_999, 20_000):
        return Feedback.no(
            "Your rule turns away a caller who still waits.",
            "`begin(19_999, 20_000)` should be True: there is time left",
        )
    return Feedback.yes(verdict.describe())


def begin(now_us, deadline_us):
    """Say whether the work should begin: only while the caller still waits."""
    return now_us < deadline_us


def _always(now_us, deadline_us):
    return True


def _never(now_us, deadline_us):
    return False


def _turned_round(now_us, deadline_us):
    return now_us > deadline_us


def _one_too_late(now_us, deadline_us):
    return now_us <= deadline_us


def _half(now_us, deadline_us):
    return now_us < deadline_us - 15_000


write_the_rule = ROOM.add(
    Exercise(
        "deadline rule", "implement", "Write the deadline rule",
        "A request carries the moment at which its caller gives up. Write `begin(now_us, deadline_us)`, which the server calls when the request's turn comes: "
        "should it begin the work? At the deadline itself the caller has gone.",
        _rule_is_right,
        ("Both are microseconds on the same clock. What must be true for the answer to be of use?", "Mind the very microsecond of the deadline.",
         "Compare the two; do not add anything of your own."),
        Solution(begin, "Work is begun only for a caller who still waits. In a real system the two clocks differ, so a time left is sent rather than a moment."),
        (WrongAnswer(_always, "NO_DEAD_WORK", "work is work"), WrongAnswer(_never, "ANSWERED", "safe is safe"),
         WrongAnswer(_turned_round, "NO_DEAD_WORK", "the wrong way round"), WrongAnswer(_one_too_late, "NO_DEAD_WORK", "at the deadline it is still in time"),
         WrongAnswer(_half, "still waits", "leaves room for everything")),
        expects="a function of (now_us, deadline_us) that gives True or False",
        starter="def begin(now_us, deadline_us):\n    return ...\n\n\nlesson.write_the_rule.check(begin)",
    )
)  # fmt: skip

KEYLESS = anomalies.anomaly("charged twice").scenario(idempotency_key=False)


def _replayed(token: str) -> Verdict:
    return replay(KEYLESS, token, [anomalies.CHARGED_ONCE])


charge_twice = ROOM.add(
    Exercise(
        "charge twice", "break it", "Charge the card twice",
        "The shop sends no idempotency key. Find a schedule of the scenario “charged twice” in which one order is charged twice, with the adversary above "
        "or with the referee, and give its replay token.",
        must_break(_replayed, "CHARGED_ONCE", "The bank had done its work; only the answer was missing, and the retry did it again."),
        ("Two charges need two attempts. What makes the shop try again?", "The first attempt must have reached the bank.",
         "Deliver the request, then do something to the answer."),
        Solution("charged twice:2.2:f6a64b", "The request arrives, the card is charged, the answer is lost; the shop's timeout cannot tell that from a lost request."),
        (WrongAnswer("charged twice:0:79c508", "CHARGED_ONCE", "the default schedule"),
         WrongAnswer("charged twice:1.2:13aabf", "CHARGED_ONCE", "the request is lost, so there is one charge only"),
         WrongAnswer("charged twice:3.1:33aabd", "CHARGED_ONCE", "a surprise after everything is over")),
        expects="a replay token, a text such as 'charged twice:3.1:3fa9c1'",
        accepts=str,
    )
)  # fmt: skip
