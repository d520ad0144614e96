"""A token bucket for real: a Lua script in an embedded Valkey, held against the model decision by decision.

| word    | meaning                                                                                                 |
|---------|----------------------------------------------------------------------------------------------------------|
| script  | a few lines that the store runs undivided: nobody else's command falls between its reading and its writing    |
| clock   | the store's own (the command TIME), so that all clients share one; or a time that the caller passes along     |
| ticket  | the number of a decision in the order in which the store took them                                         |
| replay  | the same times in the same order through `dslab.concepts.limiters.TokenBucket`                              |

The script counts in whole numbers, units of 1/W of a token, as the model does; Lua's numbers are exact up to 2**53, which `LuaBucket` checks. Run
``python -m dslab.concepts.real`` to store today's result for machines that cannot start a server.
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from dslab import real
from dslab.concepts.limiters import TokenBucket
from dslab.sim.result import Metric, Result, Series

STORED = Path(__file__).with_name("stored") / "limiters.json"
EXACT = 2**53
SECOND_US = 1_000_000
CLIENTS, REQUESTS = 8, 250

SCRIPT = """
local limit, window, burst, cost = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local now, full = tonumber(ARGV[5]), burst * window
if not now then local t = redis.call('TIME'); now = t[1] * 1000000 + t[2] end
local level = tonumber(redis.call('HGET', KEYS[1], 'level')) or full
local at = tonumber(redis.call('HGET', KEYS[1], 'at')) or now
if now < at and ARGV[6] == 'hold' then now = at end
level = math.min(full, level + math.max(0, now - at) * limit)
local passes = level >= cost * window
if passes then level = level - cost * window end
redis.call('HSET', KEYS[1], 'level', string.format('%.0f', level), 'at', string.format('%.0f', now))
return {passes and 1 or 0, string.format('%.0f', level), string.format('%.0f', now), redis.call('INCR', KEYS[2])}
"""


class LuaBucket:
    """A token bucket in a running `dslab.real.Valkey`; parameters as in `TokenBucket`, ``name`` keeps it apart from others.

    Raises ValueError where its numbers would not be exact in Lua.
    """

    def __init__(
        self, server: Any, name: str, limit: int, window_us: int, burst: int, clock: str = "hold"
    ) -> None:
        if burst * window_us >= EXACT:
            raise ValueError(
                f"a bucket of {burst:,} tokens and a window of {window_us:,} µs needs numbers above 2**53, which Lua cannot count exactly"
            )
        self.client = server.client()
        self._keys = (server.key(f"{name}:bucket"), server.key(f"{name}:tickets"))
        self._settings = (limit, window_us, burst)
        self.clock, self._sha = clock, self.client.script_load(SCRIPT)

    def fill(self) -> LuaBucket:
        """Forget what was: the bucket is full, and the next ticket is the first."""
        self.client.delete(*self._keys)
        return self

    def decide(self, now_us: int | None = None, cost: int = 1) -> tuple[bool, int, int, int]:
        """Ask the store: (passes, level afterwards in 1/W of a token, the time that counted, ticket). Without a time, its own clock counts."""
        time = "" if now_us is None else now_us
        passes, level, now, ticket = self.client.evalsha(
            self._sha, 2, *self._keys, *self._settings, cost, time, self.clock
        )
        return passes == 1, int(level), int(now), int(ticket)

    def decide_in_three_steps(self, before_write: Any = None) -> bool:
        """Read, decide here, write back: what a client does that knows no scripts. ``before_write()`` is called in between."""
        _, window, burst = self._settings
        level = int(self.client.hget(self._keys[0], "level") or burst * window)
        if before_write is not None:
            before_write()
        passes = level >= window
        self.client.hset(self._keys[0], "level", level - window * passes)
        return passes


def _at_once(server: Any) -> tuple[int, int, int, int]:
    """Let clients ask at once, by the store's clock, and replay in the order of the tickets: (decisions, same, passed, most allowed)."""
    limit, burst = 200, 20
    buckets = [LuaBucket(server, "at once", limit, SECOND_US, burst).fill() for _ in range(CLIENTS)]

    def client(bucket: LuaBucket) -> list[tuple]:
        return [bucket.decide() for _ in range(REQUESTS)]

    answers = real.together(*(lambda b=bucket: client(b) for bucket in buckets))
    found = sorted((each for answer in answers for each in answer), key=lambda each: each[3])
    model, same, passed = TokenBucket(limit, SECOND_US, burst), 0, 0
    for passes, level, now, _ in found:
        same += (model.admit(now), model.level) == (passes, level)
        passed += passes
    return len(found), same, passed, burst + (found[-1][2] - found[0][2]) * limit // SECOND_US


