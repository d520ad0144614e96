"""What goes wrong with a live stream when a mechanism is off: invariants, one scenario for each anomaly, and their table.

| word     | meaning                                                                                              |
|----------|------------------------------------------------------------------------------------------------------|
| anomaly  | a scenario, the invariant it breaks, and the switch positions with which it does                        |
| defence  | a switch position whose absence the table tries                                                       |
| base     | every mechanism on (`dslab.concepts.streaming.delivery.Switches`)                                       |
| patience | where delay matters, nothing is held back longer than this: no player survives a network that stops      |

`ANOMALIES` has them by name; `search(name, **switches)` asks the referee; `matrix()` computes which defence stops which anomaly.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

from dslab import check
from dslab.check import Cell, Invariant, Verdict, always, named, searches, sometimes
from dslab.concepts.streaming.delivery import TARGET_US, Item, Live, Packager, Player, Switches
from dslab.sim import World, sleep

# -- invariants ---------------------------------------------------------------------------------------


def live_of(world: World) -> Live:
    """Give the stream that a scenario built into ``world``."""
    return world.facts["live"]


def _none(kind: str) -> Callable[[World], bool | str]:
    def test(world: World) -> bool | str:
        complaints = live_of(world).complaints[kind]
        return not complaints or complaints[0]

    return test


LISTED_IS_THERE = always(
    "LISTED_IS_THERE", "a segment that a playlist lists can be fetched", _none("missing")
)
COPY_IS_FRESH = always(
    "COPY_IS_FRESH",
    "no edge hands out a playlist that lacks more than the newest segment",
    _none("late copy"),
)
NEVER_OLDER = always(
    "NEVER_OLDER", "a player never takes a playlist older than the one it has", _none("back")
)
KEEPS_THE_RULES = always("KEEPS_THE_RULES", "what a player reads keeps the rules of a reload", _none("rules"))
STAMPS_MARKED = always(
    "STAMPS_MARKED", "timestamps go back only where a discontinuity says so", _none("stamps")
)
SAME_PLACE = always(
    "SAME_PLACE", "a player plays the programme in order, and leaves nothing out", _none("place")
)
NO_STALL = always("NO_STALL", "the picture never stands still", _none("stall"))
ASKED_FOR = always("ASKED_FOR", "whoever asks for segment n gets a playlist that has it", _none("blocking"))
PLAYED = sometimes("PLAYED", "a player plays a segment", lambda world: live_of(world).played > 0)
INVARIANTS = (
    LISTED_IS_THERE,
    COPY_IS_FRESH,
    NEVER_OLDER,
    KEEPS_THE_RULES,
    STAMPS_MARKED,
    SAME_PLACE,
    NO_STALL,
    ASKED_FOR,
)


# -- scenarios ----------------------------------------------------------------------------------------


def _begin(
    name: str, switches: Switches, edges: tuple[str, ...] = ("edge A",), patience_us: int | None = TARGET_US
) -> Live:
    return Live(World(name=name, patience_us=patience_us), switches, edges)


def _listed_too_early(switches: Switches) -> World:
    """The packager publishes one more segment; just then a player joins at the newest one."""
    live = _begin("listed too early", switches)
    player = Player(live, begins=1)
    live.packager.node.spawn(live.packager.run(1))
    player.node.spawn(player.watch(1, TARGET_US + 1_500))
    return live.world


def _gone_while_listed(switches: Switches) -> World:
    """An edge has a copy of the playlist; a player reads it and fetches the oldest segment, while the next one is published."""
    live = _begin("gone while listed", switches)
    first, player = Player(live, name="first viewer"), Player(live)
    live.packager.node.spawn(live.packager.run(1))

    async def warm_up() -> None:
        await sleep(TARGET_US - 500_000)
        await first.read()

    first.node.spawn(warm_up())
    player.node.spawn(player.watch(1, TARGET_US + 500_000))
    return live.world


def _stale_edge(switches: Switches) -> World:
    """One viewer reads again and again, another comes after two target durations; both ask the same edge."""
    live = _begin("stale edge", switches)
    first, player = Player(live, name="first viewer"), Player(live)
    live.packager.node.spawn(live.packager.run(2))

    async def read_on() -> None:
        for _ in range(5):
            await first.read()
            await sleep(TARGET_US // 2 - 250_000)

    first.node.spawn(read_on())
    player.node.spawn(player.watch(1, 2 * TARGET_US + 500_000))
    return live.world


def _goes_back(switches: Switches) -> World:
    """A player asks two edges in turn; edge B's copy was made by somebody else, just before the newest segment."""
    live = _begin("media sequence goes back", switches, ("edge A", "edge B"))
    other, player = Player(live, ("edge B",), "other viewer"), Player(live, ("edge A", "edge B"))
    live.packager.node.spawn(live.packager.run(1))

    async def warm_up() -> None:
        await sleep(TARGET_US - 500_000)
        await other.read()

    async def twice() -> None:
        await sleep(TARGET_US + 500_000)
        await player.read()
        await player.read()

    other.node.spawn(warm_up())
    player.node.spawn(twice())
    return live.world


