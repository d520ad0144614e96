"""The switches of the operator: every guard can be turned off, and three released versions are three settings of them.

| word            | meaning                                                                                          |
|-----------------|--------------------------------------------------------------------------------------------------|
| guard           | the rule that asks, before a manager is deleted, whether enough managers are ready                  |
| ready gate      | the rule that asks, before any pod is deleted, whether all pods of every pool (or of its own) are ready |
| health gate     | the rule that asks the cluster itself: green, or a yellow that waiting cannot mend                    |
| repaired        | every mechanism on, the ones that no version has included: the default of `Switches`                 |
| manager         | a node that votes (role ``cluster_manager``, in old manifests ``master``)                            |

`VERSIONS` holds 2.8.0 (25 June 2025), 3.0.0-alpha (26 January 2026) and 3.0.0 (11 March 2026) as far as their source was read.
What was fixed after 3.0.0 (July 2026) is on only in the default. Where nothing is known of 2.8.0 it is set as the alpha is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

from dslab.sim.fence import quorum

CHOICES = {
    "ready_gate": ("every pool", "own pool", "off"),
    "quorum_guard": ("strict majority", "as coded", "off"),
    "small_clusters": ("interrupt", "block"),
    "health_gate": ("version-stuck", "settled", "observability", "green", "off"),
    "drained_means": ("version-aware", "empty"),
    "clean_exclusions": ("unless draining", "known pools", "never"),
    "emptydir_recovery": ("pods missing", "at once", "off"),
    "restart_status": ("own entry", "entry 0"),
    "bug": (
        "",
        "finished before allocation",
        "counts terminating pods",
        "majority of the ready",
        "deletes before drained",
        "any yellow will do",
        "ignores what is moving",
        "upgrade ignores readiness",
        "forgets what it excluded",
    ),
}
_POSITIONS = ("live_count", "one_per_pass", "smart_scaler", "target_in_status", "delete_archived", "parallel_recovery",
              "primary_check", "says_why")  # fmt: skip


@dataclass(frozen=True)
class Switches:
    """Every guard of the operator; the default is the repaired one.

    ``live_count``: ready pods are counted from the live pod list (off: from the StatefulSet's status, which lags).
    ``ready_gate``: all pods of every pool, of the candidate's own pool, or none must be ready before a pod is deleted.
    ``one_per_pass``: at most one deletion in a pass. ``quorum_guard``: `guard_allows`. ``small_clusters``: with fewer than three
    managers no restart keeps a majority: go ahead and interrupt, or block. ``health_gate``: what passes besides green.
    ``drained_means``: a node is drained when empty, or also when only replicas are left that no older node may take.
    ``smart_scaler``: drain before scaling down. ``target_in_status``: the scaler writes down which node it drains.
    ``clean_exclusions``: left-over allocation excludes are removed each pass, unless a node is being drained; with "known pools"
    the drain of a pool that is no longer in the manifest is not recognised (pull requests 1357 and 1476). ``delete_archived``: settings that the new version
    does not know are deleted before the upgrade goes on. ``parallel_recovery``: a set that lost most pods is made Parallel.
    ``emptydir_recovery``: when a cluster without volumes is declared dead. ``restart_status``: which status entry the restart
    reads. ``primary_check``: a pod that holds the only started copy of a shard is not next. ``says_why``: a restart that cannot
    go on is told. ``bug``: a mutant for the zoo, "" for none.

    Raises ValueError, naming the value and the choices, for anything else.
    """

    live_count: bool = True
    ready_gate: str = "every pool"
    one_per_pass: bool = True
    quorum_guard: str = "strict majority"
    small_clusters: str = "interrupt"
    health_gate: str = "version-stuck"
    drained_means: str = "version-aware"
    smart_scaler: bool = True
    target_in_status: bool = True
    clean_exclusions: str = "unless draining"
    delete_archived: bool = True
    parallel_recovery: bool = True
    emptydir_recovery: str = "pods missing"
    restart_status: str = "own entry"
    primary_check: bool = True
    says_why: bool = True
    bug: str = ""

    def __post_init__(self) -> None:
        for name, choices in CHOICES.items():
            if getattr(self, name) not in choices:
                listed = ", ".join(map(repr, choices))
                raise ValueError(f"{name}={getattr(self, name)!r} is no choice; use one of {listed}")
        for name in _POSITIONS:
            if not isinstance(getattr(self, name), bool):
                raise ValueError(f"{name}={getattr(self, name)!r} is no switch position; use True or False")


# Fixed after 3.0.0, or by nobody yet: off in all three versions.
_NOT_YET = {"small_clusters": "block", "quorum_guard": "as coded", "emptydir_recovery": "at once", "restart_status": "entry 0",
            "primary_check": False, "says_why": False}  # fmt: skip
_ALPHA = Switches(target_in_status=False, clean_exclusions="never", **_NOT_YET)
VERSIONS: dict[str, Switches] = {
    "2.8.0": replace(_ALPHA, live_count=False, ready_gate="own pool", quorum_guard="off", health_gate="observability",
                     drained_means="empty", delete_archived=False, smart_scaler=False),
    "3.0.0-alpha": _ALPHA,
    "3.0.0": replace(_ALPHA, target_in_status=True, clean_exclusions="known pools"),
    "repaired": Switches(),
}  # fmt: skip


# -- the guard --------------------------------------------------------------------------------------------


# [guard] may one of the ready managers be deleted now?
def guard_allows(guard: str, managers: int, ready: int) -> bool:
    """Say whether ``guard`` lets a manager be deleted while ``ready`` of the ``managers`` desired ones are ready."""
    if guard == "as coded":  # reconcilers/rollingRestart.go at v3.0.0-alpha
        return ready > (managers + 1) // 2
    if guard == "strict majority":  # what is left must still be a majority
        return ready - 1 >= quorum(managers)
    return True


# [/guard]
class GuardRow(NamedTuple):
    """What a guard says for one number of managers.

    ``allowed``: the numbers of ready managers at which it lets one go; ``blocks_for_ever``: not even with all ready;
    ``loses``: those of ``allowed`` after which no majority is left.
    """

    managers: int
    guard: str
    majority: int
    allowed: tuple[int, ...]
    blocks_for_ever: bool
    loses: tuple[int, ...]


def guard_table(guard: str, most: int = 9) -> list[GuardRow]:
    """Give a `GuardRow` for every number of managers from 1 to ``most``. ValueError for an unknown guard."""
    if guard not in CHOICES["quorum_guard"]:
        listed = ", ".join(map(repr, CHOICES["quorum_guard"]))
        raise ValueError(f"there is no guard {guard!r}; use one of {listed}")
    rows = []
    for managers in range(1, most + 1):
        need = quorum(managers)
        allowed = tuple(ready for ready in range(1, managers + 1) if guard_allows(guard, managers, ready))
        loses = tuple(ready for ready in allowed if ready - 1 < need)
        rows.append(GuardRow(managers, guard, need, allowed, managers not in allowed, loses))
    return rows
