"""One tree of calls, run three ways: sums, the product rule, and the article's figures."""

import math

import pytest

from dslab.microservices import callgraph
from dslab.microservices.callgraph import compare, in_series, tree


@pytest.mark.parametrize(
    ("hops", "percent", "hours"),
    [(1, 99.9, 0.72), (2, 99.8001, 1.44), (5, 99.5010, 3.59), (10, 99.0045, 7.17), (20, 98.0189, 14.26)],
)
def test_series_of_hops_as_in_the_facts(hops, percent, hours):
    assert 100 * in_series(0.999, hops) == pytest.approx(percent, abs=5e-5)
    assert callgraph.downtime_h(in_series(0.999, hops)) == pytest.approx(hours, abs=5e-3)


def test_four_nines_in_minutes():
    minutes = [60 * callgraph.downtime_h(in_series(0.9999, hops)) for hops in (5, 10)]
    assert minutes == pytest.approx([21.6, 43.2], abs=0.05)


def test_two_replicas_of_each_of_five_hops():
    assert 100 * in_series(0.999, 5, replicas=2) == pytest.approx(99.9995, abs=5e-5)


def test_eleven_hops_of_three_nines_are_below_two_nines():
    assert callgraph.hops_below(0.99, 0.999) == 11
    assert in_series(0.999, 10) > 0.99 > in_series(0.999, 11)


def test_a_chain_adds_and_a_fan_out_takes_the_longest():
    chain, fan = tree("chain", 6, 2.0), tree("fan-out", 6, 2.0)
    assert callgraph.mean_ms(chain, 1.0) == 7 * 2.0 + 6 * 1.0
    assert callgraph.mean_ms(fan, 1.0) == 2 * 2.0 + 1.0


def test_every_shape_has_all_its_services():
    for shape in callgraph.SHAPES:
        for services in (1, 2, 5, 12):
            assert len(tree(shape, services).walk()) == services + 1


def test_mixed_lies_between_chain_and_fan_out():
    chain, mixed, fan = (compare(shape=shape)["microservices_ms"] for shape in ("chain", "mixed", "fan-out"))
    assert fan < mixed < chain


def test_equal_work_leaves_exactly_the_tax_and_the_queues():
    run = compare(equal_work=True, network_ms=1.0)
    gap = run["microservices_ms"] - run["monolith_ms"]
    assert gap == pytest.approx(run["tax_ms"] + run["queue_ms"], abs=1e-4)


def test_unequal_work_adds_what_the_called_services_do():
    fair, unfair = compare(equal_work=True), compare(equal_work=False)
    assert fair["monolith_ms"] - unfair["monolith_ms"] == pytest.approx(6 * 1.5)
    assert fair["microservices_ms"] == unfair["microservices_ms"]


def test_a_kept_connection_and_a_binary_format_lower_the_tax():
    new, kept, binary = (
        compare(**how)["tax_ms"] for how in ({"keep_alive": False}, {}, {"encoding": "binary"})
    )
    assert new == pytest.approx(kept + 6 * 1.6)
    assert kept == pytest.approx(binary + 6 * 0.28)


def test_a_modular_monolith_costs_microseconds_more_than_a_monolith():
    run = compare()
    assert 0 < run["modular_monolith_ms"] - run["monolith_ms"] < 1e-3


def test_soft_dependencies_drop_out_of_the_product():
    assert compare(soft=6)["up_services"] == pytest.approx(0.999)
    assert compare(soft=0)["up_services"] == pytest.approx(0.999**7)


def test_drawn_latencies_agree_with_their_means():
    """A chain's times add, so the drawn mean must be the closed one (network log-normal: median times exp(sigma²/2))."""
    import random

    rng, root = random.Random(1), tree("chain", 6, 1.5)
    edge = callgraph.edge(1.0)
    times = [callgraph.draw_ms(root, edge, (0.0, 1.0), rng) for _ in range(8_000)]
    wanted = 7 * 1.5 + 6 * (0.35 + math.exp(callgraph.NETWORK_SPREAD**2 / 2))
    assert sum(times) / len(times) == pytest.approx(wanted, rel=0.02)


def test_littles_law_holds_for_the_gauge():
    run = compare(per_s=300)
    assert run["in_flight"] == pytest.approx(0.3 * run["microservices_ms"])


def test_over_its_capacity_the_line_has_no_end():
    run = compare(per_s=2_000)
    assert run["utilisation"] > 1 and run["microservices_ms"] == math.inf
    assert "grows for ever" in run.describe()


def test_a_shared_cause_keeps_all_up_more_often_than_the_product_rule_says():
    each = 0.99
    assert callgraph.shared_cause(1.0, each, 5) == each > each**5
    up, together = callgraph.simulated_availability(5, own_down=0.0, shared_down=0.01)
    assert up == pytest.approx(0.99, abs=0.003)
    assert together == 5


def test_independent_failures_hardly_coincide():
    up, together = callgraph.simulated_availability(5, own_down=0.01, shared_down=0.0)
    assert up == pytest.approx(0.99**5, abs=0.005)
    assert together < 1.1


@pytest.mark.parametrize(
    ("how", "says"),
    [({"shape": "star"}, "use one of chain, fan-out, mixed"), ({"services": 0}, "use 1 to 50"), ({"encoding": "XML"}, "use one of JSON, binary"),
     ({"network_ms": -1}, "use 0 to 100"), ({"soft": 7}, "use 0 to 6")],
)  # fmt: skip
def test_a_value_out_of_range_is_told(how, says):
    with pytest.raises(ValueError, match=says):
        compare(**how)
