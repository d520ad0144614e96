"""The first six exercises of lesson 10a, those that need no simulator of their own: one for each of six concepts, and the zoo.

The other six stand in `dslab.course.concepts.more`.
"""

from __future__ import annotations

from functools import partial

from dslab.check import always, explore, replay
from dslab.concepts import balancing, races, sharding
from dslab.concepts.gateway import route
from dslab.concepts.switches import Switches
from dslab.course.concepts.lean import Exercise
from dslab.course.concepts.predictions import ROOM
from dslab.sim import World
from dslab.teach import (
    Mutant,
    Number,
    Solution,
    WrongAnswer,
    Zoo,
    decided_by,
    must_break,
    same_as,
    tells_apart,
)

# -- 1 load balancing -----------------------------------------------------------------------------------------------

_MS = Number("ms", 0, 1_000, tolerance=5)
at_95 = ROOM.add(
    Exercise(
        "nearly full", "predict", "Load balancing: nearly full",
        "Servers are picked by chance, each request needs 10 ms of work on average (exponential), arrivals are Poisson. At 90 % load a request takes 100 ms. How long does it take at "
        "95 % load, on average and in the long run?",
        decided_by(_MS, lambda: balancing.SERVICE_MS * balancing.mm1(0.95), "10 ms / (1 - 0.95). The last five per cent of load cost as much as all before them.", {
            "low": "Half of what was free at 90 % is gone now. What does the formula divide by?",
            "high": "The load went from 90 % to 95 %; what is free has halved, no more.",
        }),
        ("Picked by chance, each server is a queue of its own: M/M/1.", "Waiting depends on what is free, not on what is used.",
         "The response time is the service time divided by the share that is free."),
        Solution(200.0, "10 ms / 0.05 = 200 ms."),
        (WrongAnswer(105.0, "Half of what was free", "5 % more load, 5 % more time"), WrongAnswer(110.0, "Half of what was free", "one more service time"),
         WrongAnswer(500.0, "no more", "it explodes")),
        form=_MS,
    )
)  # fmt: skip

# -- 2 caching ------------------------------------------------------------------------------------------------------


def lru_hits(trace, capacity):
    """Count the hits of an LRU cache that begins empty."""
    cache, hits = {}, 0
    for key in trace:
        if key in cache:
            hits += 1
            del cache[key]  # it goes back in at the end
        elif len(cache) >= capacity:
            del cache[next(iter(cache))]
        cache[key] = True
    return hits


def _fifo_hits(trace, capacity):
    cache, hits = [], 0
    for key in trace:
        if key in cache:
            hits += 1
        else:
            cache = [*cache, key][-capacity:]
    return hits


def _endless(trace, capacity):
    seen, hits = set(), 0
    for key in trace:
        hits += key in seen
        seen.add(key)
    return hits


def _newest_leaves(trace, capacity):
    cache, hits = [], 0
    for key in trace:
        if key in cache:
            hits += 1
            cache.remove(key)
        elif len(cache) >= capacity:
            cache.pop()
        cache.append(key)
    return hits


def _one_too_many(trace, capacity):
    return lru_hits(trace, capacity + 1)


_TRACES = [
    ([1, 2, 3], 2), ([1, 1, 1], 1), ([1, 2, 1, 3, 1, 2], 2), ([1, 2, 3, 1, 2, 3], 2), ([1, 2, 1, 3, 1, 4, 1], 2), ([5, 4, 5, 3, 4, 5, 5], 3), ([], 1),
]  # fmt: skip
write_lru = ROOM.add(
    Exercise(
        "write LRU", "implement", "Caching: write LRU",
        "Write `lru_hits(trace, capacity)`: how many keys of the list `trace` are hits in an LRU cache with room for `capacity` keys (1 or more) that begins empty?",
        same_as(lru_hits, _TRACES, "Hits count, misses go in, and what was used longest ago goes out.", {
            0: "Nothing is asked for twice.", 1: "The second and the third are hits.", 2: "1 is asked for again before 3 comes, so 2 was used longest ago and leaves.",
            3: "Three keys in a circle through room for two: each leaves just before it is needed.", 4: "1 is used again and again, so it never leaves.",
            5: "A hit makes a key the newest.", 6: "An empty trace has no hits.",
        }),
        ("You need the keys in the order of their last use.", "A hit changes that order too; that is the difference to FIFO.",
         "A Python dict remembers the order in which keys were put in: take a key out and put it in again, and it is the newest."),
        Solution(lru_hits, "A dict in order of last use: a hit is moved to the end, a full cache loses its first."),
        (WrongAnswer(_fifo_hits, "should give", "a hit changes nothing"), WrongAnswer(_endless, "should give", "nothing ever leaves"),
         WrongAnswer(_newest_leaves, "should give", "the newest leaves"), WrongAnswer(_one_too_many, "should give", "evicts one too late")),
        expects="a function of (trace, capacity) that gives a whole number", starter="def lru_hits(trace, capacity):\n    return ...\n\n\nlesson.write_lru.check(lru_hits)",
    )
)  # fmt: skip

