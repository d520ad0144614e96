"""What lesson 5 asks: predictions before the acts, exercises after them, and the zoo that scores invariants."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from dslab.check import Scenario, Verdict, always, explore, positioned, replay
from dslab.pacer import anomalies, claiming, failover
from dslab.pacer.switches import Switches
from dslab.sim import World
from dslab.teach import (
    Classroom,
    Exercise,
    Feedback,
    Mutant,
    Number,
    Prediction,
    Settings,
    Solution,
    Span,
    WrongAnswer,
    Zoo,
    decided_by,
    tells_apart,
)

ROOM = Classroom("pacer")

# -- predictions ----------------------------------------------------------------------------------------

more_claimers = ROOM.add(
    Prediction.choice(
        "more claimers",
        "2,000 jobs/s come into ten tables, and twenty claimers take them out. A claim holds its table's lock for 2 ms. You add sixty more "
        "claimers. What happens to the number of jobs taken a second, and to the lock wait of a claim?",
        {
            "a": "four times the jobs, the same wait",
            "b": "the same jobs, four times the wait",
            "c": "the same jobs, and the wait grows by more than four times",
        },
        {
            "a": "Twenty took out all that came in already. There is nothing more to take.",
            "b": "Before, many claimers were resting. Now the locks are taken all of the time, and all who are added stand in line.",
        },
        decide=lambda runs: (
            "a"
            if runs[1]["jobs_s"] > 1.5 * runs[0]["jobs_s"]
            else "c"
            if runs[1]["wait_ms"] > 4.5 * runs[0]["wait_ms"]
            else "b"
        ),
        because="Ten locks of 2 ms give at most 5,000 claims a second. Twenty claimers were at three quarters of that; what comes on top can hardly do anything but wait.",
    )
)

empty_polls = ROOM.add(
    Prediction.number(
        "empty polls",
        "A queue with 5 jobs/s lies in forty partitions. Each partition has one owner, who polls it every 10 ms. Nobody waits for a lock. "
        "What share of the polls finds nothing?",
        "%", 0, 100,
        {"low": "Forty owners poll over three thousand times a second. There are five jobs.",
         "high": "Five polls a second do find a job."},
        tolerance=0.5,
        because="An owner ends the lock waits. It does not make the partitions fewer, and each of them is polled.",
    )
)  # fmt: skip

dead_broker = ROOM.add(
    Prediction.number(
        "dead broker",
        "A broker has claimed jobs ahead of need when it is killed. The claims run out after the claim timeout of 600 s. Four seconds later "
        "another broker owns the partition. How much longer does the worst-hit job wait than it would have?",
        "s", 0, 1_000,
        {"low": "The new owner sees pending rows only. These are claimed, by somebody who is no more.",
         "high": "When the claim runs out the job is pending, and the new owner takes it at once."},
        factor=1.2,
        because="The claim timeout must be longer than the longest job. That is far too long for jobs nobody has begun.",
    )
)  # fmt: skip

what_the_fence_stops = ROOM.add(
    Prediction.choice(
        "what the fence stops",
        "Broker A stands still. It is replaced, and what it had claimed comes back. Then A wakes up and does not know. The table refuses whatever "
        "carries A's old epoch. A asks nobody before it hands out. What can A still do wrong?",
        {
            "a": "nothing: the fence refuses it",
            "b": "claim rows that belong to B now",
            "c": "hand out jobs that it has in memory, and that B has, too",
        },
        {
            "a": "The fence stands at the table. A hand-out from memory does not pass there.",
            "b": "That is what the fence refuses; the referee found no schedule in which it happens.",
        },
        decide=lambda verdicts: "b" if not verdicts[0].held else "a" if verdicts[1].held else "c",
        because="A fence stops what comes by it. What makes the broker fast, its memory, is what it cannot see.",
    )
)

poisoned = ROOM.add(
    Prediction.number(
        "poison",
        "Notifications take 50 ms. Image jobs run in the same processes, and thirty of them a minute take their process down, four times each. A job "
        "that was under way in a process that dies comes back after 4 s. Normally 99 % of the notifications are done within a quarter of a second. And now?",
        "ms", 50, 20_000,
        {"low": "More than one notification in a hundred is under way in a process that dies, and has to wait until its claim runs out.",
         "high": "Nothing is lost: after 4 s the job is pending again, and there are slots."},
        factor=1.5,
        because="The claim timeout of somebody else's queue is your 99th percentile.",
    )
)  # fmt: skip

# -- the zoo ----------------------------------------------------------------------------------------------


def _variant(scenario: str, bug: str = "", **positions: Any) -> Scenario:
    extra = anomalies.EXTRA_SCENARIOS.get(scenario)
    build = extra[0] if extra else anomalies.anomaly(scenario).build
    return Scenario(scenario, partial(build, positioned(Switches(bug=bug), positions)))


_JUDGES = list(anomalies.INVARIANTS)
_BUGS = (
    ("prefetch takes the row out", "a broker dies", "what is prefetched leaves the table", "NO_JOB_LOST"),
    ("monitor forgets prefetched rows", "a broker dies", "only running rows come back", "NO_JOB_LOST"),
    ("monitor does not compare", "second try", "a timer ends whatever claim the row has by then", "ONLY_ALLOWED_REPEATS"),
    ("failure reported by id", "stale failure", "a failure counts under any claim", "ONLY_ALLOWED_REPEATS"),
    ("retry goes to the back", "FIFO: retry", "a failed job is queued behind the others", "IN_ORDER"),
    ("fence the wrong way round", "zombie claims", "the table refuses newer epochs, not older ones", "ONE_OWNER_CLAIMS"),
    ("epoch is not raised", "zombie claims", "the next owner gets the same epoch", "ONE_OWNER_CLAIMS"),
    ("fetches into free room only", "FIFO: concurrency", "a full memory waits for a job that came back and is not in it", "NO_JOB_LOST"),
    ("a replaced one renews", "a broker stands still", "heartbeats of a broker that was replaced keep its rows for it", "NO_JOB_LOST"),
)  # fmt: skip
_SETTINGS = {"a replaced one renews": {"handout_check": "clock"}}  # it throws its jobs away
_SCENES = ("a broker dies", "zombie hands out", "FIFO: retry")


def _judge(variant: Any, invariants: list[Any]) -> Verdict:
    """Search with one surprise; two where a broker stands still and goes on. There each worker asks once, so a job may well be left over."""
    if not variant.name.startswith("zombie"):
        return explore(variant, invariants, deviations=2 if "stands still" in variant.name else 1)
    return explore(variant, [each for each in invariants if each is not anomalies.NO_JOB_LOST], deviations=2)


ZOO = Zoo(
    "Pacer",
    right={f"everything on: {name}": _variant(name) for name in _SCENES},
    mutants={
        bug: Mutant(_variant(scenario, bug, **_SETTINGS.get(bug, {})), told, caught_by)
        for bug, scenario, told, caught_by in _BUGS
    },
    invariants=_JUDGES,
    search=_judge,
)

OWNER_ZOO = Zoo(
    "owners",
    right={"fence and epochs": _variant("zombie claims")},
    mutants={
        "no fence": Mutant(_variant("zombie claims", fencing=False), "the table takes any claim", "ONE_OWNER_CLAIMS"),
        "fence the wrong way round": Mutant(_variant("zombie claims", "fence the wrong way round"), "newer epochs are refused",
                                            "ONE_OWNER_CLAIMS"),
        "epoch is not raised": Mutant(_variant("zombie claims", "epoch is not raised"), "two owners, one epoch", "ONE_OWNER_CLAIMS"),
    },
    invariants=[anomalies.ONE_OWNER_CLAIMS],
    search=partial(explore, deviations=2),
)  # fmt: skip

# -- 1: how far to walk -------------------------------------------------------------------------------------

_CLAIMS = Number("claims", 1, 120, factor=1.03)
_WALK = decided_by(
    _CLAIMS,
    lambda: claiming.claims_to_first(120, 3),
    "(120 + 1) / (3 + 1): three jobs cut the walk into four stretches that are equally long on average.",
    {
        "low": "Three jobs cut the walk into how many stretches? Before the first job lies one of them.",
        "high": "With one job you would visit half of the tables. With three you come to the first one sooner.",
    },
)


def _walked(answer: float) -> Feedback:
    """Judge the walk; who counted the empty claims only is told so."""
    if 29 <= answer <= 29.3:
        return Feedback.no(
            "Nearly. These are the claims that find nothing; the one that finds the job is a claim, too.",
            "the experiment gives more",
        )
    return _WALK(answer)


first_job = ROOM.add(
    Exercise(
        "first job",
        "predict",
        "How far to the first job",
        "A queue has a table on each of 10 hosts × 4 databases × 3 priorities, 120 in all. Three jobs wait, in three different tables. A dequeue visits "
        "the tables in random order and stops at the first job. How many claims does it make, on average?",
        _walked,
        (
            "Begin with one job. Where in the walk is it, on average?",
            "Now three. Think of the walk as a line with three marks on it, put down at random.",
            "Four stretches, equal on average, share the 117 empty tables; the claim that finds the job counts as well.",
        ),
        Solution(30.25, "(T + 1) / (j + 1) for j jobs in different ones of T tables."),
        (
            WrongAnswer(40, "come to the first one sooner", "a third of the tables"),
            WrongAnswer(60, "come to the first one sooner", "half of the tables, whatever the number of jobs"),
            WrongAnswer(3, "how many stretches", "three jobs, three claims"),
            WrongAnswer(29.25, "is a claim, too", "only the empty claims are counted"),
        ),
        form=_CLAIMS,
    )
)  # fmt: skip

# -- 2: how many claimers -------------------------------------------------------------------------------------


def _p99(claimers: int) -> float:
    """99th percentile, in ms: 2,000 jobs/s in twenty tables, 2 ms a claim; simulated as long as in the explorer."""
    until_us = claiming.span_us(claiming.mean_value(claimers, 20, 2_000.0, 2.0)[0], 2_000.0)
    return claiming.simulated(claimers, 5, 4, 1, 2_000.0, 2.0, until_us).latency_ms(0.99)


def _claimers_settled(answer: dict[str, Any]) -> Feedback:
    claimers = int(answer["claimers"])
    mine, best = _p99(claimers), min((_p99(count), count) for count in range(4, 81, 4))
    if mine <= 1.1 * best[0]:
        return Feedback.yes(
            f"With {claimers} claimers 99 % of the jobs are claimed within {mine:.1f} ms; nothing tried here is better by more than 10 %."
        )
    if claimers < best[1]:
        return Feedback.no(
            f"With {claimers} there is a better number above: a job waits until somebody comes round.",
            f"99 % within {mine:.1f} ms",
        )
    return Feedback.no(
        f"With {claimers} there is a better number below: claimers stand in each other's way.",
        f"99 % within {mine:.1f} ms",
    )


best_number = ROOM.add(
    Exercise(
        "best number of claimers",
        "configure",
        "The best number of claimers",
        "The queue of act 1 gets more tables: 2,000 jobs/s in 5 shards × 4 databases. A claim holds its lock for 2 ms and sees what was there when it was "
        "asked for. Choose the number of claimers with which 99 % of the jobs are claimed soonest. Within 10 % of the best is right. Before you check, say "
        "to yourself what gets worse on either side.",
        _claimers_settled,
        (
            "Few claimers: what does a job wait for? Many claimers: what does a claim wait for?",
            "Set the explorer of act 1 to four databases on each shard, move the claimers and watch “And what it brings”. The curve has a bottom.",
            "As many claimers as locks leave many locks free; four times as many queue for them. Try between.",
        ),
        Solution({"claimers": 32}, "Below, a job waits for somebody to come round. Above, the one who comes round waits for the lock."),
        (
            WrongAnswer({"claimers": 5}, "a better number above", "locks are never a problem then"),
            WrongAnswer({"claimers": 1}, "a better number above", "one owner has no contention"),
            WrongAnswer({"claimers": 20}, "a better number above", "what was best for ten tables is best for twenty"),
            WrongAnswer({"claimers": 80}, "a better number below", "more is faster"),
        ),
        form=Settings({"claimers": Span(1, 100, "claimers")}),
    )
)  # fmt: skip

# -- 3: prefetch ------------------------------------------------------------------------------------------------

_PREFETCH_NEEDS = (
    "prefetched jobs wait",
    "prefetched jobs again",
    "job lost",
    "zombie claims",
    "zombie hands out",
    "zombie with a wrong clock",
)
_LEASES = {"claim timeout": "claim timeout", "short lease": "heartbeat"}
_ALSO_LEASED = " (The lease is also that of a job that was handed out and not begun: its broker may have died before the answer left.)"
_OFF = {
    "prefetch": "none",
    "prefetch_lease": "claim timeout",
    "handout_check": "none",
    "fencing": False,
    "monitor": False,
}


def _prefetch_settled(answer: dict[str, Any]) -> Feedback:
    """All six anomalies must be gone, the broker must claim or read ahead, and a job may cost one statement."""
    switches = answer | {"prefetch_lease": _LEASES[answer["prefetch_lease"]]}
    if answer["prefetch"] == "none":
        return Feedback.no(
            "Without prefetch every worker waits for the database. The broker has to have something in memory.",
            "prefetch='none'",
        )
    searched = 0
    for name in _PREFETCH_NEEDS:
        verdict = anomalies.search(name, anomalies.anomaly(name).surprises, **switches)
        searched += verdict.searched
        if not verdict.held:
            why = f"With these settings the anomaly “{name}” still shows.{_ALSO_LEASED * (name == 'prefetched jobs wait')}"
            return Feedback.no(why, verdict.invariant, verdict)
    cost = failover.failover(
        "nothing",
        prefetch=answer["prefetch"],
        lease=switches["prefetch_lease"],
        check=answer["handout_check"],
    )["writes"]
    if cost > 1:
        return Feedback.no(
            "Nothing breaks. But what was claimed ahead is written a second time when it is handed out.",
            f"{cost:.2f} statements a job",
        )
    return Feedback.yes(
        f"No violation in {searched:,} schedules: one surprise, two where a broker stands still and goes on."
    )


specify_prefetch = ROOM.add(
    Exercise(
        "specify prefetch",
        "configure",
        "Specify the prefetch",
        "Set the broker so that it has jobs in memory, its death loses nothing and delays nothing by more than 5 s, and a broker that stood still does no harm, "
        "even if its clock runs at half speed. And it may cost one claiming or confirming UPDATE a job, not more. `prefetch`: what it does ahead of need, claim "
        "jobs or only read them; `prefetch_lease`: when what it had comes back; `handout_check`: whom it asks before it hands out; `fencing`, `monitor`: as above.",
        _prefetch_settled,
        (
            "Go through what can happen to a job: in the table, in memory, on its way to a worker, with a worker. Who notices if its holder is gone?",
            "Which check at the hand-out does not depend on a clock?",
            "Nothing broken, and still too dear? Which of the statements says the same thing twice?",
        ),
        Solution({"prefetch": "reads", "prefetch_lease": "short lease", "handout_check": "table", "fencing": True, "monitor": True},
                 "The table's word at the hand-out, which is the claim; a short lease until somebody has begun, the claim timeout from then on; the fence."),
        (
            WrongAnswer({"prefetch": "claims", "prefetch_lease": "short lease", "handout_check": "table", "fencing": True, "monitor": True}, "a second time",
                        "claim ahead and ask"),
            WrongAnswer({"prefetch": "claims", "handout_check": "table", "fencing": True, "monitor": True}, "prefetched jobs wait", "600 s is the timeout"),
            WrongAnswer({"prefetch": "reads", "handout_check": "table", "fencing": True, "monitor": True}, "handed out and not begun",
                        "nothing is claimed ahead, so no lease matters"),
            WrongAnswer({"prefetch": "claims", "prefetch_lease": "short lease", "handout_check": "clock", "fencing": True, "monitor": True}, "still shows",
                        "a lease by one's own clock is enough"),
            WrongAnswer({"prefetch": "reads", "prefetch_lease": "short lease", "handout_check": "table", "monitor": True}, "zombie claims",
                        "the check at the hand-out is a fence, too"),
            WrongAnswer({"prefetch": "reads", "prefetch_lease": "short lease", "handout_check": "table", "fencing": True}, "still shows",
                        "nobody dies"),
        ),
        form=Settings({"prefetch": ("none", "reads", "claims"), "prefetch_lease": ("claim timeout", "short lease"),
                       "handout_check": ("none", "clock", "table"), "fencing": (False, True), "monitor": (False, True)}, start=_OFF),
    )
)  # fmt: skip

# -- 4: first in, first out ---------------------------------------------------------------------------------------

_FIFO = ("FIFO: retry", "FIFO: concurrency", "FIFO: failover", "FIFO: poison")


def _with_order(rule: Callable[[Any, list[Any]], bool], name: str) -> Scenario:
    extra = anomalies.EXTRA_SCENARIOS.get(name)
    build = extra[0] if extra else anomalies.anomaly(name).build

    def world() -> World:
        made = build(Switches())
        anomalies.queue(made).table.rule = lambda row, earlier: bool(rule(row, earlier))
        return made

    return Scenario(name, world)


def _order_is_right(rule: Callable[[Any, list[Any]], bool]) -> Feedback:
    """The learner's order decides in four scenarios: jobs must end in order, and all of them must end."""
    searched = 0
    for name in _FIFO:
        verdict = explore(_with_order(rule, name), [anomalies.IN_ORDER, anomalies.NO_JOB_LOST], deviations=1)
        searched += verdict.searched
        if not verdict.held:
            why = f"In the scenario “{name}” your order breaks {verdict.invariant}."
            if (name, verdict.invariant) == ("FIFO: poison", "NO_JOB_LOST"):
                why += " Job 1 has failed for good, and job 2 waits for it."
            return Feedback.no(why, verdict.invariant, verdict)
    return Feedback.yes(f"No violation in {searched:,} schedules of four scenarios with up to one surprise.")


