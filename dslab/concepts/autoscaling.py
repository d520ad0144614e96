"""Auto scaling: as many servers as the load needs, decided by a loop that looks late and acts slowly.

| word            | meaning                                                                                          |
|-----------------|--------------------------------------------------------------------------------------------------|
| utilisation     | load / what all running servers can do; above 1 work is turned away                                  |
| target tracking | wanted = ceil(running × utilisation / target), every ``look`` seconds (Kubernetes' formula)             |
| tolerance       | no change while utilisation / target is this near to 1                                               |
| start-up        | a server that was ordered works only after so long                                                    |
| delay           | the metric is this old when it is read                                                               |
| cool-down       | after a change, no other change for so long                                                          |
| oscillation     | more, fewer, more, fewer under a load that does not ask for it                                         |

The protocol is a control loop: look, compare, order. If the loop looks again before what it ordered has arrived, it sees the same lack again and
orders again. Counting what is on its way, or waiting for it (a cool-down of at least delay + start-up), stops that.
"""

from __future__ import annotations

import math
from collections import deque

from dslab.sim.result import Metric, Result, Series

PATTERNS = ("a step", "a day", "a spike")
TOLERANCE = 0.1
CAPACITY = 100.0  # requests per second that one server does


# [wanted] target tracking
def wanted(servers: int, utilisation: float, target: float) -> int:
    """Give how many servers keep utilisation at ``target`` (shares of 1): ceil(servers * utilisation / target), at least 1; no change within the tolerance."""
    ratio = utilisation / target
    if abs(ratio - 1) <= TOLERANCE:
        return servers
    return max(1, math.ceil(servers * ratio - 1e-9))


# [/wanted]


def steady(load: float, target: float) -> int:
    """Closed form: the servers that ``load`` requests per second need at ``target`` utilisation: ceil(load / (100 * target)), at least 1."""
    return max(1, math.ceil(load / (CAPACITY * target) - 1e-9))


def load_at(pattern: str, second: int) -> float:
    """Give the load in requests per second: a step from 400 to 1,600 at 300 s; a day of 1,800 s between 400 and 1,600; a spike of 60 s at 300 s."""
    if pattern == "a step":
        return 400.0 if second < 300 else 1_600.0
    if pattern == "a day":
        return 1_000.0 - 600.0 * math.cos(2 * math.pi * second / 1_800)
    if pattern == "a spike":
        return 1_600.0 if 300 <= second < 360 else 400.0
    raise ValueError(f"the pattern {pattern!r} is not known; use one of {', '.join(PATTERNS)}")


def scale(target: float = 60, startup_s: int = 90, delay_s: int = 30, cool_s: int = 0, pattern: str = "a step", pending: bool = False,
          seconds: int = 1_800) -> Result:  # fmt: skip
    """Run the loop for ``seconds``, looking every 15 s; ``target`` per cent, ``pending``: servers on their way count as running.

    Metrics: ``peak`` servers, ``needed`` (the most that the load needs at the target), ``turns`` (changes of direction), ``lost`` (requests turned away, per cent),
    ``hours`` of servers. ValueError for a target outside 10 to 100 or a time below 0.
    """
    if not 10 <= target <= 100 or min(startup_s, delay_s, cool_s) < 0:
        raise ValueError("use a target of 10 to 100 %, and times of at least 0 s")
    running, ordered, seen = steady(load_at(pattern, 0), target / 100), deque(), deque()
    changed, direction, turns, lost, asked, paid, peak = -(10**9), 0, 0, 0.0, 0.0, 0, 0
    servers, need = [], []
    for second in range(seconds):
        while ordered and ordered[0][0] <= second:
            running += ordered.popleft()[1]
        load = load_at(pattern, second)
        seen.append((load, running))
        seen_load, seen_running = seen.popleft() if len(seen) > delay_s else seen[0]
        asked, lost = asked + load, lost + max(0.0, load - running * CAPACITY)
        coming = sum(count for _, count in ordered)
        if second % 15 == 0 and second - changed >= cool_s:
            # the metric is old; what is counted as there is known now
            basis = running + coming if pending else running
            utilisation = seen_load / (CAPACITY * (basis if pending else seen_running))
            want = wanted(basis, min(utilisation, 4.0), target / 100)
            change = want - basis
            if change:
                changed = second
                turns += direction * change < 0
                direction = change
            if change > 0:
                ordered.append((second + startup_s, change))
            elif change < 0:
                running = max(1, running + change)
        paid += running + coming
        peak = max(peak, running)
        if second % 15 == 0:
            servers.append(running)
            need.append(load / (CAPACITY * target / 100))
    x = tuple(15 * place / 60 for place in range(len(servers)))
    most = max(math.ceil(value - 1e-9) for value in need)
    metrics = {
        "peak": Metric("most servers", peak), "needed": Metric("needed at most", most), "turns": Metric("changes of direction", turns),
        "lost": Metric("turned away", 100 * lost / asked, "%"), "hours": Metric("server hours", paid / 3_600, "h"),
    }  # fmt: skip
    series = {
        "servers": Series("servers", x, tuple(servers)),
        "need": Series("needed at the target", x, tuple(need), "theory"),
    }
    text = (
        f"Target {target:g} %, a server starts in {startup_s} s, the metric is {delay_s} s old, cool-down {cool_s} s: {peak} servers at most where {most} are needed, "
        f"{turns} change{'s' * (turns != 1)} of direction, {100 * lost / asked:.1f} % turned away, {paid / 3600:.1f} server hours."
    )
    return Result(
        {"target": target, "startup_s": startup_s, "delay_s": delay_s, "cool_s": cool_s},
        metrics,
        text,
        series,
    )
