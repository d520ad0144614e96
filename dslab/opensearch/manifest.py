"""Manifests: reads the YAML of an ``OpenSearchCluster`` of either API group, and says what is wrong by its path.

| word      | meaning                                                                                                |
|-----------|--------------------------------------------------------------------------------------------------------|
| path      | where a value stands: ``spec.nodePools[1].replicas``                                                      |
| used      | fields that the model reads: version, drainDataNodes, smartScaler, node pools, roles, replicas, persistence |
| kept      | all other fields, with their paths: the model does not read them and does not throw them away              |

Roles: ``cluster_manager`` (or ``master``) votes; ``data`` and every ``data_...`` holds shards. A pool without ``persistence`` gets a
volume. A manifest that says nothing of SmartScaler gets what its operator's version does (on since 29 December 2025).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from dslab.opensearch.cluster import Desired, Pool, version_of

OLD_GROUP, NEW_GROUP = "opensearch.opster.io/v1", "opensearch.org/v1"
KIND = "OpenSearchCluster"
_USED_POOL = ("component", "replicas", "roles", "persistence")
_DISKS = ("pvc", "emptyDir", "hostPath")


class ManifestError(ValueError):
    """A manifest that cannot be used; the words begin with the path and the line."""


@dataclass(frozen=True)
class Manifest:
    """What was read: ``desired`` for the model, ``smart_scaler`` (None: not said), ``kept`` (path to value), the ``document``."""

    group: str
    name: str
    namespace: str
    desired: Desired
    smart_scaler: bool | None
    kept: dict[str, Any]
    document: dict[str, Any] = field(repr=False)

    @property
    def is_old(self) -> bool:
        """Whether it is of the group that is being given up."""
        return self.group == OLD_GROUP

    def twin(self) -> Manifest:
        """Give the same manifest in the new group, every field kept: what the migration controller makes of an old one."""
        return _manifest(self.document | {"apiVersion": NEW_GROUP}, {})

    def describe(self) -> str:
        """Say in two sentences what was read and what was not used."""
        pools = ", ".join(f"{pool.name} {pool.replicas} ({_roles(pool)})" for pool in self.desired.pools)
        names = list(self.kept)
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        left = f" Kept, not used by the model: {', '.join(names[:3])}{more}." if names else ""
        return f"{self.name} ({self.group}), OpenSearch {self.desired.version}: {pools}.{left}"


def _roles(pool: Pool) -> str:
    words = [word for word, on in (("manager", pool.manager), ("data", pool.data)) if on]
    return " and ".join(words) or "neither manager nor data"


def read(text: str) -> Manifest:
    """Read a manifest. ManifestError, beginning with path and line, where a used field is missing or of the wrong kind."""
    import yaml

    if not isinstance(text, str):
        raise TypeError(f"a manifest is YAML text, not {type(text).__name__}")
    try:
        documents = [each for each in yaml.compose_all(text, Loader=yaml.SafeLoader) if each is not None]
        data = [each for each in yaml.safe_load_all(text) if each is not None]
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}: " if mark else ""
        raise ManifestError(
            f"{where}this is no YAML: {getattr(error, 'problem', None) or 'it cannot be read'}"
        ) from None
    for place, each in enumerate(data):
        if isinstance(each, dict) and each.get("kind") == KIND:
            return _manifest(each, _lines(documents[place]))
    kinds = ", ".join(str(each.get("kind")) for each in data if isinstance(each, dict)) or "nothing"
    raise ManifestError(f"kind: there is no {KIND} in this text; it holds {kinds}")


def _lines(node: Any, path: str = "") -> dict[str, int]:
    """Give the line of every path in a composed document."""
    found = {path: node.start_mark.line + 1}
    if node.id == "mapping":
        for key, value in node.value:
            below = f"{path}.{key.value}" if path else str(key.value)
            found |= _lines(value, below)
            found[below] = key.start_mark.line + 1
    elif node.id == "sequence":
        for place, value in enumerate(node.value):
            found |= _lines(value, f"{path}[{place}]")
    return found


class _Reader:
    """Takes fields out of a document and remembers which."""

    def __init__(self, lines: dict[str, int]) -> None:
        self.lines = lines

    def fail(self, path: str, why: str) -> ManifestError:
        """Make the error for a path: with its line, or that of the nearest thing around it that is there."""
        around = path
        while around and around not in self.lines:
            around = around[: max(around.rfind("."), around.rfind("["), 0)]
        line = self.lines.get(around)
        return ManifestError(f"{path}{f' (line {line})' if line else ''}: {why}")

    def take(self, parent: dict[str, Any], path: str, kind: type, right: str, default: Any = ...) -> Any:
        """Give the value at the last part of ``path``; the error says what would be ``right``."""
        name = path.rsplit(".", 1)[-1]
        if parent.get(name) is None:
            if default is not ...:
                return default
            raise self.fail(path, f"is missing; {right}")
        value = parent[name]
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise self.fail(path, f"is {value!r}; {right}")
        return value


def _manifest(document: dict[str, Any], lines: dict[str, int]) -> Manifest:
    reader = _Reader(lines)
    group = reader.take(
        document, "apiVersion", str, f"write {NEW_GROUP} (or {OLD_GROUP} for an old operator)"
    )
    if group not in (OLD_GROUP, NEW_GROUP):
        raise reader.fail(
            "apiVersion",
            f"is {group!r}; the operator knows {NEW_GROUP} and, until it is removed, {OLD_GROUP}",
        )
    metadata = reader.take(document, "metadata", dict, "write metadata with a name")
    name = reader.take(metadata, "metadata.name", str, "write a name for the cluster")
    spec = reader.take(document, "spec", dict, "write spec with general and nodePools")
    general = reader.take(spec, "spec.general", dict, "write general with a version")
    version = reader.take(general, "spec.general.version", str, "write a version in quotes, such as '2.19.4'")
    try:
        version_of(version)
    except ValueError:
        raise reader.fail(
            "spec.general.version",
            f"is {version!r}; the model compares versions, so write three numbers such as '2.19.4'",
        ) from None
    drain = reader.take(general, "spec.general.drainDataNodes", bool, "write true or false", False)
    management = reader.take(spec, "spec.confMgmt", dict, "write a mapping", {})
    smart = reader.take(management, "spec.confMgmt.smartScaler", bool, "write true or false", None)
    pools = reader.take(
        spec, "spec.nodePools", list, "write a list of node pools, each with component, replicas and roles"
    )
    made = tuple(_pool(reader, each, f"spec.nodePools[{place}]") for place, each in enumerate(pools))
    try:
        desired = Desired(made, version, drain=drain, name=name)
    except ValueError as error:
        raise reader.fail("spec.nodePools", str(error)) from None
    return Manifest(
        group,
        name,
        metadata.get("namespace") or "default",
        desired,
        smart,
        _kept(document, spec, pools),
        document,
    )


def _pool(reader: _Reader, given: Any, path: str) -> Pool:
    if not isinstance(given, dict):
        raise reader.fail(path, f"is {given!r}; a node pool has component, replicas and roles")
    name = reader.take(given, f"{path}.component", str, "write the name of the pool")
    replicas = reader.take(given, f"{path}.replicas", int, "write a whole number such as 3")
    if replicas < 0:
        raise reader.fail(f"{path}.replicas", f"is {replicas}; it must be at least 0")
    roles = reader.take(
        given, f"{path}.roles", list, "write a list such as [cluster_manager] or [data, ingest]", []
    )
    for place, role in enumerate(roles):
        if not isinstance(role, str):
            raise reader.fail(f"{path}.roles[{place}]", f"is {role!r}; a role is a word such as data")
    disk = reader.take(given, f"{path}.persistence", dict, "write one of pvc, emptyDir, hostPath", {})
    if len(disk) > 1 or any(kind not in _DISKS for kind in disk):
        raise reader.fail(
            f"{path}.persistence", f"is {', '.join(map(str, disk))}; it must be one of {', '.join(_DISKS)}"
        )
    manager = "cluster_manager" in roles or "master" in roles
    data = any(role == "data" or role.startswith("data_") for role in roles)
    return Pool(name, replicas, manager, data, "emptyDir" if "emptyDir" in disk else "volume")


def _kept(document: dict[str, Any], spec: dict[str, Any], pools: list[dict[str, Any]]) -> dict[str, Any]:
    """Give what the model does not read, by path, each at the highest place where it stands alone."""
    kept = {
        name: value
        for name, value in document.items()
        if name not in ("apiVersion", "kind", "metadata", "spec")
    }
    kept |= _rest(document["metadata"], "metadata", ("name", "namespace"))
    kept |= _rest(spec, "spec", ("general", "confMgmt", "nodePools"))
    kept |= _rest(spec["general"], "spec.general", ("version", "drainDataNodes"))
    kept |= _rest(spec.get("confMgmt") or {}, "spec.confMgmt", ("smartScaler",))
    for place, pool in enumerate(pools):
        kept |= _rest(pool, f"spec.nodePools[{place}]", _USED_POOL)
    return kept


def _rest(given: dict[str, Any], path: str, used: tuple[str, ...]) -> dict[str, Any]:
    return {f"{path}.{name}": value for name, value in given.items() if name not in used}


_HEAD = """apiVersion: {group}
kind: OpenSearchCluster
metadata:
  name: {name}
