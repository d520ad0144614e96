"""Scenarios of the parts that have switches of their own: the first election, certificates, the migration between API groups.

`LIST` has their anomalies.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from dslab import check
from dslab.check import Invariant, sometimes
from dslab.opensearch import invariants as must
from dslab.opensearch.bootstrap import BootstrapSwitches, Service
from dslab.opensearch.migration import SECOND_US, Api, MigrationSwitches, Refused
from dslab.opensearch.tls import HOUR_US, Certificates, TlsSwitches
from dslab.sim import World, sleep

ELECTED = sometimes("ELECTED", "a cluster is formed", lambda world: bool(world.facts["service"].ids()))
RENEWED = sometimes(
    "RENEWED", "the certificate is renewed", lambda world: world.facts["certificates"].secret == 2
)
MIGRATED = sometimes(
    "MIGRATED",
    "a twin exists",
    lambda world: world.facts["api"].new is not None or world.facts["api"].twin_deleted,
)
PATIENCE_US = 60 * SECOND_US


def _bootstrap_moves(switches: BootstrapSwitches) -> World:
    """Three new managers join the bootstrap pod; Kubernetes may move that pod meanwhile."""
    world = World(name="bootstrap pod moves", patience_us=PATIENCE_US)
    service = Service(world, switches)
    pod = world.nodes["bootstrap-0"]
    world.may(
        "the bootstrap pod is moved",
        service.move,
        when=lambda: "bootstrap-0" in service.running,
        node=pod,
        kind="move",
    )
    return world


def _reapplied(switches: BootstrapSwitches) -> World:
    """The manifest is applied again; the volumes of the deleted cluster were kept."""
    world = World(name="re-applied over kept volumes", patience_us=PATIENCE_US)
    Service(world, switches, kept_volumes=True)
    return world


def _certificates(switches: TlsSwitches) -> World:
    """Nobody restarts a pod for a year; the certificate is renewed in time."""
    world = World(name="certificates run out", patience_us=24 * HOUR_US)  # a file may follow a day late
    Certificates(world, switches)
    return world


def _user(switches: MigrationSwitches, name: str, phase: str, *asks: tuple[str, str]) -> World:
    """A user does ``asks`` (method, argument), one every 40 s, and may be early or late with each."""
    world = World(name=name, patience_us=PATIENCE_US)
    api = Api(world, switches, phase)
    user = world.node("user", label="User", kind="client")

    async def act() -> None:
        for method, argument in asks:
            await sleep(40 * SECOND_US)
            with suppress(Refused):
                getattr(api, method)(*filter(None, [argument]))

    user.spawn(act())
    return world


def _still_pending(switches: MigrationSwitches) -> World:
    """The old object is still PENDING when the new operator starts."""
    return _user(switches, "twin of a pending object", "PENDING")


def _cleans_up_early(switches: MigrationSwitches) -> World:
    """The user deletes the old object, perhaps before the twin exists."""
    return _user(switches, "deleted before its twin", "RUNNING", ("delete_old", ""))


def _edits_the_old(switches: MigrationSwitches) -> World:
    """The user edits the old object, as always."""
    return _user(switches, "edit of the old object", "RUNNING", ("edit_old", "5 nodes"))


def _deletes_the_new(switches: MigrationSwitches) -> World:
    """The user deletes the new object: the cluster is to go."""
    return _user(switches, "deleted, and back again", "RUNNING", ("delete_new", ""))


def _watches_the_old(switches: MigrationSwitches) -> World:
    """The user edits the new object; a script watches the old one."""
    return _user(switches, "status of the old object", "RUNNING", ("edit_new", "5 nodes"))


@dataclass(frozen=True)
class ElectionAnomaly(check.Anomaly):
    """A way in which the first election breaks."""

    switches = BootstrapSwitches

    also: tuple[Invariant, ...] = (ELECTED,)


@dataclass(frozen=True)
class CertificateAnomaly(check.Anomaly):
    """A way in which certificates break."""

    switches = TlsSwitches

    also: tuple[Invariant, ...] = (RENEWED,)


@dataclass(frozen=True)
class MigrationAnomaly(check.Anomaly):
    """A way in which the migration to the new API group breaks."""

    switches = MigrationSwitches

    also: tuple[Invariant, ...] = (MIGRATED,)


LIST: tuple[check.Anomaly, ...] = (
    ElectionAnomaly("bootstrap pod moves", "a second cluster id is made, joins are refused", _bootstrap_moves, must.ONE_CLUSTER, ({"volume": False},),
     "11: issues 897, 965"),
    ElectionAnomaly("re-applied over kept volumes", "a bootstrap pod that knows nothing of the volumes", _reapplied, must.ONE_CLUSTER,
     ({"looks_first": False},), "11: issue 1573"),
    CertificateAnomaly("certificates run out", "renewed in the Secret, and nobody reads it", _certificates, must.CERTIFICATES_VALID,
     ({"hot_reload": False}, {"mount": "subPath"}, {"version": "2.18.0"}), "TLS hot reload"),
    MigrationAnomaly("twin of a pending object", "two objects form the first cluster", _still_pending, must.ONE_FOUNDER,
     ({"waits_for_running": False},), "migration: only when RUNNING"),
    MigrationAnomaly("deleted before its twin", "the cluster is gone with the old object", _cleans_up_early, must.CLUSTER_KEPT,
     ({"guards_delete": False},), "migration: delete rule"),
    MigrationAnomaly("edit of the old object", "accepted, and it never reaches the cluster", _edits_the_old, must.EDIT_ARRIVES, ({"webhook": False},),
     "migration: webhooks"),
    MigrationAnomaly("deleted, and back again", "the twin is made again from the old object", _deletes_the_new, must.GONE_STAYS_GONE,
     ({"cascades": False},), "migration: delete rule"),
    MigrationAnomaly("status of the old object", "who watches the old object sees the past", _watches_the_old, must.STATUS_AGREES, ({"syncs": False},),
     "migration: status sync, 30 s"),
    MigrationAnomaly("webhook without a certificate", "nothing can be edited any more", _watches_the_old, must.EDITS_POSSIBLE,
     ({"certificate": False},), "webhooks, failure policy Fail"),
)  # fmt: skip
