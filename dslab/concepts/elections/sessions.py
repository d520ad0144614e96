"""A leader stands still, its session ends, it goes on: what the store takes from it, by the clock.

| word      | meaning                                                                                           |
|-----------|---------------------------------------------------------------------------------------------------|
| session   | lasts until nothing was heard of the client for 200 ms                                              |
| standstill| the leader's whole machine stops, its clock does not                                                |
| old write | a write of the leader whose session is over, after the next leader has written                        |
| taken     | the store did it: the newer leader's work is overwritten                                             |
| slow by   | the leader's clock is slow: it counts fewer microseconds than pass                                    |

The protocol is that of `dslab.concepts.elections.zookeeper`, here with a clock: each leader
writes every 20 ms; messages take 1 ms, the first leader's writes as long as is said.
"""

from __future__ import annotations

from functools import partial

from dslab.concepts.elections.members import MS
from dslab.concepts.elections.switches import CHOICES, Switches
from dslab.concepts.elections.zookeeper import Ensemble
from dslab.sim import World
from dslab.sim.result import Metric, Result, Series

AT_US, END_US = 500 * MS, 3_000 * MS


def standstill(check: str = "none", pause_ms: int = 400, write_ms: int = 5, slow_percent: int = 0, clients: int = 3,
               watch: str = "predecessor") -> Result:  # fmt: skip
    """Let the leader of ``clients`` (2 to 20) stand still for ``pause_ms`` (0 to 2,000) after half a second.

    ``check``: "fence", "clock" or "none"; ``write_ms`` (1 to 500): how long a write of this leader travels; ``slow_percent`` (0 to 90): by how much
    the leader's clock is slow; ``watch`` as in `Switches`. Metrics: ``taken`` (old writes that the store took), ``refused``, ``leaderless_ms`` (from the
    standstill to the next leader), ``woken`` (clients told when the session ended). Series ``taken`` and ``refused`` count up over time, in ms.
    """
    for name, value, low, high in (("pause_ms", pause_ms, 0, 2_000), ("write_ms", write_ms, 1, 500), ("slow_percent", slow_percent, 0, 90), ("clients", clients, 2, 20)):  # fmt: skip
        if not isinstance(value, int) or not low <= value <= high:
            raise ValueError(f"{name}={value!r} is out of range; use a whole number from {low} to {high}")
    if check not in CHOICES["check"]:
        raise ValueError(f"check={check!r} is no choice; use one of {', '.join(CHOICES['check'])}")
    world = World(name="standstill")
    ensemble = Ensemble(world, clients, Switches(check=check, watch=watch), 10_000, True, True, 20 * MS)
    world.link(latency=MS)
    world.link("1", "store", latency=write_ms * MS)
    ensemble.start()
    first = ensemble.members[1]
    first.node.drift(-10_000 * slow_percent)
    world.at(AT_US, partial(ensemble.pause, 1))
    world.at(AT_US + pause_ms * MS, partial(ensemble.resume, 1))
    taken, refused, times = [], [], list(range(0, END_US + 1, 10 * MS))
    for time in times:
        world.run(until_us=time)
        taken.append(float(len(ensemble.complaints.get("NO_OLDER_EPOCH", ()))))
        refused.append(float(ensemble.store.refused))
    later = [begun for who, _, begun, _ in ensemble.reigns if begun > AT_US]
    metrics = {
        "taken": Metric("old writes taken", taken[-1], "writes"),
        "refused": Metric("old writes refused", refused[-1], "writes"),
        "leaderless_ms": Metric("until the next leader", (later[0] - AT_US) / MS if later else 0.0, "ms"),
        "woken": Metric("clients told", max(ensemble.service.woken.values(), default=0), "clients"),
    }
    params = {"check": check, "pause_ms": pause_ms, "write_ms": write_ms, "slow_percent": slow_percent, "clients": clients, "watch": watch}  # fmt: skip
    x = tuple(time / MS for time in times)
    series = {"taken": Series("old writes taken", x, tuple(taken)), "refused": Series("old writes refused", x, tuple(refused))}  # fmt: skip
    world.close()
    return Result(params, metrics, _told(params, metrics), series)


_WHO = {
    "fence": "the store compares epochs",
    "clock": "the leader looks at its clock",
    "none": "nobody checks",
}


def _told(params: dict, metrics: dict[str, Metric]) -> str:
    value = {name: metric.value for name, metric in metrics.items()}
    start = f"The leader stands still for {params['pause_ms']} ms, its writes travel {params['write_ms']} ms, and {_WHO[params['check']]}: "
    clock = f" Its clock is {params['slow_percent']} % slow{'' if params['check'] == 'clock' else ', which nobody asks'}."
    if not value["leaderless_ms"]:
        return f"{start}its session lasts, and it goes on leading.{clock}"
    woken, taken = (
        f"{value['woken']:.0f} woken",
        f"{value['taken']:.0f} old write{'s' * (value['taken'] != 1)}",
    )
    return f"{start}the next one leads after {value['leaderless_ms']:.0f} ms, {woken}; the store took {taken} and refused {value['refused']:.0f}.{clock}"  # fmt: skip