def _restart(switches: Switches, name: str = "restart from 0") -> World:
    """The packager may die and come again between two segments; a player reads on."""
    live = _begin(name, switches)
    packager, player = live.packager, Player(live)
    packager.node.boot = lambda: packager.boot(2)

    def dies_and_comes_again() -> None:
        packager.node.crash()
        packager.node.restart()

    live.world.may(
        "the packager dies and comes again", dies_and_comes_again, node=packager.node, kind="crash"
    )
    packager.node.spawn(packager.run(2))
    player.node.spawn(player.watch(4))
    return live.world


def _unmarked(switches: Switches) -> World:
    return _restart(switches, "restart without a mark")


def _mark_leaves(switches: Switches) -> World:
    """Segment 5 follows a discontinuity; the window slides past it while a player reads on."""
    live = _begin("discontinuity not counted", switches)
    items = live.packager.listed
    broken = items[1].moment
    live.packager.listed = (
        items[0],
        *(
            Item(each.number, each.uri, each.moment, each.moment - broken, each is items[1])
            for each in items[1:]
        ),
    )
    live.packager.began = broken
    live.origin.put("playlist", live.packager.edition())
    player = Player(live)
    live.packager.node.spawn(live.packager.run(3))

    async def read_on() -> None:
        for _ in range(4):
            await player.read()
            await sleep(TARGET_US)

    player.node.spawn(read_on())
    return live.world


def _other_numbers(switches: Switches) -> World:
    """The lower rung's packager began one segment later, so its numbers are one behind; a player goes down after two segments."""
    live = _begin("same number, other scene", switches)
    low = tuple(
        Item(each.number - 1, f"low {each.uri}", each.moment, each.moment, False)
        for each in live.packager.listed
    )
    low += (Item(low[-1].number + 1, "low s7", low[-1].moment + 4, low[-1].moment + 4, False),)
    for item in low:
        live.origin.files[item.uri] = item
    player = Player(live)

    async def down_a_rung() -> None:
        await player.watch(1)
        last = player.last
        assert last is not None
        if switches.switches_by == "number":
            item = next((each for each in low if each.number == last.number + 1), low[-1])
        else:
            item = next((each for each in low if each.moment > last.moment), low[-1])
        await player.fetch(item)

    player.node.spawn(down_a_rung())
    return live.world


