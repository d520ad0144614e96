"""Elections by the clock: message counts against closed forms, Figure 16 against the paper and against the World, the lab, sessions."""

import itertools
import random

import pytest

from dslab.concepts.elections import ballots, counts, scenario, sessions, timeouts
from dslab.concepts.elections.members import Cluster, Timing
from dslab.concepts.elections.raft import Raft
from dslab.concepts.elections.raftlog import Log
from dslab.concepts.elections.switches import Switches
from dslab.sim import World

# -- counts ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("n", "wanted"), [(5, 19), (10, 89), (50, 2449)])
def test_bully_worst_case_of_the_facts(n, wanted):
    assert counts.bully_messages(n) == n * (n - 1) // 2 + (n - 1) * (n - 2) // 2 + n - 2 == wanted
    assert counts.count_bully(n) == wanted


def test_bully_counts_whoever_notices():
    n = 8
    found = [counts.count_bully(n, below) for below in range(1, n)]
    assert found == [below**2 + n - 2 for below in range(1, n)]
    assert found[0] == n - 1
    assert sum(found) / (n - 1) == pytest.approx(counts.bully_mean(n))


def test_ring_counts_are_those_of_a_walk_on_every_order_of_five():
    orders = [list(order) for order in itertools.permutations(range(1, 6))]
    assert all(counts.count_ring(order) == (counts.tokens_on(order), 5) for order in orders)


def test_ring_mean_over_all_orders_is_n_times_the_harmonic_number():
    orders = [list(order) for order in itertools.permutations(range(1, 7))]
    found = [counts.tokens_on(order) for order in orders]
    assert (
        sum(found) / len(found) == pytest.approx(6 * counts.harmonic(6)) == pytest.approx(counts.ring_mean(6))
    )
    assert (min(found), max(found)) == (counts.ring_best(6), counts.ring_worst(6)) == (11, 21)


def test_ring_means_of_the_facts():
    assert (round(counts.ring_mean(10), 1), round(counts.ring_mean(100), 1)) == (29.3, 518.7)
    assert counts.mean_ring(100, 1_000) == pytest.approx(518.7, abs=8)


@pytest.mark.parametrize("n", [3, 5, 9])
def test_linear_elections(n):
    assert counts.count_raft(n) == 2 * (n - 1) + n - 1
    assert counts.count_paxos(n) == 4 * (n - 1)
    assert counts.count_collect(n) == 2 * n
    assert counts.count_collect(n, n) == 2 * n * n


@pytest.mark.parametrize("n", [2, 5, 20])
def test_herd_and_its_cure(n):
    assert counts.count_herd(n, "lowest") == (n - 1, 3 * (n - 1))
    assert counts.count_herd(n) == (1, 3)


# -- Figure 16 ---------------------------------------------------------------------------------------------------


def in_a_world(draws: list[list[int]], request_us: int, reply_us: int) -> tuple[int, int]:
    """The same election by the full protocol: the way back is the way there and storing the vote."""
    world = World()
    world.link(latency=request_us)
    cluster = Cluster(world, Raft, 5, Switches(), Timing(10**9, disk_us=reply_us - request_us))
    for number in range(1, 5):
        member = cluster.members[number]
        member.log, member.script = Log.of_terms(*[1] * number), list(draws[number - 1])
        member.begin = lambda member=member: setattr(member, "deadline", request_us + member.draw_us())
    cluster.start()
    cluster.kill(5)
    while not cluster.reigns and world.step():
        pass
    [(_, term, begun, _)] = cluster.reigns
    world.close()
    return begun, term


def test_light_model_and_world_agree_to_the_microsecond():
    rng, compared = random.Random(16), 0
    while compared < 150:
        low, request = rng.choice([12_000, 50_000, 150_000]), 1_000 * rng.randint(1, 7)
        reply = request + 1_000 * rng.randint(0, 8)
        draws = [[rng.randint(low, low + 30_000) for _ in range(60)] for _ in range(4)]
        left = [iter(draw) for draw in draws]
        try:
            found = timeouts.downtime(lambda server, left=left: next(left[server]), 0, request, reply)
        except StopIteration:
            continue
        assert in_a_world(draws, request, reply) == found
        compared += 1


def test_figure_16_in_order_and_magnitude():
    found = {(low, high): timeouts.downtimes(low, high, 1_000) for low, high in timeouts.FIGURE_16[2:]}
    assert timeouts.middle(found[150, 155]) == pytest.approx(287, rel=0.1)
    assert found[150, 200][-1] == pytest.approx(513, rel=0.2)
    assert timeouts.mean(found[12, 24]) == pytest.approx(35, rel=0.1)
    assert found[12, 24][-1] == pytest.approx(152, rel=0.3)
    longest = [found[150, high][-1] for high in (155, 175, 200)]
    assert longest == sorted(longest, reverse=True)


def test_equal_timeouts_find_no_leader():
    assert min(timeouts.downtimes(150, 150, 20, give_up_ms=12_000)) > 10_000


