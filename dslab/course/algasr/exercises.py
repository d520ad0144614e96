"""What lesson 7 asks: predictions before the acts, exercises after them, and the zoo that scores invariants."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from functools import partial
from typing import Any

from dslab.algasr import anomalies, branches, palace, rings
from dslab.algasr.switches import Switches
from dslab.check import Scenario, explore, sometimes
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
    WrongAnswer,
    Zoo,
    decided_by,
    tells_apart,
)

ROOM = Classroom("algasr")

# -- predictions ----------------------------------------------------------------------------------------

three_emirs = ROOM.add(
    Prediction.number(
        "three Emirs",
        "Three Emirs take writes during a partition, three writes for each key, spread evenly. Afterwards the last writer wins. What share of the "
        "writes that were acknowledged is lost?",
        "%", 0, 100,
        {"low": "Each key is likely to have been written by two or three Emirs, and only one branch of it survives.",
         "high": "One branch of every key does survive, and often it is the only one."},
        tolerance=8,
        decide=lambda result: 100 - result["measured"],
        because="Three leaders of one register are three registers. The merge keeps one of them for each key.",
    )
)  # fmt: skip

failed_second = ROOM.add(
    Prediction.choice(
        "second write",
        "A clerk writes the ledger, then the dashboard. The second write fails in 5 % of the cases, and a key changes every half hour. On how many keys does "
        "the dashboard differ after a year?",
        {"a": "about 5 %, as on the first day", "b": "more and more: differences pile up", "c": "hardly any: the next update repairs it"},
        {"b": "The next update of a key writes both stores anew, so old differences go.", "c": "It does repair it, but in 5 % of the cases the last update was the one that failed."},
        decide=lambda result: "a" if abs(100 - result["measured"] - 5) < 2 else "c" if result["measured"] > 98 else "b",
        because="A key differs exactly if its last update failed, so the share is the chance of failure, for ever.",
    )
)  # fmt: skip

nine_lights = ROOM.add(
    Prediction.choice(
        "nine lights",
        "Nine ministries in a ring. Each calls itself healthy if its own probe says so, or if the one before it is healthy. All nine stop at once. What does the board show?",
        {"a": "all dark at once", "b": "all dark after nine rounds", "c": "all green, for ever"},
        {"a": "No probe says healthy, but the ministry before me still did a moment ago.", "b": "That would be so if evidence carried its path: it would come back to its origin and be recognised."},
        decide=lambda result: "c" if result["false_green"] == 9 else "b" if result["dark_after"] > 1 else "a",
        because="All green satisfies the rule, and so does all dark. Which of the two one gets depends on where one starts.",
    )
)  # fmt: skip

relabel_or_mend = ROOM.add(
    Prediction.choice(
        "twenty hours",
        "A team has 20 hours a week. To mend a cause of failures takes 8 hours, to file a cause's failures as victories takes half an hour a week. The team counts its own failures. "
        "After half a year, how many of its hours have gone into mending?",
        {"a": "all", "b": "about half", "c": "none"},
        {"a": "Mending moves the number less for each hour than relabelling does.", "b": "Nothing in the measure rewards the second half."},
        decide=lambda result: "c" if result["causes"] > 30 else "a" if result["causes"] < 1 else "b",
        because="Effort goes where the measure moves most for an hour. Only a measure that a label cannot move sends it to the causes.",
    )
)  # fmt: skip

whole_town = ROOM.add(
    Prediction.number(
        "the whole town",
        "No ministry is cured, and a tenth of everything really goes wrong. The ministries report that nearly all is well. What does somebody measure who comes from outside?",
        "%", 0, 100,
        {"low": "It is bad, but many ministries fail only as often as things really go wrong.", "high": "In three of the nine it is not a tenth that is wrong but two fifths and more."},
        tolerance=7,
        decide=lambda result: result["measured"],
        because="A gap is no average sloppiness: it is a few mechanisms that multiply a small fault.",
    )
)  # fmt: skip

# -- the zoo ----------------------------------------------------------------------------------------------


def _variant(
    name: str, bug: str = "", build: Callable[..., World] | None = None, **positions: Any
) -> Scenario:
    make = build or anomalies.anomaly(name).build
    switches = anomalies.positioned(Switches(bug=bug), positions)
    return Scenario(name, partial(make, switches))


def _right(what: str, scenario: Scenario) -> Callable[[], World]:
    """Give a right variant with words for the table."""

    def build() -> World:
        return scenario()

    build.__doc__, build.__name__ = what, scenario.name
    return build


def _present(fact: str, invariant: Any) -> Any:
    """Let an invariant speak only of worlds that it is about."""
    return type(invariant)(
        invariant.name,
        invariant.sentence,
        invariant.kind,
        lambda world: fact not in world.facts or invariant.test(world),
    )


_JUDGES = [
    _present("archive", anomalies.NO_OLDER_EPOCH),
    _present("elections", anomalies.ONE_LEADER),
    _present("stores", anomalies.DASHBOARD_AGREES),
    _present("lights", anomalies.NO_FALSE_GREEN),
    _present("replicas", anomalies.REPLICAS_AGREE),
]
nine_ten = partial(palace.zombie, first_epoch=9)
_BUGS = (
    ("asks the office", _variant("zombie leader", "asks the office"), "the Emir asks whether it still reigns, the archive does not check", "NO_OLDER_EPOCH"),
    ("epochs as text", _variant("ninth and tenth epoch", "epochs as text", nine_ten), "epochs are compared as text, so 9 is after 10", "NO_OLDER_EPOCH"),
    ("votes twice", _variant("two candidates", "votes twice", palace.two_candidates), "a node votes for whoever asks", "ONE_LEADER"),
    ("counts invitations", _variant("even split", "counts invitations"), "no answer counts as consent", "ONE_LEADER"),
    ("half is enough", _variant("even split", quorum="half"), "at least half of the votes", "ONE_LEADER"),
    ("outbox in two steps", _variant("dual write", "outbox in two steps"), "the change and its outbox entry are two transactions", "DASHBOARD_AGREES"),
    ("relay forgets first", _variant("dual write", "relay forgets first"), "the relay deletes the entry, then sends it", "DASHBOARD_AGREES"),
    ("restamps a little", _variant("one ministry stops", "restamps a little"), "every hop makes evidence one round younger", "NO_FALSE_GREEN"),
    ("ties by arrival", _variant("merge by arrival", "ties by arrival", merge="clock"), "equal stamps: the later arrival wins", "REPLICAS_AGREE"),
    ("sums what arrives", _variant("merge by arrival", "sums what arrives"), "a message that comes twice counts twice", "REPLICAS_AGREE"),
)  # fmt: skip
ZOO = Zoo(
    "Al-Gasr",
    right={
        "zombie leader": _right("the archive is fenced", _variant("zombie leader")),
        "ninth and tenth epoch": _right(
            "fenced, and epochs are numbers", _variant("ninth and tenth epoch", build=nine_ten)
        ),
        "two candidates": _right(
            "one vote a node and epoch", _variant("two candidates", build=palace.two_candidates)
        ),
        "even split": _right("more than half of the votes", _variant("even split")),
        "dual write": _right("fed from the outbox", _variant("dual write")),
        "one ministry stops": _right("evidence keeps the time of its probe", _variant("one ministry stops")),
        "merge by versions": _right("a join", _variant("merge by arrival")),
    },
    mutants={bug: Mutant(scenario, told, caught_by) for bug, scenario, told, caught_by in _BUGS},
    invariants=_JUDGES,
    search=partial(explore, deviations=1),
)
ELECTION_ZOO = Zoo(
    "elections",
    right={
        "two candidates": _variant("two candidates", build=palace.two_candidates),
        "even split, majority": _variant("even split"),
    },
    mutants={
        "votes twice": Mutant(
            _variant("two candidates", "votes twice", palace.two_candidates),
            "a node votes for whoever asks",
            "ONE_LEADER",
        ),
        "counts invitations": Mutant(
            _variant("even split", "counts invitations"), "no answer counts as consent", "ONE_LEADER"
        ),
        "half is enough": Mutant(
            _variant("even split", quorum="half"), "at least half of the votes", "ONE_LEADER"
        ),
        "every side its own": Mutant(
            _variant("even split", quorum="one"), "one vote is enough", "ONE_LEADER"
        ),
    },
    invariants=[anomalies.ONE_LEADER],
    search=partial(explore, deviations=1),
)

# -- exercise 1: three leaders, safe -------------------------------------------------------------------------

_SIDES = {
    "three sides": ((1,), (2,), (3,)),
    "two against one": ((1, 2), (3,)),
    "two against two": ((1, 2), (3, 4)),
}


def _all_served(emirs: int) -> Any:
    def test(world: World) -> bool:
        reign = world.facts["reign"]
        return len({who for _, _, who in reign.acknowledged}) == emirs

    return sometimes("EVERY_EMIR_SERVES", "every Emir acknowledges a petition", test)


def _keys_served(world: World) -> bool:
    return {key for key, _, _ in world.facts["reign"].acknowledged} == {"j", "k", "l", "m"}


def _rule_is_safe(rule: Callable[..., bool]) -> Feedback:
    """The learner's rule runs in three partitions: nothing acknowledged may be lost, and nobody may be dismissed."""
    for name, sides in _SIDES.items():
        emirs = sum(map(len, sides))
        wanted = [
            anomalies.NOTHING_LOST,
            _all_served(emirs),
            sometimes("EVERY_KEY_SERVED", "each key gets a petition through", _keys_served),
        ]
        world = palace.partition(Switches(), sides, ("j", "k", "l", "m"), rule).run()
        for invariant in wanted:
            if (why := invariant.fault(world)) is not None:
                return Feedback.no(
                    f"In the partition “{name}” your rule breaks {invariant.name}: {invariant.sentence}.",
                    why or invariant.name,
                )
    return Feedback.yes(
        f"Nothing acknowledged was lost in {len(_SIDES)} partitions, every Emir still serves, and every key is served."
    )


