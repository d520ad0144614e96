"""The OpenSearch Kubernetes operator: a loop that restarts a cluster one pod at a time, and the guards that should keep it alive.

| part         | what it is                                                                          |
|--------------|---------------------------------------------------------------------------------------|
| `switches`   | every guard as a switch; three versions as settings; the quorum guard and its table      |
| `manifest`   | reads ``OpenSearchCluster`` YAML of both API groups; errors point at the path            |
| `shards`     | copies, the version rule, excludes, health                                             |
| `cluster`    | StatefulSets, pods, votes, settings                                                    |
| `reconcile`  | the operator's outer loop and the rolling restart; `upgrade`, `scaler`, `policy` beside it |
| `bootstrap`  | the first election, and how two clusters come about                                     |
| `tls`        | certificates, mounts and hot reload                                                    |
| `migration`  | the twin object in the new API group                                                   |
| `namespaces` | which namespaces are watched                                                           |
| `invariants` | what must hold, in sentences                                                           |
| `anomalies`  | one scenario for each way to fail (`objects` has those of the last three parts), the tables, the crash of the operator |
| `timeline`   | one change by the clock; the guard for 1 to 9 managers                                  |
"""
