"""What lesson 8 asks: predictions before the acts, exercises after them, and the zoo that scores invariants."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from dslab.check import Scenario, explore, positioned, replay
from dslab.opensearch import anomalies, scenes, timeline
from dslab.opensearch import invariants as must
from dslab.opensearch.reconcile import Operator
from dslab.opensearch.switches import VERSIONS, Switches
from dslab.sim import World
from dslab.sim.fence import quorum
from dslab.teach import (
    Classroom,
    Exercise,
    Feedback,
    Mutant,
    Number,
    Prediction,
    Settings,
    Solution,
    WrongAnswer,
    Zoo,
    decided_by,
    same_as,
    tells_apart,
)

ROOM = Classroom("opensearch")

# -- predictions ----------------------------------------------------------------------------------------

three_zones = ROOM.add(
    Prediction.choice(
        "three zones",
        "Three managers, each in a node pool of its own because each lives in another zone, and two data nodes. Operator 2.8.0 deletes at "
        "most one pod in a pass, and only from a pool whose pods are all ready. You change one line of the configuration. What happens to the managers?",
        {
            "a": "they are restarted one after the other; two always run",
            "b": "a second one is deleted while the first is still starting, and the majority is gone for a while",
            "c": "none is restarted: a manager in a pool of one can never be spared",
        },
        {
            "a": "One deletion in a pass does not mean one pod down: a pass comes every ten seconds, and a pod needs longer to start.",
            "c": "The rule asks only whether the pool's own pods are ready, and a pool of one that is ready passes.",
        },
        decide=lambda result: "b" if result["leaderless_s"] else "a",
        because="“Ready” was asked of the pool. A pool that is short is skipped, and the next pool is ready.",
    )
)

live_list = ROOM.add(
    Prediction.yes_no(
        "live list",
        "Now the ready pods are counted from the live list of pods instead of the StatefulSet's status, and everything else is on. Is there a schedule "
        "with up to two surprises in which the operator takes the majority away?",
        {
            "yes": "The referee ran every schedule with up to two surprises and found none. That is no proof, but it is a search."
        },
        decide=lambda verdict: not verdict.held,
        because=lambda verdict: verdict.describe(),
    )
)

never_restarts = ROOM.add(
    Prediction.number(
        "never restarts",
        "The guard of 3.0.0-alpha lets a manager go when more than floor((N + 1) / 2) are ready. Nothing else is asked, and all are ready when the change comes. For how many of the nine sizes "
        "N = 1 to 9 is a restart of a manager blocked for ever?",
        "", 0, 9,
        {"low": "Put N = 1 into the formula: floor(2 / 2) is 1, and 1 ready manager is not more than 1.",
         "high": "For N = 2 the formula asks for more than 1; two are ready."},
        tolerance=0, step=1,
        decide=lambda result: sum(result.tables["outcome"][0][str(n)] == "blocked" for n in range(1, 10)),
        because="Only N = 1, where waiting can never help. For N = 2 it lets one of two go, and that loses the majority of two.",
    )
)  # fmt: skip

waits_for_green = ROOM.add(
    Prediction.number(
        "waits for green",
        "Three nodes go from 2.19.4 to 3.4.0, one pod at a time, and each only when the cluster is green. The first upgraded node makes a system index, "
        "one shard with two replicas. How many of the three nodes are upgraded in the end?",
        "", 0, 3,
        {"low": "The first one was green to begin with, so it is deleted.",
         "high": "The index's primary is on the new node. Which nodes may take its replicas?"},
        tolerance=0, step=1,
        decide=lambda result: result["deleted"],
        because="A replica may not go to a node that is older than its primary's. Both other nodes are older, so the index stays yellow, and the gate stays shut.",
    )
)  # fmt: skip

shrink = ROOM.add(
    Prediction.choice(
        "shrink",
        "Three data nodes, an index with two replicas, SmartScaler on, operator 3.0.0. You ask for one data node less. What happens?",
        {
            "a": "the node is removed; the index is yellow with one replica missing",
            "b": "the operator waits for ever, and nothing tells you",
            "c": "the request is refused with an error",
        },
        {
            "a": "That would be so without SmartScaler. With it, the node goes only when it is empty.",
            "c": "Nobody compares the number of copies with the number of nodes beforehand.",
        },
        decide=lambda result: "b" if result["blocked"] else "a",
        because="Three copies on two nodes are impossible, so the drain cannot end. And since the scaler comes before the restart in a pass, no change of configuration gets its turn any more.",
    )
)

# -- the zoo ----------------------------------------------------------------------------------------------


def _variant(name: str, **positions: Any) -> Scenario:
    """Give a scenario, one of the anomalies or of the plain changes, with switches."""
    if name in scenes.CHANGES:
        build = scenes.CHANGES[name]
        return Scenario(name, partial(build, positioned(Switches(), positions)), positions)
    return anomalies.anomaly(name).scenario(**positions)


def _right(told: str, scenario: Scenario) -> Callable[[], World]:
    """Give a right variant that says in the zoo's table what it is."""

    def build() -> World:
        return scenario()

    build.__doc__, build.name = told, scenario.name  # type: ignore[attr-defined]
    return build