def may_acknowledge(emir, key, reachable, emirs):
    """Let an Emir acknowledge only if more than half of all Emirs, itself included, can hear it."""
    return len(reachable) > len(emirs) / 2


def own_keys(emir, key, reachable, emirs):
    """Give each key to one Emir, by the place of its letter in the alphabet."""
    return emir == emirs[ord(key[0]) % len(emirs)]


def _always(emir, key, reachable, emirs):
    return True


def _half(emir, key, reachable, emirs):
    return len(reachable) >= len(emirs) / 2


def _one_rules(emir, key, reachable, emirs):
    return emir == emirs[0]


def _only_in_company(emir, key, reachable, emirs):
    return len(reachable) > 1


safe_emirs = ROOM.add(
    Exercise(
        "three safe Emirs",
        "implement",
        "Three Emirs, and nothing lost",
        "The Emirs cannot be dismissed. Write `may_acknowledge(emir, key, reachable, emirs)`: may this Emir acknowledge a petition for this key? `reachable` are the Emirs that "
        "can hear each other on its side, itself included; `emirs` are all of them. Nothing acknowledged may be lost in three partitions (also of four Emirs), every Emir must acknowledge something in peace, and "
        "so must every key get served.",
        _rule_is_safe,
        (
            "What must never be true of two sides at the same time?",
            "There are two ways: a condition on how many can hear me, or one on which keys are mine.",
            "Two sides cannot both have more than half of all Emirs. Nor can one key have two owners.",
        ),
        Solution(may_acknowledge, "Two majorities share an Emir, so two sides cannot both acknowledge. To give each key one owner is right as well: then there is nothing to merge."),
        (
            WrongAnswer(_always, "NOTHING_LOST", "high availability"),
            WrongAnswer(_half, "NOTHING_LOST", "half is nearly a majority"),
            WrongAnswer(_one_rules, "EVERY_EMIR_SERVES", "dismiss two of them after all"),
            WrongAnswer(_only_in_company, "NOTHING_LOST", "not alone is enough"),
        ),
        expects="a function of (emir, key, reachable, emirs) that gives True or False",
        starter="def may_acknowledge(emir, key, reachable, emirs):\n    return ...\n\n\nlesson.safe_emirs.check(may_acknowledge)",
    )
)  # fmt: skip

