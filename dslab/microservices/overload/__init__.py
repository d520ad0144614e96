"""What happens when a call does not come back: pools, tails, retries, and the storm.

| part      | the question it answers                                                                       |
|-----------|-----------------------------------------------------------------------------------------------|
| `pools`   | how long does a request wait for a connection, and what does cutting a pool into parts cost?       |
| `tails`   | how slow is a request that waits for the slowest of many, and what does a hedge save?               |
| `retries` | how many calls reach the bottom when every layer tries again?                                    |
| `storm`   | why does a server stay overloaded after the cause is gone, and what ends it?                       |
"""

from dslab.microservices.overload.pools import (
    erlang_c,
    in_flight,
    mean_wait_ms,
    most_throughput,
    pools,
    simulated_wait_ms,
    starvation,
    starvation_table,
)
from dslab.microservices.overload.retries import (
    calls_at_the_bottom,
    layered,
    mean_attempts,
    mean_calls,
    most_calls,
)
from dslab.microservices.overload.storm import LOOK_AT_S, POLICIES, Storm, goodput_table, storm
from dslab.microservices.overload.tails import (
    Leaf,
    hedging_table,
    leaf_quantile_needed,
    quantile_ms,
    some_leaf_slow,
    tail_at_scale,
)

__all__ = [
    "LOOK_AT_S", "POLICIES", "Leaf", "Storm", "calls_at_the_bottom", "erlang_c", "goodput_table", "hedging_table", "in_flight",
    "layered", "leaf_quantile_needed", "mean_attempts", "mean_calls", "mean_wait_ms", "most_calls", "most_throughput", "pools",
    "quantile_ms", "simulated_wait_ms", "some_leaf_slow", "starvation", "starvation_table", "storm", "tail_at_scale",
]  # fmt: skip
