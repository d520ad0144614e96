"""What lesson 7 asks after its acts: six exercises, each with its solution and typical wrong answers."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable
from typing import Any

from dslab.algasr import anomalies, branches, palace, rings
from dslab.algasr.switches import Switches
from dslab.course.algasr.questions import ROOM
from dslab.course.algasr.zoo import ELECTION_ZOO
from dslab.teach import Exercise, Feedback, Number, Settings, Solution, WrongAnswer, tells_apart

# -- exercise 1: three leaders, safe -------------------------------------------------------------------------

_SIDES = {
    "two against two": ((1, 2), (3, 4)),
    "three sides": ((1,), (2,), (3,)),
    "two against one": ((1, 2), (3,)),
}
KEYS = tuple("abcdefghijklmnop")


def _idle(reign: palace.Reign) -> str:
    """Name who acknowledged nothing while the town was cut, or else a key that never got a petition through."""
    for name in reign.names:  # petitions of the partition are w..., those of peace p...
        if not any(who == name and text.startswith("w") for _, text, who in reign.acknowledged):
            return f"{name} acknowledged no petition for any of the keys {KEYS[0]} to {KEYS[-1]} while the town was cut"
    served = {key for key, _, _ in reign.acknowledged}
    return next(
        (f"nobody ever acknowledged a petition for key {key}" for key in KEYS if key not in served), ""
    )


def _rule_is_safe(rule: Callable[..., bool]) -> Feedback:
    """The learner's rule runs in three partitions: nothing acknowledged may be lost, and nobody may stop serving."""
    for name, sides in _SIDES.items():
        world = palace.partition(Switches(), sides, KEYS, rule).run()
        if (why := anomalies.NOTHING_LOST.fault(world)) is not None:
            told = (
                f"In the partition “{name}” your rule breaks NOTHING_LOST: {anomalies.NOTHING_LOST.sentence}."
            )
            return Feedback.no(told, why)
        if why := _idle(world.facts["reign"]):
            return Feedback.no(
                f"In the partition “{name}” nothing is lost, but somebody does not serve any more.", why
            )
    return Feedback.yes(
        f"Nothing acknowledged was lost in {len(_SIDES)} partitions, every Emir served in each of them, and so was every key."
    )


def own_keys(emir, key, reachable, emirs):
    """Give each key to one Emir, by the place of its letter in the alphabet."""
    return emir == emirs[ord(key[0]) % len(emirs)]


def _majority(emir, key, reachable, emirs):
    return len(reachable) > len(emirs) / 2


def _always(emir, key, reachable, emirs):
    return True


def _half(emir, key, reachable, emirs):
    return len(reachable) >= len(emirs) / 2


def _first_in_earshot(emir, key, reachable, emirs):
    return emir == reachable[0]


def _one_rules(emir, key, reachable, emirs):
    return emir == emirs[0]


def _first_keys(emir, key, reachable, emirs):
    return "abcd".find(key) == emirs.index(emir)