ZOO = Zoo(
    "the operator",
    right={
        "three zones": _right("one manager in each of three pools, a new configuration", _variant("all managers at once")),
        "restart": _right("three nodes that are everything, a new configuration", _variant("restart")),
        "upgrade": _right("the same nodes, a new version", _variant("upgrade")),
        "scale down": _right("three data nodes, one less", _variant("scale down")),
        "four managers": _right("no ready gate, one of four managers broken: the strict guard alone",
                                _variant("even number of managers", ready_gate="off")),
    },
    mutants={
        "finished before allocation": Mutant(anomalies.crashing("restart", bug="finished before allocation"),
                                             "“finished” is written before allocation is set back; the operator may die between the two",
                                             "SETTINGS_RESTORED"),
        "counts terminating pods": Mutant(_variant("all managers at once", bug="counts terminating pods", quorum_guard="off"),
                                          "a pod that is terminating counts as ready", "QUORUM_KEPT"),
        "majority of the ready": Mutant(_variant("even number of managers", ready_gate="off", bug="majority of the ready"),
                                        "the majority is counted of the ready managers, not of all", "QUORUM_KEPT"),
        "deletes before drained": Mutant(_variant("scale down", bug="deletes before drained"),
                                         "a node is scaled away as soon as it is excluded", "DRAINED_FIRST"),
        "any yellow will do": Mutant(_variant("restart", bug="any yellow will do", primary_check=False),
                                     "the health gate opens at yellow", "NO_SHARD_DARK"),
        "upgrade ignores readiness": Mutant(_variant("upgrade", bug="upgrade ignores readiness"),
                                            "an upgrade does not ask whether the pool's pods are ready", "QUORUM_KEPT"),
        "forgets what it excluded": Mutant(_variant("drained restart", bug="forgets what it excluded", clean_exclusions="never"),
                                           "a restarted node stays on the exclude list", ("SETTINGS_RESTORED", "FINISHED")),
    },
    invariants=[must.QUORUM_KEPT, must.NO_SHARD_DARK, must.DRAINED_FIRST, must.FINISHED, must.SETTINGS_RESTORED],
    search=partial(explore, deviations=1),
)  # fmt: skip

