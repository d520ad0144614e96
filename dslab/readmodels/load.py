"""Rebuilds under load, by the clock: what each design loses, doubles, refuses, and how long somebody waits.

| word        | meaning                                                                                            |
|-------------|----------------------------------------------------------------------------------------------------|
| writer      | appends, thinks, appends again; its transaction is open for the hold time                            |
| in flight   | the share of the time that a writer's transaction is open: hold / (hold + think), written p            |
| start delay | from when a rebuild wants to begin until it has the exclusive lock                                   |
| refused try | a try for the exclusive lock that failed; success of one try is (1 - p)^C with C writers                |
| pause       | how long the barrier keeps appends waiting                                                           |
| lost        | committed, skipped by its append, and not seen by the replay before it flipped                        |
| doubled     | applied by its append and by the replay                                                              |
| records     | skip records that were written: one for each event that committed without being applied                |

Hold times are uniform from 0 to twice their mean, think times exponential; both independent. The database itself costs nothing.
Every append asks for lock and status when its transaction begins, and commits when it ends.
"""

from __future__ import annotations

import math
import random
from bisect import bisect_left
from dataclasses import dataclass
from functools import lru_cache

from dslab.sim import Metric, Result, Series

START_MS = 2.0  # the start transaction: claim, empty, commit
READ_MS = 1.0  # one look at the log at the end of a replay
TRY_EVERY_MS = 5.0
GIVE_UP_MS = 200_000.0
DESIGNS = ("no coordination", "article", "skip records", "barrier")
STARTS = ("try", "wait")


def success(in_flight: float, writers: int) -> float:
    """Give the chance that one try for the exclusive lock succeeds: nobody of ``writers`` is in flight (0..1)."""
    return (1 - in_flight) ** writers


def tries_until_start(in_flight: float, writers: int) -> float:
    """Give how many tries are needed on average if each is a draw of its own (inf where none can succeed)."""
    chance = success(in_flight, writers)
    return 1 / chance if chance else float("inf")


def expected_wait_ms(in_flight: float, writers: int, hold_ms: float) -> float:
    """Give how long a request for the exclusive lock waits on average: for the last of those that are open now.

    A transaction that is open has r ms left with density (1 - r / 2h) / h (uniform holds of mean h, seen at any moment), so nobody has
    more than r left with probability (1 - p (1 - r / 2h)^2)^C. The mean is the integral of one minus that, taken in 400 steps.
    """
    steps, longest = 400, 2 * hold_ms
    middles = ((number + 0.5) / steps for number in range(steps))
    return longest / steps * sum(1 - (1 - in_flight * (1 - middle) ** 2) ** writers for middle in middles)


@dataclass
class _Append:
    begins: float
    ends: float


class _Writers:
    """Streams of transactions, drawn as far as somebody looks."""

    def __init__(self, rng: random.Random, writers: int, hold_ms: float, think_ms: float) -> None:
        self.rng, self.hold_ms, self.think_ms = rng, hold_ms, think_ms
        self.streams: list[list[_Append]] = [[] for _ in range(writers)]
        cycle = hold_ms + think_ms
        self.next = [
            -4 * cycle + rng.uniform(0, cycle) for _ in range(writers)
        ]  # long before 0, so that the start is forgotten

    def until(self, time: float) -> None:
        """Draw all transactions that begin before ``time``."""
        for number, stream in enumerate(self.streams):
            while self.next[number] < time:
                begins = self.next[number]
                ends = begins + self.rng.uniform(0, 2 * self.hold_ms)
                stream.append(_Append(begins, ends))
                think = self.rng.expovariate(1 / self.think_ms) if self.think_ms else 0.0
                self.next[number] = ends + think

    def open_at(self, time: float) -> list[_Append]:
        """Give the transactions that are open at ``time``."""
        self.until(time + 1e-9)
        found = []
        for stream in self.streams:
            place = bisect_left(stream, time, key=lambda append: append.begins) - 1
            if place >= 0 and stream[place].ends > time:
                found.append(stream[place])
        return found


@dataclass
class Rebuild:
    """What one rebuild came to; times in milliseconds."""

    start_delay_ms: float
    refused: int
    lost: int
    in_flight: int  # of the lost: those that had not committed when the replay looked last
    doubled: int
    pause_ms: float
    started: bool = True
    records: int = 0


