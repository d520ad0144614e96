"""Every anomaly: found with its switch off, by a pinned shortest schedule; not found with everything on, in a pinned number."""

import pytest

from dslab.check import replay, sometimes
from dslab.check.explore import explore
from dslab.pacer import anomalies
from dslab.pacer.anomalies import ANOMALIES, DEFENCES, DESIGNS, search
from dslab.pacer.switches import PINLATER, Switches

# anomaly: schedules searched with everything on, and up to how many surprises
SEARCHED = {
    "claim contention": (5, 2),
    "empty scan": (1, 2),
    "noisy neighbour": (5, 2),
    "enqueue starved": (40, 2),
    "effect twice": (1032, 2),
    "job lost": (1032, 2),
    "stale checkpoint": (2294, 2),
    "stale failure": (104, 1),
    "prefetched jobs wait": (347, 2),
    "prefetched jobs again": (659, 2),
    "zombie claims": (238, 2),
    "zombie hands out": (625, 2),
    "zombie with a wrong clock": (238, 2),
    "FIFO: retry": (682, 2),
    "FIFO: concurrency": (73, 1),
    "FIFO: failover": (1313, 2),
    "claim in two steps": (387, 2),
}
# (anomaly, a switch that is off): surprises in the shortest schedule
SHORTEST = {
    ("claim contention", "ownership"): 0,
    ("empty scan", "adaptive_partitions"): 0,
    ("noisy neighbour", "pods"): 0,
    ("enqueue starved", "separate_pools"): 0,
    ("effect twice", "idempotent"): 1,
    ("job lost", "ack"): 1,
    ("job lost", "monitor"): 1,
    ("stale checkpoint", "checkpoint_guard"): 0,
    ("stale failure", "ack_guard"): 1,
    ("prefetched jobs wait", "prefetch_lease"): 1,
    ("prefetched jobs again", "prefetch"): 1,
    ("zombie claims", "fencing"): 2,
    ("zombie hands out", "handout_check"): 2,
    ("zombie with a wrong clock", "handout_check"): 2,
    ("FIFO: retry", "blocking_retries"): 0,
    ("FIFO: concurrency", "one_at_a_time"): 0,
    ("FIFO: failover", "waits_for_claimed"): 1,
    ("claim in two steps", "claim"): 0,
}


def test_every_anomaly_is_pinned_here():
    assert set(SEARCHED) | {"done twice"} == set(ANOMALIES)
    assert {name for name, _ in SHORTEST} == set(SEARCHED)


@pytest.mark.parametrize("name", SEARCHED)
def test_not_found_with_everything_on(name):
    searched, deviations = SEARCHED[name]
    verdict = search(name, deviations)
    assert (verdict.held, verdict.searched, verdict.sampled) == (True, searched, 0)


@pytest.mark.parametrize(("name", "switch"), SHORTEST)
def test_found_with_the_switch_off(name, switch):
    off = next(positions for positions in ANOMALIES[name].off if switch in positions)
    verdict = search(name, **off)
    assert (verdict.invariant, verdict.deviations) == (ANOMALIES[name].invariant.name, SHORTEST[name, switch])


def test_the_nine_sequences_of_the_facts_are_all_there():
    numbers = {int(a.source.split("5c.")[1]) for a in ANOMALIES.values() if "5c." in a.source}
    assert numbers == set(range(1, 10))


def test_a_fifo_queue_is_broken_in_three_ways():
    assert [name for name in ANOMALIES if name.startswith("FIFO")] == [
        "FIFO: retry",
        "FIFO: concurrency",
        "FIFO: failover",
    ]


def test_done_twice_is_there_with_everything_on():
    verdict = search("done twice")
    assert (verdict.invariant, verdict.deviations) == ("RUN_ONCE", 1)


def test_what_is_never_done_twice_is_sometimes_lost():
    """At least once or at most once: the one defence whose absence ends the repeats is the one that brings jobs back."""
    ends = [name for name, off in DEFENCES.items() if search("done twice", 1, **off).held]
    assert ends == ["monitor"]
    assert not search("job lost", 1, monitor=False).held