spec:
  general:
    version: "2.19.4"
    drainDataNodes: {drain}
  confMgmt:
    smartScaler: {smart}
  nodePools:
"""
_POOL = """    - component: {name}
      replicas: {replicas}
      diskSize: 30Gi
      roles: [{roles}]
{disk}"""


def example(
    name: str,
    pools: tuple[tuple[str, int, str], ...],
    group: str = NEW_GROUP,
    drain: bool = False,
    empty: bool = False,
) -> str:
    """Write a manifest with ``pools`` of (component, replicas, roles)."""
    head = _HEAD.format(group=group, name=name, drain=str(drain).lower(), smart="true")
    disk = "      persistence:\n        emptyDir: {}\n" if empty else ""
    return head + "".join(
        _POOL.format(name=pool, replicas=count, roles=roles, disk=disk) for pool, count, roles in pools
    )


EXAMPLES: dict[str, str] = {
    "three zones": example("search", (("manager-a", 1, "cluster_manager"), ("manager-b", 1, "cluster_manager"),
                                      ("manager-c", 1, "cluster_manager"), ("data", 3, "data, ingest"))),
    "one pool of managers": example("search", (("managers", 3, "cluster_manager"), ("data", 3, "data, ingest"))),
    "everything on three nodes": example("search", (("nodes", 3, "cluster_manager, data"),), drain=True),
    "one node": example("demo", (("all", 1, "cluster_manager, data"),)),
    "old group": example("legacy", (("masters", 3, "master"), ("nodes", 2, "data")), OLD_GROUP),
    "on emptyDir": example("scratch", (("managers", 3, "cluster_manager"), ("data", 2, "data")), empty=True),
}  # fmt: skip
