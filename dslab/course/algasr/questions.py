"""What lesson 7 asks before its acts: predictions, and the classroom that remembers them."""

from __future__ import annotations

from typing import Any

from dslab.teach import Classroom, Prediction

ROOM = Classroom("algasr")

three_emirs = ROOM.add(
    Prediction.number(
        "three Emirs",
        "Three Emirs take writes during a partition: for each key three writes on average, at random times, each at one of the three Emirs. Afterwards the Emir who wrote a "
        "key last wins: its branch of that key is kept, and the others go. What share of the writes that were acknowledged is lost?",
        "%", 0, 100,
        {"low": "Three leaders of one register are three registers; of those that were written to, the merge throws away all but one.",
         "high": "Writes come at random: some keys get one write only, which is kept, and often two or three writes of a key meet at the same Emir."},
        tolerance=8,
        decide=lambda result: result["share"],
        because="Three leaders of one register are three registers. The merge keeps one of them for each key: the last write, and of the others only what the same Emir took.",
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
        "A team has 20 hours a week, counts its own failures, and is judged by this week's number. To mend a cause of failures takes 8 hours, once. To file the failures of a cause as "
        "victories takes half an hour, every week. Each week the team spends its hours where an hour raises *this week's* number most. After half a year, how many of its hours have gone into mending?",
        {"a": "all", "b": "about half", "c": "none"},
        {"a": "Over half a year mending would indeed be cheaper. But this week an hour of labels hides two causes, and an hour of mending an eighth of one.",
         "b": "There are enough causes to fill nearly every hour with labels, and in no week does an hour of mending raise the number more."},
        decide=lambda result: "c" if result["mended"] < 26 else "a" if result["mended"] > 500 else "b",
        because="Effort goes where the number moves most for an hour, as far ahead as the team looks. A label moves this week's number for a sixteenth of the price.",
    )
)  # fmt: skip


def _lying(result: Any) -> int:
    """Count the ministries whose report is half a point or more above what is measured."""
    return sum(row["reported"] - row["measured"] >= 0.5 for row in result.tables["ministries"])


whole_town = ROOM.add(
    Prediction.choice(
        "nothing goes wrong",
        "Suppose that nothing goes wrong at all: no request fails, no second write, no test, no verb is redefined, no ministry stops. None of the nine is cured. In how many of them does "
        "the report still differ from what is measured from outside?",
        {"a": "in none", "b": "in two", "c": "in all nine"},
        {"a": "Two of the cages need no fault. Which rule loses something while every part of it works?",
         "c": "Most of them hide, repeat or spread a fault. Where there is none, they tell the truth."},
        decide=lambda result: {0: "a", 2: "b", 9: "c"}.get(_lying(result), f"in {_lying(result)}"),
        because="Three leaders, and a merge by arrival, lose writes while everything works as it was built. No repair of any part would help: the rule itself is the fault.",
    )
)  # fmt: skip
