"""CacheFront at the size of a fleet: how often it hits, how stale it is, what its losses cost.

| word            | meaning                                                                                             |
|-----------------|-----------------------------------------------------------------------------------------------------|
| row             | what is cached: one row of Docstore, one slot of Redis                                              |
| hit rate        | share of the reads that the cache answers; the others are the database's load                       |
| skew            | exponent of the Zipf law: the row of rank k gets reads in proportion to k ** -skew                  |
| TTL             | how long an entry lives from its fill (a hit does not renew it, unless a switch says so)            |
| marker          | what an invalidation leaves in the slot: the next read misses                                       |
| negative cache  | remembering that a row does not exist                                                               |
| duration        | how long a stale copy is served: at most the TTL                                                    |
| age gap         | how much older the served row is than the newest one: nothing bounds it                             |
| lag             | how long a path takes: Flux after the commit, replication and stream to a second region             |
| shard, cluster  | where a row lives in the database, and in Redis                                                     |
| same, cross     | one hash for both, or a second one for Redis                                                        |
| shed            | not sent: by a breaker to an ill node (it goes to the database), by a full shard (it is refused)    |
| ahead, behind   | an entry newer, or older, than the database of its own region                                       |

Each model takes plain numbers and gives a `dslab.sim.Result`. A series of kind "theory" is a closed form of ours,
"simulated" comes from a seeded run of ours, and "claimed" is a figure of Uber's (`FIGURES`, with source and mark). Rates,
capacities, latencies and the Zipf law are modelled; Uber has published none of them for its fleet.

| model          | question                                                       | file        |
|----------------|----------------------------------------------------------------|-------------|
| `hit_rate`     | how do hit rate and database load follow TTL and skew?         | hits.py     |
| `lru`          | and where memory is short, so that rows are evicted?           | memory.py   |
| `staleness`    | how long is a stale copy served, and how old is it?            | meters.py   |
| `cluster_loss` | one Redis cluster of ten dies: which database shards suffer?   | clusters.py |
| `breaker`      | one Redis node falls ill: what does a circuit breaker save?    | shedding.py |
| `warm_up`      | a second region is kept warm: by keys or by values?            | regions.py  |
| `load_at_scale`| what do 99, 99.9 and 99.99 % leave of 150 million rows/s?      | scale.py    |

Left out: hot rows pinned to one Redis core, bursts (all streams are Poisson), rows of different sizes, Redis's sampled
LRU, requests for several rows at once.
"""

from __future__ import annotations

from dslab.cachefront.fleet.clusters import CLUSTER_LOSS_RANGES, cluster_loss, load_multiple, share_lost
from dslab.cachefront.fleet.hits import (
    HIT_RATE_RANGES,
    entry_life_s,
    hit_rate,
    needed_reads_per_write,
    row_hit_rate,
    row_stale_rate,
)
from dslab.cachefront.fleet.invalidation import (
    Paths,
    duration_bound_s,
    duration_over,
    gap_if_all_lost_s,
    paths,
    stale_share,
)
from dslab.cachefront.fleet.memory import LRU_RANGES, characteristic_time, lru, lru_hit_rate
from dslab.cachefront.fleet.meters import STALENESS_RANGES, replay, staleness, year_old_row
from dslab.cachefront.fleet.popularity import Band, zipf
from dslab.cachefront.fleet.ranges import Options, Range, Switch
from dslab.cachefront.fleet.regions import WARM_UP_RANGES, ahead_chance, warm_up
from dslab.cachefront.fleet.scale import LOAD_RANGES, derived_figures, load_at_scale
from dslab.cachefront.fleet.shedding import BREAKER_RANGES, breaker, p9999_ms, settled
from dslab.cachefront.fleet.uber import FIGURES, Figure, figure

RANGES = {
    "hit_rate": HIT_RATE_RANGES,
    "lru": LRU_RANGES,
    "staleness": STALENESS_RANGES,
    "cluster_loss": CLUSTER_LOSS_RANGES,
    "breaker": BREAKER_RANGES,
    "warm_up": WARM_UP_RANGES,
    "load_at_scale": LOAD_RANGES,
}

__all__ = [
    "FIGURES",
    "RANGES",
    "Band",
    "Figure",
    "Options",
    "Paths",
    "Range",
    "Switch",
    "ahead_chance",
    "breaker",
    "characteristic_time",
    "cluster_loss",
    "derived_figures",
    "duration_bound_s",
    "duration_over",
    "entry_life_s",
    "figure",
    "gap_if_all_lost_s",
    "hit_rate",
    "load_at_scale",
    "load_multiple",
    "lru",
    "lru_hit_rate",
    "needed_reads_per_write",
    "p9999_ms",
    "paths",
    "replay",
    "row_hit_rate",
    "row_stale_rate",
    "settled",
    "share_lost",
    "stale_share",
    "staleness",
    "warm_up",
    "year_old_row",
    "zipf",
]
