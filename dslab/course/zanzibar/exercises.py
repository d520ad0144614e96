"""What lesson 3 asks: predictions before the acts, exercises after them, and the zoo that scores invariants."""

from __future__ import annotations

from functools import partial
from typing import Any

from dslab.check import Scenario, Verdict, explore, positioned, replay
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
    same_as,
    tells_apart,
)
from dslab.zanzibar import anomalies, example
from dslab.zanzibar.config import read as read_schema
from dslab.zanzibar.engine import Engine
from dslab.zanzibar.serving.load import evaluations_per_s
from dslab.zanzibar.zookie import Switches

ROOM = Classroom("zanzibar")

# -- predictions ----------------------------------------------------------------------------------------

yes_or_no = ROOM.add(
    Prediction.choice(
        "cheaper answer",
        "Anne is a viewer of the plan, through the folder and three groups. Carol owns the plan, and owners are viewers. Mallory is nobody. "
        "For whom does the check “is … a viewer of the plan?” read the most tuples?",
        {
            "a": "Anne: she is the furthest away",
            "b": "Carol: owners come last",
            "c": "Mallory: nothing leads to her",
        },
        {
            "a": "Nearly: her yes ends the walk as soon as she is found, a tuple before everything has been read.",
            "b": "Carol is found on the document itself; what is not needed any more is not asked.",
        },
        decide=lambda reads: {"anne": "a", "carol": "b", "mallory": "c"}[max(reads, key=reads.get)],
        because="A union stops at its first yes. A no must ask everything, so it is never cheaper than a yes on the same tuples.",
    )
)

removed_bob = ROOM.add(
    Prediction.choice(
        "removed Bob",
        "Alice takes Bob off the list of a document, and the database confirms it. Only then Charlie writes a new text. Bob, far away, opens the document "
        "16 ms later. His zone's replica is 30 ms behind, and the check has no zookie. What does Bob get?",
        {
            "a": "nothing: he was removed first",
            "b": "the new text",
            "c": "the old text: his zone is behind in everything",
        },
        {
            "a": "His zone does not know that yet: it answers from a snapshot in which he is still on the list.",
            "c": "The text does not come from Zanzibar. The application has the new one already; only the list is old.",
        },
        decide=lambda result: "b" if result["leaks"] else "a",
        because="The list is old and the content is new. A zookie stored with the text would have said how new the list must be.",
    )
)

zookies_suffice = ROOM.add(
    Prediction.yes_no(
        "zookies suffice",
        "Every text carries the zookie of the content-change check that allowed it, and every check sends it. Messages may be as slow as you like. Is there still "
        "a schedule, with up to three surprises, in which Bob sees the text that was written after his removal?",
        {
            "yes": "The referee ran every schedule with up to three surprises and found none. That is no proof, but it is a search."
        },
        decide=lambda verdict: not verdict.held,
        because=lambda verdict: verdict.describe(),
    )
)

ten_per_second = ROOM.add(
    Prediction.number(
        "hit ratio of one key",
        "One key is asked for ten times a second, at random moments. Snapshots are rounded to one second. Which share of the questions needs no database read?",
        "%", 0, 100,
        {"low": "Only the first question in each second misses; the others share its snapshot, and so its key.",
         "high": "Every second begins with a miss, and some seconds have only a few questions."},
        tolerance=3,
        because="1 - (1 - e^-n) / n with n = 10 questions in a quantum: about one miss in ten.",
    )
)  # fmt: skip

deep_reads = ROOM.add(
    Prediction.number(
        "deep groups",
        "A group is nested 32 deep, and on each level it names eight other groups as well. Somebody sits in the deepest one. How many reads does a check make by "
        "following them? (A read is a look for the user in one group, or one step along a tuple.)",
        "reads", 10, 5_000,
        {"low": "On each level all nine groups named there are looked at, until one says yes, and that is the last one.",
         "high": "Each tuple is read once; the other groups are small and end at once."},
        factor=1.5,
        because="On each of 32 levels: one look, two reads for each of the eight other groups (a step and a look), and one step on; then one look in the deepest.",
    )
)  # fmt: skip

# -- the zoo ----------------------------------------------------------------------------------------------


def _variant(scenario: str, bug: str = "", **positions: Any) -> Scenario:
    build = anomalies.anomaly(scenario).build
    switches = positioned(Switches(bug=bug), positions)
    return Scenario(scenario, partial(build, switches))


