"""Epochs, quorums and the fence: what a resource and an election need so that a leader of yesterday does no harm."""

import pytest

from dslab.sim.fence import QUORUMS, Fence, Office, quorum


def test_fence_refuses_seven_after_eight_and_takes_eight_again():
    fence = Fence()
    assert [fence.admit(epoch) for epoch in (7, 8, 7, 8, 9)] == [True, True, False, True, True]
    assert (fence.highest, fence.refused) == (9, 1)


def test_office_grants_only_larger_epochs():
    office = Office(6)
    assert [office.grant(name) for name in ("a", "b", "a")] == [7, 8, 9]
    assert office.holder == "a"


def test_what_an_old_holder_sends_after_the_next_grant_is_refused_once_the_new_one_has_written():
    office, fence = Office(), Fence()
    old, new = office.grant("a"), office.grant("b")
    assert fence.admit(old)  # nobody has written since: it harms nobody
    assert fence.admit(new)
    assert not fence.admit(old)


@pytest.mark.parametrize("nodes", range(1, 10))
def test_two_majorities_meet_and_two_halves_of_an_even_number_need_not(nodes):
    assert 2 * quorum(nodes) > nodes
    assert (2 * quorum(nodes, "half") > nodes) == (nodes % 2 == 1)
    assert quorum(nodes, "one") == 1


@pytest.mark.parametrize("nodes", [0, -1, True, 2.5])
def test_quorum_of_what_is_no_number_of_nodes_is_told(nodes):
    with pytest.raises(ValueError, match=f"a quorum of {nodes!r} nodes is not possible"):
        quorum(nodes)


def test_rule_that_does_not_exist_is_told():
    with pytest.raises(
        ValueError, match=f"the quorum rule 'most' is not known; use one of {', '.join(QUORUMS)}"
    ):
        quorum(3, "most")
