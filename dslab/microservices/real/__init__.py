"""The price of a call for real: one small piece of work, reached in five ways on this machine.

| word       | meaning                                                                                              |
|------------|------------------------------------------------------------------------------------------------------|
| rung       | a way to reach the work: plain call, JSON round trip, HTTP with a new connection, HTTP kept alive, gRPC     |
| work       | the same on every rung: the total of an order of eight lines                                             |
| ratio      | the median of a rung over the median of the plain call                                                |
| interval   | the middle 95 % of the ratios of re-drawn samples (bootstrap): how far chance alone moves the ratio        |

`ladder()` measures; the server is another process on the loopback address, started for it and always stopped. gRPC needs the package grpcio,
which this project does not install: where it is missing, the result says so in a sentence. Loopback has no cable, no switch and no other
machine: every network is dearer than this.
"""

from dslab.microservices.real.rungs import RUNGS, ladder, measured_rows, store_results, stored

__all__ = ["RUNGS", "ladder", "measured_rows", "store_results", "stored"]