def test_the_two_cures_are_two():
    """Facts 5b: ownership alone does not end empty scans, right-sized partitions alone do not end lock waits."""
    assert not search("empty scan", adaptive_partitions=False, ownership=True).held
    assert not search("claim contention", ownership=False, adaptive_partitions=True).held


def test_the_fence_does_not_stop_a_hand_out_from_memory():
    assert search("zombie claims", handout_check="none", fencing=True).held
    assert not search("zombie hands out", handout_check="none", fencing=True).held


def test_a_clock_of_ones_own_is_enough_while_it_is_right():
    assert search("zombie hands out", handout_check="clock").held
    assert not search("zombie with a wrong clock", handout_check="clock").held


@pytest.mark.parametrize(("check", "searched"), [("table", 864), ("clock", 588), ("none", 588)])
def test_a_broker_that_goes_on_in_time_or_too_late_loses_nothing(check, searched):
    build, invariant = anomalies.EXTRA_SCENARIOS["a broker stands still"]
    verdict = explore(lambda: build(Switches(handout_check=check)), [invariant, anomalies.REPORTED], 2)
    assert (verdict.held, verdict.searched) == (True, searched)


def test_pinlater_has_the_problems_that_pacer_was_built_for():
    for name in ("claim contention", "empty scan", "noisy neighbour", "enqueue starved", "FIFO: retry"):
        wanted = ANOMALIES[name]
        assert explore(wanted.scenario(PINLATER), [wanted.invariant], 1).invariant == wanted.invariant.name


def test_a_token_replays_and_is_cured_by_the_check():
    token = search("zombie hands out", handout_check="none").token
    scenario = ANOMALIES["zombie hands out"].scenario
    assert not replay(scenario(handout_check="none"), token, [anomalies.NO_DEAD_CLAIM]).held


def _run_out(steps):
    while True:
        try:
            assert 0 <= next(steps) < 1
        except StopIteration as stop:
            return stop.value


def test_matrix_is_complete_and_names_each_defence():
    names = ("claim contention", "empty scan", "job lost", "prefetched jobs wait")
    cells = _run_out(anomalies.matrix(names))
    assert len(cells) == len(names) * (1 + len(DEFENCES))
    broken = {
        (cell.anomaly, cell.column)
        for cell in cells
        if not cell.verdict.held and cell.verdict.kind != "sometimes"
    }
    assert broken == {
        ("claim contention", "owner"),
        ("empty scan", "sized partitions"),
        ("job lost", "report after work"),
        ("job lost", "monitor"),
        ("job lost", "hand-out check"),
        ("prefetched jobs wait", "short lease"),
    }


def test_a_cell_that_is_not_searched_would_have_come_out_the_same():
    cells = _run_out(anomalies.matrix(("prefetched jobs wait",)))
    unread = [cell for cell in cells if cell.unread]
    assert len(unread) == 8
    for cell in unread:
        again = search(cell.anomaly, anomalies.anomaly(cell.anomaly).surprises, **DEFENCES[cell.column])
        assert (again.held, again.searched) == (cell.verdict.held, cell.verdict.searched)


def test_only_two_designs_of_eight_survive_everything_and_both_ask_the_table():
    cells = _run_out(anomalies.designs())
    broken = {cell.column for cell in cells if not cell.verdict.held}
    assert [name for name in DESIGNS if name not in broken] == [
        "claim ahead, short lease, ask the table",
        "read ahead, ask the table",
    ]


def test_a_vacuous_scenario_would_fail():
    never = sometimes("NEVER", "five reports count", lambda world: anomalies.queue(world).reported >= 5)
    assert not explore(ANOMALIES["effect twice"].scenario(), [never], 1).held


def test_unknown_names_are_told():
    with pytest.raises(ValueError, match="there is no anomaly 'gremlin'; there are claim contention, "):
        search("gremlin")
    with pytest.raises(ValueError, match="there is no switch 'turbo'; the switches are claim, ack, "):
        search("job lost", turbo=True)
