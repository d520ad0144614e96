"""Every anomaly: found with its mechanism off, by a pinned shortest schedule; not found in the base, in a pinned number."""

import pytest

from dslab.check import finished, replay
from dslab.concepts import limiter_anomalies as anomalies
from dslab.concepts.limiter_anomalies import ANOMALIES, DESIGNS, Switches, search
from dslab.concepts.limiters import LIMITERS

# anomaly: (schedules searched in the base with up to three surprises, whether these are all there are)
SEARCHED = {
    "boundary burst": (3_809, False),
    "more in a minute": (3_809, False),
    "all at once": (3_809, False),
    "long wait": (3_809, False),
    "every edge its own": (680, True),
    "read, then write": (38, False),
    "two clocks": (680, False),
    "clock ping-pong": (680, False),
    "locked out": (1, True),
}
# (anomaly, positions): surprises in the shortest schedule, schedules until it was found
SHORTEST = {
    ("boundary burst", (("algorithm", "fixed window"),)): (2, 309),
    ("more in a minute", (("algorithm", "fixed window"),)): (2, 149),
    ("more in a minute", (("algorithm", "sliding counter"),)): (2, 298),
    ("more in a minute", (("burst", 2),)): (2, 39),
    ("all at once", (("burst", 2),)): (1, 3),
    ("long wait", (("algorithm", "leaky queue"),)): (1, 3),
    ("every edge its own", (("shared", False),)): (2, 20),
    ("read, then write", (("atomic", False),)): (1, 6),
    ("two clocks", (("time", "edges"),)): (2, 20),
    ("clock ping-pong", (("time", "edges"), ("clock", "follow"))): (3, 121),
    ("locked out", (("algorithm", "sliding log"), ("refused", "counted"))): (0, 1),
    ("locked out", (("refill", "lost"),)): (0, 1),
}  # fmt: skip
# what breaks which row; whoever allows two at once breaks the rows that forbid it
TWO_AT_ONCE = {"fixed window", "sliding counter", "sliding log", "B = 2", "refusals counted"}
MORE_IN_A_MINUTE = {"fixed window", "sliding counter", "B = 2"}
BROKEN = {
    "boundary burst": {"fixed window"},
    "more in a minute": MORE_IN_A_MINUTE,
    "all at once": TWO_AT_ONCE,
    "long wait": {"leaky queue"},
    "every edge its own": MORE_IN_A_MINUTE | {"local counters"},
    "read, then write": TWO_AT_ONCE | {"read, then write"},
    "two clocks": MORE_IN_A_MINUTE | {"edges' clocks", "clock followed"},
    "clock ping-pong": {"fixed window", "clock followed"},
    "locked out": {"refusals counted", "fractions lost"},
}


def test_every_anomaly_and_every_off_position_is_pinned_here():
    assert set(SEARCHED) == set(ANOMALIES)
    assert set(SHORTEST) == {(a.name, tuple(off.items())) for a in ANOMALIES.values() for off in a.off}


@pytest.mark.parametrize("name", SEARCHED)
def test_not_found_in_the_base(name):
    verdict = search(name, deviations=3)
    assert (verdict.held, verdict.searched, verdict.exhausted) == (True, *SEARCHED[name])
    assert not verdict.sampled


@pytest.mark.parametrize(("name", "positions"), SHORTEST)
def test_found_with_the_mechanism_off_by_the_shortest_schedule(name, positions):
    verdict = search(name, **dict(positions))
    assert verdict.invariant == ANOMALIES[name].invariant.name
    assert (verdict.deviations, verdict.searched) == SHORTEST[name, positions]


def test_five_sequences_of_the_facts_are_all_there():
    assert {a.source for a in ANOMALIES.values() if a.source.startswith("facts")} == {
        f"facts c.{n}" for n in range(1, 6)
    }


def test_matrix_breaks_where_it_should_and_only_there():
    cells = finished(anomalies.matrix())
    assert len(cells) == len(ANOMALIES) * (1 + len(DESIGNS))
    broken = {
        name: {c.column for c in cells if c.anomaly == name and not c.verdict.held} for name in ANOMALIES
    }
    assert broken == BROKEN
    assert all(
        c.verdict.invariant == ANOMALIES[c.anomaly].invariant.name for c in cells if not c.verdict.held
    )


def test_every_switch_is_off_in_some_design():
    moved = {name for positions in DESIGNS.values() for name in positions}
    assert moved == set(Switches.__dataclass_fields__)


def test_gcra_does_not_mind_a_clock_that_runs_backwards():
    followed = {"time": "edges", "clock": "follow"}
    assert not search("clock ping-pong", **followed).held
    assert search("clock ping-pong", algorithm="GCRA", **followed).held


def test_meter_and_gcra_with_one_unit_hold_wherever_the_base_does():
    for name in ANOMALIES:
        for algorithm in ("GCRA", "leaky meter"):
            assert search(name, algorithm=algorithm).held, (name, algorithm)


def test_boundary_burst_falls_at_the_border():
    """One in the last tick of a minute, two in the first of the next."""
    passed = replay(
        ANOMALIES["boundary burst"].scenario(algorithm="fixed window"),
        search("boundary burst", algorithm="fixed window").token,
        [anomalies.IN_TWENTY_SECONDS],
    )
    assert "3 passed within 20 s, from second 50 on" in passed.explanation


def test_the_same_schedule_in_one_step_lets_one_pass():
    token = search("read, then write", atomic=False).token
    assert not replay(
        ANOMALIES["read, then write"].scenario(atomic=False), token, [anomalies.NOT_TWO_AT_ONCE]
    ).held


def test_every_algorithm_can_be_a_switch():
    assert [Switches(algorithm=name).limiter().name for name in LIMITERS] == list(LIMITERS)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: search("gremlin"), "there is no anomaly 'gremlin'; there are boundary burst, "),
        (lambda: search("all at once", turbo=1), "there is no switch 'turbo'; the switches are algorithm, "),
        (
            lambda: Switches(algorithm="bouncer"),
            "algorithm='bouncer' is no choice; use one of 'fixed window', ",
        ),
        (lambda: Switches(shared="no"), "shared='no' is no choice; use one of True, False"),
    ],
)
def test_what_does_not_exist_is_told(call, says):
    with pytest.raises(ValueError, match=says):
        call()
