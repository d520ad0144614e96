"""Rebuilding read models on a real PostgreSQL: forced races, rebuilds under load, advisory locks held against the model.

| part     | what it is                                                                            |
|----------|---------------------------------------------------------------------------------------|
| `sql`    | append, rebuild and drain as SQL, with the switches of the model                         |
| `runs`   | what the lesson shows: races, load, lock matrices; live, or stored where there is no server |
| `cases`  | the lock matrices                                                                       |
| `matrix` | plays a lock matrix on the server: what is done at once, what waits, what fails           |
"""

from dslab.readmodels.real.runs import (
    LOADED,
    OFF,
    RACES,
    Lab,
    lock_matrices,
    race,
    races,
    rebuild_under_load,
    store_results,
    stored,
    under_load,
)

__all__ = [
    "LOADED",
    "OFF",
    "RACES",
    "Lab",
    "lock_matrices",
    "race",
    "races",
    "rebuild_under_load",
    "store_results",
    "stored",
    "under_load",
]
