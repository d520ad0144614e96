"""Workloads: which key is asked for, and when.

| word     | meaning                                                                                          |
|----------|--------------------------------------------------------------------------------------------------|
| rank     | a key's place in the order of popularity; key 0 is the most popular                                 |
| Zipf     | the key of rank r (from 1) is asked for in proportion to 1 / r^skew; skew 0 makes all keys equal      |
| Poisson  | arrivals that know nothing of each other: the gaps are exponential                                  |
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate


@lru_cache(maxsize=64)
def zipf(keys: int, skew: float) -> tuple[float, ...]:
    """Give the share of all requests that goes to each of ``keys`` keys (1 to 1,000,000), most popular first.

    ``skew`` is 0 (all equal) to 3. The shares add up to 1. ValueError for a number out of range.
    """
    if not isinstance(keys, int) or not 1 <= keys <= 1_000_000:
        raise ValueError(f"keys={keys!r} is not possible; use a whole number from 1 to 1,000,000")
    if not 0 <= skew <= 3:
        raise ValueError(f"skew={skew!r} is not possible; use 0 (all keys equal) to 3")
    weights = [(rank + 1) ** -skew for rank in range(keys)]
    total = sum(weights)
    return tuple(weight / total for weight in weights)


def requests(rng: random.Random, count: int, keys: int, skew: float) -> list[int]:
    """Draw ``count`` keys independently of each other, by `zipf`."""
    return rng.choices(range(keys), cum_weights=list(accumulate(zipf(keys, skew))), k=count)


def poisson(rng: random.Random, count: int, rate: float) -> list[float]:
    """Draw ``count`` moments of arrival, ``rate`` (above 0) of them per unit of time on average, ascending from 0."""
    if rate <= 0:
        raise ValueError(f"rate={rate!r} is not possible; it must be above 0")
    return list(accumulate(rng.expovariate(rate) for _ in range(count)))


def loop(count: int, keys: int) -> list[int]:
    """Give ``count`` keys that go round and round through ``keys`` of them: 0, 1, 2 ... 0, 1, 2 ..."""
    return [place % keys for place in range(count)]


def scanned(rng: random.Random, count: int, keys: int, skew: float, share: float = 0.3) -> list[int]:
    """Give ``count`` keys, mostly by `zipf`, with a scan among them: about ``share`` (0 to 1) are new keys asked for once."""
    popular = requests(rng, count, keys, skew)
    fresh = keys
    for place in range(count):
        if rng.random() < share:
            popular[place], fresh = fresh, fresh + 1
    return popular


def worded(numbers: Sequence[float], unit: str = "") -> str:
    """Write a few numbers in words: "1, 2 and 3 ms"."""
    texts = [f"{number:g}" for number in numbers]
    joined = " and ".join(filter(None, (", ".join(texts[:-1]), texts[-1])))
    return f"{joined} {unit}".strip()