def _told_times(server: Any, clock: str) -> tuple[int, int]:
    """Let one client pass times along that also run backwards, and costs of 1 to 3: (decisions, same)."""
    rng, now, same = random.Random(11), 1_000_000_000, 0
    bucket, model = (
        LuaBucket(server, f"told {clock}", 7, SECOND_US, 5, clock).fill(),
        TokenBucket(7, SECOND_US, 5, clock=clock),
    )
    for _ in range(500):
        now += rng.choice((0, 1, 50_000, 142_857, 142_858, 400_000, -300_000))
        cost = rng.randint(1, 3)
        passes, level, _, _ = bucket.decide(now, cost)
        same += (model.admit(now, cost), model.level) == (passes, level)
    return 500, same


def _two_clients(server: Any) -> tuple[int, int]:
    """Two clients, one token: how many pass if each reads, decides and writes; and with the script."""
    gate = real.Gate("both have read")
    one, other = (LuaBucket(server, "race", 1, 3_600 * SECOND_US, 1).fill() for _ in range(2))

    def second() -> bool:
        gate.wait_for_arrival()
        passes = other.decide_in_three_steps()
        gate.open()
        return passes

    apart = real.together(lambda: one.decide_in_three_steps(gate.hold), second)
    scripts = [LuaBucket(server, "no race", 1, 3_600 * SECOND_US, 1).fill() for _ in range(2)]
    together = real.together(*(lambda b=bucket: b.decide()[0] for bucket in scripts))
    return sum(apart), sum(together)


def lua_bucket(server: Any = None) -> Result:
    """Hold the script against the model: clients at once, times that run backwards, and a client without a script.

    Without ``server`` one is started and stopped; where there can be none the stored result is given, with the reason.
    """
    if server is not None:
        return _lua_bucket(server)

    def own() -> Result:
        with real.valkey() as started:
            return _lua_bucket(started)

    return real.live_or_stored(STORED, own, Result, metrics=Metric, series=Series)


def _lua_bucket(server: Any) -> Result:
    asked, same, passed, most = _at_once(server)
    held, followed = _told_times(server, "hold"), _told_times(server, "follow")
    apart, together = _two_clients(server)
    bounded = "no more passed than B + r * t" if passed <= most else "more passed than B + r * t"
    text = (f"{CLIENTS} clients at once, by the store's clock: {same:,} of {asked:,} decisions, and the level after each, are the model's; {bounded}. "
            f"Times that run backwards, held and followed: {held[1]} and {followed[1]} of {held[0]} are the model's. "
            f"One token, two clients: {apart} pass where each reads and then writes, {together} with the script.")  # fmt: skip
    metrics = {
        "same": Metric("decisions as the model's, clients at once", same),
        "asked": Metric("decisions", asked),
        "bounded": Metric("no more than B + r * t", float(passed <= most)),
        "held": Metric("decisions as the model's, times held", held[1]),
        "followed": Metric("decisions as the model's, times followed", followed[1]),
        "apart": Metric("pass with one token, read and then write", apart),
        "together": Metric("pass with one token, script", together),
    }
    return Result({"live": True}, metrics, text)


def store_results() -> list[Path]:
    """Store today's result for machines where no server can be had; returns the paths."""
    with real.valkey() as server:
        return [real.save(STORED, lua_bucket(server))]


if __name__ == "__main__":
    print(*store_results(), sep="\n")
