"""Raft's rules as pure functions: quorums, votes, conflicts, commits; held against tables worked out by hand from the paper."""

import itertools
import random

import pytest

from dslab.concepts.elections.quorums import (
    LOST,
    PENDING,
    UNLIMITED,
    WON,
    committed_index,
    joint_committed_index,
    joint_vote_result,
    majority,
    needed,
    vote_result,
)
from dslab.concepts.elections.raftlog import Entry, Log, commit, grants_vote, is_up_to_date


@pytest.mark.parametrize(("voters", "wanted"), [(1, 1), (2, 2), (3, 2), (4, 3), (5, 3), (6, 4), (7, 4)])
def test_majority_is_more_than_half(voters, wanted):
    assert majority(voters) == wanted
    assert needed(voters, "half") == (voters + 1) // 2
    assert needed(voters, "one") == 1


def test_two_majorities_share_a_voter_and_two_halves_need_not():
    for n in range(1, 8):
        groups = list(itertools.combinations(range(n), majority(n)))
        assert all(set(a) & set(b) for a in groups for b in groups)
    assert not {1, 2} & {3, 4} and needed(4, "half") == 2


@pytest.mark.parametrize(
    ("voters", "votes", "wanted"),
    [
        ((), {}, WON),
        ((1,), {}, PENDING),
        ((1,), {1: False}, LOST),
        ((1, 2), {1: True}, PENDING),
        ((1, 2), {1: True, 2: False}, LOST),
        ((1, 2, 3), {1: True, 2: False}, PENDING),
        ((1, 2, 3), {1: True, 2: True}, WON),
        ((1, 2, 3), {1: False, 2: False}, LOST),
        ((1, 2, 3), {1: True, 2: None, 3: None}, PENDING),
        ((1, 2, 3), {1: True, 9: True}, PENDING),
        ((1, 2, 3, 4), {1: True, 2: True, 3: False, 4: False}, LOST),
    ],
)
def test_vote_result(voters, votes, wanted):
    assert vote_result(voters, votes) == wanted


@pytest.mark.parametrize(
    ("voters", "acked", "wanted"),
    [
        ((), {}, UNLIMITED),
        ((1,), {}, 0),
        ((1,), {1: 12}, 12),
        ((1, 2), {1: 12, 2: 5}, 5),
        ((1, 2, 3), {1: 12, 2: 5}, 5),
        ((1, 2, 3), {1: 12}, 0),
        ((1, 2, 3, 4), {1: 101, 2: 104, 3: 103, 4: 103}, 103),
        ((1, 2, 3, 4, 5), {1: 101, 2: 104, 3: 103, 4: 103}, 103),
        ((1, 2, 3), {1: 7, 9: 100}, 0),
    ],
)
def test_committed_index(voters, acked, wanted):
    assert committed_index(voters, acked) == wanted


def test_committed_index_is_the_largest_that_a_majority_has():
    rng = random.Random(3)
    for _ in range(500):
        acked = {n: rng.randrange(6) for n in range(rng.randint(1, 7))}
        index = committed_index(acked, acked)
        have = [sum(stored >= i for stored in acked.values()) for i in (index, index + 1)]
        assert have[0] >= majority(len(acked)) > have[1]


def test_joint_is_the_smaller_commit_and_the_stricter_vote():
    rng = random.Random(4)
    for _ in range(500):
        groups = [rng.sample(range(6), rng.randrange(6)) for _ in range(2)]
        acked = {n: rng.randrange(5) for n in range(6)}
        votes = {n: rng.choice([True, False, None]) for n in range(6)}
        assert joint_committed_index(*groups, acked) == min(committed_index(g, acked) for g in groups)
        parts = [vote_result(g, votes) for g in groups]
        wanted = LOST if LOST in parts else PENDING if PENDING in parts else WON
        assert joint_vote_result(*groups, votes) == wanted


def test_an_empty_side_of_a_joint_configuration_is_none():
    assert joint_committed_index([1, 2, 3], [], {1: 5, 2: 4}) == 4
    assert joint_vote_result([1, 2, 3], [], {1: True, 2: True}) == WON


@pytest.mark.parametrize("bad", [0, -1, 2.5, True])
def test_majority_of_nobody_is_an_error(bad):
    with pytest.raises(ValueError, match="at least 1"):
        majority(bad)


# -- votes ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("index", "term", "wanted"),
    [
        (2, 4, True),
        (3, 4, True),
        (4, 4, True),
        (2, 2, False),
        (4, 2, False),
        (2, 3, False),
        (3, 3, True),
        (4, 3, True),
    ],
)
def test_up_to_date_against_a_log_of_terms_1_2_3(index, term, wanted):
    assert Log.of_terms(1, 2, 3).is_up_to_date(index, term) is wanted
    assert is_up_to_date(3, 3, index, term) is wanted


@pytest.mark.parametrize(
    ("term", "voted_for", "candidate_term", "log", "wanted"),
    [
        (3, None, 3, (2, 2), True),
        (3, 1, 3, (2, 2), True),  # the same candidate asks again
        (3, 2, 3, (2, 2), False),
        (3, 2, 4, (2, 2), True),  # a new term: not voted yet
        (4, None, 3, (2, 2), False),  # an old term
        (3, None, 4, (1, 2), False),  # shorter
        (3, None, 4, (9, 1), False),  # older
        (3, None, 4, (1, 3), True),  # newer, though shorter
    ],
)
def test_grants_vote(term, voted_for, candidate_term, log, wanted):
    assert grants_vote(term, voted_for, 2, 2, 1, candidate_term, *log) is wanted


