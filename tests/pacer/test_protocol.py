"""Facts of the table and of who takes jobs out of it: claims, hand-outs, running out, order, epochs."""

import pytest

from dslab.check import positioned
from dslab.pacer.protocol import Queue
from dslab.pacer.switches import (
    CLAIM_TIMEOUT_US,
    LEASE_US,
    PACER,
    PINLATER,
    ROW_LEASE_US,
    Switches,
)
from dslab.pacer.table import Job
from dslab.sim import World


def queue(jobs=2, fifo=False, **positions):
    made = Queue(World(), positioned(PACER, positions), jobs=jobs, fifo=fifo)
    made.broker("A")
    made.broker("B")
    return made


def states(made):
    return [row.state for row in made.table.in_order()]


def test_a_claim_takes_pending_rows_only_and_names_itself():
    made = queue(3)
    first, second = made.table.claim("A", 2, 1), made.table.claim("A", 2, 1)
    assert [job.claim for job in (*first, *second)] == ["A#1", "A#2", "A#3"]
    assert [job.id for job in (*first, *second)] == [1, 2, 3]


def test_the_fence_refuses_an_older_epoch_and_takes_the_newest():
    made = queue()
    made.table.appoint("B", 2)
    assert made.table.claim("A", 1, 1) == []
    assert [job.id for job in made.table.claim("B", 1, 2)] == [1]


def test_a_claim_that_runs_out_costs_an_attempt_only_if_somebody_began():
    made = queue()
    idle, begun = made.table.claim("A", 2, 1)
    made.table.handout(begun, "A")
    for job in (idle, begun):
        made.table.run_out(made.table.rows[job.id], job.claim)
    assert [row.attempts for row in made.table.rows.values()] == [3, 2]
    assert states(made) == ["pending", "pending"]


def test_a_descriptor_that_is_not_in_the_row_any_more_ends_nothing():
    made = queue(1)
    (old,) = made.table.claim("A", 1, 1)
    made.table.run_out(made.table.rows[1], old.claim)
    (new,) = made.table.claim("A", 1, 1)
    made.table.run_out(made.table.rows[1], old.claim)
    assert (made.table.rows[1].state, made.table.rows[1].claim) == ("prefetched", new.claim)


@pytest.mark.parametrize(("guard", "written"), [(True, False), (False, True)])
def test_checkpoint_of_an_old_claim(guard, written):
    made = queue(1, checkpoint_guard=guard)
    (old,) = made.table.claim("A", 1, 1)
    made.table.run_out(made.table.rows[1], old.claim)
    made.table.claim("A", 1, 1)
    assert made.table.save(old, "w1", "half") is written


def test_hand_out_is_refused_under_a_claim_that_was_taken_back():
    made = queue(1)
    (job,) = made.table.claim("A", 1, 1)
    made.table.run_out(made.table.rows[1], job.claim)
    assert made.table.handout(job, "A") == "gone"


def test_a_job_without_attempts_is_given_up():
    made = queue(1)
    for _ in range(3):
        (job,) = made.table.claim("A", 1, 1)
        made.table.handout(job, "A")
        made.table.ack(job, False)
    assert states(made) == ["failed"]


@pytest.mark.parametrize(("blocking", "order"), [(True, [1, 2]), (False, [2, 1])])
def test_a_retry_keeps_its_place_only_if_it_blocks(blocking, order):
    made = queue(2, fifo=True, blocking_retries=blocking)
    (job,) = made.table.claim("A", 1, 1)
    made.table.handout(job, "A")
    made.table.ack(job, False)
    assert [row.id for row in made.table.in_order()] == order


def test_in_a_fifo_queue_the_second_waits_for_the_first():
    made = queue(2, fifo=True)
    first, second = made.table.claim("A", 2, 1)
    assert made.table.handout(second, "A") == "wait"
    assert isinstance(made.table.handout(first, "A"), Job)
    made.table.ack(first, True)
    assert isinstance(made.table.handout(second, "A"), Job)


@pytest.mark.parametrize("switches", [PACER, PINLATER], ids=["Pacer", "PinLater"])
def test_all_jobs_are_done_once_when_nothing_happens(switches):
    made = Queue(World(), switches, jobs=7)
    for broker, worker in (("A", "w1"), ("B", "w2")):
        made.broker(broker)
        made.worker(worker, broker)
    if switches is PACER:
        made.worker("w3", "A")
    made.world.run()
    assert states(made) == ["done"] * 7
    assert made.runs == dict.fromkeys(range(1, 8), 1)
    assert made.complaints == {}


def test_controller_waits_for_a_lease_and_raises_the_epoch():
    made = queue()
    made.kill("A")
    made.world.run(until_us=LEASE_US - 1)
    assert (made.table.owner, made.table.epoch) == ("A", 1)
    made.world.run()
    assert (made.table.owner, made.table.epoch) == ("B", 2)


def test_a_broker_that_goes_on_in_time_stays_the_owner():
    made = queue()
    made.table.claim("A", 1, 1)
    made.pause("A")
    made.world.run(until_us=LEASE_US - 1)
    made.resume("A")
    made.world.run()
    assert made.table.owner == "A"
    assert states(made) == ["prefetched", "pending"]


@pytest.mark.parametrize(
    ("lease", "after_us"), [("heartbeat", ROW_LEASE_US), ("claim timeout", CLAIM_TIMEOUT_US)]
)
def test_when_the_jobs_of_a_dead_broker_come_back(lease, after_us):
    made = queue(1, prefetch_lease=lease)
    made.table.claim("A", 1, 1)
    made.kill("A")
    made.world.run(until_us=after_us - 1)
    assert states(made) == ["prefetched"]
    made.world.run(until_us=after_us)
    assert states(made) == ["pending"]


def test_the_brokers_own_lease_ends_before_that_of_its_rows():
    assert LEASE_US < ROW_LEASE_US < CLAIM_TIMEOUT_US


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"prefetch": "maybe"}, "prefetch='maybe' is no choice; use one of 'claims', 'reads', 'none'"),
        ({"fencing": 1}, "fencing=1 is no switch position; use True or False"),
        ({"bug": "gremlin"}, "bug='gremlin' is no choice"),
    ],
)
def test_switch_out_of_range_is_told(wrong, says):
    with pytest.raises(ValueError, match=says):
        Switches(**wrong)
