"""Versions of a stored value: what a store may throw away when several clients write the same key.

| word           | meaning                                                                                             |
|----------------|-----------------------------------------------------------------------------------------------------|
| sibling        | one of several values that a store keeps, since it cannot tell that one replaced the other             |
| context        | what a client got with its last answer and hands back with its next write: "I had seen this much"       |
| version vector | a count of writes for each server; here one for all siblings of a key together                        |
| dot            | (server, count): the name of one single write                                                        |
| dead sibling   | a value still kept although its reader has replaced it                                                |
| explosion      | siblings that grow with the number of writes, not with the number of writers                           |

With one vector for all siblings a store can only compare whole contexts: a context that lacks somebody else's write is "concurrent",
so the writer's own old value stays too. With a dot for each value the store asks of each value alone: had the writer seen it?
(Preguiça and others, dotted version vectors, 2010; Riak ships them against sibling explosion.)
"""

from __future__ import annotations

from dataclasses import dataclass, field

from dslab.sauna.switches import Switches
from dslab.sim import Metric, Node, Result, Series, World, step


@dataclass(frozen=True)
class Value:
    """A stored value: its text, its dot's count, and which texts its author had read (for the invariants only)."""

    text: str
    dot: int
    had_read: frozenset[str]


@dataclass
class Store:
    """One key on one server. ``count``: how many writes it has taken; a context is the count up to which a client has seen."""

    dots: bool = True
    count: int = 0
    values: list[Value] = field(default_factory=list)
    replaced: set[str] = field(default_factory=set)  # for the invariants: texts that a later author had read

    # [put] with dots: each value alone; without: the whole context against the whole vector
    def put(self, text: str, context: int, had_read: frozenset[str] = frozenset()) -> int:
        """Write ``text`` by a client that has seen ``context`` writes; gives its new context."""
        saw_everything = context >= self.count
        self.count += 1
        self.values = [v for v in self.values if (v.dot > context if self.dots else not saw_everything)]
        self.values.append(Value(text, self.count, had_read))
        self.replaced |= had_read
        return self.count

    # [/put]
    def dead(self) -> list[str]:
        """Give the texts still kept although an author who had read them replaced them."""
        return [value.text for value in self.values if value.text in self.replaced]


@dataclass(frozen=True)
class Client:
    """What a client knows of the key: its context, and the texts that came with its last answer."""

    context: int = 0
    had_read: frozenset[str] = frozenset()


def write(store: Store, client: Client, text: str) -> Client:
    """Let ``client`` write ``text``; gives what it knows after the answer, which shows it every sibling there is."""
    context = store.put(text, client.context, client.had_read)
    return Client(context, frozenset(value.text for value in store.values))


def two_writers(switches: Switches, name: str = "sibling explosion") -> World:
    """Two clients write the same key twice each, every time with what their own last answer had shown them."""
    world = World(name=name)
    store = Store(dots=switches.dots)
    world.facts["store"] = store
    server = world.node("server", label="Store", kind="store", siblings="none")

    def put(text: str, knows: Client) -> Client:
        told = write(store, knows, text)
        server.state["siblings"] = ", ".join(value.text for value in store.values)
        return told

    server.on("put", put)
    for who in ("ann", "ben"):
        node = world.node(who, label=who.capitalize(), kind="client")

        async def twice(who: str = who, node: Node = node) -> None:
            knows = Client()
            for number in (1, 2):
                await step(f"writes {who[0]}{number}")
                knows = await node.call("server", "put", text=f"{who[0]}{number}", knows=knows)

        node.spawn(twice())
    return world


def siblings(writers: int = 2, writes: int = 20) -> Result:
    """Count siblings while ``writers`` clients (1 to 10) write one key in turn, ``writes`` (1 to 60) times in all.

    Each hands back what its own last answer gave it. Closed forms: with one vector, one sibling for each write so far
    (one in all for a single writer); with dots, one for each writer.
    """
    for what, value, most in (("writers", writers, 10), ("writes", writes, 60)):
        if not isinstance(value, int) or not 1 <= value <= most:
            raise ValueError(f"{what}={value!r} is not possible; use a whole number from 1 to {most}")
    x = tuple(range(1, writes + 1))
    kept: dict[bool, list[int]] = {}
    dead: dict[bool, int] = {}
    for dots in (False, True):
        store, clients, kept[dots] = Store(dots), [Client()] * writers, []
        for turn in range(writes):
            who = turn % writers
            clients[who] = write(store, clients[who], f"w{turn + 1}")
            kept[dots].append(len(store.values))
        dead[dots] = len(store.dead())
    theory = {False: [1 if writers == 1 else n for n in x], True: [min(n, writers) for n in x]}
    series = {}
    for dots, label in ((False, "one version vector"), (True, "a dot for each value")):
        series[f"kept_{dots}"] = Series(label, x, tuple(kept[dots]))
        series[f"theory_{dots}"] = Series(f"{label}, closed form", x, tuple(theory[dots]), "theory")
    text = (f"After {_times(writes, 'write')} of {_times(writers, 'client')} in turn the store keeps {_times(kept[False][-1], 'sibling')} with one version "
            f"vector ({dead[False]} of them replaced long ago) and {kept[True][-1]} with a dot for each value ({dead[True]} replaced).")  # fmt: skip
    metrics = {
        "vector": Metric("siblings with one vector", kept[False][-1]),
        "dots": Metric("siblings with dots", kept[True][-1]),
        "dead_vector": Metric("dead siblings with one vector", dead[False]),
        "dead_dots": Metric("dead siblings with dots", dead[True]),
    }
    return Result({"writers": writers, "writes": writes}, metrics, text, series)


def _times(count: int, noun: str) -> str:
    return f"{count} {noun}{'s' * (count != 1)}"
