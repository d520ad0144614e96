"""The graph for real: the same writes in Valkey, the same walks in networkx, the same graph over a dask cluster.

| word        | meaning                                                                                                  |
|-------------|----------------------------------------------------------------------------------------------------------|
| record      | a hash in Valkey, ``namespace/record id``: item key to ``version|value``; beside it a sorted set of the item keys |
| script      | last-write-wins as one Lua script, which Valkey runs undivided                                             |
| order       | how a stream comes in: as made, shuffled, doubled; each must lead to the same graph                          |
| digest      | a number of the whole contents (`dslab.rdg.kv.Store.digest`): equal contents, equal digest                    |

`same_graph` is what the lesson shows. `agrees_with_networkx` needs networkx, `over_cluster` dask.distributed; each says so where it is missing.
"""

from dslab.rdg.real.cluster import over_cluster
from dslab.rdg.real.exported import agrees_with_networkx, to_networkx
from dslab.rdg.real.orders import same_graph, store_results
from dslab.rdg.real.scale import growth
from dslab.rdg.real.valkey_store import ValkeyStore

__all__ = [
    "ValkeyStore",
    "agrees_with_networkx",
    "growth",
    "over_cluster",
    "same_graph",
    "store_results",
    "to_networkx",
]
