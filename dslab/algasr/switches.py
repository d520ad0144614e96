"""The nine ministries of Town Al-Gasr, and the switch that cures each of them.

| ministry       | what it does in the story                                 | the switch, and its cured position                |
|----------------|-----------------------------------------------------------|---------------------------------------------------|
| Palace         | three Emirs rule at once, for availability                  | ``quorum="majority"`` and ``fencing=True``          |
| Dashboards     | which screen one looks at decides which Emir one sees        | ``dashboards="outbox"``                            |
| Truth          | corrects what has been published, and explains it in advance | ``append_only=True``                               |
| Decrees        | immutable decrees, read by whichever interpreter is in power | ``versioned=True``                                 |
| Supervision    | ministries vouch for ministries that vouch for them           | ``evidence="origin"``                              |
| Victories      | failures are filed as victories                             | ``counted_by="canary"``                            |
| Reconciliation | joins branches in the order in which they arrive              | ``merge="versions"``                               |
| Affirmation    | tests are banned; everything is affirmed every hour           | ``stages="tests"``                                 |
| Responsibility | a failure belongs to the next ministry                       | ``owner=True``                                     |

The story (Murat Demirbas, "Welcome to Town Al-Gasr", January 2026) is satire and has no measurements. That there are nine ministries
and three Emirs is its own; the names in the first column are ours, one for each anti-pattern.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

CHOICES: dict[str, tuple[str, ...]] = {
    "quorum": ("majority", "half", "one"),
    "dashboards": ("outbox", "reconciled", "dual"),
    "evidence": ("origin", "relayed"),
    "counted_by": ("canary", "team"),
    "merge": ("versions", "clock", "arrival"),
    "stages": ("tests", "affirmation"),
    "bug": (
        "",
        "asks the office",
        "epochs as text",
        "votes twice",
        "counts invitations",
        "outbox in two steps",
        "relay forgets first",
        "restamps a little",
        "ties by arrival",
        "sums what arrives",
    ),
}
TRUTHS = ("fencing", "append_only", "versioned", "owner")


@dataclass(frozen=True)
class Switches:
    """Every ministry cured. Each switch has the positions of the table above; ``bug`` is a mutant for the zoo, "" for none.

    ``quorum``: how many votes a leader needs. ``fencing``: the archive refuses smaller epochs. ``dashboards``: the second store is fed
    from the first one's outbox, or written beside it with or without a reconciler. ``append_only``: editions are never changed in
    place. ``versioned``: a decree names the version it was written in, and is read in it. ``evidence``: a green light keeps the time of the probe
    behind it, or is stamped anew by whoever passes it on. ``counted_by``: who counts failures. ``merge``: by version vectors, by
    wall clock, or by arrival. ``stages``: what stands between a change and the town. ``owner``: each failure has one.

    Raises ValueError, naming the value and the choices, for anything else.
    """

    quorum: str = "majority"
    fencing: bool = True
    dashboards: str = "outbox"
    append_only: bool = True
    versioned: bool = True
    evidence: str = "origin"
    counted_by: str = "canary"
    merge: str = "versions"
    stages: str = "tests"
    owner: bool = True
    bug: str = ""

    def __post_init__(self) -> None:
        for name, choices in CHOICES.items():
            if getattr(self, name) not in choices:
                raise ValueError(
                    f"{name}={getattr(self, name)!r} is no choice; use one of {', '.join(map(repr, choices))}"
                )
        for name in TRUTHS:
            if not isinstance(getattr(self, name), bool):
                raise ValueError(f"{name}={getattr(self, name)!r} is no switch position; use True or False")


class Ministry(NamedTuple):
    """One ministry: its ``name``, the ``sin``, the ``cure``, and the switch positions ``off`` that bring the sin back."""

    name: str
    sin: str
    cure: str
    off: dict[str, object]


MINISTRIES: tuple[Ministry, ...] = (
    Ministry("Palace", "three leaders, last writer wins", "majority and fence", {"quorum": "one", "fencing": False}),
    Ministry("Dashboards", "two stores, both written", "outbox", {"dashboards": "dual"}),
    Ministry("Truth", "three editions, edited in place", "append-only editions", {"append_only": False}),
    Ministry("Decrees", "data fixed, interpreter not", "versioned decrees", {"versioned": False}),
    Ministry("Supervision", "ministries vouch in a ring", "origin time on evidence", {"evidence": "relayed"}),
    Ministry("Victories", "the team counts its own failures", "canary outside", {"counted_by": "team"}),
    Ministry("Reconciliation", "latest arrival wins", "merge by versions", {"merge": "arrival"}),
    Ministry("Affirmation", "hourly affirmation for tests", "tests that can fail", {"stages": "affirmation"}),
    Ministry("Responsibility", "failures are passed on", "one owner each", {"owner": False}),
)  # fmt: skip


def ministry(name: str) -> Ministry:
    """Give the ministry called ``name``; ValueError lists the names where there is none."""
    for each in MINISTRIES:
        if each.name == name:
            return each
    raise ValueError(
        f"there is no ministry {name!r}; there are {', '.join(each.name for each in MINISTRIES)}"
    )