def may_start(row, earlier):
    """Say whether a job may be handed out: only when everything before it has come to its end."""
    return all(other.state in ("done", "failed") for other in earlier)


def _anytime(row, earlier):
    return True


def _not_beside_a_running_one(row, earlier):
    return all(other.state != "running" for other in earlier)


def _not_before_a_pending_one(row, earlier):
    return all(other.state != "pending" for other in earlier)


def _only_after_success(row, earlier):
    return all(other.state == "done" for other in earlier)


write_the_order = ROOM.add(
    Exercise(
        "order of a FIFO queue",
        "implement",
        "Write the order of a FIFO queue",
        'Write `may_start(row, earlier)`: may this job be handed out? `earlier` has the rows before it in the queue; each has a `.state`, one of `"pending"`, '
        '`"prefetched"`, `"running"`, `"done"` and `"failed"` (no attempt left). Jobs must be finished in order, and none may wait for ever. The referee runs '
        "your order with a job that fails, with two workers, with a broker that dies, and with a job that always fails.",
        _order_is_right,
        (
            "Go through the five states of a row that stands before yours. In which of them can it still be finished?",
            "A row that is prefetched by a dead broker will be pending again. A row that failed for good will not.",
            "Two states are ends. Wait for one of these two, in every row before yours.",
        ),
        Solution(may_start, "One partition is not enough: whatever can still be finished must be finished first, and what never will must not block."),
        (
            WrongAnswer(_anytime, "IN_ORDER", "one partition is in order by itself"),
            WrongAnswer(_not_beside_a_running_one, "IN_ORDER", "one at a time is enough"),
            WrongAnswer(_not_before_a_pending_one, "IN_ORDER", "what is claimed is on its way"),
            WrongAnswer(_only_after_success, "NO_JOB_LOST", "every job succeeds in the end"),
        ),
        expects="a function of (row, earlier) that gives True or False",
        starter="def may_start(row, earlier):\n    return ...\n\n\nlesson.write_the_order.check(may_start)",
    )
)  # fmt: skip