_BUGS = (
    (
        "snapshot not waited for",
        "old ACL, new content",
        "the replica answers for a snapshot that it does not have yet",
        "NO_LEAK",
    ),
    (
        "zookie of the reader",
        "old ACL, new content",
        "the check sends the reader's own newest snapshot, not the text's",
        "NO_LEAK",
    ),
    (
        "snapshot rounded down",
        "old ACL, new content",
        "a newer zookie is rounded down to what the replica has",
        "NO_LEAK",
    ),
    ("two zookie writes", "old ACL, new content", "text and zookie are saved by two requests", "NO_LEAK"),
    (
        "newest of the safe times",
        "order of ACL changes",
        "the default snapshot is safe for one namespace, not for all",
        "NO_NEW_ENEMY",
    ),
    (
        "lock read too late",
        "lost update",
        "the lock is compared with the moment of the write, not of the read",
        "NO_LOST_UPDATE",
    ),
    (
        "cache key without snapshot",
        "below the zookie",
        "a cached answer serves every snapshot",
        "NOT_BELOW_ZOOKIE",
    ),
    ("lock table forgets waiters", "stampede", "who waits for a computation is never told", "ALL_ANSWERED"),
    (
        "deletes not indexed",
        "removed after the build",
        "the incremental layer takes in additions only",
        "INDEX_AGREES",
    ),
)
ZOO = Zoo(
    "Zanzibar",
    right={
        f"all on: {name}": _variant(name) for name in dict.fromkeys(scenario for _, scenario, _, _ in _BUGS)
    },
    mutants={
        bug: Mutant(_variant(scenario, bug), told, caught_by) for bug, scenario, told, caught_by in _BUGS
    },
    invariants=list(anomalies.INVARIANTS),
    search=partial(explore, deviations=2),
)

LEAK_ZOO = Zoo(
    "leaks",
    right={"as in the paper": _variant("old ACL, new content"), "without commit wait": _variant("old ACL, new content", commit_wait=False)},
    mutants={
        "no zookie": Mutant(_variant("old ACL, new content", zookie_from="nowhere"), "the check sends no zookie", "NO_LEAK"),
        "zookie too early": Mutant(_variant("old ACL, new content", zookie_from="opening"), "the zookie is from opening the document", "NO_LEAK"),
        "zookie of the reader": Mutant(_variant("old ACL, new content", "zookie of the reader"), "the check sends the reader's own newest snapshot", "NO_LEAK"),
        "snapshot not waited for": Mutant(_variant("old ACL, new content", "snapshot not waited for"), "an incomplete snapshot answers", "NO_LEAK"),
    },
    invariants=[anomalies.NO_LEAK],
    search=partial(explore, deviations=1),
)  # fmt: skip

# -- exercises ----------------------------------------------------------------------------------------------

_NEEDED = {"order of ACL changes": 1, "old ACL, new content": 2, "lost update": 1}  # up to so many surprises
_OFF: dict[str, Any] = {
    "commit_wait": False,
    "snapshot_reads": False,
    "one_snapshot": False,
    "zookie_from": "nowhere",
    "atomic_zookie": False,
    "lock_tuple": False,
}


def _settled(answer: dict[str, Any]) -> Feedback:
    """All three anomalies must be gone, and nothing may be on that they do not need."""
    verdicts = {name: anomalies.search(name, most, **answer) for name, most in _NEEDED.items()}
    for name, verdict in verdicts.items():
        if not verdict.held:
            return Feedback.no(
                f"With these settings the anomaly “{name}” still shows.", verdict.invariant, verdict
            )
    for switch, off in _OFF.items():
        if answer[switch] != off and all(
            anomalies.search(name, most, **(answer | {switch: off})).held for name, most in _NEEDED.items()
        ):
            return Feedback.no(
                f"It holds, but {switch} is not needed for it.", f"{switch}={off!r} holds as well"
            )
    extent = sum(verdict.searched for verdict in verdicts.values())
    return Feedback.yes(
        f"No violation in {extent:,} schedules with up to one or two surprises, and nothing is on that is not needed."
    )


