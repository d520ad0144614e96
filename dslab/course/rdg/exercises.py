"""What lesson 4 asks: predictions before the acts, exercises after them, and the zoo that scores invariants."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import permutations
from typing import Any

from dslab.check import Scenario, Verdict, explore, replay
from dslab.check.replay import make_token
from dslab.rdg import anomalies, measures
from dslab.rdg.graph import rounds_bound, writes_of
from dslab.rdg.protocol import Switches
from dslab.rdg.stream import START_US, Update
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
    tells_apart,
)

ROOM = Classroom("rdg")

# -- predictions ----------------------------------------------------------------------------------------

quiet_topic = ROOM.add(
    Prediction.choice(
        "quiet topic",
        "One job reads topics A and B with a capacity of 500,000 messages/s. For 20 s A sends a million a second; B goes on with its thousand. How long does "
        "a message of B wait at worst?",
        {
            "a": "under a second: B has hardly any messages",
            "b": "about 20 s, as long as a message of A",
            "c": "for ever: B starves",
        },
        {
            "a": "B's message stands behind A's in the same job; how few there are of B does not matter.",
            "c": "When the burst is over the job has capacity to spare and works the line off.",
        },
        decide=lambda result: "b" if result["peak_b"] > 0.9 * result["peak_a"] > 1 else "a",
        because="A shared line has one length for everybody who stands in it.",
    )
)

hot_key = ROOM.add(
    Prediction.number(
        "hot key",
        "One key is updated 10 times a second, at random moments. A job waits 5 s after the first update of the key and hands on only the newest. How many "
        "updates become one record, on average?",
        "updates", 1, 100,
        {"low": "In 5 s about 50 more updates come, and all of them end in one record.",
         "high": "In one window there are the first update and those of 5 s, no more."},
        factor=1.05,
        because="1 + rate × window: the first update, and 10 × 5 that find the window open.",
    )
)  # fmt: skip

newest_edges = ROOM.add(
    Prediction.choice(
        "newest edges",
        "A title has a million edges, kept in the order of the device's id. A caller wants the newest 320 (LATEST) and reads pages of 80, one after the other. "
        "How many items does the storage return?",
        {"a": "320: four pages", "b": "some thousand", "c": "a million"},
        {
            "a": "The first 320 that are found are in the order of ids. The newest may stand at the end.",
            "b": "Until the last page is read, nobody knows whether a newer edge is on it.",
        },
        decide=lambda result: "c" if result["items"] > 500_000 else "a",
        because="Sorted by id is not sorted by time: LATEST reads all of it and sorts, ANY stops early.",
    )
)

two_levels = ROOM.add(
    Prediction.number(
        "two levels",
        "An account has 5 profiles; each call takes 10 ms. One call after the other, account -> profiles -> titles is 6 calls and 60 ms. How long if the calls "
        "of a level go out together?",
        "ms", 1, 100,
        {"low": "The profiles are not known before the first call is answered.",
         "high": "The five calls of the second level do not wait for one another."},
        tolerance=0.5,
        because="One round trip a level: two of them.",
    )
)  # fmt: skip

half_edge = ROOM.add(
    Prediction.yes_no(
        "half edge",
        "The repair is told of an edge before its first write, and later writes both directions again. The writer may die at any moment. Is there a schedule, with "
        "up to two surprises, that ends with one direction missing?",
        {
            "yes": "The referee ran every schedule with up to two surprises and found none. That is no proof, but it is a search."
        },
        decide=lambda verdict: not verdict.held,
        because=lambda verdict: verdict.describe(),
    )
)

only_reads = ROOM.add(
    Prediction.number(
        "only reads",
        "2,400 storage instances serve about 2 million reads/s and 6 million writes/s. Suppose that every operation costs the same and that neither disk nor memory is the limit. "
        "How many instances would the reads alone need?",
        "instances", 1, 2_400,
        {"low": "Reads are 2 of 8 million operations a second, and instances go with operations.",
         "high": "The writes go away altogether; what is left are 2 of 8 million operations a second."},
        tolerance=1,
        because="2,400 × 2 / 8, if both suppositions hold. A fleet that holds 150 billion edges may be as large as it is for its disks, and then it cannot even be halved.",
    )
)  # fmt: skip

# -- the zoo ----------------------------------------------------------------------------------------------


def _variant(scenario: str, bug: str = "") -> Scenario:
    extra = anomalies.EXTRA_SCENARIOS
    build = extra[scenario][0] if scenario in extra else anomalies.anomaly(scenario).build
    return Scenario(scenario, partial(build, Switches(bug=bug)))


_BUGS = (
    (
        "ties by arrival",
        "same moment",
        "of two writes with one version the last to arrive stays",
        "NEWEST_WINS",
    ),
    ("compares text", "late event", "versions are compared as text, so 90 is after 100", "NEWEST_WINS"),
    (
        "window keeps the first",
        "dedup window",
        "the dedup window hands on the first update, not the newest",
        "NEWEST_WINS",
    ),
    (
        "repair forgets the reverse",
        "half-written edge",
        "the repair writes the forward link only",
        "SYMMETRIC",
    ),
    ("replay skips one", "replay", "after a crash the job goes on one past its checkpoint", "NO_LOST_EVENT"),
    ("guard forgets the TTL", "dying node", "a node is cached if it lives for another day", "NO_DEAD_NODE"),
    ("limiter never shrinks", "fan-out", "trouble does not lower the limit", "NO_COLLAPSE"),
)
ZOO = Zoo(
    "RDG",
    right={
        f"everything on: {scenario}": _variant(scenario)
        for scenario in dict.fromkeys(bug[1] for bug in _BUGS)
    },
    mutants={
        bug: Mutant(_variant(scenario, bug), told, caught_by) for bug, scenario, told, caught_by in _BUGS
    },
    invariants=list(anomalies.INVARIANTS),
    search=partial(explore, deviations=2),
)

# -- exercises ----------------------------------------------------------------------------------------------

_EDGE = Update("started_watching", "profile:1", "title:1", START_US, "60 s")
_WRITES = Number("writes", 1, 20, tolerance=0)
who_watched = ROOM.add(
    Exercise(
        "who watched it",
        "predict",
        "Who watched this title?",
        "With adjacency keyed by origin, one write stores an edge, and “who watched this title?” would have to read every profile. The layout of 2026 answers it. "
        "How many storage writes does one edge take there, its properties included?",
        decided_by(_WRITES, lambda: len(writes_of(_EDGE, "links")), "A forward link, a reverse link, and the properties under an id that is the same from either end.",
                   {"low": "Count everything that a reader from either end has to find.",
                    "high": "The properties are stored once: their id does not depend on the direction."}),
        (
            "From which end does the question start, and which record would it read?",
            "Each direction needs a record of its own.",
            "And where do the properties go, so that both directions find the same ones?",
        ),
        Solution(3, "Forward link, reverse link, properties: three namespaces, three writes, and no transaction over them."),
        (
            WrongAnswer(1, "from either end", "as in 2025"),
            WrongAnswer(2, "from either end", "forward and reverse"),
            WrongAnswer(4, "stored once", "properties in both directions"),
        ),
        form=_WRITES,
    )
)  # fmt: skip

_SKEW = 1.2  # not where the explorer of act 2 opens
_WINDOWS = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0)


def _window_is_right(answer: dict[str, Any]) -> Feedback:
    window = answer["window_s"]
    result = measures.dedup(window, skew=_SKEW)
    if result["reduction_theory"] < 2:
        return Feedback.no(
            "It saves less than half of the writes.",
            f"with {window:g} s, {result['reduction_theory']:.2f} updates become one record",
        )
    for shorter in _WINDOWS:
        if shorter < window and measures.dedup(shorter, skew=_SKEW)["reduction_theory"] >= 2:
            return Feedback.no(
                "It saves enough, but a shorter window does so too, with less delay.",
                f"with {window:g} s, {result['reduction_theory']:.2f} updates become one record",
            )
    return Feedback.yes(
        f"{result['reduction_theory']:.2f} updates become one record, and no shorter window of the list reaches 2. The delay is {window:g} s."
    )


pick_window = ROOM.add(
    Exercise(
        "dedup window",
        "configure",
        "Pick the window",
        "100 updates/s over 1,000 keys, Zipf exponent 1.2. Save at least half of the writes with as little delay as you can.",
        _window_is_right,
        (
            "Half of the writes saved means that two updates become one record.",
            "Give the explorer of act 2 this skew: it shows the whole curve. Where does it pass 2?",
            "Try neighbours: a window that reaches 2 while the next shorter one does not.",
        ),
        Solution({"window_s": 1.0}, "At 0.5 s it is still just below 2. With a skew of 0.9 it takes 5 s: the rare keys, which no short window helps, hold it down."),
        (
            WrongAnswer({"window_s": 0.2}, "less than half", "hot keys are hot enough"),
            WrongAnswer({"window_s": 0.5}, "less than half", "nearly two is two"),
            WrongAnswer({"window_s": 5.0}, "shorter window", "as in the explorer's first position"),
            WrongAnswer({"window_s": 50.0}, "shorter window", "more is better"),
        ),
        form=Settings({"window_s": _WINDOWS}, start={"window_s": 5.0}),
    )
)  # fmt: skip


def _with_rule(rule: Callable[..., bool], name: str) -> Scenario:
    build = anomalies.anomaly(name).build

    def world() -> World:
        made = build(Switches())
        anomalies.rdg(made).rule = lambda new, old: bool(rule(new, old))
        return made

    return Scenario(name, world)


def _commutes(rule: Callable[..., bool]) -> Feedback:
    """The learner's rule decides in two scenarios; then three writes in every order must end in one value."""
    searched = 0
    for name in ("late event", "same moment"):
        verdict: Verdict = explore(_with_rule(rule, name), [anomalies.NEWEST_WINS], deviations=3)
        searched += verdict.searched
        if not verdict.held:
            return Feedback.no(
                f"In the scenario “{name}” your rule breaks {verdict.invariant}.", verdict.invariant, verdict
            )
    writes = ((5, "b"), (5, "a"), (4, "z"))
    ends = {}
    for order in permutations(writes):
        held = order[0]
        for write in order[1:]:
            held = write if rule(write, held) else held
        ends.setdefault(held, order)
    if len(ends) > 1:
        return Feedback.no(
            "The order of arrival still decides.", f"{' , '.join(map(str, ends.values()))} end differently"
        )
    return Feedback.yes(
        f"No violation in {searched:,} schedules of two scenarios, and every order of three writes ends in {next(iter(ends))}."
    )