DARK_ZOO = Zoo(
    "shards in the dark",
    right={
        "one pod in a pass": _right("two data pools, a new configuration", _variant("two data pools")),
        "yellow with the check": _right("a newer version is asked for half-way", _variant("target moves")),
        "upgrade at yellow": _right("a stuck replica, and the upgrade goes on", _variant("upgrade stays yellow")),
        "waits for a copy": _right("a copy is on its way, and the operator waits for it",
                                   Scenario("a copy on its way", partial(scenes.copy_on_its_way, Switches(ready_gate="off")))),
    },
    mutants={
        "two in a pass": Mutant(_variant("two data pools", one_per_pass=False), "both data pools go in one pass", "NO_SHARD_DARK"),
        "no check of the primary": Mutant(_variant("target moves", primary_check=False),
                                          "the yellow exception does not ask where the primary is", "NO_SHARD_DARK"),
        "any yellow will do": Mutant(_variant("restart", bug="any yellow will do", primary_check=False),
                                     "the health gate opens at yellow", "NO_SHARD_DARK"),
        "a copy on its way": Mutant(Scenario("a copy on its way", partial(scenes.copy_on_its_way, Switches(ready_gate="off", bug="ignores what is moving"))),
                                    "the exception counts a copy that is still on its way", "NO_SHARD_DARK"),
    },
    invariants=[must.NO_SHARD_DARK],
    search=partial(explore, deviations=0),
)  # fmt: skip

# -- exercises ----------------------------------------------------------------------------------------------

_OLD = VERSIONS["2.8.0"]
_KNOBS: dict[str, tuple[Any, ...]] = {
    "live_count": (False, True),
    "ready_gate": ("own pool", "every pool"),
    "quorum_guard": ("off", "as coded", "strict majority"),
    "health_gate": ("observability", "green"),
}
_START = {name: getattr(_OLD, name) for name in _KNOBS}


def _half_a_cure(answer: dict[str, Any]) -> Feedback:
    """Exactly one switch of 2.8.0 may differ; the managers must be saved by it, and the data pools must not."""
    changed = [name for name in answer if answer[name] != _START[name]]
    if len(changed) != 1:
        return Feedback.no(
            f"One change is asked for; you made {len(changed)}.",
            f"changed: {', '.join(changed) or 'nothing'}",
        )
    managers, pools = (
        anomalies.search(name, 1, switches=_OLD, **answer)
        for name in ("all managers at once", "two data pools")
    )
    if not managers.held:
        return Feedback.no(
            "With this change the managers still go down together.", managers.invariant, managers
        )
    if pools.held:
        return Feedback.no(
            "This is the whole cure: the data pools are saved as well.", "the data pools held too", pools
        )
    return Feedback.yes(
        f"The managers held in {managers.searched} schedules with up to one surprise, and {pools.invariant} still breaks: "
        f"{changed[0]} looks at managers only."
    )


one_line = ROOM.add(
    Exercise(
        "half a cure",
        "configure",
        "Half a cure",
        "Someone backports one fix to operator 2.8.0, a single switch. Afterwards issue 650 is gone: all managers no longer go down together. But issue 738 "
        "stays: two data pools of one node each still do, and take a shard with them. Which switch was it?",
        _half_a_cure,
        (
            "Act 1 named the change that mends both. This one must look at less.",
            "Which of the switches never asks anything of a pod that does not vote?",
            "In 2.8.0 something was not there at all that the alpha has. Turn that on, and nothing else.",
        ),
        Solution(
            {"quorum_guard": "as coded"},
            "A quorum guard counts managers. A data pod is no manager, so it is never asked, and the pool that is short is skipped as before.",
        ),
        (
            WrongAnswer({"ready_gate": "every pool"}, "whole cure", "the change that act 1 named"),
            WrongAnswer({"live_count": True}, "managers still go down", "the status was stale"),
            WrongAnswer({"health_gate": "green"}, "managers still go down", "green means safe"),
            WrongAnswer(
                {"ready_gate": "every pool", "quorum_guard": "strict majority"}, "One change", "more is safer"
            ),
        ),
        form=Settings(_KNOBS, start=_START),
    )
)


def _with_policy(policy: Callable[[Any], Any], name: str) -> Scenario:
    known = scenes.CHANGES.get(name) or anomalies.anomaly(name).build

    def world() -> World:
        made = known(Switches())
        operator: Operator = must.operator_of(made)
        operator.policy = policy
        return made

    return Scenario(name, world)


_SCENES = ("all managers at once", "even number of managers", "two data pools", "restart", "single manager")


