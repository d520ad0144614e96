"""Lesson 10: twelve concepts, one module each.

| module        | concept                                                                                        |
|---------------|------------------------------------------------------------------------------------------------|
| `balancing`   | load balancing: random, round robin, least connections, two choices, consistent hash               |
| `caching`     | caching: LRU, LFU, FIFO, Clock, SIEVE, TTL; Che's approximation                                    |
| `cdn`         | content delivery network: two tiers, request collapsing, TTL, purge                                |
| `queue`       | message queue: at-least-once, visibility timeout, dead letters, back-pressure                       |
| `pubsub`      | publish-subscribe: fan-out, slow subscriber, retention                                             |
| `gateway`     | API gateway: routing, authentication, limits, hedging                                              |
| `breaker`     | circuit breaker: closed, open, half-open                                                           |
| `discovery`   | service discovery: leases, heartbeats, stale endpoints                                             |
| `sharding`    | sharding: range, hash, directory; hot key, moves                                                   |
| `limiters`    | rate limiting: five strategies behind one protocol                                                 |
| `hashing`     | consistent hashing: ring, jump, rendezvous, maglev                                                 |
| `autoscaling` | auto scaling: target tracking, cool-down, oscillation                                              |
| `composed`    | one request through all twelve                                                                     |
| `races`       | what goes wrong in them when a mechanism is off: named anomalies that the referee searches          |
| `elections`   | leader election: Bully, ring, Paxos, Raft, ZooKeeper's recipe                                      |
| `streaming`, `playlists`, `tools` | live streaming, its playlists, and the developer's tools                       |
| `workload`    | keys by popularity and arrivals by chance, which several of them need                              |

Each module opens with its own vocabulary table.
"""
