"""What goes wrong with Zanzibar when a mechanism is off: invariants, one scenario for each anomaly, and the table of both.

| word     | meaning                                                                                             |
|----------|-----------------------------------------------------------------------------------------------------|
| anomaly  | a scenario, the invariant it breaks, and the switch positions with which it does                       |
| defence  | a switch position whose absence the table tries                                                      |
| base     | every mechanism on (`dslab.zanzibar.zookie.Switches`)                                                |

`ANOMALIES` has them all by name; `search(name, **switches)` asks the referee; `matrix()` computes the table "which defence stops
which anomaly".
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from typing import Any

from dslab import check
from dslab.check import Cell, Invariant, Verdict, always, eventually, searches, sometimes
from dslab.sim import World
from dslab.zanzibar import leopard, newenemy
from dslab.zanzibar.serving import server
from dslab.zanzibar.zookie import Switches


def system(world: World) -> Any:
    """Give what a scenario built into ``world``: it has ``complaints`` and counts ``checks``."""
    return world.facts["zanzibar"]


def _remembered(kind: str) -> Callable[[World], bool | str]:
    def test(world: World) -> bool | str:
        complaints = system(world).complaints.get(kind)
        return not complaints or complaints[0]

    return test


# [nothing_lost] at rest, what both admins saved is there
def _nothing_lost(world: World) -> bool | str:
    engine = getattr(system(world), "engine", None)
    if engine is None:
        return True
    viewers = [each.user for each in engine.read("doc:plan", "viewer")]
    return (
        viewers == ["user:carol"]
        or f"Alice added Carol, Dora took Bob out; the list now holds {', '.join(viewers)}"
    )


# [/nothing_lost]
NO_NEW_ENEMY = always(
    "NO_NEW_ENEMY",
    "who was removed from a folder is not let into what was put there afterwards",
    _remembered("enemy"),
)
NO_LEAK = always(
    "NO_LEAK", "who was removed from a document does not see what was written afterwards", _remembered("leak")
)
ONLY_WHAT_WAS = always(
    "ONLY_WHAT_WAS", "a check grants only what was true at some moment", _remembered("never")
)
READ_ONCE = always(
    "READ_ONCE", "a question is read from the database once in a quantum", _remembered("reads")
)
NOT_BELOW_ZOOKIE = always(
    "NOT_BELOW_ZOOKIE", "no answer comes from a snapshot before its zookie", _remembered("zookie")
)
NO_RESTART = always(
    "NO_RESTART", "who waits for a computation does not have to begin again", _remembered("restart")
)
NOT_HELD_UP = always(
    "NOT_HELD_UP", "no client waits for a read that is held back because of another", _remembered("held up")
)
INDEX_AGREES = always(
    "INDEX_AGREES",
    "the index does not name members that were removed before the snapshot asked for",
    _remembered("index"),
)
NO_LOST_UPDATE = eventually(
    "NO_LOST_UPDATE", "when both have saved, what each of them changed is there", _nothing_lost
)
ALL_ANSWERED = eventually(
    "ALL_ANSWERED",
    "when nothing is on its way any more, every client has its answer",
    lambda world: _all_answered(world),
)
ASKED = sometimes("ASKED", "a check is answered", lambda world: system(world).checks > 0)

INVARIANTS = (
    NO_NEW_ENEMY,
    NO_LEAK,
    ONLY_WHAT_WAS,
    READ_ONCE,
    NOT_BELOW_ZOOKIE,
    NO_RESTART,
    NOT_HELD_UP,
    INDEX_AGREES,
    NO_LOST_UPDATE,
    ALL_ANSWERED,
)


def _all_answered(world: World) -> bool | str:
    waiting = [node.label for node in world.nodes.values() if node.state.get("answered") == "not yet"]
    return not waiting or f"{', '.join(waiting)} never got an answer"


@dataclass(frozen=True)
class Anomaly(check.Anomaly):
    """A way in which Zanzibar breaks. In every scenario all are answered in the end, and somebody asks something."""

    switches = Switches

    also: tuple[Invariant, ...] = (ALL_ANSWERED, ASKED)
    surprises: int = 3


_LIST = (
    Anomaly("order of ACL changes", "a replica has the newer change and not the older one", newenemy.example_a, NO_NEW_ENEMY,
            ({"snapshot_reads": False}, {"commit_wait": False}), "facts 3c.1"),
    Anomaly("old ACL, new content", "new text is checked against the list from before the removal", newenemy.example_b, NO_LEAK,
            ({"zookie_from": "nowhere"},), "facts 3c.2"),
    Anomaly("zookie captured too early", "the zookie stored with the text is older than the removal", newenemy.example_b, NO_LEAK,
            ({"zookie_from": "opening"},), "facts 3c.3"),
    Anomaly("zookie stored apart", "the text is there, its zookie not yet", newenemy.example_b, NO_LEAK,
            ({"atomic_zookie": False},), "facts 3c.3: store it atomically"),
    Anomaly("mixed snapshots", "one check reads the nesting from before and the membership from after", newenemy.mixed, ONLY_WHAT_WAS,
            ({"one_snapshot": False},), "facts 3c.4"),
    Anomaly("stampede", "every question for a cold key reads the database", server.crowd, READ_ONCE, ({"lock_table": False},), "facts 3c.5"),
    Anomaly("microsecond keys", "every question has a snapshot, and so a key, of its own", server.twice, READ_ONCE,
            ({"rounding": "none"},), "facts 3c.6"),
    Anomaly("below the zookie", "a snapshot rounded down lies before the zookie", server.with_zookie, NOT_BELOW_ZOOKIE,
            ({"rounding": "down"},), "facts 3e.3"),
    Anomaly("cancelled under waiters", "others wait for what is cancelled, and begin again", server.decided, NO_RESTART,
            ({"cancel": "eager"},), "facts 3c.7"),
    Anomaly("noisy client", "a client waits for the throttled read of another", server.noisy, NOT_HELD_UP,
            ({"per_client_locks": False},), "facts 3c.8"),
    Anomaly("removed after the build", "the index still counts who was removed since its last build", leopard.removed_after_build, INDEX_AGREES,
            ({"incremental_layer": False},), "facts 3c.9"),
    Anomaly("lost update", "two admins save the same list; the second undoes the first", leopard.two_admins, NO_LOST_UPDATE,
            ({"lock_tuple": False},), "facts 3c.10"),
)  # fmt: skip
ANOMALIES: dict[str, Anomaly] = {anomaly.name: anomaly for anomaly in _LIST}

DEFENCES: dict[str, dict[str, Any]] = {
    "commit wait": {"commit_wait": False},
    "complete snapshots": {"snapshot_reads": False},
    "one snapshot per check": {"one_snapshot": False},
    "zookies": {"zookie_from": "nowhere"},
    "content-change check": {"zookie_from": "opening"},
    "atomic store": {"atomic_zookie": False},
    "lock tuple": {"lock_tuple": False},
    "quantized snapshots": {"rounding": "none"},
    "rounding up": {"rounding": "down"},
    "lock table": {"lock_table": False},
    "keys per client": {"per_client_locks": False},
    "delayed cancellation": {"cancel": "eager"},
    "incremental layer": {"incremental_layer": False},
}


def anomaly(name: str) -> Anomaly:
    """Give the anomaly called ``name``; ValueError lists the names where there is none."""
    return check.named(ANOMALIES, name)


def search(name: str, deviations: int | None = None, budget: int = 20_000, **positions: Any) -> Verdict:
    """Ask the referee for the shortest schedule in which an anomaly shows (up to 3 surprises unless given), with all but ``positions`` on."""
    return anomaly(name).search(deviations, budget, **positions)


def matrix(
    anomalies: Iterable[str] = tuple(ANOMALIES),
    defences: Iterable[str] = tuple(DEFENCES),
    deviations: int = 2,
    budget: int = 4_000,
) -> Generator[float, None, list[Cell]]:
    """Search anomalies with everything on and with each defence off: a generator of the share done; returns the cells."""
    return searches(
        anomalies,
        ("", *defences),
        lambda name, off: search(name, deviations, budget, **DEFENCES.get(off, {})),
    )
