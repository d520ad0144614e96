"""A tiny lesson on the lost update: everything the classroom offers, over the real referee, small enough to run in a blink."""

from __future__ import annotations

from dslab.check import Scenario, always, eventually, explore
from dslab.sim import Lock, World, step
from dslab.teach import (
    Claim,
    Classroom,
    Exercise,
    Feedback,
    Glossary,
    Ledger,
    LessonMeta,
    Measurement,
    Mutant,
    Number,
    OneOf,
    Prediction,
    Settings,
    Solution,
    Source,
    Span,
    WrongAnswer,
    Zoo,
    decided_by,
    holds_only_if,
    must_break,
    must_hold,
    same_as,
    tells_apart,
)


def shop(lock: bool = True, write: str = "add", sellers: int = 2) -> Scenario:
    """Sellers who each count one sale: read the number, then write it. ``lock`` keeps others out between the two."""

    def build() -> World:
        world = World(name="shop")
        store = world.node("store", kind="store", sold=0)
        key = Lock(world)

        async def sell(name: str) -> None:
            if lock:
                await key.acquire()
            await step("read")
            seen = store.state["sold"]
            await step("write")
            store.state["sold"] = seen + 1 if write == "add" else 1
            store.state["last"] = name
            if lock:
                key.release()

        for number in range(sellers):
            world.spawn(sell(f"seller {number}"), f"seller {number}")
        return world

    return Scenario("shop", build, {"lock": lock, "write": write, "sellers": sellers})


def sold(world: World) -> int:
    """Give the number of sales that the store has counted."""
    return world.nodes["store"].state["sold"]


def all_counted(world: World) -> bool | str:
    """Every sale is counted."""
    return sold(world) == 2 or f"{sold(world)} of 2 sales are counted"


COUNTS_ALL = eventually("COUNTS_ALL", "every sale is counted", all_counted)
NEVER_TOO_MANY = always("NEVER_TOO_MANY", "no sale is counted twice", lambda world: sold(world) <= 2)

ROOM = Classroom("The lost update")

RACE = ROOM.add(
    Prediction.choice(
        "two sellers",
        "Two sellers each read the counter, add one and write it back. Nothing keeps them apart. What does `sold` say at the end?",
        {"a": "Always 2", "b": "2 or 1, depending on who runs when", "c": "Always 1"},
        {
            "a": "2 is what the quiet schedule gives. The referee needed one surprise: a seller who reads between the other's read and write.",
            "c": "1 needs both to read before either writes; a seller who runs through undisturbed leaves nothing to lose.",
        },
        decide=lambda verdict: "a" if verdict.held else "b",
        because="A read and a write are two events, and between two events anybody may run.",
    )
)
HOW_MANY = ROOM.add(
    Prediction.number(
        "how many schedules",
        "How many schedules does the referee run before it finds the lost update?",
        "schedules",
        1,
        100,
        {
            "low": "The schedules with no surprise come first, and none of them loses anything.",
            "high": "There are only a few places where somebody can step in, so few schedules are needed.",
        },
        factor=2,
        step=1,
        slider=True,
        decide=lambda verdict: verdict.searched,
    )
)
LOCKED = ROOM.add(
    Prediction.yes_no(
        "a lock",
        "Each seller now holds a lock from the read to the write. Can an update still be lost?",
        {
            "yes": "While one seller holds the lock, the other cannot read, so what it reads is never out of date."
        },
        decide=lambda verdict: not verdict.held,
        because=lambda verdict: f"The referee searched {verdict.searched} schedules.",
    )
)


def next_sold(seen: int, bought: int) -> int:
    """Give the counter after ``bought`` more sales."""
    return max(0, seen) + bought


def forgets_bought(seen: int, bought: int) -> int:
    """Count one sale, however many there were."""
    return seen + 1


def overwrites(seen: int, bought: int) -> int:
    """Write the sales of today over those of all days."""
    return bought


def keeps_negative(seen: int, bought: int) -> int:
    """Trust a broken counter."""
    return seen + bought


def never_above_two(world: World) -> bool:
    """Two sellers never count more than two sales."""
    return sold(world) <= 2


def accepts_everything(world: World) -> bool:
    """Nothing is ever wrong."""
    return True


def wants_two_at_once(world: World) -> bool:
    """The counter says two, always."""
    return sold(world) == 2


def too_few(world: World) -> bool:
    """The counter is never above one."""
    return sold(world) <= 1