def _policy_is_right(policy: Callable[[Any], Any]) -> Feedback:
    """The learner's policy restarts five clusters; the referee searches each."""
    searched = 0
    for name in _SCENES:
        verdict = explore(
            _with_policy(policy, name),
            [must.QUORUM_KEPT, must.NO_SHARD_DARK, must.FINISHED],
            deviations=1,
            budget=2_000,
        )
        searched += verdict.searched
        if not verdict.held:
            return Feedback.no(
                f"In the scenario “{name}” your policy breaks {verdict.invariant}.",
                verdict.invariant,
                verdict,
            )
        if verdict.cut_short:
            return Feedback.no(
                f"In the scenario “{name}” your policy never comes to rest.", "a run without an end"
            )
    return Feedback.yes(
        f"No violation in {searched} schedules of {len(_SCENES)} scenarios with up to one surprise."
    )


def policy(view):
    """Delete the first old pod once every pod is ready and the cluster is green."""
    if view.health != "green" or not all(pod.ready for pod in view.pods):
        return None
    return next((pod.name for pod in view.pods if pod.old), None)


def _first_old(view):
    return next((pod.name for pod in view.pods if pod.old), None)


def _own_pool(view):
    for pod in view.pods:
        others = [other for other in view.pods if other.pool == pod.pool]
        if pod.old and all(other.ready for other in others) and view.health == "green":
            return pod.name
    return None


def _never(view):
    return None


def _strict_everywhere(view):
    if view.ready_managers - 1 < view.managers // 2 + 1:
        return None
    return policy(view)


def _ready_only(view):
    if not all(pod.ready for pod in view.pods):
        return None
    return next((pod.name for pod in view.pods if pod.old), None)


write_the_policy = ROOM.add(
    Exercise(
        "restart policy",
        "implement",
        "Write the restart policy",
        "Write `policy(view)`: it gives the name of the pod to delete now, or `None` to wait ten seconds. `view.pods` has all pods there should be, each with "
        '`.name`, `.pool`, `.manager`, `.data`, `.old` and `.ready`; `view.health` is `"green"`, `"yellow"`, `"red"` or `"no answer"`; `view.managers` is how many managers '
        "there should be, `view.ready_managers` how many are ready. The referee restarts five clusters with it.",
        _policy_is_right,
        (
            "Safe is easy: wait. What must be true at the latest when nothing is under way?",
            "A missing pod stands in `view.pods` as well, as not ready. And a pod may be ready before its shards are.",
            "One of the five clusters has a single manager. Which condition do you ask for that it can never fulfil?",
        ),
        Solution(
            policy,
            "Everything ready and green, then one pod. With every pod ready a quorum guard has nothing to add, and a single manager is not left behind.",
        ),
        (
            WrongAnswer(_first_old, "QUORUM_KEPT", "one pod in a pass is slow enough"),
            WrongAnswer(_own_pool, "QUORUM_KEPT", "as in 2.8.0: ask the pod's own pool"),
            WrongAnswer(_never, "FINISHED", "who waits breaks nothing"),
            WrongAnswer(_strict_everywhere, "FINISHED", "a strict majority for everybody"),
            WrongAnswer(_ready_only, "NO_SHARD_DARK", "ready pods mean ready shards"),
        ),
        expects="a function of the view that gives a pod's name or None",
        starter="def policy(view):\n    return ...\n\n\nlesson.write_the_policy.check(policy)",
        budget=100_000,
    )
)


def guard(managers, ready):
    """Keep a majority where one can be kept; where none can (one or two managers), ask that all are ready."""
    if managers < 3:
        return ready == managers
    return ready - 1 >= managers // 2 + 1


def _as_coded(managers, ready):
    return ready > (managers + 1) // 2


def _strict(managers, ready):
    return ready - 1 >= managers // 2 + 1


def _two_thirds(managers, ready):
    return 3 * ready > 2 * managers


_CASES = [(managers, ready) for managers in range(1, 8) for ready in range(1, managers + 1)]


