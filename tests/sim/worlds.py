"""Random worlds for property tests: the same for the same seed, busy with everything that the simulator has."""

from __future__ import annotations

import random
from typing import Any

from dslab.sim import (
    Driver,
    Future,
    Lock,
    Mailbox,
    Queue,
    Semaphore,
    SharedLock,
    World,
    exponential,
    sleep,
    step,
    uniform,
)

NAMES = ("ann", "bob", "cy")


def random_world(
    seed: int, steps: bool = True, faults: bool = True, skew: bool = False, shared: bool = True
) -> World:
    """Three nodes, four clients that do random things to shared locks, queues and each other, faults on a schedule.

    Everybody writes what they see to ``world.facts["lines"]``. With ``steps`` actors step; with ``skew`` clocks
    differ; without ``shared`` messages alone connect the nodes.
    """
    dice = random.Random(f"world {seed}")
    world = World(seed, name=f"random {seed}")
    world.facts["lines"] = []
    for name in NAMES:
        node = world.node(name, kind="process", count=0, last="")
        node.durable = {"count"}
        _serve(world, node, steps)
        if skew:
            node.skew_us, node.drift_ppm = dice.randint(-5_000, 5_000), dice.randint(-200, 200)
    for src in NAMES:
        for dst in NAMES:
            if dice.random() < 0.7:
                latency = dice.choice([5, 40, uniform(1, 90), exponential(30)])
                world.link(src, dst, latency=latency, fifo=dice.random() < 0.4)
    things = {
        "lock": Lock(world),
        "shared": SharedLock(world),
        "permits": Semaphore(world, 2),
        "queue": Queue(world, 2),
    }
    acts = [
        act for act in _ACTS if (steps or act is not _step) and (shared or act not in (_lock, _share, _queue))
    ]
    for number in range(4):
        node = world.nodes[NAMES[number % 3]]
        plan = [dice.choice(acts) for _ in range(dice.randint(2, 6))]
        node.spawn(_client(world, node, f"client {number}", plan, things, random.Random(dice.random())))
    if faults:
        _break(world, dice)
    return world


def _note(world: World, *words: Any) -> None:
    world.facts["lines"].append((world.now, *words))


def _serve(world: World, node: Any, steps: bool) -> None:
    box = Mailbox(node, "mail")

    def count(by: int) -> int:
        node.state["count"] += by
        _note(world, node.id, "count", node.state["count"])
        return node.state["count"]

    async def slowly(us: int) -> str:
        await sleep(us)
        if steps:
            await step("answers")
        node.state["last"] = f"slept {us}"
        return node.id

    async def reads() -> None:
        for _ in range(3):
            message = await box.get()
            _note(world, node.id, "mail", message.src, message.payload["text"])

    node.on("count", count).on("slowly", slowly)
    node.boot = reads
    node.spawn(reads(), f"{node.id} (reader)")


async def _step(world: World, node: Any, things: dict, dice: random.Random) -> str:
    await step("steps")
    return "stepped"


async def _sleep(world: World, node: Any, things: dict, dice: random.Random) -> str:
    await sleep(dice.choice([0, 1, 7, 40]))
    return "slept"


async def _call(world: World, node: Any, things: dict, dice: random.Random) -> Any:
    name, payload = dice.choice([("count", {"by": 1}), ("slowly", {"us": dice.choice([0, 30])})])
    try:
        return await node.call(dice.choice(NAMES), name, dice.choice([None, 50, 90, 200]) or 500, **payload)
    except TimeoutError:
        return "gave up"


async def _mail(world: World, node: Any, things: dict, dice: random.Random) -> str:
    node.send(dice.choice(NAMES), "mail", text=f"hello {world.now}")
    return "mailed"


async def _lock(world: World, node: Any, things: dict, dice: random.Random) -> str:
    lock = things[dice.choice(["lock", "permits"])]
    try:
        await lock.acquire(timeout_us=150)
    except TimeoutError:
        return "no lock"
    await sleep(dice.choice([0, 9]))
    lock.release()
    return "locked"


async def _share(world: World, node: Any, things: dict, dice: random.Random) -> str:
    lock = things["shared"]
    try:
        await lock.acquire(exclusive=dice.random() < 0.4, timeout_us=150)
    except TimeoutError:
        return "no share"
    await sleep(dice.choice([0, 9]))
    lock.release()
    return "shared"


async def _queue(world: World, node: Any, things: dict, dice: random.Random) -> Any:
    try:
        if dice.random() < 0.5:
            await things["queue"].put(world.now, timeout_us=80)
            return "put"
        return await things["queue"].get(timeout_us=80)
    except TimeoutError:
        return "no turn"


async def _pass(world: World, node: Any, things: dict, dice: random.Random) -> Any:
    future = Future(world, "a word")

    async def sets() -> None:
        await sleep(dice.choice([0, 3]))
        future.set("passed")

    node.spawn(sets())
    return await future


_ACTS = (_step, _sleep, _call, _call, _mail, _lock, _share, _queue, _pass)


async def _client(world: World, node: Any, name: str, plan: list, things: dict, dice: random.Random) -> None:
    for act in plan:
        operation = world.invoke(node.id, act.__name__.strip("_"))
        answer = await act(world, node, things, dice)
        world.respond(operation, "ok", answer)
        node.state["last"] = f"{name} {answer}"
        _note(world, name, act.__name__, answer)


def _break(world: World, dice: random.Random) -> None:
    victim, other = dice.sample(NAMES, 2)
    node, time = world.nodes[victim], dice.randint(5, 120)
    begin, end = dice.choice([(node.crash, node.restart), (node.pause, node.resume), (lambda: node.slow_down(3), lambda: node.slow_down(1)),
                              (lambda: world.cut(victim, other), world.heal), (lambda: node.jump(40), lambda: node.drift(100))])  # fmt: skip
    world.at(time, begin, "a fault begins", node)
    world.at(time + dice.randint(0, 90), end, "a fault ends", node)


def story(world: World) -> tuple:
    """Give all that can be seen of a run: what everybody wrote, all states, the history, the clock, who still waits."""
    states = {name: (dict(node.state), node.up, node.clock()) for name, node in world.nodes.items()}
    return world.facts["lines"], states, world.operations, world.now, world.waits_for()


def digests() -> dict[str, str]:
    """Give the digests of the traces of some random worlds, by time and by choice."""
    found = {}
    for seed in range(6):
        found[f"time {seed}"] = random_world(seed, skew=True).record(clocks=True).run().trace.digest()
        chosen = Driver(random_world(seed).record(clocks=True))
        chosen.run([(4, 1), (9, 2), (11, 1)], wrap=True)
        found[f"choice {seed}"] = chosen.world.trace.digest()
    return found
