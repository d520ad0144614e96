"""Latencies: whole microseconds, the distribution they say, the same from the same seed."""

import math
import random
import statistics

import pytest

from dslab.sim import empirical, exponential, fixed, lognormal, uniform
from dslab.sim.latency import as_latency

DRAWS = 20_000


def draw(latency, seed=1, draws=DRAWS):
    rng = random.Random(seed)
    return [latency(rng) for _ in range(draws)]


ALL = {
    "fixed": fixed(7), "uniform": uniform(3, 9), "exponential": exponential(400), "lognormal": lognormal(400, 2_500),
    "empirical": empirical([5, 7, 7, 900]),
}  # fmt: skip


@pytest.mark.parametrize("name", ALL)
def test_every_latency_is_a_whole_number_of_at_least_0(name):
    values = draw(ALL[name], draws=2_000)
    assert {type(value) for value in values} == {int}
    assert min(values) >= 0


@pytest.mark.parametrize("name", ALL)
def test_the_same_seed_draws_the_same(name):
    assert draw(ALL[name], seed=4, draws=50) == draw(ALL[name], seed=4, draws=50)


def test_fixed_is_always_the_same():
    assert set(draw(fixed(7), draws=10)) == {7}


def test_uniform_reaches_both_ends_and_nothing_else():
    assert set(draw(uniform(3, 6), draws=500)) == {3, 4, 5, 6}


def test_exponential_has_its_mean():
    # the mean of n draws has the standard deviation mean / sqrt(n); 4 of them
    assert abs(statistics.mean(draw(exponential(400))) - 400) < 4 * 400 / math.sqrt(DRAWS)


@pytest.mark.parametrize(("share", "us"), [(0.5, 400), (0.99, 2_500)])
def test_lognormal_has_its_median_and_99th_percentile(share, us):
    below = sum(value <= us for value in draw(lognormal(400, 2_500))) / DRAWS
    # a share of n draws has the standard deviation sqrt(p (1 - p) / n); 4 of them, and rounding to whole microseconds
    assert abs(below - share) < 4 * math.sqrt(share * (1 - share) / DRAWS) + 0.001


def test_lognormal_without_a_tail_is_its_median():
    assert set(draw(lognormal(400, 400), draws=20)) == {400}


def test_empirical_draws_each_value_as_often_as_it_was_measured():
    share = draw(ALL["empirical"]).count(7) / DRAWS
    assert abs(share - 0.5) < 4 * math.sqrt(0.25 / DRAWS)


@pytest.mark.parametrize(
    "make",
    [
        lambda: fixed(-1), lambda: fixed(1.5), lambda: fixed(True), lambda: uniform(5, 3), lambda: uniform(-1, 3),
        lambda: uniform(0.5, 3), lambda: exponential(0), lambda: exponential(-1), lambda: exponential(math.inf),
        lambda: exponential(math.nan), lambda: lognormal(0, 1), lambda: lognormal(5, 4), lambda: lognormal(5, math.inf),
        lambda: empirical([]), lambda: empirical([1, -1]), lambda: empirical([0.5]),
    ],
)  # fmt: skip
def test_what_is_no_latency_gets_a_sentence(make):
    with pytest.raises(ValueError, match=r"not possible|over 0|at least"):
        make()


def test_a_number_is_a_fixed_latency_and_a_function_is_itself():
    draws = as_latency(9)
    assert (draws(random.Random()), as_latency(len)) == (9, len)


@pytest.mark.parametrize("value", ["5", 1.5, None, True])
def test_a_latency_is_a_number_or_a_function(value):
    with pytest.raises(TypeError, match="whole number of microseconds or a function"):
        as_latency(value)
