"""The retry storm: a dip in capacity, callers that try again, and a server that stays overloaded when the dip is over.

| word        | meaning                                                                                             |
|-------------|-----------------------------------------------------------------------------------------------------|
| attempt     | one try of a request; a request has up to ``attempts`` of them                                        |
| goodput     | requests per second that are answered while their caller still waits                                  |
| dead work   | work on an attempt whose caller has given up already                                                   |
| metastable  | still overloaded after the cause is gone, because retries alone keep the load above capacity           |
| deadline    | the moment at which the caller gives up, sent along with the request (*deadline propagation*)            |
| budget      | retries allowed for each first attempt: 0.1 lets one retry pass for ten requests                        |
| bound       | the most attempts that the server lets in; it refuses the next one at once                            |
| breaker     | callers that saw mostly failures for a second stop calling for a second, then try again                  |
| batch       | attempts of one tick and one number: they stand in the queue together                                   |

Callers send ``load`` requests/s, evenly spaced. The server takes attempts in the order of arrival. A caller that has no answer
after ``timeout_s`` gives up, and sends the next attempt at once (or after a backoff). The server does not know: the old attempt
still stands in its queue. During the dip the server is slower. That is all, and it is enough.

Time goes in ticks of 10 ms: callers send, callers give up, the server works. Nothing is random. Source of the idea: Huang et
al., "Metastable Failures in the Wild", OSDI 2022; the numbers here are computed, not anybody's measurement.
"""

from __future__ import annotations

from collections import deque
from typing import Any

from dslab.sim.result import Metric, Result, Series

TICK_MS = 10
TICKS = 1000 // TICK_MS  # in a second
DIP_START_S = 10
MOST_TOKENS = 10  # a retry budget saves up no more than this
LOOK_AT_S = (15, 30, 60, 110)
POLICIES: dict[str, dict[str, Any]] = {
    "1 attempt": {"attempts": 1},
    "3 attempts": {},
    "3 attempts, deadline sent along": {"deadline": True},
    "3 attempts, retry budget of 10 %": {"budget": 0.1},
    "3 attempts, queue bounded at 500": {"bound": 500},
    "3 attempts, circuit breaker": {"breaker": True},
    "3 attempts, backoff of 1 s": {"backoff_s": 1.0},
}


