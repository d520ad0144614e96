"""Town Al-Gasr: nine ministries, each an anti-pattern of distributed systems with a switch for its cure (lesson 7).

| module       | what it holds                                                                                     |
|--------------|---------------------------------------------------------------------------------------------------|
| `switches`   | the nine ministries, their cures, and `Switches`                                                   |
| `palace`, `records`, `society` | the ministries as actors that a referee can schedule                             |
| `anomalies`  | invariants, one scenario for each failure, `search`, and the table of defences                       |
| `branches`, `drift`, `readings`, `rings`, `numbers` | the same ministries by the thousand: closed forms beside simulations |
| `town`       | the map: all nine at once, what they report and what is measured from outside                        |

Epochs, quorums and the fence are `dslab.sim.fence`, which other lessons can take, too.
"""
