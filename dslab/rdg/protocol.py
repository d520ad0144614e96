"""The moving parts of the graph in the simulator: jobs, writers, storage, walkers, and a switch for every mechanism.

| word          | meaning                                                                                                |
|---------------|--------------------------------------------------------------------------------------------------------|
| topic, job    | as in `dslab.rdg.pipeline`; a job here is an actor that can be slow, crash and restart                      |
| sink          | where a job's records go: a queue of two places for each topic, emptied by the storage                      |
| writer        | turns a record into storage writes; for an edge two of them, forward and reverse, in two namespaces            |
| entropy repair | a queue of half-written edges that are written again until both directions are there (Netflix: over Kafka)    |
| async delete  | a node goes at once, its links later: they are listed, then removed one by one                                |
| walker        | reads adjacency, by level or by depth                                                                       |
| node cache    | properties of nodes, for a TTL; nodes near the end of their retention are left out                             |
| limiter       | how many calls a walker has under way: one more after each good window, times 0.7 on trouble (AIMD)            |

The storage node holds the same `dslab.rdg.kv.Store` that the rest of the lesson uses. Versions are event times.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dslab.rdg.kv import DAY_US, Store, Write, wins
from dslab.sim import Node, Queue, World, gather, sleep, step

CHOICES = {"bug": ("", "ties by arrival", "compares text", "window keeps the first", "repair forgets the reverse", "replay skips one", "checkpoint one too far",
                   "guard forgets the TTL", "limiter never shrinks")}  # fmt: skip
RETENTION_DAYS, CACHE_DAYS = 100, 30
CAPACITY, CEILING = 4, 10  # two limiters that do not know of each other can reach 5 each


@dataclass(frozen=True)
class Switches:
    """Every mechanism of the graph, on as Netflix runs it in 2026.

    ``job_per_topic``: one job for each topic (off: one for all). ``event_time_wins``: last-write-wins by event time (off: the last arrival
    stays). ``upserts``: a record writes an item of its own key, so doing it twice is doing it once (off: counters are added to).
    ``emit_before_checkpoint``: a job checkpoints what it has handed on (off: first the checkpoint). ``paging``: adjacency is read in pages
    (off: whole records). ``entropy_repair``: half-written edges are written again. ``delete_versions``: deletes carry a version and
    remove nothing that is newer. ``by_level``: one round a level. ``skip_dying``: nodes near the end of their retention
    are not cached. ``limiter``: AIMD. ``bug``: one of `CHOICES["bug"]`, for the zoo. Raises ValueError for another bug.
    """

    job_per_topic: bool = True
    event_time_wins: bool = True
    upserts: bool = True
    emit_before_checkpoint: bool = True
    paging: bool = True
    entropy_repair: bool = True
    delete_versions: bool = True
    by_level: bool = True
    skip_dying: bool = True
    limiter: bool = True
    bug: str = ""

    def __post_init__(self) -> None:
        if self.bug not in CHOICES["bug"]:
            raise ValueError(
                f"there is no bug {self.bug!r}; there are {', '.join(filter(None, CHOICES['bug']))}"
            )


class Rdg:
    """The parts that scenarios put together; invariants find it in ``world.facts["rdg"]``."""

    def __init__(self, world: World, switches: Switches) -> None:
        self.world, self.switches = world, switches
        self.store = Store(last_write_wins=switches.event_time_wins)
        self.storage = world.node("storage", "Storage (KVDAL)", "store", held={})
        for name, handler in (
            ("put", self._put),
            ("add", self._add),
            ("get", self._get),
            ("page", self._page),
        ):
            self.storage.on(name, handler)
        self.rule: Any = None  # an exercise puts its own here
        self.seen: dict[str, Any] = {"done": 0, "input": [], "largest": 0, "page": 100, "events": 0, "dead": [], "foreign": [], "rounds": 0, "levels": 0,
                                     "most": 0}  # fmt: skip
        world.facts["rdg"] = self

    # -- storage ---------------------------------------------------------------------------------------

    def _put(self, namespace: str, record: str, item: str, version: int, value: str | None) -> bool:
        write = Write(namespace, record, item, version, value)
        if self._accepts(write):
            found = self.store._record(namespace, record)
            found.put(item, (version, value, None))
            found.ordered = None
        self.storage.state["held"][f"{record} > {item}"] = self.shown(namespace, record, item)
        return True

    def _accepts(self, write: Write) -> bool:
        found = self.store.namespaces.get(write.namespace, {}).get(write.record)
        old = found.get(write.item) if found is not None else None
        if self.rule is not None:
            return old is None or self.rule((write.version, write.value), old[:2])
        if not self.switches.event_time_wins or old is None:
            return True
        if self.switches.bug == "compares text":
            return str(write.version) > str(old[0])
        if self.switches.bug == "ties by arrival":
            return write.version >= old[0]
        return wins((write.version, write.value), old[:2])

    def _add(self, namespace: str, record: str, item: str, by: int) -> bool:
        found = self.store._record(namespace, record)
        held = (found.get(item) or (0, "0", None))[1]
        total = str(int(held or "0") + by)
        found.put(item, (0, total, None))
        self.storage.state["held"][f"{record} > {item}"] = total
        return True

    def _get(self, namespace: str, record: str, item: str) -> tuple[int, str] | None:
        return self.store.get(namespace, record, item)

    def _page(self, namespace: str, record: str, after: str, size: int) -> tuple[list[str], str]:
        page = self.store.page(namespace, record, after, size)
        self.seen["largest"] = max(self.seen["largest"], len(page.items))
        return [key for key, _, _ in page.items], page.next

    def shown(self, namespace: str, record: str, item: str) -> str:
        """Write an item as ``value@version``, a tombstone as ``deleted@version``."""
        found = self.store.namespaces.get(namespace, {}).get(record)
        cell = found.get(item) if found else None
        return (
            "nothing" if cell is None else f"{'deleted' if cell[1] is None else cell[1] or 'link'}@{cell[0]}"
        )

    def load(self, *writes: Write) -> None:
        """Put writes into the storage before anything happens."""
        for write in writes:
            self._put(*write[:5])

    # -- writing -----------------------------------------------------------------------------------------

    async def put(
        self, node: Node, namespace: str, record: str, item: str, version: int, value: str | None = ""
    ) -> None:
        """Write one item and wait for the answer."""
        await node.call(
            "storage", "put", namespace=namespace, record=record, item=item, version=version, value=value
        )

    async def put_edge(self, node: Node, source: str, target: str, version: int) -> None:
        """Write a link in both directions. What is written is first noted for the entropy repair, which outlives the writer."""
        if self.switches.entropy_repair:
            node.send("repair", "watch", source=source, target=target, version=version)
            await step()
        await self.put(node, "link", source, target, version)
        await self.put(node, "rlink", target, source, version)
        self.seen["done"] += 1

    def repair(self) -> Node:
        """Add the entropy repair: it hears of edges that are being written, and a while later writes what is missing."""
        node = self.world.node("repair", "Entropy repair", "service")

        async def watch(source: str, target: str, version: int) -> None:
            await sleep(50_000)
            await self.put(node, "link", source, target, version)
            if self.switches.bug != "repair forgets the reverse":
                await self.put(node, "rlink", target, source, version)

        return node.on("watch", watch)

    async def delete_node(self, node: Node, record: str, version: int) -> None:
        """Delete a node's links behind the answer: list them, then remove each, in both directions."""
        keys, _ = await node.call("storage", "page", namespace="link", record=record, after="", size=100)
        keep = self.switches.delete_versions
        for key in keys:
            for namespace, source, target in (("link", record, key), ("rlink", key, record)):
                if keep:
                    await self.put(node, namespace, source, target, version, None)
                else:
                    self.storage_remove(namespace, source, target)
                    await step()
        self.seen["done"] += 1

    def storage_remove(self, namespace: str, record: str, item: str) -> None:
        """Remove an item as a store without versions would: it is gone, and nothing remembers it."""
        found = self.store._record(namespace, record)
        found.pop(item)
        found.ordered = None
        self.world.note(self.storage, f"removes {namespace} {record} > {item}, whatever its version")
        self.storage.state["held"].pop(f"{record} > {item}", None)

    # -- reading -----------------------------------------------------------------------------------------

    async def read_all(self, node: Node, namespace: str, record: str, size: int) -> list[str]:
        """Read a record: in pages of ``size``, or whole where paging is off."""
        size = size if self.switches.paging else 1_000_000
        keys, after = [], ""
        while True:
            part, after = await node.call(
                "storage", "page", namespace=namespace, record=record, after=after, size=size
            )
            keys += part
            if not after:
                self.seen["done"] += 1
                return keys

    async def walk(self, node: Node, start: str, levels: int) -> list[str]:
        """Walk ``levels`` levels from ``start``: each level's reads at once, or one after the other where ``by_level`` is off."""
        frontier, self.seen["levels"] = [start], levels
        for _ in range(levels):
            if self.switches.by_level:
                self.seen["rounds"] += 1
                answers = await gather(*[self._adjacency(node, one) for one in frontier])
            else:
                answers = []
                for one in frontier:
                    self.seen["rounds"] += 1
                    answers.append(await self._adjacency(node, one))
            frontier = [key for keys, _ in answers for key in keys]
        self.seen["done"] += 1
        return frontier

    def _adjacency(self, node: Node, record: str) -> Any:
        return node.request("storage", "page", namespace="link", record=record, after="", size=100)