class Storm:
    """One run of callers against one server; `storm` makes it, runs it and tells what happened.

    ``good``, ``sent``, ``dead`` count attempts per second of the run; ``length`` is the queue at the end of each second.
    """

    def __init__(self, load: int, capacity: int, dip: float, dip_s: float, timeout_s: float, attempts: int, deadline: bool,
                 budget: float, bound: int, breaker: bool, backoff_s: float, seconds: int) -> None:  # fmt: skip
        self.load, self.capacity, self.slow = load, capacity, round(capacity * dip)
        self.dip = (DIP_START_S * TICKS, round((DIP_START_S + dip_s) * TICKS))
        self.timeout, self.backoff = round(timeout_s * TICKS), round(backoff_s * TICKS)
        self.attempts, self.deadline, self.budget, self.bound, self.breaker = (
            attempts,
            deadline,
            budget,
            bound,
            breaker,
        )
        self.queue: deque[list[int]] = (
            deque()
        )  # batches [tick sent, attempt number, how many, still waited for]
        self.waiting: deque[list[int]] = (
            deque()
        )  # the same batches, in the order in which their callers give up
        self.later: dict[int, list[tuple[int, int]]] = {}  # retries that back off, by tick
        self.queued, self.credit, self.tokens = 0, 0, 0.0
        self.failed_now, self.failed_before, self.good_before, self.open_until = 0, 0, 0, 0
        self.good, self.sent, self.dead, self.length = ([0] * seconds for _ in range(4))

    def run(self) -> Storm:
        """Let all the seconds pass."""
        arriving = 0
        for tick in range(len(self.good) * TICKS):
            arriving += self.load * TICK_MS
            new, arriving = divmod(arriving, 1000)
            self.tokens = min(MOST_TOKENS, self.tokens + self.budget * new) if self.budget else 0.0
            self.send(tick, 1, new)
            for number, count in self.later.pop(tick, ()):
                self.send(tick, number, count)
            while self.waiting and tick - self.waiting[0][0] >= self.timeout:
                self.give_up(tick, self.waiting.popleft())
            self.work(tick)
            if tick % TICKS == TICKS - 1:
                self.end_of_second(tick)
        return self

    def send(self, tick: int, number: int, count: int) -> None:
        """Send ``count`` attempts; the server lets in what its bound allows and refuses the rest at once."""
        if not count or tick < self.open_until:
            return
        self.sent[tick // TICKS] += count
        room = count if not self.bound else min(count, max(0, self.bound - self.queued))
        if room:
            batch = [tick, number, room, True]
            self.queue.append(batch)
            self.waiting.append(batch)
            self.queued += room
        if count > room:
            self.failed(tick, number, count - room)

    def give_up(self, tick: int, batch: list[int]) -> None:
        """The callers of what is left of a batch give up. With deadlines sent along the server forgets it, else it stays."""
        batch[3] = False
        if batch[2]:
            self.failed(tick, batch[1], batch[2])

    def failed(self, tick: int, number: int, count: int) -> None:
        """Let callers whose attempt failed try again, as far as attempts and budget allow."""
        self.failed_now += count
        if number >= self.attempts:
            return
        if self.budget:
            count = min(count, int(self.tokens))
            self.tokens -= count
        if self.backoff:
            due = tick + self.backoff * 2 ** (number - 1)
            self.later.setdefault(due, []).append((number + 1, count))
        else:
            self.send(tick, number + 1, count)

    def work(self, tick: int) -> None:
        """Work for one tick on the attempts that came first, whether somebody still waits for them or not."""
        self.credit += (self.slow if self.dip[0] <= tick < self.dip[1] else self.capacity) * TICK_MS
        while self.credit >= 1000 and self.queue:
            batch = self.queue[0]
            self.serve(tick, batch)
            if not batch[2]:
                self.queue.popleft()
        if not self.queue:
            self.credit = min(self.credit, 1000)

    def serve(self, tick: int, batch: list[int]) -> None:
        """Work on one batch; with deadlines sent along, forget it without work if its callers have given up."""
        forget = self.deadline and not batch[3]
        done = batch[2] if forget else min(batch[2], self.credit // 1000)
        batch[2] -= done
        self.queued -= done
        if not forget:
            self.credit -= 1000 * done
            (self.good if batch[3] else self.dead)[tick // TICKS] += done

    def end_of_second(self, tick: int) -> None:
        """Note the queue; a breaker that saw more failures than answers in this second stays open for the next."""
        second = tick // TICKS
        self.length[second] = self.queued
        if self.breaker and self.failed_now > self.good[second]:
            self.open_until = tick + 1 + TICKS
        self.failed_now = 0


def storm(load: int = 800, capacity: int = 1000, dip: float = 0.5, dip_s: float = 10.0, timeout_s: float = 1.0, attempts: int = 3,
          deadline: bool = False, budget: float = 0.0, bound: int = 0, breaker: bool = False, backoff_s: float = 0.0,
          seconds: int = 120) -> Result:  # fmt: skip
    """Run callers against a server whose capacity dips at 10 s, and tell whether goodput comes back.

    Args:
        load: new requests/s, 1..5,000.
        capacity: attempts/s that the server works off, 1..5,000.
        dip: what is left of the capacity during the dip, 0..1.
        dip_s: how long the dip lasts, 0..60 s.
        timeout_s: how long a caller waits, 0.05..30 s.
        attempts: tries of one request, 1..5.
        deadline: whether the server leaves out attempts whose caller has given up.
        budget: retries for each new request, 0..1; 0 is no budget (every retry is sent).
        bound: the most attempts in the server's queue; 0 is no bound.
        breaker: whether callers stop calling for a second after a second with more failures than answers.
        backoff_s: wait before the first retry, 0..10 s; doubled for the next.
        seconds: how long the run is, 20..600 s.

    Returns:
        Metrics: ``recovered`` (1 where the last ten seconds have at least 99 % of the goodput that the load allows), ``recovery_s`` (from
        the end of the dip, inf where it never comes), ``lost`` requests, ``sent_end`` and ``good_end`` per second, ``queue_end``,
        ``dead_share`` of the server's work. Series ``goodput``, ``offered``, ``queue`` by second.

    Raises:
        ValueError: a value is out of range.
    """
    _check(load, capacity, dip, dip_s, timeout_s, attempts, budget, bound, backoff_s, seconds)
    params = {
        "load": load,
        "capacity": capacity,
        "dip": dip,
        "dip_s": dip_s,
        "attempts": attempts,
        "seconds": seconds,
    }
    run = Storm(
        load, capacity, dip, dip_s, timeout_s, attempts, deadline, budget, bound, breaker, backoff_s, seconds
    ).run()
    return _result(run, params)


def _check(load: int, capacity: int, dip: float, dip_s: float, timeout_s: float, attempts: int, budget: float, bound: int,
           backoff_s: float, seconds: int) -> None:  # fmt: skip
    for name, value, low, high in (
        ("load", load, 1, 5_000), ("capacity", capacity, 1, 5_000), ("dip", dip, 0, 1), ("dip_s", dip_s, 0, 60),
        ("timeout_s", timeout_s, 0.05, 30), ("attempts", attempts, 1, 5), ("budget", budget, 0, 1), ("bound", bound, 0, 1_000_000),
        ("backoff_s", backoff_s, 0, 10), ("seconds", seconds, 20, 600),
    ):  # fmt: skip
        if not low <= value <= high:
            raise ValueError(f"{name}={value!r} is out of range; use {low:g} to {high:g}")


def _result(run: Storm, params: dict[str, Any]) -> Result:
    x = tuple(range(len(run.good)))
    whole = min(run.load, run.capacity)
    end_s = run.dip[1] // TICKS
    recovery_s = _recovery(run.good, end_s, whole)
    recovered = min(run.good[-10:]) >= 0.99 * whole
    worked = sum(run.good) + sum(run.dead)
    lost = sum(max(0, run.load - good) for good in run.good[DIP_START_S:])
    metrics = {
        "recovered": Metric("goodput is back at the end", float(recovered)),
        "recovery_s": Metric("back after the end of the dip", recovery_s, "s"),
        "lost": Metric("requests without an answer in time", lost, "requests"),
        "good_end": Metric("goodput at the end", run.good[-1], "requests/s"),
        "sent_end": Metric("attempts sent at the end", run.sent[-1], "requests/s"),
        "queue_end": Metric("queue at the end", run.length[-1], "attempts"),
        "dead_share": Metric("work for nobody", sum(run.dead) / worked if worked else 0.0),
    }
    series = {
        "goodput": Series("goodput", x, tuple(run.good)),
        "offered": Series("attempts sent", x, tuple(run.sent)),
        "queue": Series("queue", x, tuple(run.length)),
    }
    return Result(params, metrics, f"{_sentence(run, recovered, recovery_s)} {_defences(run)}", series)


def _defences(run: Storm) -> str:
    """Say which defences are on."""
    words = {"the deadline sent along": run.deadline, f"a retry budget of {100 * run.budget:g} %": run.budget,
             f"a queue of at most {run.bound:,}": run.bound, "a circuit breaker": run.breaker,
             f"a backoff of {run.backoff / TICKS:g} s": run.backoff}  # fmt: skip
    return f"Defences: {', '.join(name for name, on in words.items() if on) or 'none'}."


def _recovery(good: list[int], end_s: int, whole: int) -> float:
    """Give the seconds from the end of the dip to the first second from which goodput stays whole, or inf."""
    last_bad = max(
        (second for second, value in enumerate(good) if value < 0.99 * whole and second >= DIP_START_S),
        default=-1,
    )
    if last_bad < 0:
        return 0.0
    return float("inf") if last_bad >= len(good) - 10 else float(max(0, last_bad + 1 - end_s))


def _sentence(run: Storm, recovered: bool, recovery_s: float) -> str:
    if run.dip[0] == run.dip[1]:
        begin = "There is no dip."
    else:
        begin = f"The dip ends at {run.dip[1] / TICKS:g} s."
    if recovered and recovery_s < float("inf"):
        then = f"Goodput is back {recovery_s:.0f} s later" if recovery_s else "Goodput is back at once"
        return f"{begin} {then}, at {run.good[-1]:,} requests/s for a load of {run.load:,}."
    return (f"{begin} At {len(run.good)} s goodput is {run.good[-1]:,} requests/s for a load of {run.load:,}: callers send "
            f"{run.sent[-1]:,} attempts/s to a server that can do {run.capacity:,}, and {run.queued:,} stand in its queue.")  # fmt: skip


def goodput_table(**settings: Any) -> list[dict[str, Any]]:
    """Give goodput (requests/s) at 15, 30, 60 and 110 s for each of `POLICIES`; ``settings`` as for `storm`."""
    rows = []
    for policy, how in POLICIES.items():
        good = storm(**(settings | how)).series["goodput"].y
        rows.append({"callers": policy, **{f"at {second} s": good[second] for second in LOOK_AT_S}})
    return rows