# -- 5: break it ----------------------------------------------------------------------------------------------------

UNASKED = anomalies.anomaly("zombie hands out").scenario(handout_check="none")


def _with_both(world: World) -> bool | str:
    handouts = world.facts["pacer"].handouts
    after = [
        job for place, (job, who) in enumerate(handouts) if who == "A" and (job, "B") in handouts[:place]
    ]
    return not after or f"B had handed out job {after[0]}, and A handed it out again"


NOT_AFTER_B = always("NOT_AFTER_B", "A hands out no job that B has handed out", _with_both)


def _replayed(token: str) -> Feedback:
    """Right where A's hand-out comes after B's; one that comes before it is told what is missing."""
    verdict = replay(UNASKED, token, [NOT_AFTER_B])
    if not verdict.held:
        return Feedback.yes(
            "A had the job in hand when it was stopped, and gave it away when it woke up. Two workers do it now.",
            verdict,
        )
    early = replay(UNASKED, token, [anomalies.NO_DEAD_CLAIM])
    if not early.held:
        return Feedback.no(
            "A hands out under a dead claim, but B had not handed the job out before.",
            "only A has handed it out",
            early,
        )
    return Feedback.no(
        "A hands out nothing here under a claim that the table has taken back.",
        "NO_DEAD_CLAIM held to the end",
        verdict,
    )