# -- 4 message queue ------------------------------------------------------------------------------------------------

CRASHING = races.anomaly("acknowledged, then died").scenario(acknowledge="before work")
lose_message = ROOM.add(
    Exercise(
        "lose a message", "break it", "Message queue: lose a message",
        "Workers acknowledge *before* the work, everything else is on. Find a schedule of the scenario “acknowledged, then died” in which a message is neither done nor in a queue, and give "
        "its replay token: `lesson.adversary(\"acknowledged, then died\", acknowledge=\"before work\")` lets you pick, `races.search` asks the referee.",
        must_break(lambda token: replay(CRASHING, token, [races.NOTHING_LOST]), "NOTHING_LOST", "The broker has forgotten the message, and the only one who knew it is dead."),
        ("At most one worker may die. When is the message nowhere else but in its head?", "Two steps of a worker: it acknowledges, it does the work.",
         "Something must happen between these two steps, and it is no step of anybody else."),
        Solution("acknowledged, then died:3.4:9f219c", "The crash falls between the acknowledgement and the work."),
        (WrongAnswer("acknowledged, then died:0:c948aa", "NOTHING_LOST", "the default schedule: nobody dies"),
         WrongAnswer("acknowledged, then died:2.4:4fb4d4", "NOTHING_LOST", "it dies before it acknowledges"),
         WrongAnswer("acknowledged, then died:3.1:5e7e55", "NOTHING_LOST", "the timeout comes between, and nobody dies")),
        expects="a replay token, a text such as 'done twice:2.1:c5d6a4'", accepts=str,
    )
)  # fmt: skip

# -- 6 API gateway --------------------------------------------------------------------------------------------------

_ROUTES = {"/": "home", "/shop": "shop", "/shop/cart": "cart", "/api/v1": "v1"}


def longest(path, routes):
    """Give the service of the longest prefix, whole segments only."""
    return route(path, routes)


def route_to(path, routes):
    """Try the whole path, then without its last segment, and so on; "/" last."""
    parts = path.rstrip("/").split("/")
    while parts:
        prefix = "/".join(parts) or "/"
        if prefix in routes:
            return routes[prefix]
        parts.pop()
    return None


def _first_match(path, routes):
    for prefix, service in routes.items():
        if path.startswith(prefix):
            return service
    return None


def _any_letters(path, routes):
    fits = [prefix for prefix in routes if path.startswith(prefix)]
    return routes[max(fits, key=len)] if fits else None


def _exact(path, routes):
    return routes.get(path)


_PATHS = [
    ("/shop/cart", _ROUTES), ("/shop/cart/7", _ROUTES), ("/shop/books/3", _ROUTES), ("/shopping", _ROUTES), ("/", _ROUTES), ("/shop/", _ROUTES),
    ("/api/v1/users", {"/api/v1": "v1"}), ("/api/v2", {"/api/v1": "v1"}), ("/api", {"/api/v1": "v1"}),
]  # fmt: skip
write_route = ROOM.add(
    Exercise(
        "write the router", "implement", "API gateway: write the router",
        "Write `route(path, routes)`: `routes` maps prefixes such as `\"/shop\"` to services. Give the service of the longest prefix that the path begins with; a prefix fits whole segments only, "
        "so `/shop` fits `/shop` and `/shop/7`. `\"/\"` fits everything, and `None` means that nothing fits.",
        same_as(longest, _PATHS, "The longest whole-segment prefix wins.", {
            0: "Two prefixes fit; the longer one counts.", 1: "A path may go on after the prefix.", 2: "`/shop/cart` does not fit here; what is left that does?",
            3: "`/shopping` begins with the letters of `/shop`, and is another place.", 4: "The path `/` is the prefix `/`.", 5: "A slash at the end changes nothing.",
            6: "There is no `/` among these routes, and `/api/v1` fits.", 7: "Nothing fits.", 8: "A prefix that is longer than the path does not fit.",
        }),
        ("Which of the prefixes that fit do you take?", "When does a prefix fit: letter by letter, or segment by segment?",
         "Split the path at its slashes, and try it whole, then with one segment less, and so on."),
        Solution(route_to, "From the whole path downwards, the first that is registered is the longest."),
        (WrongAnswer(_first_match, "should give", "the first that fits"), WrongAnswer(_any_letters, "another place", "letters, not segments"),
         WrongAnswer(_exact, "go on after", "the path itself")),
        expects="a function of (path, routes) that gives a service or None", starter="def route(path, routes):\n    return ...\n\n\nlesson.write_route.check(route)",
    )
)  # fmt: skip

