"""Every anomaly: found with its switch off, by a pinned shortest schedule; not found with everything on, in a pinned number."""

import pytest

from dslab.check import Cell, replay
from dslab.readmodels import anomalies
from dslab.readmodels.anomalies import ANOMALIES, BARRIER, DESIGNS, search
from dslab.readmodels.protocol import Switches

# anomaly: (schedules searched with everything on and up to so many surprises, surprises)
SEARCHED = {
    "crash with lock only": (907, 3),
    "status only": (172, 3),
    "skip race": (172, 3),
    "stale check": (172, 3),
    "zombie release": (67, 3),
    "failing handler": (1, 3),
    "frozen clock": (1, 3),
    "unregistered projection": (303, 3),
    "out-of-order drain": (1235, 3),
    "sequence gap": (321, 2),
    "hidden tail": (321, 2),
    "early unlock": (172, 3),
    "appends wait": (214, 3),
}
# anomaly: surprises in the shortest schedule with its switch off
SHORTEST = {
    "crash with lock only": 1,
    "status only": 1,
    "skip race": 2,
    "stale check": 1,
    "zombie release": 1,
    "failing handler": 0,
    "frozen clock": 0,
    "unregistered projection": 0,
    "out-of-order drain": 2,
    "sequence gap": 2,
    "hidden tail": 2,
    "early unlock": 1,
    "appends wait": 2,
}


def test_every_anomaly_is_pinned_here():
    assert set(SEARCHED) == set(SHORTEST) == set(ANOMALIES)


def test_the_ten_sequences_of_the_facts_are_all_there():
    numbers = {int(a.source.split("9c.")[1]) for a in ANOMALIES.values() if "9c." in a.source}
    assert numbers == set(range(1, 11))


@pytest.mark.parametrize("name", SEARCHED)
def test_not_found_with_everything_on(name):
    searched, surprises = SEARCHED[name]
    verdict = search(name, deviations=surprises)
    assert (verdict.held, verdict.searched, verdict.sampled, verdict.cut_short) == (True, searched, 0, 0)


@pytest.mark.parametrize(("name", "off"), [(a.name, off) for a in ANOMALIES.values() for off in a.off])
def test_found_with_the_switch_off(name, off):
    verdict = search(name, **off)
    assert (verdict.invariant, verdict.deviations) == (ANOMALIES[name].invariant.name, SHORTEST[name])


def test_skip_race_is_the_published_interleaving():
    """Skips while the status says rebuilding; its commit comes after the last look of the replay (correction of 19 January 2026)."""
    steps = list(search("skip race", skip_records=False).schedule)
    skips = [steps.index(f"append: {what}") for what in ("reads the status", "skips e2", "commits e2")]
    last_look = max(place for place, line in enumerate(steps) if line == "rebuild: reads a batch")
    assert steps.index("rebuild: commits the start") < skips[0] < skips[1] < skips[2]
    assert last_look < skips[2]
    assert "rebuild: flips the status to active" in steps


@pytest.mark.parametrize(
    "name", ["skip race", "stale check", "hidden tail", "out-of-order drain", "early unlock"]
)
def test_the_barrier_needs_no_skip_records(name):
    verdict = search(name, deviations=2, **BARRIER)
    assert verdict.held and verdict.sampled == 0


def test_reader_by_position_is_lost_under_the_barrier_and_the_xmin_rule_is_not():
    assert not search("sequence gap", reader="position", **BARRIER).held
    assert search("sequence gap", deviations=2, **BARRIER).held


def test_skip_race_replays_and_is_cured_by_skip_records():
    token = search("skip race", skip_records=False).token
    scenario = ANOMALIES["skip race"].scenario
    assert not replay(scenario(skip_records=False), token, [anomalies.NO_LOST_EVENT]).held
    assert replay(scenario(), token, [anomalies.NO_LOST_EVENT]).held


@pytest.fixture(scope="module")
def cells():
    """Search the whole table once; the shares given on the way rise from 0 to below 1."""
    steps, shares = anomalies.matrix(), []
    while True:
        try:
            shares.append(next(steps))
        except StopIteration as stop:
            assert shares == sorted(shares) and 0 <= shares[0] and shares[-1] < 1
            return {(cell.anomaly, cell.column): cell.verdict for cell in stop.value}


