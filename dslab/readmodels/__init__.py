"""Rebuilding event-driven read models: protocol, anomalies, advisory locks, load, the real part.

| part        | what it is                                                                          |
|-------------|-------------------------------------------------------------------------------------|
| `protocol`  | append, rebuild, drain: every mechanism has a switch                                  |
| `database`  | transactions that show nothing before their commit, and one advisory lock             |
| `locks`     | PostgreSQL's advisory locks, driven by SQL statements; a module of its own             |
| `anomalies` | invariants, one scenario for each way to fail, the designs and their table             |
| `lanes`     | one append beside one rebuild, in the order that somebody chooses                      |
| `load`      | rebuilds under load: lost, doubled, refused, paused, with closed forms                 |
| `real`      | the same on PostgreSQL                                                               |
"""