# -- 9 sharding: the referee --------------------------------------------------------------------------------------------


def _moves(**positions):
    return partial(sharding.move_world, Switches(**positions))


def _right_move() -> World:
    """Copy, change the directory, drop; the old shard refuses what it no longer owns"""
    return sharding.move_world(Switches())


def _still() -> World:
    """The same, for a writer that is done before the move begins"""
    return sharding.move_world(Switches(), writes_first=True)


ZOO = Zoo(
    "moves of a block",
    right={"fenced move": _right_move, "nobody writes meanwhile": _still},
    mutants={
        "no fence": Mutant(_moves(fenced_move=False), "the old shard takes what it no longer owns", "OWNER_HAS_ALL"),
        "directory first": Mutant(partial(sharding.move_world, Switches(), bug="directory first"), "the directory changes before the block is copied", "OWNER_HAS_ALL"),
        "drops first": Mutant(partial(sharding.move_world, Switches(), bug="drops first"), "the old copy goes before the directory changes", "OWNER_HAS_ALL"),
        "acknowledges first": Mutant(partial(sharding.move_world, Switches(), bug="acknowledges first"), "a write is acknowledged before it is stored", "OWNER_HAS_ALL"),
        "forgets the old": Mutant(partial(sharding.move_world, Switches(), bug="forgets the old"), "only new entries are copied", "OWNER_HAS_ALL"),
    },
    invariants=[always("OWNER_HAS_ALL", "the shard that the directory names has everything that was acknowledged", lambda world: owner_has_all(world))],
    search=partial(explore, deviations=2),
)  # fmt: skip


def owner_has_all(world):
    """Whatever was acknowledged, and what was there before, is on the shard that the directory names."""
    facts = world.facts
    there = facts["shards"][facts["where"]["block"]]
    return all(each in there for each in ["old", *facts["written"]])


def _somewhere(world):
    everywhere = [each for shard in world.facts["shards"].values() for each in shard]
    return all(each in everywhere for each in ["old", *world.facts["written"]])


def _forgets_old(world):
    facts = world.facts
    return all(each in facts["shards"][facts["where"]["block"]] for each in facts["written"])


def _only_one_copy(world):
    return sum("old" in shard for shard in world.facts["shards"].values()) == 1


def _both(world):
    return all("new" in shard for shard in world.facts["shards"].values())


watch_move = ROOM.add(
    Exercise(
        "watch a move", "referee", "Sharding: write the invariant",
        "A block with the entry `\"old\"` moves from shard A to shard B while a client writes `\"new\"`. Write a function of the world that is true while all is well; it must accept the right moves and "
        "catch the five mutants. `world.facts` has `\"shards\"` (a dict of lists, by A and B), `\"where\"` (a dict; `\"block\"` is the shard that the directory names) and `\"written\"` (a list of what was acknowledged).",
        tells_apart(ZOO, "Your invariant tells the right moves from the mutants."),
        ("Who is asked by somebody who reads the block now?", "During a move an entry is on two shards for a while, and that is well. What is not?",
         "Look at one shard only: which one it is stands in the directory. What must it have at any moment?"),
        Solution(owner_has_all, "Readers go where the directory says; so that shard must have all that anybody relies on."),
        (WrongAnswer(_somewhere, "escapes", "it is on some shard"), WrongAnswer(_forgets_old, "escapes", "only the new write matters"),
         WrongAnswer(_only_one_copy, "says that", "two copies are wrong"), WrongAnswer(_both, "says that", "both shards must have everything")),
        expects="a function of the world that gives True or False", starter='def my_invariant(world):\n    return ...  # something about world.facts\n\n\nlesson.watch_move.check(my_invariant)',
    )
)  # fmt: skip
