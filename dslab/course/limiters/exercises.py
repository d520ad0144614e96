"""What lesson 10b asks: predictions before the acts, exercises after them, and the zoo that scores invariants."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from functools import partial
from typing import Any

from dslab.check import Scenario
from dslab.concepts import limiter_anomalies as anomalies
from dslab.concepts.edges import Fleet
from dslab.concepts.limiter_search import busiest, difference, most_in_span, passed
from dslab.concepts.limiter_zoo import (
    KEEPS_ITS_PROMISE,
    ChargesRefusals,
    ForgetsEarly,
    NeverFull,
    OneTooMany,
    SavesUp,
    WeighsTheWrongWay,
    search,
    variant,
)
from dslab.concepts.limiters import GCRA, MINUTE_US, SlidingCounter, SlidingLog, TokenBucket
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
    Span,
    WrongAnswer,
    Zoo,
    decided_by,
    tells_apart,
)

ROOM = Classroom("limiters")
SECOND_US = 1_000_000

# -- predictions ----------------------------------------------------------------------------------------

border = ROOM.add(
    Prediction.number(
        "at the border",
        "At most 100 a minute, counted for each minute of the clock. 100 requests come at second 59.9 and 100 more at second 60.0. How many of the 200 pass?",
        "requests", 0, 200,
        {"low": "The second burst falls into a new minute, and a new minute begins with a count of zero.",
         "high": "No single minute of the clock lets more pass than the limit, and only two of them are touched."},
        tolerance=2,
        decide=lambda result: result["most"],
        because="Each of the two minutes keeps its limit. The minute in which both bursts lie is one that nobody counts.",
    )
)  # fmt: skip

two_numbers = ROOM.add(
    Prediction.choice(
        "two numbers",
        "A sliding counter, 100 a minute. A burst of 100 at second 59.5 passes. From second 60 on a request comes every 0.1 s. How many pass in the busiest minute?",
        {"a": "100: that is what the sliding window is for", "b": "about 110", "c": "nearly 200"},
        {"a": "The counter does not know when in the last minute the 100 came. It spreads them evenly over it.",
         "b": "What it published as its mean error was measured on traffic that nobody had aimed at it."},
        decide=lambda result: "c" if result["most"] > 180 else "a" if result["most"] <= 100 else "b",
        because="In the second minute the burst fades from the estimate second by second, although none of it is a minute old yet.",
    )
)  # fmt: skip

after_the_night = ROOM.add(
    Prediction.number(
        "after the night",
        "A bucket of 20 tokens, refilled at 100 a minute. After a quiet night a client sends without a pause. What is the most that passes in any one minute?",
        "requests", 1, 300,
        {"low": "The bucket was full when the flood began, and it went on filling while the flood lasted.",
         "high": "What passes was in the bucket at the beginning or came in during the minute; there is no third source."},
        tolerance=1.5,
        decide=lambda result: result["most"],
        because="B + r × t, with t a little less than a minute: the token that is ready exactly a minute later belongs to the next one.",
    )
)  # fmt: skip

standing_queue = ROOM.add(
    Prediction.choice(
        "standing queue",
        "A leaky queue with 100 places lets out 100 a minute. A burst of 100 fills it. From then on requests come evenly, at just that rate. How long does somebody wait who comes two minutes later?",
        {"a": "not at all: the burst has long been served", "b": "about half a minute", "c": "about a minute, as at first"},
        {"a": "The burst is served, but those who came meanwhile have taken its places.", "b": "For each one that leaves, one comes. What could make the queue shorter?"},
        decide=lambda result: "c" if result["last"] > 55 else "a" if result["last"] < 5 else "b",
        because="A queue shrinks only while less comes than goes out. At the rate itself it stands for ever.",
    )
)  # fmt: skip

ten_edges = ROOM.add(
    Prediction.number(
        "ten edges",
        "Ten edges, and each keeps the limit of 100 a minute by its own count. 1,500 requests come in a minute, to an edge by chance. How many pass?",
        "requests", 0, 1_500,
        {"low": "No edge knows what the others have let pass.", "high": "Each edge does keep its own limit."},
        tolerance=30,
        decide=lambda result: result["passed"],
        because="The limit is kept ten times, once at each edge.",
    )
)  # fmt: skip

# -- the zoo ----------------------------------------------------------------------------------------------


def _position(name: str, **positions: Any) -> Scenario:
    return anomalies.ANOMALIES[name].scenario(**positions)


def _right(what: str, scenario: Scenario) -> Callable[[], World]:
    def build() -> World:
        return scenario()

    build.__doc__, build.__name__ = what, scenario.name
    return build


def _only(scenarios: tuple[str, ...], invariant: Any) -> Any:
    """Let an invariant speak only of the scenarios that it is about."""
    return type(invariant)(
        invariant.name,
        invariant.sentence,
        invariant.kind,
        lambda world: world.name not in scenarios or invariant.test(world),
    )


_JUDGES = [
    KEEPS_ITS_PROMISE,
    _only(("knocking",), anomalies.WHO_KNOCKS_GETS_IN),
    _only(("two edges", "two clocks"), anomalies.NEARLY_IN_ANY_MINUTE),
    _only(("two edges at once",), anomalies.NOT_TWO_AT_ONCE),
]
ZOO = Zoo(
    "limiters",
    right={
        "token bucket": _right("a bucket of one token", variant("token bucket", TokenBucket)),
        "GCRA": _right("the same, as one moment", variant("GCRA", GCRA)),
        "sliding log": _right("the times of all that passed", variant("sliding log", SlidingLog)),
        "sliding counter": _right("two numbers; held to 2L - 1", variant("sliding counter", SlidingCounter)),
        "one store": _right("two edges, one store", _position("every edge its own")),
        "one step": _right("the store decides in one step", _position("read, then write")),
        "held clock": _right("two clocks, and time does not run backwards", _position("clock ping-pong", time="edges")),
        "knocking": _right("refusals cost nothing", variant("knocking", TokenBucket, scenario="knocking")),
    },
    mutants={
        "forgets early": Mutant(variant("forgets early", ForgetsEarly, SlidingLog), ForgetsEarly.__doc__, "KEEPS_ITS_PROMISE"),
        "one too many": Mutant(variant("one too many", OneTooMany, SlidingLog), OneTooMany.__doc__, "KEEPS_ITS_PROMISE"),
        "never full": Mutant(variant("never full", NeverFull, TokenBucket), NeverFull.__doc__, "KEEPS_ITS_PROMISE"),
        "saves up": Mutant(variant("saves up", SavesUp, GCRA), SavesUp.__doc__, "KEEPS_ITS_PROMISE"),
        "weighs the wrong way": Mutant(variant("weighs the wrong way", WeighsTheWrongWay, SlidingCounter), WeighsTheWrongWay.__doc__, "KEEPS_ITS_PROMISE"),
        "charges refusals": Mutant(variant("charges refusals", ChargesRefusals, TokenBucket, "knocking"), ChargesRefusals.__doc__, "WHO_KNOCKS_GETS_IN"),
        "loses fractions": Mutant(_position("locked out", refill="lost"), "The bucket adds whole tokens and forgets the rest at each look.", "WHO_KNOCKS_GETS_IN"),
        "two stores": Mutant(_position("every edge its own", shared=False), "Each edge has a store of its own.", "NEARLY_IN_ANY_MINUTE"),
        "two steps": Mutant(_position("read, then write", atomic=False), "An edge reads, decides, and writes back.", "NOT_TWO_AT_ONCE"),
        "follows the clock": Mutant(_position("clock ping-pong", time="edges", clock="follow"), "The store believes every clock, also one that is behind.", "NEARLY_IN_ANY_MINUTE"),
    },
    invariants=_JUDGES,
    search=search,
)  # fmt: skip
MINUTE_ZOO = Zoo(
    "a limit of 2 a minute",
    right={
        "sliding log": _right("the times of all that passed", variant("sliding log", SlidingLog)),
        "token bucket, B = 1": _right("a bucket of one token", variant("token bucket", TokenBucket)),
        "one store": _right("two edges, one store", _position("every edge its own")),
    },
    mutants={
        "fixed window": Mutant(_position("more in a minute", algorithm="fixed window"), "it counts minutes of the clock", "IN_ANY_MINUTE"),
        "sliding counter": Mutant(_position("more in a minute", algorithm="sliding counter"), "two numbers stand for the last minute", "IN_ANY_MINUTE"),
        "token bucket, B = 2": Mutant(_position("more in a minute", burst=2), "a full bucket, and what comes in", "IN_ANY_MINUTE"),
        "forgets early": Mutant(variant("forgets early", ForgetsEarly, SlidingLog), "a log that forgets ten seconds too early", "IN_ANY_MINUTE"),
        "two stores": Mutant(_position("every edge its own", shared=False), "each edge has a store of its own", "IN_ANY_MINUTE"),
    },
    invariants=[anomalies.IN_ANY_MINUTE],
    search=partial(search, deviations=2),
)  # fmt: skip

# -- exercise 1: maximise what passes -----------------------------------------------------------------------

MOST, WANTED = 10, 19


def _arrivals(answer: Any) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for each in answer:
        second, count = each
        numbers = all(
            isinstance(part, int | float) and not isinstance(part, bool) for part in (second, count)
        )
        if not numbers or not 0 <= second <= 600 or count != int(count) or not 1 <= count <= 1_000:
            raise ValueError(
                f"{each!r} is no arrival; give a second from 0 to 600 and a whole number of requests from 1 to 1,000"
            )
        found.append((round(second * SECOND_US), int(count)))
    if found != sorted(found, key=lambda arrival: arrival[0]):
        raise ValueError("the seconds must not fall; put the arrivals in order")
    if len(found) > 2_000:
        raise ValueError(f"these are {len(found):,} arrivals; 2,000 must be enough")
    return found


def _nineteen(answer: Any) -> Feedback:
    arrivals = _arrivals(answer)
    times = passed(SlidingCounter(MOST), arrivals)
    count, begins = busiest(times, MINUTE_US)
    if count >= WANTED:
        return Feedback.yes(
            f"{count} passed in the minute from second {begins / SECOND_US:g} on. With a limit of {MOST} no arrivals get more through."
        )
    asked = sum(number for _, number in arrivals)
    last = (
        f"; the last one that passed came {(times[-1] - times[0]) / SECOND_US:g} s after the first"
        if times
        else ""
    )
    return Feedback.no(
        f"In the busiest minute of your arrivals {count} pass; {WANTED} are wanted.",
        f"of {asked} requests {len(times)} passed in all{last}",
    )


nineteen = ROOM.add(
    Exercise(
        "nineteen",
        "break it",
        "Nineteen in a minute",
        f"A sliding counter keeps {MOST} a minute (estimate as it is). Give arrivals, a list of `(second, requests)` with rising seconds, so that {WANTED} pass within one minute, "
        "wherever it begins. The minute from second s on ends before second s + 60.",
        _nineteen,
        (
            "The counter forgets when in the last window something came. When does that help you most?",
            "Whoever sends at the end of a window is weighed as if it had sent all along. Wait until little of that weight is left.",
            "The second half must come late in the next window, but less than 60 s after the first.",
        ),
        Solution([(59, 10), (114, 9)], "At second 114 the ten of second 59 are weighed with 6/60: one of them is left, and nine fit. All nineteen lie within 55 s."),
        (
            WrongAnswer([(59, 10), (60, 10)], "10 pass", "that is how a fixed window breaks"),
            WrongAnswer([(59, 10), (119, 10)], "are wanted", "a second too late for the same minute"),
            WrongAnswer([(0, 10), (59, 10)], "10 pass", "both in one window"),
            WrongAnswer([(59, 10), (90, 10)], "are wanted", "half of the weight is still there"),
        ),
        expects="a list of (second, requests), such as [(0, 5), (30, 5)]",
        accepts=(list, tuple),
    )
)  # fmt: skip

# -- exercise 2: choose B ----------------------------------------------------------------------------------

RATE, CEILING = 100, 120


def flooded(burst: int, refill: str) -> tuple[int, int, int]:
    """Flood a bucket as an adversary would, refilled at `RATE`: (the most in any minute, the second it begins, what passes in ten minutes)."""
    bucket = TokenBucket(RATE, burst=burst, refill=refill)
    bucket.room(1 - MINUTE_US)  # so that the next token, or the next refill, is nearly there
    steady = [(time, 1) for time in range(150_000, 10 * MINUTE_US, 150_000)]
    refills = [(MINUTE_US * minute + 1, RATE) for minute in range(10)]
    times = passed(bucket, sorted([(0, burst), *refills, *steady]))
    return *busiest(times, MINUTE_US), len(times)


def _good(burst: int, refill: str) -> bool:
    most, _, long_run = flooded(burst, refill)
    return most <= CEILING and long_run >= 10 * RATE


def _never_more(answer: dict[str, Any]) -> Feedback:
    burst, refill = int(answer["burst"]), answer["refill"]
    if burst != answer["burst"]:
        return Feedback.unusable("The bucket holds whole tokens; give a whole number.")
    most, begins, long_run = flooded(burst, refill)
    if most > CEILING:
        return Feedback.no(
            f"Under a flood {most} pass in one minute.",
            f"the minute from second {begins / SECOND_US:g} on, after a quiet time",
        )
    if long_run < 10 * RATE:
        return Feedback.no(
            f"In the long run fewer than {RATE} a minute pass.", f"{long_run} in ten minutes of flood"
        )
    if any(
        _good(larger, other) for larger in (burst + 1, CEILING) for other in ("continuous", "whole", "window")
    ):
        return Feedback.no(
            f"That holds: never more than {most}. But there is a choice that lets larger bursts pass and holds as well.",
            f"{most} in the busiest minute",
        )
    return Feedback.yes(
        f"Never more than {most} in any minute, and with one token more none of the ways to refill would hold."
    )


never_more = ROOM.add(
    Exercise(
        "never more than 120",
        "configure",
        "Never more than 120",
        f"A service behind a token bucket breaks at more than {CEILING} requests in any minute. In the long run {RATE} a minute are to pass. Choose how many tokens the bucket holds and how it is refilled, "
        "so that the service never breaks and bursts may be as large as possible.",
        _never_more,
        (
            "What does a flood get in a minute that begins with a full bucket?",
            f"The minute ends before its last moment. How many of the {RATE} tokens have come in by then, if they come evenly?",
            "Fractions make a difference of one: compare the two ways that do not refill all at once.",
        ),
        Solution({"burst": 21, "refill": "continuous"}, "B + 99 = 120: within less than a minute 99 tokens come in. On a beat of whole tokens it may be 100, so that only 20 would do."),
        (
            WrongAnswer({"burst": 20, "refill": "continuous"}, "larger bursts", "120 - 100"),
            WrongAnswer({"burst": 120, "refill": "continuous"}, "pass in one minute", "the bucket is the limit"),
            WrongAnswer({"burst": 21, "refill": "whole"}, "pass in one minute", "fractions do not matter"),
            WrongAnswer({"burst": 100, "refill": "window"}, "pass in one minute", "100 each minute, so what"),
            WrongAnswer({"burst": 60, "refill": "window"}, "In the long run", "60 and 60 are 120"),
        ),
        form=Settings({"burst": Span(1, 200, "tokens"), "refill": ("continuous", "whole", "window")}, start={"burst": 100, "refill": "continuous"}),
    )
)  # fmt: skip

# -- exercise 3: a bucket in one number -----------------------------------------------------------------------

_T, _B, _TICKS = 4, 3, 22


class _Written:
    """A limiter made of the learner's function, as the search wants it."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function, self.tat = function, 0

    def admit(self, now: int) -> bool:
        answer = self.function(self.tat, now, _T, (_B - 1) * _T)
        if not isinstance(answer, tuple | list) or len(answer) != 2 or not isinstance(answer[0], bool):
            raise TypeError(
                f"conforms({self.tat}, {now}, {_T}, {(_B - 1) * _T}) gave {answer!r}; it must give a pair: True or False, and the new TAT"
            )
        passes, self.tat = answer
        return passes

    def state(self) -> float:
        return self.tat

    def load(self, state: float) -> None:
        self.tat = state