_ENOUGH = {
    "commit_wait": True,
    "snapshot_reads": True,
    "zookie_from": "content-change check",
    "atomic_zookie": True,
    "lock_tuple": True,
}
fewest = ROOM.add(
    Exercise(
        "fewest mechanisms",
        "configure",
        "The fewest mechanisms",
        "Everything is off. Turn on as little as you can so that the anomalies order of ACL changes, old ACL new content, and lost update are gone.",
        _settled,
        (
            "Ask for each anomaly who knew of what: which order must the timestamps show, and which snapshot must the check see?",
            "The first one needs two mechanisms together; the second one needs three; the third one needs one.",
            "The table above has a row for each of the three: every column that says broken there must be on.",
        ),
        Solution(_ENOUGH, "Timestamps in causal order, complete snapshots, a zookie from the newest snapshot stored with the text, and the lock tuple."),
        (
            WrongAnswer(_ENOUGH | {"commit_wait": False}, "order of ACL changes", "zookies seem enough"),
            WrongAnswer(_ENOUGH | {"zookie_from": "opening"}, "old ACL, new content", "any zookie seems good"),
            WrongAnswer(_ENOUGH | {"atomic_zookie": False}, "old ACL, new content", "two writes in a row seem safe"),
            WrongAnswer(_ENOUGH | {"lock_tuple": False}, "lost update", "nobody edits at the same time"),
            WrongAnswer(_ENOUGH | {"one_snapshot": True}, "not needed", "more is safer"),
        ),
        form=Settings({"commit_wait": (False, True), "snapshot_reads": (False, True), "one_snapshot": (False, True),
                       "zookie_from": ("nowhere", "opening", "content-change check"), "atomic_zookie": (False, True), "lock_tuple": (False, True)}, start=_OFF),
    )
)  # fmt: skip

_POLICY_TUPLES = (
    "doc:a#viewer@user:anne", "doc:a#editor@user:ed", "doc:a#parent@folder:f", "folder:f#viewer@user:fay", "folder:f#viewer@user:bo",
    "doc:a#blocked@user:bo", "doc:a#blocked@user:eve", "doc:a#editor@user:eve", "doc:b#viewer@user:fay", "doc:b#blocked@user:anne",
)  # fmt: skip
_POLICY = "namespace user\nnamespace folder\n  viewer: [user]\nnamespace doc\n  parent: [folder]\n  blocked: [user]\n  editor: [user]\n  viewer: {}"
_RIGHT = "([user] or editor or viewer from parent) but not blocked"


def _policy_is_right(answer: str) -> Feedback:
    """The learner's rewrite against the right one, for every person and document."""
    try:
        engine, right = (Engine(read_schema(_POLICY.format(text.strip()))) for text in (answer, _RIGHT))
        engine.write(_POLICY_TUPLES)
    except ValueError as error:
        if "#viewer@user:" in str(error):
            return Feedback.no(
                "It does not let users be named as viewers: the brackets `[...]` need `user`, and here nothing else.",
                str(error),
            )
        return Feedback.no("The playground's parser says why this is no rewrite.", str(error))
    right.write(_POLICY_TUPLES)
    asked = [
        f"doc:{thing}#viewer@user:{name}"
        for thing in "ab"
        for name in ("anne", "ed", "fay", "bo", "eve", "mallory")
    ]
    for question in asked:
        if engine.check(question).allowed != right.check(question).allowed:
            wanted = "yes" if right.check(question).allowed else "no"
            told = engine.explain(question).text()
            return Feedback.no(f"`{question}` should be {wanted}.", told)
    return Feedback.yes(f"It answers all {len(asked)} questions as it should.")


write_the_policy = ROOM.add(
    Exercise(
        "policy",
        "implement",
        "Write the rewrite",
        "Who may view a document: those who are named as viewers (users only), its editors, and the viewers of its parent folder; but nobody who is "
        "blocked. Write the rewrite of `viewer` in the short form, as a text. The relations `parent`, `blocked` and `editor` are there.",
        _policy_is_right,
        (
            "Four things are said. Three of them add people, one takes them away.",
            "Whoever is taken away must be taken away from all three; say by parentheses what belongs together.",
            "The three that add: `[user]`, `editor`, and an arrow through `parent`.",
        ),
        Solution(_RIGHT, "The exclusion stands outside: it takes from the union of all three."),
        (
            WrongAnswer("[user] or editor or viewer from parent", "should be no", "forgets the blocked"),
            WrongAnswer(
                "[user] or editor or (viewer from parent but not blocked)",
                "should be no",
                "takes from the last one only",
            ),
            WrongAnswer(
                "([user] or viewer from parent) but not blocked",
                "should be yes",
                "editors are no viewers by themselves",
            ),
            WrongAnswer(
                "[user] or editor or viewer from parent but not blocked",
                "say by parentheses",
                "operators side by side",
            ),
        ),
        expects="a text such as '[user] or editor'",
        accepts=str,
    )
)

