"""The pipeline: topics with offsets, jobs that turn actions into updates, and what they hand on.

| word        | meaning                                                                                                  |
|-------------|----------------------------------------------------------------------------------------------------------|
| offset      | the place of an action in its topic; a job's offset is where it will read next                              |
| watermark   | the largest event time seen so far, less the lateness that is allowed; it never goes back                    |
| late        | an action whose event time is below the watermark: it is used all the same, versions keep it harmless         |
| window      | after the first update of a key the job waits this long (by the watermark) and hands on only the newest         |
| checkpoint  | offset, watermark and open windows, kept where a crash does not reach; a job that restarts goes on from there    |
| record      | what a job hands on: an update of one node or edge, on the output topic of its type                          |

Four places where things are counted, and they are never the same number: *messages* come in, *records* go out of the jobs, *writes* reach the
storage, *reads* are made by walks.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

from dslab.rdg.graph import Graph, writes_of
from dslab.rdg.kv import Store, Write
from dslab.rdg.stream import Action, Update, explode, wanted

LATENESS_US = 10_000_000


class Topic:
    """A partition of a topic: actions in order of arrival, each at its offset."""

    def __init__(self, name: str, log: Iterable[Any] = ()) -> None:
        self.name, self.log = name, list(log)

    def read(self, offset: int, most: int) -> list[Any]:
        """Give up to ``most`` actions from ``offset`` on."""
        return self.log[offset : offset + most]


class Job:
    """Filter, enrich, explode, dedup: one job for one topic (or for all of them, which is what Netflix tried first).

    ``window_us``: the dedup window, 0 for none. ``keep`` says which of two updates of a key stays in the window: "newest" by
    version, or "first" (a bug for the zoo). `take` returns what is handed on.
    """

    def __init__(self, window_us: int = 0, lateness_us: int = LATENESS_US, keep: str = "newest") -> None:
        if window_us < 0 or lateness_us < 0:
            raise ValueError(
                f"window_us={window_us}, lateness_us={lateness_us} is not possible; use 0 or more microseconds"
            )
        self.window_us, self.lateness_us, self.keep = window_us, lateness_us, keep
        self.offset = self.watermark = 0
        self.filtered = self.late = self.updates = 0
        self.open: dict[tuple[str, str, str], tuple[int, Update]] = {}

    def take(self, action: Action) -> list[Update]:
        """Read one action; gives the updates that are ready to be handed on."""
        self.offset += 1
        if action.at_us < self.watermark:
            self.late += 1
        self.watermark = max(self.watermark, action.at_us - self.lateness_us)
        if not wanted(action):
            self.filtered += 1
            return self.ripe()
        updates = explode(action)
        self.updates += len(updates)
        if not self.window_us:
            return updates
        for update in updates:
            self._buffer(update)
        return self.ripe()

    def _buffer(self, update: Update) -> None:
        key = update[:3]
        held = self.open.get(key)
        if held is None:
            self.open[key] = (self.watermark + self.window_us, update)
        elif self.keep == "newest" and update[3:] > held[1][3:]:
            self.open[key] = (held[0], update)

    def ripe(self) -> list[Update]:
        """Close the windows that the watermark has passed and give their updates, oldest window first."""
        ready = []
        for key, (until, update) in self.open.items():
            if until > self.watermark:
                break  # windows open in the order in which they close
            ready.append((key, update))
        for key, _ in ready:
            del self.open[key]
        return [update for _, update in ready]

    def flush(self) -> list[Update]:
        """Close every window: the input has ended."""
        ready = [update for _, update in self.open.values()]
        self.open.clear()
        return ready

    def checkpoint(self) -> dict[str, Any]:
        """Give what a restart needs."""
        return {"offset": self.offset, "watermark": self.watermark, "open": dict(self.open)}

    def restore(self, checkpoint: dict[str, Any]) -> None:
        """Go back to a checkpoint: what came after it will be read, and handed on, again."""
        self.offset, self.watermark = checkpoint["offset"], checkpoint["watermark"]
        self.open = dict(checkpoint["open"])


@dataclass
class Counts:
    """What was counted where: ``messages`` in, ``filtered`` and ``late`` of them, ``updates`` before the window, ``records`` handed on,
    storage ``writes`` and those ``accepted`` by last-write-wins; ``by_type`` counts records by output topic."""

    messages: int = 0
    filtered: int = 0
    late: int = 0
    updates: int = 0
    records: int = 0
    writes: int = 0
    accepted: int = 0
    by_type: dict[str, int] = field(default_factory=dict)


def ingest_in_slices(
    actions: Iterable[Action],
    graph: Graph,
    window_us: int = 5_000_000,
    slice_size: int = 2_000,
    per_topic: bool = True,
) -> Iterator[Counts]:
    """Run actions through one job a topic (or one for all) into ``graph``; yields the counts so far after each slice, and at the end.

    Raises ValueError for a slice below 1 or a negative window.
    """
    if slice_size < 1:
        raise ValueError(f"slice_size={slice_size} is not possible; it must be at least 1")
    jobs: dict[str, Job] = {}
    counts, source = Counts(), iter(actions)
    while part := list(itertools.islice(source, slice_size)):
        for action in part:
            name = action.topic if per_topic else "all"
            job = jobs.get(name)
            if job is None:
                job = jobs[name] = Job(window_us)
            for update in job.take(action):
                _hand_on(update, graph, counts)
        counts.messages += len(part)
        yield _totals(counts, jobs, graph)
    for job in jobs.values():
        for update in job.flush():
            _hand_on(update, graph, counts)
    yield _totals(counts, jobs, graph)


def _hand_on(update: Update, graph: Graph, counts: Counts) -> None:
    counts.records += 1
    counts.by_type[update.type] = counts.by_type.get(update.type, 0) + 1
    counts.writes += graph.put(update)


def _totals(counts: Counts, jobs: dict[str, Job], graph: Graph) -> Counts:
    counts.filtered, counts.late, counts.updates = (
        sum(getattr(job, name) for job in jobs.values()) for name in ("filtered", "late", "updates")
    )
    counts.accepted = getattr(graph.store, "accepted", 0)
    return counts


def ingest(
    actions: Iterable[Action], graph: Graph, window_us: int = 5_000_000, per_topic: bool = True
) -> Counts:
    """Run all actions through the pipeline into ``graph``; gives the counts."""
    return deque(ingest_in_slices(actions, graph, window_us, per_topic=per_topic), maxlen=1).pop()


# -- partitioned by key ---------------------------------------------------------------------------------


def shard_of(write: Write, shards: int) -> int:
    """Give the shard, 0 to shards - 1, that keeps a record: by its id, so a record is never split."""
    return crc32(write.record.encode()) % shards


def map_slice(part: list[Action], shards: int, layout: str = "links") -> list[list[Write]]:
    """Turn a slice of the stream into storage writes, one list for each shard. Runs anywhere: it knows nothing but its slice."""
    out: list[list[Write]] = [[] for _ in range(shards)]
    for action in part:
        if wanted(action):
            for update in explode(action):
                for write in writes_of(update, layout):
                    out[shard_of(write, shards)].append(write)
    return out


def build_shard(parts: list[list[Write]]) -> Store:
    """Apply the writes of one shard, in whatever order the slices come, and give its store."""
    store = Store()
    for part in parts:
        for write in part:
            store.apply(write)
    return store


def partitioned(
    actions: Iterable[Action],
    shards: int = 4,
    slice_size: int = 5_000,
    run: Callable[..., list[Any]] | None = None,
    layout: str = "links",
) -> tuple[int, int]:
    """Build the graph in ``shards`` parts and give (digest, cells) of the whole; digests of parts add up.

    ``run(function, arguments)`` gives function(*a) for each a of arguments: by default here, one after the other; over a
    dask cluster with `dslab.rdg.real.over_cluster`. Raises ValueError for fewer than 1 shard.
    """
    if shards < 1:
        raise ValueError(f"{shards} shards cannot hold a graph; use at least 1")
    source, slices = iter(actions), []
    while part := list(itertools.islice(source, slice_size)):
        slices.append(part)
    run = run or _here
    mapped = run(map_slice, [(part, shards, layout) for part in slices])
    done = run(_reduce, [([slices_of[shard] for slices_of in mapped],) for shard in range(shards)])
    return sum(digest for digest, _ in done) % (1 << 128), sum(cells for _, cells in done)


def _here(function: Callable[..., Any], arguments: list[tuple]) -> list[Any]:
    return [function(*one) for one in arguments]


def _reduce(parts: list[list[Write]]) -> tuple[int, int]:
    store = build_shard(parts)
    return store.digest(), sum(1 for _ in store.cells())
