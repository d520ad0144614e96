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
    assert {moment["status row"] for moment in moments} == {"active", "rebuilding"}


def does(*args):
    return [(moment["who"], moment["does"]) for moment in lanes(*args).tables["moments"]]


def test_looks_say_what_they_found_and_which_is_the_last():
    looks = [what for _, what in does("article, 5 January", 3, 3, 4) if what.startswith("reads")]
    assert looks == ["reads a batch: e1", "reads a batch: e2", "reads a batch: nothing (last look)"]


def test_what_the_lock_is_worth():
    """An append decides, is slow to commit, and a rebuild comes: the lock keeps it out until the commit, a status row does not."""
    alone, locked = lanes("status only", 0, 0, 3), lanes("article, 5 January", 0, 0, 3)
    assert (alone["doubled"], locked["doubled"], locked["applied"]) == (1, 0, 1)
    refused = [who for who, what in does("article, 5 January", 0, 0, 3) if what.endswith("(try): refused")]
    assert refused == ["rebuild step 1", "rebuild step 2", "rebuild step 3"]


def test_the_recipes_of_the_notebook_do_what_they_say():
    """Commit 5 loses, the correction mends it; begin 2 and commit 4 doubles, the correction does not mend it, two statements do."""
    assert (
        lanes("article, 5 January", 3, 3, 5)["lost"] and not lanes("corrected, 19 January", 3, 3, 5)["lost"]
    )
    doubled = [
        lanes(design, 2, 3, 4)["doubled"]
        for design in ("article, 5 January", "corrected, 19 January", "+ two statements")
    ]
    assert doubled == [1, 1, 0]


def test_late_by_the_whole_rebuild_only_a_commit_loses():
    assert (lanes(commits=PLACES)["lost"], lanes(begins=PLACES)["lost"]) == (1, 0)


@pytest.mark.parametrize("wrong", [{"design": "hope"}, {"begins": -1}, {"asks": 10}, {"commits": 1.5}])
def test_what_is_out_of_range_is_told(wrong):
    with pytest.raises(
        ValueError, match=r"is no choice; use one of|is no place; use a whole number from 0 to 9"
    ):
        lanes(**wrong)
