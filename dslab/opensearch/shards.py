"""The shards of an OpenSearch cluster: where copies lie, where they may go, and what the cluster says of its health.

| word       | meaning                                                                                              |
|------------|------------------------------------------------------------------------------------------------------|
| copy       | one copy of a shard: the primary, or a replica; started, initializing or unassigned                     |
| decider    | a rule that may refuse a node to a copy; the *node-version* decider refuses a replica every node that is older than its primary's |
| allocation | "all": any copy may be assigned; "primaries": only primaries                                          |
| exclude    | a node whose name is on this list takes no copies, and those it has move away                         |
| green, yellow, red | every copy started; every primary started; not even that                                      |
| stuck      | an unassigned replica that only the node-version decider keeps out                                    |

When a primary's node leaves, the replica on the *newest* node is promoted (OpenSearch issue 22520); replicas that are started on
older nodes stay, but one that is lost there cannot come back. Recovery and relocation take time; times are ours, not the product's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

RECOVER_US = 6_000_000
MOVE_US = 6_000_000


@dataclass(frozen=True)
class Index:
    """An index: ``shards`` primaries (1..), ``replicas`` of each (0..), and whether it is a ``system`` index."""

    name: str
    shards: int = 1
    replicas: int = 1
    system: bool = False


@dataclass(eq=False, repr=False)
class Copy:
    """One copy of a shard. ``node``: where it is (or is coming up); ``data_on``: whose disk last had it; ``to``: where it moves."""

    index: Index
    number: int
    primary: bool
    state: str = "unassigned"
    node: str | None = None
    data_on: str | None = None
    to: str | None = None
    attempt: int = field(default=0, repr=False)

    @property
    def shard(self) -> tuple[str, int]:
        """The shard that this is a copy of."""
        return self.index.name, self.number

    def __str__(self) -> str:
        return f"{self.index.name}[{self.number}] {'primary' if self.primary else 'replica'}"


class Shards:
    """All copies. ``nodes()`` gives the data nodes that are in the cluster as name to version, in order of joining;
    ``led()`` whether there is a cluster manager; ``later(us, label, function, node)`` lets time pass."""

    def __init__(
        self,
        nodes: Callable[[], dict[str, tuple[int, ...]]],
        led: Callable[[], bool],
        later: Callable[..., Any],
    ) -> None:
        self.nodes, self.led, self.later = nodes, led, later
        self.copies: list[Copy] = []
        self.allocation = "all"
        self.excluded: list[str] = []
        self.lost: list[str] = []  # shards of which no disk has a copy any more
        self.wiped: set[str] = set()  # nodes whose disk was emptied

    # -- questions ----------------------------------------------------------------------------------------

    def on(self, node: str) -> list[Copy]:
        """Give the copies on a node, those that are about to leave it included."""
        return [copy for copy in self.copies if copy.node == node]

    def primary(self, copy: Copy) -> Copy:
        """Give the primary of a copy's shard."""
        return next(other for other in self.copies if other.primary and other.shard == copy.shard)

    def health(self) -> str:
        """Give green, yellow, red, or "no answer" where there is no cluster manager."""
        if not self.led():
            return "no answer"
        worst = "green"
        for copy in self.copies:
            if copy.state != "started":
                if copy.primary:
                    return "red"
                worst = "yellow"
        return worst

    def moving(self) -> bool:
        """Say whether anything is initializing or relocating."""
        return any(copy.state == "initializing" or copy.to for copy in self.copies)

    def unassigned(self) -> list[Copy]:
        """Give the copies that have no place."""
        return [copy for copy in self.copies if copy.state == "unassigned"]

    # [version] the node-version decider: a replica may not go to a node that is older than its primary's
    def refusal(self, copy: Copy, node: str, nodes: dict[str, tuple[int, ...]]) -> str:
        """Give the decider that keeps ``copy`` from ``node``, or "" where it may go there."""
        if any(
            other is not copy and other.shard == copy.shard and node in (other.node, other.to)
            for other in self.copies
        ):
            return "same_shard"
        reference = copy if copy.primary else self.primary(copy)
        if reference.node in nodes and nodes[node] < nodes[reference.node]:
            return "node_version"
        return "filter" if node in self.excluded else ""

    # [/version]
    def stuck(self, copy: Copy) -> bool:
        """Say whether a replica that has to find a (new) place is kept out by the node-version decider alone."""
        nodes = self.nodes()
        if copy.primary or self.primary(copy).state != "started":
            return False
        reasons = {self.refusal(copy, node, nodes) for node in nodes if node != copy.node}
        return "node_version" in reasons and "" not in reasons

    def only_started_copy(self, node: str, going: Iterable[str] = ()) -> Copy | None:
        """Give a copy on ``node`` that is the only started one of a shard that asks for replicas, ``going`` nodes aside."""
        for copy in self.on(node):
            if copy.state == "started" and copy.index.replicas and not any(
                other.state == "started" and other.node not in going
                for other in self.copies if other is not copy and other.shard == copy.shard
            ):  # fmt: skip
                return copy
        return None

    # -- changes ------------------------------------------------------------------------------------------

    def create(self, index: Index, started_on: tuple[str, ...] = ()) -> None:
        """Add an index; ``started_on`` places the copies of each shard, turning by one node for each next shard."""
        for number in range(index.shards):
            for place in range(1 + index.replicas):
                copy = Copy(index, number, primary=place == 0)
                if place < len(started_on):
                    copy.node = copy.data_on = started_on[(place + number) % len(started_on)]
                    copy.state = "started"
                self.copies.append(copy)
        if not started_on:
            self.reroute()

    def left(self, node: str, wiped: bool) -> None:
        """A node left the cluster; with ``wiped`` its disk is gone as well."""
        for copy in self.copies:
            if copy.to == node:
                copy.to = None
                copy.attempt += 1
            if copy.node == node:
                copy.state, copy.node, copy.to = "unassigned", None, None
                copy.attempt += 1
            if wiped and copy.data_on == node:
                copy.data_on = None
        if wiped:
            self.wiped.add(node)
        self.reroute()
        self._note_lost()

    def _note_lost(self) -> None:
        for copy in self.copies:
            if copy.primary and copy.state == "unassigned" and copy.data_on is None and self.wiped and not any(
                other.data_on for other in self.copies if other.shard == copy.shard
            ):  # fmt: skip
                name = f"{copy.index.name}[{copy.number}]"
                if name not in self.lost:
                    self.lost.append(name)

    def reroute(self) -> None:
        """Promote, assign, move and rebalance what can be; the cluster does it whenever something changed."""
        if not self.led():
            return
        nodes = self.nodes()
        self._promote(nodes)
        for copy in self.copies:
            if copy.state == "unassigned" and (copy.primary or self.allocation == "all"):
                self._assign(copy, nodes)
        for copy in self.copies:
            if copy.state == "started" and copy.node in self.excluded and copy.to is None:
                self._move(copy, nodes)
        if self.allocation == "all" and not self.moving():
            self._rebalance(nodes)

    def _promote(self, nodes: dict[str, tuple[int, ...]]) -> None:
        for copy in self.copies:
            if copy.primary and copy.state == "unassigned":
                others = [
                    other for other in self.copies if other.shard == copy.shard and other.state == "started"
                ]
                if others:
                    newest = max(others, key=lambda other: nodes.get(other.node or "", ()))
                    copy.primary, newest.primary = False, True

    def _assign(self, copy: Copy, nodes: dict[str, tuple[int, ...]]) -> None:
        if copy.primary and copy.data_on is not None:  # only the disk that has it
            fitting = [copy.data_on] if copy.data_on in nodes else []
        elif copy.primary and (self.wiped or copy.attempt):
            fitting = []
        elif not copy.primary and self.primary(copy).state != "started":
            fitting = []
        else:
            fitting = [node for node in nodes if not self.refusal(copy, node, nodes)]
        if fitting:
            joined = list(nodes)
            place = (
                copy.data_on
                if copy.data_on in fitting
                else min(fitting, key=lambda node: (len(self.on(node)), -joined.index(node)))
            )
            copy.state, copy.node = "initializing", place
            self._after(RECOVER_US, copy, f"{copy} has recovered", place)

    def _move(self, copy: Copy, nodes: dict[str, tuple[int, ...]]) -> None:
        fitting = [node for node in nodes if node != copy.node and not self.refusal(copy, node, nodes)]
        if fitting:
            copy.to = min(fitting, key=lambda node: (self._load(node), list(nodes).index(node)))
            self._after(MOVE_US, copy, f"{copy} has moved", copy.to)

    def _load(self, node: str) -> int:
        return sum(node in (copy.node, copy.to) for copy in self.copies)

    def _rebalance(self, nodes: dict[str, tuple[int, ...]]) -> None:
        """Move one copy from the fullest node to the emptiest where they differ by two or more."""
        usable = [node for node in nodes if node not in self.excluded]
        if len(usable) < 2:
            return
        full, empty = max(usable, key=self._load), min(usable, key=self._load)
        if self._load(full) - self._load(empty) < 2:
            return
        for copy in self.on(full):
            if copy.state == "started" and not self.refusal(copy, empty, nodes):
                copy.to = empty
                self._after(MOVE_US, copy, f"{copy} has moved", empty)
                return

    def _after(self, us: int, copy: Copy, label: str, node: str) -> None:
        copy.attempt += 1
        attempt = copy.attempt

        def arrive() -> None:
            if copy.attempt != attempt:
                return  # its node left meanwhile
            if copy.to:
                copy.node, copy.to = copy.to, None
            copy.state, copy.data_on = "started", copy.node
            self.reroute()

        self.later(us, label, arrive, node)

    def table(self) -> Iterator[dict[str, str]]:
        """Give one row for each shard: its copies with node, state and, where stuck, why."""
        for shard in dict.fromkeys(copy.shard for copy in self.copies):
            row = {"shard": f"{shard[0]}[{shard[1]}]"}
            copies = sorted(
                (copy for copy in self.copies if copy.shard == shard), key=lambda copy: not copy.primary
            )
            for place, copy in enumerate(copies):
                where = copy.node or "nowhere"
                state = f" → {copy.to}" if copy.to else "" if copy.state == "started" else f" ({copy.state})"
                why = (
                    ", kept out by the version rule"
                    if copy.state == "unassigned" and self.stuck(copy)
                    else ""
                )
                row["primary" if place == 0 else f"replica {place}"] = where + state + why
            yield row
