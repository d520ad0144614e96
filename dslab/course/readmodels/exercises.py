"""What lesson 9 asks: predictions before the acts, exercises after them, and the zoo that scores invariants."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from dslab.check import Scenario, Verdict, explore, positioned, replay
from dslab.readmodels import anomalies, load
from dslab.readmodels.protocol import Switches
from dslab.teach import (
    Classroom,
    Exercise,
    Feedback,
    Mutant,
    Number,
    OneOf,
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

ROOM = Classroom("readmodels")

# -- predictions ----------------------------------------------------------------------------------------

late_commit = ROOM.add(
    Prediction.choice(
        "late commit",
        "The status says rebuilding, so the append of `e2` skips the read model: the replay will read `e2` from the log. The append commits "
        "just after the replay has looked for the last time, and just before it sets the status to active. Where is `e2` then?",
        {
            "a": "in the read model: the replay reads the whole log",
            "b": "in no read model, and nobody will look for it",
            "c": "in the read model twice",
        },
        {
            "a": "The replay reads what is committed when it looks. When it looked for the last time, e2 was not.",
            "c": "Twice needs two who apply it; here the append left it to the replay.",
        },
        decide=lambda result: "b" if result["lost"] else "c" if result["doubled"] else "a",
        because=lambda result: result.describe(),
    )
)

one_statement = ROOM.add(
    Prediction.yes_no(
        "two repairs",
        "Skip records are on: whoever skips leaves a note in its own transaction. And lock and status are asked for in two statements. Is there "
        "still a schedule of one append beside one rebuild, with up to three surprises, that loses the event?",
        {
            "yes": "The referee ran every schedule with up to three surprises and found none. That is no proof, but it is a search."
        },
        decide=lambda verdict: not verdict.held,
        because=lambda verdict: verdict.describe(),
    )
)

lost_events = ROOM.add(
    Prediction.number(
        "lost per rebuild",
        "Eight writers, each with a transaction open for 10 ms on average, almost without a pause between two. The article's design rebuilds "
        "among them. How many events does one rebuild lose?",
        "events", 0, 100,
        {"low": "Every transaction that is open when the replay looks for the last time has skipped and is not committed.",
         "high": "Only those are lost that are open, or hidden behind one that is open, at one moment: the last look."},
        factor=1.5,
        because="About one for each writer, those that are open, and some more that are committed but younger than the oldest open one.",
    )
)  # fmt: skip

one_try = ROOM.add(
    Prediction.number(
        "one try",
        "Twenty writers; each has a transaction open for a tenth of the time. A rebuild tries for the exclusive lock without waiting. "
        "How often does one try succeed?",
        "%", 0, 100,
        {"low": "Each writer is away nine tenths of the time; all twenty are away together more often than that.",
         "high": "All twenty must be away at the same moment."},
        tolerance=3,
        because="(1 - 0.1)^20. With forty writers it is the square of it.",
    )
)  # fmt: skip

nothing_left = ROOM.add(
    Prediction.yes_no(
        "nothing left to see",
        "Everything is on but one thing: the replay ends, as Emmett's does, when the source reports nothing left. Two clients append. Can an "
        "event get lost that was applied inline, and committed, before the rebuild began?",
        {
            "no": "The replay sees only what is older than the oldest open transaction. The model was emptied, and it ended without seeing the event."
        },
        decide=lambda verdict: not verdict.held,
        because=lambda verdict: verdict.describe(),
    )
)

# -- the zoo ----------------------------------------------------------------------------------------------

_JUDGES = list(anomalies.INVARIANTS)
_EXTRA = {"append dies": anomalies.append_dies}


def _variant(scenario: str, bug: str = "", **positions: Any) -> Scenario:
    build = _EXTRA.get(scenario) or anomalies.anomaly(scenario).build
    switches = positioned(Switches(bug=bug), positions)
    return Scenario(scenario, partial(build, switches))


_BUGS: tuple[tuple[str, str, dict[str, Any], str, str], ...] = (
    ("skip record after commit", "append dies", {}, "the skip record is written in a transaction of its own, after the commit", "NO_LOST_EVENT"),
    ("drain forgets the checkpoint", "skip race", {}, "the drain applies what the replay has applied already", "NOT_TWICE"),
    ("claims without the lock", "stale check", {}, "the rebuild goes on where its lock was refused (the article's sample)", "NOT_TWICE"),
    ("keeps the old checkpoint", "zombie release", {}, "a rebuild empties the model and goes on from the old checkpoint", "NO_LOST_EVENT"),
    ("reads the tail before the lock", "skip race", anomalies.BARRIER, "the tail is read first, then the barrier is waited for", "NO_LOST_EVENT"),
    ("reads the tail by xmin", "hidden tail", anomalies.BARRIER, "the tail is read without what is younger than the oldest open transaction", "NO_LOST_EVENT"),
    ("never drains", "skip race", {}, "nobody applies the skip records", "ALL_DRAINED"),
    ("no timeout", "frozen clock", {}, "an owner that died owns the row for ever (the article's sample)", "REBUILD_ENDS"),
)  # fmt: skip
ZOO = Zoo(
    "rebuilds",
    right={
        "everything on": _variant("skip race"),
        "everything on: an owner is silent": _variant("zombie release"),
        "everything on: the append may die": _variant("append dies"),
        "a barrier": _variant("skip race", **anomalies.BARRIER),
    },
    mutants={
        bug: Mutant(_variant(scenario, bug, **positions), told, caught_by)
        for bug, scenario, positions, told, caught_by in _BUGS
    },
    invariants=_JUDGES,
    search=partial(explore, deviations=3, budget=2_500),
)

SMALL_ZOO = Zoo(
    "one append, one rebuild",
    right={"skip records": _variant("skip race"), "a barrier": _variant("skip race", **anomalies.BARRIER)},
    mutants={
        "no skip records": Mutant(_variant("skip race", skip_records=False), "whoever skips leaves no trace", "NO_LOST_EVENT"),
        "one statement": Mutant(_variant("stale check", check="one statement"), "lock and status come from one snapshot", "NOT_TWICE"),
        "no lock": Mutant(_variant("status only", append_lock="none", rebuild_lock="none"), "only the status row is asked", "NOT_TWICE"),
        "drain forgets the checkpoint": Mutant(_variant("skip race", "drain forgets the checkpoint"), "what was replayed is drained as well", "NOT_TWICE"),
    },
    invariants=[anomalies.NO_LOST_EVENT, anomalies.NOT_TWICE],
    search=partial(explore, deviations=2),
)  # fmt: skip

# -- exercises ----------------------------------------------------------------------------------------------

_NEEDED = ("skip race", "stale check", "zombie release", "hidden tail")
_OFF: dict[str, Any] = {
    "skip_records": False, "check": "one statement", "fence": False, "ends": "nothing visible", "apply": "blind",
}  # fmt: skip


def _settled(answer: dict[str, Any]) -> Feedback:
    """All four anomalies must be gone, and nothing may be on that they do not need."""
    verdicts = {name: anomalies.search(name, deviations=2, **answer) for name in _NEEDED}
    for name, verdict in verdicts.items():
        if not verdict.held:
            return Feedback.no(
                f"With these settings the anomaly “{name}” still shows.", verdict.invariant, verdict
            )
    for switch, off in _OFF.items():
        less = answer | {switch: off}
        if answer[switch] != off and all(
            anomalies.search(name, deviations=2, **less).held for name in _NEEDED
        ):
            return Feedback.no(
                f"It holds, but {switch} is not needed for it.", f"{switch}={off!r} holds as well"
            )
    extent = sum(verdict.searched for verdict in verdicts.values())
    return Feedback.yes(
        f"No violation in {extent:,} schedules with up to two surprises, and nothing is on that is not needed."
    )


_ALL_FOUR = {"skip_records": True, "check": "two statements", "fence": True, "ends": "start passed"}
fewest = ROOM.add(
    Exercise(
        "fewest repairs",
        "configure",
        "The fewest repairs",
        "These five are as the article had them. Turn on as little as you can so that the anomalies skip race, stale check, zombie release and hidden "
        "tail are gone.",
        _settled,
        (
            "Each of the four anomalies is named after what goes wrong; ask for each which of the five mechanisms it talks about.",
            "One of the five mends the order of events within one read model. Do any of the four anomalies care about order?",
            "The table has a column “+ two statements” and one “everything on”: compare the rows of the four anomalies there.",
        ),
        Solution(_ALL_FOUR | {"apply": "blind"}, "One repair for each anomaly; the versioned apply is for the out-of-order drain, which is not among the four."),
        (
            WrongAnswer(_OFF | {"skip_records": True}, "stale check", "the author's correction is enough"),
            WrongAnswer(_OFF | {"skip_records": True, "check": "two statements"}, "zombie release", "nobody pauses for 300 s"),
            WrongAnswer(_OFF | {"skip_records": True, "check": "two statements", "fence": True}, "hidden tail", "nothing left means all read"),
            WrongAnswer(_ALL_FOUR | {"apply": "versioned"}, "not needed", "more is safer"),
        ),
        form=Settings({"skip_records": (False, True), "check": ("one statement", "two statements"), "fence": (False, True),
                       "ends": ("nothing visible", "start passed"), "apply": ("blind", "versioned")}, start=_OFF),
    )
)  # fmt: skip


def may_claim(status, owner, silent_s, me):
    """Say whether `me` may begin a rebuild now."""
    if status != "rebuilding":
        return True
    return owner == me or silent_s > 300


def _claims_always(status, owner, silent_s, me):
    return True


def _claims_only_free(status, owner, silent_s, me):
    return status != "rebuilding"


def _forgets_itself(status, owner, silent_s, me):
    return status != "rebuilding" or silent_s > 300


def _forgets_new(status, owner, silent_s, me):
    return status == "active" or owner == me or silent_s > 300


_CLAIMS = [
    ("active", "a", 0, "b"), ("rebuilding", "a", 10, "b"), ("rebuilding", "a", 301, "b"), ("rebuilding", "a", 10, "a"),
    ("none", "", 0, "b"), ("rebuilding", "a", 300, "b"),
]  # fmt: skip
claim_rule = ROOM.add(
    Exercise(
        "takeover",
        "implement",
        "Who may begin a rebuild?",
        'Write `may_claim(status, owner, silent_s, me)`. `status` is `"active"`, `"rebuilding"` or `"none"` (no row yet), `owner` the name of who owns the '
        "rebuild, `silent_s` the seconds since it was last heard of, `me` who asks. An owner is given up after more than 300 s.",
        same_as(may_claim, _CLAIMS, "Free rows, one's own, and those of owners that were silent for too long.", {
            0: "Nobody rebuilds, so anybody may begin.",
            1: "The owner was heard of 10 s ago: two rebuilds at once would empty each other's work.",
            2: "The owner has been silent for more than 300 s; if nobody may take over, the read model stays half built for ever.",
            3: "The owner itself came back after a crash; it need not wait for its own timeout.",
            4: "A new projection has no row yet, and its first build must be allowed.",
            5: "At exactly 300 s the owner is not given up yet.",
        }),
        (
            "Three questions decide: is it free, is it mine, has the owner been silent for too long?",
            "A new projection has no status row. Is it free?",
            "Everything that is not rebuilding is free; of the rest, your own and the silent ones are yours to take.",
        ),
        Solution(may_claim, "Not rebuilding, or mine, or silent for more than 300 s."),
        (
            WrongAnswer(_claims_always, "10 s ago", "the lock protects me"),
            WrongAnswer(_claims_only_free, "nobody may take over", "no timeout, as in the article's sample"),
            WrongAnswer(_forgets_itself, "came back", "owner does not matter"),
            WrongAnswer(_forgets_new, "no row yet", "there is always a row"),
        ),
        expects="a function of (status, owner, silent_s, me) that gives True or False",
        starter="def may_claim(status, owner, silent_s, me):\n    return ...\n\n\nlesson.claim_rule.check(may_claim)",
    )
)  # fmt: skip

RACING = anomalies.anomaly("skip race").scenario(skip_records=False)


def _replayed(token: str) -> Verdict:
    return replay(RACING, token, [anomalies.NO_LOST_EVENT])


break_rebuild = ROOM.add(
    Exercise(
        "lose an event",
        "break it",
        "Lose an event",
        "Skip records are off, everything else is on. Find a schedule of the scenario skip race in which the read model is active and lacks an event, with "
        "the adversary of act 2 or with the referee, and give its replay token.",
        must_break(_replayed, "NO_LOST_EVENT", "The append skipped because a rebuild was under way, and committed when it was over."),
        (
            "Two decisions must fall apart in time: the append's, and its commit.",
            "The append has to ask while the status says rebuilding, so the rebuild must have committed its start by then.",
            "Let the rebuild look for the last time, let the append skip and commit after that look, and let the status be flipped last of all, or before the commit.",
        ),
        Solution("skip race:0.1-6.1:ae7aec", "The append asks while the status says rebuilding, and commits after the replay has looked for the last time."),
        (
            WrongAnswer("skip race:0:2fc0d0", "NO_LOST_EVENT", "the default schedule"),
            WrongAnswer("skip race:3.1:37bb75", "NO_LOST_EVENT", "the rebuild begins before the append asks, and ends before it, too"),
            WrongAnswer("skip race:5.1:1b8352", "NO_LOST_EVENT", "the append is slow, but it applied its event before"),
        ),
        expects="a replay token, a text such as 'skip race:3.1:1a2b3c'",
        accepts=str,
    )
)  # fmt: skip


def nothing_lost_or_doubled(world):
    """Every committed event is applied at most once, and once or noted while the model is active."""
    system = world.facts["readmodel"]
    for event in system.database.log:
        times = system.applied.count(event.name)
        if times > 1:
            return False
        if system.status == "active" and times == 0 and event.name not in system.skips:
            return False
    return True


def _always_applied(world):
    system = world.facts["readmodel"]
    return all(event.name in system.applied for event in system.database.log)


def _ignores_skips(world):
    system = world.facts["readmodel"]
    active = system.status == "active"
    return not active or all(system.applied.count(event.name) == 1 for event in system.database.log)


def _only_lost(world):
    system = world.facts["readmodel"]
    known = {*system.applied, *system.skips}
    return system.status != "active" or all(event.name in known for event in system.database.log)


def _only_doubled(world):
    applied = world.facts["readmodel"].applied
    return len(applied) == len(set(applied))


write_the_invariant = ROOM.add(
    Exercise(
        "write the referee",
        "referee",
        "Write the invariant",
        "Write a function of the world that is true while all is well. It must accept both repaired designs and catch all four mutants. "
        '`system = world.facts["readmodel"]` gives you `system.database.log` (committed events, each with a `.name`), `system.applied` (names, once for each '
        'application), `system.skips` (names of the skip records) and `system.status` (`"active"` or `"rebuilding"`).',
        tells_apart(SMALL_ZOO, "Your invariant tells the right ones from the mutants."),
        (
            "A read model that is being rebuilt may lack events. When may it not?",
            "There are two ways to be wrong, and the mutants show both. Do you look for both?",
            "Never applied twice; and while the status is active, applied or in a skip record.",
        ),
        Solution(nothing_lost_or_doubled, "Twice is wrong at any time, missing only while the read model counts as complete and nothing says so."),
        (
            WrongAnswer(_always_applied, "says that", "a committed event must be in the model"),
            WrongAnswer(_ignores_skips, "says that", "skip records do not count"),
            WrongAnswer(_only_lost, "escapes", "looks for lost events only"),
            WrongAnswer(_only_doubled, "escapes", "looks for doubled events only"),
        ),
        expects="a function of the world that gives True or False",
        starter='def my_invariant(world):\n    return ...  # something about world.facts["readmodel"]\n\n\nlesson.write_the_invariant.check(my_invariant)',
    )
)  # fmt: skip

_PERCENT = Number("%", 0, 100, tolerance=0.5)
_PERCENT_FEEDBACK = {
    "low": "All must be away together, but each of them is away four fifths of the time.",
    "high": "That all 15 are away at one moment is much rarer than that one of them is.",
}
must_wait = ROOM.add(
    Exercise(
        "must you wait?",
        "predict",
        "Try or wait: your load",
        "You have 15 writers, and each has a transaction open for a fifth of the time. A rebuild tries for the exclusive lock without waiting. What share of "
        "its tries succeeds?",
        decided_by(_PERCENT, lambda: 100 * load.success(0.2, 15), "(1 - 0.2)^15 = 3.5 %: one in 28 tries. If each try costs you something, wait.",
                   _PERCENT_FEEDBACK),
        (
            "Ask for one writer first: how likely is it that it has no transaction open?",
            "The writers do not know of each other, so the chances multiply.",
            "Four fifths, fifteen times multiplied with itself, in per cent.",
        ),
        Solution(3.5, "0.8 to the power of 15 is 0.035."),
        (
            WrongAnswer(80, "much rarer", "one writer"),
            WrongAnswer(0, "each of them is away", "hopeless"),
            WrongAnswer(5.3, "much rarer", "0.8 divided by 15"),
        ),
        form=_PERCENT,
    )
)  # fmt: skip


_FOLDS: dict[str, Callable[[list[str]], Any]] = {
    "a": lambda names: sum(int(name[1:]) for name in names),
    "b": lambda names: names[-1],
    "c": lambda names: "".join(names),
}


def _tolerant() -> str:
    """Fold the events in the order in which the shortest out-of-order drain applied them; gives the fold that does not care."""
    verdict = anomalies.search("out-of-order drain", apply="blind")
    assert verdict.trace is not None
    seen = [
        event["state"]["model"]
        for event in verdict.trace.events
        if event["lane"] == "tables" and "state" in event
    ]
    applied = seen[-1].split()
    same = [key for key, fold in _FOLDS.items() if fold(applied) == fold(sorted(applied))]
    return same[0] if len(same) == 1 else "d"


_PROJECTIONS = OneOf(
    {
        "a": "a balance: the sum of the amounts",
        "b": "an address: the last one that was entered",
        "c": "a list of steps, each appended at its end",
        "d": "all of them, or none",
    }
)
tolerant = ROOM.add(
    Exercise(
        "which tolerate it",
        "predict",
        "Who may be drained late?",
        "Skip records are applied after the status is active again, so a newer event may have been applied inline before an older one is drained. Every event is "
        "applied once, but not in its order. Nothing compares positions. Which of these projections is right all the same?",
        decided_by(_PROJECTIONS, _tolerant, "A sum does not care in which order it is added up. For the others, keep the position in the row and refuse what is older.", {
            "b": "The older address comes last and stays.",
            "c": "The list has its steps in the order in which they were applied.",
            "d": "Fold three events in two orders and compare.",
        }),
        (
            "Take three events, apply them as 1, 3, 2, and see what is left.",
            "For which operation does the result not depend on the order?",
            "Addition may be done in any order; replacing and appending may not.",
        ),
        Solution("a", "Addition commutes; the row `out-of-order drain` of the table needs apply=versioned for what does not."),
        (
            WrongAnswer("b", "stays", "the last one wins, whichever it is"),
            WrongAnswer("c", "in the order", "nothing is lost, so nothing is wrong"),
            WrongAnswer("d", "two orders", "applied once is enough"),
        ),
        form=_PROJECTIONS,
    )
)  # fmt: skip
