"""Pacer and PinLater, Pinterest's asynchronous job platforms: who may take which job, and what that costs.

| part         | what it is                                                                             |
|--------------|----------------------------------------------------------------------------------------|
| `switches`   | every mechanism as a switch; PinLater's and Pacer's settings                             |
| `table`      | the job table: claiming, handing out, reporting, running out                             |
| `protocol`   | servers or brokers, the controller, workers                                             |
| `shared`     | what queues share: locks, empty tables, hosts, threads                                    |
| `anomalies`  | invariants, one scenario for each way to fail, the tables of defences and of designs      |
| `claiming`   | claims at load: lock waits, empty polls, latency; closed forms                          |
| `failover`   | a broker is killed or stands still, by the clock                                         |
| `neighbours` | hosts or pods, one pool of threads or two, at load                                       |
| `real`       | the same claims on PostgreSQL                                                            |
"""
