"""Certificates: who reads a renewed one, and when.

| word       | meaning                                                                                               |
|------------|-------------------------------------------------------------------------------------------------------|
| Secret     | where Kubernetes keeps the certificate; whoever renews it writes it there                                |
| mount      | how a pod sees the Secret: as a directory, whose files follow the Secret, or by subPath, whose file never changes |
| hot reload | OpenSearch (2.19.1 or newer) reads the files again while it runs; opt-in, off by default                  |
| lifetime   | 8,760 h for a generated certificate (default in the custom resource definition)                            |
"""

from __future__ import annotations

from dataclasses import dataclass

from dslab.opensearch.cluster import version_of
from dslab.sim import World

HOUR_US = 3_600_000_000
LIFETIME_H = 8_760
RENEW_AT = 2 / 3  # of the lifetime; ours
MOUNTS = ("directory", "subPath")
HOT_RELOAD_FROM = "2.19.1"


@dataclass(frozen=True)
class TlsSwitches:
    """``hot_reload``: asked for in the manifest. ``mount``: "directory" or "subPath". ``version``: of OpenSearch."""

    hot_reload: bool = True
    mount: str = "directory"
    version: str = "2.19.4"

    def __post_init__(self) -> None:
        if self.mount not in MOUNTS:
            raise ValueError(f"mount={self.mount!r} is no choice; use one of {', '.join(map(repr, MOUNTS))}")
        if not isinstance(self.hot_reload, bool):
            raise ValueError(f"hot_reload={self.hot_reload!r} is no switch position; use True or False")
        version_of(self.version)


class Certificates:
    """A Secret and the pods that mounted it. Serial 1 runs out after its lifetime, serial 2 is written before that."""

    def __init__(self, world: World, switches: TlsSwitches, pods: int = 3) -> None:
        self.world, self.switches = world, switches
        world.facts["certificates"] = self
        self.secret = 1
        self.names = [f"node-{number}" for number in range(pods)]
        self.mounted = dict.fromkeys(self.names, 1)
        self.loaded = dict.fromkeys(self.names, 1)
        self.expired: list[str] = []
        world.node("secret", label="Secret", kind="store", serial=1)
        for name in self.names:
            world.node(name, label=name, kind="process", file=1, loaded=1)
        world.at(
            round(RENEW_AT * LIFETIME_H * HOUR_US),
            self._renew,
            "the certificate is renewed",
            world.nodes["secret"],
        )
        world.at(LIFETIME_H * HOUR_US, self._run_out, "serial 1 runs out", world.nodes["secret"])

    def restart(self, name: str) -> None:
        """Start a pod anew: it mounts and loads what the Secret holds."""
        self.mounted[name] = self.loaded[name] = self.secret
        self._show()

    def _renew(self) -> None:
        self.secret = 2
        if self.switches.mount == "directory":
            for name in self.names:
                self.world.at(
                    self.world.now + HOUR_US // 60,
                    lambda name=name: self._follow(name),
                    "the files follow",
                    self.world.nodes[name],
                )
        self._show()

    def _follow(self, name: str) -> None:
        self.mounted[name] = self.secret
        if self.switches.hot_reload and version_of(self.switches.version) >= version_of(HOT_RELOAD_FROM):
            self.loaded[name] = self.mounted[name]
        self._show()

    def _run_out(self) -> None:
        self.expired = [name for name in self.names if self.loaded[name] == 1]

    def _show(self) -> None:
        self.world.nodes["secret"].state["serial"] = self.secret
        for name in self.names:
            self.world.nodes[name].state.update(file=self.mounted[name], loaded=self.loaded[name])