# design: the rows that it breaks in another way than the one they are named after
OTHERWISE = {
    "no coordination": {"stale check", "unregistered projection", "early unlock"},
    "lock only": {"unregistered projection", "out-of-order drain", "sequence gap", "hidden tail"},
    "status only": {"stale check", "out-of-order drain", "sequence gap", "hidden tail", "early unlock"},
    "article, 5 January": {
        "status only",
        "out-of-order drain",
        "sequence gap",
        "hidden tail",
        "early unlock",
    },
    "corrected, 19 January": {"status only", "early unlock"},
}


def test_cells_that_another_mechanism_breaks_are_known_as_such(cells):
    found = {}
    for (name, design), verdict in cells.items():
        if anomalies.otherwise(Cell(name, design, verdict)):
            found.setdefault(design, set()).add(name)
    assert found == OTHERWISE


@pytest.mark.parametrize(("name", "off"), [(a.name, off) for a in ANOMALIES.values() for off in a.off])
def test_its_mechanism_put_right_stops_an_anomaly(name, off):
    """Alone: whatever else its switch positions set stays as it is."""
    verdict = search(name, deviations=2, **{**off, **ANOMALIES[name].repaired})
    assert verdict.held


def test_article_breaks_status_only_as_its_stale_check_does(cells):
    """One schedule for three rows: e2 is applied from a snapshot older than the lock."""
    tokens = {
        cells[name, "article, 5 January"].token.partition(":")[2].rpartition(":")[0]
        for name in ("status only", "stale check", "early unlock")
    }
    assert len(tokens) == 1
    assert not search("status only", deviations=2, append_lock="none", rebuild_lock="none").held
    assert search("status only", deviations=2).held


def test_table_has_a_cell_for_every_pair_and_no_search_was_cut(cells):
    assert len(cells) == len(ANOMALIES) * len(DESIGNS)
    assert not any(verdict.sampled or verdict.stopped or verdict.cut_short for verdict in cells.values())


def broken(cells, design):
    return {name for name in ANOMALIES if not cells[name, design].held}


def test_two_designs_are_clean(cells):
    assert [design for design in DESIGNS if not broken(cells, design)] == ["everything on", "barrier"]


def test_status_only_and_the_article_break_the_same_rows_in_different_ways(cells):
    assert broken(cells, "status only") == broken(cells, "article, 5 January")
    assert OTHERWISE["article, 5 January"] - OTHERWISE["status only"] == {"status only"}


def test_lock_for_the_whole_replay_costs_only_the_pause(cells):
    assert broken(cells, "lock for the whole replay") == {"appends wait"}


def test_the_correction_takes_the_skip_race_away_and_leaves_the_stale_check(cells):
    gone = broken(cells, "article, 5 January") - broken(cells, "corrected, 19 January")
    assert gone == {"skip race", "sequence gap"}  # the second has two writers, and the skip race among them
    assert broken(cells, "corrected, 19 January") - broken(cells, "+ two statements") >= {"stale check"}


def test_status_and_lock_each_alone_break_where_the_facts_say(cells):
    assert {"crash with lock only"} <= broken(cells, "lock only")
    assert {"status only", "skip race"} <= broken(cells, "status only")
    assert {"status only"} <= broken(cells, "no coordination")


def test_unknown_names_are_told():
    with pytest.raises(ValueError, match="there is no anomaly 'gremlin'; there are crash with lock only, "):
        search("gremlin")
    with pytest.raises(ValueError, match="there is no switch 'turbo'; the switches are append_lock, "):
        search("skip race", turbo=True)


@pytest.mark.parametrize(
    ("switch", "value"), [("append_lock", "maybe"), ("fence", 1), ("reader", None), ("bug", "gremlin")]
)
def test_switch_positions_are_checked(switch, value):
    with pytest.raises(ValueError, match=f"{switch}=.* is no "):
        Switches(**{switch: value})