def _start(line: _Writers, how: str) -> tuple[float, int, bool]:
    """Give when the exclusive lock is got, after how many refused tries, and whether it is got at all."""
    if how == "wait":  # later appends queue behind it, so only those that are open now matter
        return max((append.ends for append in line.open_at(0.0)), default=0.0), 0, True
    time, refused = 0.0, 0
    while line.open_at(time):
        refused += 1
        time += TRY_EVERY_MS
        if refused >= 400 or time > GIVE_UP_MS:
            return time, refused, False
    return time, refused, True


def _last_look(line: _Writers, from_ms: float) -> tuple[float, float]:
    """Give when the replay finds nothing new, and the begin of the oldest transaction open then: what is younger is hidden."""
    time, horizon = from_ms, float("-inf")
    for _ in range(200):
        oldest = min((append.begins for append in line.open_at(time)), default=time)
        fresh = any(
            horizon <= append.begins < oldest and append.ends <= time
            for stream in line.streams
            for append in stream[-40:]
        )
        horizon = max(horizon, oldest)
        if not fresh:
            break
        time += READ_MS
    return time, horizon


def rebuild_once(rng: random.Random, writers: int, hold_ms: float, think_ms: float, replay_ms: float, design: str, start: str) -> Rebuild:  # fmt: skip
    """Run one rebuild against writers in their steady state."""
    line = _Writers(rng, writers, hold_ms, think_ms)
    begin, refused, started = (0.0, 0, True) if design == "no coordination" else _start(line, start)
    if not started:
        return Rebuild(begin, refused, 0, 0, 0, 0.0, False)
    time, horizon = _last_look(line, begin + START_MS + replay_ms)
    flip = time + READ_MS
    line.until(flip)
    appends = [
        append for stream in line.streams for append in stream if append.ends > begin and append.begins < flip
    ]
    if (
        design == "no coordination"
    ):  # everybody applies; what commits after the truncate is read by the replay as well
        doubled = sum(append.begins < horizon and append.ends <= time for append in appends)
        return Rebuild(0.0, 0, 0, 0, doubled, 0.0)
    skipped = [append for append in appends if append.begins >= begin]
    missed = [append for append in skipped if append.ends > time or append.begins >= horizon]
    pause, noted = 0.0, 0
    if design == "barrier":  # it waits for all that are open, and reads the tail when they are over
        over = max((append.ends for append in missed), default=time)
        missed = [append for append in missed if append.ends > over]
        pause = over - time + READ_MS
    elif design == "skip records":  # whoever skipped has left a record, in the transaction that skipped
        records = {id(append) for append in skipped}
        missed = [append for append in missed if id(append) not in records]
        noted = len(records)
    late = sum(append.ends > time for append in missed)
    return Rebuild(begin, refused, len(missed), late, 0, pause, records=noted)


def load(writers: int = 8, hold_ms: float = 10.0, think_ms: float = 1.5, replay_ms: float = 60.0, design: str = "article",
         start: str = "wait", rebuilds: int = 30, seed: int = 0) -> Result:  # fmt: skip
    """Rebuild ``rebuilds`` times under load and count.

    ``writers``: 1..64. ``hold_ms``: mean time that an append's transaction is open, 0.1..1,000 ms. ``think_ms``: mean time between two of one
    writer, 0..10,000 ms. ``replay_ms``: how long the replay takes, 1..10,000 ms. ``design``: one of `DESIGNS`. ``start``: the rebuild
    waits for the exclusive lock, or tries every 5 ms, 400 times at most. The metrics are means of one rebuild: ``lost``, ``in_flight``,
    ``doubled``, ``start_ms``, ``refused``, ``pause_ms``, ``pause_ms_max``, ``records``; ``never`` counts the rebuilds that did not start. Raises ValueError
    out of range.
    """
    _check(writers, hold_ms, think_ms, replay_ms, design, start)
    rng = random.Random(seed)
    runs = [rebuild_once(rng, writers, hold_ms, think_ms, replay_ms, design, start) for _ in range(rebuilds)]
    share = hold_ms / (hold_ms + think_ms)
    began = [run for run in runs if run.started]

    def mean(name: str, of: list[Rebuild] = began) -> float:
        return sum(getattr(run, name) for run in of) / max(1, len(of))

    metrics = {
        "lost": Metric("events lost per rebuild", mean("lost")),
        "in_flight": Metric("of these, not yet committed at the last look", mean("in_flight")),
        "doubled": Metric("events applied twice per rebuild", mean("doubled")),
        "start_ms": Metric("start delay", mean("start_delay_ms", runs), "ms"),
        "refused": Metric("refused tries per rebuild", mean("refused", runs)),
        "never": Metric("rebuilds that never started", len(runs) - len(began)),
        "pause_ms": Metric("pause of appends at the end", mean("pause_ms"), "ms"),
        "pause_ms_max": Metric(
            "the longest of these pauses", max((run.pause_ms for run in began), default=0.0), "ms"
        ),
        "records": Metric("skip records per rebuild", mean("records")),
        "in_flight_theory": Metric("writers in flight, C times p", writers * share),
        "success": Metric("chance of one try", success(share, writers)),
    }
    params = {
        "writers": writers,
        "hold_ms": hold_ms,
        "think_ms": think_ms,
        "design": design,
        "start": start,
        "rebuilds": rebuilds,
    }
    return Result(
        params, metrics, _sentence(metrics, params), _curves(hold_ms, think_ms, replay_ms, design, seed)
    )