def _because(case: tuple[int, int]) -> str:
    managers, ready = case
    if managers < 3 and ready < managers:
        return (
            f"N = {managers}, {ready} ready: one is missing and will come back, so wait until all are ready."
        )
    if managers < 3:
        return f"N = {managers}, all ready: no restart keeps a majority here, so waiting for more is waiting for ever."
    left = "a majority is left" if ready - 1 >= quorum(managers) else "no majority is left"
    return f"N = {managers}, {ready} ready: after the deletion {ready - 1} are left of which {quorum(managers)} are needed, so {left}."


write_the_guard = ROOM.add(
    Exercise(
        "quorum guard",
        "implement",
        "Write the guard",
        "Write `guard(managers, ready)`: may one of the `ready` managers be deleted, where there should be `managers`? After it a majority of all must be left. "
        "With one or two managers no restart can keep one: then let it happen as soon as all are ready. It is tried for N = 1 to 7.",
        same_as(guard, _CASES, "Yes for every N from 1 to 7 and every number of ready managers.",
                {place: _because(case) for place, case in enumerate(_CASES)}),
        (
            "Write down the table of act 3 for N = 4 first: how many must be ready before one may go?",
            "A majority of N is floor(N / 2) + 1, and after the deletion one less is ready.",
            "Two cases. The second one: can the first condition ever be true for N = 1? For N = 2?",
        ),
        Solution(guard, "A strict majority must be left, and where that is impossible the interruption is accepted, once all are ready."),
        (
            WrongAnswer(_as_coded, "N = 1", "the guard of 3.0.0-alpha"),
            WrongAnswer(_strict, "N = 1", "strict, and small clusters wait for ever"),
            WrongAnswer(_two_thirds, "N = 4", "two thirds, as the design document says"),
        ),
        expects="a function of (managers, ready) that gives True or False",
        starter="def guard(managers, ready):\n    return ...\n\n\nlesson.write_the_guard.check(guard)",
    )
)  # fmt: skip

STALE = anomalies.anomaly("stale status").scenario(live_count=False)


def _second_time(token: str) -> Feedback:
    """The majority must be lost with the last manager; the first restart ends well."""
    verdict = replay(STALE, token, [must.QUORUM_KEPT])
    if not verdict.held and "deleted managers-1 " in verdict.explanation:
        return Feedback.no(
            "This is act 2 again: the majority is lost with managers-1. Let the restart of managers-0 end well.",
            "managers-1",
            verdict,
        )
    return Feedback.must_break(
        verdict, "QUORUM_KEPT", "The status still said three of three while the second pod was going."
    )


break_the_status = ROOM.add(
    Exercise(
        "break the status",
        "break it",
        "Not at once: later",
        "The referee's schedule loses the majority with the second deletion. Find another in the same scenario, stale status: managers-0 is restarted and comes "
        "back, nothing is wrong so far, and the majority is lost with managers-2. Be Kubernetes in act 2 again and give the replay token of your schedule "
        "(`adversary.token`).",
        _second_time,
        (
            "The operator must be right about the first restart. So nothing may be late there.",
            "Follow what would normally be next until the operator has deleted managers-1. Which two things must then come late?",
            "From there it is act 2 with other names: what the operator must not read, and who must not be back.",
        ),
        Solution(
            "stale status:12.1:1d6e8a",
            "Twelve normal steps; then managers-1 is gone before its set's status is written, and the operator still reads three of three.",
        ),
        (
            WrongAnswer("stale status:0:646a2c", "QUORUM_KEPT", "the default schedule"),
            WrongAnswer("stale status:3.1:0f1b3a", "managers-1", "the schedule of the referee"),
            WrongAnswer("stale status:6.1:000cca", "QUORUM_KEPT", "late, but it does not matter"),
        ),
        expects="a replay token: the text that `adversary.token` gives",
        accepts=str,
    )
)


def no_shard_dark(world):
    """Every shard has a started copy on a pod that is running, not terminating."""
    cluster, lit = world.facts["cluster"], {}
    for copy in cluster.shards.copies:
        alive = copy.state == "started" and cluster.pods[copy.node].phase == "running"
        lit[copy.shard] = lit.get(copy.shard, False) or alive
    return all(lit.values())


