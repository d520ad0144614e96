"""What lesson 2 asks: predictions before the acts, exercises after them, and the zoo that scores invariants."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from dslab.cachefront import anomalies, fleet
from dslab.cachefront.protocol import Entry, Switches
from dslab.check import Scenario, Verdict, explore, positioned, replay
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

ROOM = Classroom("cachefront")

# -- predictions ----------------------------------------------------------------------------------------

second_reader = ROOM.add(
    Prediction.choice(
        "second reader",
        "The slot is empty. A reader misses, reads `v1` and its fill is held up for 20 ms. Meanwhile a writer commits `v2` and deletes "
        "the slot before it answers. Compare-and-set is on. 100 ms later a second reader asks. What does it get?",
        {
            "a": "v2: the compare-and-set rejects the late fill",
            "b": "v1, until Flux repairs the slot",
            "c": "nothing: the slot is empty",
        },
        {
            "a": "The compare-and-set compares with what is in the slot, and the delete left nothing there to compare with.",
            "c": "It was empty for some milliseconds; then the held-up fill arrived.",
        },
        decide=lambda result: "b" if result["stale_reads"] else "a",
        because="A delete forgets the timestamp. A marker remembers it, and only then is there something to compare the late fill with.",
    )
)

both_halves = ROOM.add(
    Prediction.yes_no(
        "both halves",
        "With compare-and-set and markers on, and everything else as Uber runs it: can the slot still go back to an older row, if up to three "
        "messages or clients are unexpectedly slow?",
        {
            "yes": "The referee ran every schedule with up to three surprises and found none. That is no proof, but it is a search."
        },
        decide=lambda verdict: not verdict.held,
        because=lambda verdict: verdict.describe(),
    )
)

year_old = ROOM.add(
    Prediction.choice(
        "year-old row",
        "A row was last written a year ago. It is cached, then updated, and every invalidation is lost. The TTL is five minutes. "
        "How far behind the newest row can the one be that a reader gets?",
        {"a": "at most five minutes", "b": "a year", "c": "for ever growing: it is never repaired"},
        {
            "a": "The TTL bounds how long the wrong row is served. It says nothing about how old that row is.",
            "c": "It is repaired: after five minutes the slot counts as empty.",
        },
        decide=lambda gap_s: "b" if gap_s > 364 * 86_400 else "a",
        because="Two meters: how long (at most the TTL) and how old (as old as the row happened to be).",
    )
)

day_of_ttl = ROOM.add(
    Prediction.number(
        "TTL of a day",
        "One million rows with a Zipf exponent of 0.9, 20,000 reads/s, one write for 128 reads, writes invalidate. A TTL of five minutes gives a "
        "hit rate near 89 %. What does a TTL of 24 hours give?",
        "%", 85, 100,
        {"low": "Popular rows are read again and again within a day, so nearly every read finds its row.",
         "high": "Every write costs a miss, however long the TTL: that is the ceiling."},
        tolerance=0.5,
        because="The ceiling is R / (R + 1) for R reads per write, here 128 / 129; a longer TTL only gets closer to it.",
    )
)  # fmt: skip

hottest_shard = ROOM.add(
    Prediction.number(
        "hottest shard",
        "The cache answers 99 % of the reads and is sharded like the database. One Redis cluster of ten dies. "
        "How many times its normal load does the hottest database shard get?",
        "times", 1, 200,
        {"low": "All reads of its rows now reach it, and normally only one in a hundred did.",
         "high": "It cannot get more than all the reads of its rows."},
        factor=1.2,
        because="1 / (1 - 0.99): the shard's rows lost all of their cache. Sharded by another scheme, the loss is spread over all shards.",
    )
)  # fmt: skip

# -- the zoo ----------------------------------------------------------------------------------------------

_JUDGES = [
    i
    for i in anomalies.INVARIANTS
    if i not in (anomalies.AGE_WITHIN_TTL, anomalies.NOT_AHEAD, anomalies.LINEARIZABLE)
]


def _variant(scenario: str, bug: str = "", **positions: Any) -> Scenario:
    build = (
        anomalies.EXTRA_SCENARIOS[scenario][0]
        if scenario in anomalies.EXTRA_SCENARIOS
        else anomalies.anomaly(scenario).build
    )
    switches = positioned(Switches(bug=bug), positions)
    return Scenario(scenario, partial(build, switches))


_BUGS = (
    (
        "cas in two steps",
        "late fill",
        "the slot is read and compared by the query engine, then written",
        "NO_STEP_BACK",
    ),
    (
        "cas compares text",
        "nine, then nineteen",
        "timestamps are compared as text, so 9 is after 19",
        "NO_STEP_BACK",
    ),
    (
        "first key only",
        "two rows",
        "a conditional update invalidates only the first row it changed",
        "READ_YOUR_WRITES",
    ),
    (
        "flux skips deletes",
        "query engine dies deleting",
        "the change feed leaves deletes out",
        "FRESH_AT_REST",
    ),
    ("ttl renewed by hits", "read again and again", "every hit starts the TTL anew", "STALE_ENDS_BY_TTL"),
    (
        "acks first",
        "read own write",
        "the write is answered before its markers are there",
        "READ_YOUR_WRITES",
    ),
    (
        "marker wins ties",
        "Flux comes late",
        "a marker replaces a row of the same timestamp",
        "NO_FRESH_ROW_LOST",
    ),
)
_SCENES = ("late fill", "read own write", "two rows", "Flux comes late", "read again and again")
ZOO = Zoo(
    "CacheFront",
    right={f"as Uber runs it: {name}": _variant(name) for name in _SCENES},
    mutants={
        bug: Mutant(_variant(scenario, bug), told, caught_by) for bug, scenario, told, caught_by in _BUGS
    },
    invariants=_JUDGES,
    search=partial(explore, deviations=3),
)

LATE_FILL_ZOO = Zoo(
    "late fills",
    right={"compare-and-set and markers": _variant("late fill"), "as in 2024, with compare-and-set": _variant("out-of-order fills")},
    mutants={
        "no compare-and-set": Mutant(_variant("late fill", compare_and_set=False), "any fill replaces anything", "NO_STEP_BACK"),
        "deletes": Mutant(_variant("late fill", markers=False), "invalidation deletes the slot", "NO_STEP_BACK"),
        "cas in two steps": Mutant(_variant("late fill", "cas in two steps"), "compared first, written later", "NO_STEP_BACK"),
        "no compare-and-set, Flux only": Mutant(_variant("out-of-order fills", compare_and_set=False), "any fill replaces anything",
                                                "NO_STEP_BACK"),
    },
    invariants=[anomalies.NO_STEP_BACK],
    search=partial(explore, deviations=2),
)  # fmt: skip

# -- exercises ----------------------------------------------------------------------------------------------

_NEEDED = ("late fill", "read own write", "query engine dies")
_OFF: dict[str, Any] = {
    "compare_and_set": False,
    "markers": False,
    "invalidation": "none",
    "flux": "off",
    "soft_deletes": False,
}


def _settled(answer: dict[str, Any]) -> Feedback:
    """All three anomalies must be gone, and nothing may be on that they do not need."""
    verdicts = {name: anomalies.search(name, **answer) for name in _NEEDED}
    for name, verdict in verdicts.items():
        if not verdict.held:
            return Feedback.no(
                f"With these settings the anomaly “{name}” still shows.", verdict.invariant, verdict
            )
    for switch, off in _OFF.items():
        if answer[switch] != off and all(
            anomalies.search(name, **(answer | {switch: off})).held for name in _NEEDED
        ):
            return Feedback.no(
                f"It holds, but {switch} is not needed for it.", f"{switch}={off!r} holds as well"
            )
    extent = sum(verdict.searched for verdict in verdicts.values())
    return Feedback.yes(
        f"No violation in {extent:,} schedules with up to three surprises, and nothing is on that is not needed."
    )


fewest = ROOM.add(
    Exercise(
        "fewest mechanisms",
        "configure",
        "The fewest mechanisms",
        "Everything is off. Turn on as little as you can so that the anomalies late fill, read own write and query engine dies are gone.",
        _settled,
        (
            "Ask for each of the three what it takes away: a timestamp to compare with, an answer that waits, somebody who repairs.",
            "Late fill needs two mechanisms together; each alone changes nothing.",
            "The table above has a row for each of the three: what says broken there, and is offered here, must be on.",
        ),
        Solution({"compare_and_set": True, "markers": True, "invalidation": "sync", "flux": "fills"},
                 "Compare-and-set and markers stop the late fill, the write path stops the stale own read, Flux repairs after a crash "
                 "(it may also only invalidate)."),
        (
            WrongAnswer({"compare_and_set": True, "invalidation": "sync", "flux": "fills"}, "late fill", "compare-and-set seems enough"),
            WrongAnswer({"compare_and_set": True, "markers": True, "flux": "fills"}, "read own write", "Flux seems fast enough"),
            WrongAnswer({"compare_and_set": True, "markers": True, "invalidation": "sync"}, "query engine dies", "nobody crashes"),
            WrongAnswer({"compare_and_set": True, "markers": True, "invalidation": "sync", "flux": "fills", "soft_deletes": True},
                        "not needed", "more is safer"),
        ),
        form=Settings({"compare_and_set": (False, True), "markers": (False, True), "invalidation": ("none", "async", "sync"),
                       "flux": ("off", "invalidates", "fills"), "soft_deletes": (False, True)}, start=_OFF),
    )
)  # fmt: skip


def _with_rule(rule: Callable[[Entry, Entry], bool], name: str) -> Scenario:
    known = anomalies.EXTRA_SCENARIOS.get(name)
    build = known[0] if known else anomalies.anomaly(name).build

    def world() -> World:
        made = build(Switches())
        anomalies.front(made).cache.rule = lambda old, new: bool(rule(old, new))
        return made

    return Scenario(name, world)


def _rule_is_right(rule: Callable[[Entry, Entry], bool]) -> Feedback:
    """The learner's compare-and-set decides in four scenarios, each watched by all invariants."""
    searched = 0
    for name in ("late fill", "clock-stamped marker", "Flux comes late", "nine, then nineteen"):
        verdict: Verdict = explore(_with_rule(rule, name), _JUDGES, deviations=2)
        searched += verdict.searched
        if not verdict.held:
            return Feedback.no(
                f"In the scenario “{name}” your rule breaks {verdict.invariant}.", verdict.invariant, verdict
            )
    return Feedback.yes(f"No violation in {searched:,} schedules of four scenarios with up to two surprises.")


