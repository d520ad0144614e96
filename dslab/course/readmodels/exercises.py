"""The exercises of lesson 9, with their solutions and typical wrong answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dslab.check import replay
from dslab.course.readmodels.predictions import ROOM
from dslab.course.readmodels.zoo import SMALL_ZOO
from dslab.readmodels import anomalies, load
from dslab.teach import (
    Exercise,
    Feedback,
    Number,
    OneOf,
    Settings,
    Solution,
    WrongAnswer,
    decided_by,
    same_as,
    tells_apart,
)

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
            "In the table of designs compare the columns article, corrected, two st. and all on, row by row of these four: which column is the first to hold, and what did it add?",
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
        "rebuild, `silent_s` the seconds since it was last heard of, `me` who asks. An owner is given up after more than 300 s. One that "
        "crashed and came back, under its name, need not wait.",
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


_ANSWER, _LOOK = "append: reads the status", "rebuild: reads a batch"


def _skipped_early(token: str) -> Feedback:
    """The event must be lost, by an append that had its answer before the replay looked at the log for the first time."""
    verdict = replay(RACING, token, [anomalies.NO_LOST_EVENT])
    steps = list(verdict.schedule)
    # An append that was refused the lock began before the rebuild's start was committed, and is waited for: it cannot be lost here.
    if verdict.held or steps.index(_ANSWER) < steps.index(_LOOK):
        return Feedback.must_break(
            verdict,
            "NO_LOST_EVENT",
            "The append was told to skip before the replay had read anything, and was so slow that it committed after the last look.",
        )
    return Feedback.no(
        "It loses the event, but here the append asks only when the replay has looked at the log already.",
        f"step {steps.index(_LOOK) + 1} is a look, step {steps.index(_ANSWER) + 1} the answer",
        verdict,
    )


break_rebuild = ROOM.add(
    Exercise(
        "lose an event",
        "break it",
        "Lose an event another way",
        "Skip records are off, everything else is on. In the schedule that the referee found, the append begins when the replay has looked at the log for the last "
        "time. Find another one of the scenario skip race: the append has its answer *before* the first look (*reads a batch*), and its event is lost all the same. Play it "
        "with the adversary of act 2 and give `adversary.token`.",
        _skipped_early,
        (
            "Two moments must fall apart: the append's answer, and its commit.",
            "The append has to ask while the status says rebuilding, so the rebuild must have committed its start by then; and not have looked yet.",
            "Once the append has its answer, leave it alone until the rebuild has looked, looked again and found nothing.",
        ),
        Solution("skip race:0.1-4.1-8.1:704832", "The append asks right after the rebuild's start is committed, then stands still until the replay is over."),
        (
            WrongAnswer("skip race:0:2fc0d0", "NO_LOST_EVENT", "the default schedule"),
            WrongAnswer("skip race:3.1:37bb75", "NO_LOST_EVENT", "the rebuild begins before the append asks, and ends before it, too"),
            WrongAnswer("skip race:5.1:1b8352", "NO_LOST_EVENT", "the append is slow, but it applied its event before"),
            WrongAnswer("skip race:0.1-6.1:ae7aec", "only when the replay has looked", "the referee's own schedule"),
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
        "Write a function of the world that is true while all is well. It must accept two right designs (skip records; a barrier) and catch four mutants: no skip records, "
        "one statement, no lock at all, and a drain that applies what was replayed already. "
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


def _first_hopeless() -> int:
    """Give the fewest writers, each in flight for a fifth of the time, with whom less than one try in a hundred succeeds."""
    return next(writers for writers in range(1, 65) if load.success(0.2, writers) < 0.01)


_WRITERS = Number("writers", 1, 64, tolerance=0)
must_wait = ROOM.add(
    Exercise(
        "must you wait?",
        "predict",
        "From how many writers on must you wait?",
        "Each of your writers has a transaction open for a fifth of the time. A rebuild tries for the exclusive lock without waiting. With how many writers, at "
        "the least, does less than one try in a hundred succeed?",
        decided_by(_WRITERS, _first_hopeless, "(1 - 0.2)^21 is 0.92 %, and 20 writers still leave 1.15 %. If each try costs you something, wait.", {
            "low": "With so few writers more than one try in a hundred succeeds: multiply 0.8 with itself that often.",
            "high": "Less than one in a hundred it is, but fewer writers would do.",
        }),
        (
            "Ask for one writer first: how likely is it that it has no transaction open?",
            "The writers do not know of each other, so the chances multiply: a power of that number. When does it fall below 0.01?",
            "The logarithm turns a power into a product: divide the logarithm of 0.01 by that of the chance for one writer, and round up.",
        ),
        Solution(21, "log 0.01 / log 0.8 is 20.6, so 21."),
        (
            WrongAnswer(5, "more than one try in a hundred", "one over a fifth"),
            WrongAnswer(20, "more than one try in a hundred", "rounded down"),
            WrongAnswer(64, "fewer writers would do", "more is safer"),
        ),
        form=_WRITERS,
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
    return same[0] if len(same) == 1 else "d" if same else "e"


_PROJECTIONS = OneOf(
    {
        "a": "a balance: the sum of the amounts",
        "b": "an address: the last one that was entered",
        "c": "a list of steps, each appended at its end",
        "d": "more than one of them",
        "e": "none of them",
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
            "d": "Take each of them: fold three events in two orders and compare.",
            "e": "Take each of them: fold three events in two orders and compare.",
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
            WrongAnswer("e", "two orders", "order always matters"),
        ),
        form=_PROJECTIONS,
    )
)  # fmt: skip