def _bucket_in_one(function: Callable[..., Any]) -> Feedback:
    written, bucket = _Written(function), TokenBucket(1, _T, _B)
    for now in (0, 0, 0, 0, 0, 1, 4, 5, 9, 9, 9, 30, 30, 30, 30, 31, 34, 34):  # also with refusals in between
        before = written.tat
        says, right = written.admit(now), bucket.admit(now)
        if says != right:
            return Feedback.no(
                f"A bucket of {_B} tokens decides otherwise.",
                f"at tick {now}, TAT {before}: yours {'passes' if says else 'refuses'}, the bucket {'passes' if right else 'refuses'}",
            )
    found = difference(_Written(function), TokenBucket(1, _T, _B), _TICKS)
    if found.arrivals is not None:
        return Feedback.no(
            f"A bucket of {_B} tokens decides otherwise.",
            f"requests at ticks {', '.join(map(str, found.arrivals))}",
        )
    return Feedback.yes(
        f"No arrivals within {_TICKS} ticks tell it from a bucket of {_B} tokens ({found.pairs:,} pairs of states)."
    )


def conforms(tat, now, interval, tolerance):
    """Pass if now is at most the tolerance before the TAT; then move the TAT by one interval."""
    if now < tat - tolerance:
        return False, tat
    return True, max(tat, now) + interval


