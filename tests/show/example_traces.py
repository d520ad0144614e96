"""Traces for the tests of the space-time diagram, told event by event, so that each fact in them is known."""

from __future__ import annotations

from typing import Any

from dslab.sim.clocks import stamp
from dslab.sim.trace import Trace


class Story:
    """Builds a trace from what somebody tells: each call is one event; causes, ids and clocks follow from the order."""

    def __init__(self, scenario: str, **lanes: str) -> None:
        self.trace = Trace(scenario=scenario)
        self.now = 0
        self._last: dict[str, int] = {}
        self.trace.lanes += [
            {"id": lane, "label": lane.capitalize(), "kind": kind} for lane, kind in lanes.items()
        ]

    def starts(self, **states: dict[str, Any]) -> None:
        """Start every lane, with its state where it has one."""
        for lane in self.trace.lanes:
            self.event(lane["id"], "start", "starts", state=states.get(lane["id"], {}))

    def event(self, lane: str, kind: str, label: str, *causes: int, **more: Any) -> int:
        """Add one event and give its id."""
        events, id = self.trace.events, len(self.trace.events)
        before = [self._last[lane]] if lane in self._last else []
        event = {
            "id": id,
            "t": self.now,
            "lane": lane,
            "kind": kind,
            "label": label,
            "causes": sorted({*before, *causes}),
        }
        events.append(event | more)
        self._last[lane] = id
        stamp(events, id, self.now)
        return id

    def send(self, src: str, dst: str, label: str, status: str = "in flight", **payload: Any) -> int:
        """Send a message and give its number; it is lost or under way until it is received."""
        number = len(self.trace.messages)
        sent = self.event(src, "send", f"{label} → {dst}", message=number)
        self.trace.messages.append({"id": number, "src": src, "dst": dst, "label": label, "payload": payload,
                                    "sent": sent, "received": None, "status": status})  # fmt: skip
        return number

    def receive(self, number: int, **more: Any) -> int:
        """Receive a message."""
        message = self.trace.messages[number]
        label = f"{message['label']} from {message['src']}"
        message["received"] = self.event(
            message["dst"], "receive", label, message["sent"], message=number, **more
        )
        message["status"] = "delivered"
        return message["received"]

    def invoke(self, lane: str, name: str, **argument: Any) -> int:
        """Begin an operation and give its number."""
        number = len(self.trace.operations)
        at = self.event(lane, "invoke", name, operation=number)
        self.trace.operations.append({"id": number, "lane": lane, "name": name, "argument": argument, "invoked": at,
                                      "returned": None, "status": "open", "value": None})  # fmt: skip
        return number

    def returns(self, number: int, status: str = "ok", value: Any = None) -> int:
        """End an operation."""
        operation = self.trace.operations[number]
        at = self.event(operation["lane"], "return", operation["name"], operation=number)
        operation.update(returned=at, status=status, value=value)
        return at


def late_fill() -> Trace:
    """A reader misses, reads the store, is slow; a writer commits, its invalidation is lost; the late fill is stale."""
    story = Story("late fill", reader="client", writer="client", cache="cache", store="store")
    story.starts(cache={"k": None}, store={"k": "v1@10"})  # 0..3
    read = story.invoke("reader", "read", key="k")  # 4
    get = story.send("reader", "cache", "get")  # 5
    story.now = 100
    story.receive(get)  # 6
    miss = story.send("cache", "reader", "miss")  # 7
    story.now = 200
    story.receive(miss)  # 8
    asked = story.send("reader", "store", "read")  # 9
    write = story.invoke("writer", "write", key="k", value="v2@20")  # 10
    commit = story.send("writer", "store", "commit", value="v2@20")  # 11
    story.now = 300
    story.receive(asked)  # 12
    answer = story.send("store", "reader", "row", value="v1@10")  # 13
    story.receive(commit, state={"k": "v2@20"})  # 14
    done = story.send("store", "writer", "committed")  # 15
    story.now = 400
    story.receive(answer)  # 16
    story.receive(done)  # 17
    lost = story.send("writer", "cache", "invalidate", status="lost")  # 18
    story.returns(write, "ok")  # 19
    story.now = 500
    story.event("cache", "crash", "Cache crashes", state={"k": None})  # 20
    story.now = 700
    story.event("cache", "restart", "Cache restarts")  # 21
    story.event("reader", "step", "slow at last")  # 22
    fill = story.send("reader", "cache", "fill", value="v1@10")  # 23
    story.now = 800
    story.receive(fill, state={"k": "v1@10"})  # 24
    end = story.returns(read, "ok", "v2@20")  # 25
    story.send("cache", "store", "ping")  # 26
    trace = story.trace
    trace.faults.append({"kind": "crash", "lanes": ["cache"], "from": 500, "to": 700, "label": "Cache down"})
    trace.verdicts.append({"invariant": "NO_STALE_FILL", "sentence": "A fill is never older than the store.",
                           "explanation": "v1@10 was cached after v2@20 had been committed", "event": 24})  # fmt: skip
    trace.meta = {"point_of_no_return": 24, "surprises": [{"event": trace.messages[lost]["sent"], "label": "the invalidation was lost"},
                                                          {"event": 22, "label": "the fill was slow"}]}  # fmt: skip
    assert end == 25
    return trace


def ring(turns: int) -> Trace:
    """A token goes round three nodes ``turns`` times: a long trace in which everything is causally ordered."""
    story = Story("ring", a="process", b="process", c="process")
    story.starts(a={"turns": 0})
    lanes = ["a", "b", "c"]
    for hop in range(3 * turns):
        story.now += 1_000
        token = story.send(lanes[hop % 3], lanes[(hop + 1) % 3], f"token {hop}")
        story.now += 1_000
        story.receive(token)
    return story.trace