def replaces(new, old):
    """Say whether `new` replaces `old`; both are (version, value)."""
    return new > old


def _always(new, old):
    return True


def _strictly_later(new, old):
    return new[0] > old[0]


def _later_or_equal(new, old):
    return new[0] >= old[0]


def _larger_value(new, old):
    return new[1] > old[1]


write_the_rule = ROOM.add(
    Exercise(
        "commutative upsert",
        "implement",
        "Make upserts commute",
        "Write `replaces(new, old)`: may `new` replace what the item holds? Both are pairs `(version, value)`; the version is the event time, the value a text. Whatever "
        "the order of arrival, the item must end the same, and hold the latest event. Of two events at the same time, the larger text shall stay.",
        _commutes,
        (
            "What do you have to know of a write, besides its value, to forget when it arrived?",
            "Two writes can have the same event time. Something else that both carry has to decide then.",
            "You need one total order on pairs. Python compares pairs already.",
        ),
        Solution(replaces, "Event time first, then the value: a total order, and the maximum of a set does not depend on the order in which it is looked at."),
        (
            WrongAnswer(_always, "NEWEST_WINS", "the last arrival stays"),
            WrongAnswer(_strictly_later, "NEWEST_WINS", "event time alone"),
            WrongAnswer(_later_or_equal, "NEWEST_WINS", "ties by arrival"),
            WrongAnswer(_larger_value, "NEWEST_WINS", "values alone"),
        ),
        expects="a function of (new, old) that gives True or False",
        starter="def replaces(new, old):\n    return ...\n\n\nlesson.write_the_rule.check(replaces)",
    )
)  # fmt: skip