break_the_fence = ROOM.add(
    Exercise(
        "break the fence",
        "break it",
        "Get past the fence",
        "The fence is on, and nobody is asked at the hand-out. In act 4 A handed out a job that the table had taken back, and nobody else had it yet. Find a schedule "
        "of the same scenario, zombie hands out, in which B has handed out the job already and A hands it out all the same, so that two workers do it. Use the "
        "adversary of act 4 and give its token.",
        _replayed,
        (
            "Worker w2 asks B. What has to happen before B has the job, and in which order?",
            "A stands still while the answer to its claim is on its way. Let everything else go on until B has given the job to w2. Then let A go on.",
            "w2 asks; the lease without a heartbeat, Helix appoints B; A's claim is up; B claims, gets its answer, and hands out. Only now “broker A goes on”.",
        ),
        Solution("zombie hands out:3.2-18.1:129577", "Between its claim and its hand-out A stood still for longer than the lease, and B was done with all of it."),
        (
            WrongAnswer("zombie hands out:0:9a92e7", "hands out nothing here", "the default schedule"),
            WrongAnswer("zombie hands out:2.2:7df149", "hands out nothing here", "it stands still before it has claimed"),
            WrongAnswer("zombie hands out:3.2-15.1:1f0947", "B had not handed the job out", "the schedule of act 4"),
        ),
        expects="a replay token: the text that `adversary.token` gives",
        accepts=str,
    )
)  # fmt: skip

