"""The Sauna Algorithm: surviving without a clock. The rule, how it fails, crowds, and the theory of order behind it.

| part        | what it is                                                                        |
|-------------|-----------------------------------------------------------------------------------|
| `switches`  | every mechanism, each of which can be turned off                                     |
| `waits`     | waits-for graphs: moving, an endless chain, a true cycle                              |
| `room`      | the door, the people and the rule, as actors that the referee can schedule            |
| `order`     | observers with clocks, causal broadcast, the back channel                             |
| `versions`  | version vectors and dotted version vectors, and the siblings they keep                |
| `anomalies` | invariants, one scenario for each way to fail, the table of defences                  |
| `crowd`     | many people by the clock: stays, closed forms, stalls by capacity                      |
| `stamps`    | Lamport, vector and hybrid clocks on one run, and what each of them can tell           |
| `nine`      | a system of nine states, small enough to be searched by hand                          |
| `real`      | four real processes, their logs, and the clocks rebuilt from those                     |
"""