def accepts(old, new):
    """Say whether `new` may replace `old`: what is newer may, and of equally old ones the row may."""
    if new.ts == old.ts:
        return new.kind != "marker"
    return new.ts > old.ts


def _accepts_anything(old, new):
    return True


def _accepts_strictly_newer(old, new):
    return new.ts > old.ts


def _accepts_newer_or_equal(old, new):
    return new.ts >= old.ts


def _compares_text(old, new):
    return str(new.ts) > str(old.ts) or (new.ts == old.ts and new.kind != "marker")


write_the_rule = ROOM.add(
    Exercise(
        "compare-and-set",
        "implement",
        "Write the compare-and-set",
        'Write `accepts(old, new)`: may `new` replace what the slot holds? Both have `.kind` (`"row"`, `"marker"` or `"absent"`), '
        "`.ts`, `.version` and `.value`; an empty slot takes anything without asking you. The referee runs your rule in four scenarios.",
        _rule_is_right,
        (
            "Timestamps decide. What is left to decide where they are equal?",
            "A marker says that a row of this timestamp was committed. Which of the two would you rather have in the slot?",
            "A fill of the very row that the marker announces must get in, and the marker must not throw it out again.",
        ),
        Solution(accepts, "Newer wins; at equal age the row wins, because it is what the marker announces."),
        (
            WrongAnswer(_accepts_anything, "NO_STEP_BACK", "no comparison at all"),
            WrongAnswer(_accepts_strictly_newer, "NO_GENUINE_FILL_REJECTED", "equal means old news"),
            WrongAnswer(_accepts_newer_or_equal, "NO_FRESH_ROW_LOST", "equal means fine"),
            WrongAnswer(_compares_text, "NO_STEP_BACK", "timestamps as they come out of the protocol buffer"),
        ),
        expects="a function of (old, new) that gives True or False",
        starter="def accepts(old, new):\n    return ...\n\n\nlesson.write_the_rule.check(accepts)",
    )
)

