"""A failover and neighbours by the clock: what is late, lost, twice, and what it costs."""

import pytest

from dslab.pacer import neighbours
from dslab.pacer.failover import failover


def test_a_death_costs_the_lease_or_the_claim_timeout():
    """A lease of 4 s and half a second more for the rows; or 600 s."""
    assert failover(lease="heartbeat")["added_s"] == pytest.approx(4.5, abs=0.1)
    assert failover(lease="claim timeout")["added_s"] == pytest.approx(600, abs=1)


@pytest.mark.parametrize("prefetch", ["claims", "reads", "none"])
@pytest.mark.parametrize("happens", ["killed", "stands still", "nothing"])
def test_no_job_is_lost_whatever_happens(happens, prefetch):
    assert failover(happens=happens, prefetch=prefetch)["lost"] == 0


@pytest.mark.parametrize("lease", ["heartbeat", "claim timeout"])
@pytest.mark.parametrize("check", ["table", "clock", "none"])
@pytest.mark.parametrize("pause_s", [2.0, 3.9, 4.2, 4.6, 8.0])
def test_no_standstill_loses_a_job_however_long(pause_s, check, lease):
    """Shorter than the broker's lease of 4 s, between it and the 4.5 s of its rows, longer than both."""
    assert failover("stands still", pause_s, check=check, lease=lease)["lost"] == 0


def test_a_standstill_shorter_than_the_lease_leaves_the_owner_its_jobs():
    """Its heartbeats renew its lease: it goes on with what it has, and waits add up to the standstill only."""
    run = failover("stands still", 2.0, check="clock")
    assert (run["twice"], run["refused"], round(run["added_s"], 1)) == (0, 0, 2.0)


def test_reading_ahead_cannot_do_without_the_table_and_claiming_ahead_can():
    """Two owners of one partition: who claims ahead does nothing twice without asking, who reads ahead does everything twice."""
    claims, reads = (
        failover("nothing", prefetch=how, check="clock", ownership=False) for how in ("claims", "reads")
    )
    assert (claims["twice"], reads["twice"]) == (0, 70)
    assert claims["asked"] == 0


def test_with_the_check_reading_ahead_is_the_cheaper():
    claims, reads = (failover("nothing", prefetch=how) for how in ("claims", "reads"))
    assert reads["writes"] == reads["asked"] == 1 < claims["writes"]


def test_a_refused_hand_out_is_a_statement_too():
    """Two owners who read the same rows ask for most jobs twice; only one of them gets each."""
    run = failover("nothing", prefetch="reads", ownership=False)
    assert run["writes"] > 1.5
    assert run["twice"] == 0


@pytest.mark.parametrize(("check", "twice"), [("table", 0), ("clock", 0), ("none", 6)])
def test_who_is_asked_at_the_hand_out_decides_what_a_zombie_does(check, twice):
    assert failover(happens="stands still", check=check)["twice"] == twice


def test_a_standstill_shorter_than_the_lease_does_no_harm():
    run = failover(happens="stands still", pause_s=3.0, check="none")
    assert (run["twice"], run["refused"]) == (0, 0)


def test_the_fence_refuses_the_zombies_claims():
    assert failover(happens="stands still")["refused"] > 0
    assert failover(happens="stands still", fencing=False)["refused"] == 0


def test_the_check_costs_a_statement_a_job():
    asked, unasked = failover(happens="nothing"), failover(happens="nothing", check="none")
    assert asked["writes"] - unasked["writes"] == pytest.approx(1, abs=0.02)


def test_claiming_further_ahead_costs_fewer_statements():
    writes = [failover(happens="nothing", depth=depth)["writes"] for depth in (1, 5, 20)]
    assert writes == sorted(writes, reverse=True)


@pytest.mark.parametrize(
    "wrong", [{"happens": "sulks"}, {"pause_s": 0}, {"depth": 0}, {"depth": 2.5}, {"check": "mother"}]
)
def test_failover_out_of_range_is_told(wrong):
    with pytest.raises(ValueError, match=f"{'handout_check' if 'check' in wrong else next(iter(wrong))}="):
        failover(**wrong)


# -- neighbours ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("servers", "load", "chance"), [(1, 0.5, 0.5), (2, 1.0, 1 / 3), (4, 4.0, 1.0)])
def test_erlang_c_of_the_textbook(servers, load, chance):
    assert neighbours.erlang_c(servers, load) == pytest.approx(chance)


def test_notifications_in_pods_wait_as_erlang_c_says():
    """Within 15 % at 88 % load, 150 s of arrivals."""
    run = neighbours.neighbours(pods=True, poison_min=0, images_s=0, notes_s=280, seconds=120)
    assert run["wait_ms"] == pytest.approx(run["wait_theory_ms"], rel=0.15)


def test_share_of_notifications_killed_by_neighbours():
    """Deaths/s x 50 ms for each process, within 15 % (some 300 are killed in five runs)."""
    runs = [
        neighbours.neighbours(poison_min=6, images_s=0, notes_s=200, seconds=120, seed=seed)
        for seed in range(5)
    ]
    share = sum(run["killed"] for run in runs) / (5 * 200 * 120)
    assert share == pytest.approx(neighbours.killed_share(8, 6), rel=0.15)


def test_what_dies_among_the_images_does_not_hang_on_the_notifications():
    """Poison comes at the same times whatever else comes; a few tries fall into another process's death."""
    deaths = [neighbours.neighbours(pods=True, notes_s=notes_s)["deaths"] for notes_s in (20, 120, 300)]
    assert max(deaths) - min(deaths) <= 0.1 * max(deaths)


def test_pods_keep_the_poison_among_the_images():
    shared, pods = neighbours.neighbours(pods=False), neighbours.neighbours(pods=True)
    assert pods["deaths"] > 0 == pods["killed"]
    assert shared["killed"] > 0
    assert shared["p99_ms"] > 10 * pods["p99_ms"]


def test_pods_have_a_price_without_poison():
    """Half of the slots stay with the images: at 300 notifications/s that is felt."""
    shared, pods = (
        neighbours.neighbours(pods=pods, poison_min=0, images_s=0, notes_s=300) for pods in (False, True)
    )
    assert pods["wait_ms"] > shared["wait_ms"]


def test_enqueues_starve_only_on_shared_threads():
    flat = [neighbours.enqueues(dequeuers=count, separate=True)[1] for count in (5, 40, 80)]
    assert max(flat) < 3
    assert neighbours.enqueues(dequeuers=80)[1] > 100 > neighbours.enqueues(dequeuers=10)[1]


def test_neighbours_out_of_range_are_told():
    with pytest.raises(ValueError, match="poison_min=99 is out of range; use 0 to 60"):
        neighbours.neighbours(poison_min=99)