TWO_STEPS = anomalies.anomaly("old ACL, new content").scenario(atomic_zookie=False)


def _replayed(token: str) -> Verdict:
    return replay(TWO_STEPS, token, [anomalies.NO_LEAK])


break_it = ROOM.add(
    Exercise(
        "let Bob in",
        "break it",
        "Let Bob in",
        "A zookie from a content-change check is stored, but in two steps: first the text, then its zookie (`atomic_zookie=False`). Find a schedule of the scenario old ACL, new content "
        "in which Bob sees the text that was written after his removal, with `lesson.adversary_explorer(atomic_zookie=False)` or with the referee, and give its replay token.",
        must_break(
            _replayed,
            "NO_LEAK",
            "Bob came between the text and its zookie, and the replica answered from a snapshot in which he was still on the list.",
        ),
        (
            "The schedule of act 3 alone does not do. Between the two steps there is a moment in which the text is new and its zookie old.",
            "Who has to come in that moment? And what must not have reached his zone by then?",
            "Two departures are needed: one keeps a message waiting, as in act 3; the other lets somebody wake up earlier than usual.",
        ),
        Solution(
            "old ACL, new content:4.1-9.1:d3d31c",
            "The replication is slow, and Bob asks after the text is stored and before its zookie is.",
        ),
        (
            WrongAnswer("old ACL, new content:0:407d89", "NO_LEAK", "the default schedule"),
            WrongAnswer("old ACL, new content:1.1:83e815", "NO_LEAK", "somebody else is slow"),
            WrongAnswer("old ACL, new content:4.1:fbd376", "NO_LEAK", "the leak of act 3 does it here, too"),
        ),
        expects="a replay token, a text such as 'old ACL, new content:7.1:3fa9c1'",
        accepts=str,
    )
)


def bob_never_sees_v2(world):
    """Bob was removed before v2 was written, so whatever else he sees, it is not v2."""
    return world.nodes["bob"].state["saw"] != "v2"


def _sees_nothing(world):
    return world.nodes["bob"].state["saw"] == "nothing yet"


def _always_true(world):
    return True


def _zookie_stored(world):
    return world.nodes["app"].state["text"] == "v1" or world.nodes["app"].state["zookie"] > 1


write_the_invariant = ROOM.add(
    Exercise(
        "write the referee",
        "referee",
        "Write the invariant",
        "Write a function of the world that is true while all is well. It must accept both right variants and catch all four mutants of the scenario old ACL, new content. "
        '`world.nodes["bob"].state["saw"]` is `"nothing yet"`, `"v1"` or `"v2"`; `world.nodes["app"].state` has `text` and `zookie`.',
        tells_apart(LEAK_ZOO, "Your invariant tells the right ones from the mutants."),
        (
            "What Bob was allowed to see before his removal, he may have seen.",
            "Say it of what Bob gets, not of how the application stores it: there are several ways to store it wrong.",
            "One of the three things that he can have seen is the one that was written after his removal.",
        ),
        Solution(
            bob_never_sees_v2, "It speaks of the harm itself, so every way to bring it about is caught."
        ),
        (
            WrongAnswer(_sees_nothing, "says that", "he may have seen v1 before"),
            WrongAnswer(_always_true, "escapes", "nothing is ever wrong"),
            WrongAnswer(_zookie_stored, "escapes", "a zookie is stored, so all is well"),
        ),
        expects="a function of the world that gives True or False",
        starter='def my_invariant(world):\n    return ...  # something about world.nodes["bob"].state["saw"]\n\n\n'
        "lesson.write_the_invariant.check(my_invariant)",
    )
)


