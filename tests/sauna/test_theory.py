"""Waits-for graphs, clocks on one run, versions, and the system of nine states: facts that can be checked by hand."""

from itertools import pairwise

import pytest

from dslab.check import explore
from dslab.sauna import crowd, nine, stamps, versions
from dslab.sauna.room import Sauna
from dslab.sauna.waits import NEXT_ARRIVAL, circle, fate, knot, verdict
from dslab.sim import World, check_log, clocks_of_log, trace_of_log

# -- waits-for graphs ---------------------------------------------------------------------------------

CHAIN = {"f1": ["f2"], "f2": ["f3"], "f3": [NEXT_ARRIVAL]}
CYCLE = {"f1": ["f2"], "f2": ["f3"], "f3": ["door"], "door": ["f1", "f2", "f3"]}


def test_a_chain_ends_at_somebody_who_has_not_come():
    assert (verdict(CHAIN), knot(CHAIN), fate(CHAIN, "f1")) == ("chain", (), "chain")


def test_capacity_closes_the_cycle():
    """Facts 6e.3: three seats, three followers; the edge from the door to the seats closes it."""
    assert (verdict(CYCLE), knot(CYCLE), circle(CYCLE)) == (
        "cycle",
        ("f1", "f2", "f3", "door"),
        ("f3", "door"),
    )


def test_one_clocked_person_opens_it():
    assert verdict(CYCLE | {"door": ["f1", "f2", "W"]}) == "moving"
    assert knot(CYCLE | {"door": ["f1", "f2", "W"]}) == ()


def test_waiting_in_front_of_a_cycle_is_stuck_but_no_part_of_it():
    edges = CYCLE | {"late": ["f1"]}
    assert (fate(edges, "late"), "late" in knot(edges)) == ("cycle", False)


def test_nobody_waits():
    assert verdict({}) == "empty"


def test_live_graph_tells_chain_and_cycle_apart():
    stops = crowd.waiting(share=1.0, capacity=12, minute=120.0, gap_min=8.0, kind="stops")
    full = crowd.waiting(share=1.0, capacity=4, minute=120.0)
    assert (stops.params["verdict"], full.params["verdict"]) == ("chain", "cycle")
    assert "if nobody does, it waits for ever" in stops.describe()
    assert "Nobody will ever leave" in full.describe()


@pytest.mark.parametrize("seed", range(10))
def test_a_cycle_in_the_live_graph_is_a_stalled_room(seed):
    for minute in (20, 60, 150):
        room = crowd.crowd(0.7, 5, until_min=minute, seed=seed)
        assert (verdict(room.waits_for()) == "cycle") == (room.stalled and bool(room.queue))


def test_a_kept_seat_is_a_way_out_and_no_cycle():
    """While it is free, the last one inside also waits for whoever comes with a watch."""
    looked = [
        crowd.waiting(share, seats, float(minute), reserved=True, seed=seed).params["verdict"]
        for share in (0.4, 0.7, 0.9)
        for seats in (3, 6)
        for seed in range(4)
        for minute in range(1, 181, 5)
    ]
    assert "cycle" not in looked
    assert "chain" in looked


def test_before_the_first_exit_nobody_has_left():
    assert crowd.waiting(minute=1.0).describe().endswith("Nobody has left yet.")


@pytest.mark.parametrize("seed", range(5))
def test_a_later_minute_is_the_same_evening(seed):
    early, late = (crowd.crowd(0.7, 6, until_min=minute, seed=seed) for minute in (40, 90))
    assert late.entered[: len(early.entered)] == early.entered
    assert [
        left if left is not None and left <= 40 else None for left in late.left[: len(early.left)]
    ] == early.left


# -- clocks -------------------------------------------------------------------------------------------


def test_each_clock_keeps_lamports_condition():
    trace = stamps.evening()
    for event in trace.events:
        for cause in event["causes"]:
            for clock in ("lamport", "hlc"):
                assert trace.events[cause]["clocks"][clock] < event["clocks"][clock]


def test_vectors_say_exactly_what_the_causes_say():
    trace = stamps.evening()
    for event in range(len(trace.events)):
        by_vectors = {
            other for other in range(len(trace.events)) if stamps.relation(trace, other, event) == "before"
        }
        assert by_vectors == trace.past(event)


def test_traps_are_concurrent_and_there_are_some():
    trace = stamps.evening()
    found = stamps.traps(trace)
    assert found
    assert all(b in trace.concurrent(a) for a, b in found)


