"""What lesson 6 asks: predictions before the acts, exercises after them, and the zoo that scores invariants."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from dslab.check import Scenario, explore, positioned
from dslab.sauna import anomalies, crowd, nine, stamps
from dslab.sauna.switches import Switches
from dslab.sim.clocks import happened_before
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

ROOM = Classroom("sauna")

# -- predictions ----------------------------------------------------------------------------------------

whom_to_follow = ROOM.add(
    Prediction.choice(
        "whom to follow",
        "You have no watch. Everybody else has one and stays ten minutes. Somebody comes in every two minutes or so. You want to stay at least as "
        "long as they do. You pick one of those who are already inside and leave when they leave. How often do you leave too early?",
        {"a": "never: they stay a full session", "b": "about half of the time", "c": "practically always"},
        {
            "a": "They do, but part of it was over when you came in.",
            "b": "Half of the time you stay less than *half* a session. Nearly always you stay less than a whole one.",
        },
        decide=lambda result: "c" if result["too_short"] > 0.9 else "b" if result["too_short"] > 0.1 else "a",
        because="You share only what is left of their session. The one to follow is somebody whose whole session is still to come.",
    )
)

how_much_longer = ROOM.add(
    Prediction.number(
        "half of them follow",
        "Somebody comes in every 2 minutes on average, a session is 10 minutes. You follow the next to come in, and so do half of all who come. "
        "How long do you stay, on average?",
        "min", 5, 60,
        {"low": "The next to come in may be a follower too, who waits for the next, who may be one too.",
         "high": "Every second one has a watch, so the row of followers after you is short."},
        tolerance=0.5,
        because="L + g / (1 - share): you wait, step by step, for the first one with a watch.",
    )
)  # fmt: skip

does_it_end = ROOM.add(
    Prediction.choice(
        "does it end",
        "Six seats, all taken by people without a watch, each waiting for the next to come in. Nineteen people stand at the door. The first in line has a watch, and so have several of the "
        "others. What happens?",
        {
            "a": "sooner or later one with a watch gets in, and all is well",
            "b": "nothing, ever again",
            "c": "nothing until somebody else comes to the door",
        },
        {
            "a": "To get in, one needs a seat, and a seat is free only when somebody leaves.",
            "c": "One more at the door changes nothing: there is no seat.",
        },
        decide=lambda result: (
            "b"
            if result.params["verdict"] == "cycle"
            else "c"
            if result.params["verdict"] == "chain"
            else "a"
        ),
        because="Those inside wait for a newcomer, the newcomer for a seat, the seat for those inside. That is a true cycle.",
    )
)

_NUMBERS = [stamps.evening().events[event]["clocks"]["lamport"] for event in (23, 21)]
smaller_number = ROOM.add(
    Prediction.yes_no(
        "smaller number",
        f"On one run, Ann getting up to leave (event 23) has Lamport number {_NUMBERS[0]}, and Mia hearing of Ben's entry (event 21) has number {_NUMBERS[1]}. May one conclude that "
        "Ann's getting up happened before, and so could have caused, what Mia heard?",
        {"yes": "Look at the times: Mia heard it four minutes before Ann got up. The numbers only never contradict a cause; they do not show one."},
        decide=lambda result: result["fooled"] == 0,
        because="If a happened before b, then a's number is smaller. The converse does not hold, and the converse is what one is tempted to use.",
    )
)  # fmt: skip

late_question = ROOM.add(
    Prediction.choice(
        "late question",
        "Ann asks Ben and Cy a question; her message to Cy is slow. Ben answers both. Cy runs the delivery rule of causal broadcast. But Ben knew the question from "
        "a shout through the door, before Ann's message reached him. In which order does Cy read them?",
        {
            "a": "question, answer: the rule sees to it",
            "b": "answer, question",
            "c": "only the question: the answer is thrown away",
        },
        {
            "a": "The rule orders what the clocks have seen. Ben's clock had not seen the question when he answered.",
            "c": "Nothing is thrown away; the answer is delivered, and too early.",
        },
        decide=lambda result: "b" if result["early"] else "a",
        because="The shout is a back channel. All clocks are right, and causality is broken all the same.",
    )
)

# -- the zoo ----------------------------------------------------------------------------------------------

_JUDGES = {
    invariant.name: invariant for invariant in anomalies.INVARIANTS if invariant is not anomalies.NOT_TOO_LONG
}


def _variant(name: str, bug: str = "", **positions: Any) -> Scenario:
    return Scenario(name, partial(anomalies.anomaly(name).build, positioned(Switches(bug=bug), positions)))


def _search(variant: Any, invariants: list[Any], deviations: int = 2) -> Any:
    """Search one variant with those of the lesson's invariants that its world can be asked, or with a learner's own."""
    world = variant()
    parts = set(world.facts)
    world.close()
    needs = {"ANSWERS_COME_AFTER": "group", "NO_FALSE_CAUSE": "observer", "NO_DEAD_SIBLING": "store"}
    asked = [i for i in invariants if i.name not in _JUDGES or needs.get(i.name, "sauna") in parts]
    return explore(variant, asked, deviations)


_BUGS = (
    ("leaves with anybody", "stale anchor", "leaves with the first who leaves, whoever it is", "STAYS_LONG_ENOUGH", {}),
    ("anchors anew", "no upper bound", "takes each newcomer for a new anchor, so misses the old one's exit", "EVERYBODY_LEAVES",
     {"attendant": False}),
    ("takes itself for its anchor", "no anchor", "writes its own name where the anchor's belongs", "EVERYBODY_LEAVES", {}),
    ("reserves for followers", "full room", "the last seat is kept for those without a watch", "EVERYBODY_LEAVES", {}),
    ("one round only", "full room", "the attendant goes home after one round", "EVERYBODY_LEAVES", {}),
    ("rounds share a name", "full room", "a new round of the attendant looks like the one that is over", "STAYS_LONG_ENOUGH", {}),
    ("checks the sender only", "overtaking answer", "the delivery rule asks only for the next of its sender", "ANSWERS_COME_AFTER", {}),
)  # fmt: skip
_RIGHT = ("stale anchor", "full room", "overtaking answer", "sibling explosion")
ZOO = Zoo(
    "The sauna and its messages",
    right={f"everything on: {name}": _variant(name) for name in _RIGHT},
    mutants={
        bug: Mutant(_variant(scene, bug, **more), told, caught) for bug, scene, told, caught, more in _BUGS
    },
    invariants=list(_JUDGES.values()),
    search=partial(_search, deviations=1),
)
ROOM_ZOO = Zoo(
    "people in the sauna",
    right={"the next to enter": _variant("stale anchor"), "late notices, with witness": _variant("late notice")},
    mutants={
        "someone inside": Mutant(_variant("stale anchor", rule="inside"), "follows somebody who was there before", "STAYS_LONG_ENOUGH"),
        "snapshot": Mutant(_variant("all take snapshots", rule="snapshot"), "leaves when all whom it found have gone", "STAYS_LONG_ENOUGH"),
        "fast clock": Mutant(_variant("wrong clock", rule="clock", clock_speed=5.0), "a clock five times too fast", "STAYS_LONG_ENOUGH"),
        "a clock a little fast": Mutant(_variant("wrong clock", rule="clock", clock_speed=1.1), "a clock a tenth too fast: nine minutes", "STAYS_LONG_ENOUGH"),
        "no witness": Mutant(_variant("late notice", witness=False), "takes what it hears of later for what came later", "STAYS_LONG_ENOUGH"),
    },
    invariants=[anomalies.STAYS_LONG_ENOUGH],
    search=partial(_search, deviations=1),
)  # fmt: skip

# -- exercises ----------------------------------------------------------------------------------------------


def _by_hand(moves: list[str]) -> Feedback:
    """The moves must lead to a dead state, and be as few as possible; then the referee does the same search."""
    try:
        state = nine.play(moves)
    except ValueError as problem:
        return Feedback.no(f"{str(problem)[:1].upper()}{str(problem)[1:]}.", ", ".join(moves))
    shown = f"Ann holds {state[0]}, Ben {state[1]}"
    if state not in nine.dead():
        who = next(who for who in nine.PEOPLE if nine.move(state, who) is not None)
        return Feedback.no(f"After these moves {shown}, and {who} can move.", f"{who} can move")
    if len(moves) > len(nine.reachable()[state]):
        return Feedback.no(
            f"{shown}, and nobody can move. But it can be reached in fewer moves.", f"{len(moves)} moves"
        )
    verdict = explore(nine.SCENARIO, [nine.SOMEBODY_CAN_MOVE])
    return Feedback.yes(f"{shown}: nobody can move. {len(nine.reachable())} of the nine states can be reached, and this is the only dead one. "
                        "The referee, asked just now, finds it too.", verdict)  # fmt: skip


search_by_hand = ROOM.add(
    Exercise(
        "nine states",
        "break it",
        "Search nine states by hand",
        "To pour water on the stones one needs the bucket and the ladle. Ann takes the bucket first, then the ladle; Ben the ladle first, then the bucket. Who has both pours, and "
        "puts both back. Each holds 0, 1 or 2 things, so there are nine states. Draw them on paper, begin at (0, 0), draw an arrow for every possible move, and stop when "
        "nothing new appears. Give the shortest list of moves after which nobody can move.",
        _by_hand,
        (
            "Only states that can be reached count. Which of the nine put one thing into two hands?",
            "From (0, 0) there are two moves. Take each, and look at what *both* people can do then.",
            "You want a state in which each holds what the other needs next.",
        ),
        Solution(["ann", "ben"], "Ann has the bucket, Ben the ladle. Neither can go on and neither gives back: a cycle of two in the waits-for graph."),
        (
            WrongAnswer(["ann", "ann"], "can move", "somebody has everything, so the other is stuck"),
            WrongAnswer(["ann", "ann", "ben"], "not possible", "the thing is in the other's hands"),
            WrongAnswer(["ann", "ann", "ann", "ann", "ben"], "fewer moves", "a dead state, but not by the shortest way"),
            WrongAnswer(["ben"], "can move", "stops too early"),
        ),
        expects="a list of names, such as ['ann', 'ann', 'ben']",
        accepts=lambda answer: isinstance(answer, (list, tuple)) and all(isinstance(one, str) for one in answer),
    )
)  # fmt: skip

_BASE = {
    "rule": "inside",
    "witness": False,
    "remember_exits": False,
    "reserved_seat": True,
    "attendant": False,
}
_ASKED = (
    ("late notice", anomalies.STAYS_LONG_ENOUGH),
    ("stale anchor", anomalies.STAYS_LONG_ENOUGH),
    ("stale anchor", anomalies.EVERYBODY_LEAVES),
    ("no anchor", anomalies.STAYS_LONG_ENOUGH),
    ("no anchor", anomalies.EVERYBODY_LEAVES),
)


def _first_broken(answer: dict[str, Any]) -> tuple[int, str, Any]:
    """Search the scenarios that are asked, one invariant at a time: schedules run, and the first scenario that breaks with its verdict."""
    ran = 0
    for name, invariant in _ASKED:
        verdict = explore(anomalies.anomaly(name).scenario(**answer), [invariant], 1)
        ran += verdict.searched
        if not verdict.held:
            return ran, name, verdict
    return ran, "", None


def _both_hold(answer: dict[str, Any]) -> Feedback:
    """Safety and liveness in three scenarios, and nothing switched on that they do not need."""
    ran, name, verdict = _first_broken(answer)
    if verdict is not None:
        return Feedback.no(
            f"In the scenario “{name}” {verdict.invariant} breaks.", verdict.invariant, verdict
        )
    for switch in ("witness", "remember_exits", "reserved_seat", "attendant"):
        if answer[switch] and _first_broken(answer | {switch: False})[2] is None:
            why = "Safe, and everybody leaves. But one switch that is on is not needed here."
            return Feedback.no(why, f"{switch}: with it off nothing breaks either")
    return Feedback.yes(
        f"Neither safety nor liveness broke in {ran:,} schedules of three scenarios, and each switch that is on is needed."
    )


both_hold = ROOM.add(
    Exercise(
        "safety and liveness",
        "configure",
        "Safe, and it ends",
        "A room that is never full. Switch on what is needed, *and no more*, so that nobody leaves too early and everybody leaves in the scenarios stale anchor and no "
        "anchor, and nobody leaves too early in late notice.",
        _both_hold,
        (
            "One switch decides whom to follow. Which rules are safe at all?",
            "Then ask of each scenario in turn what could still go wrong in it, safety first, and which switch is there for that.",
            "For each switch that is on: which of the three scenarios would break without it? Try it by switching it off.",
        ),
        Solution({"rule": "next", "witness": True, "remember_exits": True, "reserved_seat": False, "attendant": True},
                 "The rule and its witness keep people in long enough; the attendant brings somebody with a watch in after them, whose exit may be heard of before her entry. "
                 "A room that is never full needs no kept seat."),
        (
            WrongAnswer({"rule": "snapshot", "witness": True, "attendant": True}, "STAYS_LONG_ENOUGH", "no deadlock, so it is fine"),
            WrongAnswer({"rule": "next", "attendant": True}, "late notice", "heard later is later"),
            WrongAnswer({"rule": "next", "witness": True, "remember_exits": True}, "EVERYBODY_LEAVES", "somebody always comes"),
            WrongAnswer({"rule": "next", "witness": True, "attendant": True}, "no anchor", "notices keep their order"),
            WrongAnswer({"rule": "next", "witness": True, "remember_exits": True, "reserved_seat": True, "attendant": True}, "not needed", "everything on cannot be wrong"),
        ),
        form=Settings({"rule": ("next", "inside", "snapshot"), "witness": (False, True), "remember_exits": (False, True), "reserved_seat": (False, True),
                       "attendant": (False, True)}, start=_BASE),
    )
)  # fmt: skip


def merged(mine, theirs, who):
    """Give the vector of `who` on receiving `theirs`: the larger count of each, and one more for the event itself."""
    names = sorted({*mine, *theirs, who})
    vector = {name: max(mine.get(name, 0), theirs.get(name, 0)) for name in names}
    vector[who] += 1
    return vector


def _only_adds(mine, theirs, who):
    return {**mine, who: mine.get(who, 0) + 1}


def _no_own_event(mine, theirs, who):
    return {name: max(mine.get(name, 0), theirs.get(name, 0)) for name in sorted({*mine, *theirs, who})}


def _sums(mine, theirs, who):
    vector = {name: mine.get(name, 0) + theirs.get(name, 0) for name in {*mine, *theirs, who}}
    vector[who] += 1
    return vector


def _overwrites(mine, theirs, who):
    vector = {**mine, **theirs}
    vector[who] = vector.get(who, 0) + 1
    return vector


_CASES = [
    ({"mia": 2}, {"ann": 3}, "mia"),
    ({"mia": 2, "ann": 5}, {"ann": 3, "ben": 1}, "mia"),
    ({}, {"ben": 4}, "mia"),
    ({"mia": 7}, {"mia": 4, "ann": 1}, "mia"),
]
write_the_merge = ROOM.add(
    Exercise(
        "vector clock",
        "implement",
        "Receive with a vector clock",
        "Write `merged(mine, theirs, who)`: the vector clock of `who` for the event of receiving a message stamped `theirs`, when its own clock before was `mine`. Clocks are "
        "dicts of name to count; a name that is not there counts 0.",
        same_as(merged, _CASES, "It knows all that either knew, and counts the receive itself.",
                {0: "The receive is itself an event of the receiver.", 1: "Mia knew more of Ann already than the message does.", 3: "The message may be older than what Mia has done since."}),
        (
            "After the receive, `who` knows everything that it knew and everything that the sender knew. And one more thing has happened.",
            "For each name, which of two counts is the one that knows more?",
            "The larger count for each name; then add one to `who`.",
        ),
        Solution(merged, "The larger of both, name by name, and one more for the receive itself."),
        (
            WrongAnswer(_only_adds, "should give", "as a Lamport clock without the maximum"),
            WrongAnswer(_no_own_event, "it should", "the receive is no event"),
            WrongAnswer(_sums, "should give", "counts are added up"),
            WrongAnswer(_overwrites, "should give", "the message is always newer"),
        ),
        expects="a function of (mine, theirs, who) that gives a dict",
        starter="def merged(mine, theirs, who):\n    return ...\n\n\nlesson.write_the_merge.check(merged)",
    )
)  # fmt: skip


def _is_trap(pair: list[int]) -> Feedback:
    """The pair must be concurrent, with ordered Lamport numbers, and on it real time must run the other way."""
    trace = stamps.evening()
    last = len(trace.events) - 1
    if len(pair) != 2 or not all(type(one) is int and 0 <= one <= last for one in pair):
        return Feedback.no(f"An answer is two event numbers from 0 to {last}.", str(list(pair)))
    a, b = pair
    if (a, b) == (23, 21):
        return Feedback.no("That is the pair of act 4. There are others.", "[23, 21]")
    one, other = trace.events[a], trace.events[b]
    if (way := stamps.relation(trace, a, b)) != "concurrent":
        told = stamps.chain(trace, a, b) or stamps.chain(trace, b, a)
        return Feedback.no(
            f"These two are not concurrent: {a} is {way} {b}.", f"the chain {' → '.join(map(str, told))}"
        )
    if not one["clocks"]["lamport"] < other["clocks"]["lamport"]:
        numbers = f"{one['clocks']['lamport']} and {other['clocks']['lamport']}"
        return Feedback.no(
            "They are concurrent, but the first one's Lamport number is not the smaller.",
            f"the numbers are {numbers}",
        )
    if not one["t"] > other["t"]:
        return Feedback.no(
            "A trap, but a mild one: the smaller number did happen earlier.",
            f"minutes {one['t'] / 6e7:.2f} and {other['t'] / 6e7:.2f}",
        )
    assert not happened_before(one["clocks"]["vector"], other["clocks"]["vector"])
    return Feedback.yes(
        f"Event {a} has the smaller number, happened {(one['t'] - other['t']) / 6e7:.1f} minutes *later*, and has nothing to do with event {b}."
    )


find_a_trap = ROOM.add(
    Exercise(
        "Lamport trap",
        "break it",
        "A trap of the worst kind",
        "In the evening of act 4, find events `[a, b]` that are concurrent, where a's Lamport number is smaller than b's although a happened *later* by the true time. Another pair "
        "than [23, 21], with which the explorer begins.",
        _is_trap,
        (
            "Who is quiet for long has small numbers. Who talks a lot has large ones.",
            "Ann's numbers stand still while Mia, Ben and the door talk.",
            "Take something that Ann does at minute 10 before anybody answers her, and look at the door at minute 6.",
        ),
        Solution([24, 19], "Ann has heard nothing since minute 0. Her number is small at minute 10, and says nothing about minute 6 at the door."),
        (
            WrongAnswer([5, 6], "not concurrent", "a smaller number is a smaller number"),
            WrongAnswer([22, 23], "not the smaller", "the wrong way round"),
            WrongAnswer([10, 18], "mild", "concurrent, and in the order of the numbers"),
            WrongAnswer([23, 21], "pair of act 4", "the one that was shown"),
            WrongAnswer([23, 99], "two event numbers", "an event that does not exist"),
        ),
        expects="two event numbers, such as [4, 17]",
        accepts=(list, tuple),
    )
)  # fmt: skip


def stays_long_enough(world):
    """Whoever has left was inside for at least ten minutes."""
    return all(minutes >= 10 for minutes in world.facts["sauna"].stays_min().values())


def _nobody_over_ten(world):
    return all(minutes <= 10.01 for minutes in world.facts["sauna"].stays_min().values())


def _never_wrong(world):
    return True


def _somebody_inside(world):
    return bool(world.facts["sauna"].door.inside) or not world.facts["sauna"].stays_min()


def _over_half(world):
    return all(minutes >= 5 for minutes in world.facts["sauna"].stays_min().values())


write_the_invariant = ROOM.add(
    Exercise(
        "write the referee",
        "referee",
        "Write the safety invariant",
        "Write a function of the world that is true while nobody has left too early. It must accept both right variants and catch all five mutants. "
        '`sauna = world.facts["sauna"]` gives you `sauna.stays_min()` (name to minutes, for everybody who has left) and `sauna.door.inside` (names).',
        tells_apart(ROOM_ZOO, "Your invariant tells the right ones from the mutants."),
        (
            "Safety looks at those who have left, not at those who are inside.",
            "A session is ten minutes. May somebody stay longer?",
            "All values of `stays_min()` must be at least 10.",
        ),
        Solution(stays_long_enough, "Only a lower bound: nothing in an asynchronous system can promise an upper one."),
        (
            WrongAnswer(_nobody_over_ten, "says that", "exactly ten minutes"),
            WrongAnswer(_never_wrong, "escapes", "nothing is ever wrong"),
            WrongAnswer(_somebody_inside, "says that", "an empty room is a mistake"),
            WrongAnswer(_over_half, "escapes", "anything over half a session is fine"),
        ),
        expects="a function of the world that gives True or False",
        starter='def my_invariant(world):\n    return ...  # something about world.facts["sauna"]\n\n\nlesson.write_the_invariant.check(my_invariant)',
    )
)  # fmt: skip

_MINUTES = Number("min", 1, 200, tolerance=0.2)
_MEAN: Callable[[], float] = partial(crowd.mean_stay, 0.75, 3.0, 12.0)
mean_of_three_quarters = ROOM.add(
    Exercise(
        "three quarters follow",
        "predict",
        "Three quarters follow",
        "A session is 12 minutes, somebody comes every 3 minutes on average, and three of four who come are followers. How long does a follower stay, on average?",
        decided_by(_MINUTES, _MEAN, "12 + 3 / (1 - 3/4): on average four arrivals until one has a watch.",
                   lambda answered, happened: "Only until the first one with a watch comes in; from there it is one session." if answered > happened else (
                       "Nearly. The one with a watch has to arrive, too." if answered >= 20 else
                       "Three of four newcomers have no watch either, and each of them waits for yet another.")),
        (
            "How many arrivals, on average, until one has a watch?",
            "Each arrival takes a gap. After the last of them, one whole session.",
            "One in four has a watch, so four gaps.",
        ),
        Solution(24, "Four gaps of 3 minutes and one session of 12."),
        (
            WrongAnswer(15, "yet another", "one gap and one session"),
            WrongAnswer(16, "yet another", "the gap stretched by the share"),
            WrongAnswer(21, "has to arrive", "three followers, three gaps"),
            WrongAnswer(48, "one session", "four gaps with a session each"),
        ),
        form=_MINUTES,
    )
)  # fmt: skip
