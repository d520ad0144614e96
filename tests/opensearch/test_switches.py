"""Facts of the guard: what it lets go, what it blocks for ever, what it loses; and of the releases as settings."""

import pytest

from dslab.check import positioned
from dslab.opensearch.switches import VERSIONS, Switches, guard_allows, guard_table
from dslab.sim.fence import quorum


@pytest.mark.parametrize(("managers", "needed"), [(1, 1), (2, 2), (3, 2), (4, 3), (5, 3), (6, 4), (9, 5)])
def test_majority(managers, needed):
    assert quorum(managers) == needed


@pytest.mark.parametrize(
    ("managers", "allowed"), [(1, ()), (2, (2,)), (3, (3,)), (4, (3, 4)), (5, (4, 5)), (6, (4, 5, 6))]
)
def test_guard_as_coded_lets_go_as_the_facts_say(managers, allowed):
    assert guard_table("as coded")[managers - 1].allowed == allowed


def test_guard_as_coded_blocks_one_for_ever_and_loses_every_even_number():
    """Facts c.6 and c.7: N = 1 never; N = 4 with 3 ready leaves 2, N = 6 with 4 ready leaves 3, N = 2 leaves 1."""
    rows = guard_table("as coded")
    assert [row.managers for row in rows if row.blocks_for_ever] == [1]
    assert {row.managers: row.loses for row in rows if row.loses} == {2: (2,), 4: (3,), 6: (4,), 8: (5,)}


def test_strict_majority_blocks_one_and_two_and_loses_nothing():
    rows = guard_table("strict majority")
    assert [row.managers for row in rows if row.blocks_for_ever] == [1, 2]
    assert not any(row.loses for row in rows)


@pytest.mark.parametrize("managers", range(3, 10))
def test_with_all_ready_no_guard_blocks_three_or_more(managers):
    """Facts e.3: if the ready gate holds, the guard cannot block for N >= 2 (strict: N >= 3)."""
    assert guard_allows("as coded", managers, managers)
    assert guard_allows("strict majority", managers, managers)


def test_for_odd_numbers_both_guards_say_the_same():
    for managers in (3, 5, 7, 9):
        for ready in range(managers + 1):
            assert guard_allows("as coded", managers, ready) == guard_allows(
                "strict majority", managers, ready
            )


def test_smart_scaler_is_on_since_3_and_the_guard_came_with_the_alpha():
    assert [VERSIONS[v].smart_scaler for v in ("2.8.0", "3.0.0-alpha", "3.0.0")] == [False, True, True]
    assert [VERSIONS[v].quorum_guard for v in ("2.8.0", "3.0.0-alpha", "3.0.0")] == [
        "off",
        "as coded",
        "as coded",
    ]


def test_what_3_0_0_changed_after_the_alpha():
    alpha, final = VERSIONS["3.0.0-alpha"], VERSIONS["3.0.0"]
    differs = {name for name in Switches.__dataclass_fields__ if getattr(alpha, name) != getattr(final, name)}
    assert differs == {"target_in_status", "clean_exclusions"}


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (
            {"quorum_guard": "maybe"},
            "quorum_guard='maybe' is no choice; use one of 'strict majority', 'as coded', 'off'",
        ),
        ({"live_count": 1}, "live_count=1 is no switch position; use True or False"),
        ({"bug": "gremlin"}, "bug='gremlin' is no choice"),
    ],
)
def test_switch_out_of_range_is_told(wrong, says):
    with pytest.raises(ValueError, match=says):
        Switches(**wrong)


def test_unknown_switch_guard_and_number_are_told():
    with pytest.raises(ValueError, match="there is no switch 'turbo'; the switches are live_count, "):
        positioned(Switches(), {"turbo": True})
    with pytest.raises(ValueError, match="there is no guard 'strong'"):
        guard_table("strong")
    with pytest.raises(ValueError, match="a quorum of 0 nodes"):
        quorum(0)
