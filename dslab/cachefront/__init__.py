"""CacheFront, Uber's cache in the query engine: the protocol, its anomalies, one run by the clock, the fleet, the real parts.

| part        | what it is                                                              |
|-------------|-------------------------------------------------------------------------|
| `protocol`  | query engine, slot, leader, follower, Flux: every mechanism has a switch   |
| `anomalies` | invariants, one scenario for each way to fail, the table of defences       |
| `timeline`  | one write between two reads, by the clock                                 |
| `fleet`     | hit rate, load, staleness and losses at scale, with closed forms           |
| `real`      | the same races on PostgreSQL and Valkey                                   |
"""