EARLY = anomalies.anomaly("early checkpoint").scenario(emit_before_checkpoint=False)


def _replayed(token: str) -> Verdict:
    return replay(EARLY, token, [anomalies.NO_LOST_EVENT])


def token(*picks: tuple[int, int]) -> str:
    """Write the token of a schedule of the early checkpoint."""
    return make_token("early checkpoint", picks)


lose_an_event = ROOM.add(
    Exercise(
        "lose an event",
        "break it",
        "Lose an event",
        "This job notes an event as done *before* it hands it on; it may crash once and restarts from what it noted. Find a schedule that ends with an event missing, by hand with "
        "`lesson.adversary_explorer(\"early checkpoint\", emit_before_checkpoint=False)` or with the referee, and give its replay token.",
        must_break(_replayed, "NO_LOST_EVENT", "The job died between its note and its message, and went on after an event that nobody had."),
        (
            "What is sent arrives, even if the sender dies. When has the job noted more than it has sent?",
            "There is one moment for each event between the note and the message.",
            "The first of these moments is right after the job's start, before its first step.",
        ),
        Solution(token((1, 1)), "The job starts, notes event 0 as done and dies; it restarts with event 1."),
        (
            WrongAnswer(token(), "NO_LOST_EVENT", "the normal run"),
            WrongAnswer(token((0, 1)), "NO_LOST_EVENT", "it dies before it notes anything"),
            WrongAnswer(token((2, 1)), "NO_LOST_EVENT", "it dies when the message is on its way"),
        ),
        expects="a replay token, a text such as 'early checkpoint:0:9e2777' (that one is the normal run)",
        accepts=str,
    )
)  # fmt: skip