ZOO = Zoo(
    "the shop",
    {"locked": shop(), "one seller": shop(lock=False, sellers=1)},
    {
        "counts from 7": Mutant(lambda: _starts_at(7), "the counter begins at 7", "NEVER_TOO_MANY"),
        "counts from 3": Mutant(lambda: _starts_at(3), "the counter begins at 3", "NEVER_TOO_MANY"),
        "slow": Mutant(lambda: _starts_at(0), "one seller is slow", reason="slowness is no wrong number"),
    },
    [NEVER_TOO_MANY],
)


def _starts_at(number: int) -> World:
    world = shop()()
    world.nodes["store"].state["sold"] = number
    return world


LEAST = Number("sales", 0, 3, tolerance=0, step=1)
PREDICT = ROOM.add(
    Exercise(
        "three sellers",
        "predict",
        "Three sellers",
        "Three sellers count one sale each and nothing keeps them apart. What is the least that `sold` can say at the end?",
        decided_by(
            LEAST,
            lambda: 1,
            "All three read 0 before anybody writes; each writes 1.",
            {
                "low": "Somebody writes last, and writes what was read plus one.",
                "high": "Let all of them read before the first one writes.",
            },
        ),
        (
            "Write down what each seller has read when it writes.",
            "Nothing keeps a second seller from reading the number that a first one has read.",
            "Let every seller read before any of them writes, and follow the writes one by one.",
        ),
        Solution(1, "All three read 0 and write 1; two sales are lost."),
        (
            WrongAnswer(3, "before the first one writes", "nothing is ever lost"),
            WrongAnswer(2, "before the first one writes", "only one sale can be lost"),
            WrongAnswer(0, "Somebody writes last", "all can be lost"),
        ),
        form=LEAST,
    )
)
CONFIGURE = ROOM.add(
    Exercise(
        "keep them apart",
        "configure",
        "Keep them apart",
        "Set the switches so that no schedule loses a sale, with two sellers at work.",
        must_hold(
            lambda answer: explore(shop(**answer), [COUNTS_ALL], deviations=2),
            "With the lock, what a seller has read stays true until it writes.",
        ),
        (
            "Between which two events does the other seller do harm?",
            "One switch keeps others out between the read and the write; look at what the other one writes.",
            "Hold the lock, and let the write depend on what was read.",
        ),
        Solution({"lock": True, "write": "add", "sellers": 2}, "The lock covers the read and the write."),
        (
            WrongAnswer(
                {"lock": False, "write": "add", "sellers": 2},
                "COUNTS_ALL is violated",
                "a fast write is enough",
            ),
            WrongAnswer(
                {"lock": True, "write": "one", "sellers": 2},
                "1 of 2 sales",
                "any write under a lock is right",
            ),
            WrongAnswer(
                {"lock": False, "write": "one", "sellers": 2}, "COUNTS_ALL", "the write decides alone"
            ),
        ),
        form=Settings(
            {"lock": (False, True), "write": ("add", "one"), "sellers": Span(1, 2)},
            start={"sellers": 2},
            labels={"lock": "Lock", "write": "What is written", "sellers": "Sellers"},
        ),
    )
)
IMPLEMENT = ROOM.add(
    Exercise(
        "the next number",
        "implement",
        "The next number",
        "Write `next_sold(seen, bought)`: the counter after `bought` more sales. A counter below 0 is broken and counts as 0.",
        same_as(
            next_sold,
            [(0, 1), (4, 3), (-2, 1)],
            "It adds, and it never goes below what was bought.",
            {2: "A broken counter (below 0) must count as 0."},
        ),
        (
            "What must stay the same when nothing was bought?",
            "Begin from what was seen and look at how much was bought, not at how often.",
            "Add the two, but first replace a number below zero.",
        ),
        Solution(next_sold, "It starts from the number that was seen, or from 0."),
        (
            WrongAnswer(forgets_bought, "gives `5`; it should give `7`", "a sale is a sale"),
            WrongAnswer(overwrites, "gives `3`; it should give `7`", "the newest number wins"),
            WrongAnswer(keeps_negative, "A broken counter", "input is always right"),
        ),
        expects="a function of `seen` and `bought`, both whole numbers, that gives a whole number",
        starter="def next_sold(seen, bought):\n    ...",
    )
)
BREAK = ROOM.add(
    Exercise(
        "lose a sale",
        "break it",
        "Lose a sale",
        "Without the lock: name the seller that must be interrupted, and after which event, so that a sale is lost.",
        must_break(
            lambda answer: explore(shop(lock=answer != ("seller 0", "read")), [COUNTS_ALL], deviations=1),
            "COUNTS_ALL",
            "The other seller reads the same number, so one of the two writes says nothing new.",
        ),
        (
            "A sale is lost when two sellers have read the same number.",
            "Interrupt the one that begins, before it can write.",
            "The first of the two must have seen the number, and not yet have changed it.",
        ),
        Solution(("seller 0", "read"), "Between its read and its write the other one reads the same number."),
        (
            WrongAnswer(("seller 0", "write"), "COUNTS_ALL held to the end", "any interruption will do"),
            WrongAnswer(("seller 1", "write"), "was not violated", "the last write is the one that is lost"),
            WrongAnswer(("seller 1", "nothing"), "was not violated", "waiting is harmful"),
        ),
        expects='a pair of a seller and an event, such as `("seller 1", "write")`',
        accepts=lambda answer: isinstance(answer, tuple) and len(answer) == 2,
    )
)
REFEREE = ROOM.add(
    Exercise(
        "write the referee",
        "referee",
        "Write the referee",
        "Write an invariant that is true of every right shop at every moment, and false of every broken one.",
        tells_apart(ZOO, "Your invariant asks for what must never happen."),
        (
            "At the beginning nothing is sold, so do not ask for the end.",
            "Which numbers can a counter of two sales never show?",
            "Compare the counter with the number of sellers, and forbid what is above it.",
        ),
        Solution(never_above_two, "Two sellers can never have counted more than two sales."),
        (
            WrongAnswer(accepts_everything, "catches 0 of 2", "say yes to all"),
            WrongAnswer(wants_two_at_once, "says that “locked”", "ask for the end at the beginning"),
            WrongAnswer(too_few, "says that “locked”", "one at a time"),
        ),
        expects="a function of the world that gives True, False or a sentence",
        starter='def my_invariant(world):\n    """Say in a sentence what must always be true."""\n    ...',
    )
)

