"""The first election: a bootstrap pod, the managers that join it, and how two clusters come to stand behind one Service.

| word       | meaning                                                                                              |
|------------|------------------------------------------------------------------------------------------------------|
| cluster id | made by the first election, written to the disk of every node that joins; a node never joins another id |
| bootstrap pod | the only pod that may hold the first election; removed once the managers have joined                  |
| moved      | Kubernetes stops the bootstrap pod and starts it on another machine: without a volume its disk is new    |
| initialized | what the operator writes into its object when the managers have joined; a new object does not have it   |

Since 3.0.0-alpha the bootstrap pod keeps its data on a volume, so that a move does not make a second id. Re-applying a manifest over
volumes that were kept still starts a bootstrap pod that knows nothing of them (issue 1573, September 2026): ``looks_first`` is our
repair, in no version.
"""

from __future__ import annotations

from dataclasses import dataclass

from dslab.sim import World, sleep

SECOND_US = 1_000_000
MANAGERS = ("manager-0", "manager-1", "manager-2")


@dataclass(frozen=True)
class BootstrapSwitches:
    """``volume``: the bootstrap pod's disk outlives it. ``looks_first``: no bootstrap pod where volumes hold a cluster already."""

    volume: bool = True
    looks_first: bool = True

    def __post_init__(self) -> None:
        for name in ("volume", "looks_first"):
            if not isinstance(getattr(self, name), bool):
                raise ValueError(f"{name}={getattr(self, name)!r} is no switch position; use True or False")


class Service:
    """The pods behind one Service, and the cluster id on each disk (0: none yet)."""

    def __init__(self, world: World, switches: BootstrapSwitches, kept_volumes: bool = False) -> None:
        self.world, self.switches = world, switches
        world.facts["service"] = self
        self.minted = 1 if kept_volumes else 0
        self.disks = dict.fromkeys(MANAGERS, self.minted)
        self.disks["bootstrap-0"] = 0
        self.running: list[str] = list(MANAGERS)
        self.moves = 0
        self.initialized = False
        for name in (*MANAGERS, "bootstrap-0"):
            world.node(name, label=name, kind="manager", cluster_id=self.disks[name] or "none")
        if not (kept_volumes and switches.looks_first):
            self.running.append("bootstrap-0")
            world.spawn(self._elect(), node=world.nodes["bootstrap-0"])
        for place, name in enumerate(MANAGERS):
            world.spawn(self._join(name, place), node=world.nodes[name])

    def ids(self) -> dict[int, list[str]]:
        """Give the cluster ids behind the Service, each with the running pods that carry it."""
        found: dict[int, list[str]] = {}
        for name in self.running:
            if self.disks[name]:
                found.setdefault(self.disks[name], []).append(name)
        return found

    def move(self) -> None:
        """Start the bootstrap pod somewhere else."""
        self.moves += 1
        if not self.switches.volume:
            self.disks["bootstrap-0"] = 0
            self._show()
        self.world.spawn(self._elect(), node=self.world.nodes["bootstrap-0"])

    async def _elect(self) -> None:
        await sleep(5 * SECOND_US)
        if "bootstrap-0" in self.running and not self.disks["bootstrap-0"]:
            self.minted += 1
            self.disks["bootstrap-0"] = self.minted
            self._show()

    async def _join(self, name: str, place: int) -> None:
        await sleep((6 + 4 * place) * SECOND_US)
        for _ in range(4):
            found = self.disks["bootstrap-0"] if "bootstrap-0" in self.running else 0
            if not self.disks[name] and found:
                self.disks[name] = found
                self._show()
            if self.disks[name]:
                break
            await sleep(5 * SECOND_US)
        if (
            all(self.disks[each] for each in MANAGERS)
            and "bootstrap-0" in self.running
            and not self.initialized
        ):
            self.initialized = len({self.disks[each] for each in MANAGERS}) == 1 == len(self.ids())
            if self.initialized:
                self.running.remove("bootstrap-0")
                self._show()

    def _show(self) -> None:
        for name, disk in self.disks.items():
            self.world.nodes[name].state["cluster_id"] = disk or "none"