# -- exercise 2: cut the circle ----------------------------------------------------------------------------

RING_EDGES = (*rings.ring(9), (3, 1), (7, 6))  # 0..8; two chords close two more circles


def edge_name(edge: tuple[int, int]) -> str:
    """Name an edge as people count: ``1 -> 2``."""
    return f"{edge[0] + 1} -> {edge[1] + 1}"


def _stays_green(edges: tuple[tuple[int, int], ...]) -> int:
    return sum(rings.settle([False] * 9, edges, start=True))


def fewest_cuts() -> int:
    """Give the smallest number of edges whose removal makes a total outage visible, by trying all."""
    for size in range(len(RING_EDGES) + 1):
        for gone in itertools.combinations(RING_EDGES, size):
            if not _stays_green(tuple(edge for edge in RING_EDGES if edge not in gone)):
                return size
    raise AssertionError("without edges nobody vouches for anybody")


def _cut_judged(answer: dict[str, bool]) -> Feedback:
    kept = tuple(edge for edge in RING_EDGES if answer[edge_name(edge)])
    green, cut, least = _stays_green(kept), len(RING_EDGES) - len(kept), fewest_cuts()
    if green:
        return Feedback.no(
            f"All nine stop, and {green} stay green.", f"the greatest fixed point has {green} of 9 healthy"
        )
    if cut > least:
        return Feedback.no(
            f"The outage is visible, but you cut {cut} edges and {least} are enough.", f"{cut} edges cut"
        )
    return Feedback.yes(
        f"All nine stop, and the board goes dark; {cut} edges are cut, and no smaller number will do (every smaller set was tried)."
    )


