"""Message queue: work that waits for a worker, is given out at least once, and is given up after a few tries.

| word               | meaning                                                                                       |
|--------------------|-----------------------------------------------------------------------------------------------|
| at-least-once      | a message is given out again until somebody acknowledges it; so it may be worked on twice          |
| visibility timeout | for so long a message that was given out is hidden from others; then it is given out again         |
| acknowledge        | the worker says "done" and the message is deleted                                                |
| idempotent         | doing it twice is the same as once: an effect is remembered by the message's name                  |
| poison message     | one that nobody can work on                                                                     |
| dead letters       | a second queue for messages that were given out too often                                         |
| back-pressure      | a queue with an end: when it is full the producer must wait, or is turned away                      |

The protocol: a worker takes the oldest visible message, works, acknowledges. A worker that dies or is slow says nothing; after the timeout the
next one gets the message. So a timeout shorter than the work makes double work, and a long one makes a crash expensive.
"""

from __future__ import annotations

import random
from collections import deque
from heapq import heappop, heappush

from dslab.concepts.switches import Switches
from dslab.sim import World, step
from dslab.sim.result import Metric, Result, Series

TRIES = 2  # how often the referee's queue gives a message out before it goes to the dead letters


def work_through(timeout_s: float = 20.0, work_s: float = 10.0, crash: float = 0.02, poison: float = 0.0, tries: int = 5,
                 load: float = 0.5, workers: int = 8, messages: int = 3_000, seed: int = 1) -> dict[str, float]:  # fmt: skip
    """Run a queue with ``workers``; gives deliveries, effects and acknowledgements per message, and the median time to done in seconds.

    ``work_s``: mean of the exponential work; ``timeout_s``: visibility timeout; ``crash``: share of deliveries that die without a word; ``poison``:
    share of messages that always do. ``tries``: deliveries before the dead letters (0: no end, but the run stops after 50). ``load``: arrivals / what the
    workers could do if nothing was done twice, 0.05 to 2. An acknowledgement that comes after the timeout still deletes the message.
    """
    for name, value, low, high in (
        ("timeout_s", timeout_s, 0.1, 1e4),
        ("work_s", work_s, 0.1, 1e4),
        ("crash", crash, 0, 1),
        ("load", load, 0.05, 2),
    ):
        if not low <= value <= high:
            raise ValueError(f"{name}={value!r} is out of range; use {low:g} to {high:g}")
    rng = random.Random(seed)
    now, serial, events, visible = 0.0, 0, [], deque()
    came, given, done_at = [0.0] * messages, [0] * messages, [0.0] * messages
    effects, dead, free = 0, 0, workers
    for number in range(messages):
        now += rng.expovariate(load * workers / work_s)
        came[number] = now
        events.append((now, number, "comes", number))
    serial = messages
    bad = [rng.random() < poison for _ in range(messages)]
    events.sort()
    while events:
        now, _, what, number = heappop(events)
        if what == "done":
            free += 1
            effects += 1
            done_at[number] = done_at[number] or now
        elif what == "dies":
            free += 1
        elif done_at[number]:
            continue
        else:  # comes, or comes back
            visible.append(number)
        while free and visible:
            number = visible.popleft()
            if done_at[number]:
                continue
            if given[number] >= (tries or 50):
                dead += 1
                continue
            given[number] += 1
            free -= 1
            takes, dies = rng.expovariate(1 / work_s), bad[number] or rng.random() < crash
            heappush(events, (now + takes, serial, "dies" if dies else "done", number))
            heappush(events, (now + timeout_s, serial + 1, "comes back", number))
            serial += 2
    finished = [number for number in range(messages) if done_at[number]]
    took = sorted(done_at[number] - came[number] for number in finished)
    return {"given": sum(given) / messages, "again": sum(times > 1 for times in given) / messages, "effects": effects / messages, "dead": dead, "done": len(finished) / messages,
            "median_s": took[len(took) // 2] if took else 0.0, "slow_s": took[int(0.99 * len(took))] if took else 0.0}  # fmt: skip


def twice(timeout_s: float, work_s: float) -> float:
    """Closed form: the chance that exponential work outlasts the timeout, so that the message is given out again: exp(-timeout / work)."""
    from math import exp

    return exp(-timeout_s / work_s)


def visibility(
    timeout_s: float = 10.0, work_s: float = 10.0, crash: float = 2.0, poison: float = 0.0, tries: int = 5
) -> Result:
    """Show deliveries per message against the timeout, and how long a message takes where its worker died.

    ``crash`` and ``poison`` in per cent. Metrics: ``given`` deliveries per message, ``effects`` per message (with deduplication: one),
    ``dead`` messages in the dead letters, ``slow`` (the 99th percentile until done, s).
    """
    steps = tuple(work_s * factor for factor in (0.25, 0.5, 1, 2, 4, 8))
    runs = [work_through(t, work_s, crash / 100, poison / 100, tries, messages=700) for t in steps]
    here = work_through(timeout_s, work_s, crash / 100, poison / 100, tries, messages=1_500)
    metrics = {
        "given": Metric("deliveries per message", here["given"]), "effects": Metric("times done, per message", here["effects"]),
        "dead": Metric("dead letters", here["dead"]), "slow": Metric("99 % are done within", here["slow_s"], "s"),
        "again": Metric("given out again", 100 * here["again"], "%"), "theory": Metric("closed form, if nobody dies", 100 * twice(timeout_s, work_s), "%"),
    }  # fmt: skip
    series = {
        "given": Series("simulated", steps, tuple(run["given"] for run in runs)),
        "theory": Series(
            "closed form",
            steps,
            tuple(1 + twice(t, work_s) for t in steps),
            "theory",
        ),
    }
    text = (
        f"Work of {work_s:g} s on average, given out again after {timeout_s:g} s: each message is delivered {here['given']:.2f} times and, without "
        f"deduplication, done {here['effects']:.2f} times. 99 % are done within {here['slow_s']:.0f} s, {here['dead']} of 1,500 end in the dead letters."
    )
    return Result({"timeout_s": timeout_s, "work_s": work_s, "crash": crash}, metrics, text, series)


def backlog(arrivals: float, served: float, room: int, seconds: float) -> tuple[float, float]:
    """Closed form of back-pressure: (waiting, turned away) after ``seconds`` of ``arrivals`` per second against ``served`` per second.

    ``room``: places in the queue; what does not fit is turned away. Without an end the queue, and the wait, would grow for ever.
    """
    growth = max(0.0, arrivals - served) * seconds
    return min(growth, room), max(0.0, growth - room)


# -- for the referee ----------------------------------------------------------------------------------------------


class Broker:
    """A queue of named messages, for the referee: given out in order, hidden while somebody works, dead after `TRIES`."""

    def __init__(self, names: tuple[str, ...], dead_letters: bool) -> None:
        self.waiting, self.hidden, self.dead = list(names), [], []
        self.given = dict.fromkeys(names, 0)
        self.dead_letters = dead_letters

    # [take] the oldest visible message; one that was given out too often goes to the dead letters
    def take(self) -> str | None:
        """Give the oldest visible message and hide it, or None."""
        while self.waiting:
            name = self.waiting.pop(0)
            if self.dead_letters and self.given[name] >= TRIES:
                self.dead.append(name)
                continue
            self.given[name] += 1
            self.hidden.append(name)
            return name
        return None

    # [/take]
    def back(self, name: str) -> None:
        """The visibility timeout of a message is over: it waits again, at the head of the queue, if nobody acknowledged it."""
        if name in self.hidden:
            self.hidden.remove(name)
            self.waiting.insert(0, name)

    def acknowledge(self, name: str) -> None:
        """Delete a message, wherever it is."""
        for place in (self.waiting, self.hidden):
            if name in place:
                place.remove(name)


def workers_world(switches: Switches, crashes: bool = False) -> World:
    """Two workers and one message; its visibility timeout may end at any moment. With ``crashes`` one worker may die."""
    world = World(name="two workers")
    broker, applied = Broker(("pay",), switches.dead_letters), []
    world.facts |= {"broker": broker, "applied": applied}
    lane = world.node("queue", label="Queue", kind="store", waiting="pay", hidden="")
    effects = world.node("effects", label="Effects", kind="store", applied="")

    def show() -> None:
        lane.state.update(waiting=", ".join(broker.waiting), hidden=", ".join(broker.hidden))
        effects.state["applied"] = ", ".join(applied)

    # [work] take, work, acknowledge; or acknowledge first
    async def work() -> None:
        while name := broker.take():
            show()
            if switches.acknowledge == "before work":
                await step(f"acknowledges {name}")
                broker.acknowledge(name)
            await step(f"does {name}")
            if not switches.dedupe or name not in applied:
                applied.append(name)
            show()
            if switches.acknowledge == "after work":
                await step(f"acknowledges {name}")
                broker.acknowledge(name)
            show()

    # [/work]
    async def begin(name: str) -> None:
        await step(f"{name} looks into the queue")
        await work()

    async def expire() -> None:
        for _ in range(1 + crashes):
            await step("the visibility timeout is over")
            broker.back("pay")
            show()

    one, two = (world.node(name, label=name.capitalize(), kind="worker") for name in ("worker 1", "worker 2"))
    one.spawn(begin("worker 1"))
    lane.spawn(expire())
    two.spawn(begin("worker 2"))
    if crashes:
        world.may_crash(one, restart=False)

        async def late() -> None:
            await step("looks again, later")
            broker.back("pay")
            await work()

        world.node("worker 3", label="Worker 3", kind="worker").spawn(late())
    return world


def poison_world(switches: Switches) -> World:
    """A message that nobody can work on stands before a good one; a worker dies of it five times and is replaced."""
    world = World(name="poison message")
    broker, applied = Broker(("bad", "good"), switches.dead_letters), []
    world.facts |= {"broker": broker, "applied": applied}
    lane = world.node("queue", label="Queue", kind="store", waiting="bad, good", dead="")

    async def work() -> None:
        for _ in range(5):
            await step("takes the oldest message")
            name = broker.take()
            if name is None:
                return
            await step(f"does {name}" if name == "good" else "dies of bad; the timeout ends")
            if name == "good":
                applied.append(name)
                broker.acknowledge(name)
            else:
                broker.back(name)
            lane.state.update(waiting=", ".join(broker.waiting), dead=", ".join(broker.dead))

    world.node("worker", label="Worker", kind="worker").spawn(work())
    return world
