"""The models of live streaming: the latency budget, lost packets, the buffer; formulas beside simulations."""

import math
import random
from itertools import pairwise

import pytest

from dslab.concepts.streaming import ingest, path, player

# -- the budget -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("delivery", path.WAYS)
@pytest.mark.parametrize("segment_s", [2, 6])
def test_viewers_who_join_are_as_late_as_the_formula_says(delivery, segment_s):
    """300 viewers; the standard error of a uniform term of width w is w / sqrt(12 * 300), 0.1 s for 6 s."""
    run = path.budget(delivery, segment_s)
    assert run["simulated"] == pytest.approx(
        run["mean"], abs=0.08 * path.unit_ms(delivery, segment_s * 1_000, 500) / 1_000 + 0.01
    )


@pytest.mark.parametrize("delivery", path.WAYS)
def test_no_viewer_is_better_than_the_best_or_worse_than_the_worst(delivery):
    run = path.budget(delivery, 4)
    seen = run.series["joined"].y
    assert run["best"] - 1e-9 <= min(seen) and max(seen) <= run["worst"] + 1e-9


def test_terms_add_up_to_the_mean():
    run = path.budget("HLS / DASH", 6)
    assert sum(run[term] for term in path.PARTS_OF_BUDGET) == pytest.approx(run["mean"])


def test_hold_back_of_three_segments_alone_is_eighteen_seconds():
    assert path.budget("HLS / DASH", 6)["hold-back"] == 18


def test_segments_matter_to_plain_delivery_and_not_to_parts():
    assert path.any_latency(delivery="HLS / DASH", segment_ms=2_000) < path.any_latency(
        delivery="HLS / DASH", segment_ms=6_000
    )
    assert path.any_latency(delivery="LL-HLS", segment_ms=2_000) == path.any_latency(
        delivery="LL-HLS", segment_ms=6_000
    )


def test_shorter_units_cost_more_requests():
    """A playlist and a file for each unit: 20 a minute with 6 s, 240 with parts of 0.5 s."""
    assert [path.budget(delivery, 6)["asks"] for delivery in ("HLS / DASH", "LL-HLS", "WebRTC")] == [
        20,
        240,
        0,
    ]


@pytest.mark.parametrize(
    ("delivery", "hold", "says"),
    [
        ("HLS / DASH", 2, "forbid"),
        ("HLS / DASH", 3, ""),
        ("LL-HLS", 1, "forbid"),
        ("LL-HLS", 2, "advise 3"),
        ("WebRTC", 1, ""),
    ],
)
def test_hold_back_below_its_rule_is_said(delivery, hold, says):
    text = path.budget(delivery, 4, hold_units=hold).text
    assert says in text if says else "The rules" not in text


def test_with_six_second_segments_three_seconds_need_parts():
    free = {"segment_ms": 6_000, "encode_ms": 0, "rtt_ms": 0, "ttl_ms": 0, "ingest": "WebRTC"}
    assert path.any_latency(delivery="HLS / DASH", **free) > 18
    assert path.any_latency(delivery="LL-HLS", part_ms=500, segment_ms=6_000) < 3


@pytest.mark.parametrize(
    ("wanted_s", "viewers", "apple", "chosen"),
    [
        (30, 10**6, False, "HLS / DASH"),
        (5, 10**6, False, "LL-HLS"),
        (0.5, 200, False, "WebRTC"),
        (0.5, 10**6, False, ""),
        (16.5, 10, True, "HLS / DASH"),
    ],
)
def test_simplest_way_that_fits_is_chosen(wanted_s, viewers, apple, chosen):
    result = path.choose(wanted_s, viewers, apple)
    assert result.params["chosen"] == chosen
    assert all(row["fits"] == (not row["why not"]) for row in result.tables["ways"])


@pytest.mark.parametrize(
    "how", [{"delivery": "pigeon"}, {"ingest": "pigeon"}, {"segment_ms": -1}, {"rtt_ms": True}]
)
def test_wrong_settings_of_the_budget_are_told(how):
    with pytest.raises(ValueError, match=r"there is no|must be a number"):
        path.terms(**how)


# -- lost packets -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("loss", "rtt_ms"), [(20, 100), (10, 60), (5, 200)])
def test_too_late_is_the_loss_to_the_power_of_the_tries(loss, rtt_ms):
    """10,000 packets: within four standard deviations of the closed form at every latency."""
    seen = ingest.delays(loss / 100, rtt_ms)
    for latency in range(0, 500, 20):
        share, theory = (
            sum(delay > latency for delay in seen) / len(seen),
            ingest.too_late(loss / 100, latency, rtt_ms),
        )
        assert abs(share - theory) <= 4 * math.sqrt(theory / len(seen)) + 1 / len(seen)


def test_one_round_trip_of_latency_multiplies_by_the_loss():
    assert ingest.too_late(0.05, 200, 100) == pytest.approx(0.05 * ingest.too_late(0.05, 100, 100))
    assert ingest.too_late(0.05, 199, 100) == ingest.too_late(
        0.05, 100, 100
    )  # nothing is gained within a step