def _check(writers: int, hold_ms: float, think_ms: float, replay_ms: float, design: str, start: str) -> None:
    for name, value, low, high in (("writers", writers, 1, 64), ("hold_ms", hold_ms, 0.1, 1_000), ("think_ms", think_ms, 0, 10_000),
                                   ("replay_ms", replay_ms, 1, 10_000)):  # fmt: skip
        if not low <= value <= high:
            raise ValueError(f"{name}={value!r} is out of range; use {low:g} to {high:g}")
    for name, value, choices in (("design", design, DESIGNS), ("start", start, STARTS)):
        if value not in choices:
            raise ValueError(f"{name}={value!r} is no choice; use one of {', '.join(map(repr, choices))}")


def _sentence(metrics: dict[str, Metric], params: dict[str, object]) -> str:
    never = int(metrics["never"].value)
    if never == params["rebuilds"]:
        return (f"None of {never} rebuilds ever started: the chance of one try is {metrics['success'].value:.2g}, and each gave up after "
                "400 refused tries.")  # fmt: skip
    tried = f" and {metrics['refused'].value:.1f} refused tries" if params["start"] == "try" else ""
    extra = f" {never} of {params['rebuilds']} rebuilds never started." if never else ""
    pause = metrics["pause_ms"].value
    paused = (
        f"at its end appends had to wait for {pause:.1f} ms" if pause else "no append had to wait for its end"
    )
    return (
        f"A rebuild began after {metrics['start_ms'].value:.1f} ms{tried}, lost {metrics['lost'].value:.1f} events and applied "
        f"{metrics['doubled'].value:.1f} twice; {paused} (means of {params['rebuilds']})."
    ) + extra


WRITERS = (1, 2, 4, 8, 16, 32)


@lru_cache(maxsize=64)
def _curves(hold_ms: float, think_ms: float, replay_ms: float, design: str, seed: int) -> dict[str, Series]:
    """Draw what is lost against the number of writers, and its part that is still open beside the closed form."""
    share = hold_ms / (hold_ms + think_ms)
    lost, late = [], []
    for count in WRITERS:
        rng = random.Random(seed + count)
        runs = [rebuild_once(rng, count, hold_ms, think_ms, replay_ms, design, "wait") for _ in range(6)]
        lost.append(sum(run.lost for run in runs) / len(runs))
        late.append(sum(run.in_flight for run in runs) / len(runs))
    return {
        "lost": Series("lost per rebuild", WRITERS, tuple(lost)),
        "in flight": Series("of these, open at the last look", WRITERS, tuple(late)),
        "in flight (theory)": Series(
            "writers times p", WRITERS, tuple(count * share for count in WRITERS), "theory"
        ),
    }


def _tried(writers: int, hold_ms: float, think_ms: float, seed: int, tries: int = 60) -> float:
    """Try ``tries`` times, far apart, and give the share that succeeded: nobody had a transaction open."""
    rng = random.Random(1_000 + seed + writers)
    cycle = hold_ms + think_ms
    apart = 1.5 * cycle
    refused = [False] * tries
    for _ in range(
        writers
    ):  # one writer after the other: where its transactions cover a try, that try is refused
        time = -4 * cycle + rng.uniform(0, cycle)
        while time < tries * apart:
            ends = time + rng.uniform(0, 2 * hold_ms)
            for number in range(max(0, math.ceil(time / apart)), min(tries, math.ceil(ends / apart))):
                refused[number] = True
            time = ends + (rng.expovariate(1 / think_ms) if think_ms else 0.0)
    return refused.count(False) / tries


