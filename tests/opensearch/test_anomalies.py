"""Every anomaly: found with its switch off, by a pinned shortest schedule; not found with everything on, in a pinned number."""

import pytest

from dslab.check import explore, replay, sometimes
from dslab.opensearch import anomalies
from dslab.opensearch import invariants as must
from dslab.opensearch.anomalies import ANOMALIES, DEFENCES, OBJECT_ANOMALIES, converges, search
from dslab.opensearch.switches import VERSIONS

EVERY = ANOMALIES | OBJECT_ANOMALIES
# anomaly: schedules searched with everything on, up to the number of surprises
SEARCHED = {
    "all managers at once": (2, 97),
    "two data pools": (1, 23),
    "stale status": (2, 307),
    "ordered start": (2, 81),
    "upgrade stays yellow": (2, 45),
    "drain of a stuck replica": (2, 220),
    "archived settings": (2, 45),
    "single manager": (2, 17),
    "even number of managers": (2, 218),
    "scaler changes its target": (2, 392),
    "stuck exclusion": (1, 54),
    "cleaned while draining": (2, 19),
    "drain that cannot end": (2, 1),
    "one data node": (2, 1),
    "false disaster": (2, 33),
    "wrong status entry": (2, 134),
    "target moves": (2, 6),
    "upgrade in three zones": (2, 209),
    "starved": (2, 1),
    "bootstrap pod moves": (2, 633),
    "re-applied over kept volumes": (2, 29),
    "certificates run out": (2, 6),
    "twin of a pending object": (2, 17),
    "deleted before its twin": (2, 12),
    "edit of the old object": (2, 12),
    "deleted, and back again": (2, 12),
    "status of the old object": (2, 12),
    "webhook without a certificate": (2, 12),
}
# (anomaly, place in its ``off``): surprises and steps of the shortest schedule
SHORTEST = {
    ("all managers at once", 0): (0, 7),
    ("all managers at once", 1): (0, 5),
    ("two data pools", 0): (0, 5),
    ("stale status", 0): (1, 7),
    ("ordered start", 0): (0, 4),
    ("upgrade stays yellow", 0): (0, 9),
    ("upgrade stays yellow", 1): (0, 9),
    ("drain of a stuck replica", 0): (0, 12),
    ("archived settings", 0): (0, 8),
    ("single manager", 0): (0, 2),
    ("even number of managers", 0): (0, 3),
    ("scaler changes its target", 0): (1, 16),
    ("scaler changes its target", 1): (0, 2),
    ("stuck exclusion", 0): (1, 35),
    ("cleaned while draining", 0): (1, 10),
    ("drain that cannot end", 0): (0, 3),
    ("one data node", 0): (0, 2),
    ("false disaster", 0): (0, 5),
    ("wrong status entry", 0): (0, 28),
    ("target moves", 0): (0, 12),
    ("upgrade in three zones", 0): (1, 10),
    ("starved", 0): (0, 2),
    ("bootstrap pod moves", 0): (1, None),
    ("re-applied over kept volumes", 0): (0, None),
    ("certificates run out", 0): (0, None),
    ("certificates run out", 1): (0, None),
    ("certificates run out", 2): (0, None),
    ("twin of a pending object", 0): (0, None),
    ("deleted before its twin", 0): (1, None),
    ("edit of the old object", 0): (0, None),
    ("deleted, and back again", 0): (0, None),
    ("status of the old object", 0): (0, None),
    ("webhook without a certificate", 0): (0, None),
}
# release: the anomalies that it shows
SHOWN = {
    "2.8.0": {"all managers at once", "two data pools", "stale status", "upgrade stays yellow", "drain of a stuck replica",
              "archived settings", "scaler changes its target", "stuck exclusion", "drain that cannot end", "one data node",
              "false disaster", "wrong status entry", "upgrade in three zones", "starved"},
    "3.0.0-alpha": {"single manager", "scaler changes its target", "stuck exclusion", "drain that cannot end", "one data node",
                    "false disaster", "wrong status entry", "target moves", "starved"},
    "3.0.0": {"single manager", "cleaned while draining", "drain that cannot end", "one data node",
              "false disaster", "wrong status entry", "target moves", "starved"},
    "repaired": set(),
}  # fmt: skip


def table(rows):
    while True:
        try:
            next(rows)
        except StopIteration as stop:
            return stop.value


def test_every_anomaly_is_pinned_here():
    assert set(SEARCHED) == set(EVERY)
    assert set(SHORTEST) == {(name, place) for name, each in EVERY.items() for place in range(len(each.off))}


