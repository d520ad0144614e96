"""CacheFront for real: PostgreSQL as the store, its logical decoding as Flux, Valkey as the cache.

| word         | meaning                                                                                               |
|--------------|-------------------------------------------------------------------------------------------------------|
| row          | what the store holds for a key: a value, a tombstone (``deleted``) and its timestamp (``updated_at``)   |
| timestamp    | microseconds, one per transaction, strictly rising in the order of commits; written t1, t2 ... here   |
| soft delete  | set the tombstone instead of removing the row, so that the row can still be found by its timestamp    |
| slot         | what the cache holds for a key: a row, a marker or "absent", with its timestamp; or nothing           |
| fill         | a reader that missed puts the row it read from the store into the slot                                |
| marker       | put over a slot by a writer: whatever is older than my timestamp is out of date                       |
| CAS          | compare-and-set: the slot takes only what is newer, or a row of the same timestamp; one Lua script    |
| query engine | the code that a client calls: it reads through the cache, and invalidates after a write               |
| Flux         | follows the store's change feed and puts each committed row into the cache                            |
| follower     | a copy of the store that lags; here an old snapshot of the same PostgreSQL                            |
| race         | a sequence in which something goes wrong; gates hold each client at the right place, so it is certain |

`race(name, **positions)` plays one and returns an `Outcome`; `Lab` keeps the servers for several. `late_fills`,
`free_runs` and `defences` are what the lesson shows. Sources: Uber Engineering's posts on CacheFront of February 2024 and
August 2025. Unlike Uber's: PostgreSQL for MySQL under Raft, Valkey for Redis, one of each on one machine.
"""

from dslab.cachefront.real.races import RACES, Lab, Outcome, race
from dslab.cachefront.real.results import defences, free_run, free_runs, late_fills, store_results

__all__ = [
    "RACES",
    "Lab",
    "Outcome",
    "defences",
    "free_run",
    "free_runs",
    "late_fills",
    "race",
    "store_results",
]