def _no_maximum(tat, now, interval, tolerance):
    return (False, tat) if now < tat - tolerance else (True, tat + interval)


def _charges(tat, now, interval, tolerance):
    return now >= tat - tolerance, max(tat, now) + interval


def _strict(tat, now, interval, tolerance):
    return (True, max(tat, now) + interval) if now > tat - tolerance else (False, tat)


def _no_tolerance(tat, now, interval, tolerance):
    return (True, now + interval) if now >= tat else (False, tat)


one_number = ROOM.add(
    Exercise(
        "one number",
        "implement",
        "A bucket in one number",
        "Write `conforms(tat, now, interval, tolerance)`: give `(passes, new_tat)`. `tat` is the moment at which the bucket would be full again, at first 0; `interval` is the time that one token takes, "
        "`tolerance` is `(B - 1) * interval`. It must decide as a token bucket of B tokens does, for all arrivals.",
        _bucket_in_one,
        (
            "With B = 1 the tolerance is 0. When may a request pass then?",
            "A TAT in the past means that the bucket has been full for a while. More than full it cannot be.",
            "Two questions: how far before the TAT is now, and from where does the TAT move on: from itself, or from now?",
        ),
        Solution(conforms, "The level of the bucket is B minus (TAT - now) / interval, and B where the TAT is past: one number says it all."),
        (
            WrongAnswer(_no_maximum, "decides otherwise", "credit for quiet times, without end"),
            WrongAnswer(_charges, "decides otherwise", "a refusal moves the TAT, too"),
            WrongAnswer(_strict, "decides otherwise", "exactly on time is too early"),
            WrongAnswer(_no_tolerance, "decides otherwise", "no burst at all"),
        ),
        expects="a function of (tat, now, interval, tolerance) that gives (True or False, the new TAT)",
        starter="def conforms(tat, now, interval, tolerance):\n    return ...\n\n\nlesson.one_number.check(conforms)",
    )
)  # fmt: skip