cut_the_ring = ROOM.add(
    Exercise(
        "cut the circle",
        "configure",
        "The smallest edict",
        "Nine ministries vouch in a ring, and two more edges, 4 -> 2 and 8 -> 7, were added for safety. Evidence is relayed. Forbid as few edges as you can (False) so that a total outage becomes visible "
        "on the board, whatever it showed before.",
        _cut_judged,
        (
            "What keeps a dead ministry green? Look for the smallest circles first.",
            "There are three circles. Two of them share an edge.",
            "One edge lies on the big ring and on the circle 2, 3, 4. The circle 7, 8 needs one of its own.",
        ),
        Solution({"2 -> 3": False, "8 -> 7": False}, "A circle can support itself; a chain cannot. Cutting every circle leaves one fixed point, and it is the truth."),
        (
            WrongAnswer({"9 -> 1": False}, "stay green", "open the ring"),
            WrongAnswer({"9 -> 1": False, "4 -> 2": False}, "stay green", "the short circle of two was missed"),
            WrongAnswer({"9 -> 1": False, "4 -> 2": False, "8 -> 7": False}, "are enough", "one cut for each circle"),
        ),
        form=Settings({edge_name(edge): (True, False) for edge in RING_EDGES}, start={edge_name(edge): True for edge in RING_EDGES}),
    )
)  # fmt: skip

# -- exercise 3: commutative is not enough -------------------------------------------------------------------

PETITIONS = {"a": 3, "b": 4, "c": 5}


def _deliveries_judged(answer: Any) -> Feedback:
    try:
        first, second = ([str(name) for name in deliveries] for deliveries in answer)
    except (TypeError, ValueError):
        return Feedback.unusable('An answer is a pair of lists, as in `(["a", "b", "c"], ["c", "b", "a"])`.')
    if unknown := [name for name in (*first, *second) if name not in PETITIONS]:
        return Feedback.unusable(f"There is no message {unknown[0]!r}; there are a, b and c.")
    if set(first) != set(second) or set(first) != set(PETITIONS):
        return Feedback.no(
            "One replica has not got every message. That it differs then is no fault of the merge.",
            f"{sorted(set(first))} against {sorted(set(second))}",
        )
    totals = [sum(PETITIONS[name] for name in deliveries) for deliveries in (first, second)]
    if totals[0] == totals[1]:
        return Feedback.no(
            f"Both replicas come to {totals[0]}: a sum does not mind the order.", f"{first} and {second}"
        )
    return Feedback.yes(
        f"Both got a, b and c, and they hold {totals[0]} and {totals[1]}. A sum is commutative and associative, but not idempotent."
    )


