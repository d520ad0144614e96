"""Nine states: the smallest system worth searching by hand. Two people, a bucket and a ladle.

| word  | meaning                                                                                              |
|-------|------------------------------------------------------------------------------------------------------|
| state | how many of the two things Ann holds (0, 1, 2) and how many Ben holds: three times three is nine        |
| move  | a person takes the next thing, or, with both in hand, pours and puts both back                         |
| dead  | a state that can be reached and from which nobody can move, though somebody wants to                    |

To pour water on the stones one needs the bucket and the ladle. Ann takes the bucket first, Ben the ladle first. Nobody puts
anything back before having poured.
"""

from __future__ import annotations

from collections.abc import Sequence

from dslab.check import Invariant, Scenario, always
from dslab.sim import World, step

ORDER = {"ann": ("bucket", "ladle"), "ben": ("ladle", "bucket")}
PEOPLE = tuple(ORDER)
START = (0, 0)
STATES = tuple((ann, ben) for ann in range(3) for ben in range(3))


def held(state: tuple[int, int]) -> list[str]:
    """Give everything that is in somebody's hands in a state; a thing twice means that the state is impossible."""
    return [thing for who, count in zip(PEOPLE, state, strict=True) for thing in ORDER[who][:count]]


# [moves] take the next thing if nobody has it; with both in hand pour, and put both back
def move(state: tuple[int, int], who: str) -> tuple[int, int] | None:
    """Give the state after a move of ``who``; None where the thing that is wanted is in the other's hands."""
    place = PEOPLE.index(who)
    count = state[place]
    if count < 2 and ORDER[who][count] in held(state):
        return None
    after = 0 if count == 2 else count + 1
    return (after, state[1]) if place == 0 else (state[0], after)


# [/moves]
def reachable() -> dict[tuple[int, int], tuple[str, ...]]:
    """Give every state that can be reached with a shortest list of moves to it, nearest first."""
    ways: dict[tuple[int, int], tuple[str, ...]] = {START: ()}
    todo = [START]
    while todo:
        state = todo.pop(0)
        for who in PEOPLE:
            after = move(state, who)
            if after is not None and after not in ways:
                ways[after] = (*ways[state], who)
                todo.append(after)
    return ways


def dead() -> list[tuple[int, int]]:
    """Give the dead states."""
    return [state for state in reachable() if all(move(state, who) is None for who in PEOPLE)]


def play(moves: Sequence[str]) -> tuple[int, int]:
    """Give the state after ``moves`` (names); ValueError, in a sentence, at the first that is not possible."""
    state = START
    for place, who in enumerate(moves, 1):
        if who not in PEOPLE:
            raise ValueError(f"move {place} is {who!r}; a move is 'ann' or 'ben'")
        after = move(state, who)
        if after is None:
            wanted = ORDER[who][state[PEOPLE.index(who)]]
            raise ValueError(
                f"move {place} is not possible: {who} wants the {wanted}, which the other one holds"
            )
        state = after
    return state


def _somebody_can_move(world: World) -> bool | str:
    state = world.facts["state"]
    return (
        any(move(state, who) is not None for who in PEOPLE)
        or "Ann holds the bucket, Ben the ladle, and each wants the other"
    )


SOMEBODY_CAN_MOVE: Invariant = always(
    "SOMEBODY_CAN_MOVE", "somebody can take the next thing, or pour", _somebody_can_move
)


def _build() -> World:
    world = World(name="bucket and ladle")
    world.facts["state"] = START
    for who in PEOPLE:
        node = world.node(who, label=who.capitalize(), kind="client", holds="nothing")

        async def pour(who: str = who, node: object = node) -> None:
            for _ in range(3):
                await step(f"{who} moves")
                after = move(world.facts["state"], who)
                if after is None:
                    return
                world.facts["state"] = after
                node.state["holds"] = " and ".join(ORDER[who][: after[PEOPLE.index(who)]]) or "nothing"  # type: ignore[attr-defined]

        node.spawn(pour())
    return world


SCENARIO = Scenario("bucket and ladle", _build)