DELETING = anomalies.anomaly("late fill").scenario(markers=False)


def _replayed(token: str) -> Verdict:
    return replay(DELETING, token, [anomalies.NO_STEP_BACK])


break_deletes = ROOM.add(
    Exercise(
        "break the delete",
        "break it",
        "Break the delete",
        "Compare-and-set is on, but invalidation deletes the slot. Find a schedule of the scenario late fill in which the slot goes back to "
        "`v1`, with the adversary of act 2 or with the referee, and give its replay token.",
        must_break(_replayed, "NO_STEP_BACK", "The delete left nothing to compare with, and the late fill got in."),
        (
            "You want one thing to be slow. Which of the messages is the dangerous one?",
            "The reader must have read `v1` before the commit, and its fill must arrive after the delete.",
            "Hold the leader's answer to the reader back until the invalidation has arrived; then deliver it, before the binlog.",
        ),
        Solution("late fill:7.2:ec05d7", "Flux is early here: it fills v2 before the delete, which throws it out again; then the reader's fill finds an empty slot."),
        (
            WrongAnswer("late fill:0:12c7f1", "NO_STEP_BACK", "the default schedule"),
            WrongAnswer("late fill:1.1:e9dc7a", "NO_STEP_BACK", "somebody else is slow"),
            WrongAnswer("late fill:9.1:034f8a", "NO_STEP_BACK", "slow, but too late to matter"),
        ),
        expects="a replay token, a text such as 'late fill:0:12c7f1' (that one is the normal run)",
        accepts=str,
    )
)  # fmt: skip


