"""The ledger of lesson 9: what the article, its correction and Emmett's code claim, and what was measured here."""

from __future__ import annotations

from dslab.check import Verdict
from dslab.readmodels import anomalies, load
from dslab.readmodels.protocol import SECOND_US, ReadModel, Switches
from dslab.show.words import plural
from dslab.sim import World
from dslab.teach import Claim, Ledger, Measurement, holds_only_if

ARTICLE = "Dudycz, “Rebuilding Event-Driven Read Models …”"
CORRECTION = "Dudycz, dead-letter correction"
DIGEST = "Architecture Weekly's digest of it"
EMMETT = "Emmett, commit 6e308790"
FACTS = "our own load test on PostgreSQL 15, 2 cores (not published)"
JAN_5, JAN_19, MAY_25, AUG_21, JAN_2026 = (
    "5 January 2026",
    "19 January 2026",
    "25 May 2026",
    "21 August 2026",
    "January 2026",
)


def _told(verdict: Verdict) -> str:
    """Say in a few words how a search ended; which event it is, act 2 and the table show."""
    if verdict.held:
        return verdict.describe()
    found = f"{plural(verdict.searched, 'schedule')}, with {plural(verdict.deviations, 'surprise')}"
    return f"{verdict.invariant} broken after {found}"


def _searched(name: str, design: str) -> Measurement:
    verdict = anomalies.search(name, deviations=2, **anomalies.DESIGNS[design])
    return Measurement("holds" if verdict.held else "broken", "", _told(verdict))


def _crash() -> Measurement:
    on = anomalies.search("crash with lock only")
    off = anomalies.search("crash with lock only", **anomalies.anomaly("crash with lock only").off[0])
    return Measurement("needed" if on.held and not off.held else "not needed", "", _told(off))


def _barrier() -> Measurement:
    verdict = anomalies.search("skip race", **anomalies.BARRIER)
    return Measurement("works" if verdict.held else "does not work", "", _told(verdict))


def _collision() -> Measurement:
    """Birthday bound: n (n - 1) / 2 pairs, each equal with chance 2^-64."""
    names = 1_000
    return Measurement(names * (names - 1) / 2 / 2**64, "", f"{names:,} names in 64 bits")


def _takeover() -> Measurement:
    on, off = anomalies.search("frozen clock"), anomalies.search("frozen clock", clock="transaction")
    return Measurement("never comes" if on.held and not off.held else "comes", "", _told(off))


def _lost_per_writer() -> Measurement:
    """The same two loads as in the test: 8 writers and 16."""
    runs = {writers: load.load(writers=writers)["lost"] / writers for writers in (8, 16)}
    told = " and ".join(f"{lost:.2f} each with {writers} writers" for writers, lost in runs.items())
    return Measurement(round(sum(runs.values()) / len(runs), 2), "events per writer", told)


def _try(writers: int) -> Measurement:
    run = load.try_lock(writers)
    return Measurement(round(run["success"], 3), "", run.describe())


def _pause() -> Measurement:
    run = load.load(design="barrier", rebuilds=40)
    told = f"the mean of 40 rebuilds, 8 writers, transactions of 0 to 20 ms; the longest took {run['pause_ms_max']:.1f} ms"
    return Measurement(round(run["pause_ms"], 1), "ms", told)


def _starved() -> Measurement:
    run = load.try_lock(writers=8, hold_ms=10.0, think_ms=1.5, tries=40_000)
    return Measurement(
        run["success"], "", "8 writers almost without a pause, 40,000 tries: as many as fit into 200 s"
    )


def _silence() -> Measurement:
    """Ask each second whether another instance may claim what a dead owner holds; gives the last second at which not."""
    world = World(name="takeover")
    system = ReadModel(world, Switches())
    system.begin_rebuild("dead")
    second = 0
    while not system.may_claim("other", system.database.begin("other")):
        second += 1
        world.now = second * SECOND_US
    return Measurement(second - 1, "s", "the last second at which the model refuses another instance")