def test_every_pair_is_ordered_or_concurrent():
    counted = stamps.counts(stamps.evening())
    assert counted["pairs"] == counted["ordered"] + counted["concurrent"] == 41 * 40 // 2
    assert counted["traps"] <= counted["concurrent"]


def test_the_chain_of_the_proof_is_in_the_trace():
    """Facts 6a: my entry, then Ben's entry, then Ben's exit, then my exit."""
    trace = stamps.evening()
    at = {
        e["label"].partition(" from")[0]: e["id"]
        for e in trace.events
        if e["lane"] == "door" and e["kind"] == "receive"
    }
    order = ["enter mia", "enter ben", "exit ben", "exit mia"]
    for one, other in pairwise(order):
        assert stamps.relation(trace, at[one], at[other]) == "before"
        assert stamps.chain(trace, at[one], at[other])[0] == at[one]


@pytest.mark.parametrize("skew_s", [0.0, 60.0, 600.0])
def test_a_hybrid_clock_stays_within_the_error_of_the_wall_clocks(skew_s):
    assert stamps.compare(skew_s=skew_s)["hybrid_off_s"] <= skew_s + 0.001


def test_a_log_of_the_evening_gives_back_its_clocks():
    """What a real system would have written down, message by message, is enough to rebuild every stamp."""
    trace = stamps.evening()
    rows = [{"host": e["lane"], "event": e["label"], "send": [m["id"] for m in trace.messages if m["sent"] == e["id"]],
             "receive": [m["id"] for m in trace.messages if m["received"] == e["id"]]} for e in trace.events]  # fmt: skip
    from dslab.sim import events_of

    log = events_of(rows)
    assert check_log(log) == []
    rebuilt = [{name: e["clocks"][name] for name in ("lamport", "vector")} for e in trace.events]
    assert clocks_of_log(log) == rebuilt
    assert stamps.counts(trace_of_log(log)) == stamps.counts(trace)


# -- the room -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("delay_s", [1, 60, 600])
def test_a_stay_contains_the_anchors_whatever_the_delay(delay_s):
    """Facts 6a: safety holds for any message delay."""
    world = World()
    sauna = Sauna(world)
    world.link(latency=delay_s * 1_000_000)
    sauna.visitor("mia", 0)
    sauna.visitor("ann", 2, clocked=True)
    world.run()
    assert sauna.stays_min()["mia"] > sauna.stays_min()["ann"] >= 10


def test_a_room_without_a_seat_is_told():
    with pytest.raises(ValueError, match="a sauna with 0 seats is not possible"):
        Sauna(World(), capacity=0)


# -- versions -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("writers", [1, 2, 3, 8])
def test_siblings_grow_with_the_writes_or_with_the_writers(writers):
    run = versions.siblings(writers, 20)
    assert run.series["kept_False"].y == run.series["theory_False"].y
    assert run.series["kept_True"].y == run.series["theory_True"].y
    assert (run["dots"], run["dead_dots"]) == (writers, 0)


def test_a_write_that_has_seen_everything_leaves_one_value():
    for dots in (False, True):
        store = versions.Store(dots)
        store.put("a", 0)
        store.put("b", 0)
        store.put("c", 2)
        assert [value.text for value in store.values] == ["c"]


def test_a_dot_removes_only_what_its_writer_had_seen():
    kept = {}
    for dots in (False, True):
        store = versions.Store(dots)
        store.put("a1", 0)
        store.put("b1", 0)
        store.put("a2", 1)
        kept[dots] = [value.text for value in store.values]
    assert kept == {False: ["a1", "b1", "a2"], True: ["b1", "a2"]}


def test_zero_writers_is_told():
    with pytest.raises(ValueError, match="writers=0 is not possible"):
        versions.siblings(0)


# -- nine states --------------------------------------------------------------------------------------


def test_nine_states_by_hand():
    assert len(nine.STATES) == 9
    assert set(nine.reachable()) == {(0, 0), (1, 0), (0, 1), (2, 0), (0, 2), (1, 1)}
    assert nine.dead() == [(1, 1)]


def test_the_referee_finds_the_dead_state_with_one_surprise():
    found = explore(nine.SCENARIO, [nine.SOMEBODY_CAN_MOVE])
    assert (found.held, found.deviations, found.searched) == (False, 1, 4)


def test_a_move_that_is_not_possible_is_told():
    with pytest.raises(ValueError, match="move 3 is not possible: ben wants the ladle"):
        nine.play(["ann", "ann", "ben"])
    with pytest.raises(ValueError, match="move 1 is 'cy'"):
        nine.play(["cy"])