RESTART_ZOO = Zoo(
    "restart",
    right={
        "everything on": _variant("replay"),
        "one checkpoint at the end": _variant("one checkpoint at the end"),
    },
    mutants={
        "checkpoint first": Mutant(anomalies.anomaly("early checkpoint").scenario(emit_before_checkpoint=False),
                                   "an event is noted as done, then handed on", "NOTHING_SKIPPED"),
        "checkpoint one too far": Mutant(_variant("replay", "checkpoint one too far"), "the checkpoint takes the next event for done as well", "NOTHING_SKIPPED"),
        "replay skips one": Mutant(_variant("replay", "replay skips one"), "after a crash the job goes on one past its checkpoint", "NOTHING_SKIPPED"),
    },
    invariants=[anomalies.NOTHING_SKIPPED],
    search=partial(explore, deviations=2),
)  # fmt: skip


def nothing_skipped(world):
    """Whatever the checkpoint takes for done is in the storage."""
    done = world.nodes["job"].state["checkpoint"]
    return set(range(done)) <= anomalies.stored_events(world)


def _everything_stored(world):
    return len(anomalies.stored_events(world)) == anomalies.EVENTS


def _in_step(world):
    return len(anomalies.stored_events(world)) == world.nodes["job"].state["checkpoint"]


def _at_most_one_apart(world):
    return len(anomalies.stored_events(world)) - world.nodes["job"].state["checkpoint"] in (0, 1)


def _never_wrong(world):
    return True


def _no_stranger(world):
    return anomalies.stored_events(world) <= set(range(anomalies.EVENTS))


write_the_invariant = ROOM.add(
    Exercise(
        "write the referee",
        "referee",
        "What a checkpoint promises",
        "A job hands on the events 0, 1 and 2, may crash and goes on from its checkpoint. Write a function of the world that is true after *every* step of a job that loses nothing. "
        "`world.nodes[\"job\"].state[\"checkpoint\"]` says how many events the job takes for done, `anomalies.stored_events(world)` is the set of those in the storage. A small zoo judges it: it must "
        "accept two right jobs, one of which notes its checkpoint only at the end, and catch three that can lose an event.",
        tells_apart(RESTART_ZOO, "Your invariant tells the jobs that lose nothing from those that can."),
        (
            "In the middle of a run not everything is stored yet, and that is no bug. What would be one already?",
            "After a crash nobody reads again what lies before the checkpoint.",
            "May the storage hold more than the checkpoint says? May it hold less?",
        ),
        Solution(nothing_skipped, "The storage may be ahead of the checkpoint, since upserts make a second time harmless. The checkpoint may never be ahead of the storage."),
        (
            WrongAnswer(_everything_stored, "says that", "asks for the end while it runs"),
            WrongAnswer(_in_step, "says that", "both at every step the same"),
            WrongAnswer(_at_most_one_apart, "says that", "a checkpoint after each event"),
            WrongAnswer(_never_wrong, "escapes", "nothing is ever wrong"),
            WrongAnswer(_no_stranger, "escapes", "looks at the storage alone"),
        ),
        expects="a function of the world that gives True or False",
        starter="def my_invariant(world):\n    return ...  # the checkpoint beside what is stored\n\n\nlesson.write_the_invariant.check(my_invariant)",
    )
)  # fmt: skip

_ROUNDS = Number("round trips", 1, 200_000, tolerance=0)
two_hops = ROOM.add(
    Exercise(
        "two hops",
        "predict",
        "The bill of two hops",
        "A walk by level takes two hops with limits of 250 and 300 edges for each node, ANY, in pages of 100 items. The calls of one level go out together, the pages of "
        "one record one after the other. How many round trips wait for one another, at most?",
        decided_by(_ROUNDS, lambda: rounds_bound([250, 300]), "⌈250 / 100⌉ + ⌈300 / 100⌉: the longest record of each level. The items are at most 250 + 250 × 300.",
                   {"low": "A level is as slow as its longest record, and that one is read page by page.",
                    "high": "Only pages of one record wait for one another; the records of a level are read side by side."}),
        (
            "Within a level, which calls must wait for which?",
            "A level lasts as long as the record with the most pages.",
            "Pages come whole: how many of them are 250 items? The other level is counted in the same way.",
        ),
        Solution(6, "Three pages for the first level, three for the second. The second level makes up to 250 × 3 calls, but side by side."),
        (
            WrongAnswer(2, "page by page", "one round trip a level"),
            WrongAnswer(753, "side by side", "every call counted"),
            WrongAnswer(75_000, "side by side", "items for round trips"),
        ),
        form=_ROUNDS,
    )
)  # fmt: skip