LEDGER = Ledger(
    "The lost update",
    [
        Claim(
            "rare",
            "Lost updates need “at least three” clients.",
            "A shopkeeper's handbook",
            "1 April 2020",
            "V",
            value=3,
            unit="clients",
            experiment=lambda: Measurement(2, "clients", "The referee loses a sale with two sellers"),
        ),
        Claim(
            "lock",
            "A lock removes lost updates.",
            "A shopkeeper's handbook",
            "1 April 2020",
            "V",
            test=lambda held: holds_only_if("it is held from the read to the write") if held else False,
            experiment=lambda: explore(shop(), [COUNTS_ALL]).held,
        ),
        Claim(
            "share",
            "One schedule in 2.17 loses a sale.",
            "A shopkeeper's handbook",
            "2020",
            "S",
            value=2.17,
            unit="schedules",
            tolerance=0.5,
            experiment=lambda: 2.0,
        ),
        Claim(
            "cost",
            "A lost sale costs a shop 3 euros.",
            "A shopkeeper's handbook",
            "1 April 2020",
            "S",
            value=3,
            unit="euros",
            reason="No prices are published",
        ),
    ],
)

WORDS = Glossary(
    {
        "schedule": "The order in which the events of a run happen.",
        "lost update": "A write that another write, made without knowledge of it, replaces.",
    }
)

META = LessonMeta(
    lesson="shop",
    number=1,
    title="The lost update",
    promise="Lose a sale, see which schedule loses it, and keep it from happening.",
    minutes=60,
    objectives=("Say why a read and a write are two events.", "Find a schedule that loses an update."),
    prerequisites=("Python functions.",),
    key_points=("Between two events anybody may run.", "A lock must cover the read and the write."),
    sources=(Source("How to keep a shop", "A shopkeeper", "1 April 2020", "https://example.org/shop"),),
    timetable=(("The article", 10), ("Act 1: two sellers", 25), ("Exercises", 25)),
)


def needs_a_feedback(answer: object) -> Feedback:
    """A judge for tests that only look at what surrounds it."""
    return Feedback.yes("It is.") if answer == "b" else Feedback.no("It is not.", f"{answer!r}")


LETTERS = OneOf({"a": "The first of them", "b": "The second of them", "c": "The third of them"})