safe_emirs = ROOM.add(
    Exercise(
        "three safe Emirs",
        "implement",
        "Three Emirs, and nothing lost",
        "The Emirs cannot be dismissed, not even for the time of a partition. Write `may_acknowledge(emir, key, reachable, emirs)`: may this Emir acknowledge a petition for this key? "
        "All are names: `emir` is a text such as `\"emir 1\"`, `key` a letter from `\"a\"` to `\"p\"`, `reachable` the sorted list of the Emirs on this Emir's side, itself included, "
        "and `emirs` the list of all of them. It runs in three partitions, one of them of four Emirs: nothing acknowledged may be lost, every Emir must acknowledge "
        "something while the town is cut, and each key must be acknowledged by somebody, in peace or later.",
        _rule_is_safe,
        (
            "A majority is safe, and stops whoever is alone. What can an Emir who hears nobody still be sure of?",
            "Nothing has to be merged where two Emirs never write the same thing.",
            "The key is there to be looked at: `ord(key)` makes a number of it.",
        ),
        Solution(own_keys, "Each key has one owner, who needs nobody's consent; there is nothing to merge. That is how a real store shares out its keys, each shard with one leader."),
        (
            WrongAnswer(_majority, "does not serve any more", "a majority: safe, but who is alone stops"),
            WrongAnswer(_always, "NOTHING_LOST", "high availability"),
            WrongAnswer(_half, "NOTHING_LOST", "half is nearly a majority"),
            WrongAnswer(_first_in_earshot, "NOTHING_LOST", "the first Emir of each side"),
            WrongAnswer(_one_rules, "does not serve any more", "dismiss two of them after all"),
            WrongAnswer(_first_keys, "does not serve any more", "some keys have no owner"),
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
            "There are three circles, and each must lose an edge. Each of the small ones shares edges with the big ring.",
            "Two cuts will do: one in each small circle, at least one of them on the big ring as well.",
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
    """Make a week's reports: ``by`` team or canary, ``label`` as filed, ``answered`` as whoever asked saw it (None: nobody outside looked).

    A failure that is relabelled becomes "ok" or "victory"; some successes are real victories, how many differs from week to week.
    """
    rng, events = random.Random(seed), []
    celebrated = rng.uniform(0.05, 0.4)
    for _ in range(requests):
        canary, failed = rng.random() < 0.5, rng.random() < failure
        if failed:
            label = "incident" if rng.random() >= relabelled else rng.choice(("ok", "victory"))
        else:
            label = "victory" if rng.random() < celebrated else "ok"
        events.append(
            {
                "by": "canary" if canary else "team",
                "label": label,
                "answered": (not failed) if canary else None,
            }
        )
    return events


def _metric_judged(metric: Callable[..., float]) -> Feedback:
    weeks = ((0.05, 0.0), (0.2, 0.3), (0.4, 0.3), (0.2, 0.1), (0.0, 0.0), (1.0, 0.3))
    for number, (failure, relabelled) in enumerate(weeks):
        given = metric(reports(failure, relabelled, seed=29 + number))
        if isinstance(given, bool) or not isinstance(given, (int, float)):
            return Feedback.no("The metric must be a number from 0 to 1.", f"it gave {given!r}")
        if abs(given - (1 - failure)) > 0.04:
            return Feedback.no(f"It is off by {100 * abs(given - 1 + failure):.0f} points.",
                               f"{100 * failure:.0f} % fail, {100 * relabelled:.0f} % of them relabelled: true success {1 - failure:.2f}, yours {given:.2f}")  # fmt: skip
    return Feedback.yes(f"Within 4 points of the truth in {len(weeks)} weeks, whatever share was relabelled.")


def success(events):
    """Give the share of the canary's requests that it saw answered."""
    seen = [event["answered"] for event in events if event["by"] == "canary"]
    return sum(seen) / len(seen)


def _labelled(events, labels, by=("team", "canary")):
    chosen = [event for event in events if event["by"] in by]
    return sum(event["label"] in labels for event in chosen) / len(chosen)


def _not_incidents(events):
    return _labelled(events, ("ok", "victory"))


def _only_ok(events):
    return _labelled(events, ("ok",))


def _team_ok(events):
    return _labelled(events, ("ok",), ("team",))


def _canary_ok(events):
    return _labelled(events, ("ok",), ("canary",))


def _canary_labels(events):
    return _labelled(events, ("ok", "victory"), ("canary",))


def _corrected(events):
    return 1 - _labelled(events, ("incident",)) / 0.7


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
            "Some victories are real and some are failures; so are some of the oks. No arithmetic on labels tells them apart.",
            "Half of the events come from the canary. It has seen for itself.",
        ),
        Solution(success, "Only what was seen from outside cannot be relabelled; the price is a sample in place of a census."),
        (
            WrongAnswer(_not_incidents, "off by", "whatever is no incident succeeded"),
            WrongAnswer(_only_ok, "off by", "only ok counts as success"),
            WrongAnswer(_team_ok, "off by", "only ok, in the team's own events"),
            WrongAnswer(_canary_ok, "off by", "only ok, in the canary's events"),
            WrongAnswer(_corrected, "off by", "assume that it is always 30 %"),
            WrongAnswer(_canary_labels, "off by", "the canary's events, but the team's labels"),
        ),
        expects="a function of the list of events that gives a number from 0 to 1",
        starter="def success(events):\n    return ...\n\n\nlesson.metric.check(success)",
    )
)  # fmt: skip

# -- exercise 5: your own lambda -----------------------------------------------------------------------------