# -- 6: the referee ---------------------------------------------------------------------------------------------------


def one_owner_claims(world):
    """Every claim was made by the owner of that moment."""
    log = world.facts["pacer"].table.log
    return all(who == owner for who, epoch, owner, newest in log)


def _always_true(world):
    return True


def _owner_of_today(world):
    table = world.facts["pacer"].table
    return all(who == table.owner for who, epoch, owner, newest in table.log)


def _epochs_only(world):
    return all(epoch >= newest for who, epoch, owner, newest in world.facts["pacer"].table.log)


write_the_invariant = ROOM.add(
    Exercise(
        "write the referee",
        "referee",
        "Write the invariant",
        'Write a function of the world that is true while only the owner claims. `world.facts["pacer"].table.log` lists the claims that the table took, each as '
        "`(who, epoch, owner, newest)`: the broker, its epoch, and the owner and the newest epoch at that moment. `table.owner` is the owner now. Accept the right "
        "variant, catch all three mutants.",
        tells_apart(OWNER_ZOO, "Your invariant tells the right ones from the mutants."),
        (
            "An owner changes. Whose claims from before are still in the log?",
            "Compare each claim with what was true when it was made, not with what is true now.",
            "One of the mutants gives two owners the same epoch. Numbers alone cannot tell them apart.",
        ),
        Solution(one_owner_claims, "It compares names at the moment of the claim. Epochs are how the table does it; they are no proof that it did."),
        (
            WrongAnswer(_owner_of_today, "says that", "claims of the past are measured by the owner of today"),
            WrongAnswer(_always_true, "escapes", "nothing is ever wrong"),
            WrongAnswer(_epochs_only, "escapes", "the epoch is the owner"),
        ),
        expects="a function of the world that gives True or False",
        starter='def my_invariant(world):\n    return ...  # something about world.facts["pacer"].table\n\n\n'
                "lesson.write_the_invariant.check(my_invariant)",
    )
)  # fmt: skip
