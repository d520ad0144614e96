"""The same seed is the same run: whatever hash() does, however it is run, traced or not, on every Python."""

import json
import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from dslab.sim import World
from dslab.sim.world import FOREVER
from tests.sim.worlds import digests, random_world, story

ROOT = Path(__file__).resolve().parents[2]
# Pinned: another Python, another machine, another day must tell the same stories. They change with tests/sim/worlds.py.
STORIES = {
    0: "9a21add43cd8309a", 1: "8b284d79e9aa82cf", 2: "57f19a46e1a166b4",
    3: "e11ce0cce149507e", 4: "04eb09692c821f12", 5: "803617da4f1fcebf",
}  # fmt: skip


def told(world: World) -> str:
    """Give the digest of a story."""
    return sha256(json.dumps(story(world), default=repr, sort_keys=True).encode()).hexdigest()[:16]


def test_hash_decides_nothing():
    outputs = set()
    for hash_seed in "012":
        code = "import json; from tests.sim.worlds import digests; print(json.dumps(digests()))"
        env = os.environ | {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)}
        run = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, env=env, capture_output=True, text=True, check=True
        )
        outputs.add(run.stdout)
    assert outputs == {json.dumps(digests()) + "\n"}


@pytest.mark.parametrize("seed", range(6))
def test_a_seed_tells_the_same_story_on_every_python(seed):
    assert told(random_world(seed).run()) == STORIES[seed]


def by_steps(world):
    while world.step():
        pass


def in_slices(world):
    for until_us in range(0, 3_000, 7):
        world.run(until_us=until_us)
    world.run()


def event_by_event(world):
    while world.next_us() < FOREVER:
        world.run(events=1)


WAYS = {
    "to the end": World.run, "by step": by_steps, "in slices": in_slices, "event by event": event_by_event,
    "traced": lambda world: world.record().run(), "traced with clocks": lambda world: world.record(clocks=True).run(),
    "traced in slices": lambda world: in_slices(world.record()), "traced by step": lambda world: by_steps(world.record()),
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_a_world_tells_the_same_story_however_it_is_run(way):
    for seed in range(25):
        plain, other = random_world(seed), random_world(seed)
        plain.run()
        WAYS[way](other)
        ours, theirs = story(plain), story(other)
        if "slices" in way:  # they take the clock along, past the end
            ours, theirs = ours[:1] + ours[2:3], theirs[:1] + theirs[2:3]
        assert theirs == ours, f"seed {seed}"
        plain.close()
        other.close()


def test_recording_twice_gives_the_same_trace():
    assert digests() == digests()


def test_another_seed_is_another_run():
    assert len(set(digests().values())) == 12