# -- exercise 4: edges and borders ------------------------------------------------------------------------------


def four_at_the_border() -> int:
    """Let bursts come to four edges with local counters, before and after a border: the most in any minute."""
    fleet, times = Fleet(4, 100, "local"), []
    for time in (59_900_000, 60_000_000):
        for edge in range(4):
            times += [time for _ in range(150) if fleet.admit(edge, time)]
    return most_in_span(times, MINUTE_US)


_PASS = Number("requests", 0, 2_000, tolerance=5)
two_factors = ROOM.add(
    Exercise(
        "two factors",
        "predict",
        "Four edges, one border",
        "Four edges, each with a fixed window of its own: 100 for each minute of the clock. A client knows that and can reach all four. What is the most that it gets through in one minute, wherever that begins?",
        decided_by(_PASS, four_at_the_border, "Twice the limit at the border, and that at each of four edges.",
                   {"low": "There are two ways to get more than the limit here, and they do not exclude each other.",
                    "high": "Only two minutes of the clock are touched by any one minute, and there are four edges."}),
        (
            "How much does one edge let through, at worst?",
            "And does what one edge lets through change anything at another?",
            "The two factors multiply.",
        ),
        Solution(800, "4 × 2 × 100: N edges times 2L."),
        (
            WrongAnswer(100, "two ways", "the limit is the limit"),
            WrongAnswer(200, "two ways", "the border only"),
            WrongAnswer(400, "two ways", "the edges only"),
            WrongAnswer(1_600, "touched by", "four edges, four bursts"),
        ),
        form=_PASS,
    )
)  # fmt: skip