class NodeCache:
    """Properties of nodes for `CACHE_DAYS`; ``skip_dying`` leaves out nodes whose retention ends before their cache entry would."""

    def __init__(self, rdg: Rdg) -> None:
        self.rdg, self.held = rdg, dict[str, int]()  # id to the time when the entry ends, in days
        self.node = rdg.world.node("cache", "EVCache: nodes", "cache", holds=[])

    def day(self) -> float:
        """Give the time in days."""
        return self.rdg.world.now / DAY_US

    def read(self, name: str, active_day: int) -> str:
        """Read a node that was last active on ``active_day``: from the cache, else from storage, where it ends after its retention."""
        today, ends = self.day(), active_day + RETENTION_DAYS
        if self.held.get(name, -1) > today:
            if today >= ends:
                self.rdg.seen["dead"].append(
                    f"day {today:.0f}: the cache serves {name}, which ended on day {ends}"
                )
            return "hit"
        if today >= ends:
            return "gone"
        guarded = self.rdg.switches.skip_dying
        room = 1 if self.rdg.switches.bug == "guard forgets the TTL" else CACHE_DAYS
        if not guarded or ends - today >= room:
            self.held[name] = today + CACHE_DAYS
            self.node.state["holds"] = sorted(self.held)
        return "miss"