CLAIMS = Ledger(
    "readmodels",
    [
        Claim("rebuilt safely", "read models can be rebuilt safely with advisory locks and a status row", DIGEST, JAN_2026, "V", value="holds",
              experiment=lambda: _searched("skip race", "article, 5 January")),
        Claim("lock prevents conflicts", "the rebuild's exclusive lock prevents conflicts; in Emmett it is held for the start only", DIGEST, JAN_2026, "V",
              value="holds", experiment=lambda: _searched("stale check", "article, 5 January")),
        Claim("crash needs the row", "a lock vanishes with its owner, so a status row is needed as well", ARTICLE, JAN_5, "V", value="needed",
              experiment=_crash),
        Claim("skip records suffice", "with skip records and a drain every committed event is applied or noted", CORRECTION, JAN_19, "V", value="holds",
              otherwise=holds_only_if("the replay waits for what ran at its start: the hidden tail"),
              experiment=lambda: _searched("hidden tail", "corrected, 19 January")),
        Claim("no lock at the end", "locking appends at the end cannot close the gap", CORRECTION, JAN_19, "V", value="does not work",
              experiment=_barrier),
        Claim("frozen clock", "now() in the retrying transaction made the takeover never happen", "Dudycz, on now()", MAY_25, "V", value="never comes",
              experiment=_takeover),
        Claim("unregistered projections", "a projection without a row makes appends skip; the article's own SQL says the opposite", ARTICLE, JAN_5, "V",
              value="holds", experiment=lambda: _searched("unregistered projection", "article, 5 January")),
        Claim("takeover", "an owner that was silent for 300 s is taken over", EMMETT, AUG_21, "C",
              test=lambda seconds: holds_only_if("the timeout is set so: Emmett's default is built into the model") if seconds == 300 else False,
              experiment=_silence),
        Claim("closing activates", "whoever closes sets the status to active, so an owner that was taken over activates what another rebuilds", EMMETT, AUG_21, "C", value="broken",
              experiment=lambda: _searched("zombie release", "corrected, 19 January")),
        Claim("collisions", "1,000 names in a 64-bit hash collide with a chance of 2.7e-14", "computed from the key's width", JAN_2026, "C",
              test=lambda chance: holds_only_if("hashes are as good as drawn: arithmetic, no experiment") if abs(chance - 2.7e-14) < 5e-16 else False,
              experiment=_collision),
        Claim("lost per writer", "8 writers lost 477 events in 40 rebuilds, 16 writers 625 in 25: 1.5 for each writer", FACTS, "2026", "L",
              value=1.5, unit="events per writer", tolerance=0.25, experiment=_lost_per_writer),
        Claim("one try, 10 writers", "one of about three tries succeeds (0.363) with 10 writers at p = 0.1", FACTS, "2026", "L", value=0.363, tolerance=0.03,
              experiment=lambda: _try(10)),
        Claim("one try, 40 writers", "one of 65 tries succeeds (0.0153) with 40 writers at p = 0.1", FACTS, "2026", "L", value=0.0153, tolerance=0.005,
              experiment=lambda: _try(40)),
        Claim("starvation", "the article's design, trying every 5 ms among 8 busy writers, never started a rebuild within 200 s (act 3 lets it wait instead)", FACTS, "2026", "L", value=0, tolerance=1e-4, experiment=_starved),
        Claim("barrier's pause", "the barrier takes 18 to 22 ms with transactions of up to 20 ms", FACTS, "2026", "L", value=20, unit="ms", tolerance=2,
              otherwise=holds_only_if("the server's own milliseconds are added: the model, where the database costs nothing, stays below"),
              experiment=_pause),
        Claim("zero downtime", "the rebuild causes no downtime", DIGEST, JAN_2026, "V",
              reason="appends go on, but readers of an in-place rebuild see an emptied model; the article itself prefers a second model beside the first"),
        Claim("microseconds", "the check costs an append microseconds", ARTICLE, JAN_5, "V",
              reason="no benchmark was published, and times of a throw-away server on a shared machine would say nothing of anybody's"),
        Claim("not replicated", "advisory locks live on one primary and vanish at a failover", "general knowledge of PostgreSQL", "2026", "I",
              reason="one embedded server has no failover"),
    ],
)  # fmt: skip
