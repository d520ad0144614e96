"""Fourteen anomalies: the shortest schedule with a mechanism off, how much was searched with it on."""

import pytest

from dslab.check import replay
from dslab.concepts import races
from dslab.concepts.switches import Switches

# name: surprises of the shortest schedule, its token, schedules with up to two surprises and everything on
FOUND = {
    "fill overtakes purge": (1, "fill overtakes purge:4.1:a67b92", 25),
    "purge from the outside in": (2, "purge from the outside in:0.1-3.1:f038c2", 17),
    "done twice": (1, "done twice:2.1:c5d6a4", 61),
    "acknowledged, then died": (1, "acknowledged, then died:3.4:9f219c", 481),
    "poison message": (0, "poison message:0:1dc7b3", 1),
    "silent gap": (0, "silent gap:0:cc9f34", 36),
    "between snapshot and subscription": (2, "between snapshot and subscription:0.1-2.1:d00189", 19),
    "hedged order": (1, "hedged order:0.1:73448f", 16),
    "late result": (2, "late result:5.1-9.1:a4f4ea", 402),
    "a crowd of probes": (1, "a crowd of probes:11.1:5c02fb", 402),
    "lost probe": (0, "lost probe:0:60501a", 443),
    "late heartbeat": (1, "late heartbeat:3.1:cd8334", 13),
    "address reused": (1, "address reused:2.1:ba69c5", 10),
    "write during a move": (1, "write during a move:2.1:121ff5", 13),
}


def test_every_anomaly_is_pinned():
    assert set(FOUND) == set(races.ANOMALIES)


@pytest.mark.parametrize("name", FOUND)
def test_found_with_the_mechanism_off_and_not_with_it_on(name):
    race, (surprises, token, searched) = races.anomaly(name), FOUND[name]
    off = race.search(**race.off[0])
    assert (off.held, off.deviations, off.invariant, off.token) == (
        False,
        surprises,
        race.invariant.name,
        token,
    )
    on = race.search()
    assert (on.held, on.searched, on.sampled) == (True, searched, 0)


@pytest.mark.parametrize("name", FOUND)
def test_the_token_replays_the_violation(name):
    race = races.anomaly(name)
    verdict = replay(race.scenario(**race.off[0]), FOUND[name][1], [race.invariant])
    assert not verdict.held


def test_three_surprises_find_nothing_more_in_the_small_worlds():
    for name in (
        "fill overtakes purge",
        "purge from the outside in",
        "write during a move",
        "address reused",
        "late heartbeat",
    ):
        verdict = races.search(name, 3)
        assert verdict.held, name


def test_a_purge_needs_both_of_its_mechanisms():
    assert not races.search("purge from the outside in", fill_checks_purge=False).held


def test_each_defence_turns_one_switch():
    assert all(len(off) == 1 for off in races.DEFENCES.values())
    assert {next(iter(off)) for off in races.DEFENCES.values()} == set(Switches.__dataclass_fields__)


def test_what_does_not_exist_is_refused():
    with pytest.raises(ValueError, match="there is no anomaly 'gremlin'"):
        races.search("gremlin")
    with pytest.raises(ValueError, match="there is no switch"):
        races.search("done twice", magic=True)
    with pytest.raises(ValueError, match="shield first"):
        Switches(purge_order="randomly")
