"""One append beside one rebuild: all orders of three places, and what each design makes of them."""

import itertools

import pytest

from dslab.readmodels.lanes import PLACES, lanes

ORDERS = [order for order in itertools.product(range(PLACES + 1), repeat=3) if order == tuple(sorted(order))]


def outcomes(design):
    """Give which of lost and doubled happen in some order."""
    runs = [lanes(design, *order) for order in ORDERS]
    return {name for name in ("lost", "doubled") if any(run[name] for run in runs)}


@pytest.mark.parametrize(
    ("design", "expected"),
    [
        ("article, 5 January", {"lost", "doubled"}),
        ("corrected, 19 January", {"doubled"}),
        ("+ two statements", set()),
        ("everything on", set()),
        ("barrier", set()),
        ("lock for the whole replay", set()),
        ("status only", {"lost", "doubled"}),
    ],
)
def test_what_can_go_wrong_with_one_append(design, expected):
    assert outcomes(design) == expected


def test_only_designs_whose_appends_wait_make_an_append_wait():
    waits = {
        design
        for design in ("article, 5 January", "everything on", "barrier")
        if any(lanes(design, *o)["waited"] for o in ORDERS)
    }
    assert waits == {"barrier"}


def test_lost_from_the_last_look_on():
    """Rebuild step 5 is the last look: committed before it the event is replayed, after it nobody has it."""
    assert [lanes("article, 5 January", 3, 3, place)["lost"] for place in range(3, 8)] == [0, 0, 1, 1, 1]


def test_every_moment_shows_lock_status_and_model():
    moments = lanes().tables["moments"]
    assert all(
        {"who", "does", "lock", "status row", "read model", "skip records"} == set(moment)
        for moment in moments
    )
    assert {moment["status row"] for moment in moments} == {"active", "rebuilding (rebuild)"}


@pytest.mark.parametrize("wrong", [{"design": "hope"}, {"begins": -1}, {"asks": 10}, {"commits": 1.5}])
def test_what_is_out_of_range_is_told(wrong):
    with pytest.raises(
        ValueError, match=r"is no choice; use one of|is no place; use a whole number from 0 to 9"
    ):
        lanes(**wrong)
