"""The move from ``opensearch.opster.io`` to ``opensearch.org``: a twin object, and who may still touch the old one.

| word       | meaning                                                                                              |
|------------|------------------------------------------------------------------------------------------------------|
| old, new   | the same cluster's object in either API group                                                           |
| twin       | the new object that the migration controller makes of an old one, once the old one is RUNNING             |
| sync       | the new object's status is copied to the old one, every 30 s                                              |
| webhook    | asked by the API server before an object of the old group is created or its spec is edited: it refuses   |

Deleting the new object deletes the old one. Deleting the old one is refused until the new one exists. The old group is meant to live
for two or three releases (migration guide). The webhooks' failure policy is Fail: without their certificate nothing is accepted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from dslab.sim import World, sleep, step

SECOND_US = 1_000_000
SYNC_S = 30


@dataclass(frozen=True)
class MigrationSwitches:
    """Every rule of the migration; off, something is lost (see `dslab.opensearch.anomalies`).

    ``waits_for_running``: no twin before the old object is RUNNING. ``webhook``: old objects are not created or edited.
    ``guards_delete``: an old object without a twin is not deleted. ``cascades``: deleting the new one deletes the old one.
    ``syncs``: status new to old. ``certificate``: the webhook has one; its failure policy is Fail, so without one every
    request that should be checked is refused.
    """

    waits_for_running: bool = True
    webhook: bool = True
    guards_delete: bool = True
    cascades: bool = True
    syncs: bool = True
    certificate: bool = True

    def __post_init__(self) -> None:
        for name in self.__dataclass_fields__:
            if not isinstance(getattr(self, name), bool):
                raise ValueError(f"{name}={getattr(self, name)!r} is no switch position; use True or False")


class Refused(Exception):
    """The API server did not accept a request; the words say why."""


class Object(NamedTuple):
    """A custom resource: its ``spec`` (here one text) and the ``phase`` in its status."""

    spec: str
    phase: str = "PENDING"


class Api:
    """The API server with the two objects, the migration controller, and the cluster they stand for."""

    def __init__(self, world: World, switches: MigrationSwitches, phase: str = "RUNNING") -> None:
        self.world, self.switches = world, switches
        world.facts["api"] = self
        self.old: Object | None = Object("3 nodes", phase)
        self.new: Object | None = None
        self.owners: list[str] = []  # who is forming the first cluster
        self.accepted: list[str] = []  # specs that the user was told are accepted
        self.refusals: list[str] = []
        self.unchecked = 0  # requests refused only because the webhook could not be called
        self.gone_by_user = self.twin_deleted = False
        world.node("api", label="API server", kind="store", old=str(self.old), new="none")
        self.controller = world.node("controller", label="Migration controller", kind="operator")
        if phase != "RUNNING":
            self.owners.append("old")
            world.at(60 * SECOND_US, self._runs, "the cluster runs", world.nodes["api"])
        self.controller.spawn(self._loop())

    def _runs(self) -> None:
        if self.old is not None:
            self.old = self.old._replace(phase="RUNNING")
        self._show()

    # [twin] what the migration controller does, every 30 s
    async def _loop(self) -> None:
        for _ in range(12):
            if self.old is not None and self.new is None:
                if self.old.phase == "RUNNING" or not self.switches.waits_for_running:
                    await step("make the twin")
                    self._make_twin()
            elif self.old is not None and self.new is not None and self.switches.syncs:
                self.old = self.old._replace(phase=self.new.phase)
            self._show()
            await sleep(SYNC_S * SECOND_US)

    # [/twin]
    def _make_twin(self) -> None:
        if self.old is None or self.new is not None:
            return
        if self.old.phase != "RUNNING":
            self.owners.append("new")
        self.new = Object(self.old.spec, self.old.phase)
        self._show()

    def edit_old(self, spec: str) -> None:
        """The user edits the old object. Refused by the webhook."""
        if self.switches.webhook:
            self._refuse("objects of opensearch.opster.io are read-only; edit the one in opensearch.org")
        if self.old is not None:
            self.old = self.old._replace(spec=spec)
            self.accepted.append(spec)
            self._show()

    def edit_new(self, spec: str) -> None:
        """The user edits the new object; its cluster goes through an upgrade."""
        if self.new is None:
            self._refuse("there is no such object in opensearch.org yet")
        elif self.switches.webhook and not self.switches.certificate:
            self.unchecked += 1
            self._refuse("the webhook has no certificate and cannot be called")
        else:
            self.new = Object(spec, "UPGRADING")
            self.accepted.append(spec)
            self._show()

    def delete_old(self) -> None:
        """The user deletes the old object, to clean up. Refused until the new one exists."""
        if self.new is None and self.switches.guards_delete:
            self._refuse("the object has no twin in opensearch.org yet; it would take the cluster along")
        self.old = None
        self._show()

    def delete_new(self) -> None:
        """The user deletes the new object: the cluster is to go."""
        if self.new is None:
            self._refuse("there is no such object in opensearch.org yet")
        self.new, self.twin_deleted = None, True
        self.gone_by_user = True
        if self.switches.cascades:
            self.old = None
        self._show()

    def _refuse(self, why: str) -> None:
        self.refusals.append(why)
        raise Refused(why)

    def _show(self) -> None:
        self.world.nodes["api"].state.update(old=_words(self.old), new=_words(self.new))


def _words(thing: Object | None) -> str:
    return "none" if thing is None else f"{thing.spec}, {thing.phase}"