def _never_yellow(world):
    return world.facts["cluster"].health() == "green"


def _always_true(world):
    return True


def _replicas_started(world):
    return all(copy.state == "started" for copy in world.facts["cluster"].shards.copies if not copy.primary)


def _nobody_terminates(world):
    cluster = world.facts["cluster"]
    return all(
        cluster.pods[copy.node].phase == "running"
        for copy in cluster.shards.copies
        if copy.node in cluster.pods
    )


def _any_started(world):
    lit: dict[Any, bool] = {}
    for copy in world.facts["cluster"].shards.copies:
        lit[copy.shard] = lit.get(copy.shard, False) or copy.state == "started"
    return all(lit.values())


write_the_invariant = ROOM.add(
    Exercise(
        "write the referee",
        "referee",
        "What the yellow exception must keep",
        "Yellow is let through where waiting cannot help. Write the function of the world that must stay true then. It must accept four right variants and "
        "catch four mutants. `cluster = world.facts[\"cluster\"]` gives you `cluster.shards.copies`, each with `.shard`, `.primary`, `.state` (started, "
        "initializing, unassigned) and `.node`, and `cluster.pods[name].phase` (starting, running, terminating).",
        tells_apart(DARK_ZOO, "Your invariant tells the right ones from the mutants."),
        (
            "Yellow itself is no bug, and neither is a pod that terminates. What must a terminating pod not be?",
            "Ask of each shard, not of each copy.",
            "One mutant's copy arrives just before the other's pod is gone. The harm is in between: what is the pod doing then, and which field tells?",
        ),
        Solution(no_shard_dark, "It asks for one started copy of each shard on a node that is not about to go: what a reader of the index needs."),
        (
            WrongAnswer(_never_yellow, "says that", "anything but green is wrong"),
            WrongAnswer(_always_true, "escapes", "nothing is ever wrong"),
            WrongAnswer(_replicas_started, "says that", "replicas are what keeps data"),
            WrongAnswer(_nobody_terminates, "says that", "a pod with shards is never restarted"),
            WrongAnswer(_any_started, "a copy on its way", "a copy on a pod that stops is as good as any"),
        ),
        expects="a function of the world that gives True or False",
        starter="def my_invariant(world):\n    return ...  # something about world.facts[\"cluster\"]\n\n\n"
                "lesson.write_the_invariant.check(my_invariant)",
    )
)  # fmt: skip

_NODES = Number("", 0, 6, tolerance=0, step=1)
unlock = ROOM.add(
    Exercise(
        "what unlocks it",
        "predict",
        "What unlocks the upgrade",
        "The gate waits for green, so somebody upgrades six nodes by hand, one after the other, and does not ask it. The first new node made an index of one shard with two replicas. How many nodes must be "
        "new before that index can be green?",
        decided_by(_NODES, lambda: _new_when_green(), "Three copies on three different nodes, none older than the primary's: replicas + 1.",
                   {"low": "Each copy needs a node of its own, and none of those may be older than the primary's.",
                    "high": "Old nodes without a copy do no harm. How many copies are there?"}),
        (
            "Where is the primary, and which nodes does the version rule leave for the replicas?",
            "No node holds two copies of one shard.",
            "Count the copies.",
        ),
        Solution(3, "One primary and two replicas on three new nodes; the three old ones have no part in it."),
        (
            WrongAnswer(1, "a node of its own", "the primary is enough"),
            WrongAnswer(2, "a node of its own", "a second node takes both replicas"),
            WrongAnswer(6, "Old nodes", "everything must be new"),
        ),
        form=_NODES,
    )
)  # fmt: skip


def _new_when_green() -> int:
    """Upgrade six nodes through the yellow exception, and give how many were new when the new index was green for the first time."""
    result = timeline.operate("the data nodes vote", 6, 0, 0, "version", "repaired", new_index=True)
    return int(result["new_when_green"])