def test_default_latency_has_two_tries_at_a_round_trip_of_100_ms():
    assert ingest.too_late(0.05, ingest.DEFAULT_LATENCY_MS, 100) == pytest.approx(2_500e-6)


def test_channel_loses_the_share_asked_for_in_runs_of_the_length_asked_for():
    lost = ingest.channel(0.05, 20, 200_000, random.Random(1))
    runs = sum(a and not b for a, b in pairwise(lost))
    assert sum(lost) / len(lost) == pytest.approx(0.05, rel=0.15)
    assert sum(lost) / runs == pytest.approx(20, rel=0.1)


def test_bursts_longer_than_a_round_trip_make_the_formula_too_hopeful():
    run = ingest.lost_packets(loss=5, rtt_ms=40, latency_ms=120, burst=50)
    assert run["late"] > 10 * run["late theory"]


def test_tcp_loses_nothing_keeps_the_order_and_waits():
    arrivals = (0, 100, 0, 0, 0)
    assert ingest.waits(arrivals) == [0, 100, 98, 96, 94]  # packets 2 ms apart, all behind the second


@pytest.mark.parametrize("how", [(-0.1, 100, 50), (1.0, 100, 50), (0.1, -1, 50), (0.1, 100, 0)])
def test_impossible_losses_are_told(how):
    with pytest.raises(ValueError, match="loss is below 1"):
        ingest.too_late(*how)


# -- the buffer -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mean_s", [1, 3, 6])
@pytest.mark.parametrize("buffer_s", [1, 3, 6])
def test_stalls_follow_the_closed_form(buffer_s, mean_s):
    """1,500 outages, network four times as fast as the stream: within 4 standard deviations of the share, 15 % of the time."""
    per_hour, share, _ = player.outages(buffer_s, mean_s, 60.0)
    theory = player.stalled_share(buffer_s, mean_s)
    assert abs(share - theory) <= 4 * math.sqrt(theory * (1 - theory) / player.OUTAGES) + 0.002
    hits = theory * player.OUTAGES
    if hits >= 100:
        assert per_hour == pytest.approx(
            player.stalled_per_hour(buffer_s, mean_s, 60.0), rel=4.5 / math.sqrt(hits)
        )


def test_buffer_as_long_as_the_outage_lets_a_third_through_and_each_further_one_a_third_of_it():
    assert player.stalled_share(3, 3) == pytest.approx(math.exp(-1))
    assert player.stalled_share(6, 3) == pytest.approx(player.stalled_share(3, 3) ** 2)


@pytest.mark.parametrize(("buffer_s", "outage_s", "stall_s"), [(3, 2, 0), (3, 3, 0), (3, 5, 2), (0, 4, 4)])
def test_one_outage_stalls_for_what_the_buffer_does_not_cover(buffer_s, outage_s, stall_s):
    assert player.stall_s(buffer_s, outage_s) == stall_s


def test_without_a_jump_a_player_buys_its_buffer_in_stalls():
    stays, jumps = player.outages(3, 3, 60.0, jump=False), player.outages(3, 3, 60.0, jump=True)
    assert jumps[2] == 0
    assert stays[2] > 10 and stays[0] < jumps[0] / 4


def test_network_that_is_no_faster_than_the_stream_is_refused():
    with pytest.raises(ValueError, match="must be above 1"):
        player.outages(3, 3, 60.0, speed=1.0)


@pytest.mark.parametrize(("measured", "takes"), [(10_000, 5_000), (4_000, 2_800), (3_499, 1_400), (100, 400)])
def test_rule_by_throughput_leaves_a_fifth_unused(measured, takes):
    assert player.rung("by throughput", measured, 0) == takes


@pytest.mark.parametrize(("buffer_s", "takes"), [(0, 400), (2, 400), (5, 1_400), (10, 5_000), (60, 5_000)])
def test_rule_by_buffer_climbs_with_the_buffer(buffer_s, takes):
    assert player.rung("by buffer", 0, buffer_s) == takes


def test_top_rung_stalls_where_the_others_do_not():
    runs = {rule: player.watch(rule, 12, 3_000) for rule in player.RULES}
    assert (
        runs["top rung"]["stalled"]
        > 60
        > 5
        > max(runs["by throughput"]["stalled"], runs["by buffer"]["stalled"])
    )


def test_unknown_rule_is_told():
    with pytest.raises(ValueError, match="there are top rung, by throughput, by buffer"):
        player.rung("by mood", 1, 1)


def test_a_steady_fast_network_never_stalls_and_stays_where_it_began(monkeypatch):
    monkeypatch.setattr(player, "network", lambda *_: (50_000,) * 2_000)
    run = player.watch("top rung", 6, 50_000)
    assert (run["stalled"], run["behind"]) == (0, 6)


def test_fetching_takes_bits_over_rate_also_across_seconds():
    assert player._fetch((1_000, 2_000, 2_000), 0.5, 2_500) == pytest.approx(1.5)
