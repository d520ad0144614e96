"""What can go wrong between nodes, and what a driver that chooses may make go wrong: the fault side of a World.

| word      | meaning                                                                                        |
|-----------|------------------------------------------------------------------------------------------------|
| cut       | everything in one direction between two nodes is lost, also what is on its way                   |
| partition | cuts, both ways, between all nodes of different groups                                           |
| may       | permission: a driver that chooses offers this fault at every moment at which it makes sense       |

What goes wrong with one node is said there: `Node.crash`, `pause`, `slow_down`, `jump`, `drift`. Faults on a schedule are
calls at a time: ``world.at(3_000, cache.crash)``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from dslab.sim.actor import May

if TYPE_CHECKING:
    from dslab.sim.node import Node
    from dslab.sim.record import Recorder


class Faults:
    """The part of a World that knows what is cut and what a driver that chooses may do."""

    nodes: dict[str, Node]
    recorder: Recorder | None
    mays: list[May]
    cuts: set[tuple[str, str]]

    def cut(self, src: str, dst: str, both: bool = False) -> None:
        """Lose everything from ``src`` to ``dst``, also what is on its way (``both``: and back), until `heal`."""
        for a, b in self._pairs(src, dst, both):
            if self.recorder is not None and (a, b) not in self.cuts:
                self.recorder.fault_begins("cut", [a, b], f"{a} → {b} cut")
            self.cuts.add((a, b))

    def heal(self, src: str | None = None, dst: str | None = None, both: bool = False) -> None:
        """End a cut (both None: all cuts)."""
        everything = src is None and dst is None
        for a, b in sorted(self.cuts) if everything else self._pairs(src, dst, both):
            self.cuts.discard((a, b))
            if self.recorder is not None:
                self.recorder.fault_ends("cut", [a, b])

    def partition(self, *groups: list[str]) -> None:
        """Cut every link between nodes of different ``groups`` (lists of node names; no name in two), both ways."""
        if any(isinstance(group, str) for group in groups):
            raise TypeError(
                f"partition takes lists of names, as in partition(['a', 'b'], ['c']); got {groups!r}"
            )
        names = [name for group in groups for name in group]
        self._known(*names)
        if len(set(names)) < len(names):
            raise ValueError(f"a node is on one side of a partition only; got {groups!r}")
        for place, group in enumerate(groups):
            for a in group:
                for b in [name for other in groups[place + 1 :] for name in other]:
                    self.cut(a, b, both=True)

    def _pairs(self, src: str | None, dst: str | None, both: bool) -> list[tuple[str, str]]:
        self._known(src, dst)
        return [(src, dst), (dst, src)][: 1 + both]  # type: ignore[list-item]

    def _known(self, *names: str | None) -> None:
        for name in names:
            if name not in self.nodes:
                raise ValueError(f"there is no node {name!r}; nodes: {', '.join(self.nodes) or 'none'}")

    # -- by choice ------------------------------------------------------------------------------------

    def may(self, label: str, function: Callable[[], Any], times: int = 1, when: Callable[[], bool] | None = None,
            node: Node | None = None, kind: str = "fault") -> None:  # fmt: skip
        """Allow something to happen at any moment, at most ``times`` times, while ``when()`` holds. Ignored by `run`."""
        if not isinstance(times, int) or times < 1:
            raise ValueError(
                f"something that may happen {times!r} times cannot happen; times must be at least 1"
            )
        self.mays.append(May(label, function, times, when or _always, node.id if node else "", kind))

    def may_crash(self, node: Node, times: int = 1, restart: bool = True) -> None:
        """Let a driver that chooses crash a node (and, with ``restart``, start it again)."""
        self.may(f"{node.id} crashes", node.crash, times, lambda: node.up, node, "crash")
        if restart:
            self.may(f"{node.id} restarts", node.restart, times, lambda: not node.up, node, "restart")

    def may_pause(self, node: Node, times: int = 1) -> None:
        """Let a driver that chooses freeze a node, and let it go on again."""
        runs = f"{node.id} stands still"
        self.may(runs, node.pause, times, lambda: node.up and not node.paused, node, "pause")
        self.may(f"{node.id} goes on", node.resume, times, lambda: node.paused, node, "resume")

    def may_jump(self, node: Node, us: int, times: int = 1) -> None:
        """Let a driver that chooses set a node's clock forward by ``us`` microseconds (below 0: back)."""
        label = f"the clock of {node.id} jumps by {us:+,} µs"
        self.may(label, lambda: node.jump(us), times, None, node, "clock")

    def may_cut(self, src: str, dst: str, times: int = 1, both: bool = False) -> None:
        """Let a driver that chooses cut a link (``both``: both ways), and heal it again."""
        self._known(src, dst)
        node, arrow = self.nodes[src], f"{src} {'↔' if both else '→'} {dst}"

        def is_cut() -> bool:
            return (src, dst) in self.cuts

        def cut() -> None:
            self.cut(src, dst, both)

        self.may(f"{arrow} is cut", cut, times, lambda: not is_cut(), node, "cut")
        self.may(f"{arrow} is healed", lambda: self.heal(src, dst, both), times, is_cut, node, "heal")


def _always() -> bool:
    return True