_BRANCHES = Number("branches for each key", 0, 5, tolerance=0.04)
UNEVEN = (0.5, 0.125, 0.125, 0.125, 0.125)  # what each of five Emirs gets of the writes


def _branches_judged(answer: float) -> Feedback:
    counted = branches.count_lost(2.0, UNEVEN)
    kept = 1 - math.exp(-2.0)
    if _BRANCHES.agrees(answer, counted):
        return Feedback.yes(
            f"20,000 keys gave {counted:.3f}. One Emir's branch is begun with chance 1 - e^(-1), each other's with 1 - e^(-1/4); of what is begun, one survives if there is any."
        )
    told = "the experiment gives " + ("more" if answer < counted else "less")
    slips = {
        branches.lost_branches(2.0, 5): "That would be right if all five got the same share of the writes.",
        counted + kept: "Those are the branches that are begun. One of them survives.",
        counted
        + kept
        - 1: "You took away one surviving branch for every key; a key that nobody wrote has none.",
    }
    for slip, why in slips.items():
        if _BRANCHES.agrees(answer, slip):
            return Feedback.no(why, told)
    return Feedback.no(
        "How likely is it that a certain Emir begins a branch at all? Add that up for all five.", told
    )


five_emirs = ROOM.add(
    Exercise(
        "five Emirs",
        "predict",
        "Five Emirs, one of them busy",
        "Five Emirs, and for each key two writes on average between two merges, at random times. The first Emir gets half of all writes, each of the other four an eighth. How many acknowledged branches "
        "of a key does the merge throw away, on average?",
        _branches_judged,
        (
            "An Emir begins a branch if it gets at least one write. For which of the five is that likely?",
            "Of m writes on average, none at all has the chance e^(-m). The first Emir gets one write on average.",
            "Add up the chances that a branch is begun. Then take away what survives: one branch, but only of a key that was written at all.",
        ),
        Solution(round(sum(1 - math.exp(-2.0 * share) for share in UNEVEN) - (1 - math.exp(-2.0)), 3), "0.632 + 4 × 0.221 branches are begun, and 0.865 of them survive."),
        (
            WrongAnswer(1.0, "How likely", "two writes, one is lost"),
            WrongAnswer(round(branches.lost_branches(2.0, 5), 3), "same share", "the formula for an even spread"),
            WrongAnswer(round(sum(1 - math.exp(-2.0 * share) for share in UNEVEN), 2), "One of them survives", "forgets the survivor"),
            WrongAnswer(round(sum(1 - math.exp(-2.0 * share) for share in UNEVEN) - 1, 2), "nobody wrote", "one survivor for every key"),
            WrongAnswer(4.0, "How likely", "five branches, four are lost"),
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


def _one_winner_in_all(world):
    return sum(len(winners) for winners in world.facts["elections"].winners.values()) <= 1


def _nobody_wins(world):
    return not world.facts["elections"].winners


write_the_invariant = ROOM.add(
    Exercise(
        "write the referee",
        "referee",
        "Write the invariant of an election",
        "Write a function of the world that is true while all is well. It must accept three right elections and catch four mutants. `world.facts[\"elections\"].winners` maps an epoch to the list of "
        "those who won it.",
        tells_apart(ELECTION_ZOO, "Your invariant tells the right elections from the wrong ones."),
        (
            "An election without a winner is sad, but is it wrong?",
            "Step through the schedule of a mutant: who holds the town at its end, and on whose word?",
            "In *second term* two Emirs win, and nothing is wrong. What is different there?",
        ),
        Solution(one_leader, "Safety of an election is at most one winner for each epoch; that there is one at all is liveness."),
        (
            WrongAnswer(_somebody_wins, "says that", "an election must have a winner"),
            WrongAnswer(_one_winner_ever, "says that", "counts epochs, not winners"),
            WrongAnswer(_one_winner_in_all, "second term", "one leader for all time"),
            WrongAnswer(_nobody_wins, "says that", "safest without a leader"),
        ),
        expects="a function of the world that gives True or False",
        starter="def my_invariant(world):\n    return ...  # something about world.facts[\"elections\"].winners\n\n\nlesson.write_the_invariant.check(my_invariant)",
    )
)  # fmt: skip
