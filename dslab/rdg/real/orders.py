"""One stream in three orders into Valkey, with last-write-wins and with a blind overwrite: which graphs come out the same?"""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

from dslab import real
from dslab.rdg.graph import WATCHED_ON_DEVICES, Graph, writes_of
from dslab.rdg.kv import Store, Write
from dslab.rdg.real.valkey_store import ValkeyStore
from dslab.rdg.stream import actions, explode, wanted
from dslab.sim.result import Metric, Result, Series

STORED = Path(__file__).with_name("stored")
ACTIONS, BATCH = 600, 500


def _writes(seed: int) -> list[Write]:
    stream = actions(ACTIONS, seed, accounts=12, titles=60)
    return [
        write
        for action in stream
        if wanted(action)
        for update in explode(action)
        for write in writes_of(update)
    ]


def orders(seed: int = 0) -> dict[str, list[Write]]:
    """Give the writes of one stream in three orders: as they came, shuffled, and each of them twice."""
    came = _writes(seed)
    shuffled, doubled = list(came), [*came, *came]
    rng = Random(seed)
    rng.shuffle(shuffled)
    rng.shuffle(doubled)
    return {"as they came": came, "shuffled": shuffled, "doubled and shuffled": doubled}


def same_graph(server: Any = None, seed: int = 0) -> Result:
    """Write one stream in three orders to Valkey, with and without last-write-wins, and compare with the store in memory.

    Without ``server`` one is started and stopped; where there can be none the stored result is given, with the reason.
    """
    if server is not None:
        return _same_graph(server, seed)

    def own() -> Result:
        with real.valkey() as started:
            return _same_graph(started, seed)

    return real.live_or_stored(STORED / "same_graph.json", own, Result, metrics=Metric, series=Series)


def _same_graph(server: Any, seed: int) -> Result:
    came = orders(seed)
    memory = Store()
    for write in came["as they came"]:
        memory.apply(write)
    wanted_digest, rows, same = memory.digest(), [], {True: 0, False: 0}
    walks = 0
    for wins in (True, False):
        for order, writes in came.items():
            store = ValkeyStore(server, f"{int(wins)}-{order.replace(' ', '-')}", wins)
            for begin in range(0, len(writes), BATCH):
                store.apply_all(writes[begin : begin + BATCH])
            equal = store.to_memory().digest() == wanted_digest
            same[wins] += equal
            rows.append({"last-write-wins": wins, "order": order, "same graph as in memory": equal})
            if wins and order == "as they came":
                walks = _equal_walks(Graph(store=memory), Graph(store=store))
    text = (f"With last-write-wins {same[True]} of {len(came)} orders lead to the graph that memory holds, with a blind overwrite {same[False]}. "
            f"{walks} of 12 members' walks give the same answer from Valkey as from memory.")  # fmt: skip
    metrics = {"same_with": Metric("orders with the same graph, last-write-wins", same[True]),
               "same_without": Metric("orders with the same graph, blind overwrite", same[False]),
               "walks": Metric("walks with the same answer", walks)}  # fmt: skip
    return Result({"live": True, "seed": seed}, metrics, text, tables={"orders": rows})


def _equal_walks(one: Graph, other: Graph) -> int:
    return sum(
        one.walk(f"account:{n}", WATCHED_ON_DEVICES).levels
        == other.walk(f"account:{n}", WATCHED_ON_DEVICES).levels
        for n in range(12)
    )


def store_results() -> list[Path]:
    """Store today's result for machines where no server can be had; returns the paths."""
    with real.valkey() as server:
        return [real.save(STORED / "same_graph.json", same_graph(server))]