twice = ROOM.add(
    Exercise(
        "delivered twice",
        "break it",
        "Commutative, and still wrong",
        "The Ministry of Reconciliation has learned that order must not matter, so it now adds up what arrives: message a counts 3, b 4, c 5. Give two deliveries, one for each replica, of the same three messages after which the replicas differ for ever.",
        _deliveries_judged,
        (
            "Changing the order does nothing. What else do networks do to messages?",
            "Nothing may be missing. Something may be there more than once.",
            "A sender that gets no answer sends again, although the first message had arrived.",
        ),
        Solution((["a", "b", "c"], ["a", "b", "b", "c"]), "b was delivered twice. A join would not notice; a sum does."),
        (
            WrongAnswer((["a", "b", "c"], ["c", "b", "a"]), "does not mind the order", "another order"),
            WrongAnswer((["a", "b", "c"], ["a", "b"]), "not got every message", "a message lost"),
            WrongAnswer((["a", "a", "b", "c"], ["c", "b", "a", "a"]), "does not mind the order", "both twice"),
        ),
        expects='a pair of lists of message names, such as (["a", "b", "c"], ["c", "b", "a"])',
        accepts=(tuple, list),
    )
)  # fmt: skip

# -- exercise 4: a metric that survives --------------------------------------------------------------------


def reports(failure: float, relabelled: float, seed: int = 29, requests: int = 4_000) -> list[dict[str, Any]]:
    """Make a week's reports: ``by`` team or canary, ``label`` as filed, ``answered`` as whoever asked saw it (None: nobody outside looked)."""
    rng, events = random.Random(seed), []
    for _ in range(requests):
        canary, failed = rng.random() < 0.5, rng.random() < failure
        label = "incident" if failed and rng.random() >= relabelled else "victory" if failed else "ok"
        events.append(
            {
                "by": "canary" if canary else "team",
                "label": label,
                "answered": (not failed) if canary else None,
            }
        )
    return events


def _metric_judged(metric: Callable[..., float]) -> Feedback:
    for failure, relabelled in ((0.05, 0.0), (0.2, 0.3), (0.4, 0.3), (0.2, 0.1), (0.0, 0.0), (1.0, 0.3)):
        given = metric(reports(failure, relabelled))
        if isinstance(given, bool) or not isinstance(given, (int, float)):
            return Feedback.no("The metric must be a number from 0 to 1.", f"it gave {given!r}")
        if abs(given - (1 - failure)) > 0.04:
            return Feedback.no(f"It is off by {100 * abs(given - 1 + failure):.0f} points.",
                               f"{100 * failure:.0f} % fail, {100 * relabelled:.0f} % of them relabelled: true success {1 - failure:.2f}, yours {given:.2f}")  # fmt: skip
    return Feedback.yes("Within 4 points of the truth in six weeks, whatever share was relabelled.")


def success(events):
    """Give the share of the canary's requests that it saw answered."""
    seen = [event["answered"] for event in events if event["by"] == "canary"]
    return sum(seen) / len(seen)


def _not_incidents(events):
    return sum(event["label"] != "incident" for event in events) / len(events)


def _corrected(events):
    return 1 - sum(event["label"] == "incident" for event in events) / len(events) / 0.7


def _canary_labels(events):
    canary = [event for event in events if event["by"] == "canary"]
    return sum(event["label"] != "incident" for event in canary) / len(canary)