def test_whoever_wins_is_as_up_to_date_as_a_majority():
    """Half of Leader Completeness: of any five logs, a winner's last term and index are at least those of three."""
    rng = random.Random(5)
    for _ in range(400):
        logs = [Log.of_terms(*sorted(rng.choices(range(1, 4), k=rng.randrange(5)))) for _ in range(5)]
        last = sorted((log.last_term, log.last_index) for log in logs)
        for log in logs:
            votes = {n: other.is_up_to_date(log.last_index, log.last_term) for n, other in enumerate(logs)}
            wins = vote_result(range(5), votes) == WON
            assert wins == ((log.last_term, log.last_index) >= last[2])


# -- append ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "terms", "wanted"),
    [
        (1, (), 0), (1, (1, 2, 3), 0), (2, (2, 3), 0), (3, (3,), 0),
        (1, (1, 2, 3, 4, 4), 4), (2, (2, 3, 4, 5), 4), (3, (3, 4, 4), 4), (4, (4, 4), 4),
        (1, (4, 4), 1), (2, (1, 4, 4), 2), (3, (1, 2, 4, 4), 3),
    ],
)  # fmt: skip
def test_find_conflict_in_a_log_of_terms_1_2_3(first, terms, wanted):
    assert Log.of_terms(1, 2, 3).find_conflict(list(enumerate(terms, first))) == wanted


@pytest.mark.parametrize(
    ("index", "term", "wanted"), [(5, 5, 5), (5, 4, 2), (5, 2, 2), (5, 1, 0), (2, 2, 2), (100, 2, 100)]
)
def test_find_conflict_by_term(index, term, wanted):
    assert Log.of_terms(2, 2, 5, 5, 5).find_conflict_by_term(index, term) == wanted


@pytest.mark.parametrize(
    ("index", "term", "committed", "new", "last", "now", "terms"),
    [
        (3, 2, 3, [(4, 4)], None, 1, (1, 2, 3)),  # another term there
        (4, 3, 4, [(5, 4)], None, 1, (1, 2, 3)),  # beyond the log
        (3, 3, 3, [], 3, 3, (1, 2, 3)),
        (3, 3, 4, [], 3, 3, (1, 2, 3)),  # not beyond what matches
        (3, 3, 2, [], 3, 2, (1, 2, 3)),
        (3, 3, 0, [], 3, 1, (1, 2, 3)),  # never back
        (0, 0, 3, [], 0, 1, (1, 2, 3)),
        (3, 3, 3, [(4, 4)], 4, 3, (1, 2, 3, 4)),
        (3, 3, 5, [(4, 4)], 4, 4, (1, 2, 3, 4)),
        (2, 2, 3, [(3, 4)], 3, 3, (1, 2, 4)),  # conflict: cut and replaced
        (1, 1, 3, [(2, 4)], 2, 2, (1, 4)),  # and what followed is gone
        (1, 1, 3, [(2, 2)], 2, 2, (1, 2, 3)),  # no conflict: what follows stays
    ],
)
def test_maybe_append_to_terms_1_2_3_of_which_1_is_committed(index, term, committed, new, last, now, terms):
    log = Log.of_terms(1, 2, 3, committed=1)
    assert log.maybe_append(index, term, committed, new) == last
    assert (log.committed, log.terms) == (now, terms)


def test_a_committed_entry_is_never_replaced():
    with pytest.raises(ValueError, match="committed already"):
        Log.of_terms(1, 2, 3, committed=1).maybe_append(0, 0, 3, [(1, 4)])


def test_a_compacted_log_still_matches_at_its_edge():
    log = Log([Entry(5, 3), Entry(6, 4)], compacted=(4, 2))
    assert (log.first_index, log.last_index, log.last_term, log.committed) == (5, 6, 4, 4)
    assert [log.term(i) for i in (3, 4, 5, 7)] == [None, 2, 3, None]
    assert log.maybe_append(4, 2, 6, [(5, 3), (6, 4), (7, 4)]) == 7


@pytest.mark.parametrize("entries", [[(2, 1)], [(1, 1), (3, 1)], [(1, 2), (2, 1)]])
def test_entries_with_holes_or_falling_terms_are_refused(entries):
    with pytest.raises(ValueError, match=r"hole|terms"):
        Log(entries)


# -- commit --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("match", "terms", "term", "wanted"),
    [
        ([1], (1,), 1, 1), ([1], (1,), 2, 0), ([2], (1, 2), 2, 2), ([1], (2,), 2, 1),
        ([2, 1, 1], (1, 2), 1, 1), ([2, 1, 1], (1, 1), 2, 0), ([2, 1, 2], (1, 2), 2, 2), ([2, 1, 2], (1, 1), 2, 0),
        ([2, 1, 1, 1], (1, 2), 1, 1), ([2, 1, 1, 2], (1, 2), 1, 1), ([2, 1, 1, 2], (1, 2), 2, 0), ([2, 1, 2, 2], (1, 2), 2, 2),
        ([2, 1, 2, 2], (1, 1), 2, 0),
    ],
)  # fmt: skip
def test_a_leader_commits_what_a_majority_has_of_its_own_term(match, terms, term, wanted):
    log = Log.of_terms(*terms)
    assert commit(log, term, dict(enumerate(match))) == wanted


def test_a_joint_commit_needs_both_majorities():
    log, match = Log.of_terms(1, 1, 1), {1: 3, 2: 3, 3: 1, 4: 1, 5: 1}
    assert commit(log, 1, match, [1, 2, 3], [3, 4, 5]) == 1
    assert commit(log, 1, match, [1, 2, 3]) == 3
