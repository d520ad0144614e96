"""How ten million questions a second are answered: snapshots that many share, a cache that is never invalidated, and its helpers.

| part        | what it is                                                                        |
|-------------|------------------------------------------------------------------------------------|
| `server`    | one aclserver with lock table and cancellation, small enough to search its schedules  |
| `load`      | hit ratio against quantum, a hot spot, a stampede; closed forms beside simulations     |
| `tails`     | hedging, and the paper's table of Safe and Recent latencies                           |
| `placement` | who computes what: consistent hashing, forwarding, isolation of clients               |
"""

from dslab.zanzibar.serving.load import hit_ratio, hot_spot, quantized, stampede
from dslab.zanzibar.serving.placement import Ring, forwarding, isolation
from dslab.zanzibar.serving.tails import hedging, safe_and_recent

__all__ = [
    "Ring",
    "forwarding",
    "hedging",
    "hit_ratio",
    "hot_spot",
    "isolation",
    "quantized",
    "safe_and_recent",
    "stampede",
]
