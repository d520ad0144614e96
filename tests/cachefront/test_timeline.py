"""One write between two reads: durations that a pencil can check, and two meters that do not agree."""

import pytest

from dslab.cachefront.timeline import AGES_US, span, staleness_by_lag, timeline


def test_default_is_the_late_fill():
    """The fill leaves with 20 ms delay and arrives 20 ms after the commit; Flux repairs 500 + 1 ms after the commit."""
    run = timeline()
    assert (run["stale_reads"], run["stale_s"]) == (1, pytest.approx(0.480, abs=0.002))


def test_markers_cure_it():
    run = timeline(markers=True)
    assert (run["stale_reads"], run["stale_s"]) == (0, 0)


@pytest.mark.parametrize("lag_ms", [0, 50, 500, 5_000])
def test_with_flux_alone_stale_for_lag_plus_one_hop(lag_ms):
    run = timeline(cached=True, markers=True, invalidation="none", cdc_lag_ms=lag_ms, network_ms=1.0)
    assert run["stale_s"] == pytest.approx(lag_ms / 1e3 + 0.001, abs=1e-6)


@pytest.mark.parametrize("network_ms", [0.1, 1.0, 2.5])
def test_with_markers_stale_for_two_hops(network_ms):
    """From the commit: one hop back to the writer, one to the cache."""
    run = timeline(cached=True, markers=True, network_ms=network_ms)
    assert run["stale_s"] == pytest.approx(2 * network_ms / 1e3, abs=1e-6)


@pytest.mark.parametrize("ttl_s", [0.5, 10.0, 300.0])
def test_what_is_lost_stays_until_the_ttl(ttl_s):
    """The slot was filled at 0 and the commit is at 10 ms."""
    run = timeline(cached=True, lose=True, ttl_s=ttl_s)
    assert run["stale_s"] == pytest.approx(ttl_s - 0.010, abs=1e-6)


@pytest.mark.parametrize("age", AGES_US)
def test_age_gap_is_the_age_of_the_row_whatever_the_ttl(age):
    gaps = {timeline(cached=True, lose=True, ttl_s=ttl_s, row_age=age)["age_gap_s"] for ttl_s in (0.5, 300.0)}
    assert gaps == {AGES_US[age] / 1e6}


def test_synchronous_writes_cost_one_round_trip_more():
    sync, later = (timeline(invalidation=way, network_ms=1.5)["write_ms"] for way in ("sync", "async"))
    assert sync - later == pytest.approx(3.0)


def test_closed_forms_stand_on_the_simulated_points():
    result = staleness_by_lag()
    for way in ("sync", "async", "Flux only", "lost"):
        assert result.series[way].y == pytest.approx(result.series[f"{way} (theory)"].y, rel=1e-9)


def test_the_same_run_every_time():
    assert timeline().trace.digest() == timeline().trace.digest()


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"network_ms": 0}, "network_ms=0 is out of range; use 0.1 to 2.5"),
        ({"cdc_lag_ms": -1}, "cdc_lag_ms=-1 is out of range; use 0 to 5000"),
        ({"ttl_s": 0}, "ttl_s=0 is out of range"),
        ({"row_age": "an hour"}, "row_age='an hour' is no choice"),
        ({"invalidation": "maybe"}, "invalidation='maybe' is no choice"),
    ],
)
def test_parameter_out_of_range_is_told(wrong, says):
    with pytest.raises(ValueError, match=says):
        timeline(**wrong)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0005, "0.5 ms"),
        (0.48, "480 ms"),
        (1.0, "1 s"),
        (300, "5 min"),
        (86_400, "24 h"),
        (31_536_000, "365 days"),
    ],
)
def test_span_has_a_unit_that_fits(seconds, text):
    assert span(seconds) == text