metric = ROOM.add(
    Exercise(
        "metric",
        "implement",
        "A number that cannot be pleased",
        "A team may relabel up to 30 % of its failures, and you do not know how many. Write `success(events)`: the true share of requests that succeed, within 4 points. Each event is a dict with `by` "
        '(`"team"` or `"canary"`), `label` (`"ok"`, `"incident"` or `"victory"`) and `answered` (True or False as the canary saw it; None where only the team looked).',
        _metric_judged,
        (
            "Which of the three fields can the team write, and which can it not?",
            "A victory may be a real one, tomorrow, if it is worth counting. Do not build on labels at all.",
            "Half of the events come from the canary. It has seen for itself.",
        ),
        Solution(success, "Only what was seen from outside cannot be relabelled; the price is a sample in place of a census."),
        (
            WrongAnswer(_not_incidents, "off by", "whatever is no incident succeeded"),
            WrongAnswer(_corrected, "off by", "assume that it is always 30 %"),
            WrongAnswer(_canary_labels, "off by", "the canary's events, but the team's labels"),
        ),
        expects="a function of the list of events that gives a number from 0 to 1",
        starter="def success(events):\n    return ...\n\n\nlesson.metric.check(success)",
    )
)  # fmt: skip

# -- exercise 5: your own lambda -----------------------------------------------------------------------------

_BRANCHES = Number("branches for each key", 0, 5, tolerance=0.04)
five_emirs = ROOM.add(
    Exercise(
        "five Emirs",
        "predict",
        "Five Emirs, two writes",
        "Five Emirs, and on average two writes for a key between two merges (Poisson, spread evenly). How many acknowledged branches of a key does the merge throw away, on average?",
        decided_by(_BRANCHES, lambda: branches.simulate(2.0, 5, 20_000)["last writer wins"]["lost"] / 20_000,
                   "5 (1 - e^(-2/5)) branches are begun, and 1 - e^(-2) of them survive.",
                   {"low": "With five Emirs the two writes seldom meet at the same one.", "high": "Often there is no write at all, or only one; then nothing is lost."}),
        (
            "How likely is it that one certain Emir gets at least one write for this key?",
            "It gets 2/5 of a write on average. No write at all has the chance e^(-2/5).",
            "Branches begun, less one if there is any: 5 (1 - e^(-2/5)) - (1 - e^(-2)).",
        ),
        Solution(0.784, "5 × 0.3297 begun, 0.8647 kept."),
        (
            WrongAnswer(1.0, "Often there is no write", "two writes, one is lost"),
            WrongAnswer(0.4, "seldom meet", "2/5"),
            WrongAnswer(4.0, "Often there is no write", "five branches, four are lost"),
        ),
        form=_BRANCHES,
    )
)  # fmt: skip

# -- exercise 6: write the invariant ---------------------------------------------------------------------------


def one_leader(world):
    """No epoch has two winners."""
    return all(len(winners) <= 1 for winners in world.facts["elections"].winners.values())


def _one_winner_ever(world):
    return len(world.facts["elections"].winners) <= 1


def _somebody_wins(world):
    return bool(world.facts["elections"].winners)


def _nobody_wins(world):
    return not world.facts["elections"].winners


write_the_invariant = ROOM.add(
    Exercise(
        "write the referee",
        "referee",
        "Write the invariant of an election",
        "Write a function of the world that is true while all is well. It must accept both right elections and catch the four mutants. `world.facts[\"elections\"].winners` maps an epoch to the list of "
        "those who won it.",
        tells_apart(ELECTION_ZOO, "Your invariant tells the right elections from the wrong ones."),
        (
            "An election without a winner is sad, but is it wrong?",
            "Two leaders are fine, as long as one came after the other.",
            "Look at each epoch by itself, and count its winners.",
        ),
        Solution(one_leader, "Safety of an election is at most one winner for each epoch; that there is one at all is liveness."),
        (
            WrongAnswer(_somebody_wins, "says that", "an election must have a winner"),
            WrongAnswer(_one_winner_ever, "escapes", "counts epochs, not winners"),
            WrongAnswer(_nobody_wins, "says that", "safest without a leader"),
        ),
        expects="a function of the world that gives True or False",
        starter="def my_invariant(world):\n    return ...  # something about world.facts[\"elections\"].winners\n\n\nlesson.write_the_invariant.check(my_invariant)",
    )
)  # fmt: skip
