"""Every anomaly of the elections: the shortest schedule with the mechanism off, how much was searched with it on."""

import pytest

from dslab.check import finished
from dslab.concepts.elections import anomalies
from dslab.concepts.elections.anomalies import ANOMALIES, DEFENCES, search

# name: (schedules searched with everything on and up to so many surprises, position off, surprises of the shortest schedule)
FOUND = {
    "Bully: two sides": (122, 2, {"quorum": "one"}, 0),
    "Bully: slow answer": (87, 1, {"bounded": False}, 1),
    "Ring: two sides": (670, 2, {"quorum": "one"}, 0),
    "Ring: two lists": (696, 2, {"quorum": "one"}, 0),
    "Ring: every token comes home": (321, 2, {"swallow": False}, 0),
    "Raft: two halves": (76, 1, {"quorum": "half"}, 0),
    "Raft: two candidates": (793, 2, {"one_vote": False}, 0),
    "Raft: forgotten vote": (935, 2, {"durable": False}, 2),
    "Raft: stale log": (29, 1, {"up_to_date": False}, 0),
    "Raft: Figure 8": (2_707, 2, {"current_term": False}, 0),
    "Raft: divergent logs": (1_063, 2, {"checks_previous": False}, 0),
    "Raft: split votes": (94, 1, {"randomised": False}, 0),
    "Paxos: own value": (1_212, 2, {"adopts": False}, 1),
    "Paxos: broken promise": (1_212, 2, {"keeps_promise": False}, 0),
    "Paxos: forgotten promise": (1_178, 2, {"durable": False}, 2),
    "Paxos: duel": (115, 1, {"backoff": False}, 0),
    "ZooKeeper: herd": (89, 1, {"watch": "lowest"}, 1),
    "ZooKeeper: zombie": (185, 2, {"check": "none"}, 2),
    "ZooKeeper: dead leader stays": (168, 2, {"ephemeral": False}, 0),
    "ZooKeeper: woken too early": (721, 2, {"rechecks": False}, 1),
}


def test_every_anomaly_is_pinned():
    assert set(FOUND) == set(ANOMALIES)


@pytest.mark.parametrize("name", FOUND)
def test_shortest_schedule_with_a_mechanism_off(name):
    _, depth, off, surprises = FOUND[name]
    verdict = search(name, depth, **off)
    assert (verdict.held, verdict.invariant, verdict.deviations) == (
        False,
        ANOMALIES[name].invariant.name,
        surprises,
    )
    assert ANOMALIES[name].needs == surprises or name == "Paxos: own value"


@pytest.mark.parametrize("name", FOUND)
def test_nothing_found_with_everything_on(name):
    searched, depth, _, _ = FOUND[name]
    verdict = search(name, depth)
    assert verdict.held, verdict.describe()
    assert (verdict.searched, verdict.sampled, verdict.cut_short) == (searched, 0, 0)


@pytest.mark.parametrize(
    ("name", "off", "shown"),
    [
        ("Raft: two halves", {"quorum": "one"}, "nodes 1 and 3 both lead under number 1"),
        ("ZooKeeper: zombie", {"check": "clock"}, "a write of epoch 1 after one of epoch 2"),
        ("Paxos: duel", {"backoff": False}, "7 ballots, and nothing is chosen"),
    ],
)
def test_what_the_verdict_says(name, off, shown):
    assert shown in search(name, **off).explanation


def test_a_vote_is_forgotten_by_a_crash_and_a_restart():
    assert search("Raft: forgotten vote", durable=False).surprises == ("node 3 dies", "node 3 is back")


def test_two_leaders_write_to_the_store_with_the_fence_on():
    from dslab.check import explore

    scenario = ANOMALIES["ZooKeeper: zombie"].scenario()
    assert explore(scenario, [anomalies.NO_OLDER_EPOCH, anomalies.WROTE], 2).held


def test_table_of_the_defences():
    names = [
        "Bully: two sides",
        "Raft: two halves",
        "Raft: stale log",
        "ZooKeeper: herd",
        "ZooKeeper: dead leader stays",
    ]
    cells = finished(anomalies.matrix(names))
    assert len(cells) == len(names) * (1 + len(DEFENCES))
    broken = {
        name: [cell.column for cell in cells if cell.anomaly == name and not cell.verdict.held]
        for name in names
    }
    assert broken == {
        "Bully: two sides": ["quorum"],
        "Raft: two halves": ["quorum", "more than half"],
        "Raft: stale log": ["quorum", "log check of votes"],
        "ZooKeeper: herd": ["predecessor watch"],
        "ZooKeeper: dead leader stays": ["ephemeral znodes"],
    }


@pytest.mark.parametrize(
    "bad", [{"quorum": "all"}, {"watch": "everybody"}, {"check": "hope"}, {"paxos": False}]
)
def test_a_switch_that_does_not_exist(bad):
    with pytest.raises(ValueError, match=r"use one of|switches are"):
        search("Bully: two sides", **bad)