def no_step_back(world):
    """Once this cache was told of a version, its slot holds no older row."""
    cache = world.facts["cachefront"].cache
    slot = cache.slots.get("k")
    return slot is None or slot.kind == "marker" or slot.version >= cache.told.get("k", 0)


def _never_older_than_the_leader(world):
    front = world.facts["cachefront"]
    slot = front.cache.slots.get("k")
    return slot is None or slot.kind == "marker" or slot.version >= front.leader.version("k")


def _always_true(world):
    return True


def _only_at_a_marker(world):
    cache = world.facts["cachefront"].cache
    slot = cache.slots.get("k")
    return slot is None or slot.kind != "marker" or slot.version >= cache.told.get("k", 0)


write_the_invariant = ROOM.add(
    Exercise(
        "write the referee",
        "referee",
        "Write the invariant",
        "Write a function of the world that is true while all is well. A small zoo judges it: two right variants and four mutants of the late fill. It must accept the ones and "
        "catch the others. `front = world.facts[\"cachefront\"]` gives you `front.cache.slots` (key to an entry with `.kind`, `.version` and `.ts`, or missing), `front.cache.told` (key to the newest "
        "version, not timestamp, that the cache was told of) and `front.leader.version(key)`.",
        tells_apart(LATE_FILL_ZOO, "Your invariant tells the right ones from the mutants."),
        (
            "A slot that is older than the leader is no bug by itself: the marker may still be on its way.",
            "What the cache was told once, it should not forget.",
            "Compare the version in the slot with `front.cache.told`, and let markers and empty slots pass.",
        ),
        Solution(no_step_back, "It asks only for what the cache can know: never to go back behind what it was told."),
        (
            WrongAnswer(_never_older_than_the_leader, "says that", "stale means older than the leader"),
            WrongAnswer(_always_true, "escapes", "nothing is ever wrong"),
            WrongAnswer(_only_at_a_marker, "escapes", "looks at markers only"),
        ),
        expects="a function of the world that gives True or False",
        starter="def my_invariant(world):\n    return ...  # something about world.facts[\"cachefront\"]\n\n\n"
                "lesson.write_the_invariant.check(my_invariant)",
    )
)  # fmt: skip

_TIMES = Number("times", 1, 2_000, factor=1.05)
_TIMES_FEEDBACK = {
    "low": "A fifth of every shard's rows lost its cache, and each of those rows now sends two hundred times as many reads.",
    "high": "Only a fifth of the rows lost its cache; the rest is as before.",
}
cross_sharding = ROOM.add(
    Exercise(
        "cross-sharding",
        "predict",
        "A fifth is gone, spread out",
        "The hit rate is 99.5 % and Redis is sharded by a scheme of its own. Two clusters of ten die. How many times its normal load does every "
        "database shard get?",
        decided_by(_TIMES, lambda: fleet.cluster_loss(hit_rate=0.995, dead=2, sharding="cross")["hottest_multiple"],
                   "1 + 0.2 × 0.995 / 0.005: a better cache makes its loss worse.", _TIMES_FEEDBACK),
        (
            "Normally one read in two hundred reaches the database. What about a row that has no cache?",
            "For a fifth of the rows every read reaches it, for the others it stays one in two hundred.",
            "Add the two shares, and divide by what it was before.",
        ),
        Solution(40.8, "0.2 × 1 + 0.8 × 0.005 is 0.204 of all reads, where it was 0.005."),
        (
            WrongAnswer(5, "lost its cache", "a fifth of the cache, five times the load"),
            WrongAnswer(1.2, "lost its cache", "a fifth more"),
            WrongAnswer(200, "Only a fifth", "as with same-sharding"),
        ),
        form=_TIMES,
    )
)  # fmt: skip