def gone(edges, parent, child):
    """Give the (ancestor, descendant) pairs that are not connected any more without the edge."""

    def pairs(kept):
        found = set(kept)
        while more := {(a, d) for a, b in found for c, d in found if b == c} - found:
            found |= more
        return found

    kept = [edge for edge in edges if edge != (parent, child)]
    return sorted(pairs(edges) - pairs(kept))


def _only_the_edge(edges, parent, child):
    return [(parent, child)]


def _all_above_and_below(edges, parent, child):
    above, below = {parent}, {child}
    for _ in edges:
        above |= {a for a, b in edges if b in above}
        below |= {b for a, b in edges if a in below}
    return sorted((a, b) for a in above for b in below)


def _forgets_ancestors(edges, parent, child):
    return [pair for pair in gone(edges, parent, child) if pair[0] == parent]


_EDGES = (
    ([("all", "eng"), ("eng", "web")], "eng", "web"),
    ([("all", "eng"), ("eng", "web"), ("all", "ops"), ("ops", "web")], "eng", "web"),
    ([("all", "eng"), ("eng", "web"), ("web", "css"), ("all", "css")], "eng", "web"),
    ([("a", "b"), ("b", "c"), ("a", "c"), ("c", "d")], "b", "c"),
)
_WHY = {
    1: "`all` still reaches `web` by its other path, so that pair must stay.",
    2: "What lies below the edge loses its ancestors too, unless another path is left.",
}
keep_the_index = ROOM.add(
    Exercise(
        "keep the index",
        "implement",
        "Keep the index right",
        "Write `gone(edges, parent, child)`: `edges` is a list of pairs (group, group named in it) that holds `(parent, child)`. Which (ancestor, descendant) pairs are lost when "
        "that one edge is removed? Give them as a sorted list. These are the events that Leopard's incremental layer must get.",
        same_as(gone, _EDGES, "It gives every lost pair, and only those.", _WHY),
        (
            "Compare what is connected before with what is connected after.",
            "A pair is lost only if no path is left, and there may be several paths.",
            "Find all connected pairs by joining pairs until nothing new comes; do that with and without the edge.",
        ),
        Solution(
            gone,
            "Connected before, minus connected after. Counting paths is faster, but goes wrong where groups form a cycle.",
        ),
        (
            WrongAnswer(_only_the_edge, "should give", "only the edge itself is lost"),
            WrongAnswer(_all_above_and_below, "other path", "every pair that runs through the edge"),
            WrongAnswer(_forgets_ancestors, "should give", "the ancestors of the parent do not matter"),
        ),
        expects="a function of (edges, parent, child) that gives a sorted list of pairs",
        starter="def gone(edges, parent, child):\n    return ...\n\n\nlesson.keep_the_index.check(gone)",
    )
)

_PER_SECOND = Number("evaluations/s", 0.01, 10_000, factor=1.02)
_PER_SECOND_FEEDBACK = {
    "low": "A second has a thousand milliseconds, and nearly every one of them has a question.",
    "high": "However many questions a millisecond has, one of them is computed; and a few have none.",
}
evaluations = ROOM.add(
    Exercise(
        "evaluations",
        "predict",
        "One key, 2,000 times a second",
        "2,000 checks/s ask for one key, at random moments. Snapshots are rounded to 1 ms, and there is a lock table. How many of the checks are computed in a second?",
        decided_by(
            _PER_SECOND,
            lambda: evaluations_per_s(2_000, 0.001),
            "(1 - e^-2) per millisecond: at a quantum of 1 s it would be one, at 10 s a tenth.",
            _PER_SECOND_FEEDBACK,
        ),
        (
            "How many milliseconds have at least one question?",
            "A millisecond has two questions on average. What is the chance that it has none?",
            "Questions at random moments: with m expected, none come with the chance e^-m.",
        ),
        Solution(864.7, "1,000 × (1 - e^-2)."),
        (
            WrongAnswer(5_000, "one of them is computed", "no sharing"),
            WrongAnswer(1_000, "a few have none", "every millisecond has a question"),
            WrongAnswer(200, "thousand milliseconds", "divided by 25"),
            WrongAnswer(1, "thousand milliseconds", "one in all"),
        ),
        form=_PER_SECOND,
    )
)


def reads_by_person() -> dict[str, int]:
    """Give the tuples that the check of the plan reads for Anne, Carol and Mallory."""
    return {name: int(example.walk(user=name)["reads"]) for name in ("anne", "carol", "mallory")}
