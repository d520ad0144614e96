"""Netflix's Real-Time Distributed Graph (RDG): the stream that builds it, the store that holds it, the walks that read it.

| part        | what it is                                                                                   |
|-------------|----------------------------------------------------------------------------------------------|
| `stream`    | a documented generator of actions, and what one action becomes: nodes and edges                 |
| `pipeline`  | topics with offsets, jobs with a dedup window, watermarks and checkpoints, ingestion, sharding   |
| `kv`        | the two-level map: record id to sorted items, with TTLs and last-write-wins                     |
| `graph`     | a property graph over it, in the layout of 2025 and of 2026; walks by depth and by level        |
| `protocol`  | the moving parts in the simulator: every mechanism has a switch                                 |
| `anomalies` | invariants, one scenario for each way to fail, the table of defences                            |
| `measures`  | lag, dedup, wide records, fan-out, node cache and fleet: simulations beside closed forms         |
| `real`      | the same writes in Valkey, the same walks in networkx, the same graph over a dask cluster         |
"""
