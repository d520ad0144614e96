"""The new enemy by the clock, and what commit wait does."""

import pytest

from dslab.sim import World
from dslab.zanzibar.newenemy import FOLDERS, timeline
from dslab.zanzibar.tuples import parse
from dslab.zanzibar.zookie import UNCERTAINTY_US, Switches, Zones

LAGS = (1.0, 5.0, 20.0, 60.0, 200.0)


@pytest.mark.parametrize("lag_ms", LAGS)
def test_with_everything_on_no_lag_leaks(lag_ms):
    for example in ("A", "B"):
        run = timeline(example, lag_ms=lag_ms)
        assert (run["leaks"], run["window_ms"]) == (0, 0)


@pytest.mark.parametrize(("source", "leaks"), [("nowhere", 1), ("opening", 1), ("content-change check", 0)])
def test_which_zookie_prevents_the_leak(source, leaks):
    assert timeline("B", lag_ms=30, zookie_from=source)["leaks"] == leaks


@pytest.mark.parametrize("lag_ms", [20.0, 40.0, 80.0])
def test_without_a_zookie_the_leak_ends_when_the_replica_knows(lag_ms):
    """The removal is committed at 5 ms and there at 5 ms + lag; an attempt takes 3 ms until its check arrives."""
    run = timeline("B", lag_ms=lag_ms, zookie_from="nowhere")
    assert 12 + run["window_ms"] == pytest.approx(5 + lag_ms - 3, abs=6)


def test_a_zookie_makes_the_check_wait_for_the_leader():
    """The leader's answer takes as long as the replication does; without a zookie a check is one round trip of 2 ms."""
    assert timeline("B", lag_ms=60)["slowest_ms"] == 2 + 60 + 1
    assert timeline("B", lag_ms=60, zookie_from="nowhere")["slowest_ms"] == 2


@pytest.mark.parametrize("off", [{"snapshot_reads": False}, {"commit_wait": False}])
def test_form_a_leaks_without_either_half(off):
    assert timeline("A", lag_ms=30, **off)["window_ms"] > 0


@pytest.mark.parametrize("wait", [True, False])
def test_commit_wait_puts_timestamps_in_the_order_of_who_knew(wait):
    world = World(name="order")
    Zones(world, Switches(commit_wait=wait), FOLDERS, ("folder", "doc"), (), (1_900, -1_900))
    client, stamps = world.node("client"), []

    async def both():
        stamps.append(await client.call("folder", "commit", add=(parse("folder:a#viewer@user:b"),)))
        stamps.append(await client.call("doc", "commit", add=(parse("doc:a#parent@folder:a"),)))

    client.spawn(both())
    world.run()
    assert (stamps[0] < stamps[1]) is wait


def test_commit_wait_costs_twice_the_uncertainty():
    took = {}
    for wait in (True, False):
        world = World(name="cost")
        Zones(world, Switches(commit_wait=wait), FOLDERS, ("folder",), ())
        client = world.node("client")

        async def commit(client=client, wait=wait, world=world):
            await client.call("folder", "commit", add=(parse("folder:a#viewer@user:b"),))
            took[wait] = world.now

        client.spawn(commit())
        world.run()
    assert took[True] - took[False] == 2 * UNCERTAINTY_US


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"lag_ms": 0}, "lag_ms=0 is out of range"),
        ({"ask_ms": 61}, "ask_ms=61"),
        ({"example": "C"}, "use 'A' or 'B'"),
    ],
)
def test_out_of_range_is_told(wrong, says):
    with pytest.raises(ValueError, match=says):
        timeline(**wrong)