def _too_near(switches: Switches) -> World:
    """Everything on the way may be late by up to half a target duration; a player watches four segments."""
    live = _begin("too near to the live edge", switches, patience_us=TARGET_US // 2)
    player = Player(live)
    live.packager.node.spawn(live.packager.run(3))
    player.node.spawn(player.watch(4))
    return live.world


def _kept_not_found(switches: Switches) -> World:
    """Somebody guesses the name of the next segment and asks for it before it is there; later a player wants it."""
    live = _begin("not found, and kept", switches)
    guesser, player = live.world.node("guesser", "Guesser"), Player(live, begins=1)
    live.packager.node.spawn(live.packager.run(1))

    async def guess() -> None:
        await sleep(TARGET_US // 2)
        await guesser.call("edge A", "get", uri="s7")

    guesser.spawn(guess())
    player.node.spawn(player.watch(1, TARGET_US + 1_000_000))
    return live.world


def _query_forgotten(switches: Switches) -> World:
    """A player asks for the playlist that has segment 7, and the edge has a young copy that has not."""
    live = _begin("query forgotten", switches)
    player = Player(live)
    live.packager.node.spawn(live.packager.run(1))
    player.node.spawn(player.watch(4, TARGET_US // 2 + 500_000, blocking=True))
    return live.world


def _shut_lid(switches: Switches) -> World:
    """A player's machine may sleep for longer than any grace; then it goes on where it was."""
    live = _begin("shut lid", switches)
    player = Player(live, begins=1)
    live.packager.node.spawn(live.packager.run(8))

    async def sleeper() -> None:
        await player.read()
        await sleep(8 * TARGET_US)
        item = player.listed()
        assert item is not None
        await player.fetch(item)

    player.node.spawn(sleeper())
    return live.world


# -- anomalies ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Anomaly(check.Anomaly):
    """A way in which a live stream breaks; see `dslab.check.Anomaly`."""

    switches: ClassVar[type] = Switches
    also: tuple[Invariant, ...] = (PLAYED,)


_LIST = (
    Anomaly("listed too early", "the playlist overtakes the segment that it lists, and a player is told of a file that is not there", _listed_too_early,
            LISTED_IS_THERE, ({"publish": "both at once"},), "RFC 8216, 6.2.1"),
    Anomaly("gone while listed", "the origin drops a segment that an edge's copy of the playlist still lists", _gone_while_listed, LISTED_IS_THERE,
            ({"grace": False},), "RFC 8216, 6.2.2"),
    Anomaly("stale edge", "an edge keeps playlists as long as segments, and viewers come to a stream that has moved on", _stale_edge, COPY_IS_FRESH,
            ({"playlist_copy": "as long as segments"},), "RFC 8216, 6.2.1"),
    Anomaly("media sequence goes back", "the other edge has an older copy, and the player takes it", _goes_back, NEVER_OLDER, ({"takes": "any"},),
            "RFC 8216, 6.2.2; found by this lesson", also=()),
    Anomaly("restart from 0", "the packager forgets its number, and the media sequence begins anew", _restart, KEEPS_THE_RULES,
            ({"restart_counts": "from 0"},), "RFC 8216, 6.2.2"),
    Anomaly("restart without a mark", "timestamps begin anew, and no discontinuity says so", _unmarked, STAMPS_MARKED,
            ({"restart_marks": False},), "RFC 8216, 4.3.2.3"),
    Anomaly("discontinuity not counted", "a discontinuity leaves the playlist, and the discontinuity sequence stays", _mark_leaves, KEEPS_THE_RULES,
            ({"counts_marks": False},), "RFC 8216, 6.2.2", also=()),
    Anomaly("same number, other scene", "a player looks in another rendition for the same number, and finds another scene", _other_numbers, SAME_PLACE,
            ({"switches_by": "number"},), "RFC 8216, 4.3.3.2"),
    Anomaly("too near to the live edge", "the player stays one segment behind, and one that is late stops the picture", _too_near, NO_STALL,
            ({"hold_back": 1},), "RFC 8216, 6.3.3"),
    Anomaly("not found, and kept", "an edge remembers that there was no such file, and says so when there is one", _kept_not_found, LISTED_IS_THERE,
            ({"keeps_not_found": True},), "found by this lesson"),
    Anomaly("query forgotten", "an edge tells copies apart by path only, and answers a blocking reload from a copy", _query_forgotten, ASKED_FOR,
            ({"copy_by": "path"},), "2nd edition, 6.2.5"),
    Anomaly("shut lid", "a machine sleeps for longer than any grace, and goes on where it was", _shut_lid, LISTED_IS_THERE, ({},),
            "found by this lesson", also=(), always_there=True),
)  # fmt: skip
ANOMALIES: dict[str, Anomaly] = {anomaly.name: anomaly for anomaly in _LIST}
DEFENCES: dict[str, dict[str, Any]] = {
    "segment first": {"publish": "both at once"},
    "grace": {"grace": False},
    "short copies": {"playlist_copy": "as long as segments"},
    "newer only": {"takes": "any"},
    "counts on": {"restart_counts": "from 0"},
    "marks": {"restart_marks": False},
    "counted marks": {"counts_marks": False},
    "by time": {"switches_by": "number"},
    "hold-back of 3": {"hold_back": 1},
    "forgets 404": {"keeps_not_found": True},
    "query in key": {"copy_by": "path"},
}


def anomaly(name: str) -> Anomaly:
    """Give the anomaly called ``name``; ValueError lists the names where there is none."""
    return named(ANOMALIES, name)


def search(name: str, deviations: int = 2, budget: int = 20_000, **positions: Any) -> Verdict:
    """Ask the referee for the shortest schedule in which an anomaly shows, with everything on but ``positions``."""
    return anomaly(name).search(deviations, budget, **positions)


def matrix(
    anomalies: Iterable[str] = tuple(ANOMALIES), deviations: int = 1, budget: int = 3_000
) -> Generator[float, None, list[Cell]]:
    """Search every anomaly with everything on and with each defence off: a generator of the share done; returns the cells."""
    return searches(
        anomalies,
        ("", *DEFENCES),
        lambda name, off: search(name, deviations, budget, **DEFENCES.get(off, {})),
    )


def restart_only(switches: Switches) -> World:
    """Give the scenario of a packager that may die, under a name of its own; for the zoo."""
    return _restart(switches, "restart")


__all__ = [
    "ANOMALIES",
    "DEFENCES",
    "INVARIANTS",
    "Anomaly",
    "Packager",
    "anomaly",
    "live_of",
    "matrix",
    "restart_only",
    "search",
]
