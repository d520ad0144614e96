"""The bug zoo of lesson 7, and the smaller one of elections that scores the learner's invariant."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from dslab.algasr import anomalies, palace
from dslab.algasr.switches import Switches
from dslab.check import Scenario, always, explore, positioned
from dslab.sim import World
from dslab.teach import Mutant, Zoo


def _variant(
    name: str, bug: str = "", build: Callable[..., World] | None = None, **positions: Any
) -> Scenario:
    make = build or anomalies.anomaly(name).build
    switches = positioned(Switches(bug=bug), positions)
    return Scenario(name, partial(make, switches))


def _right(what: str, scenario: Scenario) -> Callable[[], World]:
    """Give a right variant with words for the table."""

    def build() -> World:
        return scenario()

    build.__doc__, build.__name__ = what, scenario.name
    return build


def _present(fact: str, invariant: Any) -> Any:
    """Let an invariant speak only of worlds that it is about."""
    return type(invariant)(
        invariant.name,
        invariant.sentence,
        invariant.kind,
        lambda world: fact not in world.facts or invariant.test(world),
    )


_JUDGES = [
    _present("archive", anomalies.NO_OLDER_EPOCH),
    _present("elections", anomalies.ONE_LEADER),
    _present("stores", anomalies.DASHBOARD_AGREES),
    _present("lights", anomalies.NO_FALSE_GREEN),
    _present("replicas", anomalies.REPLICAS_AGREE),
]
nine_ten = partial(palace.zombie, first_epoch=9)
_BUGS = (
    ("asks the office", _variant("zombie leader", "asks the office"), "the Emir asks whether it still reigns, the archive does not check", "NO_OLDER_EPOCH"),
    ("epochs as text", _variant("ninth and tenth epoch", "epochs as text", nine_ten), "epochs are compared as text, so 9 is after 10", "NO_OLDER_EPOCH"),
    ("votes twice", _variant("two candidates", "votes twice", palace.two_candidates), "a node votes for whoever asks", "ONE_LEADER"),
    ("counts invitations", _variant("even split", "counts invitations"), "no answer counts as consent", "ONE_LEADER"),
    ("half is enough", _variant("even split", quorum="half"), "at least half of the votes", "ONE_LEADER"),
    ("outbox in two steps", _variant("dual write", "outbox in two steps"), "the change and its outbox entry are two transactions", "DASHBOARD_AGREES"),
    ("relay forgets first", _variant("dual write", "relay forgets first"), "the relay deletes the entry, then sends it", "DASHBOARD_AGREES"),
    ("restamps a little", _variant("one ministry stops", "restamps a little"), "every hop makes evidence one round younger", "NO_FALSE_GREEN"),
    ("ties by arrival", _variant("merge by arrival", "ties by arrival", merge="clock"), "equal stamps: the later arrival wins", "REPLICAS_AGREE"),
    ("sums what arrives", _variant("merge by arrival", "sums what arrives"), "it adds up what arrives, instead of joining it", "REPLICAS_AGREE"),
)  # fmt: skip
ZOO = Zoo(
    "Al-Gasr",
    right={
        "zombie leader": _right("the archive is fenced", _variant("zombie leader")),
        "ninth and tenth epoch": _right(
            "fenced, and epochs are numbers", _variant("ninth and tenth epoch", build=nine_ten)
        ),
        "two candidates": _right(
            "one vote a node and epoch", _variant("two candidates", build=palace.two_candidates)
        ),
        "even split": _right("more than half of the votes", _variant("even split")),
        "dual write": _right("fed from the outbox", _variant("dual write")),
        "one ministry stops": _right("evidence keeps the time of its probe", _variant("one ministry stops")),
        "merge by versions": _right("a join", _variant("merge by arrival")),
    },
    mutants={bug: Mutant(scenario, told, caught_by) for bug, scenario, told, caught_by in _BUGS},
    invariants=_JUDGES,
    search=partial(explore, deviations=1),
)
# The exercise asks for this sentence, so its referee shows the schedule and keeps the sentence to itself.
SAFE_ELECTION = always(
    "SAFE_ELECTION",
    "an election goes as it must",
    lambda world: anomalies.ONE_LEADER.fault(world) is None,
)
_CANDIDATES = partial(_variant, "two candidates", build=palace.two_candidates)
ELECTION_ZOO = Zoo(
    "elections",
    right={
        "two candidates": _right("two ask for the votes of one epoch", _CANDIDATES()),
        "even split": _right("two against two, and more than half is needed", _variant("even split")),
        "second term": _right(
            "one Emir after the other, each with a majority",
            _variant("second term", build=palace.second_term),
        ),
    },
    mutants={
        "votes twice": Mutant(
            _CANDIDATES(bug="votes twice"), "a node votes for whoever asks", "SAFE_ELECTION"
        ),
        "counts invitations": Mutant(
            _variant("even split", "counts invitations"), "no answer counts as consent", "SAFE_ELECTION"
        ),
        "half is enough": Mutant(
            _variant("even split", quorum="half"), "at least half of the votes", "SAFE_ELECTION"
        ),
        "every side its own": Mutant(
            _variant("even split", quorum="one"), "one vote is enough", "SAFE_ELECTION"
        ),
    },
    invariants=[SAFE_ELECTION],
    search=partial(explore, deviations=1),
)