class Limiter:
    """How many calls may be under way: grows by one after a window without trouble, shrinks to 0.7 of itself on trouble."""

    def __init__(self, start: int = 1) -> None:
        self.limit = start

    def after(self, trouble: bool) -> None:
        """Learn from a window of calls."""
        self.limit = max(1, int(self.limit * 0.7)) if trouble else self.limit + 1


class Crowd:
    """A storage node that works on `CAPACITY` calls at a time and is in trouble when more wait; over `CEILING` it collapses."""

    def __init__(self, rdg: Rdg) -> None:
        self.rdg, self.inside = rdg, 0
        self.node = rdg.world.node("shard", "Storage shard", "store", inside=0)
        self.node.on("read", self._read)

    async def _read(self, calls: int) -> bool:
        self.inside += calls
        self.rdg.seen["most"] = max(self.rdg.seen["most"], self.inside)
        self.node.state["inside"] = self.inside
        trouble = self.inside > CAPACITY
        await sleep(10_000)
        self.inside -= calls
        self.node.state["inside"] = self.inside
        return trouble

    async def fan_out(self, node: Node, calls: int) -> None:
        """Make ``calls`` calls from ``node``: windows as large as the limiter says, or all at once without it.

        A window travels as one message, so that the referee need not try every order within it.
        """
        limiter, left = Limiter(), calls
        while left:
            now = min(left, limiter.limit) if self.rdg.switches.limiter else left
            trouble = await node.call("shard", "read", calls=now)
            limiter.after(trouble and self.rdg.switches.bug != "limiter never shrinks")
            left -= now
        self.rdg.seen["done"] += 1


class StreamJob:
    """A job that reads its topics in turn and hands each record to the sink of its topic, which may be full."""

    def __init__(self, rdg: Rdg, name: str, topics: dict[str, list[str]], sinks: dict[str, Queue]) -> None:
        self.rdg, self.topics, self.sinks = rdg, {topic: list(log) for topic, log in topics.items()}, sinks
        self.node = rdg.world.node(
            name, name, "service", waits_for="", backlog={t: len(log) for t, log in topics.items()}
        )
        self.node.spawn(self._run())

    async def _run(self) -> None:
        while any(self.topics.values()):
            for topic, log in self.topics.items():
                if log:
                    record = log.pop(0)
                    if not self.sinks[topic].try_put(record):
                        self.node.state["waits_for"] = topic
                        others = [name for name, rest in self.topics.items() if name != topic and rest]
                        if others:
                            self.rdg.seen["foreign"].append(
                                f"{self.node.id} waits for the sink of {topic}, and {', '.join(others)} with it"
                            )
                        await self.sinks[topic].put(record)
                        self.node.state["waits_for"] = ""
                    self.node.state["backlog"] = {name: len(rest) for name, rest in self.topics.items()}
                    await step()
        self.rdg.seen["done"] += 1