def test_the_way_to_the_voter_matters_most():
    slow_out, slow_back = (
        timeouts.downtimes(150, 155, 400, 7.5, 8),
        timeouts.downtimes(150, 155, 400, 3, 12.5),
    )
    base = timeouts.middle(timeouts.downtimes(150, 155, 400))
    assert timeouts.middle(slow_out) > 3 * base
    assert timeouts.middle(slow_back) < 1.2 * base


def test_least_downtime_is_half_the_shortest_timeout():
    assert 75 < timeouts.downtimes(150, 300, 1_000)[0] < 100


def test_a_thousand_elections_take_well_under_two_seconds():
    import time

    begun = time.process_time()
    timeouts.downtimes(150, 300, 1_000)
    assert time.process_time() - begun < 2


@pytest.mark.parametrize("bad", [(0, 5), (20, 10), (-3, 4)])
def test_a_range_that_is_none(bad):
    with pytest.raises(ValueError, match="no range"):
        timeouts.downtimes(*bad)


# -- the lab --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", scenario.ALGORITHMS)
def test_a_killed_leader_is_replaced_once_and_in_time(algorithm):
    result = scenario.run(algorithm, "kill")
    assert result["reigns"] == 1
    assert 0 < result["leaderless_ms"] < 400
    assert result["doubled_ms"] == 0


@pytest.mark.parametrize("algorithm", scenario.ALGORITHMS)
def test_where_nothing_happens_nothing_is_elected(algorithm):
    result = scenario.run(algorithm, "nothing")
    assert (result["leaderless_ms"], result["doubled_ms"], result["reigns"], result["messages"]) == (
        0,
        0,
        0,
        0,
    )


@pytest.mark.parametrize("algorithm", ["Bully", "Ring (Chang-Roberts)", "Ring (collect)"])
def test_textbook_algorithms_have_two_leaders_in_a_partition_and_a_majority_cures_it(algorithm):
    assert scenario.run(algorithm, "partition", quorum="one")["doubled_ms"] > 1_000
    assert scenario.run(algorithm, "partition")["doubled_ms"] == 0


@pytest.mark.parametrize("algorithm", ["Raft", "Paxos"])
def test_two_leaders_of_different_numbers_in_a_partition(algorithm):
    result = scenario.run(algorithm, "partition")
    numbers = [row["number"] for row in result.tables["reigns"]]
    assert result["doubled_ms"] > 1_000
    assert len(numbers) == len(set(numbers))


def test_a_ring_waits_for_a_node_that_stands_still():
    assert scenario.run("Ring (Chang-Roberts)", "pause")["leaderless_ms"] >= 1_000


def test_bully_has_two_leaders_where_messages_are_slower_than_its_bound():
    assert scenario.run("Bully", "kill", 9, 100, "one")["doubled_ms"] > 0
    assert scenario.run("Bully", "kill", 9, 5, "one")["doubled_ms"] == 0


@pytest.mark.parametrize(
    "bad", [{"algorithm": "Zab"}, {"fault": "flood"}, {"nodes": 2}, {"delay_ms": 0}, {"quorum": "all"}]
)
def test_the_lab_says_what_would_be_right(bad):
    with pytest.raises(ValueError, match="use"):
        scenario.run(**bad)


# -- logs and sessions ---------------------------------------------------------------------------------------------------


def test_right_rule_loses_nothing_but_in_figure_8():
    lost = [
        (logs, candidate, voters)
        for logs in ballots.LOGS
        for candidate in range(1, 6)
        for voters in ballots.VOTERS
        if ballots.poll(logs, candidate, "up to date", voters)["lost"]
    ]
    assert lost == [("Figure 8c", 5, "all five"), ("Figure 8c", 5, "only 1 2 3")]


def test_longest_log_wins_and_loses_an_entry():
    result = ballots.poll("long but old", 5, "longest")
    assert (result.params["result"], result.params["entries"]) == ("won", [(3, 3)])
    assert ballots.poll("long but old", 5).params["result"] == "lost"


@pytest.mark.parametrize(
    ("check", "write_ms", "slow", "taken"),
    [("none", 5, 0, 1), ("clock", 5, 0, 0), ("clock", 5, 80, 1), ("clock", 400, 0, 1), ("fence", 400, 90, 0)],
)
def test_what_the_store_takes_from_a_zombie(check, write_ms, slow, taken):
    result = sessions.standstill(check, 400, write_ms, slow)
    assert (result["taken"] > 0) == bool(taken)


def test_a_fence_refuses_what_nobody_else_stops():
    assert sessions.standstill("fence", 400, 400, 80)["refused"] > 0


@pytest.mark.parametrize("write_ms", [5, 500])
@pytest.mark.parametrize("slow", [0, 90])
@pytest.mark.parametrize("pause", [0, 400, 2_000])
def test_a_fence_holds_wherever_the_other_controls_stand(pause, slow, write_ms):
    assert sessions.standstill("fence", pause, write_ms, slow, 20, "lowest")["taken"] == 0


def test_a_short_standstill_ends_no_session():
    assert sessions.standstill("none", 100)["leaderless_ms"] == 0