# -- exercise 5: write the invariant ------------------------------------------------------------------------------


def never_more_than_two(world):
    """No minute has more than two, wherever it begins."""
    passed = world.facts["gate"].passed
    return all(later - first >= 60_000_000 for first, later in zip(passed, passed[2:], strict=False))


def _minutes_of_the_clock(world):
    minutes = [time // 60_000_000 for time in world.facts["gate"].passed]
    return all(minutes.count(minute) <= 2 for minute in minutes)


def _two_in_all(world):
    return len(world.facts["gate"].passed) <= 2


def _closed(world):
    passed = world.facts["gate"].passed
    return all(later - first > 60_000_000 for first, later in zip(passed, passed[2:], strict=False))


def _even(world):
    passed = world.facts["gate"].passed
    return all(later - first >= 30_000_000 for first, later in itertools.pairwise(passed))


write_the_invariant = ROOM.add(
    Exercise(
        "write the referee",
        "referee",
        "Any minute",
        "Write a function of the world that is true as long as no minute, wherever it begins, has let more than 2 requests pass. `world.facts[\"gate\"].passed` has the times of what passed, rising, in microseconds. The minute from t on ends before "
        "t + 60,000,000: what comes exactly then is in the next one. It must accept three right limiters and catch five.",
        tells_apart(MINUTE_ZOO, "Your invariant counts any minute."),
        (
            "A minute that begins anywhere: is it enough to look at those that begin with a request?",
            "More than two in a minute means that some request and the second one after it are too close.",
            "How far apart must they be at least? Exactly a minute is far enough.",
        ),
        Solution(never_more_than_two, "Three in a minute are a request and the second after it less than a minute apart; to look at all such pairs is to look at all minutes."),
        (
            WrongAnswer(_minutes_of_the_clock, "escapes", "counts the minutes of the clock"),
            WrongAnswer(_two_in_all, "says that", "two for ever"),
            WrongAnswer(_closed, "says that", "exactly a minute apart counts as within"),
            WrongAnswer(_even, "says that", "evenly spaced is more than was promised"),
        ),
        expects="a function of the world that gives True or False",
        starter="def any_minute(world):\n    return ...  # something about world.facts[\"gate\"].passed\n\n\nlesson.write_the_invariant.check(any_minute)",
    )
)  # fmt: skip