def try_lock(
    writers: int = 10, hold_ms: float = 10.0, think_ms: float = 90.0, tries: int = 4_000, seed: int = 0
) -> Result:
    """Try ``tries`` times for the exclusive lock while ``writers`` come and go, and compare with (1 - p)^C."""
    _check(writers, hold_ms, think_ms, 1, DESIGNS[0], "try")
    found = _tried(writers, hold_ms, think_ms, seed, tries)
    expected = success(hold_ms / (hold_ms + think_ms), writers)
    text = f"With {writers} writers {found:.1%} of {tries:,} tries succeeded; (1 - p)^C gives {expected:.1%}."
    metrics = {"success": Metric("tries that succeeded", found), "expected": Metric("(1 - p)^C", expected)}
    return Result({"writers": writers, "hold_ms": hold_ms, "think_ms": think_ms}, metrics, text)


MANY = (1, 2, 3, 5, 8, 12, 20, 40)
A_POINT = 1_000  # tries for each point of the curve, and for the sentence
WAITS = 40  # requests that wait, for each point


def starting(writers: int = 20, hold_ms: float = 8.0, think_ms: float = 72.0, seed: int = 0) -> Result:
    """Compare a rebuild that tries every 5 ms with one that waits in the queue, for 1 to 40 writers.

    Parameters as in `load`. The metrics are for ``writers``: ``success`` and ``expected`` (chance of one try, measured and by (1 - p)^C),
    ``try_ms`` (by the closed form: as if each try were a draw of its own) and ``wait_ms`` (measured).
    """
    _check(writers, hold_ms, think_ms, 1, DESIGNS[0], "try")
    share = hold_ms / (hold_ms + think_ms)
    here = success(share, writers)
    found = _tried(writers, hold_ms, think_ms, seed, A_POINT)
    wait = _waited(writers, hold_ms, think_ms, seed + writers, WAITS)
    expected_wait = expected_wait_ms(share, writers, hold_ms)
    try_ms = TRY_EVERY_MS * (1 / here - 1) if here else float("inf")
    text = (f"Of {A_POINT:,} tries {found:.1%} succeed; (1 - p)^C gives {here:.1%}, so that a rebuild that tries every {TRY_EVERY_MS:.0f} ms "
            f"starts after {_span(try_ms)} on average. One that waits has the lock after {wait:.1f} ms (computed: {expected_wait:.1f} ms).")  # fmt: skip
    metrics = {
        "success": Metric("one try succeeds", found), "expected": Metric("(1 - p)^C", here),
        "try_ms": Metric("trying, closed form", try_ms, "ms"), "wait_ms": Metric("waiting", wait, "ms"),
        "expected_wait_ms": Metric("waiting, closed form", expected_wait, "ms"),
    }  # fmt: skip
    return Result(
        {"writers": writers, "hold_ms": hold_ms, "think_ms": think_ms},
        metrics,
        text,
        _by_writers(hold_ms, think_ms, seed),
    )


def _span(ms: float) -> str:
    """Say how long something takes, in the unit that fits."""
    return "more than a day" if ms >= 86_400_000 else f"{ms / 1e3:,.1f} s" if ms >= 1e3 else f"{ms:.0f} ms"


def _waited(writers: int, hold_ms: float, think_ms: float, seed: int, times: int = 20) -> float:
    """Give how long a request for the exclusive lock waits in the queue, on average, in milliseconds."""
    rng = random.Random(seed)
    lines = [_Writers(rng, writers, hold_ms, think_ms) for _ in range(times)]
    return sum(_start(line, "wait")[0] for line in lines) / times


@lru_cache(maxsize=64)
def _by_writers(hold_ms: float, think_ms: float, seed: int) -> dict[str, Series]:
    """Draw chance and delay for 1 to 40 writers; the same for every position of that slider."""
    tried = [_tried(count, hold_ms, think_ms, seed, A_POINT) for count in MANY]
    expected = [success(hold_ms / (hold_ms + think_ms), count) for count in MANY]

    def delay(chance: float) -> float | None:
        return TRY_EVERY_MS * (1 / chance - 1) if chance else None

    return {
        "success": Series("simulated", MANY, tuple(100 * chance for chance in tried)),
        "success (theory)": Series("(1 - p)^C", MANY, tuple(100 * chance for chance in expected), "theory"),
        "trying": Series("trying", MANY, tuple(delay(chance) for chance in tried)),
        "trying (theory)": Series(
            "trying: (1 - p)^C", MANY, tuple(delay(chance) for chance in expected), "theory"
        ),
        "waiting (theory)": Series(
            "waiting: computed",
            MANY,
            tuple(expected_wait_ms(hold_ms / (hold_ms + think_ms), count, hold_ms) for count in MANY),
            "theory",
        ),
        "waiting": Series(
            "waiting",
            MANY,
            tuple(_waited(count, hold_ms, think_ms, seed + count, WAITS) for count in MANY),
        ),
    }
