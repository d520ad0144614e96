"""How the invalidation of a write travels, and what follows from it in closed form.

One row, reads Poisson at rate r, writes Poisson at rate w, entries that live at most T seconds from their fill, fills
from the leader. Row timestamps and compare-and-set as in Docstore, so that an invalidation removes only older copies
[V]. With F(u) the chance that the invalidation of a write has come after u seconds, H(y) the integral of F up to y and
G(y) = y - H(y), an entry is alive at age y < T with chance e^(-w H(y)) and fresh with chance e^(-w y). Let L be the
integral of the first up to T and S that of the difference:

    share of reads served stale = r S / (1 + r L)
    P(duration > z)             = (1 - F(z)) e^(-w H(z)) (1 - e^(-w (T - z))) / (1 - e^(-w T))     for z < T

With a fixed lag d, nothing lost and a very long TTL this is r d / (1 + r d + r / w): in each cycle one miss, d seconds
of stale hits and 1 / w seconds of fresh ones.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

from dslab.cachefront.fleet.numeric import integral


@dataclass(frozen=True)
class Paths:
    """How the invalidation of one write travels: by which path with which chance, and how long each takes (seconds)."""

    by_window: float
    by_flux: float
    window_s: float
    lag_s: float
    fixed: bool

    @property
    def lost(self) -> float:
        """Chance that no invalidation of a write arrives, ever."""
        return max(0.0, 1 - self.by_window - self.by_flux)

    def arrived(self, u: float) -> float:
        """F(u): chance that the invalidation has come at most ``u`` seconds after its commit."""
        late = float(u >= self.lag_s) if self.fixed or self.lag_s == 0 else -math.expm1(-u / self.lag_s)
        return self.by_window * (u >= self.window_s) + self.by_flux * late

    def missing_s(self, y: float) -> float:
        """G(y): the integral of 1 - F from 0 to ``y``."""
        late = (
            min(y, self.lag_s) if self.fixed or self.lag_s == 0 else -self.lag_s * math.expm1(-y / self.lag_s)
        )
        return self.by_window * min(y, self.window_s) + self.by_flux * late + self.lost * y

    def choices(self) -> dict[str, float]:
        """The paths that can happen to a write, each with its chance."""
        chances = {"window": self.by_window, "flux": self.by_flux, "lost": self.lost}
        return {path: chance for path, chance in chances.items() if chance > 1e-12}

    def delay(self, path: str, rng: random.Random) -> float:
        """Draw the delay of an invalidation by this path (s); infinite for "lost"."""
        if path == "lost":
            return math.inf
        if path == "window":
            return self.window_s
        return self.lag_s if self.fixed or self.lag_s == 0 else rng.expovariate(1 / self.lag_s)

    def draw(self, rng: random.Random, heard: bool = False) -> str:
        """Draw the path of a write; with ``heard``, of a write whose invalidation is not lost."""
        at = rng.random() * ((self.by_window + self.by_flux) if heard else 1.0)
        if at < self.by_window:
            return "window"
        return "flux" if heard or at < self.by_window + self.by_flux else "lost"


def paths(
    sync: bool,
    window_ms: float,
    sync_failure: float,
    flux: bool,
    flux_lag_s: float,
    lag_shape: str,
    loss: float,
) -> Paths:
    """Say by which path invalidations come: the query engine's if ``sync``, else Flux's if ``flux``, none where lost."""
    by_window = (1 - sync_failure) * (1 - loss) if sync else 0.0
    by_flux = (1 - loss) - by_window if flux else 0.0
    return Paths(by_window, by_flux, window_ms / 1e3, flux_lag_s, lag_shape == "fixed")


def lives_s(way: Paths, writes: float, ttl_s: float) -> tuple[float, float]:
    """L and S of the module's formula: mean seconds that an entry lives, and of these the stale ones."""

    def alive(y: float) -> float:
        return math.exp(-writes * (y - way.missing_s(y)))

    def stale(y: float) -> float:
        return -alive(y) * math.expm1(-writes * way.missing_s(y))

    steps = [0.0, *(step / writes for step in (1, 3, 9))]
    kinks = [at + step for at in (0.0, way.window_s, way.lag_s) for step in steps]
    return integral(alive, ttl_s, kinks), integral(stale, ttl_s, kinks)


def stale_share(way: Paths, reads: float, writes: float, ttl_s: float) -> float:
    """Closed form: share of all reads of the row that are served a stale value; 0 to 1."""
    life_s, stale_s = lives_s(way, writes, ttl_s)
    return reads * stale_s / (1 + reads * life_s)


def duration_over(way: Paths, writes: float, ttl_s: float, z: float) -> float:
    """Closed form: chance that a copy which became stale is served for longer than ``z`` seconds; 0 to 1."""
    if z >= ttl_s:
        return 0.0
    survives = (1 - way.arrived(z)) * math.exp(-writes * (z - way.missing_s(z)))
    return survives * math.expm1(-writes * (ttl_s - z)) / math.expm1(-writes * ttl_s)


def gap_if_all_lost_s(writes: float, ttl_s: float) -> float:
    """Closed form: mean age gap (s) over the stale reads of a row none of whose invalidations arrives.

    The row served was on average already 1 / w old when it was filled; the newest commit since then adds the rest.
    """
    x = writes * ttl_s
    if x < 1e-3:
        return 1 / writes + ttl_s / 3
    newest = (x * x / 2 - x - math.expm1(-x)) / (x + math.expm1(-x))
    return (1 + newest) / writes


def duration_bound_s(way: Paths, ttl_s: float) -> float:
    """The longest that a stale copy can be served (s): the TTL, unless a path of bounded delay is certain to end it."""
    if way.lost > 1e-15 or (way.by_flux > 0 and not way.fixed and way.lag_s > 0):
        return ttl_s
    slowest = max(way.window_s if way.by_window else 0.0, way.lag_s if way.by_flux else 0.0)
    return min(ttl_s, slowest)
