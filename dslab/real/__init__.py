"""The real parts: an embedded PostgreSQL and Valkey that are started for a lesson and always stopped again.

| name             | what it does                                                                                   |
|------------------|------------------------------------------------------------------------------------------------|
| `postgres`       | start an embedded PostgreSQL, or use the server that DSLAB_POSTGRES_URL names                  |
| `valkey`         | start an embedded Valkey, or use the server that DSLAB_VALKEY_URL names                        |
| `Unavailable`    | the one error: a sentence that says why there is none and what to do                           |
| `available`      | rows for the preflight; starts nothing                                                         |
| `Feed`, `Change` | the change feed of PostgreSQL tables (logical decoding)                                        |
| `together`, `Gate` | several clients at once; a place where one is held, so that a race is certain                |
| `compare`        | two timings, one conclusion that is the same in every run                                      |
| `live_or_stored` | a live result, or the stored one with the reason why it is not live                            |
| `save`, `load`   | store a live result for that; read it                                                          |
| `Journal`        | what happened, with t1, t2 ... for clock readings                                              |

Only a lesson's ``real.py`` and the preflight import this package. What is guaranteed about cleaning up stands in
`dslab.real.embedded`.
"""

from dslab.real.clients import HOLD_S_MAX, Comparison, Gate, Timing, compare, together
from dslab.real.feed import Change, Feed
from dslab.real.journal import Journal
from dslab.real.postgres_server import Postgres, postgres
from dslab.real.stored import live_or_stored, load, save
from dslab.real.unavailable import Unavailable, available
from dslab.real.valkey_server import Valkey, valkey

__all__ = [
    "HOLD_S_MAX",
    "Change",
    "Comparison",
    "Feed",
    "Gate",
    "Journal",
    "Postgres",
    "Timing",
    "Unavailable",
    "Valkey",
    "available",
    "compare",
    "live_or_stored",
    "load",
    "postgres",
    "save",
    "together",
    "valkey",
]
