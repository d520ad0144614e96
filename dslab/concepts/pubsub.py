"""Publish-subscribe: one message, many readers, and what becomes of the slow one.

| word        | meaning                                                                                            |
|-------------|----------------------------------------------------------------------------------------------------|
| topic       | a log that publishers append to; each message has a number, its offset                                |
| subscriber  | reads the whole topic at its own speed; its cursor is the offset it reads next                        |
| fan-out     | one message published is one delivered to each subscriber                                            |
| lag         | how many messages a subscriber is behind                                                             |
| retention   | how many messages the topic keeps; what is older is gone, read or not                                  |
| slow policy | what happens when somebody falls behind: keep (the log waits), drop (its buffer overflows), or block (the publisher waits for it) |
| gap         | messages that a subscriber wanted and that were gone                                                 |

A queue gives each message to *one* of its workers; a topic gives each message to *every* subscriber. So a queue with more workers is faster, and a
topic with more subscribers does more work.
"""

from __future__ import annotations

from collections import deque

from dslab.concepts.switches import Switches
from dslab.sim import World, step
from dslab.sim.result import Metric, Result, Series

POLICIES = ("keep", "drop", "block")
BUFFER = 100


def first_loss(published: float, read: float, retained: int) -> float:
    """Closed form: seconds until a subscriber that reads ``read`` per second loses its first message; infinite if it keeps up.

    The lag grows by ``published - read`` a second, and what lags behind more than ``retained`` messages is gone.
    """
    return float("inf") if read >= published else retained / (published - read)


class Topic:
    """A log with retention. ``retained`` None keeps everything."""

    def __init__(self, retained: int | None) -> None:
        self.retained, self.first, self.log = retained, 0, deque()

    # [publish] append; what is beyond the retention goes, whoever has not read it
    def publish(self, message: object) -> int:
        """Append a message; gives its offset."""
        self.log.append(message)
        if self.retained is not None and len(self.log) > self.retained:
            self.log.popleft()
            self.first += 1
        return self.first + len(self.log) - 1

    def read(self, cursor: int) -> tuple[object, int, int] | None:
        """Give (message, next cursor, how many were gone before it), or None at the end."""
        gone = max(0, self.first - cursor)
        place = cursor + gone - self.first
        return (self.log[place], cursor + gone + 1, gone) if place < len(self.log) else None

    # [/publish]


def fan_out(published: float = 100.0, slow_read: float = 60.0, subscribers: int = 5, retained: int = 1_000, policy: str = "keep",
            seconds: int = 60) -> Result:  # fmt: skip
    """Run a topic for ``seconds``: all subscribers keep up but one, which reads ``slow_read`` per second.

    ``policy``: "keep" (retention of ``retained`` messages), "drop" (a buffer of 100 for each subscriber; what does not fit is dropped for it), "block" (the
    publisher waits until the slowest has room in that buffer). Metrics: ``lag`` at the end, ``lost`` to the slow one, ``published`` per second, ``delivered`` in all,
    ``first_loss`` s (-1 for none).
    """
    if policy not in POLICIES:
        raise ValueError(f"the policy {policy!r} is not known; use one of {', '.join(POLICIES)}")
    if not 1 <= subscribers <= 1_000 or published <= 0 or slow_read < 0:
        raise ValueError(
            "use 1 to 1,000 subscribers, a rate of publishing above 0 and a rate of reading of at least 0"
        )
    room = retained if policy == "keep" else BUFFER
    sent = lag = lost = loss_at = 0.0
    times, lags, losses = [], [], []
    loss_at = -1.0
    for tick in range(10 * seconds):
        new, can = published / 10, slow_read / 10
        if policy == "block":
            new = min(new, room - lag + can)
        sent += new
        lag = max(0.0, lag + new - can)
        if lag > room:
            loss_at = loss_at if loss_at >= 0 else tick / 10
            lost, lag = lost + lag - room, float(room)
        if tick % 10 == 9:
            times.append((tick + 1) / 10)
            lags.append(round(lag, 3))
            losses.append(round(lost, 3))
    metrics = {
        "lag": Metric("lag at the end", lag, "messages"), "lost": Metric("lost to the slow one", lost, "messages"),
        "published": Metric("published", sent / seconds, "per second"), "delivered": Metric("delivered in all", (subscribers - 1) * sent + sent - lag - lost),
        "first_loss": Metric("first loss", loss_at, "s"),
    }  # fmt: skip
    series = {
        "lag": Series("its lag", tuple(times), tuple(lags)),
        "lost": Series("lost to it", tuple(times), tuple(losses)),
    }
    fate = {
        "keep": "the topic keeps what it has not read",
        "drop": "its buffer overflows",
        "block": "the publisher waits for it",
    }[policy]
    text = (
        f"{subscribers} subscribers, one reads {slow_read:g} a second of {published:g} and {fate}: after {seconds} s it is {lag:,.0f} messages behind and has "
        f"lost {lost:,.0f}"
        + (f" (the first after {loss_at:.0f} s)" if loss_at >= 0 else "")
        + f"; all together were sent {sent / seconds:.0f} a second."
    )
    return Result({"published": published, "slow_read": slow_read, "policy": policy}, metrics, text, series)


# -- for the referee ----------------------------------------------------------------------------------------------


def retention_world(switches: Switches) -> World:
    """A topic keeps two of four messages; a subscriber reads them while they are published."""
    world = World(name="retention")
    topic, got, told = Topic(2), [], []
    world.facts |= {"topic": topic, "got": got, "told": told}
    lane = world.node("topic", label="Topic", kind="store", kept="")
    publisher, subscriber = (
        world.node("publisher", kind="client"),
        world.node("subscriber", kind="client", got=""),
    )

    async def publish() -> None:
        for number in range(4):
            await step(f"publishes m{number}")
            topic.publish(number)
            lane.state["kept"] = " ".join(f"m{each}" for each in topic.log)

    async def read() -> None:
        cursor = 0
        for _ in range(6):
            await step("reads")
            if (found := topic.read(cursor)) is None:
                continue
            message, cursor, gone = found
            if gone and switches.tell_gaps:
                told.extend(range(message - gone, message))
            got.append(message)
            subscriber.state["got"] = " ".join(f"m{each}" for each in got)

    publisher.spawn(publish())
    subscriber.spawn(read())
    return world


def snapshot_world(switches: Switches) -> World:
    """A reader takes a snapshot of a sum and subscribes to its changes, while two more changes are published."""
    world = World(name="snapshot, then subscribe")
    topic, seen = Topic(None), {"sum": 0, "done": False}
    topic.publish(1)
    world.facts |= {"topic": topic, "seen": seen}
    store = world.node("store", label="Store", kind="store", sum=1)
    publisher, reader = world.node("publisher", kind="client"), world.node("reader", kind="client", sum=0)

    async def change() -> None:
        for amount in (10, 100):
            await step(f"adds {amount}")
            topic.publish(amount)
            store.state["sum"] += amount

    async def follow() -> None:
        await step("takes a snapshot")
        seen["sum"], upto = sum(topic.log), len(topic.log)
        await step("subscribes")
        cursor = upto if switches.from_snapshot else len(topic.log)
        for _ in range(3):
            await step("reads what is new")
            while found := topic.read(cursor):
                amount, cursor, _ = found
                seen["sum"] += amount
            reader.state["sum"] = seen["sum"]
        seen["cursor"] = cursor

    publisher.spawn(change())
    reader.spawn(follow())
    return world