@pytest.mark.parametrize("name", SEARCHED)
def test_not_found_with_everything_on(name):
    deviations, searched = SEARCHED[name]
    verdict = search(name, deviations)
    assert (verdict.held, verdict.searched, verdict.sampled, verdict.cut_short) == (True, searched, 0, 0)


@pytest.mark.parametrize(("name", "place"), SHORTEST)
def test_found_with_the_switch_off(name, place):
    verdict = search(name, **EVERY[name].off[place])
    surprises, steps = SHORTEST[name, place]
    assert (verdict.invariant, verdict.deviations) == (EVERY[name].invariant.name, surprises)
    assert steps is None or len(verdict.schedule) == steps


def test_the_thirteen_sequences_of_the_facts_are_all_there():
    numbers = {
        int(each.source.split(":")[0]) for each in EVERY.values() if each.source.split(":")[0].isdigit()
    }
    assert numbers == set(range(1, 14))


@pytest.mark.parametrize("gate", ["own pool", "every pool"])
@pytest.mark.parametrize("guard", ["off", "as coded", "strict majority"])
def test_either_the_gate_or_the_guard_saves_the_managers(gate, guard):
    """Issue 650 needs both to be missing; either change alone is enough."""
    held = search("all managers at once", 1, ready_gate=gate, quorum_guard=guard).held
    assert held is (gate == "every pool" or guard != "off")


def test_the_guard_does_not_save_the_data_pools():
    """Issue 738: a guard for managers looks away; the ready gate does not."""
    old = VERSIONS["2.8.0"]
    assert not search("two data pools", 1, switches=old, quorum_guard="strict majority").held
    assert search("two data pools", 1, switches=old, ready_gate="every pool").held


def test_releases():
    cells = table(anomalies.by_version())
    found = {
        version: {cell.anomaly for cell in cells if cell.column == version and not cell.verdict.held}
        for version in VERSIONS
    }
    assert found == SHOWN


def test_matrix_is_complete_and_agrees_with_the_anomalies():
    names = ("all managers at once", "upgrade stays yellow", "single manager", "false disaster")
    cells = table(anomalies.matrix(names))
    broken = {(cell.anomaly, cell.column) for cell in cells if not cell.verdict.held}
    assert len(cells) == len(names) * (1 + len(DEFENCES))
    assert broken == {("all managers at once", "one per pass"), ("upgrade stays yellow", "yellow exception"),
                      ("single manager", "small clusters"), ("false disaster", "patient recovery")}  # fmt: skip


# change: schedules in which the operator dies at most once, somewhere
DIES_ONCE = {"restart": 46, "drained restart": 53, "upgrade": 35, "scale down": 16}


@pytest.mark.parametrize("change", DIES_ONCE)
def test_a_change_ends_well_wherever_the_operator_dies(change):
    verdict = converges(change, crashes=1, deviations=1)
    assert (verdict.held, verdict.searched, verdict.cut_short) == (True, DIES_ONCE[change], 0)


@pytest.mark.parametrize(("change", "searched"), [("scale down", 155), ("upgrade", 682)])
def test_it_may_die_twice(change, searched):
    verdict = converges(change, crashes=2, deviations=2)
    assert (verdict.held, verdict.searched) == (True, searched)


@pytest.mark.parametrize(
    ("change", "off", "invariant"),
    [
        ("drained restart", {"clean_exclusions": "never"}, "FINISHED"),
        ("scale down", {"clean_exclusions": "never"}, "SETTINGS_RESTORED"),
        ("restart", {"bug": "finished before allocation"}, "SETTINGS_RESTORED"),
    ],
)
def test_an_operator_that_does_not_clean_up_must_not_die(change, off, invariant):
    verdict = converges(change, crashes=1, deviations=1, **off)
    assert (verdict.invariant, verdict.surprises) == (invariant, ("the operator dies",))


def test_stale_status_replays_and_is_cured_by_the_live_count():
    token = search("stale status", live_count=False).token
    scenario = ANOMALIES["stale status"].scenario
    assert not replay(scenario(live_count=False), token, [must.QUORUM_KEPT]).held


def test_a_vacuous_scenario_would_fail():
    never = sometimes(
        "NEVER", "the operator acts a hundred times", lambda world: must.operator_of(world).acted >= 100
    )
    assert not explore(ANOMALIES["single manager"].scenario(), [never]).held


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: search("gremlin"), "there is no anomaly 'gremlin'; there are all managers at once, "),
        (
            lambda: search("stale status", turbo=True),
            "there is no switch 'turbo'; the switches are live_count, ",
        ),
        (lambda: converges("nap"), "there is no change 'nap'; there are restart, "),
    ],
)
def test_errors_are_sentences(call, says):
    with pytest.raises(ValueError, match=says):
        call()
